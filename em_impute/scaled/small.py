"""A sample as a small file: the very functions that read and fit a small file then read and fit it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np

from em_impute.completion import Opened
from em_impute.request import Request
from em_impute.scaled.sample import Sample
from em_impute.scaled.summary import Numbers, Summary
from em_impute.table.dialect import Dialect, find_column
from em_impute.table.read import NumberColumn, read_table
from em_impute.table.source import Source

__all__ = ["Head", "in_order", "opened_sample", "place_of"]


@dataclass(frozen=True)
class Head:
    """What the first part says of all."""

    dialect: Dialect
    bytes: bytes
    """up to the first record"""
    record_bytes: float
    """the mean"""


def in_order(sample: Sample) -> Sample:
    """Bring the rows back into the order of the parts and of the rows in them."""
    return sample.take(np.lexsort((sample.row, sample.part)))


@contextmanager
def opened_sample(
    sample: Sample, column: int, summary: Summary, head: Head, names: Sequence[str], request: Request, name: str
) -> Iterator[Opened]:
    """Read a sample of rows as if it were the table.

    What is to be said of single cells, and that a column holds the numbers of the rows, is taken from all rows.
    """
    dialect, data = head.dialect, head.bytes + b"".join(sample.records)
    source = Source(BytesIO(data), name, None, len(data))
    features = [find_column(dialect, feature, name) for feature in request.features]
    table = read_table(
        source,
        dialect,
        targets=[find_column(dialect, target, name) for target in request.columns],
        features=features or None,
        explicit=bool(features),
        decimal=request.decimal,
        null_tokens=frozenset(request.null_values),
    )
    numbers = {
        index: _as_in_all_rows(numbers, summary.numbers[index], explicit=bool(features))
        for index, numbers in table.numbers.items()
    }
    yield Opened(source, name, replace(table, numbers=numbers), [column], names, 0.0)


def place_of(sample: Sample, opened: Opened, lines: Sequence[int]) -> list[tuple[int, int]]:
    """Find the part, and the line there, of rows that are named by their lines in the small file."""
    begins = opened.table.line_of(np.arange(opened.table.n_rows))
    rows = np.searchsorted(begins, np.array(lines, np.int64))
    return list(zip(sample.part[rows].tolist(), sample.line[rows].tolist(), strict=True))


def _as_in_all_rows(column: NumberColumn, numbers: Numbers, *, explicit: bool) -> NumberColumn:
    told = replace(
        column,
        n_bad=numbers.n_bad,
        n_infinite=numbers.n_infinite,
        infinite=numbers.infinite,
        bad_examples=numbers.bad_examples,
        padded=numbers.padded,
    )
    if numbers.run is None or explicit or column.numbers is None:
        return told
    # The rows that were drawn are numbered with gaps; without them they are recognised.
    return replace(told, numbers=np.arange(column.size, dtype=np.float64) + numbers.run[0], code=None)
