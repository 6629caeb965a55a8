"""Shares of their own for unlabelled rows, and their weight: against naive loops and closed forms."""

import numpy as np
import oracles
import pytest
from oracles import draw, hide, log_density
from sampling import crossed
from scipy.special import logsumexp

from em_impute.em.blocks import Rows
from em_impute.em.em import Stopping, expect, iterate, make_problem
from em_impute.em.expectation import hard_moments
from em_impute.em.families import FAMILIES, Prior, m_step
from em_impute.em.mixture import Recipe, climb, fit_mixture, weighed
from em_impute.em.parameters import Parameters

NO_PRIOR = Prior(0.0, np.zeros(2), np.eye(2))
SOME_PRIOR = Prior(1.0, np.array([0.3, -0.2]), np.array([[0.6, 0.1], [0.1, 0.4]]))

ONE_EACH = np.array([0, 1])
TWO_FOR_ONE = np.array([0, 1, 1])
layouts = pytest.mark.parametrize("component_label", [ONE_EACH, TWO_FOR_ONE], ids=["one-each", "two-for-one"])
missing_or_not = pytest.mark.parametrize("missing", [0.0, 0.3])
MEAN = np.array([[-1.0, 0.0], [1.2, 0.5], [0.5, 2.0]])
COVARIANCE = np.array([[[1.0, 0.4], [0.4, 0.8]], [[0.7, -0.3], [-0.3, 1.1]], [[0.5, 0.0], [0.0, 0.6]]])


def parameters_for(component_label):
    n_components = component_label.size
    weight = np.array([0.35, 0.4, 0.25][:n_components])
    return Parameters(weight / weight.sum(), MEAN[:n_components], COVARIANCE[:n_components])


def rows_for(component_label, missing=0.0, n_rows=60, seed=3):
    """Rows of two classes, the first of which is labelled far more often than the second."""
    rng = np.random.default_rng(seed)
    x, component = draw(rng, n_rows, *parameters_for(component_label))
    label = component_label[component]
    label = np.where(rng.random(n_rows) < np.array([0.7, 0.2])[label], label, -1)
    return hide(rng, x, missing, np.nan), label, rng.uniform(0.5, 2.0, n_rows)


def start_for(family, component_label, seed=5):
    """Start inside the family, so that the first step may not lower the objective either."""
    x, component = draw(np.random.default_rng(seed), 60, *parameters_for(component_label))
    return m_step(hard_moments(x, component, np.ones(60), component_label.size), FAMILIES[family], SOME_PRIOR)


def shares_of_labels(values, component_label):
    return np.array([sum(values[component_label == label]) for label in range(2)])


def naive_log_likelihood(x, label, weight, parameters, component_label):
    """Log-likelihood where labelled rows have the shares of their counts, a label's components those of `weight`."""
    labelled = np.array([sum(weight[label == value]) for value in range(2)])
    of_label = shares_of_labels(parameters.weight, component_label)
    total = 0.0
    for row, value, w in zip(x, label, weight, strict=True):
        terms = []
        for k, share in enumerate(parameters.weight):
            density = log_density(row, parameters.mean[k], parameters.covariance[k])
            if value < 0:
                terms.append(np.log(share) + density)
            elif value == component_label[k]:
                terms.append(np.log(labelled[value] / sum(labelled) * share / of_label[value]) + density)
        total += w * logsumexp(terms)
    return total


def naive_step(x, label, weight, parameters, component_label):
    """One step of EM: shares of the labels from unlabelled rows, shares of a label's components from all rows."""
    responsibility = oracles.responsibilities(x, label, parameters, component_label) * weight[:, None]
    weights, means, scatters = oracles.expected_moments(x, label, weight, parameters, component_label)
    unlabelled = shares_of_labels(sum(responsibility[label < 0]), component_label)
    total = shares_of_labels(weights, component_label)
    share = [unlabelled[value] / sum(unlabelled) * weights[k] / total[value] for k, value in enumerate(component_label)]
    covariance = [scatter / one for scatter, one in zip(scatters, weights, strict=True)]
    return oracles.Mixture(np.array(share), means, np.array(covariance))


