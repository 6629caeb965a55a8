"""Scores against loops and published values."""

import numpy as np
import pytest

from em_impute.ensemble import metrics

PROBABILITY = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.5, 0.5]])
LABEL = np.array([0, 1, 1, 0])


def test_the_scores_of_four_rows_are_those_found_by_hand():
    surprise = -sum(np.log([0.9, 0.8, 0.4, 0.5])) / 4
    squares = (0.1**2 + 0.1**2 + 0.2**2 + 0.2**2 + 0.6**2 + 0.6**2 + 0.5**2 + 0.5**2) / 4

    assert metrics.log_loss(PROBABILITY, LABEL) == pytest.approx(surprise)
    assert metrics.log_loss(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(-np.log(1e-6))  # and no more
    assert metrics.brier(PROBABILITY, LABEL) == pytest.approx(squares)
    assert metrics.accuracy(PROBABILITY, LABEL) == 0.75  # of equal probabilities the first counts
    assert metrics.confusion(PROBABILITY, LABEL).tolist() == [[2, 0], [1, 1]]  # the truth down


def test_no_share_of_rows_of_any_weight_exceeds_1():
    rng = np.random.default_rng(0)
    for n_rows in range(2, 22):
        weight, label = rng.random(n_rows), np.zeros(n_rows, dtype=int)
        probability = np.tile([0.9, 0.1], (n_rows, 1))  # every label is found
        (filled,) = metrics.filled_above(probability, label, [0.5], weight)

        assert metrics.accuracy(probability, label, weight) == 1.0
        assert metrics.balanced_accuracy(probability, label, weight) == 1.0
        assert (filled.share, filled.accuracy) == (1.0, 1.0)


def test_calibrated_probabilities_have_a_small_calibration_error_and_overconfident_ones_a_large_one():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.5, 1.0, 60_000)
    probability = np.column_stack([p, 1 - p])
    label = (rng.random(60_000) > p).astype(int)
    sure = np.column_stack([np.full(60_000, 0.99), np.full(60_000, 0.01)])
    reliability = metrics.reliability(probability, label)

    assert metrics.calibration_error(reliability) < 0.01
    assert sum(one.rows for one in reliability) == 60_000
    assert metrics.calibration_error(metrics.reliability(sure, label)) == pytest.approx(0.24, abs=0.01)


def test_the_wilson_interval_is_the_published_one_and_stays_within_0_and_1():
    # Newcombe (1998), Statistics in Medicine 17, table I, method 3: 81 of 263.
    low, high = metrics.wilson_interval(81 / 263, 263)

    assert (low, high) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))
    assert 0.5 < metrics.wilson_interval(1.0, 5)[0] < metrics.wilson_interval(1.0, 5)[1] <= 1.0
    assert 0.0 <= metrics.wilson_interval(0.0, 5)[0] < metrics.wilson_interval(0.0, 5)[1] < 0.5


def drawn_rows(n_rows=200, n_labels=3):
    """Probabilities in tenths, so that there are ties, labels drawn by them, and weights."""
    rng = np.random.default_rng(1)
    probability = rng.multinomial(10, rng.dirichlet(np.ones(n_labels), n_rows)) / 10
    label = np.array([rng.choice(n_labels, p=row) for row in probability])
    return probability, label, rng.integers(1, 4, n_rows).astype(float)


def test_balanced_accuracy_is_the_mean_of_shares_of_the_confusion_matrix():
    probability, label, _ = drawn_rows()
    counts = metrics.confusion(probability, label)

    recall = np.diag(counts) / counts.sum(axis=1)
    assert metrics.balanced_accuracy(probability, label) == pytest.approx(recall.mean())
    with_neither = np.column_stack([PROBABILITY, np.zeros(4)])  # filled nor true: the third label
    assert metrics.balanced_accuracy(with_neither, LABEL) == 0.75


def test_a_row_that_weighs_three_counts_like_three_rows():
    probability, label, weight = drawn_rows()
    rows = np.repeat(np.arange(label.size), weight.astype(int))

    for figure in (metrics.balanced_accuracy, metrics.accuracy, metrics.log_loss, metrics.brier):
        assert figure(probability, label, weight) == pytest.approx(figure(probability[rows], label[rows]))
    assert metrics.effective_rows(np.full(40, 0.3)) == pytest.approx(40)
    assert metrics.filled_above(probability, label, [0.55], weight) == [
        pytest.approx(one) for one in metrics.filled_above(probability[rows], label[rows], [0.55])
    ]


def test_the_curve_ends_with_all_rows_filled_and_each_of_its_points_is_a_threshold():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.5, 1.0, 1000)
    probability, label = np.column_stack([p, 1 - p]), (rng.random(1000) > p).astype(int)
    curve = metrics.fill_curve(probability, label)

    assert [one.share for one in curve] == pytest.approx(np.arange(1, 21) / 20)
    assert curve[-1].accuracy == pytest.approx(metrics.accuracy(probability, label))
    assert curve == metrics.filled_above(probability, label, [one.min_probability for one in curve])


def test_overdispersion_is_the_chi_square_of_the_table_of_parts_by_its_degrees_of_freedom_unless_it_may_be_chance():
    from scipy.stats import chi2_contingency

    right, part = np.repeat([True, False] * 3, [90, 10, 70, 30, 120, 80]), np.repeat([0, 1, 2], [100, 100, 200])
    expected = chi2_contingency([[90, 10], [70, 30], [120, 80]], correction=False).statistic / 2
    rng = np.random.default_rng(0)
    by_chance = [metrics.overdispersion(rng.random(500) < 0.8, np.repeat(np.arange(5), 100)) for _ in range(500)]

    assert metrics.overdispersion(right, part) == pytest.approx(expected)
    # One in a thousand may be taken for more than chance: of five hundred five or more once in five thousand times.
    assert np.count_nonzero(np.array(by_chance) > 1.0) < 5
    assert min(by_chance) == 1.0
