"""Which delimiter explains the head of a file best, and where its first record ends."""

from collections.abc import Sequence
from itertools import pairwise
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
    """lines before a record with all the names that are wanted, for a hint; 0 if there is none"""


def first_record(
    head: bytes, candidates: Sequence[str], *, whole: bool, encoding: str, wanted: Sequence[str] = ()
) -> FirstRecord | None:
    """Split the first record by the best of the candidates, the earlier where two are equal.

    None if it does not end within the head.  Raises `QuoteError` where the first candidate is chosen for want of a
    better one, and a quote is out of place.
    """
    best, title_lines = (False, False, 1), 0  # a delimiter that is not in the header explains nothing
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
        # The columns asked for are in the header, all records have as many fields, and these are many.
        several = len(header) > 1
        has_wanted = several and bool(wanted) and _are_among(wanted, header)
        judgement = has_wanted, several and bool((n_fields == len(header)).all()), len(header)
        if judgement > best or candidate == candidates[0]:
            best, chosen = max(judgement, best), first
        newlines = positions[is_newline][:MOST_TITLES].tolist()
        title_lines = max(title_lines, _title_lines(head, candidate, newlines, encoding, wanted))
    if chosen is None:
        if fault is not None:
            raise fault
        return None
    return chosen._replace(title_lines=title_lines)


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


def _title_lines(head: bytes, delimiter: str, newlines: list[int], encoding: str, wanted: Sequence[str]) -> int:
    """Count the physical lines before the first record with all the names wanted; 0 if there is none."""
    names = [name for name in wanted if not name.isdecimal()]
    for start, stop in pairwise([0, *(newline + 1 for newline in newlines)] if names else ()):
        cells = head[start:stop].rstrip(b"\r\n").split(delimiter.encode())
        if _are_among(names, [unquoted(cell).decode(encoding, "replace") for cell in cells]):
            return head[:start].count(b"\n")
    return 0
