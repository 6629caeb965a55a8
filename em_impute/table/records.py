"""Consecutive records of a table, and the spans of their fields."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from em_impute.table.quotes import RETURN, Positions


@dataclass(frozen=True)
class Records:
    """Consecutive records, perhaps with something between them that is none.

    The arrays `data` and `words` are views of a buffer that is used again: they hold until the next but one block is
    asked for.
    """

    data: NDArray[np.uint8]
    """(n_bytes,) the records with their line ends, and what stands between them"""
    words: NDArray[np.uint64]
    """(n_bytes,) the eight bytes from each position on, as one little-endian number (overlapping)"""
    offset: int
    """absolute offset of `data[0]`"""
    ends: Positions
    """(n_records, n_fields) position of the separator that ends each field; n_bytes if the file ends without one"""
    n_columns: int
    """fields that belong to a column: one less than there are where every record ends with a delimiter"""
    first_row: int
    """0-based number of the first record among the data records"""
    first_line: int
    """physical line, 1-based, at which the first record begins if `lines` is None"""
    n_left: int = 0
    """about so many records follow in the table, these among them"""
    is_last: bool = False
    """nothing follows in the file but what was read with them"""
    lines: Positions | None = None
    """(n_records,) the line at which each record begins, where one takes several or something stands between them"""
    starts: Positions | None = None
    """(n_records,) the position of each record's first byte; None where each begins at the end of the one before"""

    @property
    def n_records(self) -> int:
        """Count the records."""
        return len(self.ends)

    @property
    def stop(self) -> int:
        """The absolute offset behind the last record."""
        return self.offset + min(int(self.ends[-1, -1]) + 1, self.data.size)

    @cached_property
    def has_nul(self) -> bool:
        """Tell whether a NUL byte stands anywhere in the records."""
        return not self.data.all()

    @cached_property
    def record_starts(self) -> Positions:
        """(n_records,) the position of each record's first byte."""
        if self.starts is not None:
            return self.starts
        starts = np.empty(self.n_records, np.intp)
        starts[0] = 0
        np.add(self.ends[:-1, -1], 1, out=starts[1:])
        return starts

    @cached_property
    def record_stops(self) -> Positions:
        """(n_records,) the position behind the last column of each record, without LF or CRLF."""
        return self.span(self.n_columns - 1)[1]

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
        ends, starts = self.ends[:n_records], None if self.starts is None else self.starts[:n_records]
        return replace(self, data=self.data[: ends[-1, -1] + 1], ends=ends, starts=starts)

    def line_of(self, rows: Positions) -> Positions:
        """Give the physical line, 1-based, at which records begin; `rows` counts from 0 within the block."""
        return np.asarray(rows, np.intp) + self.first_line if self.lines is None else self.lines[rows]

    def without(self, rows: Positions) -> "Records | None":
        """Take out some records; None if none is left."""
        kept = np.delete(np.arange(self.n_records), rows)
        if not kept.size:
            return None
        return replace(self, ends=self.ends[kept], lines=self.line_of(kept), starts=self.record_starts[kept])

    def text(self) -> bytes:
        """Give the bytes of the records alone, with their line ends."""
        if self.starts is None:
            return self.data.tobytes()
        inside = np.zeros(self.data.size + 1, np.int8)
        inside[self.starts] += 1
        inside[np.minimum(self.ends[:, -1] + 1, self.data.size)] -= 1
        return self.data[np.cumsum(inside[:-1], dtype=np.int8).view(np.bool_)].tobytes()
