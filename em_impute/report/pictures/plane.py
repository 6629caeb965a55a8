"""The main picture where several measurements decide: rows in a plane, and the ellipses of the labels' Gaussians."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from em_impute.report.pictures.filling import Filling, filling_of
from em_impute.report.pictures.groups import FROM_ALL, FROM_LABELLED, Group, Key, Picture, keys_of
from em_impute.report.pictures.naming import shortened
from em_impute.report.pictures.palette import MUTED
from em_impute.report.pictures.scale import Floats, Scale, scale_over
from em_impute.report.pictures.sheet import Panel, Sheet

__all__ = ["ellipse", "plane_picture"]

Section = Mapping[str, Any]

TOP, BOTTOM = 34.0, 54.0

SHARES = (0.5, 0.95)
"""Of a Gaussian's rows lie within each of its ellipses."""

DASHED = (6.0, 3.0)

FAR = 10.0
"""If the range of all points is so many times that of 98 % of them, those beyond stand at the edge."""

ROOM = 1.5
"""The axes are made so many times longer, at most, to show whole ellipses."""

FEW = 50
"""Points below which none is far out."""


class _Layout(NamedTuple):
    """Sizes in points for one width of the page."""

    width: float
    height: float
    left: float
    right: float
    ticks: int
    n_named: int
    """Measurements that the title of an axis names."""


WIDE = _Layout(720.0, 520.0, 72.0, 16.0, 6, 2)
NARROW = _Layout(360.0, 380.0, 52.0, 10.0, 5, 1)


class _Points(NamedTuple):
    """What is marked, by group: each (n_points, 2)."""

    groups: Sequence[Group]
    known: Sequence[Floats]
    filled: Sequence[Floats]
    left: Floats
    """Rows that were left empty."""

    @property
    def n_drawn(self) -> tuple[int, int]:
        """Rows with a label, and rows without."""
        return sum(map(len, self.known)), sum(map(len, self.filled)) + len(self.left)


def plane_picture(name: str, report: Section, groups: Sequence[Group]) -> Picture | None:
    """Draw known and filled rows; None where there is no plane."""
    plane = (report.get("pictures") or {}).get("plane")
    if not plane:
        return None
    known, filled = _by_group(plane["known"], groups), _by_group(plane["filled"], groups)
    left = _points(plane["left_empty"])
    everything = np.vstack([*known, *filled, left])
    if not len(everything):
        return None
    scales, n_far = _scales(everything, plane["em"])
    filling = filling_of(report)
    points = _Points(groups, known, filled, left)
    wide, narrow = (_panel(layout, report, scales) for layout in (WIDE, NARROW))
    for panel in (wide, narrow):
        _draw_points(panel, points)
        dashed = _ellipses(panel, plane["labels_only"] or (), groups, DASHED)
        solid = _ellipses(panel, plane["em"], groups, ())
    title = " and ".join(_axis(axis, report, WIDE.n_named) for axis in plane["axes"])
    said = _said(points, plane["em"], filling)
    svg = wide.sheet.svg(name, f"Rows by {title}", said, narrow.sheet)
    sizes = (WIDE.width, WIDE.height), (NARROW.width, NARROW.height)
    caption = _caption(plane, points, n_far, filling, has_ellipses=solid)
    return Picture(name, svg, caption, _keys(points, filling, solid=solid, dashed=dashed), sizes)


def ellipse(fitted: Section, share: float, n_points: int = 73) -> Floats | None:
    """Compute the outline within which `share` of a Gaussian's rows lie: (n_points, 2); None without its numbers.

    The squared distance from the mean follows χ² with two degrees of freedom, which is beyond −2 log(1 − share) in
    1 − share of the cases.
    """
    covariance = np.array(fitted["covariance"], np.float64)
    mean = np.array(fitted["mean"], np.float64)
    if not (np.isfinite(covariance).all() and np.isfinite(mean).all()):
        return None
    deviation = np.sqrt(np.diagonal(covariance))
    if not (deviation > 0.0).all():
        return None
    correlation = np.clip(covariance[0, 1] / deviation[0] / deviation[1], -1.0, 1.0)
    angle = np.linspace(0.0, 2.0 * np.pi, n_points)
    radius = np.sqrt(-2.0 * np.log(1.0 - share))
    across = np.cos(angle)
    down = correlation * np.cos(angle) + np.sqrt(1.0 - correlation**2) * np.sin(angle)
    return np.asarray(mean + radius * deviation * np.column_stack([across, down]))


def _panel(layout: _Layout, report: Section, scales: tuple[Scale, Scale]) -> Panel:
    """Draw both axes."""
    size = layout.width - layout.left - layout.right, layout.height - TOP - BOTTOM
    panel = Panel(Sheet(layout.width, layout.height), layout.left, TOP, *size, *scales)
    across, up = (_axis(axis, report, layout.n_named) for axis in report["pictures"]["plane"]["axes"])
    panel.y_axis(up, 5)
    panel.x_axis(across, layout.ticks)
    return panel


def _draw_points(panel: Panel, points: _Points) -> None:
    _mark(panel, points.left, "x", MUTED, "left-empty")
    for group, places in zip(points.groups, points.known, strict=True):
        _mark(panel, places, group.marker, group.colour, f"known-{group.k}")
    for group, places in zip(points.groups, points.filled, strict=True):
        _mark(panel, places, group.marker, group.colour, f"filled-{group.k}", hollow=True)


