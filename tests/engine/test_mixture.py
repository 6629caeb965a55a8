"""Whole fits: invariances, published figures, hard cases and recovery of what made the data."""

import csv
from pathlib import Path

import numpy as np
import oracles
import pytest
from oracles import draw, hide, standardise

from em_impute.engine import blocks, mixture
from em_impute.engine.blocks import Rows
from em_impute.engine.em import Stopping, posterior
from em_impute.engine.families import FAMILIES
from em_impute.engine.mixture import Recipe, fit_mixture, overall_covariance, sample_rows
from em_impute.engine.parameters import rescale
from em_impute.errors import FitError

SAMPLE_DATA = Path(__file__).parents[2] / "sample_data"

TIGHT = Stopping(1e-11, 20_000)
"""So near to the optimum that two ways to it can be compared."""

every_family = pytest.mark.parametrize("family", FAMILIES)
missing_or_not = pytest.mark.parametrize("missing", [0.0, 0.2])


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
    fit = fit_mixture(rows_of(standardised, label, weight), n_labels, recipe).fit
    assert fit.stop == "converged"
    return rescale(fit.parameters, shift, scale), posterior(fit.parameters, fit.component_label, standardised)


def assert_same(expected, actual, rtol=1e-5, atol=1e-5):
    """Compare parameters at two stops that are each within 1e-11 of the optimum: the square root, with some room."""
    for one, other in zip(expected, actual, strict=True):
        np.testing.assert_allclose(other, one, rtol=rtol, atol=atol)


# Invariances


@missing_or_not
@every_family
def test_the_order_of_the_rows_does_not_matter(family, missing):
    x, label = three_labels(missing)
    order = np.random.default_rng(2).permutation(len(x))
    recipe = Recipe(family, stopping=TIGHT)

    parameters, probability = fitted(x, label, recipe)
    shuffled, its_probability = fitted(x[order], label[order], recipe)

    assert_same(parameters, shuffled)
    np.testing.assert_allclose(its_probability, probability[order], atol=1e-5)


@missing_or_not
@every_family
def test_renaming_the_labels_renames_the_results(family, missing):
    x, label = three_labels(missing)
    code = np.array([2, 0, 1, -1])  # label 0 becomes 2 and so on; unknown stays unknown
    recipe = Recipe(family, stopping=TIGHT)

    parameters, probability = fitted(x, label, recipe)
    renamed, its_probability = fitted(x, code[label], recipe)

    assert_same(parameters, [part[code[:3]] for part in renamed])
    np.testing.assert_allclose(its_probability[:, code[:3]], probability, atol=1e-5)


@missing_or_not
@every_family
def test_units_and_origins_of_the_columns_do_not_matter(family, missing):
    x, label = three_labels(missing)
    scale, shift = np.array([1e-6, 1e4]), np.array([1e-3, -1e7])
    recipe = Recipe(family, stopping=TIGHT)

    parameters, probability = fitted(x, label, recipe)
    other, its_probability = fitted(scale * x + shift, label, recipe)

    assert_same(rescale(parameters, shift, scale), other, atol=0.0, rtol=1e-4)
    np.testing.assert_allclose(its_probability, probability, atol=1e-5)


