"""Data on which EM once stopped too early or took rounding for a bug."""

import numpy as np
import pytest
from oracles import standardise
from sampling import rarely

from em_impute.em.blocks import Rows
from em_impute.em.em import Stopping, _to_come, posterior
from em_impute.em.mixture import Recipe, fit_mixture
from em_impute.em.parameters import Parameters
from em_impute.errors import FitError


def test_two_columns_that_differ_in_unit_alone_are_fitted_by_default():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, 20_000)
    height = rng.normal(2.0 * group, 1.0)
    x = np.column_stack([height, 1 / 2.54 * height + 0.0 * rng.normal(size=20_000)])
    rng.random(x.shape)
    label = np.where(rng.random(20_000) < 0.3, group, -1)

    fit_mixture(Rows(standardise(x)[0], label, np.ones(20_000)), 2, Recipe("full"))


@pytest.mark.parametrize("seed", [0, *map(rarely, range(1, 6))])
def test_nearly_collinear_columns_with_gaps_are_fitted_or_refused(seed):
    rng = np.random.default_rng(seed)
    group = np.arange(200) % 2
    base = rng.normal(2.0 * group, 1.0)
    x = np.column_stack([base, 2 * base, -base]) + 1e-6 * rng.normal(size=(200, 3))
    x[rng.random(x.shape) < 0.3] = np.nan
    label = np.where(rng.random(200) < 0.3, group, -1)
    label[:2] = [0, 1]
    for strength in (0.0, 1.0):
        for copies in (1.0, 10_000.0):  # merged equal rows: 200 to 2,000,000 rows
            rows = Rows(standardise(x)[0], label, np.full(200, copies))
            try:
                # Long enough to gain nothing but rounding, hundreds of times.
                fit_mixture(rows, 2, Recipe("full", prior_strength=strength, stopping=Stopping(max_iter=500)))
            except FitError:
                assert strength == 0.0


def test_a_collapsing_component_without_a_prior_is_a_fit_error():
    rng = np.random.default_rng(343)
    n, d, k = int(rng.choice([30, 100, 400])), int(rng.choice([1, 2, 4])), int(rng.choice([2, 3]))
    spread = rng.uniform(0.3, 3)
    component = rng.integers(0, k, n)
    x = (rng.normal(size=(k, d)) * spread)[component] + rng.normal(size=(n, d))
    x[rng.random(x.shape) < rng.choice([0, 0.2])] = np.nan
    label = np.where(rng.random(n) < rng.choice([0.05, 0.3]), component, -1)
    for value in range(k):
        label[np.flatnonzero(component == value)[:2]] = value

    with pytest.raises(FitError):
        fit_mixture(Rows(standardise(x)[0], label, np.ones(n)), k, Recipe("full", prior_strength=0.0))


@pytest.mark.parametrize("seed", [470, *map(rarely, (505, 709, 833))])
def test_a_stop_leaves_no_more_than_a_few_tolerances_to_gain(seed):
    rng = np.random.default_rng(seed)
    group = np.arange(30) % 2
    x, _, _ = standardise(rng.normal(1.5 * group, 1.0)[:, None])
    rows = Rows(x, np.where(np.arange(30) < 6, group, -1), np.ones(30))

    stopped = fit_mixture(rows, 2, Recipe("tied"))
    final = fit_mixture(rows, 2, Recipe("tied", stopping=Stopping(0.0, 3000)))

    assert final.objective - stopped.objective < 3e-6


def test_a_step_that_gained_exactly_nothing_is_no_division_by_zero():
    assert _to_come(1e-9, 0.0, -100.0) >= 0


def test_the_posterior_of_no_rows_has_a_column_for_each_label():
    parameters = Parameters(np.full(2, 0.5), np.zeros((2, 1)), np.ones((2, 1, 1)))

    assert posterior(parameters, np.arange(2), np.empty((0, 1))).shape == (0, 2)
