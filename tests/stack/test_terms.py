"""Rows as terms of a matrix product: densities against scipy.stats, sums against loops over rows."""

from functools import reduce

import numpy as np
import pytest
from oracles import completed, draw, hide
from scipy.stats import multivariate_normal

from em_impute.stack.terms import Sums, coefficients, complete, group_rows, independent_sums, invert, sums_of
from em_impute.stack.views import Seen, View

MEAN = np.array([[0.0, 0.5, 1.0], [2.0, -1.0, 0.0]])
COVARIANCE = np.array(
    [[[1.0, 0.6, 0.2], [0.6, 2.0, 0.3], [0.2, 0.3, 0.5]], [[0.5, -0.2, 0.0], [-0.2, 0.7, 0.1], [0.0, 0.1, 1.0]]]
)
SHARE = np.array([0.3, 0.7])
LEVELS = (3, 2)
CHANCE = np.array([[0.5, 0.3, 0.2, 0.9, 0.1], [0.1, 0.1, 0.8, 0.4, 0.6]])


def view_of(levels):
    """A view that shows categories of so many levels."""
    nothing = np.zeros(0)
    return View("any", None, nothing, nothing, indicators=False, categories=True, edges=None, levels=levels)


def some_rows(n_rows=40, missing=0.3, seed=2, levels=LEVELS):
    """Rows of two components of which much is missing, two rows without any number or category."""
    rng = np.random.default_rng(seed)
    x, _ = draw(rng, n_rows, SHARE, MEAN, COVARIANCE)
    x = hide(rng, x, missing, np.nan)
    codes = np.column_stack([rng.integers(-1, n, n_rows) for n in levels] or [np.zeros((n_rows, 0), dtype=int)])
    if missing:
        x[:2] = np.nan
        codes[:2] = -1
    return Seen(x, codes)


def naive_log_joint(row, codes, k):
    """Log of share, density of the numbers that a row shows and chance of its texts, by scipy."""
    shown = ~np.isnan(row)
    total = np.log(SHARE[k])
    if shown.any():
        total += multivariate_normal.logpdf(row[shown], MEAN[k][shown], COVARIANCE[k][np.ix_(shown, shown)])
    for first, code in zip([0, LEVELS[0]], codes, strict=True):
        if code >= 0:
            total += np.log(CHANCE[k, first + code])
    return total


def naive_moments(x, weight, mean, covariance):
    """Weight, Σ E[x] and Σ E[x·xᵀ] given what rows show, row by row."""
    n_columns = len(mean)
    first, second = np.zeros(n_columns), np.zeros((n_columns, n_columns))
    for row, w in zip(x, weight, strict=True):
        full, spread = completed(row, mean, covariance)
        first += w * full
        second += w * (np.outer(full, full) + spread)
    return weight.sum(), first, second


def naive_counts(codes, weight, levels):
    return np.array(
        [
            sum(w for code, w in zip(column, weight, strict=True) if code == level)
            for column, n in zip(codes.T, levels, strict=True)
            for level in range(n)
        ]
    )


def summed(seen, view, weight, mean, covariance):
    """Sums over all rows by way of the terms; `weight` is (..., n_rows), like the leading axes of `mean`."""
    return reduce(
        Sums.plus,
        (
            complete(sums_of(weight[..., group.rows] @ group.terms, group), group.observed, mean, covariance)
            for group in group_rows(seen, view, np.arange(len(seen.x)))
        ),
    )


# Groups


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_every_row_is_in_one_group_which_shows_what_the_row_shows(missing):
    seen = some_rows(missing=missing)
    rows = np.arange(1, 40, 2)

    groups = group_rows(seen, view_of(LEVELS), rows)

    assert sorted(np.concatenate([group.rows for group in groups])) == list(rows)
    for group in groups:
        for row in group.rows:
            assert list(np.flatnonzero(~np.isnan(seen.x[row]))) == list(group.observed)
    sizes = [group.rows.size for group in groups]
    assert sizes == sorted(sizes, reverse=True)
    assert len({tuple(group.observed) for group in groups}) == len(groups)