@missing_or_not
@every_family
def test_the_size_of_the_blocks_does_not_matter(family, missing, monkeypatch):
    x, label = three_labels(missing)
    recipe = Recipe(family, stopping=Stopping(0.0, 8))
    fits = []
    for elements, rare in [(1 << 19, 64), (64, 64), (1, 1), (1 << 19, 1000)]:
        monkeypatch.setattr(blocks, "MAX_BLOCK_ELEMENTS", elements)
        monkeypatch.setattr(blocks, "RARE_PATTERN_ROWS", rare)
        fits.append(fit_mixture(rows_of(standardise(x)[0], label), 3, recipe).fit)

    for other in fits[1:]:
        assert_same(fits[0].parameters, other.parameters, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(other.path, fits[0].path, rtol=1e-9)


@missing_or_not
@every_family
def test_merging_equal_rows_into_heavier_ones_changes_nothing(family, missing):
    x, label = three_labels(missing, n_rows=300)
    x = standardise(np.round(x))[0]
    marked = np.column_stack([np.nan_to_num(x, nan=99.0), label])
    _, first, count = np.unique(marked, axis=0, return_index=True, return_counts=True)
    recipe = Recipe(family, stopping=Stopping(0.0, 30))

    every = fit_mixture(rows_of(x, label), 3, recipe).fit
    merged = fit_mixture(rows_of(x[first], label[first], count), 3, recipe).fit

    assert first.size < 150
    assert_same(every.parameters, merged.parameters, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(merged.path, every.path, rtol=1e-9)


def test_equal_rows_and_seeds_give_equal_bits():
    x, label = three_labels(0.2)
    rows = rows_of(standardise(x)[0], label)

    once, again = (fit_mixture(rows, 3, Recipe("full", per_label=2, seed=3)) for _ in range(2))

    for one, other in zip(once.fit.parameters, again.fit.parameters, strict=True):
        np.testing.assert_array_equal(one, other)
    assert once.fit.path == again.fit.path


def test_labels_are_read_as_given_and_rows_left_alone():
    x, label = three_labels(0.2)
    rows = rows_of(standardise(x)[0], label)
    before = [part.copy() for part in rows]

    fit_mixture(rows, 3, Recipe("full"))

    for one, other in zip(before, rows, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_prior_divides_the_overall_covariance_by_the_number_of_components():
    # With every row labelled the fit is a closed form: Λ = S / K^(2/d) with K = 3, d = 2, S shrunk by d / (n + d), and
    # ν + d + 1 + 1 = 8 pseudo-rows.  The prior mean, of 0.01 rows, moves a covariance by less than 3e-3.
    x, label = three_labels(n_rows=30, hidden=0.0)
    x = standardise(x)[0]
    shrunk = np.corrcoef(x.T) * (30 / 32 + 2 / 32 * np.eye(2))

    covariance = fit_mixture(rows_of(x, label), 3, Recipe("full")).fit.parameters.covariance

    for k in range(3):
        members = x[label == k]
        scatter = np.cov(members.T, bias=True) * len(members)
        np.testing.assert_allclose(covariance[k], (shrunk / 3 + scatter) / (len(members) + 8), atol=3e-3)


# What is reported


@every_family
@pytest.mark.parametrize("labelled", [True, False])
def test_the_log_likelihood_is_that_of_the_rows_by_scipy(family, labelled):
    x, label = three_labels(0.15, n_rows=60)
    x, label = standardise(x)[0], label if labelled else np.full(60, -1)
    weight = np.random.default_rng(1).integers(1, 4, 60).astype(float)

    fit = fit_mixture(rows_of(x, label, weight), 3, Recipe(family)).fit

    naive = oracles.log_likelihood(x, label, weight, fit.parameters, fit.component_label)
    assert fit.log_likelihood == pytest.approx(naive, rel=1e-9)
    assert fit.path[-1] == fit.log_likelihood


def test_every_step_is_watched_in_order():
    x, label = three_labels()
    seen = []

    fit = fit_mixture(rows_of(standardise(x)[0], label), 3, Recipe("tied"), watch=seen.append).fit

    assert [step.iteration for step in seen] == list(range(len(fit.path)))
    assert tuple(step.log_likelihood for step in seen) == fit.path


def test_the_number_of_steps_allowed_is_respected():
    x, label = three_labels()

    fit = fit_mixture(rows_of(standardise(x)[0], label), 3, Recipe("full", stopping=Stopping(1e-12, 4))).fit

    assert (5, "max_iter") == (len(fit.path), fit.stop)


# Published figures


def faithful():
    with (SAMPLE_DATA / "faithful.csv").open(encoding="utf-8", newline="") as file:
        return np.array([[float(row["eruptions"]), float(row["waiting"])] for row in csv.DictReader(file)])


@pytest.mark.parametrize(
    ("family", "n_components", "published"),
    [
        pytest.param("full", 2, -1130.264, id="VVV, 2"),
        pytest.param("tied", 3, -1126.326, id="EEE, 3"),
    ],
)
def test_old_faithful_is_fitted_as_well_as_by_mclust(family, n_components, published):
    # mclust 6 without a prior, in minutes: standardising adds the log of both scales to the density of each row.
    x, shift, scale = standardise(faithful())

    fit = fit_mixture(rows_of(x, np.full(len(x), -1)), n_components, Recipe(family, prior_strength=0.0)).fit

    log_likelihood = fit.log_likelihood - len(x) * np.log(scale).sum()
    # Three digits are published, and mclust stops once a step gains less than 1e-5 of the whole, 0.01.
    assert -0.001 < log_likelihood - published < 0.02
    own = rescale(fit.parameters, shift, scale)
    naive = oracles.log_likelihood(faithful(), np.full(272, -1), np.ones(272), own, np.arange(n_components))
    assert log_likelihood == pytest.approx(naive, abs=1e-6)


# Several components a label


def test_a_label_in_two_heaps_is_fitted_better_by_two_components():
    # One label lies on both sides of the other: a single Gaussian spans them all.
    rng = np.random.default_rng(5)
    x, component = draw(rng, 300, [0.3, 0.4, 0.3], [[-4.0], [0.0], [4.0]], [[[0.5]]] * 3)
    truth = np.array([0, 1, 0])[component]
    label = hide(rng, truth, 0.7, -1).astype(int)
    x = standardise(x)[0]

    one, two = (fit_mixture(rows_of(x, label), 2, Recipe("full", per_label=n)).fit for n in (1, 2))

    assert [0, 1] == one.component_label.tolist()
    assert [0, 0, 1, 1] == two.component_label.tolist()
    assert two.log_likelihood > one.log_likelihood + 50
    wrong = posterior(two.parameters, two.component_label, x).argmax(axis=1) != truth
    assert wrong.mean() < 0.01  # heaps lie 5.6 deviations apart


# Hard cases


def hard_case(name):
    """Rows, labels and number of labels that no covariance without a prior survives."""
    rng = np.random.default_rng(7)
    x, label = three_labels(n_rows=60)
    if name == "collinear columns":
        x = np.column_stack([x, 2 * x[:, 0] - x[:, 1]])
    elif name == "collinear columns with gaps":
        x = hide(rng, np.column_stack([x, 2 * x[:, 0] - x[:, 1]]), 0.2, np.nan)
    elif name == "columns constant within a label":
        x = np.column_stack([x, np.where(label == 0, 1.0, np.where(label == 1, 2.0, 3.0))])
    elif name == "equal rows in a label":
        x[label == 0] = [5.0, 5.0]
    elif name == "more features than rows":
        x = rng.normal(size=(12, 20))
        label = np.array([0, 1, 2, 0, 1, 2, *[-1] * 6])
    return standardise(x)[0], label


HARD_CASES = [
    "collinear columns",
    "collinear columns with gaps",
    "columns constant within a label",
    "equal rows in a label",
    "more features than rows",
]


def assert_sound(fit, x, n_labels):
    assert fit.stop == "converged"
    assert np.isfinite(fit.path).all()
    assert np.isfinite(fit.objective)
    assert all(np.isfinite(part).all() for part in fit.parameters)
    assert fit.parameters.weight.sum() == pytest.approx(1.0)
    assert np.linalg.eigvalsh(fit.parameters.covariance).min() > 0
    probability = posterior(fit.parameters, fit.component_label, x)
    assert probability.shape == (len(x), n_labels)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-9)


@pytest.mark.parametrize("name", HARD_CASES)
@every_family
def test_a_prior_keeps_hard_cases_finite(family, name):
    x, label = hard_case(name)

    fit = fit_mixture(rows_of(x, label), 3, Recipe(family)).fit

    assert_sound(fit, x, 3)


@pytest.mark.parametrize("name", [name for name in HARD_CASES if name != "collinear columns with gaps"])
def test_hard_cases_are_refused_with_a_remedy_where_no_prior_helps(name):
    x, label = hard_case(name)

    with pytest.raises(FitError) as caught:
        fit_mixture(rows_of(x, label), 3, Recipe("full", prior_strength=0.0))

    assert "--prior-strength" in caught.value.hint


@every_family
def test_one_labelled_row_is_enough_for_a_fit(family):
    x, component = three_labels(hidden=0.0)
    label = np.full(len(x), -1)
    label[np.flatnonzero(component == 0)[0]] = 0

    assert_sound(fit_mixture(rows_of(standardise(x)[0], label), 1, Recipe(family)).fit, standardise(x)[0], 1)


@every_family
def test_one_labelled_row_for_each_label_is_enough_for_a_fit(family):
    x, component = three_labels(hidden=0.0)
    label = np.full(len(x), -1)
    for value in range(3):
        label[np.flatnonzero(component == value)[0]] = value

    assert_sound(fit_mixture(rows_of(standardise(x)[0], label), 3, Recipe(family)).fit, standardise(x)[0], 3)


@every_family
def test_five_hundred_labels_can_be_fitted(family):
    rng = np.random.default_rng(8)
    centre = rng.normal(size=(500, 2)) * 3
    truth = np.repeat(np.arange(500), 3)
    x = standardise(centre[truth] + 0.1 * rng.normal(size=(1500, 2)))[0]
    label = np.where(np.arange(1500) % 3 < 2, truth, -1)

    fit = fit_mixture(rows_of(x, label), 500, Recipe(family, stopping=Stopping(1e-4, 40))).fit

    assert fit.parameters.mean.shape == (500, 2)
    assert all(np.isfinite(part).all() for part in fit.parameters)
    found = posterior(fit.parameters, fit.component_label, x).argmax(axis=1)
    assert (found == truth).mean() > 0.5  # by chance 0.002


@every_family
def test_nine_cells_in_ten_may_be_missing(family):
    x, label = three_labels(0.9, n_rows=300)
    x = standardise(x)[0]

    assert_sound(fit_mixture(rows_of(x, label), 3, Recipe(family)).fit, x, 3)


@missing_or_not
@every_family
def test_all_labels_may_be_unknown(family, missing):
    x, _ = three_labels(missing)
    x = standardise(x)[0]

    found = fit_mixture(rows_of(x, np.full(len(x), -1)), 3, Recipe(family))

    assert_sound(found.fit, x, 3)
    assert found.n_starts == 20
    assert 1 <= found.n_optima <= 3


def test_a_long_table_without_labels_is_searched_on_a_sample_and_fitted_on_every_row(monkeypatch):
    monkeypatch.setattr(mixture, "MAX_SEARCH_ROWS", 200)
    x, _ = draw(np.random.default_rng(6), 400, [0.3, 0.7], [[-3.0], [3.0]], [[[1.0]], [[2.0]]])
    x = hide(np.random.default_rng(7), standardise(x)[0], 0.05, np.nan)
    unknown = np.full(400, -1)

    sampled = fit_mixture(rows_of(x, unknown), 2, Recipe("full"))

    monkeypatch.undo()
    complete = fit_mixture(rows_of(x, unknown), 2, Recipe("full"))
    naive = oracles.log_likelihood(x, unknown, np.ones(400), sampled.fit.parameters, np.arange(2))
    assert sampled.fit.log_likelihood == pytest.approx(naive, rel=1e-9)
    assert sampled.fit.objective == pytest.approx(complete.fit.objective, abs=1e-5)
    assert sampled.n_starts == 20


# Recovery


@missing_or_not
def test_ten_labels_and_many_rows_recover_what_made_the_data(missing):
    rng = np.random.default_rng(9)
    weight, mean = [0.35, 0.65], [[-1.5, 0.0], [1.5, 1.0]]
    covariance = [[[1.0, 0.5], [0.5, 1.0]], [[0.8, -0.3], [-0.3, 0.6]]]
    x, component = draw(rng, 4000, weight, mean, covariance)
    x = hide(rng, x, missing, np.nan)
    label = np.full(4000, -1)
    for value in range(2):
        label[np.flatnonzero(component == value)[:5]] = value

    parameters, _ = fitted(x, label, Recipe("full"), 2)

    # With 1400 rows in the smaller group a mean has a standard error of 0.03, a variance one of 0.04; overlap and missing
    # cells add a third.  Three of each are allowed.
    np.testing.assert_allclose(parameters.weight, weight, atol=0.04)
    np.testing.assert_allclose(parameters.mean, mean, atol=0.12)
    np.testing.assert_allclose(parameters.covariance, covariance, atol=0.15)


# Helpers of a fit


def test_the_overall_covariance_is_that_of_numpy_for_complete_rows():
    x = standardise(three_labels()[0])[0]
    count = np.random.default_rng(1).integers(1, 4, len(x))

    found = overall_covariance(rows_of(x, np.full(len(x), -1), count))

    second_moments = np.mean([np.outer(row, row) for row in np.repeat(x, count, axis=0)], axis=0)
    np.testing.assert_allclose(found, second_moments, rtol=1e-9)


@pytest.mark.parametrize("missing", [0.3, 0.7, 0.9])
def test_the_overall_covariance_has_no_negative_direction_whatever_is_missing(missing):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = hide(rng, rng.normal(size=(15, 1)) + 0.1 * rng.normal(size=(15, 4)), missing, np.nan)

        found = overall_covariance(rows_of(x, np.full(15, -1)))

        assert np.linalg.eigvalsh(found).min() > -1e-12
        variance = [np.mean(column[~np.isnan(column)] ** 2) if (~np.isnan(column)).any() else 0.0 for column in x.T]
        np.testing.assert_allclose(np.diag(found), variance)


def test_a_sample_is_the_very_rows_where_they_are_few_and_as_heavy_as_all_of_them_where_they_are_many():
    x = np.arange(1000.0)[:, None]
    weight = np.where(np.arange(1000) < 100, 9.0, 1.0)  # one row in ten, half of the weight
    rows = rows_of(x, np.arange(1000) % 3 - 1, weight)

    sample = sample_rows(rows, 400, 1)

    assert sample_rows(rows, 1000, 1) is rows
    assert sample.weight.size == 400
    assert sample.weight.sum() == pytest.approx(weight.sum())
    assert (sample.label == sample.x[:, 0].astype(int) % 3 - 1).all()
    assert abs((sample.x[:, 0] < 100).mean() - 0.5) < 0.1  # four standard deviations of a share of one half in 400
    assert np.array_equal(sample.x, sample_rows(rows, 400, 1).x)
