"""How rows come together, against a merging that computes every pair anew."""

from itertools import combinations

import numpy as np
import pytest

from em_impute.em import clustering
from em_impute.em.blocks import Rows
from em_impute.em.clustering import build_hierarchy, partitions


def rows_of(x, weight=None):
    return Rows(x, np.full(len(x), -1), np.ones(len(x)) if weight is None else weight)


def cost(x, weight, n_clusters, overall):
    """−2 log-likelihood of rows under their own Gaussian, up to constants, with the conjugate prior of the engine."""
    n, d = weight.sum(), x.shape[1]
    scale = (1.0 - d / (N + d)) * overall + d / (N + d) * np.diag(np.diag(overall))
    scale = scale / n_clusters ** (2.0 / d)
    mean = np.average(x, axis=0, weights=weight)
    scatter = (x - mean).T @ np.diag(weight) @ (x - mean) + 0.01 * n / (n + 0.01) * np.outer(mean, mean)
    return n * np.linalg.slogdet((scatter + scale) / (n + d + 2 + d + 2))[1]


N = 30


@pytest.mark.parametrize("seed", range(4))
def test_the_two_clusters_are_merged_that_lose_the_least_likelihood(seed, monkeypatch):
    monkeypatch.setattr(clustering, "FIRST_CLUSTERS", 8)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, 2)) @ np.array([[1.0, 0.8], [0.0, 0.4]]) + 2.0 * rng.integers(0, 2, (N, 1))
    weight, overall = rng.uniform(0.5, 2.0, N), np.cov(x.T)
    weight *= N / weight.sum()
    found = build_hierarchy(rows_of(x, weight), overall, 0)

    for cluster, merges in found:
        groups = {k: np.flatnonzero(cluster == k) for k in range(8)}
        for kept, gone in merges:
            loss = {}
            for pair in combinations(groups, 2):
                apart = [groups[one] for one in pair]
                separate, joint = (
                    sum(cost(x[rows], weight[rows], 8, overall) for rows in some)
                    for some in (apart, [np.concatenate(apart)])
                )
                loss[pair] = joint - separate
            assert {kept, gone} == set(min(loss, key=loss.get))
            groups[kept] = np.concatenate([groups[kept], groups.pop(gone)])


def test_long_and_narrow_groups_side_by_side_are_found_where_distances_mislead():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 2)) * [6.0, 0.1] + np.repeat([[0.0, 0.0], [0.0, 1.0], [0.0, 2.0]], 100, axis=0)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    x = x @ np.array([[1.0, 0.9], [0.0, 0.2]])  # so that no single feature tells them apart

    first, _ = partitions(build_hierarchy(rows_of(x), np.cov(x.T), 0), 3)

    share = [np.bincount(first[k * 100 : (k + 1) * 100], minlength=3).max() for k in range(3)]
    assert min(share) >= 85
    assert np.unique(first).size == 3


def test_rows_beyond_the_most_belong_to_none_and_gaps_count_as_the_mean(monkeypatch):
    monkeypatch.setattr(clustering, "MAX_ROWS", 40)
    x = np.random.default_rng(2).normal(size=(100, 3))
    x[::5, 1] = np.nan

    for component in partitions(build_hierarchy(rows_of(x), np.eye(3), 0), 4):
        assert np.count_nonzero(component >= 0) == 40
        assert set(component) == {-1, 0, 1, 2, 3}


def test_one_feature_one_row_and_more_components_than_clusters_have_no_partition():
    assert list(partitions(build_hierarchy(rows_of(np.zeros((9, 1))), np.eye(1), 0), 2)) == []
    assert list(partitions(build_hierarchy(rows_of(np.zeros((1, 2))), np.eye(2), 0), 1)) == []
    assert list(partitions(build_hierarchy(rows_of(np.eye(3)), np.eye(3), 0), 4)) == []
