"""The exact byte span of every field, block by block, in memory that does not grow with the file.

Every separator outside quotes is found at once with numpy; a record count is never trusted alone, since a long and a
short record cancel out in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from em_impute.errors import TableError, option
from em_impute.table.quotes import NEWLINE, PADDING, RETURN, ByteBlock, Positions, QuoteError, quoted_separators
from em_impute.table.source import HashingFile
from em_impute.table.text import plural

BLOCK_BYTES = 1 << 20  # 4 MiB and more is 10-25 % slower (cache, page faults)
EXAMPLES = 5  # ragged records named in a message
BLANKS = b" \t\r\v\f\x1a"  # the last one ends a file of DOS


@dataclass(frozen=True)
class Records:
    """Consecutive whole records.

    The arrays `data` and `words` are views of a buffer that is used again: they hold until the next but one block is
    asked for.
    """

    data: NDArray[np.uint8]
    """(n_bytes,) the records with their line ends"""
    words: NDArray[np.uint64]
    """(n_bytes,) the eight bytes from each position on, as one little-endian number (overlapping)"""
    offset: int
    """absolute offset of `data[0]`"""
    ends: Positions
    """(n_records, n_columns) position of the separator that ends each field; n_bytes if the file ends without one"""
    first_row: int
    """0-based number of the first record among the data records"""
    first_line: int
    """physical line, 1-based, at which the first record begins"""
    breaks: Positions | None
    """(n_lines,) positions of all newlines if any stands inside quotes, else None"""

    @property
    def n_records(self) -> int:
        """Count the records."""
        return len(self.ends)

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
        """(n_records,) the position behind each record's last byte, its LF or CRLF not included."""
        return self.span(self.ends.shape[1] - 1)[1]

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

    def head(self, n_records: int) -> "Records":
        """Give the first records only."""
        ends = self.ends[:n_records]
        return replace(self, data=self.data[: ends[-1, -1] + 1], ends=ends)

    def line_of(self, rows: Positions) -> Positions:
        """Give the physical line, 1-based, at which records begin; `rows` counts from 0 within the block."""
        if self.breaks is None:
            return np.asarray(rows, np.intp) + self.first_line
        return np.searchsorted(self.breaks, self.record_starts[rows]) + self.first_line


def scan_records(
    file: HashingFile | BytesIO,
    delimiter: str,
    n_columns: int,
    *,
    start: int,
    first_line: int,
    block_bytes: int = BLOCK_BYTES,
    has_header: bool = True,
) -> Iterator[Records]:
    """Read `file` from the offset `start` to its end and find all fields.

    `first_line` is the physical line at `start`.  Blank lines at the end of the file are no records, unless there is
    one column only: there a blank line is an empty cell.  Raises `TableError` for a record with another number of
    fields than `n_columns` (after counting all of them), a quote never closed and text after a closing quote.
    """
    window = _Window(file, start, block_bytes)
    ragged = _Ragged(n_columns, "the header" if has_header else "the first record")
    row, line = 0, first_line
    while window.fill():
        block = window.block()
        try:
            positions = _separators(block, ord(delimiter), window)
        except QuoteError as error:
            raise error.as_table_error(window.data, line) from None
        if not positions.size:
            window.grow()
            continue
        cut = int(positions[-1]) + 1
        breaks = np.flatnonzero(window.data[:cut] == NEWLINE) if block.has_quotes else None
        n_newlines = window.n_newlines if breaks is None else int(np.count_nonzero(window.data[positions] == NEWLINE))
        if breaks is not None and breaks.size == n_newlines:
            breaks = None
        n_records, n_blank = n_newlines, 0
        if ragged.n_pending or not _is_regular(window.data, positions, n_newlines, n_columns):
            is_newline = window.data[positions] == NEWLINE
            n_blank = _blank_lines_at_end(block, positions, is_newline) if n_columns > 1 else 0
            positions = positions[: positions.size - n_blank]
            n_records = n_newlines - n_blank
            if n_records and (ragged.n_pending or not _is_regular(window.data, positions, n_records, n_columns)):
                ragged.add(block, positions, breaks, line)
            if n_blank:
                ragged.add_blank(line + n_newlines + _extra(breaks, n_newlines) - n_blank, n_blank)
        if n_records and not ragged.n_found:
            yield Records(
                data=window.data[: min(int(positions[-1]) + 1, block.n_real)],
                words=window.words,
                offset=window.offset,
                ends=positions.reshape(n_records, n_columns),
                first_row=row,
                first_line=line,
                breaks=breaks,
            )
        row += n_records
        line += n_newlines + _extra(breaks, n_newlines)
        window.keep_from(min(cut, block.n_real))
    if ragged.n_found:
        raise ragged.as_table_error()


