"""The ensemble as a whole: what does not matter does not change it, and odd tables do not break it."""

import numpy as np
import pytest
from builders import mixed_rows, rows_of, stack_of
from scipy.special import logsumexp

from em_impute.ensemble import candidates as effort_module
from em_impute.ensemble import cross_validation as compare_module
from em_impute.ensemble import fit as stack_module
from em_impute.ensemble.batched_em import fit_divided_labels, fit_labels, gather
from em_impute.ensemble.ensemble import TEMPERATURES, predict
from em_impute.ensemble.fit import fit_ensemble, fit_leader
from em_impute.ensemble.folds import Examples, held_out
from em_impute.ensemble.student_t import make_scorer
from em_impute.ensemble.sufficient_statistics import group_rows
from em_impute.ensemble.transforms import Predictors


@pytest.fixture(scope="module")
def mixed():
    examples = mixed_rows()
    return examples, stack_of(examples)


# Predictions


def naive_prediction(ensemble, predictors):
    """Predict row by row and mixture by mixture: tempered shares and densities, averaged by weight, beside shares."""
    n_rows = predictors.x.shape[0]
    probability = np.zeros((n_rows, ensemble.n_labels))
    for i in range(n_rows):
        row = predictors.take(np.array([i]))
        for submodel in ensemble.submodels:
            (group,) = group_rows(submodel.view.show(row), np.array([0]))
            scorer = make_scorer(group.observed, submodel.batch, submodel.component_label, ensemble.n_labels)
            score = scorer.of(group.terms)[..., 0].T
            for m, t in np.argwhere(submodel.weight > 0):
                tempered = TEMPERATURES[t] * score[m]
                probability[i] += submodel.weight[m, t] * np.exp(tempered - logsumexp(tempered))
    power = (
        ensemble.model_weight * probability + (1.0 - ensemble.model_weight) * ensemble.shares
    ) ** ensemble.sharpness
    return power / power.sum(axis=1, keepdims=True)


def test_predictions_are_the_weighed_mean_of_tempered_members(mixed):
    examples, ensemble = mixed

    found = predict(ensemble, examples.predictors)

    np.testing.assert_allclose(found, naive_prediction(ensemble, examples.predictors), rtol=1e-8)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-12)
    assert len(ensemble.submodels) > 1


def test_a_row_gets_the_same_whatever_other_rows_are_asked_for(mixed, monkeypatch):
    examples, ensemble = mixed
    whole = predict(ensemble, examples.predictors)
    monkeypatch.setattr("em_impute.ensemble.ensemble.CHUNK_ROWS", 7)
    order = np.random.default_rng(1).permutation(80)

    for rows in (np.arange(80), order, order[:11], order[:1], order[:0]):
        np.testing.assert_allclose(predict(ensemble, examples.predictors.take(rows)), whole[rows], rtol=1e-9)


def test_a_stack_that_says_more_than_the_shares_is_trusted_wholly_and_no_other():
    # Classes three deviations apart; and labels that have nothing to do with the numbers.
    rng = np.random.default_rng(3)
    label = np.where(np.arange(160) < 100, np.arange(160) % 2, -1)
    noise = rng.normal(size=(160, 2))

    clear, without_predictors = (
        stack_of(rows_of(x, label)) for x in (noise + 3.0 * (np.arange(160) % 2)[:, None], noise)
    )

    assert clear.model_weight == 1.0
    assert 0.0 < without_predictors.model_weight < 1.0
    np.testing.assert_allclose(without_predictors.shares, [0.5, 0.5])
    np.testing.assert_allclose(predict(without_predictors, rows_of(noise, label).predictors).sum(axis=1), 1.0)


def test_labels_of_which_all_but_one_are_alike_do_not_make_the_stack_sure():
    # The one is never held out: among those that are, whoever is surest of the other label seems best.
    rng, label = np.random.default_rng(1), np.repeat([0, 1, -1], [16, 1, 200])
    rows = rows_of(rng.normal(size=(label.size, 12)), label)

    assert predict(stack_of(rows), rows.predictors)[label < 0, 1].mean() > 0.04


# What does not matter


def assert_same_stack(one, other, rtol=1e-7):
    assert one.leader == other.leader
    np.testing.assert_allclose(one.comparison.log_loss, other.comparison.log_loss, rtol=rtol)
    np.testing.assert_allclose(one.weight, other.weight, rtol=1e-5, atol=1e-6)


