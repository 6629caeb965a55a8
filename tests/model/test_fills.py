"""What is filled and what is counted of it, against one cell after the other."""

import numpy as np
import pytest
from scipy import stats

from em_impute.ensemble.transforms import Predictors
from em_impute.model.assign import CodedRows, ModelDraws
from em_impute.model.fills import BANDS, NO_ROWS, Fills, Imputing, count_cells, fill_rows, no_cells
from em_impute.model.predict import Prediction
from em_impute.options import Request


@pytest.fixture
def cells():
    """Fills of 300 rows, some of them not filled: by no predictor, beyond every labelled row, or not probable enough."""
    rng = np.random.default_rng(1)
    code, probability = rng.integers(-1, 2, 300), np.round(rng.uniform(0.3, 1.0, 300), 2)
    empty = np.flatnonzero(code < 0)
    return Fills(np.arange(300), code, probability, np.array([170.0, 130.0])), empty[::3], empty[1::2]


def counted(fills, part=0, rows=slice(None), outside=NO_ROWS, **told):
    some = Fills(fills.row[rows], fills.code[rows], fills.probability[rows], fills.expected / 2, entropy=1.5, **told)
    return count_cells(some, lambda row: 10 * row + 2, outside, part)


def test_filled_cells_are_counted_by_label_and_by_the_band_of_their_probability(cells):
    fills, *_ = cells
    expected = {}
    for k, p in zip(fills.code.tolist(), fills.probability.tolist(), strict=True):
        if k >= 0:
            low = max(edge for edge in BANDS[:-1] if edge <= p)
            expected.setdefault(low, [0, 0])[k] += 1

    found = counted(fills)

    assert found.filled.tolist() == [expected.get(low, [0, 0]) for low in BANDS[:-1]]
    assert found.wrong == pytest.approx(sum(1.0 - fills.probability[fills.code >= 0]))


def test_cells_left_empty_are_counted_once_by_the_first_reason(cells):
    fills, nothing, outside = cells
    expected = {"without_predictors": 0, "out_of_range": 0, "below_min_probability": 0}
    for row in np.flatnonzero(fills.code < 0):
        reason = "without_predictors" if row in nothing else "out_of_range" if row in outside else None
        expected[reason or "below_min_probability"] += 1

    found = counted(fills, without_predictors=nothing, outside=outside)

    assert found.left_empty == expected
    assert all(expected.values())
    assert found.n_without_predictors == nothing.size


def test_the_least_certain_cells_are_named_with_their_lines(cells):
    fills, *_ = cells
    filled = sorted(
        (p, 0, 10 * row + 2, k) for row, (p, k) in enumerate(zip(fills.probability, fills.code, strict=True)) if k >= 0
    )

    assert [one.probability for one in counted(fills).least] == [p for p, *_ in filled[:10]]
    assert set(counted(fills).least) <= set(filled)


def test_parts_add_up_to_the_whole(cells):
    fills, nothing, _ = cells
    whole = counted(fills, without_predictors=nothing)
    parts = [
        counted(fills, part, rows, without_predictors=nothing[(nothing >= low) & (nothing < low + 150)])
        for part, (low, rows) in enumerate([(0, slice(150)), (150, slice(150, None))])
    ]

    found = no_cells(2).merged(parts[0]).merged(parts[1])

    assert found.filled.tolist() == whole.filled.tolist()
    assert found.left_empty == whole.left_empty
    assert found.wrong == pytest.approx(whole.wrong)
    assert [one.probability for one in found.least] == [one.probability for one in whole.least]
    assert found.expected.tolist() == [170.0, 130.0]


class Stated:
    """Draws that say of a row, whose only predictor is its number, `chance` (n_draws, n_rows, n_labels)."""

    def __init__(self, chance):
        self.chance = chance

    def predict(self, predictors, number):
        return self.chance[number][:, predictors.x[:, 0].astype(int)]


def drawn(chance, row, seed, pieces=1, first_row=0):
    """Draw labels for rows of a table, whose predictions come in pieces."""
    n_draws, _, n_labels = chance.shape
    draws = ModelDraws(Stated(chance), {}, None, range(n_labels), np.zeros(n_labels))

    def said(rows):
        x = (rows + first_row).astype(float)[:, None]
        coded = CodedRows(Predictors(x, np.empty((rows.size, 0), int), (), 1), {})
        return Prediction(chance.mean(axis=0)[rows + first_row], np.arange(rows.size), rows[:0], lambda: coded)

    imputing = Imputing(draws, range(n_draws), seed, first_row=first_row)
    return fill_rows(map(said, np.array_split(row, pieces)), row, n_labels, Request(None, ("g",)), imputing)


def test_labels_are_drawn_as_often_as_they_are_probable():
    chance = np.tile([[0.2, 0.5, 0.3], [0.0, 1.0, 0.0]], (40, 1, 1))
    once = drawn(chance, np.arange(2), 1).drawn
    assert once.shape == (40, 2)
    assert (once[:, 1] == 1).all()
    many = np.concatenate([drawn(chance, np.arange(1), seed).drawn[:, 0] for seed in range(50)])
    assert stats.chisquare(np.bincount(many, minlength=3), [400, 1000, 600]).pvalue > 0.001


def test_a_row_is_drawn_alike_whichever_others_lack_a_label_and_however_the_table_is_cut():
    chance = np.random.default_rng(2).dirichlet([1, 1, 1], (5, 30))
    whole = drawn(chance, np.arange(30), 3)
    some = np.array([2, 7, 29])
    assert np.array_equal(drawn(chance, some, 3).drawn, whole.drawn[:, some])
    assert np.array_equal(drawn(chance, np.arange(30), 3, pieces=4).drawn, whole.drawn)
    assert np.array_equal(drawn(chance, np.arange(20), 3, first_row=10).drawn, whole.drawn[:, 10:])


def test_the_first_draw_is_what_is_filled_with_its_probability():
    chance = np.random.default_rng(3).dirichlet([1, 1], (4, 9))
    found = drawn(chance, np.arange(9), 1)
    expected = [chance.mean(axis=0)[i, found.drawn[0, i]] for i in range(9)]
    assert found.code.tolist() == found.drawn[0].tolist()
    assert found.probability == pytest.approx(expected)
    assert found.is_drawn


@pytest.mark.parametrize("pieces", [1, 3])
def test_the_most_probable_label_is_chosen_if_it_is_probable_enough(pieces):
    chance = np.random.default_rng(4).dirichlet([1, 1, 1], 20)
    row = np.arange(20)
    parts = [
        Prediction(chance[part], np.arange(part.size), part[:1], lambda: None) for part in np.array_split(row, pieces)
    ]
    found = fill_rows(parts, row, 4, Request(None, ("g",), min_probability=0.6, probabilities=True))
    for i in row:
        best = max(range(3), key=lambda k: chance[i, k])
        assert found.code[i] == (best if chance[i, best] >= 0.6 else -1)
        assert found.probability[i] == chance[i, best]
        assert found.probabilities[i].tolist() == [*chance[i], 0.0]
    assert found.expected == pytest.approx([*chance.sum(axis=0), 0.0])
    assert found.entropy == pytest.approx(sum(stats.entropy(one) for one in chance))
    assert found.without_predictors.size == pieces
