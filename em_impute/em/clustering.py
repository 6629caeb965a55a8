"""Rows divided into clusters, where EM may begin: by k-means, or merged into ever fewer.

Merging is model-based hierarchical clustering (Banfield & Raftery 1993, "Model-based Gaussian and non-Gaussian
clustering", Biometrics 49), which mclust begins with: always those two that lose least likelihood by it, each cluster
being a Gaussian of its own.
"""

from collections.abc import Iterator

import numpy as np

from em_impute.em.blocks import Floats, Integers, Rows
from em_impute.em.expectation import Moments, hard_moments, merge
from em_impute.em.families import FAMILIES, Prior, default_prior, m_step

ROUNDS = 10


def k_means(points: Floats, weight: Floats, k: int, rng: np.random.Generator) -> Integers:
    """Assign points to the nearest of k centres, which move to the middles of theirs (Lloyd 1982): (n_points,).

    They begin far apart (k-means++).
    """
    if k == 1:
        return np.zeros(points.shape[0], dtype=np.intp)
    centre = far_apart(points, weight, k, rng)
    nearest: Integers = squared_distances(points, centre).argmin(axis=1)
    for _ in range(ROUNDS):
        count = np.bincount(nearest, weight, k)
        held = count > 0
        for j, column in enumerate(points.T):
            centre[held, j] = np.bincount(nearest, weight * column, k)[held] / count[held]
        before, nearest = nearest, squared_distances(points, centre).argmin(axis=1)
        if np.array_equal(before, nearest):
            break
    return nearest


def far_apart(x: Floats, weight: Floats, number: int, rng: np.random.Generator) -> Floats:
    """Choose so many of some points, (number, n_features), each by its squared distance to those before.

    That is how k-means++ begins (Arthur & Vassilvitskii 2007).  `weight` is (n_points,); a missing number counts as 0.
    """
    points = np.where(np.isnan(x), 0.0, x)
    chosen, chance, distance = np.empty(number, np.intp), weight, np.full(weight.size, np.inf)
    for k in range(number):
        total = chance.sum()
        chosen[k] = rng.choice(weight.size, p=chance / total if total > 0.0 else None)
        distance = np.minimum(distance, ((points - points[chosen[k]]) ** 2).sum(axis=1))
        chance = weight * distance
    return points[chosen]


def squared_distances(some: Floats, others: Floats) -> Floats:
    """Compute the squares of all distances between two sets of points, (n_some, n_others)."""
    distance = some @ (-2.0 * others.T)
    distance += (some**2).sum(axis=1)[:, None]
    distance += (others**2).sum(axis=1)
    return np.maximum(distance, 0.0, out=distance)


MAX_ROWS = 2_000
"""Rows that are merged; distances between all of them are held at once."""

FIRST_CLUSTERS = 60
"""Clusters that Ward's method leaves, and by likelihood are merged further: below a few rows it says little."""


Hierarchy = list[tuple[Integers, list[tuple[int, int]]]]
"""How rows come together, in ways that differ in how they begin: the first cluster of each row, −1 for rows that were
not looked at, and which two clusters merge, one pair after another; the second goes into the first."""


def partitions(hierarchy: Hierarchy, n_components: int) -> Iterator[Integers]:
    """Yield the component of each row, (n_rows,), −1 for none, where there are as many clusters."""
    for cluster, merges in hierarchy:
        component = np.arange(len(merges) + 1)
        if component.size < n_components:
            continue
        for kept, gone in merges[: component.size - n_components]:
            component[component == gone] = kept
        numbered = np.unique(component, return_inverse=True)[1]
        yield np.where(cluster < 0, -1, numbered[cluster])


def build_hierarchy(rows: Rows, overall: Floats, seed: int) -> Hierarchy:
    """Merge rows into clusters, from those of Ward's method in standard units and in whitened ones.

    `overall` is the covariance (n_features, n_features) of all rows.  A cell that is missing counts as the mean.  One
    feature is not merged: where it is cut into slices says as much, and of equal numbers no cluster is made.
    """
    from scipy.cluster.hierarchy import fcluster, linkage  # late: only tables without labels ask for it

    n_rows, n_features = rows.x.shape
    if n_rows == 1 or n_features == 1:
        return []
    chosen = np.arange(n_rows)
    if n_rows > MAX_ROWS:
        chosen = np.sort(np.random.default_rng(seed).choice(n_rows, MAX_ROWS, replace=False))
    x, weight = rows.x[chosen], rows.weight[chosen]
    points = np.where(np.isnan(x), 0.0, x)
    length, axes = np.linalg.eigh(overall)
    wide = length > 1e-8 * length[-1]
    whitened = (points @ axes[:, wide]) / np.sqrt(length[wide])
    hierarchy = []
    for place in (whitened, points):
        first: Integers = fcluster(linkage(place, "ward"), FIRST_CLUSTERS, "maxclust").astype(np.int64) - 1
        cluster = np.full(n_rows, -1)
        cluster[chosen] = first
        moments = hard_moments(points, first, weight, int(first.max()) + 1)
        prior = default_prior(overall, float(weight.sum()), moments.weight.size, 1.0)
        hierarchy.append((cluster, list(_merges(moments, prior))))
    return hierarchy


def _merges(moments: Moments, prior: Prior) -> Iterator[tuple[int, int]]:
    """Yield which two clusters are merged, until one is left."""
    n_clusters = moments.weight.size
    left, cost, loss = np.arange(n_clusters), _cost(moments, prior), np.full((n_clusters, n_clusters), np.inf)

    def compare(one: int, others: Integers) -> None:
        """Note what merging a cluster with each of some others costs."""
        together = merge(_of(moments, [one] * others.size), _of(moments, others))
        loss[one, others] = loss[others, one] = _cost(together, prior) - cost[one] - cost[others]

    for one in range(1, n_clusters):
        compare(one, left[:one])
    while left.size > 1:
        among = loss[np.ix_(left, left)]
        kept, gone = (int(left[at]) for at in np.unravel_index(among.argmin(), among.shape))
        together = merge(_of(moments, [kept]), _of(moments, [gone]))
        for values, new in zip(moments[:3], together[:3], strict=True):
            values[kept] = new[0]
        cost[kept] = _cost(together, prior)[0]
        left = left[left != gone]
        compare(kept, left[left != kept])
        yield kept, gone


def _of(moments: Moments, which: Integers | list[int]) -> Moments:
    return Moments(moments.weight[which], moments.mean[which], moments.scatter[which])


def _cost(moments: Moments, prior: Prior) -> Floats:
    """Compute −2 log-likelihood of each cluster's rows at its own covariance, but for constants: (n_clusters,)."""
    cost: Floats = moments.weight * np.linalg.slogdet(m_step(moments, FAMILIES["full"], prior).covariance)[1]
    return cost
