"""Consecutive records of a table, and the spans of their fields."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from em_impute.table.quotes import PADDING, RETURN, Positions


@dataclass(frozen=True)
class Records:
    """Consecutive records without what stands between them.

    The arrays `data` and `words` are views of a buffer that is used again: they hold until the next but one block is
    asked for.
    """

    data: NDArray[np.uint8]
    """(n_bytes,) the records with their line ends"""
    words: NDArray[np.uint64]
    """(n_bytes,) the eight bytes from each position on, as one little-endian number (overlapping)"""
    offset: int
    """absolute offset of `data[0]`, if nothing was taken out before it"""
    ends: Positions
    """(n_records, n_fields) position of the separator that ends each field; n_bytes if the file ends without one"""
    n_columns: int
    """fields that belong to a column: one less than there are where every record ends with a delimiter"""
    first_row: int
    """0-based number of the first record among the data records"""
    first_line: int
    """physical line, 1-based, at which the first record begins if `lines` is None"""
    is_last: bool = False
    """nothing follows in the file but what was read with them"""
    lines: Positions | None = None
    """(n_records,) the line at which each record begins, where one takes several or something was taken out"""
    moved: Positions | None = None
    """(n_records,) bytes that were taken out before each record; None where none were"""

    @property
    def n_records(self) -> int:
        """Count the records."""
        return len(self.ends)

    @property
    def stop(self) -> int:
        """The absolute offset behind the last record."""
        return self.offset + self.data.size + (0 if self.moved is None else int(self.moved[-1]))

    @cached_property
    def has_nul(self) -> bool:
        """Tell whether a NUL byte stands anywhere in the records."""
        return not self.data.all()

    @cached_property
    def record_starts(self) -> Positions:
        """(n_records,) the position of each record's first byte."""
        starts = np.empty(self.n_records, np.intp)
        starts[0] = 0
        np.add(self.ends[:-1, -1], 1, out=starts[1:])
        return starts

    @cached_property
    def record_stops(self) -> Positions:
        """(n_records,) the position behind the last column of each record, without LF or CRLF."""
        return self.span(self.n_columns - 1)[1]

    def absolute(self, positions: Positions, rows: Positions | slice = slice(None)) -> Positions:
        """Give the absolute offsets of positions, one in each of the `rows`."""
        return positions + self.offset if self.moved is None else positions + (self.moved[rows] + self.offset)

    def span(self, column: int) -> tuple[Positions, Positions]:
        """Give the positions of a column's fields, quotes included: two arrays (n_records,), start and stop."""
        starts = self.ends[:, column - 1] + 1 if column else self.record_starts
        stops = self.ends[:, column]
        if column == self.ends.shape[1] - 1:
            ends_with_return = self.data[stops - 1] == RETURN
            if stops[-1] == self.data.size:
                ends_with_return[-1] = False  # no line end, so the CR is text
            if ends_with_return.any():
                stops = np.maximum(stops - ends_with_return, starts)
        return starts, stops

    def cell(self, row: int, column: int) -> bytes:
        """Give the bytes of one field, quotes included."""
        start = self.ends[row, column - 1] + 1 if column else self.record_starts[row]
        stop = self.ends[row, column]
        found = self.data[start:stop].tobytes()
        ends_line = column == self.ends.shape[1] - 1 and stop < self.data.size
        return found.removesuffix(b"\r") if ends_line else found

    def head(self, n_records: int) -> "Records":
        """Give the first records only."""
        ends = self.ends[:n_records]
        return replace(self, data=self.data[: ends[-1, -1] + 1], ends=ends)

    def line_of(self, rows: Positions) -> Positions:
        """Give the physical line, 1-based, at which records begin; `rows` counts from 0 within the block."""
        return np.asarray(rows, np.intp) + self.first_line if self.lines is None else self.lines[rows]

    def without(self, rows: Positions) -> "Records | None":
        """Take out some records; None if none is left."""
        kept = np.delete(np.arange(self.n_records), rows)
        if not kept.size:
            return None
        found = replace(self, ends=self.ends[kept], lines=self.line_of(kept), moved=None)
        found = closed_up(found, self.record_starts[kept])
        if self.moved is None:
            return found
        before = self.moved[kept]
        return replace(found, moved=before if found.moved is None else found.moved + before)


def closed_up(records: Records, starts: Positions) -> Records:
    """Take out what stands before, between and behind records that begin at `starts`, (n_records,)."""
    data = records.data
    stops = np.minimum(records.ends[:, -1] + 1, data.size)
    lengths = stops - starts
    moved = starts - (np.cumsum(lengths) - lengths)
    if not moved.any():
        return replace(records, data=data[: stops[-1]])
    inside = np.zeros(data.size + 1, np.int8)
    inside[starts] += 1
    inside[stops] -= 1
    kept = np.cumsum(inside[:-1], dtype=np.int8).view(np.bool_)
    n_bytes = int(lengths.sum())
    buffer = bytearray(n_bytes + PADDING)
    closed = np.frombuffer(buffer, np.uint8)
    closed[:n_bytes] = data[kept]
    words = np.ndarray((n_bytes + 1,), "<u8", buffer, strides=(1,))
    return replace(records, data=closed[:n_bytes], words=words, ends=records.ends - moved[:, None], moved=moved)
