"""Boosted trees: against loops over all questions, and on labels that thresholds of two columns decide."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from builders import rows_of, stack_of

from em_impute.ensemble.candidates import MAX_LABELLED
from em_impute.ensemble.ensemble import predict
from em_impute.ensemble.posterior_draws import draw_ensemble
from em_impute.ensemble.transforms import Predictors
from em_impute.ensemble.trees import DEPTH, RATE, RIDGE, boost, starts


def some_rows(n_rows=60, n_labels=2, missing=0.0, seed=1):
    """Few values a column, so that every threshold between two of them is tried; labels that hang on two columns."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 5, (n_rows, 2)).astype(float)
    codes = rng.integers(0, 3, (n_rows, 1))
    label = np.where((x[:, 0] > 1) == (codes[:, 0] > 0), rng.integers(0, n_labels, n_rows), 0)
    x[rng.random(x.shape) < missing] = np.nan
    return Predictors(x, codes, (3,), 2), label


def grown(predictors, label, weight, n_labels=2, n_trees=1, log_odds=None):
    """The trees of one fit, and the log-odds that they lead to, (n_labels, n_rows)."""
    start = np.zeros((n_labels, 1, label.size)) if log_odds is None else log_odds
    (found,) = boost(predictors, label, weight[None], start, (n_trees,), 0)
    return found[0], found[1][:, 0]


def gains_of_questions(columns, gradient, curvature, leaf):
    """What a Newton step gains after each question, by column and threshold, where leaves were told apart before."""
    gain = {}
    for j, values in enumerate(columns):
        distinct = np.unique(values)
        for threshold in ((distinct[1:] + distinct[:-1]) / 2).tolist():
            place = 2 * leaf + (values > threshold)
            sums = [(gradient[place == k].sum(), curvature[place == k].sum()) for k in np.unique(place)]
            gain[j, threshold] = sum(g**2 / (h + RIDGE) for g, h in sums)
    return gain


def test_a_tree_asks_what_a_loop_over_all_questions_finds_best_and_takes_newton_steps():
    predictors, label = some_rows()
    weight = np.random.default_rng(2).choice([0.0, 0.5, 1.0, 2.0], label.size)
    start = np.random.default_rng(3).normal(size=(2, 1, label.size))
    chance = 1 / (1 + np.exp(start[0, 0] - start[1, 0]))
    gradient, curvature = weight * (label - chance), weight * chance * (1 - chance)
    columns = [*predictors.x.T, predictors.codes[:, 0]]

    tree, _ = grown(predictors, label, weight, log_odds=start)

    leaf, asked = np.zeros(label.size, int), zip(tree.column[0, 0].tolist(), tree.threshold[0, 0].tolist(), strict=True)
    for q, ((j, threshold), share) in enumerate(zip(asked, tree.share[0, 0], strict=True)):
        gain = gains_of_questions(columns, gradient, curvature, leaf)
        assert gain[j, threshold] == pytest.approx(max(gain.values()), abs=1e-12)
        leaf += (columns[j] > threshold) * 2**q
        assert share == pytest.approx(weight @ (columns[j] > threshold) / weight.sum())
    for k in range(2**DEPTH):
        g, h = gradient[leaf == k].sum(), curvature[leaf == k].sum()
        step = 0.5 * RATE * g / (h + RIDGE)  # half of it on either label
        np.testing.assert_allclose(tree.leaf[0, 0, k], [-step, step], atol=1e-12)


@pytest.mark.parametrize("n_labels", [2, 4])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_trees_say_of_rows_what_growing_them_left_there(n_labels, missing):
    predictors, label = some_rows(200, n_labels, missing)
    start = np.random.default_rng(3).normal(size=(n_labels, 2, label.size))
    weight = np.random.default_rng(4).random((2, label.size)) < 0.8

    stages = [trees.leaf.shape[1] for trees, _ in boost(predictors, label, 1.0 * weight, start, (2, 5), 0)]
    *_, (trees, log_odds) = boost(predictors, label, 1.0 * weight, start, (2, 5), 0)

    assert stages == [2, 5]
    np.testing.assert_allclose(start + trees.added(predictors, (2, 5))[:, :, 1], log_odds, atol=1e-12)


def test_labels_of_rows_that_a_fit_must_not_see_change_nothing():
    predictors, label = some_rows(200, 3)
    weight = (np.arange(200) % 4 > 0).astype(float)
    other = np.where(weight > 0, label, (label + 1) % 3)

    found = [grown(predictors, some, weight, 3, 10)[1] for some in (label, other)]

    np.testing.assert_array_equal(*found)


def test_a_missing_cell_of_a_column_that_had_no_gaps_answers_in_part():
    predictors, label = some_rows()
    trees, _ = grown(predictors, label, np.ones(label.size))
    hidden = predictors.take(np.arange(5))
    hidden.x[:, 0] = np.nan
    hidden.codes[1] = -1

    found = trees.added(hidden, (1,))[:, 0, 0]

    for row in range(5):
        values = [*hidden.x[row], hidden.codes[row, 0]]
        expected = np.zeros(2)
        for answers in itertools.product([0, 1], repeat=DEPTH):
            chance = 1.0
            questions = zip(answers, trees.column[0, 0], trees.threshold[0, 0], trees.share[0, 0], strict=True)
            for yes, column, threshold, share in questions:
                is_lacking = column == 0 or (row == 1 and column == 2)
                chance *= (share if yes else 1 - share) if is_lacking else (values[column] > threshold) == yes
            expected += chance * trees.leaf[0, 0, sum(yes << q for q, yes in enumerate(answers))]
        np.testing.assert_allclose(found[:, row], expected, atol=1e-12)


