"""Which separators of a block stand outside quotes: exact, vectorised, and able to say where the grammar is broken.

The grammar is RFC 4180 as Excel and pandas read it.  A quote at the start of a field opens a quoted field, in which
`""` is a quote and delimiters and newlines are text; its closing quote must be followed, perhaps behind spaces, by a
delimiter, LF, CRLF or the end of the file.  A quote anywhere else in an unquoted field is text (`5'10"`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.table.text import shown

TAB, NEWLINE, RETURN, SPACE, QUOTE, BACKSLASH = 9, 10, 13, 32, 34, 92
PADDING = 16  # bytes that can be read behind a block: the byte after a quote, an 8-byte word of a cell

Positions = NDArray[np.intp]
Flags = NDArray[np.bool_]


class ByteBlock(NamedTuple):
    """Bytes that begin at the start of a record."""

    data: NDArray[np.uint8]  # (at least n + PADDING,) the bytes; what stands behind `n` is undefined
    n: int  # bytes to look at; when the file's last record lacks its newline, one was added
    n_real: int  # bytes that are in the file: `n`, or `n - 1` when a newline was added
    final: bool  # nothing follows in the file
    has_quotes: bool


@dataclass(eq=False)
class QuoteError(Exception):
    """The quotes of a block break the grammar: a quote opened at `opened`, and text follows its end at `closed`.

    `closed` is None when it is never closed.  Both are positions in the block.  The field stands in the `column`,
    counted from 0.
    """

    opened: int
    closed: int | None
    column: int
    names: Sequence[str] = ()  # of the columns, once they are known

    def told(self, data: NDArray[np.uint8], first_line: int) -> tuple[str, str]:
        """Word it for the user, with a hint; `first_line` is the physical line at which `data` begins."""
        opened = first_line + int(np.count_nonzero(data[: self.opened] == NEWLINE))
        column = shown(self.names[self.column]) if self.column < len(self.names) else f"{self.column + 1}"
        if self.closed is None:
            message = f"line {opened}, column {column}: a quote opens here and is never closed"
            return message, 'close it; write a quote inside a quoted cell twice ("")'
        line = first_line + int(np.count_nonzero(data[: self.closed] == NEWLINE))
        after = data[self.closed + 1 : self.closed + 5].tobytes().decode("utf-8", "ignore")[:1]  # no more of the cell
        opening = "" if line == opened else f" (the quote opened on line {opened})"
        hint = 'write a quote inside a quoted cell twice ("")'
        if data[self.closed - 1] == BACKSLASH:  # meant to keep the quote from closing
            hint += r", and not \""
        return f"line {line}, column {column}: {shown(after)} follows a closing quote{opening}", hint


def find_separators(block: ByteBlock, delimiter: int) -> Positions:
    """Find every delimiter and newline outside quotes, in ascending order.

    By the parity of the running count of quotes where that is verified, else by a prefix scan over the stretches
    between separators.  Raises `QuoteError` for the first break of the grammar.
    """
    data, n = block.data, block.n
    is_separator = data[:n] == NEWLINE
    is_separator |= data[:n] == delimiter
    if not block.has_quotes:
        return np.flatnonzero(is_separator)
    is_quote = data[:n] == QUOTE
    quotes = np.flatnonzero(is_quote)
    at_start = is_separator[quotes - 1]
    if quotes.size and quotes[0] == 0:
        at_start[0] = True
    np.logical_or(is_separator, is_quote, out=is_separator)
    events = np.flatnonzero(is_separator)
    is_quote_event = is_quote[events]
    if _first_fault(block, delimiter, quotes, at_start) is None:
        # A count in one byte overflows, but its last bit stays right.
        inside = np.cumsum(is_quote_event, dtype=np.uint8)
        inside &= 1
        inside |= is_quote_event
        separators = events[inside == 0]
    else:
        separators, is_syntax = _prefix_scan(data, events, is_quote_event)
        quotes, at_start = quotes[is_syntax], at_start[is_syntax]
        fault = _first_fault(block, delimiter, quotes, at_start)
        if fault is not None:
            opened = _opener(quotes[: fault + 1])
            raise QuoteError(opened, int(quotes[fault]), _column(data, separators, opened))
    if block.final and not (separators.size and separators[-1] == n - 1):
        opened = _opener(quotes)
        raise QuoteError(opened, None, _column(data, separators, opened))
    return np.asarray(separators, np.intp)


def _first_fault(block: ByteBlock, delimiter: int, quotes: Positions, at_start: Flags) -> int | None:
    """Find the first of `quotes` that contradicts "those with an even index open, those with an odd index close".

    True by induction from the first: an opening quote stands at the start of a field or directly after a quote (then
    the two are one escaped quote), a closing one before a separator or directly before a quote.  What follows the
    end of a block that is not final counts as right.
    """
    data, n = block.data, block.n
    after_quote = np.empty(quotes.size + 1, np.bool_)
    after_quote[0] = after_quote[-1] = False
    np.equal(quotes[1:], quotes[:-1] + 1, out=after_quote[1:-1])

    opens = at_start[0::2] | after_quote[0:-1:2]
    closing = quotes[1::2]
    following = data[closing + 1]
    closes = (following == delimiter) | (following == NEWLINE) | after_quote[2::2]
    if not closes.all():
        closes |= (following == RETURN) & (data[closing + 2] == NEWLINE) & (closing + 2 < block.n_real)
        if not block.final:
            closes |= (closing + 1 >= n) | ((following == RETURN) & (closing + 2 >= n))
        padded = np.flatnonzero(~closes & ((following == SPACE) | (following == TAB)))
        closes[padded] = [_ends_behind_spaces(block, delimiter, position + 1) for position in closing[padded].tolist()]
    faults = [2 * int(np.argmin(opens))] if not opens.all() else []
    if not closes.all():
        faults.append(2 * int(np.argmin(closes)) + 1)
    return min(faults, default=None)


def _ends_behind_spaces(block: ByteBlock, delimiter: int, position: int) -> bool:
    """Tell whether nothing but spaces and tabs stands between a position and the end of the field."""
    while position < block.n and block.data[position] in (SPACE, TAB) and block.data[position] != delimiter:
        position += 1
    if position < block.n and block.data[position] == RETURN:
        position += 1
        return block.data[position] == NEWLINE and position < block.n_real if position < block.n else not block.final
    return block.data[position] in (delimiter, NEWLINE) if position < block.n else not block.final


def _column(data: NDArray[np.uint8], separators: Positions, position: int) -> int:
    """Count the fields of the record that end before a position in it."""
    before = separators[separators < position]
    newlines = np.flatnonzero(data[before] == NEWLINE)
    return int(before.size if not newlines.size else before.size - newlines[-1] - 1)


def _prefix_scan(data: NDArray[np.uint8], events: Positions, is_quote: Flags) -> tuple[Positions, Flags]:
    """Follow the state {outside, inside} over the stretches between raw separators.

    A stretch with an even number of quotes leaves the state as it is; with an odd number it swaps it when it begins
    with a quote, and otherwise ends outside whatever was before.  So the state is the parity of the swaps since the
    last such reset.  Returns the separators outside quotes, and for each quote whether it is more than text.
    """
    is_separator = ~is_quote
    separators = events[is_separator]
    rank = np.arange(separators.size)
    quotes_before = np.flatnonzero(is_separator) - rank
    odd = (np.diff(quotes_before, prepend=0) & 1).astype(np.bool_)
    starts = np.concatenate(([0], separators + 1))  # (n_separators + 1,) of every stretch, the open last one too
    begins = data[starts] == QUOTE

    swaps = np.cumsum(odd & begins[:-1])
    last_reset = np.maximum.accumulate(np.where(odd & ~begins[:-1], rank, -1))
    swaps_before = np.where(last_reset >= 0, swaps[last_reset], 0)
    inside = ((swaps - swaps_before) & 1).astype(np.bool_)  # (n_separators,) at the end of each stretch

    is_text = ~(np.concatenate(([False], inside)) | begins)
    stretch = np.flatnonzero(is_quote)
    stretch -= np.arange(stretch.size)
    return separators[~inside], ~is_text[stretch]


def _opener(quotes: Positions) -> int:
    """Find the quote that opened the field in which the last of `quotes` stands."""
    opening = quotes[0::2]
    escaped = np.concatenate(([False], opening[1:] == quotes[1 : 2 * opening.size - 1 : 2] + 1))
    return int(opening[~escaped][-1])
