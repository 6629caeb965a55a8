"""Telling equal cells apart from different ones by their raw bytes, without a Python step per row."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.table.scan import Records

__all__ = ["Cells", "distinct_cells"]

WORD = 8  # bytes
LONGEST_IN_WORDS = 256  # bytes; each eight cost a pass over the cells that long, so longer ones go to a dict
MASKS = np.array([(1 << 8 * length) - 1 for length in range(WORD + 1)], np.uint64)  # the first `length` bytes of a word


class Cells(NamedTuple):
    """The cells of one column in one block."""

    codes: NDArray[np.intp]
    """(n_records,) index into `raw`"""
    raw: list[bytes]
    """the distinct contents, quotes included, by first appearance"""
    starts: NDArray[np.intp]
    stops: NDArray[np.intp]
    """(n_records,) positions of the cells, quotes included"""


def distinct_cells(records: Records, column: int) -> Cells:
    """Tell which cells of a column are equal.

    The first eight bytes of every cell are one number, told apart by a hash table; cells that are longer are told
    apart by what is known so far together with their next eight bytes, and so on.
    """
    from pandas import factorize

    starts, stops = records.span(column)
    lengths = stops - starts
    keys: NDArray[Any] = records.words[starts] & MASKS.take(lengths, mode="clip")  # a longer cell has a whole word
    codes, uniques = factorize(keys)
    long = np.flatnonzero(lengths > WORD)
    if not long.size and not records.has_nul:
        flat = uniques.astype("<u8").tobytes()
        return Cells(codes, [flat[i : i + WORD].rstrip(b"\0") for i in range(0, len(flat), WORD)], starts, stops)

    # A trailing NUL is told apart from nothing by the length only.
    codes, uniques = factorize(codes * (int(lengths.max()) + 1) + lengths)
    n_codes, done = len(uniques), WORD
    while long.size and done < LONGEST_IN_WORDS:
        rest = np.minimum(lengths[long] - done, WORD)
        words, distinct_words = factorize(records.words[starts[long] + done] & MASKS[rest])
        joint, uniques = factorize(codes[long] * len(distinct_words) + words)
        codes[long] = n_codes + joint
        n_codes += len(uniques)
        done += WORD
        long = long[lengths[long] > done]
    if long.size:
        known: dict[bytes, int] = {}
        cells = (records.data[starts[row] : stops[row]].tobytes() for row in long)
        codes[long] = [n_codes + known.setdefault(cell, len(known)) for cell in cells]

    codes, uniques = factorize(codes)
    first = np.empty(len(uniques), np.intp)
    first[codes[::-1]] = np.arange(codes.size)[::-1]
    raw = [records.data[starts[row] : stops[row]].tobytes() for row in first]
    return Cells(codes, raw, starts, stops)
