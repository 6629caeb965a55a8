"""The first pass: everything that is needed of a file, in one go over its blocks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from em_impute.table.categories import MAX_GROUPS, CategoryColumn, CategoryReader
from em_impute.table.columns import NumberColumn, NumberReader, TargetColumn, TargetReader
from em_impute.table.dialect import Dialect
from em_impute.table.growing import GrowingArray
from em_impute.table.hashing import HashingFile
from em_impute.table.scan import BLOCK_BYTES, Records, scan_records
from em_impute.table.source import Source

__all__ = ["CategoryColumn", "LineNumbers", "NumberColumn", "Table", "TargetColumn", "read_table"]

BYTES_PER_COLUMN = 2048  # at least in a block: each column of each block has a fixed cost


@dataclass(frozen=True)
class Table:
    """What the first pass found."""

    dialect: Dialect
    n_rows: int
    n_columns: int
    sha256: str
    """hex, of the original input as it was read"""
    size: int
    """bytes of the original input"""
    targets: dict[int, TargetColumn]
    numbers: dict[int, NumberColumn]
    """every column examined for numbers, by index"""
    categories: dict[int, CategoryColumn]
    """those of them that hold more than numbers and missing cells, by index"""
    groups: CategoryColumn | None
    """the column that was asked for as such"""
    weights: NumberColumn | None
    """the column that was asked for as such; its bad cells are counted"""
    record_stops: NDArray[np.int64] | None
    """(n_rows,) absolute offset behind each record, before its line end; None unless asked for"""
    record_starts: NDArray[np.int64] | None
    """(n_rows + 1,) absolute offset of each record, and of what follows the last one; None unless asked for"""
    lines: "LineNumbers"

    def line_of(self, rows: NDArray[np.integer]) -> NDArray[np.int64]:
        """Give the physical line, 1-based, at which records begin."""
        return self.lines.of(rows)


@dataclass(frozen=True)
class LineNumbers:
    """The physical lines of all records, in memory for those only that take more than one."""

    first_line: int
    long_rows: NDArray[np.int64]
    """(m,) ascending: the rows with newlines inside quotes"""
    extra_lines: NDArray[np.int64]
    """(m + 1,) the lines added by the first 0, 1, … m of them"""

    def of(self, rows: NDArray[np.integer]) -> NDArray[np.int64]:
        """Give the line at which each of `rows` begins."""
        return np.asarray(rows, np.int64) + self.first_line + self.extra_lines[np.searchsorted(self.long_rows, rows)]


class _Reader(Protocol):
    """Gathers columns."""

    def add(self, records: Records, capacity: int, /) -> None:
        """Take in a block; there are about `capacity` rows left with it."""


class _LineReader:
    """Gathers `LineNumbers`."""

    def __init__(self) -> None:
        self._rows: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        self._extra: list[NDArray[np.int64]] = [np.zeros(1, np.int64)]

    def add(self, records: Records) -> None:
        """Take in a block."""
        if records.breaks is None:
            return
        before = np.searchsorted(records.breaks, records.record_starts)
        after = np.append(before[1:], np.searchsorted(records.breaks, records.data.size))
        extra = after - before - 1
        extra[-1] += records.data[-1:].tobytes() != b"\n"  # the last record of the file may lack its line end
        long = np.flatnonzero(extra)
        self._rows.append(long + records.first_row)
        self._extra.append(extra[long])

    def finish(self, first_line: int) -> LineNumbers:
        """Give the line numbers, `first_line` being that of the first record."""
        return LineNumbers(first_line, np.concatenate(self._rows), np.concatenate(self._extra).cumsum())


def read_table(  # noqa: PLR0913  -- all but two by name
    source: Source,
    dialect: Dialect,
    *,
    targets: Sequence[int],
    features: Sequence[int] | None,
    explicit: bool,
    decimal: str = ".",
    null_tokens: frozenset[str] = frozenset(),
    groups: int | None = None,
    weights: int | None = None,
    keep_record_ends: bool = False,
    keep_record_starts: bool = False,
    progress: Callable[[int], None] | None = None,
    block_bytes: int | None = None,
) -> Table:
    """Read the columns `targets` as labels and `features` as numbers or categories; None: every other column.

    With `explicit` the user has named the features, and all their cells that are no numbers are counted; without, a
    column is dropped from the numbers at the first such cell.  Either way it is a category then, from its first row
    on.  The columns `groups` and `weights` are read besides, and are no features unless they are named so.
    `progress` is called with the bytes done so far.  Raises `TableError` and `FitError`.
    """
    taken = {*targets, groups, weights}
    candidates = [i for i in range(len(dialect.names)) if i not in taken] if features is None else features
    with HashingFile(source.file) as file:
        file.seek(0)
        file.read(dialect.data_offset)
        blocks = scan_records(
            file,
            dialect.delimiter,
            len(dialect.names),
            start=dialect.data_offset,
            first_line=dialect.first_line,
            has_header=dialect.has_header,
            block_bytes=block_bytes or max(BLOCK_BYTES, min(len(dialect.names) * BYTES_PER_COLUMN, 16 * BLOCK_BYTES)),
        )
        target_readers = {column: TargetReader(column, dialect, null_tokens) for column in targets}
        category_readers = {column: CategoryReader(column, dialect) for column in candidates}
        number_reader = NumberReader(candidates, dialect, decimal, explicit=explicit, categories=category_readers)
        weight_reader = NumberReader([] if weights is None else [weights], dialect, decimal, explicit=True)
        group_readers = [] if groups is None else [CategoryReader(groups, dialect, limit=MAX_GROUPS, is_strict=True)]
        readers: list[_Reader] = [*target_readers.values(), *group_readers, number_reader, weight_reader]
        lines = _LineReader()
        stops: GrowingArray[np.int64] = GrowingArray(np.int64)
        starts: GrowingArray[np.int64] = GrowingArray(np.int64)
        n_rows, data_end = 0, dialect.data_offset
        for records in blocks:
            capacity = int(1.05 * (source.size - records.offset) / records.data.size * records.n_records) + 16
            for reader in readers:
                reader.add(records, capacity)
            lines.add(records)
            if keep_record_ends:
                stops.extend(records.record_stops + records.offset, capacity)
            if keep_record_starts:
                starts.extend(records.record_starts + records.offset, capacity)
            n_rows += records.n_records
            data_end = records.offset + records.data.size
            if progress:
                progress(data_end)
        sha256, size = file.hexdigest(), file.n_read
    numbers = number_reader.finish()
    return Table(
        dialect=dialect,
        n_rows=n_rows,
        n_columns=len(dialect.names),
        sha256=source.original_sha256 or sha256,
        size=size if source.original_size is None else source.original_size,
        targets={column: reader.finish() for column, reader in target_readers.items()},
        numbers=numbers,
        categories={column: category_readers[column].finish() for column in candidates if numbers[column].n_bad},
        groups=next((reader.finish() for reader in group_readers), None),
        weights=None if weights is None else weight_reader.finish()[weights],
        record_stops=stops.finish() if keep_record_ends else None,
        record_starts=np.append(starts.finish(), data_end) if keep_record_starts else None,
        lines=lines.finish(dialect.first_line),
    )
