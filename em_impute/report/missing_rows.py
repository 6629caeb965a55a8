"""Who is missing, and what would follow if labels were missing more often in one class: sections, Markdown, lines."""

import math
from collections.abc import Iterable
from typing import Any

from em_impute.diagnostics.sensitivity import Sensitivity
from em_impute.missingness.missingness import Difference, Missingness, Side
from em_impute.report.fit_report import Section
from em_impute.report.reasons import LIKELY, reasons_markdown
from em_impute.report.tables import cell, table
from em_impute.report.words import number, p_value, percent
from em_impute.table.text import listed, plural

__all__ = [
    "sensitivity_line",
    "sensitivity_markdown",
    "sensitivity_section",
    "who_line",
    "who_markdown",
    "who_section",
]

ALLOWED_FOR = (
    "Fills allow for labels that are lost at a rate of their own. The data cannot prove that nothing else decides: "
    "the sweep of δ shows what would follow."
)
UNPROVEN = (
    "Filling takes it that, at equal predictors, missing and known rows hold the same mix of labels. The data cannot "
    "prove this: the labels that would are the missing ones. The sweep of δ shows what would follow if it were not so."
)

MAX_LISTED = 20
"""Predictors in a table of Markdown; JSON has them all."""

MAX_TEXTS = 4
"""Texts of a category shown there: those whose shares differ most."""

MAX_NAMED = 2
LONGEST_NAME = 16
"""In a line of the terminal's summary."""

CHANCE = 0.5
"""Area under the ROC curve of a score that means nothing."""


def who_section(
    missingness: Missingness | None, reasons: Section | None, rehearsal: Section | None
) -> dict[str, Any] | None:
    """Say how rows without a label differ from those with one; None where there are none of one kind."""
    if missingness is None:
        return None
    interval = missingness.auc_interval
    return {
        "rows": {"known": missingness.n_known, "missing": missingness.n_missing},
        "looked_at": {"known": missingness.known_looked_at, "missing": missingness.missing_looked_at},
        "differences": [_difference(one) for one in missingness.differences],
        "auc": missingness.auc,
        "auc_interval": None if interval is None else list(interval),
        "reasons": reasons,
        "rehearsal": rehearsal,
        "sentence": f"{_evidence(missingness)} {ALLOWED_FOR if _allows(reasons) else UNPROVEN}",
    }


def who_markdown(section: Section | None) -> Iterable[str]:
    """Write the section about who is missing, line by line."""
    if section is None:
        return
    yield "## Who is missing\n"
    rows, looked_at = section["rows"], section["looked_at"]
    drawn = f"; {looked_at['known']:,} and {looked_at['missing']:,} of them were drawn" if looked_at != rows else ""
    yield f"{plural(rows['known'], 'row')} with a label compared with {rows['missing']:,} without one{drawn}.\n"
    different = sorted(section["differences"], key=_how_different, reverse=True)
    yield from _numbers([one for one in different if one["type"] == "numeric"])
    yield from _categories([one for one in different if one["type"] == "categorical"])
    yield "SMD is the difference of the means, missing less known, in standard deviations; of a category it is the"
    yield "distance of the shares in the same units.\n"
    if section["reasons"] is not None:
        yield from reasons_markdown(section["reasons"])
    if section["rehearsal"] is not None:
        yield f"{section['rehearsal']['sentence']}\n"
    yield f"{section['sentence']}\n"


def who_line(section: Section) -> str:
    """Say in one line how well missing rows can be told from known ones, and by which predictors."""
    different = sorted(section["differences"], key=_how_different, reverse=True)
    named = [f"{_short(one['name'])} {_smd(one['smd'])}" for one in different[:MAX_NAMED] if one["smd"]]
    by = f", SMD {', '.join(named)}" if named else ""
    if section["auc"] is None:
        return f"too few rows of one kind to tell missing from known{by}"
    low, high = section["auc_interval"]
    return f"missing from known: AUC {section['auc']:.2f} ({low:.2f} to {high:.2f}; 0.5 is chance){by}"


def sensitivity_section(sensitivity: Sensitivity | None) -> dict[str, Any] | None:
    """Say what the completed column would hold under shifts of a label's log-odds."""
    if sensitivity is None:
        return None
    tipping = sensitivity.tipping
    return {
        "deltas": list(sensitivity.deltas),
        "sweeps": [
            {
                "label": one.label,
                "total": one.total.tolist(),
                "share": one.share.tolist(),
                "interval": None if one.interval is None else list(one.interval),
                "leaves_interval": {"below": one.leaves[0], "above": one.leaves[1]},
            }
            for one in sensitivity.sweeps
        ],
        "most_common": sensitivity.most_common,
        "tipping": None if tipping is None else tipping._asdict(),
        "rows": {"known": sensitivity.n_known, "missing": sensitivity.n_missing},
        "labels_left_out": sensitivity.left_out,
        "sentence": _consequence(sensitivity),
    }


def sensitivity_markdown(section: Section | None) -> Iterable[str]:
    """Write the section about labels that are missing by their class, line by line."""
    if section is None or not section["sweeps"]:
        return
    yield "## If missingness depends on the label\n"
    yield "A shift δ makes the odds of a label exp(δ) times as high in rows where it is missing as in rows where it is"
    yield "known and the predictors are the same. Expected share of the label among all rows:\n"
    rows = [[one["label"], *(percent(share) for share in one["share"])] for one in section["sweeps"]]
    yield from table(["label", *(f"δ = {delta:g}" for delta in section["deltas"])], rows)
    if section["labels_left_out"]:
        yield f"{plural(section['labels_left_out'], 'less common label')} left out.\n"
    for one in section["sweeps"]:
        if one["interval"] is not None:
            within = " to ".join(map(percent, one["interval"]))
            yield f"The share of {cell(one['label'])} {_leaving(one['leaves_interval'], within)}.\n"
    yield f"{cell(section['sentence'])}\n"


