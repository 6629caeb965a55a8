"""Sections about the whole column: totals, what another mix would change, known labels that look wrong."""

from collections.abc import Mapping
from typing import Any

from em_impute.report.page.blocks import Block, Details, Figures, Section, Table, name, said
from em_impute.report.page.rows import folded
from em_impute.report.pictures.figures import Pictures
from em_impute.report.words import number, percent
from em_impute.table.text import plural

__all__ = ["suspects", "the_totals", "what_if_not"]

Report = Mapping[str, Any]

MAX_ROWS = 20


def the_totals(report: Report, pictures: Pictures, prefix: str) -> Section | None:
    """Count the rows of each label in four ways."""
    totals, drawn = report["totals"], report["totals"].get("multiple_imputation")
    if not report["missing"]["cells"]:
        return None
    blocks: list[Block] = [
        said(
            "How many rows of each label the whole column holds. Expected counts add up the probabilities; counting "
            "filled "
            "labels overstates the likelier one."
        )
    ]
    if pictures.totals:
        blocks.append(Figures([pictures.totals]))
    head = ["label", "known only", "known and filled", "expected", *(["drawn (95 %)"] if drawn else [])]
    rows = [
        [
            name(label),
            f"{known:,}",
            f"{totals['most_probable'][label]:,}",
            number(totals["expected"][label]),
            *([f"{number(drawn[label]['estimate'])} ({_range(drawn[label])})"] if drawn else []),
        ]
        for label, known in totals["known"].items()
    ]
    blocks += folded("Rows of each label", head, rows)
    if drawn:
        rows = [
            [
                name(label),
                percent(one["estimate"]),
                f"{percent(one['low'])} to {percent(one['high'])}",
                percent(one["missing_information"]),
            ]
            for label, one in totals["shares"].items()
        ]
        text = said("If the rows are a sample, these are the shares where they come from, by Rubin’s rules.")
        inner: list[Block] = [
            text,
            *folded("Shares in the population", ["label", "share", "95 %", "missing information"], rows),
        ]
        blocks.append(Details("Shares where the rows come from", inner))
    return Section(f"{prefix}-totals", "Totals", blocks)


def what_if_not(report: Report, pictures: Pictures, prefix: str) -> Section | None:
    """Show what follows if labels are missing more often in one class."""
    found = report.get("sensitivity")
    if found is None or not found["sweeps"]:
        return None
    blocks: list[Block] = [
        said(
            "All of this takes it that a missing label is like a known one where the other columns are alike. If it "
            "is not, "
            "let its odds be exp(δ) times as high where it is missing. {}",
            found["sentence"],
        )
    ]
    if pictures.sensitivity:
        blocks.append(Figures([pictures.sensitivity]))
    blocks += [
        said("The share of {} {}.", name(one["label"]), _leaving(one))
        for one in found["sweeps"]
        if one["interval"] is not None
    ]
    head = ["label", *(f"δ = {delta:g}" for delta in found["deltas"])]
    rows = [[name(one["label"]), *(percent(share) for share in one["share"])] for one in found["sweeps"]]
    inner: list[Block] = [Table("Expected share of all rows", head, rows)]
    if found["labels_left_out"]:
        inner.append(said("{} left out.", plural(found["labels_left_out"], "less common label")))
    blocks.append(Details("In numbers", inner))
    return Section(f"{prefix}-delta", "If missingness depends on the label", blocks)


def suspects(report: Report, prefix: str) -> Section | None:
    """List known labels that look wrong."""
    audit, listed = report.get("audit"), report["suspect_labels"]
    if audit is None:
        return None
    drawn = f" drawn from {audit['drawn_from']:,}" if audit["drawn_from"] else ""
    expected = f"{audit['expected']:.1f}" if audit["expected"] < 20 else f"{audit['expected']:,.0f}"  # noqa: PLR2004
    blocks: list[Block] = [
        said(
            "{} of {}{} {} a probability below {} %, each judged by a model that was not shown it; {} are expected by "
            "chance "
            "if all labels are right. None was changed.",
            f"{audit['found']:,}",
            plural(audit["examined"], "known label"),
            drawn,
            "has" if audit["found"] == 1 else "have",
            f"{100.0 * audit['threshold']:g}",
            expected,
        )
    ]
    if listed:
        part = ["file"] if "part" in listed[0] else []
        rows = [
            [
                *([name(one["part"])] if part else []),
                f"{one['line']:,}",
                name(one["label"]),
                _small(one["probability"]),
                name(one["likely"]),
                percent(one["likely_probability"]),
            ]
            for one in listed[:MAX_ROWS]
        ]
        head = [*part, "line", "label", "its probability", "more likely", "probability"]
        more = f": the {len(rows)} least probable of {audit['found']:,}" if audit["found"] > len(rows) else ""
        blocks += folded(f"Known labels that look wrong{more}", head, rows)
    return Section(f"{prefix}-suspects", "Known labels that look wrong", blocks)


def _range(one: Report) -> str:
    return f"{number(round(one['low']))} to {number(round(one['high']))}"


def _leaving(one: Report) -> str:
    within = " to ".join(map(percent, one["interval"]))
    ends = [(side, one["leaves_interval"][side]) for side in ("below", "above")]
    shown = [f"{side} δ = {delta:.2f}" for side, delta in ends if delta is not None]
    if shown:
        return f"leaves its interval ({within}) {' and '.join(shown)}"
    return f"stays in its interval ({within}) for every δ within ±5"


def _small(probability: float) -> str:
    return f"{100.0 * probability:.2g} %" if probability >= 0.0001 else "< 0.01 %"  # noqa: PLR2004
