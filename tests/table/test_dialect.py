"""What is found out about a file before its records are read."""

import pytest

from em_impute.errors import ColumnError, TableError, UsageError
from em_impute.table.dialect import detect_dialect, find_column
from em_impute.table.source import open_source

from .tables import opened

TITLE = b"Report 2024\nname;gender;height\na;M;1\nb;F;2\n"


@pytest.mark.parametrize(
    ("data", "delimiter", "names"),
    [
        pytest.param(b"a,b\n1,2\n", ",", ("a", "b"), id="comma"),
        pytest.param(b"a;b\n1,5;2\n1;2,5\n", ";", ("a", "b"), id="semicolon with decimal commas"),
        pytest.param(b"a\tb\n1\t2\n", "\t", ("a", "b"), id="tab"),
        pytest.param(b"a|b\n1|2\n", "|", ("a", "b"), id="pipe"),
        pytest.param(b"a b\n1 2\n", ",", ("a b",), id="never a space"),
        pytest.param(
            b"a;b\n\"['112', '112']\";x\n\"['3', '4']\";y\n", ";", ("a", "b"), id="commas in quotes outnumber it"
        ),
        pytest.param(b"gender;x,y\nM;1,2\nF;2,3\n", ";", ("gender", "x,y"), id="the header holds the wanted name"),
        pytest.param(b"sep=;\r\na,b;gender\r\n1,2;3\r\n", ";", ("a,b", "gender"), id="sep= line"),
        pytest.param(b"\xef\xbb\xbfsep=;\na,b;gender\n", ";", ("a,b", "gender"), id="sep= line after a BOM"),
        pytest.param(b'\xef\xbb\xbf"gender",b\n1,2\n', ",", ("gender", "b"), id="BOM, quoted header"),
        pytest.param(b'"a\n""b""",\n1,2\n', ",", ('a\n"b"', ""), id="newline and quotes in a name, an empty name"),
        pytest.param(b"a,b,\n1,2,\n", ",", ("a", "b", ""), id="trailing delimiter"),
        pytest.param(b"a,b,a\n1,2,3\n", ",", ("a", "b", "a"), id="duplicate names"),
        pytest.param(b"gender\n\nM\n", ",", ("gender",), id="one column"),
        pytest.param("a,é\n1,2\n".encode("utf-16"), ",", ("a", "é"), id="UTF-16 LE"),
        pytest.param(b"\xfe\xff" + "a;é\n1;2\n".encode("utf-16-be"), ";", ("a", "é"), id="UTF-16 BE"),
    ],
)
def test_delimiter_and_names_are_found(data, delimiter, names, tmp_path):
    with opened(data, tmp_path, wanted=["gender"]) as (_, dialect):
        assert (dialect.delimiter, dialect.names) == (delimiter, names)


@pytest.mark.parametrize("delimiter", ["\\t", "tab", "\t"])
def test_a_tab_can_be_spelled(delimiter, tmp_path):
    with opened(b"a,b\tc\n", tmp_path, delimiter=delimiter) as (_, dialect):
        assert (dialect.names, dialect.detected) == (("a,b", "c"), False)


def test_a_named_delimiter_overrides_the_sep_line_which_is_still_no_header(tmp_path):
    with opened(b"sep=;\na,b;c\n1,2;3\n", tmp_path, delimiter=",") as (_, dialect):
        assert (dialect.names, dialect.separator_line, dialect.first_line) == (("a", "b;c"), True, 3)


