"""The patched copy: nothing but the spans changes."""

import os
import random
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from em_impute.errors import TableError, UsageError
from em_impute.table.dialect import detect_dialect
from em_impute.table.patch import Edits, patch, quote_label
from em_impute.table.read import read_table
from em_impute.table.source import open_source

from .tables import filled, opened


def edits_of(spans: list[tuple[int, int, bytes]]) -> Edits:
    start, stop = (np.array([span[i] for span in spans], np.int64) for i in (0, 1))
    return Edits(start, stop, np.arange(len(spans)), [text for _, _, text in spans])


@settings(deadline=None, derandomize=True, max_examples=300)
@given(data=st.data(), body=st.binary(min_size=1, max_size=80), block_bytes=st.sampled_from([1, 3, 7, 16, 1000]))
def test_patching_replaces_spans_and_nothing_else(data, body, block_bytes, tmp_path_factory):
    content = b"a,b\n" + body.replace(b"\0", b"")
    points = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=12)))
    points = points[: len(points) // 2 * 2]
    texts = st.binary(max_size=3)
    spans = [(a, b, data.draw(texts)) for a, b in zip(points[::2], points[1::2], strict=True)]
    spans += [(a, a, data.draw(texts)) for a in points[::2] if data.draw(st.booleans())]
    n_first = data.draw(st.integers(0, len(spans)))
    merged = Edits.merged([edits_of(spans[:n_first]), edits_of(spans[n_first:])])
    in_order = [
        (int(a), int(b), merged.texts[t]) for a, b, t in zip(merged.start, merged.stop, merged.text, strict=True)
    ]
    expected, cursor = b"", 0
    for start, stop, text in in_order:
        expected += content[cursor:start] + text
        cursor = stop
    expected += content[cursor:]

    with opened(content, tmp_path_factory.mktemp("x"), delimiter=",", encoding="latin-1") as (source, dialect):
        patched = b"".join(patch(source, dialect, merged, expect_sha256=None, block_bytes=block_bytes))

    assert sorted(in_order) == sorted(spans)
    assert patched == expected


def test_merged_insertions_at_one_place_keep_their_order():
    merged = Edits.merged(
        [edits_of([(5, 5, b"a"), (9, 9, b"b")]), edits_of([(5, 5, b"c"), (5, 7, b"d")]), edits_of([])]
    )

    assert [merged.texts[i] for i in merged.text] == [b"a", b"c", b"d", b"b"]


def test_overlapping_edits_are_refused():
    with pytest.raises(ValueError, match="overlap"):
        Edits.merged([edits_of([(1, 5, b"")]), edits_of([(4, 4, b"")])])


AWKWARD = {
    "plain": (b"g,h\nM,1\n,2\n", {}, b"g,h\nM,1\nX,2\n"),
    "numbers as they are": (b"h,g\n007,M\n1.50,\n1e3,NA\n", {}, b"h,g\n007,M\n1.50,X\n1e3,X\n"),
    "BOM": (b"\xef\xbb\xbfg,h\n,2\n", {}, b"\xef\xbb\xbfg,h\nX,2\n"),
    "CRLF": (b"g,h\r\n,2\r\n", {}, b"g,h\r\nX,2\r\n"),
    "CRLF, last column": (b"h,g\r\n1,\r\n2,\r\n", {}, b"h,g\r\n1,X\r\n2,X\r\n"),
    "mixed line ends": (b"h,g\r\n1,\n2,\r\n", {}, b"h,g\r\n1,X\n2,X\r\n"),
    "no final newline": (b"h,g\n1,M\n2,", {}, b"h,g\n1,M\n2,X"),
    "sep= line": (b"sep=;\nh;g\n1,5;\n", {}, b"sep=;\nh;g\n1,5;X\n"),
    "title lines": (b"Title, x\n\nh,g\n1,\n", {"skip_lines": 2}, b"Title, x\n\nh,g\n1,X\n"),
    "no header": (b"1,\n2,M\n", {"has_header": False}, b"1,X\n2,M\n"),
    "empty and duplicate names": (b",g,\n1,,\n", {}, b",g,\n1,X,\n"),
    "trailing delimiter": (b"h,g,\n1,,\n", {}, b"h,g,\n1,X,\n"),
    "feet and inches": (b"h,g\n5'10\",\n6'1\",M\n", {}, b"h,g\n5'10\",X\n6'1\",M\n"),
    "newline in a cell": (b'h,g\n"a\r\n,""b",\n', {}, b'h,g\n"a\r\n,""b",X\n'),
    "blank lines at the end": (b"h,g\n1,\n\n\r\n\n", {}, b"h,g\n1,X\n\n\r\n\n"),
    "quoted column": (b'h,g\n1,"M"\n2,\n3,""\n', {}, b'h,g\n1,"M"\n2,"X"\n3,"X"\n'),
    "broken byte elsewhere": (b"h,g\nJos\xe9,\n", {}, b"h,g\nJos\xe9,X\n"),
    "NUL elsewhere": (b"h,g\na\x00b,\nc,M\n", {}, b"h,g\na\x00b,X\nc,M\n"),
    "bare CR elsewhere": (b"h,g\na\rb,\n", {}, b"h,g\na\rb,X\n"),
    "UTF-16 LE": ("\ufeffg,h\r\n,é😀\r\n".encode("utf-16-le"), {}, "\ufeffg,h\r\nX,é😀\r\n".encode("utf-16-le")),
    "UTF-16 BE": ("\ufeffg,h\n,é😀\n".encode("utf-16-be"), {}, "\ufeffg,h\nX,é😀\n".encode("utf-16-be")),
    "UTF-16 without BOM": (
        "g,h\n,é\n".encode("utf-16-le"),
        {"encoding": "utf-16-le"},
        "g,h\nX,é\n".encode("utf-16-le"),
    ),
    "UTF-32": ("\ufeffg,h\n,é\n".encode("utf-32-le"), {}, "\ufeffg,h\nX,é\n".encode("utf-32-le")),
    "Shift JIS": ("g,h\n,ソ\n".encode("shift_jis"), {"encoding": "shift_jis"}, "g,h\nX,ソ\n".encode("shift_jis")),
    "EBCDIC": ("g,h\n,a\n".encode("cp037"), {"encoding": "cp037"}, "g,h\nX,a\n".encode("cp037")),
    "5000 columns": (
        b"g" + b",h" * 4999 + b"\n" + b",1" * 4999 + b"\n",
        {},
        b"g" + b",h" * 4999 + b"\nX" + b",1" * 4999 + b"\n",
    ),
}


@pytest.mark.parametrize(("data", "options", "expected"), AWKWARD.values(), ids=AWKWARD)
def test_awkward_files_keep_every_other_byte(data, options, expected, tmp_path):
    with opened(data, tmp_path, **options) as (_, dialect):
        column = dialect.names.index("g") if "g" in dialect.names else 1

    assert filled(data, tmp_path, column, "X", **options) == expected


@pytest.mark.parametrize(("data", "options"), [case[:2] for case in AWKWARD.values()], ids=AWKWARD)
@pytest.mark.parametrize("block_bytes", [5, 1 << 20])
def test_without_edits_the_output_is_the_input(data, options, block_bytes, tmp_path):
    with opened(data, tmp_path, **options) as (source, dialect):
        table = read_table(source, dialect, targets=[], features=[], explicit=True, block_bytes=block_bytes)
        copy = b"".join(patch(source, dialect, Edits.merged([]), expect_sha256=table.sha256, block_bytes=block_bytes))

    assert copy == data


def test_a_blank_line_of_one_column_is_a_cell(tmp_path):
    assert filled(b"g\nM\n\nF\n\n", tmp_path, 0, "X") == b"g\nM\nX\nF\nX\n"


@pytest.mark.parametrize(
    ("text", "always", "expected"),
    [
        ("M", False, b"M"),
        ("M", True, b'"M"'),
        ("a,b", False, b'"a,b"'),
        ('5"', False, b'"5"""'),
        ("a\rb", False, b'"a\rb"'),
    ],
)
def test_labels_are_quoted_where_they_must(text, always, expected, tmp_path):
    with opened(b"a,b\n", tmp_path) as (_, dialect):
        assert quote_label(text, dialect, always) == expected


def test_a_label_the_encoding_lacks_is_refused(tmp_path):
    for encoding in ("ascii", "shift_jis"):
        with opened(b"a,b\n", tmp_path, encoding=encoding) as (_, dialect), pytest.raises(UsageError, match=encoding):
            quote_label("é", dialect, always=False)


@pytest.mark.parametrize("change", [b"g,h\nF,1\n", b"g,h\nM", b"g,h\nM,1\nF,2\n", b""])
def test_an_input_that_changed_in_between_is_refused(change, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"g,h\nM,1\n")
    with open_source(path) as opened_source:
        source, dialect = detect_dialect(opened_source)
        table = read_table(source, dialect, targets=[0], features=[], explicit=True)
        path.write_bytes(change)

        with pytest.raises(TableError, match="changed while it was read"):
            list(patch(source, dialect, edits_of([(6, 7, b"X")]), expect_sha256=table.sha256))


def test_a_fifo_is_read_once_and_patched(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"g,h\n,1\n",))
    writer.start()
    with open_source(path) as opened_source:
        source, dialect = detect_dialect(opened_source)
        table = read_table(source, dialect, targets=[0], features=[], explicit=True)
        target = table.targets[0]
        edits = Edits(target.start, target.stop, target.row * 0, [b"X"])

        assert b"".join(patch(source, dialect, edits, expect_sha256=table.sha256)) == b"g,h\nX,1\n"
    writer.join()


