"""How a file is to be read: encoding, delimiter, header, line ends."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader
from itertools import islice

import numpy as np

from em_impute.errors import ColumnError, TableError, UsageError, option
from em_impute.table.delimiter import CANDIDATES, FirstRecord, first_record
from em_impute.table.encoding import sniff_encoding, transcode
from em_impute.table.quotes import QuoteError
from em_impute.table.source import Source
from em_impute.table.text import closest, decoding_hint, plural, same_name, shown, shown_path, unquoted

HEAD_BYTES = 1 << 18  # judged for the delimiter
SEPARATOR_LINE = re.compile(rb'"?sep=(.)"?\r?(?:\n|\Z)', re.IGNORECASE)
SPELLED_TABS = ("\\t", "tab")

NUMBER = re.compile(r"[+-]?[0-9]+")
SHOWN_NAMES = 8
LONGEST_NUMBER = 10  # digits; int() refuses thousands of them
OTHER_DELIMITERS = ";\t|,^~:\x01\x1f "
"""What may divide a header that was taken for one name; a space last, for names hold it too."""

SPELLED = {"\t": "tab", "\x01": r"$'\x01'", "\x1f": r"$'\x1f'"}
"""Delimiters that nobody can type, as -d or a shell takes them."""


@dataclass(frozen=True)
class Dialect:
    """What is known of the file before its records are read.

    All offsets count in the working bytes: those of the file, or of its copy in UTF-8 where `transcoded`.
    """

    delimiter: str
    """one ASCII character"""
    encoding: str
    """Python codec of the file, one that writes no byte-order mark"""
    bom: bytes
    """the byte-order mark the file begins with, or nothing"""
    separator_line: bool
    """a line `sep=;` stands before the header"""
    skip_lines: int
    """physical lines passed over at the start"""
    has_header: bool
    names: tuple[str, ...]
    """of the columns; "1", "2", … without a header"""
    newline: bytes
    """the line end of the first record"""
    data_offset: int
    """where the first data record begins"""
    header_end: int
    """where text can be appended to the header, before its line end; -1 without a header"""
    first_line: int
    """physical line, 1-based, of the first data record"""
    detected: bool
    """the delimiter was guessed"""
    transcoded: bool = False
    """the working bytes are a copy in UTF-8 without byte-order mark"""
    title_lines: int = 0
    """lines before a record with all the names that are wanted; 0 if there is none"""

    @property
    def working_encoding(self) -> str:
        """The codec of the working bytes."""
        return "utf-8" if self.transcoded else self.encoding


def detect_dialect(
    source: Source,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    has_header: bool = True,
    skip_lines: int = 0,
    wanted: Sequence[str] = (),
) -> tuple[Source, Dialect]:
    """Find out how the source is to be read, and give the source of working bytes with it.

    `wanted` are the names of columns that will be asked for: a delimiter whose header holds them is the right one.
    Raises `UsageError` for an impossible delimiter or encoding, `TableError` for what holds no table.
    """
    chosen = None if delimiter is None else _checked(delimiter)
    text = sniff_encoding(source, encoding)
    if not text.transparent:
        source = transcode(source, text)
    start = len(text.bom) if text.transparent else 0
    start, line = _skip(source, start, skip_lines)

    separator_line = SEPARATOR_LINE.match(_read_head(source, start)[0])
    if separator_line:
        if chosen is None and separator_line[1] not in b'"\r\n' and separator_line[1].isascii():
            chosen = separator_line[1].decode()
        start, line = start + separator_line.end(), line + 1

    working = text.name if text.transparent else "utf-8"
    candidates = CANDIDATES if chosen is None else (chosen,)
    first = _find_first(source, start, line, candidates, working, wanted)
    _refuse_returns(first, source, line, has_header=has_header)
    if has_header:
        names = tuple(_decoded_names(first.fields, working, text.name, line))
    else:
        names = tuple(str(number) for number in range(1, len(first.fields) + 1))
    return source, Dialect(
        delimiter=first.delimiter,
        encoding=text.name,
        bom=text.bom,
        separator_line=bool(separator_line),
        skip_lines=skip_lines,
        has_header=has_header,
        names=names,
        newline=first.newline,
        data_offset=start + first.stop if has_header else start,
        header_end=start + first.text_stop if has_header else -1,
        first_line=line + first.n_lines if has_header else line,
        detected=chosen is None,
        transcoded=not text.transparent,
        title_lines=first.title_lines,
    )


def _find_first(
    source: Source, start: int, line: int, candidates: Sequence[str], encoding: str, wanted: Sequence[str]
) -> FirstRecord:
    """Choose the delimiter and find the first record, which begins at `start` in the physical line `line`.

    As much is read as that takes.  Raises `TableError` where there is no record, or a quote is out of place.
    """
    head, whole = _read_head(source, start)
    _refuse_unreadable(head, source)
    while True:
        try:
            first = first_record(head, candidates, whole=whole, encoding=encoding, wanted=wanted)
        except QuoteError as error:
            raise error.as_table_error(np.frombuffer(head, np.uint8), line) from None
        if first:
            return first
        head, whole = _read_head(source, start, 2 * len(head))


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


def _read_head(source: Source, start: int, n_bytes: int = HEAD_BYTES) -> tuple[bytes, bool]:
    """Read from `start`; also tell whether that is all there is."""
    head = source.read(start, n_bytes + 1)
    return head[:n_bytes], len(head) <= n_bytes


def _skip(source: Source, start: int, n_lines: int) -> tuple[int, int]:
    """Pass over physical lines; give the offset behind them and the line number there."""
    source.file.seek(start)
    lines = BufferedReader(source.file)  # type: ignore[type-var]  # a raw file or one in memory
    sizes = [len(line) for line in islice(lines, n_lines) if line.endswith(b"\n")]
    lines.detach()
    if len(sizes) < n_lines:
        raise TableError(
            f"{shown_path(source.name)} has only {len(sizes)} lines, so {n_lines} cannot be skipped",
            f"give a smaller {option('skip_lines')}",
        )
    return start + sum(sizes), n_lines + 1


def _refuse_unreadable(head: bytes, source: Source) -> None:
    """Raise `TableError` where there is no header, or none that ends."""
    name = shown_path(source.name)
    if not head.strip(b"\r\n"):
        raise TableError(f"{name} is empty", "it needs a header and at least one record")
    if b"\n" not in head and b"\r" in head.rstrip(b"\r"):
        raise TableError(
            f"{name} ends its lines with CR only, as old Macs did",
            r"convert it first: tr '\r' '\n' < OLD.csv > NEW.csv",
        )


def _refuse_returns(first: FirstRecord, source: Source, line: int, *, has_header: bool) -> None:
    """Raise `TableError` where a CR stands in the first record as if it ended a line.

    In data it is text: people's notes hold it.
    """
    bare = b"".join(field for field in first.fields if not field.startswith(b'"'))
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


def _decoded_names(fields: list[bytes], encoding: str, shown_encoding: str, line: int) -> Iterator[str]:
    """Decode the header; `TableError` names the line and byte of what is not text."""
    for number, field in enumerate(fields, 1):
        content = unquoted(field)
        try:
            name = content.decode(encoding)
        except UnicodeDecodeError as error:
            message = f"line {line}, name of column {number}: byte 0x{content[error.start]:02X} is not {shown_encoding}"
            raise TableError(message, decoding_hint(shown_encoding)) from None
        if "\0" in name:
            raise TableError(f"line {line}: the name of column {number} holds a NUL byte", "repair the header")
        yield name
        line += field.count(b"\n")


def find_column(dialect: Dialect, wanted: str, file_name: str = "the file") -> int:
    """Give the 0-based index of the column with this name, or else this 1-based number.

    Raises `ColumnError` for a name or number that is not there, or a name that stands there more than once, and
    `UsageError` for what can be no column of any file.
    """
    names = dialect.names
    if dialect.has_header:
        for found in (
            [i for i, name in enumerate(names) if name == wanted],
            [i for i, name in enumerate(names) if same_name(name, wanted)],
        ):
            if len(found) == 1:
                return found[0]
            if found:
                numbers = ", ".join(str(i + 1) for i in found)
                raise ColumnError(
                    f"{shown_path(file_name)} has {len(found)} columns named {shown(wanted)}: numbers {numbers}",
                    f"name the column by its number, for instance {found[0] + 1}",
                )
    if NUMBER.fullmatch(wanted):
        return _numbered(dialect, wanted, file_name)
    if not dialect.has_header:
        raise UsageError(
            f"column {shown(wanted)} cannot be found by name in a file without headers",
            f"give its number, 1 to {len(names)}, or leave out {option('has_header')}",
        )
    raise ColumnError(f"column {shown(wanted)} is not in {shown_path(file_name)}", _hint(dialect, wanted))


def _numbered(dialect: Dialect, wanted: str, file_name: str) -> int:
    n_columns = len(dialect.names)
    number = int(wanted) if len(wanted) < LONGEST_NUMBER else n_columns + 1
    if number < 1:
        raise UsageError(f"{shown(wanted)} is not a column number: columns count from 1", f"give 1 to {n_columns}")
    if number > n_columns:
        has = plural(n_columns, "column")
        raise ColumnError(
            f"column {shown(wanted)} is not in {shown_path(file_name)}, which has {has}", _hint(dialect, "")
        )
    return number - 1


def _hint(dialect: Dialect, wanted: str) -> str:
    """Say which columns there are, and what may have gone wrong."""
    names = dialect.names
    listed = ", ".join(shown(name) for name in names[:SHOWN_NAMES])
    more = f", … ({len(names):,} in all)" if len(names) > SHOWN_NAMES else ""
    hint = f"columns are {listed}{more}" if len(names) > 1 else f"the only column is {listed}"
    if dialect.title_lines:
        lines = "the first line looks" if dialect.title_lines == 1 else f"the first {dialect.title_lines} lines look"
        return f"{hint}; {lines} like a title above the header: try {option('skip_lines', dialect.title_lines)}"
    if len(names) == 1:
        for delimiter in OTHER_DELIMITERS:
            if delimiter != dialect.delimiter and delimiter in names[0].strip(" "):
                spelled = SPELLED.get(delimiter, repr(delimiter))
                return f"{hint}; it holds another delimiter: try {option('delimiter', spelled)}"
    close = closest(names, wanted)
    return f"{hint} — did you mean {shown(close)}?" if close is not None else hint
