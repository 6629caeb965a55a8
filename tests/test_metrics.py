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


@pytest.mark.parametrize("seed", range(20))
def test_no_share_of_rows_of_any_weight_exceeds_1(seed):
    rng = np.random.default_rng(seed)
    weight = rng.random(rng.integers(2, 60))
    label = np.zeros(weight.size, dtype=int)
    probability = np.tile([0.9, 0.1], (weight.size, 1))  # every label is found
    (filled,) = metrics.filled_above(probability, label, [0.5], weight)

    assert metrics.accuracy(probability, label, weight) == 1.0
    assert metrics.balanced_accuracy(probability, label, weight) == 1.0
    assert (filled.share, filled.accuracy) == (1.0, 1.0)


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


def drawn_rows(n_rows=200, n_labels=3):
    """Probabilities in tenths, so that there are ties, labels drawn by them, and weights."""
    rng = np.random.default_rng(1)
    probability = rng.multinomial(10, rng.dirichlet(np.ones(n_labels), n_rows)) / 10
    label = np.array([rng.choice(n_labels, p=row) for row in probability])
    return probability, label, rng.integers(1, 4, n_rows).astype(float)


def test_precision_and_recall_are_shares_of_the_confusion_matrix():
    probability, label, _ = drawn_rows()
    counts = metrics.confusion(probability, label)
    precision, recall = metrics.precision_and_recall(probability, label)

    np.testing.assert_allclose(precision, np.diag(counts) / counts.sum(axis=0))
    np.testing.assert_allclose(recall, np.diag(counts) / counts.sum(axis=1))
    assert metrics.balanced_accuracy(probability, label) == pytest.approx(recall.mean())


def test_a_label_that_is_neither_filled_nor_true_has_no_precision_and_no_recall():
    probability = np.column_stack([PROBABILITY, np.zeros(4)])
    precision, recall = metrics.precision_and_recall(probability, LABEL)

    np.testing.assert_allclose(precision, [2 / 3, 1.0, np.nan])
    np.testing.assert_allclose(recall, [1.0, 0.5, np.nan])
    assert metrics.balanced_accuracy(probability, LABEL) == 0.75


def test_a_row_that_weighs_three_counts_like_three_rows():
    probability, label, weight = drawn_rows()
    rows = np.repeat(np.arange(label.size), weight.astype(int))

    for figure in (metrics.balanced_accuracy, metrics.accuracy, metrics.log_loss, metrics.brier):
        assert figure(probability, label, weight) == pytest.approx(figure(probability[rows], label[rows]))
    assert metrics.filled_above(probability, label, [0.55], weight) == [
        pytest.approx(one) for one in metrics.filled_above(probability[rows], label[rows], [0.55])
    ]


def test_what_is_filled_above_a_threshold_is_counted_row_by_row():
    probability, label, _ = drawn_rows()
    found = metrics.filled_above(probability, label, [0.4, 0.7, 1.0])
    for one in found:
        right = [
            row.argmax() == true
            for row, true in zip(probability, label, strict=True)
            if row.max() >= one.min_probability
        ]

        assert (one.share, one.accuracy) == (len(right) / 200, pytest.approx(sum(right) / len(right)))


def test_where_nothing_is_filled_nothing_is_right_or_wrong():
    assert metrics.filled_above(PROBABILITY, LABEL, [0.95]) == [(0.95, 0.0, None)]


def test_the_curve_ends_with_all_rows_filled_and_each_of_its_points_is_a_threshold():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.5, 1.0, 1000)
    probability, label = np.column_stack([p, 1 - p]), (rng.random(1000) > p).astype(int)
    curve = metrics.fill_curve(probability, label)

    assert [one.share for one in curve] == pytest.approx(np.arange(1, 21) / 20)
    assert curve[-1].accuracy == pytest.approx(metrics.accuracy(probability, label))
    assert curve == metrics.filled_above(probability, label, [one.min_probability for one in curve])


def test_rows_that_are_equally_sure_are_one_point_of_the_curve():
    assert metrics.fill_curve(np.tile([0.6, 0.4], (100, 1)), np.repeat([0, 1], [60, 40])) == [(0.6, 1.0, 0.6)]


def test_a_bin_of_rows_that_were_asked_twice_has_the_interval_of_half_as_many():
    bins = [metrics.Bin(80, 0.9, 0.8), metrics.Bin(40, 0.7, 0.6)]

    assert metrics.bin_intervals(bins, 120) == [metrics.wilson_interval(0.8, 80), metrics.wilson_interval(0.6, 40)]
    assert metrics.bin_intervals(bins, 60) == [metrics.wilson_interval(0.8, 40), metrics.wilson_interval(0.6, 20)]


def test_overdispersion_is_the_chi_square_of_the_table_of_parts_by_its_degrees_of_freedom():
    from scipy.stats import chi2_contingency

    right, part = np.repeat([True, False] * 3, [90, 10, 70, 30, 120, 80]), np.repeat([0, 1, 2], [100, 100, 200])
    expected = chi2_contingency([[90, 10], [70, 30], [120, 80]], correction=False).statistic / 2

    assert metrics.overdispersion(right, part) == pytest.approx(expected)


def test_parts_that_differ_by_chance_are_not_overdispersed():
    rng = np.random.default_rng(0)
    part = np.repeat(np.arange(5), 100)
    found = [metrics.overdispersion(rng.random(500) < 0.8, part) for _ in range(500)]

    # One in a thousand may be taken for more than chance: of five hundred five or more once in five thousand times.
    assert np.count_nonzero(np.array(found) > 1.0) < 5
    assert min(found) == 1.0
