"""The paragraph for a methods section, from the report's values alone."""

from collections.abc import Iterable

from em_impute.report.document.blocks import Name, Text, joined, names, said
from em_impute.report.document.summary import how_filled
from em_impute.report.format import number, percent, rounded
from em_impute.report.model.fit import FitReport, Parts
from em_impute.report.model.mixture import Convergence, LeadingMixture, Selection
from em_impute.report.model.saved_model import AppliedModel
from em_impute.table.text import plural

MAX_NAMED = 8

BOTH = "by expectation-maximisation (EM) to rows with and without a label"


def methods(report: FitReport) -> Text:
    """Describe the imputation as reviewers ask for it: amount, method, model, diagnostics, assumption, sensitivity."""
    return joined(" ", _sentences(report))


def _sentences(report: FitReport) -> Iterable[Text]:
    yield _amount(report)
    if report.model is not None and report.fit is not None and report.selection is not None:
        yield _learnt(report, report.model, report.fit, report.selection)
        if report.groups is not None:
            column, n = report.groups.column, report.groups.number
            text = "Models were fitted in each of the {} groups of {} and to all rows, and weighed by held-out labels."
            yield said(text, f"{n:,}", Name(column))
        yield from _parts(report.parts)
    if report.applied is not None:
        yield _applied(report, report.applied)
    yield _filled(report)
    yield from _accuracy(report)
    yield from _rightness(report.applied)
    yield from _missingness(report)


def _learnt(report: FitReport, model: LeadingMixture, fit: Convergence, selection: Selection) -> Text:
    if not any(one.known for one in report.labels):
        return _clustered(report, model, fit, selection)
    return _stacked(report, model, selection) if selection.stack else _single(report, model, fit, selection)


def _amount(report: FitReport) -> Text:
    cells, rows, tool = report.missing.cells, report.input.rows, report.tool
    version = f"{tool.name} {tool.version}"
    return said(
        "Of {}, {} ({}) had no value of {}; missing values were imputed with {} (seed {}).",
        plural(rows, "row"),
        f"{cells:,}",
        percent(cells / rows if rows else None),
        Name(report.column),
        version,
        report.seed,
    )


def _predictors(report: FitReport) -> Text:
    used = [one.name for one in report.features.used]
    return names(used, MAX_NAMED) if used else said("the class shares alone")


def _stacked(report: FitReport, model: LeadingMixture, selection: Selection) -> Text:
    n, n_both = len(selection.stack), sum(one.em_steps > 0 for one in selection.stack)
    gaussians = plural(len(model.parameters), "Gaussian")
    if n == 1:
        return said(
            "Labels were predicted from {} by a Gaussian mixture ({}, covariance {}), fitted {}; it was the best of "
            "{} by the log-loss on held-out labels.",
            _predictors(report),
            gaussians,
            model.covariance,
            BOTH if n_both else "to the rows with a label",
            f"{selection.considered:,}",
        )
    others = f"{n_both:,} of them {BOTH}, the others to those with one" if 0 < n_both < n else BOTH
    return said(
        "Labels were predicted from {} by {} Gaussian mixture models, fitted {}, and stacked with weights that "
        "minimise the "
        "log-loss on held-out labels ({} were compared); the leading one, with {} of the weight, had {} and "
        "covariance {}. "
        "Judged by held-out labels, rows without a label {}.",
        _predictors(report),
        f"{n:,}",
        others if n_both else "to the rows with a label",
        f"{selection.considered:,}",
        percent(model.share_of_stack),
        gaussians,
        model.covariance,
        selection.unlabelled_rows,
    )


def _chosen(selection: Selection) -> Text:
    return said(", chosen by {}", selection.criterion) if len(selection.members) > 1 else said("")


def _single(report: FitReport, model: LeadingMixture, fit: Convergence, selection: Selection) -> Text:
    chosen = _chosen(selection)
    return said(
        "Labels were predicted from {} by a mixture of {} with covariance {}{}, estimated by expectation-maximisation "
        "(EM) from rows with and without a label ({} after {}, log-likelihood {}).",
        _predictors(report),
        plural(len(model.parameters), "Gaussian"),
        model.covariance,
        chosen,
        "converged" if fit.converged else "stopped",
        plural(fit.n_iterations, "iteration"),
        number(fit.log_likelihood),
    )


