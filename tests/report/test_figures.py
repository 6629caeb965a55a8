"""Pictures show the numbers of the report, in colours that everybody tells apart, and survive odd numbers."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from builders import opened_table, silent
from matplotlib import rc_context
from scipy import special, stats

from em_impute.impute import complete_all
from em_impute.metrics import wilson_interval
from em_impute.report.build import build_report
from em_impute.report.fit_report import to_json
from em_impute.report.pictures.accuracy import coverage_picture, fill_curve, reliability_picture
from em_impute.report.pictures.features import known_and_missing_pictures, label_pictures
from em_impute.report.pictures.figures import draw
from em_impute.report.pictures.groups import labels_in_groups
from em_impute.report.pictures.palette import COLOURS, N_LABELS, css_colours, label_colour, label_dash, label_marker
from em_impute.report.pictures.path import path_picture
from em_impute.report.pictures.plane import ellipse, plane_picture
from em_impute.report.pictures.predictor import gaussian, predictor_picture, turning_points
from em_impute.report.pictures.totals import sensitivity_picture, totals_picture

SAMPLES = Path(__file__).parents[2] / "sample_data"

SVG = "{http://www.w3.org/2000/svg}"


def report_of(folder, content, column="g", **options):
    with opened_table(folder, content, column, **options) as (opened, request):
        (completion,) = complete_all(opened, request, silent)
        return json.loads(to_json(build_report(opened, completion, request, "em-impute fill", None)))


@pytest.fixture(scope="module")
def heights(tmp_path_factory):
    return report_of(tmp_path_factory.mktemp("heights"), (SAMPLES / "heights.csv").read_bytes(), "gender")


@pytest.fixture(scope="module")
def penguins(tmp_path_factory):
    return report_of(tmp_path_factory.mktemp("penguins"), (SAMPLES / "penguins.csv").read_bytes(), "sex")


@pytest.fixture(scope="module")
def faithful(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faithful")
    return report_of(folder, (SAMPLES / "faithful.csv").read_bytes(), "kind", labels=("short", "long"))


def parts(picture):
    root = ET.fromstring(picture.svg)  # noqa: S314  # what was drawn here
    name = root.get("aria-labelledby").split()[0].removesuffix("-title")
    return {
        element.get("id").removeprefix(f"{name}-"): element for element in root.iter() if element.get("id") is not None
    }


def n_bars(part):
    return sum(path.get("d").count("z") for path in part.iter(f"{SVG}path"))


def n_markers(part):
    return len(part.findall(f".//{SVG}use"))


def places(part):
    (path,) = part.iter(f"{SVG}path")
    numbers = [float(one) for one in re.findall(r"-?[\d.]+", path.get("d"))]
    return np.array(numbers).reshape(-1, 2)


# Colours


def luminance(colour):
    """Relative luminance of WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_of_black_on_white_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_labels_stand_out_from_the_paper_in_both_schemes(scheme):
    paper = getattr(COLOURS["paper"], scheme)
    seen = {name: contrast(getattr(colour, scheme), paper) for name, colour in COLOURS.items()}

    assert min(seen[f"label-{k}"] for k in range(N_LABELS)) >= 3
    assert seen["others"] >= 3
    assert min(seen["ink"], seen["muted"]) >= 4.5


def test_each_label_has_its_own_hue_marker_and_dash():
    k = range(N_LABELS + 1)

    assert (
        len({label_colour(i) for i in k}) == len({label_marker(i) for i in k}) == len({label_dash(i) for i in k}) == 9
    )
    assert label_colour(N_LABELS) == label_colour(N_LABELS + 50)


def test_each_colour_is_one_variable_in_both_schemes():
    css = css_colours()
    light, dark = re.findall(r":root\{([^}]*)\}", css)

    assert len({colour.light for colour in COLOURS.values()}) == len(COLOURS)
    assert {f"--{name}:{colour.light}" for name, colour in COLOURS.items()} == set(light.strip(";").split(";"))
    assert {f"--{name}:{colour.dark}" for name, colour in COLOURS.items()} == set(dark.strip(";").split(";"))


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


# Odd worlds


