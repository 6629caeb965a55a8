"""Sections about the cells: which were missing, how they were filled and how right that is, and the totals."""

from collections.abc import Iterator
from typing import Any

from em_impute.missingness.values import Difference
from em_impute.report.document.blocks import (
    FEW,
    Block,
    Details,
    Figures,
    Name,
    Table,
    Text,
    folded,
    joined,
    names,
    said,
)
from em_impute.report.format import delimiter_name, known_and_missing, number, p_value, percent, percents, span
from em_impute.report.model.asked import EvaluationReport, ExplanationReport
from em_impute.report.model.fit import FitReport
from em_impute.report.model.shared import FRAME, Confusion, LabelledCell
from em_impute.report.sentences import out_of_range, shifted, weighing, without_predictors
from em_impute.table.text import plural

MAX_LABELS = 12
"""Labels up to which a confusion matrix is a table that can be read."""

MAX_ROWS = 20


def how_well_recovered(report: FitReport) -> Iterator[Block]:
    """Compare known labels with what they were filled with when they were hidden."""
    found, importance = report.accuracy, report.importance or ()
    if found is None:
        return
    hidden = "Known labels were hidden and filled again, each by a model that had not seen it ({}, {})."
    yield said(hidden, found.method, plural(found.rows, "row"))
    rows: list[list[Any]] = [
        ["right", percent(found.accuracy), percent(found.baseline_accuracy)],
        ["95 % interval", percents(*found.interval), ""],
        ["log-loss (lower is better)", found.log_loss, found.baseline_log_loss],
        ["Brier score (lower is better)", found.brier, ""],
        ["calibration error", percent(found.ece), ""],
    ]
    yield Table(f"Accuracy on hidden labels{weighing(report)}", ["", "this model", "the label shares alone"], rows)
    yield (
        "Log-loss averages −log(probability given to the true label): confident mistakes cost most; 0 is perfect. The "
        "Brier score is the mean squared distance from the truth. The calibration error says how far a stated "
        "probability is from the share that came true, on average."
    )
    yield Figures(["reliability", "coverage"])
    if len(importance) > 1:  # of a single column the log-loss says it already
        caption = "What each column is worth: by how much log-loss rises without it"
        worth = [
            [Name(one.column), f"{one.gain:+z.3f} ± {one.standard_error:.3f}".replace("-", "−")] for one in importance
        ]
        yield from folded(caption, ["column", "log-loss"], worth)
    yield from by_label(found.confusion, weighing(report))
    bins = [[one.rows, percent(one.probability), percent(one.accuracy)] for one in found.reliability]
    surest = [[percent(one.share), f"{one.min_probability:.4f}", percent(one.accuracy)] for one in found.curve]
    tables = [
        Table("Stated probability and share right", ["rows", "mean stated probability", "share right"], bins),
        Table("Accuracy of the surest rows", ["share filled", "minimum probability", "right"], surest),
    ]
    yield Details("Both charts in numbers", tables)


def what_was_filled(report: FitReport) -> Iterator[Block]:
    """Count the filled cells by how sure they are, and name those that deserve a look."""
    missing, marked = report.missing, report.marked
    if not missing.cells:
        return
    yield from _how_sure(report)
    if marked is not None and marked.out_of_range.rows:
        rows = [[one.line, Name(one.column), f"{one.value:.7g}"] for one in marked.out_of_range.listed]
        yield f"{out_of_range(marked.out_of_range)}: their labels are extrapolated."
        yield Details("Rows out of range", folded("Rows out of range", ["line", "column", "value"], rows))
    if marked is not None and marked.without_predictors:
        lines = names([str(line) for line in marked.without_predictors[:MAX_ROWS]], MAX_ROWS)
        more = " and more" if missing.without_predictors > MAX_ROWS else ""
        yield said("{} Lines {}{}.", without_predictors(missing.without_predictors), lines, more)


def _how_sure(report: FitReport) -> Iterator[Block]:
    """Count the filled cells by the probability of their label, and name the least certain ones."""
    filled = report.filled
    if filled is None:
        return
    if filled.method == "draw":
        first = f" The counts are those of the first of {filled.imputations:,} files."
        which = first if filled.imputations > 1 else ""
        yield f"Labels were drawn by their probabilities, so some are improbable.{which}"
    every = sorted(report.labels, key=lambda one: -one.filled)
    labels = [one.label for one in report.labels if one in every[:MAX_LABELS]]
    rows = [
        [f"{one.low:g} to {one.high:g}", one.cells, *(one.labels[label] for label in labels)]
        for one in reversed(filled.by_band)
    ]
    some = f"; the {len(labels)} labels filled most often" if len(labels) < len(every) else ""
    caption = f"Filled cells by the probability of their label{some}"
    yield Table(caption, ["probability", "cells", *map(Name, labels)], rows)
    least = [[place(one), Name(one.label), percent(one.probability)] for one in filled.least_certain]
    head = ["line", "label", "probability"]
    yield Details("The least certain cells", [Table("The least certain cells", head, least)])


