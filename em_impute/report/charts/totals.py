"""Charts of the whole column: shares counted in four ways, and what another mix among the missing would change."""

from collections.abc import Sequence

import numpy as np

from em_impute.diagnostics.values import Sensitivity
from em_impute.report.charts.axes import Panel, Scale, percent_ticks, scale_over
from em_impute.report.charts.groups import Chart, Group, Key, keys_of
from em_impute.report.charts.svg import SMALL, Drawing, shortened
from em_impute.report.format import percent
from em_impute.report.model.diagnostics import Totals

LEFT, TOP, RIGHT = 112.0, 14.0, SMALL - 20.0

ROW, HEADING = 17.0, 24.0

WAYS = ("known only", "most probable", "expected", "drawn, 95 %")

MARKERS = ("o", "s", "D", "o")
"""Of the ways."""


def totals_chart(name: str, totals: Totals, groups: Sequence[Group]) -> Chart | None:
    """Draw the share of each label as the four ways of counting give it; None where there is nothing to count.

    The less common labels together would stretch the axis until nothing can be seen of the others: they are left out.
    """
    rows = [(group, shares) for group in groups if group.is_one and (shares := _shares(totals, group.name))]
    if not rows or not sum(totals.expected.values()):
        return None
    x = _within([value for _, shares in rows for one in shares.values() for value in one], 0.06)
    bottom = TOP + sum(HEADING + ROW * len(shares) for _, shares in rows)
    panel = Panel(Drawing(name, SMALL, bottom + 46.0), LEFT, TOP, RIGHT, bottom, x, Scale(0.0, 1.0))
    ticks = percent_ticks(x, 4)
    for place in panel.across([value for value, _ in ticks]).tolist():
        panel.drawing.line([place, place], [TOP, bottom], "grid", width=1.0)
    at = TOP
    for group, shares in rows:
        panel.drawing.text(2.0, at + 15.0, group.name, shown=shortened(group.name))
        at += HEADING
        for way, one in shares.items():
            _estimate(panel, at + ROW / 2.0, way, one, group)
            at += ROW
    panel.x_axis("share of all rows", ticks)
    told = [
        f"{group.name}: {', '.join(f'{way} {percent(one[0])}' for way, one in all_.items())}" for group, all_ in rows
    ]
    svg = panel.drawing.svg("Share of each label, counted in four ways", f"{'; '.join(told)}.")
    caption = (
        "Where the markers of a label lie apart, it matters how one counts. Counting the filled labels (squares) "
        "overstates the more common one; expected counts (diamonds) do not."
    )
    if totals.multiple_imputation:
        caption += " The bar holds the share with 95 % probability."
    return Chart(name, svg, caption)


def sensitivity_chart(name: str, sensitivity: Sensitivity | None, groups: Sequence[Group]) -> Chart | None:
    """Draw the share of each label against δ; None where nothing was shifted."""
    look = {group.name: group for group in groups if group.is_one}
    sweeps = [(look[one.label], one) for one in (sensitivity.sweeps if sensitivity else ()) if one.label in look]
    if sensitivity is None or not sweeps:
        return None
    delta, first = sensitivity.deltas, sweeps[0][1].interval
    y = _within([*(value for _, one in sweeps for value in one.share), *(first or ())], 0.08)
    x = Scale(min(delta), max(delta))
    panel = Panel(Drawing(name, SMALL, 280.0), 52.0, 30.0, SMALL - 18.0, 234.0, x, y)
    keys = keys_of([group for group, _ in sweeps], "line")
    if first:
        low, high = (float(np.clip(end, y.low, y.high)) for end in first)
        band = panel.outline([x.low, x.high, x.high, x.low], [low, low, high, high])
        panel.drawing.area([band], "band", name="interval")
        keys += (Key("band", "its 95 % interval" if len(sweeps) == 1 else "95 % interval of the first"),)
    panel.y_axis("share of all rows", percent_ticks(y))
    panel.line([0.0, 0.0], [y.low, y.high], "muted", width=1.2, dash=(2.0, 3.0), name="zero")
    for group, one in sweeps:
        panel.line(delta, one.share, group.colour, width=2.4, dash=group.dash, name=f"label-{group.k}")
    panel.x_axis("δ")
    told = [f"{group.name} from {percent(one.share[0])} to {percent(one.share[-1])}" for group, one in sweeps]
    description = f"δ from {delta[0]:g} to {delta[-1]:g}: {'; '.join(told)}."
    svg = panel.drawing.svg("Shares under shifts of the odds", description)
    caption = (
        "At δ = 0 missing labels follow the same mix as known ones among similar rows. To the right the label is more "
        "common among the missing: at δ = 1 its odds are 2.7 times as high."
    )
    return Chart(name, svg, caption, keys)


def _within(shares: Sequence[float], margin: float) -> Scale:
    """Make an axis of shares, which leaves neither 0 nor 1 behind."""
    scale = scale_over(shares, margin=margin)
    return Scale(max(0.0, scale.low), min(1.0, scale.high))


def _shares(totals: Totals, label: str) -> dict[str, tuple[float, ...]]:
    """Give what each way of counting says: one share, or one with both ends of its interval."""
    found: dict[str, tuple[float, ...]] = {}
    for way, key in zip(WAYS, ("known", "most_probable", "expected"), strict=False):
        total = sum(getattr(totals, key).values())
        if total:
            found[way] = (getattr(totals, key).get(label, 0.0) / total,)
    drawn, n_rows = (totals.multiple_imputation or {}).get(label), sum(totals.expected.values())
    if drawn and n_rows:
        found[WAYS[-1]] = tuple(end / n_rows for end in (drawn.estimate, drawn.low, drawn.high))
    return found


def _estimate(panel: Panel, y: float, way: str, shares: tuple[float, ...], group: Group) -> None:
    panel.drawing.text(LEFT - 10.0, y, way, anchor="end", down=0.35, colour="muted")
    x, *ends = panel.across(shares).tolist()
    if ends:
        left, right = ends
        places = [left, left, left, right, right, right], [y - 4.0, y + 4.0, y, y, y - 4.0, y + 4.0]
        panel.drawing.line(*places, group.colour, width=2.0, name=f"interval-{group.k}")
    marker = MARKERS[WAYS.index(way)]
    panel.drawing.markers([x], [y], marker, group.colour, hollow=way == WAYS[0])
