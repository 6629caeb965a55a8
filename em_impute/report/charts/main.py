"""The main chart: where one predictor decides its rows in bins, where several do rows in the plane."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from em_impute.diagnostics.values import Axis, Ellipse, FeatureHistogram, Plane, PosteriorCurve
from em_impute.report.charts.drawing import WIDE, Drawing, Floats, Panel, Scale, Values, room_for, scale_over
from em_impute.report.charts.looks import DASHED, EM_KEYS, N_LABELS, Chart, Group, Key, summed
from em_impute.report.format import number, shortened
from em_impute.report.model.findings import Gaussian
from em_impute.report.model.shared import Predictor
from em_impute.table.text import listed

Curve = tuple[Floats, Floats]

WHICH = {
    True: "Solid {0} are rows whose label was known; {1} {0} were filled in.",
    False: "No label was known: {1} {0} were filled in.",
}
"""What is drawn of rows, by whether any label was known."""

TOP, GAP, FOOT = 32.0, 44.0, 62.0
"""Above the first panel, between two of them, and below the last one."""

HEIGHTS, LEAST_HEIGHT = {1: 160.0, 2: 124.0, 3: 100.0, 4: 84.0}, 68.0
"""Of a panel, by the number of labels."""

ALIKE = 0.2
"""Bars share one scale if the lowest label is at least so high a part of the highest."""

MAX_TURNS = 4
"""Turning points that are shown; more of them would be a fence."""

CURVE_POINTS, ELLIPSE_POINTS = 161, 73

TALL = 2.0
"""Curves so many times as high as the bars leave the panel."""

LONGEST_NAME = 26

FITS = {"parameters": (), "labels_only": DASHED}
"""Fits of one Gaussian per label, to all rows and to the labelled ones alone, and their dashes."""

LEFT_EMPTY = Group("left empty", (), N_LABELS + 1)
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
    told = [_draw_row(panel, row, edges) for panel, row in zip(panels, rows, strict=False)]
    named = [row.group for row in labels if curve is not None]
    if curve is not None:
        _draw_probability(panels[-1], curve, named, turns)
    panels[-1].x_axis(feature)
    ends = f"{number(edges[0])} to {number(edges[-1])}"
    svg = panels[0].drawing.svg(f"{feature} by label", f"Histograms of {feature} from {ends}. {'; '.join(told)}.")
    has_known = any(row.known.any() for row in labels)
    keys = [Key("line", one.name, one) for one in named]
    keys += [*[Key("solid", "known")] * has_known, Key("hatched", "filled in")]
    keys += [key for key, fit in zip(EM_KEYS, FITS, strict=True) if any(fit in row.curves for row in labels)]
    caption = f"Each bar counts rows by their {shortened(feature)}. {WHICH[has_known].format('bars', 'hatched')}"
    if any(row.curves for row in rows):
        caption += " The solid lines are the bell curves fitted by EM: how many rows of each label it expects where."
    if turns:
        caption += f" The most probable label changes at {listed([number(turn) for turn in turns])}."
    if not _are_alike(rows):
        caption += " Each label has a scale of its own."
    if any(shown.beyond):
        caption += f" The outermost bars also hold {sum(shown.beyond):,} rows that lie further out."
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
    if _are_alike(rows):
        most = [max(most)] * len(most)
    scales = [Scale(0.0, 1.1 * one) for one in most] + [Scale(0.0, 1.0)] * has_curve
    left = max(room_for(drawing, [*y.ticks(3), (1.0, "100 %")]) for y in scales)
    x = Scale(float(edges[0]), float(edges[-1]))
    tops = [TOP + i * (height + GAP) for i in range(n_panels)]
    return [Panel(drawing, left, top, WIDE - 16.0, top + height, x, y) for top, y in zip(tops, scales, strict=True)]


def _are_alike(rows: Sequence[_Row]) -> bool:
    """Tell whether bars share one scale."""
    most = [row.most for row in rows]
    return min(most) >= ALIKE * max(most)


def _draw_row(panel: Panel, row: _Row, edges: Sequence[float]) -> str:
    """Draw the rows of one label, known ones solid and filled ones hatched upon them; give their counts in words."""
    colour, k, drawing = row.group.colour, row.group.k, panel.drawing
    is_label = row.group != LEFT_EMPTY
    counts = f"{row.known.sum():,.0f} known, " if is_label else ""
    counts += f"{row.filled.sum():,.0f} {'filled in' if is_label else 'rows'}"
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


Matrix = Sequence[Sequence[float | None]] | Floats

PLANE_HEIGHT, PLANE_TOP, PLANE_BOTTOM = 480.0, 36.0, 418.0

SHARES = (0.5, 0.95)
"""Of a Gaussian's rows lie within each of its ellipses."""

