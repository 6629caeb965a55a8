"""From a design to probabilities: what is reported of the leading mixture, and what it says, done again by hand."""

import math

import numpy as np
import pytest
from builders import csv_of, opened_table, silent
from oracles import hide, log_likelihood
from scipy.special import logsumexp
from scipy.stats import multivariate_t, norm

from em_impute.ensemble.ensemble import TEMPERATURES
from em_impute.ensemble.fit import fit_leader
from em_impute.model.fit import examples_of
from em_impute.pipeline.complete import complete_all
from em_impute.report.build.fit import build_report

SHIFT, SCALE = [1e4, -3.0], [250.0, 0.1]


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


@pytest.mark.parametrize("single", [False, True])
def test_the_parameters_in_the_report_are_the_leaders_in_the_units_of_the_data(tmp_path, single):
    _, _, text = table()
    completion, report = filled(tmp_path, text, single=single, seed=3)

    ensemble, design = completion.fitted.choice.ensemble, completion.fitted.design
    component_label, batches = fit_leader(ensemble, examples_of(design), 3)
    last = batches[-1]
    shift, scale = np.array([(one.mean, one.sd) for one in report.features.used]).T
    assert len(report.model.parameters) == component_label.size
    for k, one in enumerate(report.model.parameters):
        assert one.label == "ab"[component_label[k]]
        assert one.weight == pytest.approx(math.exp(last.log_share[0, k]))
        assert list(one.mean.values()) == pytest.approx(last.mean[0, k] * scale + shift)
        assert np.array(one.covariance) == pytest.approx(last.covariance[0, k] * np.outer(scale, scale))
        assert list(one.sd.values()) == pytest.approx(np.sqrt(np.diag(last.covariance[0, k])) * scale)
    assert report.model.covariance == ensemble.leader.shrinkage.family
    assert report.fit.n_iterations == len(report.fit.path) - 1 <= ensemble.leader.steps


@pytest.mark.parametrize("copies", [1, 5])
def test_the_log_likelihood_is_the_sum_of_log_densities_of_all_rows_in_the_units_of_the_data(tmp_path, copies):
    # Rows five times are merged: weights are counts, and the log-likelihood is that of all, added up one by one.
    x, truth, text = table()
    assert np.isnan(x).all(axis=1).any()
    header, *lines = text.splitlines()
    completion, report = filled(tmp_path, "\n".join([header, *lines * copies]))
    assert (completion.fitted.design.index is None) == (copies == 1)

    members = report.model.parameters

    class Parameters:
        weight = np.array([one.weight for one in members])
        mean = np.array([list(one.mean.values()) for one in members])
        covariance = np.array([one.covariance for one in members])

    label = np.where(np.arange(90) < 50, truth, -1)
    component_label = ["ab".index(one.label) for one in members]
    expected = log_likelihood(x, label, np.full(90, copies), Parameters, component_label)
    assert report.fit.log_likelihood == pytest.approx(expected, rel=1e-9)
    assert report.fit.path[-1] == report.fit.log_likelihood


def test_the_log_likelihood_of_very_many_columns_is_that_of_the_cells_that_are_shown(tmp_path):
    rng = np.random.default_rng(4)
    label, x = np.arange(40) % 2, np.round(rng.normal(size=(40, 257)), 3)
    x = hide(rng, x + label[:, None], 0.05, np.nan)
    label = np.where(np.arange(40) < 30, label, -1)
    cells = [["" if np.isnan(one) else f"{one:.3f}" for one in row] for row in x]
    lines = [",".join(["" if k < 0 else "ab"[k], *row]) for k, row in zip(label, cells, strict=True)]
    header = ",".join(["g", *(f"x{j}" for j in range(257))])

    completion, report = filled(tmp_path, "\n".join([header, *lines]))

    parameters, component_label = completion.fitted.mixture[:2]
    units = [(one.shift, one.scale) for one in completion.fitted.design.features]
    shift, scale = np.array(units).T
    joint = np.log(parameters.weight) + np.nansum(
        norm.logpdf((x[:, None] - shift) / scale, parameters.mean, np.sqrt(parameters.covariance)), axis=2
    )
    of_rows = np.where(label >= 0, joint[np.arange(40), label], logsumexp(joint, axis=1))
    jacobian = (~np.isnan(x) * np.log(scale)).sum()
    assert component_label.tolist() == [0, 1]
    assert report.fit.log_likelihood == pytest.approx(of_rows.sum() - jacobian, rel=1e-9)


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


def test_a_leader_without_steps_of_em_is_a_shrunk_discriminant(tmp_path):
    x, truth, text = table(200, 150, missing=0.0, own=4.0, apart=(0.0, 0.0), away=((3.0, -3.0), (-3.0, 3.0)))
    completion, _ = filled(tmp_path, text, single=True, probabilities=True, shares="common")
    leader = completion.fitted.choice.ensemble.leader
    assert leader.steps == 0
    assert leader.per_label == 1
    assert leader.shrinkage.family in {"full", "diag"}

    z = (x - x.mean(axis=0)) / x.std(axis=0)
    (temperature,) = np.array(TEMPERATURES)[completion.fitted.choice.ensemble.submodels[0].weight[0] > 0.0]
    expected = shrunk_discriminant(z[:150], truth[:150], z[150:], leader.shrinkage, temperature)
    np.testing.assert_allclose(completion.fills.probabilities, expected, rtol=1e-6)


def test_the_log_likelihood_of_many_rows_is_that_of_a_fit_to_few(tmp_path, monkeypatch):
    text = table()[-1]
    few = filled(tmp_path, text)[0]
    monkeypatch.setattr("em_impute.model.fit.PATH_ROWS", 10)
    many = filled(tmp_path, text)[0]

    assert many.fitted.mixture.log_likelihood == pytest.approx(few.fitted.mixture.log_likelihood, rel=1e-12)
