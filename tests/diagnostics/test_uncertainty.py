"""How sure the fills are: Rubin's rules by a loop, posteriors by integration, numbers of cells by their distributions."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from builders import completed, csv_of
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import brentq

from em_impute.diagnostics.uncertainty import (
    N_DRAWS,
    Gathered,
    Uncertainty,
    _calibration,
    _wrong,
    _wrong_by_held_out,
    examine_uncertainty,
    pool_shares,
)
from em_impute.missingness.how_missing import HeldOut
from em_impute.model.fills import Fills
from em_impute.options import Request

NO_SHIFT = np.zeros((N_DRAWS, 1))
APART = 1.0
"""Rows that are wrong each for itself."""


def heights(n_rows=300, n_labelled=150, seed=1, digits=6, apart=1.5):
    """Rows of two labels and one number, labelled ones first, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n_rows)
    x = np.round(rng.normal(size=n_rows) + apart * truth, digits)
    cells = ["ab"[k] if i < n_labelled else None for i, k in enumerate(truth)]
    return truth, csv_of("g,x", cells, x.tolist())


def speaking(chance, known=10):
    """Give a fitted column of as many labelled rows, `known`, and rows of which each draw says `chance` (b, n, k)."""
    n_missing, n_labels = chance.shape[1:]
    label = np.append(np.zeros(known, int), np.full(n_missing, -1))
    return SimpleNamespace(
        labels=SimpleNamespace(label=label, labels=tuple("abc"[:n_labels])),
        unlabelled=np.arange(known, known + n_missing),
        place_of=lambda rows: rows - known,
        coded=lambda rows: rows,
        draw=lambda _n, _seed: SimpleNamespace(predict=lambda rows, number: chance[number][:, rows - known]),
    )


# Rubin's rules


def test_shares_are_pooled_by_rubins_rules():
    rng = np.random.default_rng(1)
    share, n, m = rng.normal(0.4, 0.03, 20), 150, 20
    estimate, within, between = share.mean(), 0.0, 0.0
    within = estimate * (1 - estimate) / n
    for one in share:
        between += (one - estimate) ** 2 / (m - 1)
    total = within + (1 + 1 / m) * between
    part = (1 + 1 / m) * between / total
    of_draws = (m - 1) / part**2
    observed = (n / (n + 2)) * (n - 1) * (1 - part)
    freedom = of_draws * observed / (of_draws + observed)
    r = (1 + 1 / m) * between / within
    low, high = stats.t.interval(0.95, freedom, estimate, np.sqrt(total))

    pooled = pool_shares(np.column_stack([share, 1 - share]), n)
    assert pooled.intervals()[0] == pytest.approx((estimate, low, high))
    assert pooled.missing_information[0] == pytest.approx((r + 2 / (freedom + 3)) / (1 + r))


def test_recommended_draws_are_von_hippels():
    """1 + ½(γ/0.05)², as in the article's table, rounded up."""
    draws = {0.5: 51, 0.3: 19, 0.1: 3, 0.0: 2, 0.9: 163}

    found = Uncertainty(None, None, True, (), (), np.zeros(1))
    assert {one: replace(found, missing_information=np.array([one])).recommended for one in draws} == draws


# How many fills are wrong


def filled_with(probability):
    code = probability.argmax(axis=1)
    return code, Fills(np.arange(code.size), code, probability.max(axis=1), probability.sum(axis=0))


def test_wrong_fills_are_counted_as_a_poisson_binomial_where_the_model_is_certain():
    rng = np.random.default_rng(2)
    stated = np.column_stack([p := rng.uniform(0.5, 1.0, 200), 1 - p])
    code, fills = filled_with(stated)
    missing = Gathered(np.arange(200), np.arange(200), np.ones(200, int), np.eye(2, dtype=int)[code], stated)
    found = _wrong(np.tile(stated, (N_DRAWS, 1, 1)), missing, NO_SHIFT, fills, APART, rng)
    mean, sd = (1 - p).sum(), np.sqrt((p * (1 - p)).sum())
    assert found.estimate == pytest.approx(mean, abs=4 * sd / np.sqrt(500))
    assert found.low == pytest.approx(mean - 1.645 * sd, abs=0.35 * sd + 1)
    assert found.high == pytest.approx(mean + 1.645 * sd, abs=0.35 * sd + 1)


def test_merged_cells_count_as_often_as_they_occur():
    stated = np.array([[0.9, 0.1], [0.4, 0.6]])
    code, fills = filled_with(np.repeat(stated, [300, 100], axis=0))
    missing = Gathered(np.arange(2), np.arange(2), np.array([300, 100]), np.array([[300, 0], [0, 100]]), stated)
    found = _wrong(np.tile(stated, (N_DRAWS, 1, 1)), missing, NO_SHIFT, fills, APART, np.random.default_rng(3))
    assert code.size == 400
    assert found.estimate == pytest.approx(30 + 40, abs=1.5)