@pytest.mark.parametrize(
    ("data", "options", "data_offset", "header_end", "first_line", "newline"),
    [
        pytest.param(b"a,b\r\n1,2\r\n", {}, 5, 3, 2, b"\r\n", id="CRLF"),
        pytest.param(b"a,b", {}, 3, 3, 1, b"\n", id="header only, no newline"),
        pytest.param(
            b'x\ny\n"a\n",b\n1,2\n', {"skip_lines": 2}, 11, 10, 5, b"\n", id="skipped lines, newline in a name"
        ),
        pytest.param(b"\xef\xbb\xbf1,2\n3,4\n", {"has_header": False}, 3, -1, 1, b"\n", id="no header"),
    ],
)
def test_the_first_record_is_located(data, options, data_offset, header_end, first_line, newline, tmp_path):
    with opened(data, tmp_path, **options) as (_, dialect):
        found = (dialect.data_offset, dialect.header_end, dialect.first_line, dialect.newline)

        assert found == (data_offset, header_end, first_line, newline)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        pytest.param(b"", {}, "is empty", id="no bytes"),
        pytest.param(b"\xef\xbb\xbf", {}, "is empty", id="only a BOM"),
        pytest.param(b"\n\r\n\n", {}, "is empty", id="only newlines"),
        pytest.param(b"sep=;\n", {}, "is empty", id="only a sep= line"),
        pytest.param(
            b"a\n", {"skip_lines": 2}, "has only 1 lines, so 2 cannot be skipped", id="skipped beyond the end"
        ),
        pytest.param(b"a,b\r1,2\r", {}, "ends its lines with CR only", id="old Mac"),
        pytest.param("a,b\n1,2\n".encode("utf-16-le"), {}, "full of NUL bytes", id="UTF-16 without BOM"),
        pytest.param(
            b"a,b\x00\n" + b"1,2\n" * 9, {}, "line 1: the name of column 2 holds a NUL byte", id="NUL in a name"
        ),
        pytest.param(
            b"a,Gr\xf6\xdfe\n1,2\n", {}, "line 1, name of column 2: byte 0xF6 is not utf-8", id="latin-1 name"
        ),
        pytest.param(b'a,"b\n1,2\n', {}, "line 1: a quote opens here and is never closed", id="unclosed header"),
        pytest.param(b"\xff\xfea\x00\x00\xd8b\x00", {}, "is not utf-16-le", id="lone surrogate"),
        pytest.param(
            b"\x81\x5cx\xff,b\n", {"encoding": "shift_jis"}, "line 1: byte 0xFF is not shift_jis", id="no shift_jis"
        ),
    ],
)
def test_a_file_without_a_readable_header_is_refused(data, options, message, tmp_path):
    with pytest.raises(TableError, match=message) as caught, opened(data, tmp_path, **options):
        pass

    assert caught.value.hint
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("delimiter", ["ab", "", '"', "\n", "\r", "é"])
def test_an_impossible_delimiter_is_a_usage_error(delimiter, tmp_path):
    with pytest.raises(UsageError), opened(b"a,b\n", tmp_path, delimiter=delimiter):
        pass


@pytest.mark.parametrize("encoding", ["nonsense", "base64", "rot13", "undefined", ""])
def test_an_impossible_encoding_is_a_usage_error(encoding, tmp_path):
    with pytest.raises(UsageError), opened(b"a,b\n", tmp_path, encoding=encoding):
        pass


@pytest.mark.parametrize(
    ("encoding", "transcoded"),
    [
        ("utf-8", False),
        ("latin-1", False),
        ("cp1252", False),
        ("shift_jis", True),
        ("utf-16-be", True),
        ("cp037", True),
    ],
)
def test_only_what_can_hide_a_delimiter_is_transcoded(encoding, transcoded, tmp_path):
    with opened("a,b\n1,2\n".encode(encoding), tmp_path, encoding=encoding) as (_, dialect):
        assert (dialect.names, dialect.transcoded) == (("a", "b"), transcoded)


@pytest.mark.parametrize(
    ("data", "wanted", "index"),
    [
        pytest.param(b"a,b,a\n", "b", 1, id="by name"),
        pytest.param(b"a,b,a\n", "3", 2, id="by number"),
        pytest.param(b"5,2,1\n", "2", 1, id="a name that is a number goes first"),
        pytest.param("cafe\u0301,b\n".encode(), "café", 0, id="by composed accents"),
    ],
)
def test_a_column_is_found(data, wanted, index, tmp_path):
    with opened(data, tmp_path) as (_, dialect):
        assert find_column(dialect, wanted) == index


