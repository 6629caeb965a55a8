"""Which columns become predictors, and in which units."""

import numpy as np
import pytest
from builders import csv_of, design_of

from em_impute.design import merge_equal_rows
from em_impute.engine.blocks import Rows
from em_impute.errors import DesignError, FitError

G = ["a", "b", None, "a", "b"]
X = [1.5, 2.5, 3.0, 4.5, 9.0]


@pytest.mark.parametrize(
    ("name", "cells", "reason"),
    [
        ("t", ["u", "v", "u", "v", "w"], "text, such as 'u' (line 2)"),
        ("c", [7, 7, 7, 7, None], "constant"),
        ("e", [None, "NA", "", "?", "nan"], "no value at all"),
        ("zip", ["02116", "10001", "60601", "94103", "33101"], "zero-padded code ('02116' on line 2)"),
        ("n", [1, 2, 3, 4, 5], "identifier"),
        ("n", [11, 12, 13, 14, 15], "identifier"),
        ("record_id", [5, 3, 9, 3, 1], "identifier"),
        ("index", [5, 3, 9, 3, 1], "identifier"),
        ("userId", [5, 3, 9, 3, 1], "identifier"),
        ("Unnamed: 0", [5, 3, 9, 3, 1], "identifier"),
        ("Sample Number", [5, 3, 9, 3, 1], "identifier"),
        ("zip code", [5, 3, 9, 4, 1], "identifier"),
        ("long", ["10551438040000064", "10551438040000065", "10551438040000069", "1", "2"], "identifier"),
        ("p", ["5%", 1, 2, 3, 4], "not all cells are numbers: '5%' (line 2)"),
        ("hex", ["0x1F", "0x2F", "0x3F", 3, 4], "text, such as '0x1F' (line 2)"),
        ("grouped", [1, 2, 3, 4, "1_000"], "not all cells are numbers: '1_000' (line 6)"),
    ],
)
def test_a_column_that_does_not_serve_is_named_with_its_reason(tmp_path, name, cells, reason):
    design = design_of(tmp_path, csv_of(f"g,x,{name}", G, X, cells))

    assert [feature.name for feature in design.features] == ["x"]
    assert [(one.name, one.reason[: len(reason)]) for one in design.rejected] == [(name, reason)]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("centroid-row", [5, 3, 9, 3, 1]),  # values repeat
        ("paid", [5, 3, 9, 3, 1]),  # ends in "id", but as part of a word
        ("humid", [5, 3, 9, 3, 1]),
        ("year", [2007, 2009, 2008, 2007, 2009]),
        ("mass", [3750, 3800, 3250, 3450, 3650]),
        ("id", [5.5, 3.25, 9, 3, 1]),  # no whole numbers
        ("t", ["  5 ", "+3", "-9e1", ".5", "1."]),
        ("q", ['"5"', '"3"', '"9"', "NA", "NULL"]),
        ("z", ["0", "0.5", "-0.5", "0", "0"]),
    ],
)
def test_a_measurement_serves(tmp_path, name, cells):
    design = design_of(tmp_path, csv_of(f"g,x,{name}", G, X, cells))

    assert [feature.name for feature in design.features] == ["x", name]


def test_what_the_user_names_serves_even_if_it_looks_like_an_identifier(tmp_path):
    design = design_of(tmp_path, csv_of("g,x,record_id", G, X, [1, 2, 3, 4, 5]), features=("record_id",))

    assert [feature.name for feature in design.features] == ["record_id"]


def test_text_that_the_user_names_is_an_error_with_count_and_examples(tmp_path):
    with pytest.raises(DesignError) as caught:
        design_of(tmp_path, csv_of("g,x", G, ["one", 2, "three", "four", "five"]), features=("x",))

    assert caught.value.message == (
        "column 'x' has 4 cells that are not numbers: 'one' (line 2), 'three' (line 4), 'four' (line 5)"
    )


def test_infinite_cells_are_an_error_with_their_line(tmp_path):
    with pytest.raises(DesignError, match="'1e400' on line 3"):
        design_of(tmp_path, csv_of("g,x", G, [1, "1e400", 3, 4, 5.5]))


