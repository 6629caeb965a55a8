"""Where EM may begin without labels: rows are merged into ever fewer clusters, always the two that lose least by it.

Model-based hierarchical clustering (Banfield & Raftery 1993, "Model-based Gaussian and non-Gaussian clustering",
Biometrics 49), which mclust begins with: what is lost is likelihood, each cluster being a Gaussian of its own.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Floats, Integers, Rows
from em_impute.em.families import FAMILIES, Prior, default_prior, m_step
from em_impute.em.moments import Moments, hard_moments, merge

MAX_ROWS = 2_000
"""Rows that are merged; distances between all of them are held at once."""

FIRST_CLUSTERS = 60
"""Clusters that Ward's method leaves, and by likelihood are merged further: below a few rows it says little."""


class Hierarchy(NamedTuple):
    """How rows come together, in ways that differ in how they begin."""

    cluster: tuple[Integers, ...]  # (n_rows,) each, the first clusters; −1 for rows that were not looked at
    merges: tuple[list[tuple[int, int]], ...]  # the second of two clusters goes into the first, one pair after another

    def partitions(self, n_components: int) -> Iterator[Integers]:
        """Yield the component of each row, (n_rows,), −1 for none, where there are as many clusters."""
        for cluster, merges in zip(self.cluster, self.merges, strict=True):
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
        return Hierarchy((), ())
    chosen = np.arange(n_rows)
    if n_rows > MAX_ROWS:
        chosen = np.sort(np.random.default_rng(seed).choice(n_rows, MAX_ROWS, replace=False))
    x, weight = rows.x[chosen], rows.weight[chosen]
    points = np.where(np.isnan(x), 0.0, x)
    clusters, merges = [], []
    for place in (_whitened(points, overall), points):
        first: Integers = fcluster(linkage(place, "ward"), FIRST_CLUSTERS, "maxclust").astype(np.int64) - 1
        cluster = np.full(n_rows, -1)
        cluster[chosen] = first
        clusters.append(cluster)
        moments = hard_moments(points, first, weight, int(first.max()) + 1)
        prior = default_prior(overall, float(weight.sum()), moments.weight.size, 1.0)
        merges.append(list(_merges(moments, prior)))
    return Hierarchy(tuple(clusters), tuple(merges))


def _whitened(points: Floats, overall: Floats) -> Floats:
    length, axes = np.linalg.eigh(overall)
    wide = length > 1e-8 * length[-1]
    whitened: Floats = (points @ axes[:, wide]) / np.sqrt(length[wide])
    return whitened


def _merges(moments: Moments, prior: Prior) -> Iterator[tuple[int, int]]:
    """Yield which two clusters are merged, until one is left."""
    n_clusters = moments.weight.size
    cost, loss = _cost(moments, prior), np.full((n_clusters, n_clusters), np.inf)
    for one in range(1, n_clusters):
        _compare(moments, cost, loss, prior, one, np.arange(one))
    left = np.arange(n_clusters)
    while left.size > 1:
        among = loss[np.ix_(left, left)]
        kept, gone = (int(left[at]) for at in np.unravel_index(among.argmin(), among.shape))
        together = merge(_of(moments, [kept]), _of(moments, [gone]))
        for values, new in zip(moments[:3], together[:3], strict=True):
            values[kept] = new[0]
        cost[kept] = _cost(together, prior)[0]
        left = left[left != gone]
        _compare(moments, cost, loss, prior, kept, left[left != kept])
        yield kept, gone


def _compare(moments: Moments, cost: Floats, loss: Floats, prior: Prior, one: int, others: Integers) -> None:
    """Write into `loss`, (n_clusters, n_clusters), what merging a cluster with each of some others costs."""
    if others.size:
        together = merge(_of(moments, [one] * others.size), _of(moments, others))
        loss[one, others] = loss[others, one] = _cost(together, prior) - cost[one] - cost[others]


def _of(moments: Moments, which: Integers | list[int]) -> Moments:
    return Moments(moments.weight[which], moments.mean[which], moments.scatter[which], 0.0, 0)


def _cost(moments: Moments, prior: Prior) -> Floats:
    """Compute −2 log-likelihood of each cluster's rows at its own covariance, but for constants: (n_clusters,)."""
    cost: Floats = moments.weight * np.linalg.slogdet(m_step(moments, FAMILIES["full"], prior).covariance)[1]
    return cost