FEW = 50
"""Points below which none is far out."""

FEW_OF_LABEL, LEAST_SHARE = 5, 0.01
"""Points of a label, and their share of all, below which the axes do not reach out for it."""

OUTER, ROOM = 20, 0.4
"""The axes hold all of a label's points but one of so many on either side, and are so much wider at most."""

MANY, LARGE, SMALL = 500, 0.8, 0.6
"""From so many points on, markers are small."""


def scatter_chart(
    name: str, plane: Plane | None, features: Sequence[Predictor], groups: Sequence[Group]
) -> Chart | None:
    """Draw known and filled rows in a plane; None where there is none.  `features` are the predictors in use."""
    if not plane:
        return None
    places = {
        kind: [_points([point for label in one.labels for point in by_label.get(label, ())]) for one in groups]
        for kind, by_label in (("known", plane.known), ("filled", plane.filled))
    }
    known, filled, left_empty = places["known"], places["filled"], _points(plane.left_empty)
    points = np.vstack([*known, *filled, left_empty])
    if not len(points):
        return None
    drawing, (across, up) = Drawing(name, WIDE, PLANE_HEIGHT), (_axis(axis, features) for axis in plane.axes)
    x, y = _scales([*map(np.vstack, zip(known, filled, strict=True)), left_empty], plane.em)
    # The numbers of a combination of predictors tell nobody anything.
    x_ticks, y_ticks = (
        () if _is_combined(axis) else scale.ticks() for axis, scale in zip(plane.axes, (x, y), strict=True)
    )
    panel = Panel(drawing, room_for(drawing, y_ticks), PLANE_TOP, WIDE - 12.0, PLANE_BOTTOM, x, y)
    panel.y_axis(up, y_ticks)
    panel.x_axis(across, x_ticks)
    size = SMALL if len(points) > MANY else LARGE
    _mark(panel, left_empty, "x", "muted", size, "left-empty")
    for kind, of_groups in places.items():
        for group, one in zip(groups, of_groups, strict=True):
            _mark(panel, one, group.marker, group.colour, size, f"{kind}-{group.k}", hollow=kind == "filled")
    fits = [(plane.em, ()), (plane.labels_only or (), DASHED)]
    shown = [key for key, fit in zip(EM_KEYS, fits, strict=True) if _ellipses(panel, fit[0], groups, fit[1])]
    has_known = any(map(len, known))
    keys = [*(Key("both", one.name, one) for one in groups), *[Key("filled", "known")] * has_known]
    keys += [Key("hollow", "filled in"), *shown, *[Key("cross", "left empty")] * bool(len(left_empty))]
    counts = [
        f"{group.name}: {len(one):,} known, {len(other):,} filled in"
        for group, one, other in zip(groups, known, filled, strict=True)
    ]
    svg = drawing.svg(f"Rows by {across} and {up}", f"Points drawn: {'; '.join(counts)}.")
    caption = (
        f"Each point is a row; its shape and colour show the label. {WHICH[has_known].format('markers', 'hollow')}"
    )
    caption += _plane_caption(plane, panel, points, has_ellipses=EM_KEYS[0] in shown)
    return Chart(name, svg, caption, tuple(keys), is_wide=True)


def ellipse(mean: Values, covariance: Matrix, share: float) -> Floats | None:
    """Compute the outline within which `share` of a Gaussian's rows lie: (n_points, 2); None without its numbers.

    The squared distance from the mean follows χ² with two degrees of freedom, which is beyond −2 log(1 − share) in
    1 − share of the cases.
    """
    mean, covariance = np.array(mean, np.float64), np.array(covariance, np.float64)  # what is null is NaN
    deviation = np.sqrt(np.diagonal(covariance))
    if not (np.isfinite(covariance).all() and np.isfinite(mean).all() and (deviation > 0.0).all()):
        return None
    correlation = np.clip(covariance[0, 1] / deviation[0] / deviation[1], -1.0, 1.0)
    angle = np.linspace(0.0, 2.0 * np.pi, ELLIPSE_POINTS)
    radius = np.sqrt(-2.0 * np.log(1.0 - share))
    up = correlation * np.cos(angle) + np.sqrt(1.0 - correlation**2) * np.sin(angle)
    return np.asarray(mean + radius * deviation * np.column_stack([np.cos(angle), up]))