def test_a_file_without_a_numeric_column_says_why_each_does_not_serve(tmp_path):
    with pytest.raises(FitError) as caught:
        design_of(tmp_path, csv_of("g,t,c", G, list("uvwuv"), [1] * 5))

    assert "'t': text" in caught.value.message
    assert "'c': constant" in caught.value.message


def test_predictors_are_standardised_and_can_be_brought_back(tmp_path):
    design = design_of(tmp_path, csv_of("g,x", G, X))
    x = design.x_of(np.arange(5))[:, 0]

    np.testing.assert_allclose(x.mean(), 0, atol=1e-15)
    np.testing.assert_allclose(x.std(), 1)
    np.testing.assert_allclose(x * design.scale + design.shift, X)


@pytest.mark.parametrize("size", [1e-300, 1e-10, 1e9, 1e300])
def test_any_magnitude_is_standardised_alike(tmp_path, size):
    plain = design_of(tmp_path, csv_of("g,x", G, X)).distinct.x
    scaled = design_of(tmp_path, csv_of("g,x", G, [repr(value * size) for value in X])).distinct.x

    np.testing.assert_allclose(scaled, plain, rtol=1e-12)


def test_a_large_offset_keeps_the_digits_of_the_spread(tmp_path):
    plain = design_of(tmp_path, csv_of("g,x", G, X)).distinct.x
    shifted = design_of(tmp_path, csv_of("g,x", G, [value + 1e9 for value in X])).distinct.x

    np.testing.assert_allclose(shifted, plain, rtol=1e-6)


def test_missing_predictors_are_left_out_of_the_mean(tmp_path):
    design = design_of(tmp_path, csv_of("g,x", G, [1, None, 3, "NA", 5]))
    x = design.x_of(np.arange(5))[:, 0]

    assert (design.features[0].shift, design.features[0].n_missing) == (3.0, 2)
    np.testing.assert_array_equal(np.isnan(x), [False, True, False, True, False])


def test_a_decimal_comma_is_read_when_asked_for_and_named_when_not(tmp_path):
    text = "g;x\na;1,5\nb;2,5\n;3\n"

    assert design_of(tmp_path, text, decimal=",").features[0].shift == pytest.approx(7 / 3)
    with pytest.raises(DesignError) as caught:
        design_of(tmp_path, text)
    assert caught.value.hint == "add --decimal , or name other columns with -x"


def test_equal_rows_are_merged_with_their_counts():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 3, (400, 2)).astype(float)
    x[rng.random(x.shape) < 0.2] = np.nan
    label = rng.integers(-1, 2, 400)
    weight = rng.random(400)
    rows, index = merge_equal_rows(Rows(x, label, weight))

    np.testing.assert_array_equal(rows.x[index], x)
    np.testing.assert_array_equal(rows.label[index], label)
    seen = {(tuple(np.nan_to_num(row, nan=-9)), int(one)) for row, one in zip(x, label, strict=True)}
    assert len(rows.label) == len(seen)
    for k in range(len(rows.label)):
        assert rows.weight[k] == pytest.approx(weight[index == k].sum())


def test_rows_that_are_nearly_all_different_are_left_alone():
    x = np.arange(100.0)[:, None]
    rows = Rows(x, np.zeros(100, dtype=int), np.ones(100))

    assert merge_equal_rows(rows) == (rows, None)


def test_copies_and_sums_of_other_columns_are_left_out_with_their_reason(tmp_path):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 50)).round(3)
    g = ["a", "b", None, "a", "b"] * 10
    design = design_of(
        tmp_path, csv_of("g,a,b,copy,sum,own", g, a, b, (a / 2.54).tolist(), (3 * a - b).round(9), rng.normal(size=50))
    )

    assert [feature.name for feature in design.features] == ["a", "b", "own"]
    assert [(one.name, one.reason) for one in design.rejected] == [
        ("copy", "a sum or copy of other columns"),
        ("sum", "a sum or copy of other columns"),
    ]
    assert design.distinct.x.shape == (50, 3)


def test_where_rows_are_few_no_column_is_taken_for_a_sum_of_others(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 5)).round(3).tolist()
    design = design_of(tmp_path, csv_of("g," + ",".join("abcdef"), list("uvuvu"), *x))

    assert len(design.features) == 6
