"""Swept covariances against numpy, pattern by pattern."""

import numpy as np
import pytest

from em_impute.ensemble.sufficient_statistics import Patterns, distances, group_rows, sweep
from em_impute.ensemble.terms import MOST_WITH_PRODUCTS
from em_impute.ensemble.transforms import Predictors


def covariances(rng, *shape):
    """Well-conditioned covariances (*shape, 5, 5)."""
    root = rng.normal(size=(*shape, 5, 5))
    return root @ np.swapaxes(root, -1, -2) + np.eye(5)


@pytest.mark.parametrize("independent", [False, True])
def test_sweeping_gives_inverses_regressions_conditional_covariances_and_determinants(independent):
    rng = np.random.default_rng(1)
    observed = rng.random((12, 5)) < 0.6
    observed[:, 0], observed[0], observed[1] = True, True, [True, *[False] * 4]
    covariance = covariances(rng, 2, 3) * (np.eye(5) if independent else 1.0)

    swept, log_determinant = sweep(Patterns(observed), covariance)

    for k in np.ndindex(2, 3):
        for p, seen in enumerate(observed):
            o, m = np.flatnonzero(seen), np.flatnonzero(~seen)
            inverse = np.linalg.inv(covariance[k][np.ix_(o, o)])
            slope = inverse @ covariance[k][np.ix_(o, m)]
            hidden = covariance[k][np.ix_(m, m)] - covariance[k][np.ix_(m, o)] @ slope
            found = swept[k][p]
            np.testing.assert_allclose(found[np.ix_(o, o)], -inverse, atol=1e-12)
            np.testing.assert_allclose(found[np.ix_(o, m)], slope, atol=1e-12)
            np.testing.assert_allclose(found[np.ix_(m, m)], hidden, atol=1e-12)
            np.testing.assert_allclose(
                np.where(Patterns(observed).both, -swept, 0.0)[k][p][np.ix_(o, o)], inverse, atol=1e-12
            )
            expected = np.linalg.slogdet(covariance[k][np.ix_(o, o)])[1]
            np.testing.assert_allclose(log_determinant[k][p], expected, atol=1e-12)


@pytest.mark.parametrize("n_columns", [4, MOST_WITH_PRODUCTS + 1])
def test_distances_from_a_mean_are_linear_in_the_terms_however_many_columns_there_are(n_columns):
    rng = np.random.default_rng(2)
    x, mean, variance = rng.normal(size=(6, n_columns)), rng.normal(size=n_columns), rng.uniform(1.0, 2.0, n_columns)
    if n_columns > MOST_WITH_PRODUCTS:
        x[rng.random(x.shape) < 0.2] = np.nan
    (group,) = group_rows(Predictors(x, np.zeros((6, 0), np.intp), (), n_columns), np.arange(6))
    precision = 1.0 / variance if n_columns > MOST_WITH_PRODUCTS else np.diag(1.0 / variance)

    (found,) = group.terms.scored(distances(precision, mean)[None])

    np.testing.assert_allclose(found, np.nansum((x - mean) ** 2 / variance, axis=1))
