"""Sections for those who go on with the file: advice, a paragraph for the methods, the command, every decision."""

from collections.abc import Iterator
from typing import Any

from em_impute.missingness.values import DOUBTFUL
from em_impute.report.document.blocks import Block, Items, Name, Text, folded, joined, names, said
from em_impute.report.format import number, percent, percents, rounded, span
from em_impute.report.model.findings import Accuracy, Convergence, LeadingMixture, Selection
from em_impute.report.model.fit import FitReport
from em_impute.report.sentences import criterion_name, is_drawn, shifted, weighing
from em_impute.table.text import plural

MAX_NAMED = 8

FILE = '{} <code class="hash">{}</code>'

BOTH, ALONE = "by expectation-maximisation (EM) to rows with and without a label", "to the rows with a label"


def how_to_use(report: FitReport) -> Iterator[Block]:
    """Give five lines of advice."""
    if report.filled is None:
        return
    draws, files, column = report.totals.recommended_imputations or 0, report.filled.imputations, Name(report.column)
    anew = "" if report.applied is None else "fit anew without <code>--model</code>: "
    text = f"{anew}<code>--imputations {{}}</code> draws as many files. Analyse each, and pool the results"
    if report.applied is None and files > 1:
        text = "analyse each file, and pool the results (<code>--imputations {}</code> would be enough)"
    pooled = f"For tests, intervals and regressions, {text} by Rubin’s rules. One file alone treats guesses as facts."
    related = "Whatever you will relate to {} must be among the columns used to fill it, or the relation is weakened. "
    surer = "fill the most probable labels with" if is_drawn(report) else "add"
    lines = [
        said(
            "Keep filled cells apart from known ones: <code>--indicator</code> adds a column that says which are which."
        ),
        said("For totals and shares of {}, take the expected ones above, not a count of the filled labels.", column),
        said(pooled, max(5, draws)),
        said(f"To keep only the surer cells, {surer} <code>--min-probability 0.9</code>: it leaves the others empty."),
        said(related + "A filled value is no statement about the person or thing in its row.", column),
    ]
    yield Items(lines)


def reproduction(report: FitReport) -> Iterator[Block]:
    """Say what it takes to do the same again."""
    output, parts = report.output, report.parts.files if report.parts else ()
    files = [("input", report.input.path, report.input.sha256)]
    files += [(f"part {i}", one.path, one.sha256) for i, one in enumerate(parts, 1) if len(parts) > 1]
    written = (output.files or [output]) if output else []
    files += [("output", one.path or "standard output", one.sha256) for one in written]
    rows: list[list[Any]] = [
        ["command", said("<kbd>{}</kbd>", report.command)],
        ["version", f"{report.tool.name} {report.tool.version}"],
        ["seed", str(report.seed)],
        ["created", report.created],
        *([what, said(FILE, Name(path), sha256 or number(None))] for what, path, sha256 in files),
    ]
    yield from folded("What it takes, and the SHA-256 of files", ["what", "value"], rows)


def decisions(report: FitReport) -> Iterator[Block]:
    """List every decision that was taken for the user."""
    yield from folded("What was decided", ["step", "what", "decided"], report.log)


def methods_paragraph(report: FitReport) -> Iterator[Block]:
    """Describe the imputation as reviewers ask for it, in a paragraph that is ready to paste."""
    if report.missing.cells:
        text = joined(" ", [*_predicted_by(report), _filled(report), *_accuracy(report), *_missingness(report)])
        yield said("<q>{}</q>", text)


def _predicted_by(report: FitReport) -> Iterator[Text]:
    cells, rows, tool = report.missing.cells, report.input.rows, report.tool
    share, amount, column = percent(cells / rows if rows else None), plural(rows, "row"), Name(report.column)
    text = "Of {}, {} ({}) had no value of {}; missing values were imputed with {} {} (seed {})."
    yield said(text, amount, cells, share, column, tool.name, tool.version, str(report.seed))
    used = report.features.columns
    predictors = names(used, MAX_NAMED) if used else said("the label shares alone")
    if report.model is not None and report.fit is not None and report.selection is not None:
        if len(report.selection.stack) > 1:
            yield _ensemble(predictors, report.selection)
        else:
            yield _mixture(predictors, report.model, report.fit, report.selection)
        if not any(one.known for one in report.labels):
            labels = [one.label for one in report.labels]
            yield said("No label was known; the rows were grouped, as {}.", names(labels, MAX_NAMED))
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


