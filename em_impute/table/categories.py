"""Columns of text as categories: which distinct text each cell holds, as long as there are few of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from em_impute.table.cells import Cells, distinct_cells
from em_impute.table.growing import GrowingArray
from em_impute.table.marks import is_mark
from em_impute.table.numbers import distinct_text
from em_impute.table.scan import Records
from em_impute.table.text import unquoted

if TYPE_CHECKING:
    from em_impute.table.dialect import Dialect

__all__ = ["MAX_GROUPS", "MAX_LEVELS", "CategoryColumn", "CategoryReader"]

MAX_LEVELS = 50
"""A predictor with more distinct texts is an identifier or prose."""

MAX_GROUPS = 10_000
"""As many parts may a column divide a table into."""

SPELLINGS_PER_TEXT = 4
"""Remembered from block to block; more of them are read anew in each."""

MISSING = -1

SLICE = 1 << 20


@dataclass(frozen=True)
class CategoryColumn:
    """A column of texts: blank cells and the standard marks are missing, and white space around a text is none of it.

    Once there are more than `limit` texts the column is read no further: `packed` is None, `texts` and `counts` are
    empty, `n_missing` is 0, and `example` shows what it holds.
    """

    packed: NDArray[np.signedinteger[Any]] | None
    """(n_rows,) as `code`, in as few bytes as hold it"""
    texts: tuple[str, ...]
    """the distinct contents, without quotes, by first appearance; a byte that is no text is written `\\xE9`"""
    counts: NDArray[np.int64]
    """(n_texts,) how often each occurs"""
    n_missing: int
    limit: int
    """so many texts a column may have"""
    example: tuple[int, str] | None
    """the first text: physical line, text"""

    @property
    def code(self) -> NDArray[np.int32] | None:
        """(n_rows,) index into `texts`, −1 where missing; made anew each time, in a type that is safe to reckon in."""
        return None if self.packed is None else self.packed.astype(np.int32)

    @property
    def too_many(self) -> bool:
        """Tell whether there are more than `limit` texts."""
        return self.packed is None


class CategoryReader:
    """Gathers a `CategoryColumn`.

    Bytes that are not text raise `TableError` where `is_strict`.
    """

    def __init__(self, column: int, dialect: "Dialect", *, limit: int = MAX_LEVELS, is_strict: bool = False) -> None:
        self._column = column
        self._dialect = dialect
        self._limit = limit
        self._is_strict = is_strict
        self._dtype = np.int8 if limit <= np.iinfo(np.int8).max else np.int16
        self._code: GrowingArray[np.signedinteger[Any]] | None = GrowingArray(self._dtype)
        self._texts: dict[str, int] = {}
        self._spellings: dict[bytes, int] = {}
        self._example: tuple[int, str] | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether there are few texts so far, so that reading goes on."""
        return self._code is not None

    def add(self, records: Records, capacity: int, cells: Cells | None = None) -> None:
        """Take in a block, or just its `cells` if they are told apart; there are about `capacity` rows left with it."""
        if self._code is None:
            return
        cells = cells or distinct_cells(records, self._column)
        codes = self._codes(records, cells)
        if len(self._texts) > self._limit:
            self._close()
        else:
            self._code.extend(np.array(codes, self._dtype).take(cells.codes), capacity)

    def finish(self) -> CategoryColumn:
        """Give the column."""
        packed = self._code.finish() if self._code else None
        # Counted only now: most columns turn out to be numbers, and are not finished.
        counts = np.zeros(1, np.int64) if packed is None else _count(packed, len(self._texts))
        return CategoryColumn(
            packed=packed,
            texts=tuple(self._texts),
            counts=counts[1:],
            n_missing=int(counts[0]),
            limit=self._limit,
            example=self._example,
        )

    def _codes(self, records: Records, cells: Cells) -> list[int]:
        """Give the codes of the distinct contents, up to the first for which there are too many texts."""
        try:
            return [self._spellings[raw] for raw in cells.raw]
        except KeyError:
            codes: list[int] = []
        for number, raw in enumerate(cells.raw):
            known = self._spellings.get(raw)
            codes.append(self._new(records, cells, number) if known is None else known)
            if len(self._texts) > self._limit:
                break
        return codes

    def _new(self, records: Records, cells: Cells, number: int) -> int:
        """Give the code of a spelling that is not remembered, `number` being its place in the block."""
        if self._is_strict:
            text = distinct_text(records, self._column, cells, number, self._dialect).strip()
        else:
            text = unquoted(cells.raw[number]).decode(self._dialect.working_encoding, "backslashreplace").strip()
        if not text or is_mark(text):
            code = MISSING
        else:
            code = self._texts.setdefault(text, len(self._texts))
            if self._example is None:
                row = np.flatnonzero(cells.codes == number)[:1]
                self._example = int(records.line_of(row)[0]), text
        if len(self._spellings) < SPELLINGS_PER_TEXT * self._limit:
            self._spellings[cells.raw[number]] = code
        return code

    def _close(self) -> None:
        """Let go of everything but the example."""
        self._code = None
        self._texts.clear()
        self._spellings.clear()


def _count(packed: NDArray[np.signedinteger[Any]], n_texts: int) -> NDArray[np.int64]:
    """Count the codes −1, 0, 1, …, (n_texts + 1,), slice by slice: counting takes eight bytes a code."""
    counts = np.zeros(n_texts + 1, np.int64)
    for start in range(0, packed.size, SLICE):
        counts += np.bincount(packed[start : start + SLICE].astype(np.intp) - MISSING, minlength=n_texts + 1)
    return counts