def by_label(confusion: Confusion, how: str = "") -> list[Block]:
    """Tabulate what was filled in for what, and how precise that is; for many labels only the latter.

    `how` rows count is said.
    """
    labels, blocks, rows = list(confusion), [], []
    if len(labels) <= MAX_LABELS:
        head = ["true label", *map(Name, labels)]
        counts = [[Name(label), *(row[other] for other in labels)] for label, row in confusion.items()]
        blocks.append(Table(f"True labels in rows, what they were filled with in columns{how}", head, counts))
    is_long, of_label = len(labels) > FEW, {label: sum(row.values()) for label, row in confusion.items()}
    if is_long:
        labels.sort(key=lambda label: confusion[label][label] / of_label[label] if of_label[label] else 1.0)
    for label in labels:
        right, of = confusion[label][label], of_label[label]
        said_so = sum(confusion[other][label] for other in labels)
        rows.append([Name(label), of, *(percent(right / n if n else None) for n in (of, said_so))])
    head = ["label", "rows", "found (recall)", "right where filled (precision)"]
    return [*blocks, *folded(f"Label by label{how}" + is_long * ", the least found first", head, rows)]


def place(one: LabelledCell) -> Name | int:
    """Say where a cell is: its line, in a table of several parts behind the path of its part."""
    return one.line if one.part is None else Name(f"{one.part}:{one.line}")


MOST_MOVED, MAX_LEVELS = 4, 8
"""Categories named of a column."""


def was_read(report: FitReport | EvaluationReport | ExplanationReport) -> str:
    """Say what was read, and how many labels are known and missing."""
    source, known = report.input, sum(one.known for one in report.labels)
    shape = f"{plural(source.rows, 'row')}, {plural(source.columns, 'column')}"
    packed = "" if source.compression is None else f", {source.compression}"
    form = f"{delimiter_name(source.delimiter)}-separated, {source.encoding}{packed}"
    form = "a data frame in memory" if source.path == FRAME else form
    cells = known_and_missing(report.column, known, report.missing.tokens)
    return f"{source.path}: {shape}, {form}; {cells}."


def what_was_missing(report: FitReport) -> Iterator[Block]:
    """Count the cells by their marks, and list the columns that were used."""
    parts, features = report.parts, report.features
    yield was_read(report)
    if parts:
        drawn = parts.rows_drawn
        served = "the model was fitted to" if report.applied is None else "the saved model was judged by"
        known, number_of = plural(drawn.known, "row"), plural(len(parts.files), "part")
        text = "The table was read in {}; {} {} with a label and {} without, drawn at random."
        yield said(text, number_of, served, known, drawn.missing)
    if report.applied is None:  # a saved model's are in its section
        used = []
        for one in features.used:
            holds = "" if one.mean is None else f"{number(one.mean)} ({number(one.sd)})"
            texts = names(one.levels, MAX_LEVELS) if one.levels else holds
            used.append([Name(one.name), one.kind or one.type, one.missing, texts])
        if used:
            table = folded("Columns used", ["column", "kind", "cells missing", "mean (SD), or categories"], used)
            yield Details(f"{plural(len(features.columns), 'column')} used", table)
        rejected = [[Name(one.name), one.reason] for one in features.rejected]
        yield from folded("Columns not used", ["column", "reason"], rejected)


def who_is_missing(report: FitReport) -> Iterator[Block]:
    """Compare rows without a label with those that have one."""
    found = report.missingness
    if found is None:
        return
    yield found.sentence
    yield Figures(["known_and_missing"], "Where the line leaves the grey area, rows with and without a label differ.")
    rows = []
    for one in found.by_difference:
        empty = " → ".join(percent(side.share_missing) for side in (one.known, one.missing))
        rows.append([Name(one.name), _shift(one), one.smd and round(one.smd, 2), p_value(one.p_value), empty])
    caption = "Columns in rows with and without a label (known → missing): mean (SD), or shares"
    yield from folded(caption, ["column", "holds", "SMD", "p", "empty"], rows)
    yield (
        "SMD: difference of the means (missing minus known) in standard deviations; 0.1 is small, 0.8 large. p: how "
        "often chance alone would give as much."
    )
    if found.reasons is not None:
        known, lost = report.totals.known, found.reasons.loss_rates
        losses = [[Name(label), known[label], percent(rate)] for label, rate in lost.items()]
        caption = "How often each label is lost, if that depends on the label"
        yield found.reasons.sentence
        yield Details("How often each label is lost", folded(caption, ["label", "known rows", "share lost"], losses))
    if found.rehearsal is not None:
        yield found.rehearsal


