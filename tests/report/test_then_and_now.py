"""Two distributions in the same bins, against numpy's histogram of the rows themselves; and how they are drawn."""

import numpy as np
import pytest

from em_impute.report.build.saved_model import common_bins
from em_impute.saved_model.distributions import count_numbers, describe_numbers


def binned(training, new):
    then = describe_numbers(training)
    return common_bins(then, count_numbers(then, new))


@pytest.mark.parametrize("shift", [0, 3])
def test_few_values_are_counted_as_a_histogram_of_the_rows_counts_them(shift):
    rng = np.random.default_rng(2)
    training, new = (rng.integers(0, 7, n).astype(float) for n in (500, 300))

    edges, then, now = binned(training, new + shift)

    assert then == pytest.approx(np.histogram(training, edges)[0] / 500)
    within = (new + shift >= 0) & (new + shift <= 6)
    inside = edges[:-1] + 0.5 * np.diff(edges)
    exact = np.histogram((new + shift)[within], edges)[0] / 300
    known = (inside > 0) & (inside < 6)
    assert now[known] == pytest.approx(exact[known])  # beyond the training only the ends of the rows are known


def test_a_measurement_is_counted_to_within_a_cell():
    rng = np.random.default_rng(3)
    training, new = rng.normal(170.0, 9.0, 4000), rng.normal(176.0, 9.0, 3000)

    edges, then, now = binned(training, new)

    widths = np.diff(edges)
    assert widths == pytest.approx(np.full(widths.size, widths[0]))
    assert (then.sum(), now.sum()) == pytest.approx((1.0, 1.0))
    for rows, shares in ((training, then), (new, now)):
        inside = np.clip(rows, edges[0], edges[-1])
        # A cell holds 1 % of the training and up to twice that of the new rows; an edge may cut it anywhere.
        assert np.abs(shares - np.histogram(inside, edges)[0] / rows.size).max() < 0.02


def test_a_row_far_out_does_not_squeeze_the_others_into_one_bin():
    training = np.linspace(0.0, 1.0, 400)

    edges, then, now = binned(training, np.append(training, 1e9))

    assert edges[-1] < 3.0
    assert np.count_nonzero(then) > 8
    assert now.sum() == pytest.approx(1.0)