def separators(data: bytes, delimiter: str, *, whole: bool) -> tuple[Positions, NDArray[np.bool_]]:
    """Find the separators outside quotes of the records in `data`, and which of them are newlines.

    `data` begins at the start of a record; unless it is `whole` (reaches the end of the file), a record without its
    line end is left out.  Raises `QuoteError`.
    """
    added = whole and not data.endswith(b"\n")
    n = len(data) + added
    array = np.frombuffer(data + b"\n" * added + bytes(PADDING), np.uint8)
    block = ByteBlock(array, n, len(data), final=whole, has_quotes=b'"' in data)
    positions = _separators(block, ord(delimiter), None)
    return positions, array[positions] == NEWLINE


def _is_regular(data: NDArray[np.uint8], positions: Positions, n_newlines: int, n_columns: int) -> bool:
    """Tell whether every record has `n_columns` fields: as many newlines as records, and each at the end of one."""
    last = positions[n_columns - 1 :: n_columns]
    return positions.size == n_newlines * n_columns and bool((data[last] == NEWLINE).all())


def _extra(breaks: Positions | None, n_newlines: int) -> int:
    """Count the newlines inside quotes."""
    return 0 if breaks is None else breaks.size - n_newlines


def _separators(block: ByteBlock, delimiter: int, window: "_Window | None") -> Positions:
    """Find the separators outside quotes up to the last newline among them; none if there is no such newline."""
    data, n = block.data, block.n
    if block.has_quotes:
        positions = quoted_separators(block, delimiter)
    else:
        mask = np.equal(data[:n], NEWLINE, out=window.mask[:n] if window else None)
        if window:
            window.n_newlines = int(np.count_nonzero(mask))
        mask |= np.equal(data[:n], delimiter, out=window.scratch[:n] if window else None)
        positions = np.flatnonzero(mask)
    # The last newline is near the end, unless a record is longer than the block.
    length = 64
    while True:
        newlines = np.flatnonzero(data[positions[-length:]] == NEWLINE)
        if newlines.size:
            return positions[: max(positions.size - length, 0) + int(newlines[-1]) + 1]
        if length >= positions.size:
            return positions[:0]
        length *= 8


def _blank_lines_at_end(block: ByteBlock, positions: Positions, is_newline: NDArray[np.bool_]) -> int:
    """Count the lines at the end of the block that hold nothing but LF or CRLF."""
    if not _is_blank(block, positions[-2:], is_newline[-2:])[-1]:
        return 0
    blank = _is_blank(block, positions, is_newline)
    return blank.size if blank.all() else int(np.argmin(blank[::-1]))


