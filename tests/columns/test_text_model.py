"""The regression on texts is that of dense algebra, and no row's score knows its own label."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.sparse import csr_matrix
from scipy.special import log_softmax, softmax

from em_impute.columns import text_model
from em_impute.columns.text_features import NamedTexts
from em_impute.columns.text_model import (
    INTERCEPT_RIDGE,
    PATIENCE,
    RIDGES,
    Examples,
    centred_logs,
    choose_ridge,
    design_matrix,
    fit_ridge,
    fit_text_model,
    loss_and_gradient,
)


def examples_of(n=60, n_labels=3, seed=0):
    """Make sparse features, a constant 1 last, with weights and labels that depend on them."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.random((n, 4)) * (rng.random((n, 4)) < 0.5), np.ones(n)])
    label = np.argmax(x[:, :3] @ rng.normal(size=(3, n_labels)) * 3 + rng.gumbel(size=(n, n_labels)), axis=1)
    return Examples(csr_matrix(x), label, rng.integers(1, 4, n).astype(float), np.arange(n) % 5, n_labels)


def newton(x, label, weight, ridge, n_labels):
    """Maximise the penalised likelihood by dense Newton steps on the whole Hessian."""
    n_features = x.shape[1]
    penalty = np.repeat(np.append(np.full(n_features - 1, ridge), INTERCEPT_RIDGE), n_labels)
    b = np.zeros(n_features * n_labels)
    for _ in range(20):
        p = softmax(x @ b.reshape(n_features, n_labels), axis=1)
        gradient = (x.T @ (weight[:, None] * (p - np.eye(n_labels)[label]))).ravel() + penalty * b
        within = p[:, :, None] * (np.eye(n_labels) - p[:, None, :])  # (n_rows, n_labels, n_labels)
        hessian = np.einsum("i,ia,ib,ijk->ajbk", weight, x, x, within, optimize=True).reshape(b.size, b.size)
        b -= np.linalg.solve(hessian + np.diag(penalty), gradient)
    return b.reshape(n_features, n_labels)


