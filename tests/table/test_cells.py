"""Telling cells apart, growing vectors, and tables in chunks, against naive ways."""

import io
import random
from itertools import chain

import numpy as np
import pytest

from em_impute.table import cells as module
from em_impute.table.cells import CellCoder
from em_impute.table.column_reader import GrowingArray
from em_impute.table.columns import least_type
from em_impute.table.read import read_tables
from em_impute.table.records import Grammar
from em_impute.table.scan import scan_records

from .tables import opened, read

SHORT = ["", "M", "F", "male", "12345678", "172.3", '""', '" "', "é"]
LONG = ["123456789", "1234567812345678", "1234567812345679", "12345678" * 40, "12345678" * 40 + "x", '"a,b\nc,d,e,f"']


def coded(rows, block_bytes, most_new=10**9):
    """The contents of the first of two columns by the codes that a coder gives them, block by block."""
    data = "".join(f"{cell},x\n" for cell in rows).encode()
    coder = CellCoder(0)
    said = []
    for records in scan_records(io.BytesIO(data), Grammar(",", 2), start=0, first_line=1, block_bytes=block_bytes):
        found = coder.add(records, most_new)
        if found is None:
            return None
        said += [found.raw[code].decode() for code in found.codes]
        assert [records.data[a:b].tobytes().decode() for a, b in zip(found.starts, found.stops, strict=True)] == said[
            -records.n_records :
        ]
    return said, [raw.decode() for raw in found.raw]


@pytest.mark.parametrize(
    ("slot_bits", "most_bits", "block_bytes"), [(1, 1, 700), (4, 4, 40), (1, 16, 40), (16, 16, 1 << 20)]
)  # with two slots most cells are missed
@pytest.mark.parametrize("contents", [SHORT + LONG, [str(number) for number in range(900)]])
def test_a_coder_numbers_contents_by_first_appearance(contents, block_bytes, slot_bits, most_bits, monkeypatch):
    monkeypatch.setattr(module, "SLOT_BITS", slot_bits)
    monkeypatch.setattr(module, "MOST_SLOT_BITS", most_bits)
    rng = random.Random(0)  # noqa: S311
    rows = [rng.choice(contents) for _ in range(1200)]

    said, raw = coded(rows, block_bytes)

    assert said == rows
    assert raw == list(dict.fromkeys(rows))


def test_a_coder_gives_up_when_a_block_has_too_many_new_contents():
    for contents in (SHORT, LONG):
        assert coded(contents, 1 << 20, most_new=len(contents)) is not None
        assert coded(contents, 1 << 20, most_new=len(contents) - 1) is None


def test_an_empty_cell_and_a_nul_are_not_the_same():
    data = b"a\0,x\na,x\n\0,x\n,x\n"
    (records,) = scan_records(io.BytesIO(data), Grammar(",", 2), start=0, first_line=1)

    found = CellCoder(0).add(records, 10)

    assert [found.raw[code] for code in found.codes] == [b"a\0", b"a", b"\0", b""]


def test_codes_take_as_many_bytes_as_their_largest_asks_for():
    codes, expected = GrowingArray(), []
    for largest in (1, 127, 128, 32767, 32768, 2**31):
        values = np.array([-1, 0, largest])
        codes.extend(values, n_left=4)
        expected += values.tolist()

        assert codes.finish().tolist() == expected
        assert codes.finish().dtype == least_type(largest)

    sizes = {largest: least_type(largest).itemsize for largest in (0, 127, 128, 32767, 32768, 2**31 - 1, 2**31)}
    assert list(sizes.values()) == [1, 1, 2, 2, 4, 4, 8]


def told(part, first=0):
    """List what a part says of its rows, a row at a time, and of its cells that may be filled."""
    target, category = part.targets[0], part.categories[2]
    rows = zip(
        [target.texts[code] for code in target.code],
        part.numbers[1].values.tolist(),
        [category.texts[code] for code in category.code],
        part.line_of(np.arange(part.n_rows)).tolist(),
        part.record_starts[:-1].tolist(),
        part.record_stops.tolist(),
        strict=True,
    )
    return [*rows], [*zip((target.row + first).tolist(), target.start.tolist(), target.stop.tolist(), strict=True)]


@pytest.mark.parametrize("chunk_bytes", [1, 1000, 10**6])
def test_the_chunks_of_a_table_are_the_table(chunk_bytes, tmp_path):
    rng = random.Random(1)  # noqa: S311
    rows = [(rng.choice(["", "M", '"F\n"', "NA"]), str(rng.randint(0, 5)), rng.choice("ab")) for _ in range(200)]
    data = ("g,x,c\n" + "".join(",".join(row) + "\r\n" for row in rows)).encode()
    keeping = {"explicit": False, "keep_record_ends": True, "keep_record_starts": True}
    whole = read(data, tmp_path, [0], None, **keeping)
    with opened(data, tmp_path) as (source, dialect):
        reading = {"targets": [0], "features": None, "chunk_bytes": chunk_bytes, "block_bytes": 64}
        parts = list(read_tables(source, dialect, **reading, **keeping))

    assert len(parts) > 1 or chunk_bytes >= len(data)
    assert [part.start for part in parts[1:]] == [part.stop for part in parts[:-1]]
    assert (parts[0].start, parts[-1].stop) == (6, len(data))
    assert [part.sha256 for part in parts] == [""] * (len(parts) - 1) + [whole.sha256]
    firsts = np.cumsum([0, *(part.n_rows for part in parts)])[:-1].tolist()
    each = [told(part, first) for part, first in zip(parts, firsts, strict=True)]
    assert tuple([*chain(*lists)] for lists in zip(*each, strict=True)) == told(whole)


def test_a_column_of_numbers_shows_some_of_its_rows(tmp_path):
    rng = random.Random(2)  # noqa: S311
    cells = [rng.choice(["1", "1.0", "2", "", "NA", "-0.5"]) for _ in range(500)]
    many = [f"{rng.random():.12f}" for _ in range(500)]
    table = read("\n".join(["g,x,y", *map("M,{},{}".format, cells, many)]).encode(), tmp_path, [0], [1, 2])
    rows = np.array([3, 499, 7, 7, 0])

    for column, texts in ((table.numbers[1], cells), (table.numbers[2], many)):
        expected = np.array([float(texts[row]) if texts[row] not in {"", "NA"} else np.nan for row in range(500)])
        assert column.size == 500
        np.testing.assert_array_equal(column.values, expected)
        np.testing.assert_array_equal(column.of(rows), expected[rows])
        expected[rows] = np.nan
        np.testing.assert_array_equal(column.without(rows).values, expected)
        assert column.without(rows).n_missing == np.count_nonzero(np.isnan(expected))
    assert table.numbers[1].code is not None
    assert table.numbers[1].numbers.tolist()[:-1] == [-0.5, 1.0, 2.0]
    assert table.numbers[2].code is None
