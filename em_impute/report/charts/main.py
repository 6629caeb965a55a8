"""The main chart where one predictor decides: rows in bins, Gaussians over them, and the probability below."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from em_impute.diagnostics.values import FeatureHistogram, PosteriorCurve
from em_impute.report.charts.axes import Panel, Scale, room_for
from em_impute.report.charts.groups import DASHED, EM_KEYS, Chart, Filling, Group, Key, group_of, summed
from em_impute.report.charts.palette import N_LABELS
from em_impute.report.charts.svg import WIDE, Drawing, Floats, Values
from em_impute.report.format import number, shortened
from em_impute.report.model.mixture import Gaussian
from em_impute.table.text import listed

Curve = tuple[Floats, Floats]

TOP, GAP, FOOT = 32.0, 44.0, 62.0
"""Above the first panel, between two of them, and below the last one."""

HEIGHTS, LEAST_HEIGHT = {1: 160.0, 2: 124.0, 3: 100.0, 4: 84.0}, 68.0
"""Of a panel, by the number of labels."""

ALIKE = 0.2
"""Bars share one scale if the lowest label is at least so high a part of the highest."""

MAX_TURNS = 4
"""Turning points that are shown; more of them would be a fence."""

CURVE_POINTS = 161

TALL = 2.0
"""Curves so many times as high as the bars leave the panel."""

LONGEST_NAME = 26

FITS = {"parameters": (), "labels_only": DASHED}
"""Fits of one Gaussian per label, to all rows and to the labelled ones alone, and their dashes."""

LEFT_EMPTY = group_of("left empty", (), N_LABELS)._replace(k=N_LABELS + 1)
"""In the place of a label; it has the look of further labels, and an id of its own."""


class _Row(NamedTuple):
    """What is drawn of one label."""

    group: Group
    known: Floats
    """(n_bins,) counts"""
    filled: Floats
    curves: dict[str, Curve]

    @property
    def most(self) -> float:
        """Height of the highest bar, or of a curve that is not much higher."""
        bars = float((self.known + self.filled).max())
        return min(max([bars, *(float(y.max()) for _, y in self.curves.values())]), TALL * bars)


def predictor_chart(
    name: str,
    histograms: Sequence[FeatureHistogram],
    curve: PosteriorCurve | None,
    fits: Mapping[str, Sequence[Gaussian]],
    groups: Sequence[Group],
    filling: Filling,
) -> Chart | None:
    """Draw the predictor that tells most about the label, the first one; None where there is none."""
    rows = _rows(histograms[0], groups, fits) if histograms else []
    if not rows:
        return None
    shown, labels = histograms[0], [row for row in rows if row.group != LEFT_EMPTY]
    feature, edges, turns = shown.feature, shown.edges, turning_points(curve)[:MAX_TURNS] if curve else []
    panels = _panels(name, edges, rows, has_curve=curve is not None)
    for x in panels[0].across(turns).tolist():  # below the texts
        panels[0].drawing.line([x, x], [TOP, panels[-1].bottom], "ink", width=1.0, dash=(2.0, 3.0))
    told = [_draw_row(panel, row, edges, filling) for panel, row in zip(panels, rows, strict=False)]
    named = [row.group for row in labels if curve is not None]
    if curve is not None:
        _draw_probability(panels[-1], curve, named, turns)
    panels[-1].x_axis(feature)
    ends = f"{number(edges[0])} to {number(edges[-1])}"
    svg = panels[0].drawing.svg(f"{feature} by label", f"Histograms of {feature} from {ends}. {'; '.join(told)}.")
    keys = [*(Key("line", one.name, one) for one in named), Key("solid", "known"), Key("hatched", filling.participle)]
    keys += [key for key, fit in zip(EM_KEYS, FITS, strict=True) if any(fit in row.curves for row in labels)]
    caption = f"Each bar counts rows by their {shortened(feature)}. {filling.looks('solid hatched bars')}"
    caption += _caption(rows, turns, sum(shown.beyond))
    return Chart(name, svg, caption, tuple(keys), is_wide=True)


def turning_points(curve: PosteriorCurve) -> list[float]:
    """Find where another label becomes the most probable one."""
    best = np.array(list(curve.probability.values())).argmax(axis=0)
    return [curve.x[i] / 2.0 + curve.x[i + 1] / 2.0 for i in np.flatnonzero(np.diff(best)).tolist()]


def gaussian(edges: Values, weight: float, mean: float, deviation: float, rows: float) -> Curve | None:
    """Compute a Gaussian's expected rows in a bin around each of some points; None where it is too narrow or too far.

    The bin is as wide as the first one of `edges`, in whose units the mean and the standard deviation are.
    """
    if not deviation:
        return None
    x = np.linspace(edges[0], edges[-1], CURVE_POINTS)
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        distance = x / deviation - mean / deviation
        height = rows * weight * ((edges[1] - edges[0]) / deviation) / np.sqrt(2.0 * np.pi)
        y = height * np.exp(-0.5 * distance**2)
    return (x, y) if np.isfinite(y).all() else None


def _rows(shown: FeatureHistogram, groups: Sequence[Group], fits: Mapping[str, Sequence[Gaussian]]) -> list[_Row]:
    """Count the rows of each label in bins, and compute the curves over them; those left empty come last."""
    feature, left_empty = shown.feature, np.array(shown.left_empty, np.float64)
    n = left_empty.size
    rows = [_Row(one, summed(one.labels, shown.known, n), summed(one.labels, shown.filled, n), {}) for one in groups]
    rows.append(_Row(LEFT_EMPTY, np.zeros_like(left_empty), left_empty, {}))
    n_rows = float(sum(row.known.sum() + row.filled.sum() for row in rows))
    of = {row.group.name: row for row in rows if row.group.is_one}
    for key, gaussians in fits.items():
        for one in gaussians:
            curve = one.label in of and gaussian(shown.edges, one.weight, one.mean[feature], one.sd[feature], n_rows)
            if curve:
                of[one.label].curves[key] = curve
    return [row for row in rows if row.known.any() or row.filled.any()]


def _panels(name: str, edges: Sequence[float], rows: Sequence[_Row], *, has_curve: bool) -> list[Panel]:
    """Lay out one panel a label and one for the probability, from top to bottom."""
    n_panels, height = len(rows) + has_curve, HEIGHTS.get(len(rows), LEAST_HEIGHT)
    drawing = Drawing(name, WIDE, TOP + n_panels * (height + GAP) - GAP + FOOT)
    most = [row.most for row in rows]
    if min(most) >= ALIKE * max(most):
        most = [max(most)] * len(most)
    scales = [Scale(0.0, 1.1 * one) for one in most] + [Scale(0.0, 1.0)] * has_curve
    left = max(room_for(drawing, [*y.ticks(3), (1.0, "100 %")]) for y in scales)
    x = Scale(float(edges[0]), float(edges[-1]))
    tops = [TOP + i * (height + GAP) for i in range(n_panels)]
    return [Panel(drawing, left, top, WIDE - 16.0, top + height, x, y) for top, y in zip(tops, scales, strict=True)]


def _draw_row(panel: Panel, row: _Row, edges: Sequence[float], filling: Filling) -> str:
    """Draw the rows of one label, known ones solid and filled ones hatched upon them; give their counts in words."""
    colour, k, drawing = row.group.colour, row.group.k, panel.drawing
    is_label = row.group != LEFT_EMPTY
    counts = f"{row.known.sum():,.0f} known, " if is_label else ""
    counts += f"{row.filled.sum():,.0f} {filling.participle if is_label else 'rows'}"
    panel.y_axis(f"{shortened(row.group.name, LONGEST_NAME)}: {counts}", panel.y.ticks(3))
    known = panel.bars(edges, np.zeros_like(row.known), row.known)
    drawing.area(known, colour, edge=colour, opacity=0.4, name=f"known-{k}")
    filled = panel.bars(edges, row.known, row.known + row.filled)
    drawing.area(filled, colour if is_label else "paper", edge=colour, hatched=is_label, name=f"filled-{k}")
    for key, (x, y) in row.curves.items():
        panel.line(x, y, "ink", width=1.8, dash=FITS[key], name=f"{key}-{k}")
    drawing.line([panel.left, panel.right], [panel.bottom] * 2, "muted", width=1.0)
    return f"{row.group.name}: {counts}"


def _draw_probability(panel: Panel, curve: PosteriorCurve, groups: Sequence[Group], turns: Sequence[float]) -> None:
    """Draw the probability of each label, and write where the most probable one changes."""
    panel.y_axis("probability of each label", [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")])
    for group in groups:
        y = summed(group.labels, curve.probability, len(curve.x))
        panel.line(curve.x, y, group.colour, width=2.4, dash=group.dash, name=f"probability-{group.k}")
    for turn, x in zip(turns, panel.across(turns).tolist(), strict=True):
        anchor, aside = ("start", x + 7.0) if x < WIDE - 120.0 else ("end", x - 7.0)
        panel.drawing.text(aside, panel.bottom - 8.0, number(turn), anchor=anchor)


def _caption(rows: Sequence[_Row], turns: Sequence[float], n_beyond: int) -> str:
    """Say how to read the curves and the lines, and what is special."""
    text = ""
    if any(row.curves for row in rows):
        text += " The solid lines are the bell curves fitted by EM: how many rows of each label it expects where."
    if turns:
        text += f" The most probable label changes at {listed([number(turn) for turn in turns])}."
    most = [row.most for row in rows]
    if min(most) < ALIKE * max(most):
        text += " Each label has a scale of its own."
    if n_beyond:
        text += f" The outermost bars also hold {n_beyond:,} rows that lie further out."
    return text