def test_standard_input_is_read(monkeypatch, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"g,h\n,1\n")
    for name in (None, "-"):
        with path.open() as file:
            monkeypatch.setattr("sys.stdin", file)
            with open_source(name) as source:
                assert (source.name, source.path, source.size) == ("standard input", None, 7)


def test_random_tables_survive_random_fills(tmp_path):
    rng = random.Random(5)  # noqa: S311
    cells = ["M", "", '"F"', '""', '"a\n"', "NA", " "]
    for number in range(60):
        rows = [(rng.choice(cells), rng.choice(cells)) for _ in range(rng.randint(1, 30))]
        newline = rng.choice(["\n", "\r\n"])
        data = newline.join(["a,b", *(",".join(row) for row in rows)]).encode()
        fill = [("X" if row[1].strip('" ') in ("", "NA") else row[1]) for row in rows]
        cells = [row[1] for row in rows]
        n_quoted, n_bare = cells.count('"F"'), cells.count("M")
        always = n_quoted > n_bare or (n_quoted == n_bare == 0 and '""' in cells and "" not in cells)
        fill = ['"X"' if always and cell == "X" else cell for cell in fill]
        expected = newline.join(["a,b", *(f"{row[0]},{cell}" for row, cell in zip(rows, fill, strict=True))]).encode()

        # A last record that is blank but for its delimiter is still a record.
        assert filled(data, tmp_path, 1, "X") == expected, number


