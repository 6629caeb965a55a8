"""The shrunken M step where there is little to go by; `test_batch` has the loops over rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sampling import crossed

from em_impute.ensemble.shrinkage import SMALLEST_EXCESS, Shrinkage, empirical_bayes, m_step, strengths_of
from em_impute.ensemble.sufficient_statistics import SufficientStatistics

SETTINGS = [
    Shrinkage(np.inf, 0.1),
    Shrinkage(np.inf, 2.0),
    Shrinkage(np.inf, 0.5, independent=True),
    Shrinkage(1.0, 0.1),
    Shrinkage(0.1, 0.5),
    Shrinkage(1.0, 0.5, independent=True),
]


def rows_of(n_rows=30, n_columns=3, n_components=3, seed=1):
    """Rows with correlated columns and how much each belongs to each component, (n_rows, n_components)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_rows, n_columns)) @ rng.normal(size=(n_columns, n_columns)) + rng.normal(size=n_columns)
    return x, rng.uniform(0.0, 1.5, (n_rows, n_components))


def sums_over(x, share):
    """Sums over rows by loops over components: no leading axis."""
    zero = np.zeros((x.shape[1], x.shape[1]))
    second = np.array([sum((r * np.outer(row, row) for r, row in zip(of, x, strict=True)), zero) for of in share.T])
    return SufficientStatistics(share.sum(axis=0), share.T @ x, second, np.zeros((share.shape[1], 0)))


def stacked(*sums):
    """Sums of many mixtures."""
    return SufficientStatistics(*(np.stack(parts) for parts in zip(*sums, strict=True)))


def one_m_step(x, share, shrinkage, kappa=None):
    """The M step of one mixture."""
    kappa = np.zeros(x.shape[1]) if kappa is None else kappa
    mean, covariance, freedom = m_step(stacked(sums_over(x, share)), strengths_of([shrinkage], kappa[None]))
    return mean[0], covariance[0], freedom[0]


# Little to go by


HARD = {
    "fewer rows than columns": (np.random.default_rng(4).normal(size=(4, 9)), np.eye(2)[[0, 0, 1, 1]]),
    "equal rows far away": (np.full((3000, 3), 50.0), np.eye(2)[np.arange(3000) % 2]),
    "no rows": (np.zeros((1, 3)), np.zeros((1, 2))),
    "a component with next to no rows": (rows_of()[0], rows_of()[1] * [1.0, 1e-300, 1.0]),
    "a constant column": (rows_of()[0] * [1.0, 0.0, 1.0], rows_of()[1]),
}


@crossed(11, kind=HARD, shrinkage=SETTINGS, kappa=[0.0, 3.0])
def test_covariances_are_positive_definite_however_little_there_is(kind, shrinkage, kappa):
    x, share = HARD[kind]

    mean, covariance, freedom = one_m_step(x, share, shrinkage, np.full(x.shape[1], kappa))

    assert np.isfinite(mean).all()
    assert (freedom > 0).all()
    np.testing.assert_allclose(covariance, covariance.swapaxes(1, 2), rtol=1e-9, atol=1e-12)
    # The diagonal holds three pseudo-rows of unit variance, of which b·d shares reach the covariance.
    least = 0.1 * 3.0 / (share.sum() + 3.0) / (share.sum() + 1.0) * 0.1
    assert np.linalg.eigvalsh(covariance).min() > 0.01 * least


# How far means are drawn in


@given(
    n_rows=st.integers(0, 8),
    n_labels=st.integers(1, 4),
    spread=st.sampled_from([0.0, 1e-8, 1.0]),
    distance=st.sampled_from([0.0, 1.0, 1e4]),
)
def test_pseudo_rows_are_finite_positive_and_at_most_fifty_times_the_rows_of_a_label(
    n_rows, n_labels, spread, distance
):
    rng = np.random.default_rng(7)
    label = rng.integers(0, n_labels, n_rows)
    x = spread * rng.normal(size=(n_rows, 2)) + distance * label[:, None]

    found = empirical_bayes(stacked(sums_over(x, np.eye(n_labels)[label])))

    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (found <= n_rows / n_labels / SMALLEST_EXCESS * (1 + 1e-12)).all()
