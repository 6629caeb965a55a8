"""The lines of a block that are not all records of one length: which are, which are not, and which should be."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.errors import TableError
from em_impute.table.asides import BLANK, COMMENT, FOOTER, NOTE, PROSE, Asides
from em_impute.table.quotes import NEWLINE, RETURN, Positions
from em_impute.table.records import Records
from em_impute.table.text import plural

EXAMPLES = 5  # ragged records named in a message
BLANKS = b" \t\r\v\f\x1a"  # the last one ends a file of DOS

Bytes = NDArray[np.uint8]


class FormError(TableError):
    """The bytes are no table in the way they are read; another way may be the right one."""


class Grammar(NamedTuple):
    """How bytes are divided into records."""

    delimiter: str
    n_columns: int
    quoting: bool = True
    """quotes at the start of a field protect what they surround; else they are text"""
    comment: bytes = b""
    """how a line begins that is no record; nothing where there are none"""
    closes: bool = False
    """every record ends with a delimiter, behind which there is no column"""
    names: tuple[str, ...] = ()
    """of the columns, if there is a header"""

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
        self.stop = positions[last] + 1
        self.start = np.append(0, self.stop[:-1])
        self._data = data
        self._positions = positions
        self._grammar = grammar
        self.kind = np.zeros(last.size, np.int8)
        if grammar.comment:
            begin = np.flatnonzero(data[self.start] == grammar.comment[0]).tolist()
            self.kind[[row for row in begin if self.text(row).startswith(grammar.comment)]] = COMMENT
        if grammar.n_fields > 1:
            length = self.stop - self.start
            self.kind[(length == 1) | ((length == len(b"\r\n")) & (data[self.start] == RETURN))] = BLANK
            may_be = (self.kind == 0) & (self.n_fields == 1) & np.isin(data[self.start], list(BLANKS))
            self.kind[[row for row in np.flatnonzero(may_be).tolist() if not self.text(row).strip(BLANKS)]] = BLANK
            self._note_footers(below_blank=below_blank)
        wrong = self.n_fields != grammar.n_fields
        if grammar.closes:
            wrong |= ~are_empty(data, positions[last - 1], positions[last])
        self.is_ragged = wrong & (self.kind == 0)
        end = self.kind[int(np.max(np.flatnonzero(self.kind == 0), initial=-1)) + 1 :]
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

    def records(self, within: Records, lines: Positions) -> Records | None:
        """Give the records; `lines` are those of all lines.  None where there are none."""
        rows = np.flatnonzero(self.kind == 0)
        if not rows.size:
            return None
        separators = self._positions[np.repeat(self.kind == 0, self.n_fields)]
        ends = separators.reshape(rows.size, self._grammar.n_fields)
        return replace(within, ends=ends, lines=lines[rows], starts=self.start[rows])


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

    def add(self, lines: Lines, at: Positions, offset: int) -> Asides:
        """Count the offenders among lines, whose numbers are `at`, and give those that are no records."""
        last = int(np.max(np.flatnonzero(lines.kind == 0), initial=-1))
        self.below_blank = lines.ends_below_blank
        offends = lines.is_ragged | ((lines.kind == NOTE) & (np.arange(lines.kind.size) < last))
        told = [(int(at[row]), int(lines.n_fields[row])) for row in np.flatnonzero(offends)[:EXAMPLES]]
        if last >= 0:
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
