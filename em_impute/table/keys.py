"""Columns whose values may say which rows belong together: names of customers, numbers of rings."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from em_impute.table.arrays import Codes, least_type
from em_impute.table.categories import MAX_GROUPS
from em_impute.table.number_columns import NumberColumn

Key = tuple[str, Codes]
"""Such a column by name, and (n_rows,) a code for each of its values, −1 where missing; those of numbers ascend."""

FEW_NUMBERS = 1000
"""Looked at first: most measurements show by these that they are not whole."""

PROBE_NUMBERS = 20_000
"""Looked at next: identifiers of millions of rows show by these that they are too many."""

LEAST_REPEATS = 0.9
"""Share of different values from which on hardly two rows have one in common."""


def key_of_numbers(column: NumberColumn) -> Codes | None:
    """Give the codes of a column of whole numbers that repeat, (n_rows,); None where it cannot be a key."""
    numbers = column.numbers
    if numbers is None or not (_are_whole(numbers[:FEW_NUMBERS]) and _are_whole(numbers)):
        return None
    if column.code is not None:
        n_values = int(np.count_nonzero(~np.isnan(numbers)))  # NaN is the last
        if not _is_key(n_values, column.size):
            return None
        return column.code if n_values == numbers.size else np.where(column.code == n_values, -1, column.code)
    if np.unique(numbers[:PROBE_NUMBERS]).size > MAX_GROUPS:
        return None
    return _numbered(numbers)


def keys_of_distinct(keys: Sequence[Key], index: Codes | None, n_distinct: int) -> list[Key]:
    """Give the codes of keys for the distinct rows, (n_distinct,), of which each row of the table equals one.

    −1 stands for a distinct row whose equals in the table have several values of the key.  `index` (n_rows,) is None
    where the rows are the distinct ones.
    """
    if index is None:
        return list(keys)
    found: list[Key] = []
    for name, key in keys:
        code = np.full(n_distinct, -1, key.dtype)
        code[index] = key
        mixed = np.bincount(index, code[index] != key, n_distinct) > 0.0
        code[mixed] = -1
        found.append((name, code))
    return found


def _numbered(numbers: NDArray[np.float64]) -> Codes | None:
    """Give each number the place of its value among all, ascending, (n_rows,); None where they are no key."""
    seen = ~np.isnan(numbers)
    if not seen.any():
        return None
    low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    if high - low < 2 * numbers.size + MAX_GROUPS:  # counting takes a tenth of the time of sorting
        offset = np.where(seen, numbers - low, 0.0).astype(np.intp)
        there = np.bincount(offset, seen) > 0.0
        n_values, place = int(np.count_nonzero(there)), (np.cumsum(there) - 1)[offset]
    else:
        values, place = np.unique(numbers, return_inverse=True)
        n_values, place = int(np.count_nonzero(~np.isnan(values))), place.reshape(-1)
    if not _is_key(n_values, int(np.count_nonzero(seen))):
        return None
    code: Codes = np.where(seen, place, -1).astype(least_type(n_values))
    return code


def _is_key(n_values: int, n_rows: int) -> bool:
    return 1 < n_values <= min(MAX_GROUPS, LEAST_REPEATS * n_rows)


def _are_whole(numbers: NDArray[np.float64]) -> bool:
    return bool(((numbers == np.floor(numbers)) | np.isnan(numbers)).all())
