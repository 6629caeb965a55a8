"""Columns of text as categories: which distinct text each cell holds, as long as there are few of them."""

from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.table.arrays import Codes, GrowingCodes
from em_impute.table.cells import CellCoder, Cells, distinct_cells, distinct_text
from em_impute.table.dialect import Dialect
from em_impute.table.numbers import is_mark
from em_impute.table.records import Records

MAX_LEVELS = 50
"""A predictor with more distinct texts is an identifier or prose."""

MAX_GROUPS = 10_000
"""As many parts may a column divide a table into."""

MOSTLY_DIFFERENT = 0.9
"""Share of different contents from which on hardly two rows have one in common: then they are the key to nothing."""

MAX_TEXTS = 20_000
"""Different texts of a column that are kept: of more, a large file would be read cell by cell."""

ANY_NUMBER = 1 << 30
"""Of texts, where a model has learnt from a column."""

FIRST_TEXTS = 24
"""Texts that show what a column holds whose texts are not kept."""

SPELLINGS_PER_TEXT = 100
"""A block with more new contents than so many times the limit holds prose or numbers."""

MISSING = -1

SLICE = 1 << 20


@dataclass(frozen=True)
class CategoryColumn:
    """A column of texts: blank cells and the standard marks are missing, and white space around a text is none of it.

    Of one with more than `limit` texts `code` is None, `texts` and `counts` are empty, and `example` shows what it
    holds; all of them may be `long` texts, and if most repeat, rows of one text may belong together.  One that was not
    read to its end has an `n_missing` of 0.
    """

    code: Codes | None
    """(n_rows,) index into `texts`, −1 where missing"""
    texts: tuple[str, ...]
    """the distinct contents, without quotes, by first appearance; a byte that is no text is written `\\xE9`"""
    counts: NDArray[np.int64]
    """(n_texts,) how often each occurs"""
    n_missing: int
    limit: int
    """so many texts a column may have"""
    example: tuple[int, str] | None
    """the first text: physical line, text"""
    key_code: Codes | None
    """(n_rows,) which text each cell holds, −1 where missing, also of more than `limit` texts if most repeat"""
    long: "LongTexts | None" = None
    """of more than `limit` texts, if they were asked for"""
    first: tuple[str, ...] = ()
    """the first few texts of a column that was not read to its end"""

    def take(self, rows: NDArray[np.intp]) -> "CategoryColumn":
        """Copy the cells of some rows; counts and keys remain those of all."""
        if self.code is not None:
            return replace(self, code=self.code[rows])
        return self if self.long is None else replace(self, long=self.long.take(rows))

    def without(self, rows: NDArray[np.intp]) -> "CategoryColumn":
        """Take the cells of some rows for missing."""
        if self.code is None:
            return self if self.long is None else replace(self, long=self.long.without(rows))
        code = self.code.copy()
        code[rows] = MISSING
        counts = np.bincount(code[code >= 0], minlength=len(self.texts))
        return replace(self, code=code, counts=counts, n_missing=int(np.count_nonzero(code < 0)), key_code=code)

    @property
    def all_texts(self) -> "LongTexts | None":
        """What every cell holds, however many texts there are; None of a column that was not read to its end."""
        return self.long if self.code is None else LongTexts(self.code, self.texts)

    @property
    def too_many(self) -> bool:
        """Tell whether there are more than `limit` texts."""
        return self.code is None


class LongTexts(NamedTuple):
    """The texts of a column."""

    code: Codes  # (n_rows,) index into `texts`, −1 where missing
    texts: tuple[str, ...]  # the different ones, by first appearance

    def take(self, rows: NDArray[np.intp]) -> "LongTexts":
        """Copy the cells of some rows, with the texts that they hold: few of all, as of copies of one row."""
        used, code = np.unique(self.code[rows], return_inverse=True)
        first = int(np.count_nonzero(used < 0))  # −1 comes first where it is there
        return LongTexts(code.reshape(-1) - first, tuple(self.texts[k] for k in used[first:].tolist()))

    def without(self, rows: NDArray[np.intp]) -> "LongTexts":
        """Take the cells of some rows for missing."""
        code = self.code.copy()
        code[rows] = MISSING
        return self._replace(code=code)


