"""Charts survive odd numbers and reports that lack much."""

import math
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from reported import typed

from em_impute.diagnostics.values import FeatureHistogram
from em_impute.report.charts.charts import draw, known_and_missing_charts
from em_impute.report.charts.looks import labels_in_groups
from em_impute.report.charts.main import predictor_chart
from em_impute.report.model.fit import Label
from em_impute.serialize.classes import from_json


def test_what_a_report_lacks_is_not_drawn(heights):
    bare = replace(typed(heights), pictures=None, plain_em=None, accuracy=None)

    assert not any(draw(bare, "r").values())


def one_measurement(edges, known, filled, left_empty=None):
    """A predictor in bins, by label."""
    return from_json(
        FeatureHistogram,
        {
            "feature": "x",
            "edges": edges,
            "beyond": [0, 0],
            "known": known,
            "filled": filled,
            "left_empty": left_empty or [0] * (len(edges) - 1),
        },
    )


def groups_of(names, known, filled):
    """Labels with so many rows each."""
    label = {"known": known, "filled": filled, "share_known": None, "share_expected": 0.0}
    return labels_in_groups([from_json(Label, {"label": name, **label}) for name in names])


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
def test_numbers_of_any_size_give_a_chart_and_no_warning(edges, mean, sd):
    counts = [3] * (len(edges) - 1)
    histograms = [one_measurement(edges, {"a": counts}, {"a": counts})]
    fitted = SimpleNamespace(label="a", weight=1.0, mean={"x": mean}, sd={"x": sd})
    fits, groups = {"parameters": [fitted]}, groups_of("a", sum(counts), sum(counts))
    drawn = [predictor_chart("p", histograms, None, fits, groups), *known_and_missing_charts("k", histograms)]

    assert len(drawn) == 2
    for chart in drawn:
        assert not re.search(r"\b(nan|inf)\b", chart.svg)
        numbers = [float(one) for one in re.findall(r'(?:\bx|\by)="([^"]*)"', chart.svg)]
        assert all(math.isfinite(one) and -50 <= one <= 800 for one in numbers)


def test_rows_left_empty_have_bars_of_their_own_beside_those_of_many_labels(heights):
    """Both have the look of what is no label by itself."""
    names = [f"l{i}" for i in range(10)]
    shown = one_measurement([0.0, 1.0, 2.0], {name: [3, 1] for name in names}, {name: [1, 0] for name in names}, [2, 0])
    chart = predictor_chart("p", [shown], None, {}, groups_of(names, 4, 1))
    ids = re.findall(r'id="([^"]*)"', chart.svg)

    assert len(ids) == len(set(ids))
    assert "left empty: 2 rows" in chart.svg
    assert "3 further labels: 12 known, 3 filled in" in chart.svg
