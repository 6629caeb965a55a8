"""Which delimiter explains the head of a file best, and where its first record ends."""

import re
from collections.abc import Sequence
from functools import partial
from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.errors import TableError, option
from em_impute.options import Request
from em_impute.table.quotes import QuoteError
from em_impute.table.records import BLANKS, Grammar, Lines
from em_impute.table.scan import separators
from em_impute.table.source import Source
from em_impute.table.text import lacking, shown_path, unquoted

HEAD_BYTES = 1 << 18  # judged for the delimiter
SEPARATOR_LINE = re.compile(rb'"?sep=(.)"?\r?(?:\n|\Z)', re.IGNORECASE)

CANDIDATES = (",", ";", "\t", "|")  # never a space: prose is full of them


class FirstRecord(NamedTuple):
    """The first record of the file, which is the header if there is one."""

    delimiter: str
    quoting: bool  # quotes protect what they surround
    fields: list[bytes]  # with their quotes
    text_stop: int  # position before the line end
    stop: int  # position behind the line end
    newline: bytes
    n_lines: int  # physical lines that it takes
    closes: bool = False  # every other record ends with a delimiter more


class _Judgement(NamedTuple):
    """How well a delimiter explains the head; the larger, the better."""

    has_wanted: bool = False
    is_regular: bool = False
    n_fields: int = 1  # a delimiter that is not in the header explains nothing


def find_first_record(
    source: Source, begin: int, chosen: str | None, encoding: str, reading: Request
) -> tuple[FirstRecord, int, int, bytes]:
    """Choose the delimiter and find the first record, its offset and physical line, and what a line `sep=` above names.

    As much is read from the offset `begin` as that takes.  Raises `TableError` where there is no record, or a quote is
    out of place.
    """
    comment, n_bytes = (reading.comment or "").encode(encoding), HEAD_BYTES
    while True:
        head = source.read(begin, n_bytes + 1)
        whole, head = len(head) <= n_bytes, head[:n_bytes]
        place, line, separator = _skip(head, comment, reading)
        if whole and line <= reading.skip_lines:
            message = f"{shown_path(source.name)} has only {line - 1} lines, so {reading.skip_lines} cannot be skipped"
            raise TableError(message, f"give a smaller {option('skip_lines')}")
        if whole and not head[place:].strip(b"\r\n"):
            raise TableError(f"{shown_path(source.name)} is empty", "it needs a header and at least one record")
        if separator and separator not in b'"\r\n' and separator.isascii():
            chosen = chosen or separator.decode()
        try:
            candidates = (chosen,) if chosen else CANDIDATES
            first = first_record(head[place:], candidates, reading, encoding, whole=whole)
        except QuoteError as error:
            raise TableError(*error.told(np.frombuffer(head[place:], np.uint8), line)) from None
        if first:
            return first, begin + place, line, separator
        n_bytes *= 2


def _skip(head: bytes, comment: bytes, reading: Request) -> tuple[int, int, bytes]:
    """Pass over physical lines, one that says `sep=`, comments, and blank lines above a header.

    Gives the position behind them, the line number there, and the separator.
    """
    place, line, separator = 0, 1, b""
    for text in BytesIO(head):
        named = SEPARATOR_LINE.match(text) if line == reading.skip_lines + 1 else None
        if line <= reading.skip_lines:
            is_over = text.endswith(b"\n")
        else:
            is_blank = reading.has_header and not text.strip(BLANKS + b"\n")
            is_over = bool(named) or is_blank or bool(comment and text.startswith(comment))
        if not is_over:
            break
        place, line, separator = place + len(text), line + 1, named[1] if named else separator
    return place, line, separator


