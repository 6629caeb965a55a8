"""Pictures show the numbers of the report."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from reported import SVG, n_bars, n_markers, parts, places, report_of
from reported import drawn as drawn_labels
from scipy import special, stats

from em_impute.metrics import wilson_interval
from em_impute.report.pictures.accuracy import coverage_picture, fill_curve, reliability_picture
from em_impute.report.pictures.features import known_and_missing_pictures, label_pictures
from em_impute.report.pictures.figures import draw
from em_impute.report.pictures.groups import labels_in_groups
from em_impute.report.pictures.path import path_picture
from em_impute.report.pictures.plane import ellipse, plane_picture
from em_impute.report.pictures.predictor import gaussian, predictor_picture, turning_points
from em_impute.report.pictures.totals import sensitivity_picture, totals_picture

# Labels


def listed(*counts):
    return [{"label": f"l{i}", "known": n, "filled": 1} for i, n in enumerate(counts)]


def test_up_to_eight_labels_are_shown_by_themselves_in_their_order():
    assert [(one.name, one.labels, one.k) for one in labels_in_groups(listed(1, 9, 5))] == [
        ("l0", ("l0",), 0),
        ("l1", ("l1",), 1),
        ("l2", ("l2",), 2),
    ]
    assert len(labels_in_groups(listed(*range(8)))) == 8


def test_of_many_labels_the_rarer_ones_share_a_look():
    *single, others = labels_in_groups(listed(*range(100)))

    assert [one.name for one in single] == [f"l{i}" for i in range(93, 100)]
    assert others.name == "93 further labels"
    assert others.labels == tuple(f"l{i}" for i in range(93))


# Where one measurement decides


def test_bars_are_drawn_for_every_bin_that_holds_rows(heights):
    (shown,) = heights["pictures"]["histograms"]
    drawn = parts(predictor_picture("p", heights, labels_in_groups(heights["labels"])))

    for k, label in enumerate(["female", "male"]):
        assert n_bars(drawn[f"known-{k}"]) == np.count_nonzero(shown["known"][label])
        assert n_bars(drawn[f"filled-{k}"]) == np.count_nonzero(shown["filled"][label])


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


def test_the_caption_says_where_the_guess_turns(heights):
    curve = heights["pictures"]["curve"]
    picture = predictor_picture("p", heights, labels_in_groups(heights["labels"]))
    found = float(re.search(r"turns at ([\d.]+): below it cells become female, above it male", picture.caption)[1])

    assert np.interp(found, curve["x"], curve["probability"]["male"]) == pytest.approx(0.5, abs=0.05)


def test_a_report_whose_only_measurement_has_no_curve_is_drawn_without_one(heights):
    report = {**heights, "pictures": {**heights["pictures"], "curve": None}}

    assert "probability-0" in parts(predictor_picture("p", heights, labels_in_groups(heights["labels"])))
    assert "probability-0" not in parts(predictor_picture("p", report, labels_in_groups(heights["labels"])))


def test_rows_that_were_left_empty_have_bars_of_their_own(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"{'ab'[i] if rng.random() < 0.7 else ''},{rng.normal() + i}" for i in rng.integers(0, 2, 200)]
    report = report_of(tmp_path, "g,x\n" + "\n".join(rows) + "\n", min_probability=0.95)
    (shown,) = report["pictures"]["histograms"]
    picture = predictor_picture("p", report, labels_in_groups(report["labels"]))

    assert n_bars(parts(picture)["filled--1"]) == np.count_nonzero(shown["left_empty"]) > 0


# Where several do


def test_every_point_of_the_plane_is_a_marker(penguins):
    plane = penguins["pictures"]["plane"]
    drawn = parts(plane_picture("p", penguins, labels_in_groups(penguins["labels"])))

    for k, label in enumerate(["female", "male"]):
        assert n_markers(drawn[f"known-{k}"]) == len(plane["known"][label])
        assert n_markers(drawn[f"filled-{k}"]) == len(plane["filled"][label])


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_an_ellipse_lies_where_its_share_of_a_gaussian_ends(share):
    covariance, mean = np.array([[4.0, -1.5], [-1.5, 1.0]]), np.array([3.0, -2.0])

    outline = ellipse({"mean": mean.tolist(), "covariance": covariance.tolist()}, share)
    distance = np.einsum("ni,ij,nj->n", outline - mean, np.linalg.inv(covariance), outline - mean)

    assert distance == pytest.approx(np.full(len(outline), stats.chi2(2).ppf(share)))


def test_points_far_off_stand_at_the_edge_and_are_counted():
    rng = np.random.default_rng(0)
    near = rng.normal(size=(99, 2)).tolist()
    plane = {
        "axes": [{"name": name, "coefficients": {name: 1.0}} for name in "xy"],
        "known": {"a": [*near, [1e6, 0.0]]},
        "filled": {"a": []},
        "left_empty": [],
        "of": {"known": 100, "missing": 0},
        "em": [{"label": "a", "weight": 1.0, "mean": [0.0, 0.0], "covariance": [[1.0, 0.0], [0.0, 1.0]]}],
        "labels_only": None,
    }
    report = {"pictures": {"plane": plane}, "features": {"used": []}}
    picture = plane_picture("p", report, labels_in_groups([{"label": "a", "known": 100, "filled": 0}]))
    x = [float(one.get("x")) for one in parts(picture)["known-0"].iter(f"{SVG}use")]

    assert "1 far-off row stands at the edge" in picture.caption
    assert np.std(sorted(x)[:-1]) > 50  # the others still fill the picture


def test_each_measurement_is_drawn_by_label_and_by_missingness(penguins):
    groups = labels_in_groups(penguins["labels"])

    assert len(label_pictures("l", penguins, groups)) == len(known_and_missing_pictures("k", penguins)) == 5
    (first, *_) = penguins["pictures"]["histograms"]
    for picture, shown in zip(
        known_and_missing_pictures("k", penguins), penguins["pictures"]["histograms"], strict=True
    ):
        known = np.sum(list(shown["known"].values()), axis=0)
        assert n_bars(parts(picture)["known"]) == np.count_nonzero(known)
    assert first["feature"] in label_pictures("l", penguins, groups)[0].svg


# On narrow screens, and in legends


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


@pytest.mark.parametrize("which", ["heights", "penguins"])
def test_every_text_of_the_narrow_drawing_has_room(request, which):
    picture = draw(request.getfixturevalue(which), "r").main
    narrow = next(one for one in ET.fromstring(picture.svg).iter() if one.get("class") == "on-narrow")  # noqa: S314
    width, height = map(float, narrow.get("viewBox").split()[2:])

    assert (width, height) == pytest.approx(picture.sizes[1])
    for text in narrow.iter(f"{SVG}text"):
        x, y, size = (float(text.get(key)) for key in ("x", "y", "font-size"))
        assert 0 <= x <= width
        assert size <= y <= height


def said_in_legend(picture):
    return [one.said for one in picture.keys if not one.is_name]


def test_a_legend_names_what_there_is(heights, penguins, faithful):
    of_all = ["learnt by EM from all rows", "from labelled rows alone"]
    none_filled = {**penguins, "pictures": {**penguins["pictures"]}}
    none_filled["pictures"]["plane"] = {**penguins["pictures"]["plane"], "filled": {}}

    assert said_in_legend(draw(heights, "r").main) == ["known", "filled in", *of_all]
    assert said_in_legend(draw(penguins, "r").main) == ["known", "filled in", *of_all]
    assert said_in_legend(draw(drawn_labels(penguins, 3), "r").main) == ["known", "drawn", *of_all]
    assert said_in_legend(draw(none_filled, "r").main) == ["known", *of_all]
    assert said_in_legend(draw(faithful, "r").main) == ["filled in", of_all[0]]
    assert {one.kind for one in draw(faithful, "r").main.keys if one.is_name} == {"hollow"}


def test_the_caption_says_that_labels_were_drawn(heights, penguins):
    for report in (heights, penguins):
        assert "drawn" not in draw(report, "r").main.caption.replace("Drawn are", "")
        assert "had their label drawn by its probability" in draw(drawn_labels(report), "r").main.caption
        assert "the first of 5 files" in draw(drawn_labels(report, 5), "r").main.caption
    assert "below it female is more probable, above it male" in draw(drawn_labels(heights), "r").main.caption


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


def test_what_guessing_would_give_is_drawn_unless_it_would_squeeze_the_curve(heights):
    near = coverage_picture("c", heights["accuracy"])
    far = coverage_picture("c", {**heights["accuracy"], "baseline_accuracy": 0.04})

    assert "baseline" in parts(near)
    assert "baseline" not in parts(far)
    assert "at 4.0 %, always saying the most common label is right" in far.caption
    assert [one.kind for one in far.keys] == ["line", "band"]


# EM, totals, what if


def test_every_start_of_em_is_a_line(faithful):
    plain = faithful["plain_em"]
    drawn = parts(path_picture("p", plain))
    others = [one for one in plain["starts"] if one != plain["path"]]

    assert sum(name.startswith("start-") for name in drawn) == len(others) > 0
    assert len(drawn["steps"].findall(f".//{SVG}use")) == len(plain["path"])


def test_the_four_ways_of_counting_are_written_for_each_label(heights):
    picture = totals_picture("t", heights["totals"], labels_in_groups(heights["labels"]))
    totals = heights["totals"]
    said = parts(picture)["description"].text

    assert f"female: known only {100 * 324 / 654:.1f} %" in said
    assert f"expected {100 * totals['expected']['male'] / 934:.1f} %" in said
    assert f"drawn, 95 % {100 * totals['multiple_imputation']['male']['estimate'] / 934:.1f} %" in said


def test_an_interval_is_as_long_as_its_share(heights):
    totals = heights["totals"]
    drawn = parts(totals_picture("t", totals, labels_in_groups(heights["labels"])))
    lengths = [np.ptp(places(drawn[f"interval-{k}"])[:, 0]) for k in (0, 1)]
    expected = [one["high"] - one["low"] for one in totals["multiple_imputation"].values()]

    assert lengths[0] / lengths[1] == pytest.approx(expected[0] / expected[1], rel=1e-3)


def test_the_sweep_has_a_line_through_every_delta(heights):
    section = heights["sensitivity"]
    picture = sensitivity_picture("s", section, labels_in_groups(heights["labels"]))
    (swept,) = section["sweeps"]
    line = places(parts(picture)["label-0"])

    assert (
        np.corrcoef(line[:, 1], np.interp(line[:, 0], np.linspace(line[0, 0], line[-1, 0], 9), swept["share"]))[0, 1]
        < -0.999
    )


def test_the_less_common_labels_do_not_stretch_the_axis_of_the_shares():
    names = [f"l{i}" for i in range(30)]
    counts = dict.fromkeys(names, 10.0)
    totals = {"known": counts, "most_probable": counts, "expected": counts}
    labels = [{"label": one, "known": 10, "filled": 0} for one in names]
    picture = totals_picture("t", totals, labels_in_groups(labels))

    assert "further" not in picture.svg
    assert parts(picture)["description"].text.count("expected 3.3 %") == 7
