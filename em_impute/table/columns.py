"""The column to complete, gathered block by block: labels as codes, and the spans that may be filled."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from em_impute.errors import FitError, option
from em_impute.table.arrays import Codes, GrowingArray
from em_impute.table.cells import CellCoder, distinct_text
from em_impute.table.dialect import Dialect
from em_impute.table.numbers import is_mark
from em_impute.table.records import Records
from em_impute.table.text import shown

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
    mixes_empty: bool
    """both `""` and cells without any byte occur"""
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


class TargetReader:
    """Gathers a `TargetColumn`."""

    def __init__(self, column: int, dialect: Dialect, null_tokens: frozenset[str]) -> None:
        self._column = column
        self._dialect = dialect
        self._null_tokens = null_tokens
        self._coder = CellCoder(column)
        self._raw: list[bytes] = []  # the spellings
        self._code_of, self._may_fill = np.empty(0, np.int32), np.empty(0, np.bool_)  # of each
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
        self._raw = cells.raw
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
        n_texts, syntax = len(self._texts), (b'"', b"\n", b"\r", self._dialect.delimiter.encode())
        may_fill = np.zeros(n_texts, np.bool_)
        may_fill[self._code_of] = self._may_fill
        contents = map(self._dialect.content, self._raw)
        needs_quotes = np.array([any(byte in content for byte in syntax) for content in contents], np.bool_)
        is_quoted = np.array([self._dialect.quoting and raw[:1] == b'"' for raw in self._raw], np.bool_)
        is_free = ~self._may_fill & ~needs_quotes
        n_quoted, n_bare = self._counts[is_free & is_quoted].sum(), self._counts[is_free & ~is_quoted].sum()
        spelled = {raw for raw in self._raw if raw in {b"", b'""'}}
        return TargetColumn(
            code=self._code.finish(),
            texts=tuple(self._texts),
            counts=np.bincount(self._code_of, self._counts, n_texts).astype(np.int64),
            mixes_empty=len(spelled) > 1,
            quotes_always=bool(n_quoted > n_bare or (n_quoted == n_bare == 0 and spelled == {b'""'})),
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
