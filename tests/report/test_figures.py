"""Pictures show the numbers of the report."""

import re

import numpy as np
import pytest
from reported import SVG, n_bars, n_markers, parts, places
from scipy import special, stats

from em_impute.ensemble.metrics import wilson_interval
from em_impute.report.pictures.accuracy import coverage_picture, fill_curve, reliability_picture
from em_impute.report.pictures.figures import draw
from em_impute.report.pictures.groups import labels_in_groups
from em_impute.report.pictures.plane import ellipse
from em_impute.report.pictures.predictor import gaussian, predictor_picture, turning_points

# Labels


# Where one measurement decides


def test_the_area_of_the_bars_is_the_number_of_rows(heights):
    (shown,) = heights["pictures"]["histograms"]
    drawn = parts(predictor_picture("p", heights, labels_in_groups(heights["labels"])))
    area = {}
    for k, label in enumerate(["female", "male"]):
        (path,) = drawn[f"known-{k}"].iter(f"{SVG}path")
        bars = [np.array(re.findall(r"[\d.]+", one), float).reshape(-1, 2) for one in path.get("d").split("z")[:-1]]
        area[label] = sum(np.ptp(bar[:, 0]) * np.ptp(bar[:, 1]) for bar in bars)

    assert area["male"] / area["female"] == pytest.approx(
        sum(shown["known"]["male"]) / sum(shown["known"]["female"]), rel=1e-3
    )


def test_a_gaussian_over_the_bars_holds_as_many_rows_as_its_share():
    fitted = {"weight": 0.4, "mean": {"x": 5.0}, "sd": {"x": 2.0}}
    edges = np.linspace(-15, 25, 81)

    x, y = gaussian(edges, fitted, "x", 500.0)

    assert y.sum() * (x[1] - x[0]) / 0.5 == pytest.approx(200, rel=1e-6)
    assert y.max() == pytest.approx(500 * 0.4 * 0.5 * stats.norm(5, 2).pdf(5), rel=1e-3)


def test_the_guess_turns_where_two_probabilities_cross():
    x = np.linspace(0, 6, 61)
    curve = {
        "x": x.tolist(),
        "probability": {"a": special.expit(3.02 - x).tolist(), "b": special.expit(x - 3.02).tolist()},
    }

    assert turning_points(curve) == [(pytest.approx(3.05), "a", "b")]


# Where several do


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_an_ellipse_lies_where_its_share_of_a_gaussian_ends(share):
    covariance, mean = np.array([[4.0, -1.5], [-1.5, 1.0]]), np.array([3.0, -2.0])

    outline = ellipse({"mean": mean.tolist(), "covariance": covariance.tolist()}, share)
    distance = np.einsum("ni,ij,nj->n", outline - mean, np.linalg.inv(covariance), outline - mean)

    assert distance == pytest.approx(np.full(len(outline), stats.chi2(2).ppf(share)))


# On narrow screens


@pytest.mark.parametrize("which", ["heights", "penguins"])
def test_the_main_picture_is_drawn_for_narrow_screens_with_the_same_rows(request, which):
    report = request.getfixturevalue(which)
    picture = draw(report, "r").main
    drawn = parts(picture)

    assert [width for width, _ in picture.sizes] == [720, 360]
    for k in range(len(report["labels"])):
        for kind in ("known", "filled"):
            wide, narrow = drawn[f"{kind}-{k}"], drawn[f"narrow-{kind}-{k}"]
            assert (n_bars(wide), n_markers(wide)) == (n_bars(narrow), n_markers(narrow))
            assert n_bars(wide) + n_markers(wide) > 0


# How right


def test_each_bin_is_a_point_between_the_ends_of_its_interval(heights):
    bins = heights["accuracy"]["reliability"]
    drawn = parts(reliability_picture("r", heights["accuracy"]))
    markers = [(float(one.get("x")), float(one.get("y"))) for one in drawn["bins"].iter(f"{SVG}use")]
    intervals = places(drawn["intervals"]).reshape(-1, 2, 2)
    scale = np.polyfit([one["accuracy"] for one in bins], [y for _, y in markers], 1)
    expected = [[np.polyval(scale, end) for end in wilson_interval(one["accuracy"], one["rows"])] for one in bins]

    assert len(markers) == len(bins) == n_bars(drawn["counts"])
    assert intervals[:, :, 1] == pytest.approx(np.array(expected), abs=0.05)
    assert np.diff([x for x, _ in markers]).min() >= 0


def test_the_curve_of_what_is_filled_ends_at_the_accuracy_of_all(heights):
    curve = fill_curve(heights["accuracy"])

    assert curve[-1]["share"] == 1
    assert curve[-1]["right"] == pytest.approx(heights["accuracy"]["accuracy"])
    assert (curve[-1]["low"], curve[-1]["high"]) == pytest.approx(heights["accuracy"]["interval"])
    assert np.diff([one["share"] for one in curve]).min() > 0
    assert len(places(parts(coverage_picture("c", heights["accuracy"]))["right"])) == len(curve)


# EM, totals, what if
