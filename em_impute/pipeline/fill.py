"""The whole story of a table in parts: read -> sample -> fit, over all rows where one mixture is asked for -> fill."""

import os
import secrets
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import accumulate, count
from pathlib import Path
from time import perf_counter
from typing import NamedTuple, TypeVar

import numpy as np

from em_impute.columns.labels import Labels
from em_impute.columns.weights import refuse_no_weight
from em_impute.errors import FitError, option
from em_impute.model.fills import CellCounts, Imputing, count_cells, fill_rows, no_cells, no_fills
from em_impute.options import Request
from em_impute.pipeline.apply import elsewhere, fitted_to
from em_impute.pipeline.backends import MapParts, dask_parts, serial_parts
from em_impute.pipeline.complete import ColumnResult
from em_impute.pipeline.edits import changed_cells, long_portions, make_edits, refuse_taken
from em_impute.pipeline.fit_parts import ColumnFiller, ColumnOfParts, ScanResult, apply_to_column, fit_column_of_parts
from em_impute.pipeline.memory import default_limit, room_to_keep
from em_impute.pipeline.open import InputTable, Progress, read_options, unique_names
from em_impute.pipeline.parts import Part, ReadPlan, called, forget, label_codes, open_as_planned, read_along
from em_impute.pipeline.save import model_of_columns
from em_impute.pipeline.scan import PartRead, RowSummary, Sample, bounds_of, rows_to_draw, scan_part
from em_impute.saved_model.store import SavedModel, TrainingTable
from em_impute.table.dialect import Dialect, detect_dialect
from em_impute.table.output import WrittenFile, output_errors, write_atomically, write_to_stdout
from em_impute.table.patch import NUMBERING, Portion, encoded, in_portions, patch_long, splice
from em_impute.table.read import Table
from em_impute.table.source import Source, open_source
from em_impute.table.text import shown_path

R = TypeVar("R")


class FillPlan(NamedTuple):
    """How a part is filled."""

    reading: ReadPlan
    fillers: tuple[ColumnFiller, ...]
    long: bool  # all imputations go into one file, below the rows as they were read
    tells_changes: bool  # the changed cells are part of the result
    read: PartRead  # what it was when it was read
    n_before: int  # rows of the table before it


class PartResult(NamedTuple):
    """A part, completed."""

    files: list[WrittenFile]
    totals: dict[int, CellCounts]  # of each column that was filled
    changes: dict[int, list[bytes]]  # of each, lines of CSV on changed cells, compressed; only where they are told


@dataclass(frozen=True)
class PartsResult(ScanResult):
    """All columns, completed in all parts."""

    columns: tuple[ColumnOfParts, ...]
    totals: tuple[CellCounts, ...]  # of each column
    filled: tuple[PartResult, ...]
    timings: dict[str, float]


class Workers(NamedTuple):
    """Where the parts are worked on, and what memory there is."""

    open: Callable[[Callable[[], None]], AbstractContextManager[MapParts]]  # they forget in the end what they kept
    keep_bytes: int | None  # for each to keep from one pass to the next; None is a share of what it has
    max_memory: int | None = None  # in all, if the user said so


def workers_of(name: str, scheduler: str | None, n_workers: int | None, max_memory: int | None) -> Workers:
    """Choose where the parts are worked on.  A cluster that runs elsewhere has memory of its own."""
    if scheduler is not None:
        return Workers(partial(dask_parts, scheduler, None), None, max_memory)
    limit, several = max_memory or default_limit(), n_workers or os.cpu_count() or 1
    if name == "dask":
        return Workers(partial(dask_parts, None, several), room_to_keep(limit, several), max_memory)
    return Workers(serial_parts, room_to_keep(limit, 1), max_memory)


