"""What is said in several places: in the document, on the terminal, and in warnings."""

import math
from collections.abc import Iterable, Iterator

from em_impute.diagnostics.values import Audit, Sensitivity
from em_impute.report.format import (
    delimiter_name,
    expected_count,
    known_and_missing,
    number,
    percent,
    rounded,
    shortened,
    span,
)
from em_impute.report.model.evaluation import EvaluationReport
from em_impute.report.model.explanation import ExplanationReport
from em_impute.report.model.findings import AppliedModel, ExpectedWrong, Missingness, OutOfRange, Totals
from em_impute.report.model.fit import FitReport
from em_impute.report.model.shared import Notice, is_note
from em_impute.saved_model.values import Drift, PredictorDrift, Recovered
from em_impute.table.text import listed, plural, shown

MAX_LABELS, MAX_LINES, MAX_PREDICTORS = 3, 6, 2
"""Named in a line of the terminal."""

LONGEST_NAME = 16

SURELY = 3.0
"""Standard deviations, √n of n rows expected, beyond which it was not chance that so many rows are out of range."""

REASONS = {
    "without_predictors": "nothing else is known about their rows",
    "out_of_range": "their rows are unlike all labelled rows",
    "below_min_probability": "less sure than was asked for",
}
"""Why a cell is left as it is."""

LOG_LOSS = "Log-loss averages −log(probability given to the true label): confident mistakes cost most; 0 is perfect."


def noticed(found: Iterable[Notice]) -> Iterator[tuple[str, str]]:
    """Name warnings, and notes as such."""
    for one in found:
        yield "note" if is_note(one) else "warning", f"{one.code}: {one.message}"


def opening_lines(report: FitReport | EvaluationReport | ExplanationReport) -> Iterator[tuple[str, str]]:
    """Say what was read, and how many labels are known and missing: a name and a text each."""
    source = report.input
    shape = f"{plural(source.rows, 'row')}, {plural(source.columns, 'column')}"
    packed = "" if source.compression is None else f", {source.compression}"
    yield "read", f"{source.path}: {shape}, {delimiter_name(source.delimiter)}-separated, {source.encoding}{packed}"
    known = sum(one.known for one in report.labels)
    yield "column", known_and_missing(report.column, known, report.missing.tokens)


def criterion_name(criterion: str) -> str:
    """Write in a statistician's words what a report says that a model was chosen by."""
    if criterion == "as good as the ensemble":
        return "cross-validated log-loss, as good as all of them together"
    return criterion.removeprefix("stacked by ").replace("held-out", "cross-validated")


def out_of_range(outside: OutOfRange) -> str:
    """Count rows that are outside the range of the labelled rows."""
    cells = "1 missing cell is in a row" if outside.rows == 1 else f"{outside.rows:,} missing cells are in rows"
    expected, far = number(round(outside.expected_by_chance, 1)), number(round(outside.furthest_sd or 0.0, 1))
    if more_than_chance(outside) or not outside.furthest_sd:
        return f"{cells} outside the range of the labelled rows (at most {expected} expected by chance)"
    return f"{cells} outside the range of the labelled rows, by up to {far} standard deviations"


def more_than_chance(outside: OutOfRange) -> bool:
    """Tell whether more rows are outside the range of the labelled rows than chance gives."""
    expected = outside.expected_by_chance
    return outside.rows > expected + SURELY * math.sqrt(expected)


def first_lines(outside: OutOfRange, most: int) -> list[str]:
    """Name the first rows that are outside the range of the labelled rows, and what they hold."""
    return [
        f"line {one.line} ({one.column} {shown(one.value) if isinstance(one.value, str) else f'{one.value:.7g}'})"
        for one in outside.listed[:most]
    ]


def without_predictors(n_rows: int) -> str:
    """Count rows that show no predictor."""
    cells = "1 missing cell is" if n_rows == 1 else f"{n_rows:,} missing cells are"
    return f"{cells} in rows where every predictor is missing: filled by how common each label is."


def wrong_fills(wrong: ExpectedWrong, n_filled: int) -> str:
    """Say how many fills are likely to be wrong."""
    said = f"about {rounded(wrong.estimate)} of {n_filled:,}"
    if wrong.low is None:
        return said
    said += f" (90 %: {span(wrong.low, wrong.high)})"
    held_out = wrong.by_held_out_labels
    if not wrong.agree or held_out is None:
        return f"{said}, by hidden labels; by the probabilities {rounded(wrong.by_probabilities)}"
    return f"{said}; by hidden labels alone {span(held_out.low, held_out.high)}"


def expected_totals(totals: Totals) -> str:
    """Say how many rows of each label the completed column holds."""
    named = [
        f"{label} {rounded(totals.expected[label])} expected (95 %: {span(one.low, one.high)})"
        for label, one in (totals.multiple_imputation or {}).items()
    ]
    return listed(named, MAX_LABELS)


def odd_labels(audit: Audit) -> str:
    """Count known labels that look wrong."""
    has = "has" if audit.found == 1 else "have"
    drawn = f" drawn from {audit.drawn_from:,}" if audit.drawn_from else ""
    return (
        f"{audit.found:,} of {plural(audit.examined, 'known label')}{drawn} {has} a probability below "
        f"{100.0 * audit.threshold:g} % ({expected_count(audit.expected)} expected by chance)"
    )


def odd_lines(report: FitReport, audit: Audit) -> str:
    """Count known labels that look wrong, and name the lines of the least probable ones."""
    lines = sorted(one.line for one in report.suspect_labels[:MAX_LINES])
    more = audit.found - len(lines)
    shown = ", ".join(map(str, lines)) + (f" and {more:,} more" if more else "")
    return f"{odd_labels(audit)}: {'line' if audit.found == 1 else 'lines'} {shown}"


