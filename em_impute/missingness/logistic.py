"""Logistic regression under a normal prior, by Newton's method."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Floats

__all__ = ["CONSTANT_PRECISION", "Logistic", "climb", "fit_logistic", "log_likelihood", "one_rate"]

NEWTON_STEPS = 100
MAX_HALVINGS = 20

SETTLED = 1e-10
"""Log posterior density still to gain, by Newton's own forecast, at which he is done."""

CONSTANT_PRECISION = 1e-6
"""Of the constant: as good as no prior, but for rows that are all of one kind."""


class Logistic(NamedTuple):
    """A regression that was fitted."""

    coefficient: Floats  # (n_terms,)
    covariance: Floats  # (n_terms, n_terms), of the coefficients: the inverse of the curvature where they lie
    log_likelihood: float  # without the prior


def fit_logistic(
    terms: Floats, outcome: Floats, weight: Floats, precision: Floats, origin: Floats, start: Floats | None = None
) -> Logistic:
    """Find the coefficients of highest posterior density: the log-odds of `outcome` are `terms` @ coefficients.

    `terms` is (n_rows, n_terms), `outcome` (n_rows,) 1 or 0, `weight` (n_rows,) how often each row counts; the prior of
    the coefficients is normal about `origin` with `precision`, (n_terms,) either, all above 0, so that they stay finite
    where a term tells all rows of one kind from the others.  There is one maximum: `start` only saves steps.
    """

    def height(coefficient: Floats) -> float:
        likelihood = log_likelihood(terms @ coefficient, outcome, weight)
        return likelihood - 0.5 * float(precision @ (coefficient - origin) ** 2)

    def slope_and_curvature(coefficient: Floats) -> tuple[Floats, Floats]:
        rate = 0.5 + 0.5 * np.tanh(0.5 * (terms @ coefficient))
        slope = terms.T @ (weight * (outcome - rate)) - precision * (coefficient - origin)
        root = terms * np.sqrt(weight * rate * (1.0 - rate))[:, None]  # BLAS computes half of a product with itself
        return slope, root.T @ root + np.diag(precision)

    coefficient, _, curvature = climb(height, slope_and_curvature, origin if start is None else start)
    covariance = np.linalg.inv(curvature).astype(np.float64, copy=False)
    return Logistic(coefficient, covariance, log_likelihood(terms @ coefficient, outcome, weight))


def climb(
    height: Callable[[Floats], float], slope_and_curvature: Callable[[Floats], tuple[Floats, Floats]], start: Floats
) -> tuple[Floats, float, Floats]:
    """Climb to the top of a log-density by Newton's method: where it is, (n_terms,), its height and its curvature.

    `slope_and_curvature` gives the gradient, (n_terms,), and what stands for the negative Hessian, (n_terms, n_terms).
    """
    at, reached = start, height(start)
    slope, curvature = slope_and_curvature(at)
    for _ in range(NEWTON_STEPS):
        step = np.linalg.solve(curvature, slope)
        if 0.5 * float(slope @ step) < SETTLED:
            break
        # A whole step leaps too far where rates are all but 0 or 1.
        halves = next((h for h in range(MAX_HALVINGS) if height(at + step / 2**h) >= reached), None)
        if halves is None:
            break
        at = at + step / 2**halves
        reached = height(at)
        slope, curvature = slope_and_curvature(at)
    return at, reached, curvature


def log_likelihood(log_odds: Floats, outcome: Floats, weight: Floats) -> float:
    """Compute the log-likelihood, in nats, of outcomes 1 or 0 at some log-odds; all (n_rows,)."""
    return float(weight @ (outcome * log_odds - np.logaddexp(0.0, log_odds)))


def one_rate(outcome: Floats, weight: Floats, n_terms: int) -> Floats:
    """Give the coefficients of one rate for all rows, (n_terms,): its log-odds, then 0.  The first term is 1."""
    share = float(weight @ outcome / weight.sum())
    coefficient = np.zeros(n_terms)
    coefficient[0] = np.log(share / (1.0 - share))
    return coefficient
