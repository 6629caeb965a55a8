"""The main picture where one measurement decides: rows in bins, Gaussians over them, and the probability below."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from em_impute.report.pictures.filling import Filling, filling_of
from em_impute.report.pictures.groups import FROM_ALL, FROM_LABELLED, Group, Key, Picture, keys_of, summed
from em_impute.report.pictures.naming import shortened
from em_impute.report.pictures.palette import INK, MUTED, OTHERS
from em_impute.report.pictures.scale import Floats, Scale
from em_impute.report.pictures.sheet import Panel, Sheet
from em_impute.report.words import number

__all__ = ["gaussian", "predictor_picture", "turning_points"]

Section = Mapping[str, Any]

GAP, TITLE = 36.0, 30.0

ALIKE = 0.2
"""Rows of bars share one scale if the lowest is at least so high a part of the highest."""

MAX_TURNS = 4
"""Turning points that are drawn; more of them would be a fence."""

MAX_NAMED = 3
"""Curves that have their names beside them; of more they would meet."""

CURVE_POINTS = 161

EM, LABELS_ONLY = "parameters", "labels_only"
"""Keys of the plainest mixture, after all rows and after the labelled ones alone."""

LEFT_EMPTY = -1
"""In the place of a label."""

LEAST_RANGE = 0.01
"""A curve over a smaller part of the axis cannot be read."""

TALL = 2.0
"""Curves so many times as high as the bars leave the panel."""

DASHED = (6.0, 3.0)


class _Layout(NamedTuple):
    """Sizes in points for one width of the page."""

    width: float
    left: float
    right: float
    heights: Mapping[int, float]
    """Of a label's panel, by the number of labels."""
    least_height: float
    height_of_curve: float
    ticks: int
    longest_heading: int
    longest_name: int


WIDE = _Layout(720.0, 74.0, 18.0, {1: 150.0, 2: 118.0, 3: 92.0, 4: 82.0}, 62.0, 110.0, 5, 90, 16)
NARROW = _Layout(360.0, 52.0, 10.0, {1: 120.0, 2: 96.0, 3: 80.0, 4: 72.0}, 56.0, 96.0, 5, 46, 9)


class _Row(NamedTuple):
    """What is drawn of one label."""

    group: Group
    known: Floats
    """(n_bins,) counts"""
    filled: Floats
    curves: dict[str, tuple[Floats, Floats]]

    @property
    def most(self) -> float:
        """Height of the highest bar, or of a curve that is not much higher."""
        bars = float((self.known + self.filled).max())
        return min(max([bars, *(float(y.max()) for _, y in self.curves.values())]), TALL * bars)


def predictor_picture(name: str, report: Section, groups: Sequence[Group]) -> Picture | None:
    """Draw the measurement that tells most about the label; None where there is none."""
    pictures = report.get("pictures") or {}
    if not pictures.get("histograms"):
        return None
    shown, curve = pictures["histograms"][0], pictures.get("curve")
    edges = np.array(shown["edges"], np.float64)
    if curve and not curve["x"][-1] - curve["x"][0] > LEAST_RANGE * (edges[-1] - edges[0]):
        curve = None
    rows = _rows(shown, edges, groups, report.get("plain_em"))
    if not rows:
        return None
    turns = turning_points(curve) if curve else []
    filling = filling_of(report)
    wide, narrow = (_sheet(layout, shown, rows, curve, turns, filling) for layout in (WIDE, NARROW))
    said = _said(shown, rows, turns, filling)
    svg = wide.svg(name, f"{shown['feature']} of the rows, by label", said, narrow)
    sizes = (wide.width, wide.height), (narrow.width, narrow.height)
    return Picture(name, svg, _caption(shown, rows, turns, filling), _keys(rows, filling), sizes)


def turning_points(curve: Section) -> list[tuple[float, str, str]]:
    """Find where another label becomes the most probable one: (value, label below, label above)."""
    labels = list(curve["probability"])
    table = np.array([[value or 0.0 for value in curve["probability"][label]] for label in labels])
    if not table.size:
        return []
    best, x = table.argmax(axis=0), curve["x"]
    return [
        (x[i] / 2.0 + x[i + 1] / 2.0, labels[best[i]], labels[best[i + 1]])
        for i in np.flatnonzero(np.diff(best)).tolist()
    ]


def gaussian(edges: Floats, fitted: Section, feature: str, rows: float) -> tuple[Floats, Floats] | None:
    """Compute a Gaussian's expected rows in a bin around each of some points; None without its numbers.

    The bin is as wide as the first one of `edges`, and `fitted` has weight, mean and standard deviation in their units.
    """
    mean, deviation = fitted["mean"].get(feature), fitted["sd"].get(feature)
    if mean is None or not deviation:
        return None
    x = np.linspace(edges[0], edges[-1], CURVE_POINTS)
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        distance = x / deviation - mean / deviation
        height = rows * fitted["weight"] * ((edges[1] - edges[0]) / deviation) / np.sqrt(2.0 * np.pi)
        y = height * np.exp(-0.5 * distance**2)
    return (x, y) if np.isfinite(y).all() else None


