"""The CSV grammar as a machine that reads one character at a time: slow, and plain enough to be believed."""

Span = tuple[int, int]


class Rejected(Exception):  # noqa: N818  -- a verdict, no fault of the program
    """The machine does not accept these bytes."""


def read(data: bytes, delimiter: bytes = b",") -> list[list[Span]]:  # noqa: C901  -- one branch a rule of the grammar
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
        elif state == "closed":
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
    """Give the spans of a table's cells; blank lines at the end are no records unless there is one column only."""
    records = read(data, delimiter)
    while n_columns > 1 and records and len(records[-1]) == 1 and records[-1][0][0] == records[-1][0][1]:
        del records[-1]
    for number, record in enumerate(records):
        if len(record) != n_columns:
            raise Rejected(f"record {number} has {len(record)} fields")
    return records