def _clustered(report: FitReport, model: LeadingMixture, fit: Convergence, selection: Selection) -> Text:
    labels = [one.label for one in report.labels]
    chosen = _chosen(selection)
    return said(
        "No label was known. Rows were grouped by {} with a mixture of {} with covariance {}{}, estimated by "
        "expectation-maximisation (EM; best of {}, {} after {}); the {} called {}.",
        _predictors(report),
        plural(len(model.parameters), "Gaussian"),
        model.covariance,
        chosen,
        plural(fit.n_starts, "start"),
        "converged" if fit.converged else "stopped",
        plural(fit.n_iterations, "iteration"),
        "group was" if len(labels) == 1 else "groups were",
        names(labels, MAX_NAMED),
    )


def _applied(report: FitReport, applied: AppliedModel) -> Text:
    return said(
        "Labels were predicted from {} by a model that had been fitted before, to {} (last learnt from {}); nothing "
        "was fitted to these rows.",
        _predictors(report),
        plural(applied.rows, "row"),
        applied.last.learnt,
    )


def _parts(parts: Parts | None) -> Iterable[Text]:
    if parts:
        drawn = parts.rows_drawn
        yield said(
            "The table was read in {}, and the model was chosen on {} with a label and {} without one, drawn at "
            "random.",
            plural(parts.number, "part"),
            plural(drawn.known, "row"),
            f"{drawn.missing:,}",
        )


def _filled(report: FitReport) -> Text:
    missing, filling = report.missing, how_filled(report)
    filled, left = missing.filled, missing.cells - missing.filled
    if not filled:
        return said("No missing value was filled in.")
    if filling.files:
        rest = f", and {left:,} {'was' if left == 1 else 'were'} left missing" if left else ""
        text = "Values were drawn by their probabilities in {} completed data sets{}."
        return said(text, f"{filling.files:,}", rest)
    one = "a label drawn by its probability" if filling.is_drawn else "its most probable label"
    many = "labels drawn by their probabilities" if filling.is_drawn else "their most probable labels"
    if left == 0:
        return (
            said("The missing value was filled with {}.", one)
            if filled == 1
            else said("All were filled with {}.", many)
        )
    return said(
        "{} of them {} filled with {}, and {} {} left missing.",
        f"{filled:,}",
        "was" if filled == 1 else "were",
        one if filled == 1 else many,
        f"{left:,}",
        "was" if left == 1 else "were",
    )


def _accuracy(report: FitReport) -> Iterable[Text]:
    found, filled = report.accuracy, report.missing.filled
    if found is None:
        return
    low, high = found.interval
    yield said(
        "In {} ({}), {} were recovered (95 % interval {} to {}), against {} by always choosing the most common one; "
        "the log-loss was {} ({} for the class shares).",
        found.method,
        plural(found.rows, "row"),
        percent(found.accuracy),
        percent(low),
        percent(high),
        percent(found.baseline_accuracy),
        number(found.log_loss),
        number(found.baseline_log_loss),
    )
    wrong = found.expected_wrong
    if filled and wrong.low is not None and wrong.level is not None:
        yield said(
            "About {} of the {} imputed {} expected to be wrong ({} % interval {} to {}).",
            rounded(wrong.estimate),
            f"{filled:,}",
            "value is" if filled == 1 else "values are",
            round(100 * wrong.level),
            rounded(wrong.low),
            rounded(wrong.high),
        )


def _rightness(applied: AppliedModel | None) -> Iterable[Text]:
    """Say how right a saved model was about labels, when it was fitted and here."""
    if applied is None:
        return
    for which, score in (
        ("held out when the model was fitted", applied.held_out),
        ("known in this table", applied.tested),
    ):
        if score is not None:
            yield said(
                "Of {} {}, {} were recovered, against {} by always choosing the most common one; the log-loss was {} "
                "({} for the class shares).",
                plural(score.rows, "label"),
                which,
                percent(score.accuracy),
                percent(score.baseline_accuracy),
                number(score.log_loss),
                number(score.baseline_log_loss),
            )


def _missingness(report: FitReport) -> Iterable[Text]:
    found, swept = report.missingness, report.sensitivity
    if found is not None:
        assumed = "Imputation assumes that labels are missing at random given the predictors"
        if found.auc is None or found.auc_interval is None:
            yield said("{}.", assumed)
        else:
            low, high = found.auc_interval
            text = "{}; these tell rows with and without a label apart with an AUC of {} (95 % interval {} to {})."
            yield said(text, assumed, f"{found.auc:.2f}", f"{low:.2f}", f"{high:.2f}")
    if swept and swept.sweeps:
        one = swept.sweeps[0]
        yield said(
            "If the odds of {} among the missing were exp(δ) times as high, δ from {} to {}, its share of all rows "
            "would go from {} to {}.",
            Name(one.label),
            f"{swept.deltas[0]:g}",
            f"{swept.deltas[-1]:g}",
            percent(one.share[0]),
            percent(one.share[-1]),
        )
