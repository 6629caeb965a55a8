"""Charts show the numbers of the report."""

import re

import numpy as np
import pytest
from reported import markers, n_bars, parts, places, typed
from scipy import special, stats

from em_impute.diagnostics.values import Plane, PosteriorCurve
from em_impute.ensemble.metrics import wilson_interval
from em_impute.report.charts.charts import coverage_chart, draw, reliability_chart
from em_impute.report.charts.looks import Group
from em_impute.report.charts.main import ellipse, gaussian, scatter_chart, turning_points
from em_impute.serialize.classes import from_json

# Where one predictor decides


def test_the_area_of_the_bars_is_the_number_of_rows(heights):
    (shown,) = heights["pictures"]["histograms"]
    drawn = parts(*draw(typed(heights), "r")["main"])
    area = {}
    for k, label in enumerate(["female", "male"]):
        outlines = drawn[f"known-{k}"].get("d").split("z")[:-1]
        bars = [np.array(re.findall(r"[\d.]+", one), float).reshape(-1, 2) for one in outlines]
        area[label] = sum(np.ptp(bar[:, 0]) * np.ptp(bar[:, 1]) for bar in bars)

    assert area["male"] / area["female"] == pytest.approx(
        sum(shown["known"]["male"]) / sum(shown["known"]["female"]), rel=1e-3
    )


def test_a_gaussian_over_the_bars_holds_as_many_rows_as_its_share():
    x, y = gaussian(np.linspace(-15, 25, 81), 0.4, 5.0, 2.0, 500.0)

    assert y.sum() * (x[1] - x[0]) / 0.5 == pytest.approx(200, rel=1e-6)
    assert y.max() == pytest.approx(500 * 0.4 * 0.5 * stats.norm(5, 2).pdf(5), rel=1e-3)


def test_the_guess_turns_where_two_probabilities_cross():
    x = np.linspace(0, 6, 61)
    curve = {
        "feature": "x",
        "x": x.tolist(),
        "probability": {"a": special.expit(3.02 - x).tolist(), "b": special.expit(x - 3.02).tolist()},
    }

    assert turning_points(from_json(PosteriorCurve, curve)) == [pytest.approx(3.05)]


# Where several do


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_an_ellipse_lies_where_its_share_of_a_gaussian_ends(share):
    covariance, mean = np.array([[4.0, -1.5], [-1.5, 1.0]]), np.array([3.0, -2.0])

    outline = ellipse(mean, covariance, share)
    distance = np.einsum("ni,ij,nj->n", outline - mean, np.linalg.inv(covariance), outline - mean)

    assert distance == pytest.approx(np.full(len(outline), stats.chi2(2).ppf(share)))


def in_a_plane(n_rows, **more):
    """Rows of two labels, of which some may lie far out, and of a third one."""
    rng = np.random.default_rng(1)
    known = {label: rng.normal(5 * k, 1, (n_rows, 2)).tolist() for k, label in enumerate("ab")}
    known["b"] += more.pop("far", [])
    known["c"] = more.pop("third", [])
    axes = [{"name": name, "coefficients": {name: 1.0}} for name in "xy"]
    of = {"known": sum(map(len, known.values())), "missing": 0}
    plane = {"axes": axes, "known": known, "filled": {}, "left_empty": [], "of": of, "em": [], "labels_only": None}
    groups = tuple(Group(label, (label,), k) for k, label in enumerate("abc"))
    return scatter_chart("p", from_json(Plane, plane | more), [], groups)


def test_axes_follow_the_bulk_and_rows_far_out_stand_at_the_edge():
    alone, beside = in_a_plane(100), in_a_plane(100, far=[[1000.0, -1000.0], [1000.0, 3.0]])
    spread = [np.ptp(markers(parts(chart)["known-0"]), axis=0) for chart in (alone, beside)]

    assert (spread[1] > 0.6 * spread[0]).all()
    assert "far-off" not in alone.caption
    assert "2 far-off rows stand at the edge" in beside.caption
    assert "1 far-off row stands at the edge" in in_a_plane(100, far=[[1000.0, 3.0]]).caption


def test_a_label_of_several_rows_is_not_left_out_however_far_it_lies():
    third = np.random.default_rng(2).normal(60, 1, (6, 2)).tolist()

    assert "far-off" not in in_a_plane(100, third=third).caption
    assert "2 far-off rows" in in_a_plane(100, third=third[:2]).caption


def test_ellipses_do_not_stretch_the_axes_and_end_at_the_edge_of_the_panel():
    wide = {"label": "a", "mean": [0.0, 0.0], "covariance": [[400.0, 0.0], [0.0, 400.0]]}
    alone, beside = parts(in_a_plane(100)), parts(in_a_plane(100, em=[wide]))

    assert np.ptp(markers(beside["known-0"])[:, 0]) > 0.6 * np.ptp(markers(alone["known-0"])[:, 0])
    assert "em-0-95" not in beside


# How right


def test_each_bin_is_a_point_between_the_ends_of_its_interval(heights):
    bins = heights["accuracy"]["reliability"]
    drawn = parts(reliability_chart("r", typed(heights).accuracy))
    points, intervals = markers(drawn["bins"]), places(drawn["intervals"]).reshape(-1, 2, 2)
    scale = np.polyfit([one["accuracy"] for one in bins], points[:, 1], 1)
    expected = [[np.polyval(scale, end) for end in wilson_interval(one["accuracy"], one["rows"])] for one in bins]

    assert len(points) == len(bins)
    assert intervals[:, :, 1] == pytest.approx(np.array(expected), abs=0.05)
    assert intervals[:, 0, 0] == pytest.approx(points[:, 0])
    assert np.diff(points[:, 0]).min() >= 0


def test_the_curve_of_what_is_filled_ends_at_the_accuracy_of_all(heights):
    curve, drawn = heights["accuracy"]["curve"], parts(coverage_chart("c", typed(heights).accuracy))
    right, band = places(drawn["right"]), places(drawn["interval"])
    scale = np.polyfit([one["accuracy"] for one in curve], right[:, 1], 1)
    ends = [np.polyval(scale, end) for end in heights["accuracy"]["interval"]]

    assert (len(right), curve[-1]["accuracy"]) == (len(curve), pytest.approx(heights["accuracy"]["accuracy"]))
    assert band[len(curve) - 1 : len(curve) + 1, 1] == pytest.approx(ends, abs=0.05)


def test_filled_rows_are_hatched_upon_the_known_ones(heights):
    (shown,) = heights["pictures"]["histograms"]
    drawn = parts(*draw(typed(heights), "r")["main"])

    for k, label in enumerate(["female", "male"]):
        assert n_bars(drawn[f"known-{k}"]) == np.count_nonzero(shown["known"][label])
        assert n_bars(drawn[f"filled-{k}"]) == np.count_nonzero(shown["filled"][label])
        assert drawn[f"filled-{k}"].get("fill") == f"url(#r-predictor-hatch-label-{k})"
