"""Sections about the rows: what was missing, and who is missing."""

from em_impute.missingness.values import Difference
from em_impute.report.document.blocks import Block, Details, Figures, Name, Section, Text, folded, joined, names, said
from em_impute.report.format import delimiter_name, known_and_missing, number, p_value, percent
from em_impute.report.model.evaluation import EvaluationReport
from em_impute.report.model.explanation import ExplanationReport
from em_impute.report.model.fit import FitReport
from em_impute.report.model.shared import Predictor
from em_impute.table.text import plural

MOST_MOVED, MAX_LEVELS = 4, 8
"""Categories named of a column."""

MEASURES = (
    "SMD: difference of the means (missing minus known) in standard deviations; 0.1 is small, 0.8 large. p: how often "
    "chance alone would give as much."
)


def was_read(report: FitReport | EvaluationReport | ExplanationReport) -> str:
    """Say what was read, and how many labels are known and missing."""
    source, known = report.input, sum(one.known for one in report.labels)
    shape = f"{plural(source.rows, 'row')}, {plural(source.columns, 'column')}"
    packed = "" if source.compression is None else f", {source.compression}"
    cells = known_and_missing(report.column, known, report.missing.tokens)
    return f"{source.path}: {shape}, {delimiter_name(source.delimiter)}-separated, {source.encoding}{packed}; {cells}."


def what_was_missing(report: FitReport) -> Section:
    """Count the cells by their marks, and list the columns that were used."""
    parts = report.parts
    blocks: list[Block] = [was_read(report)]
    if parts:
        drawn = parts.rows_drawn
        served = "the model was fitted to" if report.applied is None else "the saved model was judged by"
        known, number_of = plural(drawn.known, "row"), plural(len(parts.files), "part")
        text = "The table was read in {}; {} {} with a label and {} without, drawn at random."
        blocks.append(said(text, number_of, served, known, drawn.missing))
    if report.applied is None:  # a saved model's are in its section
        used = [[Name(one.name), one.kind or one.type, one.missing, _holds(one)] for one in report.features.used]
        table = folded("Columns used", ["column", "kind", "cells missing", "mean (SD), or categories"], used)
        blocks += [Details(f"{plural(len(report.features.columns), 'column')} used", table)] if used else []
        rejected = [[Name(one.name), one.reason] for one in report.features.rejected]
        blocks += folded("Columns not used", ["column", "reason"], rejected)
    return Section("missing", "What was missing", blocks)


def _holds(one: Predictor) -> Text | str:
    if one.levels:
        return names(one.levels, MAX_LEVELS)
    return "" if one.mean is None else f"{number(one.mean)} ({number(one.sd)})"


def who_is_missing(report: FitReport) -> Section | None:
    """Compare rows without a label with those that have one."""
    found = report.missingness
    if found is None:
        return None
    reading = "Where the line leaves the grey area, rows with and without a label differ."
    head = ["column", "holds", "SMD", "p", "empty"]
    rows = [
        [Name(one.name), _shift(one), one.smd and round(one.smd, 2), p_value(one.p_value), _empty(one)]
        for one in found.by_difference
    ]
    caption = "Columns in rows with and without a label (known → missing): mean (SD), or shares"
    blocks = [found.sentence, Figures(["known_and_missing"], reading), *folded(caption, head, rows), MEASURES]
    if found.reasons is not None:
        known, lost = report.totals.known, found.reasons.loss_rates
        losses = [[Name(label), known[label], percent(rate)] for label, rate in lost.items()]
        caption = "How often each label is lost, if that depends on the label"
        table = folded(caption, ["label", "known rows", "share lost"], losses)
        blocks += [found.reasons.sentence, Details("How often each label is lost", table)]
    if found.rehearsal is not None:
        blocks.append(found.rehearsal)
    return Section("who", "Who is missing", blocks)


def _empty(one: Difference) -> str:
    return " → ".join(percent(side.share_missing) for side in (one.known, one.missing))


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
