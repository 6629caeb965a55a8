"""Distinguishing equal cells from different ones by their raw bytes, without a Python step per row."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.errors import TableError
from em_impute.table.dialect import Dialect
from em_impute.table.records import Records
from em_impute.table.text import decoded, shown

WORD = 8  # bytes
LONGEST_IN_WORDS = 256  # bytes; each eight cost a pass over the cells that long, so longer ones go to a dict
MASKS = np.array([(1 << 8 * length) - 1 for length in range(WORD + 1)], np.uint64)  # the first `length` bytes of a word

SLOT_BITS, MOST_SLOT_BITS, SLOTS_PER_CONTENT = 8, 16, 64
"""Slots to begin with and at most, and how many there are for each content: with so many hardly two share one."""

SORTED_BYTES = 1 << 23  # of a file, whose cells are sorted sooner than pandas is imported
SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ over the golden ratio: multiples of it are far apart (Knuth 6.4)


class Cells(NamedTuple):
    """The cells of one column in one block."""

    codes: NDArray[np.signedinteger[Any]]  # (n_records,) index into `raw`
    raw: list[bytes]  # the distinct contents, quotes included, by first appearance
    starts: NDArray[np.intp]
    stops: NDArray[np.intp]  # (n_records,) positions of the cells, quotes included


class CellCoder:
    """Numbers the different contents of one column through all blocks.

    A cell of up to eight bytes is one number, whose code is looked up in a table with a slot for each of its hashes:
    that takes a third of the time of telling the cells of every block apart anew.
    """

    def __init__(self, column: int) -> None:
        self._column = column
        self.raw: list[bytes] = []
        """the contents of all blocks so far, by their numbers"""
        self._code_of: dict[bytes, int] = {}
        self._bits = SLOT_BITS
        self._keys, self._codes = _empty_slots(self._bits)

    def add(self, records: Records, most_new: int) -> Cells | None:
        """Give numbers to the cells of a block; `raw` holds the contents of all blocks so far, by their numbers.

        None if more than `most_new` contents are new: then the block is not taken in.
        """
        starts, stops = records.span(self._column)
        lengths = stops - starts
        if records.has_nul or int(lengths.max()) > WORD:
            own, first = _tell_apart(records, starts, stops)
            if first.size > most_new + len(self.raw):
                return None
            numbers = self._numbered(_contents(records, starts[first], stops[first]), most_new)
            return None if numbers is None else Cells(numbers.take(own), self.raw, starts, stops)
        keys = _words(records, starts, lengths)
        slots = _slots(keys, self._bits)
        codes = self._codes.take(slots)
        missed = np.flatnonzero(self._keys.take(slots) != keys)
        if missed.size:
            # Keys that share a slot take turns in it and are missed again and again, but they are few.
            own, found = factorize(keys[missed], few=True)
            rows = missed[_first_rows(own, found.size)]
            numbers = self._numbered(_contents(records, starts[rows], stops[rows]), most_new)
            if numbers is None:
                return None
            codes[missed] = numbers[own]
            self._put(found, numbers)
        return Cells(codes, self.raw, starts, stops)

    def _put(self, keys: NDArray[np.uint64], codes: NDArray[np.int32]) -> None:
        """Put keys into their slots, of which a table of thousands of columns has few where contents are few."""
        bits = min(MOST_SLOT_BITS, max(self._bits, (SLOTS_PER_CONTENT * len(self.raw)).bit_length()))
        if bits > self._bits:
            used = np.flatnonzero(_slots(self._keys, self._bits) == np.arange(self._keys.size))
            keys, codes = np.append(self._keys[used], keys), np.append(self._codes[used], codes)
            self._bits, (self._keys, self._codes) = bits, _empty_slots(bits)
        slots = _slots(keys, self._bits)
        self._keys[slots], self._codes[slots] = keys, codes

    def _numbered(self, raw: list[bytes], most_new: int) -> NDArray[np.int32] | None:
        """Give the code of each content, a new one where it has none; None if more than `most_new` have none."""
        if len(raw) > most_new and len(set(raw) - self._code_of.keys()) > most_new:
            return None
        for one in raw:
            if one not in self._code_of:
                self._code_of[one] = len(self.raw)
                self.raw.append(one)
        return np.array([self._code_of[one] for one in raw], np.int32)


def distinct_cells(records: Records, column: int) -> Cells:
    """Tell which cells of a column are equal, in one block."""
    starts, stops = records.span(column)
    codes, first = _tell_apart(records, starts, stops)
    return Cells(codes, _contents(records, starts[first], stops[first]), starts, stops)


def distinct_text(
    records: Records, column: int, cells: Cells, code: int, dialect: Dialect, *, is_strict: bool = True
) -> str:
    """Decode a distinct content of a column.

    Where `is_strict`, `TableError` names line, column and byte of what is not text, and of a NUL.
    """
    text, wrong, hint = decoded(dialect.content(cells.raw[code]), dialect.working_encoding, dialect.encoding)
    if wrong and is_strict:
        line = records.lines[np.argmax(cells.codes == code)]
        raise TableError(f"line {line}, column {shown(dialect.names[column])}: {wrong}", hint)
    return text


def factorize(values: NDArray[Any], *, few: bool) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Give each of (n,) values the number of its kind, and the kinds by first appearance; NaN has the number −1.

    pandas tells values apart by hashing, ten times as fast as sorting them, but its import takes a quarter of a second:
    `few` values are sorted.
    """
    if not few:
        import pandas as pd

        return pd.factorize(values, use_na_sentinel=True)
    kinds, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    n_kinds = kinds.size - bool(kinds.size and kinds[-1] != kinds[-1])  # NaN is sorted to the end
    order = np.argsort(first[:n_kinds])
    number = np.full(kinds.size, -1)
    number[order] = np.arange(n_kinds)
    return number[inverse.reshape(-1)], kinds[order]