def _ensemble(predictors: Text, selection: Selection) -> Text:
    n, n_both, heaviest = len(selection.stack), sum(bool(one.em_steps) for one in selection.stack), selection.stack[0]
    fitted = f"fitted {BOTH if n_both else ALONE}"
    if 0 < n_both < n:
        fitted = f"{n_both:,} of them fitted {BOTH}, the others to those with one"
    shape = f"{plural(heaviest.components, 'Gaussian')} per label and covariance {heaviest.covariance}"
    trees = f" Boosted trees had {percent(selection.trees)} of the weight beside them." if selection.trees else ""
    return said(
        f"Labels were predicted from {{}} by an ensemble of {n:,} Gaussian mixture models, "
        f"{fitted}, and combined with weights that minimise the cross-validated log-loss "
        f"({selection.considered:,} were compared); the heaviest one, with {percent(heaviest.weight)} of the weight, "
        f"had {shape}.{trees} In cross-validation, rows without a label {selection.unlabelled_rows}.",
        predictors,
    )


def _mixture(predictors: Text, model: LeadingMixture, fit: Convergence, selection: Selection) -> Text:
    n = selection.considered or len(selection.members)
    chosen = f", chosen from {n:,} by {criterion_name(selection.criterion)}" if n > 1 else ""
    starts = f"best of {fit.n_starts:,} starts, " if fit.n_starts > 1 else ""
    ended = "converged" if fit.converged else "stopped"
    if fit.stop == "held-out labels":
        ended = "stopped, as was best in cross-validation,"
    steps = f"{starts}{ended} after {plural(fit.n_iterations, 'iteration')}"
    return said(
        f"Labels were predicted from {{}} by a mixture of {plural(len(model.parameters), 'Gaussian')} with covariance "
        f"{model.covariance}{chosen}, fitted {BOTH if fit.n_iterations else ALONE} ({steps}, log-likelihood "
        f"{number(fit.log_likelihood)}).",
        predictors,
    )


def _filled(report: FitReport) -> Text:
    filled, how = report.missing.filled, "the most probable label"
    left = report.missing.cells - filled
    rest = f", and {left:,} {'was' if left == 1 else 'were'} left missing" if left else ""
    if report.filled is not None and report.filled.imputations:
        text = "Values were drawn by their probabilities in {} completed data sets{}."
        return said(text, report.filled.imputations, rest)
    if is_drawn(report):
        how = "a label drawn by its probability"
    return said("{} filled with {}{}.", f"{filled:,} {'was' if filled == 1 else 'were'}", how, rest)


def _accuracy(report: FitReport) -> Iterator[Text]:
    """Say how right labels were found that the model had not seen, and how many values may be wrong."""
    for which, score in report.scores:
        told, ends = f"Of {score.rows:,} {which}", ""
        if isinstance(score, Accuracy):
            told, ends = (
                f"In {score.method} ({plural(score.rows, 'row')}{weighing(report)})",
                f" (95 % interval {percents(*score.interval)})",
            )
        right, guessing = percent(score.accuracy), percent(score.baseline_accuracy)
        losses = f"{number(score.log_loss)} ({number(score.baseline_log_loss)} for the label shares)"
        told += f", {right} were recovered{ends}, against {guessing} by always choosing the most common one"
        yield said(f"{told}; the log-loss was {losses}.")
    wrong, filled = report.expected_wrong, report.missing.filled
    if filled and wrong is not None and wrong.level is not None:
        text = f"{rounded(wrong.estimate)} of the {plural(filled, 'imputed value')} may be wrong"
        yield said(f"About {text} ({100 * wrong.level:.0f} % interval {span(wrong.low, wrong.high)}).")


def _missingness(report: FitReport) -> Iterator[Text]:
    swept, reasons = report.sensitivity, report.missingness and report.missingness.reasons
    assumed = "labels are missing at random given the predictors"
    if asked := shifted(report):
        assumed = f"missing labels have the odds that the model expects, shifted by {asked}"
    elif reasons and reasons.fills_allow_for_it and reasons.by_class >= DOUBTFUL:
        chance = percent(reasons.by_class)
        assumed = f"with a probability of {chance} each label is lost at a rate of its own, and that else {assumed}"
    if asked or report.missingness is not None:
        yield said("Imputation assumes that {}.", assumed)
    if swept and swept.sweeps:
        one, deltas = swept.sweeps[0], [f"{delta:g}" for delta in swept.deltas]
        text = "If the odds of {} among the missing were exp(δ) times as high, δ from {} to {}, its share of all rows "
        ends = deltas[0], deltas[-1], percent(one.share[0]), percent(one.share[-1])
        yield said(text + "would go from {} to {}.", Name(one.label), *ends)
