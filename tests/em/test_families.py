"""The M step against scipy's densities: nothing in the family is better, however it is reached."""

import numpy as np
import pytest
from oracles import (
    DIAGONAL,
    SHARED,
    covariances_from_free,
    covariances_to_free,
    free_size,
    from_free,
    log_prior,
    to_free,
    weighted_moments,
)
from sampling import every_family, rarely
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from em_impute.em import families
from em_impute.em.expectation import Moments
from em_impute.em.families import FAMILIES, Prior, covariances_within, default_prior, m_step, n_parameters
from em_impute.em.parameters import Parameters
from em_impute.errors import FitError, option

N_ROWS, N_COMPONENTS, N_FEATURES = 12, 2, 2

each_family = pytest.mark.parametrize("family", FAMILIES)
every_strength = pytest.mark.parametrize("strength", [rarely(0.0), 1.0, rarely(2.5)])


def shared_out_rows(seed=1):
    """Rows and the weight that each has in each component, with their moments found by loops."""
    rng = np.random.default_rng(seed)
    x = rng.multivariate_normal([0.5, -0.3], [[1.0, 0.5], [0.5, 0.8]], N_ROWS)
    shares = rng.dirichlet([1.0] * N_COMPONENTS, N_ROWS) * rng.uniform(0.5, 2.0, (N_ROWS, 1))
    weight, mean, scatter = zip(*(weighted_moments(x, shares[:, k]) for k in range(N_COMPONENTS)), strict=True)
    return x, shares, Moments(np.array(weight), np.array(mean), np.array(scatter))


def some_prior(strength):
    """A prior whose mean is not 0 and whose scale is not diagonal, so that no part of it can hide."""
    return Prior(strength, np.array([0.4, -0.8]), np.array([[0.7, 0.3], [0.3, 0.5]]))


def expected_joint(parameters, x, shares, family, prior):
    """Q + log prior: the expected log density of rows with their components, and the prior's."""
    total = log_prior(parameters, family, prior.strength, prior.mean, prior.scale) if prior.strength else 0.0
    for k in range(N_COMPONENTS):
        density = multivariate_normal.logpdf(x, parameters.mean[k], parameters.covariance[k])
        total += shares[:, k] @ (np.log(parameters.weight[k]) + density)
    return float(total)


def objective_of(family, strength):
    x, shares, moments = shared_out_rows()
    prior = some_prior(strength)
    found = m_step(moments, FAMILIES[family], prior)

    def objective(free):
        return expected_joint(from_free(free, family, N_COMPONENTS, N_FEATURES), x, shares, family, prior)

    return objective, to_free(found, family)


@each_family
@every_strength
def test_no_parameters_of_the_family_are_better_than_the_m_step(family, strength):
    # Central differences err by h²·J‴ ≈ 1e-10·100 and by rounding of 1e-16·50/h ≈ 1e-9; a wrong pseudo-row tilts by 0.1.
    objective, best = objective_of(family, strength)
    gradient = [(objective(best + step) - objective(best - step)) / 2e-5 for step in 1e-5 * np.eye(best.size)]
    rng = np.random.default_rng(2)

    np.testing.assert_allclose(gradient, 0.0, atol=1e-6)
    for size in [1e-2, 1.0]:
        for _ in range(10):
            assert objective(best + size * rng.normal(size=best.size)) < objective(best)


@each_family
@every_strength
def test_the_m_step_stays_in_its_family(family, strength):
    # What the free parameters of the family cannot say is lost on the way through them.
    covariance = m_step(shared_out_rows()[2], FAMILIES[family], some_prior(strength)).covariance

    within = covariances_from_free(covariances_to_free(covariance, family), family, N_COMPONENTS, N_FEATURES)

    np.testing.assert_allclose(within, covariance, rtol=1e-9, atol=1e-12)
    assert np.array_equal(covariance[0], covariance[1]) == (family in SHARED) == FAMILIES[family].shared
    assert (covariance[:, 0, 1] == 0).all() == (family in DIAGONAL) == FAMILIES[family].diagonal
    np.testing.assert_array_equal(covariance, np.swapaxes(covariance, 1, 2))


@each_family
@every_strength
def test_the_log_prior_differs_from_the_density_of_scipy_by_a_constant(family, strength):
    prior = some_prior(strength)
    rng = np.random.default_rng(4)
    differences = []
    for _ in range(5):
        free = rng.normal(size=free_size(family, N_COMPONENTS, N_FEATURES))
        parameters = Parameters(*from_free(free, family, N_COMPONENTS, N_FEATURES))
        density = log_prior(parameters, family, strength, prior.mean, prior.scale)
        differences.append(families.log_prior(parameters, FAMILIES[family], prior) - density)

    np.testing.assert_allclose(differences, differences[0], rtol=1e-9, atol=1e-9)
    assert strength == 0 or not np.isclose(density, 0.0)


@every_family
def test_a_component_without_rows_is_refused_unless_a_prior_holds_it(family):
    moments = Moments(np.array([3.0, 0.0]), np.ones((2, 2)), np.array([np.eye(2), np.zeros((2, 2))]))

    with pytest.raises(FitError, match="lost all its rows") as caught:
        m_step(moments, FAMILIES[family], some_prior(0.0))
    held = m_step(moments, FAMILIES[family], some_prior(1.0))

    assert option("prior_strength") in caught.value.hint
    np.testing.assert_allclose(held.mean[1], some_prior(1.0).mean)  # nothing but the prior speaks
    assert np.linalg.eigvalsh(held.covariance).min() > 0
    assert held.weight.tolist() == [1, 0]


