"""An ensemble that goes on from moments, against fits of all rows at once and sums that are made row by row."""

import numpy as np
import pytest
from builders import rows_of, stack_of
from oracles import completed, hide
from sampling import rarely
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from em_impute.ensemble import fit as stack_module
from em_impute.ensemble.ensemble import Ensemble
from em_impute.ensemble.incremental import learn, remember


def examples_of(n_rows=240, seed=2, hidden=0.5, missing=0.0, levels=(3,)):
    """Rows of two labels in two numbers and a category."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n_rows)
    x = rng.normal(size=(n_rows, 2)) @ [[1.0, 0.5], [0.0, 0.9]] + np.where(truth, 1.2, -0.4)[:, None]
    codes = np.column_stack([np.where(rng.random(n_rows) < 0.5, truth, rng.integers(0, n, n_rows)) for n in levels])
    label = hide(rng, truth, hidden, -1).astype(int)
    return rows_of(hide(rng, x, missing, np.nan), label, codes, levels, rng.integers(1, 3, n_rows).astype(float))


def gaussian(submodel, member, component, row):
    """log(share·density) of a row that shows some columns, by scipy."""
    batch, shown = submodel.batch, ~np.isnan(row.x)
    total = batch.log_share[member, component]
    if shown.any():
        covariance = batch.covariance[member, component][np.ix_(shown, shown)]
        total += multivariate_normal.logpdf(row.x[shown], batch.mean[member, component][shown], covariance)
    first = 0
    for code, n_levels in zip(row.codes, submodel.view.levels, strict=True):
        if code >= 0:
            total += batch.log_chance[member, component, first + code]
        first += n_levels
    return total


@pytest.mark.parametrize("missing", [rarely(0.0), 0.3])
def test_what_is_remembered_are_the_rows_as_the_members_share_them_out(missing):
    examples = examples_of(60, missing=missing)
    ensemble = stack_of(examples)
    memory = remember(ensemble, examples, 0)

    for submodel, remembered in zip(ensemble.submodels, memory.submodels, strict=True):
        seen = submodel.view.show(examples.predictors)
        for m, member in enumerate(submodel.members):
            weight, first, second = (np.zeros_like(one[m]) for one in remembered.sums[:3])
            for i, label in enumerate(examples.label):
                if label < 0 and not member.steps:
                    continue  # it learns from labelled rows alone
                row = seen._replace(x=seen.x[i], codes=seen.codes[i])
                allowed = [c for c, of in enumerate(submodel.component_label) if label in {-1, of}]
                joint = np.array([gaussian(submodel, m, c, row) for c in allowed])
                for c, share in zip(allowed, np.exp(joint - logsumexp(joint)), strict=True):
                    mean, spread = completed(row.x, submodel.batch.mean[m, c], submodel.batch.covariance[m, c])
                    counted = share * examples.weight[i]
                    weight[c] += counted
                    first[c] += counted * mean
                    second[c] += counted * (spread + np.outer(mean, mean))
            for expected, actual in zip((weight, first, second), remembered.sums[:3], strict=True):
                np.testing.assert_allclose(actual[m], expected, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(memory.known, np.bincount(examples.label + 1, examples.weight)[1:])


def test_members_that_learn_from_labelled_rows_alone_come_to_the_fit_of_all_of_them():
    examples = examples_of(missing=0.0)
    first, more = examples.take(np.arange(120)), examples.take(np.arange(120, 240))
    ensemble = stack_of(first)
    known_labels, _ = learn(ensemble, remember(ensemble, first, 0), more, 0)
    label, weight = examples.label, examples.weight

    n_compared = 0
    for before, submodel, remembered in zip(
        ensemble.submodels, known_labels.submodels, remember(ensemble, first, 0).submodels, strict=True
    ):
        seen = submodel.view.show(examples.predictors)
        for m, member in enumerate(submodel.members):
            if member.steps or member.per_label > 1:
                continue
            for k in range(2):
                mine = label == k
                kappa = remembered.strength[m]
                mean = (weight[mine] @ seen.x[mine]) / (weight[mine].sum() + kappa)
                np.testing.assert_allclose(submodel.batch.mean[m, k], mean, rtol=1e-9, atol=1e-12)
                np.testing.assert_allclose(submodel.batch.weight[m, k], weight[mine].sum())
            n_compared += 1
        assert before.view is submodel.view
    assert n_compared > 10


def test_rows_that_were_drawn_weigh_as_much_as_all_of_them(monkeypatch):
    examples = examples_of(400, hidden=0.5)
    ensemble = stack_of(examples)
    slim = Ensemble(ensemble.n_labels, ensemble.submodels, ensemble.model_weight, ensemble.shares)
    whole = remember(slim, examples, 0)
    monkeypatch.setattr(stack_module, "MAX_REFIT", 50)
    monkeypatch.setattr(stack_module, "most_refit", lambda _n_columns: 50)
    drawn = remember(slim, examples, 0)

    np.testing.assert_allclose(drawn.known, whole.known)
    for one, other in zip(drawn.submodels, whole.submodels, strict=True):
        np.testing.assert_allclose(one.sums.weight.sum(axis=1), other.sums.weight.sum(axis=1))
