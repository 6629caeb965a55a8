"""Categories in several spellings."""

import numpy as np
import pytest

from em_impute.columns.readings import merge_spellings
from em_impute.table.columns import CategoryColumn


def column_of(cells):
    """Give a column of texts, as it is read."""
    texts = list(dict.fromkeys(cells))
    code = np.array([texts.index(cell) for cell in cells], np.int8)
    return CategoryColumn(code, tuple(texts), 50)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["Red", "red", "RED", "red", "blue"], ["red", "red", "red", "red", "blue"]),
        (["New  York", "new york", "New York", "New York"], ["New York"] * 4),
        (["Yes", "y", "N", "no", "Yes", "no"], ["Yes", "Yes", "no", "no", "Yes", "no"]),
        (["True", "0", "True", "false"], ["True", "0", "True", "0"]),
        (["f", "m", "F", "f"], ["f", "m", "f", "f"]),  # f is no `no` where m is no `yes`
        (["1", "1.0", "2", "x", "1"], ["1", "1", "2", "x", "1"]),
    ],
)
def test_texts_that_mean_the_same_are_one_spelled_as_most_are(cells, expected):
    merged = merge_spellings(column_of(cells))

    assert [merged.texts[k] for k in merged.code] == expected
    assert merged.counts.tolist() == [expected.count(text) for text in merged.texts]


def test_a_model_spells_them_as_it_knows_them():
    merged = merge_spellings(column_of(["YES", "n", "maybe"]), ["Yes", "No"])

    assert [merged.texts[k] for k in merged.code] == ["Yes", "No", "maybe"]


def test_what_differs_stays():
    column = column_of(["a", "b", "ab"])

    assert merge_spellings(column) is column
