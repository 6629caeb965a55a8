"""Sections about the rows: what was missing, and who is missing."""

from collections.abc import Sequence
from typing import Any

from em_impute.missingness.values import CategorySide, Difference, NumberSide
from em_impute.report.charts.groups import labels_alone
from em_impute.report.document.blocks import (
    MAX_LISTED,
    Block,
    Details,
    Figures,
    Name,
    Section,
    Table,
    Text,
    joined,
    names,
    said,
)
from em_impute.report.format import number, p_value, percent, token_name
from em_impute.report.model.findings import MissingReasons
from em_impute.report.model.fit import FitReport
from em_impute.report.sentences import smd
from em_impute.table.text import plural


def what_was_missing(report: FitReport) -> Section:
    """Count the cells, by their marks and by label, and list the columns that were used."""
    missing, parts = report.missing, report.parts
    tokens = [said("{} {}", n, Name(token_name(token))) for token, n in missing.tokens.items()]
    marks = said(" ({})", joined(", ", tokens)) if tokens else ""
    rows = plural(report.input.rows, "row")
    blocks: list[Block] = [said("{} of {} had no label{}.", missing.cells, rows, marks)]
    if parts:
        drawn = parts.rows_drawn
        served = "the model was fitted to" if report.applied is None else "the saved model was judged by"
        blocks.append(
            said(
                "The table was read in {}; {} {} with a label and {} without, drawn at random.",
                plural(len(parts.files), "part"),
                served,
                plural(drawn.known, "row"),
                drawn.missing,
            )
        )
    labels = [
        [Name(one.label), one.known, one.filled, percent(one.share_known), percent(one.share_expected)]
        for one in report.labels
    ]
    head = ["label", "known", "filled in", "share among known", "share expected of all rows"]
    blocks += folded("Labels of the column", head, labels, common(report, [one.label for one in report.labels]))
    return Section("missing", "What was missing", [*blocks, *_columns(report)])


def who_is_missing(report: FitReport) -> Section | None:
    """Compare rows without a label with those that have one."""
    found = report.missingness
    if found is None:
        return None
    blocks: list[Block] = [found.sentence]
    reading = "Where the line leaves the grey area, rows with and without a label differ."
    blocks.append(Figures(["known_and_missing"], reading))
    different = found.by_difference
    numbers = [one for one in different if one.type == "numeric"]
    if numbers:
        head = ["column", "mean (SD), known", "mean (SD), missing", "SMD", "KS", "p", "empty, known", "empty, missing"]
        rows = [[Name(one.name), *_mean(one), smd(one.smd), one.ks, *_tested(one)] for one in numbers]
        blocks += folded("Numeric columns in rows with and without a label", head, rows)
    texts = [one for one in different if one.type == "categorical"]
    if texts:
        head = ["column", "share, known → missing", "SMD", "p", "empty, known", "empty, missing"]
        shifts = [[Name(one.name), _shifts(one), smd(one.smd), *_tested(one)] for one in texts]
        blocks += folded("Categorical columns in rows with and without a label", head, shifts)
    blocks.append(
        said(
            "SMD: difference of the means (missing minus known) in standard deviations; 0.1 is small, 0.8 large. KS: "
            "largest distance between the two distributions, 0 to 1. p: how often chance alone would give as much. "
            "AUC: how often these columns would distinguish a row without a label from one with a label."
        )
    )
    if found.reasons is not None:
        blocks += _reasons(found.reasons, report)
    if found.rehearsal is not None:
        blocks.append(found.rehearsal.sentence)
    return Section("who", "Who is missing", blocks)


def folded(caption: str, head: Sequence[Any], rows: Sequence[Sequence[Any]], shown: Sequence[int] = ()) -> list[Block]:
    """Make a table of which a few rows may stand for all: those that `shown` names, or the first ones."""
    return [Table(caption, head, rows, is_long=True, common=shown)] if rows else []


def common(report: FitReport, labels: Sequence[str]) -> list[int]:
    """Give the places of the labels that charts draw by themselves, so that tables of many show the same."""
    alone = labels_alone(report.labels)
    return [i for i, label in enumerate(labels) if label in alone]


def _columns(report: FitReport) -> list[Block]:
    """List the columns that served as predictors, and why the others did not; a saved model's are in its section."""
    features = report.features
    if report.applied is not None:
        return []
    used: list[Block] = []
    numbers = [[Name(one.name), one.missing, one.mean, one.sd] for one in features.used if one.type == "numeric"]
    used += folded("Numeric columns", ["column", "cells missing", "mean", "standard deviation"], numbers)
    texts = [
        [Name(one.name), one.missing, names(one.levels or (), 8)] for one in features.used if one.type == "categorical"
    ]
    used += folded("Categorical columns", ["column", "cells missing", "categories"], texts)
    long = [[Name(one.name), one.missing] for one in features.used if one.type == "text"]
    used += folded("Columns of texts", ["column", "cells missing"], long)
    blocks: list[Block] = [Details(f"{plural(len(features.columns), 'column')} used", used)] if used else []
    if features.rejected:
        left = [[Name(one.name), one.reason] for one in features.rejected]
        table = Table("Columns not used", ["column", "reason"], left[:MAX_LISTED])
        blocks.append(Details(f"{plural(len(left), 'column')} not used", [table]))
    return blocks


def _mean(one: Difference) -> list[str]:
    return [
        f"{number(side.mean)} ({number(side.sd)})" for side in (one.known, one.missing) if isinstance(side, NumberSide)
    ]


def _tested(one: Difference) -> list[str]:
    return [p_value(one.p_value), *(percent(side.share_missing) for side in (one.known, one.missing))]


def _shifts(one: Difference) -> Text:
    known, missing = (side.shares if isinstance(side, CategorySide) else {} for side in (one.known, one.missing))
    texts = sorted(known, key=lambda text: -abs(missing[text] - known[text]))
    shown = [said("{}: {} → {}", Name(text), percent(known[text]), percent(missing[text])) for text in texts[:4]]
    return said("{}{}", joined("; ", shown), " …" if len(texts) > len(shown) else "")


def _reasons(reasons: MissingReasons, report: FitReport) -> list[Block]:
    """Say why labels are missing, and how often each is lost if it is the label that decides."""
    head = ["label", "known rows", "share lost"]
    known, labels = report.totals.known, list(reasons.loss_rates)
    rows = [[Name(label), known[label], percent(rate)] for label, rate in reasons.loss_rates.items()]
    table = folded("How often each label is lost, if that depends on the label", head, rows, common(report, labels))
    return [reasons.sentence, Details("How often each label is lost", table)]
