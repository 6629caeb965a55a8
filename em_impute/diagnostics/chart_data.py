"""What a picture takes: measurements in bins, probabilities along one, points in the plane that shows the labels."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from em_impute.diagnostics.baseline_em import BaselineEm
from em_impute.diagnostics.histograms import MAX_BINS, Histogram, cells_of, count_in_bins, separation_of
from em_impute.em.blocks import Floats, Integers
from em_impute.em.parameters import Parameters
from em_impute.em.sampling import draw_rows
from em_impute.model.assign import Fills
from em_impute.model.column import FittedColumn

MAX_HISTOGRAMS, MAX_COUNTS = 12, 10_000
"""Measurements that are counted in bins, the fewer the more labels there are."""

MAX_POINTS = 400
"""Rows of either kind that are drawn as points."""

MAX_CURVE, LEAST_CURVE = 200, 20
"""Points of the curves of all labels, the fewer the more labels there are."""

LEAST_STRENGTH = 1e-6
"""A discriminant below this part of the first one's strength is rounding: the labels lie on a line."""


class Curve(NamedTuple):
    """What the cells are filled by, where one measurement decides alone."""

    name: str
    x: Floats
    """(n_points,), ascending, in the data's own units: values of rows without a label"""
    probability: Floats
    """(n_points, n_labels)"""


class Axis(NamedTuple):
    """A direction in the space of the measurements."""

    name: str
    coefficient: Floats
    """(n_features,), by which the data in their own units are multiplied"""


class Points(NamedTuple):
    """Some rows in the plane."""

    place: Floats
    """(n_points, 2)"""
    code: Integers
    """(n_points,) the label that is known or was filled in, −1 where a cell was left as it was"""
    probability: Floats
    """(n_points,), 1 where the label is known"""


class Plane(NamedTuple):
    """The two directions in which the labels lie furthest apart, and rows seen in them."""

    axes: tuple[Axis, Axis]
    known: Points
    missing: Points
    n_known: int
    """Rows of either kind that the points were drawn from."""
    n_missing: int


class Pictures(NamedTuple):
    """All that there is to draw."""

    histograms: tuple[Histogram, ...]
    curve: Curve | None
    plane: Plane | None


def picture(found: FittedColumn, fills: Fills, min_probability: float, plain: BaselineEm | None, seed: int) -> Pictures:
    """Count and draw rows of a completed column."""
    design = found.design
    cells = cells_of(found, fills, min_probability)
    told = [(j, separation_of(found, cells, j)) for j in range(design.n_numbers)]
    told.sort(key=lambda one: -1.0 if one[1] is None else -one[1])
    n_labels = len(found.labels.labels)
    n_shown = min(MAX_HISTOGRAMS, max(1, MAX_COUNTS // (n_labels * MAX_BINS)))
    made = [count_in_bins(found, cells, j, separation) for j, separation in told[:n_shown]]
    return Pictures(
        tuple(one for one in made if one is not None),
        _curve(found) if len(design.features) == design.n_numbers == 1 and found.groups is None else None,
        _plane(found, fills, plain, seed),
    )


def project(parameters: Parameters, plain: BaselineEm, axes: Sequence[Axis]) -> Parameters:
    """See a mixture of the standardised measurements in a plane of the data's own units: exact, since linear.

    Beyond the range of numbers a covariance is infinite or 0.
    """
    own = np.array([axis.coefficient for axis in axes])  # (2, n_features)
    onto = own * plain.scale
    origin = own @ plain.shift
    with np.errstate(over="ignore", under="ignore"):
        covariance = onto @ parameters.covariance @ onto.T
    return Parameters(parameters.weight, parameters.mean @ onto.T + origin, covariance)


def _curve(found: FittedColumn) -> Curve | None:
    about = found.design.features[0]
    x = found.design.distinct.x[found.unlabelled, 0]
    seen = np.flatnonzero(~np.isnan(x))
    if not seen.size:
        return None
    order = seen[np.argsort(x[seen], kind="stable")]
    n_points = min(MAX_CURVE, max(LEAST_CURVE, MAX_COUNTS // len(found.labels.labels)))
    order = order[np.unique(np.linspace(0, order.size - 1, n_points).round().astype(np.intp))]
    order = order[np.unique(x[order], return_index=True)[1]]
    return Curve(about.name, about.shift + about.scale * x[order], found.distinct_probability[order])


def _plane(found: FittedColumn, fills: Fills, plain: BaselineEm | None, seed: int) -> Plane | None:
    design = found.design
    if plain is None or design.n_numbers < 2:  # noqa: PLR2004
        return None
    axes = _axes(plain)
    rng = np.random.default_rng(seed)
    known = draw_rows(design.label >= 0, MAX_POINTS, rng)
    cells = draw_rows(np.ones(fills.row.size, bool), MAX_POINTS, rng)
    names = [found.labels.labels.index(label) for label in design.labels]

    def place_of(rows: Integers) -> Floats:
        own = plain.shift + plain.scale * design.x_of(rows)[:, : design.n_numbers]
        place: Floats = own @ np.array([axis.coefficient for axis in axes]).T
        return place

    here, there = place_of(known), place_of(fills.row[cells])
    shown, seen = ~np.isnan(here).any(axis=1), ~np.isnan(there).any(axis=1)
    return Plane(
        axes,
        Points(here[shown], np.array(names)[design.label[known[shown]]], np.ones(int(shown.sum()))),
        Points(there[seen], fills.code[cells[seen]].astype(np.intp), fills.probability[cells[seen]]),
        int(np.count_nonzero(design.label >= 0)),
        fills.row.size,
    )


def _axes(plain: BaselineEm) -> tuple[Axis, Axis]:
    """Choose the measurements themselves where there are two, else the directions that tell the labels apart best.

    Those are Fisher's (1936) discriminants of the Gaussians.  Two labels lie along one; the other axis is then the one
    across it in which all rows vary most.
    """
    n_features = len(plain.names)
    if n_features == 2:  # noqa: PLR2004
        first, second = np.eye(2)
        return Axis(plain.names[0], first), Axis(plain.names[1], second)
    weight, mean, covariance = plain.em.fit.parameters
    within = np.einsum("k,kij->ij", weight, covariance)
    offset = mean - weight @ mean
    between = np.einsum("k,ki,kj->ij", weight, offset, offset)
    whitener = np.linalg.inv(np.linalg.cholesky(within))
    strength, direction = np.linalg.eigh(whitener @ between @ whitener.T)
    first = _unit(whitener.T @ direction[:, -1])
    if strength[-2] > LEAST_STRENGTH * strength[-1]:
        second = _unit(whitener.T @ direction[:, -2])
    else:
        across = np.eye(n_features) - np.outer(first, first)
        second = _unit(np.linalg.eigh(across @ (within + between) @ across)[1][:, -1])
    return Axis("axis 1", first / plain.scale), Axis("axis 2", second / plain.scale)


def _unit(direction: Floats) -> Floats:
    """Give a direction the length 1, and its largest part a positive sign."""
    largest = direction[np.abs(direction).argmax()]
    return np.asarray(direction / (np.linalg.norm(direction) * np.sign(largest)))
