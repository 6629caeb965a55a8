"""Which delimiter explains the head of a file best, and where its first record ends."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.table.quotes import QuoteError
from em_impute.table.scan import separators
from em_impute.table.text import same_name, unquoted

CANDIDATES = (",", ";", "\t", "|")  # never a space: prose is full of them
MOST_TITLES = 50  # records looked at for the true header


class FirstRecord(NamedTuple):
    """The first record of the file, which is the header if there is one."""

    delimiter: str
    fields: list[bytes]
    """with their quotes"""
    text_stop: int
    """position before the line end"""
    stop: int
    """position behind the line end"""
    newline: bytes
    n_lines: int
    """physical lines that it takes"""
    title_lines: int = 0
    """lines before what looks like the true header, a guess for a hint only; 0 if the first line does"""


class Judgement(NamedTuple):
    """How well a delimiter explains the head of the file; the greatest is the best."""

    has_wanted: bool = False
    """the header consists of several fields, and the columns asked for are among them"""
    is_consistent: bool = False
    """all records have the same number of fields, more than one"""
    n_fields: int = 0
    """in the header"""


def first_record(
    head: bytes, candidates: Sequence[str], *, whole: bool, encoding: str, wanted: Sequence[str] = ()
) -> FirstRecord | None:
    """Split the first record by the best of the candidates, the earlier where two are equal.

    None if it does not end within the head.  Raises `QuoteError` where the first candidate is chosen for want of a
    better one, and a quote is out of place.
    """
    best, title_lines, padded_lines = Judgement(n_fields=1), 0, 0  # what is not in the header explains nothing
    chosen: FirstRecord | None = None
    fault: QuoteError | None = None
    for candidate in candidates:
        try:
            positions, is_newline = separators(head, candidate, whole=whole)
        except QuoteError as error:
            fault = error if candidate == candidates[0] else fault
            continue
        if not positions.size:
            continue
        first = _first_of(head, candidate, positions, is_newline)
        header = [unquoted(cell).decode(encoding, "replace") for cell in first.fields]
        n_fields = np.diff(np.flatnonzero(is_newline), prepend=-1)
        n_fields = n_fields[: max(1, int(np.max(np.flatnonzero(n_fields > 1), initial=0)) + 1)]  # no blank lines
        several = len(header) > 1
        judgement = Judgement(
            several and bool(wanted) and _are_among(wanted, header),
            several and bool((n_fields == len(header)).all()),
            len(header),
        )
        if judgement > best or candidate == candidates[0]:
            best, chosen = max(judgement, best), first
        newlines = positions[is_newline]
        title_lines = max(title_lines, _title_lines(head, n_fields, newlines))
        padded_lines = max(padded_lines, _padded_lines(head, candidate, newlines, encoding, wanted))
    if chosen is None:
        if fault is not None:
            raise fault
        return None
    if best.has_wanted:
        return chosen
    return chosen._replace(title_lines=padded_lines or (0 if best.is_consistent else title_lines))


def _first_of(head: bytes, delimiter: str, positions: NDArray[np.intp], is_newline: NDArray[np.bool_]) -> FirstRecord:
    """Split the first record by the separators of the head."""
    ends = positions[: int(np.argmax(is_newline)) + 1].tolist()
    stop = ends[-1]
    newline = b"\r\n" if head[stop - 1 : stop + 1] == b"\r\n" else b"\n"
    text_stop = stop - len(newline) + 1
    starts = [0, *(end + 1 for end in ends[:-1])]
    fields = [head[start:end] for start, end in zip(starts, [*ends[:-1], text_stop], strict=True)]
    stop = min(stop + 1, len(head))
    return FirstRecord(delimiter, fields, text_stop, stop, newline, head[:stop].count(b"\n"))


def _are_among(names: Sequence[str], cells: Sequence[str]) -> bool:
    return all(any(same_name(name, cell) for cell in cells) for name in names)


def _title_lines(head: bytes, n_fields: NDArray[np.intp], newlines: NDArray[np.intp]) -> int:
    """Count the physical lines before the first record that has as many fields as most have, if it is not the first."""
    values, counts = np.unique(n_fields, return_counts=True)
    usual = int(values[np.argmax(counts)])
    record = int(np.argmax(n_fields == usual))
    if usual == 1 or record == 0 or n_fields[0] > usual:
        return 0
    return head[: int(newlines[record - 1]) + 1].count(b"\n")


def _padded_lines(head: bytes, delimiter: str, newlines: NDArray[np.intp], encoding: str, wanted: Sequence[str]) -> int:
    """Count the physical lines before the first record with all the names wanted, if the first record has empty cells.

    So spreadsheets write a title above the header: with a delimiter for every column.
    """
    names = [name for name in wanted if not name.isdecimal()]
    start = 0
    for stop in newlines[:MOST_TITLES].tolist() if names else ():
        cells = [unquoted(cell).decode(encoding, "replace") for cell in head[start:stop].split(delimiter.encode())]
        if start and _are_among(names, [cell.rstrip("\r") for cell in cells]):
            return head[:start].count(b"\n")
        if not start and all(cell.strip() for cell in cells):
            return 0
        start = stop + 1
    return 0
