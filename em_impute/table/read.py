"""The first pass: everything that is needed of a file, in one go over its blocks."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Required, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from em_impute.errors import TableError
from em_impute.table.column_reader import ColumnReader, GrowingArray, TargetReader
from em_impute.table.columns import (
    ANY_NUMBER,
    MAX_GROUPS,
    MAX_LEVELS,
    CategoryColumn,
    Codes,
    NumberColumn,
    TargetColumn,
)
from em_impute.table.dialect import Dialect, better_reading
from em_impute.table.numbers import read_by_pandas
from em_impute.table.records import BLANK, Asides, FormError, Records
from em_impute.table.scan import BLOCK_BYTES, scan_records
from em_impute.table.source import HashingFile, Source
from em_impute.table.summaries import RowSieve

NOTHING = frozenset[str]()

BYTES_PER_COLUMN = 2048  # at least in a block: each column of each block has a fixed cost


@dataclass(frozen=True)
class Table:
    """What the first pass found."""

    dialect: Dialect
    n_rows: int
    n_columns: int
    sha256: str  # hex, of the original input as it was read
    size: int  # bytes of the original input
    start: int
    stop: int  # absolute offsets of the records in the working bytes
    targets: dict[int, TargetColumn]
    numbers: dict[int, NumberColumn]  # every column examined for numbers, by index
    categories: dict[int, CategoryColumn]  # those of them that hold more than numbers and missing cells, by index
    groups: CategoryColumn | None  # the column that was asked for as such
    same: CategoryColumn | None  # the column that was asked for as one of which rows with one text have one label
    weights: NumberColumn | None  # the column that was asked for as such; its bad cells are counted
    record_stops: Codes | None
    """(n_rows,) absolute offset behind each record, before its line end; None unless asked for"""
    record_starts: NDArray[np.int64] | None
    """(n_rows + 1,) absolute offset of each record, and of what follows the last one; None unless asked for.  Between
    two of them there may be `asides`."""
    lines: tuple[NDArray[np.int64], NDArray[np.int64]]
    """(m,) ascending: the rows that come after a record of several lines, or after lines that are no records; and by
    how much lines are ahead of rows before the first of them, and from each of them on, (m + 1,)"""
    asides: Asides  # lines that are no records

    def take(self, rows: NDArray[np.intp]) -> "Table":
        """Copy the predictors and the group of some rows, each as often as it is named."""
        return replace(
            self,
            n_rows=rows.size,
            numbers={column: one.take(rows) for column, one in self.numbers.items()},
            categories={column: one.take(rows) for column, one in self.categories.items()},
            groups=None if self.groups is None else self.groups.take(rows),
        )

    def line_of(self, rows: NDArray[np.integer]) -> NDArray[np.int64]:
        """Give the physical line, 1-based, at which records begin."""
        places, ahead = self.lines
        return np.asarray(rows, np.int64) + ahead[np.searchsorted(places, rows, side="right")]

    def spans(self, rows: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the absolute offsets of records and of what follows them; they must have been kept."""
        if self.record_starts is None:
            raise AssertionError("records are only found in a table that was read with keep_record_starts")
        starts, following = self.record_starts[rows], np.append(self.asides.start, self.stop)
        return starts, np.minimum(
            self.record_starts[rows + 1], following[np.searchsorted(self.asides.start, starts)].clip(max=self.stop)
        )


class ReadOptions(TypedDict, total=False):
    """What is to be read, and how."""

    targets: Required[Sequence[int]]  # columns to read as labels
    features: Required[Sequence[int] | None]  # columns to read as numbers or categories; None: every other column
    explicit: Required[bool]  # the user has named the features
    decimal: str
    null_tokens: frozenset[str]
    groups: int | None
    same: int | None
    nulls_of: Mapping[int, frozenset[str]]
    weights: int | None
    most_texts: int  # so many different texts of a column of texts are kept, more than a category has
    all_lines: bool
    """rows that repeat the header, or are totals, units or footers by their looks, are rows as all others"""
    texts: Collection[int]  # columns whose texts are kept even where they are all numbers
    keep_record_ends: bool
    keep_record_starts: bool
    progress: Callable[[int], None] | None  # called with the bytes done so far
    block_bytes: int | None