def _tell_apart(
    records: Records, starts: NDArray[np.intp], stops: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give each cell the number of its content, by first appearance, (n_records,), and each content its first row."""
    codes, kinds = factorize(_hashes(records, starts, stops - starts), few=records.offset < SORTED_BYTES)
    first = _first_rows(codes, len(kinds))
    if _are_like(records, starts, stops - starts, first[codes]):
        return codes, first
    known: dict[bytes, int] = {}
    firsts = [known.setdefault(cell, row) for row, cell in enumerate(_contents(records, starts, stops))]
    first, codes = np.unique(firsts, return_inverse=True)
    return codes.reshape(-1), first


def _first_rows(codes: NDArray[np.intp], n_codes: int) -> NDArray[np.intp]:
    first = np.empty(n_codes, np.intp)
    first[codes[::-1]] = np.arange(codes.size)[::-1]
    return first


def _contents(records: Records, starts: NDArray[np.intp], stops: NDArray[np.intp]) -> list[bytes]:
    spans = zip(starts.tolist(), stops.tolist(), strict=True)
    return [records.data[start:stop].tobytes() for start, stop in spans]


def _hashes(records: Records, starts: NDArray[np.intp], lengths: NDArray[np.intp]) -> NDArray[np.uint64]:
    """Mix the length and the words of each cell, up to `LONGEST_IN_WORDS` bytes of it: (n_records,)."""
    keys = _words(records, starts, lengths) * SPREAD
    keys += lengths.view(np.uint64)
    for done in range(WORD, min(int(lengths.max()), LONGEST_IN_WORDS), WORD):
        longer = np.flatnonzero(lengths > done)
        words = _words(records, starts[longer], lengths[longer], done)
        mixed = (keys[longer] + words) * SPREAD
        mixed ^= mixed >> np.uint64(32)
        keys[longer] = mixed * SPREAD + words
    return keys


def _are_like(records: Records, starts: NDArray[np.intp], lengths: NDArray[np.intp], like: NDArray[np.intp]) -> bool:
    """Tell whether each cell equals that of the row `like`, (n_records,); of very long ones only itself is known to."""
    rows = np.flatnonzero(like != np.arange(like.size))
    longest = int(lengths[rows].max(initial=0))
    if longest > LONGEST_IN_WORDS or (lengths[rows] != lengths[like[rows]]).any():
        return False
    for done in range(0, longest, WORD):
        rows = rows[lengths[rows] > done]
        other = like[rows]
        words = _words(records, starts[rows], lengths[rows], done)
        if (words != _words(records, starts[other], lengths[other], done)).any():
            return False
    return True


def _words(records: Records, starts: NDArray[np.intp], lengths: NDArray[np.intp], done: int = 0) -> NDArray[np.uint64]:
    """Read the word of each cell that begins after `done` bytes."""
    words = records.words[starts + done]
    words &= MASKS.take(lengths - done, mode="clip")
    return words


def _empty_slots(bits: int) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    keys = np.zeros(1 << bits, np.uint64)
    keys[0] = 1  # so that no slot holds a key of its own before one is put there: that of 0 is the first
    return keys, np.zeros(keys.size, np.int32)


def _slots(keys: NDArray[np.uint64], bits: int) -> NDArray[np.int64]:
    return ((keys * SPREAD) >> np.uint64(64 - bits)).view(np.int64)
