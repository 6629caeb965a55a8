"""What is said of wrong fills and totals, in lines, Markdown and warnings."""

import numpy as np

from em_impute.diagnostics.uncertainty import Uncertainty
from em_impute.diagnostics.values import IntervalEstimate
from em_impute.model.fills import CellCounts
from em_impute.report.build import warnings
from em_impute.report.build.counted import Counted, totals_of


def counted(uncertainty, a=190, b=120):
    """A column of which so many cells were filled with either label."""
    cells = CellCounts(np.array([[a - 100, b - 80]]), np.array([80.4, 49.6]), 21.0, 0.0, {}, 0, ())
    return Counted(("a", "b"), np.array([100, 80]), 310, 130, {}, cells, list, uncertainty)


def found(missing=0.3):
    return Uncertainty(
        IntervalEstimate(20.4, 12.0, 31.0),
        IntervalEstimate(40.0, 30.0, 52.0),
        True,
        (IntervalEstimate(180.0, 172.0, 188.0), IntervalEstimate(130.0, 122.0, 138.0)),
        (IntervalEstimate(0.58, 0.52, 0.64), IntervalEstimate(0.42, 0.36, 0.48)),
        np.array([missing, missing]),
    )


def test_much_missing_information_asks_for_more_imputations():
    assert list(warnings._of_information(counted(found()))) == []
    ((code, message),) = warnings._of_information(counted(found(missing=0.8)))
    assert code == "W09"
    assert "80.0 %" in message
    assert "129 imputations" in message


def test_counts_a_row_beyond_the_interval_are_none_to_be_warned_of_and_two_are():
    assert {
        counts: any(warnings._of_counting(totals_of(counted(found(), *counts))))
        for counts in ((171, 130), (170, 130), (189, 130), (190, 130), (180, 137))
    } == {
        (171, 130): False,
        (170, 130): True,
        (189, 130): False,
        (190, 130): True,
        (180, 137): False,
    }
