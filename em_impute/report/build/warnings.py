"""What the user should know: warnings as (code, message), and the decisions that were taken."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from em_impute.columns.design import Design
from em_impute.columns.predictors import COLLINEAR, NEITHER
from em_impute.columns.readings import Reading, not_numbers, of_unsettled
from em_impute.columns.same_label import differing_values
from em_impute.em.blocks import Integers
from em_impute.missingness.values import DOUBTFUL
from em_impute.model.column import FittedColumn
from em_impute.options import Request
from em_impute.pipeline.complete import ColumnResult
from em_impute.pipeline.open import InputTable
from em_impute.report.build.counted import Counted
from em_impute.report.build.missingness import reasons_of
from em_impute.report.build.sensitive_columns import advice
from em_impute.report.format import delimiter_name, number, percent, span
from em_impute.report.model.findings import AppliedModel, ExpectedWrong, MarkedRows, Totals
from em_impute.report.model.fit import Decision
from em_impute.report.model.shared import FRAME
from em_impute.report.sentences import SHIFTED, cells_in_rows, criterion_name, out_of_range, without_predictors
from em_impute.saved_model.drift import is_more_often
from em_impute.table.columns import Codes
from em_impute.table.records import BLANK, COMMENT, EMPTY, HEADER, NOTE, RULE, SUMMARY, UNITS, Asides
from em_impute.table.text import listed, plural, shown

Warnings = Iterator[tuple[str, str]]

FEW_ROWS_PER_FEATURE = 2

MUCH_MISSING = 0.5
"""Fraction of missing information from which on a handful of imputations is not enough."""

FAR = 1.0
"""Standard deviations beyond the known range from which on a single row deserves a warning."""

MAX_NAMED = 3
"""Rows named in a warning."""

MORE_WRONG = 0.05
"""Least increase of the share of wrong labels, known ones over those to be expected, that is told."""

LEAST_NINES, FEW_VALUES, SHORT_CODES = 99, 3, {0, -1, -9}
"""Nines alone from here on are suspicious: a single one is a grade or a count.  Fewer different numbers beside it have
no range to be far from."""


def warnings(
    completion: ColumnResult,
    counted: Counted,
    totals: Totals,
    wrong: ExpectedWrong,
    marked: MarkedRows | None,
    line_of: Callable[[Integers], Integers],
) -> Warnings:
    """Yield all that is to be said of a column that was filled, the note on people last; `line_of` finds rows."""
    yield from completion.labels.warnings
    found = completion.fitted
    if found is not None:
        yield from _of_labels(completion, found.design)
        yield from _of_fit(found)
        yield from unread_cells(found.readings)
        yield from _of_predictors(found.design, () if found.texts is None else found.texts.names)
        yield from _of_key(found.design, completion.labels.label, line_of)
    yield from _of_probabilities(counted, wrong)
    if counted.n_filled == counted.n_missing and not completion.fills.is_drawn:  # so that somebody may count them
        yield from _of_counting(totals)
    if counted.uncertainty is not None:
        missing = float(counted.uncertainty.missing_information.max())
        if missing > MUCH_MISSING:
            why = f"{percent(missing)} of the information on the label shares is missing"
            draw = f"draw at least {counted.uncertainty.recommended:,} imputations"
            yield "W09", f"Standard errors from one completed file are too small: {why}, so {draw}."
    yield from _of_marked_rows(marked, counted.cells.n_without_predictors)
    yield from told_from_rows(counted.asides)
    note = advice(completion.target)
    if note is not None:
        yield note


def _of_probabilities(counted: Counted, wrong: ExpectedWrong) -> Warnings:
    """Warn where probabilities contradict labels that were hidden, or where these do not tell of all rows."""
    held_out, n_beyond = wrong.by_held_out_labels, wrong.unlike_labelled_rows
    if wrong.agree is False and held_out is not None:
        by_model = wrong.by_probabilities or 0.0
        side = "high" if by_model < held_out.estimate else "low"
        implied = f"they imply {number(round(by_model))} wrong among the {counted.n_filled:,} fills"
        told = f"{implied}, hidden known labels imply {span(held_out.low, held_out.high)}"
        which = "covers both" if n_beyond else "follows the hidden labels"
        advised = "Use probabilities to rank cells, and leave the least sure ones empty with --min-probability."
        yield "W06", f"Probabilities are too {side}: {told}. The interval {which}. {advised}"
    if n_beyond:
        why = "hidden labels cannot show how many of these fills are wrong"
        so = "the interval is widened by the model's own probabilities"
        advised = "Label some such rows, or leave them empty with --min-probability."
        yield "W32", f"{cells_in_rows(n_beyond)} unlike any labelled row, so {why}: {so}. {advised}"


def _of_counting(totals: Totals) -> Warnings:
    """Warn where the number of filled labels lies outside of the interval, by more than a row."""
    beyond = [
        f"{label!r} {totals.most_probable[label]:,} ({span(one.low, one.high)})"
        for label, one in (totals.multiple_imputation or {}).items()
        if not one.low - 1.0 <= totals.most_probable[label] <= one.high + 1.0
    ]
    if beyond:
        told = "Counting filled cells misstates totals: take them from the report."
        yield "W07", f"{told} Filled, and 95 % intervals in brackets: {listed(beyond)}."


def _of_marked_rows(marked: MarkedRows | None, n_without_predictors: int) -> Warnings:
    """Warn of weakly founded rows; a few just beyond the known range are to be expected."""
    if marked is not None and marked.out_of_range.furthest_sd > FAR:
        outside = marked.out_of_range
        named = [f"line {one.line} ({one.column} {one.value:.7g})" for one in outside.listed[:MAX_NAMED]]
        more = f" and {outside.rows - len(named):,} more" if outside.rows > len(named) else ""
        yield "W11", f"{out_of_range(outside)}: {', '.join(named)}{more}."
    if n_without_predictors:
        yield "W16", without_predictors(n_without_predictors)


def misjudgement(applied: AppliedModel, n_filled: int) -> Warnings:
    """Warn where labels that are known here are wrong more often than the model expects of all missing cells."""
    score, expected = applied.tested, applied.expected_wrong
    if score is None or not n_filled:
        return
    wrong = 1.0 - score.accuracy
    if is_more_often(expected, n_filled, wrong * score.rows, score.rows, MORE_WRONG):
        told = f"it expects {percent(expected / n_filled)} of the {n_filled:,} fills to be wrong"
        but = f"{percent(wrong)} of {score.rows:,} known labels were"
        yield "W06", f"The model is overconfident here: {told}, but {but}. Fit anew."


def _of_fit(found: FittedColumn) -> Warnings:
    """Warn of fills without skill, of labels that look lost by class, or may well be, and of how a single fit ended."""
    held_out, reasons = found.promise, reasons_of(found)
    if held_out is not None and held_out.log_loss >= held_out.baseline_log_loss:
        scores = f"Log-loss on hidden labels {held_out.log_loss:.3f} against {held_out.baseline_log_loss:.3f}"
        said = "These fills are no better than guessing by how common each label is."
        yield "W08", f"{said} {scores}. Name better predictors with -x."
    if reasons is not None and reasons.by_class >= DOUBTFUL and not found.choice.recipe.free_shares:
        remedy = "The requested mixture assumes that labels are missing at random; --shares free allows for it."
        if reasons.fills_allow_for_it:
            remedy = "Fills and totals allow for it; --shares common fills as if labels were missing at random."
        yield "W05", f"{reasons.sentence} {remedy}"
    if found.ensemble is not None:
        return
    mixture = found.mixture
    if mixture.stop == "max_iter":
        gain = f"about {mixture.remaining:.3g}" if np.isfinite(mixture.remaining) else "an unknown amount"
        yield "W15", f"EM stopped at --max-iter with {gain} of log-likelihood still to gain."
    if mixture.stop == "rounding":
        yield "W19", "EM stopped where rounding hid further gains: some predictors are nearly copies of others."
    if mixture.n_optima > 1:
        yield "W12", f"The best starts of EM ended in {mixture.n_optima} different optima; the best was kept."
    if not mixture.separable:
        yield "W21", "Some groups coincide: the predictors cannot distinguish so many."


def unread_cells(readings: Sequence[Reading]) -> Warnings:
    """Warn of cells that are not written as those of their columns are."""
    cells = {one.column: one.told_unread for one in readings if one.unread}
    if cells:
        yield "W30", not_numbers(cells)


def _of_predictors(design: Design, scores: Sequence[str]) -> Warnings:
    spoilt = [f"{one.name!r} ({one.reason})" for one in design.rejected if NEITHER in one.reason]
    if spoilt:
        yield "W18", f"Not used although mostly numbers: {listed(spoilt)}. Correct or empty these cells."
    copies = [repr(one.name) for one in design.rejected if one.reason == COLLINEAR and one.name not in scores]
    if copies:
        yield "W17", f"Not used, since they are sums or copies of other predictors: {listed(copies)}."
    far = list(_marks_of_missing(design))
    if far:
        code = "Is it a code for missing?" if len(far) == 1 else "Are they codes for missing?"
        yield "W22", f"{listed(far, separator='; ')}. {code}"


def _of_key(design: Design, label: Codes, line_of: Callable[[Integers], Integers]) -> Warnings:
    """Say which rows have one label, and which known labels contradict that."""
    if design.same is None:
        return
    same = replace(design.same, code=design.of_rows(design.same.code))
    differing = [", ".join(map(str, line_of(rows).tolist())) for rows in differing_values(same, label)]
    lines = f"lines {listed(differing, MAX_NAMED, separator='; ')}" if differing else ""
    if same.is_binding and differing:
        values = plural(len(differing), "value")
        said = f"Known labels differ within {values} of {shown(same.name)}, which --same-within says they do not"
        yield "W33", f"{said}: {lines}. They stay; missing ones beside them follow the more common label."
    else:
        differ = f"{same.n_exceptions:,} differ{'s' * (same.n_exceptions == 1)}"
        found = f"of {plural(same.n_known, 'known label')} beside another, {differ}"
        found += f" ({lines})" if differing else ""
        yield "S04", f"Rows with the same {shown(same.name)} have the same label, and are filled with it: {found}."


def _marks_of_missing(design: Design) -> Iterator[str]:
    """Name numbers that look like missing marks, farther from all others than these are spread.

    They are nines only, as -999, or 0, -1 or -9 in several rows: alone these may be measured.
    """
    for at, feature in enumerate(design.features[: design.n_numbers]):
        x = design.distinct.x[:, at]
        for end, side in ((float(np.fmin.reduce(x)), "below"), (float(np.fmax.reduce(x)), "above")):
            value = end * feature.scale + feature.shift
            nines = abs(round(value))
            is_nines = nines >= LEAST_NINES and abs(abs(value) - nines) <= 1e-9 * nines and set(str(nines)) == {"9"}
            is_short = round(value) in SHORT_CODES and abs(value - round(value)) <= 1e-9 * feature.scale
            n = int(design.of_rows(x == end).sum()) if is_short or is_nines else 0
            others = np.unique(x[~np.isnan(x)])[1:-1] if n > is_short else np.empty(0)
            if others.size >= FEW_VALUES and np.abs(others - end).min() > np.ptp(others):
                where = f"{shown(feature.name)} is {round(value)} in {plural(n, 'row')}"
                yield f"{where}, far {side} every other value"


def _of_labels(completion: ColumnResult, design: Design) -> Warnings:
    needed = FEW_ROWS_PER_FEATURE * len(design.features)
    known = zip(completion.labels.labels, completion.labels.known, strict=True)
    few = [f"{shown(label)} ({count})" for label, count in known if 0 < count < needed and label in design.labels]
    if few:
        which = f"Fewer than {needed} rows are known for {listed(few)}"
        yield "W01", f"{which}: how such rows spread is largely taken from other labels."


ALWAYS = {BLANK: "blank", COMMENT: "comment"}
"""What nobody takes for rows."""

BY_LOOKS = {HEADER: "the header again", UNITS: "units", RULE: "dashes", SUMMARY: "totals or averages"}
BY_LOOKS |= {NOTE: "footer", EMPTY: "empty"}
"""What was told from rows by its looks."""


def decisions(opened: InputTable, completion: ColumnResult, request: Request, counted: Counted) -> list[Decision]:
    """List every decision that was taken for the user."""
    found, dialect = [], opened.table.dialect
    if opened.name != FRAME:
        how = "detected" if dialect.detected else "as asked"
        found.append(Decision("read", "delimiter", f"{delimiter_name(dialect.delimiter)}, {how}"))
    if request.weights is not None:
        counts = "says how much each row counts" if opened.weight is not None else "counts all rows alike"
        found.append(Decision("read", "rows weighted", f"column {request.weights!r} {counts}"))
    for token, n in counted.tokens.items():
        found.append(Decision("labels", "counted as missing", f"{shown(token)} in {plural(n, 'cell')}"))
    found += [Decision("read", "no rows", told) for told in lines_told(counted.asides, ALWAYS | BY_LOOKS)]
    found += [Decision("fit", SHIFTED, f"δ = {delta:g} for {shown(label)}") for label, delta in request.deltas]
    if completion.fitted is None:
        return found
    design, choice = completion.fitted.design, completion.fitted.choice
    found += [Decision("design", "column not used", f"{one.name!r}: {one.reason}") for one in design.rejected]
    if design.index is not None and not opened.is_sample:
        merged = f"{design.label.size:,} rows into {design.distinct.label.size:,}"
        found.append(Decision("design", "equal rows merged", merged))
    criterion = criterion_name(choice.criterion)
    if choice.ensemble is not None:
        weight = choice.ensemble.weight.sum(axis=1)
        n = int(np.count_nonzero(weight))
        told = f"{n:,} of {weight.size:,} {'has' if n == 1 else 'have'} weight, by {criterion}"
        found.append(Decision("choose", "mixtures", told))
        if (forest := choice.ensemble.forest) is not None:
            found.append(Decision("choose", "trees", f"{percent(forest.total)} of the weight beside the mixtures"))
    else:
        found.append(Decision("choose", "covariance", f"{choice.recipe.family}, by {criterion}"))
    if len({one.components for one in choice.candidates}) > 1:
        found.append(Decision("choose", "groups", f"{choice.n_groups}, by {criterion}"))
    if not any(completion.labels.known):
        by = request.order_by or design.features[0].name
        found.append(Decision("fit", "labels named", f"{', '.join(design.labels)} by ascending mean of {by!r}"))
    return found


def told_from_rows(found: Sequence[tuple[str, Asides]]) -> Iterator[tuple[str, str]]:
    """Note the lines that were told from rows by their looks, if there are any."""
    lines = [*lines_told(found, BY_LOOKS)]
    if lines:
        told = listed(lines, separator="; ")
        yield "S03", f"Not read as rows, and kept as they are: {told}. Option --all-lines reads them as rows."


def told_from_reading(opened: InputTable) -> Iterator[tuple[str, str]]:
    """Note how quotes and dates were read where they may mean something else."""
    dialect = opened.table.dialect
    if not dialect.quoting and dialect.reading.quote is None:
        told = "Quotes are read as text, since some do not surround a whole cell."
        yield "S08", f"{told} Option --quote '\"' says which is out of place."
    if opened.unsettled:
        yield "S07", of_unsettled(opened.unsettled)
    if opened.unused:
        yield "S10", f"No cell of a column to fill holds what {listed(opened.unused)} names."


def lines_told(found: Sequence[tuple[str, Asides]], kinds: Mapping[int, str]) -> Iterator[str]:
    """Name the lines of these kinds, for each part by its path."""
    for path, asides in found:
        for kind, name in kinds.items():
            lines = [str(line) for line in asides.line[asides.kind == kind].tolist()]
            if lines:
                where = f"{path}, " if path else ""
                yield f"{where}line{'s' if len(lines) > 1 else ''} {listed(lines)} ({name})"
