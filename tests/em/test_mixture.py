"""Whole fits: invariances, published figures and hard cases."""

import numpy as np
import oracles
import pytest
from oracles import draw, faithful, hide, standardise
from sampling import crossed

from em_impute.em import mixture
from em_impute.em.blocks import Rows
from em_impute.em.em import Stopping, posterior
from em_impute.em.families import FAMILIES
from em_impute.em.mixture import Recipe, fit_mixture, overall_covariance
from em_impute.em.parameters import rescale

TIGHT = Stopping(1e-11, 20_000)
"""So near to the optimum that two ways to it can be compared."""


def rows_of(x, label, weight=None):
    return Rows(x, np.asarray(label), np.ones(len(x)) if weight is None else np.asarray(weight, dtype=float))


def three_labels(missing=0.0, n_rows=120, seed=1, hidden=0.6):
    """Rows of three groups in two features, most labels hidden."""
    rng = np.random.default_rng(seed)
    mean = [[-2.0, 0.0], [0.5, 1.5], [2.0, -1.0]]
    covariance = [[[1.0, 0.3], [0.3, 0.8]], [[0.6, -0.2], [-0.2, 0.9]], [[0.8, 0.0], [0.0, 0.5]]]
    x, component = draw(rng, n_rows, [0.3, 0.3, 0.4], mean, covariance)
    return hide(rng, x, missing, np.nan), hide(rng, component, hidden, -1).astype(int)


def fitted(x, label, recipe, n_labels=3, weight=None):
    """Parameters in the units of x, and the labels' probabilities."""
    standardised, shift, scale = standardise(x)
    fit = fit_mixture(rows_of(standardised, label, weight), n_labels, recipe)
    assert fit.stop == "converged"
    return rescale(fit.parameters, shift, scale), posterior(fit.parameters, fit.component_label, standardised)


def assert_same(expected, actual, rtol=1e-5, atol=1e-5):
    """Compare parameters at two stops that are each within 1e-11 of the optimum: the square root, with some room."""
    for one, other in zip(expected, actual, strict=True):
        np.testing.assert_allclose(other, one, rtol=rtol, atol=atol)


# Invariances


@crossed(3, family=FAMILIES, missing=[0.0, 0.2])
def test_neither_the_order_of_rows_nor_names_of_labels_nor_units_of_columns_matter(family, missing):
    x, label = three_labels(missing)
    order = np.random.default_rng(2).permutation(len(x))
    code = np.array([2, 0, 1, -1])  # label 0 becomes 2 and so on; unknown stays unknown
    scale, shift = np.array([1e-6, 1e4]), np.array([1e-3, -1e7])
    recipe = Recipe(family, stopping=TIGHT)

    parameters, probability = fitted(x, label, recipe)
    other, its_probability = fitted((scale * x + shift)[order], code[label][order], recipe)

    expected = rescale(parameters, shift, scale)
    assert_same(expected, [part[code[:3]] for part in other], atol=0.0, rtol=1e-4)
    np.testing.assert_allclose(its_probability[:, code[:3]], probability[order], atol=1e-5)


@crossed(3, family=FAMILIES, missing=[0.0, 0.2])
def test_merging_equal_rows_into_heavier_ones_changes_nothing(family, missing):
    x, label = three_labels(missing, n_rows=300)
    x = standardise(np.round(x))[0]
    flagged = np.column_stack([np.nan_to_num(x, nan=99.0), label])
    _, first, count = np.unique(flagged, axis=0, return_index=True, return_counts=True)
    recipe = Recipe(family, stopping=Stopping(0.0, 30))

    every = fit_mixture(rows_of(x, label), 3, recipe)
    merged = fit_mixture(rows_of(x[first], label[first], count), 3, recipe)

    assert first.size < 150
    assert_same(every.parameters, merged.parameters, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(merged.path, every.path, rtol=1e-9)


# Published figures


@pytest.mark.parametrize(
    ("family", "n_components", "published"),
    [pytest.param("full", 2, -1130.264, id="VVV, 2"), pytest.param("tied", 3, -1126.326, id="EEE, 3")],
)
def test_old_faithful_is_fitted_as_well_as_by_mclust(family, n_components, published):
    # mclust 6 without a prior, in minutes: standardising adds the log of both scales to the density of each row.
    x, shift, scale = standardise(faithful())

    fit = fit_mixture(rows_of(x, np.full(len(x), -1)), n_components, Recipe(family, prior_strength=0.0))

    log_likelihood = fit.log_likelihood - len(x) * np.log(scale).sum()
    # Three digits are published, and mclust stops once a step gains less than 1e-5 of the whole, 0.01.
    assert -0.001 < log_likelihood - published < 0.02
    own = rescale(fit.parameters, shift, scale)
    naive = oracles.log_likelihood(faithful(), np.full(272, -1), np.ones(272), own, np.arange(n_components))
    assert log_likelihood == pytest.approx(naive, abs=1e-6)


# Hard cases


@pytest.mark.parametrize("n_known", [0, 40])
def test_a_long_table_is_first_fitted_to_a_sample_and_then_to_every_row(monkeypatch, n_known):
    monkeypatch.setattr(mixture, "MAX_SEARCH_ROWS", 200)
    x, component = draw(np.random.default_rng(6), 400, [0.3, 0.7], [[-3.0], [3.0]], [[[1.0]], [[2.0]]])
    x = hide(np.random.default_rng(7), standardise(x)[0], 0.05, np.nan)
    label = np.where(np.arange(400) < n_known, component, -1)

    sampled = fit_mixture(rows_of(x, label), 2, Recipe("full"))

    monkeypatch.undo()
    complete = fit_mixture(rows_of(x, label), 2, Recipe("full"))
    naive = oracles.log_likelihood(x, label, np.ones(400), sampled.parameters, np.arange(2))
    assert sampled.log_likelihood == pytest.approx(naive, rel=1e-9)
    assert sampled.objective == pytest.approx(complete.objective, abs=1e-5)
    assert len(sampled.path) < len(complete.path)
    assert sampled.n_starts == (1 if n_known else 40)


# Helpers of a fit


@pytest.mark.parametrize("missing", [0.3, 0.9])
def test_the_overall_covariance_has_no_negative_direction_whatever_is_missing(missing):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = hide(rng, rng.normal(size=(15, 1)) + 0.1 * rng.normal(size=(15, 4)), missing, np.nan)

        found = overall_covariance(rows_of(x, np.full(15, -1)))

        assert np.linalg.eigvalsh(found).min() > -1e-12
        variance = [np.mean(column[~np.isnan(column)] ** 2) if (~np.isnan(column)).any() else 0.0 for column in x.T]
        np.testing.assert_allclose(np.diag(found), variance)