MANY = 200
CELLS = {"empty": "", "marked": "NA", "quoted": '"   "'}


@pytest.mark.parametrize("column", [0, 1, 2])
@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("texts", [[b"M", b"F"], [b"\x01", b"\x02", b"a longer text"], [b"%d" % n for n in range(60)]])
@pytest.mark.parametrize("taken", [b"", bytes(range(1, 9)), bytes([*range(1, 9), *range(14, 32)])])
def test_many_cells_of_a_block_are_replaced_at_once_as_one_by_one(column, kind, texts, taken, tmp_path, monkeypatch):
    rng = random.Random(0)  # noqa: S311
    rows = [
        [rng.choice(["x", CELLS[kind]]), rng.choice(["y", CELLS[kind]]), rng.choice(["z", CELLS[kind]])]
        for _ in range(MANY)
    ]
    data = ("a,b,c\n" + "\n".join(",".join(row) for row in rows)).encode() + b"\n" + taken + b",,\n"
    expected = [row.copy() for row in rows]
    with opened(data, tmp_path, encoding="latin-1", delimiter=",") as (source, dialect):
        target = read_table(source, dialect, targets=[column], features=[], explicit=True).targets[column]
        which = np.array([rng.randrange(len(texts)) for _ in target.row])
        for row, number in zip(target.row.tolist(), which.tolist(), strict=True):
            if row < MANY:
                expected[row][column] = texts[number].decode("latin-1")
        patched = []
        for many in (1, 10**9):
            monkeypatch.setattr("em_impute.table.patch.MANY_EDITS", many)
            edits = Edits.merged([Edits(target.start, target.stop, which, texts)])
            patched.append(b"".join(patch(source, dialect, edits, expect_sha256=None, block_bytes=1000)))

    lines = patched[0].split(b"\n")
    assert patched[0] == patched[1]
    assert lines[1 : MANY + 1] == [",".join(row).encode("latin-1") for row in expected]
