"""Which cells are labels and which are missing."""

import numpy as np
import pytest
from builders import labels_of

from em_impute.errors import DesignError, FitError


def column(*cells):
    return "g,x\n" + "".join(f"{cell},{i}\n" for i, cell in enumerate(cells))


def test_labels_are_numbered_in_alphabetical_order_and_missing_cells_get_minus_one(tmp_path):
    labels = labels_of(tmp_path, column("b", "a", "", "b", " "))

    assert labels.labels == ("a", "b")
    np.testing.assert_array_equal(labels.label, [1, 0, -1, 1, -1])
    assert labels.known == (1, 2)
    assert labels.tokens == {"": 1, " ": 1}


@pytest.mark.parametrize("blank", ["", " ", "\t", "\u00a0", '""', '"  "'])
def test_a_cell_of_nothing_but_space_is_missing(tmp_path, blank):
    assert labels_of(tmp_path, column("a", "b", blank)).n_missing == 1


@pytest.mark.parametrize(
    ("mark", "others"),
    [
        ("NA", ("male", "female")), ("NA", ("MALE", "FEMALE")), ("NA", ("M", "F")), ("N/A", ("yes", "no")), ("?", ("a", "b")),
        ("-", ("A+", "B-")), (".", ("0", "1")), ("NULL", ("male", "female")), ("None", ("male", "female")), ("nan", ("1", "2")),
        ("#N/A", ("x", "y")), ("\\N", ("x", "y")), ("unknown", ("M", "F")), ("NaN", ("Yes", "No")),
    ],
)  # fmt: skip
def test_a_standard_mark_unlike_the_labels_is_missing(tmp_path, mark, others):
    assert labels_of(tmp_path, column(*others, mark)).tokens == {mark: 1}


@pytest.mark.parametrize(
    ("mark", "others"),
    [
        ("NA", ("US", "DE")), ("None", ("Low", "High")), ("unknown", ("male", "female")), ("-", ("+", "±")), ("none", ("low", "mid")),
        ("N/A", ("A/B", "B/C")), ("UNKNOWN", ("MALE", "FEMALE")),
    ],
)  # fmt: skip
def test_a_standard_mark_shaped_like_the_labels_stops_and_names_both_options(tmp_path, mark, others):
    with pytest.raises(DesignError) as caught:
        labels_of(tmp_path, column(*others, mark, mark))

    assert f"{mark!r} in 2 cells" in caught.value.message
    assert f"--null-value {mark!r}" in caught.value.hint
    assert f"--keep-value {mark!r}" in caught.value.hint


def test_the_user_decides_what_a_doubtful_mark_is(tmp_path):
    cells = column("US", "DE", "NA")

    assert labels_of(tmp_path, cells, null_values=("NA",)).labels == ("DE", "US")
    assert labels_of(tmp_path, cells, keep_values=("NA",)).labels == ("DE", "NA", "US")


def test_a_kept_mark_is_a_label_even_where_it_would_be_missing(tmp_path):
    assert labels_of(tmp_path, column("male", "female", "NA"), keep_values=("NA",)).labels == ("NA", "female", "male")


def test_quoted_and_bare_spellings_are_one_label(tmp_path):
    labels = labels_of(tmp_path, column("a", '"a"', "b", '"b"'))

    assert labels.labels == ("a", "b")
    assert labels.known == (2, 2)


def test_labels_that_differ_only_by_case_or_space_are_kept_and_warned_about(tmp_path):
    labels = labels_of(tmp_path, column("F", "f", "F ", "M"))

    assert labels.labels == ("F", "F ", "M", "f")
    assert [code for code, _ in labels.warnings] == ["W14"]


def test_names_for_the_groups_are_taken_in_the_order_given(tmp_path):
    assert labels_of(tmp_path, column("", "", ""), labels=("short", "long")).labels == ("short", "long")


def test_many_different_values_are_no_categories(tmp_path):
    with pytest.raises(FitError, match="identifier"):
        labels_of(tmp_path, column(*(f"k{i}" for i in range(40)), ""))


def test_twenty_six_labels_in_sixty_rows_are_categories(tmp_path):
    letters = [chr(ord("a") + i % 26) for i in range(60)]

    assert len(labels_of(tmp_path, column(*letters, "")).labels) == 26


@pytest.mark.parametrize(
    ("texts", "is_warned"),
    [
        ([f"{i}.5" for i in range(20)], True),
        ([*(f"{i}" for i in range(18)), "few", "many"], True),
        ([f"{i}.5" for i in range(19)], False),
        ([*(f"{i}" for i in range(17)), "few", "many", "none at all"], False),
    ],
    ids=["all of twenty are numbers", "nine tenths are", "too few labels", "too many words"],
)
def test_a_column_of_many_numbers_is_warned_about(tmp_path, texts, is_warned):
    labels = labels_of(tmp_path, column(*texts, *texts, ""))

    assert ["W23" for code, _ in labels.warnings if code == "W23"] == ["W23"] * is_warned
