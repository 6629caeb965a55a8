"""EM against naive loops, closed forms and numerical maximisation of the observed likelihood."""

import itertools
from functools import reduce

import numpy as np
import oracles
import pytest
from oracles import Mixture, draw, em_step, from_free, hide, log_likelihood_by_pattern, to_free
from scipy.optimize import minimize

from em_impute.engine import blocks as blocks_module
from em_impute.engine.blocks import make_blocks, per_row
from em_impute.engine.em import (
    DEFAULT_STOPPING,
    Fit,
    Stopping,
    e_step,
    expect,
    fit,
    iterate,
    log_likelihood_of,
    make_problem,
    posterior,
    summarize,
)
from em_impute.engine.families import FAMILIES, Prior, m_step
from em_impute.engine.moments import Moments, empty, hard_moments, merge
from em_impute.engine.parameters import Parameters, clamp
from em_impute.errors import FitError

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
    problem = make_problem(x, label, np.ones(len(x)), component_label, 2)
    return list(iterate(problem, start, FAMILIES[family], prior, stopping))


# The E step


@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize(("component_label", "n_labels"), LAYOUTS)
def test_the_e_step_equals_a_loop_over_rows(missing, component_label, n_labels):
    x, label, weight = rows_of_three(missing, n_labels)
    cut = make_blocks(x, label, weight, 3)
    log_clamp = clamp(component_label, n_labels)

    expectations = [e_step(block, THREE, log_clamp) for block in cut]
    responsibility = per_row([one.responsibility for one in expectations], cut, (len(x), 3))
    evidence = per_row([one.log_evidence[:, None] for one in expectations], cut, (len(x), 1))[:, 0]

    naive = [
        oracles.log_likelihood([row], [value], [1], THREE, component_label) for row, value in zip(x, label, strict=True)
    ]
    np.testing.assert_allclose(
        responsibility, oracles.responsibilities(x, label, THREE, component_label), rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(evidence, naive, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("missing", MISSING)
def test_residuals_are_distances_from_the_means_and_nought_where_nothing_is_observed(missing):
    x, label, weight = rows_of_three(missing, 3)
    cut = make_blocks(x, label, weight, 3)

    residual = [e_step(block, THREE, clamp(np.arange(3), 3)).residual for block in cut]

    for k in range(3):
        found = per_row([value[:, k] for value in residual], cut, x.shape)
        np.testing.assert_array_equal(found, np.nan_to_num(x - THREE.mean[k]))


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


def test_a_row_that_shows_nothing_gets_the_shares_of_the_labels():
    found = posterior(THREE, np.array([0, 1, 1]), np.full((1, 3), np.nan))

    np.testing.assert_allclose(found, [[0.2, 0.8]])


def test_a_labelled_row_belongs_to_the_components_of_its_label_alone():
    x, label, weight = rows_of_three(0.3, 2)
    component_label = np.array([0, 1, 1])
    log_clamp = clamp(component_label, 2)

    for block in make_blocks(x, label, weight, 3):
        responsibility = np.moveaxis(e_step(block, THREE, log_clamp).responsibility, 1, 2)
        for value in range(2):
            shares = responsibility[block.label == value]
            assert (shares[:, component_label != value] == 0).all()
            np.testing.assert_allclose(shares.sum(axis=1), 1.0)


@pytest.mark.parametrize("distance", [40.0, 1e3, 1e6])
def test_posteriors_of_outliers_sum_to_one(distance):
    directions = np.array([[1.0, 0, 0], [-1, 1, 0], [0, -1, -1], [np.nan, 1, np.nan]])

    found = posterior(THREE, np.array([0, 1, 1]), distance * directions)

    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-12)
    naive = oracles.responsibilities(40 * directions, [-1] * 4, THREE, [0, 1, 1])
    np.testing.assert_allclose(posterior(THREE, np.array([0, 1, 1]), 40 * directions)[:, 0], naive[:, 0], atol=1e-12)


@pytest.mark.parametrize("value", [0, 1])
def test_a_label_holds_even_a_row_that_lies_40_deviations_away(value):
    # The density of the row underflows to 0 in the component of its label; logarithms do not.
    component_label = np.array([0, 1, 1])
    x = 40.0 * (THREE.mean[1] if value == 0 else THREE.mean[0])[None]
    (block,) = make_blocks(x, np.array([value]), np.ones(1), 3)

    found = e_step(block, THREE, clamp(component_label, 2))

    assert (found.responsibility[0, component_label != value] == 0).all()
    naive = oracles.log_likelihood(x, [value], [1], THREE, component_label)
    np.testing.assert_allclose(found.log_evidence, [[naive]], rtol=1e-9)


def test_a_component_of_weight_nought_takes_no_row():
    parameters = THREE._replace(weight=np.array([0.4, 0.0, 0.6]))

    found = posterior(parameters, np.array([0, 1, 2]), THREE.mean)

    assert (found[:, 1] == 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


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

    moments = reduce(merge, (summarize(block, THREE, clamp(component_label, n_labels)) for block in cut), empty(3, 3))

    naive = oracles.expected_moments(x, label, weight, THREE, component_label)
    np.testing.assert_allclose(moments.weight, naive[0], rtol=1e-9)
    np.testing.assert_allclose(moments.mean, naive[1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(moments.scatter, naive[2], rtol=1e-9, atol=1e-10)
    log_likelihood = oracles.log_likelihood(x, label, weight, THREE, component_label)
    np.testing.assert_allclose(moments.log_likelihood, log_likelihood, rtol=1e-9)
    assert moments.rows == len(x)


@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize(("component_label", "n_labels"), LAYOUTS)
def test_one_step_equals_a_naive_step_of_em(missing, component_label, n_labels):
    x, label, weight = rows_of_three(missing, n_labels)
    problem = make_problem(x, label, weight, component_label, n_labels)
    no_prior = Prior(0.0, np.zeros(3), np.eye(3))

    first, second = iterate(problem, THREE, FAMILIES["full"], no_prior, Stopping(0.0, 1))

    naive = em_step(x, label, weight, THREE, component_label)
    for expected, actual in zip(naive, second.parameters, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-10)
    for step, parameters in [(first, THREE), (second, naive)]:
        log_likelihood = oracles.log_likelihood(x, label, weight, parameters, component_label)
        np.testing.assert_allclose(step.log_likelihood, log_likelihood, rtol=1e-9)


@pytest.mark.parametrize("missing", MISSING)
def test_a_row_of_weight_three_equals_three_rows(missing):
    x, label, _ = rows_of_three(missing, 3)
    count = np.random.default_rng(1).integers(1, 4, len(x))
    copied = np.repeat(np.arange(len(x)), count)

    weighted = expect(make_problem(x, label, count.astype(float), np.arange(3), 3), THREE)
    copies = expect(make_problem(x[copied], label[copied], np.ones(copied.size), np.arange(3), 3), THREE)

    for expected, actual in zip(copies[:4], weighted[:4], strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-10)


def test_rows_that_belong_with_certainty_are_visited_once_and_all_others_in_every_step():
    x, label, weight = rows_of_three(0.3, 3)
    certain = (label >= 0) & ~np.isnan(x).any(axis=1)

    one_each = make_problem(x, label, weight, np.arange(3), 3)
    two_for_one = make_problem(x, np.minimum(label, 1), weight, np.array([0, 1, 1]), 2)

    assert 0 < certain.sum() < (label >= 0).sum()
    assert one_each.fixed.rows == certain.sum()
    assert sum(block.row.size for block in one_each.blocks) == len(x) - certain.sum()
    assert two_for_one.fixed.rows == 0
    assert sum(block.row.size for block in two_for_one.blocks) == len(x)


@pytest.mark.parametrize("seed", range(3))
def test_the_log_likelihood_of_moments_equals_the_sum_over_rows(seed):
    rng = np.random.default_rng(seed)
    x, label, weight = rng.normal(size=(20, 3)) * 2, rng.integers(0, 3, 20), rng.uniform(0.5, 2, 20)

    found = log_likelihood_of(hard_moments(x, label, weight, 3), THREE)

    np.testing.assert_allclose(found, oracles.log_likelihood(x, label, weight, THREE, np.arange(3)), rtol=1e-12)


def test_components_without_rows_add_nothing_to_the_log_likelihood_of_moments():
    x = np.array([[0.5, 0.0, 1.0], [1.0, 1.0, 0.0]])
    narrow = THREE.covariance.copy()
    narrow[2] = 0.0  # singular, and of no concern to rows that belong elsewhere
    parameters = THREE._replace(covariance=narrow, weight=np.array([0.5, 0.5, 0.0]))

    found = log_likelihood_of(hard_moments(x, np.array([0, 1]), np.ones(2), 3), parameters)

    naive = oracles.log_likelihood(x, [0, 1], [1, 1], parameters._replace(covariance=THREE.covariance), np.arange(3))
    np.testing.assert_allclose(found, naive, rtol=1e-12)
    assert log_likelihood_of(empty(3, 3), THREE) == 0.0


def test_a_component_that_no_row_belongs_to_keeps_its_mean_and_has_no_scatter():
    x, label = np.full((1, 3), 0.2), np.array([0])
    (block,) = make_blocks(x, label, np.ones(1), 3)

    moments = summarize(block, THREE, clamp(np.arange(3), 3))

    assert moments.weight.tolist() == [1, 0, 0]
    np.testing.assert_array_equal(moments.mean[1:], THREE.mean[1:])
    assert not moments.scatter[1:].any()


def test_a_step_keeps_its_digits_at_an_offset_of_1e8():
    # Data are standardised before they get here, but a component may be narrow and far from 0 all the same.
    x, label, weight = rows_of_three(0.3, 3)
    far = THREE._replace(mean=THREE.mean + 1e8)
    no_offset = expect(make_problem(x, label, weight, np.arange(3), 3), THREE)

    moments = expect(make_problem(x + 1e8, label, weight, np.arange(3), 3), far)

    # Cells and means at 1e8 are rounded to 1.5e-8 each.
    np.testing.assert_allclose(moments.weight, no_offset.weight, atol=1e-5)
    np.testing.assert_allclose(moments.mean - 1e8, no_offset.mean, atol=1e-6)
    np.testing.assert_allclose(moments.scatter, no_offset.scatter, atol=1e-5)


# The ascent


@pytest.mark.parametrize("component_label", [ONE_EACH, TWO_EACH], ids=["one-each", "two-each"])
@pytest.mark.parametrize("labels", ["none", "some", "all"])
@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("strength", [0.0, 1.0])
@pytest.mark.parametrize("family", FAMILIES)
def test_no_step_lowers_the_objective(family, strength, missing, labels, component_label):
    x, label = two_groups(missing=missing, labels=labels)
    start = start_within(family, x, label, component_label)

    path = all_steps(x, label, component_label, start, family, PRIORS[strength], Stopping(1e-8, 150))

    objective = np.array([step.objective for step in path])
    assert len(path) >= 3
    assert np.diff(objective).min() >= -1e-9 * (1 + abs(objective[-1]))  # rounding of a sum over 80 rows
    if strength == 0:
        assert [step.log_likelihood for step in path] == objective.tolist()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_each_step_reports_the_log_likelihood_and_objective_of_its_own_parameters(family, strength):
    x, label = two_groups(20, 0.3, "some")
    start = start_within(family, x, label, ONE_EACH)
    prior = PRIORS[strength]

    path = all_steps(x, label, ONE_EACH, start, family, prior, Stopping(0.0, 4))

    constants = []
    for step in path:
        log_likelihood = oracles.log_likelihood(x, label, np.ones(20), step.parameters, ONE_EACH)
        np.testing.assert_allclose(step.log_likelihood, log_likelihood, rtol=1e-10)
        density = oracles.log_prior(step.parameters, family, strength, prior.mean, prior.scale) if strength else 0.0
        constants.append(step.objective - step.log_likelihood - density)
    np.testing.assert_allclose(constants, constants[0], atol=1e-9)
    np.testing.assert_allclose([step.gain for step in path[1:]], np.diff([step.objective for step in path]))


def test_a_start_outside_the_family_may_lower_the_objective_once():
    x, label = two_groups(labels="all")
    own = start_within("full", x, label, ONE_EACH)

    path = all_steps(x, label, ONE_EACH, own, "tied-diag", NO_PRIOR)

    assert path[1].gain < 0
    assert path[-1].stop == "converged"


def test_an_objective_that_falls_is_reported_as_a_bug():
    x, label = two_groups()
    start = start_within("full", x, label, ONE_EACH)
    problem = make_problem(x, label, np.ones(80), ONE_EACH, 2)
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


@pytest.mark.parametrize("labels", ["none", "some"])
@pytest.mark.parametrize("strength", [0.0, 1.0])
@pytest.mark.parametrize("family", FAMILIES)
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


# The end


@pytest.mark.parametrize("labels", ["none", "some"])
@pytest.mark.parametrize("tolerance", [1e-4, 1e-6])
@pytest.mark.parametrize("family", ["full", "tied"])
def test_going_on_after_em_has_stopped_gains_no_more_than_a_few_tolerances(family, tolerance, labels):
    x, label = two_groups(200, 0.1, labels)
    # By the sign of the first feature: components dealt out at random would begin beside a saddle.
    start = start_within(family, x, (np.nan_to_num(x[:, 0]) > 0).astype(int), ONE_EACH)
    problem = make_problem(x, label, np.ones(200), ONE_EACH, 2)
    stopped = fit(iterate(problem, start, FAMILIES[family], SOME_PRIOR, Stopping(tolerance)), ONE_EACH)

    final = fit(iterate(problem, stopped.parameters, FAMILIES[family], SOME_PRIOR, Stopping(0.0, 400)), ONE_EACH)

    # Aitken takes the gains for a geometric series, which they become only in the limit: hence "a few".
    assert stopped.stop == "converged"
    assert stopped.remaining < tolerance
    assert -1e-9 < final.objective - stopped.objective < 3 * tolerance


@pytest.mark.parametrize("labels", ["none", "some"])
def test_the_gain_that_remains_is_estimated_within_a_half_near_the_end(labels):
    x, label = two_groups(200, 0.1, labels)
    start = start_within("full", x, label, ONE_EACH)

    path = all_steps(x, label, ONE_EACH, start, "full", SOME_PRIOR, Stopping(1e-13, 20_000))

    near = [step for step in path if 1e-5 < path[-1].objective - step.objective < 1e-3]
    assert len(near) >= 3
    truth = [path[-1].objective - step.objective for step in near]
    np.testing.assert_allclose([step.remaining for step in near], truth, rtol=0.5)


@pytest.mark.parametrize("max_iter", [0, 1, 2, 7])
def test_em_takes_no_more_steps_than_allowed_and_says_so(max_iter):
    x, label = two_groups()
    start = start_within("full", x, label, ONE_EACH)
    problem = make_problem(x, label, np.ones(80), ONE_EACH, 2)
    steps = list(iterate(problem, start, FAMILIES["full"], NO_PRIOR, Stopping(1e-6, max_iter)))

    result = fit(steps, ONE_EACH)

    assert [step.iteration for step in steps] == list(range(max_iter + 1))
    assert [step.stop for step in steps] == [None] * max_iter + ["max_iter"]
    assert result.stop == "max_iter"
    assert result.remaining > 1e-6


def test_a_fit_is_the_last_step_with_the_path_that_led_there():
    x, label = two_groups(labels="some")
    start = start_within("tied", x, label, ONE_EACH)
    steps = all_steps(x, label, ONE_EACH, start, "tied", SOME_PRIOR)

    result = fit(iter(steps), ONE_EACH)

    last = steps[-1]
    assert len(steps) > 5
    assert result == Fit(
        last.parameters,
        ONE_EACH,
        last.log_likelihood,
        last.objective,
        tuple(step.log_likelihood for step in steps),
        "converged",
        last.remaining,
        tuple(step.objective for step in steps),
    )


@pytest.mark.parametrize("n_rows", [20, 60])
@pytest.mark.parametrize("family", FAMILIES)
def test_starting_at_the_optimum_ends_there(family, n_rows):
    # Gains are rounding errors of either sign here, or exactly 0: no division by them may fail.
    x, label = two_groups(n_rows, 0.1, "some")
    optimum = all_steps(
        x, label, ONE_EACH, start_within(family, x, label, ONE_EACH), family, SOME_PRIOR, Stopping(0.0, 400)
    )[-1]

    path = all_steps(x, label, ONE_EACH, optimum.parameters, family, SOME_PRIOR)

    assert path[-1].stop == "converged"
    assert len(path) <= 5
    np.testing.assert_allclose(path[-1].parameters.mean, optimum.parameters.mean, atol=1e-6)


def test_equal_rows_without_a_prior_are_a_failure_to_fit():
    x, label = np.repeat(np.eye(2), 4, axis=0), np.array([0, 0, -1, -1, 1, 1, -1, -1])
    start = Parameters(np.full(2, 0.5), np.eye(2), np.array([np.eye(2)] * 2))

    with pytest.raises(FitError, match="singular"):
        all_steps(x, label, ONE_EACH, start, "full", NO_PRIOR)


# The seam


def test_a_backend_that_maps_in_another_order_of_time_gives_the_same_bits(monkeypatch):
    monkeypatch.setattr(blocks_module, "MAX_BLOCK_ELEMENTS", 100)
    x, label, weight = rows_of_three(0.3, 3)
    problem = make_problem(x, label, weight, np.arange(3), 3)

    def backwards(work, cut):
        return [work(block) for block in reversed(cut)][::-1]

    one, other = expect(problem, THREE), expect(problem, THREE, backwards)
    assert len(problem.blocks) > 3
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_certain_rows_count_with_the_parameters_of_the_step():
    x, label, weight = rows_of_three(0.0, 3)
    label = np.maximum(label, 0)
    problem = make_problem(x, label, weight, np.arange(3), 3)

    moments = expect(problem, THREE)

    assert not problem.blocks
    assert isinstance(moments, Moments)
    naive = oracles.log_likelihood(x, label, weight, THREE, np.arange(3))
    np.testing.assert_allclose(moments.log_likelihood, naive, rtol=1e-12)


def test_the_fast_oracle_of_the_likelihood_equals_the_naive_one():
    x, label = two_groups(20, 0.3, "some")
    x[0] = np.nan
    parameters = Mixture(np.array([0.3, 0.7]), np.eye(2), np.array([np.eye(2), [[2.0, 1.0], [1.0, 2.0]]]))

    fast = log_likelihood_by_pattern(x, label, parameters, ONE_EACH)

    assert fast == pytest.approx(oracles.log_likelihood(x, label, np.ones(20), parameters, ONE_EACH), rel=1e-12)
