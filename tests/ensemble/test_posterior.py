"""Draws of parameters against the distributions that scipy has, and against the densities they must average to."""

import numpy as np
import pytest
from scipy import stats

from em_impute.ensemble.posterior_draws import draw_covariances, draw_parameters
from em_impute.ensemble.shrinkage import Batch, Shrinkage, strengths_of

COVARIANCE = np.array([[2.0, 0.6], [0.6, 0.5]])
N_DRAWS = 20_000


def drawn_covariances(freedom, *, independent=False):
    covariance = np.tile(COVARIANCE, (N_DRAWS, 1, 1, 1))
    flags = np.full(N_DRAWS, independent)
    return draw_covariances(covariance, np.full((N_DRAWS, 1), freedom), flags, np.random.default_rng(1))[:, 0]


def batch_of(mean, covariance, weight, freedom, log_chance=None):
    """One component a label, the same for every draw."""
    k = mean.shape[0]
    chance = np.zeros((k, 0)) if log_chance is None else log_chance
    parts = (weight, mean, covariance, freedom, np.zeros(k), chance)
    return Batch(*(np.tile(part, (N_DRAWS, *(1,) * np.ndim(part))) for part in parts))


def test_covariances_are_those_of_an_inverse_wishart():
    freedom = 9.0
    drawn = drawn_covariances(freedom)
    reference = stats.invwishart(df=freedom, scale=freedom * COVARIANCE).rvs(N_DRAWS, random_state=2)
    for of in (lambda s: s[:, 0, 0], lambda s: s[:, 1, 1], lambda s: s[:, 0, 1], np.linalg.det):
        assert stats.ks_2samp(of(drawn), of(reference)).pvalue > 0.001


def test_independent_columns_have_inverse_chi_squared_variances_and_no_covariance():
    drawn = drawn_covariances(7.0, independent=True)
    assert not drawn[:, 0, 1].any()
    ratio = 7.0 * COVARIANCE[0, 0] / drawn[:, 0, 0]
    assert stats.kstest(ratio, stats.chi2(7.0).cdf).pvalue > 0.001


def test_what_is_drawn_averages_to_students_t():
    """A row's density, averaged over the draws, is the predictive one (Murphy 2012, eq. 4.222)."""
    mean, rows, freedom = np.array([[0.5, -1.0]]), 6.0, 8.0
    batch = batch_of(mean, COVARIANCE[None], np.array([rows]), np.array([freedom]))
    strengths = strengths_of([Shrinkage(1.0, 0.5)] * N_DRAWS, np.zeros((N_DRAWS, 2)))
    drawn = draw_parameters(batch, strengths, np.full((N_DRAWS, 1), rows), (), np.random.default_rng(3))
    x = np.array([1.5, 0.0])
    some = zip(drawn.mean[:4000, 0], drawn.covariance[:4000, 0], strict=True)
    density = [stats.multivariate_normal.pdf(x, m, s) for m, s in some]
    nu = freedom - 2.0 + 1.0
    scale = COVARIANCE * freedom * (1.0 + 1.0 / rows) / nu
    expected = stats.multivariate_t.pdf(x, loc=mean[0], shape=scale, df=nu)
    assert np.mean(density) == pytest.approx(expected, abs=4.0 * np.std(density) / np.sqrt(4000))


def test_means_that_are_drawn_in_vary_less():
    batch = batch_of(np.zeros((1, 2)), np.eye(2)[None], np.array([4.0]), np.array([1e6]))
    strengths = strengths_of([Shrinkage(1.0, 0.5)] * N_DRAWS, np.tile([0.0, 12.0], (N_DRAWS, 1)))
    drawn = draw_parameters(batch, strengths, np.full((N_DRAWS, 1), 4.0), (), np.random.default_rng(5))
    assert drawn.mean[:, 0].var(axis=0) == pytest.approx([1.0 / 4.0, 1.0 / 16.0], rel=0.05)


def test_shares_and_texts_are_dirichlet():
    """Beta moments: n_k + ½ of labels; texts by their counts and one pseudo-row."""
    chance = np.log(np.array([[0.7, 0.3], [0.2, 0.8]]))
    batch = batch_of(np.zeros((2, 0)), np.zeros((2, 0, 0)), np.array([9.0, 3.0]), np.zeros(2), chance)
    strengths = strengths_of([Shrinkage(np.inf, 0.5)] * N_DRAWS, np.zeros((N_DRAWS, 0)))
    drawn = draw_parameters(batch, strengths, np.tile([9.0, 3.0], (N_DRAWS, 1)), (2,), np.random.default_rng(6))
    share, text = np.exp(drawn.log_share[:, 0]), np.exp(drawn.log_chance[:, 1, 0])
    assert stats.kstest(share, stats.beta(9.5, 3.5).cdf).pvalue > 0.001
    assert stats.kstest(text, stats.beta(0.2 * 4.0, 0.8 * 4.0).cdf).pvalue > 0.001
    assert np.allclose(np.exp(drawn.log_share).sum(axis=1), 1.0)
