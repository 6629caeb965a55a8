"""EM against naive loops, closed forms and numerical maximisation of the observed likelihood."""

import itertools
from functools import reduce

import numpy as np
import oracles
import pytest
from oracles import draw, from_free, hide, log_likelihood_by_pattern, to_free
from sampling import crossed
from scipy.optimize import minimize

from em_impute.em import blocks as blocks_module
from em_impute.em.blocks import make_blocks
from em_impute.em.em import DEFAULT_STOPPING, Stopping, expect, iterate, make_problem, posterior
from em_impute.em.expectation import e_step, empty, hard_moments, merge, summarize
from em_impute.em.families import FAMILIES, Prior, m_step
from em_impute.em.parameters import Parameters, clamp

NO_PRIOR = Prior(0.0, np.zeros(2), np.eye(2))
SOME_PRIOR = Prior(1.0, np.array([0.3, -0.2]), np.array([[0.6, 0.1], [0.1, 0.4]]))
PRIORS = {0.0: NO_PRIOR, 1.0: SOME_PRIOR}

ONE_EACH = np.array([0, 1])
TWO_EACH = np.array([0, 0, 1, 1])

THREE = Parameters(
    np.array([0.2, 0.5, 0.3]),
    np.array([[0.0, 0.0, 1.0], [2.0, -1.0, 0.0], [-1.0, 1.5, 0.5]]),
    np.array(
        [
            [[1.0, 0.6, 0.2], [0.6, 2.0, 0.3], [0.2, 0.3, 0.5]],
            [[0.5, -0.2, 0.0], [-0.2, 0.7, 0.1], [0.0, 0.1, 1.0]],
            [[1.5, 0.0, -0.7], [0.0, 0.4, 0.0], [-0.7, 0.0, 1.2]],
        ]
    ),
)
"""Three components in three features, no two parts alike."""

LAYOUTS = [pytest.param(np.array([0, 1, 2]), 3, id="one-each"), pytest.param(np.array([0, 1, 1]), 2, id="two-for-one")]
MISSING = [0.0, 0.35]


def rows_of_three(missing, n_labels, seed=1, n_rows=40):
    """Rows of THREE, some labelled, of different weights; missing > 0 also leaves two rows without any feature."""
    rng = np.random.default_rng(seed)
    x, _ = draw(rng, n_rows, *THREE)
    x = hide(rng, x, missing, np.nan)
    label = hide(rng, rng.integers(0, n_labels, n_rows), 0.6, -1).astype(int)
    if missing:
        x[:2] = np.nan
        label[:2] = [-1, 1]
    return x, label, rng.uniform(0.5, 2.0, n_rows)


def two_groups(n_rows=80, missing=0.0, labels="none", seed=16):
    """Two overlapping groups in two features: no fit to them collapses."""
    rng = np.random.default_rng(seed)
    mean = [[-1.0, 0.0], [1.2, 0.5]]
    covariance = [[[1.0, 0.4], [0.4, 0.8]], [[0.7, -0.3], [-0.3, 1.1]]]
    x, component = draw(rng, n_rows, [0.4, 0.6], mean, covariance)
    label = {"none": np.full(n_rows, -1), "some": hide(rng, component, 0.7, -1), "all": component}[labels]
    return hide(rng, x, missing, np.nan), label.astype(int)


def start_within(family, x, label, component_label, seed=5):
    """Start inside the family, at components dealt out at random: the first step may then not lower the objective."""
    rng = np.random.default_rng(seed)
    choices = [np.flatnonzero((component_label == value) | (value < 0)) for value in label]
    component = np.array([rng.choice(choice) for choice in choices])
    moments = hard_moments(x, component, np.ones(len(x)), component_label.size)
    return m_step(moments, FAMILIES[family], SOME_PRIOR)


def all_steps(x, label, component_label, start, family, prior, stopping=DEFAULT_STOPPING):
    problem = make_problem(x, label, np.ones(len(x)), component_label)
    return list(iterate(problem, start, FAMILIES[family], prior, stopping))


