"""Two distributions in the same bins, against numpy's histogram of the rows themselves; and how they are drawn."""

import numpy as np
import pytest
from reported import n_bars, parts, places

from em_impute.report.pictures.features import then_and_now_pictures
from em_impute.report.then_and_now import common_bins
from em_impute.saved.distribution import count_numbers, describe_numbers


def binned(training, new):
    then = describe_numbers(training)
    return common_bins(then, count_numbers(then, new))


@pytest.mark.parametrize("shift", [0, 3, -2, 9])
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


@pytest.mark.parametrize("training", [np.full(20, 5.0), np.array([-1.7e308, 1.7e308] * 10)])
def test_what_cannot_be_laid_out_is_left_out(training):
    assert binned(training, training) is None


def test_the_area_shows_the_rows_of_the_training_and_the_line_those_here(taller):
    (shown,) = taller["applied"]["moved"]
    (picture,) = then_and_now_pictures("p", taller["applied"])
    drawn = parts(picture)

    assert n_bars(drawn["known"]) == np.count_nonzero(shown["then"])
    heights = places(drawn["missing"])[:, 1]
    bottom, top = heights.max(), heights.min()
    assert (bottom - heights)[1:-1:2] / (bottom - top) == pytest.approx(
        np.array(shown["now"]) / max(shown["now"]), abs=0.01
    )
    assert [key.said for key in picture.keys] == ["rows the model learnt from", "rows here"]


def test_the_picture_says_in_words_where_the_middles_lie(taller):
    (picture,) = then_and_now_pictures("p", taller["applied"])
    (one,) = taller["applied"]["drift"]["predictors"]
    width = np.diff(taller["applied"]["moved"][0]["edges"])[0]
    said = picture.svg.partition("Median of height: ")[2].partition(".</desc>")[0]
    then, now = (float(part.split()[0]) for part in said.split(", "))

    assert (then, now) == pytest.approx((one["then"]["median"], one["now"]["median"]), abs=width)


def test_nothing_is_drawn_of_a_fit(heights):
    assert then_and_now_pictures("p", heights.get("applied")) == []
