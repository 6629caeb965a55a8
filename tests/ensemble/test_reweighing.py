"""Weights that go on with new labels: against what single mixtures say, and labels that only some mixtures foresee."""

from dataclasses import replace

import numpy as np
import pytest
from builders import rows_of, stack_of
from oracles import hide
from sampling import rarely

from em_impute.ensemble.cross_validation import LEAST_CHANCE
from em_impute.ensemble.ensemble import Ensemble, predict
from em_impute.ensemble.incremental import chances, reweighed


def examples_of(n_rows, seed=2, missing=0.0):
    """Rows of two labels in two numbers and a category; one label in five is unknown."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n_rows)
    x = rng.normal(size=(n_rows, 2)) + np.where(truth, 1.2, -0.4)[:, None]
    codes = np.where(rng.random(n_rows) < 0.5, truth, rng.integers(0, 3, n_rows))[:, None]
    label = hide(rng, truth, 0.2, -1).astype(int)
    return rows_of(hide(rng, x, missing, np.nan), label, codes, (3,), rng.integers(1, 3, n_rows).astype(float))


def weights_of(ensemble):
    return np.concatenate([submodel.weight.ravel() for submodel in ensemble.submodels])


def alone(ensemble, column):
    """The mixture and temperature of one column, as if it were all there is."""
    weight = np.eye(weights_of(ensemble).size)[column]
    submodels, first = [], 0
    for submodel in ensemble.submodels:
        part = weight[first : first + submodel.weight.size]
        first += submodel.weight.size
        submodels.append(submodel._replace(weight=part.reshape(submodel.weight.shape)))
    return Ensemble(ensemble.n_labels, tuple(submodels), 1.0, ensemble.shares)


@pytest.mark.parametrize("missing", [rarely(0.0), 0.3])
def test_chances_are_what_each_mixture_would_say_alone(missing):
    ensemble, more = stack_of(examples_of(60, missing=missing)), examples_of(30, seed=5, missing=missing)
    known = more.take(np.flatnonzero(more.label >= 0))

    found = chances(ensemble, known)

    for column in range(0, len(found), 7):
        said = predict(alone(ensemble, column), known.predictors)[np.arange(known.label.size), known.label]
        np.testing.assert_allclose(found[column], np.maximum(said, LEAST_CHANCE), rtol=1e-9)


def test_labels_that_one_mixture_foresees_give_it_weight():
    ensemble = stack_of(examples_of(60))
    more = examples_of(400, seed=6)
    heaviest = int(weights_of(ensemble).argmax())
    said = predict(alone(ensemble, heaviest), more.predictors).argmax(axis=1)

    found = reweighed(ensemble, more._replace(label=said), 0.0)

    assert weights_of(found)[heaviest] > weights_of(ensemble)[heaviest]
    assert weights_of(found).sum() == pytest.approx(1.0)
    assert found.model_weight >= ensemble.model_weight


def test_the_more_labels_the_weights_came_from_the_less_new_ones_move_them():
    ensemble, more = stack_of(examples_of(60)), examples_of(40, seed=6)
    before = weights_of(ensemble)

    moved = [np.abs(weights_of(reweighed(ensemble, more, n_before)) - before).sum() for n_before in (0, 1e3, 1e6)]

    assert moved[0] > moved[1] > moved[2]
    assert moved[2] < 0.05  # what is hardly ever needed is left out, as at first


def test_labels_that_the_predictors_say_nothing_about_lower_a_trust_that_was_not_whole():
    ensemble, more = stack_of(examples_of(60)), examples_of(400, seed=6)
    doubted = replace(ensemble, model_weight=0.9)
    shuffled = more._replace(label=np.random.default_rng(0).permutation(more.label))

    assert reweighed(doubted, shuffled, 10.0).model_weight < 0.7
    assert reweighed(doubted, more, 10.0).model_weight == 1.0


def test_rows_without_labels_and_a_single_mixture_change_no_weight():
    more = examples_of(40, seed=6)
    ensemble, single = stack_of(examples_of(60)), stack_of(examples_of(60), single=True)

    assert reweighed(ensemble, more._replace(label=np.full(40, -1)), 48.0) is ensemble
    assert reweighed(single, more, 48.0) is single
