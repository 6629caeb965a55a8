"""Pictures survive odd numbers, old reports and odd machines."""

import math
import os
import re
import subprocess
import sys

import pytest
from matplotlib import rc_context

from em_impute.report.pictures.features import known_and_missing_pictures, label_pictures
from em_impute.report.pictures.figures import draw
from em_impute.report.pictures.groups import labels_in_groups
from em_impute.report.pictures.predictor import predictor_picture


def test_what_a_report_lacks_is_not_drawn(heights):
    bare = {**heights, "pictures": None, "plain_em": None, "accuracy": None, "sensitivity": None}
    drawn = draw(bare, "r")

    assert [drawn.main, drawn.path, drawn.reliability, drawn.coverage, drawn.sensitivity] == [None] * 5
    assert drawn.known_and_missing == drawn.by_label == []
    assert drawn.totals is not None


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
        ([0.0, 5e-324, 1e-323], 5e-324, 5e-324),
        ([-1.7e308, 0.0, 1.7e308], None, None),
        ([1e15, 1e15 + 1, 1e15 + 2], 1e15, 1.0),
    ],
    ids=["constant", "denormal", "largest", "far from zero"],
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