def towns_and_names(n=200, n_labels=2, seed=0):
    """Rows whose label shows in a town, in how a name ends, and in a number that is missing; 30 % are unlabelled."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_labels, n)
    town = np.where(rng.random(n) < 0.6, truth, rng.integers(0, 7, n))
    endings = np.array(["ella", "ius", "ov"])[truth]
    names = [f"{''.join(rng.choice(list('bcdfg'), 4))}{ending}" for ending in endings]
    numbers = np.where(rng.random(n) < 0.1 + 0.3 * truth, np.nan, rng.normal(size=n))
    columns = [NamedTexts("town", town, [f"Town {k}" for k in range(7)]), NamedTexts("name", np.arange(n), names)]
    label = np.where(rng.random(n) < 0.7, truth, -1)
    fold = np.where(label >= 0, rng.integers(0, 5, n), -1)
    codes, code = np.unique(numbers, return_inverse=True)
    columns.append(NamedTexts("x", np.where(np.isnan(numbers), -1, code), [f"{one:g}" for one in codes]))
    return columns, label, fold, truth


@pytest.mark.parametrize("n_labels", [2, 3])
def test_the_gradient_is_that_of_finite_differences(n_labels):
    examples = examples_of(n_labels=n_labels)
    penalty = np.array([0.5, 0.5, 0.5, 0.5, 0.001])
    b = np.random.default_rng(1).normal(size=(5, n_labels))
    _, gradient = loss_and_gradient(b, examples, penalty)
    by_differences = approx_fprime(
        b.ravel(), lambda flat: loss_and_gradient(flat.reshape(b.shape), examples, penalty)[0]
    )

    np.testing.assert_allclose(gradient.ravel(), by_differences, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("n_labels", [2, 4])
@pytest.mark.parametrize("ridge", [0.1, 10.0])
def test_the_fit_is_that_of_newton_steps(monkeypatch, n_labels, ridge):
    monkeypatch.setattr(text_model, "TOLERANCE", 1e-14)
    monkeypatch.setattr(text_model, "MAX_ITERATIONS", 10_000)
    examples = examples_of(n_labels=n_labels)
    expected = newton(examples.x.toarray(), examples.label, examples.weight, ridge, n_labels)

    np.testing.assert_allclose(fit_ridge(examples, ridge), expected, atol=2e-5)


@pytest.mark.parametrize("n_labels", [2, 3])
def test_scores_are_those_of_refits_by_hand(monkeypatch, n_labels):
    monkeypatch.setattr(text_model, "TOLERANCE", 1e-12)
    monkeypatch.setattr(text_model, "RIDGES", (0.3,))
    columns, label, fold, _ = towns_and_names(n=80, n_labels=n_labels)
    weight = np.random.default_rng(3).integers(1, 3, label.size).astype(float)
    found = fit_text_model(columns, columns, label, weight, fold, n_labels, 0)
    everyone = np.arange(label.size)
    x = design_matrix(columns, found.model.vocabularies, everyone).toarray()
    expected, fits = np.zeros((label.size, n_labels)), []
    for k in range(5):
        kept = (label >= 0) & (fold != k)
        fits.append(newton(x[kept], label[kept], weight[kept], found.model.ridge, n_labels))
    rest, known = label < 0, label >= 0
    typical = np.average(x[known], axis=0, weights=weight[known])
    for k in range(5):  # what a fit says of the typical row is what all say of it
        log_odds = x[fold == k] @ fits[k] + typical @ (np.mean(fits, axis=0) - fits[k])
        expected[fold == k] = shrunk_log(log_odds, label[known], weight[known], seen=0.8)
    expected[rest] = shrunk_log(x[rest] @ np.mean(fits, axis=0), label[known], weight[known], seen=0.8)
    expected -= expected.mean(axis=1, keepdims=True)

    assert found.scores.shape == (label.size, 1 if n_labels == 2 else n_labels)
    np.testing.assert_allclose(found.scores, expected[:, : found.scores.shape[1]], atol=2e-3)


def shrunk_log(log_odds, label, weight, seen=1.0):
    """Mix class shares, with one row more that has a part of each label, into probabilities, as one row of n + 1."""
    n_labels = log_odds.shape[1]
    count = np.array([weight[label == k].sum() + 1 / n_labels for k in range(n_labels)])
    n = seen * weight.sum()
    return np.log((n * np.exp(log_softmax(log_odds, axis=1)) + count / count.sum()) / (n + 1))


def test_texts_decide_what_towns_alone_do_not():
    columns, label, fold, truth = towns_and_names(n=400)
    found = fit_text_model(columns, columns, label, np.ones(label.size), fold, 2, 0)
    right = (found.scores[:, 0] > 0) == (truth == 0)

    assert right[label < 0].mean() > 0.97
    assert right[label >= 0].mean() > 0.97
    assert found.gain > 0.4  # of log 2 without


def test_chance_is_not_learnt():
    # Every name is in one row: a label that its own row's score knew would be told by it.
    rng = np.random.default_rng(0)
    names = ["".join(rng.choice(list("abcdefgh"), 8)) for _ in range(400)]
    label, fold = rng.integers(0, 2, 400), rng.integers(0, 5, 400)
    found = fit_text_model(*[[NamedTexts("name", np.arange(400), names)]] * 2, label, np.ones(400), fold, 2, 0)

    assert abs(((found.scores[:, 0] > 0) == (label == 0)).mean() - 0.5) < 0.08
    assert found.gain == pytest.approx(0.0, abs=0.02)


def test_scores_do_not_tell_which_labels_their_fold_holds():
    rng = np.random.default_rng(0)
    texts = NamedTexts("town", rng.integers(0, 4, 400), ["a", "b", "c", "d"])
    label = np.append([2], rng.integers(0, 2, 399))  # 2 is known once, in fold 0
    scores = fit_text_model([texts], [texts], label, np.ones(400), np.arange(400) % 5, 3, 0).scores

    assert np.ptp([scores[fold::5].mean(axis=0) for fold in range(5)], axis=0).max() < 0.1


def test_a_row_scores_the_same_whatever_else_the_table_holds():
    columns, label, fold, _ = towns_and_names()
    found = fit_text_model(columns, columns, label, np.ones(label.size), fold, 2, 0)
    some = np.array([190, 3, 77])
    alone = [column._replace(code=column.code[some]) for column in columns]
    alone[1] = NamedTexts("name", np.array([0, 1, 2]), [columns[1].texts[row] for row in some])

    np.testing.assert_array_equal(found.model.scores(alone), found.model.scores(columns)[some])


def test_unknown_texts_score_as_texts_without_features():
    columns, label, fold, _ = towns_and_names()
    found = fit_text_model(columns, columns, label, np.ones(label.size), fold, 2, 0)
    new = [NamedTexts(column.name, np.array([0]), ["€€€€"]) for column in columns]
    log_odds = found.model.coefficients[-1:].astype(float)

    np.testing.assert_allclose(
        found.model.scores(new),
        centred_logs(np.exp(shrunk_log(log_odds, label[label >= 0], np.ones((label >= 0).sum()), seen=0.8))),
        atol=1e-6,
    )


def test_the_ridge_has_the_least_loss_and_coefficients_are_those_of_its_fits():
    examples = examples_of(n=300, n_labels=2)
    ridge, fits = choose_ridge(examples)
    losses, tried = [], []
    for one in RIDGES[: RIDGES.index(ridge) + PATIENCE + 1]:
        total, of_ridge = 0.0, []
        for k in range(5):
            kept = examples.fold != k
            x, weight, label = examples.x.toarray(), examples.weight[kept], examples.label[kept]
            of_ridge.append(newton(x[kept], label, weight, one, 2))
            count = np.bincount(label, weight) + 0.5
            n, p = weight.sum(), softmax(x[~kept] @ of_ridge[-1], axis=1)
            p = (n * p + count / count.sum()) / (n + 1.0)
            total -= examples.weight[~kept] @ np.log(p[np.arange(len(p)), examples.label[~kept]])
        losses.append(total)
        tried.append(of_ridge)

    assert losses[RIDGES.index(ridge)] < min(losses) + 0.001 * examples.weight.sum()
    # L-BFGS ends where an iteration gains a millionth of the loss; what all intercepts have in common means nothing.
    np.testing.assert_allclose(fits - np.mean(fits, axis=2, keepdims=True), tried[RIDGES.index(ridge)], atol=0.02)


def test_more_rows_than_are_fitted_are_scored_all_the_same(monkeypatch):
    monkeypatch.setattr(text_model, "MAX_ROWS", 200)
    monkeypatch.setattr(text_model, "CHOOSING_ROWS", 100)
    columns, label, fold, truth = towns_and_names(n=1000)
    found = fit_text_model(columns, columns, label, np.ones(label.size), fold, 2, 0)

    assert found.model.n_labelled == 160  # four folds of five
    assert ((found.scores[:, 0] > 0) == (truth == 0)).mean() > 0.95


def test_a_missing_cell_of_a_column_that_had_none_says_what_its_cells_say_on_average():
    rng = np.random.default_rng(5)
    label = rng.integers(0, 2, 300)
    town = NamedTexts("town", (label + 2 * rng.integers(0, 2, 300)), ["a", "b", "c", "d"])
    tree = NamedTexts("tree", np.where(rng.random(300) < 0.7, label, 1 - label), ["ash", "elm"])
    model = fit_text_model(*[[town, tree]] * 2, label, np.ones(300), np.arange(300) % 5, 2, 0).model

    of_town, of_tree = model._of_texts([town, tree])

    # Each distinct text once, weighted by how many rows hold it.
    for column, said in ((town, of_town), (tree, of_tree)):
        count = np.bincount(column.code)
        np.testing.assert_allclose(said[-1], count @ said[:-1] / count.sum(), atol=1e-6)
    lacking = [NamedTexts("town", np.array([-1]), []), NamedTexts("tree", np.array([1]), tree.texts)]
    log_odds = model.coefficients[-1] + of_town[-1] + of_tree[1]
    share = (model.n_labelled * softmax(log_odds) + model.shares) / (model.n_labelled + 1.0)
    np.testing.assert_allclose(model.scores(lacking)[0], centred_logs(share[None])[0], atol=1e-6)
