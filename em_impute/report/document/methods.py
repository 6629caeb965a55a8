"""The paragraph for a methods section: amount, method, model, diagnostics, assumption, sensitivity."""

from collections.abc import Iterable

from em_impute.report.charts.groups import filling_of
from em_impute.report.document.blocks import Name, Text, joined, names, said
from em_impute.report.format import percent, rounded
from em_impute.report.model.fit import FitReport
from em_impute.report.model.mixture import Convergence, LeadingMixture, Selection
from em_impute.report.sentences import criterion_name
from em_impute.table.text import plural

MAX_NAMED = 8

BOTH = "by expectation-maximisation (EM) to rows with and without a label"


def methods(report: FitReport) -> Text:
    """Describe the imputation as reviewers ask for it."""
    return joined(" ", [*_model(report), _filled(report), *_accuracy(report), *_missingness(report)])


def _model(report: FitReport) -> Iterable[Text]:
    cells, rows, tool = report.missing.cells, report.input.rows, report.tool
    yield said(
        "Of {}, {} ({}) had no value of {}; missing values were imputed with {} {} (seed {}).",
        plural(rows, "row"),
        cells,
        percent(cells / rows if rows else None),
        Name(report.column),
        tool.name,
        tool.version,
        str(report.seed),
    )
    used = report.features.columns
    predictors = names(used, MAX_NAMED) if used else said("the label shares alone")
    if report.model is not None and report.fit is not None and report.selection is not None:
        if report.selection.stack:
            yield _stacked(predictors, report.model, report.selection)
        else:
            yield _single(predictors, report, report.model, report.fit, report.selection)
        if report.groups is not None:
            text = "Models were fitted to each of the {} groups of {} and to all rows, weighted by cross-validation."
            yield said(text, report.groups.number, Name(report.groups.column))
        if report.parts is not None:
            drawn, parts = report.parts.rows_drawn, plural(len(report.parts.files), "part")
            text = "The table was read in {}, and the model was chosen on {} with a label and {} without one, drawn at "
            yield said(text + "random.", parts, plural(drawn.known, "row"), drawn.missing)
    if report.applied is not None:
        text = "Labels were predicted from {} by a model fitted earlier to {} (last on {}); "
        rows_learnt = plural(report.applied.rows, "row")
        yield said(text + "nothing was fitted to these rows.", predictors, rows_learnt, report.applied.learnt)


def _stacked(predictors: Text, model: LeadingMixture, selection: Selection) -> Text:
    n, n_both = len(selection.stack), sum(bool(one.em_steps) for one in selection.stack)
    if n == 1:
        return said(
            "Labels were predicted from {} by a Gaussian mixture ({}, covariance {}), fitted {}; it was the best of "
            "{} by cross-validated log-loss.",
            predictors,
            plural(len(model.parameters), "Gaussian"),
            model.covariance,
            BOTH if n_both else "to the rows with a label",
            selection.considered,
        )
    heaviest = selection.stack[0]
    others = f"{n_both:,} of them {BOTH}, the others to those with one" if 0 < n_both < n else BOTH
    return said(
        "Labels were predicted from {} by an ensemble of {} Gaussian mixture models, fitted {}, and combined "
        "with weights that minimise the cross-validated log-loss ({} were compared); the heaviest one, with {} of the "
        "weight, had {} per label and covariance {}. In cross-validation, rows without a label {}.",
        predictors,
        n,
        others if n_both else "to the rows with a label",
        selection.considered,
        percent(heaviest.weight),
        plural(heaviest.components, "Gaussian"),
        heaviest.covariance,
        selection.unlabelled_rows,
    )


def _single(predictors: Text, report: FitReport, model: LeadingMixture, fit: Convergence, selection: Selection) -> Text:
    labels, state = [one.label for one in report.labels], "converged" if fit.converged else "stopped"
    how, found, fitted = "Labels were predicted from {} by", said(""), BOTH
    if not any(one.known for one in report.labels):
        how = "No label was known. Rows were grouped by {} with"
        fitted = "by expectation-maximisation (EM) to all rows"
        found = said("; the {} called {}", "group was" if len(labels) == 1 else "groups were", names(labels, MAX_NAMED))
    return said(
        how + " a mixture of {} with covariance {}{}, fitted {} ({} after {}, log-likelihood {}){}.",
        predictors,
        plural(len(model.parameters), "Gaussian"),
        model.covariance,
        f", chosen by {criterion_name(selection.criterion)}" if len(selection.members) > 1 else "",
        fitted,
        f"best of {fit.n_starts:,} starts, {state}" if fit.n_starts > 1 else state,
        plural(fit.n_iterations, "iteration"),
        fit.log_likelihood,
        found,
    )


def _filled(report: FitReport) -> Text:
    filled, filling = report.missing.filled, filling_of(report)
    left = report.missing.cells - filled
    rest = f", and {left:,} {'was' if left == 1 else 'were'} left missing" if left else ""
    if not filled:
        return said("No missing value was filled in.")
    if filling.files:
        text = "Values were drawn by their probabilities in {} completed data sets{}."
        return said(text, filling.files, rest)
    label = "a label drawn by its probability" if filling.is_drawn else "its most probable label"
    if filled > 1:
        label = "labels drawn by their probabilities" if filling.is_drawn else "their most probable labels"
    were = "was" if filled == 1 else "were"
    if left:
        return said("{} of them {} filled with {}{}.", filled, were, label, rest)
    return said("{} {} filled with {}.", "The missing value" if filled == 1 else "All", were, label)


def _accuracy(report: FitReport) -> Iterable[Text]:
    """Say how right known labels were found: by cross-validation, or those of a saved model."""
    found, filled, applied = report.accuracy, report.missing.filled, report.applied
    against = "against {} by always choosing the most common one; the log-loss was {} ({} for the label shares)."
    if found is not None:
        yield said(
            "In {} ({}), {} were recovered (95 % interval {} to {}), " + against,
            found.method,
            plural(found.rows, "row"),
            percent(found.accuracy),
            *map(percent, found.interval),
            percent(found.baseline_accuracy),
            found.log_loss,
            found.baseline_log_loss,
        )
        wrong = found.expected_wrong
        if filled and wrong.level is not None:
            yield said(
                "About {} of the {} imputed {} expected to be wrong ({} % interval {} to {}).",
                rounded(wrong.estimate),
                filled,
                "value is" if filled == 1 else "values are",
                round(100 * wrong.level),
                rounded(wrong.low),
                rounded(wrong.high),
            )
    scores = (applied.held_out, applied.tested) if applied is not None else ()
    for which, score in zip(("hidden when the model was fitted", "known in this table"), scores, strict=False):
        if score is not None:
            yield said(
                "Of {} {}, {} were recovered, " + against,
                plural(score.rows, "label"),
                which,
                percent(score.accuracy),
                percent(score.baseline_accuracy),
                score.log_loss,
                score.baseline_log_loss,
            )


def _missingness(report: FitReport) -> Iterable[Text]:
    found, swept = report.missingness, report.sensitivity
    if found is not None:
        assumed = "Imputation assumes that labels are missing at random given the predictors"
        if found.auc is None or found.auc_interval is None:
            yield said("{}.", assumed)
        else:
            text = "{}; these distinguish rows with and without a label with an AUC of {} (95 % interval {} to {})."
            yield said(text, assumed, *(f"{value:.2f}" for value in (found.auc, *found.auc_interval)))
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
