"""Columns of numbers, gathered block by block: by their distinct contents while these are few, else by pandas."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from em_impute.table.arrays import Codes, GrowingArray, GrowingCodes, least_type
from em_impute.table.categories import CategoryReader
from em_impute.table.cells import CellCoder, Cells, distinct_cells
from em_impute.table.numbers import (
    NumberContents,
    NumberCounts,
    ParsedCells,
    cell_text,
    parse_block,
    parse_column,
)
from em_impute.table.scan import Records
from em_impute.table.text import unquoted

if TYPE_CHECKING:
    from em_impute.table.dialect import Dialect

DECIMAL_COMMA = re.compile(rb",(?!\d{3}\s*$)\d")
SAMPLE_ROWS = 24  # looked at to tell text columns from numbers before pandas tries
FEW = 0.125  # of a block's cells may be new contents for a column to be read by these
MOST_KNOWN = 1 << 17
SLICE = 1 << 20


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
        return sum(0 if one is None else one.size for one in (self.numbers if self.code is None else self.code,))

    def of(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Give the numbers of some rows, (n_chosen,)."""
        if self.numbers is None:
            raise AssertionError("a column that was dropped has no numbers")
        numbers: NDArray[np.float64] = self.numbers[rows if self.code is None else self.code[rows]]
        return numbers

    def without(self, rows: NDArray[Any]) -> "NumberColumn":
        """Take the cells of some rows for missing."""
        if self.numbers is None:
            return self
        values = np.array(self.numbers if self.code is None else self.numbers[self.code])
        values[rows] = np.nan
        return replace(self, numbers=values, code=None, n_missing=int(np.count_nonzero(np.isnan(values))))

    def taking(self, rows: NDArray[Any]) -> "NumberColumn":
        """Show some rows only."""
        if self.numbers is None:
            return self
        if self.code is None:
            numbers, code = self.numbers[rows], None
        else:
            used, place = np.unique(self.code[rows], return_inverse=True)
            numbers, code = self.numbers[used], place.reshape(-1)
        n_missing = int(np.count_nonzero(np.isnan(self.of(rows))))
        return replace(self, numbers=numbers, code=code, n_missing=n_missing)


@dataclass
class _Column:
    """A column of numbers in the making: coded while its contents are few, then values; neither once it is dropped."""

    contents: NumberContents
    codes: GrowingCodes | None = field(default_factory=GrowingCodes)
    values: GrowingArray[np.float64] | None = None
    counts: NumberCounts = field(default_factory=NumberCounts)
    decimal_comma: bool = False

    @property
    def is_kept(self) -> bool:
        """Tell whether the column is still one of numbers."""
        return self.codes is not None or self.values is not None

    def decode(self, capacity: int) -> None:
        """Go on with the numbers themselves: there are too many different ones."""
        if self.codes is not None:
            code, self.codes = self.codes.finish(), None
            self.values = GrowingArray(np.float64)
            self.values.extend(self.contents.numbers[code] if code.size else np.empty(0), code.size + capacity)

    def finish(self) -> NumberColumn:
        """Give the column."""
        numbers = code = None
        if self.codes is not None:
            numbers, code = _merged(self.contents.numbers, self.codes.finish())
        elif self.values is not None:
            numbers = self.values.finish()
        return NumberColumn(numbers=numbers, code=code, decimal_comma=self.decimal_comma, **vars(self.counts))


