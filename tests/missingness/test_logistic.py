"""Logistic regression under a normal prior, against a numerical maximisation and closed forms."""

import numpy as np
import pytest
from scipy.optimize import minimize

from em_impute.missingness.regression import CONSTANT_PRECISION, fit_logistic, log_likelihood, one_rate


def rows(seed, n_rows=300, n_terms=4):
    """Terms with a constant, outcomes that depend on them, whole weights, and a prior of unequal precision."""
    rng = np.random.default_rng(seed)
    terms = np.hstack([np.ones((n_rows, 1)), rng.normal(size=(n_rows, n_terms - 1))])
    outcome = (rng.random(n_rows) < 1 / (1 + np.exp(-terms @ rng.normal(size=n_terms)))).astype(float)
    precision = np.r_[CONSTANT_PRECISION, rng.uniform(0.2, 3.0, n_terms - 1)]
    return terms, outcome, rng.integers(1, 4, n_rows).astype(float), precision


def naive_height(coefficient, terms, outcome, weight, precision, origin):
    """Log posterior density, but for a constant, by a loop over rows."""
    total = 0.0
    for row, y, count in zip(terms, outcome, weight, strict=True):
        probability = 1.0 / (1.0 + np.exp(-row @ coefficient))
        total += count * np.log(probability if y else 1.0 - probability)
    return total - 0.5 * sum(p * (c - o) ** 2 for p, c, o in zip(precision, coefficient, origin, strict=True))


@pytest.mark.parametrize("seed", range(2))
def test_the_coefficients_are_those_of_a_numerical_maximisation(seed):
    terms, outcome, weight, precision = rows(seed)
    origin = np.random.default_rng(seed).normal(size=terms.shape[1])
    found, height, _ = fit_logistic(terms, outcome, weight, precision, origin)

    expected = minimize(
        lambda b: -naive_height(b, terms, outcome, weight, precision, origin), origin, method="BFGS", options={"gtol": 1e-4}
    )  # fmt: skip
    np.testing.assert_allclose(found, expected.x, atol=1e-4)
    assert height == pytest.approx(naive_height(found, terms, outcome, weight, precision, origin), rel=1e-12)


def test_the_curvature_is_that_by_differences():
    terms, outcome, weight, precision = rows(3)
    origin = np.zeros(terms.shape[1])
    found, _, curvature = fit_logistic(terms, outcome, weight, precision, origin)
    step = 1e-3 * np.eye(terms.shape[1])

    def height(b):
        return naive_height(b, terms, outcome, weight, precision, origin)

    expected = [
        [
            (height(found + i - j) + height(found - i + j) - height(found + i + j) - height(found - i - j)) / 4e-6
            for j in step
        ]
        for i in step
    ]  # fmt: skip
    np.testing.assert_allclose(np.linalg.inv(curvature), np.linalg.inv(expected), rtol=2e-3, atol=1e-5)


def test_a_term_that_tells_all_rows_apart_has_a_finite_coefficient():
    x = np.linspace(-2, 2, 400)
    terms = np.column_stack([np.ones(400), x])
    outcome = (x > 0).astype(float)

    found, *_ = fit_logistic(terms, outcome, np.ones(400), np.array([1e-6, 1.0]), np.zeros(2))

    # Oracle: the slope is where that of the log posterior is 0; by symmetry the constant is 0.
    rate = 1 / (1 + np.exp(-found[1] * x))
    np.testing.assert_allclose(x @ (outcome - rate), found[1], rtol=1e-6)
    np.testing.assert_allclose(found[0], 0.0, atol=1e-4)


def test_the_constant_alone_says_the_share():
    outcome, weight = np.array([1.0, 0.0, 0.0]), np.array([3.0, 1.0, 1.0])

    coefficient = one_rate(outcome, weight, 3)

    np.testing.assert_allclose(coefficient, [np.log(1.5), 0.0, 0.0])
    expected = 3 * np.log(0.6) + 2 * np.log(0.4)
    assert log_likelihood(np.full(3, coefficient[0]), outcome, weight) == pytest.approx(expected)
