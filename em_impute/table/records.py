"""The records of a block, the spans of their fields, and lines that are no records or have other fields than these."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.errors import TableError
from em_impute.table.quotes import NEWLINE, RETURN, Positions
from em_impute.table.text import plural

BLANK, COMMENT, HEADER, UNITS, SUMMARY, NOTE, RULE = range(1, 8)
"""Kinds of lines that are no records; 0 is a record."""

FOOTER = re.compile(
    rb"\W*(?:(?:n|sources?|notes?|footnotes?|data|database|last updated|updated|exported|generated|created|legend"
    rb"|quelle|stand|anmerkung|hinweis|fuente|nota|fonte)\b[^:=]{0,30}[:=]|\d+ rows?\b|end of )",
    re.IGNORECASE,
)
"""How a line begins that tells of the table: `n = 200`, `Source: …`, `(200 rows)`."""

PROSE = re.compile(rb"[\W]*[^\W\d]\S*\s+\S")
"""Two words, of which the first is no number."""


class Asides(NamedTuple):
    """Lines that are no records, in the order of the file."""

    start: NDArray[np.int64]  # (n,) absolute offset of each
    stop: NDArray[np.int64]  # (n,) and of what follows it
    end: NDArray[np.int64]  # (n,) and behind its last cell, if it has as many as a record; else -1
    line: NDArray[np.int64]  # (n,) physical line, 1-based, at which it begins
    kind: NDArray[np.int8]  # (n,) what it is

    @classmethod
    def joined(cls, several: Sequence["Asides"]) -> "Asides":
        """Put some together, in the order of their lines."""
        nothing = (*[np.empty(0, np.int64)] * 4, np.empty(0, np.int8))
        together = cls._make(map(np.concatenate, zip(nothing, *several, strict=True)))
        return together.where(np.argsort(together.start, kind="stable"))

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> "Asides":
        """Give some of them."""
        return Asides._make(one[chosen] for one in self)


@dataclass(frozen=True)
class Records:
    """Consecutive records, perhaps with something between them that is none."""

    data: NDArray[np.uint8]  # (n_bytes,) the records with their line ends, and what stands between them
    words: NDArray[np.uint64]
    """(n_bytes,) the eight bytes from each position on, as one little-endian number (overlapping)"""
    offset: int  # absolute offset of `data[0]`
    starts: Positions  # (n_records,) position of each record's first byte
    ends: Positions
    """(n_records, n_fields) position of the separator that ends each field; n_bytes if the file ends without one"""
    lines: Positions  # (n_records,) physical line, 1-based, at which each record begins
    n_columns: int  # fields that belong to a column: one less than there are where every record ends with a delimiter
    first_row: int  # 0-based number of the first record among the data records
    is_last: bool  # nothing follows in the file but what was read with them
    n_left: int = 0  # about so many records follow in the table, these among them

    @property
    def n_records(self) -> int:
        """Count the records."""
        return len(self.ends)

    @cached_property
    def stops(self) -> Positions:
        """(n_records,) the position behind each record."""
        return np.minimum(self.ends[:, -1] + 1, self.data.size)

    @cached_property
    def has_nul(self) -> bool:
        """Tell whether a NUL byte stands anywhere in the records."""
        return not self.data.all()

    @cached_property
    def record_stops(self) -> Positions:
        """(n_records,) the position behind the last column of each record, without LF or CRLF."""
        return self.span(self.n_columns - 1)[1]

    def span(self, column: int) -> tuple[Positions, Positions]:
        """Give the positions of a column's fields, quotes included: two arrays (n_records,), start and stop."""
        starts = self.ends[:, column - 1] + 1 if column else self.starts
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
        (start,), (stop,) = self.take(slice(row, row + 1)).span(column)
        return self.data[start:stop].tobytes()

    def head(self, n_records: int) -> "Records":
        """Give the first records only."""
        return replace(self.take(slice(n_records)), data=self.data[: self.ends[:n_records][-1, -1] + 1])

    def take(self, rows: Positions | slice) -> "Records":
        """Give some of the records."""
        return replace(self, ends=self.ends[rows], lines=self.lines[rows], starts=self.starts[rows])

    def text(self) -> bytes:
        """Give the bytes of the records alone, with their line ends."""
        first = np.flatnonzero(self.starts != np.append(-1, self.stops[:-1]))  # behind something else, or nothing
        spans = zip(self.starts[first].tolist(), self.stops[np.append(first[1:], 0) - 1].tolist(), strict=True)
        return b"".join(self.data[start:stop].tobytes() for start, stop in spans)


EXAMPLES = 5  # ragged records named in a message
BLANKS = b" \t\r\v\f\x1a"  # the last one ends a file of DOS

Bytes = NDArray[np.uint8]


class FormError(TableError):
    """The bytes are no table in the way they are read; another way may be the right one."""


class Grammar(NamedTuple):
    """How bytes are divided into records."""

    delimiter: str
    n_columns: int
    quoting: bool = True  # quotes at the start of a field protect what they surround; else they are text
    comment: bytes = b""  # how a line begins that is no record; nothing where there are none
    closes: bool = False  # every record ends with a delimiter, behind which there is no column
    names: tuple[str, ...] = ()  # of the columns, if there is a header

    @property
    def n_fields(self) -> int:
        """Count the fields of a record."""
        return self.n_columns + self.closes


