"""Which cells are labels and which are missing."""

import numpy as np
import pytest
from builders import labels_of

from em_impute.errors import DesignError, FitError, option


def column(*cells):
    return "g,x\n" + "".join(f"{cell},{i}\n" for i, cell in enumerate(cells))


def test_labels_are_numbered_in_alphabetical_order_and_missing_cells_get_minus_one(tmp_path):
    labels = labels_of(tmp_path, column("b", "a", "", "b", " "))

    assert labels.labels == ("a", "b")
    np.testing.assert_array_equal(labels.label, [1, 0, -1, 1, -1])
    assert labels.known == (1, 2)
    assert labels.tokens == {"": 1, " ": 1}


def test_a_standard_mark_unlike_the_labels_is_missing_and_so_is_a_cell_of_nothing_but_space(tmp_path):
    labels_beside = {"NA": ("M", "F"), "-": ("A+", "B-"), "\\N": ("x", "y"), "NaN": ("Yes", "No"), "\u00a0": ("a", "b")}
    found = {mark: labels_of(tmp_path, column(*labels, mark)).tokens for mark, labels in labels_beside.items()}

    assert found == {mark: {mark: 1} for mark in labels_beside}
    assert labels_of(tmp_path, column("a", "b", '""', '"  "', "\t")).n_missing == 3


def test_a_standard_mark_shaped_like_the_labels_stops_and_names_both_options(tmp_path):
    for mark, labels in {"NA": ("US", "DE"), "unknown": ("male", "female"), "-": ("+", "±")}.items():
        with pytest.raises(DesignError) as caught:
            labels_of(tmp_path, column(*labels, mark, mark))

        assert f"{mark!r} in 2 cells" in caught.value.message
        assert option("null_values", repr(mark)) in caught.value.hint
        assert option("keep_values", repr(mark)) in caught.value.hint


def test_the_user_decides_what_a_doubtful_mark_is(tmp_path):
    cells = column("US", "DE", "NA")

    assert labels_of(tmp_path, cells, null_values=("NA",)).labels == ("DE", "US")
    assert labels_of(tmp_path, cells, keep_values=("NA",)).labels == ("DE", "NA", "US")
    assert labels_of(tmp_path, column("male", "NA"), keep_values=("NA",)).labels == ("NA", "male")


def test_quoted_and_bare_spellings_are_one_label(tmp_path):
    labels = labels_of(tmp_path, column("a", '"a"', "b", '"b"'))

    assert labels.labels == ("a", "b")
    assert labels.known == (2, 2)


def test_many_labels_are_categories_where_each_is_in_two_rows_and_else_an_identifier(tmp_path):
    letters = [chr(ord("a") + i % 26) for i in range(60)]

    assert len(labels_of(tmp_path, column(*letters, "")).labels) == 26
    with pytest.raises(FitError, match="identifier"):
        labels_of(tmp_path, column(*(f"k{i}" for i in range(40)), ""))
