"""How a file is to be read: encoding, delimiter, header, line ends."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

from em_impute.errors import ColumnError, TableError, UsageError, option
from em_impute.options import Request
from em_impute.table.encoding import sniff_encoding, transcode, with_newlines
from em_impute.table.first_record import HEAD_BYTES, FirstRecord, find_first_record
from em_impute.table.records import Grammar
from em_impute.table.scan import scan_records
from em_impute.table.source import Source
from em_impute.table.text import closest, decoded, lacking, plural, same_name, shown, shown_path, unquoted

SPELLED_TABS = ("\\t", "tab")

OTHER_DELIMITERS = ";\t|,^~:\x01\x1f "
"""What may divide the cells; a space last, for names hold it too."""

SPELLED = {"\t": "tab", "\x01": r"$'\x01'", "\x1f": r"$'\x1f'"}
"""Delimiters that nobody can type, as -d or a shell takes them."""

COMMENTS = ("#", "//", "%", ";")
"""How comments begin."""

TRIED_BYTES = 1 << 24
"""Of a file that are read anew to try whether an option helps."""

MOST_TITLES = 50
"""Lines looked at for the true header."""

NUMBER = re.compile(r"[+-]?[0-9]+")
SHOWN_NAMES = 8
LONGEST_NUMBER = 10  # digits; int() refuses thousands of them


@dataclass(frozen=True)
class Dialect:
    """What is known of the file before its records are read.

    All offsets count in the working bytes: those of the file, or of its copy in UTF-8 where `transcoded`.
    """

    reading: Request  # what the user said
    delimiter: str  # one ASCII character
    quoting: bool  # quotes protect what they surround; else they are text
    closes: bool  # every record ends with a delimiter that the header lacks
    encoding: str  # Python codec of the file, one that writes no byte-order mark
    bom: bytes  # the byte-order mark the file begins with, or nothing
    has_header: bool
    header: bytes  # the first record, without its line end
    names: tuple[str, ...]  # of the columns; "1", "2", … without a header
    newline: bytes  # the line end of the first record
    header_start: int  # where the first record begins
    data_offset: int  # where the first data record begins
    header_end: int  # where text can be appended to the header, before its line end; -1 without a header
    first_line: int  # physical line, 1-based, of the first data record
    detected: bool  # the delimiter was guessed
    transcoded: bool = False  # the working bytes are a copy in UTF-8 without byte-order mark
    returns: bool = False  # lines end with CR alone; in the working bytes they end with LF
    advice: str = ""  # options with which the columns that are wanted would be there

    @property
    def working_encoding(self) -> str:
        """The codec of the working bytes."""
        return "utf-8" if self.transcoded else self.encoding

    @property
    def grammar(self) -> Grammar:
        """How the records are divided."""
        comment = (self.reading.comment or "").encode(self.working_encoding)
        names = self.names if self.has_header else ()
        return Grammar(self.delimiter, len(self.names), self.quoting, comment, self.closes, names)

    def content(self, field: bytes) -> bytes:
        """Give the content of a field."""
        return unquoted(field) if self.quoting else field

    def text(self, field: bytes) -> str:
        """Give the content of a field as text, whatever its bytes."""
        return self.content(field).decode(self.working_encoding, "replace")


def detect_dialect(source: Source, reading: Request) -> tuple[Source, Dialect]:
    """Find out how the source is to be read, and give the source of working bytes with it.

    A delimiter whose header holds the columns that are to be filled is the right one.
    Raises `UsageError` for an impossible delimiter or encoding, `TableError` for what holds no table.
    """
    chosen = None if reading.delimiter is None else _checked(reading.delimiter)
    encoding, bom, is_transparent = sniff_encoding(source, reading.encoding)
    if not is_transparent:
        source = transcode(source, encoding, bom)
    head = source.read(0, HEAD_BYTES)
    returns = b"\n" not in head and b"\r" in head.rstrip(b"\r")
    if returns:
        source = with_newlines(source)
    working = encoding if is_transparent else "utf-8"
    begin = len(bom) if is_transparent else 0
    first, start, line, separator = find_first_record(source, begin, chosen, working, reading)
    _refuse_returns(first, source, line, has_header=reading.has_header)
    names = tuple(str(number) for number in range(1, len(first.fields) + 1))
    if reading.has_header:
        names = tuple(_decoded_names(first, working, encoding, line))
    dialect = Dialect(
        reading=reading,
        delimiter=first.delimiter,
        quoting=first.quoting,
        closes=first.closes,
        encoding=encoding,
        bom=bom,
        has_header=reading.has_header,
        header=first.delimiter.encode().join(first.fields),
        names=names,
        newline=first.newline,
        header_start=start,
        data_offset=start + first.stop if reading.has_header else start,
        header_end=start + first.text_stop if reading.has_header else -1,
        first_line=line + first.n_lines if reading.has_header else line,
        detected=chosen is None and first.delimiter.encode() != separator,
        transcoded=not is_transparent,
        returns=returns,
    )
    bare = [name.strip() for name in names]  # of one with spaces the hint says how it is written
    if reading.has_header and lacking(reading.columns, bare):
        dialect = replace(dialect, advice=better_reading(source, dialect, reading.columns))
    return source, dialect


def better_reading(source: Source, dialect: Dialect, wanted: Sequence[str]) -> str:
    """Name the option with which the working bytes are a table that has the wanted columns; nothing if none helps.

    Each is tried before it is named.
    """
    data = source.read(0, TRIED_BYTES)
    if len(data) == TRIED_BYTES:
        data = data[: data.rfind(b"\n") + 1]
    reading = replace(dialect.reading, encoding=dialect.working_encoding, columns=())
    for name, value in _alternatives(data, dialect, wanted):
        if _is_table(data, replace(reading, **{name: value}), wanted):
            return option(name, value if isinstance(value, int) or value == "none" else SPELLED.get(value, repr(value)))
    return ""


def _alternatives(data: bytes, dialect: Dialect, wanted: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield options that may be wanted, each with its value."""
    reading = dialect.reading
    for mark in COMMENTS if reading.comment is None else ():
        if mark != dialect.delimiter and re.search(rb"^" + mark.encode(), data, re.MULTILINE):
            yield "comment", mark
    if dialect.quoting and reading.quote is None and b'"' in data:
        yield "quote", "none"
    names = [name.encode(dialect.working_encoding, "replace") for name in wanted if not name.isdecimal()]
    for number, line in enumerate(data.split(b"\n", MOST_TITLES)[:MOST_TITLES] if names else ()):
        if number != reading.skip_lines and all(name in line for name in names):
            yield "skip_lines", number
    for delimiter in OTHER_DELIMITERS:
        if delimiter != dialect.delimiter and delimiter.encode() in data:
            yield "delimiter", delimiter