def test_a_drawn_label_is_wrong_with_the_probability_of_all_others():
    """A cell that holds its less probable label is wrong more often than not, and a shift moves it the other way."""
    stated = np.tile([0.8, 0.2], (100, 1))
    code = np.ones(100, int)
    fills = Fills(np.arange(100), code, stated[:, 1], stated.sum(axis=0), drawn=code[None])
    missing = Gathered(np.arange(100), np.arange(100), np.ones(100, int), np.eye(2, dtype=int)[code], stated)
    chance = np.tile(stated, (N_DRAWS, 1, 1))
    plain = _wrong(chance, missing, NO_SHIFT, fills, APART, np.random.default_rng(4))
    shifted = _wrong(chance, missing, NO_SHIFT + 1.0, fills, APART, np.random.default_rng(4))
    odds = 0.2 / 0.8 * np.e  # of the other label, once the more probable one is trusted less
    assert plain.estimate == pytest.approx(80, abs=1)
    assert shifted.estimate == pytest.approx(100 * (1 - odds / (1 + odds)), abs=1)


def test_uncertain_parameters_make_the_interval_wider():
    stated = np.tile([0.8, 0.2], (400, 1))
    code, fills = filled_with(stated)
    missing = Gathered(np.arange(400), np.arange(400), np.ones(400, int), np.eye(2, dtype=int)[code], stated)
    error = np.random.default_rng(5).uniform(0.1, 0.3, N_DRAWS)[:, None]  # the same for every row of a draw
    chance = np.stack([np.tile(1 - error, 400), np.tile(error, 400)], axis=-1)
    found = _wrong(chance, missing, NO_SHIFT, fills, APART, np.random.default_rng(6))
    assert found.low == pytest.approx(np.quantile(400 * error, 0.05), abs=8)
    assert found.high == pytest.approx(np.quantile(400 * error, 0.95), abs=8)


def test_the_calibration_has_the_posterior_of_one_shift():
    """Mean and deviation by numerical integration of prior times likelihood."""
    rng = np.random.default_rng(7)
    best = rng.uniform(0.55, 0.99, 80)
    label = (rng.random(80) > 0.8).astype(int)
    held = HeldOut(label, np.column_stack([best, 1 - best]), np.full((80, 2), 0.5), np.arange(80), np.ones(80))
    log_odds = np.log((1 - best) / best)

    def density(shift):
        chance = 1 / (1 + np.exp(-log_odds - shift))
        return np.exp(-0.5 * (shift / 0.15) ** 2) * np.prod(2 * np.where(label == 1, chance, 1 - chance))

    whole = quad(density, -3, 3)[0]
    mean = quad(lambda s: s * density(s), -3, 3)[0] / whole
    sd = np.sqrt(quad(lambda s: (s - mean) ** 2 * density(s), -3, 3)[0] / whole)
    drawn = np.concatenate([_calibration(held, APART, rng) for _ in range(100)])
    assert drawn.mean() == pytest.approx(mean, abs=0.02)
    assert drawn.std() == pytest.approx(sd, rel=0.05)


def test_the_calibration_is_found_also_where_the_model_was_all_but_certain_and_wrong():
    """The shift at which prior and likelihood balance, found by bisection."""
    label = (np.arange(2000) % 10 < 3).astype(int)
    held = HeldOut(label, np.tile([1 - 1e-6, 1e-6], (2000, 1)), np.full((2000, 2), 0.5), np.arange(2000), np.ones(2000))

    def slope(shift):
        return 600 - 2000 / (1 + np.exp(-np.log(1e-6 / (1 - 1e-6)) - shift)) - shift / 0.15**2

    drawn = np.concatenate([_calibration(held, APART, np.random.default_rng(s)) for s in range(20)])
    assert drawn.mean() == pytest.approx(brentq(slope, 0, 20), abs=0.02)


def test_held_out_labels_alone_give_a_beta_binomial():
    label = np.r_[np.zeros(80, int), np.ones(20, int)]
    held = HeldOut(label, np.tile([0.7, 0.3], (100, 1)), np.full((100, 2), 0.5), np.arange(100), np.ones(100))
    _, fills = filled_with(np.tile([0.7, 0.3], (500, 1)))
    found = _wrong_by_held_out(held, fills, 0.0, (APART, APART), np.random.default_rng(8))
    expected = stats.betabinom(500, 20.5, 80.5)
    assert found.estimate == pytest.approx(100)
    assert found.low == pytest.approx(expected.ppf(0.05), abs=4)
    assert found.high == pytest.approx(expected.ppf(0.95), abs=4)


