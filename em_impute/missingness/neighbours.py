"""Near rows: whether they lack their labels together, and which clusters of them to hold out whole.

Clusters are such that a hidden row lies as far from the nearest labelled row that is left as rows to fill lie from
theirs (nearest-neighbour distance matching: Milà et al. 2022, Linnenbrink et al. 2024).
"""

from collections.abc import Callable

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers
from em_impute.em.clustering import settle, squared_distances
from em_impute.ensemble.folds import N_FOLDS, deal

MOST_ROWS = 2000
"""Of either kind: so many distances fit into the memory and a tenth of a second.  A sample of more rows would part near
ones."""

LEAST_ROWS = 30
"""Of either kind: with fewer there is no distribution to match."""

QUERIES = 600
"""Rows whose neighbours are looked at."""

FIRST_FAR, LAST_FAR = 12, 60
"""Which neighbours are not of a row's cluster but still where it is: the nearest ten may all belong to it."""

TIE = 1e-12
"""A squared distance below this is rounding."""

ROUNDING = 1e-6
"""Of a sum of squares: where all neighbours are alike it is 0 but for rounding."""

MOST_BEYOND = 0.5
"""Of what a row and its nearest neighbour have in common, the part that a row has in common with those farther off."""

APART = 1e3
"""Distance between rows with different gaps: what one of them shows may be all that is odd about them."""

SHARES_OF_ROWS = np.geomspace(0.03, 0.8, 16)
"""Clusters that are tried, for each labelled row."""

SETTLING = 4
"""Steps of k-means: clusters only need to be compact."""

CLEAR_JUMP, LOOSE_MISFIT = 10.0, 0.03
"""A row without its cluster lies so many times as far from the nearest labelled one, at the median, where clusters are
plain to see; and the mean squared difference of the distribution functions of the two distances, at most: rows to fill
that lie farther off than any cluster of labelled rows from the others are elsewhere, which is no matter of cluster."""

LEAST_JUMP, LARGEST_MISFIT = 1.7, 0.005
"""The same where clusters overlap: those that random points form, or points along a border, come to 1.6.  They are held
out whole, since distances no longer tell how many rows to fill have labelled siblings: such clusters are rounder and
farther from one another than the true ones.  Flags out that way, customers with means of their own gave 29 % errors for
true 31 %, where a mixture with the right distances gave 23 % and rows one by one 21 %."""


def find_clusters(
    x: Floats, label: Integers, weight: Floats, rate: Callable[[], Floats], level: float, rng: np.random.Generator
) -> Integers | None:
    """Find the clusters that near rows form, (n_rows,); None where these do not lack labels together, or are many.

    `rate` gives that of missing labels as the predictors have it, (n_rows,).
    """
    n_missing, n_known = float(weight[label < 0].sum()), float(weight[label >= 0].sum())
    if not (LEAST_ROWS <= n_known <= MOST_ROWS and LEAST_ROWS <= n_missing <= MOST_ROWS) or not x.shape[1]:
        return None
    rows = rng.permutation(np.repeat(np.arange(label.size), weight.astype(np.intp)))  # equal ones in no order
    lacks = label[rows] < 0
    if _deviation(points_of(x[rows], APART), lacks - rate()[rows]) < np.sqrt(-2.0 * np.log(level)):
        return None
    return _match(points_of(x), label, rows, lacks, rng)


def points_of(x: Floats, apart: float = 1.0) -> Floats:
    """Place rows with gaps, (n_rows, n_features + n_gaps): a gap lies at the mean, `apart` from what is not missing."""
    missing = np.isnan(x)
    gaps = missing[:, missing.any(axis=0)]
    return np.hstack([np.where(missing, 0.0, x), apart * gaps])


