"""A mixture that goes on from moments, against fits of all rows at once and a loop over the bound that EM ascends."""

import numpy as np
import pytest
from oracles import draw, hide, log_prior
from sampling import rarely
from scipy.stats import multivariate_normal

from em_impute.em.blocks import Rows
from em_impute.em.em import Stopping
from em_impute.em.families import FAMILIES
from em_impute.em.initialize import Recipe
from em_impute.em.mixture import fit_mixture, learn, remember

TIGHT = Stopping(1e-11, 20_000)


def rows_of(n_rows=400, seed=3, hidden=0.6, missing=0.0):
    """Rows of two overlapping groups in two features."""
    rng = np.random.default_rng(seed)
    covariance = [[[1.0, 0.3], [0.3, 0.8]], [[0.6, -0.2], [-0.2, 0.9]]]
    x, component = draw(rng, n_rows, [0.4, 0.6], [[-1.0, 0.0], [1.0, 0.5]], covariance)
    label = hide(rng, component, hidden, -1).astype(int)
    return Rows(hide(rng, x, missing, np.nan), label, rng.integers(1, 4, n_rows).astype(float))


def part(rows, some):
    return Rows(rows.x[some], rows.label[some], rows.weight[some])


def learnt_in_two(rows, recipe, first):
    """The fit of the first rows, and what it becomes with the others."""
    start = fit_mixture(part(rows, slice(first)), 2, recipe)
    memory = remember(part(rows, slice(first)), start, 2)
    more = part(rows, slice(first, None))
    found, after = learn(memory, start.fit.parameters, start.fit.component_label, more, 2, recipe.stopping)
    return start, memory, found, after


@pytest.mark.parametrize("family", ["full", "tied", "diag", rarely("tied-diag")])
def test_where_every_label_is_known_it_comes_to_the_fit_of_all_rows(family):
    rows = rows_of(hidden=0.0)
    recipe = Recipe(family, prior_strength=0.0, stopping=TIGHT)  # a prior would be that of the first rows
    _, _, found, after = learnt_in_two(rows, recipe, 150)
    whole = fit_mixture(rows, 2, recipe)

    for one, other in zip(whole.fit.parameters, found.parameters, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-12, atol=1e-12)
    for one, other in zip(remember(rows, whole, 2).moments[:3], after.moments[:3], strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-10, atol=1e-10)


def bound(memory, parameters, rows, strength):
    """E[log p(x, z)] of the old rows as they were shared out, and log p of the new ones, by scipy, a row at a time."""
    moments, total = memory.moments, 0.0
    for k in range(2):
        weight, mean, scatter = moments.weight[k], moments.mean[k], moments.scatter[k]
        delta = mean - parameters.mean[k]
        covariance = parameters.covariance[k]
        square = np.trace(np.linalg.solve(covariance, scatter + weight * np.outer(delta, delta)))
        total += weight * (np.log(parameters.weight[k]) - 0.5 * np.linalg.slogdet(2.0 * np.pi * covariance)[1])
        total -= 0.5 * square
    for x, label, weight in zip(*rows, strict=True):
        density = [
            parameters.weight[k] * multivariate_normal.pdf(x, parameters.mean[k], parameters.covariance[k])
            for k in range(2)
            if label in {-1, k}
        ]
        total += weight * np.log(sum(density))
    prior = memory.prior
    return total + log_prior(parameters, FAMILIES[memory.family], strength, prior.mean, prior.scale)


def test_the_bound_is_what_em_ascends_and_no_step_from_its_end_goes_higher():
    rows = rows_of(n_rows=60, seed=5)
    start, memory, found, _ = learnt_in_two(rows, Recipe("full", stopping=TIGHT), 30)
    new = part(rows, slice(30, None))
    heights = [bound(memory, one, new, 1.0) for one in (start.fit.parameters, found.parameters)]
    rng = np.random.default_rng(0)
    around = [
        bound(memory, found.parameters._replace(mean=found.parameters.mean + 1e-3 * rng.normal(size=(2, 2))), new, 1.0)
        for _ in range(20)
    ]

    assert heights[0] < heights[1]
    assert max(around) < heights[1]
    assert (np.diff(found.climb) > -1e-9).all()
    # Up to a constant that no parameter changes, it is the very objective.
    np.testing.assert_allclose(heights[1] - heights[0], found.climb[-1] - found.climb[0], rtol=1e-9)


def test_rows_without_a_label_keep_the_weight_they_were_given_also_when_no_other_comes():
    rows = rows_of(hidden=0.5)
    recipe = Recipe("tied", unlabelled_weight=0.0, stopping=TIGHT)
    start = fit_mixture(rows, 2, recipe)
    memory = remember(rows, start, 2)
    unlabelled = part(rows, rows.label < 0)
    found, _ = learn(memory, start.fit.parameters, start.fit.component_label, unlabelled, 2, TIGHT)

    for one, other in zip(start.fit.parameters, found.parameters, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-9)
