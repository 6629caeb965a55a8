"""What a picture takes: measurements in bins, probabilities along one, points in the plane that shows the labels."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.design import Design
from em_impute.diagnostics.baseline_em import BaselineEm
from em_impute.diagnostics.odd_rows import copies_of
from em_impute.diagnostics.values import Axis, ChartData, Ellipse, FeatureHistogram, Plane, PosteriorCurve
from em_impute.em.blocks import Floats, Integers, draw_rows, slices
from em_impute.em.parameters import Parameters
from em_impute.missingness.values import RowCounts
from em_impute.model.assign import most_probable
from em_impute.model.column import FittedColumn
from em_impute.model.fills import Fills
from em_impute.options import Request

MAX_HISTOGRAMS, MAX_COUNTS = 12, 10_000
"""Measurements that are counted in bins, the fewer the more labels there are."""

MAX_POINTS = 400
"""Rows of either kind that are drawn as points."""

MAX_CURVE, LEAST_CURVE = 200, 20
"""Points of the curves of all labels, the fewer the more labels there are."""

DIGITS, PLACE_DIGITS, EDGE_DIGITS = 6, 12, 15
"""Significant ones of what is only drawn; of places more, since they may lie far from 0; of edges all but rounding."""

LEAST_STRENGTH = 1e-6
"""A discriminant below this part of the first one's strength is rounding: the labels lie on a line."""

RARE = 0.1
"""A label so rare beside the most common one does not turn the axes: two rows far out would squeeze all others."""

MIN_BINS, MAX_BINS = 12, 40

FINE = 1e-4
"""Steps between values below this part of a bin's width are those of no scale that was read."""

ROUNDING = 1e-9

HUGE = 1e300
"""Beyond it, and below its inverse, arithmetic on the edges of bins would leave the range of numbers."""

N_PROBED, MANY_ROWS = 5000, 20_000
"""Values by which the bins are laid out, and rows of which they are taken; all rows are counted in them."""

TAIL = 0.001
"""Part of the rows at either end that may lie in the outermost bins, where these few would take most of the room."""

ROOMY = 1.5
"""Times the range without the tails up to which they are shown as well."""


class _Cells(NamedTuple):
    """Missing cells, those in equal rows told once where they were filled alike."""

    place: Integers  # (n_cells,) among the distinct rows
    code: Integers  # (n_cells,) label filled in, −1 for none
    times: Integers  # (n_cells,) how often there is such a one