class NumberReader:
    """Gathers `NumberColumn`s, and shows what it tells apart to the readers that read the same columns as categories.

    A column may prove not to be numeric in any row: until then, or until it has too many texts, it is read as both.
    """

    def __init__(
        self,
        columns: Sequence[int],
        dialect: "Dialect",
        decimal: str,
        *,
        explicit: bool,
        categories: Mapping[int, CategoryReader] | None = None,
    ) -> None:
        self._dialect = dialect
        self._decimal = decimal
        self._explicit = explicit
        self._categories = categories or {}
        self._coders = {column: CellCoder(column) for column in columns}
        self._columns = {
            column: _Column(NumberContents(column, dialect, decimal, explicit=explicit)) for column in columns
        }
        self._is_first = True

    def add(self, records: Records, capacity: int) -> None:
        """Take in a block; there are about `capacity` rows left with it.

        A column the user did not name is dropped at its first cell that is no number.
        """
        if self._is_first and not self._explicit:
            sample = records.head(SAMPLE_ROWS)
            for number, column in self._columns.items():
                parsed = parse_column(sample, number, self._dialect, self._decimal, explicit=False)
                if parsed.n_bad:
                    self._note(number, sample, parsed)
                    column.decimal_comma = self._reads_with_comma(records, number)
        self._is_first = False
        many: list[int] = []
        for number, column in self._columns.items():
            cells = self._few_cells(records, number, capacity)
            if cells is not None:
                self._note(number, records, column.contents.read(records, cells))
                if column.codes is not None:
                    column.codes.add(cells.codes, len(cells.raw), capacity)
            elif column.is_kept:
                column.decode(capacity)
                many.append(number)
        parsed_columns = parse_block(records, many, self._dialect, self._decimal, explicit=self._explicit)
        for number, parsed in parsed_columns.items():
            self._note(number, records, parsed)
            values = self._columns[number].values
            if values is not None:
                values.extend(parsed.values, capacity)

    def finish(self) -> dict[int, NumberColumn]:
        """Give the columns."""
        return {number: column.finish() for number, column in self._columns.items()}

    def _few_cells(self, records: Records, number: int, capacity: int) -> Cells | None:
        """Give numbers to the contents of a column, and give up for good once there are too many different ones.

        None where they are too many to read numbers by, or none are to be read.
        """
        column, category = self._columns[number], self._categories.get(number)
        is_category = category is not None and category.is_open
        if column.codes is None and not is_category:
            return None
        few, is_text = max(int(FEW * records.n_records), 1), not column.is_kept
        most = max(few, category.most_spellings(is_text=is_text)) if is_category and category else few
        cells = self._coders[number].add(records, most, by_hash=category is not None and category.is_key)
        if category and is_category:
            category.take(records, cells, capacity, is_text=is_text)
        if column.codes is None or cells is None:
            return None
        is_much = len(cells.raw) - column.contents.numbers.size > few or len(cells.raw) > MOST_KNOWN
        return None if is_much else cells

    def _note(self, number: int, records: Records, parsed: ParsedCells) -> None:
        """Count what a block of one column holds, and drop a column that is none of numbers."""
        column = self._columns[number]
        if parsed.n_bad and not column.counts.n_bad:
            column.decimal_comma = self._reads_with_comma(records, number)
        n_nan = int(np.count_nonzero(np.isnan(parsed.values)))
        bad = tuple((int(records.line_of(np.array([row]))[0]), text) for row, text in parsed.bad)
        counts = NumberCounts(n_numbers=parsed.values.size - n_nan, n_bad=parsed.n_bad, bad_examples=bad)
        if parsed.n_bad and not self._explicit:
            column.codes = column.values = None
        else:
            infinite = np.flatnonzero(np.isinf(parsed.values))
            counts = replace(
                counts,
                n_missing=n_nan - parsed.n_bad,
                n_infinite=infinite.size,
                infinite=self._shown_cell(records, number, int(infinite[0])) if infinite.size else None,
                padded=None if parsed.padded is None else self._shown_cell(records, number, parsed.padded),
            )
        column.counts = column.counts.plus(counts)

    def _shown_cell(self, records: Records, number: int, row: int) -> tuple[int, str]:
        return int(records.line_of(np.array([row]))[0]), cell_text(records, number, row, self._dialect)

    def _reads_with_comma(self, records: Records, number: int) -> bool:
        """Tell whether every cell of a block is a number if its decimal mark is a comma, and one must be.

        `1,100` may be eleven hundred as well: a comma counts only where not all are followed by three digits.
        """
        if self._decimal != ".":
            return False
        # Most columns of text show by their first cells what they are.
        for some in (records.head(SAMPLE_ROWS), records):
            cells = distinct_cells(some, number)
            if NumberContents(number, self._dialect, ",", explicit=False).read(some, cells).n_bad:
                return False
        return any(DECIMAL_COMMA.search(unquoted(raw)) for raw in cells.raw)


def _merged(numbers: NDArray[np.float64], code: Codes) -> tuple[NDArray[np.float64], Codes]:
    """Give each number one code: it may have been spelled in several ways."""
    merged, place = np.unique(numbers, return_inverse=True)
    place = place.reshape(-1).astype(least_type(merged.size))
    if code.dtype.itemsize < place.dtype.itemsize:
        place = place.astype(code.dtype)
    for first in range(0, code.size, SLICE):  # in place: one more copy of all rows is what memory is short of
        code[first : first + SLICE] = place[code[first : first + SLICE]]
    return merged, code