@pytest.mark.parametrize(
    ("data", "wanted", "options", "kind", "message", "hint"),
    [
        pytest.param(
            b"id,height,gender\n", "gendr", {}, ColumnError, "column 'gendr' is not in x.csv",
            "columns are 'id', 'height', 'gender' — did you mean 'gender'?", id="misspelled",
        ),
        pytest.param(
            b"id, Gender \n", "gender", {}, ColumnError, "column 'gender' is not in x.csv",
            "columns are 'id', ' Gender ' — did you mean ' Gender '?", id="case and spaces",
        ),
        pytest.param(
            b"a,b,a\n", "a", {}, ColumnError, "x.csv has 2 columns named 'a': numbers 1, 3",
            "name the column by its number, for instance 1", id="twice",
        ),
        pytest.param(
            b"a,b\n", "99", {}, ColumnError, "column '99' is not in x.csv, which has 2 columns",
            "columns are 'a', 'b'", id="number too large",
        ),
        pytest.param(
            b"a,b\n", "0", {}, UsageError, "'0' is no column number: columns count from 1", "give 1 to 2", id="number 0",
        ),
        pytest.param(
            b"1,2\n", "a", {"has_header": False}, UsageError,
            "column 'a' cannot be found by name in a file without headers",
            "give its number, 1 to 2, or leave out --no-headers", id="name without header",
        ),
        pytest.param(
            b"a;gender\n1;2\n", "gender", {"delimiter": ","}, ColumnError, "column 'gender' is not in x.csv",
            "the only column is 'a;gender'; it holds another delimiter: try -d ';'", id="another delimiter",
        ),
        pytest.param(
            b"a gender\n1 2\n", "gender", {}, ColumnError, "column 'gender' is not in x.csv",
            "the only column is 'a gender'; it holds another delimiter: try -d ' '", id="space-separated",
        ),
        pytest.param(
            TITLE, "gender", {}, ColumnError, "column 'gender' is not in x.csv",
            "the only column is 'Report 2024'; the first line looks like a title above the header: try --skip-lines 1",
            id="title line",
        ),
    ],
)  # fmt: skip
def test_a_column_that_cannot_be_found_is_explained(data, wanted, options, kind, message, hint, tmp_path):
    with opened(data, tmp_path, wanted=[wanted], **options) as (_, dialect), pytest.raises(kind) as caught:
        find_column(dialect, wanted, "x.csv")

    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_header_longer_than_the_head_is_read_whole(tmp_path):
    names = tuple(f"column_{i:0100}" for i in range(5000))
    with opened(",".join(names).encode() + b"\n", tmp_path) as (_, dialect):
        assert dialect.names == names


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x04\x22\x4d\x18", "is compressed \\(lz4\\), which is not read"),
        (b"\x1f\x9d", "is compressed \\(compress\\), which is not read"),
        (b"a.csv".ljust(257, b"\0") + b"ustar\0", "looks like a tar archive"),
        (b"7z\xbc\xaf\x27\x1c", "looks like a 7-Zip archive"),
        (b"PK\x03\x04", "looks like Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "looks like Excel"),
        (b"PAR1\x15\x04", "looks like Parquet"),
        (b"\x89PNG\r\n", "looks like a PNG picture"),
        (b"%PDF-1.4", "looks like PDF"),
        (b"SQLite format 3\x00", "looks like an SQLite database"),
        (b'{"a": 1}', "looks like JSON"),
        (b'[\n {"a": 1}]', "looks like JSON"),
    ],
)
def test_other_formats_are_named(data, message, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(data)

    with pytest.raises(TableError, match=message) as caught, open_source(path):
        pass

    assert caught.value.hint


def test_a_similar_name_is_suggested_for_a_missing_file(tmp_path):
    (tmp_path / "Heights.csv").touch()

    with pytest.raises(TableError, match="does not exist") as caught, open_source(tmp_path / "heihgts.csv"):
        pass

    assert "Heights.csv" in caught.value.hint


def test_a_directory_is_named_as_one(tmp_path):
    with pytest.raises(TableError, match="is a directory"), open_source(tmp_path):
        pass


def test_the_name_of_a_file_is_shown_escaped(tmp_path):
    with pytest.raises(TableError, match=r"a\\nb\\x1b"), open_source(tmp_path / "a\nb\x1b"):
        pass


def test_an_opened_file_stays_the_same_when_it_is_replaced(tmp_path):
    path, other = tmp_path / "x.csv", tmp_path / "y.csv"
    path.write_bytes(b"a,b\n")
    other.write_bytes(b"c,d\n")
    with open_source(path) as source:
        other.replace(path)

        assert detect_dialect(source)[1].names == ("a", "b")
