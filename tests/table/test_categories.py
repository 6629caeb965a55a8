"""Columns read as categories against a naive reading by Python's csv module, whatever the blocks."""

import csv
import io
import math

import numpy as np
import pytest
from examples import few_and_many
from hypothesis import given, settings
from hypothesis import strategies as st

from em_impute.errors import TableError
from em_impute.table.numbers import parse_number

from .tables import read

MISSING = ["", " ", "\t", "NA", " na ", "n/A", "?", "Null", "\xa0"]
MARKS = {"", "na", "n/a", "?", "null"}
NUMBERS = ["3", "4", "3.0", " 3", "-2.5", "1e3", "007"]
TEXTS = ["red", "Red", " red", "blue", "True", "M", "é", "a,b", "x;y", 'a "b"', "two\nlines", "5'10", "3cm"]
TEXTS += ["12345678", "123456789abc", "a text of more than two words", "a text of more than two lines", "level" * 60]
BLOCKS = [1, 30, 1 << 20]


def written(rows, delimiter, newline, quotes_at_random):
    """The rows in CSV, cells in quotes where they must be and where the dice say so; and what csv reads in it."""
    must = {delimiter, '"', "\n", "\r"}
    lines = []
    for row in rows:
        cells = (
            '"' + cell.replace('"', '""') + '"' if must & set(cell) or quotes_at_random.random() < 0.3 else cell
            for cell in row
        )
        lines.append(delimiter.join(cells))
    data = newline.join([delimiter.join("gabc"), *lines])
    return data.encode(), list(csv.reader(io.StringIO(data, newline=""), delimiter=delimiter, strict=True))[1:]


def naive(texts):
    """The codes, distinct texts, their counts and the number of missing cells, a cell at a time."""
    stripped = [text.strip() for text in texts]
    known = [text for text in stripped if text.casefold() not in MARKS]
    levels = list(dict.fromkeys(known))
    codes = [levels.index(text) if text in levels else -1 for text in stripped]
    return codes, tuple(levels), [known.count(level) for level in levels], len(texts) - len(known)


def seen(category):
    return category.code.tolist(), category.texts, category.counts.tolist(), category.n_missing


def column_of(cells, folder, **reading):
    """What is read of one column beside the labels."""
    data = "\n".join(["g,x", *(f"M,{cell}" for cell in cells)]).encode()
    return read(data, folder, [0], reading.pop("features", None), reading.pop("explicit", False), **reading)


ROW = st.tuples(
    st.sampled_from(["M", "F", ""]),
    st.sampled_from(MISSING + TEXTS),
    st.sampled_from(MISSING + NUMBERS),
    st.sampled_from(MISSING + NUMBERS * 4 + TEXTS[:3]),
)


@few_and_many(40, 2000)
def test_columns_that_are_not_numeric_are_the_categories_that_csv_and_a_loop_find(examples, tmp_path):
    @settings(deadline=None, derandomize=True, max_examples=examples)
    @given(
        rows=st.lists(ROW, min_size=1, max_size=60),
        delimiter=st.sampled_from([",", ";", "\t"]),
        newline=st.sampled_from(["\n", "\r\n"]),
        dice=st.randoms(use_true_random=False),
        block_bytes=st.sampled_from([1, 7, 30, 200, 1 << 20]),
        explicit=st.booleans(),
    )
    def are_found(rows, delimiter, newline, dice, block_bytes, explicit):
        data, cells = written(rows, delimiter, newline, dice)
        columns = {number: [row[number] for row in cells] for number in (1, 2, 3)}
        groups = dice.randrange(4) if explicit else 0
        with_text = {number for number, texts in columns.items() if any(parse_number(text) is None for text in texts)}

        table = read(
            data,
            tmp_path,
            [0],
            [1, 2, 3] if explicit else None,
            explicit,
            options={"delimiter": delimiter, "has_header": True},
            block_bytes=block_bytes,
            groups=groups,
        )

        assert set(table.categories) == with_text
        for number, category in table.categories.items():
            assert seen(category) == naive(columns[number])
            assert not category.too_many
        assert seen(table.groups) == naive([row[groups] for row in cells])
        assert {number for number, numbers in table.numbers.items() if not numbers.n_bad} == {1, 2, 3} - with_text

    are_found()


def test_bytes_that_are_no_text_are_told_apart_where_nobody_named_the_column_and_refused_in_groups(tmp_path):
    data = b"g,x\nM,Jos\xe9\nF,Jos\xea\nM,Jos\xe9\n"

    assert seen(read(data, tmp_path, [0], None, explicit=False).categories[1]) == (
        [0, 1, 0],
        (r"Jos\xe9", r"Jos\xea"),
        [2, 1],
        0,
    )
    with pytest.raises(TableError, match="line 2, column 'x': byte 0xE9 is not utf-8"):
        read(data, tmp_path, groups=1)


def test_groups_may_be_ten_thousand_and_no_more(tmp_path):
    cells = [f"id{number}" for number in range(10_000)] * 2 + ["-"]

    groups = column_of(cells, tmp_path, groups=1, block_bytes=10_000).groups
    beyond = column_of([*cells, "one more"], tmp_path, groups=1, block_bytes=10_000).groups

    assert groups.code.tolist() == [*range(10_000), *range(10_000), -1]
    assert (groups.counts.tolist(), groups.n_missing, groups.code.dtype) == ([2] * 10_000, 1, np.int16)
    assert (beyond.too_many, beyond.limit, beyond.example) == (True, 10_000, (2, "id0"))


@pytest.mark.parametrize("block_bytes", [30, 1 << 20])
def test_groups_and_weights_are_read_besides_the_predictors(block_bytes, tmp_path):
    data = b"g,x,by,w\n" + b"M,1.5,1,2\nF,2.5,2,\nM,3.5,1.0,oops\nF,4.5,,0.5\n" * 20
    reading = {"groups": 2, "weights": 3, "block_bytes": block_bytes}

    found = read(data, tmp_path, [0], None, explicit=False, **reading)
    named = read(data, tmp_path, [0], [1, 2], explicit=True, **reading)

    for table in (found, named):
        assert seen(table.groups) == naive(["1", "2", "1.0", ""] * 20)
        np.testing.assert_array_equal(table.weights.values, [2, math.nan, math.nan, 0.5] * 20)
        assert (table.weights.n_bad, table.weights.n_missing) == (20, 20)
        assert table.weights.bad_examples == ((4, "oops"), (8, "oops"), (12, "oops"))
        assert table.categories == {}
    assert (list(found.numbers), list(named.numbers)) == ([1], [1, 2])