def complete_parts(
    request: Request,
    parts: Sequence[Part],
    workers: Workers,
    progress: Progress,
    saved: tuple[SavedModel, str] | None = None,
    *,
    long: bool = False,
    tells_changes: bool = False,
) -> PartsResult:
    """Complete every column that was asked for, in every part, and write the parts.

    With a `saved` model, and the path it came from, nothing is fitted.
    """
    first = parts[0].name
    with open_source(parts[0].path, name=first) as raw:
        source, dialect = detect_dialect(raw, request)
        header, data = source.read(0, dialect.data_offset), source.read(dialect.data_offset, 1 << 20)
    if saved is not None:
        model, request = fitted_to(saved[0], request, dialect, first)
        saved = replace(model, columns=tuple(map(elsewhere, model.columns))), saved[1]
    options, names = read_options(request, dialect, first), unique_names(dialect.names)
    weights = None if options["weights"] is None else names[options["weights"]]
    run = secrets.token_hex(8)
    plan = ReadPlan(run, request, first, dialect, len(parts), workers.keep_bytes, weights)
    size = rows_to_draw(len(names), max(1.0, len(data) / max(1, data.count(b"\n"))), request, workers.max_memory)
    with workers.open(partial(forget, run)) as map_parts:
        began = perf_counter()
        summary = _read(parts, plan, size, map_parts, progress)
        read = perf_counter()
        if not summary.n_rows:
            raise FitError(f"{called(parts)} has a header but no rows to learn from", "add rows below the header")
        if weights is not None and summary.weights is not None:
            refuse_no_weight(weights, summary.weights)
        scan = ScanResult(parts, plan, size, header, names, summary)
        if saved is None:
            columns = tuple(fit_column_of_parts(scan, column, map_parts, progress) for column in options["targets"])
        else:
            columns = tuple(apply_to_column(scan, column, saved, at) for at, column in enumerate(options["targets"]))
        fitted = perf_counter()
        fillers = tuple(one.filler for one in columns)
        reading = plan.for_models([one.model for one in fillers if one.model])
        before = accumulate([0, *(part.rows for part in summary.parts)])
        plans = (
            FillPlan(reading, fillers, long, tells_changes, *one) for one in zip(summary.parts, before, strict=False)
        )
        filled = tuple(_watched(map_parts(_fill_part, parts, plans), parts, "writing", progress))
    timings = {"read": read - began, "fit": fitted - read, "patch": perf_counter() - fitted}
    totals = tuple(
        reduce(CellCounts.merged, (part.totals[one.filler.column] for part in filled), no_cells(len(one.filler.labels)))
        for one in columns
    )
    return PartsResult(**vars(scan), columns=columns, totals=totals, filled=filled, timings=timings)


def _read(parts: Sequence[Part], plan: ReadPlan, size: int, map_parts: MapParts, progress: Progress) -> RowSummary:
    """Read all parts.  Those that are handed out later are told which rows can no longer be drawn."""
    samples: dict[int, Sample] = {}
    what = ((plan, size, {column: bounds_of(one, size) for column, one in samples.items()}) for _ in parts)
    found = _watched(map_parts(scan_part, parts, what), parts, "reading", progress)
    total: RowSummary
    for total in accumulate(found, partial(RowSummary.plus, size=size)):
        samples |= total.samples
    return total


def _watched(found: Iterable[R], parts: Sequence[Part], stage: str, progress: Progress) -> Iterator[R]:
    """Tell of every part for which there is a result."""
    for done, one in enumerate(found, start=1):
        progress(stage, done / len(parts), f"part {done} of {len(parts)}")
        yield one


def model_of_parts(filled: PartsResult, request: Request, fitted_at: str) -> SavedModel:
    """Keep what fills the columns of a table in parts, each of which is a table that was learnt from."""
    columns = tuple(column.saved for column in filled.columns if column.saved is not None)
    sources = tuple(
        TrainingTable(part.name, read.sha256, read.rows, fitted_at)
        for part, read in zip(filled.parts, filled.summary.parts, strict=True)
    )
    return model_of_columns(columns, sources, request)


def _fill_part(part: Part, plan: FillPlan) -> PartResult:
    """Complete a part and write it, whole or not at all.

    One that is written several times, drawn anew each time, is gone through as often.  Raises `TableError` where it is
    no longer what it was when it was read, `OutputError` where it cannot be written.
    """
    result = PartResult([], {one.column: no_cells(len(one.labels)) for one in plan.fillers}, {})
    with open_as_planned(part, plan.reading) as (source, dialect):
        tables = _completed(source, dialect, part, plan, result)
        for output in part.outputs:
            result.files.append(_write(output, next(tables)))
        if not part.outputs:
            deque(next(tables), maxlen=0)
    return result