def _rows(shown: Section, edges: Floats, groups: Sequence[Group], plain: Section | None) -> list[_Row]:
    """Count the rows of each label in bins, and compute the curves over them; those left empty come last."""
    n_bins = edges.size - 1
    counts = [(one, summed(one, shown["known"], n_bins), summed(one, shown["filled"], n_bins)) for one in groups]
    left_empty = np.array(shown["left_empty"], np.float64)
    n_rows = float(left_empty.sum()) + sum(float((known + filled).sum()) for _, known, filled in counts)
    rows = []
    for group, known, filled in counts:
        if not (known.any() or filled.any()):
            continue
        curves = {}
        for key in (LABELS_ONLY, EM):
            for fitted in (plain or {}).get(key) or ():
                drawn = gaussian(edges, fitted, shown["feature"], n_rows)
                if fitted["label"] == group.labels[0] and group.is_one and drawn is not None:
                    curves[key] = drawn
        rows.append(_Row(group, known, filled, curves))
    if left_empty.any():
        rows.append(_Row(Group("left empty", (), LEFT_EMPTY), np.zeros(n_bins), left_empty, {}))
    return rows


def _sheet(
    layout: _Layout,
    shown: Section,
    rows: Sequence[_Row],
    curve: Section | None,
    turns: Sequence[tuple[float, str, str]],
    filling: Filling,
) -> Sheet:
    """Draw everything on a sheet of one width."""
    edges = np.array(shown["edges"], np.float64)
    sheet, panels = _panels(layout, edges, rows, curve is not None)
    for turn, _, _ in turns if len(turns) <= MAX_TURNS else ():  # below the texts
        x = float(panels[0].across([turn])[0])
        sheet.line([x, x], [panels[0].top - 4.0, panels[-1].bottom], colour=INK, width=1.0, dash=(2.0, 3.0))
    for panel, row in zip(panels, rows, strict=False):
        _draw_row(panel, row, edges, filling, layout.longest_heading)
    if curve is not None:
        _probability(panels[-1], curve, [row.group for row in rows], turns, layout.longest_name)
    panels[-1].x_axis(shown["feature"], layout.ticks)
    return sheet


def _panels(layout: _Layout, edges: Floats, rows: Sequence[_Row], has_curve: bool) -> tuple[Sheet, list[Panel]]:
    """Lay out one panel a label and one for the probability, from top to bottom."""
    height = layout.heights.get(len(rows), layout.least_height)
    tops = [TITLE + i * (height + GAP) for i in range(len(rows) + has_curve)]
    sheet = Sheet(layout.width, tops[-1] + (layout.height_of_curve if has_curve else height) + 44.0)
    width = layout.width - layout.left - layout.right
    most = [row.most for row in rows]
    shared = min(most) >= ALIKE * max(most)
    x = Scale(float(edges[0]), float(edges[-1]))
    panels = [
        Panel(sheet, layout.left, top, width, height, x, Scale(0.0, 1.1 * (max(most) if shared else own)))
        for top, own in zip(tops, most, strict=False)
    ]
    if has_curve:
        panels.append(Panel(sheet, layout.left, tops[-1], width, layout.height_of_curve, x))
    return sheet, panels


def _draw_row(panel: Panel, row: _Row, edges: Floats, filling: Filling, longest: int) -> None:
    """Draw the rows of one label: known ones filled, those that were filled in hatched upon them."""
    k, is_label = row.group.k, row.group.k != LEFT_EMPTY
    colour = row.group.colour if is_label else OTHERS
    panel.y_axis(about=2)
    known = panel.bars(edges, np.zeros_like(row.known), row.known)
    panel.sheet.area(known, colour=colour, opacity=0.4, edge=colour, name=f"known-{k}")
    filled = panel.bars(edges, row.known, row.known + row.filled)
    panel.sheet.area(filled, edge=colour, hatch="////" if is_label else "", name=f"filled-{k}")
    for key, dash in ((LABELS_ONLY, DASHED), (EM, ())):
        if key in row.curves:
            panel.line(*row.curves[key], colour=INK, width=1.8, dash=dash, name=f"{key}-{k}")
    counts = f"{row.known.sum():,.0f} known, {row.filled.sum():,.0f} {filling.participle}"
    if not is_label:
        counts = f"{row.filled.sum():,.0f} rows"
    room = max(12, longest - len(counts) - 2)
    full, brief = (f"{text}: {counts}" for text in (row.group.name, shortened(row.group.name, room)))
    panel.sheet.text(panel.left, panel.top - 8.0, full, shown=brief)
    panel.sheet.line([panel.left, panel.left + panel.width], [panel.bottom] * 2, colour=MUTED, width=1.0)