def sensitivity_line(section: Section) -> str:
    """Say in one line how much a shift by 1 changes, and which shift makes another label the most common one."""
    sweeps = {one["label"]: one["share"] for one in section["sweeps"]}
    if not sweeps:
        return "one label only: nothing to shift"
    label = section["most_common"] if section["most_common"] in sweeps else next(iter(sweeps))
    at = {delta: percent(sweeps[label][i]) for i, delta in enumerate(section["deltas"])}
    said = f"{_short(label)} {at[0.0]} of all rows, {at[-1.0]} at δ = -1, {at[1.0]} at δ = 1"
    tipping = section["tipping"]
    if tipping is None:
        return f"{said}; no δ makes another most common"
    whose = "" if tipping["label"] == label else f" of {_short(tipping['label'])}"
    return f"{said}; {_short(tipping['most_common'])} most common at δ{whose} = {tipping['delta']:.2f}"


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "name": one.name,
        "type": one.kind,
        "known": _side(one.known),
        "missing": _side(one.missing),
        "smd": one.smd,
        "ks": one.ks,
        "p_value": one.p_value,
    }


def _side(side: Side) -> dict[str, Any]:
    if side.shares is not None:
        return {"shares": dict(side.shares), "share_missing": side.missing}
    return {"mean": side.mean, "sd": side.sd, "share_missing": side.missing}


def _allows(reasons: Section | None) -> bool:
    """Tell whether the fills take labels to be lost by class."""
    return bool(reasons and reasons["fills_allow_for_it"] and reasons["probability"]["by_class"] > LIKELY)


def _evidence(missingness: Missingness) -> str:
    if missingness.auc is None or missingness.auc_interval is None:
        return "There are too few rows of one kind to tell whether missing and known rows differ in their predictors."
    low, high = missingness.auc_interval
    seen = f"AUC {missingness.auc:.2f}, 95 %: {low:.2f} to {high:.2f}"
    if low > CHANCE:
        return (
            f"Missing and known rows differ in their predictors ({seen}; 0.5 is chance): labels are not missing "
            "completely at random. That alone does no harm, since filling goes by the predictors."
        )
    return f"Missing and known rows are not seen to differ in their predictors ({seen}; 0.5 is chance)."


def _consequence(sensitivity: Sensitivity) -> str:
    if sensitivity.tipping is None:
        return f"No δ within ±5 for one label makes another one than {sensitivity.most_common} the most common label."
    label, delta, other = sensitivity.tipping
    return (
        f"{sensitivity.most_common} is the most common label of the completed column; beyond δ = {delta:.2f} for "
        f"{label} it would be {other}."
    )


def _numbers(different: list[Section]) -> Iterable[str]:
    if not different:
        return
    head = ["column", "mean (sd), known", "mean (sd), missing", "SMD", "KS", "p", "cells missing: known", "missing"]
    rows = [
        [
            one["name"],
            *(f"{number(side['mean'])} ({number(side['sd'])})" for side in (one["known"], one["missing"])),
            _smd(one["smd"]),
            number(one["ks"]),
            p_value(one["p_value"]),
            *(percent(side["share_missing"]) for side in (one["known"], one["missing"])),
        ]
        for one in different[:MAX_LISTED]
    ]
    yield from table(head, rows)
    yield from _and_more(different)


def _categories(different: list[Section]) -> Iterable[str]:
    if not different:
        return
    rows = [
        [
            one["name"],
            _shifts(one["known"]["shares"], one["missing"]["shares"]),
            _smd(one["smd"]),
            p_value(one["p_value"]),
            *(percent(side["share_missing"]) for side in (one["known"], one["missing"])),
        ]
        for one in different[:MAX_LISTED]
    ]
    yield from table(["column", "share, known → missing", "SMD", "p", "cells missing: known", "missing"], rows)
    yield from _and_more(different)


def _shifts(known: Section, missing: Section) -> str:
    """Name the texts whose shares differ most."""
    texts = sorted(known, key=lambda text: -abs(missing[text] - known[text]))
    return listed([f"{text}: {percent(known[text])} → {percent(missing[text])}" for text in texts], MAX_TEXTS)


def _and_more(different: list[Section]) -> Iterable[str]:
    if len(different) > MAX_LISTED:
        yield f"… and {len(different) - MAX_LISTED:,} that differ less.\n"


def _leaving(leaves: Section, within: str) -> str:
    sides = [("below", leaves["below"]), ("above", leaves["above"])]
    shown = [f"{side} δ = {delta:.2f}" for side, delta in sides if delta is not None]
    if shown:
        return f"leaves its interval ({within}) {' and '.join(shown)}"
    return f"stays in its interval ({within}) for every δ within ±5"


def _how_different(one: Section) -> float:
    return -1.0 if one["smd"] is None else abs(one["smd"])


def _smd(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if math.isfinite(value) else "∞" if value > 0.0 else "-∞"


def _compared(p: str) -> str:
    return p if p.startswith("<") else f"= {p}"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
