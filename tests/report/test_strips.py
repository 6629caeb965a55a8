"""The strips of the summary: high where rows are many, within the width, and plain where blocks cannot be shown."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from em_impute.report.fit_report import FitReport
from em_impute.report.strips import ASCII, BLOCKS, strip, strips


def report_with(histogram, labels):
    """A report of which only the picture matters."""
    empty = dict.fromkeys(one.name for one in dataclasses.fields(FitReport))
    listed = tuple({"label": label, "known": 10, "filled": 2} for label in labels)
    return FitReport(**{**empty, "labels": listed, "pictures": {"histograms": [histogram]}})


def histogram(bins, feature="x"):
    filled = {label: [0] * len(counts) for label, counts in bins.items()}
    n_bins = len(next(iter(bins.values())))
    return {"feature": feature, "edges": list(map(float, range(n_bins + 1))), "known": bins, "filled": filled}


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=50))
def test_signs_are_as_high_as_their_counts_and_only_nothing_is_blank(counts):
    highest = max(*counts, 1)
    drawn = [BLOCKS.index(sign) for sign in strip(counts, highest)]

    assert [height == 0 for height in drawn] == [count == 0 for count in counts]
    assert max(drawn) in {0, 8}
    order = np.argsort(counts)
    assert np.all(np.diff(np.array(drawn)[order]) >= 0)


def test_strips_of_one_summary_have_one_scale():
    shown = histogram({"a": [0, 8, 4, 0], "b": [0, 0, 2, 1]})
    lines = list(strips(report_with(shown, "ab"), 80, plain=False))

    assert lines == [
        ("x", "from 0 to 4"),
        ("  a", " █▄   10 known, 2 filled"),
        ("  b", "  ▂▁  10 known, 2 filled"),
    ]


def test_a_dumb_terminal_gets_signs_of_ascii():
    shown = histogram({"a": [1, 8, 4, 0]})
    lines = list(strips(report_with(shown, "a"), 80, plain=True))

    assert all(text.isascii() and name.isascii() for name, text in lines)
    assert lines[1][1][:4] == f"{ASCII[1]}{ASCII[8]}{ASCII[4]} "


@pytest.mark.parametrize("width", [20, 45, 60, 80, 200])
def test_strips_fit_into_the_width_and_lose_no_row(width):
    shown = histogram({"a": [0, 1] * 20})
    lines = list(strips(report_with(shown, "a"), width, plain=False))

    assert 12 + len(lines[1][1].partition("  ")[0]) <= max(width - 28, 13)
    assert " " not in lines[1][1].partition("  ")[0] or width > 79


def test_of_many_labels_the_commonest_are_drawn():
    shown = histogram({f"l{k}": [k] for k in range(30)})
    lines = list(strips(report_with(shown, shown["known"]), 80, plain=False))

    assert [name.strip() for name, _ in lines[1:]] == ["l24", "l25", "l26", "l27", "l28", "l29"]
    assert "24 rarer labels left out" in lines[0][1]


@pytest.mark.parametrize("name", ["x" * 40, "名前の長い列です", "a\x1b[31mb", "[bold]", "$x$"])
def test_names_are_literal_and_take_no_more_than_their_room(name):
    shown = histogram({name: [1, 2]}, feature=name)
    lines = list(strips(report_with(shown, [name]), 80, plain=False))

    assert all(cell_len(shown_name) <= 11 and shown_name.isprintable() for shown_name, _ in lines)
    assert lines[0][0][:4] == name.replace("\x1b", "\\x1b")[:4]


@pytest.mark.parametrize("pictures", [None, {"histograms": []}, {"histograms": [histogram({"a": [0, 0]})]}])
def test_nothing_to_draw_leaves_the_lines_out(pictures):
    report = dataclasses.replace(report_with(histogram({"a": [1]}), "a"), pictures=pictures)

    assert list(strips(report, 80, plain=False)) == []
