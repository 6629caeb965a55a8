"""What is found out about a file before its records are read."""

import pytest

from em_impute.errors import TableError
from em_impute.options import Request
from em_impute.table.dialect import detect_dialect
from em_impute.table.source import open_source

from .tables import opened


def test_the_first_record_is_located(tmp_path):
    header_on_skipped_lines = b'x\ny\n"a\n",b\n1,2\n'
    for data, options, *located in (
        (b"a,b\r\n1,2\r\n", {}, 5, 3, 2, b"\r\n"),
        (b"a,b", {}, 3, 3, 1, b"\n"),
        (header_on_skipped_lines, {"skip_lines": 2}, 11, 10, 5, b"\n"),
        (b"\xef\xbb\xbf1,2\n3,4\n", {"has_header": False}, 3, -1, 1, b"\n"),
    ):
        with opened(data, tmp_path, **options) as (_, dialect):
            assert [dialect.data_offset, dialect.header_end, dialect.first_line, dialect.newline] == located


UNREADABLE = {
    "only a sep= line": (b"sep=;\n", {}, "is empty"),
    "old Mac, but for one line": (b"a,b\r" * 99_999 + b"1,2\n", {}, "ends lines with CR alone, and others with LF"),
    "lone surrogate": (b"\xff\xfea\x00\x00\xd8b\x00", {}, "is not utf-16-le"),
    "no shift_jis": (b"\x81\x5cx\xff,b\n", {"encoding": "shift_jis"}, "line 1: byte 0xFF is not shift_jis"),
}


def test_a_file_without_a_readable_header_is_refused(tmp_path):
    for data, options, message in UNREADABLE.values():
        with pytest.raises(TableError, match=message) as caught, opened(data, tmp_path, **options):
            pass

        assert caught.value.hint
        assert "\n" not in caught.value.message


def test_an_opened_file_stays_the_same_when_it_is_replaced(tmp_path):
    path, other = tmp_path / "x.csv", tmp_path / "y.csv"
    path.write_bytes(b"a,b\n")
    other.write_bytes(b"c,d\n")
    with open_source(path) as source:
        other.replace(path)

        assert detect_dialect(source, Request())[1].names == ("a", "b")
