"""Near rows: whether they lack their labels together, and which clusters of them to hold out whole.

Clusters are such that a hidden row lies as far from the nearest labelled row that is left as rows to fill lie from
theirs (nearest-neighbour distance matching: Milà et al. 2022, Linnenbrink et al. 2024).
"""

from collections.abc import Callable

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers
from em_impute.em.clustering import squared_distances
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
"""Clusters that are tried, for each row."""

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
    """Choose clusters by the distances from hidden rows to what is left, (n_rows,); None where none are fit for it.

    Those that are plain to see are joined by steps within the reach of their rows; else they are those that overlap.
    """
    from scipy.cluster.hierarchy import fcluster, linkage  # late: hardly a table has such clusters

    known, missing = rows[~lacks], rows[lacks]
    wanted = np.sort(squared_distances(points[missing], points[known]).min(axis=1))
    distance = squared_distances(points[known], points[known])
    np.fill_diagonal(distance, np.inf)
    one_by_one = _distance_to_rest(distance, label[known], np.arange(known.size), rng)
    before = float(np.median(one_by_one))
    if before < TIE:
        return None  # equal rows are no clusters
    tree, reach, rough = linkage(points, "ward"), None, None
    least_clear, least_rough = LOOSE_MISFIT, LARGEST_MISFIT
    for share in SHARES_OF_ROWS:
        code = fcluster(tree, max(2 * N_FOLDS, int(share * len(points))), "maxclust").astype(np.intp)
        whole = _distance_to_rest(distance, label[known], code[known], rng)
        of_whole, of_mixture = _misfits(one_by_one, whole, wanted)
        after = float(np.median(whole))
        if after > CLEAR_JUMP**2 * before and of_whole < least_clear:
            least_clear, reach = of_whole, (before * after) ** 0.25
        elif after > LEAST_JUMP**2 * before and of_mixture < least_rough:
            least_rough, rough = of_mixture, np.where(label < 0, code + len(points), code)
    return rough if reach is None else fcluster(linkage(points, "single"), reach, "distance").astype(np.intp)


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
