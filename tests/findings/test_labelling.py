"""The test for labelling that depends on the class: its two gates against scipy, and how often it fires by simulation."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp
from scipy.stats import chi2, ks_2samp, norm

from em_impute.design import Design, Feature
from em_impute.engine.blocks import Rows
from em_impute.engine.mixture import Recipe
from em_impute.findings import labelling
from em_impute.findings.labelling import compare_predictor, examine_labelling, likelihood_ratio, regress_labelling
from em_impute.merging import merge_equal_rows

FULL = Recipe("full")


def design_of(x, label, labels=("a", "b"), *, merged=False):
    """Build the design of complete predictors."""
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    features = tuple(Feature(f"x{j}", 0, 0.0, 1.0) for j in range(x.shape[1]))
    rows, index = Rows(x, label, np.ones(len(label))), None
    if merged:
        rows, index = merge_equal_rows(rows)
        assert index is not None
    return Design(labels, label, features, (), rows, index)


CLASSES = {
    "gaussian": lambda rng, n: rng.normal(size=n),
    "gamma": lambda rng, n: (rng.gamma(4, size=n) - 4) / 2,
    "log-normal": lambda rng, n: (rng.lognormal(0, 0.5, size=n) - np.exp(0.125)) / 0.604,
}
"""Densities of mean 0 and variance 1."""


def two_classes(kind, rates, n_rows, seed):
    """Two classes 2.1 deviations apart, labelled at different rates: x (n_rows, 1), label and the true class."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n_rows)
    x = CLASSES[kind](rng, n_rows) + 2.1 * y
    return x[:, None], np.where(rng.random(n_rows) < np.array(rates)[y], y, -1), y


# The comparison of a predictor


@pytest.mark.parametrize("decimals", [8, 1, 0], ids=["no-ties", "ties", "many-ties"])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_the_distance_of_two_distributions_equals_scipys(missing, decimals):
    rng = np.random.default_rng(1)
    x = np.round(rng.normal(size=300), decimals)
    labelled = rng.random(300) < 0.3
    x[labelled] += 0.2
    x[rng.random(300) < missing] = np.nan

    found = compare_predictor("x", x, np.ones(300), labelled)

    seen = ~np.isnan(x)
    expected = ks_2samp(x[seen & labelled], x[seen & ~labelled], method="asymp")
    np.testing.assert_allclose(found.statistic, expected.statistic, atol=1e-12)


@pytest.mark.parametrize(("n", "m"), [(20, 500), (50, 500), (200, 1800), (100, 101)])
def test_the_p_value_of_the_distance_is_near_the_exact_one(n, m):
    ratios = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = np.concatenate([rng.normal(size=n) + 6.0 * rng.random() / np.sqrt(n), rng.normal(size=m)])
        found = compare_predictor("x", x, np.ones(n + m), np.arange(n + m) < n)
        exact = ks_2samp(x[:n], x[n:], method="exact").pvalue
        if 1e-4 < exact < 0.2:
            ratios.append(found.p_value / exact)

    # Where both numbers of rows have a common divisor the exact p-value moves in larger steps: 100 and 101 have none.
    assert len(ratios) >= 10
    assert 0.87 < min(ratios)
    assert max(ratios) < 1.25


def test_a_predictor_of_two_values_is_not_taken_for_different_more_often_than_by_permutation():
    rng = np.random.default_rng(4)
    x = (rng.random(400) < 0.4).astype(float)
    labelled = np.arange(400) < 100
    found = compare_predictor("x", x, np.ones(400), labelled)

    permuted = [compare_predictor("x", x, np.ones(400), rng.permutation(labelled)).statistic for _ in range(500)]

    assert found.p_value >= np.mean(np.array(permuted) >= found.statistic - 1e-12)


