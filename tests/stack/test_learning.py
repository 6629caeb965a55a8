"""A stack that goes on from moments, against fits of all rows at once and sums that are made row by row."""

import numpy as np
import pytest
from builders import rows_of
from oracles import completed, hide
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from em_impute.stack import stack as stack_module
from em_impute.stack.learning import learn, remember
from em_impute.stack.stack import Ensemble, fit_stack, predict


def quiet(_what):
    """Tell nobody."""


def examples_of(n_rows=240, seed=2, hidden=0.5, missing=0.0, levels=(3,)):
    """Rows of two labels in two numbers and a category."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n_rows)
    x = rng.normal(size=(n_rows, 2)) @ [[1.0, 0.5], [0.0, 0.9]] + np.where(truth, 1.2, -0.4)[:, None]
    codes = np.column_stack([np.where(rng.random(n_rows) < 0.5, truth, rng.integers(0, n, n_rows)) for n in levels])
    label = hide(rng, truth, hidden, -1).astype(int)
    return rows_of(hide(rng, x, missing, np.nan), label, codes, levels, rng.integers(1, 3, n_rows).astype(float))


def stack_of(examples):
    return fit_stack(examples, 2, 100, 0, quiet, single=False)


def gaussian(voice, member, component, row):
    """log(share·density) of a row that shows some columns, by scipy."""
    batch, shown = voice.batch, ~np.isnan(row.x)
    total = batch.log_share[member, component]
    if shown.any():
        covariance = batch.covariance[member, component][np.ix_(shown, shown)]
        total += multivariate_normal.logpdf(row.x[shown], batch.mean[member, component][shown], covariance)
    first = 0
    for code, n_levels in zip(row.codes, voice.view.levels, strict=True):
        if code >= 0:
            total += batch.log_chance[member, component, first + code]
        first += n_levels
    return total


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_what_is_remembered_are_the_rows_as_the_members_share_them_out(missing):
    examples = examples_of(60, missing=missing)
    stack = stack_of(examples)
    memory = remember(stack, examples, 0)

    for voice, remembered in zip(stack.voices, memory.voices, strict=True):
        seen = voice.view.show(examples.predictors)
        for m, member in enumerate(voice.members):
            weight, first, second = (np.zeros_like(one[m]) for one in remembered.sums[:3])
            for i, label in enumerate(examples.label):
                if label < 0 and not member.steps:
                    continue  # it learns from labelled rows alone
                row = seen._replace(x=seen.x[i], codes=seen.codes[i])
                allowed = [c for c, of in enumerate(voice.component_label) if label in {-1, of}]
                joint = np.array([gaussian(voice, m, c, row) for c in allowed])
                for c, share in zip(allowed, np.exp(joint - logsumexp(joint)), strict=True):
                    mean, spread = completed(row.x, voice.batch.mean[m, c], voice.batch.covariance[m, c])
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
    stack = stack_of(first)
    learnt, _ = learn(stack, remember(stack, first, 0), more, 0)
    label, weight = examples.label, examples.weight

    n_compared = 0
    for before, voice, remembered in zip(stack.voices, learnt.voices, remember(stack, first, 0).voices, strict=True):
        seen = voice.view.show(examples.predictors)
        for m, member in enumerate(voice.members):
            if member.steps or member.per_label > 1:
                continue
            for k in range(2):
                mine = label == k
                kappa = remembered.strength[m]
                mean = (weight[mine] @ seen.x[mine]) / (weight[mine].sum() + kappa)
                np.testing.assert_allclose(voice.batch.mean[m, k], mean, rtol=1e-9, atol=1e-12)
                np.testing.assert_allclose(voice.batch.weight[m, k], weight[mine].sum())
            n_compared += 1
        assert before.view is voice.view
    assert n_compared > 10


def test_it_comes_nearer_to_what_a_stack_of_all_rows_says():
    examples = examples_of(1200, hidden=0.7)
    first, more = examples.take(np.arange(150)), examples.take(np.arange(150, 1200))
    stack, whole = stack_of(first), stack_of(examples)
    learnt, _ = learn(stack, remember(stack, first, 0), more, 0)
    before, after, best = (predict(one, examples.predictors) for one in (stack, learnt, whole))

    assert np.abs(after - best).mean() < 0.7 * np.abs(before - best).mean()


def test_two_halves_of_new_rows_one_after_the_other_are_remembered_as_all_of_them():
    examples = examples_of(360, hidden=0.0)
    first, more = (
        examples.take(np.arange(120)),
        [examples.take(np.arange(120, 240)), examples.take(np.arange(240, 360))],
    )
    stack = stack_of(first)
    memory = remember(stack, first, 0)
    learnt, after = stack, memory
    for half in more:
        learnt, after = learn(learnt, after, half, 0)
    at_once, whole = learn(stack, memory, examples.take(np.arange(120, 360)), 0)

    np.testing.assert_allclose(after.known, whole.known)
    labelled_alone = [
        (one.sums.weight[m], other.sums.weight[m])
        for voice, one, other in zip(stack.voices, after.voices, whole.voices, strict=True)
        for m, member in enumerate(voice.members)
        if member.per_label == 1 and not member.steps
    ]
    np.testing.assert_allclose(*map(np.array, zip(*labelled_alone, strict=True)))
    assert np.abs(predict(learnt, examples.predictors) - predict(at_once, examples.predictors)).max() < 0.02


def test_a_label_that_no_new_row_has_keeps_what_is_known_of_it():
    examples = examples_of(200, hidden=0.2)
    first = examples.take(np.arange(100))
    more = examples.take(np.flatnonzero((examples.label != 1) & (np.arange(200) >= 100)))
    stack = stack_of(first)
    learnt, memory = learn(stack, remember(stack, first, 0), more, 0)
    said = predict(learnt, examples.predictors)

    assert np.isfinite(said).all()
    assert memory.known[1] == first.weight[first.label == 1].sum()
    assert learnt.shares[1] < stack.shares[1]


def test_rows_that_were_drawn_weigh_as_much_as_all_of_them(monkeypatch):
    examples = examples_of(400, hidden=0.5)
    stack = stack_of(examples)
    slim = Ensemble(stack.n_labels, stack.voices, stack.trust, stack.shares)
    whole = remember(slim, examples, 0)
    monkeypatch.setattr(stack_module, "MAX_REFIT", 50)
    monkeypatch.setattr(stack_module, "most_refit", lambda _n_columns: 50)
    drawn = remember(slim, examples, 0)

    np.testing.assert_allclose(drawn.known, whole.known)
    for one, other in zip(drawn.voices, whole.voices, strict=True):
        np.testing.assert_allclose(one.sums.weight.sum(axis=1), other.sums.weight.sum(axis=1))
