"""From a design to probabilities: what is reported of the leading mixture, and what it says, done again by hand."""

import math
from functools import partial

import numpy as np
import pytest
from builders import csv_of, opened_table, silent
from oracles import hide, log_likelihood
from scipy.special import logsumexp
from scipy.stats import multivariate_t, norm

from em_impute.choose import adjust_shares
from em_impute.fitting import examples_of
from em_impute.impute import complete_all
from em_impute.report.build import build_report
from em_impute.stack.stack import fit_leader, predict

SHIFT, SCALE = [1e4, -3.0], [250.0, 0.01]


def table(n_rows=90, n_labelled=50, missing=0.15, seed=1, apart=(1.5, 0.5), correlated=0.4, own=1.0, away=()):
    """Rows of two numbers of odd units, their true labels, and the table as text; labelled rows come first."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n_rows) % 2
    x = rng.normal(size=(n_rows, 2)) @ [[1.0, correlated], [0.0, 1.0]]
    x = x * np.where(truth, own, 1.0)[:, None] + truth[:, None] * np.array(apart)
    if away:  # unlabelled rows are heaps that have nothing to do with the labels
        x[n_labelled:] = rng.normal(size=(n_rows - n_labelled, 2)) * 0.3 + np.array(away)[truth[n_labelled:]]
    x = hide(rng, x * SCALE + SHIFT, missing, np.nan)
    x[[0, -1]] = np.where(missing > 0.0, np.nan, x[[0, -1]])
    cells = ["ab"[k] if i < n_labelled else "" for i, k in enumerate(truth)]
    columns = [["" if np.isnan(value) else repr(value) for value in column] for column in x.T.tolist()]
    return x, truth, csv_of("g,x,y", cells, *columns)


def filled(folder, text, **options):
    with opened_table(folder, text, **options) as (opened, request):
        (completion,) = complete_all(opened, request, silent)
        return completion, build_report(opened, completion, request, "em-impute fill", None)


# The leading mixture


@pytest.mark.parametrize("single", [False, True])
def test_the_parameters_in_the_report_are_the_leaders_in_the_units_of_the_data(tmp_path, single):
    _, _, text = table()
    completion, report = filled(tmp_path, text, single=single, seed=3)

    stack, design = completion.choice.stack, completion.design
    component_label, batches = fit_leader(stack, examples_of(design), 3)
    last = batches[-1]
    shift, scale = np.array([(one["mean"], one["sd"]) for one in report.features["used"]]).T
    assert len(report.model["parameters"]) == component_label.size
    for k, one in enumerate(report.model["parameters"]):
        assert one["label"] == "ab"[component_label[k]]
        assert one["weight"] == pytest.approx(math.exp(last.log_share[0, k]))
        assert list(one["mean"].values()) == pytest.approx(last.mean[0, k] * scale + shift)
        assert np.array(one["covariance"]) == pytest.approx(last.covariance[0, k] * np.outer(scale, scale))
        assert list(one["sd"].values()) == pytest.approx(np.sqrt(np.diag(last.covariance[0, k])) * scale)
    assert report.model["covariance"] == stack.leader.shrinkage.family
    assert report.fit["n_iterations"] == stack.leader.steps == len(report.fit["path"]) - 1


@pytest.mark.parametrize("seed", [1, 2])
def test_the_log_likelihood_is_the_sum_of_log_densities_in_the_units_of_the_data(tmp_path, seed):
    x, truth, text = table(seed=seed)
    assert np.isnan(x).all(axis=1).any()
    _, report = filled(tmp_path, text)

    members = report.model["parameters"]

    class Parameters:
        weight = np.array([one["weight"] for one in members])
        mean = np.array([list(one["mean"].values()) for one in members])
        covariance = np.array([one["covariance"] for one in members])

    label = np.where(np.arange(90) < 50, truth, -1)
    component_label = ["ab".index(one["label"]) for one in members]
    expected = log_likelihood(x, label, np.ones(90), Parameters, component_label)
    assert report.fit["log_likelihood"] == pytest.approx(expected, rel=1e-9)
    assert report.fit["path"][-1] == report.fit["log_likelihood"]


def shrunk_discriminant(x, label, new, shrinkage, temperature):
    """Predict by hand, in loops, from complete labelled rows: shrunk covariances, Student's t, tempered."""
    n_columns, n_labels = x.shape[1], label.max() + 1
    rows = [x[label == k] for k in range(n_labels)]
    scatter = [sum(np.outer(row - part.mean(axis=0), row - part.mean(axis=0)) for row in part) for part in rows]
    if shrinkage.independent:
        scatter = [np.diag(np.diag(one)) for one in scatter]
    within, drawn = sum(scatter), shrinkage.diagonal * n_columns
    target = np.diag((np.diag(within) + 3.0) / (len(x) + 3.0))
    pooled = (within + drawn * target) / (len(x) + drawn)
    scores = np.empty((len(new), n_labels))
    for k, part in enumerate(rows):
        pull, covariance, freedom = shrinkage.pooled * n_columns, pooled, len(x) + drawn
        if np.isfinite(pull):
            covariance, freedom = (scatter[k] + pull * pooled) / (len(part) + pull), len(part) + pull
        degrees = max(freedom - n_columns + 1.0, 2.0)
        shape = (1.0 + 1.0 / (len(part) + 0.1)) * freedom / degrees * covariance
        share = (len(part) + 0.5) / (len(x) + 0.5 * n_labels)
        for i, row in enumerate(new):
            scores[i, k] = temperature * (
                math.log(share) + multivariate_t.logpdf(row, part.mean(axis=0), shape, degrees)
            )
    return np.exp(scores - logsumexp(scores, axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("options", "families"),
    [
        pytest.param({"away": ((3.0, -3.0), (-3.0, 3.0))}, {"tied", "tied-diag"}, id="linear"),
        pytest.param(
            {"own": 4.0, "apart": (0.0, 0.0), "away": ((3.0, -3.0), (-3.0, 3.0))}, {"full", "diag"}, id="quadratic"
        ),
    ],
)
def test_a_leader_without_steps_of_em_is_a_shrunk_discriminant(tmp_path, options, families):
    x, truth, text = table(200, 150, missing=0.0, **options)
    completion, report = filled(tmp_path, text, single=True, probabilities=True)
    leader = completion.choice.stack.leader
    assert leader.steps == 0
    assert leader.per_label == 1
    assert leader.shrinkage.family in families

    z = (x - x.mean(axis=0)) / x.std(axis=0)
    expected = shrunk_discriminant(z[:150], truth[:150], z[150:], leader.shrinkage, report.model["temperature"])
    np.testing.assert_allclose(completion.probability, expected, rtol=1e-6)


def test_equal_rows_are_reported_as_if_they_had_not_been_merged(tmp_path):
    # Each row five times: weights are counts, and the log-likelihood is that of all rows, added up one by one.
    rng = np.random.default_rng(2)
    truth = np.repeat(np.arange(40) % 2, 5)
    x = np.repeat(np.round(rng.normal(size=(40, 2)), 2), 5, axis=0) + truth[:, None]
    label = np.where(np.arange(200) < 120, truth, -1)
    text = csv_of("g,x,y", ["" if k < 0 else "ab"[k] for k in label], *x.T.tolist())
    completion, report = filled(tmp_path, text)
    assert completion.design.index is not None

    members = report.model["parameters"]

    class Parameters:
        weight = np.array([one["weight"] for one in members])
        mean = np.array([list(one["mean"].values()) for one in members])
        covariance = np.array([one["covariance"] for one in members])

    component_label = ["ab".index(one["label"]) for one in members]
    expected = log_likelihood(x, label, np.ones(200), Parameters, component_label)
    assert report.fit["log_likelihood"] == pytest.approx(expected, rel=1e-9)


def test_every_cell_gets_what_the_stack_says_of_its_row(tmp_path):
    x, _, text = table()
    completion, _ = filled(tmp_path, text, probabilities=True)
    stack, design = completion.choice.stack, completion.design

    expected = predict(stack, examples_of(design).predictors)[50:]

    np.testing.assert_allclose(completion.probability, expected, rtol=1e-12)
    np.testing.assert_allclose(completion.fills.expected, expected.sum(axis=0))
    blind = np.isnan(x[50:]).all(axis=1)
    assert completion.fills.probability[~blind].max() > 0.9


# Shares of their own


def posteriors(rng, n_rows, shares, of_rows):
    """Draw rows of two Gaussians and a third, and their probabilities under other shares than they have."""
    mean = np.array([0.0, 2.0, 4.0])
    truth = rng.choice(3, n_rows, p=of_rows)
    joint = norm.pdf(rng.normal(mean[truth])[:, None], mean) * shares
    return truth, joint / joint.sum(axis=1, keepdims=True)


def test_free_shares_are_those_that_the_rows_were_drawn_by():
    # The standard error of a share is √(ω(1 − ω)/5000) = 0.007 where classes are known, and here about 0.012.
    shares, own = np.array([0.6, 0.3, 0.1]), np.array([0.1, 0.3, 0.6])
    truth, probability = posteriors(np.random.default_rng(1), 5000, shares, own)

    adjusted, found = adjust_shares(probability, np.ones(5000), shares)

    np.testing.assert_allclose(found, own, atol=0.04)
    right, before = ((one.argmax(axis=1) == truth).mean() for one in (adjusted, probability))
    assert right > before + 0.05
    # Had the shares been known, Bayes' rule would say this.
    known = probability * own / shares
    np.testing.assert_allclose(adjusted, known / known.sum(axis=1, keepdims=True), atol=0.08)


def test_free_shares_are_a_fixed_point_and_no_others_make_the_rows_likelier():
    rng = np.random.default_rng(2)
    shares, weight = np.array([0.6, 0.3, 0.1]), rng.uniform(0.5, 3.0, 300)
    _, probability = posteriors(rng, 300, shares, np.array([0.2, 0.5, 0.3]))

    adjusted, found = adjust_shares(probability, weight, shares)

    np.testing.assert_allclose(adjusted.sum(axis=1), 1.0)
    np.testing.assert_allclose(found, weight @ adjusted / weight.sum(), atol=1e-7)

    def height(free):
        return weight @ np.log(probability @ (free / shares))

    for _ in range(200):
        other = 0.9 * found + 0.1 * rng.dirichlet(np.ones(3))
        assert height(other) <= height(found) + 1e-9


def test_shares_that_the_probabilities_average_to_already_are_left_alone():
    rng = np.random.default_rng(3)
    probability = rng.dirichlet(np.ones(3), 50)
    shares = probability.mean(axis=0)

    adjusted, found = adjust_shares(probability, np.ones(50), shares)

    np.testing.assert_allclose(found, shares, rtol=1e-12)
    np.testing.assert_allclose(adjusted, probability, rtol=1e-12)


def test_a_row_of_weight_three_is_three_rows_to_free_shares():
    rng = np.random.default_rng(4)
    shares, copies = np.array([0.6, 0.3, 0.1]), rng.integers(1, 4, 40)
    _, probability = posteriors(rng, 40, shares, np.array([0.2, 0.5, 0.3]))

    weighed = adjust_shares(probability, copies.astype(float), shares)
    copied = adjust_shares(np.repeat(probability, copies, axis=0), np.ones(copies.sum()), shares)

    np.testing.assert_allclose(weighed[1], copied[1], atol=1e-9)
    np.testing.assert_allclose(np.repeat(weighed[0], copies, axis=0), copied[0], atol=1e-9)


def test_rows_that_are_certain_keep_their_labels_and_free_shares_count_them():
    probability = np.repeat(np.eye(3)[:2], [3, 1], axis=0)

    adjusted, found = adjust_shares(probability, np.ones(4), np.array([0.2, 0.2, 0.6]))

    np.testing.assert_array_equal(adjusted, probability)
    np.testing.assert_allclose(found, [0.75, 0.25, 0.0])


def test_the_stack_with_free_shares_says_what_it_says_under_shares_of_their_own(tmp_path):
    _, _, text = table()
    fill = partial(filled, tmp_path, text, probabilities=True)
    (common, _), (free, _) = fill(), fill(free_shares=True)

    expected, shares = adjust_shares(common.probability, np.ones(40), np.array([25.5, 25.5]) / 51)

    np.testing.assert_allclose(free.probability, expected, rtol=1e-6)
    np.testing.assert_allclose(free.fills.expected / 40, shares, atol=1e-7)


def test_the_log_likelihood_of_many_rows_is_that_of_a_fit_to_few(tmp_path, monkeypatch):
    text = table()[-1]
    few = filled(tmp_path, text)[0]
    monkeypatch.setattr("em_impute.fitting.PATH_ROWS", 10)
    monkeypatch.setattr("em_impute.fitting.CHUNK_ROWS", 7)
    many = filled(tmp_path, text)[0]

    assert many.mixture.fit.log_likelihood == pytest.approx(few.mixture.fit.log_likelihood, rel=1e-12)
