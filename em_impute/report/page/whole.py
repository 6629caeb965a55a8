"""Sections about the whole column: totals, what another mix would change, known labels that look wrong."""

from collections.abc import Mapping
from typing import Any

from em_impute.report.page.blocks import Block, Details, Figures, Section, Table, glued, name, said
from em_impute.report.page.rows import common, folded
from em_impute.report.pictures.figures import Pictures
from em_impute.report.words import number, percent, small_percent
from em_impute.table.text import plural

__all__ = ["suspects", "the_totals", "what_if_not"]

Report = Mapping[str, Any]

MAX_ROWS = 20

MAX_SENTENCES = 3
"""Labels about which there is a sentence each; of more there is a table."""


def the_totals(report: Report, pictures: Pictures, prefix: str) -> Section | None:
    """Count the rows of each label in four ways."""
    totals, drawn = report["totals"], report["totals"].get("multiple_imputation")
    if not report["missing"]["cells"]:
        return None
    blocks: list[Block] = [
        said(
            "How many rows of each label the whole column holds. Expected counts add up the probabilities; counting "
            "filled labels overstates the likelier one."
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
    shown = common(report, list(totals["known"]))
    blocks += folded("Rows of each label", head, rows, shown)
    if drawn:
        blocks.append(Details("Shares where the rows come from", _shares(totals["shares"], shown)))
    return Section(f"{prefix}-totals", "Totals", blocks)


def _shares(shares: Report, shown: list[int]) -> list[Block]:
    """Tabulate what share of the population each label has, were the rows a sample."""
    rows = [
        [
            name(label),
            percent(one["estimate"]),
            f"{percent(one['low'])} to {percent(one['high'])}",
            percent(one["missing_information"]),
        ]
        for label, one in shares.items()
    ]
    text = said(
        "If the rows are a sample, these are the shares where they come from, by Rubin’s rules. Missing "
        "information: the part of the uncertainty that comes from the missing labels."
    )
    head = ["label", "share", "95 %", "missing information"]
    return [text, *folded("Shares in the population", head, rows, shown)]


def what_if_not(report: Report, pictures: Pictures, prefix: str) -> Section | None:
    """Show what follows if labels are missing more often in one class."""
    found = report.get("sensitivity")
    if found is None or not found["sweeps"]:
        return None
    blocks: list[Block] = [
        said(
            "Everything above takes it that a missing label is like a known one where the other columns are alike, "
            "which nobody can check. This shows what would follow if it were not so: let the odds of a label be exp(δ) "
            "times as high where it is missing; at δ = 0 nothing changes, at δ = 1 they are 2.7 times as high. {}",
            glued(found["sentence"]),
        )
    ]
    if pictures.sensitivity:
        blocks.append(Figures([pictures.sensitivity]))
    tested = [one for one in found["sweeps"] if one["interval"] is not None]
    if len(tested) <= MAX_SENTENCES:
        blocks += [said("The share of {} {}.", name(one["label"]), glued(_leaving(one))) for one in tested]
    else:
        rows = [
            [
                name(one["label"]),
                " to ".join(map(percent, one["interval"])),
                *map(_delta, one["leaves_interval"].values()),
            ]
            for one in tested
        ]
        head = ["label", "95 % interval of its share", "left below δ =", "and above δ ="]
        caption = "Where the share of a label would leave its interval"
        blocks.append(Details(caption, [Table(caption, head, rows)]))
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
            "chance if all labels are right. None was changed.",
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
                small_percent(one["probability"]),
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
    shown = [f"{side} δ = {_delta(delta)}" for side, delta in ends if delta is not None]
    if shown:
        return f"leaves its interval ({within}) {' and '.join(shown)}"
    return f"stays in its interval ({within}) for every δ within ±5"


def _delta(delta: float | None) -> str:
    return number(None) if delta is None else f"{delta:.2f}".replace("-", "−")
