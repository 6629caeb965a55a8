"""Clamps, conditional moments and units, against scipy, the precision matrix and a fine grid."""

import numpy as np
import pytest
from oracles import Mixture, completed, log_density
from scipy.stats import multivariate_normal

from em_impute.engine.parameters import Parameters, clamp, condition, rescale
from em_impute.errors import ExitCode, FitError


def random_covariances(rng, n_components, n_features):
    factor = rng.normal(size=(n_components, n_features, n_features + 2))
    return factor @ np.swapaxes(factor, -1, -2)


def every_pattern(n_features):
    return np.array([[number >> j & 1 for j in range(n_features)] for number in range(2**n_features)], dtype=bool)


def test_a_label_allows_its_own_components_and_an_unknown_one_allows_all():
    log_clamp = clamp(np.array([0, 1, 1]), 2)

    assert np.exp(log_clamp).tolist() == [[1, 0, 0], [0, 1, 1], [1, 1, 1]]
    assert np.exp(log_clamp[-1]).tolist() == [1, 1, 1]


def test_nothing_is_left_to_complete_where_all_features_are_observed():
    conditional = condition(random_covariances(np.random.default_rng(1), 2, 3), np.ones((1, 3), dtype=bool))

    assert conditional.completion is None
    assert conditional.spread is None


@pytest.mark.parametrize("n_features", [1, 2, 3])
def test_the_whitened_distance_and_normalizer_give_the_density_of_scipy(n_features):
    rng = np.random.default_rng(2)
    covariance, observed = random_covariances(rng, 2, n_features), every_pattern(n_features)
    residual = rng.normal(size=n_features)

    for seen in [observed, observed[-1:]]:  # with and without missing features
        conditional = condition(covariance, seen)
        for p, pattern in enumerate(seen):
            for k in range(2):
                whitened = conditional.whitener[p, k] @ np.where(pattern, residual, 0.0)
                found = conditional.log_normalizer[p, k] - 0.5 * whitened @ whitened
                row = np.where(pattern, residual, np.nan)

                np.testing.assert_allclose(found, log_density(row, np.zeros(n_features), covariance[k]), rtol=1e-10)


def test_completion_and_spread_equal_the_moments_from_the_precision_matrix():
    rng = np.random.default_rng(3)
    covariance, observed = random_covariances(rng, 2, 3), every_pattern(3)
    row = rng.normal(size=3)

    conditional = condition(covariance, observed)

    for p, seen in enumerate(observed):
        for k in range(2):
            full, spread = completed(np.where(seen, row, np.nan), np.zeros(3), covariance[k])
            found = conditional.completion[p, k] @ np.where(seen, row, 0.0)
            np.testing.assert_allclose(found, full, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(conditional.spread[p, k], spread, rtol=1e-9, atol=1e-9)


def test_completion_and_spread_equal_the_moments_of_the_density_on_a_grid():
    # The trapezium rule is exact to rounding for a density that vanishes at both ends of the grid.
    covariance = np.array([[2.0, -1.1], [-1.1, 1.5]])
    grid = np.linspace(-15, 15, 3001)
    density = multivariate_normal.pdf(np.column_stack([np.full_like(grid, 1.7), grid]), [0, 0], covariance)
    density /= density.sum()
    mean = density @ grid
    variance = density @ (grid - mean) ** 2

    conditional = condition(covariance[None], np.array([[True, False]]))

    np.testing.assert_allclose(conditional.completion[0, 0] @ [1.7, 0.0], [1.7, mean], rtol=1e-9)
    np.testing.assert_allclose(conditional.spread[0, 0], [[0, 0], [0, variance]], rtol=1e-9)


@pytest.mark.parametrize(
    "covariance",
    [
        pytest.param([[1.0, 1.0], [1.0, 1.0]], id="collinear"),
        pytest.param([[1.0, 0.0], [0.0, 0.0]], id="constant"),
        pytest.param([[1.0, 2.0], [2.0, 1.0]], id="indefinite"),
        pytest.param([[1.0, 0.0], [0.0, 1e-15]], id="narrower than arithmetic can carry"),
        pytest.param([[np.nan, 0.0], [0.0, 1.0]], id="not a number"),
    ],
)
@pytest.mark.parametrize("others", [[], [[True, False]]])
def test_a_singular_covariance_is_refused_with_a_remedy(covariance, others):
    observed = np.array([[True, True], *others])

    with pytest.raises(FitError, match="singular") as caught:
        condition(np.array([np.eye(2), covariance]), observed)

    assert "--prior-strength" in caught.value.hint
    assert caught.value.exit_code == ExitCode.FIT


def test_a_narrow_component_that_arithmetic_can_carry_is_not_refused():
    conditional = condition(np.diag([1.0, 4e-12])[None], np.ones((1, 2), dtype=bool))

    np.testing.assert_allclose(np.diag(conditional.whitener[0, 0]), [1.0, 5e5])


def test_a_singular_covariance_is_no_obstacle_to_a_row_that_shows_only_its_regular_part():
    conditional = condition(np.ones((1, 2, 2)), np.array([[True, False]]))

    np.testing.assert_allclose(conditional.completion[0, 0] @ [3.0, 0.0], [3.0, 3.0])
    np.testing.assert_allclose(conditional.spread[0, 0], np.zeros((2, 2)), atol=1e-15)


def test_rescaling_parameters_changes_densities_by_the_jacobian_alone():
    rng = np.random.default_rng(4)
    standardised = Parameters(np.array([0.3, 0.7]), rng.normal(size=(2, 3)), random_covariances(rng, 2, 3))
    shift, scale = np.array([100.0, -5.0, 0.0]), np.array([10.0, 0.1, 3.0])
    row = rng.normal(size=3)

    own = rescale(standardised, shift, scale)

    assert own.weight.tolist() == [0.3, 0.7]
    for k in range(2):
        found = log_density(shift + scale * row, own.mean[k], own.covariance[k]) + np.log(scale).sum()
        np.testing.assert_allclose(found, log_density(row, standardised.mean[k], standardised.covariance[k]))


def test_rescaling_leaves_the_parameters_it_was_given_alone():
    parameters = Parameters(np.ones(1), np.ones((1, 2)), np.eye(2)[None])
    before = Mixture(*(part.copy() for part in parameters))

    rescale(parameters, np.array([1.0, 2.0]), np.array([3.0, 4.0]))

    for one, other in zip(before, parameters, strict=True):
        np.testing.assert_array_equal(one, other)
