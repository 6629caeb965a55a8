"""Draws of the stack: members by weight, parameters as uncertain as the rows leave them, the same for every row."""

from itertools import product

import numpy as np
import pytest
from builders import rows_of
from oracles import hide
from scipy import stats
from scipy.special import softmax

from em_impute.stack import draws as draws_module
from em_impute.stack.batch import gather
from em_impute.stack.compare import TEMPERATURES
from em_impute.stack.draws import _augmented, _drawn_labels, chances, draw_stack
from em_impute.stack.members import Member
from em_impute.stack.shrinkage import Shrinkage
from em_impute.stack.stack import fit_stack, predict
from em_impute.stack.views import plain_view

TIED, FULL = Shrinkage(np.inf, 0.0), Shrinkage(0.01, 0.0)


def mixed_rows(n_rows=80, n_labelled=44, missing=0.2, seed=1, apart=1.2):
    """Rows of two labels in two numbers and a category of three texts; labelled ones first."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n_rows) % 2
    x = hide(rng, rng.normal(size=(n_rows, 2)) + apart * truth[:, None], missing, np.nan)
    codes = np.where(rng.random(n_rows) < 0.6, truth, rng.integers(-1, 3, n_rows))[:, None]
    return rows_of(x, np.where(np.arange(n_rows) < n_labelled, truth, -1), codes, (3,))


@pytest.fixture(scope="module")
def mixed():
    examples = mixed_rows()
    stack = fit_stack(examples, 2, int(np.count_nonzero(examples.label < 0)), 0, lambda _: None, single=False)
    return examples, stack


def line(apart, n_rows=120, n_labelled=40, seed=2):
    """Rows of two labels in one number, `apart` standard deviations of each, the labelled ones first; no units."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n_rows) % 2
    x = (rng.normal(size=n_rows) + apart * (truth - 0.5))[:, None]
    return rows_of(x, np.where(np.arange(n_rows) < n_labelled, truth, -1)), truth


def means_drawn(examples, steps, shrinkage=TIED, n=400):
    """Draw the difference of the two means so often."""
    material = gather(plain_view(1), examples, 2)
    member = Member("plain", 1, shrinkage, draws_means_in=False, steps=steps)
    parameters = _augmented(material, [member] * n, np.random.default_rng(3))
    return parameters.mean[:, 1, 0] - parameters.mean[:, 0, 0]


# Which mixtures are drawn


def test_each_member_is_drawn_as_often_as_it_weighs(mixed):
    examples, stack = mixed
    n = 4000
    draws = draw_stack(stack, examples, n, 1)
    numbers = np.concatenate([one.number for one in draws.drawn])
    assert np.array_equal(np.sort(np.append(numbers, np.flatnonzero(~np.isnan(draws.shares[:, 0])))), np.arange(n))
    assert np.isnan(draws.shares[:, 0]).mean() == pytest.approx(stack.trust, abs=0.03)
    weight = {t: sum(voice.weight[:, i].sum() for voice in stack.voices) for i, t in enumerate(TEMPERATURES)}
    for temperature, expected in weight.items():
        drawn = sum(np.count_nonzero(one.temperature == temperature) for one in draws.drawn) / numbers.size
        assert drawn == pytest.approx(expected, abs=0.04)


def test_the_same_seed_draws_the_same_and_another_one_does_not(mixed):
    examples, stack = mixed
    number = np.arange(12)
    once, again, other = (
        chances(draw_stack(stack, examples, 12, seed), examples.predictors, number) for seed in (5, 5, 6)
    )
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


# What draws say


def test_a_drawn_mixture_says_of_a_row_what_its_densities_say(mixed):
    """Row by row, with scipy's densities of what the row shows, tempered."""
    examples, stack = mixed
    draws = draw_stack(stack, examples, 60, 7)
    said = chances(draws, examples.predictors, np.arange(60))
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


def test_draws_average_to_what_the_stack_says(mixed):
    examples, stack = mixed
    said = chances(draw_stack(stack, examples, 1500, 8), examples.predictors, np.arange(1500)).mean(axis=0)
    assert said.sum(axis=1) == pytest.approx(np.ones(80))
    assert np.abs(said - predict(stack, examples.predictors)).mean() < 0.03


def test_some_of_the_draws_can_be_asked(mixed):
    examples, stack = mixed
    draws = draw_stack(stack, examples, 30, 9)
    everything = chances(draws, examples.predictors, np.arange(30))
    asked = np.array([29, 3, 17])
    assert np.array_equal(chances(draws, examples.predictors, asked), everything[asked])


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


def test_rows_that_say_little_of_their_label_add_little():
    """Labels one deviation apart: of 80 rows without a label less is learnt than half of what labelled ones teach."""
    examples, truth = line(1.0)
    alone, augmented = means_drawn(examples, steps=0).std(), means_drawn(examples, steps=25).std()
    complete = means_drawn(examples._replace(label=truth), steps=0).std()
    assert complete < augmented
    assert augmented > (alone + complete) / 2.0


def test_many_labels_make_parameters_certain_at_the_rate_of_the_root(monkeypatch):
    monkeypatch.setattr(draws_module, "MAX_LABELLED", 10)
    examples, _ = line(2.0, n_rows=400, n_labelled=300)
    stack = fit_stack(examples, 2, 100, 0, lambda _: None, single=True)
    assert stack.leader.per_label == 1
    (one,) = draw_stack(stack, examples, 500, 1).drawn
    x, label = examples.predictors.x[:, 0], examples.label
    assert one.parameters.mean[:, 0, 0].std() == pytest.approx(x[label == 0].std() / np.sqrt(150.0), rel=0.15)


@pytest.mark.parametrize("weight", [0.25, 1.0, 9.0])
def test_rows_that_stand_for_several_vary_as_so_many_do(weight):
    responsibility = np.tile(np.array([0.2, 0.5, 0.3])[:, None, None], (1, 5000, 1))
    drawn = _drawn_labels(responsibility, np.array([weight]), np.random.default_rng(1))[:, :, 0]
    assert drawn.sum(axis=0) == pytest.approx(np.full(5000, weight))
    assert (drawn >= -1e-12).all()
    assert drawn.mean(axis=1) == pytest.approx(weight * np.array([0.2, 0.5, 0.3]), abs=0.03 * max(weight, 1.0))
    spread = weight**2 if weight < 1.0 else weight
    assert drawn.var(axis=1) == pytest.approx(spread * np.array([0.16, 0.25, 0.21]), rel=0.08)
    if weight == 1.0:
        assert set(np.unique(drawn)) == {0.0, 1.0}
