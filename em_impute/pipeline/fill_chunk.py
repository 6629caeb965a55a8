"""The last pass over a part: its rows' labels by what was learnt, its bytes with the missing cells filled."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from em_impute.columns.labels import Labels
from em_impute.model.fills import CellCounts, count_cells, no_cells
from em_impute.model.predict import Model
from em_impute.pipeline.apply import fill_by_model
from em_impute.pipeline.chunks import ReadPlan, in_part, opened_part, table_chunks
from em_impute.pipeline.edits import make_edits
from em_impute.pipeline.files import Part, write
from em_impute.pipeline.scan import PartRead
from em_impute.pipeline.types import ColumnResult, InputTable, no_fills
from em_impute.table.output import WrittenFile
from em_impute.table.patch import Portion, encoded, in_portions, splice
from em_impute.table.read import Table
from em_impute.table.source import Source


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


class PartResult(NamedTuple):
    """A part, completed."""

    number: int
    file: WrittenFile | None  # None where nothing was to be written
    totals: dict[int, CellCounts]  # of each column that was filled


def fill_part(part: Part, what: tuple[ReadPlan, tuple[ColumnFiller, ...], PartRead]) -> PartResult:
    """Complete a part and write it, whole or not at all; `what` says how, with what, and what it was when it was read.

    Raises `TableError` where it is no longer the same, `OutputError` where it cannot be written.
    """
    plan, fillers, read = what
    totals = {one.column: no_cells(len(one.labels)) for one in fillers}
    with in_part(part, plan), opened_part(part, plan) as (source, dialect):
        portions = _portions(source, part, plan, fillers, read, totals)
        changed = splice(source, portions, expect_sha256=read.sha256)
        if part.output:
            return PartResult(part.number, write(part.output, encoded(changed, dialect)), totals)
        deque(changed, maxlen=0)
        return PartResult(part.number, None, totals)


def _portions(
    source: Source,
    part: Part,
    plan: ReadPlan,
    fillers: Iterable[ColumnFiller],
    read: PartRead,
    totals: dict[int, CellCounts],
) -> Iterator[Portion]:
    """Fill chunk after chunk, adding up what was filled, and yield the edits in blocks."""
    is_first = True
    for chunk in table_chunks(part, plan):
        table = replace(
            chunk,
            targets={
                column: replace(target, quotes_always=read.quotes_always[column])
                for column, target in chunk.targets.items()
            },
            # Names of columns that are added go to the header once.
            dialect=chunk.dialect if is_first else replace(chunk.dialect, has_header=False),
        )
        completions = []
        for one in fillers:
            completion, found = _filled(table, one, part.number, plan)
            totals[one.column] = totals[one.column].merged(found)
            completions.append(completion)
        opened = InputTable(source, part.path, table, [one.column for one in fillers], table.dialect.names, 0.0)
        yield from in_portions(
            make_edits(opened, completions, plan.request), 0 if is_first else table.start, table.stop
        )
        is_first = False


def _filled(table: Table, one: ColumnFiller, part: int, plan: ReadPlan) -> tuple[ColumnResult, CellCounts]:
    """Choose labels for the rows of a chunk."""
    target, n_labels = table.targets[one.column], len(one.labels)
    label = np.array([one.label_of[text] for text in target.texts], np.intp)[target.code]
    labels = Labels(one.labels, label, (0,) * n_labels, {}, ())
    if one.model is None:
        return ColumnResult(one.column, one.name, labels, no_fills(n_labels)), no_cells(n_labels)
    row = np.flatnonzero(label < 0)
    done = fill_by_model(one.model, table, row, n_labels, plan.request)
    totals = count_cells(done.fills, done.entropy, table.line_of, done.without_predictors, part=part)
    return ColumnResult(one.column, one.name, labels, done.fills, done.probability), totals
