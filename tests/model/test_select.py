"""The choice of the model."""

import numpy as np
import pytest
from builders import opened_table
from oracles import standardise

from em_impute.columns.design import Design, Feature
from em_impute.em.blocks import Rows
from em_impute.em.mixture import Mixture, Recipe
from em_impute.em.parameters import Parameters
from em_impute.ensemble.metrics import confusion
from em_impute.missingness.how_missing import HowMissing
from em_impute.model.select import _comparison_rows, choose_model, information_criteria
from em_impute.pipeline.complete import complete_all


def silent(_message):
    """Tell nobody."""


def two_groups(rng, n, covariances, share_known=0.5, shift=1.0):
    d = len(covariances[0])
    label = rng.integers(0, 2, n)
    x = np.empty((n, d))
    for k in (0, 1):
        x[label == k] = rng.multivariate_normal(np.full(d, k * shift), covariances[k], (label == k).sum())
    known = np.where(rng.random(n) < share_known, label, -1)
    return x, label, known


def design(x, label):
    x, _, _ = standardise(x)
    features = tuple(Feature(f"x{j}", 0, 0.0, 1.0) for j in range(x.shape[1]))
    return Design(("a", "b"), label, features, (), Rows(x, label, np.ones(len(label))), None)


def test_groups_that_differ_in_correlation_need_full_covariances():
    rng = np.random.default_rng(0)
    crossed = [np.array([[1, 0.9], [0.9, 1]]), np.array([[1, -0.9], [-0.9, 1]])]
    x, _, known = two_groups(rng, 400, crossed, shift=0.3)
    choice = choose_model(design(x, known), HowMissing(), "auto", Recipe(""), silent)

    assert choice.recipe.family == "full"
    assert choice.criterion == "held-out log-loss"
    assert {one.covariance for one in choice.candidates} == {"tied", "full", "diag"}


def test_without_labels_bic_prefers_the_family_that_made_the_data():
    rng = np.random.default_rng(4)
    crossed = [np.array([[1, 0.95], [0.95, 1]]), np.array([[1, -0.95], [-0.95, 1]])]
    x, _, _ = two_groups(rng, 600, crossed, shift=0.0)
    choice = choose_model(design(x, np.full(600, -1)), HowMissing(), "auto", Recipe(""), silent)

    # One ellipsoid, turned: full covariances say the same with two parameters more.
    assert (choice.recipe.family, choice.criterion, choice.n_groups) == ("eev", "BIC", 2)


def test_one_feature_is_not_tried_twice_under_two_names():
    rng = np.random.default_rng(5)
    x, _, known = two_groups(rng, 100, [np.eye(1)] * 2, shift=2)
    choice = choose_model(design(x, known), HowMissing(), "auto", Recipe(""), silent)

    assert [one.covariance for one in choice.candidates] == ["tied", "full"]


def test_information_criteria_are_those_of_the_textbook():
    # Two full components in two dimensions: 1 + 4 + 6 = 11 parameters; mclust reports BIC −2322.192 (its sign) for
    # Old Faithful at log-likelihood −1130.264 with n = 272.
    parameters = Parameters(np.full(2, 0.5), np.zeros((2, 2)), np.stack([np.eye(2)] * 2))
    mixture = Mixture(parameters, np.arange(2), Recipe("full"), -1.0, -1.0, (), "converged")
    found = information_criteria(mixture, -1130.264, 272, 1.5)

    assert found["bic"] == pytest.approx(2322.192, abs=1e-3)
    assert found["aic"] == pytest.approx(2 * 1130.264 + 22)
    assert found["icl"] == pytest.approx(found["bic"] + 3.0)


def test_rows_drawn_for_the_comparison_stand_for_all_rows():
    rng = np.random.default_rng(8)
    x, _, known = two_groups(rng, 45_000, [np.eye(1)] * 2, share_known=0.6)
    _, rows = _comparison_rows(design(x, known), seed=0)

    for chosen, drawn in ((known >= 0, rows.label >= 0), (known < 0, rows.label < 0)):
        assert drawn.sum() == 10_000
        assert rows.weight[drawn].sum() == pytest.approx(chosen.sum())


def test_labels_held_out_are_counted_right_where_there_are_many(tmp_path):
    # Codes of sixty labels are stored in bytes, in which sixty times sixty is no number.
    rows = "".join(f"{'' if i % 6 == 5 else f'v{i % 60}'},{i % 60 + i % 7 / 10}\n" for i in range(600))
    with opened_table(tmp_path, f"g,x\n{rows}", covariance="tied") as (opened, request):
        (completion,) = complete_all(opened, request, lambda *_: None)
        held_out = completion.fitted.choice.held_out

    assert held_out.label.dtype == np.intp
    assert confusion(held_out.probability, held_out.label).sum() == held_out.label.size
