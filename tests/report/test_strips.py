"""The strips of the summary: high where rows are many, within the width, and plain where blocks cannot be shown."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from em_impute.diagnostics.values import ChartData, FeatureHistogram
from em_impute.report.model.fit import FitReport, Label
from em_impute.report.text.histogram import BLOCKS, strip, strips


def report_with(histogram, labels):
    """A report of which only the picture matters."""
    empty = dict.fromkeys(one.name for one in dataclasses.fields(FitReport))
    listed = [Label(label=label, known=10, filled=2, share_known=0.5, share_expected=0.5) for label in labels]
    pictures = ChartData(histograms=[histogram], curve=None, plane=None)
    return FitReport(**{**empty, "labels": listed, "pictures": pictures})


def histogram(bins, feature="x"):
    filled = {label: [0] * len(counts) for label, counts in bins.items()}
    n_bins = len(next(iter(bins.values())))
    edges = list(map(float, range(n_bins + 1)))
    return FeatureHistogram(
        feature=feature, edges=edges, beyond=(0, 0), known=bins, filled=filled, left_empty=[0] * n_bins
    )


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=50))
def test_signs_are_as_high_as_their_counts_and_only_nothing_is_blank(counts):
    highest = max(*counts, 1)
    drawn = [BLOCKS.index(sign) for sign in strip(counts, highest)]

    assert [height == 0 for height in drawn] == [count == 0 for count in counts]
    assert max(drawn) in {0, 8}
    order = np.argsort(counts)
    assert np.all(np.diff(np.array(drawn)[order]) >= 0)


@pytest.mark.parametrize("name", ["x" * 40, "名前の長い列です", "a\x1b[31mb"])
def test_names_are_literal_and_take_no_more_than_their_room(name):
    shown = histogram({name: [1, 2]}, feature=name)
    lines = list(strips(report_with(shown, [name]), 80, plain=False))

    assert all(cell_len(shown_name) <= 32 and shown_name.isprintable() for shown_name, _ in lines)
    assert lines[0][0][:4] == name.replace("\x1b", "\\x1b")[:4]