def who_is_missing(section: Missingness) -> str:
    """Say how well missing rows can be told from known ones, and by which predictors."""
    named = [
        f"{shortened(one.name, LONGEST_NAME)} {smd(one.smd)}"
        for one in section.by_difference[:MAX_PREDICTORS]
        if one.smd
    ]
    by = f", SMD {', '.join(named)}" if named else ""
    if section.auc is None:
        return f"too few rows of one kind to compare missing with known{by}"
    low, high = section.auc_interval or (section.auc, section.auc)
    return f"missing against known rows: AUC {section.auc:.2f} ({low:.2f} to {high:.2f}; 0.5 is chance){by}"


def smd(value: float | None) -> str:
    """Write a standardised mean difference."""
    return number(None) if value is None else f"{value:.2f}"


def what_if_not(section: Sensitivity) -> str:
    """Say how much a shift by 1 changes, and which shift makes another label the most common one."""
    sweeps = {one.label: one.share for one in section.sweeps}
    if not sweeps:
        return "one label only: nothing to shift"
    label = section.most_common if section.most_common in sweeps else next(iter(sweeps))
    at = {delta: percent(sweeps[label][i]) for i, delta in enumerate(section.deltas)}
    said = f"{shortened(label, LONGEST_NAME)} {at[0.0]} of all rows, {at[-1.0]} at δ = -1, {at[1.0]} at δ = 1"
    tipping = section.tipping
    if tipping is None:
        return f"{said}; no δ makes another most common"
    whose = "" if tipping.label == label else f" of {shortened(tipping.label, LONGEST_NAME)}"
    return f"{said}; {shortened(tipping.most_common, LONGEST_NAME)} most common at δ{whose} = {tipping.delta:.2f}"


# Of a saved model


def applied_lines(applied: AppliedModel) -> Iterator[tuple[str, str]]:
    """Say in a few lines what filled the column, and whether the rows are like those it was fitted to."""
    yield "model", origin(applied)
    yield "drift", _drifted(applied.drift)
    for name, which, score in (
        ("tested", "hidden labels right when it was fitted", applied.held_out),
        ("known here", "known labels right", applied.tested),
    ):
        if score is not None:
            yield name, f"{_right(score)} {which} (majority {percent(score.baseline_accuracy)}), {_losses(score)}"


def origin(applied: AppliedModel) -> str:
    """Say where a model came from."""
    n_tables, learnt = applied.tables, applied.learnt
    more = f" and {plural(n_tables - 1, 'earlier table')}" if n_tables > 1 else ""
    return f"{applied.path}, fitted on {learnt} to {plural(applied.rows, 'row')} of {applied.last_table}{more}"


def about_the_model(applied: AppliedModel) -> Iterator[str]:
    """Tell the same at more length, a paragraph at a time."""
    yield f"Nothing was fitted here: a saved model filled the cells. It is {origin(applied)}."
    drift = _drifted(applied.drift)
    said = f"Are the rows still like those it was fitted to? {drift[:1].upper()}{drift[1:]}."
    if applied.lacking:
        said += f" Not in this table, and so missing in every row: {listed(applied.lacking)}."
    yield said
    right = []
    if applied.held_out is not None:
        right.append(
            f"When it was fitted, {_right(applied.held_out)} hidden labels were right, {_losses(applied.held_out)}."
        )
    if applied.tested is not None:
        known = f"{_right(applied.tested)} were right, {_losses(applied.tested)}"
        right.append(f"Of the labels known here, which it had not seen, {known}.")
    if right:
        yield " ".join(right)


def wrong_by_the_model(applied: AppliedModel, n_filled: int) -> str:
    """Say how many fills are likely to be wrong, as the model and labels have it."""
    elsewhere = [
        f"{percent(1.0 - score.accuracy)} of the labels {which}"
        for score, which in ((applied.held_out, "hidden when it was fitted"), (applied.tested, "known here"))
        if score is not None
    ]
    beside = f"; it was wrong about {' and '.join(elsewhere)}" if elsewhere else ""
    share = percent(applied.expected_wrong / n_filled)
    if n_filled == 1:
        return f"the one fill, with a probability of {share}{beside}"
    return f"about {n_wrong(applied)} of {n_filled:,} ({share}) if its probabilities are right{beside}"


def n_wrong(applied: AppliedModel) -> str:
    """Say how many fills are wrong as far as the probabilities tell."""
    wrong = applied.expected_wrong
    return rounded(wrong) if wrong >= 1.0 else f"{wrong:.1g}"


def by_farness(drift: Drift) -> list[PredictorDrift]:
    """Sort predictors: those that have moved furthest first."""
    return sorted(drift.predictors, key=lambda one: (one.psi or 0.0) / (one.psi_limit or 1.0), reverse=True)


def _drifted(drift: Drift) -> str:
    """Say how many predictors have moved."""
    judged = [one for one in by_farness(drift) if one.psi is not None]
    if not judged:
        return "too few rows to tell"
    moved = [one for one in judged if one.has_moved]
    said = f"{len(moved):,} of {plural(len(judged), 'predictor')} shifted"
    if moved:
        furthest = "furthest " if len(moved) > 1 else ""
        said += f" ({furthest}{moved[0].name}: PSI {moved[0].psi:.2f}, limit {moved[0].psi_limit:.2f})"
    return said


def _right(score: Recovered) -> str:
    return f"{percent(score.accuracy)} of {score.rows:,}"


def _losses(score: Recovered) -> str:
    return f"log-loss {number(score.log_loss)} ({number(score.baseline_log_loss)} for the label shares)"
