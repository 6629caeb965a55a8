"""Columns of texts as categories: which distinct text each cell holds, as long as there are few of them."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.table.arrays import Codes

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

MISSING = -1

SLICE = 1 << 20


class LongTexts(NamedTuple):
    """The texts of a column."""

    code: Codes  # (n_rows,) index into `texts`, −1 where missing
    texts: tuple[str, ...]  # the different ones, by first appearance


@dataclass(frozen=True)
class CategoryColumn:
    """A column of texts: blank cells and the standard marks are missing, and white space around a text is none of it.

    Of one that was not read to its end, since it holds too many texts, `code` is None, and `first` and `example` show
    what it holds.
    """

    code: Codes | None
    """(n_rows,) index into `texts`, −1 where missing"""
    texts: tuple[str, ...]
    """the distinct contents, without quotes, by first appearance; a byte that is no text is written `\\xE9`"""
    limit: int
    """so many texts a category may have"""
    example: tuple[int, str] | None = None
    """the first text: physical line, text"""
    first: tuple[str, ...] = ()
    """the first few texts of a column that was not read to its end"""
    is_prose: bool = False
    """the texts are no category, however few they are"""

    @property
    def too_many(self) -> bool:
        """Tell whether there are more texts than a category may have."""
        return self.code is None or self.is_prose or len(self.texts) > self.limit

    @property
    def level(self) -> Codes | None:
        """(n_rows,) index into `texts`, −1 where missing; None where these are too many."""
        return None if self.too_many else self.code

    @property
    def all_texts(self) -> LongTexts | None:
        """What every cell holds, however many texts there are; None of a column that was not read to its end."""
        return None if self.code is None else LongTexts(self.code, self.texts)

    @property
    def key_code(self) -> Codes | None:
        """(n_rows,) as `code`: which rows may belong together; None where hardly two of them hold one text."""
        n_rows = 0 if self.code is None else self.code.size
        return self.code if len(self.texts) <= max(self.limit, min(MAX_GROUPS, MOSTLY_DIFFERENT * n_rows)) else None

    @property
    def counts(self) -> NDArray[np.int64]:
        """(n_texts,) how often each occurs."""
        return self._counts[1:]

    @property
    def n_missing(self) -> int:
        """Count the missing cells; none is known of a column that was not read to its end."""
        return int(self._counts[0])

    @cached_property
    def _counts(self) -> NDArray[np.int64]:
        """Count the codes −1, 0, 1, …, (n_texts + 1,), slice by slice: counting takes eight bytes a code."""
        counts = np.zeros(len(self.texts) + 1, np.int64)
        for start in range(0, 0 if self.code is None else self.code.size, SLICE):
            some = self.code[start : start + SLICE]  # type: ignore[index]  # there is one
            counts += np.bincount(some.astype(np.intp) - MISSING, minlength=counts.size)
        return counts

    def take(self, rows: NDArray[np.intp]) -> "CategoryColumn":
        """Copy the cells of some rows, of too many texts with those that they hold: few, as of copies of one row."""
        if self.code is None or not self.too_many:
            return self if self.code is None else replace(self, code=self.code[rows])
        used, code = np.unique(self.code[rows], return_inverse=True)
        first = int(np.count_nonzero(used < 0))  # −1 comes first where it is there
        texts = tuple(self.texts[k] for k in used[first:].tolist())
        return replace(self, code=code.reshape(-1) - first, texts=texts, is_prose=True)

    def without(self, rows: NDArray[np.intp]) -> "CategoryColumn":
        """Take the cells of some rows for missing."""
        if self.code is None:
            return self
        code = self.code.copy()
        code[rows] = MISSING
        return replace(self, code=code)