class _TableReader:
    """Gathers a `Table`, or a part of one that begins at the offset `start`."""

    def __init__(self, reading: ReadOptions, dialect: Dialect, start: int, first_row: int, first_line: int) -> None:
        self._reading = reading
        self._dialect = dialect
        self._start = self.stop = start
        self._first_row = first_row
        self.n_rows = 0
        targets, features, explicit = reading["targets"], reading["features"], reading["explicit"]
        weights, groups, same = reading.get("weights"), reading.get("groups"), reading.get("same")
        decimal, tokens = reading.get("decimal", "."), reading.get("null_tokens", frozenset())
        taken = {groups, weights}
        taken |= set(targets) if len(targets) == 1 else set()  # several are predictors of each other
        candidates = [i for i in range(len(dialect.names)) if i not in taken] if features is None else features
        self._targets = {column: TargetReader(column, dialect, tokens) for column in targets}
        most, nulls, texts = reading.get("most_texts", 0), reading.get("nulls_of", {}), reading.get("texts", ())
        self._features = {
            column: ColumnReader(
                column,
                dialect,
                decimal=decimal,
                limits=(MAX_LEVELS, most),
                explicit=explicit,
                keeps_texts=column in texts,
                null=nulls.get(column, NOTHING),
            )
            for column in candidates
        }
        self._weights = [] if weights is None else [ColumnReader(weights, dialect, decimal=decimal, explicit=True)]
        self._groups = [] if groups is None else [ColumnReader(groups, dialect, limits=(MAX_GROUPS, 0), explicit=True)]
        self._same = [] if same is None else [ColumnReader(same, dialect, limits=(ANY_NUMBER, 0))]
        self._row = [np.empty(0, np.int64)]  # those of `Table.lines`, and by how much lines are ahead of them
        self._ahead = [np.array([first_line])]
        self._starts, self._stops = GrowingArray(), GrowingArray()

    @property
    def size(self) -> int:
        """Count the bytes taken in."""
        return self.stop - self._start

    def add(self, records: Records, n_bytes_left: int) -> None:
        """Take in a block; there are so many bytes left with it."""
        n_left = int(1.05 * n_bytes_left / records.data.size * records.n_records) + 16
        records = replace(records, first_row=records.first_row - self._first_row, n_left=n_left)
        for target in self._targets.values():
            target.add(records)
        readers = [*self._groups, *self._same, *self._features.values(), *self._weights]
        many = [reader for reader in readers if reader.take(records)]
        plain = [reader.column for reader in many if not reader.null]
        numbers = read_by_pandas(records, plain, self._dialect, self._reading.get("decimal", "."))
        read = dict(zip(plain, numbers, strict=True))
        for reader in many:
            reader.add(records, read.get(reader.column))
        self._add_lines(records)
        self.n_rows += records.n_records
        self.stop = records.offset + int(records.stops[-1])
        if self._reading.get("keep_record_ends"):
            self._stops.extend(records.record_stops + records.offset, records.n_left)
        if self._reading.get("keep_record_starts"):
            self._starts.extend(records.starts + records.offset, records.n_left)

    def _add_lines(self, records: Records) -> None:
        """Note at which lines the records of a block begin."""
        ahead = records.lines - np.arange(records.first_row, records.first_row + records.n_records)
        changes = np.flatnonzero(np.diff(ahead, prepend=self._ahead[-1][-1]))
        self._row.append(changes + records.first_row)
        self._ahead += [ahead[changes]] * bool(changes.size)

    def finish(self, sha256: str, size: int, asides: Asides) -> Table:
        """Give the table, among whose records `asides` stand."""
        reading = self._reading
        starts = np.append(self._starts.finish(), self.stop).astype(np.int64)
        return Table(
            dialect=self._dialect,
            n_rows=self.n_rows,
            n_columns=len(self._dialect.names),
            sha256=sha256,
            size=size,
            start=self._start,
            stop=self.stop,
            targets={column: reader.finish() for column, reader in self._targets.items()},
            categories={column: one.category() for column, one in self._features.items() if one.holds_texts},
            numbers={column: one.numbers() for column, one in self._features.items()},
            groups=next((reader.category() for reader in self._groups), None),
            same=next((reader.category() for reader in self._same), None),
            weights=next((reader.numbers() for reader in self._weights), None),
            record_stops=self._stops.finish() if reading.get("keep_record_ends") else None,
            record_starts=starts if reading.get("keep_record_starts") else None,
            lines=(np.concatenate(self._row), np.concatenate(self._ahead)),
            asides=asides,
        )


