"""How far counts of labels may lie outside of their intervals before that is told."""

from types import SimpleNamespace

import pytest

from em_impute.report.build import warnings

INTERVALS = {"a": SimpleNamespace(low=172.0, high=188.0), "b": SimpleNamespace(low=122.0, high=138.0)}


@pytest.mark.parametrize(
    ("a", "b", "is_told"), [(171, 130, False), (170, 130, True), (189, 130, False), (190, 130, True), (180, 137, False)]
)
def test_counts_a_row_beyond_the_interval_are_none_to_be_warned_of_and_two_are(a, b, is_told):
    totals = SimpleNamespace(most_probable={"a": a, "b": b}, multiple_imputation=INTERVALS)

    assert is_told == any(warnings._of_counting(totals))
