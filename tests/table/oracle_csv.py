"""The CSV grammar as a machine that reads one character at a time: slow, and plain enough to be believed."""

import re

Span = tuple[int, int]

BLANKS = b" \t\r\v\f\x1a"
WORDS = re.compile(rb"\W*[^\W\d]\S*\s+\S")


class Rejected(Exception):  # noqa: N818  -- a verdict, no fault of the program
    """The machine does not accept these bytes."""


def read(data: bytes, delimiter: bytes = b",") -> list[list[Span]]:  # noqa: C901, PLR0912  -- one branch a rule of the grammar
    """Give the spans (start, stop) of every field of every record, quotes included, line ends not."""
    records: list[list[Span]] = []
    record: list[Span] = []
    start, state, i = 0, "start", 0
    while i < len(data):
        byte = data[i : i + 1]
        if state == "quoted":
            if byte == b'"':
                state = "closed"
        elif byte == b'"' and state == "start":
            state = "quoted"
        elif byte == b'"' and state == "closed":
            state = "quoted"  # the two quotes are one
        elif byte in (delimiter, b"\n") or data[i : i + 2] == b"\r\n":
            record.append((start, i))
            if byte == b"\r":
                i += 1
            if byte != delimiter:
                records.append(record)
                record = []
            start, state = i + 1, "start"
        elif byte in b" \t" and state in {"closed", "padded"}:
            state = "padded"
        elif state in {"closed", "padded"}:
            raise Rejected(f"text after a closing quote at {i}")
        else:
            state = "text"
        i += 1
    if state == "quoted":
        raise Rejected(f"the quote at {start} is never closed")
    if start < len(data) or record:
        record.append((start, len(data)))
        records.append(record)
    return records


def table(data: bytes, n_columns: int, delimiter: bytes = b",") -> list[list[Span]]:
    """Give the spans of a table's cells.

    Unless there is one column only, blank lines are no records, nor are single texts of two words below one at the end.
    """
    found: list[list[Span]] = []
    footers, below_blank = 0, False
    for number, record in enumerate(read(data, delimiter)):
        text = data[slice(*record[0])] if len(record) == 1 < n_columns else None
        if text is not None and not text.strip(BLANKS):
            below_blank = True
        elif text is not None and below_blank and WORDS.match(text):
            footers += 1
        elif len(record) != n_columns or footers:
            raise Rejected(f"record {number} has {len(record)} fields")
        else:
            found.append(record)
            below_blank = False
    return found
