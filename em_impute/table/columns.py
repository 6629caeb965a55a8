"""The column to complete, gathered block by block: labels as codes, and the spans that may be filled."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from em_impute.errors import FitError, option
from em_impute.table.arrays import Codes, GrowingCodes
from em_impute.table.cells import CellCoder, Cells
from em_impute.table.numbers import distinct_text, is_blank, is_mark
from em_impute.table.scan import Records
from em_impute.table.text import shown, unquoted

if TYPE_CHECKING:
    from em_impute.table.dialect import Dialect

MOST_TEXTS = 10_000  # distinct contents of a column that could still be categories
MOST_SPELLINGS = 2 * MOST_TEXTS  # each with quotes and without


@dataclass(frozen=True)
class TargetColumn:
    """A column to complete."""

    code: Codes
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
    may_fill: NDArray[np.bool_]
    """(n_texts,) whether a cell that holds the text may be filled: it is blank, a mark or one of the null tokens"""
    start: Codes
    """(m,) absolute offsets of those cells"""
    length: Codes
    """(m,) bytes of those cells, quotes included"""

    @property
    def stop(self) -> Codes:
        """(m,) absolute offsets behind those cells; those of their starts themselves where no cell holds a byte."""
        return self.start + self.length.astype(self.start.dtype) if self.length.any() else self.start

    @cached_property
    def row(self) -> NDArray[np.int32]:
        """(m,) ascending: the rows of those cells."""
        return np.flatnonzero(self.may_fill[self.code]).astype(np.int32)


@dataclass
class _Content:
    """One raw spelling of a target cell."""

    raw: bytes
    code: int
    """of its text"""
    is_quoted: bool
    needs_quotes: bool
    may_fill: bool


class TargetReader:
    """Gathers a `TargetColumn`."""

    def __init__(self, column: int, dialect: "Dialect", null_tokens: frozenset[str]) -> None:
        self._column = column
        self._dialect = dialect
        self._null_tokens = null_tokens
        self._coder = CellCoder(column)
        self._contents: list[_Content] = []  # in the order of the coder's codes
        self._code_of, self._may_fill = np.empty(0, np.int32), np.empty(0, np.bool_)  # what they say
        self._counts = np.zeros(0, np.int64)
        self._texts: dict[str, int] = {}
        self._code, self._start, self._length = GrowingCodes(), GrowingCodes(), GrowingCodes()

    def add(self, records: Records, capacity: int) -> None:
        """Take in a block; there are about `capacity` rows left with it.

        Raises `TableError` for a cell that is not text, `FitError` for too many different ones.
        """
        cells = self._coder.add(records, MOST_SPELLINGS)
        if cells is None:
            raise self._too_many()
        if len(cells.raw) > len(self._contents):
            new = range(len(self._contents), len(cells.raw))
            self._contents += [self._new(cells.raw[code], code, records, cells) for code in new]
            self._code_of = np.array([content.code for content in self._contents], np.int32)
            self._may_fill = np.array([content.may_fill for content in self._contents], np.bool_)
        counts = np.bincount(cells.codes, minlength=len(self._contents))
        counts[: self._counts.size] += self._counts
        self._counts = counts
        self._code.add(self._code_of.take(cells.codes), len(self._texts), capacity)
        if self._may_fill.any():
            rows = np.flatnonzero(self._may_fill.take(cells.codes))
            start, stop = cells.starts[rows], cells.stops[rows]
            length = stop - start
            self._start.add(start + records.offset, records.offset + records.data.size, capacity)
            self._length.add(length, int(length.max(initial=0)), capacity)

    def finish(self) -> TargetColumn:
        """Give the column."""
        counts = np.zeros(len(self._texts), np.int64)
        n_quoted = n_bare = 0
        may_fill = np.zeros(len(self._texts), np.bool_)
        for content, count in zip(self._contents, self._counts.tolist(), strict=True):
            counts[content.code] += count
            may_fill[content.code] = content.may_fill
            if not content.may_fill and not content.needs_quotes:
                n_quoted += count * content.is_quoted
                n_bare += count * (not content.is_quoted)
        spelled = {content.raw for content in self._contents if content.raw in {b"", b'""'}}
        only_quoted_empty = spelled == {b'""'}
        return TargetColumn(
            code=self._code.finish(),
            texts=tuple(self._texts),
            counts=counts,
            quoted_empty=b'""' in spelled,
            bare_empty=b"" in spelled,
            quotes_always=n_quoted > n_bare or (n_quoted == n_bare == 0 and only_quoted_empty),
            may_fill=may_fill,
            start=self._start.finish(),
            length=self._length.finish(),
        )

    def _new(self, raw: bytes, code: int, records: Records, cells: Cells) -> _Content:
        """Take up a spelling not seen before, `code` being its number in the block."""
        content = unquoted(raw)
        text = distinct_text(records, self._column, cells, code, self._dialect)
        new = _Content(
            raw=raw,
            code=self._texts.setdefault(text, len(self._texts)),
            is_quoted=raw[:1] == b'"',
            needs_quotes=any(byte in content for byte in (b'"', b"\n", b"\r", self._dialect.delimiter.encode())),
            may_fill=is_blank(text) or is_mark(text) or text in self._null_tokens or text.strip() in self._null_tokens,
        )
        if len(self._texts) > MOST_TEXTS:
            raise self._too_many()
        return new

    def _too_many(self) -> FitError:
        return FitError(
            f"column {shown(self._dialect.names[self._column])} holds more than {MOST_TEXTS:,} distinct values; "
            "it looks like an identifier",
            f"name a column of categories with {option('columns')}",
        )
