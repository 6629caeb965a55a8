"""Columns of numbers, gathered block by block: by their distinct contents while these are few, else by pandas."""

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from em_impute.table.arrays import Codes, GrowingArray, GrowingCodes, factorize, least_type
from em_impute.table.categories import MAX_GROUPS, MOSTLY_DIFFERENT, CategoryReader
from em_impute.table.cells import CellCoder, distinct_cells
from em_impute.table.dialect import Dialect
from em_impute.table.numbers import NumberContents, NumberCounts, count_cells
from em_impute.table.records import Records

DECIMAL_COMMA = re.compile(rb",(?!\d{3}\s*$)\d")
SAMPLE_ROWS = 24  # looked at to tell text columns from numbers before pandas tries
FEW = 0.125  # of a block's cells may be new contents for a column to be read by these
MOST_KNOWN = 1 << 17
SLICE = 1 << 20
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


class NumberReader:
    """Gathers a `NumberColumn`, and shows what it tells apart to the reader of the same column as a `category`.

    A column may prove not to be numeric in any row: until then, or until it has too many texts, it is read as both.
    Its cells are coded while their contents are few, then values; neither once the column is dropped, which is at the
    first cell that is no number unless the user has named it (`explicit`).  Tokens of `null` are missing.
    """

    def __init__(
        self,
        column: int,
        dialect: Dialect,
        decimal: str,
        *,
        explicit: bool,
        category: CategoryReader | None = None,
        null: frozenset[str] = frozenset(),
        is_text: bool = False,
    ) -> None:
        self.column = column
        self._dialect = dialect
        self._decimal = decimal
        self._explicit = explicit
        self._category = category
        self._coder = CellCoder(column)
        self.null = null
        self._contents = NumberContents(column, dialect, decimal, explicit=explicit, null=null)
        self._codes: GrowingCodes | None = GrowingCodes()
        self._values: GrowingArray[np.float64] | None = None
        self._counts = NumberCounts()
        self._decimal_comma, self._is_text = False, is_text

    def take(self, records: Records, capacity: int) -> bool:
        """Take in a block if its contents are few, and tell whether its numbers are still to be read.

        There are about `capacity` rows left with it.
        """
        if records.first_row == 0:
            _, counts = self._parsed(records.head(SAMPLE_ROWS))
            self._is_text |= counts.n_bad > 0
            if counts.n_bad and not self._explicit:
                self._note(records, counts)
        category = self._category if self._category and self._category.is_open else None
        if self._codes is None and category is None:
            return self._values is not None
        self._is_text = self._is_text or self._counts.n_bad > 0
        few, is_text = max(int(FEW * records.n_records), 1), self._is_text
        most = few if category is None else max(few, category.most_spellings(is_text=is_text))
        cells = self._coder.add(records, most, by_hash=self._category is not None and self._category.is_key)
        if category:
            category.take(records, cells, capacity, is_text=is_text)
        if self._codes is None:
            return self._values is not None
        if cells is None or len(cells.raw) > min(MOST_KNOWN, self._contents.numbers.size + few):
            code, self._codes = self._codes.finish(), None  # there are too many different ones, for good
            self._values = GrowingArray(np.float64)
            self._values.extend(self._contents.numbers.take(code), code.size + capacity)
            if category is None or not category.is_open:
                self._coder = CellCoder(self.column)  # contents are told apart no more: room for those of other columns
            return True
        _, counts = self._contents.read(records, cells)
        self._note(records, counts)
        if self._codes is not None:
            self._codes.add(cells.codes, len(cells.raw), capacity)
        return False

    def add(self, records: Records, values: NDArray[np.float64] | None, capacity: int) -> None:
        """Take in a block that was left, as the numbers (n_records,) that pandas has read, or by the grammar."""
        if values is None:
            values, counts = self._parsed(records)
        else:
            counts = count_cells(records, self.column, self._dialect, values)
        self._note(records, counts)
        if self._values is not None:
            self._values.extend(values, capacity)

    def finish(self) -> NumberColumn:
        """Give the column."""
        numbers = code = None
        if self._codes is not None:
            numbers, code = merge_numbers(self._contents.numbers, self._codes.finish())
        elif self._values is not None:
            numbers = self._values.finish()
        return NumberColumn(numbers=numbers, code=code, decimal_comma=self._decimal_comma, **vars(self._counts))

    def _parsed(self, records: Records) -> tuple[NDArray[np.float64], NumberCounts]:
        contents = NumberContents(self.column, self._dialect, self._decimal, explicit=self._explicit, null=self.null)
        return contents.read(records, distinct_cells(records, self.column))

    def _note(self, records: Records, counts: NumberCounts) -> None:
        """Add what a block holds, and drop a column that is none of numbers."""
        if counts.n_bad and not self._counts.n_bad:
            self._decimal_comma = self._reads_with_comma(records)
        if counts.n_bad and not self._explicit:
            self._codes = self._values = None
        self._counts = self._counts.plus(counts)

    def _reads_with_comma(self, records: Records) -> bool:
        """Tell whether every cell of a block is a number if its decimal mark is a comma, and one must be.

        `1,100` may be eleven hundred as well: a comma counts only where not all are followed by three digits.
        """
        if self._decimal != ".":
            return False
        # Most columns of text show by their first cells what they are.
        for some in (records.head(SAMPLE_ROWS), records):
            cells = distinct_cells(some, self.column)
            if NumberContents(self.column, self._dialect, ",", explicit=False).read(some, cells)[1].n_bad:
                return False
        return any(DECIMAL_COMMA.search(self._dialect.content(raw)) for raw in cells.raw)


def merge_numbers(numbers: NDArray[np.float64], code: Codes) -> tuple[NDArray[np.float64], Codes]:
    """Give each number one code: it may have been spelled in several ways."""
    merged, place = np.unique(numbers, return_inverse=True)
    place = place.reshape(-1).astype(least_type(merged.size))
    if code.dtype.itemsize < place.dtype.itemsize:
        place = place.astype(code.dtype)
    for first in range(0, code.size, SLICE):  # in place: one more copy of all rows is what memory is short of
        code[first : first + SLICE] = place[code[first : first + SLICE]]
    return merged, code
