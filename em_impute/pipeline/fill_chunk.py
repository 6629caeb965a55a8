"""The last pass over a part: its rows' labels by what was learnt, its bytes with the missing cells filled."""

import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, count
from typing import NamedTuple

import numpy as np

from em_impute.columns.labels import Labels
from em_impute.model.draws import ModelDraws
from em_impute.model.fills import CellCounts, Imputing, count_by_group, count_cells, no_cells
from em_impute.model.predict import Model
from em_impute.options import Request
from em_impute.pipeline.apply import fill_by_model, with_groups
from em_impute.pipeline.chunks import ReadPlan, in_part, label_codes, opened_part, read_along, table_chunks
from em_impute.pipeline.edits import changed_cells, make_edits, make_records, refuse_taken
from em_impute.pipeline.files import Part, write
from em_impute.pipeline.scan import PartRead
from em_impute.pipeline.types import ColumnResult, InputTable, no_fills
from em_impute.table.dialect import Dialect
from em_impute.table.long import NUMBERING, Records, patch_long
from em_impute.table.output import WrittenFile
from em_impute.table.patch import Portion, encoded, in_portions, splice
from em_impute.table.read import Table
from em_impute.table.source import Source
from em_impute.table.text import shown_path


@dataclass(frozen=True)
class ColumnFiller:
    """How a column is filled."""

    column: int
    name: str
    labels: tuple[str, ...]
    label_of: Mapping[str, int]
    """of every text of the column, −1 where it is missing"""
    model: Model | None
    """None where nothing is missing"""
    draws: ModelDraws | None = None
    """what labels are drawn by; None where the most probable ones are filled in"""


class Form(NamedTuple):
    """In what form a completed part is given."""

    long: bool = False  # All imputations go into one file, below the rows as they were read.
    tells_changes: bool = False  # The changed cells are part of the result.


ONE_TABLE = Form()


class FillPlan(NamedTuple):
    """How every part is filled."""

    reading: ReadPlan
    fillers: tuple[ColumnFiller, ...]
    form: Form


class PartResult(NamedTuple):
    """A part, completed."""

    number: int
    files: list[WrittenFile]
    totals: dict[int, CellCounts]  # of each column that was filled
    changes: dict[int, list[bytes]]  # of each, lines of CSV on changed cells, compressed; only where they are told


class _Chunk(NamedTuple):
    """Rows of a part that were filled."""

    opened: InputTable
    completions: list[ColumnResult]
    is_first: bool


class _Pass(NamedTuple):
    """What one pass over a part goes by."""

    source: Source
    part: Part
    plan: FillPlan
    read: PartRead
    n_before: int  # rows of the table before the part
    result: PartResult


def fill_part(part: Part, what: tuple[FillPlan, PartRead, int]) -> PartResult:
    """Complete a part and write it, whole or not at all.

    `what` says how, what it was when it was read, and how many rows the parts before it have.  A part that is written
    several times, drawn anew each time, is gone through as often.  Raises `TableError` where it is no longer the same,
    `OutputError` where it cannot be written.
    """
    plan, read, n_before = what
    result = PartResult(part.number, [], {one.column: no_cells(len(one.labels)) for one in plan.fillers}, {})
    with in_part(part, plan.reading), opened_part(part, plan.reading) as (source, dialect):
        one = _Pass(source, part, plan, read, n_before, result)
        contents = _long_table(one, dialect) if plan.form.long else _tables(one, dialect)
        for output in part.outputs:
            result.files.append(write(output, next(contents)))
        if not part.outputs:
            deque(next(contents), maxlen=0)
    return result


def _tables(one: _Pass, dialect: Dialect) -> Iterator[Iterator[bytes]]:
    """Yield the completed part, drawn anew each time where labels are drawn."""
    for number in count():
        source, read = read_along(one.source, dialect, one.part, one.plan.reading)
        chunks = _filled_chunks(one, read, number, counts=number == 0)
        portions = chain.from_iterable(_portions(chunk, one.plan) for chunk in chunks)
        yield encoded(splice(source, portions, expect_sha256=one.read.sha256), dialect)


def _portions(chunk: _Chunk, plan: FillPlan) -> Iterator[Portion]:
    table = chunk.opened.table
    edits = make_edits(chunk.opened, chunk.completions, plan.reading.request)
    return in_portions(edits, 0 if chunk.is_first else table.start, table.stop)


def _long_table(one: _Pass, dialect: Dialect) -> Iterator[Iterator[bytes]]:
    """Yield the only table: the part as it was read and every imputation of it, one below the other."""
    request = one.plan.reading.request
    refuse_taken(dialect, one.part.name, NUMBERING)

    def records(version: int) -> Iterator[Records]:
        read = table_chunks(one.part, one.plan.reading, record_starts=True)
        for chunk in _filled_chunks(one, read, max(0, version - 1), counts=version == 1):
            yield make_records(chunk.opened, chunk.completions, request, version)

    versions = map(records, range(request.imputations + 1))
    yield patch_long(one.source, dialect, versions, expect_sha256=one.read.sha256)


def _filled_chunks(one: _Pass, read: Iterable[Table], number: int, *, counts: bool) -> Iterator[_Chunk]:
    """Fill chunk after chunk, by this draw if labels are drawn; if it `counts`, the result tells of it."""
    plan, part, result, first_row = one.plan, one.part, one.result, 0
    models = [filler.model for filler in plan.fillers if filler.model]
    for chunk in read:
        is_first = first_row == 0
        targets = {
            column: replace(target, quotes_always=one.read.quotes_always[column])
            for column, target in chunk.targets.items()
        }
        # Names of columns that are added go to the header once.
        dialect = chunk.dialect if is_first else replace(chunk.dialect, has_header=False)
        table = with_groups(replace(chunk, targets=targets, dialect=dialect), models)
        opened = InputTable(one.source, part.name, table, [*targets], table.dialect.names, 0.0)
        completions = []
        for filler in plan.fillers:
            completion, counted = _filled(table, filler, plan.reading.request, (number, one.n_before + first_row), part)
            completions.append(completion)
            if counts:
                result.totals[filler.column] = result.totals[filler.column].merged(counted)
            if counts and plan.form.tells_changes:
                before = [part.name] * (plan.reading.n_parts > 1)
                lines = b"".join(changed_cells(opened, completion, *before))
                result.changes.setdefault(filler.column, []).append(zlib.compress(lines, 1))
        yield _Chunk(opened, completions, is_first)
        first_row += table.n_rows


def _filled(
    table: Table, one: ColumnFiller, request: Request, drawn: tuple[int, int], part: Part
) -> tuple[ColumnResult, CellCounts]:
    """Choose labels for the rows of a chunk, or draw them: `drawn` is which draw, and the place of the first row."""
    number, first_row = drawn
    target, n_labels = table.targets[one.column], len(one.labels)
    label = label_codes(target, one.label_of, shown_path(part.name))
    labels = Labels(one.labels, label, (0,) * n_labels, {}, ())
    if one.model is None:
        return ColumnResult(one.column, one.name, labels, no_fills(n_labels)), no_cells(n_labels)
    row, table = np.flatnonzero(label < 0), one.model.prepared(table)
    imputing = None if one.draws is None else Imputing(one.draws, [number], request.seed, first_row)
    done = fill_by_model(one.model, table, row, n_labels, request, imputing)
    counted = count_cells(done.fills, done.entropy, table.line_of, done.without_predictors, part=part.number)
    counted = replace(counted, by_group=count_by_group(table.groups, label))
    return ColumnResult(one.column, one.name, labels, done.fills, done.probability), counted