def first_record(
    head: bytes, candidates: Sequence[str], reading: Request, encoding: str, *, whole: bool
) -> FirstRecord | None:
    """Split the first record by the best of the candidates, the earlier where two are equal.

    Quotes are text where this is said, or where it makes a table of what is none with them.  None if the record does
    not end within the head.  Raises `QuoteError` where a quote is out of place, and no other candidate is better.
    """
    best, chosen = _Judgement(), None
    faults: dict[str, QuoteError] = {}
    judged = partial(_judged, head, reading=reading, whole=whole, encoding=encoding)
    for candidate in candidates:
        try:
            judgement, first = judged(candidate, quoting=reading.quote != "none")
        except QuoteError as error:
            faults[candidate] = error
            continue
        if first is not None and (judgement > best or candidate == candidates[0]):
            best, chosen = max(judgement, best), first
    if reading.quote is None and not best.is_regular and b'"' in head:
        for candidate in candidates:
            judgement, first = judged(candidate, quoting=False)
            if judgement.is_regular and judgement > best and not _are_protected(head, candidate):
                best, chosen = judgement, first
            elif candidate in faults and first is not None:
                faults[candidate].names = [unquoted(cell).decode(encoding, "replace") for cell in first.fields]
                if judgement.has_wanted > best.has_wanted:
                    raise faults[candidate]
    fault = faults.get(candidates[0])
    if chosen is None and fault is not None:
        raise fault
    return chosen


def _judged(
    head: bytes, delimiter: str, *, quoting: bool, reading: Request, whole: bool, encoding: str
) -> tuple[_Judgement, FirstRecord | None]:
    """Split the first record by one delimiter, and judge that; None if it does not end.  Raises `QuoteError`."""
    grammar = Grammar(delimiter, 1, quoting, (reading.comment or "").encode(encoding))
    positions, is_newline = separators(head, grammar, whole=whole)
    if not is_newline.any():
        return _Judgement(), None
    first = _first_of(head, grammar, positions, is_newline)
    names = map(unquoted, first.fields) if grammar.quoting else first.fields
    header = [name.decode(encoding, "replace") for name in names]
    data = np.frombuffer(head + b"\n", np.uint8)
    grammar = grammar._replace(n_columns=len(header))
    is_regular = not Lines(data, positions, grammar).is_ragged.any()
    if not is_regular:
        ragged = Lines(data, positions, grammar._replace(closes=True)).is_ragged
        is_regular = closes = bool(ragged[0] and ragged.size > 1 and not ragged[1:].any())
        first = first._replace(closes=closes)
    several = len(header) > 1
    # The columns asked for are in the header, all records have as many fields, and these are many.
    has_wanted = several and bool(reading.columns) and not lacking(reading.columns, header)
    return _Judgement(has_wanted, several and is_regular, len(header)), first


def _are_protected(head: bytes, delimiter: str) -> bool:
    """Tell whether quotes surround whole fields, the names or most of those that begin with one, and so are no text."""
    fields = re.findall(rb'(?:^|(?<=%b))"[^%b\r\n]*' % ((re.escape(delimiter.encode()),) * 2), head, re.MULTILINE)
    surrounded = sum(len(field) > 1 and field.endswith(b'"') for field in fields)
    return head.startswith(b'"') or 2 * surrounded > len(fields)


def _first_of(head: bytes, grammar: Grammar, positions: NDArray[np.intp], is_newline: NDArray[np.bool_]) -> FirstRecord:
    """Split the first record by the separators of the head."""
    ends = positions[: int(np.argmax(is_newline)) + 1].tolist()
    stop = ends[-1]
    newline = b"\r\n" if head[stop - 1 : stop + 1] == b"\r\n" else b"\n"
    text_stop = stop - len(newline) + 1
    starts = [0, *(end + 1 for end in ends[:-1])]
    fields = [head[start:end] for start, end in zip(starts, [*ends[:-1], text_stop], strict=True)]
    stop = min(stop + 1, len(head))
    n_lines = head[:stop].count(b"\n")
    return FirstRecord(grammar.delimiter, grammar.quoting, fields, text_stop, stop, newline, n_lines)
