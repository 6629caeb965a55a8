"""The main chart where several predictors decide: rows in a plane, and the ellipses of the labels' Gaussians."""

from collections.abc import Sequence

import numpy as np

from em_impute.diagnostics.values import Axis, Ellipse, Plane
from em_impute.report.charts.axes import Panel, Scale, room_for, scale_over
from em_impute.report.charts.groups import DASHED, EM_KEYS, Chart, Filling, Group, Key
from em_impute.report.charts.svg import WIDE, Drawing, Floats, Values
from em_impute.report.format import shortened
from em_impute.report.model.shared import Predictor

Matrix = Sequence[Sequence[float | None]] | Floats

HEIGHT, TOP, BOTTOM = 480.0, 36.0, 418.0

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
    name: str, plane: Plane | None, features: Sequence[Predictor], groups: Sequence[Group], filling: Filling
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
    drawing, (across, up) = Drawing(name, WIDE, HEIGHT), (_axis(axis, features) for axis in plane.axes)
    x, y = _scales([*map(np.vstack, zip(known, filled, strict=True)), left_empty], plane.em)
    # The numbers of a combination of predictors tell nobody anything.
    x_ticks, y_ticks = (
        scale.ticks() if len(_counted(axis)) <= 1 else () for axis, scale in zip(plane.axes, (x, y), strict=True)
    )
    panel = Panel(drawing, room_for(drawing, y_ticks), TOP, WIDE - 12.0, BOTTOM, x, y)
    panel.y_axis(up, y_ticks)
    panel.x_axis(across, x_ticks)
    size = SMALL if len(points) > MANY else LARGE
    _mark(panel, left_empty, "x", "muted", size, "left-empty")
    for kind, of_groups in places.items():
        for group, one in zip(groups, of_groups, strict=True):
            _mark(panel, one, group.marker, group.colour, size, f"{kind}-{group.k}", hollow=kind == "filled")
    fits = [(plane.em, ()), (plane.labels_only or (), DASHED)]
    shown = [key for key, fit in zip(EM_KEYS, fits, strict=True) if _ellipses(panel, fit[0], groups, fit[1])]
    keys = [*(Key("both", one.name, one) for one in groups), Key("filled", "known"), Key("hollow", filling.participle)]
    keys += [*shown, Key("cross", "left empty")] if len(left_empty) else shown
    counts = [
        f"{group.name}: {len(one):,} known, {len(other):,} {filling.participle}"
        for group, one, other in zip(groups, known, filled, strict=True)
    ]
    svg = drawing.svg(f"Rows by {across} and {up}", f"Points drawn: {'; '.join(counts)}.")
    caption = "Each point is a row; its shape and colour show the label. "
    caption += filling.looks("solid hollow markers")
    caption += _caption(plane, panel, points, has_ellipses=EM_KEYS[0] in shown)
    return Chart(name, svg, caption, tuple(keys), is_wide=True)


def ellipse(mean: Values, covariance: Matrix, share: float, n_points: int = 73) -> Floats | None:
    """Compute the outline within which `share` of a Gaussian's rows lie: (n_points, 2); None without its numbers.

    The squared distance from the mean follows χ² with two degrees of freedom, which is beyond −2 log(1 − share) in
    1 − share of the cases.
    """
    mean, covariance = np.array(mean, np.float64), np.array(covariance, np.float64)  # what is null is NaN
    deviation = np.sqrt(np.diagonal(covariance))
    if not (np.isfinite(covariance).all() and np.isfinite(mean).all() and (deviation > 0.0).all()):
        return None
    correlation = np.clip(covariance[0, 1] / deviation[0] / deviation[1], -1.0, 1.0)
    angle = np.linspace(0.0, 2.0 * np.pi, n_points)
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


def _counted(axis: Axis) -> list[tuple[str, float]]:
    """List the predictors that an axis combines."""
    return [(name, value) for name, value in axis.coefficients.items() if value]


def _axis(axis: Axis, features: Sequence[Predictor]) -> str:
    """Name an axis; a combination of predictors by those that count most in it."""
    counted = _counted(axis)
    if len(counted) <= 1:
        return str(axis.name)
    deviation = {one.name: one.sd or 1.0 for one in features}
    counted.sort(key=lambda one: -abs(one[1] * deviation.get(one[0], 1.0)))
    return f"{axis.name} (mostly {' and '.join(shortened(name, 14) for name, _ in counted[:2])})"


def _caption(plane: Plane, panel: Panel, points: Floats, *, has_ellipses: bool) -> str:
    """Say how to read the ellipses and the axes, and what is not drawn."""
    n_rows, text = plane.of.known + plane.of.missing, ""
    if has_ellipses:
        text += " EM expects half of a label’s rows within its inner ellipse and 95 % within the outer one."
    if any(len(_counted(axis)) > 1 for axis in plane.axes):
        text += " The axes are the combinations of the predictors that separate the labels most."
    if len(points) < n_rows:
        text += f" {len(points):,} of {n_rows:,} rows are drawn."
    low, high = np.transpose([panel.x, panel.y])
    n_far = int(((points < low) | (points > high)).any(axis=1).sum())
    if n_far:
        text += f" {n_far:,} far-off {'row stands' if n_far == 1 else 'rows stand'} at the edge."
    return text