@each_family
def test_the_number_of_parameters_is_the_length_of_the_vector_without_constraints(family):
    for n_components, n_features in [(1, 1), (2, 1), (3, 4)]:
        n_free = free_size(family, n_components, n_features)
        assert n_parameters(FAMILIES[family], n_components, n_features) == n_free


def test_the_default_prior_is_the_published_one_where_rows_abound():
    # Fraley & Raftery (2007), equation for the scale in d features and G groups: S / G^(2/d).
    overall = np.array([[1.0, 0.2, 0.1], [0.2, 1.0, 0.3], [0.1, 0.3, 1.0]])

    one_group = default_prior(overall, 1e9, 1, 1.0)
    eight_groups = default_prior(overall, 1e9, 8, 2.0)

    np.testing.assert_allclose(one_group.scale, overall, rtol=1e-8)
    np.testing.assert_allclose(eight_groups.scale, overall / 4, rtol=1e-8)
    assert one_group.mean.tolist() == [0, 0, 0]
    assert (1.0, 2.0) == (one_group.strength, eight_groups.strength)


@pytest.mark.parametrize("family", ["vee", "vei", "eev", "vev", "evv", "evi", "eii", "vii"])
@pytest.mark.parametrize("seed", [0, rarely(1), rarely(2)])
def test_no_covariances_that_scipy_finds_are_more_likely(family, seed):
    # Three components in three features, far from alike; scipy starts at the answer, turned and stretched.
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(3, 3, 5)) * np.exp(rng.normal(size=(3, 3, 1)))
    rows, scatter = rng.uniform(5.0, 40.0, 3), FAMILIES[family].restrict(factor @ np.swapaxes(factor, 1, 2))
    if FAMILIES[family].shared:
        scatter, rows = scatter.sum(axis=0, keepdims=True), rows.sum(keepdims=True)
    found = covariances_within(FAMILIES[family].model, scatter, rows)
    n_components = rows.size

    def negative(free):
        covariance = covariances_from_free(free, family, n_components, 3)
        log_determinant = np.linalg.slogdet(covariance)[1]
        trace = np.trace(scatter @ np.linalg.inv(covariance), axis1=1, axis2=2)
        return 0.5 * float(rows @ log_determinant + trace.sum())

    best = covariances_to_free(found, family)
    numerical = [
        minimize(negative, best + 0.3 * rng.normal(size=best.size), method="BFGS", options={"gtol": 1e-6})
        for _ in range(3)
    ]

    # To a few roundings of some 200, and to the square root of the precision of BFGS.
    assert negative(best) <= min(one.fun for one in numerical) + 1e-9
    nearest = min(numerical, key=lambda one: one.fun)
    np.testing.assert_allclose(
        covariances_from_free(nearest.x, family, n_components, 3), found, rtol=1e-3, atol=1e-4 * found.max()
    )


def test_closed_forms_of_celeux_and_govaert():
    # Their equations for two components in two features, S_1 = diag(4, 1) and S_2 = diag(1, 9) of 1 and 2 rows.
    scatter, rows = np.array([np.diag([4.0, 1.0]), np.diag([1.0, 9.0])]), np.array([1.0, 2.0])
    expected = {
        "EVI": [np.diag([10 / 3, 5 / 6]), np.diag([5 / 9, 5.0])],  # λ = (2 + 3)/3, shapes diag(2, ½) and diag(⅓, 3)
        "EEV": [np.diag([13 / 3, 2 / 3]), np.diag([2 / 3, 13 / 3])],  # lengths (4 + 9)/3 and (1 + 1)/3
    }
    expected["EVV"] = expected["EVI"]  # the axes are those of the features already

    for model, covariance in expected.items():
        np.testing.assert_allclose(covariances_within(model, scatter, rows), covariance, atol=1e-12)


@pytest.mark.parametrize("model", ["VEE", "VEI", "VEV", "EVV", "EVI"])
def test_a_component_without_spread_is_refused_with_a_remedy(model):
    scatter = np.array([np.eye(2), np.zeros((2, 2))])

    with pytest.raises(FitError, match="singular") as caught:
        covariances_within(model, scatter, np.ones(2))

    assert option("prior_strength") in caught.value.hint


def test_the_families_are_those_of_mclust_but_for_the_two_without_a_closed_orientation():
    fourteen = {"EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV"}
    letters = {name: family.model for name, family in FAMILIES.items()}

    assert fourteen - {"EVE", "VVE"} == set(letters.values())
    assert len(letters) == 12
    assert all(name == model.lower() for name, model in letters.items() if len(name) == 3)


@every_family
def test_one_feature_or_one_component_leaves_little_to_choose(family):
    # One feature: equal or own variances.  One component: a covariance, variances, or one variance.
    rng = np.random.default_rng(6)
    factor = rng.normal(size=(3, 3, 5))
    scatter, rows = factor @ np.swapaxes(factor, 1, 2), np.array([8.0, 5.0, 9.0])
    several = Moments(rows, np.zeros((3, 1)), scatter[:, :1, :1])
    single = Moments(rows[:1], np.zeros((1, 3)), scatter[:1])

    variance = m_step(several, FAMILIES[family], Prior(0.0, np.zeros(1), np.eye(1))).covariance
    covariance = m_step(single, FAMILIES[family], Prior(0.0, np.zeros(3), np.eye(3))).covariance

    own = FAMILIES[family].model[0] == "V"
    np.testing.assert_allclose(
        variance[:, 0, 0], scatter[:, 0, 0] / rows if own else np.full(3, scatter[:, 0, 0].sum() / 22)
    )
    one = scatter[0] / 8
    spherical = np.trace(one) / 3 * np.eye(3)
    expected = spherical if family in {"eii", "vii"} else np.diag(np.diag(one)) if family in DIAGONAL else one
    np.testing.assert_allclose(covariance[0], expected, atol=1e-12)
