"""What is found out about a file before its records are read."""

import pytest

from em_impute.errors import TableError
from em_impute.table.dialect import detect_dialect
from em_impute.table.first_record import DialectOptions
from em_impute.table.source import open_source

from .tables import opened

FOUND = {
    "semicolon with decimal commas": (b"a;b\n1,5;2\n1;2,5\n", ";", ("a", "b")),
    "never a space": (b"a b\n1 2\n", ",", ("a b",)),
    "the header holds the wanted name": (b"gender;x,y\nM;1,2\nF;2,3\n", ";", ("gender", "x,y")),
    "newline and quotes in a name, an empty name": (b'"a\n""b""",\n1,2\n', ",", ('a\n"b"', "")),
    "one column": (b"gender\n\nM\n", ",", ("gender",)),
    "UTF-16 BE": (b"\xfe\xff" + "a;é\n1;2\n".encode("utf-16-be"), ";", ("a", "é")),
}


def test_delimiter_and_names_are_found(tmp_path):
    found = {}
    for case, (data, _, _) in FOUND.items():
        with opened(data, tmp_path, wanted=["gender"]) as (_, dialect):
            found[case] = (data, dialect.delimiter, dialect.names)

    assert found == FOUND


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


def test_only_what_can_hide_a_delimiter_is_transcoded(tmp_path):
    encodings = {"utf-8": False, "latin-1": False, "cp1252": False, "shift_jis": True, "utf-16-be": True, "cp037": True}
    for encoding, transcoded in encodings.items():
        with opened("a,b\n1,2\n".encode(encoding), tmp_path, encoding=encoding) as (_, dialect):
            assert (dialect.names, dialect.transcoded) == (("a", "b"), transcoded)


def test_an_opened_file_stays_the_same_when_it_is_replaced(tmp_path):
    path, other = tmp_path / "x.csv", tmp_path / "y.csv"
    path.write_bytes(b"a,b\n")
    other.write_bytes(b"c,d\n")
    with open_source(path) as source:
        other.replace(path)

        assert detect_dialect(source, DialectOptions())[1].names == ("a", "b")