def test_no_rows_are_no_groups():
    assert group_rows(some_rows(), view_of(LEVELS), np.arange(0)) == []


# Densities


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_terms_times_coefficients_are_log_densities_of_what_rows_show(missing):
    seen = some_rows(missing=missing)

    found = np.full((40, 2), np.nan)
    for group in group_rows(seen, view_of(LEVELS), np.arange(40)):
        theta = coefficients(group.observed, np.log(SHARE), MEAN, COVARIANCE, np.log(CHANCE))
        found[group.rows] = group.terms @ theta.T

    naive = [[naive_log_joint(row, codes, k) for k in range(2)] for row, codes in zip(*seen, strict=True)]
    # Expanded squares lose a digit or two of the sixteen where rows lie some deviations from the mean.
    np.testing.assert_allclose(found, naive, rtol=1e-12, atol=1e-12)


def test_leading_axes_are_mixtures_each_with_coefficients_of_its_own():
    rng = np.random.default_rng(3)
    mean = rng.normal(size=(4, 2, 3))
    half = rng.normal(size=(4, 2, 3, 3))
    covariance = half @ half.swapaxes(-1, -2) + np.eye(3)
    log_share, log_chance = rng.normal(size=(4, 2)), rng.normal(size=(4, 2, 5))
    observed = np.array([0, 2])

    together = coefficients(observed, log_share, mean, covariance, log_chance)

    for c in range(4):
        for k in range(2):
            alone = coefficients(observed, log_share[c, k], mean[c, k], covariance[c, k], log_chance[c, k])
            np.testing.assert_allclose(together[c, k], alone, rtol=1e-12)


def test_without_numbers_a_density_is_the_share_times_the_chances():
    seen = Seen(np.zeros((6, 0)), some_rows(6, 0.0).codes)
    (group,) = group_rows(seen, view_of(LEVELS), np.arange(6))

    theta = coefficients(group.observed, np.log(SHARE), np.zeros((2, 0)), np.zeros((2, 0, 0)), np.log(CHANCE))

    nothing = np.full(3, np.nan)
    naive = [[naive_log_joint(nothing, codes, k) for k in range(2)] for codes in seen.codes]
    np.testing.assert_allclose(group.terms @ theta.T, naive, rtol=1e-12)


# Sums


