"""Extrapolated steps against plain EM and the limit of a geometric series."""

import numpy as np
import pytest
from oracles import draw, hide
from sampling import crossed, every_family

from em_impute.em.acceleration import LONGEST, Squarem, _mixture, _vector
from em_impute.em.blocks import Rows
from em_impute.em.em import Stopping, iterate, make_problem
from em_impute.em.expectation import hard_moments
from em_impute.em.families import FAMILIES, Prior, m_step
from em_impute.em.mixture import weighed

NO_PRIOR = Prior(0.0, np.zeros(3), np.eye(3))
SOME_PRIOR = Prior(1.0, np.array([0.1, -0.2, 0.0]), 0.3 * np.eye(3) + 0.1)


def three_groups(labels, missing=0.0, n_rows=250, seed=3):
    """Three groups in three features that overlap, so that plain EM is slow."""
    rng = np.random.default_rng(seed)
    mean = [[-1.3, 0.0, 0.4], [0.4, 1.2, 0.0], [1.4, -1.1, -0.3]]
    factor = np.eye(3) + 0.3 * rng.normal(size=(3, 3, 3))
    x, component = draw(rng, n_rows, [0.3, 0.3, 0.4], mean, factor @ np.swapaxes(factor, 1, 2))
    label = np.full(n_rows, -1) if labels == "none" else hide(rng, component, 0.8, -1).astype(int)
    return hide(rng, x, missing, np.nan), label, component, rng.uniform(0.5, 2.0, n_rows)


def within(family, n_rows=60, seed=4, prior=NO_PRIOR):
    """Parameters of a family, no two components alike."""
    rng = np.random.default_rng(seed)
    component = np.arange(n_rows) % 3
    x = rng.normal(size=(n_rows, 3)) @ rng.normal(size=(3, 3)) + component[:, None] * [1.0, -0.5, 0.2]
    moments = hard_moments(x, component, rng.uniform(0.5, 2.0, n_rows), 3)
    return m_step(moments, FAMILIES[family], prior)


def problem_of(labels, missing=0.0, *, free_shares=False, unlabelled_weight=1.0):
    x, label, component, weight = three_groups(labels, missing)
    rows = weighed(Rows(x, label, weight), unlabelled_weight)
    return make_problem(*rows, np.arange(3), free_shares=free_shares), (x, component, weight)


def last(steps):
    *_, step = steps
    return step


@every_family
def test_the_coordinates_of_a_mixture_of_the_family_give_it_back(family):
    mixture = within(family)

    for expected, actual in zip(mixture, _mixture(_vector(mixture), mixture, FAMILIES[family]), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-7)  # sizes of VEE settle to 1e-8


def test_steps_that_shrink_at_one_rate_lead_to_their_limit_once_it_is_in_reach():
    rate, limit = 0.7, within("full")
    means = [limit.mean + rate**k * np.array([0.5, -0.2, 0.1]) for k in range(4)]
    squarem = Squarem(FAMILIES["full"])

    points = [limit._replace(mean=mean) for mean in means]
    assert squarem.follow(points[0], points[1]) == (None, None)
    tried, shrinks = squarem.follow(points[1], points[2])

    assert shrinks == pytest.approx(rate**2, rel=1e-6)
    assert 1 / (1 - rate) < LONGEST
    for expected, actual in zip(limit, tried, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-7)


@crossed(3, family=FAMILIES, missing=[0.0, 0.25], labels=["none", "some"])
def test_extrapolated_steps_end_no_lower_than_plain_em_does_and_never_fall(family, missing, labels):
    problem, (x, component, weight) = problem_of(labels, missing)
    start = m_step(hard_moments(x, component, weight, 3), FAMILIES[family], SOME_PRIOR)

    path = list(iterate(problem, start, FAMILIES[family], SOME_PRIOR, accelerate=True))
    plain = last(iterate(problem, start, FAMILIES[family], SOME_PRIOR, Stopping(1e-9, 3000)))

    assert path[-1].stop == "converged"
    assert path[-1].objective > plain.objective - 3e-6  # the tolerance is 1e-6, and an estimate
    objective = np.array([step.objective for step in path])
    assert np.diff(objective).min() >= -1e-9 * abs(objective[-1])
    assert [step.iteration for step in path] == list(range(len(path)))


@pytest.mark.parametrize("options", [{"free_shares": True}, {"unlabelled_weight": 0.3}])
def test_extrapolated_steps_reach_the_optimum_of_plain_em_also_with_free_shares_and_other_weights(options):
    problem, (x, component, weight) = problem_of("some", 0.1, **options)
    start = m_step(hard_moments(x, component, weight, 3), FAMILIES["full"], SOME_PRIOR)

    accelerated = last(iterate(problem, start, FAMILIES["full"], SOME_PRIOR, Stopping(1e-9), accelerate=True))
    plain = last(iterate(problem, start, FAMILIES["full"], SOME_PRIOR, Stopping(1e-10, 20_000)))

    assert accelerated.n_maps < plain.n_maps
    for expected, actual in zip(plain.parameters, accelerated.parameters, strict=True):
        np.testing.assert_allclose(actual, expected, atol=1e-4)  # the square root of the tolerance, per row


def test_no_more_maps_are_taken_than_allowed():
    problem, (x, component, weight) = problem_of("none")
    start = m_step(hard_moments(x, component, weight, 3), FAMILIES["full"], SOME_PRIOR)

    for max_iter in (0, 1, 5):
        step = last(iterate(problem, start, FAMILIES["full"], SOME_PRIOR, Stopping(1e-9, max_iter), accelerate=True))

        assert ("max_iter", max_iter + 1) == (step.stop, step.n_maps)
