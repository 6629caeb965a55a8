"""The columns a model needs, gathered block by block: labels as codes with the spans that may be filled, numbers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from em_impute.errors import FitError
from em_impute.table.categories import CategoryReader
from em_impute.table.cells import Cells, distinct_cells
from em_impute.table.growing import GrowingArray
from em_impute.table.numbers import (
    EXAMPLES,
    Content,
    ParsedCells,
    cell_text,
    distinct_text,
    is_blank,
    is_mark,
    parse_block,
    parse_cells,
    parse_column,
)
from em_impute.table.scan import Records
from em_impute.table.text import shown, unquoted

if TYPE_CHECKING:
    from em_impute.table.dialect import Dialect

__all__ = ["NumberColumn", "NumberReader", "TargetColumn", "TargetReader"]

DECIMAL_COMMA = re.compile(rb",(?!\d{3}\s*$)\d")
MOST_TEXTS = 10_000  # distinct contents of a column that could still be categories
SAMPLE_ROWS = 24  # looked at to tell text columns from numbers before pandas tries
FEW = 0.125  # of a block's cells may differ for a column to be read by its distinct contents
MOST_KNOWN = 1 << 17


@dataclass(frozen=True)
class TargetColumn:
    """A column to complete."""

    code: NDArray[np.int32]
    """(n_rows,) index into `texts`"""
    texts: tuple[str, ...]
    """the distinct contents, without quotes, by first appearance"""
    counts: NDArray[np.int64]
    """(n_texts,) how often each occurs"""
    quoted_empty: bool
    """`""` occurs"""
    bare_empty: bool
    """a cell without any byte occurs"""
    quotes_always: bool
    """of the known cells that need no quotes, more have them than not; with none known, of the empty ones"""
    row: NDArray[np.int64]
    """(m,) ascending: the rows of every cell that may be filled, that is blank, a mark or one of the null tokens"""
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    """(m,) absolute offsets of those cells, quotes included"""


@dataclass(frozen=True)
class NumberColumn:
    """A column examined for numbers."""

    values: NDArray[np.float64] | None
    """(n_rows,) NaN where missing or bad; None once the column was dropped, and then all counts end there"""
    n_missing: int
    n_numbers: int
    """cells that hold a number, as far as the column was read"""
    n_bad: int
    """cells that hold something, but no number"""
    bad_examples: tuple[tuple[int, str], ...]
    """up to three of them: physical line, text"""
    n_infinite: int
    infinite: tuple[int, str] | None
    """the first infinite one: line, text"""
    padded: tuple[int, str] | None
    """the first with a leading zero before another digit: line, text"""
    decimal_comma: bool
    """all cells of the block that held the first bad one would be numbers with a decimal comma"""


@dataclass
class _Content:
    """One raw spelling of a target cell."""

    code: int
    """of its text"""
    is_quoted: bool
    needs_quotes: bool
    may_fill: bool
    count: int = 0


class TargetReader:
    """Gathers a `TargetColumn`."""

    def __init__(self, column: int, dialect: "Dialect", null_tokens: frozenset[str]) -> None:
        self._column = column
        self._dialect = dialect
        self._null_tokens = null_tokens
        self._contents: dict[bytes, _Content] = {}
        self._texts: dict[str, int] = {}
        self._code = GrowingArray(np.int32)
        self._row, self._start, self._stop = (GrowingArray(np.int64) for _ in range(3))

    def add(self, records: Records, capacity: int) -> None:
        """Take in a block; there are about `capacity` rows left with it.

        Raises `TableError` for a cell that is not text, `FitError` for too many different ones.
        """
        cells = distinct_cells(records, self._column)
        contents = [
            self._contents.get(raw) or self._new(raw, code, records, cells) for code, raw in enumerate(cells.raw)
        ]
        for content, count in zip(contents, np.bincount(cells.codes).tolist(), strict=True):
            content.count += count
        self._code.extend(np.array([content.code for content in contents], np.int32)[cells.codes], capacity)
        may_fill = np.array([content.may_fill for content in contents], np.bool_)
        if may_fill.any():
            rows = np.flatnonzero(may_fill[cells.codes])
            self._row.extend(rows + records.first_row, capacity)
            self._start.extend(cells.starts[rows] + records.offset, capacity)
            self._stop.extend(cells.stops[rows] + records.offset, capacity)

    def finish(self) -> TargetColumn:
        """Give the column."""
        counts = np.zeros(len(self._texts), np.int64)
        n_quoted = n_bare = 0
        for content in self._contents.values():
            counts[content.code] += content.count
            if not content.may_fill and not content.needs_quotes:
                n_quoted += content.count * content.is_quoted
                n_bare += content.count * (not content.is_quoted)
        only_quoted_empty = b'""' in self._contents and b"" not in self._contents
        return TargetColumn(
            code=self._code.finish(),
            texts=tuple(self._texts),
            counts=counts,
            quoted_empty=b'""' in self._contents,
            bare_empty=b"" in self._contents,
            quotes_always=n_quoted > n_bare or (n_quoted == n_bare == 0 and only_quoted_empty),
            row=self._row.finish(),
            start=self._start.finish(),
            stop=self._stop.finish(),
        )

    def _new(self, raw: bytes, code: int, records: Records, cells: Cells) -> _Content:
        """Take up a spelling not seen before, `code` being its number in the block."""
        content = unquoted(raw)
        text = distinct_text(records, self._column, cells, code, self._dialect)
        new = _Content(
            code=self._texts.setdefault(text, len(self._texts)),
            is_quoted=raw[:1] == b'"',
            needs_quotes=any(byte in content for byte in (b'"', b"\n", b"\r", self._dialect.delimiter.encode())),
            may_fill=is_blank(text) or is_mark(text) or text in self._null_tokens or text.strip() in self._null_tokens,
        )
        if len(self._texts) > MOST_TEXTS:
            raise FitError(
                f"column {shown(self._dialect.names[self._column])} holds more than {MOST_TEXTS:,} distinct values; "
                "it looks like an identifier",
                "name a column of categories with -c",
            )
        self._contents[raw] = new
        return new


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
        self._columns = {column: _Numbers(GrowingArray(np.float64)) for column in columns}
        self._is_first = True

    def add(self, records: Records, capacity: int) -> None:
        """Take in a block; there are about `capacity` rows left with it.

        A column the user did not name is dropped at its first cell that is no number.
        """
        if self._is_first and not self._explicit:
            sample = records.head(SAMPLE_ROWS)
            for column in self._kept():
                parsed = parse_column(sample, column, self._dialect, self._decimal, explicit=False)
                if parsed.n_bad:
                    self._note(column, sample, parsed, 0)
                    self._columns[column].decimal_comma = self._reads_with_comma(records, column)
        self._is_first = False
        few = {column: self._few_cells(records, column, capacity) for column in self._columns}
        many = [column for column in self._kept() if few[column] is None]
        parsed_columns = parse_block(records, many, self._dialect, self._decimal, explicit=self._explicit)
        for column in self._kept():
            cells, known = few[column], self._columns[column].known
            if cells is not None and known is not None:
                parsed_columns[column] = parse_cells(
                    records, column, cells, self._dialect, self._decimal, known=known, explicit=self._explicit
                )
            parsed = parsed_columns[column]
            if parsed.n_bad and not self._columns[column].n_bad:
                self._columns[column].decimal_comma = self._reads_with_comma(records, column)
            self._note(column, records, parsed, capacity)

    def finish(self) -> dict[int, NumberColumn]:
        """Give the columns."""
        return {column: self._finished(numbers) for column, numbers in self._columns.items()}

    def _kept(self) -> list[int]:
        return [column for column, numbers in self._columns.items() if numbers.values]

    def _few_cells(self, records: Records, column: int, capacity: int) -> Cells | None:
        """Tell the cells of a column apart, and give up for good once there are too many different ones.

        None where they are too many to read numbers by, or none are to be read.
        """
        numbers, category = self._columns[column], self._categories.get(column)
        is_category = category is not None and category.is_open
        if numbers.known is None and not is_category:
            return None
        cells = distinct_cells(records, column)
        if category:
            category.add(records, capacity, cells)
        if numbers.known is None:
            return None
        if len(cells.raw) > max(FEW * records.n_records, 1) or len(numbers.known) > MOST_KNOWN:
            numbers.known = None
            return None
        return cells

    def _note(self, column: int, records: Records, parsed: ParsedCells, capacity: int) -> None:
        """Add a block of one column."""
        numbers = self._columns[column]
        numbers.n_bad += parsed.n_bad
        n_nan = int(np.count_nonzero(np.isnan(parsed.values)))
        numbers.n_numbers += parsed.values.size - n_nan
        for row, text in parsed.bad[: EXAMPLES - len(numbers.bad_examples)]:
            numbers.bad_examples.append((int(records.line_of(np.array([row]))[0]), text))
        if parsed.n_bad and not self._explicit:
            numbers.values = numbers.known = None
        if numbers.values is None:
            return
        numbers.values.extend(parsed.values, capacity)
        numbers.n_missing += n_nan - parsed.n_bad
        infinite = np.flatnonzero(np.isinf(parsed.values))
        numbers.n_infinite += len(infinite)
        if infinite.size and numbers.infinite is None:
            numbers.infinite = self._shown_cell(records, column, int(infinite[0]))
        if numbers.padded is None and parsed.padded is not None:
            numbers.padded = self._shown_cell(records, column, parsed.padded)

    def _shown_cell(self, records: Records, column: int, row: int) -> tuple[int, str]:
        return int(records.line_of(np.array([row]))[0]), cell_text(records, column, row, self._dialect)

    def _reads_with_comma(self, records: Records, column: int) -> bool:
        """Tell whether every cell of a block is a number if its decimal mark is a comma, and one must be.

        `1,100` may be eleven hundred as well: a comma counts only where not all are followed by three digits.
        """
        if self._decimal != ".":
            return False
        cells = distinct_cells(records, column)
        parsed = parse_cells(records, column, cells, self._dialect, ",", known={}, explicit=False)
        return parsed.n_bad == 0 and any(DECIMAL_COMMA.search(unquoted(raw)) for raw in cells.raw)

    def _finished(self, numbers: "_Numbers") -> NumberColumn:
        return NumberColumn(
            values=numbers.values.finish() if numbers.values else None,
            n_missing=numbers.n_missing,
            n_numbers=numbers.n_numbers,
            n_bad=numbers.n_bad,
            bad_examples=tuple(numbers.bad_examples),
            n_infinite=numbers.n_infinite,
            infinite=numbers.infinite,
            padded=numbers.padded,
            decimal_comma=numbers.decimal_comma,
        )


class _Numbers:
    """A column of numbers in the making; `values` is None once it was dropped."""

    def __init__(self, values: GrowingArray[np.float64]) -> None:
        self.values: GrowingArray[np.float64] | None = values
        self.known: dict[bytes, Content] | None = {}
        """contents read so far, while there are few: telling equal cells apart is three times as fast as pandas"""
        self.n_missing = 0
        self.n_numbers = 0
        self.n_bad = 0
        self.n_infinite = 0
        self.bad_examples: list[tuple[int, str]] = []
        self.infinite: tuple[int, str] | None = None
        self.padded: tuple[int, str] | None = None
        self.decimal_comma = False