def _deviation(points: Floats, residual: Floats) -> float:
    """Say by how many deviations nearest neighbours lack labels together beyond chance (after Dixon 1994)."""
    n = residual.size
    last = min(LAST_FAR, n // 8)
    if last < 2 * FIRST_FAR:
        return 0.0
    query = np.arange(min(n, QUERIES))  # rows are in random order
    distance = squared_distances(points[query], points)
    distance[query, query] = np.inf
    near = np.argpartition(distance, last, axis=1)[:, :last]
    away = np.take_along_axis(distance, near, axis=1)
    order = np.argsort(away, axis=1)
    near = np.take_along_axis(near, order, axis=1)  # (n_queries, last)
    usable = away.max(axis=1) < APART
    first, beyond = near[:, 0], residual[near[:, FIRST_FAR : 2 * FIRST_FAR]].mean(axis=1)
    if residual[query] @ beyond > MOST_BEYOND * (residual[query] @ residual[first]):
        return 0.0  # it is the place that matters, and no cluster
    # Less the mean of rows farther off, others for each: a rate that changes from place to place moves neither.
    far, other = residual[near[:, FIRST_FAR::2]].mean(axis=1), residual[near[:, FIRST_FAR + 1 :: 2]].mean(axis=1)
    together = (residual[query] - far) * (residual[first] - other)  # (n_queries,)
    pair = np.minimum(query, first) * n + np.maximum(query, first)
    _, once = np.unique(pair, return_index=True)  # two rows may be each other's nearest
    together = together[once[usable[once]]]
    return float(together.sum() / np.sqrt((together**2).sum() + ROUNDING))


def _match(points: Floats, label: Integers, rows: Integers, lacks: Flags, rng: np.random.Generator) -> Integers | None:
    """Choose clusters by the distances from hidden rows to what is left, (n_rows,); None where none are fit for it."""
    known, missing = rows[~lacks], rows[lacks]
    to_known = squared_distances(points[missing], points[known])
    found = _fit_clusters(points[known], label[known], np.sort(to_known.min(axis=1)), rng)
    if found is None:
        return None
    of_known, reach = found
    among_missing = squared_distances(points[missing], points[missing])
    if reach >= 0.0:
        of_missing = _linked(among_missing, reach)
    else:  # as large as those among labelled rows
        n_clusters = np.unique(of_known).size / of_known.size * missing.size
        of_missing = _around(points[missing], _farthest_first(among_missing)[: max(1, round(n_clusters))])
    code = np.arange(label.size) + known.size
    code[known] = of_known
    code[missing] = label.size + known.size + of_missing
    near = to_known.min(axis=1) <= reach
    code[missing[near]] = of_known[to_known[near].argmin(axis=1)]
    return code


def _fit_clusters(
    points: Floats, label: Integers, wanted: Floats, rng: np.random.Generator
) -> tuple[Integers, float] | None:
    """Find the clusters that give the `wanted` distances best: those that are plain to see, else those that overlap.

    Gives that of each labelled row, (n_known,), and the squared distance to the nearest one at which a row to fill
    belongs to its cluster; −1 where they overlap.
    """
    distance = squared_distances(points, points)
    np.fill_diagonal(distance, np.inf)
    one_by_one = _distance_to_rest(distance, label, np.arange(label.size), rng)
    centres = _farthest_first(distance)
    before = float(np.median(one_by_one))
    if before < TIE:
        return None  # equal rows are no clusters
    clear = rough = None
    least_clear, least_rough = LOOSE_MISFIT, LARGEST_MISFIT
    for share in SHARES_OF_ROWS:
        code = _around(points, centres[: max(2 * N_FOLDS, int(share * centres.size))])
        whole = _distance_to_rest(distance, label, code, rng)
        of_whole, of_mixture = _misfits(one_by_one, whole, wanted)
        after = float(np.median(whole))
        if after > CLEAR_JUMP**2 * before and of_whole < least_clear:
            reach = float(np.sqrt(before * after))
            least_clear, clear = of_whole, (_linked(distance, reach), reach)
        elif after > LEAST_JUMP**2 * before and of_mixture < least_rough:
            least_rough, rough = of_mixture, (code, -1.0)
    return clear or rough


def _around(points: Floats, centres: Integers) -> Integers:
    """Divide points among some of them, and then among the middles of what these have: (n_points,)."""
    return settle(points, np.ones(len(points)), points[centres], SETTLING)


def _linked(distance: Floats, reach: float) -> Integers:
    """Give one number to points that are joined by steps within `reach`, squared as `distance` is: (n_points,)."""
    from scipy.sparse.csgraph import connected_components  # late: hardly a table has such clusters

    return np.asarray(connected_components(distance <= reach)[1], np.intp)


def _distance_to_rest(distance: Floats, label: Integers, code: Integers, rng: np.random.Generator) -> Floats:
    """Deal clusters into folds and give each row's squared distance to the nearest of another, (n_known,) ascending."""
    fold = deal(label, rng, code, 1.0)
    to_rest = np.empty(fold.size)
    for number in range(-1, N_FOLDS):
        out = np.flatnonzero(fold == number)
        if out.size:
            to_rest[out] = distance[np.ix_(out, fold != number)].min(axis=1, initial=np.inf)
    return np.sort(to_rest[fold >= 0])


def _misfits(one: Floats, whole: Floats, wanted: Floats) -> tuple[float, float]:
    """Give how unlike `wanted` are `whole`, and its best mixture with `one` (Cramér–von Mises)."""
    at = np.sort(np.concatenate([one, whole, wanted]))
    low, high, aim = (np.searchsorted(values, at, side="right") / values.size for values in (one, whole, wanted))
    span = high - low
    share = float(np.clip(span @ (aim - low) / max(float(span @ span), 1.0 / at.size), 0.0, 1.0))
    return float(((high - aim) ** 2).mean()), float(((low + share * span - aim) ** 2).mean())


def _farthest_first(distance: Floats) -> Integers:
    """Order points so that each is farthest from all before it, (n_points,)."""
    n = distance.shape[0]
    order = np.empty(n, np.intp)
    away = np.full(n, np.finfo(float).max)
    for k in range(n):
        order[k] = away.argmax()
        np.minimum(away, distance[order[k]], out=away)
        away[order[k]] = -1.0
    return order