@layouts
@missing_or_not
def test_a_step_with_free_shares_equals_a_naive_one(missing, component_label):
    x, label, weight = rows_for(component_label, missing)
    parameters = parameters_for(component_label)
    problem = make_problem(x, label, weight, component_label, free_shares=True)

    first, second = iterate(problem, parameters, FAMILIES["full"], NO_PRIOR, Stopping(0.0, 1))

    naive = naive_step(x, label, weight, parameters, component_label)
    for expected, actual in zip(naive, second.parameters, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-10)
    for step, its in [(first, parameters), (second, naive)]:
        expected = naive_log_likelihood(x, label, weight, its, component_label)
        np.testing.assert_allclose(step.log_likelihood, expected, rtol=1e-9)


@crossed(
    7,
    family=FAMILIES,
    prior=[NO_PRIOR, SOME_PRIOR],
    missing=[0.0, 0.3],
    component_label=[ONE_EACH, TWO_FOR_ONE],
    unlabelled_weight=[1.0, 0.3],
)
def test_no_step_with_free_shares_lowers_the_objective(family, prior, missing, component_label, unlabelled_weight):
    x, label, weight = rows_for(component_label, missing, n_rows=120)
    rows = weighed(Rows(x, label, weight), unlabelled_weight)
    problem = make_problem(*rows, component_label, free_shares=True)

    path = list(iterate(problem, start_for(family, component_label), FAMILIES[family], prior, Stopping(1e-8, 60)))

    objective = np.array([step.objective for step in path])
    assert len(path) >= 3
    assert np.diff(objective).min() >= -1e-9 * (1 + abs(objective[-1]))  # rounding of a sum over 120 rows
    np.testing.assert_allclose([step.parameters.weight.sum() for step in path], 1.0)


@layouts
def test_a_label_that_no_unlabelled_row_has_ends_with_a_share_of_nought(component_label):
    rng = np.random.default_rng(2)
    x = np.concatenate([rng.normal(size=(40, 2)), rng.normal(size=(80, 2)) + 9.0])
    label = np.concatenate([np.zeros(40, int), np.ones(40, int), np.full(40, -1)])
    problem = make_problem(x, label, np.ones(120), component_label, free_shares=True)
    moved = [[0.0, 0.0], [9.0, 9.0], [8.5, 9.5]][: component_label.size]
    start = parameters_for(component_label)._replace(mean=np.array(moved))

    found = climb(problem, start, SOME_PRIOR, Recipe("full", accelerate=False))

    assert found.stop == "converged"
    assert np.isfinite(found.objective)
    assert found.parameters.weight[0] < 1e-12
    np.testing.assert_allclose(found.parameters.weight.sum(), 1.0)


@pytest.mark.parametrize("free_shares", [False, True])
def test_without_weight_for_unlabelled_rows_the_labelled_ones_give_the_closed_form(free_shares):
    x, label, weight = rows_for(ONE_EACH)
    recipe = Recipe("full", prior_strength=0.0, free_shares=free_shares, unlabelled_weight=0.0)

    found = fit_mixture(Rows(x, label, weight), 2, recipe)

    groups = [oracles.weighted_moments(x[label == k], weight[label == k]) for k in range(2)]
    count = np.array([total for total, _, _ in groups])
    assert len(found.path) <= 4  # the start, the closed form, and the same again until the loop believes it
    np.testing.assert_allclose(found.parameters.weight, count / count.sum())
    np.testing.assert_allclose(found.parameters.mean, [mean for _, mean, _ in groups])
    np.testing.assert_allclose(found.parameters.covariance, [scatter / total for total, _, scatter in groups])


@pytest.mark.parametrize("free_shares", [False, True])
def test_unlabelled_rows_of_weight_two_equal_two_of_each(free_shares):
    x, label, weight = rows_for(TWO_FOR_ONE, 0.3)
    copied = np.concatenate([np.arange(len(x)), np.flatnonzero(label < 0)])
    parameters = parameters_for(TWO_FOR_ONE)

    doubled = make_problem(*weighed(Rows(x, label, weight), 2.0), TWO_FOR_ONE, free_shares=free_shares)
    copies = make_problem(x[copied], label[copied], weight[copied], TWO_FOR_ONE, free_shares=free_shares)

    for expected, actual in zip(expect(copies, parameters)[:4], expect(doubled, parameters)[:4], strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-10)


def test_the_weight_of_unlabelled_rows_means_nothing_without_labelled_ones():
    x, _, weight = rows_for(ONE_EACH)
    rows = Rows(x, np.full(len(x), -1), weight)

    expected, actual = (fit_mixture(rows, 2, Recipe("tied", unlabelled_weight=value)) for value in (1.0, 0.0))

    assert expected.path == actual.path