@pytest.mark.parametrize("missing", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("k", [0, 1])
def test_completed_sums_equal_a_loop_over_the_conditional_moments_of_rows(missing, k):
    # The loop takes them from the inverse of the whole covariance, the code from its observed part.
    seen = some_rows(missing=missing)
    weight = np.random.default_rng(4).uniform(0.0, 2.0, 40)

    found = summed(seen, view_of(LEVELS), weight, MEAN[k], COVARIANCE[k])

    total, first, second = naive_moments(seen.x, weight, MEAN[k], COVARIANCE[k])
    np.testing.assert_allclose(found.weight, total, rtol=1e-12)
    np.testing.assert_allclose(found.first, first, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(found.second, second, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(found.counts, naive_counts(seen.codes, weight, LEVELS), rtol=1e-12)


def test_completed_sums_of_many_mixtures_are_those_of_each():
    seen, view = some_rows(), view_of(LEVELS)
    rng = np.random.default_rng(5)
    weight = rng.uniform(size=(4, 2, 40))
    mean = MEAN + rng.normal(size=(4, 2, 3))
    covariance = COVARIANCE * rng.uniform(0.5, 2.0, (4, 2, 1, 1))

    together = summed(seen, view, weight, mean, covariance)

    for c in range(4):
        for k in range(2):
            alone = summed(seen, view, weight[c, k], mean[c, k], covariance[c, k])
            for expected, found in zip(alone, together, strict=True):
                np.testing.assert_allclose(found[c, k], expected, rtol=1e-12, atol=1e-12)


def test_completed_moments_are_those_of_draws_given_what_is_observed():
    # Draws of the whole Gaussian, weighed by a narrow window about the observed value: no conditional formula at all.
    rng = np.random.default_rng(6)
    shown = 0.8
    draws = rng.multivariate_normal(MEAN[0], COVARIANCE[0], 400_000)
    draws = draws[np.abs(draws[:, 1] - shown) < 0.05]
    row = Seen(np.array([[np.nan, shown, np.nan]]), np.zeros((1, 0), dtype=int))

    found = summed(row, view_of(()), np.ones(1), MEAN[0], COVARIANCE[0])

    # Some 11,000 draws are left: five standard errors of a mean or product of about unit variance are 0.05.
    np.testing.assert_allclose(found.first, draws.mean(axis=0), atol=0.05)
    np.testing.assert_allclose(found.second, draws.T @ draws / len(draws), atol=0.08)


def test_rows_that_show_nothing_are_taken_for_a_row_of_the_component():
    nothing = Seen(np.full((5, 3), np.nan), np.full((5, 2), -1))

    found = summed(nothing, view_of(LEVELS), np.ones(5), MEAN[1], COVARIANCE[1])

    expected = Sums(5.0, 5 * MEAN[1], 5 * (COVARIANCE[1] + np.outer(MEAN[1], MEAN[1])), np.zeros(5))
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-12)


def test_sums_of_disjoint_rows_add_up():
    seen, view = some_rows(), view_of(LEVELS)
    weight = np.random.default_rng(7).uniform(size=40)
    front = np.where(np.arange(40) < 15, weight, 0.0)

    part, rest = (summed(seen, view, one, MEAN[0], COVARIANCE[0]) for one in (front, weight - front))

    whole = summed(seen, view, weight, MEAN[0], COVARIANCE[0])
    for expected, found in zip(whole, part.plus(rest), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_views_without_numbers_have_empty_moments():
    seen = Seen(np.zeros((6, 0)), some_rows(6, 0.0).codes)

    found = summed(seen, view_of(LEVELS), np.ones((2, 6)), np.zeros((2, 0)), np.zeros((2, 0, 0)))

    assert (found.first.shape, found.second.shape) == ((2, 0), (2, 0, 0))
    np.testing.assert_allclose(found.counts, [naive_counts(seen.codes, np.ones(6), LEVELS)] * 2)


def test_sums_of_independent_columns_have_the_moments_of_completed_sums():
    seen, view = some_rows(missing=0.6), view_of(LEVELS)
    covariance = COVARIANCE * np.eye(3)
    groups = group_rows(seen, view, np.arange(40))
    share = np.random.default_rng(5).random((40, 2))
    totals = [share[group.rows].T @ group.terms for group in groups]
    by_group = reduce(
        Sums.plus,
        (
            complete(sums_of(total, group), group.observed, MEAN, covariance)
            for total, group in zip(totals, groups, strict=True)
        ),
    )
    found = independent_sums(totals, groups, MEAN, covariance)

    np.testing.assert_allclose(found.weight, by_group.weight)
    np.testing.assert_allclose(found.first, by_group.first, atol=1e-12)
    np.testing.assert_allclose(found.second, by_group.second * np.eye(3), atol=1e-12)
    np.testing.assert_allclose(found.counts, by_group.counts)


def test_covariances_without_correlations_are_inverted_as_any_other():
    diagonal = np.random.default_rng(6).uniform(1e-3, 1e3, (4, 2, 7))
    inverse, log_determinant = invert(diagonal[..., None] * np.eye(7))

    np.testing.assert_allclose(inverse, np.linalg.inv(diagonal[..., None] * np.eye(7)), rtol=1e-14)
    np.testing.assert_allclose(log_determinant, np.linalg.slogdet(diagonal[..., None] * np.eye(7))[1], rtol=1e-13)