def chart_data(found: FittedColumn, fills: Fills, plain: BaselineEm | None, request: Request) -> ChartData:
    """Count and draw rows of a completed column, all in the data's own units."""
    design = found.design
    if fills.is_drawn:  # equal rows may differ in what was drawn for them
        place = design.distinct_of(fills.row)
        cells = _Cells(place, fills.code, np.broadcast_to(np.intp(1), place.shape))
    else:
        code, _ = most_probable(found.distinct_probability, request.min_probability)
        cells = _Cells(found.unlabelled, code, found.cells)
    order = range(design.n_numbers) if plain is None else by_separation(plain.em.parameters).tolist()
    n_shown = min(MAX_HISTOGRAMS, max(1, MAX_COUNTS // (len(found.labels.labels) * MAX_BINS)))
    made = [_count_in_bins(found, cells, j) for j in order[:n_shown]]
    return ChartData(
        [one for one in made if one is not None],
        _curve(found) if len(design.features) == design.n_numbers == 1 and found.groups is None else None,
        _plane(found, fills, plain, request.seed),
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
    by_label = {label: _rounded(one, DIGITS) for label, one in zip(labels, probability, strict=True)}
    return PosteriorCurve(_rounded(about.shift + about.scale * x[order], PLACE_DIGITS), by_label)


def _plane(found: FittedColumn, fills: Fills, plain: BaselineEm | None, seed: int) -> Plane | None:
    design = found.design
    if plain is None or design.n_numbers < 2:  # noqa: PLR2004
        return None
    names, axes = _axes(plain.em.parameters, design)
    rng = np.random.default_rng(seed)
    known = draw_rows(design.label >= 0, MAX_POINTS, rng)
    cells = draw_rows(np.ones(fills.row.size, bool), MAX_POINTS, rng)

    def place_of(rows: Integers) -> Floats:
        own = design.shift + design.scale * design.x_of(rows)
        return np.asarray(own[:, : design.n_numbers] @ axes.T)

    here, there = place_of(known), place_of(fills.row[cells])
    shown, seen = ~np.isnan(here).any(axis=1), ~np.isnan(there).any(axis=1)
    label, code, here, there = design.label[known[shown]], fills.code[cells[seen]], here[shown], there[seen]
    labels = found.labels.labels
    at = {one: design.labels.index(one) if one in design.labels else -1 for one in labels}
    first, second = (
        Axis(name, {one.name: value for one, value in zip(design.features, axis.tolist(), strict=False)})
        for name, axis in zip(names, axes, strict=True)
    )
    return Plane(
        axes=(first, second),
        known={one: _rounded(here[label == k], PLACE_DIGITS) for one, k in at.items()},
        filled={one: _rounded(there[code == k], PLACE_DIGITS) for k, one in enumerate(labels)},
        left_empty=_rounded(there[code < 0], PLACE_DIGITS),
        of=RowCounts(int(np.count_nonzero(design.label >= 0)), fills.row.size),
        em=_ellipses(plain.em.parameters, plain, axes, design),
        labels_only=None if plain.labels_only is None else _ellipses(plain.labels_only, plain, axes, design),
    )


def _ellipses(parameters: Parameters, plain: BaselineEm, axes: Floats, design: Design) -> list[Ellipse]:
    """See a mixture in the plane of two axes; beyond the range of numbers a covariance is infinite or 0."""
    onto = axes * design.scale[: design.n_numbers]
    with np.errstate(over="ignore", under="ignore"):
        covariance = onto @ parameters.covariance @ onto.T
    seen = zip(
        (parameters.mean @ onto.T + axes @ design.shift[: design.n_numbers]).tolist(), covariance.tolist(), strict=True
    )
    return [Ellipse(design.labels[k], *one) for k, one in zip(plain.em.component_label, seen, strict=True)]


def _axes(mixture: Parameters, design: Design) -> tuple[Sequence[str], Floats]:
    """Choose the two measurements, or of more the best discriminants (Fisher 1936): names, and (2, n_features)."""
    n_features = design.n_numbers
    if n_features == 2:  # noqa: PLR2004
        return [one.name for one in design.features[:2]], np.eye(2)
    weight, mean, covariance = mixture
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
    else:  # two labels lie along one: across it where all rows vary most
        across = np.eye(n_features) - np.outer(first, first)
        second = _unit(np.linalg.eigh(across @ (within + between) @ across)[1][:, -1])
    return ("axis 1", "axis 2"), np.array([first, second]) / design.scale[:n_features]


def _unit(direction: Floats) -> Floats:
    """Give a direction the length 1, and its largest part a positive sign."""
    largest = direction[np.abs(direction).argmax()]
    return np.asarray(direction / (np.linalg.norm(direction) * np.sign(largest)))


def by_separation(mixture: Parameters) -> Integers:
    """Sort features, those first whose means vary most between the components beside what they vary within them."""
    weight, mean, covariance = mixture
    between = weight @ (mean - weight @ mean) ** 2
    return np.argsort(-between / (weight @ np.diagonal(covariance, axis1=1, axis2=2)), kind="stable")


def _count_in_bins(found: FittedColumn, cells: _Cells, feature: int) -> FeatureHistogram | None:
    """Count all rows by the bins of a measurement; None where it can be laid out in none."""
    design, labels = found.design, found.labels.labels
    about, x, copies = design.features[feature], design.distinct.x[:, feature], copies_of(design)
    with np.errstate(over="ignore"):
        edges = lay_out(about.shift + about.scale * _probe(x, copies), design.label.size)
    if edges is None:
        return None
    first, per_bin, n_bins = (edges[0] - about.shift) / about.scale, about.scale / (edges[1] - edges[0]), edges.size - 1

    def count(values: Floats, code: Integers, times: Floats | Integers) -> Integers:
        """Count values by label, none last, and by bin, beside those below and above: (n_labels + 1, n_bins + 2)."""
        counts = np.zeros((n_bins + 3) * (len(labels) + 1), np.intp)
        for some in slices(values.size):
            place = np.clip(np.floor((values[some] - first) * per_bin) + 1.0, 0.0, n_bins + 1.0)
            at = np.nan_to_num(place, nan=n_bins + 2.0).astype(np.intp) * (len(labels) + 1)
            counts += np.bincount(at + code[some] % (len(labels) + 1), times[some], counts.size).astype(np.intp)
        return counts.reshape(n_bins + 3, -1)[:-1].T

    code_of = np.array([*(labels.index(label) for label in design.labels), -1])
    known = count(x, code_of[design.distinct.label], copies)
    missing = count(x[cells.place], cells.code.astype(np.intp), cells.times)
    below, above = known.sum(axis=0)[[0, -1]].tolist()
    for one in (known, missing):
        one[:, [1, -2]] += one[:, [0, -1]]
    of_known, filled = (dict(zip(labels, one[:-1, 1:-1].tolist(), strict=True)) for one in (known, missing))
    left_empty = missing[-1, 1:-1].tolist()
    return FeatureHistogram(about.name, _rounded(edges, EDGE_DIGITS), (below, above), of_known, filled, left_empty)


def _rounded(values: NDArray[Any], digits: int) -> list[Any]:
    """Write numbers with so many significant digits, as lists as deep as the array."""
    found: list[Any] = np.vectorize(lambda value: float(f"{value:.{digits}g}"), otypes=[float])(values).tolist()
    return found


def _probe(x: Floats, copies: Floats) -> Floats:
    """Choose values (n_probed,) that are spread as those of the rows: quantiles of some of them, and both extremes."""
    every = max(1, x.size // MANY_ROWS)
    seen = ~np.isnan(x[::every])
    values, times = x[::every][seen], copies[::every][seen]
    if not times.any():
        return np.empty(0)
    at = (np.arange(N_PROBED) + 0.5) / N_PROBED
    inner = np.quantile(values, at, weights=times, method="inverted_cdf")
    return np.concatenate([[np.nanmin(x)], inner, [np.nanmax(x)]])


def lay_out(values: Floats, n_rows: float) -> Floats | None:
    """Choose the edges of bins, (n_bins + 1,), for values: 1, 2 or 5 times a power of ten wide.

    As wide as Freedman & Diaconis (1981) say, or less where that shows little, but never narrower than the smallest
    step between values, or bins would hold now two of them and now three; edges lie between the steps, where rounding
    moves no value across.  `values` (n_values,) are spread as those of `n_rows` rows.  None where nothing varies or
    numbers leave the range of arithmetic.
    """
    if not values.size or not np.all(np.abs(values) < HUGE):
        return None
    low, high = values.min(), values.max()
    if high - low < 1.0 / HUGE:
        return None
    inner = np.quantile(values, [TAIL, 1.0 - TAIL])
    if high - low > ROOMY * (inner[1] - inner[0]) > 0.0:
        low, high = inner
    quartile = np.quantile(values, [0.25, 0.75])
    wanted = min(2.0 * (quartile[1] - quartile[0]) / n_rows ** (1 / 3), (high - low) / MIN_BINS)
    step = float(np.diff(np.unique(values)).min())
    least = max(step, (high - low) / MAX_BINS)
    power = np.floor(np.log10(max(wanted, least)))
    nice = np.outer(10.0 ** (power + np.arange(-1.0, 2.0)), [1.0, 2.0, 5.0]).ravel()
    wide_enough = nice[nice >= least * (1.0 - ROUNDING)][0]
    width = float(max([wide_enough, *nice[nice <= wanted * (1.0 + ROUNDING)]]))
    offset = step / 2.0 if step > FINE * width else 0.0
    first = np.floor((low + offset) / width)
    n_bins = int(np.floor((high + offset) / width) - first) + 1
    edges: Floats = (first + np.arange(n_bins + 1)) * width - offset
    return edges if np.all(np.diff(edges) > 0.0) else None
