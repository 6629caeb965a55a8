"""How far counts of labels may lie outside of their intervals before that is told, and what fills are said to assume."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

import em_impute
from em_impute.report.build import warnings
from em_impute.report.model.findings import MissingReasons

INTERVALS = {"a": SimpleNamespace(low=172.0, high=188.0), "b": SimpleNamespace(low=122.0, high=138.0)}


@pytest.mark.parametrize(
    ("a", "b", "is_told"), [(171, 130, False), (170, 130, True), (189, 130, False), (190, 130, True), (180, 137, False)]
)
def test_counts_a_row_beyond_the_interval_are_none_to_be_warned_of_and_two_are(a, b, is_told):
    totals = SimpleNamespace(most_probable={"a": a, "b": b}, multiple_imputation=INTERVALS)

    assert is_told == any(warnings._of_counting(totals))


@pytest.mark.parametrize(
    ("deltas", "by_class", "said"),
    [
        (None, 0.7, "assumes that with a probability of 70.0 % each label is lost at a rate of its own, and that else"),
        (
            {"b": -0.5},
            0.0,
            "assumes that missing labels have the odds that the model expects, shifted by δ = -0.5 for 'b'",
        ),
    ],
)
def test_the_report_states_what_was_assumed_and_how_hidden_labels_count(deltas, by_class, said):
    frame = pd.DataFrame({"g": [*"aabb", None] * 9, "x": [i * i % 7 for i in range(45)]})
    _, report = em_impute.fill(frame, column="g", covariance="tied", deltas=deltas)
    reasons = MissingReasons(0.9 - by_class, 0.1, by_class, {}, fills_allow_for_it=True, sentence="")
    found = replace(report, missingness=replace(report.missingness, reasons=reasons))
    weighted = replace(found, accuracy=found.accuracy._replace(effective_rows=20.0))

    assert f"Imputation {said}" in str(found)
    assert [0, 4] == [str(one).count(", weighted to resemble the rows to fill") for one in (found, weighted)]
    assert ("filled with δ = -0.5 for 'b'" in str(found)) == bool(deltas)