def _is_table(data: bytes, reading: Request, wanted: Sequence[str]) -> bool:
    """Tell whether bytes are a table of several columns, the wanted ones among them, if they are read like this."""
    with ExitStack() as resources:
        source = Source(BytesIO(data), "", len(data), resources=resources)
        try:
            _, dialect = detect_dialect(source, reading)
            if len(dialect.names) == 1 or lacking(wanted, dialect.names):
                return False
            start, line = dialect.data_offset, dialect.first_line
            found = scan_records(BytesIO(data), dialect.grammar, start=start, first_line=line)
            return sum(records.n_records for records in found) > 0
        except (TableError, UsageError):
            return False


def _checked(delimiter: str) -> str:
    """Give the delimiter the user named; `UsageError` if it cannot be one."""
    if delimiter.lower() in SPELLED_TABS:
        return "\t"
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0':
        raise UsageError(
            f"the delimiter {shown(delimiter)} is not one ASCII character other than a quote or a line end",
            "for instance " + " or ".join(option("delimiter", one) for one in ("';'", "tab")),
        )
    return delimiter


def _refuse_returns(first: FirstRecord, source: Source, line: int, *, has_header: bool) -> None:
    """Raise `TableError` where a CR stands in the first record as if it ended a line.

    In data it is text: people's notes hold it.
    """
    bare = b"".join(field for field in first.fields if not (first.quoting and field.startswith(b'"')))
    if first.newline == b"\r\n" and bare.endswith(b"\r") and first.fields[-1].endswith(b"\r"):
        raise TableError(
            f"line {line} of {shown_path(source.name)} ends with CR CR LF, which a program made of CR LF",
            r"convert it first: tr -d '\r' < OLD.csv > NEW.csv",
        )
    if has_header and b"\r" in bare:
        raise TableError(
            f"{shown_path(source.name)} has a CR in line {line} that no quotes surround: are its lines to end there?",
            r"if so, convert it first: tr '\r' '\n' < OLD.csv > NEW.csv",
        )


def _decoded_names(first: FirstRecord, encoding: str, shown_encoding: str, line: int) -> Iterator[str]:
    """Decode the header; `TableError` names the line and byte of what is not text."""
    for number, field in enumerate(first.fields, 1):
        name, wrong, hint = decoded(unquoted(field) if first.quoting else field, encoding, shown_encoding)
        if wrong:
            raise TableError(f"line {line}, name of column {number}: {wrong}", hint)
        yield name
        line += field.count(b"\n")


def find_column(dialect: Dialect, wanted: str, file_name: str = "the file") -> int:
    """Give the 0-based index of the column with this name, or else this 1-based number.

    Raises `ColumnError` for a name or number that is not there, or a name that stands there more than once, and
    `UsageError` for what can be no column of any file.
    """
    names, path = dialect.names, shown_path(file_name)
    if dialect.has_header:
        found = [i for i, name in enumerate(names) if name == wanted]
        found = found or [i for i, name in enumerate(names) if same_name(name, wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            numbers = ", ".join(str(i + 1) for i in found)
            raise ColumnError(
                f"{path} has {len(found)} columns named {shown(wanted)}: numbers {numbers}",
                f"name the column by its number, for instance {found[0] + 1}",
            )
    if NUMBER.fullmatch(wanted):
        number = int(wanted) if len(wanted) < LONGEST_NUMBER else len(names) + 1
        if number < 1:
            raise UsageError(f"{shown(wanted)} is not a column number: columns count from 1", f"give 1 to {len(names)}")
        if number > len(names):
            has = plural(len(names), "column")
            raise ColumnError(f"column {shown(wanted)} is not in {path}, which has {has}", _hint(dialect, ""))
        return number - 1
    if not dialect.has_header:
        raise UsageError(
            f"column {shown(wanted)} cannot be found by name in a file without headers",
            f"give its number, 1 to {len(names)}, or leave out {option('has_header')}",
        )
    raise ColumnError(f"column {shown(wanted)} is not in {path}", _hint(dialect, wanted))


def _hint(dialect: Dialect, wanted: str) -> str:
    """Say which columns there are, and what may have gone wrong."""
    names = dialect.names
    listed = ", ".join(shown(name) for name in names[:SHOWN_NAMES])
    more = f", … ({len(names):,} in all)" if len(names) > SHOWN_NAMES else ""
    hint = f"columns are {listed}{more}" if len(names) > 1 else f"the only column is {listed}"
    if dialect.advice:
        return f"{hint}; it is there with {dialect.advice}"
    close = closest(names, wanted)
    return f"{hint} — did you mean {shown(close)}?" if close is not None else hint