def read_table(source: Source, dialect: Dialect, **options: Unpack[ReadOptions]) -> Table:
    """Read a file into one table, as `read_tables` does."""
    (table,) = read_tables(source, dialect, **options)
    return table


def read_tables(
    source: Source, dialect: Dialect, *, chunk_bytes: int | None = None, **options: Unpack[ReadOptions]
) -> Iterator[Table]:
    """Read the columns that are asked for, as one table, or as one for about every `chunk_bytes` of the file.

    With `explicit` the user has named the features, and all their cells that are no numbers are counted; without, a
    column is dropped from the numbers at the first such cell.  Either way it is a category then, from its first row
    on.  The columns `groups` and `weights` are read besides, and are no features unless they are named so.  Of several
    tables each is read as if it were the only one, except that its lines are those of the file; the last one alone has
    a hash.  A file without records is a table without rows.  Raises `TableError` and `FitError`.
    """
    progress = options.get("progress")
    file = HashingFile(source)
    file.read(dialect.data_offset)
    asides: list[Asides] = []
    blocks = _scanned(file, source, dialect, options, asides)
    if not options.get("all_lines"):
        sieve = RowSieve(dialect, options["targets"], options.get("decimal", "."), asides)
        blocks = sieve.sifted(blocks)
    reader = _TableReader(options, dialect, dialect.data_offset, 0, dialect.first_line)
    size = source.original[1] if source.original else source.size
    for records in blocks:
        if chunk_bytes is not None and reader.size >= chunk_bytes:
            yield reader.finish("", size, _taken(asides, records.offset))
            reader = _TableReader(options, dialect, records.offset, records.first_row, int(records.lines[0]))
        end = source.size if chunk_bytes is None else min(source.size, records.offset + chunk_bytes - reader.size)
        reader.add(records, max(end - records.offset, records.data.size))
        if progress:
            progress(reader.stop)
    found = _taken(asides, source.size)
    found = found.where((found.kind != BLANK) | (found.start < reader.stop))  # not those that end the file
    yield reader.finish(*(source.original or (file.hexdigest(), file.n_bytes)), found)


def _scanned(
    file: HashingFile, source: Source, dialect: Dialect, options: ReadOptions, asides: list[Asides]
) -> Iterator[Records]:
    """Find the records; where they are none, say what would make them so."""
    least = max(BLOCK_BYTES, min(len(dialect.names) * BYTES_PER_COLUMN, 16 * BLOCK_BYTES))
    try:
        yield from scan_records(
            file,
            dialect.grammar,
            start=dialect.data_offset,
            first_line=dialect.first_line,
            block_bytes=options.get("block_bytes") or least,
            asides=asides,
        )
    except FormError as error:
        named = [*options["targets"], *(options["features"] or ())]
        wanted = [dialect.names[column] for column in named] if dialect.has_header else []
        better = better_reading(source, dialect, wanted)
        raise TableError(error.message, f"try {better}, or {error.hint}" if better else error.hint) from None


def _taken(asides: list[Asides], stop: int) -> Asides:
    """Take away what stands before an offset."""
    found = Asides.joined(asides)
    asides[:] = [found.where(found.start >= stop)]
    return found.where(found.start < stop)