def _write(path: str, blocks: Iterable[bytes]) -> WrittenFile:
    """Write a part whole or not at all.  Raises `OutputError`."""
    if not path:
        return write_to_stdout(blocks)
    with output_errors(f"cannot write {shown_path(path)}", f"name another folder with {option('output')}"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    return write_atomically(path, blocks)


def _completed(
    source: Source, dialect: Dialect, part: Part, plan: FillPlan, result: PartResult
) -> Iterator[Iterator[bytes]]:
    """Yield the completed part, drawn anew each time where labels are drawn; the first time counts for the `result`.

    In the long form there is one: the part as it was read and every imputation of it, one below the other.
    """
    request, sha256 = plan.reading.request, plan.read.sha256

    def filled(number: int, *, counts: bool) -> Iterator[tuple[InputTable, list[ColumnResult]]]:
        """Fill chunk after chunk, by this draw if labels are drawn."""
        first_row = plan.n_before
        for chunk in read_along(source, dialect, part, plan.reading):
            targets = {
                column: replace(target, quotes_always=plan.read.quotes_always[column])
                for column, target in chunk.targets.items()
            }
            table = replace(chunk, targets=targets)
            opened = InputTable(source, part.name, table, [*targets], dialect.names, 0.0)
            completions = [_filled(table, one, request, (number, first_row), part) for one in plan.fillers]
            for completion in completions if counts else ():
                _count(opened, completion, part, plan, result)
            yield opened, completions
            first_row += table.n_rows

    def portions(number: int) -> Iterator[Portion]:
        for at, (opened, completions) in enumerate(filled(number, counts=number == 0)):
            edits = make_edits(opened, completions, request)
            yield from in_portions(edits, opened.table.start if at else 0, opened.table.stop)

    def version(number: int) -> Iterator[Portion]:
        for opened, completions in filled(max(0, number - 1), counts=number == 1):
            yield from long_portions(opened, completions, request, number)

    if plan.long:
        refuse_taken(dialect, part.name, NUMBERING)
        versions = map(version, range(request.imputations + 1))
        yield patch_long(source, dialect, versions, expect_sha256=sha256)
        return
    for number in count():
        yield encoded(splice(source, portions(number), expect_sha256=sha256), dialect)


def _filled(table: Table, one: ColumnFiller, request: Request, drawn: tuple[int, int], part: Part) -> ColumnResult:
    """Choose labels for the rows of a chunk, or draw them: `drawn` is which draw, and the place of the first row."""
    number, first_row = drawn
    label = label_codes(table.targets[one.column], one.label_of, shown_path(part.name))
    labels = Labels(one.labels, label, (0,) * len(one.labels), {}, ())
    if one.model is None:
        return ColumnResult(one.column, one.name, labels, no_fills(len(one.labels)))
    row, table = np.flatnonzero(label < 0), one.model.prepared(table)
    imputing = None if one.draws is None else Imputing(one.draws, [number], request.seed, first_row)
    fills = fill_rows(one.model.say(table, row), row, len(one.labels), request, imputing)
    return ColumnResult(one.column, one.name, labels, fills._replace(drawn=None))  # a pass is one draw, whichever


def _count(opened: InputTable, completion: ColumnResult, part: Part, plan: FillPlan, result: PartResult) -> None:
    """Add what became of the cells of a chunk to the `result`."""
    column, table = completion.column, opened.table
    counted = count_cells(completion.fills, table.line_of, part=part.number)
    counted = counted.with_groups(table.groups, completion.labels.label)
    result.totals[column] = result.totals[column].merged(counted)
    if plan.tells_changes:
        lines = b"".join(changed_cells(opened, completion, *[part.name] * (plan.reading.n_parts > 1)))
        result.changes.setdefault(column, []).append(zlib.compress(lines, 1))


def changes_of(filled: PartsResult) -> Iterator[bytes]:
    """Yield the changed cells of all parts as lines of CSV, column by column."""
    for column in filled.columns:
        for part in filled.filled:
            yield from map(zlib.decompress, part.changes.get(column.filler.column, []))
