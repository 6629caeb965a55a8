"""What is said of wrong fills and totals, in lines, Markdown and warnings."""

import numpy as np

from em_impute.diagnostics.uncertainty import Interval, Uncertainty
from em_impute.report.uncertainty import (
    totals_section,
    uncertainty_warnings,
    wrong_section,
)

TOTALS = {
    "known": {"a": 100, "b": 80},
    "most_probable": {"a": 190, "b": 120},
    "expected": {"a": 180.4, "b": 129.6},
}


def found(*, agree=True, missing=0.3):
    held_out = Interval(40.0, 30.0, 52.0)
    wrong = Interval(20.4, 12.0, 31.0) if agree else held_out
    return Uncertainty(
        100,
        wrong,
        held_out,
        agree,
        (Interval(180.0, 172.0, 188.0), Interval(130.0, 122.0, 138.0)),
        (Interval(0.58, 0.52, 0.64), Interval(0.42, 0.36, 0.48)),
        np.array([missing, missing]),
    )


def warned(uncertainty, *, counts=True):
    totals = {**TOTALS, **totals_section(uncertainty, ("a", "b"))}
    return dict(uncertainty_warnings(uncertainty, wrong_section(uncertainty, 21.0), totals, 130, counts=counts))


def test_much_missing_information_asks_for_more_imputations():
    assert "W09" not in warned(found())
    assert "80.0 %" in warned(found(missing=0.8))["W09"]
    assert "129 imputations" in warned(found(missing=0.8))["W09"]


def test_counts_a_row_beyond_the_interval_are_none_to_be_warned_of_and_two_are():
    uncertainty = found()
    wrong, section = wrong_section(uncertainty, 21.0), totals_section(uncertainty, ("a", "b"))

    def is_warned_of(a, b):
        totals = {**TOTALS, **section, "most_probable": {"a": a, "b": b}}
        return "W07" in dict(uncertainty_warnings(uncertainty, wrong, totals, 130, counts=True))

    assert {
        counts: is_warned_of(*counts) for counts in ((171, 130), (170, 130), (189, 130), (190, 130), (180, 137))
    } == {
        (171, 130): False,
        (170, 130): True,
        (189, 130): False,
        (190, 130): True,
        (180, 137): False,
    }
