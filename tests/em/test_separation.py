"""Components that coincide are found."""

import numpy as np
import pytest
from oracles import standardise
from scipy.stats import laplace, multivariate_normal

from em_impute.em.blocks import Rows
from em_impute.em.mixture import Recipe, fit_mixture
from em_impute.em.parameters import Parameters, divergences


def kullback_leibler(one, other):
    """Mean under `one` of the log ratio of densities: a quadratic, whose mean over 2d points on a sphere is exact."""
    mean, covariance = one
    steps = np.sqrt(len(mean)) * np.linalg.cholesky(covariance).T
    points = np.concatenate([mean + steps, mean - steps])
    return float(np.mean(multivariate_normal.logpdf(points, *one) - multivariate_normal.logpdf(points, *other)))


@pytest.mark.parametrize("n_features", [1, 2, 4])
def test_divergences_are_the_mean_log_ratios_of_scipys_densities_both_ways(n_features):
    rng = np.random.default_rng(n_features)
    factor = rng.normal(size=(3, n_features, n_features + 2))
    parameters = Parameters(np.ones(3) / 3, rng.normal(size=(3, n_features)), factor @ np.swapaxes(factor, 1, 2))
    pairs = list(zip(parameters.mean, parameters.covariance, strict=True))

    naive = [[kullback_leibler(one, other) + kullback_leibler(other, one) for other in pairs] for one in pairs]

    np.testing.assert_allclose(divergences(parameters), naive, rtol=1e-9, atol=1e-12)


def test_groups_that_the_rows_do_not_separate_are_said_to_coincide():
    # Quantiles of a Laplace distribution: two equal spreads side by side have lighter tails than a Gaussian, these rows
    # heavier ones.
    x = standardise(laplace.ppf((np.arange(51) + 0.5) / 51)[:, None])[0]
    rows = Rows(x, np.full(51, -1), np.ones(51))

    inseparable = fit_mixture(rows, 2, Recipe("tied", prior_strength=0.0))
    heap = Rows(np.concatenate([x - 9, x + 9]), np.full(102, -1), np.ones(102))
    separable = fit_mixture(heap, 2, Recipe("tied", prior_strength=0.0))

    assert (inseparable.separable, separable.separable) == (False, True)


def test_labels_vouch_for_their_components_however_near():
    x = np.linspace(-1.0, 1.0, 40)[:, None]

    fitted = fit_mixture(Rows(x, np.arange(40) % 2, np.ones(40)), 2, Recipe("tied"))

    assert fitted.separable
