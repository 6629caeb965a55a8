"""Sections about how right the fills are: known labels filled again, and the filled cells themselves."""

from collections.abc import Sequence
from typing import Any

from em_impute.report.charts.calibration import fill_curve
from em_impute.report.document.blocks import Block, Details, Figures, Name, Section, Table, Text, names, of_rows, said
from em_impute.report.document.data import common, folded
from em_impute.report.document.summary import REASONS, how_filled
from em_impute.report.format import number, percent, rounded
from em_impute.report.model.diagnostics import Accuracy, ExpectedWrong, MarkedRows
from em_impute.report.model.fit import FitReport
from em_impute.report.model.shared import Confusion, LabelledCell
from em_impute.table.text import plural

MAX_LABELS = 12
"""Labels up to which a confusion matrix is a table that can be read."""

MAX_ROWS = 20


def how_well_recovered(report: FitReport) -> Section | None:
    """Compare known labels with what they were filled with when they were hidden."""
    found = report.accuracy
    if found is None:
        return None
    blocks: list[Block] = [
        said(
            "Known labels were hidden and filled again, each by a model that had not seen it ({}, {}).",
            found.method,
            plural(found.rows, "row"),
        ),
        _held_out(found),
        said(
            "Log-loss averages −log(probability given to the true label): confident mistakes cost most; 0 is perfect. "
            "The Brier score is the mean squared distance from the truth. The calibration error says how far a stated "
            "probability is from the share that came true, on average."
        ),
    ]
    blocks.append(Figures(["reliability", "coverage"]))
    blocks += _by_label(found.confusion, report)
    blocks.append(Details("Both charts in numbers", _charts_in_numbers(found)))
    if report.missing.filled:
        blocks.append(_wrong(found.expected_wrong, report.missing.filled))
    return Section("accuracy", "How well known labels are recovered", blocks)


def _held_out(found: Accuracy) -> Table:
    low, high = found.interval
    rows = [
        ["right", percent(found.accuracy), percent(found.baseline_accuracy)],
        ["95 % interval of that", f"{percent(low)} to {percent(high)}", ""],
        ["log-loss (lower is better)", number(found.log_loss), number(found.baseline_log_loss)],
        ["Brier score (lower is better)", number(found.brier), ""],
        ["calibration error", percent(found.ece), ""],
    ]
    return Table("Held-out labels", ["", "this model", "the labels’ shares alone"], rows)


def _charts_in_numbers(found: Accuracy) -> list[Block]:
    """Tabulate the reliability of probabilities, and how right the surest rows were."""
    bins = [[f"{one.rows:,}", percent(one.probability), percent(one.accuracy)] for one in found.reliability]
    head = ["rows", "mean probability stated", "share that was right"]
    tables: list[Block] = [Table("Stated and right, group by group", head, bins)]
    rows = [
        [
            percent(one.share),
            f"{one.at_least:.4f}",
            percent(one.right),
            f"{percent(one.low)} to {percent(one.high)}",
        ]
        for one in fill_curve(found)
    ]
    if rows:
        head = ["share filled", "least probability", "right", "95 %"]
        tables.append(Table("How right the surest rows were", head, rows))
    return tables


def what_was_filled(report: FitReport) -> Section | None:
    """Count the filled cells by how sure they are, and name those that deserve a look."""
    missing, filled = report.missing, report.filled
    if not missing.cells:
        return None
    blocks: list[Block] = []
    if filled is not None:
        filling = how_filled(report)
        bands = list(reversed(filled.by_band))
        labels = list(bands[0].labels)
        if len(labels) > MAX_LABELS:
            labels = [labels[i] for i in common(report, labels)]
        if filling.is_drawn:
            which = f" Counted are those of the first of {filling.files:,} files." if filling.files > 1 else ""
            blocks.append(said("Labels were drawn by their probabilities, so that some are improbable.{}", which))
        rows = [
            [
                f"{one.low:g} to {one.high:g}",
                f"{one.cells:,}",
                *(f"{one.labels[label]:,}" for label in labels),
            ]
            for one in bands
        ]
        some = f"; the {len(labels)} most common labels" if len(labels) < len(bands[0].labels) else ""
        caption = f"Filled cells by the probability of their label{some}"
        blocks.append(Table(caption, ["probability", "cells", *map(Name, labels)], rows))
        least = [[*_place(one), Name(one.label), percent(one.probability)] for one in filled.least_certain]
        head = [*_places(filled.least_certain), "label", "probability"]
        blocks.append(Details("The least certain cells", [Table("The least certain cells", head, least)]))
    if missing.left_empty:
        rows = [[REASONS.get(key, key.replace("_", " ")), f"{n:,}"] for key, n in missing.left_empty.items()]
        blocks.append(Table("Cells that were left as they are", ["because", "cells"], rows))
    elif filled is not None:
        blocks.append(said("No cell was left empty."))
    return Section("filled", "What was filled", [*blocks, *_marked(report.marked)])


