"""One mixture fills alone where labels held out show that it predicts as well as the ensemble of many."""

import numpy as np
import pytest
from builders import rows_of, stack_of

from em_impute.ensemble.ensemble import TEMPERATURES, predict
from em_impute.ensemble.student_t import make_scorer
from em_impute.ensemble.sufficient_statistics import group_rows

AS_FITTED = "as good as the ensemble"


def two_gaussians(n_rows, n_labelled, seed=0):
    """The world that one mixture describes: one Gaussian a label."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n_rows) % 2
    x = rng.normal(size=(n_rows, 2)) @ np.array([[1.0, 0.4], [0.0, 1.0]]) + 1.5 * truth[:, None]
    return rows_of(x, np.where(np.arange(n_rows) < n_labelled, truth, -1))


def corners(n_rows, n_labelled, seed=0):
    """The world that one Gaussian a label cannot describe: each label lies in two opposite corners of a square."""
    rng = np.random.default_rng(seed)
    truth, side = np.arange(n_rows) % 2, rng.integers(0, 2, n_rows)
    x = rng.normal(size=(n_rows, 2)) + 4.0 * np.column_stack([side, side ^ truth])
    return rows_of(x, np.where(np.arange(n_rows) < n_labelled, truth, -1))


@pytest.mark.parametrize(
    ("examples", "criterion"),
    [
        (two_gaussians(500, 300), AS_FITTED),
        (two_gaussians(300, 150), "stacked by held-out log-loss"),  # 75 labels a class are too few to tell
        (corners(500, 300), "stacked by held-out log-loss"),
    ],
)
def test_one_mixture_fills_alone_where_labels_are_enough_and_nothing_predicts_better(examples, criterion):
    ensemble = stack_of(examples)

    assert criterion == ensemble.criterion
    assert (np.count_nonzero(ensemble.weight) == 1) == (criterion == AS_FITTED)


def test_the_mixture_that_fills_alone_is_the_best_one_that_em_fitted_and_is_neither_tempered_nor_sharpened():
    examples = two_gaussians(500, 300)
    ensemble = stack_of(examples)
    member, temperature = np.argwhere(ensemble.weight)[0]
    (submodel,) = ensemble.submodels

    probability = predict(ensemble, examples.predictors)

    surprise = ensemble.comparison.surprise[:, -1]  # (n_members, n_held), at temperature 1
    by_em = [i for i, one in enumerate(ensemble.comparison.members) if one.view == "plain" and one.steps == 25]
    assert member == min(by_em, key=lambda i: surprise[i] @ ensemble.comparison.weight)
    assert TEMPERATURES[temperature] == 1.0
    assert ensemble.model_weight == ensemble.sharpness == 1.0
    # Bayes' rule with one density a label, for the first row.
    scorer = make_scorer(np.arange(2), submodel.batch, submodel.component_label, 2)
    (group,) = group_rows(submodel.view.show(examples.predictors.take(np.array([0]))), np.array([0]))
    score = scorer.of(group.terms)[:, 0, 0]
    np.testing.assert_allclose(probability[0], np.exp(score - np.logaddexp(*score)), rtol=1e-9)
