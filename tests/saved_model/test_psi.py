"""Distances of distributions: against definitions in loops, scipy's exact tests, and simulation."""

from math import log

import numpy as np
import pytest
from sampling import crossed, rarely
from scipy.stats import binomtest, chi2

from em_impute.saved_model.distributions import count_numbers, describe_numbers
from em_impute.saved_model.drift import _groups, is_more_often, psi

KINDS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "counts": lambda rng, n: rng.poisson(3, n).astype(float),
    "mostly nought": lambda rng, n: np.where(rng.random(n) < 0.6, 0.0, rng.exponential(size=n)),
    "whole": lambda rng, n: rng.normal(170, 10, n).round(),
}


def counts_of(training, new):
    described = describe_numbers(training)
    return described.counts, count_numbers(described.edges, new).counts


# The population stability index


def test_the_index_is_the_sum_over_groups_that_the_books_give():
    expected, observed = np.array([100.0, 300.0, 400.0, 200.0]), np.array([30.0, 50.0, 60.0, 60.0])
    p, q = (0.1, 0.3, 0.4, 0.2), (0.15, 0.25, 0.3, 0.3)

    value, limit = psi(expected, observed)

    assert value == pytest.approx(sum((b - a) * log(b / a) for a, b in zip(p, q, strict=True)))
    assert 0.25 == limit  # χ²(3) at 99.9 % is 16.27: times (1/1000 + 1/200) less than that


def test_the_limit_of_small_files_is_what_chance_reaches_once_in_a_thousand():
    value, limit = psi(np.full(4, 10.0), np.full(4, 10.0))

    exact = chi2.ppf(0.999, 3) * 2 / 40

    assert value == pytest.approx(0.0)
    assert exact <= limit <= 1.03 * exact  # Wilson & Hilferty's quantile is a little too high


def test_a_group_without_observed_rows_counts_as_half_a_row():
    value, _ = psi(np.full(2, 50.0), np.array([100.0, 0.0]))

    assert value == pytest.approx((1.0 - 0.5) * log(1.0 / 0.5) + (0.005 - 0.5) * log(0.005 / 0.5))


def test_texts_that_belong_to_no_cell_are_a_group_that_training_had_half_a_row_of():
    value, _ = psi(np.full(2, 500.0), np.array([40.0, 40.0]), 20.0)

    terms = [(0.4, 0.5), (0.4, 0.5), (0.2, 0.0005)]
    assert value == pytest.approx(sum((q - p) * log(q / p) for q, p in terms))


def test_fewer_than_eight_rows_are_not_judged():
    share = np.array([0.25, 0.75])

    for n, m in [(7, 100), (100, 7), (0, 0)]:
        assert psi(n * share, m * share) is None
    assert not is_more_often(0, 10**6, 7, 7, 0.0)
    assert is_more_often(0, 10**6, 8, 8, 0.0)


@crossed(11, kind=KINDS, sizes=[(20, 20), (20, 400), (400, 20), (60, 60), (200, 50), (10_000, 50), (2000, 2000)])
def test_no_drift_is_hardly_ever_called_one(kind, sizes):
    """The limit is meant for 0.1 %; of 1,000 files 10 are allowed, which 0.3 % would exceed in less than one of 1,000."""
    rng = np.random.default_rng([*map(ord, kind[:3]), *sizes])
    n, m = sizes

    found = [psi(*counts_of(KINDS[kind](rng, n), KINDS[kind](rng, m))) for _ in range(1000)]

    assert sum(value > limit for value, limit in found) <= 10


@pytest.mark.parametrize("seed", [0, 1, *map(rarely, range(2, 20))])
def test_groups_are_neighbours_and_each_has_its_least_share(seed):
    rng = np.random.default_rng(seed)
    share, least = rng.dirichlet(np.full(rng.integers(1, 60), 0.3)), rng.uniform(0.01, 0.4)

    group = _groups(share, 2.0 * least, least)

    assert set(np.diff(group)) <= {0, 1}
    assert group[0] == 0
    assert np.bincount(group, share).min() >= min(least, 1.0 - 1e-9)


# Shares


@pytest.mark.parametrize(
    ("then", "n_then", "now", "n_now"), [(1, 1000, 30, 1000), (0, 50, 3, 40), (10, 10_000, 4, 100), (5, 500, 5, 50), (20, 200, 40, 210)]
)  # fmt: skip
def test_a_share_is_larger_where_the_binomial_test_says_so(then, n_then, now, n_now):
    by_scipy = binomtest(now, now + then, n_now / (n_now + n_then), alternative="greater").pvalue

    assert (by_scipy < 0.001) == is_more_often(then, n_then, now, n_now, 0.0)


def test_a_share_that_is_larger_by_less_than_what_matters_is_not_told():
    assert is_more_often(1000, 10**6, 3000, 10**6, 0.001)
    assert not is_more_often(1000, 10**6, 3000, 10**6, 0.01)
    assert not is_more_often(3000, 10**6, 1000, 10**6, 0.0)
