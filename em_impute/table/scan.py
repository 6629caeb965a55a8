"""The exact byte span of every field, block by block, in memory that does not grow with the file.

Every separator outside quotes is found at once with numpy; a record count is never trusted alone, since a long and a
short record cancel out in it.
"""

from collections.abc import Iterator
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from em_impute.table.quotes import NEWLINE, PADDING, ByteBlock, Positions, QuoteError, find_separators
from em_impute.table.records import Asides, FormError, Grammar, Lines, Ragged, Records
from em_impute.table.source import HashingFile

BLOCK_BYTES = 1 << 20  # 4 MiB and more is 10-25 % slower (cache, page faults)


def scan_records(
    file: HashingFile | BytesIO,
    grammar: Grammar,
    *,
    start: int,
    first_line: int,
    block_bytes: int = BLOCK_BYTES,
    asides: list[Asides] | None = None,
) -> Iterator[Records]:
    """Read `file` from the offset `start` to its end and find all fields.

    `first_line` is the physical line at `start`.  Comments, footers and blank lines are no records: they are added to
    `asides`.  In a table of one column only a blank line is an empty cell.  Raises `FormError` for a record with
    another number of fields (after counting all of them), a quote never closed and text after a closing quote.
    """
    window = _Window(file, start, block_bytes)
    ragged = Ragged(grammar)
    row, line = 0, first_line
    while window.fill():
        block = window.block(grammar)
        try:
            positions = find_separators(block, ord(grammar.delimiter))
        except QuoteError as error:
            error.names = grammar.names
            raise FormError(*error.told(window.data, line)) from None
        lines = Lines(block.data, positions, grammar, below_blank=ragged.below_blank)
        if not lines.stop.size:
            window.grow()
            continue
        cut = int(lines.stop[-1])
        breaks = np.flatnonzero(window.data[:cut] == NEWLINE) if block.has_quotes else lines.stop - 1
        at = line + np.searchsorted(breaks, lines.start)
        noted = ragged.add(lines, at, window.offset)
        if asides is not None:
            asides.append(noted)
        is_record = lines.kind == 0
        if is_record.any() and not ragged.n_found:
            yield Records(
                data=window.data[: min(cut, block.n_real)],
                words=window.words,
                offset=window.offset,
                starts=lines.start[is_record],
                ends=lines.positions[np.repeat(is_record, lines.n_fields)].reshape(-1, grammar.n_fields),
                lines=at[is_record],
                n_columns=grammar.n_columns,
                first_row=row,
                is_last=block.final,
            )
            row += int(np.count_nonzero(is_record))
        line += breaks.size
        window.keep_from(min(cut, block.n_real))
    if ragged.n_found:
        raise ragged.as_form_error()


def separators(data: bytes, grammar: Grammar, *, whole: bool) -> tuple[Positions, NDArray[np.bool_]]:
    """Find the separators outside quotes of the records in `data`, and which of them are newlines.

    `data` begins at the start of a record; where it is `whole` (reaches the end of the file), the last one has a
    newline.  Raises `QuoteError`.
    """
    added = whole and not data.endswith(b"\n")
    n = len(data) + added
    array = np.frombuffer(data + b"\n" * added + bytes(PADDING), np.uint8)
    block = ByteBlock(array, n, len(data), final=whole, has_quotes=grammar.quoting and b'"' in data)
    positions = find_separators(block, ord(grammar.delimiter))
    return positions, array[positions] == NEWLINE


class _Window:
    """Bytes that slide over the file; always begins at the start of a record."""

    def __init__(self, file: HashingFile | BytesIO, start: int, block_bytes: int) -> None:
        self._file = file
        self._capacity = block_bytes
        self._carried = b""
        self._ended = False
        self.offset = start
        self.n = 0
        file.seek(start)

    def fill(self) -> bool:
        """Read on behind the bytes carried over; False when nothing is left."""
        if self._ended:
            return False
        self._buffer = buffer = bytearray(self._capacity + 1 + PADDING)  # a new one: records hold on to the last
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

    def block(self, grammar: Grammar) -> ByteBlock:
        """Give the bytes in the buffer, ended by a newline if the file is at its end."""
        n = self.n
        has_quotes = grammar.quoting and self._buffer.find(b'"', 0, n) >= 0
        if self._ended and self.data[n - 1] != NEWLINE:
            self.data[n] = NEWLINE
            n += 1
        return ByteBlock(self.data, n, self.n, final=self._ended, has_quotes=has_quotes)

    def keep_from(self, cut: int) -> None:
        """Release the first `cut` bytes."""
        self._carried = bytes(memoryview(self._buffer)[cut : self.n])
        self.offset += cut

    def grow(self) -> None:
        """Double the block: it holds no whole record."""
        self.keep_from(0)
        self._capacity *= 2