def test_a_gap_can_be_evidence_and_a_row_that_shows_nothing_tells_nothing():
    rng = np.random.default_rng(5)
    label = rng.integers(0, 2, 100)
    x = rng.normal(size=(100, 2))
    x[label == 1, 0] = np.nan
    predictors = Predictors(x, np.zeros((100, 0), int), (), 2)

    trees, log_odds = grown(predictors, label, np.ones(100), n_trees=20)

    assert ((log_odds[1] > log_odds[0]) == label).all()
    nothing = predictors.take(np.arange(1))._replace(x=np.full((1, 2), np.nan))
    assert not trees.added(nothing, (20,)).any()


# ---- Beside the mixtures --------------------------------------------------------------------------------------------


def corners(n_rows, n_labelled, seed=0):
    """Labels that a threshold of either column decides: no Gaussian has such edges."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 10, (n_rows, 3))
    truth = ((x[:, 0] > 3) ^ (x[:, 1] > 6)).astype(int)
    return rows_of(x, np.where(np.arange(n_rows) < n_labelled, truth, -1)), truth


def test_trees_fill_where_thresholds_of_two_columns_decide_and_the_promise_knows():
    examples, truth = corners(900, 500)
    ensemble = stack_of(examples)
    by_mixtures = predict(ensemble.__class__(**{**vars(ensemble), "forest": None}), examples.predictors)

    found = predict(ensemble, examples.predictors)

    assert ensemble.forest.total > 0.9
    unknown = slice(500, None)
    right = (found.argmax(axis=1) == truth)[unknown].mean()
    loss, before = (-np.log(one[np.arange(900), truth])[unknown].mean() for one in (found, by_mixtures))
    assert right > 0.97
    assert loss < 0.6 * before
    held = ensemble.held_probability.argmax(axis=1) == ensemble.comparison.held.label
    assert held.mean() == pytest.approx(right, abs=0.02)
    asked = ensemble.asked_probability.argmax(axis=1) == truth[ensemble.comparison.unlabelled.origin]
    assert asked.mean() == pytest.approx(right, abs=0.02)


@pytest.mark.parametrize(("n_labelled", "noise"), [(90, False), (300, True)])
def test_few_labels_or_labels_that_say_nothing_grow_no_trees(n_labelled, noise):
    examples, truth = corners(400, n_labelled)
    if noise:
        label = np.random.default_rng(1).permutation(truth)
        examples = examples._replace(label=np.where(examples.label >= 0, label, -1))

    assert stack_of(examples).forest is None


def test_trees_learn_from_labels_beyond_those_that_were_compared():
    examples, truth = corners(12_000, 10_000)
    fewer = examples._replace(label=np.where(np.arange(12_000) < MAX_LABELLED, truth, -1))

    loss, of_fewer = (
        -np.log(predict(stack_of(one), examples.predictors)[np.arange(10_000, 12_000), truth[10_000:]]).mean()
        for one in (examples, fewer)
    )

    assert loss < 0.9 * of_fewer


def test_the_weights_are_those_of_the_mixtures_and_of_each_stage():
    examples, _ = corners(300, 200)
    ensemble = stack_of(examples)
    forest, shares = ensemble.forest, ensemble.shares
    mixtures = np.random.default_rng(1).dirichlet([1, 1], 300)

    found = forest.beside(mixtures, examples.predictors, shares)

    expected = (1 - forest.weight.sum()) * mixtures
    added = forest.trees.added(examples.predictors, forest.stages)
    for start, stage in np.ndindex(forest.weight.shape):
        odds = np.exp(starts(mixtures, shares)[:, start] + added[:, start, stage])
        expected += forest.weight[start, stage] * (odds / odds.sum(axis=0)).T
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_draws_are_of_trees_by_their_weight_grown_without_one_fold():
    examples, truth = corners(500, 300)
    ensemble = stack_of(examples)
    rounded = np.full_like(ensemble.forest.weight, (1.0 + 1e-15) / ensemble.forest.weight.size)  # all, and a little
    draw_ensemble(replace(ensemble, forest=ensemble.forest._replace(weight=rounded)), examples, 6, 1)
    drawn = draw_ensemble(ensemble, examples, 60, 1)
    chance = drawn.predict(examples.predictors.take(np.arange(300, 500)), np.arange(60))

    np.testing.assert_allclose(chance.sum(axis=2), 1.0)
    assert ((chance.argmax(axis=2) == truth[300:]).mean(axis=1) > 0.9).mean() > ensemble.forest.total - 0.1
    assert len(np.unique(chance[:, 0, 0])) > 3
    assert (drawn.grown.place >= 0).mean() == pytest.approx(ensemble.forest.total, abs=0.15)
