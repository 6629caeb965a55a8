"""Sections about the whole column: totals, what another mix would change, known labels that look wrong."""

from collections.abc import Mapping

from em_impute.report.document.blocks import Block, Details, Figures, Name, Section, Table, said
from em_impute.report.document.data import common, folded
from em_impute.report.format import number, percent, small_percent, span
from em_impute.report.model.findings import ShareEstimate
from em_impute.report.model.fit import FitReport
from em_impute.report.sentences import odd_labels
from em_impute.table.text import plural

MAX_ROWS = 20

COUNTS = (
    "How many rows of each label the whole column holds. Expected counts add up the probabilities; counting "
    "filled labels overstates the more likely one."
)


def the_totals(report: FitReport) -> Section | None:
    """Count the rows of each label in four ways."""
    totals, drawn = report.totals, report.totals.multiple_imputation
    if not report.missing.cells:
        return None
    blocks: list[Block] = [
        COUNTS,
        Figures(["totals"]),
    ]
    head = ["label", "known only", "known and filled", "expected", *(["drawn (95 %)"] if drawn else [])]
    rows = [
        [
            Name(label),
            known,
            totals.most_probable[label],
            totals.expected[label],
            *([f"{number(drawn[label].estimate)} ({span(drawn[label].low, drawn[label].high)})"] if drawn else []),
        ]
        for label, known in totals.known.items()
    ]
    shown = common(report, list(totals.known))
    blocks += folded("Rows of each label", head, rows, shown)
    if drawn:
        blocks.append(Details("If the rows are a sample", _shares(totals.shares or {}, shown)))
    return Section("totals", "Totals", blocks)


def _shares(shares: Mapping[str, ShareEstimate], shown: list[int]) -> list[Block]:
    """Tabulate what share of the population each label has, were the rows a sample."""
    rows = [
        [Name(label), percent(one.estimate), _ends(one.low, one.high), percent(one.missing_information)]
        for label, one in shares.items()
    ]
    text = (
        "If the rows are a sample, these are the shares in the population, by Rubin’s rules. Missing information: "
        "the part of the uncertainty that comes from the missing labels."
    )
    head = ["label", "share", "95 %", "missing information"]
    return [text, *folded("Shares in the population", head, rows, shown)]


def what_if_not(report: FitReport) -> Section | None:
    """Show what follows if labels are missing more often in one class."""
    found = report.sensitivity
    if found is None or not found.sweeps:
        return None
    blocks: list[Block] = [
        said(
            "What would follow if missing labels had another mix: suppose the odds of a label are exp(δ) times as high "
            "where it is missing. At δ = 0 nothing changes, at δ = 1 they are 2.7 times as high. {}",
            found.sentence,
        ),
        Figures(["sensitivity"]),
    ]
    head = ["label", *(f"δ = {delta:g}" for delta in found.deltas)]
    rows = [[Name(one.label), *(percent(share) for share in one.share)] for one in found.sweeps]
    inner: list[Block] = [Table("Expected share of all rows", head, rows)]
    if found.labels_left_out:
        inner.append(said("{} left out.", plural(found.labels_left_out, "less common label")))
    blocks.append(Details("In numbers", inner))
    return Section("delta", "If missingness depends on the label", blocks)


def suspects(report: FitReport) -> Section | None:
    """List known labels that look wrong."""
    audit, listed = report.audit, report.suspect_labels
    if audit is None:
        return None
    judged = "Each was judged by a model that had not seen it, or in a large table by that of all rows."
    blocks: list[Block] = [f"{odd_labels(audit)}. {judged} None was changed."]
    if listed:
        part = ["file"] if listed[0].part is not None else []
        rows = [
            [
                *([Name(one.part or "")] if part else []),
                *(one.line, Name(one.label), small_percent(one.probability)),
                *(Name(one.likely), percent(one.likely_probability)),
            ]
            for one in listed[:MAX_ROWS]
        ]
        head = [*part, "line", "label", "its probability", "more likely", "probability"]
        more = f": the {len(rows)} least probable of {audit.found:,}" if audit.found > len(rows) else ""
        blocks += folded(f"Known labels that look wrong{more}", head, rows)
    return Section("suspects", "Known labels that look wrong", blocks)


def _ends(*ends: float) -> str:
    return " to ".join(map(percent, ends))
