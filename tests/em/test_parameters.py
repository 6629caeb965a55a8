"""Conditional moments, against scipy and the precision matrix."""

import numpy as np
import pytest
from oracles import completed, log_density

from em_impute.em.parameters import complete, condition
from em_impute.errors import ExitCode, FitError, option


def random_covariances(rng, n_components, n_features):
    factor = rng.normal(size=(n_components, n_features, n_features + 2))
    return factor @ np.swapaxes(factor, -1, -2)


def every_pattern(n_features):
    return np.array([[number >> j & 1 for j in range(n_features)] for number in range(2**n_features)], dtype=bool)


@pytest.mark.parametrize("n_features", [1, 3])
def test_the_whitened_distance_and_normalizer_give_the_density_of_scipy(n_features):
    rng = np.random.default_rng(2)
    covariance, observed = random_covariances(rng, 2, n_features), every_pattern(n_features)
    residual = rng.normal(size=n_features)

    for seen in [observed, observed[-1:]]:  # with and without missing features
        whitener, log_normalizer = condition(covariance, seen)
        for p, pattern in enumerate(seen):
            for k in range(2):
                whitened = whitener[p, k] @ np.where(pattern, residual, 0.0)
                found = log_normalizer[p, k] - 0.5 * whitened @ whitened
                row = np.where(pattern, residual, np.nan)

                np.testing.assert_allclose(found, log_density(row, np.zeros(n_features), covariance[k]), rtol=1e-10)


def test_completion_and_spread_equal_the_moments_from_the_precision_matrix():
    rng = np.random.default_rng(3)
    covariance, observed = random_covariances(rng, 2, 3), every_pattern(3)
    row = rng.normal(size=3)

    completion, spread = complete(covariance, condition(covariance, observed)[0], observed)

    for p, seen in enumerate(observed):
        for k in range(2):
            full, around = completed(np.where(seen, row, np.nan), np.zeros(3), covariance[k])
            found = completion[p, k] @ np.where(seen, row, 0.0)
            np.testing.assert_allclose(found, full, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(spread[p, k], around, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "covariance",
    [
        pytest.param([[1.0, 1.0], [1.0, 1.0]], id="collinear"),
        pytest.param([[1.0, 0.0], [0.0, 0.9e-12]], id="narrower than arithmetic can carry"),
        pytest.param([[np.nan, 0.0], [0.0, 1.0]], id="not a number"),
    ],
)
def test_a_singular_covariance_is_refused_with_a_remedy(covariance):
    for others in ([], [[True, False]]):
        observed = np.array([[True, True], *others])
        with pytest.raises(FitError, match="singular") as caught:
            condition(np.array([np.eye(2), covariance]), observed)

        assert option("prior_strength") in caught.value.hint
        assert caught.value.exit_code == ExitCode.FIT
        condition(np.array([np.eye(2), np.diag([1.0, 1.1e-12])]), observed)  # arithmetic can carry that


def test_a_singular_covariance_is_no_obstacle_to_a_row_that_shows_only_its_regular_part():
    covariance, observed = np.ones((1, 2, 2)), np.array([[True, False]])
    completion, spread = complete(covariance, condition(covariance, observed)[0], observed)

    np.testing.assert_allclose(completion[0, 0] @ [3.0, 0.0], [3.0, 3.0])
    np.testing.assert_allclose(spread[0, 0], np.zeros((2, 2)), atol=1e-15)
