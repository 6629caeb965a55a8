"""Sections about how right the fills are: known labels filled again, and the filled cells themselves."""

from typing import Any

from em_impute.report.charts.charts import fill_curve
from em_impute.report.charts.looks import filling_of
from em_impute.report.document.blocks import FEW, Block, Details, Figures, Name, Section, Table, folded, names, said
from em_impute.report.format import percent, percents
from em_impute.report.model.findings import Accuracy, MarkedRows
from em_impute.report.model.fit import FilledCells, FitReport
from em_impute.report.model.shared import Confusion, LabelledCell
from em_impute.report.sentences import LOG_LOSS, REASONS, out_of_range, without_predictors
from em_impute.table.text import plural

MAX_LABELS = 12
"""Labels up to which a confusion matrix is a table that can be read."""

MAX_ROWS = 20

MEASURES = (
    f"{LOG_LOSS} The Brier score is the mean squared distance from the truth. The calibration error says how far a "
    "stated probability is from the share that came true, on average."
)


def how_well_recovered(report: FitReport) -> Section | None:
    """Compare known labels with what they were filled with when they were hidden."""
    found, importance = report.accuracy, report.importance or ()
    if found is None:
        return None
    hidden = "Known labels were hidden and filled again, each by a model that had not seen it ({}, {})."
    worth = [[Name(one.column), f"{one.gain:+.3f} ± {one.standard_error:.3f}".replace("-", "−")] for one in importance]
    if len(worth) == 1:  # of a single column the log-loss says it already
        worth = []
    blocks: list[Block] = [
        said(hidden, found.method, plural(found.rows, "row")),
        _held_out(found),
        MEASURES,
        Figures(["reliability", "coverage"]),
        *folded("What each column is worth: by how much log-loss rises without it", ["column", "log-loss"], worth),
        *by_label(found.confusion),
        Details("Both charts in numbers", _charts_in_numbers(found)),
    ]
    return Section("accuracy", "How well known labels are recovered", blocks)


def _held_out(found: Accuracy) -> Table:
    rows: list[list[Any]] = [
        ["right", percent(found.accuracy), percent(found.baseline_accuracy)],
        ["95 % interval", percents(*found.interval), ""],
        ["log-loss (lower is better)", found.log_loss, found.baseline_log_loss],
        ["Brier score (lower is better)", found.brier, ""],
        ["calibration error", percent(found.ece), ""],
    ]
    return Table("Accuracy on hidden labels", ["", "this model", "the label shares alone"], rows)


def _charts_in_numbers(found: Accuracy) -> list[Block]:
    """Tabulate the reliability of probabilities, and how right the surest rows were."""
    bins = [[one.rows, percent(one.probability), percent(one.accuracy)] for one in found.reliability]
    table = Table("Stated probability and share right", ["rows", "mean stated probability", "share right"], bins)
    rows = [
        [percent(one.share), f"{one.at_least:.4f}", percent(one.right), percents(one.low, one.high)]
        for one in fill_curve(found)
    ]
    head = ["share filled", "minimum probability", "right", "95 %"]
    return [table, *([Table("Accuracy of the surest rows", head, rows)] if rows else [])]


def what_was_filled(report: FitReport) -> Section | None:
    """Count the filled cells by how sure they are, and name those that deserve a look."""
    missing = report.missing
    if not missing.cells:
        return None
    blocks: list[Block] = [] if report.filled is None else _how_sure(report.filled, report)
    if missing.left_empty:
        rows = [[REASONS.get(key, key), n] for key, n in missing.left_empty.items()]
        blocks.append(Table("Cells left as they are", ["reason", "cells"], rows))
    return Section("filled", "What was filled", [*blocks, *_marked(report.marked, missing.without_predictors)])


def _how_sure(filled: FilledCells, report: FitReport) -> list[Block]:
    """Count the filled cells by the probability of their label, and name the least certain ones."""
    filling, bands, blocks = filling_of(report), list(reversed(filled.by_band)), []
    every = sorted(report.labels, key=lambda one: -one.filled)
    labels = [one.label for one in report.labels if one in every[:MAX_LABELS]]
    if filling.is_drawn:
        which = f" The counts are those of the first of {filling.files:,} files." if filling.files > 1 else ""
        blocks.append(f"Labels were drawn by their probabilities, so some are improbable.{which}")
    rows = [[f"{one.low:g} to {one.high:g}", one.cells, *(one.labels[label] for label in labels)] for one in bands]
    some = f"; the {len(labels)} labels filled most often" if len(labels) < len(every) else ""
    caption = f"Filled cells by the probability of their label{some}"
    least = [[place(one), Name(one.label), percent(one.probability)] for one in filled.least_certain]
    head = ["line", "label", "probability"]
    return [
        *blocks,
        Table(caption, ["probability", "cells", *map(Name, labels)], rows),
        Details("The least certain cells", [Table("The least certain cells", head, least)]),
    ]


def by_label(confusion: Confusion) -> list[Block]:
    """Tabulate what was filled in for what, and how precise that is; for many labels only the latter."""
    labels, blocks, rows = list(confusion), [], []
    if len(labels) <= MAX_LABELS:
        head = ["true label", *map(Name, labels)]
        counts = [[Name(label), *(row[other] for other in labels)] for label, row in confusion.items()]
        blocks.append(Table("True labels in rows, what they were filled with in columns", head, counts))
    is_long, of_label = len(labels) > FEW, {label: sum(row.values()) for label, row in confusion.items()}
    if is_long:
        labels.sort(key=lambda label: confusion[label][label] / of_label[label] if of_label[label] else 1.0)
    for label in labels:
        right, of = confusion[label][label], of_label[label]
        said_so = sum(confusion[other][label] for other in labels)
        rows.append([Name(label), of, *(percent(right / n if n else None) for n in (of, said_so))])
    head = ["label", "rows", "found (recall)", "right where filled (precision)"]
    return [*blocks, *folded("Label by label" + is_long * ", the least found first", head, rows)]


def place(one: LabelledCell) -> Name | int:
    """Say where a cell is: its line, in a table of several parts behind the path of its part."""
    return one.line if one.part is None else Name(f"{one.part}:{one.line}")


def _marked(marked: MarkedRows | None, n_without: int) -> list[Block]:
    """Name rows that are unlike all known ones, and those that hold nothing to go by."""
    blocks: list[Block] = []
    if marked is not None and marked.out_of_range.rows:
        outside = marked.out_of_range
        rows = [[one.line, Name(one.column), f"{one.value:.7g}"] for one in outside.listed[:MAX_ROWS]]
        first = f", the first {MAX_ROWS} of {outside.rows:,}" if outside.rows > len(rows) else ""
        table = Table(f"Rows out of range{first}", ["line", "column", "value"], rows)
        blocks += [f"{out_of_range(outside)}: their labels are extrapolated.", Details("Rows out of range", [table])]
    if marked is not None and marked.without_predictors:
        lines = names([str(line) for line in marked.without_predictors[:MAX_ROWS]], MAX_ROWS)
        more = " and more" if n_without > MAX_ROWS else ""
        blocks.append(said("{} Lines {}{}.", without_predictors(n_without), lines, more))
    return blocks