# The E step


@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize(("component_label", "n_labels"), LAYOUTS)
def test_the_posterior_equals_a_loop_over_rows_summed_over_the_components_of_a_label(
    missing, component_label, n_labels
):
    x, _, _ = rows_of_three(missing, n_labels)
    share = oracles.responsibilities(x, np.full(len(x), -1), THREE, component_label)

    found = posterior(THREE, component_label, x)

    naive = np.array([share[:, component_label == value].sum(axis=1) for value in range(n_labels)]).T
    np.testing.assert_allclose(found, naive, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("value", [0, 1])
def test_a_label_holds_even_a_row_that_lies_40_deviations_away(value):
    # The density of the row underflows to 0 in the component of its label; logarithms do not.
    component_label = np.array([0, 1, 1])
    x = 40.0 * (THREE.mean[1] if value == 0 else THREE.mean[0])[None]
    (block,) = make_blocks(x, np.array([value]), np.ones(1), 3)

    found = e_step(block, THREE, clamp(component_label))

    assert (found.responsibility[0, component_label != value] == 0).all()
    naive = oracles.log_likelihood(x, [value], [1], THREE, component_label)
    np.testing.assert_allclose(found.log_evidence, [[naive]], rtol=1e-9)


# Moments of one step


@pytest.mark.parametrize("elements", [60, 1 << 19])
@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize(("component_label", "n_labels"), LAYOUTS)
def test_summaries_of_blocks_merge_into_the_moments_of_a_loop_over_rows(
    missing, component_label, n_labels, elements, monkeypatch
):
    monkeypatch.setattr(blocks_module, "MAX_BLOCK_ELEMENTS", elements)
    x, label, weight = rows_of_three(missing, n_labels)
    cut = make_blocks(x, label, weight, 3)

    moments = reduce(merge, (summarize(block, THREE, clamp(component_label)) for block in cut), empty(3, 3))

    naive = oracles.expected_moments(x, label, weight, THREE, component_label)
    np.testing.assert_allclose(moments.weight, naive[0], rtol=1e-9)
    np.testing.assert_allclose(moments.mean, naive[1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(moments.scatter, naive[2], rtol=1e-9, atol=1e-10)
    log_likelihood = oracles.log_likelihood(x, label, weight, THREE, component_label)
    np.testing.assert_allclose(moments.log_likelihood, log_likelihood, rtol=1e-9)


# The ascent


@crossed(
    7,
    family=FAMILIES,
    strength=[0.0, 1.0],
    missing=[0.0, 0.3],
    labels=["none", "some", "all"],
    component_label=[ONE_EACH, TWO_EACH],
)
def test_no_step_lowers_the_objective(family, strength, missing, labels, component_label):
    x, label = two_groups(missing=missing, labels=labels)
    start = start_within(family, x, label, component_label)

    path = all_steps(x, label, component_label, start, family, PRIORS[strength], Stopping(1e-8, 150))

    objective = np.array([step.objective for step in path])
    assert len(path) >= 3
    assert np.diff(objective).min() >= -1e-9 * (1 + abs(objective[-1]))  # rounding of a sum over 80 rows
    if strength == 0:
        assert [step.log_likelihood for step in path] == objective.tolist()


def test_an_objective_that_falls_is_reported_as_a_bug():
    x, label = two_groups()
    start = start_within("full", x, label, ONE_EACH)
    problem = make_problem(x, label, np.ones(80), ONE_EACH)
    calls = itertools.count()

    def ever_worse(work, cut):
        return [work(block)._replace(log_likelihood=-100.0 - 1e-3 * next(calls)) for block in cut]

    with pytest.raises(AssertionError, match="lowered its objective"):
        list(iterate(problem, start, FAMILIES["full"], NO_PRIOR, map_blocks=ever_worse))


# The optimum


@pytest.mark.parametrize("strength", [0.0, 1.0])
@pytest.mark.parametrize("family", ["full", "tied", "diag", "tied-diag"])
def test_with_all_rows_labelled_one_step_gives_the_closed_form_and_em_stops(family, strength):
    x, label = two_groups(labels="all")
    start = start_within("tied", x[::-1], label, ONE_EACH)
    prior = PRIORS[strength]

    path = all_steps(x, label, ONE_EACH, start, family, prior)

    # Discriminant analysis: shares, means and covariances (divisor n) of the groups; with the prior, its posterior mode
    # written with the prior as pseudo-rows, n_k by n_k.
    n, groups = np.bincount(label), [x[label == k] for k in range(2)]
    kappa, dof = 0.01 * strength, strength * 4
    centre = [(n[k] * groups[k].mean(axis=0) + kappa * prior.mean) / (n[k] + kappa) for k in range(2)]
    scatter = [
        (groups[k] - centre[k]).T @ (groups[k] - centre[k])
        + kappa * np.outer(centre[k] - prior.mean, centre[k] - prior.mean)
        for k in range(2)
    ]
    one = strength * (2 if family.endswith("diag") else 3)  # of |Σ|^(−(d+1)/2), d = 1 for a single variance
    if family.startswith("tied"):
        covariance = [(strength * prior.scale + sum(scatter)) / (n.sum() + dof + one + 2 * strength)] * 2
    else:
        covariance = [(strength * prior.scale + scatter[k]) / (n[k] + dof + one + strength) for k in range(2)]
    if family.endswith("diag"):
        covariance = [np.diag(np.diag(one_covariance)) for one_covariance in covariance]
    assert len(path) <= 4  # the start, the closed form, and the same again until the loop believes it
    assert (path[-1].stop, path[-1].remaining) == ("converged", 0.0)
    for step in path[1:]:
        np.testing.assert_allclose(step.parameters.weight, n / n.sum())
        np.testing.assert_allclose(step.parameters.mean, centre)
        np.testing.assert_allclose(step.parameters.covariance, covariance, atol=1e-12)


@crossed(3, family=FAMILIES, strength=[0.0, 1.0], labels=["none", "some"])
def test_with_missing_predictors_em_arrives_where_numerical_maximisation_does(family, strength, labels):
    x, label = two_groups(20, 0.25, labels)
    prior = PRIORS[strength]
    start = start_within(family, x, label, ONE_EACH)

    last = all_steps(x, label, ONE_EACH, start, family, prior, Stopping(1e-10, 20_000))[-1]

    def negative(free):
        parameters = from_free(free, family, 2, 2)
        density = oracles.log_prior(parameters, family, strength, prior.mean, prior.scale) if strength else 0.0
        return -log_likelihood_by_pattern(x, label, parameters, ONE_EACH) - density

    best = to_free(last.parameters, family)
    elsewhere = best + 0.02 * np.random.default_rng(1).normal(size=best.size)
    # A box round the optimum keeps the first, long step of the search from leaving for another one: 20 rows have many.
    found = minimize(
        negative,
        elsewhere,
        method="L-BFGS-B",
        bounds=np.column_stack([best - 0.1, best + 0.1]),
        options={"ftol": 1e-14, "gtol": 1e-5},
    )
    assert last.stop == "converged"
    assert negative(elsewhere) > negative(best) + 1e-4
    assert negative(best) == pytest.approx(found.fun, abs=1e-6)
    np.testing.assert_allclose(best, found.x, atol=2e-3)  # 1e-6 of a function whose curvature is about 1


def test_a_backend_that_maps_in_another_order_of_time_gives_the_same_bits(monkeypatch):
    monkeypatch.setattr(blocks_module, "MAX_BLOCK_ELEMENTS", 100)
    x, label, weight = rows_of_three(0.3, 3)
    problem = make_problem(x, label, weight, np.arange(3))

    def backwards(work, cut):
        return [work(block) for block in reversed(cut)][::-1]

    one, other = expect(problem, THREE), expect(problem, THREE, backwards)
    assert len(problem.blocks) > 3
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
