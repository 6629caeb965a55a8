"""What is said of wrong fills and totals, in lines, Markdown and warnings."""

import numpy as np

from em_impute.diagnostics.uncertainty import Interval, Uncertainty
from em_impute.report.build.counted import Counted
from em_impute.report.build.uncertainty import totals_of, wrong_of
from em_impute.report.build.warnings import uncertainty_warnings


def counted(a, b):
    """A column of which so many cells were filled with either label."""
    known, by_band = np.array([100, 80]), np.array([[a - 100, b - 80]])
    return Counted(("a", "b"), known, 310, 130, {}, by_band, np.array([80.4, 49.6]), 21.0, {}, 0.5, 0)


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


def warned(uncertainty, a=190, b=120):
    totals = totals_of(uncertainty, counted(a, b))
    return dict(uncertainty_warnings(uncertainty, wrong_of(uncertainty, 21.0), totals, 130, counts=True))


def test_much_missing_information_asks_for_more_imputations():
    assert "W09" not in warned(found())
    assert "80.0 %" in warned(found(missing=0.8))["W09"]
    assert "129 imputations" in warned(found(missing=0.8))["W09"]


def test_counts_a_row_beyond_the_interval_are_none_to_be_warned_of_and_two_are():
    assert {
        counts: "W07" in warned(found(), *counts)
        for counts in ((171, 130), (170, 130), (189, 130), (190, 130), (180, 137))
    } == {
        (171, 130): False,
        (170, 130): True,
        (189, 130): False,
        (190, 130): True,
        (180, 137): False,
    }
