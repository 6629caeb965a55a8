"""Columns gathered block by block: labels as codes, and the others by their contents while these are few."""

from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from em_impute.errors import FitError, option
from em_impute.table.cells import CellCoder, Cells, distinct_cells, distinct_text
from em_impute.table.columns import (
    MISSING,
    CategoryColumn,
    NumberColumn,
    NumberCounts,
    TargetColumn,
    least_type,
    merge_numbers,
)
from em_impute.table.dialect import Dialect
from em_impute.table.numbers import NO_TOKENS, Tokens, count_cells, is_mark, read_by_grammar
from em_impute.table.records import Records
from em_impute.table.text import shown

MOST_TEXTS = 10_000  # distinct contents of a column that could still be categories
MOST_SPELLINGS = 2 * MOST_TEXTS  # each with quotes and without

SAMPLE_ROWS = 24
"""Looked at to tell texts from numbers before pandas tries, and of a column whose texts are too many to be kept."""

FEW = 0.125  # of a block's cells may be new contents for a column of numbers to be read by these
MOST_KNOWN = 1 << 17

NONE = "none"
SPELLINGS_PER_TEXT = 100
"""A block with more new contents than so many times the limit holds prose or numbers."""


class GrowingArray:
    """A vector whose final length is only estimated; pages that are never written take no memory."""

    def __init__(self, dtype: type[np.generic] = np.int8) -> None:
        self._array, self._n = np.empty(0, dtype), 0

    def extend(self, values: NDArray[Any], n_left: int) -> None:
        """Append a vector; with it and all that is to come there will be about `n_left` more.

        Of whole numbers, −1 and more, each takes as many bytes as the largest asks for.
        """
        n, kind = self._n + values.size, self._array.dtype
        if kind.kind == "i":
            kind = np.promote_types(kind, least_type(int(values.max(initial=0))))
        if n > self._array.size or kind != self._array.dtype:
            moved = np.empty(max(self._array.size if n <= self._array.size else self._n + n_left, n), kind)
            moved[: self._n] = self._array[: self._n]
            self._array = moved
        self._array[self._n : n] = values
        self._n = n

    def finish(self) -> NDArray[Any]:
        """Give what was appended."""
        return self._array[: self._n]


class TargetReader:
    """Gathers a `TargetColumn`."""

    def __init__(self, column: int, dialect: Dialect, null_tokens: frozenset[str]) -> None:
        self._column = column
        self._dialect = dialect
        self._null_tokens = null_tokens
        self._coder = CellCoder(column)
        self._code_of, self._may_fill = np.empty(0, np.int32), np.empty(0, np.bool_)  # of each spelling
        self._counts = np.zeros(0, np.int64)
        self._texts: dict[str, int] = {}
        self._code, self._start, self._length = GrowingArray(), GrowingArray(), GrowingArray()

    def add(self, records: Records) -> None:
        """Take in a block.

        Raises `TableError` for a cell that is not text, `FitError` for too many different ones.
        """
        cells = self._coder.add(records, MOST_SPELLINGS)
        if cells is None:
            raise self._too_many()
        new = range(self._code_of.size, len(cells.raw))
        texts = [distinct_text(records, self._column, cells, number, self._dialect) for number in new]
        codes = [self._texts.setdefault(text, len(self._texts)) for text in texts]
        if len(self._texts) > MOST_TEXTS:
            raise self._too_many()
        may_fill = [is_mark(text) or not self._null_tokens.isdisjoint({text, text.strip()}) for text in texts]
        self._code_of = np.append(self._code_of, np.array(codes, np.int32))
        self._may_fill = np.append(self._may_fill, np.array(may_fill, np.bool_))
        counts = np.bincount(cells.codes, minlength=len(cells.raw))
        counts[: self._counts.size] += self._counts
        self._counts = counts
        self._code.extend(self._code_of.take(cells.codes), records.n_left)
        if self._may_fill.any():
            rows = np.flatnonzero(self._may_fill.take(cells.codes))
            start, stop = cells.starts[rows], cells.stops[rows]
            self._start.extend(start + records.offset, records.n_left)
            self._length.extend(stop - start, records.n_left)

    def finish(self) -> TargetColumn:
        """Give the column."""
        n_texts, raws = len(self._texts), self._coder.raw
        syntax = (b'"', b"\n", b"\r", self._dialect.delimiter.encode())
        may_fill = np.zeros(n_texts, np.bool_)
        may_fill[self._code_of] = self._may_fill
        contents = map(self._dialect.content, raws)
        needs_quotes = np.array([any(byte in content for byte in syntax) for content in contents], np.bool_)
        is_quoted = np.array([self._dialect.quoting and raw[:1] == b'"' for raw in raws], np.bool_)
        is_free = ~self._may_fill & ~needs_quotes
        n_quoted, n_bare = self._counts[is_free & is_quoted].sum(), self._counts[is_free & ~is_quoted].sum()
        all_empty_are_quoted = b'""' in raws and b"" not in raws
        return TargetColumn(
            code=self._code.finish(),
            texts=tuple(self._texts),
            counts=np.bincount(self._code_of, self._counts, n_texts).astype(np.int64),
            quotes_always=bool(n_quoted > n_bare or (n_quoted == n_bare == 0 and all_empty_are_quoted)),
            may_fill=may_fill,
            start=self._start.finish(),
            length=self._length.finish(),
        )

    def _too_many(self) -> FitError:
        return FitError(
            f"column {shown(self._dialect.names[self._column])} holds more than {MOST_TEXTS:,} distinct values; "
            "it looks like an identifier",
            f"name a column of categories with {option('columns')}",
        )