def test_a_row_of_weight_three_counts_as_three_rows():
    rng = np.random.default_rng(2)
    x, labelled, count = rng.normal(size=80), rng.random(80) < 0.4, rng.integers(1, 4, 80)

    weighted = compare_predictor("x", x, count.astype(float), labelled)
    copies = compare_predictor("x", np.repeat(x, count), np.ones(count.sum()), np.repeat(labelled, count))

    np.testing.assert_allclose([weighted.statistic, weighted.p_value], [copies.statistic, copies.p_value])


def test_a_predictor_that_no_labelled_row_shows_proves_nothing():
    x = np.array([np.nan, np.nan, 1.0, 2.0])

    found = compare_predictor("x", x, np.ones(4), np.array([True, True, False, False]))

    assert (found.statistic, found.p_value) == (0.0, 1.0)


# The likelihood ratio


def test_the_ratio_equals_that_of_two_numerical_maximisations():
    x, label, _ = two_classes("gaussian", (0.4, 0.2), 400, 3)
    rows = design_of(x, label).distinct

    found = likelihood_ratio(rows, 2, FULL._replace(prior_strength=0.0))

    known = label >= 0

    def negative(free, *, apart):
        shares = 1.0 / (1.0 + np.exp(-free[4:]))  # of the second label: among unlabelled rows, among labelled ones
        density = norm.logpdf(rows.x, free[:2], np.exp(free[2:4]))
        latent = logsumexp(density[~known] + np.log([1 - shares[0], shares[0]]), axis=1).sum()
        share = shares[1] if apart else shares[0]
        joint = density[known] + np.log([1 - share, share])
        return -latent - joint[np.arange(known.sum()), label[known]].sum()

    start = np.array([-0.7, 0.7, -0.5, -0.5, 0.0, 0.0])
    common, free = (minimize(lambda v, a=a: negative(v, apart=a), start, method="BFGS").fun for a in (False, True))
    # Both fits stop up to 0.001 below their maxima.
    np.testing.assert_allclose(found.statistic, 2 * (common - free), atol=4e-3)
    np.testing.assert_allclose(found.p_value, chi2.sf(found.statistic, 1))


@pytest.mark.parametrize("seed", range(5))
def test_the_ratio_is_never_negative_and_has_a_degree_of_freedom_for_every_label_but_one(seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, 150)
    x = rng.normal(size=(150, 2)) + np.array([[0, 0], [2, 0], [0, 2]])[y]
    label = np.where(rng.random(150) < 0.3, y, -1)

    found = likelihood_ratio(Rows(x - x.mean(axis=0), label, np.ones(150)), 3, Recipe("tied", per_label=2))

    assert found.statistic >= 0
    assert found.degrees_of_freedom == 2
    np.testing.assert_allclose([found.p_value], [chi2.sf(found.statistic, 2)])
    np.testing.assert_allclose([found.common.sum(), found.free.sum()], 1.0)


def test_a_recipe_with_free_shares_and_a_weight_is_tested_as_one_without():
    x, label, _ = two_classes("gaussian", (0.4, 0.2), 300, 3)
    rows = design_of(x, label).distinct

    plain, changed = (
        likelihood_ratio(rows, 2, one) for one in (FULL, FULL._replace(free_shares=True, unlabelled_weight=0.1))
    )

    assert plain.statistic == changed.statistic


# The regression on the predictors


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_the_gain_of_the_regression_equals_that_of_a_numerical_maximisation(missing):
    rng = np.random.default_rng(7)
    x = rng.normal(size=(600, 2))
    weight = rng.integers(1, 4, 600).astype(float)
    labelled = rng.random(600) < 1 / (1 + np.exp(1 - x[:, 0] + 0.4 * x[:, 1] ** 2))
    x[rng.random(x.shape) < missing] = np.nan

    found = regress_labelling(Rows(x, np.where(labelled, 0, -1), weight))

    filled = np.where(np.isnan(x), 0.0, x)

    def log_likelihood(b):
        log_odds = b[0] + filled @ b[1:3] + filled**2 @ b[3:]
        return -(weight @ np.logaddexp(0.0, np.where(labelled, -log_odds, log_odds)))

    fit = minimize(lambda b: 0.5 * (b[1:] ** 2).sum() - log_likelihood(b), np.zeros(5), method="BFGS")
    n, m = weight.sum(), weight[labelled].sum()
    one_rate = m * np.log(m / n) + (n - m) * np.log(1 - m / n)
    np.testing.assert_allclose(found.gain, log_likelihood(fit.x) - one_rate, rtol=1e-3)
    assert found.n_free == 4