def whole_rows(n_rows=400, seed=3):
    """Rows of small whole numbers and a text, of which many are equal; each row by itself."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n_rows) % 2
    x = np.floor(rng.exponential(1.0 + truth[:, None], size=(n_rows, 2))).clip(0, 4)
    codes = np.where(rng.random(n_rows) < 0.5, truth, 2)[:, None]
    label = np.where(np.arange(n_rows) % 3 > 0, truth, -1)
    return rows_of(x, label, codes, (3,))


def merged_of(examples):
    """Say equal rows once: the same as merged rows, and one by one but in the order of the merged ones."""
    whole = np.column_stack([examples.label, examples.predictors.codes, examples.predictors.x])
    _, first, index, count = np.unique(whole, axis=0, return_index=True, return_inverse=True, return_counts=True)
    merged = examples.take(first)._replace(weight=count.astype(float), merged=True, origin=None)
    return merged, examples.take(np.argsort(index.reshape(-1), kind="stable"))._replace(origin=None)


def test_merged_rows_give_the_stack_of_the_same_rows_unmerged():
    merged, apart = merged_of(whole_rows())
    assert merged.label.size < 0.3 * apart.label.size

    n_to_fill = int((merged.label < 0).sum())
    one, other = stack_of(merged), fit_ensemble(apart, 2, n_to_fill, 0, lambda _: None, single=False)

    assert_same_stack(one, other)
    count = np.bincount(apart.label[apart.label >= 0]) + 0.5
    np.testing.assert_allclose(one.shares, count / count.sum())
    np.testing.assert_allclose(predict(one, merged.predictors), predict(other, merged.predictors), rtol=1e-5, atol=1e-7)


def test_other_names_for_the_labels_and_another_order_of_columns_give_the_same_probabilities(monkeypatch):
    # Rows are dealt label by label, so that the folds are given here; and too few for divided labels.
    examples = mixed_rows(n_labelled=24, n_labels=3)
    held = held_out(examples, 0)
    monkeypatch.setattr(compare_module, "held_out", lambda *_: held)
    names = np.array([2, 0, 1])
    renamed = examples._replace(
        label=np.where(examples.label < 0, -1, names[examples.label]),
        predictors=examples.predictors._replace(x=examples.predictors.x[:, [1, 0, 3, 2]]),
    )

    straight, turned = stack_of(examples, 3), stack_of(renamed, 3)

    assert_same_stack(straight, turned)
    np.testing.assert_allclose(
        predict(turned, renamed.predictors)[:, names], predict(straight, examples.predictors), rtol=1e-6
    )


# Large tables


def fitted_to(examples, submodel, seed=0):
    """Fit the members of a submodel to all of some rows, one at a time: a batch each."""
    data = gather(submodel.view, examples, 2)
    nobody = np.zeros((1, examples.label.size), dtype=bool)
    for member in submodel.members:
        if member.per_label == 1:
            setting = (member.shrinkage, member.draws_means_in)
            yield fit_labels(data, nobody, [setting], (member.steps,))[member.steps]
        else:
            yield fit_divided_labels(data, nobody, [member.shrinkage], submodel.component_label, seed)


@pytest.fixture
def few_rows(monkeypatch):
    """Compare members on so few rows that a table of a thousand is large."""
    monkeypatch.setattr(effort_module, "MAX_LABELLED", 300)
    monkeypatch.setattr(effort_module, "MAX_UNLABELLED", 250)


def test_members_are_compared_on_some_rows_and_fitted_to_all(few_rows):
    n_rows, n_labelled = 900, 400
    rng = np.random.default_rng(6)
    truth = np.arange(n_rows) % 2
    x = rng.normal(size=(n_rows, 2)) + 1.5 * truth[:, None]
    examples = rows_of(x, np.where(np.arange(n_rows) < n_labelled, truth, -1))

    ensemble = stack_of(examples)

    assert ensemble.comparison.held.label.size == 300
    for submodel in ensemble.submodels:
        for m, batch in enumerate(fitted_to(examples, submodel)):
            for expected, found in zip(batch, submodel.batch, strict=True):
                np.testing.assert_allclose(found[m], expected[0], rtol=1e-6, atol=1e-8)


# Odd tables


def normal(n_rows, n_columns, n_known, n_labels=2):
    """Numbers that tell a little of the labels; the first few labels are known."""
    truth = np.arange(n_rows) % n_labels
    x = np.random.default_rng(8).normal(size=(n_rows, n_columns)) + 0.7 * truth[:, None]
    return x, np.where(np.arange(n_rows) < n_known, truth, -1)


def two_texts():
    """Two categories and not a single number."""
    rng = np.random.default_rng(9)
    _, label = normal(90, 1, 50)
    codes = np.column_stack([rng.integers(-1, 3, 90), np.where(rng.random(90) < 0.7, label.clip(0), 1)])
    return rows_of(np.zeros((90, 0)), label, codes, (3, 2))


def without_indicators():
    """The same, of so many texts that none became an indicator."""
    examples = two_texts()
    return examples._replace(predictors=examples.predictors._replace(x=np.zeros((90, 0))))


def labelled(rows, labels):
    """Sixty rows of which some have these labels."""
    x, label = normal(60, 2, 30)
    label[rows] = labels
    return rows_of(x, label)


def with_column(values):
    """Sixty rows whose second number is another one."""
    x, label = normal(60, 2, 30)
    x[:, 1] = values
    return rows_of(x, label)


NUMBER = np.arange(60.0)

ODD = {
    "one column": (3, lambda: rows_of(*normal(60, 1, 30, 3))),
    "categories only": (2, two_texts),
    "categories without indicators": (2, without_indicators),
    "a label with one row": (3, lambda: labelled([0], [2])),
    "a label without rows": (3, lambda: labelled([], [])),
    "no row to fill": (2, lambda: rows_of(*normal(40, 2, 40))),
    "labelled rows show nothing of a column": (2, lambda: with_column(np.where(NUMBER < 30, np.nan, NUMBER))),
    "a column that is the label": (2, lambda: with_column(1e6 * (NUMBER % 2))),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_tables_give_probabilities(name):
    n_labels, make = ODD[name]
    examples = make()
    ensemble = stack_of(examples, n_labels)

    found = predict(ensemble, examples.predictors)

    assert found.shape == (examples.label.size, n_labels)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-9)
    np.testing.assert_allclose(ensemble.held_probability.sum(axis=1), 1.0, rtol=1e-9)
    _, batches = fit_leader(ensemble, examples, 0)
    assert all(np.isfinite(part).all() for part in batches[-1])
    if name == "a column that is the label":
        np.testing.assert_array_equal(found.argmax(axis=1), np.arange(60) % 2)
        assert found.max(axis=1).min() > 0.9


def test_of_very_many_different_rows_some_stand_for_all(monkeypatch):
    monkeypatch.setattr(stack_module, "MAX_REFIT", 50)
    monkeypatch.setattr(stack_module, "most_refit", lambda _n_columns: 50)
    rng = np.random.default_rng(6)
    label = rng.choice([-1, 0, 1], 400, p=[0.5, 0.4, 0.1])
    examples = Examples(Predictors(rng.normal(size=(400, 2)), np.zeros((400, 0), int), (), 2), label, np.ones(400))

    few, merged = stack_module.subsampled(examples, 0), stack_module.subsampled(examples._replace(merged=True), 0)

    count, all_count = (np.bincount(one.label + 1, one.weight) for one in (few, examples))
    assert [np.count_nonzero(few.label >= 0), np.count_nonzero(few.label < 0)] == [50, 50]
    np.testing.assert_allclose(count / count.sum(), all_count / 400)
    assert merged.label.size == 400


@pytest.mark.parametrize("single", [False, True])
def test_a_row_without_a_label_is_predicted_as_its_labelled_twin_that_is_held_out(single):
    """So that at random both kinds of row are alike in what is said of them, however wrong that is."""
    rng = np.random.default_rng(8)
    truth = np.repeat([0, 1, 2], [3, 20, 47])
    x = rng.normal(size=(70, 3)) + 0.7 * truth[:, None]
    found = stack_of(rows_of(np.vstack([x, x]), np.concatenate([truth, np.full(70, -1)])), 3, single=single)

    held, asked = found.comparison, found.comparison.unlabelled
    twin = np.full(140, -1)
    twin[held.held.numbers + 70] = np.arange(held.fold.size)
    of_held = twin[asked.origin]
    same = np.flatnonzero(held.fold[of_held] == asked.fold)
    assert same.size > 5
    assert found.asked_probability[same] == pytest.approx(found.held_probability[of_held[same]])
