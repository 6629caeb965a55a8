"""Whether a completed file is its input with some missing cells filled and some columns added, and nothing else."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from fuzz.options import Asked
from table import oracle_csv

from em_impute.table.numbers import MISSING_MARKS

MARKS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"\xef\xbb\xbf": "utf-8"}

SEPARATOR_LINE = re.compile(rb'"?sep=(.)"?\r?(\n|$)', re.IGNORECASE)


class Unlike(Exception):  # noqa: N818  # the verdict on one way to read the file, of which there may be several
    """The two files are not the same but for what was filled."""


@dataclass(frozen=True)
class Layout:
    """How a file is read."""

    encoding: str
    delimiter: bytes
    has_header: bool
    skip_lines: int


@dataclass(frozen=True)
class Parts:
    """A file in bytes that the machine can read."""

    data: bytes
    before: int
    """bytes above the header, or above the first record where there is none"""
    records: list[list[tuple[int, int]]]
    """their cells as spans of `data`; the first is the header if there is one"""

    def raw(self, record: int, column: int) -> bytes:
        """Give the bytes of a cell, its quotes included."""
        start, stop = self.records[record][column]
        return self.data[start:stop]


def check_table(output: bytes, content: bytes, asked: Asked, reports: list[dict], *, is_first: bool) -> None:
    """Raise `AssertionError` unless the output is the input with missing cells filled and columns added.

    Where no report says what the delimiter is, any will do by which it is so.
    """
    layouts = _layouts(content, asked, reports)
    for layout in layouts:
        try:
            changed = _compared(output, content, asked, layout, reports)
        except (AssertionError, Unlike, UnicodeDecodeError, oracle_csv.Rejected):
            if layout is layouts[-1]:
                raise
            continue
        if is_first:
            _check_counts(changed, asked, reports)
        return


def check_long(output: bytes, content: bytes, asked: Asked, reports: list[dict]) -> None:
    """Raise `AssertionError` unless a long file holds the input and every imputation of it, numbered."""
    for layout in _layouts(content, asked, reports):
        try:
            given = _parts(content, layout, None)
            width = len(given.records[0]) + 2 + _n_added(asked, given, layout, reports)
            long = _parts(output, layout, width)
        except (Unlike, UnicodeDecodeError, oracle_csv.Rejected):
            continue
        head = int(layout.has_header)
        n_rows, times = len(given.records) - head, int(asked.value("--imputations")) + 1
        assert len(long.records) - head == n_rows * times
        targets = {_column(given, layout, one) for one in asked.values("-c")}
        for number, record in enumerate(range(head, len(long.records))):
            version, row = divmod(number, n_rows)
            assert long.raw(record, 0) == str(version).encode()
            assert long.raw(record, 1) == str(row + 1).encode()
            for column in range(len(given.records[0])):
                same = long.raw(record, column + 2) == given.raw(row + head, column)
                assert same or (version and column in targets)
        return
    raise AssertionError("no delimiter makes a long table of it")


def _layouts(content: bytes, asked: Asked, reports: list[dict]) -> list[Layout]:
    """Say how the file is to be read, as its report has it, else in every way that may be meant."""
    wanted = asked.value("-e") or "utf-8"
    mark = next((name for start, name in MARKS.items() if content.startswith(start)), None)
    encoding = mark if mark is not None and wanted == "utf-8" else wanted
    encoding = {"utf-16": mark or "utf-16-le", "latin-1": "iso8859-1"}.get(encoding, encoding)
    delimiter = asked.value("-d")
    delimiters = [delimiter.replace("tab", "\t")] if delimiter else [",", ";", "\t", "|"]
    if reports:
        of = reports[0]["input"]
        assert of["encoding"] == encoding
        assert not delimiter or of["delimiter"] in delimiters
        delimiters = [of["delimiter"]]
    else:
        text = _skipped(_working(content, encoding), int(asked.value("--skip-lines") or 0))[1]
        said = SEPARATOR_LINE.match(text)
        if said and not delimiter and said[1].isascii() and said[1] not in b'"\r\n':
            delimiters = [said[1].decode()]
    return [
        Layout(encoding, one.encode(), not asked.has("-n"), int(asked.value("--skip-lines") or 0)) for one in delimiters
    ]


def _working(content: bytes, encoding: str) -> bytes:
    """Give the text in bytes of which each ASCII character is one, without its mark."""
    if encoding.startswith(("utf-16", "utf-32", "shift_jis", "cp037")):
        return content.decode(encoding).removeprefix("\ufeff").encode()
    return content.removeprefix(b"\xef\xbb\xbf")


def _skipped(data: bytes, n_lines: int) -> tuple[int, bytes]:
    """Pass over lines: how many bytes they are, and what follows."""
    at = 0
    for _ in range(n_lines):
        at = data.index(b"\n", at) + 1
    return at, data[at:]


def _parts(content: bytes, layout: Layout, width: int | None) -> Parts:
    """Read a file by the machine; its first record says how many columns there are, unless `width` does."""
    data = _working(content, layout.encoding)
    before, rest = _skipped(data, layout.skip_lines)
    said = SEPARATOR_LINE.match(rest)
    if said:
        before += said.end()
    body = data[before:]
    if width is None:
        width = len(oracle_csv.read(body, layout.delimiter)[0])
    spans = oracle_csv.table(body, width, layout.delimiter)
    return Parts(data, before, [[(start + before, stop + before) for start, stop in record] for record in spans])


def _text(raw: bytes, layout: Layout) -> str:
    """Decode a cell."""
    content = raw[1:-1].replace(b'""', b'"') if raw.startswith(b'"') else raw
    transcoded = layout.encoding.startswith(("utf-16", "utf-32", "shift_jis", "cp037"))
    return content.decode("utf-8" if transcoded else layout.encoding)


def _column(given: Parts, layout: Layout, wanted: str) -> int:
    """Find a column by its name, else by its number."""
    if layout.has_header:
        names = [_text(given.raw(0, column), layout) for column in range(len(given.records[0]))]
        for form in (lambda name: name, lambda name: unicodedata.normalize("NFC", name)):
            found = [column for column, name in enumerate(names) if form(name) == form(wanted)]
            if found:
                assert len(found) == 1
                return found[0]
    if not re.fullmatch("[+]?[0-9]+", wanted) or not 0 < int(wanted) <= len(given.records[0]):
        raise Unlike(f"no column {wanted!r}")
    return int(wanted) - 1


def _n_added(asked: Asked, given: Parts, layout: Layout, reports: list[dict]) -> int:
    """Count the columns that were asked for beside those that are there."""
    each = asked.has("--probability") + asked.has("--indicator")
    n_labels = [len(report["labels"]) for report in reports]
    if asked.has("--probabilities") and not reports:
        n_labels = [
            len(_groups(asked) or _known(given, layout, _column(given, layout, one), asked))
            for one in asked.values("-c")
        ]
    return each * len(asked.values("-c")) + asked.has("--probabilities") * sum(n_labels)


def _groups(asked: Asked) -> list[str]:
    """Name the groups that may be found where no label is known."""
    return (asked.value("--labels") or "").split(",") if asked.has("--labels") else []


def _is_missing(text: str, asked: Asked) -> bool:
    """Tell whether a cell of the column to fill says nothing, as the design has it."""
    spellings = {text, text.strip()}
    if not text.strip() or spellings & set(asked.values("--null-value")):
        return True
    return text.strip().casefold() in MISSING_MARKS and not spellings & set(asked.values("--keep-value"))


def _known(given: Parts, layout: Layout, column: int, asked: Asked) -> Counter[str]:
    """Count the labels in a column."""
    records = range(layout.has_header, len(given.records))
    texts = (_text(given.raw(record, column), layout) for record in records)
    return Counter(text for text in texts if not _is_missing(text, asked))


def _compared(output: bytes, content: bytes, asked: Asked, layout: Layout, reports: list[dict]) -> list[tuple]:
    """Give for each column to fill the labels known, the texts missing and the labels filled in, counted."""
    given = _parts(content, layout, None)
    width, added = len(given.records[0]), _n_added(asked, given, layout, reports)
    completed = _parts(output, layout, width + added)
    if len(given.records) != len(completed.records):
        raise Unlike("another number of records")
    targets = [_column(given, layout, one) for one in asked.values("-c")]
    counted = [(_known(given, layout, column, asked), Counter(), Counter()) for column in targets]
    pieces, done = [], 0
    for record, spans in enumerate(given.records):
        is_row = record >= layout.has_header
        for column, (start, stop) in enumerate(spans):
            new = given.data[start:stop]
            if is_row and column in targets:
                new = completed.raw(record, column)
                old = given.data[start:stop]
                _count_cell(old, new, layout, asked, counted[targets.index(column)])
            pieces += [given.data[done:start], new]
            done = stop
        for column in range(width, width + added):
            pieces += [layout.delimiter, completed.raw(record, column)]
            if is_row:
                _check_number(_text(completed.raw(record, column), layout), asked)
    pieces.append(given.data[done:])
    if b"".join(pieces) != completed.data:
        raise Unlike("other bytes than those of filled cells and added columns have changed")
    if _mark(output) != _mark(content):
        raise Unlike("another byte order mark")
    return counted


def _mark(content: bytes) -> bytes:
    return next((mark for mark in MARKS if content.startswith(mark)), b"")


def _count_cell(old: bytes, new: bytes, layout: Layout, asked: Asked, counted: tuple) -> None:
    """Count a cell of a column to fill."""
    known, missing, filled = counted
    before, after = _text(old, layout), _text(new, layout)
    missing[before] += _is_missing(before, asked)
    if old != new:
        _check_filled(before, after, known, asked)
        filled[after] += 1


def _check_filled(old: str, new: str, known: Counter[str], asked: Asked) -> None:
    """Only a missing cell is filled, and with a label that is known or was named, or the number of a group."""
    assert _is_missing(old, asked), (old, new)
    if known:
        assert new in known
    else:
        assert new in _groups(asked) or (not _groups(asked) and new.isdecimal()), new


def _check_number(text: str, asked: Asked) -> None:
    """An added cell holds a probability, or 0 or 1."""
    assert re.fullmatch(r"[01]|[01][.,]\d{6}", text), text
    assert 0 <= float(text.replace(",", ".")) <= 1
    assert len(text) == 1 or text[1] == (asked.value("--decimal") or ".")


def _check_counts(counted: list[tuple[Counter, Counter, Counter]], asked: Asked, reports: list[dict]) -> None:
    """What the report counts is what the bytes hold."""
    for report, (known, missing, filled) in zip(reports, counted, strict=False):
        assert Counter(report["missing"]["tokens"]) == missing
        assert report["missing"]["filled"] == filled.total()
        if not asked.has("--weights"):
            assert Counter({one["label"]: one["known"] for one in report["labels"]}) == known
        assert Counter({one["label"]: one["filled"] for one in report["labels"]}) == filled
    for known, missing, filled in counted:
        if not asked.has("--min-probability"):
            assert filled.total() == missing.total(), (known, missing, filled)
