"""The scanner against a machine that reads character by character; `fuzz/test_readers.py` has it against others."""

import io
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from em_impute.errors import TableError
from em_impute.table.scan import scan_records

from . import oracle_csv
from .tables import Spans, scanned

CELLS = [
    b"a",
    b"",
    b'"a"',
    b'""',
    b'"a,a"',
    b'"\n"',
    b'"\r\n"',
    b'""""',
    b'"a""b"',
    b"5'10\"",
    b'a"b',
    b'"",""',
    b"\ra",
    b"a\r",
]


def by_machine(data: bytes, n_columns: int) -> Spans | None:
    try:
        return oracle_csv.table(data, n_columns)
    except oracle_csv.Rejected:
        return None


def by_scanner(data: bytes, n_columns: int, block_bytes: int) -> Spans | None:
    try:
        return scanned(data, n_columns, block_bytes)
    except TableError:
        return None


@settings(deadline=None, derandomize=True, max_examples=1500)
@given(
    characters=st.lists(st.sampled_from(b'a",\n\r; '), min_size=1, max_size=40),
    n_columns=st.integers(1, 3),
    block_bytes=st.sampled_from([1, 7, 16, 1000]),
)
def test_any_bytes_are_accepted_or_rejected_and_split_as_by_the_machine(characters, n_columns, block_bytes):
    data = bytes(characters)

    assert by_scanner(data, n_columns, block_bytes) == by_machine(data, n_columns)


@pytest.mark.parametrize("seed", range(4))
def test_tables_of_awkward_cells_are_split_as_by_the_machine(seed):
    rng = random.Random(seed)  # noqa: S311
    n_accepted = 0
    for _ in range(1500):
        n_columns, newline = rng.randint(1, 3), rng.choice([b"\n", b"\r\n"])
        rows = [b",".join(rng.choices(CELLS, k=n_columns)) for _ in range(rng.randint(1, 9))]
        data = newline.join(rows) + rng.choice([b"", newline, newline * 2, b"\n\r\n", b"\r"])
        expected = by_machine(data, n_columns)

        assert by_scanner(data, n_columns, rng.choice([1, 7, 23, 1000])) == expected, data
        n_accepted += expected is not None

    assert n_accepted > 100


@pytest.mark.parametrize("block_bytes", [7, 100, 1 << 20])
def test_physical_lines_count_newlines_inside_quotes(block_bytes):
    data = b'a,"1\n2"\nb,3\n"\r\n\n",4\nc,5'
    blocks = scan_records(io.BytesIO(data), ",", 2, start=0, first_line=10, block_bytes=block_bytes)

    assert [line for r in blocks for line in r.line_of(np.arange(r.n_records)).tolist()] == [10, 12, 13, 16]


@pytest.mark.parametrize("block_bytes", [7, 1 << 20])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"1,2,3\n1,2,3,4,5\n", "line 2 has 5 fields where the header has 3", id="long"),
        pytest.param(b"1,2,3\n1\n1,2,3\n", "line 2 has 1 field where the header has 3", id="short"),
        pytest.param(
            b"1,2\n3,4,5,6\n7\n",
            "line 2 has 4 fields where the header has 2; line 3 has 1 (2 such records in all)",
            id="a long and a short row cancel out",
        ),
        pytest.param(b'1,2\n"\n",2\n\n3,4\n', "line 4 has 1 field where the header has 2", id="blank line inside"),
        pytest.param(
            b"1,2\n\r\n\n3,4\n\n",
            "line 2 has 1 field where the header has 2; line 3 has 1 (2 such records in all)",
            id="blank lines inside and at the end",
        ),
        pytest.param(
            b"1,2\n" * 3 + b"1,2,3\n" * 10_000 + b"1,2\n",
            "line 4 has 3 fields where the header has 2; line 5 has 3, line 6 has 3, line 7 has 3, line 8 has 3, … "
            "(10,000 such records in all)",
            id="ten thousand",
        ),
        pytest.param(b'a,b\nc,"d\n1,2\n3,4\n', "line 2: a quote opens here and is never closed", id="never closed"),
        pytest.param(
            b'a,"x""y,z\n","q"\n5,"a,b', "line 3: a quote opens here and is never closed", id="never closed at the end"
        ),
        pytest.param(b'a,b\nc,"d"e\n', "line 2: 'e' follows a closing quote", id="after a quote"),
        pytest.param(
            b'a,b\n5\'10",b\nc,"d\ne"f\n',
            "line 4: 'f' follows a closing quote (the quote opened on line 3)",
            id="after a quote that spans lines, below a quote that is text",
        ),
        pytest.param(b'a,"b"\r', "line 1: '\\r' follows a closing quote", id="lone CR after a quote"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(data, message, block_bytes):
    with pytest.raises(TableError) as caught:
        scanned(data, data.split(b"\n")[0].count(b",") + 1, block_bytes)

    assert caught.value.message == message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("data", "n_columns", "n_records"),
    [
        pytest.param(b"a,b\n\n\r\n\n", 2, 1, id="blank lines at the end are no records"),
        pytest.param(b"a\n\n\r\n", 1, 3, id="in one column a blank line is an empty cell"),
        pytest.param(b"", 2, 0, id="nothing"),
        pytest.param(b"\n\n", 2, 0, id="blank lines only"),
        pytest.param(b"a,", 2, 1, id="empty last cell without newline"),
        pytest.param(b"a,b," * 2499 + b"a,b\n" + b"," * 4997 + b"\n", None, None, id="5000 columns, and one row short"),
    ],
)
def test_records_are_counted(data, n_columns, n_records):
    if n_columns is None:
        with pytest.raises(TableError, match="line 2 has 4,998 fields where the header has 5000"):
            scanned(data, 5000, 1000)
        return
    for block_bytes in (1, 2, 1 << 20):
        assert len(scanned(data, n_columns, block_bytes)) == n_records


def test_a_field_of_many_blocks_is_one_field():
    data = b'a,"' + b"x,\n" * 100_000 + b'",c\n1,2,3\n'

    assert scanned(data, 3, 64)[0] == [(0, 1), (2, 300_004), (300_005, 300_006)]
