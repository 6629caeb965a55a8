"""Charts of how right the probabilities are: against what came true, and against how much is filled."""

from typing import NamedTuple

import numpy as np

from em_impute.ensemble.metrics import wilson_interval
from em_impute.report.charts.axes import Panel, Scale, percent_ticks
from em_impute.report.charts.groups import DASHED, Chart, Key
from em_impute.report.charts.svg import SMALL, Drawing
from em_impute.report.format import percent
from em_impute.report.model.diagnostics import Accuracy

LEFT, TOP, RIGHT, BOTTOM = 52.0, 30.0, SMALL - 18.0, 254.0

FEWEST = 2
"""Points that a line takes."""

NAMED_SHARES = (0.25, 0.5, 0.75)
"""Where the probability that is reached is written to the curve."""


class Surest(NamedTuple):
    """The surest rows, and how right they were."""

    share: float
    at_least: float
    """the probability of their labels"""
    right: float
    low: float
    high: float


def reliability_chart(name: str, accuracy: Accuracy | None) -> Chart | None:
    """Draw for rows of about the same probability the share that was right, with 95 % intervals."""
    bins = accuracy.reliability if accuracy else ()
    if not bins:
        return None
    stated, right, rows = np.transpose([(one.probability, one.accuracy, one.rows) for one in bins])
    low, high = np.transpose([wilson_interval(one.accuracy, float(one.rows)) for one in bins])
    x = _percentages(float(stated.min()))
    panel = Panel(
        Drawing(name, SMALL, BOTTOM + 46.0), LEFT, TOP, RIGHT, BOTTOM, x, _percentages(min(float(low.min()), x.low))
    )
    panel.y_axis("share that was right", percent_ticks(panel.y))
    panel.line([x.low, 1.0], [x.low, 1.0], "muted", width=1.3, dash=DASHED, name="diagonal")
    across, gaps = panel.across(stated), np.full(stated.size, np.nan)
    intervals = np.column_stack([panel.down(low), panel.down(high), gaps]).ravel()
    panel.drawing.line(np.repeat(across, 3), intervals, "ink", width=1.3, name="intervals")
    panel.drawing.markers(across, panel.down(right), "o", "ink", name="bins")
    panel.x_axis("probability that was stated", percent_ticks(x))
    told = "; ".join(f"stated {percent(one.probability)}, right {percent(one.accuracy)}" for one in bins)
    svg = panel.drawing.svg("Stated probability and share that was right", f"{told}.")
    few, many = int(rows.min()), int(rows.max())
    caption = (
        f"Each point is {few:,}{'' if few == many else f' to {many:,}'} held-out rows of about the same probability: "
        "the probability stated (across) and the share that was right (up). On the dashed line both agree; above the "
        "line the model is underconfident, below it overconfident."
    )
    return Chart(name, svg, caption, (Key("filled", "share right, with 95 % interval"), Key("dashed", "as stated")))


def coverage_chart(name: str, accuracy: Accuracy | None) -> Chart | None:
    """Draw how right the fills are if only the most certain ones are made."""
    curve = fill_curve(accuracy) if accuracy else []
    if accuracy is None or len(curve) < FEWEST:
        return None
    share, right, low, high = np.transpose([(one.share, one.right, one.low, one.high) for one in curve])
    baseline = accuracy.baseline_accuracy
    y = _percentages(min(float(low.min()), baseline))
    panel = Panel(Drawing(name, SMALL, BOTTOM + 46.0), LEFT, TOP, RIGHT, BOTTOM, Scale(0.0, 1.0), y)
    panel.drawing.area(
        [np.vstack([panel.outline(share, low), panel.outline(share, high)[::-1]])], "band", name="interval"
    )
    panel.y_axis("share that is right", percent_ticks(y))
    panel.line([0.0, 1.0], [baseline, baseline], "muted", width=1.3, dash=DASHED, name="baseline")
    panel.line(share, right, "ink", width=2.2, name="right")
    for i in (int(np.abs(share - wanted).argmin()) for wanted in NAMED_SHARES):
        x, down = panel.outline(share[i : i + 1], right[i : i + 1]).T
        panel.drawing.markers(x, down, "o", "ink")
        panel.drawing.text(x[0] - 4.0, down[0], f"≥ {100.0 * curve[i].at_least:.0f} %", anchor="end", down=1.5)
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
    """List how right the surest rows were, with 95 % intervals, by ascending share of the held-out rows."""
    curve = [
        Surest(
            one.share,
            one.min_probability,
            one.accuracy,
            *wilson_interval(one.accuracy, max(1.0, one.share * accuracy.effective_rows)),
        )
        for one in accuracy.curve
        if one.accuracy is not None and one.share > 0.0
    ]
    return sorted(curve)


def _percentages(low: float) -> Scale:
    """Make an axis that ends at 100 % and begins at a tenth."""
    return Scale(max(0.0, np.floor(10.0 * min(low, 0.9) + 1e-9) / 10.0), 1.0)
