"""The reasons for missing labels, against sums over grids, Bayes' theorem and simulations."""

import numpy as np
import pytest
from builders import csv_of, design_of

from em_impute.missingness import regression
from em_impute.missingness.how_missing import HeldOut, judged_rows
from em_impute.missingness.reasons import (
    AT_RANDOM,
    BY_CLASS,
    BY_PREDICTORS,
    Judged,
    LogOddsShifts,
    Reasons,
    _by_class,
    weigh_reasons,
)

HEIGHTS = ((164.0, 6.5), (178.0, 7.0))


def people(n, lose, seed, distance=1.0):
    """Draw heights of women and men, lose labels, and judge each row by the true densities."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    mean, sd = np.array(HEIGHTS).T
    mean = np.array([mean[0], mean[0] + distance * (mean[1] - mean[0])])
    x = rng.normal(mean[label], sd[label])
    lacks = lose(label, (x - x.mean()) / x.std(), rng)
    density = np.exp(-0.5 * ((x[:, None] - mean) / sd) ** 2) / sd
    shares = np.bincount(label[~lacks], minlength=2) / np.count_nonzero(~lacks)
    probability = density * shares
    probability /= probability.sum(axis=1, keepdims=True)
    standard = ((x - x.mean()) / x.std())[:, None]
    return label, Judged(standard, 1, lacks, np.ones(n), probability)


def weighed(label, judged, **options):
    known = np.bincount(label[~judged.lacks], minlength=2).astype(float)
    options = {"is_class": False, **options}
    return weigh_reasons(judged, known, float(judged.lacks.sum()), **options)


def held_out(row, label, probability, weight, asked):
    """Labels held out, and rows without one; the probabilities of the former stand first."""
    n = len(row)
    return HeldOut(label, probability[:n], probability[:n], row, weight, unlabelled=(asked, probability[n:]))


def by_rates(*rates):
    return lambda label, _, rng: rng.random(label.size) < np.array(rates)[label]


def test_the_evidence_for_the_class_is_that_of_a_sum_over_a_grid():
    _, judged = people(150, by_rates(0.6, 0.3), 1)
    spread, base = 1.0, np.log(judged.lacks.sum() / (~judged.lacks).sum())

    def log_likelihood(a, b):
        odds = judged.probability @ np.exp(base + np.array([a, b]))
        return np.sum(np.log(odds[judged.lacks])) - np.sum(np.log1p(odds))

    grid = np.linspace(-4.0, 4.0, 161)
    step = grid[1] - grid[0]
    # Along the direction in which both rates move together the prior is flat, across it normal.
    mean, apart = grid / np.sqrt(2.0), grid / np.sqrt(2.0)
    of_class = [
        np.exp(log_likelihood(m + d, m - d) + 60.0) * np.exp(-0.5 * (2.0 * d**2) / spread**2)
        for m in mean
        for d in apart
    ]
    of_class = np.sum(of_class) * step**2 / np.sqrt(2.0 * np.pi * spread**2)
    at_random = np.sum([np.exp(log_likelihood(m, m) + 60.0) for m in mean]) * step

    assert _by_class(judged, spread)[2] == pytest.approx(np.log(of_class / at_random), abs=0.15)


def test_rates_at_which_labels_are_lost_are_found():
    label, judged = people(4000, by_rates(0.65, 0.1), 2)

    found = weighed(label, judged)

    truth = [judged.lacks[label == k].mean() for k in range(2)]
    assert found.rate == pytest.approx(truth, abs=0.05)
    assert found.by_class > 0.99


@pytest.mark.parametrize(
    ("lose", "reason"),
    [
        (by_rates(0.65, 0.1), BY_CLASS),
        (by_rates(0.4, 0.4), AT_RANDOM),
        (lambda _, x, rng: rng.random(x.size) < 1.0 / (1.0 + np.exp(-2.5 * x)), BY_PREDICTORS),
        (lambda _, x, rng: rng.random(x.size) < 1.0 / (1.0 + np.exp(2.0 - x**2)), BY_PREDICTORS),
    ],
    ids=["by class", "at random", "by a predictor", "far from the middle"],
)
def test_the_true_reason_is_found_in_most_files(lose, reason):
    found = [weighed(*people(800, lose, seed)).probability.argmax() for seed in range(20)]

    assert np.count_nonzero(np.array(found) == reason) >= 17


def test_labels_lost_and_spread_by_a_threshold_of_a_predictor_are_hardly_ever_taken_for_lost_by_class():
    by_class = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.uniform(-1.7, 1.7, 1000)
        chance = np.where(x < -0.8, 0.3, 0.1)
        label, lacks = (rng.random(1000) < chance).astype(int), rng.random(1000) < np.where(x < -0.8, 0.25, 0.08)
        judged = Judged(x[:, None], 1, lacks, np.ones(1000), np.column_stack([1.0 - chance, chance]))
        by_class.append(weighed(label, judged).by_class)

    assert np.count_nonzero(np.array(by_class) > 0.5) <= 2


def test_a_model_that_is_wrong_about_the_classes_is_not_mistaken_for_a_reason():
    label, judged = people(2000, by_rates(0.4, 0.4), 3)
    too_sure = judged.probability**4
    too_sure /= too_sure.sum(axis=1, keepdims=True)

    assert weighed(label, judged._replace(probability=too_sure)).by_class < 0.2


def test_a_label_that_is_known_once_tells_nothing_of_its_rate(tmp_path):
    """It is never held out, so that rows like it are all on one side."""
    rng = np.random.default_rng(7)
    design = design_of(tmp_path, csv_of("g,x", ["a"] * 40 + ["b"] + [""] * 60, rng.normal(size=101).round(4).tolist()))
    probability = np.column_stack(
        [np.r_[np.full(40, 0.99), np.full(60, 0.6)], np.r_[np.full(40, 0.01), np.full(60, 0.4)]]
    )
    held, asked = np.arange(40), np.arange(41, 101)

    judged = judged_rows(design, held_out(held, np.zeros(40, int), probability, np.ones(held.size), asked))

    found = weigh_reasons(judged, np.array([40.0, 1.0]), 60.0, is_class=False)
    assert found.log_evidence[BY_CLASS] == pytest.approx(0.0, abs=0.01)
    assert found.rate == pytest.approx(60.0 / 101.0, abs=0.01)


def test_of_many_predictors_fewer_rows_of_either_kind_are_judged_all_along_the_table(tmp_path, monkeypatch):
    design = design_of(tmp_path, csv_of("g,x", [*"ab"] * 20 + [""] * 60, (np.arange(100) ** 1.5).round(3).tolist()))
    monkeypatch.setattr(regression, "MAX_CELLS", 30)
    first = np.linspace(0.01, 0.99, 100)
    probability = np.column_stack([first, 1.0 - first])
    label, weight = np.arange(40) % 2, np.full(40, 2.0)

    judged = judged_rows(design, held_out(np.arange(40), label, probability, weight, np.arange(40, 100)))

    chosen = np.searchsorted(design.distinct.x[:, 0], judged.x[:, 0])
    assert np.count_nonzero(judged.lacks) == np.count_nonzero(~judged.lacks) == 30
    assert (chosen[[0, 29]].tolist(), chosen[[30, -1]].tolist()) == ([0, 39], [40, 99])
    np.testing.assert_allclose(judged.probability[:, 0], first[chosen])


def test_few_labels_move_nothing():
    found = []
    for seed in range(20):
        label, judged = people(300, lambda label, _, rng: rng.permutation(label.size) >= 10, seed)
        found.append(weighed(label, judged).shifts().is_none)

    assert np.count_nonzero(found) >= 18


def test_probabilities_follow_bayes_theorem_where_the_rates_are_known():
    rng = np.random.default_rng(4)
    among_all = rng.dirichlet([1.0, 1.0, 1.0], 5)
    rate = np.array([0.2, 0.5, 0.8])
    known, missing = among_all * (1.0 - rate), among_all * rate
    known /= known.sum(axis=1, keepdims=True)
    missing /= missing.sum(axis=1, keepdims=True)
    shifts = LogOddsShifts(np.ones(1), np.log(rate / (1.0 - rate))[None])

    assert shifts.apply(known) == pytest.approx(missing)
    assert LogOddsShifts(np.array([0.25, 0.75]), np.vstack([np.zeros(3), shifts.shift])).apply(known) == pytest.approx(
        0.25 * known + 0.75 * missing
    )


def test_labelled_rows_are_weighed_like_rows_to_fill():
    reasons = Reasons(np.array([0.2, 0.3, 0.5]), np.zeros(3), np.zeros(2), np.array([0.5, -0.5]), np.zeros((2, 2)))
    label, odds = np.array([0, 0, 1, 1]), np.array([1.0, 2.0, 3.0, 2.0])

    of_class = np.exp([0.5, 0.5, -0.5, -0.5])
    expected = 0.2 + 0.3 * odds / 2.0 + 0.5 * of_class / of_class.mean()
    assert reasons.weights(label, odds) == pytest.approx(expected)


def test_draws_are_shifted_as_often_as_the_class_is_the_reason_and_vary_as_the_rates_do():
    root = np.array([[0.3, 0.0], [-0.3, 0.0]])
    reasons = Reasons(np.array([0.3, 0.1, 0.6]), np.zeros(3), np.zeros(2), np.array([0.7, -0.7]), root)

    drawn = reasons.draw(20_000, np.random.default_rng(5))

    is_shifted = drawn.any(axis=1)
    assert is_shifted.mean() == pytest.approx(0.6, abs=0.02)
    assert drawn[is_shifted].mean(axis=0) == pytest.approx([0.7, -0.7], abs=0.02)
    assert np.cov(drawn[is_shifted].T) == pytest.approx(root @ root.T, abs=0.02)


def test_the_user_may_take_the_class_for_the_reason():
    label, judged = people(300, by_rates(0.5, 0.3), 6)

    found = weighed(label, judged, is_class=True)

    assert found.by_class == 1.0
    assert found.rate[0] > found.rate[1]


def test_the_evidence_for_more_predictors_than_rows_is_that_of_the_coefficients_of_all_of_them(monkeypatch):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(40, 60))
    lacks = rng.random(40) < 1.0 / (1.0 + np.exp(-2.0 * x[:, 0]))

    found = regression.evidence_of_predictors(x, 60, lacks, np.ones(40))

    monkeypatch.setattr(regression, "_turned", lambda terms: terms)
    assert found == pytest.approx(regression.evidence_of_predictors(x, 60, lacks, np.ones(40)), abs=1e-6)
