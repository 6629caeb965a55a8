"""The patched copy: nothing but the spans changes."""

import os
import random

import numpy as np
import pytest
from examples import few_and_many
from hypothesis import given, settings
from hypothesis import strategies as st

from em_impute.errors import TableError
from em_impute.options import Request
from em_impute.table.dialect import detect_dialect
from em_impute.table.patch import Edits, patch
from em_impute.table.read import read_table
from em_impute.table.source import open_source

from .tables import opened


def edits_of(spans: list[tuple[int, int, bytes]]) -> Edits:
    start, stop = (np.array([span[i] for span in spans], np.int64) for i in (0, 1))
    return Edits(start, stop, np.arange(len(spans)), [text for _, _, text in spans])


@few_and_many(40, 3000)
def test_patching_replaces_spans_and_nothing_else(examples, tmp_path):
    @settings(deadline=None, derandomize=True, max_examples=examples)
    @given(data=st.data(), body=st.binary(min_size=1, max_size=80), block_bytes=st.sampled_from([1, 3, 7, 16, 1000]))
    def are_replaced(data, body, block_bytes):
        content = b"a,b\n" + body.translate(None, b'\0"')
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

        with opened(content, tmp_path, delimiter=",", encoding="latin-1") as (source, dialect):
            patched = b"".join(patch(source, dialect, merged, expect_sha256=None, block_bytes=block_bytes))

        assert sorted(in_order) == sorted(spans)
        assert patched == expected

    are_replaced()


@pytest.mark.parametrize("hashed", [True, False])
def test_an_input_that_changed_in_between_is_refused(tmp_path, monkeypatch, hashed):
    monkeypatch.setattr("em_impute.table.source.MANY_BYTES", 0)
    path = tmp_path / "x.csv"
    for change in (b"g,h\nF,1\n", b"g,h\nM", b"g,h\nM,1\nF,2\n", b""):
        path.write_bytes(b"g,h\nM,1\n")
        os.utime(path, (1, 1))
        with open_source(path, hashed=hashed) as opened_source:
            source, dialect = detect_dialect(opened_source, Request())
            table = read_table(source, dialect, targets=[0], features=[], explicit=True)
            assert bool(table.sha256) is hashed
            path.write_bytes(change)

            with pytest.raises(TableError, match="changed while it was read"):
                list(patch(source, dialect, edits_of([(6, 7, b"X")]), expect_sha256=table.sha256))


def test_a_record_that_is_not_whole_yet_is_blamed_on_who_writes(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"g,h\nM,1\nF")

    def read_while_it_grows():
        with open_source(path) as source, path.open("ab", 0) as other:
            other.write(b",1\nM")
            read_table(*detect_dialect(source, Request()), targets=[0], features=[], explicit=True)

    with pytest.raises(TableError, match="changed while it was read"):
        read_while_it_grows()


MANY = 200
CELLS = {"empty": "", "marked": "NA", "quoted": '"   "'}


@pytest.mark.parametrize(("column", "kind"), [*enumerate(CELLS)])
@pytest.mark.parametrize(
    ("texts", "taken"),
    [
        ([b"M", b"F"], bytes(range(1, 9))),
        ([b"\x01", b"\x02", b"a longer text"], b""),
        ([b"%d" % n for n in range(60)], bytes([*range(1, 9), *range(14, 32)])),
    ],
)
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
        for n_bytes in (0, 10**9):
            monkeypatch.setattr("em_impute.table.patch.BYTES_PER_EDIT", n_bytes)
            edits = Edits.merged([Edits(target.start, target.stop, which, texts)])
            patched.append(b"".join(patch(source, dialect, edits, expect_sha256=None, block_bytes=1000)))

    lines = patched[0].split(b"\n")
    assert patched[0] == patched[1]
    assert lines[1 : MANY + 1] == [",".join(row).encode("latin-1") for row in expected]