def _shift(one: Difference) -> Text | str:
    """Say what a column holds in known rows and in missing ones; of categories those that differ most."""
    known, missing = one.known.shares, one.missing.shares
    if known is None or missing is None:
        return " → ".join(f"{number(side.mean)} ({number(side.sd)})" for side in (one.known, one.missing))
    texts = sorted(known, key=lambda text: -abs(missing[text] - known[text]))
    shown = [
        said("{}: {} → {}", Name(text), percent(known[text]), percent(missing[text])) for text in texts[:MOST_MOVED]
    ]
    return said("{}{}", joined("; ", shown), " …" if len(texts) > len(shown) else "")


SHARES = (
    "If the rows are a sample, these are the shares in the population, by Rubin’s rules. Missing information: the part "
    "of the uncertainty that comes from the missing labels."
)


def the_totals(report: FitReport) -> Iterator[Block]:
    """Count the rows of each label in several ways, and tell what shares follow, were the rows a sample."""
    totals, drawn = report.totals, report.totals.multiple_imputation or {}
    if not report.missing.cells:
        return
    head = ["label", "known", "filled in", "together", "expected", "of all", *(["drawn (95 %)"] if drawn else [])]
    ends = {label: [f"{number(one.estimate)} ({span(one.low, one.high)})"] for label, one in drawn.items()}
    rows = [
        [
            Name(one.label),
            one.known,
            one.filled,
            totals.most_probable[one.label],
            totals.expected[one.label],
            percent(one.share_expected),
            *ends.get(one.label, []),
        ]
        for one in report.labels
    ]
    yield (
        "How many rows of each label the whole column holds. Expected counts add up the probabilities; counting "
        "filled labels overstates the more likely one."
    )
    if any(one.action == "rows weighted" for one in report.log):
        yield (
            "Every row counts once here: --weights has no part in these counts and shares. For weighted totals, add up "
            "the weights times the probabilities that --probabilities writes."
        )
    yield from folded("Rows of each label", head, rows, by=3)
    shares = [
        [Name(label), percent(one.estimate), percents(one.low, one.high), percent(one.missing_information)]
        for label, one in (totals.shares or {}).items()
    ]
    if shares:
        table = folded("Shares in the population", ["label", "share", "95 %", "missing information"], shares)
        yield Details("If the rows are a sample", [SHARES, *table])


def what_if_not(report: FitReport) -> Iterator[Block]:
    """Show what follows if labels are missing more often in one class."""
    found = report.sensitivity
    if found is None or not found.sweeps:
        return
    yield (
        "What would follow if missing labels had another mix: suppose the odds of a label are exp(δ) times as high "
        "where it is missing. At δ = 0 nothing changes, at δ = 1 they are 2.7 times as high."
    )
    left_out = f"; {plural(found.labels_left_out, 'less common label')} left out" if found.labels_left_out else ""
    rows = [[Name(one.label), *(percent(share) for share in one.share)] for one in found.sweeps]
    yield from folded(
        f"Expected share of all rows{left_out}", ["label", *(f"δ = {delta:g}" for delta in found.deltas)], rows
    )
    if asked := shifted(report):
        yield f"The cells were filled with {asked}."


def suspects(report: FitReport) -> Iterator[Block]:
    """List known labels that look wrong."""
    audit = report.audit
    if audit is None:
        return
    drawn = f" drawn from {audit.drawn_from:,}" if audit.drawn_from else ""
    have = f"{audit.found:,} of {plural(audit.examined, 'known label')}{drawn} {'has' if audit.found == 1 else 'have'}"
    chance = f"below {100.0 * audit.threshold:g} % ({number(round(audit.expected, 1))} expected by chance)"
    judged = "Each was judged by a model that had not seen it, or in a large table by that of all rows."
    yield f"{have} a probability {chance}. {judged} None was changed."
    rows = [
        [place(one), Name(one.label), percent(one.probability), Name(one.likely), percent(one.likely_probability)]
        for one in report.suspect_labels
    ]
    head = ["line", "label", "its probability", "more likely", "probability"]
    yield from folded("Known labels that look wrong, the least probable first", head, rows)
