"""Which columns of numbers are names, and which tell something by not being there."""

import numpy as np
import pytest

from em_impute.columns.text_scores import MOST_ROWS, _are_names, _Rows, _tells_by_value
from em_impute.table.columns import NumberColumn


def says(code, label, *, is_ordered=True):
    return _tells_by_value(code, rows_with(label), is_ordered=is_ordered)


def rows_with(label):
    rows = np.arange(label.size)
    return _Rows(rows, label, np.ones(label.size), rows % 5, int(label.max()) + 1)


@pytest.mark.parametrize("seed", range(10))
def test_departments_are_names_and_counts_are_not(seed):
    rng = np.random.default_rng(seed)
    code = rng.integers(0, 12, 700)
    of_name = np.array([1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1])[code]
    noise = rng.random(700) < 0.1
    of_size = (code + rng.normal(0, 3, 700) > 6).astype(int)
    in_the_middle = (np.abs(code - 6 + rng.normal(0, 2, 700)) < 3).astype(int)

    assert says(code, np.where(noise, 1 - of_name, of_name))
    assert not says(code, of_size)
    assert not says(code, in_the_middle)
    assert not says(code, rng.integers(0, 2, 700))


@pytest.mark.parametrize("seed", range(10))
def test_a_gap_tells_where_labels_go_with_it(seed):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, 300)
    number = rng.integers(0, 6, 300)

    assert says(np.where((label == 0) & (rng.random(300) < 0.7), number, -1), label)
    assert not says(np.where(rng.random(300) < 0.7, number, -1), label)
    assert says(np.where((label == 0) & (rng.random(300) < 0.7), 0, -1), label, is_ordered=False)
    assert not says(np.where(rng.random(300) < 0.7, 0, -1), label, is_ordered=False)


def test_numbers_of_people_are_names_among_very_many_rows_too():
    rng = np.random.default_rng(0)
    n_rows = 3 * MOST_ROWS
    person = rng.integers(0, n_rows // 8, n_rows)
    of_person = rng.integers(0, 2, n_rows // 8)
    years = rng.poisson(2000, n_rows)
    label = np.where(rng.random(n_rows) < 0.1, 1 - of_person[person], of_person[person])

    assert _are_names(column(person.astype(float)), rows_with(label))
    assert not _are_names(column(person.astype(float)), rows_with(rng.permutation(label)))
    assert not _are_names(
        column(years.astype(float)), rows_with((years + rng.normal(0, 30, n_rows) > 2000).astype(int))
    )


def column(numbers):
    return NumberColumn(numbers=numbers, n_missing=0, n_numbers=numbers.size)
