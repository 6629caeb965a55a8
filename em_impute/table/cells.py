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

SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ over the golden ratio: multiples of it are far apart (Knuth 6.4)


SORTED_BYTES = 1 << 23  # of a file, whose cells are sorted sooner than pandas is imported


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
    """Numbers the different contents of one column through all blocks."""

    def __init__(self, column: int) -> None:
        self._column = column
        self.raw: list[bytes] = []
        """the contents of all blocks so far, by their numbers"""
        self._code_of: dict[bytes, int] = {}

    def add(self, records: Records, most_new: int) -> Cells | None:
        """Give numbers to the cells of a block; `raw` holds the contents of all blocks so far, by their numbers.

        None if more than `most_new` contents are new: then the block is not taken in.
        """
        starts, stops = records.span(self._column)
        own, first = _tell_apart(records, starts, stops)
        if first.size > most_new + len(self.raw):
            return None
        raw = _contents(records, starts[first], stops[first])
        new = [one for one in raw if one not in self._code_of]
        if len(new) > most_new:
            return None
        self._code_of |= {one: code for code, one in enumerate(new, len(self.raw))}
        self.raw += new
        return Cells(np.array([self._code_of[one] for one in raw], np.int32).take(own), self.raw, starts, stops)


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
    lengths = stops - starts
    is_short = int(lengths.max()) <= WORD and not records.has_nul  # a word is then the cell itself
    keys = _words(records, starts, lengths) if is_short else _hashes(records, starts, lengths)
    codes, kinds = factorize(keys, few=records.offset < SORTED_BYTES)
    first = np.empty(len(kinds), np.intp)
    first[codes[::-1]] = np.arange(codes.size)[::-1]
    if is_short or _are_like(records, starts, lengths, first[codes]):
        return codes, first
    known: dict[bytes, int] = {}
    firsts = [known.setdefault(cell, row) for row, cell in enumerate(_contents(records, starts, stops))]
    first, codes = np.unique(firsts, return_inverse=True)
    return codes.reshape(-1), first


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
