"""Small charts of the whole column: calibration, what is filled, totals, a shift of the odds, and EM's path."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from em_impute.diagnostics.values import Sensitivity
from em_impute.ensemble.metrics import wilson_interval
from em_impute.report.charts.axes import Panel, Scale, percent_ticks, room_for, scale_over
from em_impute.report.charts.groups import DASHED, Chart, Group, Key, keys_of
from em_impute.report.charts.svg import SMALL, Drawing
from em_impute.report.format import percent, shortened
from em_impute.report.model.findings import Accuracy, Totals
from em_impute.report.model.mixture import BaselineEm

LEFT, TOP, RIGHT, FOOT = 52.0, 30.0, SMALL - 18.0, 46.0

FEWEST = 2
"""Points that a line takes."""

NAMED_SHARES = (0.25, 0.5, 0.75)
"""Where the probability that is reached is written to the curve."""

MAX_STARTS = 30
"""Paths that are drawn; what lies above each other shows no more."""

NAME_WIDTH, TOTALS_TOP, TOTALS_RIGHT, ROW, HEADING = 112.0, 14.0, SMALL - 20.0, 17.0, 24.0
"""Of the chart of totals."""

WAYS = {"known only": "o", "most probable": "s", "expected": "D", "drawn, 95 %": "o"}
"""Of counting, and their markers."""


class Surest(NamedTuple):
    """The surest rows, the least probability of their labels, and how right they were, with a 95 % interval."""

    share: float
    at_least: float
    right: float
    low: float
    high: float


def reliability_chart(name: str, accuracy: Accuracy | None) -> Chart | None:
    """Draw for rows of about the same probability the share that was right, with 95 % intervals."""
    bins = accuracy.reliability if accuracy else ()
    if not bins:
        return None
    rows, stated, right = np.transpose(bins)
    low, high = np.transpose([wilson_interval(one.accuracy, float(one.rows)) for one in bins])
    x = _percentages(float(stated.min()))
    panel = _panel(name, 254.0, x, _percentages(min(float(low.min()), x.low)))
    panel.y_axis("share that was right", percent_ticks(panel.y))
    panel.line([x.low, 1.0], [x.low, 1.0], "muted", width=1.3, dash=DASHED, name="diagonal")
    across, gaps = panel.across(stated), np.full(stated.size, np.nan)
    intervals = np.column_stack([panel.down(low), panel.down(high), gaps]).ravel()
    panel.drawing.line(np.repeat(across, 3), intervals, "ink", width=1.3, name="intervals")
    panel.drawing.markers(across, panel.down(right), "o", "ink", name="bins")
    panel.x_axis("stated probability", percent_ticks(x))
    told = "; ".join(f"stated {percent(one.probability)}, right {percent(one.accuracy)}" for one in bins)
    svg = panel.drawing.svg("Stated probability and share that was right", f"{told}.")
    several = "" if rows.min() == rows.max() else f" to {rows.max():,.0f}"
    caption = (
        f"Each point is {rows.min():,.0f}{several} hidden rows of about the same probability: "
        "the stated probability (across) and the share that was right (up). On the dashed line both agree; above the "
        "line the model is underconfident, below it overconfident."
    )
    return Chart(name, svg, caption, (Key("filled", "share right, with 95 % interval"), Key("dashed", "as stated")))


def coverage_chart(name: str, accuracy: Accuracy | None) -> Chart | None:
    """Draw how right the fills are if only the most certain ones are made."""
    curve = fill_curve(accuracy) if accuracy else []
    if accuracy is None or len(curve) < FEWEST:
        return None
    share, at_least, right, low, high = np.transpose(curve)
    baseline = accuracy.baseline_accuracy
    y = _percentages(min(float(low.min()), baseline))
    panel = _panel(name, 254.0, Scale(0.0, 1.0), y)
    band = np.vstack([panel.outline(share, low), panel.outline(share, high)[::-1]])
    panel.drawing.area([band], "band", name="interval")
    panel.y_axis("share that is right", percent_ticks(y))
    panel.line([0.0, 1.0], [baseline, baseline], "muted", width=1.3, dash=DASHED, name="baseline")
    panel.line(share, right, "ink", width=2.2, name="right")
    for i in (int(np.abs(share - wanted).argmin()) for wanted in NAMED_SHARES):
        x, down = panel.outline(share[i : i + 1], right[i : i + 1]).T
        panel.drawing.markers(x, down, "o", "ink")
        panel.drawing.text(x[0] - 4.0, down[0], f"≥ {100.0 * at_least[i]:.0f} %", anchor="end", down=1.5)
    panel.x_axis("share of cells filled, surest first", percent_ticks(panel.x))
    told = [f"{percent(one.share)} filled: {percent(one.right)} right" for one in curve[:: len(curve) // 5 + 1]]
    svg = panel.drawing.svg("Share that is right against share filled", f"{'; '.join(told)}.")
    caption = (
        "What --min-probability does: from right to left fewer cells are filled, only the surest, and more of them "
        "are right. The percentages at the curve are the minimum probability that this takes."
    )
    keys = Key("line", "right"), Key("band", "95 % interval"), Key("dashed", "always the most common label")
    return Chart(name, svg, caption, keys)


def fill_curve(accuracy: Accuracy) -> list[Surest]:
    """List how right the surest rows were, with 95 % intervals, by ascending share of the hidden rows."""
    n = accuracy.effective_rows
    return sorted(
        Surest(one.share, one.min_probability, one.accuracy, *wilson_interval(one.accuracy, max(1.0, one.share * n)))
        for one in accuracy.curve
        if one.accuracy is not None and one.share > 0.0
    )


def convergence_chart(name: str, plain: BaselineEm | None) -> Chart | None:
    """Draw the paths of all starts of plain EM, the best one strongest; None where EM took no step."""
    if plain is None or len(plain.path) < FEWEST:
        return None
    best = plain.path
    others = [one for one in plain.starts if one != best and len(one) >= FEWEST][:MAX_STARTS]
    y = scale_over([value for one in [best, *others] for value in one], margin=0.05)
    x = Scale(0.0, max(map(len, [best, *others])) - 1.0)
    drawing = Drawing(name, SMALL, 260.0)
    panel = Panel(drawing, room_for(drawing, y.ticks()), 30.0, SMALL - 18.0, 218.0, x, y)
    panel.y_axis("log-likelihood")
    for i, one in enumerate(others):
        panel.line(range(len(one)), one, "muted", width=1.0, dash=(4.0, 2.0), name=f"start-{i + 1}")
    panel.line(range(len(best)), best, "ink", width=2.2, name="best")
    panel.x_axis("step of EM", [(value, text) for value, text in x.ticks() if value.is_integer()])
    ends = f"From {best[0]:,.4g} at the start to {best[-1]:,.6g} after {len(best) - 1} steps"
    svg = drawing.svg("Log-likelihood from step to step", f"{ends}; {len(others)} other starts.")
    caption = "Each step makes the data more probable under the model, the first ones most"
    caption += ". EM has converged." if plain.converged else "; EM was stopped before it converged."
    if plain.prior_strength:
        caption += " EM maximises the log-likelihood plus the log prior; the curve is that sum, shifted to end at the"
        caption += " log-likelihood."
    if not others:
        return Chart(name, svg, caption)
    caption += " Dashed: the other starts; lines that end at the same height agree."
    return Chart(name, svg, caption, (Key("line", "best start"), Key("dashed", "other starts")))


def totals_chart(name: str, totals: Totals, groups: Sequence[Group]) -> Chart | None:
    """Draw the share of each label as the four ways of counting give it; None where there is nothing to count.

    The less common labels together would stretch the axis until nothing can be seen of the others: they are left out.
    """
    rows = [(group, _shares(totals, group.name)) for group in groups if group.is_one]
    if not rows or not sum(totals.expected.values()):
        return None
    x = _within([value for _, shares in rows for one in shares.values() for value in one], 0.06)
    bottom = TOTALS_TOP + sum(HEADING + ROW * len(shares) for _, shares in rows)
    panel = Panel(Drawing(name, SMALL, bottom + FOOT), NAME_WIDTH, TOTALS_TOP, TOTALS_RIGHT, bottom, x, Scale(0.0, 1.0))
    ticks = percent_ticks(x, 4)
    for place in panel.across([value for value, _ in ticks]).tolist():
        panel.drawing.line([place, place], [TOTALS_TOP, bottom], "grid", width=1.0)
    y, told = TOTALS_TOP, []
    for group, shares in rows:
        panel.drawing.text(2.0, y + 15.0, group.name, shown=shortened(group.name))
        _estimates(panel, y + HEADING + ROW / 2.0, shares, group)
        y += HEADING + ROW * len(shares)
        told.append(f"{group.name}: {', '.join(f'{way} {percent(one[0])}' for way, one in shares.items())}")
    panel.x_axis("share of all rows", ticks)
    svg = panel.drawing.svg("Share of each label, counted in four ways", f"{'; '.join(told)}.")
    caption = (
        "Where the markers of a label lie apart, it matters how you count. Counting the filled labels (squares) "
        "overstates the more common one; expected counts (diamonds) do not."
    )
    return Chart(name, svg, caption + (" The bar is a 95 % interval." if totals.multiple_imputation else ""))


def sensitivity_chart(name: str, sensitivity: Sensitivity | None, groups: Sequence[Group]) -> Chart | None:
    """Draw the share of each label against δ; None where nothing was shifted."""
    look = {group.name: group for group in groups if group.is_one}
    sweeps = [(look[one.label], one) for one in (sensitivity.sweeps if sensitivity else ()) if one.label in look]
    if sensitivity is None or not sweeps:
        return None
    delta, first = sensitivity.deltas, sweeps[0][1].interval
    y = _within([*(value for _, one in sweeps for value in one.share), *(first or ())], 0.08)
    x = Scale(min(delta), max(delta))
    panel = _panel(name, 234.0, x, y)
    keys = keys_of([group for group, _ in sweeps], "line")
    if first:
        low, high = np.clip(first, y.low, y.high)
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


def _shares(totals: Totals, label: str) -> dict[str, tuple[float, ...]]:
    """Give what each way of counting says: one share, or one with both ends of its interval."""
    ways = zip(WAYS, (totals.known, totals.most_probable, totals.expected), strict=False)
    found = {way: (count.get(label, 0) / total,) for way, count in ways if (total := sum(count.values()))}
    drawn, n_rows = (totals.multiple_imputation or {}).get(label), sum(totals.expected.values())
    return found | ({"drawn, 95 %": tuple(end / n_rows for end in drawn)} if drawn and n_rows else {})


def _estimates(panel: Panel, y: float, shares: Mapping[str, tuple[float, ...]], group: Group) -> None:
    """Mark what each way of counting says below each other, from `y` downwards."""
    for i, (way, values) in enumerate(shares.items()):
        at, (x, *ends) = y + i * ROW, panel.across(values).tolist()
        panel.drawing.text(NAME_WIDTH - 10.0, at, way, anchor="end", down=0.35, colour="muted")
        if ends:
            places = np.repeat(ends, 3), at + np.array([-4.0, 4.0, 0.0, 0.0, -4.0, 4.0])
            panel.drawing.line(*places, group.colour, width=2.0, name=f"interval-{group.k}")
        panel.drawing.markers([x], [at], WAYS[way], group.colour, hollow=way == "known only")


def _within(shares: Sequence[float], margin: float) -> Scale:
    """Make an axis of shares, which leaves neither 0 nor 1 behind."""
    scale = scale_over(shares, margin=margin)
    return Scale(max(0.0, scale.low), min(1.0, scale.high))


def _percentages(low: float) -> Scale:
    """Make an axis that ends at 100 % and begins at a tenth."""
    return Scale(max(0.0, np.floor(10.0 * min(low, 0.9) + 1e-9) / 10.0), 1.0)


def _panel(name: str, bottom: float, x: Scale, y: Scale) -> Panel:
    return Panel(Drawing(name, SMALL, bottom + FOOT), LEFT, TOP, RIGHT, bottom, x, y)
