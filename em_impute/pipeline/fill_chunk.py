"""The last pass over a part: its rows' labels by what was learnt, its bytes with the missing cells filled."""

import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import NamedTuple

import numpy as np

from em_impute.columns.labels import Labels
from em_impute.model.draws import ModelDraws
from em_impute.model.fills import CellCounts, Imputing, count_cells, fill_rows, no_cells, no_fills
from em_impute.model.predict import Model
from em_impute.options import Request
from em_impute.pipeline.chunks import ReadPlan, in_part, label_codes, opened_part, read_along
from em_impute.pipeline.complete import ColumnResult
from em_impute.pipeline.edits import changed_cells, long_portions, make_edits, refuse_taken
from em_impute.pipeline.files import Part, write
from em_impute.pipeline.open import InputTable
from em_impute.pipeline.scan import PartRead
from em_impute.table.dialect import Dialect
from em_impute.table.long import NUMBERING, patch_long
from em_impute.table.output import WrittenFile
from em_impute.table.patch import Portion, encoded, in_portions, splice
from em_impute.table.read import Table
from em_impute.table.source import Source, independent
from em_impute.table.text import shown_path


class ColumnFiller(NamedTuple):
    """How a column is filled."""

    column: int
    name: str
    labels: tuple[str, ...]
    label_of: Mapping[str, int]  # of every text of the column, −1 where it is missing
    model: Model | None  # None where nothing is missing
    draws: ModelDraws | None = None  # None where the most probable labels are filled in


class Form(NamedTuple):
    """In what form a completed part is given."""

    long: bool = False  # All imputations go into one file, below the rows as they were read.
    tells_changes: bool = False  # The changed cells are part of the result.


ONE_TABLE = Form()


class FillPlan(NamedTuple):
    """How a part is filled."""

    reading: ReadPlan
    fillers: tuple[ColumnFiller, ...]
    form: Form
    read: PartRead  # what it was when it was read
    n_before: int  # rows of the table before it


class PartResult(NamedTuple):
    """A part, completed."""

    number: int
    files: list[WrittenFile]
    totals: dict[int, CellCounts]  # of each column that was filled
    changes: dict[int, list[bytes]]  # of each, lines of CSV on changed cells, compressed; only where they are told


@dataclass(frozen=True)
class _Pass:
    """What the passes over a part go by."""

    source: Source
    dialect: Dialect
    part: Part
    plan: FillPlan
    result: PartResult

    def tables(self) -> Iterator[Iterator[bytes]]:
        """Yield the completed part, drawn anew each time where labels are drawn.

        In the long form there is one: the part as it was read and every imputation of it, one below the other.
        """
        request, sha256 = self.plan.reading.request, self.plan.read.sha256
        if self.plan.form.long:
            refuse_taken(self.dialect, self.part.name, NUMBERING)
            versions = map(self._version, range(request.imputations + 1))
            yield patch_long(independent(self.source), self.dialect, versions, expect_sha256=sha256)
            return
        for number in count():
            source, read = read_along(self.source, self.dialect, self.part, self.plan.reading)
            yield encoded(splice(source, self._portions(read, number), expect_sha256=sha256), self.dialect)

    def _portions(self, read: Iterable[Table], number: int) -> Iterator[Portion]:
        for at, (opened, completions) in enumerate(self._filled_chunks(read, number, counts=number == 0)):
            edits = make_edits(opened, completions, self.plan.reading.request)
            yield from in_portions(edits, opened.table.start if at else 0, opened.table.stop)

    def _version(self, number: int) -> Iterator[Portion]:
        _, read = read_along(self.source, self.dialect, self.part, self.plan.reading)
        for opened, completions in self._filled_chunks(read, max(0, number - 1), counts=number == 1):
            yield from long_portions(opened, completions, self.plan.reading.request, number)

    def _filled_chunks(
        self, read: Iterable[Table], number: int, *, counts: bool
    ) -> Iterator[tuple[InputTable, list[ColumnResult]]]:
        """Fill chunk after chunk, by this draw if labels are drawn; if it `counts`, the result tells of it."""
        plan, name, totals, first_row = self.plan, self.part.name, self.result.totals, self.plan.n_before
        for chunk in read:
            targets = {
                column: replace(target, quotes_always=plan.read.quotes_always[column])
                for column, target in chunk.targets.items()
            }
            table = replace(chunk, targets=targets)
            opened = InputTable(self.source, name, table, [*targets], self.dialect.names, 0.0)
            completions = []
            for filler in plan.fillers:
                completion, counted = _filled(table, filler, plan.reading.request, (number, first_row), self.part)
                completions.append(completion)
                if counts:
                    totals[filler.column] = totals[filler.column].merged(counted)
                if counts and plan.form.tells_changes:
                    lines = b"".join(changed_cells(opened, completion, *[name] * (plan.reading.n_parts > 1)))
                    self.result.changes.setdefault(filler.column, []).append(zlib.compress(lines, 1))
            yield opened, completions
            first_row += table.n_rows


def fill_part(part: Part, plan: FillPlan) -> PartResult:
    """Complete a part and write it, whole or not at all.

    One that is written several times, drawn anew each time, is gone through as often.  Raises `TableError` where it is
    no longer what it was when it was read, `OutputError` where it cannot be written.
    """
    result = PartResult(part.number, [], {one.column: no_cells(len(one.labels)) for one in plan.fillers}, {})
    with in_part(part, plan.reading), opened_part(part, plan.reading) as (source, dialect):
        contents = _Pass(source, dialect, part, plan, result).tables()
        for output in part.outputs:
            result.files.append(write(output, next(contents)))
        if not part.outputs:
            deque(next(contents), maxlen=0)
    return result


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
    fills = fill_rows(one.model.say(table, row), row, n_labels, request, imputing)
    fills = fills._replace(drawn=None)  # a pass is one draw, whichever number it has
    counted = count_cells(fills, table.line_of, part=part.number)
    return ColumnResult(one.column, one.name, labels, fills), counted.with_groups(table.groups, label)