def _probability(
    panel: Panel, curve: Section, groups: Sequence[Group], turns: Sequence[tuple[float, str, str]], longest: int
) -> None:
    groups = [group for group in groups if group.k != LEFT_EMPTY]
    panel.y_axis(ticks=[(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")])
    panel.sheet.text(panel.left, panel.top - 8.0, "probability of each label")
    panel.sheet.line([panel.left, panel.left + panel.width], panel.down([0.5, 0.5]), colour=MUTED, width=1.2)
    for group in groups:
        y = summed(group, curve["probability"], len(curve["x"]))
        if len(groups) <= MAX_NAMED:
            _name_curve(panel, curve["x"], y, group, longest)
        panel.line(curve["x"], y, colour=group.colour, width=2.4, dash=group.dash, name=f"probability-{group.k}")
    if len(turns) == 1:
        x, right = float(panel.across([turns[0][0]])[0]), panel.left + panel.width
        aside = ("left", x + 7.0) if x < right - 120.0 else ("right", x - 7.0)
        panel.sheet.text(aside[1], panel.bottom - 8.0, number(turns[0][0]), anchor=aside[0])


def _name_curve(panel: Panel, x: Sequence[float], y: Floats, group: Group, longest: int) -> None:
    """Write a label's name below the highest part of its curve."""
    highest = np.flatnonzero(y >= y.max() - 1e-3)
    place = panel.outline([x[highest[0]], x[highest[-1]]], [y.max()] * 2)
    middle = float(place[:, 0].mean())
    near = {"left": middle < panel.left + panel.width / 3.0, "right": middle > panel.left + panel.width * 2.0 / 3.0}
    anchor = next((side for side, is_near in near.items() if is_near), "center")
    at = {"left": place[0, 0] + 4.0, "right": place[1, 0] - 4.0, "center": middle}[anchor]
    panel.sheet.text(at, float(place[0, 1]) + 18.0, group.name, anchor=anchor, most=longest)


def _said(shown: Section, rows: Sequence[_Row], turns: Sequence[tuple[float, str, str]], filling: Filling) -> str:
    """Say in words what is to be seen."""
    did = filling.participle
    counts = [f"{one.group.name}: {one.known.sum():,.0f} known, {one.filled.sum():,.0f} {did}" for one in rows]
    ends = f"{number(shown['edges'][0])} to {number(shown['edges'][-1])}"
    turned = [f" {after} is more probable than {before} beyond {number(x)}." for x, before, after in turns[:MAX_TURNS]]
    return f"Histograms of {shown['feature']} from {ends}. {'; '.join(counts)}.{''.join(turned)}"


def _caption(shown: Section, rows: Sequence[_Row], turns: Sequence[tuple[float, str, str]], filling: Filling) -> str:
    """Say how to read the picture."""
    feature = shortened(shown["feature"])
    said = f"Each bar counts rows by their {feature}: {_looks(rows, filling)}."
    if any(row.curves for row in rows):
        said += " The solid lines are the bell curves that EM learnt: how many rows of each label it expects where."
    if len(turns) == 1:
        x, below, above = turns[0]
        becomes = (
            f"below it {shortened(below)} is more probable"
            if filling.is_drawn
            else f"below it cells become {shortened(below)}"
        )
        said += f" The guess turns at {number(x)}: {becomes}, above it {shortened(above)}."
    elif 1 < len(turns) <= MAX_TURNS:
        said += " Dotted lines stand where another label becomes the most probable one."
    most = [row.most for row in rows]
    if min(most) < ALIKE * max(most):
        said += " Each label has a scale of its own."
    if any(shown["beyond"]):
        said += f" The outermost bars also hold {sum(shown['beyond']):,} rows that lie further out."
    return said


def _looks(rows: Sequence[_Row], filling: Filling) -> str:
    """Say what filled and hatched bars are, if there are both."""
    if not any(row.known.any() for row in rows):
        return "all of them hatched, since no row had a label"
    if not any(row.filled.any() for row in rows if row.group.k != LEFT_EMPTY):
        return "all of them have a label"
    return f"filled bars have a label, hatched ones {filling.told}"


def _keys(rows: Sequence[_Row], filling: Filling) -> tuple[Key, ...]:
    """Write the legend of what there is in the picture."""
    labels = [row for row in rows if row.group.k != LEFT_EMPTY]
    keys = list(keys_of([row.group for row in labels], "line") if len(labels) > MAX_NAMED else ())
    for kind, is_there, said in (
        ("solid", any(row.known.any() for row in labels), "known"),
        ("hatched", any(row.filled.any() for row in labels), filling.participle),
        ("line", any(EM in row.curves for row in labels), FROM_ALL),
        ("dashed", any(LABELS_ONLY in row.curves for row in labels), FROM_LABELLED),
    ):
        keys += [Key(kind, said)] if is_there else []
    return tuple(keys)
