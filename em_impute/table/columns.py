"""Columns as they were read: numbers, texts, and labels to complete, each cell a code."""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from em_impute.table.cells import factorize

Codes = NDArray[np.signedinteger[Any]]
"""Whole numbers in as few bytes as hold them: safe to compare and to index with, not to reckon in."""

EXAMPLES = 3

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

PROBE_NUMBERS = 20_000  # looked at first


def least_type(largest: int) -> np.dtype[np.signedinteger[Any]]:
    """Choose the smallest type of whole numbers that holds −1 and all up to `largest`."""
    return np.dtype(next(one for one in (np.int8, np.int16, np.int32, np.int64) if largest <= np.iinfo(one).max))


@dataclass(frozen=True)
class CategoryColumn:
    """A column of texts: blank cells and the standard marks are missing, and white space around a text is none of it.

    Of one that was not read to its end, since it holds too many texts, `code` is None, and `first` and `example` show
    what it holds.
    """

    code: Codes | None  # (n_rows,) index into `texts`, −1 where missing
    texts: tuple[str, ...]
    """the distinct contents, without quotes, by first appearance; a byte that is no text is written `\\xE9`"""
    limit: int  # so many texts a category may have
    example: tuple[int, str] | None = None  # the first text: physical line, text
    first: tuple[str, ...] = ()  # the first few texts of a column that was not read to its end
    is_prose: bool = False  # the texts are no category, however few they are

    @property
    def too_many(self) -> bool:
        """Tell whether there are more texts than a category may have."""
        return self.code is None or self.is_prose or len(self.texts) > self.limit

    @property
    def level(self) -> Codes | None:
        """(n_rows,) index into `texts`, −1 where missing; None where these are too many."""
        return None if self.too_many else self.code

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


@dataclass(frozen=True)
class NumberCounts:
    """What the cells of a column of numbers hold; once one that is not named holds anything else, only until then."""

    n_missing: int = 0
    n_numbers: int = 0
    n_bad: int = 0  # cells that hold something, but no number
    bad_examples: tuple[tuple[int, str], ...] = ()  # up to three of them: physical line, text
    infinite: tuple[int, str] | None = None  # the first infinite one: line, text
    padded: tuple[int, str] | None = None  # the first with a leading zero before another digit: line, text

    @property
    def counts(self) -> dict[str, Any]:
        """These fields, for a value that has more."""
        return {one.name: getattr(self, one.name) for one in fields(NumberCounts)}

    def plus(self, later: "NumberCounts") -> "NumberCounts":
        """Add what later rows hold."""
        return NumberCounts(
            self.n_missing + later.n_missing,
            self.n_numbers + later.n_numbers,
            self.n_bad + later.n_bad,
            (self.bad_examples + later.bad_examples)[:EXAMPLES],
            self.infinite or later.infinite,
            self.padded or later.padded,
        )


@dataclass(frozen=True, kw_only=True)
class NumberColumn(NumberCounts):
    """A column examined for numbers."""

    numbers: NDArray[np.float64] | None
    """(n_numbers,) the different numbers, ascending, NaN at the end where a cell is missing or bad; without `code`
    (n_rows,) that of each cell; None once the column was dropped, and then all counts end there"""
    code: Codes | None = None  # (n_rows,) index into `numbers`
    decimal_comma: bool = False
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
        return self.numbers is None or bool(((self.numbers == np.floor(self.numbers)) | np.isnan(self.numbers)).all())

    @property
    def key_code(self) -> Codes | None:
        """(n_rows,) a code for each number, ascending, −1 where missing, if they are whole and repeat; else None."""
        if self.numbers is None or not self.is_whole:
            return None
        if self.code is None and np.unique(self.numbers[:PROBE_NUMBERS]).size > MAX_GROUPS:
            return None  # as identifiers of millions of rows do
        key, distinct = self.coded()
        is_key = 1 < distinct.size <= min(MAX_GROUPS, MOSTLY_DIFFERENT * np.count_nonzero(key >= 0))
        return key if is_key else None

    @property
    def is_code(self) -> bool:
        """Tell whether the cells are zero-padded and repeat, as postcodes do."""
        return self.padded is not None and self.key_code is not None

    def coded(self) -> tuple[Codes, NDArray[np.float64]]:
        """Give (n_rows,) the place of each number among the different ones, −1 where missing, and these, ascending."""
        numbers, code = np.empty(0) if self.numbers is None else self.numbers, self.code
        if code is None:
            code, numbers = factorize(numbers, few=numbers.size <= PROBE_NUMBERS)
        distinct = np.sort(numbers[~np.isnan(numbers)])
        place = np.append(np.searchsorted(distinct, numbers), -1)  # the last one is that of −1
        place[place == distinct.size] = -1  # that of NaN
        return place.astype(least_type(place.size))[code], distinct

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
        values = np.array(self.values)
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


@dataclass(frozen=True)
class TargetColumn:
    """A column to complete."""

    code: Codes  # (n_rows,) index into `texts`
    texts: tuple[str, ...]  # the distinct contents, without quotes, by first appearance
    counts: NDArray[np.int64]  # (n_texts,) how often each occurs
    quotes_always: bool
    """of the known cells that need no quotes, more have them than not; with none known, of the empty ones"""
    may_fill: NDArray[np.bool_]
    """(n_texts,) whether a cell that holds the text may be filled: it is blank, a mark or one of the null tokens"""
    start: Codes  # (m,) absolute offsets of those cells
    length: Codes  # (m,) bytes of those cells, quotes included

    @property
    def stop(self) -> Codes:
        """(m,) absolute offsets behind those cells; those of their starts themselves where no cell holds a byte."""
        return self.start + self.length.astype(self.start.dtype) if self.length.any() else self.start

    @cached_property
    def row(self) -> NDArray[np.int32]:
        """(m,) ascending: the rows of those cells."""
        return np.flatnonzero(self.may_fill[self.code]).astype(np.int32)
