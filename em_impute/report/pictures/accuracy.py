"""Pictures of how right the probabilities are: against what came true, and against how much is filled."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from em_impute.ensemble.metrics import wilson_interval
from em_impute.report.pictures.groups import Key, Picture
from em_impute.report.pictures.palette import BAND, GRID, INK, MUTED
from em_impute.report.pictures.scale import Scale
from em_impute.report.pictures.sheet import Panel, Sheet
from em_impute.report.words import percent

__all__ = ["coverage_picture", "fill_curve", "reliability_picture"]

Section = Mapping[str, Any]

WIDTH, HEIGHT = 360.0, 300.0
LEFT, TOP, RIGHT, BOTTOM = 56.0, 30.0, 18.0, 46.0

COUNTS = 34.0
"""Height of the strip in which bins are counted."""

FEWEST = 2
"""Points that a line takes."""

NEAR = 0.4
"""If guessing is so much less often right, a line for it would squeeze the curve that matters."""

NAMED_SHARES = (0.25, 0.5, 0.75)
"""Where the probability that is reached is written to the line."""


def reliability_picture(name: str, found: Section | None) -> Picture | None:
    """Draw for rows of about the same probability the share that was right, with 95 % intervals."""
    bins = (found or {}).get("reliability")
    if not bins:
        return None
    stated = np.array([one["probability"] for one in bins])
    right = np.array([one["accuracy"] for one in bins])
    rows = np.array([one["rows"] for one in bins], np.float64)
    intervals = np.array([wilson_interval(share, n) for share, n in zip(right.tolist(), rows.tolist(), strict=True)])
    across = _percentages(float(stated.min()))
    panel = Panel(
        Sheet(WIDTH, HEIGHT + COUNTS + 8.0),
        LEFT,
        TOP,
        WIDTH - LEFT - RIGHT,
        HEIGHT - TOP - BOTTOM,
        across,
        _percentages(min(float(intervals.min()), across.low)),
    )
    panel.y_axis("share that was right", ticks=_percent_ticks(panel.y))
    panel.line([across.low, 1.0], [across.low, 1.0], colour=MUTED, width=1.3, dash=(5.0, 3.0), name="diagonal")
    places = list(
        zip(panel.across(stated).tolist(), panel.down(intervals[:, 0]), panel.down(intervals[:, 1]), strict=True)
    )
    x = [value for place, _, _ in places for value in (place, place, np.nan)]
    y = [float(value) for _, low, high in places for value in (low, high, np.nan)]
    panel.sheet.line(x, y, colour=INK, width=1.3, name="intervals")
    panel.sheet.markers(panel.across(stated), panel.down(right), "o", colour=INK, size=6.5, name="bins")
    _counts(panel, stated, rows)
    said = "; ".join(
        f"stated {percent(a)}, right {percent(b)}" for a, b in zip(stated.tolist(), right.tolist(), strict=True)
    )
    svg = panel.sheet.svg(name, "Stated probability and share that was right", f"{said}.")
    few, many = int(rows.min()), int(rows.max())
    held = f"{few:,}" if few == many else f"{few:,} to {many:,}"
    caption = (
        f"Each point stands for {held} held-out rows that were about equally sure: how sure (across) and how often "
        "right (up). On the dashed line probabilities are what they say; above it they are too modest, below it "
        "too bold."
    )
    return Picture(name, svg, caption, (Key("filled", "share right, with 95 % interval"), Key("dashed", "as stated")))


def coverage_picture(name: str, found: Section | None) -> Picture | None:
    """Draw how right the fills are if only the most certain ones are made."""
    curve = fill_curve(found or {})
    if found is None or len(curve) < FEWEST:
        return None
    share, right, low, high = (np.array([one[key] for one in curve]) for key in ("share", "right", "low", "high"))
    baseline = found["baseline_accuracy"]
    near = baseline >= float(low.min()) - NEAR
    y = _percentages(min(float(low.min()), baseline) if near else float(low.min()))
    panel = Panel(Sheet(WIDTH, HEIGHT), LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM, Scale(0.0, 1.0), y)
    band = np.vstack([panel.outline(share, low), panel.outline(share[::-1], high[::-1])])
    panel.sheet.area([band], colour=BAND, name="interval")
    panel.y_axis("share that is right", ticks=_percent_ticks(y))
    if near:
        panel.line([0.0, 1.0], [baseline, baseline], colour=MUTED, width=1.3, dash=(5.0, 3.0), name="baseline")
    panel.line(share, right, colour=INK, width=2.2, name="right")
    for wanted in NAMED_SHARES:
        i = int(np.abs(share - wanted).argmin())
        place = panel.outline(share[i : i + 1], right[i : i + 1])[0]
        panel.sheet.markers(place[:1], place[1:], "o", colour=INK, size=6.5, name=f"point-{100 * wanted:.0f}")
        panel.sheet.text(place[0] - 6.0, place[1] + 18.0, f"≥ {100 * curve[i]['at_least']:.0f} %", anchor="right")
    panel.x_axis("share of cells filled, surest first", ticks=_percent_ticks(panel.x))
    told = [
        f"{percent(one['share'])} filled: {percent(one['right'])} right" for one in curve[:: max(1, len(curve) // 5)]
    ]
    svg = panel.sheet.svg(name, "Share that is right against share filled", f"{'; '.join(told)}.")
    caption = (
        "What --min-probability would do: from right to left fewer cells are filled, only the surest, and more of them "
        "are right. The percentages at the line are the least probability that is then asked for."
    )
    keys = (Key("line", "right"), Key("band", "95 % interval"))
    if near:
        return Picture(name, svg, caption, (*keys, Key("dashed", "always the most common label")))
    caption += f" Far below, at {percent(baseline)}, always saying the most common label is right."
    return Picture(name, svg, caption, keys)


def fill_curve(found: Section) -> list[dict[str, float]]:
    """List how right the surest rows were, with 95 % intervals, by ascending share of the held-out rows."""
    curve = [
        {"share": one["share"], "at_least": one["min_probability"], "right": one["accuracy"]}
        for one in found.get("curve") or ()
        if one["accuracy"] is not None and one["share"] > 0.0
    ]
    for one in curve:
        one["low"], one["high"] = wilson_interval(one["right"], max(1.0, one["share"] * found["effective_rows"]))
    return sorted(curve, key=lambda one: one["share"])


def _counts(panel: Panel, stated: np.ndarray, rows: np.ndarray) -> None:
    """Draw below the panel how many rows each point stands for."""
    strip = Panel(
        panel.sheet, panel.left, panel.bottom + 12.0, panel.width, COUNTS - 8.0, panel.x, Scale(0.0, rows.max())
    )
    half = 4.0
    bars = [
        np.array([[x - half, strip.bottom], [x - half, y], [x + half, y], [x + half, strip.bottom]])
        for x, y in zip(strip.across(stated).tolist(), strip.down(rows).tolist(), strict=True)
    ]
    panel.sheet.area(bars, colour=MUTED, opacity=0.6, edge=MUTED, name="counts")
    panel.sheet.line([panel.left, panel.left + panel.width], [panel.bottom] * 2, colour=GRID, width=1.0)
    panel.sheet.text(panel.left - 7.0, strip.bottom, "rows", anchor="right", colour=MUTED)
    strip.x_axis("probability that was stated", ticks=_percent_ticks(panel.x))


def _percentages(low: float) -> Scale:
    """Make an axis that ends at 100 % and begins at a tenth."""
    return Scale(max(0.0, np.floor(10.0 * min(low, 0.9) + 1e-9) / 10.0), 1.0)


def _percent_ticks(scale: Scale) -> Sequence[tuple[float, str]]:
    step = 0.1 if scale.high - scale.low <= 0.55 else 0.2  # noqa: PLR2004  # six ticks at most
    n = round((scale.high - scale.low) / step)
    values = [scale.high - i * step for i in range(n + 1) if scale.high - i * step >= scale.low - 1e-9]
    return [(value, f"{100 * value:.0f} %") for value in reversed(values)]