def _keys(points: _Points, filling: Filling, *, solid: bool, dashed: bool) -> tuple[Key, ...]:
    """Write the legend of what there is in the picture."""
    known, filled = any(map(len, points.known)), any(map(len, points.filled))
    keys = list(keys_of(points.groups, "both" if known and filled else "filled" if known else "hollow"))
    for kind, is_there, said in (
        ("filled", known, "known"),
        ("hollow", filled, filling.participle),
        ("line", solid, FROM_ALL),
        ("dashed", dashed, FROM_LABELLED),
        ("cross", len(points.left) > 0, "left empty"),
    ):
        keys += [Key(kind, said)] if is_there else []
    return tuple(keys)


def _by_group(by_label: Mapping[str, Sequence[Sequence[float]]], groups: Sequence[Group]) -> list[Floats]:
    return [_points([point for label in group.labels for point in by_label.get(label, ())]) for group in groups]


def _points(listed: Sequence[Sequence[float | None]]) -> Floats:
    """Give the places of points, of which a third number is the probability: (n_points, 2)."""
    places = [point[:2] for point in listed if point[0] is not None and point[1] is not None]
    return np.array(places, np.float64).reshape(-1, 2)


def _scales(points: Floats, fits: Sequence[Section]) -> tuple[tuple[Scale, Scale], int]:
    """Choose the ends of both axes, with room for ellipses that need little, and count the points that lie beyond."""
    scales, beyond = [], np.zeros(len(points), bool)
    outlines = [outline for one in fits if (outline := ellipse(one, SHARES[-1])) is not None]
    for axis, values in enumerate(points.T):
        low, high = np.quantile(values, 0.01, method="higher"), np.quantile(values, 0.99, method="lower")
        everything, most = scale_over(values, margin=0.05), scale_over([low, high], margin=0.25)
        width = [scale.high / 2.0 - scale.low / 2.0 for scale in (everything, most)]
        if len(points) >= FEW and low < high and width[0] > FAR * width[1]:
            beyond |= (values < most.low) | (values > most.high)
            scales.append(most)
        else:
            wider = scale_over([*values, *(value for one in outlines for value in one[:, axis])], margin=0.03)
            roomy = wider.high / 2.0 - wider.low / 2.0 <= ROOM * width[0]
            scales.append(wider if roomy else everything)
    return (scales[0], scales[1]), int(beyond.sum())


def _mark(panel: Panel, points: Floats, marker: str, colour: str, name: str, *, hollow: bool = False) -> None:
    if not len(points):
        return
    x = np.clip(panel.across(points[:, 0]), panel.left, panel.left + panel.width)
    y = np.clip(panel.down(points[:, 1]), panel.top, panel.bottom)
    panel.sheet.markers(x, y, marker, colour=colour, hollow=hollow, size=6.2 if hollow else 5.2, name=name)


def _ellipses(panel: Panel, fits: Sequence[Section], groups: Sequence[Group], dash: Sequence[float]) -> bool:
    """Draw what is to be seen of the ellipses, and tell whether that is anything."""
    seen = False
    of_label = {label: group for group in groups for label in group.labels if group.is_one}
    for fitted in fits:
        group = of_label.get(fitted["label"])
        for share in SHARES if group else ():
            outline = ellipse(fitted, share)
            if outline is not None and group is not None:
                name = f"{'labels-only' if dash else 'em'}-{group.k}-{100 * share:.0f}"
                seen |= panel.line(outline[:, 0], outline[:, 1], colour=group.colour, width=1.8, dash=dash, name=name)
    return seen


def _axis(axis: Section, report: Section, n_named: int) -> str:
    """Name an axis; a combination of measurements by those that count most in it."""
    counted = [(name, value) for name, value in axis["coefficients"].items() if value]
    if len(counted) == 1:
        return str(axis["name"])
    deviation = {one["name"]: one.get("sd") or 1.0 for one in report["features"]["used"]}
    counted.sort(key=lambda one: -abs(one[1] * deviation.get(one[0], 1.0)))
    named = " and ".join(shortened(name, 24) for name, _ in counted[:n_named])
    return f"{axis['name']} (mostly {named})" if counted else str(axis["name"])


def _said(points: _Points, fits: Sequence[Section], filling: Filling) -> str:
    """Say in words what is to be seen."""
    counts = [
        f"{one.name}: {len(known):,} known, {len(filled):,} {filling.participle}"
        for one, known, filled in zip(points.groups, points.known, points.filled, strict=True)
    ]
    centres = [
        f"{one['label']} at {one['mean'][0]:.4g}, {one['mean'][1]:.4g}"
        for one in fits[: len(points.groups)]
        if None not in one["mean"]
    ]
    return f"Points drawn: {'; '.join(counts)}. Centres by EM: {'; '.join(centres)}."


def _caption(plane: Section, points: _Points, n_far: int, filling: Filling, *, has_ellipses: bool) -> str:
    """Say how to read the picture."""
    of, drawn = plane["of"], points.n_drawn
    said = f"Each point is a row, its shape and colour tell the label: {_looks(points, filling)}."
    if has_ellipses:
        said += " EM expects half of a label’s rows within its inner ellipse and 95 % within the outer one."
    if any(len(axis["coefficients"]) > 1 and axis["name"].startswith("axis") for axis in plane["axes"]):
        said += " The axes combine the measurements so that the labels lie as far apart as can be."
    if drawn[0] < of["known"] or drawn[1] < of["missing"]:
        said += f" Drawn are {sum(drawn):,} of {of['known'] + of['missing']:,} rows."
    if n_far:
        said += f" {n_far:,} far-off {'row stands' if n_far == 1 else 'rows stand'} at the edge."
    return said


def _looks(points: _Points, filling: Filling) -> str:
    """Say what filled and hollow markers are, if there are both."""
    if not any(map(len, points.known)):
        return "all are hollow, since no row had a label"
    if not any(map(len, points.filled)):
        return "all of these have one"
    return f"filled markers have one in the file, hollow ones {filling.told}"