def _is_blank(block: ByteBlock, positions: Positions, is_newline: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell for each separator whether it ends a blank line; the first stands in the block's first record."""
    previous = np.concatenate(([-1], positions[:-1]))
    follows_newline = np.concatenate(([True], is_newline[:-1]))
    length = positions - previous
    crlf = (length == len(b"\r\n")) & (block.data[positions - 1] == RETURN) & (positions < block.n_real)
    return np.asarray(is_newline & follows_newline & ((length == 1) | crlf), np.bool_)


class _Window:
    """A buffer that slides over the file; always begins at the start of a record.

    Two buffers take turns, so that the records last handed out stay as they are while the next are read.
    """

    def __init__(self, file: HashingFile | BytesIO, start: int, block_bytes: int) -> None:
        self._file = file
        self._capacity = block_bytes
        self._carried = b""
        self._ended = False
        self.offset = start
        self.n = self.n_newlines = 0
        file.seek(start)
        self._allocate()

    def _allocate(self) -> None:
        self._buffers = [bytearray(self._capacity + 1 + PADDING) for _ in range(2)]
        self.mask, self.scratch = (np.empty(self._capacity + 1, np.bool_) for _ in range(2))

    def fill(self) -> bool:
        """Read on behind the bytes carried over; False when nothing is left."""
        if self._ended:
            return False
        buffer = self._buffers[0]
        n = len(self._carried)
        buffer[:n] = self._carried
        with memoryview(buffer) as view:
            while n < self._capacity:
                n_read = self._file.readinto(view[n : self._capacity])
                if not n_read:
                    self._ended = True
                    break
                n += n_read
        self.n = n
        self.data = np.frombuffer(buffer, np.uint8)
        # Overlapping: item i is the word that begins at byte i.
        self.words = np.ndarray((self._capacity + 1,), "<u8", buffer, strides=(1,))
        return n > 0

    def block(self) -> ByteBlock:
        """Give the bytes in the buffer, ended by a newline if the file is at its end."""
        n = self.n
        has_quotes = self._buffers[0].find(b'"', 0, n) >= 0
        if self._ended and self.data[n - 1] != NEWLINE:
            self.data[n] = NEWLINE
            n += 1
        return ByteBlock(self.data, n, self.n, final=self._ended, has_quotes=has_quotes)

    def keep_from(self, cut: int) -> None:
        """Release the first `cut` bytes."""
        self._carried = bytes(memoryview(self._buffers[0])[cut : self.n])
        self.offset += cut
        self._buffers.reverse()

    def grow(self) -> None:
        """Double the block: it holds no whole record."""
        self._carried = bytes(memoryview(self._buffers[0])[: self.n])
        self._capacity *= 2
        self._allocate()


@dataclass
class _Ragged:
    """The records that have another number of fields than they should; blank lines are pending until one follows."""

    n_columns: int
    model: str
    n_found: int = 0
    examples: list[tuple[int, int]] = field(default_factory=list)  # (line, number of fields)
    shows_nothing: bool = False  # the first of them
    n_pending: int = 0
    pending_line: int = 0

    def add_blank(self, line: int, count: int) -> None:
        """Note blank lines at the end of a block, from `line` on."""
        if not self.n_pending:
            self.pending_line = line
        self.n_pending += count

    def add(self, block: ByteBlock, positions: Positions, breaks: Positions | None, first_line: int) -> None:
        """Count the offenders among a block's records, `positions` being their separators."""
        lines = range(self.pending_line, self.pending_line + min(self.n_pending, EXAMPLES))
        self.examples += [(line, 1) for line in lines]
        self.shows_nothing |= not self.n_found and self.n_pending > 0
        self.n_found += self.n_pending
        self.n_pending = 0

        last = np.flatnonzero(block.data[positions] == NEWLINE)
        n_fields = np.diff(last, prepend=-1)
        bad = np.flatnonzero(n_fields != self.n_columns)
        self.n_found += bad.size
        for row in bad[:EXAMPLES].tolist():
            start = 0 if row == 0 else int(positions[last[row - 1]]) + 1
            if not self.examples:
                self.shows_nothing = not block.data[start : int(positions[last[row]])].tobytes().strip(BLANKS)
            line = first_line + (row if breaks is None else int(np.searchsorted(breaks, start)))
            self.examples.append((line, int(n_fields[row])))
        del self.examples[EXAMPLES:]

    def as_table_error(self) -> TableError:
        """Name the first offenders and count them all."""
        (line, n_fields), *others = self.examples
        message = f"line {line} has {plural(n_fields, 'field')} where {self.model} has {self.n_columns}"
        if others:
            named = ", ".join(f"line {line} has {n_fields}" for line, n_fields in others)
            message += f"; {named}{', …' if self.n_found > EXAMPLES else ''} ({self.n_found:,} such records in all)"
        if n_fields > self.n_columns:
            hint = "a cell that holds the delimiter must stand in quotes; if the delimiter is another, name it with "
            hint += option("delimiter")
        elif self.shows_nothing:
            hint = "nothing can be seen in that line: delete it"
        else:
            hint = "the line was cut short or a line end broke it; repair it, or name the delimiter with "
            hint += option("delimiter")
        return TableError(message, hint)
