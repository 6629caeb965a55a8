"""What the first pass over parts finds.  Oracle: numpy over all rows at once."""

import math

import numpy as np
import pytest
from parted import cut, filled_in_parts, records

from em_impute.options import Request


def columns_of(rows):
    cells = [row.rstrip("\n").split(",") for row in rows]
    return [np.array([float(one[at]) if one[at] else np.nan for one in cells]) for at in (2, 3)]


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_moments_of_parts_are_those_of_all_rows_also_far_from_zero(tmp_path, offset):
    rows = list(records(700))
    if offset:
        rows = [",".join([*row.split(",")[:3], f"{offset + i % 17}", row.split(",")[4]]) for i, row in enumerate(rows)]
    x, y = columns_of(rows)

    found = filled_in_parts(cut(tmp_path, rows, (1, 1, 300, 700)), Request(None, ("g",))).summary

    for index, values in ((2, x), (3, y)):
        numbers, seen = found.numbers[index], values[~np.isnan(values)]
        assert (seen.size, values.size - seen.size) == (numbers.n_numbers, numbers.n_missing)
        # Means are rounded at 1e8·2⁻⁵², deviations from them are small whole numbers.
        assert seen.mean() == pytest.approx(numbers.mean, rel=1e-14)
        assert seen.std() == pytest.approx(numbers.deviation, rel=1e-10)


def test_moments_of_parts_stay_within_the_range_of_numbers_where_squares_do_not(tmp_path):
    exponent = 1000
    cells = [row.split(",") for row in records(300)]
    huge = [",".join([*one[:2], repr(math.ldexp(float(one[2] or 0), exponent)), *one[3:]]) for one in cells]
    expected = np.array([float(one[2] or 0) for one in cells])

    numbers = filled_in_parts(cut(tmp_path, huge, (1, 100, 300)), Request(None, ("g",))).summary.numbers[2]

    assert expected.mean() == pytest.approx(math.ldexp(numbers.mean, -exponent), rel=1e-14)
    assert expected.std() == pytest.approx(math.ldexp(numbers.deviation, -exponent), rel=1e-10)
