"""What a picture takes: measurements in bins, probabilities along one, points in the plane that shows the labels."""

from collections.abc import Sequence

import numpy as np

from em_impute.diagnostics.baseline_em import BaselineEm
from em_impute.diagnostics.histograms import MAX_BINS, cells_of, count_in_bins, rounded, separation_of
from em_impute.diagnostics.values import Axis, ChartData, Ellipse, Plane, PosteriorCurve
from em_impute.em.blocks import Floats, Integers
from em_impute.em.parameters import Parameters
from em_impute.em.sampling import draw_rows
from em_impute.missingness.values import RowCounts
from em_impute.model.column import FittedColumn
from em_impute.model.fills import Fills

MAX_HISTOGRAMS, MAX_COUNTS = 12, 10_000
"""Measurements that are counted in bins, the fewer the more labels there are."""

MAX_POINTS = 400
"""Rows of either kind that are drawn as points."""

MAX_CURVE, LEAST_CURVE = 200, 20
"""Points of the curves of all labels, the fewer the more labels there are."""

DIGITS, PLACE_DIGITS = 6, 12
"""Significant ones of what is only drawn; of places more, since they may lie far from 0."""

LEAST_STRENGTH = 1e-6
"""A discriminant below this part of the first one's strength is rounding: the labels lie on a line."""

RARE = 0.1
"""A label so rare beside the most common one does not turn the axes: two rows far out would squeeze all others."""


def chart_data(
    found: FittedColumn, fills: Fills, min_probability: float, plain: BaselineEm | None, seed: int
) -> ChartData:
    """Count and draw rows of a completed column, all in the data's own units."""
    design = found.design
    cells = cells_of(found, fills, min_probability)
    told = [separation_of(found, cells, j) for j in range(design.n_numbers)]
    order = np.argsort([-1.0 if one is None else -one for one in told], kind="stable").tolist()
    n_shown = min(MAX_HISTOGRAMS, max(1, MAX_COUNTS // (len(found.labels.labels) * MAX_BINS)))
    made = [count_in_bins(found, cells, j) for j in order[:n_shown]]
    return ChartData(
        [one for one in made if one is not None],
        _curve(found) if len(design.features) == design.n_numbers == 1 and found.groups is None else None,
        _plane(found, fills, plain, seed),
    )


def _curve(found: FittedColumn) -> PosteriorCurve | None:
    about, labels = found.design.features[0], found.labels.labels
    x = found.design.distinct.x[found.unlabelled, 0]
    seen = np.flatnonzero(~np.isnan(x))
    if not seen.size or found.said is not None:  # what rows of one key say together is no function of x
        return None
    order = seen[np.argsort(x[seen], kind="stable")]
    n_points = min(MAX_CURVE, max(LEAST_CURVE, MAX_COUNTS // len(labels)))
    order = order[np.unique(np.linspace(0, order.size - 1, n_points).round().astype(np.intp))]
    order = order[np.unique(x[order], return_index=True)[1]]
    probability = found.distinct_probability[order].T
    by_label = {label: rounded(one, DIGITS) for label, one in zip(labels, probability, strict=True)}
    return PosteriorCurve(about.name, rounded(about.shift + about.scale * x[order], PLACE_DIGITS), by_label)


def _plane(found: FittedColumn, fills: Fills, plain: BaselineEm | None, seed: int) -> Plane | None:
    design = found.design
    if plain is None or design.n_numbers < 2:  # noqa: PLR2004
        return None
    names, axes = _axes(plain)
    rng = np.random.default_rng(seed)
    known = draw_rows(design.label >= 0, MAX_POINTS, rng)
    cells = draw_rows(np.ones(fills.row.size, bool), MAX_POINTS, rng)

    def place_of(rows: Integers) -> Floats:
        own = plain.shift + plain.scale * design.x_of(rows)[:, : design.n_numbers]
        return np.asarray(own @ axes.T)

    here, there = place_of(known), place_of(fills.row[cells])
    shown, seen = ~np.isnan(here).any(axis=1), ~np.isnan(there).any(axis=1)
    label, code, here, there = design.label[known[shown]], fills.code[cells[seen]], here[shown], there[seen]
    labels = found.labels.labels
    at = {one: design.labels.index(one) if one in design.labels else -1 for one in labels}
    first, second = (
        Axis(name, dict(zip(plain.names, axis.tolist(), strict=True))) for name, axis in zip(names, axes, strict=True)
    )
    return Plane(
        axes=(first, second),
        known={one: rounded(here[label == k], PLACE_DIGITS) for one, k in at.items()},
        filled={one: rounded(there[code == k], PLACE_DIGITS) for k, one in enumerate(labels)},
        left_empty=rounded(there[code < 0], PLACE_DIGITS),
        of=RowCounts(int(np.count_nonzero(design.label >= 0)), fills.row.size),
        em=_ellipses(plain.em.fit.parameters, plain, axes, design.labels),
        labels_only=None if plain.labels_only is None else _ellipses(plain.labels_only, plain, axes, design.labels),
    )


def _ellipses(parameters: Parameters, plain: BaselineEm, axes: Floats, labels: Sequence[str]) -> list[Ellipse]:
    """See a mixture in the plane of two axes; beyond the range of numbers a covariance is infinite or 0."""
    onto = axes * plain.scale
    with np.errstate(over="ignore", under="ignore"):
        covariance = onto @ parameters.covariance @ onto.T
    seen = zip((parameters.mean @ onto.T + axes @ plain.shift).tolist(), covariance.tolist(), strict=True)
    return [Ellipse(labels[k], *one) for k, one in zip(plain.em.fit.component_label, seen, strict=True)]


def _axes(plain: BaselineEm) -> tuple[Sequence[str], Floats]:
    """Choose the measurements themselves where there are two, else the directions that tell the labels apart best.

    Those are Fisher's (1936) discriminants of the Gaussians.  Two labels lie along one; the other axis is then the one
    across it in which all rows vary most.  Returns their names, and what the data in their own units are multiplied by,
    (2, n_features).
    """
    n_features = len(plain.names)
    if n_features == 2:  # noqa: PLR2004
        return plain.names, np.eye(2)
    weight, mean, covariance = plain.em.fit.parameters
    if np.count_nonzero(usual := weight >= RARE * weight.max()) > 1:
        weight, mean, covariance = weight[usual] / weight[usual].sum(), mean[usual], covariance[usual]
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
    return ("axis 1", "axis 2"), np.array([first, second]) / plain.scale


def _unit(direction: Floats) -> Floats:
    """Give a direction the length 1, and its largest part a positive sign."""
    largest = direction[np.abs(direction).argmax()]
    return np.asarray(direction / (np.linalg.norm(direction) * np.sign(largest)))