def test_what_a_report_lacks_is_not_drawn(heights):
    bare = {**heights, "pictures": None, "plain_em": None, "accuracy": None, "sensitivity": None}
    drawn = draw(bare, "r")

    assert [drawn.main, drawn.path, drawn.reliability, drawn.coverage, drawn.sensitivity] == [None] * 5
    assert drawn.known_and_missing == drawn.by_label == []
    assert drawn.totals is not None


def test_a_report_of_before_the_pictures_is_drawn_without_them(heights):
    old = {key: value for key, value in heights.items() if key not in {"pictures", "plain_em", "parts"}}

    assert draw(old, "r").main is None


def one_measurement(edges, known, filled, fitted=None):
    shown = {
        "feature": "x",
        "separation": None,
        "edges": edges,
        "beyond": [0, 0],
        "known": {"a": known},
        "filled": {"a": filled},
        "left_empty": [0] * len(known),
    }
    return {
        "pictures": {"histograms": [shown], "curve": None, "plane": None},
        "plain_em": fitted and {"features": ["x"], "parameters": [fitted], "labels_only": None},
        "labels": [{"label": "a", "known": sum(known), "filled": sum(filled)}],
    }


@pytest.mark.parametrize(
    ("edges", "mean", "sd"),
    [
        ([4.5, 5.5], 5.0, 0.0),
        ([-1e300, 0.0, 1e300], 1e299, 1e299),
        ([1e-300, 2e-300, 3e-300], 2e-300, 1e-300),
        ([0.0, 5e-324, 1e-323], 5e-324, 5e-324),
        ([-1.7e308, 0.0, 1.7e308], None, None),
        ([1e15, 1e15 + 1, 1e15 + 2], 1e15, 1.0),
        ([0.0, 1.0, 2.0], 1.0, 1e-300),
    ],
    ids=["constant", "huge", "tiny", "denormal", "largest", "far from zero", "hardly any spread"],
)
def test_numbers_of_any_size_give_a_picture_and_no_warning(edges, mean, sd):
    counts = [3] * (len(edges) - 1)
    report = one_measurement(edges, counts, counts, {"label": "a", "weight": 1.0, "mean": {"x": mean}, "sd": {"x": sd}})
    groups = labels_in_groups(report["labels"])
    drawn = [
        predictor_picture("p", report, groups),
        *label_pictures("l", report, groups),
        *known_and_missing_pictures("k", report),
    ]

    assert len(drawn) == 3
    for picture in drawn:
        assert not re.search(r"\b(nan|inf)\b", picture.svg)
        numbers = [float(one) for one in re.findall(r'(?:\bx|\by)="([^"]*)"', picture.svg)]
        assert all(math.isfinite(one) and -50 <= one <= 800 for one in numbers)


def test_one_label_and_no_label_known_and_no_cell_filled_are_drawn():
    for known, filled in ([3, 1], [0, 0]), ([0, 0], [2, 2]):
        report = one_measurement([0.0, 1.0, 2.0], known, filled)
        picture = predictor_picture("p", report, labels_in_groups(report["labels"]))

        assert f"a: {sum(known)} known, {sum(filled)} filled in" in picture.svg


def test_nothing_to_count_gives_no_picture():
    report = one_measurement([0.0, 1.0], [0], [0])

    assert predictor_picture("p", report, labels_in_groups(report["labels"])) is None


def test_the_same_report_gives_the_same_pictures(penguins):
    assert draw(penguins, "r1") == draw(penguins, "r1")


def test_settings_of_matplotlib_on_this_machine_change_nothing(heights):
    plain = draw(heights, "r1")
    with rc_context(
        {"text.usetex": True, "font.size": 30, "path.sketch": (1, 2, 3), "svg.fonttype": "path", "lines.linewidth": 9}
    ):
        assert draw(heights, "r1") == plain


@pytest.mark.pictures
def test_a_missing_folder_for_the_cache_of_matplotlib_is_not_spoken_of(tmp_path):
    environment = {**os.environ, "MPLCONFIGDIR": str(tmp_path / "file")}
    (tmp_path / "file").touch()
    code = "import em_impute.report.pictures.sheet"
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert (run.stdout, run.stderr) == ("", "")