def test_rows_that_are_labelled_in_the_order_of_a_predictor_are_regressed_all_the_same():
    x = np.linspace(-1.7, 1.7, 500)[:, None]

    found = regress_labelling(Rows(x, np.where(x[:, 0] < 0, 0, -1), np.ones(500)))

    assert 0.8 * 500 * np.log(2) < found.gain < 500 * np.log(2)  # all that there is to explain


# The gates


def examined(kind, rates, n_rows, seed):
    return examine_labelling(design_of(*two_classes(kind, rates, n_rows, seed)[:2]), FULL)


@pytest.mark.parametrize("kind", CLASSES)
def test_labels_that_are_missing_at_random_seldom_open_the_first_two_gates(kind):
    opened = [not examined(kind, (0.25, 0.25), 700, seed).is_at_random for seed in range(100)]

    # At the level of 1 % more than 5 of 100 happen once in 2,000 times; the ratio alone rejects up to 20 here.
    assert sum(opened) <= 5


@pytest.mark.parametrize("kind", CLASSES)
def test_labels_that_depend_on_the_class_nearly_always_open_the_first_two_gates(kind):
    opened = [not examined(kind, (0.3, 0.15), 2000, seed).is_at_random for seed in range(15)]

    assert sum(opened) >= 14


@pytest.mark.parametrize("kind", CLASSES)
def test_labels_that_depend_on_the_class_mostly_open_the_third_gate_too(kind):
    opened = [examined(kind, (0.4, 0.1), 2000, seed).depends_on_class for seed in range(15)]

    assert sum(opened) >= 10  # 85 to 100 % in long simulations


@pytest.mark.parametrize("kind", ["gaussian", "gamma"])
def test_labels_that_depend_on_the_predictor_open_the_first_two_gates_but_not_the_third(kind):
    # One set of shares is right here: given the predictors, labels are missing at random.
    found = []
    for seed in range(15):
        x, _, y = two_classes(kind, (1, 1), 2000, seed)
        rng = np.random.default_rng(seed + 100)
        label = np.where(rng.random(2000) < 1 / (1 + np.exp(1.8 - 0.5 * x[:, 0])), y, -1)
        found.append(examine_labelling(design_of(x, label), FULL))

    assert not any(one.is_at_random for one in found)
    assert sum(one.depends_on_class for one in found) <= 4  # 2 to 7 % in long simulations


def test_it_tells_the_rate_of_labelling_and_the_shares_without_a_label():
    x, label, y = two_classes("gaussian", (0.4, 0.1), 8000, 1)

    found = examine_labelling(design_of(x, label), FULL)

    # Standard errors are about a hundredth; one set of shares is known to find .416 where .6 are of the second class.
    share = np.bincount(label[label >= 0]) / (label >= 0).sum()
    np.testing.assert_allclose(found.labelled, share)
    np.testing.assert_allclose(found.ratio.free, np.bincount(y[label < 0]) / (label < 0).sum(), atol=0.04)
    np.testing.assert_allclose(found.ratio.common, [0.584, 0.416], atol=0.04)
    np.testing.assert_allclose(found.label_rate, [0.4, 0.1], atol=0.03)
    assert found.depends_on_class


def test_a_difference_that_classes_have_no_part_in_opens_one_gate_only():
    # The second predictor says nothing of the class, and rows are labelled by it: only one gate opens.
    rng = np.random.default_rng(5)
    y = rng.integers(0, 2, 1500)
    x = rng.normal(size=(1500, 2)) + np.outer(y, [3.0, 0.0])
    label = np.where(rng.random(1500) < np.where(x[:, 1] > 0, 0.5, 0.2), y, -1)

    found = examine_labelling(design_of(x, label), FULL)

    assert found.p_predictors < 1e-6
    assert found.ratio.p_value > 0.01
    assert found.is_at_random
    assert not found.depends_on_class


