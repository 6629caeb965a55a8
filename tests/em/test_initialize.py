"""Starts lie at the labelled rows, or are many and the best of them wins."""

import numpy as np
import pytest
from oracles import draw, hide, standardise, weighted_moments
from sampling import crossed

from em_impute.em import mixture as start_module
from em_impute.em.blocks import Rows
from em_impute.em.clustering import build_hierarchy
from em_impute.em.em import Stopping, iterate, make_problem
from em_impute.em.families import FAMILIES, Prior, default_prior
from em_impute.em.mixture import Recipe, components_of_labels, search, start_from_labels
from em_impute.errors import FitError, option

STOPPING = Stopping(1e-6, 500)


def three_groups(seed=1, n_rows=150, missing=0.0):
    rng = np.random.default_rng(seed)
    covariance = [[[0.6, 0.2], [0.2, 0.4]]] * 3
    x, component = draw(rng, n_rows, [0.3, 0.4, 0.3], [[-4.0, 0.0], [0.0, 3.0], [4.0, 0.0]], covariance)
    x, _, _ = standardise(hide(rng, x, missing, np.nan))
    return x, component


def search_in(x, n_components, family="full", strength=1.0, weight=None, **options):
    weight = np.ones(len(x)) if weight is None else weight
    rows = Rows(x, np.full(len(x), -1), weight)
    problem = make_problem(*rows, np.arange(n_components))
    prior = default_prior(np.eye(x.shape[1]), weight.sum(), n_components, strength)
    recipe = Recipe(family, stopping=STOPPING, accelerate=False, **options)
    return search(problem, rows, prior, recipe, build_hierarchy(rows, np.eye(x.shape[1]), 0))


def test_a_label_gets_further_components_only_where_each_has_six_labelled_rows():
    label = np.repeat([0, 1, 2, 3, -1], [5, 11, 12, 100, 40])

    assert components_of_labels(label, 4, 1).tolist() == [0, 1, 2, 3]
    assert components_of_labels(label, 4, 2).tolist() == [0, 1, 2, 2, 3, 3]
    assert components_of_labels(label, 4, 3).tolist() == [0, 1, 2, 2, 3, 3, 3]
    assert components_of_labels(np.full(50, -1), 3, 4).tolist() == [0, 1, 2]


@pytest.mark.parametrize("strength", [0.0, 2.5])
def test_the_start_is_the_tied_fit_of_the_labelled_rows_alone(strength):
    rng = np.random.default_rng(2)
    x, label, weight = rng.normal(size=(30, 2)), rng.integers(-1, 2, 30), rng.uniform(0.5, 2.0, 30)
    prior = Prior(strength, np.zeros(2), np.array([[0.5, 0.1], [0.1, 0.5]]))

    start = start_from_labels(Rows(x, label, weight), np.arange(2), prior, 0)

    # The prior is borrowed at strength 1 where there is none.  The weight of a group's own mean hardly moves its mean.
    held = max(strength, 1.0)
    groups = [weighted_moments(x[label == k], weight[label == k]) for k in range(2)]
    total = sum(group[0] for group in groups)
    pooled = sum(group[2] for group in groups)
    np.testing.assert_allclose(start.weight, [group[0] / total for group in groups])
    np.testing.assert_allclose(start.mean, [group[1] for group in groups], atol=0.01)
    expected = (held * prior.scale + pooled) / (total + held * (4 + 2 + 1 + 2))
    np.testing.assert_allclose(start.covariance, [expected, expected], atol=0.005)


def test_a_label_in_two_heaps_is_divided_between_its_components():
    x, component = three_groups()
    label = np.minimum(component, 1)  # the second and third heap share a label
    component_label = np.array([0, 1, 1])
    prior = default_prior(np.eye(2), 150, 3, 1.0)
    heaps = np.array([x[component == k].mean(axis=0) for k in range(3)])

    for seed in range(5):
        start = start_from_labels(Rows(x, label, np.ones(150)), component_label, prior, seed)

        np.testing.assert_allclose(start.mean[0], heaps[0], atol=0.01)
        assert np.linalg.norm(np.sort(start.mean[1:], axis=0) - np.sort(heaps[1:], axis=0)) < 0.2


@crossed(3, family=FAMILIES, missing=[0.0, 0.2])
def test_a_search_finds_the_groups_that_made_the_rows(family, missing):
    x, component = three_groups(missing=missing)
    seen = [np.nanmean(x[component == k], axis=0) for k in range(3)]

    found = search_in(x, 3, family)

    order = np.argsort(found.parameters.mean[:, 0])
    # Groups hardly overlap, so their means and shares are those of their own rows, but for rows that show little.
    np.testing.assert_allclose(found.parameters.mean[order], seen, atol=0.1)
    np.testing.assert_allclose(found.parameters.weight[order], np.bincount(component) / 150, atol=0.05)


def test_the_winner_of_a_search_has_the_best_objective_of_many_single_runs(monkeypatch):
    # Three heaps and two components: which two heaps go together makes three optima.
    x, _ = three_groups(seed=4)
    found = search_in(x, 2, "tied")
    monkeypatch.setattr(start_module, "THOROUGH", (20, 20))
    thorough = search_in(x, 2, "tied")

    prior = default_prior(np.eye(2), 150, 2, 1.0)
    problem = make_problem(x, np.full(150, -1), np.ones(150), np.arange(2))
    singles = []
    for pair in ([0, 1, 1], [0, 0, 1], [0, 1, 0]):
        group = np.array(pair)[np.digitize(x[:, 0], [-0.6, 0.6])]
        start = start_from_labels(Rows(x, group, np.ones(150)), np.arange(2), prior, 0)
        *_, last = iterate(problem, start, FAMILIES["tied"], prior, STOPPING)
        singles.append(last.objective)

    assert max(singles) - min(singles) > 1
    assert found.objective > max(singles) - 1e-5
    assert thorough.objective > max(singles) - 1e-5
    assert thorough.n_optima > 1


@pytest.mark.parametrize("noise", [0.0, 1e-5])
def test_a_search_prefers_an_honest_fit_to_a_spurious_one_on_a_handful_of_equal_rows(noise):
    # Without a prior a component on six (nearly) equal rows has an (almost) unbounded likelihood.
    x, _ = three_groups()
    x = np.vstack([x, 2.0 + noise * np.random.default_rng(1).normal(size=(6, 2))])

    found = search_in(x, 3, strength=0.0)

    smallest = np.linalg.eigvalsh(found.parameters.covariance).min()
    assert smallest > 1e-3
    assert (found.parameters.weight * len(x)).min() > 20


def test_a_search_among_equal_rows_fails_with_a_remedy():
    x = np.repeat(np.array([[-1.0, 0.0], [1.0, 0.0]]), 10, axis=0)

    with pytest.raises(FitError) as caught:
        search_in(x, 2, strength=0.0)

    assert option("prior_strength") in caught.value.hint


def test_a_search_refuses_components_that_rest_on_a_handful_of_rows():
    x = np.random.default_rng(1).normal(size=(8, 2))

    with pytest.raises(FitError, match="handful of rows") as caught:
        search_in(x, 3, "tied", strength=0.0)

    assert "fewer components" in caught.value.hint
