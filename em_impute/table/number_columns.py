"""Columns of numbers: a code for each number while these are few."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from em_impute.table.arrays import Codes, factorize, least_type
from em_impute.table.categories import MAX_GROUPS, MOSTLY_DIFFERENT, SLICE
from em_impute.table.numbers import NumberCounts

FEW_NUMBERS = 1000  # looked at first
PROBE_NUMBERS = 20_000  # looked at next


@dataclass(frozen=True, kw_only=True)
class NumberColumn(NumberCounts):
    """A column examined for numbers."""

    numbers: NDArray[np.float64] | None
    """(n_numbers,) the different numbers, ascending, NaN at the end where a cell is missing or bad; without `code`
    (n_rows,) that of each cell; None once the column was dropped, and then all counts end there"""
    code: Codes | None
    """(n_rows,) index into `numbers`"""
    decimal_comma: bool
    """all cells of the block that held the first bad one would be numbers with a decimal comma"""

    @property
    def values(self) -> NDArray[np.float64] | None:
        """(n_rows,) NaN where missing or bad; put together each time."""
        return self.numbers if self.numbers is None or self.code is None else self.numbers[self.code]

    @property
    def size(self) -> int:
        """Count the rows that were read."""
        numbers = self.numbers if self.code is None else self.code
        return 0 if numbers is None else numbers.size

    @property
    def is_whole(self) -> bool:
        """Tell whether all numbers are whole."""
        numbers = np.empty(0) if self.numbers is None else self.numbers
        # Most measurements show by their first numbers that they are not.
        return all(bool(((some == np.floor(some)) | np.isnan(some)).all()) for some in (numbers[:FEW_NUMBERS], numbers))

    @property
    def key_code(self) -> Codes | None:
        """(n_rows,) a code for each number, ascending, −1 where missing, if they are whole and repeat; else None."""
        numbers = self.numbers
        if numbers is None or not self.is_whole:
            return None
        if self.code is None:
            if np.unique(numbers[:PROBE_NUMBERS]).size > MAX_GROUPS:
                return None  # as identifiers of millions of rows do
            code, distinct = factorize(numbers, few=numbers.size <= PROBE_NUMBERS)
            place = np.append(np.argsort(np.argsort(distinct)), -1)  # the last one is that of −1
        else:
            code, place = self.code, np.where(np.isnan(numbers), -1, np.arange(numbers.size))
        n_values, key = int(np.count_nonzero(place >= 0)), place.astype(least_type(place.size))[code]
        is_key = 1 < n_values <= min(MAX_GROUPS, MOSTLY_DIFFERENT * np.count_nonzero(key >= 0))
        return key if is_key else None

    @property
    def is_code(self) -> bool:
        """Tell whether the cells are zero-padded and repeat, as postcodes do."""
        return self.padded is not None and self.key_code is not None

    def of(self, rows: NDArray[Any] | slice) -> NDArray[np.float64]:
        """Give the numbers of some rows, (n_chosen,)."""
        if self.numbers is None:
            raise AssertionError("a column that was dropped has no numbers")
        numbers: NDArray[np.float64] = self.numbers[rows if self.code is None else self.code[rows]]
        return numbers

    def take(self, rows: NDArray[Any]) -> "NumberColumn":
        """Copy the cells of some rows."""
        return self if self.numbers is None else replace(self, numbers=self.of(rows), code=None)

    def without(self, rows: NDArray[Any]) -> "NumberColumn":
        """Take the cells of some rows for missing."""
        if self.numbers is None:
            return self
        values = np.array(self.numbers if self.code is None else self.numbers[self.code])
        values[rows] = np.nan
        n_missing = int(np.count_nonzero(np.isnan(values))) - self.n_bad
        return replace(self, numbers=values, code=None, n_missing=n_missing)


def merge_numbers(numbers: NDArray[np.float64], code: Codes) -> tuple[NDArray[np.float64], Codes]:
    """Give each number one code: it may have been spelled in several ways."""
    merged, place = np.unique(numbers, return_inverse=True)
    place = place.reshape(-1).astype(least_type(merged.size))
    if code.dtype.itemsize < place.dtype.itemsize:
        place = place.astype(code.dtype)
    for first in range(0, code.size, SLICE):  # in place: one more copy of all rows is what memory is short of
        code[first : first + SLICE] = place[code[first : first + SLICE]]
    return merged, code