def _by_label(confusion: Confusion, report: FitReport) -> list[Block]:
    """Tabulate what was filled in for what, and how precise that is; for many labels only the latter."""
    labels = list(confusion)
    blocks: list[Block] = []
    if len(labels) <= MAX_LABELS:
        head = ["true label", *(said("filled with {}", Name(label)) for label in labels)]
        rows = [[label, *(f"{row[other]:,}" for other in labels)] for label, row in confusion.items()]
        blocks.append(Table("True labels, and what they were filled with", head, of_rows(rows)))
    rows = []
    for label in labels:
        right, of = confusion[label][label], sum(confusion[label].values())
        said_so = sum(confusion[other][label] for other in labels)
        rows.append([label, f"{of:,}", _share(right, of), _share(right, said_so)])
    head = ["label", "rows", "found (recall)", "right where filled (precision)"]
    return [*blocks, *folded("Label by label", head, of_rows(rows), common(report, labels))]


def _share(part: int, whole: int) -> str:
    return percent(part / whole if whole else None)


def _wrong(wrong: ExpectedWrong, n_filled: int) -> Text:
    about = rounded(wrong.estimate)
    if wrong.low is None:
        return said(
            "Of the {} about {} are expected to be wrong.", plural(n_filled, "filled cell"), number(wrong.estimate)
        )
    text = said(
        "Of the {} about {} are expected to be wrong, with {} % probability {} to {}.",
        plural(n_filled, "filled cell"),
        about,
        round(100 * (wrong.level or 0.0)),
        rounded(wrong.low),
        rounded(wrong.high),
    )
    held_out = wrong.by_held_out_labels
    if not wrong.agree:
        return said(
            "{} That is what known labels say that were hidden as labels are missing. <strong>By the probabilities it "
            "would be {}.</strong>",
            text,
            rounded(wrong.by_probabilities),
        )
    if held_out is None:
        return text
    return said(
        "{} The interval comes from draws of the whole model. Known labels alone, hidden as labels are missing, say {} "
        "({} to {}).",
        text,
        *map(rounded, (held_out.estimate, held_out.low, held_out.high)),
    )


def _place(one: LabelledCell) -> list[Any]:
    return [Name(one.part), f"{one.line:,}"] if one.part is not None else [f"{one.line:,}"]


def _places(listed: Sequence[LabelledCell]) -> list[str]:
    return ["file", "line"] if listed and listed[0].part is not None else ["line"]


def _marked(marked: MarkedRows | None) -> list[Block]:
    """Name rows that are unlike all known ones, and those that hold nothing to go by."""
    if marked is None:
        return []
    blocks: list[Block] = []
    outside, without = marked.out_of_range, marked.without_predictors
    if outside.rows:
        text = said(
            "{} in rows beyond every row with a label (at most {} expected by chance): their labels are extrapolated.",
            "1 missing cell is" if outside.rows == 1 else f"{outside.rows:,} missing cells are",
            number(round(outside.expected_by_chance, 1)),
        )
        rows = [[f"{one.line:,}", Name(one.column), _value(one.value)] for one in outside.listed[:MAX_ROWS]]
        first = f", the first {MAX_ROWS} of {outside.rows:,}" if outside.rows > len(rows) else ""
        table = Table(f"Rows out of range{first}", ["line", "column", "value"], rows)
        blocks += [text, Details("Rows out of range", [table])]
    if without.rows:
        lines = names([str(line) for line in without.lines[:MAX_ROWS]], MAX_ROWS) if without.lines else None
        text = said(
            "{} in rows without any predictor: filled by the labels’ shares alone.",
            "1 missing cell is" if without.rows == 1 else f"{without.rows:,} missing cells are",
        )
        more = " and more" if without.rows > MAX_ROWS else ""
        blocks.append(said("{} Lines {}{}.", text, lines, more) if lines else text)
    return blocks


def _value(value: Any) -> Any:  # noqa: ANN401  # a number or a text
    return Name(value) if isinstance(value, str) else number(None) if value is None else f"{value:.7g}"
