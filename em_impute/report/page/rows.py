"""Sections about the rows: what was missing, and who is missing."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from em_impute.report.page.blocks import Block, Details, Figures, Section, Table, glued, name, names, of_rows, said
from em_impute.report.pictures.figures import Pictures
from em_impute.report.pictures.groups import labels_alone
from em_impute.report.reasons import reasons_table
from em_impute.report.words import number, p_value, percent, token_name
from em_impute.table.text import plural

__all__ = ["MAX_SHOWN", "common", "folded", "what_was_missing", "who_is_missing"]

Report = Mapping[str, Any]

MAX_SHOWN = 8
"""Rows of a table that stand in the open."""

MAX_LISTED = 100


def what_was_missing(report: Report, prefix: str) -> Section:
    """Count the cells, by their marks and by label, and list the columns that were used."""
    missing, parts = report["missing"], report.get("parts")
    tokens = [said("{} {}", f"{n:,}", name(token_name(token))) for token, n in missing["tokens"].items()]
    text = said("{} of {} had no label", plural(missing["cells"], "cell"), plural(report["input"]["rows"], "row"))
    if tokens:
        text = said("{} ({})", text, said(", ").join(tokens))
    blocks: list[Block] = [said("{}.", text)]
    if parts:
        drawn = parts["rows_drawn"]
        served = "the model was learnt from" if report.get("applied") is None else "the saved model was judged by"
        blocks.append(
            said(
                "The table was read in {}; {} {} with a label and {} without, drawn at random.",
                plural(parts["number"], "part"),
                served,
                plural(drawn["known"], "row"),
                f"{drawn['missing']:,}",
            )
        )
    rows = [
        [
            one["label"],
            f"{one['known']:,}",
            f"{one['filled']:,}",
            percent(one["share_known"]),
            percent(one["share_expected"]),
        ]
        for one in report["labels"]
    ]
    head = ["label", "known", "filled in", "share among known", "share expected of all rows"]
    blocks += folded("Labels of the column", head, of_rows(rows), common(report, [row[0] for row in rows]))
    return Section(f"{prefix}-missing", "What was missing", [*blocks, *_columns(report)])


def who_is_missing(report: Report, pictures: Pictures, prefix: str) -> Section | None:
    """Compare rows without a label with those that have one."""
    found = report.get("missingness")
    if found is None:
        return None
    blocks: list[Block] = [said("{}", glued(found["sentence"]))]
    if pictures.known_and_missing:
        reading = "Where the line runs apart from the grey area, rows without a label are unlike those with one."
        blocks.append(Figures(pictures.known_and_missing, reading))
    different = sorted(
        found["differences"], key=lambda one: -1.0 if one["smd"] is None else abs(one["smd"]), reverse=True
    )
    numbers = [one for one in different if one["type"] == "numeric"]
    if numbers:
        head = ["column", "mean (SD), known", "mean (SD), missing", "SMD", "KS", "p", "empty, known", "empty, missing"]
        rows = [[name(one["name"]), *_mean(one), _smd(one["smd"]), number(one["ks"]), *_tested(one)] for one in numbers]
        blocks += folded("Numbers among rows with a label and without one", head, rows)
    texts = [one for one in different if one["type"] == "categorical"]
    if texts:
        head = ["column", "share, known → missing", "SMD", "p", "empty, known", "empty, missing"]
        rows = [[name(one["name"]), _shifts(one), _smd(one["smd"]), *_tested(one)] for one in texts]
        blocks += folded("Categories among rows with a label and without one", head, rows)
    blocks.append(
        said(
            "SMD: difference of the means (missing less known) in standard deviations; 0.1 is little, 0.8 much. KS: "
            "largest distance between the two distributions, 0 to 1. p: how often chance alone would do as much. AUC: "
            "how often a row without a label would be told from one with a label by these columns."
        )
    )
    if found["reasons"] is not None:
        blocks += _reasons(found["reasons"], report)
    if found["rehearsal"] is not None:
        blocks.append(said("{}", found["rehearsal"]["sentence"]))
    return Section(f"{prefix}-who", "Who is missing", blocks)


def folded(caption: str, head: Sequence[Any], rows: Sequence[Sequence[Any]], shown: Sequence[int] = ()) -> list[Block]:
    """Show a few rows of a long table, those that `shown` names or the first ones, and all on demand."""
    if len(rows) <= MAX_SHOWN:
        return [Table(caption, head, rows)]
    picked = [rows[i] for i in shown or range(MAX_SHOWN)]
    which = "the most common" if shown else "the first"
    first: list[Block] = [Table(f"{caption}: {which} {len(picked)} of {len(rows):,}", head, picked)]
    more = "All of them" if len(rows) <= MAX_LISTED else f"The first {MAX_LISTED}"
    return [*first, Details(f"{more}: {caption}", [Table(caption, head, rows[:MAX_LISTED])])]


def common(report: Report, labels: Sequence[str]) -> list[int]:
    """Give the places of the labels that pictures draw by themselves, so that tables of many show the same."""
    alone = labels_alone(report["labels"])
    return [i for i, label in enumerate(labels) if label in alone]


def _columns(report: Report) -> list[Block]:
    """List the columns that served as predictors, and why the others did not; a saved model's are in its section."""
    features = report["features"]
    if report.get("applied") is not None:
        return []
    numbers = [one for one in features["used"] if one["type"] == "numeric"]
    rows = [[name(one["name"]), f"{one['missing']:,}", number(one["mean"]), number(one["sd"])] for one in numbers]
    blocks = (
        folded("Columns that were used: numbers", ["column", "cells missing", "mean", "standard deviation"], rows)
        if rows
        else []
    )
    texts = [
        [name(one["name"]), f"{one['missing']:,}", names(one["levels"], 8)]
        for one in features["used"]
        if one["type"] != "numeric"
    ]
    if texts:
        blocks += folded("Columns that were used: categories", ["column", "cells missing", "categories"], texts)
    if features["rejected"]:
        left = [[name(one["name"]), one["reason"]] for one in features["rejected"]]
        table = Table("Columns that were not used", ["column", "because"], left[:MAX_LISTED])
        blocks.append(Details(f"{plural(len(left), 'column')} not used", [table]))
    return blocks


def _mean(one: Report) -> list[str]:
    return [f"{number(side['mean'])} ({number(side['sd'])})" for side in (one["known"], one["missing"])]


def _tested(one: Report) -> list[str]:
    return [p_value(one["p_value"]), *(percent(side["share_missing"]) for side in (one["known"], one["missing"]))]


def _shifts(one: Report) -> Any:  # noqa: ANN401  # Markup
    known, missing = one["known"]["shares"], one["missing"]["shares"]
    texts = sorted(known, key=lambda text: -abs(missing[text] - known[text]))
    shown = [said("{}: {} → {}", name(text), percent(known[text]), percent(missing[text])) for text in texts[:4]]
    return said("{}{}", said("; ").join(shown), " …" if len(texts) > len(shown) else "")


def _smd(value: float | None) -> str:
    if value is None:
        return number(None)
    return f"{value:.2f}" if math.isfinite(value) else "∞"


def _reasons(reasons: Report, report: Report) -> list[Block]:
    """Say why labels are missing, and how often each is lost if it is the label that decides."""
    head, rows = reasons_table(reasons, report["totals"]["known"])
    labels = [row[0] for row in rows]
    table = folded("If labels are lost by class: how often each", head, of_rows(rows), common(report, labels))
    return [said("{}", glued(reasons["sentence"])), Details("How often each label is lost", table)]
