"""Stacking against what simulations were made with, scipy's maximiser, and properties of the objective."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import softmax
from scipy.stats import norm

from em_impute.stack.weights import (
    NEGLIGIBLE,
    PRIOR_ROWS,
    cross_fitted,
    observed_part,
    stack_weights,
    trust_over_shares,
)


def chances(n_columns=5, n_repeats=2, n_rows=30, seed=1, spread=1.0):
    """Chances that columns of about equal worth gave to the true label."""
    rng = np.random.default_rng(seed)
    return softmax(
        np.stack([spread * rng.normal(size=(n_columns, n_repeats, n_rows)), np.zeros((n_columns, n_repeats, n_rows))]),
        axis=0,
    )[0]


def naive_centre(chance, row_weight):
    """Where exp(½·score) puts the columns, a row and a repeat at a time."""
    n_columns, n_repeats, n_rows = chance.shape
    score = [
        sum(row_weight[i] * np.log(chance[c, r, i]) / n_repeats for r in range(n_repeats) for i in range(n_rows))
        for c in range(n_columns)
    ]
    return softmax(0.5 * np.array(score))


def objective(weight, chance, row_weight):
    """Sum over rows of the log of the mean chance, repeats averaged, and five pseudo-rows dealt out as the centre."""
    _, n_repeats, n_rows = chance.shape
    total = 5.0 * naive_centre(chance, row_weight) @ np.log(weight)
    for i in range(n_rows):
        for r in range(n_repeats):
            total += row_weight[i] / n_repeats * np.log(weight @ chance[:, r, i])
    return total


def best_weights(chance, row_weight):
    """Maximise the objective by scipy over log ratios."""
    found = minimize(
        lambda free: -objective(softmax(free), chance, row_weight),
        np.zeros(len(chance)),
        method="L-BFGS-B",
        options={"ftol": 1e-14, "gtol": 1e-8},
    )
    return softmax(found.x)


def pruned(weight):
    kept = np.where(weight >= NEGLIGIBLE * weight.max(), weight, 0.0)
    return kept / kept.sum()


@pytest.mark.parametrize("seed", range(4))
def test_weights_are_those_that_scipy_finds_best(seed):
    # A hundred rounds of EM end short of the maximum where it is flat; what is lost is a hundredth of a nat at most.
    chance = chances(seed=seed)
    row_weight = np.random.default_rng(seed).dirichlet(np.ones(30)) * 30

    found = stack_weights(chance, row_weight)

    best = pruned(best_weights(chance, row_weight))
    np.testing.assert_allclose(found, best, atol=0.01)


@pytest.mark.parametrize("seed", range(4))
def test_small_changes_do_not_improve_the_objective(seed):
    chance = chances(4, 3, 20, seed, spread=0.7)
    row_weight = np.ones(20)
    found = stack_weights(chance, row_weight)
    assert (found > 0).all()  # nothing was pruned: the objective is finite and its maximum inside

    height = objective(found, chance, row_weight)

    rng = np.random.default_rng(seed)
    for _ in range(100):
        moved = 0.97 * found + 0.03 * rng.dirichlet(np.full(4, 0.5))
        assert objective(moved, chance, row_weight) <= height + 1e-3


def test_weights_are_the_shares_of_a_mixture_when_there_are_many_rows():
    # Columns say how likely each row is under each of three densities; rows were drawn of their mixture.  The standard
    # error of a share is about 0.01, since the densities overlap.
    rng = np.random.default_rng(2)
    share, mean = np.array([0.5, 0.3, 0.2]), np.array([0.0, 2.0, -3.0])
    x = rng.normal(mean[rng.choice(3, 8000, p=share)])

    found = stack_weights(0.9 * norm.pdf(x[None, None], mean[:, None, None]) + 1e-9, np.ones(8000))

    np.testing.assert_allclose(found, share, atol=0.04)


@pytest.mark.parametrize("n_columns", [1, 2, 7, 40])
@pytest.mark.parametrize("n_rows", [0, 1, 50])
def test_columns_that_say_the_same_weigh_the_same(n_columns, n_rows):
    # Also without any row: the centre of the prior is all there is.
    chance = np.tile(np.random.default_rng(3).uniform(0.01, 1.0, (1, 2, n_rows)), (n_columns, 1, 1))

    found = stack_weights(chance, np.ones(n_rows))

    np.testing.assert_allclose(found, np.full(n_columns, 1 / n_columns), rtol=1e-9)


def test_a_column_that_is_always_better_gets_nearly_all_of_many_rows():
    chance = np.random.default_rng(4).uniform(0.2, 0.5, (6, 1, 500))
    chance[2] = 0.9

    found = stack_weights(chance, np.ones(500))

    assert found[2] > 0.99


def test_a_column_that_is_once_surely_wrong_is_not_ruled_out():
    # A product of probabilities would be 0; the mean of two says 0.45 of the row that one of them got wrong.
    chance = np.full((2, 1, 40), 0.9)
    chance[0, 0, :20], chance[1, 0, 20:] = 0.1, 0.1
    chance[0, 0, 0], chance[1, 0, 39] = 1e-6, 1e-6

    found = stack_weights(chance, np.ones(40))

    np.testing.assert_allclose(found, [0.5, 0.5], atol=1e-6)


@given(n_columns=st.integers(1, 8), n_repeats=st.integers(1, 3), n_rows=st.integers(1, 12), seed=st.integers(0, 99))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_weights_sum_to_one_and_follow_their_columns(n_columns, n_repeats, n_rows, seed):
    # Chances from one in a million to one: whatever the stack may be given.
    rng = np.random.default_rng(seed)
    chance = np.exp(np.log(1e-6) * rng.beta(0.3, 1.0, (n_columns, n_repeats, n_rows)))
    row_weight = rng.dirichlet(np.ones(n_rows)) * n_rows
    order = rng.permutation(n_columns)

    found = stack_weights(chance, row_weight)

    np.testing.assert_allclose(found.sum(), 1.0, rtol=1e-12)
    assert (found >= 0).all()
    np.testing.assert_allclose(stack_weights(chance[order], row_weight), found[order], rtol=1e-6, atol=1e-9)


def test_the_order_of_rows_and_repeats_does_not_matter():
    chance, row_weight = chances(), np.random.default_rng(5).dirichlet(np.ones(30)) * 30
    order = np.random.default_rng(6).permutation(30)

    found = stack_weights(chance[:, ::-1, order], row_weight[order])

    np.testing.assert_allclose(found, stack_weights(chance, row_weight), rtol=1e-9)


@pytest.mark.parametrize("n_repeats", [2, 3])
def test_repeats_of_the_same_predictions_count_as_one(n_repeats):
    chance = chances(n_repeats=1)

    found = stack_weights(np.tile(chance, (1, n_repeats, 1)), np.ones(30))

    np.testing.assert_allclose(found, stack_weights(chance, np.ones(30)), rtol=1e-9)


def test_a_row_of_weight_two_counts_as_two_rows():
    # Only the ratio of rows to pseudo-rows matters, so that the mean of the weights need not be 1 here.
    chance = chances()
    copies = np.random.default_rng(7).integers(1, 4, 30)

    weighed = stack_weights(chance, copies.astype(float))
    copied = stack_weights(np.repeat(chance, copies, axis=2), np.ones(copies.sum()))

    np.testing.assert_allclose(weighed, copied, rtol=1e-9)


def test_a_row_of_no_weight_does_not_count():
    chance, row_weight = chances(), np.append(np.full(29, 30 / 29), 0.0)
    other = chance.copy()
    other[:, :, 29] = 1e-6

    np.testing.assert_allclose(stack_weights(other, row_weight), stack_weights(chance, row_weight), rtol=1e-12)


def test_negligible_columns_are_dropped():
    chance = np.full((3, 1, 300), 0.5)
    chance[1] = np.random.default_rng(8).uniform(0.3, 0.6, 300)
    chance[2] = 0.01

    found = stack_weights(chance, np.ones(300))

    assert found[2] == 0
    assert (found[found > 0] >= NEGLIGIBLE * found.max()).all()


def test_the_prior_counts_as_the_rows_that_it_is_said_to():
    # With one column far better on one row the maximum is known: w ∝ 1 + 5·centre, where only it counts.
    chance = np.array([[[1.0]], [[1e-12]]])

    found = stack_weights(chance, np.ones(1))

    centre = naive_centre(chance, np.ones(1))
    np.testing.assert_allclose(found, pruned(np.array([1.0, 0.0]) + PRIOR_ROWS * centre), rtol=1e-6)


# Weights without the row


def test_cross_fitted_weights_are_those_of_the_other_folds():
    chance, row_weight = chances(), np.random.default_rng(9).dirichlet(np.ones(30)) * 30
    fold = np.random.default_rng(10).integers(0, 4, 30) * 3

    found = cross_fitted(chance, row_weight, fold)

    assert sorted(np.concatenate([rows for rows, _ in found])) == list(range(30))
    for rows, weights in found:
        (value,) = set(fold[rows])
        others = [i for i in range(30) if fold[i] != value]
        np.testing.assert_array_equal(weights, stack_weights(chance[:, :, others], row_weight[others]))


@pytest.mark.parametrize("fold_changed", [0, 1, 2])
def test_the_chances_of_a_fold_have_no_influence_on_its_own_weights(fold_changed):
    chance, fold = chances(), np.arange(30) % 3
    changed = chance.copy()
    changed[0, :, fold == fold_changed] = 1e-6

    before, after = cross_fitted(chance, np.ones(30), fold), cross_fitted(changed, np.ones(30), fold)

    for (rows, old), (_, new) in zip(before, after, strict=True):
        same = fold[rows[0]] == fold_changed
        assert np.array_equal(old, new) == same


def test_a_single_fold_has_no_weights():
    ((rows, weights),) = cross_fitted(chances(), np.ones(30), np.zeros(30, dtype=int))

    np.testing.assert_array_equal(rows, np.arange(30))
    assert np.isnan(weights).all()


def test_weights_from_before_count_for_so_many_rows():
    chance, before = chances(4, 1, 25, seed=9), np.array([0.4, 0.3, 0.2, 0.1])

    found = stack_weights(chance, np.ones(25), before, 40.0)

    def height(weight):
        return np.log(weight @ chance[:, 0]).sum() + 40.0 * before @ np.log(weight)

    best = minimize(lambda free: -height(softmax(free)), np.zeros(4), method="L-BFGS-B", options={"ftol": 1e-14})
    np.testing.assert_allclose(found, softmax(best.x), atol=1e-3)


@pytest.mark.parametrize("apart", [1.0, 2.0, 6.0])
def test_the_observed_part_says_how_much_an_estimated_share_varies(apart):
    """Shares of two known densities, estimated from 400 rows: a Dirichlet's n rows would vary by w(1 − w)/n.

    600 draws give a variance within a standard error of 6 %; three of them.
    """
    rng, n_rows, share = np.random.default_rng(8), 400, 0.4
    estimates, parts = [], []
    for _ in range(600):
        x = rng.normal(np.where(rng.random(n_rows) < share, 0.0, apart))
        density = norm.pdf(x[None], np.array([[0.0], [apart]]))
        weight = share
        for _ in range(500):
            weight = float((weight * density[0] / (weight * density[0] + (1.0 - weight) * density[1])).mean())
        estimates.append(weight)
        parts.append(observed_part(density, np.ones(n_rows), np.array([share, 1.0 - share])))

    assert share * (1.0 - share) / (n_rows * np.var(estimates)) == pytest.approx(np.mean(parts), rel=0.2)


def test_rows_tell_nothing_of_columns_that_agree_and_all_of_columns_that_exclude_each_other():
    alike = np.tile(np.random.default_rng(1).uniform(0.1, 0.9, 30), (3, 1))
    apart = np.repeat(np.eye(3), [5, 3, 2], axis=1)

    assert observed_part(alike, np.ones(30), np.array([0.5, 0.3, 0.2])) == pytest.approx(0.0, abs=1e-12)
    assert observed_part(apart, np.ones(10), np.array([0.5, 0.3, 0.2])) == pytest.approx(1.0)
    assert observed_part(alike, np.ones(30), np.array([0.0, 1.0, 0.0])) == 1.0


def test_trust_goes_on_from_what_was_believed_as_firmly_as_so_many_rows():
    """Rows of which stack and shares say the same tell nothing of either: what was believed remains."""
    chance = np.full(20, 0.5)

    assert trust_over_shares(chance, chance, np.ones(20), 0.6, 30.0) == pytest.approx(0.6)
    assert trust_over_shares(chance, chance, np.ones(20), 1.0, 30.0) == 1.0
    worse = trust_over_shares(chance, 1.5 * chance, np.ones(20), 0.6, 1.0)
    assert worse < trust_over_shares(chance, 1.5 * chance, np.ones(20), 0.6, 1000.0) < 0.6
