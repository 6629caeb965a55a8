"""Stacking against scipy's maximiser, and properties of the objective."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sampling import rarely
from scipy.optimize import minimize
from scipy.special import softmax

from em_impute.ensemble.stacking_weights import NEGLIGIBLE, cross_fitted, stack_weights


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


@pytest.mark.parametrize("seed", [0, *map(rarely, range(1, 4))])
def test_weights_are_those_that_scipy_finds_best(seed):
    # A hundred rounds of EM end short of the maximum where it is flat; what is lost is a hundredth of a nat at most.
    chance = chances(seed=seed)
    row_weight = np.random.default_rng(seed).dirichlet(np.ones(30)) * 30

    found = stack_weights(chance, row_weight)

    best = pruned(best_weights(chance, row_weight))
    np.testing.assert_allclose(found, best, atol=0.01)


@given(n_columns=st.integers(1, 8), n_repeats=st.integers(1, 3), n_rows=st.integers(1, 12), seed=st.integers(0, 99))
def test_weights_sum_to_one_and_follow_their_columns(n_columns, n_repeats, n_rows, seed):
    # Chances from one in a million to one: whatever the ensemble may be given.
    rng = np.random.default_rng(seed)
    chance = np.exp(np.log(1e-6) * rng.beta(0.3, 1.0, (n_columns, n_repeats, n_rows)))
    row_weight = rng.dirichlet(np.ones(n_rows)) * n_rows
    order = rng.permutation(n_columns)

    found = stack_weights(chance, row_weight)

    np.testing.assert_allclose(found.sum(), 1.0, rtol=1e-12)
    assert (found >= 0).all()
    np.testing.assert_allclose(stack_weights(chance[order], row_weight), found[order], rtol=1e-6, atol=1e-9)


def test_cross_fitted_weights_are_those_of_the_other_folds():
    chance, row_weight = chances(), np.random.default_rng(9).dirichlet(np.ones(30)) * 30
    fold = np.random.default_rng(10).integers(0, 4, 30) * 3

    found = cross_fitted(chance, row_weight, fold)

    assert sorted(np.concatenate([rows for rows, _ in found])) == list(range(30))
    for rows, weights in found:
        (value,) = set(fold[rows])
        others = [i for i in range(30) if fold[i] != value]
        np.testing.assert_array_equal(weights, stack_weights(chance[:, :, others], row_weight[others]))


def test_a_single_fold_has_no_weights():
    ((rows, weights),) = cross_fitted(chances(), np.ones(30), np.zeros(30, dtype=int))

    np.testing.assert_array_equal(rows, np.arange(30))
    assert np.isnan(weights).all()
