"""The scanner against a machine that reads character by character; `fuzz/test_readers.py` has it against others."""

import random

import pytest
from examples import few_and_many
from hypothesis import given, settings
from hypothesis import strategies as st

from em_impute.errors import TableError

from . import oracle_csv
from .tables import Spans, scanned

CELLS = [b"a", b"", b'"a"', b'""', b'"a,a"', b'"\n"', b'"\r\n"', b'""""', b'"a""b"', b"5'10\"", b'a"b', b'"",""']
CELLS += [b"\ra", b"a\r"]


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


@few_and_many(300, 20_000)
def test_any_bytes_are_accepted_or_rejected_and_split_as_by_the_machine(examples):
    @settings(deadline=None, derandomize=True, max_examples=examples)
    @given(
        characters=st.lists(st.sampled_from(b'a",\n\r; '), min_size=1, max_size=40),
        n_columns=st.integers(1, 3),
        block_bytes=st.sampled_from([1, 7, 16, 1000]),
    )
    def are_split(characters, n_columns, block_bytes):
        data = bytes(characters)

        assert by_scanner(data, n_columns, block_bytes) == by_machine(data, n_columns)

    are_split()


@few_and_many(400, 20_000)
def test_tables_of_awkward_cells_are_split_as_by_the_machine(examples):
    rng = random.Random(0)  # noqa: S311
    n_accepted = 0
    for _ in range(examples):
        n_columns, newline = rng.randint(1, 3), rng.choice([b"\n", b"\r\n"])
        rows = [b",".join(rng.choices(CELLS, k=n_columns)) for _ in range(rng.randint(1, 9))]
        data = newline.join(rows) + rng.choice([b"", newline, newline * 2, b"\n\r\n", b"\r"])
        expected = by_machine(data, n_columns)

        assert by_scanner(data, n_columns, rng.choice([1, 7, 23, 1000])) == expected, data
        n_accepted += expected is not None

    assert n_accepted > examples / 15


REFUSED = {
    "line 2 has 4 fields where the header has 2; line 3 has 1 (2 such records in all)": b"1,2\n3,4,5,6\n7\n",
    "line 4 has 1 field where the header has 2": b"1,2\n\r\n\n3\n\n",
    "line 3 has 1 field where the header has 2": b"1,2\n\nSource: a\n3,4\n",
    "line 4 has 3 fields where the header has 2; line 5 has 3, line 6 has 3, line 7 has 3, line 8 has 3, … "
    "(10,000 such records in all)": b"1,2\n" * 3 + b"1,2,3\n" * 10_000 + b"1,2\n",
    "line 3, column '': a quote opens here and is never closed": b'a,"x""y,z\n","q"\n5,"a,b',
    "line 4, column '': 'f' follows a closing quote (the quote opened on line 3)": b'a,b\n5\'10",b\nc,"d\ne"f\n',
    "line 1, column '': '\\r' follows a closing quote": b'a,"b"\r',
}
"""Bytes that are no table, by what is said of them."""


@pytest.mark.parametrize("block_bytes", [7, 1 << 20])
def test_what_is_no_table_is_refused_with_its_line(block_bytes):
    for message, data in REFUSED.items():
        with pytest.raises(TableError) as caught:
            scanned(data, data.split(b"\n")[0].count(b",") + 1, block_bytes)

        assert caught.value.message == message
        assert caught.value.hint