@pytest.mark.parametrize("seed", range(3))
def test_no_fewer_than_no_fills_are_wrong_where_all_held_out_labels_of_any_weight_are_right(seed):
    weight = np.random.default_rng(seed).random(50)
    said = np.tile([0.9, 0.1], (50, 1))
    held = HeldOut(np.zeros(50, int), said, np.full((50, 2), 0.5), np.arange(50), weight)
    _, fills = filled_with(np.tile([0.9, 0.1], (200, 1)))
    assert _wrong_by_held_out(held, fills, 0.0, (APART, APART), np.random.default_rng(9)).estimate == 0.0


def test_only_labels_as_sure_as_the_fills_speak_of_them():
    sure = np.repeat([0.95, 0.6], 50)
    label = np.r_[np.zeros(50, int), np.ones(50, int)]  # the sure ones are right, the others wrong
    held = HeldOut(label, np.column_stack([sure, 1 - sure]), np.full((100, 2), 0.5), np.arange(100), np.ones(100))
    _, fills = filled_with(np.tile([0.95, 0.05], (200, 1)))
    assert _wrong_by_held_out(held, fills, 0.9, (APART, APART), np.random.default_rng(9)).estimate == 0.0
    assert _wrong_by_held_out(held, fills, 0.0, (APART, APART), np.random.default_rng(9)).estimate == 100.0


# The whole column


def test_a_completed_column_says_how_sure_it_is(tmp_path):
    truth, text = heights()
    completion, _ = completed(tmp_path, text, examined=True)
    found = completion.diagnostics.uncertainty
    wrong = int((completion.fills.code != truth[completion.fills.row]).sum())
    assert found.wrong.low <= wrong <= found.wrong.high
    assert found.wrong.low < found.wrong.estimate < found.wrong.high
    assert found.wrong_held_out.low <= wrong <= found.wrong_held_out.high
    assert found.agree
    known = np.bincount(truth[:150])
    for k, total in enumerate(found.totals):
        assert known[k] <= total.low < total.estimate < total.high <= known[k] + 150
        assert total.estimate == pytest.approx(known[k] + completion.fills.expected[k], abs=6)
        assert total.low <= np.bincount(truth)[k] <= total.high
    assert 0.1 < found.missing_information.max() < 0.8


def test_few_labels_that_predictors_say_nothing_of_promise_little(tmp_path):
    held = 0
    for seed in range(16):
        rng = np.random.default_rng(seed)
        truth, x = rng.integers(0, 2, 60), np.round(rng.normal(size=(10, 60)), 4)
        cells = ["ab"[k] if i < 8 else None for i, k in enumerate(truth)]
        text = csv_of(",".join(["g", *(f"x{j}" for j in range(10))]), cells, *x.tolist())
        completion, _ = completed(tmp_path, text, examined=True)
        found = completion.diagnostics.uncertainty
        held += found.wrong.low <= (completion.fills.code != truth[completion.fills.row]).sum() <= found.wrong.high
    assert held >= 9  # the draws alone, of which luck has chosen the model, hold 6


def test_cells_left_empty_are_not_wrong(tmp_path):
    _, text = heights()
    everything, sure = (completed(tmp_path, text, examined=True, min_probability=p)[0] for p in (0.0, 0.9))
    assert sure.diagnostics.uncertainty.wrong.high < everything.diagnostics.uncertainty.wrong.estimate
    assert sure.diagnostics.uncertainty.wrong.high <= sure.fills.n_filled
    assert sure.diagnostics.uncertainty.totals == everything.diagnostics.uncertainty.totals


@pytest.mark.parametrize(("share_right", "agree"), [(0.97, True), (0.6, False)])
def test_a_model_that_misjudges_itself_is_told_from_one_that_does_not(share_right, agree):
    """Every draw says 97 %; of a hundred labels held out so many were right."""
    stated = np.tile([0.97, 0.03], (200, 1))
    found = speaking(np.tile(stated, (N_DRAWS, 1, 1)), known=100)
    found.distinct_probability, found.labels.known = stated, (60, 40)
    label = (np.arange(100) >= 100 * share_right).astype(int)
    found.promise = HeldOut(label, np.tile([0.97, 0.03], (100, 1)), np.ones((100, 2)) / 2, np.arange(100), np.ones(100))
    found.fitted = SimpleNamespace(how=SimpleNamespace(clusters=None))
    found.design = SimpleNamespace(distinct=SimpleNamespace(x=np.zeros((300, 1))))
    found.beyond, found.cells = np.zeros(200), np.ones(200)
    _, fills = filled_with(stated)
    result = examine_uncertainty(found, fills._replace(row=np.arange(100, 300)), Request(None, ("g",), seed=1))
    assert result.agree is agree
    assert result.wrong_held_out.estimate == pytest.approx(200 * (1 - share_right))
    if agree:
        assert result.wrong.estimate == pytest.approx(6, abs=2)
    else:
        assert result.wrong == result.wrong_held_out