def are_empty(data: Bytes, before: Positions, after: Positions) -> NDArray[np.bool_]:
    """Tell whether nothing but the CR of a line end stands between each pair of separators."""
    length = after - before - 1
    return np.asarray((length == 0) | ((length == 1) & (data[after - 1] == RETURN)), np.bool_)


class Lines:
    """The lines of a block, which end at newlines outside quotes: records, and what is none."""

    def __init__(self, data: Bytes, positions: Positions, grammar: Grammar, *, below_blank: bool = False) -> None:
        last = np.flatnonzero(data[positions] == NEWLINE)
        self.n_fields = np.diff(last, prepend=-1)
        self.positions = positions[: self.n_fields.sum()]
        self.stop = positions[last] + 1
        self.start = np.append(0, self.stop)[:-1]
        self._data = data
        self._grammar = grammar
        self.kind = np.zeros(last.size, np.int8)
        if grammar.comment:
            begin = np.flatnonzero(data[self.start] == grammar.comment[0]).tolist()
            self.kind[[row for row in begin if self.text(row).startswith(grammar.comment)]] = COMMENT
        if grammar.n_fields > 1:
            may_be = np.flatnonzero((self.kind == 0) & (self.n_fields == 1)).tolist()
            self.kind[[row for row in may_be if not self.text(row).strip(BLANKS)]] = BLANK
            self._note_footers(below_blank=below_blank)
        wrong = self.n_fields != grammar.n_fields
        if grammar.closes:
            wrong |= ~are_empty(data, positions[last - 1], positions[last])
        self.is_ragged = wrong & (self.kind == 0)
        self.n_until_last = self.kind.size - int((self.kind[::-1] == 0).argmax()) if (self.kind == 0).any() else 0
        """lines up to the last record, or none"""
        end = self.kind[self.n_until_last :]
        self.ends_below_blank = bool((end == BLANK).any() or (below_blank and end.size == self.kind.size))
        """a blank line stands behind the last record"""

    def text(self, row: int) -> bytes:
        """Give the bytes of a line, without its line end."""
        return self._data[self.start[row] : self.stop[row] - 1].tobytes()

    def _note_footers(self, *, below_blank: bool) -> None:
        """Find the footers at the end of the block: what says that it is one, and single texts below a blank line."""
        below: list[int] = []
        for row in range(self.kind.size - 1, -1, -1):
            if self.kind[row] == BLANK:
                self.kind[below] = NOTE
                below = []
            elif self.kind[row] == 0 and self.n_fields[row] == self._grammar.n_fields:
                return
            elif self.kind[row] == 0 and FOOTER.match(self.text(row)):
                self.kind[row] = NOTE
            elif self.kind[row] == 0 and self.n_fields[row] == 1 and PROSE.match(self.text(row)):
                below.append(row)
            elif self.kind[row] == 0:
                return
        if below_blank:
            self.kind[below] = NOTE


class Ragged:
    """The records that have another number of fields than they should."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.n_found = 0
        self.below_blank = False
        """A blank line stands behind the last record"""
        self.pending: list[tuple[int, int]] = []
        """What looks like a footer, (line, number of fields), as long as no record follows"""
        self._examples: list[tuple[int, int]] = []

    def add(self, lines: Lines, at: Positions, offset: int) -> Asides | None:
        """Count the offenders among lines, whose numbers are `at`, and give those that are no records, if any are."""
        self.below_blank = lines.ends_below_blank
        if not (self.pending or lines.is_ragged.any() or lines.kind.any()):
            return None
        offends = lines.is_ragged.copy()
        offends[: lines.n_until_last] |= lines.kind[: lines.n_until_last] == NOTE
        told = [(int(at[row]), int(lines.n_fields[row])) for row in np.flatnonzero(offends)[:EXAMPLES]]
        if lines.n_until_last:
            self.n_found += len(self.pending)
            self._examples += self.pending
            self.pending = []
        self.n_found += int(np.count_nonzero(offends))
        self._examples = [*self._examples, *told][:EXAMPLES]
        notes = np.flatnonzero((lines.kind == NOTE) & ~offends)
        self.pending += [(int(at[row]), int(lines.n_fields[row])) for row in notes]
        is_aside = lines.kind > 0
        no_end = np.full(at.size, -1)
        return Asides(lines.start + offset, lines.stop + offset, no_end, at, lines.kind).where(is_aside)

    def as_form_error(self) -> FormError:
        """Name the first offenders and count them all."""
        (line, n_fields), *others = self._examples
        expected, model = self.grammar.n_columns, "the header" if self.grammar.names else "the first record"
        if self.grammar.closes and n_fields == expected:
            expected, model = self.grammar.n_fields, "the first record"
        message = f"line {line} has {plural(n_fields, 'field')} where {model} has {expected}"
        if others:
            named = ", ".join(f"line {line} has {n_fields}" for line, n_fields in others)
            message += f"; {named}{', …' if self.n_found > EXAMPLES else ''} ({self.n_found:,} such records in all)"
        if n_fields > expected:
            hint = "put the cell that holds the delimiter in quotes"
            if others and self.grammar.names and {n for _, n in self._examples} == {expected + 1}:
                hint += "; if the header lacks the name of a column, add it there"
            return FormError(message, hint)
        return FormError(message, "repair the line, which was cut short or broken by a line end")
