"""Scores against loops and published values."""

import numpy as np
import pytest

from em_impute import metrics

PROBABILITY = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.5, 0.5]])
LABEL = np.array([0, 1, 1, 0])


def test_the_log_loss_is_the_mean_surprise():
    expected = -sum(np.log([0.9, 0.8, 0.4, 0.5])) / 4

    assert metrics.log_loss(PROBABILITY, LABEL) == pytest.approx(expected)


def test_a_certain_error_costs_no_more_than_the_clip():
    assert metrics.log_loss(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(-np.log(1e-6))


def test_of_equal_probabilities_the_first_counts():
    assert metrics.accuracy(PROBABILITY, LABEL) == 0.75


def test_the_brier_score_sums_over_labels():
    expected = (0.1**2 + 0.1**2 + 0.2**2 + 0.2**2 + 0.6**2 + 0.6**2 + 0.5**2 + 0.5**2) / 4

    assert metrics.brier(PROBABILITY, LABEL) == pytest.approx(expected)


def test_confusion_has_the_truth_down():
    np.testing.assert_array_equal(metrics.confusion(PROBABILITY, LABEL), [[2, 0], [1, 1]])


def test_calibrated_probabilities_have_a_small_calibration_error_and_overconfident_ones_a_large_one():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.5, 1.0, 60_000)
    probability = np.column_stack([p, 1 - p])
    label = (rng.random(60_000) > p).astype(int)
    sure = np.column_stack([np.full(60_000, 0.99), np.full(60_000, 0.01)])

    assert metrics.calibration_error(metrics.reliability(probability, label)) < 0.01
    assert metrics.calibration_error(metrics.reliability(sure, label)) == pytest.approx(0.24, abs=0.01)


def test_rows_that_are_equally_sure_share_their_accuracy_in_whatever_order_they_stand():
    probability = np.tile([0.6, 0.4], (100, 1))
    label = np.repeat([0, 1], [60, 40])

    assert metrics.calibration_error(metrics.reliability(probability, label)) == pytest.approx(0, abs=1e-12)


def test_every_row_is_in_one_bin():
    rng = np.random.default_rng(0)
    p = rng.dirichlet([1, 1, 1], 100)

    assert sum(one.rows for one in metrics.reliability(p, rng.integers(0, 3, 100))) == 100


def test_the_wilson_interval_is_the_published_one():
    # Newcombe (1998), Statistics in Medicine 17, table I, method 3: 81 of 263.
    low, high = metrics.wilson_interval(81 / 263, 263)

    assert (low, high) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))


def test_the_wilson_interval_stays_within_0_and_1():
    assert 0.5 < metrics.wilson_interval(1.0, 5)[0] < metrics.wilson_interval(1.0, 5)[1] <= 1.0
    assert 0.0 <= metrics.wilson_interval(0.0, 5)[0] < metrics.wilson_interval(0.0, 5)[1] < 0.5
