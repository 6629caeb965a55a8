"""Sections about how right the fills are: known labels filled again, and the filled cells themselves."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from em_impute.report.page.blocks import Block, Details, Figures, Section, Table, name, names, of_rows, said
from em_impute.report.page.rows import common, folded
from em_impute.report.page.top import REASONS
from em_impute.report.pictures.accuracy import fill_curve
from em_impute.report.pictures.figures import Pictures
from em_impute.report.pictures.filling import filling_of
from em_impute.report.words import number, percent
from em_impute.table.text import plural

__all__ = ["how_well_recovered", "what_was_filled"]

Report = Mapping[str, Any]

MAX_LABELS = 12
"""Labels up to which a confusion matrix is a table that can be read."""

MAX_ROWS = 20


def how_well_recovered(report: Report, pictures: Pictures, prefix: str) -> Section | None:
    """Compare known labels with what they were filled with when they were hidden."""
    found = report["accuracy"]
    if found is None:
        return None
    blocks: list[Block] = [
        said(
            "Known labels were hidden and filled again, each by a model that had not seen it ({}, {}).",
            found["method"],
            plural(found["rows"], "row"),
        ),
        _held_out(found),
        said(
            "Log-loss and Brier score punish probabilities that the right label did not get; both are 0 for somebody "
            "who knows. The calibration error says how far a stated probability is from the share that came true, on "
            "average."
        ),
    ]
    drawn = [one for one in (pictures.reliability, pictures.coverage) if one is not None]
    if drawn:
        blocks.append(Figures(drawn))
    blocks += _by_label(found["confusion"], report)
    blocks.append(Details("Both pictures in numbers", _pictures_in_numbers(found)))
    if report["missing"]["filled"]:
        blocks.append(_wrong(found["expected_wrong"], report["missing"]["filled"]))
    return Section(f"{prefix}-accuracy", "How well known labels are recovered", blocks)


def _held_out(found: Report) -> Table:
    low, high = found["interval"]
    rows = [
        ["right", percent(found["accuracy"]), percent(found["baseline_accuracy"])],
        ["95 % interval of that", f"{percent(low)} to {percent(high)}", ""],
        ["log-loss (lower is better)", number(found["log_loss"]), number(found["baseline_log_loss"])],
        ["Brier score (lower is better)", number(found["brier"]), ""],
        ["calibration error", percent(found["ece"]), ""],
    ]
    return Table("Held-out labels", ["", "this model", "the labels’ shares alone"], rows)


def _pictures_in_numbers(found: Report) -> list[Block]:
    """Tabulate the reliability of probabilities, and how right the surest rows were."""
    bins = [[f"{one['rows']:,}", percent(one["probability"]), percent(one["accuracy"])] for one in found["reliability"]]
    head = ["rows", "mean probability stated", "share that was right"]
    tables: list[Block] = [Table("Stated and right, group by group", head, bins)]
    rows = [
        [
            percent(one["share"]),
            f"{one['at_least']:.4f}",
            percent(one["right"]),
            f"{percent(one['low'])} to {percent(one['high'])}",
        ]
        for one in fill_curve(found)
    ]
    if rows:
        head = ["share filled", "least probability", "right", "95 %"]
        tables.append(Table("How right the surest rows were", head, rows))
    return tables


def what_was_filled(report: Report, prefix: str) -> Section | None:
    """Count the filled cells by how sure they are, and name those that deserve a look."""
    missing, filled = report["missing"], report.get("filled")
    if not missing["cells"]:
        return None
    blocks: list[Block] = []
    if filled is not None:
        filling = filling_of(report)
        bands = list(reversed(filled["by_band"]))
        labels = list(bands[0]["labels"])
        if len(labels) > MAX_LABELS:
            labels = [labels[i] for i in common(report, labels)]
        if filling.is_drawn:
            which = f" Counted are those of the first of {filling.files:,} files." if filling.files > 1 else ""
            blocks.append(said("Labels were drawn by their probabilities, so that some are improbable.{}", which))
        rows = [
            [
                f"{one['low']:g} to {one['high']:g}",
                f"{one['cells']:,}",
                *(f"{one['labels'][label]:,}" for label in labels),
            ]
            for one in bands
        ]
        some = f"; the {len(labels)} most common labels" if len(labels) < len(bands[0]["labels"]) else ""
        caption = f"Filled cells by the probability of their label{some}"
        blocks.append(Table(caption, ["probability", "cells", *map(name, labels)], rows))
        least = [[*_place(one), name(one["label"]), percent(one["probability"])] for one in filled["least_certain"]]
        head = [*_places(filled["least_certain"]), "label", "probability"]
        blocks.append(Details("The least certain cells", [Table("The least certain cells", head, least)]))
    if missing["left_empty"]:
        rows = [[REASONS.get(key, key.replace("_", " ")), f"{n:,}"] for key, n in missing["left_empty"].items()]
        blocks.append(Table("Cells that were left as they are", ["because", "cells"], rows))
    elif filled is not None:
        blocks.append(said("No cell was left empty."))
    return Section(f"{prefix}-filled", "What was filled", [*blocks, *_marked(report.get("marked"))])


def _by_label(confusion: Report, report: Report) -> list[Block]:
    """Tabulate what was filled in for what, and how precise that is; for many labels only the latter."""
    labels = list(confusion)
    blocks: list[Block] = []
    if len(labels) <= MAX_LABELS:
        head = ["true label", *(said("filled with {}", name(label)) for label in labels)]
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


def _wrong(wrong: Report, n_filled: int) -> Markup:
    about = number(round(wrong["estimate"]))
    if "low" not in wrong:
        return said(
            "Of the {} about {} are expected to be wrong.", plural(n_filled, "filled cell"), number(wrong["estimate"])
        )
    ends = [number(round(wrong[key])) for key in ("low", "high")]
    text = said(
        "Of the {} about {} are expected to be wrong, with {} % probability {} to {}.",
        plural(n_filled, "filled cell"),
        about,
        round(100 * wrong["level"]),
        *ends,
    )
    held_out = wrong["by_held_out_labels"]
    if not wrong["agree"]:
        return said(
            "{} That is what known labels say that were hidden as labels are missing. <strong>By the probabilities it "
            "would be {}.</strong>",
            text,
            number(round(wrong["by_probabilities"])),
        )
    if held_out is None:
        return text
    return said(
        "{} The interval comes from draws of the whole model. Known labels alone, hidden as labels are missing, say {} "
        "({} to {}).",
        text,
        *(number(round(held_out[key])) for key in ("estimate", "low", "high")),
    )


def _place(one: Report) -> list[Any]:
    return [name(one["part"]), f"{one['line']:,}"] if "part" in one else [f"{one['line']:,}"]


def _places(listed: Any) -> list[str]:  # noqa: ANN401  # a list of rows
    return ["file", "line"] if listed and "part" in listed[0] else ["line"]


def _marked(marked: Report | None) -> list[Block]:
    """Name rows that are unlike all known ones, and those that hold nothing to go by."""
    if marked is None:
        return []
    blocks: list[Block] = []
    outside, blind = marked["out_of_range"], marked["without_predictors"]
    if outside["rows"]:
        text = said(
            "{} in rows beyond every row with a label (at most {} expected by chance): their labels are extrapolated.",
            "1 missing cell is" if outside["rows"] == 1 else f"{outside['rows']:,} missing cells are",
            number(round(outside["expected_by_chance"], 1)),
        )
        rows = [[f"{one['line']:,}", name(one["column"]), _value(one["value"])] for one in outside["listed"][:MAX_ROWS]]
        first = f", the first {MAX_ROWS} of {outside['rows']:,}" if outside["rows"] > len(rows) else ""
        table = Table(f"Rows out of range{first}", ["line", "column", "value"], rows)
        blocks += [text, Details("Rows out of range", [table])]
    if blind["rows"]:
        lines = names([str(line) for line in blind["lines"][:MAX_ROWS]], MAX_ROWS) if blind["lines"] else None
        text = said(
            "{} in rows without any predictor: filled by the labels’ shares alone.",
            "1 missing cell is" if blind["rows"] == 1 else f"{blind['rows']:,} missing cells are",
        )
        more = " and more" if blind["rows"] > MAX_ROWS else ""
        blocks.append(said("{} Lines {}{}.", text, lines, more) if lines else text)
    return blocks


def _value(value: Any) -> Any:  # noqa: ANN401  # a number or a text
    return name(value) if isinstance(value, str) else number(None) if value is None else f"{value:.7g}"