class ColumnReader:
    """Gathers a column as numbers, as texts, or as both: it may prove not to be numeric in any row.

    With a `decimal` mark it is read as numbers, until the first cell that is none unless the user has named the column
    (`explicit`); with `limits` as texts, until they are more than the first, or than the second if the column holds
    more than numbers or `keeps_texts`.  `tokens` say what is missing besides the marks, and what is not.  In a column
    that is `explicit` bytes that are no text raise `TableError`.
    """

    def __init__(
        self,
        column: int,
        dialect: Dialect,
        *,
        decimal: str | None = None,
        limits: tuple[int, int] | None = None,
        explicit: bool = False,
        keeps_texts: bool = False,
        tokens: Tokens = NO_TOKENS,
    ) -> None:
        self.column, self.tokens = column, tokens
        self._dialect = dialect
        self._decimal, self._has_numbers = decimal or ".", decimal is not None
        self._limit, self._text_limit = limits or (0, 0)
        self._explicit = explicit
        self._is_text = self._keeps_texts = keeps_texts
        self._coder = CellCoder(column)
        self._codes: GrowingArray | None = GrowingArray()
        self._n_contents = 0
        self._number, self._is_bad = np.empty(0), np.empty(0, np.bool_)  # of each content
        self._text = np.empty(0, np.int32)  # of each content
        self._values: GrowingArray | None = None  # of each row, once contents are too many
        self._counts = NumberCounts()
        self._texts: dict[str, int] | None = None if limits is None else {}
        self._none: list[int] = []  # contents that are `none`
        self._first: tuple[str, ...] = ()
        self._example: tuple[int, str] | None = None

    @property
    def holds_texts(self) -> bool:
        """Tell whether there is more than numbers in the column, or its texts are kept even so."""
        return self._keeps_texts or self._counts.n_bad > 0

    @property
    def _is_coded(self) -> bool:
        """Tell whether numbers are read by their contents."""
        return self._has_numbers and self._values is None

    def take(self, records: Records) -> bool:
        """Take in a block, and tell whether its numbers are still to be read, since their contents are many."""
        if self._has_numbers and records.first_row == 0:
            _, counts = self._parsed(records.head(SAMPLE_ROWS))
            self._is_text |= counts.n_bad > 0
            if counts.n_bad and not self._explicit:
                self._note(counts)
        if self._codes is None:
            return self._values is not None
        self._is_text |= self._counts.n_bad > 0
        most = few = max(int(FEW * records.n_records), 1)
        if self._texts is not None:
            most = max(few, SPELLINGS_PER_TEXT * self._limit, self._is_text * self._text_limit)
        cells = self._coder.add(records, most)
        if self._is_coded and (cells is None or len(cells.raw) > min(MOST_KNOWN, self._n_contents + few)):
            self._values = GrowingArray(np.float64)  # there are too many different ones
            code = self._codes.finish()
            self._values.extend(self._number.take(code), code.size + records.n_left)
            self._release()
        if cells is None:
            self._close(records.head(SAMPLE_ROWS))
        else:
            self._add(records, cells)
        return self._values is not None

    def add(self, records: Records, values: NDArray[np.float64] | None) -> None:
        """Take in a block that was left, as the numbers (n_records,) that pandas has read, or by the grammar."""
        if values is None:
            values, counts = self._parsed(records)
        else:
            counts = count_cells(records, self.column, self._dialect, values)
        self._note(counts)
        if self._values is not None:
            self._values.extend(values, records.n_left)

    def category(self) -> CategoryColumn:
        """Give the column as texts; before the numbers, which need the room of its codes."""
        if self._texts is None or self._codes is None:
            return CategoryColumn(None, (), self._limit, self._example, self._first)
        text, texts = self._text, tuple(self._texts)
        if self._none and len(texts) <= 1:  # beside `belted` it is no mark, but the other of two answers
            text, texts = text.copy(), (*texts, NONE)
            text[self._none] = len(texts) - 1
        code = text.astype(least_type(len(texts))).take(self._codes.finish())
        return CategoryColumn(code, texts, self._limit, self._example)

    def numbers(self) -> NumberColumn:
        """Give the column as numbers."""
        numbers = code = None
        if self._is_coded and self._codes is not None:
            numbers, code = merge_numbers(self._number, self._codes.finish())
        elif self._values is not None:
            numbers = self._values.finish()
        return NumberColumn(numbers=numbers, code=code, **vars(self._counts))

    def _add(self, records: Records, cells: Cells) -> None:
        """Take in a block whose cells are distinguished."""
        most = max(self._limit, self._is_text * self._text_limit)
        numbers, codes = [], []
        for content in range(self._n_contents, len(cells.raw)):
            text = distinct_text(records, self.column, cells, content, self._dialect, is_strict=self._explicit)
            if self._is_coded:
                numbers.append(self.tokens.number(text, self._decimal))
            if self._texts is not None:
                codes.append(self._code_of(text.strip(), records, cells, content))
                if len(self._texts) > most:
                    self._close()
            elif not self._is_coded:
                break
        if self._codes is None:
            return
        self._n_contents = len(cells.raw)
        self._text = np.append(self._text, np.array(codes, np.int32))
        self._codes.extend(cells.codes, records.n_left)
        if self._is_coded:
            self._number = np.append(self._number, np.array(numbers, np.float64))  # None becomes NaN
            self._is_bad = np.append(self._is_bad, np.array([number is None for number in numbers], np.bool_))
            bad = np.flatnonzero(self._is_bad.take(cells.codes)).tolist() if self._is_bad.any() else []
            values = self._number.take(cells.codes)
            self._note(count_cells(records, self.column, self._dialect, values, bad))

    def _code_of(self, text: str, records: Records, cells: Cells, content: int) -> int:
        """Give the code of the text that a new content is."""
        if self._texts is None or self.tokens.are_missing(text):
            if text.casefold() == NONE and text not in self.tokens.null:
                self._none.append(content)
            return MISSING
        if self._example is None:
            self._example = int(records.lines[np.argmax(cells.codes == content)]), text
        return self._texts.setdefault(text, len(self._texts))

    def _close(self, head: Records | None = None) -> None:
        """Release all texts but the first; perhaps not even those of a `head` of the records are known yet."""
        if head is not None:
            cells = distinct_cells(head, self.column)
            for content in range(len(cells.raw)):
                text = distinct_text(head, self.column, cells, content, self._dialect, is_strict=False)
                self._code_of(text.strip(), head, cells, content)
        self._first = tuple(islice(self._texts or (), SAMPLE_ROWS))
        self._texts = None
        self._release()

    def _release(self) -> None:
        """Tell contents apart no more where nobody asks: that is room for those of other columns."""
        if self._texts is None and not self._is_coded:
            self._codes, self._coder = None, CellCoder(self.column)

    def _parsed(self, records: Records) -> tuple[NDArray[np.float64], NumberCounts]:
        return read_by_grammar(
            records, self.column, self._dialect, self._decimal, tokens=self.tokens, is_strict=self._explicit
        )

    def _note(self, counts: NumberCounts) -> None:
        """Add what a block holds, and drop the numbers of a column that is none of numbers."""
        if counts.n_bad and not self._explicit:
            self._has_numbers, self._values = False, None
            self._release()
        self._counts = self._counts.plus(counts)
