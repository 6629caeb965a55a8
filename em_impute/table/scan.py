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
    ragged = Ragged(grammar)
    row, line, offset = 0, first_line, start
    carried, is_final = b"", False
    file.seek(start)
    while not is_final and (data := carried + file.read(block_bytes - len(carried))):
        is_final = len(data) < block_bytes
        block = _as_block(data, grammar, is_final=is_final)
        try:
            positions = find_separators(block, ord(grammar.delimiter))
        except QuoteError as error:
            error.names = grammar.names
            raise FormError(*error.told(block.data, line)) from None
        lines = Lines(block.data, positions, grammar, below_blank=ragged.below_blank)
        if not lines.stop.size:  # it holds no whole record
            carried, block_bytes = data, 2 * block_bytes
            continue
        end = int(lines.stop[-1])
        breaks = np.flatnonzero(block.data[:end] == NEWLINE) if block.has_quotes else lines.stop
        at = line + (np.searchsorted(breaks, lines.start) if block.has_quotes else np.arange(breaks.size))
        ends, starts, noted = lines.positions, lines.start, ragged.add(lines, at, offset)
        if noted is not None:
            is_record = lines.kind == 0
            ends, starts, at = ends[np.repeat(is_record, lines.n_fields)], starts[is_record], at[is_record]
            if asides is not None:
                asides.append(noted)
        if at.size and not ragged.n_found:
            yield Records(
                data=block.data[: min(end, block.n_real)],
                # Overlapping: item i is the word that begins at byte i.
                words=np.ndarray((block.data.size - 7,), "<u8", block.data, strides=(1,)),
                offset=offset,
                starts=starts,
                ends=ends.reshape(-1, grammar.n_fields),
                lines=at,
                n_columns=grammar.n_columns,
                first_row=row,
                is_last=is_final,
            )
            row += at.size
        line += breaks.size
        carried, offset = data[end:], offset + end
    if ragged.n_found:
        raise ragged.as_form_error()


def separators(data: bytes, grammar: Grammar, *, whole: bool) -> tuple[Positions, NDArray[np.bool_]]:
    """Find the separators outside quotes of the records in `data`, and which of them are newlines.

    `data` begins at the start of a record; where it is `whole` (reaches the end of the file), the last one has a
    newline.  Raises `QuoteError`.
    """
    block = _as_block(data, grammar, is_final=whole)
    positions = find_separators(block, ord(grammar.delimiter))
    return positions, block.data[positions] == NEWLINE


def _as_block(data: bytes, grammar: Grammar, *, is_final: bool) -> ByteBlock:
    """Put a newline behind the last record of a file that lacks it, and bytes that can be read behind it."""
    added = is_final and not data.endswith(b"\n")
    array = np.frombuffer(data + b"\n" * added + bytes(PADDING), np.uint8)
    has_quotes = grammar.quoting and b'"' in data
    return ByteBlock(array, len(data) + added, len(data), final=is_final, has_quotes=has_quotes)
