"""The area under the ROC curve: by loops over pairs, and its interval by simulation."""

import numpy as np
import pytest

from em_impute.ensemble.metrics import wilson_interval
from em_impute.missingness.missingness import area_under_curve


def one_fold(size):
    return np.zeros(size, dtype=int)


def naive_area(score, positive, weight, fold):
    """Compare every positive row with every other row of its fold."""
    by_row, total = [], 0.0
    for i in np.flatnonzero(positive):
        others = [j for j in np.flatnonzero(~positive) if fold[j] == fold[i]]
        won = sum(weight[j] * (1.0 if score[i] > score[j] else 0.5 if score[i] == score[j] else 0.0) for j in others)
        by_row.append(weight[i] * won / sum(weight[j] for j in others))
        total += weight[i]
    return sum(by_row) / total


@pytest.mark.parametrize("decimals", [8, 0], ids=["no-ties", "ties"])
@pytest.mark.parametrize("n_folds", [1, 3])
def test_the_area_is_the_share_of_pairs_within_folds_that_are_in_order(n_folds, decimals):
    rng = np.random.default_rng(1)
    positive = rng.random(90) < 0.4
    score = np.round(rng.normal(size=90) + positive, decimals)
    weight, fold = rng.uniform(0.5, 2.0, 90), rng.integers(0, n_folds, 90)

    area, (low, high) = area_under_curve(score, positive, weight, fold)

    assert area == pytest.approx(naive_area(score, positive, weight, fold), rel=1e-12)
    assert 0 < low < area < high < 1


def test_the_interval_is_that_of_delong_on_the_scale_of_log_odds():
    # Oracle: the formula of DeLong et al. (1988) with its matrix of pairs.
    rng = np.random.default_rng(2)
    positive = np.arange(100) < 35
    score = np.round(rng.normal(size=100) + 0.8 * positive, 1)

    area, (low, high) = area_under_curve(score, positive, np.ones(100), one_fold(100))

    won = 0.5 * (np.sign(score[positive][:, None] - score[~positive]) + 1.0)  # (n_positive, n_other)
    deviation = np.sqrt(won.mean(axis=1).var(ddof=1) / 35 + won.mean(axis=0).var(ddof=1) / 65)
    half = 1.959964 * deviation / (area * (1 - area))
    expected = 1 / (1 + np.exp(-(np.log(area / (1 - area)) + np.array([-half, half]))))
    np.testing.assert_allclose([low, high], expected, rtol=1e-9)


def test_equal_weights_are_no_weights_and_noise_widens_by_the_folds_overlap():
    rng = np.random.default_rng(3)
    positive, fold = rng.random(200) < 0.5, rng.integers(0, 5, 200)
    score = rng.normal(size=200) + positive

    plain = area_under_curve(score, positive, np.ones(200), fold)
    scaled = area_under_curve(score, positive, np.full(200, 7.0), fold)
    noisy = area_under_curve(score, positive, np.ones(200), fold, noise=1.0)

    np.testing.assert_allclose([scaled[0], *scaled[1]], [plain[0], *plain[1]], rtol=1e-12)
    width, wider = (np.diff(np.log(np.array(one[1]) / (1 - np.array(one[1])))) for one in (plain, noisy))
    np.testing.assert_allclose(wider, 1.5 * width)  # √(1 + 5/4)


@pytest.mark.parametrize(
    ("score", "expected"),
    [([2.0, 2.0, 3.0, 0.0, 1.0], 1.0), ([0.0, 0.0, 0.0, 1.0, 1.0], 0.0), ([0.3] * 5, 0.5)],
    ids=["all-in-order", "all-reversed", "all-equal"],
)
def test_an_area_without_variance_has_the_interval_of_a_share(score, expected):
    area, interval = area_under_curve(np.array(score), np.arange(5) < 3, np.full(5, 0.7), one_fold(5))

    assert area == expected
    assert interval == pytest.approx(wilson_interval(expected, 2))
