"""Short ways for the tests of this folder to read and patch bytes."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from em_impute.options import Request
from em_impute.table.dialect import Dialect, detect_dialect
from em_impute.table.read import read_table
from em_impute.table.records import Grammar
from em_impute.table.scan import scan_records
from em_impute.table.source import Source, open_source

Spans = list[list[tuple[int, int]]]


@contextmanager
def opened(data: bytes, folder: Path, **options: object) -> Iterator[tuple[Source, Dialect]]:
    """The source of working bytes and the dialect of a file that holds `data`."""
    path = folder / "table.csv"
    path.write_bytes(data)
    with open_source(path) as source:
        yield detect_dialect(source, Request(**options))  # type: ignore[arg-type]


def scanned(data: bytes, n_columns: int, block_bytes: int = 1 << 20, delimiter: str = ",") -> Spans:
    """The absolute spans of all cells, record by record."""
    spans: Spans = []
    grammar = Grammar(delimiter, n_columns, names=("",) * n_columns)
    blocks = scan_records(io.BytesIO(data), grammar, start=0, first_line=1, block_bytes=block_bytes)
    for records in blocks:
        columns = [records.span(column) for column in range(n_columns)]
        spans += [
            [tuple(int(one[row]) + records.offset for one in span) for span in columns]
            for row in range(records.n_records)
        ]
    return spans


def read(data, folder, targets=(0,), features=(), explicit=True, options=None, **reading):
    """The first pass over `data`."""
    with opened(data, folder, **options or {}) as (source, dialect):
        return read_table(source, dialect, targets=targets, features=features, explicit=explicit, **reading)
