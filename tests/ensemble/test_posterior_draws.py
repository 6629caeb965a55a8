"""Draws of the ensemble: members by weight, parameters as uncertain as the rows leave them."""

from itertools import product

import numpy as np
import pytest
from builders import mixed_rows, rows_of, stack_of
from scipy import stats
from scipy.special import softmax

from em_impute.ensemble.batched_em import gather
from em_impute.ensemble.candidates import Member
from em_impute.ensemble.ensemble import TEMPERATURES
from em_impute.ensemble.posterior_draws import _augmented, draw_ensemble
from em_impute.ensemble.shrinkage import Shrinkage
from em_impute.ensemble.transforms import plain_view

TIED, FULL = Shrinkage(np.inf, 0.0), Shrinkage(0.01, 0.0)


@pytest.fixture(scope="module")
def mixed():
    examples = mixed_rows()
    return examples, stack_of(examples)


def line(apart, n_rows=120, n_labelled=40, seed=2):
    """Rows of two labels in one number, `apart` standard deviations of each, the labelled ones first; no units."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n_rows) % 2
    x = (rng.normal(size=n_rows) + apart * (truth - 0.5))[:, None]
    return rows_of(x, np.where(np.arange(n_rows) < n_labelled, truth, -1)), truth


def means_drawn(examples, steps, shrinkage=TIED, n=400):
    """Draw the difference of the two means so often."""
    data = gather(plain_view(1), examples, 2)
    member = Member("plain", 1, shrinkage, draws_means_in=False, steps=steps)
    parameters = _augmented(data, [member] * n, np.random.default_rng(3))
    return parameters.mean[:, 1, 0] - parameters.mean[:, 0, 0]


# Which mixtures are drawn


def test_each_member_is_drawn_as_often_as_it_weighs(mixed):
    examples, ensemble = mixed
    n = 4000
    draws = draw_ensemble(ensemble, examples, n, 1)
    numbers = np.concatenate([one.number for one in draws.drawn])
    assert np.array_equal(np.sort(np.append(numbers, np.flatnonzero(~np.isnan(draws.shares[:, 0])))), np.arange(n))
    assert np.isnan(draws.shares[:, 0]).mean() == pytest.approx(ensemble.model_weight, abs=0.03)
    weight = {
        t: sum(submodel.weight[:, i].sum() for submodel in ensemble.submodels) for i, t in enumerate(TEMPERATURES)
    }
    for temperature, expected in weight.items():
        drawn = (
            sum(np.count_nonzero(np.isclose(one.temperature, ensemble.sharpness * temperature)) for one in draws.drawn)
            / numbers.size
        )
        assert drawn == pytest.approx(expected, abs=0.04)


# What draws say


def test_a_drawn_mixture_says_of_a_row_what_its_densities_say(mixed):
    """Row by row, with scipy's densities of what the row shows, tempered."""
    examples, ensemble = mixed
    draws = draw_ensemble(ensemble, examples, 60, 7)
    said = draws.predict(examples.predictors, np.arange(60))
    looked_at = 0
    for one in draws.drawn:
        if one.component_label.size > 2 or one.view.edges is not None:
            continue
        seen = one.view.show(examples.predictors)
        for b, i in product(range(min(2, one.number.size)), (0, 1, 50, 79)):
            shows = ~np.isnan(seen.x[i])
            score = []
            for k in range(2):
                mean, covariance = (
                    one.parameters.mean[b, k][shows],
                    one.parameters.covariance[b, k][np.ix_(shows, shows)],
                )
                value = one.parameters.log_share[b, k]
                if shows.any():
                    value += stats.multivariate_normal.logpdf(seen.x[i][shows], mean, covariance)
                if seen.codes.shape[1] and seen.codes[i, 0] >= 0:
                    value += one.parameters.log_chance[b, k, seen.codes[i, 0]]
                score.append(value)
            expected = softmax(one.temperature[b] * np.array(score))
            assert said[one.number[b], i] == pytest.approx(expected, abs=1e-9)
            looked_at += 1
    assert looked_at > 8


# How much parameters vary


def test_without_unlabelled_rows_means_vary_as_those_of_the_labelled_ones():
    examples, _ = line(1.0)
    labelled = examples.take(np.flatnonzero(examples.label >= 0))
    x, label = labelled.predictors.x[:, 0], labelled.label
    sides = [x[label == k] for k in (0, 1)]
    pooled = np.sqrt(sum(((side - side.mean()) ** 2).sum() for side in sides) / 40.0)
    expected = pooled * np.sqrt(2.0 / 20.0) * np.sqrt(40.0 / 38.0)  # a t distribution of 38 degrees or so
    assert means_drawn(examples, steps=25).std() != means_drawn(labelled, steps=25).std()
    assert means_drawn(labelled, steps=25).std() == pytest.approx(expected, rel=0.12)
    assert means_drawn(examples, steps=0).std() == pytest.approx(expected, rel=0.12)


def test_rows_that_give_their_label_away_count_as_labelled():
    """With labels far apart, augmentation knows every label, and the posterior is that of a table without gaps."""
    examples, truth = line(12.0)
    complete = examples._replace(label=truth)
    augmented, known = means_drawn(examples, steps=25), means_drawn(complete, steps=0)
    assert augmented.mean() == pytest.approx(known.mean(), abs=0.02)
    assert augmented.std() == pytest.approx(known.std(), rel=0.12)
    assert augmented.std() < 0.75 * means_drawn(examples, steps=0).std()
