"""Equal rows, told once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from em_impute.em.blocks import Floats, Integers, Rows, slices
from em_impute.table.cells import factorize
from em_impute.table.columns import Codes, least_type

PROBE_ROWS = 1 << 16
MAX_DISTINCT_SHARE = 0.25
MAX_DISTINCT_ROWS = 1 << 17
"""Equal rows are merged when the first rows promise at least four equal ones each and the distinct ones stay few."""

MAX_TABLE = 1 << 22
"""Combinations of codes up to which each has a place in a table; more of them are hashed, in three times the time."""


Key = tuple[str, Codes]
"""A column whose values may say which rows belong together, such as names of customers or numbers of rings: its name,
and (n_rows,) a code for each of its values, −1 where missing; those of numbers ascend."""


@dataclass(frozen=True)
class Merged:
    """Rows, each told once, in the order in which they first appear."""

    first: Integers  # (n_distinct,) the first row that is like it
    count: Floats  # (n_distinct,) rows that are like it
    index: Codes  # (n_rows,) the distinct row that each row is like


def merge_equal_rows(rows: Rows) -> tuple[Rows, Codes | None]:
    """Merge rows that agree in every feature and in the label, where that makes them markedly fewer.

    Returns the distinct rows in the order in which they first appear and, for every row, the distinct row it equals
    (None if none merged).
    """
    merged = merge_rows([rows.label, *rows.x.T])
    if merged is None:
        return rows, None
    weight = np.bincount(merged.index, rows.weight, merged.first.size).astype(np.float64, copy=False)
    return Rows(rows.x[merged.first], rows.label[merged.first], weight), merged.index


def merge_rows(columns: Sequence[NDArray[Any]]) -> Merged | None:
    """Merge rows that agree in every one of two columns or more; None where that does not make them markedly fewer.

    Each column is (n_rows,): codes from −1 on if they are whole numbers by their type, else numbers.
    """
    n_rows = columns[0].size
    head = [column[:PROBE_ROWS] for column in columns]
    joint = _joined(head, int(MAX_DISTINCT_SHARE * min(n_rows, PROBE_ROWS)))
    if joint is not None and n_rows > PROBE_ROWS:
        joint = _joined(columns, int(min(MAX_DISTINCT_SHARE * n_rows, MAX_DISTINCT_ROWS)))
    if joint is None:
        return None
    index, n_distinct = joint
    first, count = np.empty(n_distinct, np.intp), np.zeros(n_distinct)
    for some in reversed(slices(n_rows)):
        part = index[some]
        first[part[::-1]] = np.arange(some.stop - 1, some.start - 1, -1)
        count += np.bincount(part, minlength=n_distinct)
    return Merged(first, count, index)


def keys_of_distinct(keys: Sequence[Key], index: Codes | None, n_distinct: int) -> list[Key]:
    """Give the codes of keys for the distinct rows, (n_distinct,), of which each row of the table equals one.

    −1 stands for a distinct row whose equals in the table have several values of the key.  `index` (n_rows,) is None
    where the rows are the distinct ones.
    """
    if index is None:
        return list(keys)
    found: list[Key] = []
    for name, key in keys:
        code = np.full(n_distinct, -1, key.dtype)
        code[index] = key
        mixed = np.bincount(index, code[index] != key, n_distinct) > 0.0
        code[mixed] = -1
        found.append((name, code))
    return found


def _joined(columns: Sequence[NDArray[Any]], most: int) -> tuple[Codes, int] | None:
    """Give each row the number of its distinct row, by first appearance; None as soon as there are more than `most`."""
    joint: tuple[Codes, int] | None = None
    for value in columns:
        if np.issubdtype(value.dtype, np.integer):
            code, n = value, int(value.max(initial=-1)) + 1
        elif value.size <= PROBE_ROWS and np.unique(value).size > most:
            return None  # before they are numbered, which takes ten times as long
        else:
            code, n = _factorized(value)
        if n > MAX_DISTINCT_ROWS:
            return None
        if joint is not None:
            code, n = _paired(*joint, code, n)
            if n > most:
                return None
        joint = code, n
    return joint


def _paired(one: Codes, n_one: int, other: Codes, n_other: int) -> tuple[Codes, int]:
    """Give numbers to the combinations of two columns of codes, below `n_one` and `n_other`, by first appearance."""
    width = n_other + 1
    n_pairs = (n_one + 1) * width

    def pairs(some: slice, dtype: type[np.signedinteger[Any]]) -> Codes:
        pair = one[some].astype(dtype)
        pair *= width
        pair += other[some]
        pair += width + 1  # both codes begin at −1
        return pair

    if n_pairs > MAX_TABLE:
        return _factorized(pairs(slice(None), np.int64))
    n_rows = one.size
    first = np.full(n_pairs, n_rows)
    for some in reversed(slices(n_rows)):
        first[pairs(some, np.int32)[::-1]] = np.arange(some.stop - 1, some.start - 1, -1)
    found = np.flatnonzero(first < n_rows)
    number = np.empty(n_pairs, np.int32)
    number[found[np.argsort(first[found])]] = np.arange(found.size)
    code = np.empty(n_rows, least_type(found.size))
    for some in slices(n_rows):
        code[some] = number[pairs(some, np.int32)]
    return code, found.size


def _factorized(values: NDArray[Any]) -> tuple[Codes, int]:
    code, distinct = factorize(values, few=values.size <= PROBE_ROWS)
    return code.astype(least_type(distinct.size), copy=False), distinct.size