def _points(listed: Sequence[Sequence[float]]) -> Floats:
    """Give the places of points: (n_points, 2)."""
    return np.array(listed, np.float64).reshape(-1, 2)


def _scales(by_group: Sequence[Floats], fits: Sequence[Ellipse]) -> list[Scale]:
    """Choose the ends of both axes: they follow the bulk of each label, with some room for the rest."""
    points = np.vstack(by_group)
    outlines = [outline for one in fits if (outline := ellipse(one.mean, one.covariance, SHARES[-1])) is not None]
    large = [one for one in by_group if len(one) >= max(FEW_OF_LABEL, LEAST_SHARE * len(points))]
    scales = []
    for j in (0, 1):
        everything = scale_over(np.vstack([points, *outlines])[:, j], margin=0.03)
        ends = [end for one in large for end in np.sort(one[:, j])[[-(-len(one) // OUTER), len(one) // -OUTER - 1]]]
        bulk = scale_over(ends if len(points) >= FEW and len(set(ends)) > 1 else points[:, j], margin=ROOM)
        scales.append(Scale(max(everything.low, bulk.low), min(everything.high, bulk.high)))
    return scales


def _mark(
    panel: Panel, points: Floats, marker: str, colour: str, size: float, name: str, *, hollow: bool = False
) -> None:
    """Mark points; those beyond the axes stand at the edge."""
    if len(points):
        x = np.clip(panel.across(points[:, 0]), panel.left, panel.right)
        y = np.clip(panel.down(points[:, 1]), panel.top, panel.bottom)
        panel.drawing.markers(x, y, marker, colour, hollow=hollow, size=size, name=name)


def _ellipses(panel: Panel, fits: Sequence[Ellipse], groups: Sequence[Group], dash: Sequence[float]) -> bool:
    """Draw what is to be seen of the ellipses, and tell whether that is anything."""
    of_label, seen = {group.name: group for group in groups if group.is_one}, False
    kind = "labels-only" if dash else "em"
    for one in fits:
        group = of_label.get(one.label)
        for share in SHARES if group else ():
            outline = ellipse(one.mean, one.covariance, share)
            if group and outline is not None:
                name = f"{kind}-{group.k}-{100 * share:.0f}"
                seen |= panel.line(outline[:, 0], outline[:, 1], group.colour, width=1.8, dash=dash, name=name)
    return seen


def _is_combined(axis: Axis) -> bool:
    """Tell whether an axis combines several predictors."""
    return sum(map(bool, axis.coefficients.values())) > 1


def _axis(axis: Axis, features: Sequence[Predictor]) -> str:
    """Name an axis; a combination of predictors by those that count most in it."""
    if not _is_combined(axis):
        return axis.name
    deviation = {one.name: one.sd or 1.0 for one in features}
    most = sorted(axis.coefficients, key=lambda name: -abs(axis.coefficients[name] * deviation.get(name, 1.0)))[:2]
    return f"{axis.name} (mostly {' and '.join(shortened(name, 14) for name in most)})"


def _plane_caption(plane: Plane, panel: Panel, points: Floats, *, has_ellipses: bool) -> str:
    """Say how to read the ellipses and the axes, and what is not drawn."""
    n_rows, text = plane.of.known + plane.of.missing, ""
    if has_ellipses:
        text += " EM expects half of a label’s rows within its inner ellipse and 95 % within the outer one."
    if any(map(_is_combined, plane.axes)):
        text += " The axes are the combinations of the predictors that separate the labels most."
    if len(points) < n_rows:
        text += f" {len(points):,} of {n_rows:,} rows are drawn."
    low, high = np.transpose([panel.x, panel.y])
    n_far = int(((points < low) | (points > high)).any(axis=1).sum())
    if n_far:
        text += f" {n_far:,} far-off {'row stands' if n_far == 1 else 'rows stand'} at the edge."
    return text