def test_p_values_of_predictors_are_multiplied_by_their_number():
    rng = np.random.default_rng(6)
    y = rng.integers(0, 2, 400)
    x = rng.normal(size=(400, 3)) + y[:, None]

    found = examine_labelling(design_of(x, np.where(rng.random(400) < 0.3, y, -1)), FULL)

    assert [one.name for one in found.comparisons] == ["x0", "x1", "x2"]
    assert found.p_predictors == min(1.0, 3 * min(one.p_value for one in found.comparisons))


def test_merging_equal_rows_changes_nothing():
    x, label, _ = two_classes("gaussian", (0.4, 0.2), 2000, 1)
    x = np.round(x, 1)

    rows = design_of(x, label).distinct

    found = examine_labelling(design_of(x, label, merged=True), FULL)

    apart = likelihood_ratio(rows, 2, FULL)
    assert (rows.weight == 1).all()
    np.testing.assert_allclose(found.ratio.statistic, apart.statistic, rtol=1e-6)
    np.testing.assert_allclose(found.ratio.free, apart.free, rtol=1e-6)
    comparison = compare_predictor("x0", rows.x[:, 0], rows.weight, label >= 0)
    np.testing.assert_allclose(found.comparisons[0].statistic, comparison.statistic)


def test_of_many_rows_some_are_drawn_and_the_rates_are_still_those_of_all(monkeypatch):
    x, label, _ = two_classes("gaussian", (0.4, 0.1), 20_000, 1)
    design = design_of(x, label)
    monkeypatch.setattr(labelling, "MAX_ROWS", 1500)
    drawn = labelling._drawn_rows(design, 0)

    found = examine_labelling(design, FULL)

    assert [(drawn.label >= 0).sum(), (drawn.label < 0).sum()] == [1500, 1500]
    assert found.depends_on_class
    np.testing.assert_allclose(found.label_rate, [0.4, 0.1], atol=0.06)


@pytest.mark.parametrize(
    ("label", "labels"),
    [
        pytest.param([0, 1, 0, 1, 0, 1], ("a", "b"), id="every-row-has-a-label"),
        pytest.param([-1] * 6, ("a", "b"), id="no-row-has-one"),
        pytest.param([0, 0, -1, 0, -1, -1], ("a", "b"), id="a-label-without-rows"),
        pytest.param([0, 0, -1, 0, -1, -1], ("a",), id="one-label"),
    ],
)
def test_nothing_can_be_told_without_rows_to_compare(label, labels):
    x = np.arange(6.0)[:, None] ** 2

    assert examine_labelling(design_of(x, np.array(label), labels), FULL) is None


def test_nothing_can_be_told_where_no_mixture_can_be_fitted():
    x = np.array([0.0, 0.0, 5.0, 5.0, 0.0, 5.0])[:, None]  # both classes of no spread, and no prior to hold them

    found = examine_labelling(design_of(x, np.array([0, 0, 1, 1, -1, -1])), FULL._replace(prior_strength=0.0))

    assert found is None


def test_a_test_that_would_take_too_long_is_not_made(monkeypatch):
    """Rows that take more than one step of EM; what is left to gain must not count as evidence."""
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 200)
    rows = Rows(rng.normal(size=(200, 1)) + truth[:, None], np.where(np.arange(200) < 60, truth, -1), np.ones(200))
    assert likelihood_ratio(rows, 2, Recipe(family="full")) is not None
    monkeypatch.setattr(labelling, "WORK", 0.0)
    monkeypatch.setattr(labelling, "LEAST_STEPS", 1)
    assert likelihood_ratio(rows, 2, Recipe(family="full")) is None
