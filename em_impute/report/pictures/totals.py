"""Pictures of the whole column: shares counted in four ways, and what another mix among the missing would change."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from em_impute.report.pictures.groups import Group, Key, Picture, keys_of
from em_impute.report.pictures.palette import BAND, GRID, MUTED
from em_impute.report.pictures.scale import Scale, scale_over
from em_impute.report.pictures.sheet import Panel, Sheet
from em_impute.report.words import percent

__all__ = ["sensitivity_picture", "totals_picture"]

Section = Mapping[str, Any]
Interval = tuple[float, float]

WIDTH = 360.0
LEFT, TOP, RIGHT, BOTTOM = 112.0, 14.0, 20.0, 46.0

ROW, HEADING = 17.0, 24.0

WAYS = ("known only", "most probable", "expected", "drawn, 95 %")


def totals_picture(name: str, totals: Section, groups: Sequence[Group]) -> Picture | None:
    """Draw the share of each label as the four ways of counting give it; None where there is nothing to count.

    The less common labels together would stretch the axis until nothing can be seen of the others: they are left out.
    """
    rows = [(group, shares) for group in groups if group.is_one and any(shares := _shares(totals, group))]
    if not rows or not sum(totals["expected"].values()):
        return None
    seen = [value for _, shares in rows for one in shares if one for value in one[:3]]
    x = scale_over(seen, margin=0.06)
    x = Scale(max(0.0, x.low), min(1.0, x.high))
    n_ways = max(sum(one is not None for one in shares) for _, shares in rows)
    height = len(rows) * (HEADING + ROW * n_ways)
    panel = Panel(Sheet(WIDTH, TOP + height + BOTTOM), LEFT, TOP, WIDTH - LEFT - RIGHT, height, x)
    ticks = [(value, f"{100.0 * value:.4g} %") for value, _ in x.ticks(3)]
    for place in panel.across([value for value, _ in ticks]).tolist():
        panel.sheet.line([place, place], [TOP, panel.bottom], colour=GRID, width=1.0)
    at = TOP
    for group, shares in rows:
        panel.sheet.text(4.0, at + 15.0, group.name, most=50)
        at += HEADING
        for way, one in zip(WAYS, shares, strict=True):
            if one is not None:
                _estimate(panel, at + ROW / 2.0, way, one, group)
                at += ROW
    panel.x_axis("share of all rows", ticks=ticks)
    told = [
        f"{group.name}: {', '.join(f'{way} {percent(one[0])}' for way, one in zip(WAYS, shares, strict=True) if one)}"
        for group, shares in rows
    ]
    svg = panel.sheet.svg(name, "Share of each label, counted in four ways", f"{'; '.join(told)}.")
    caption = (
        "Where the markers of a label lie apart, it matters how one counts. Counting the filled labels (squares) "
        "overstates the likelier one; expected counts (diamonds) do not."
    )
    if totals.get("multiple_imputation"):
        caption += " The bar holds the share with 95 % probability."
    return Picture(name, svg, caption)


def sensitivity_picture(name: str, section: Section | None, groups: Sequence[Group]) -> Picture | None:
    """Draw the share of each label against δ; None where nothing was shifted."""
    if not section or not section["sweeps"]:
        return None
    look = {label: group for group in groups for label in group.labels if group.is_one}
    sweeps = [(look[one["label"]], one) for one in section["sweeps"] if one["label"] in look]
    if not sweeps:
        return None
    delta = section["deltas"]
    first = sweeps[0][1]["interval"]
    y = scale_over([*(value for _, one in sweeps for value in one["share"]), *(first or ())], margin=0.08)
    y = Scale(max(0.0, y.low), min(1.0, y.high))
    panel = Panel(Sheet(WIDTH, 280.0), 56.0, 30.0, WIDTH - 74.0, 204.0, Scale(min(delta), max(delta)), y)
    keys = list(keys_of([group for group, _ in sweeps], "line"))
    if first:
        low, high = (np.clip(end, y.low, y.high) for end in first)
        panel.sheet.area(
            [panel.outline([delta[0], delta[-1], delta[-1], delta[0]], [low, low, high, high])],
            colour=BAND,
            name="interval",
        )
        keys.append(Key("band", "its 95 % interval" if len(sweeps) == 1 else "95 % interval of the first"))
    panel.y_axis("share of all rows", ticks=[(value, f"{100.0 * value:.4g} %") for value, _ in y.ticks(4)])
    panel.line([0.0, 0.0], [y.low, y.high], colour=MUTED, width=1.2, dash=(2.0, 3.0), name="zero")
    for group, one in sweeps:
        panel.line(delta, one["share"], colour=group.colour, width=2.4, dash=group.dash, name=f"label-{group.k}")
    panel.x_axis("δ")
    told = [f"{group.name} from {percent(one['share'][0])} to {percent(one['share'][-1])}" for group, one in sweeps]
    svg = panel.sheet.svg(
        name, "Shares under shifts of the odds", f"δ from {delta[0]:g} to {delta[-1]:g}: {'; '.join(told)}."
    )
    caption = (
        "In the middle (δ = 0) missing rows hold the same mix as known rows with the same measurements. To the right "
        "the label is more common among the missing: at δ = 1 its odds are 2.7 times as high."
    )
    return Picture(name, svg, caption, tuple(keys))


def _shares(totals: Section, group: Group) -> list[tuple[float, ...] | None]:
    """Give what each way of counting says: one number, or one with both ends of its interval; None without it."""
    found: list[tuple[float, ...] | None] = []
    for key in ("known", "most_probable", "expected"):
        total = sum(totals[key].values())
        of_group = sum(totals[key].get(label, 0.0) for label in group.labels)
        found.append((of_group / total,) if total else None)
    drawn = totals.get("multiple_imputation")
    n_rows = sum(totals["expected"].values())
    if drawn and group.is_one and group.name in drawn and n_rows:
        one = drawn[group.name]
        found.append((one["estimate"] / n_rows, one["low"] / n_rows, one["high"] / n_rows))
    else:
        found.append(None)
    return found


def _estimate(panel: Panel, y: float, way: str, one: tuple[float, ...], group: Group) -> None:
    markers = dict(zip(WAYS, ("o", "s", "D", "o"), strict=True))
    panel.sheet.text(LEFT - 10.0, y + 4.0, way, anchor="right", colour=MUTED)
    if len(one) > 1:
        ends = panel.across(one[1:])
        panel.sheet.line(ends, [y, y], colour=group.colour, width=2.4, name=f"interval-{group.k}")
        panel.sheet.line(
            [ends[0], ends[0], np.nan, ends[1], ends[1]], [y - 4, y + 4, np.nan, y - 4, y + 4], colour=group.colour
        )
    hollow = way == "known only"
    panel.sheet.markers(panel.across(one[:1]), [y], markers[way], colour=group.colour, hollow=hollow, size=7.0)