class CategoryReader:
    """Gathers a `CategoryColumn`.

    Bytes that are not text raise `TableError` where `is_strict`.  Up to `text_limit` texts of a column that holds more
    than numbers are kept.  Tokens of `null` are missing.
    """

    def __init__(
        self,
        column: int,
        dialect: Dialect,
        *,
        limit: int = MAX_LEVELS,
        text_limit: int = 0,
        is_strict: bool = False,
        null: frozenset[str] = frozenset(),
    ) -> None:
        self._column = column
        self._dialect = dialect
        self._limit = limit
        self._text_limit = text_limit
        self._n_rows = 0
        self._is_strict = is_strict
        self._null = null
        self._coder = CellCoder(column)
        self._code: GrowingCodes | None = GrowingCodes()
        self._texts: dict[str, int] = {}
        self._code_of = np.empty(0, np.int32)  # of every spelling, in the order of the cells' codes
        self._example: tuple[int, str] | None = None
        self._first: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Tell whether there are few texts so far, so that reading goes on."""
        return self._code is not None

    @property
    def is_key(self) -> bool:
        """Tell whether there are too many texts for a category already."""
        return len(self._texts) > self._limit

    def most_spellings(self, *, is_text: bool = False) -> int:
        """As many new contents may a block have that is still read; more if it `is_text`."""
        return max(SPELLINGS_PER_TEXT * self._limit, self._text_limit if is_text else 0)

    def add(self, records: Records, capacity: int) -> None:
        """Take in a block; there are about `capacity` rows left with it."""
        if self._code is not None:
            self.take(records, self._coder.add(records, self.most_spellings()), capacity)

    def take(self, records: Records, cells: Cells | None, capacity: int, *, is_text: bool = False) -> None:
        """Take in a block whose cells are distinguished, always by the same coder; None where that found too many.

        A column that `is_text` may have many texts.
        """
        if self._code is None:
            return None
        if cells is None:
            head = records.head(self.most_spellings())
            cells = distinct_cells(head, self._column)
            for number in range(len(cells.raw)):
                if len(self._texts) >= FIRST_TEXTS:
                    break
                self._new(head, cells, number)
            return self._close()
        self._n_rows += records.n_records
        most = max(self._limit, self._text_limit) if is_text else self._limit
        codes = []
        for number in range(self._code_of.size, len(cells.raw)):
            codes.append(self._new(records, cells, number))
            if len(self._texts) > most:
                return self._close()
        self._code_of = np.append(self._code_of, np.array(codes, np.int32))
        self._code.add(self._code_of.take(cells.codes), max(self._limit, len(self._texts)), capacity)
        return None

    def finish(self) -> CategoryColumn:
        """Give the column."""
        codes, texts = self._code.finish() if self._code else None, tuple(self._texts)
        if codes is None or len(texts) > self._limit:
            long = None if codes is None else LongTexts(codes, texts)
            repeats = len(texts) <= min(MAX_GROUPS, MOSTLY_DIFFERENT * self._n_rows)
            n_missing = 0 if codes is None else int(np.count_nonzero(codes < 0))
            counts, key_code = np.zeros(0, np.int64), codes if repeats else None
            return CategoryColumn(None, (), counts, n_missing, self._limit, self._example, key_code, long, self._first)
        # Counted only now: most columns turn out to be numbers, and are not finished.
        counts = _count(codes, len(texts))
        return CategoryColumn(codes, texts, counts[1:], int(counts[0]), self._limit, self._example, codes)

    def _close(self) -> None:
        """Release everything but the first texts."""
        self._code = None
        self._first = tuple(islice(self._texts, FIRST_TEXTS))
        self._texts.clear()

    def _new(self, records: Records, cells: Cells, number: int) -> int:
        """Give the code of a new spelling, which is content `number`."""
        text = distinct_text(records, self._column, cells, number, self._dialect, is_strict=self._is_strict).strip()
        if is_mark(text) or text in self._null:
            return MISSING
        if self._example is None:
            row = np.flatnonzero(cells.codes == number)[:1]
            self._example = int(records.line_of(row)[0]), text
        return self._texts.setdefault(text, len(self._texts))


def _count(code: Codes, n_texts: int) -> NDArray[np.int64]:
    """Count the codes −1, 0, 1, …, (n_texts + 1,), slice by slice: counting takes eight bytes a code."""
    counts = np.zeros(n_texts + 1, np.int64)
    for start in range(0, code.size, SLICE):
        counts += np.bincount(code[start : start + SLICE].astype(np.intp) - MISSING, minlength=n_texts + 1)
    return counts
