"""Distinguishing equal cells from different ones by their raw bytes, without a Python step per row."""

from functools import partial
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from em_impute.table.arrays import factorize
from em_impute.table.scan import BLOCK_BYTES, Records

WORD = 8  # bytes
LONGEST_IN_WORDS = 256  # bytes; each eight cost a pass over the cells that long, so longer ones go to a dict
MASKS = np.array([(1 << 8 * length) - 1 for length in range(WORD + 1)], np.uint64)  # the first `length` bytes of a word
LONGEST_HASHED = 64

SLOT_BITS = 16
SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ over the golden ratio: multiples of it are far apart (Knuth 6.4)


class Cells(NamedTuple):
    """The cells of one column in one block."""

    codes: NDArray[np.signedinteger[Any]]
    """(n_records,) index into `raw`"""
    raw: list[bytes]
    """the distinct contents, quotes included, by first appearance"""
    starts: NDArray[np.intp]
    stops: NDArray[np.intp]
    """(n_records,) positions of the cells, quotes included"""


class CellCoder:
    """Numbers the different contents of one column through all blocks.

    A cell of up to eight bytes is one number, whose code is looked up in a table with a slot for each of its hashes:
    that takes a third of the time of telling the cells of every block apart anew.
    """

    def __init__(self, column: int) -> None:
        self._column = column
        self._raw: list[bytes] = []
        self._code_of: dict[bytes, int] = {}
        self._keys = np.zeros(1 << SLOT_BITS, np.uint64)
        self._keys[0] = 1  # so that no slot holds a key of its own before one is put there: that of 0 is the first
        self._codes = np.zeros(1 << SLOT_BITS, np.int32)

    def add(self, records: Records, most_new: int, *, by_hash: bool = False) -> Cells | None:
        """Give numbers to the cells of a block; `raw` holds the contents of all blocks so far, by their numbers.

        None if more than `most_new` contents are new: then the block is not taken in.  `by_hash` tells longer cells
        apart by 64 bits of a hash, in a third of the time: where nothing is lost should two of them ever share one.
        """
        starts, stops = records.span(self._column)
        lengths = stops - starts
        longest = int(lengths.max())
        by_hash = by_hash and WORD < longest <= LONGEST_HASHED
        if records.has_nul or (longest > WORD and not by_hash):
            cells = distinct_cells(records, self._column, most_new + len(self._raw))
            if cells is None or not self._has_room(cells.raw, most_new):
                return None
            return cells._replace(codes=self._numbered(cells.raw).take(cells.codes), raw=self._raw)
        if by_hash:
            keys = _hashes(records, starts, lengths)
        else:
            keys = records.words[starts]
            keys &= MASKS.take(lengths)
        slots = _slots(keys)
        codes = self._codes.take(slots)
        missed = np.flatnonzero(self._keys.take(slots) != keys)
        if missed.size:
            # Keys that share a slot take turns in it and are missed again and again, but they are few.
            found, first, inverse = np.unique(keys[missed], return_index=True, return_inverse=True)
            order = np.argsort(first)
            if by_hash:
                raw = [records.data[starts[row] : stops[row]].tobytes() for row in missed[first[order]]]
            else:
                raw = [key.to_bytes(WORD, "little").rstrip(b"\0") for key in found[order].tolist()]
            if not self._has_room(raw, most_new):
                return None
            numbers = np.empty(found.size, np.int32)
            numbers[order] = self._numbered(raw)
            codes[missed] = numbers[inverse.reshape(-1)]
            slots = _slots(found)
            self._keys[slots], self._codes[slots] = found, numbers
        return Cells(codes, self._raw, starts, stops)

    def _has_room(self, raw: list[bytes], most_new: int) -> bool:
        return len(raw) <= most_new or len(set(raw) - self._code_of.keys()) <= most_new

    def _numbered(self, raw: list[bytes]) -> NDArray[np.int32]:
        """Give the code of each content, a new one where it has none."""
        for one in raw:
            if one not in self._code_of:
                self._code_of[one] = len(self._raw)
                self._raw.append(one)
        return np.array([self._code_of[one] for one in raw], np.int32)


def _hashes(records: Records, starts: NDArray[np.intp], lengths: NDArray[np.intp]) -> NDArray[np.uint64]:
    """Mix the words of each cell: (n_records,); a cell of one word is that word, as where no cell is longer."""
    keys = records.words[starts]
    keys &= MASKS.take(lengths, mode="clip")
    for done in range(WORD, int(lengths.max()), WORD):
        longer = np.flatnonzero(lengths > done)
        words = records.words[starts[longer] + done]
        words &= MASKS.take(lengths[longer] - done, mode="clip")
        mixed = (keys[longer] + words) * SPREAD
        mixed ^= mixed >> np.uint64(32)
        keys[longer] = mixed * SPREAD + words
    return keys


def _slots(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    return ((keys * SPREAD) >> np.uint64(64 - SLOT_BITS)).view(np.int64)


@overload
def distinct_cells(records: Records, column: int) -> Cells: ...
@overload
def distinct_cells(records: Records, column: int, most: int) -> Cells | None: ...
def distinct_cells(records: Records, column: int, most: int | None = None) -> Cells | None:
    """Tell which cells of a column are equal, in one block; None if there are more than `most` different ones.

    The first eight bytes of every cell are one number, distinguished by a hash table; cells that are longer are told
    apart by what is known so far together with their next eight bytes, and so on.
    """
    number = partial(factorize, few=records.offset < BLOCK_BYTES)
    starts, stops = records.span(column)
    lengths = stops - starts
    keys: NDArray[Any] = records.words[starts] & MASKS.take(lengths, mode="clip")  # a longer cell has a whole word
    codes, uniques = number(keys)
    long = np.flatnonzero(lengths > WORD)
    if not long.size and not records.has_nul:
        flat = uniques.astype("<u8").tobytes()
        return Cells(codes, [flat[i : i + WORD].rstrip(b"\0") for i in range(0, len(flat), WORD)], starts, stops)

    # A trailing NUL is distinguished from nothing by the length only.
    codes, uniques = number(codes * (int(lengths.max()) + 1) + lengths)
    n_codes, done = len(uniques), WORD
    while long.size and done < LONGEST_IN_WORDS:
        rest = np.minimum(lengths[long] - done, WORD)
        words, distinct_words = number(records.words[starts[long] + done] & MASKS[rest])
        joint, uniques = number(codes[long] * len(distinct_words) + words)
        codes[long] = n_codes + joint
        n_codes += len(uniques)
        done += WORD
        long = long[lengths[long] > done]
    if long.size:
        known: dict[bytes, int] = {}
        cells = (records.data[starts[row] : stops[row]].tobytes() for row in long)
        codes[long] = [n_codes + known.setdefault(cell, len(known)) for cell in cells]

    codes, uniques = number(codes)
    if most is not None and len(uniques) > most:
        return None
    first = np.empty(len(uniques), np.intp)
    first[codes[::-1]] = np.arange(codes.size)[::-1]
    raw = [records.data[starts[row] : stops[row]].tobytes() for row in first]
    return Cells(codes, raw, starts, stops)
