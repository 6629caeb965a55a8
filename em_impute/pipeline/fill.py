"""The whole story of a table in parts: read -> sample -> fit, over all rows where one mixture is asked for -> fill."""

import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import accumulate
from typing import NamedTuple, TypeVar

from em_impute.columns.weights import refuse_no_weight
from em_impute.ensemble.candidates import MAX_REFIT
from em_impute.errors import FitError
from em_impute.model.fills import CellCounts, no_cells
from em_impute.options import Request
from em_impute.pipeline.apply import elsewhere, fitted_to
from em_impute.pipeline.backends import MapParts, dask_parts, serial_parts
from em_impute.pipeline.chunks import ReadPlan, forget
from em_impute.pipeline.complete import Clock
from em_impute.pipeline.files import Part, called, opened
from em_impute.pipeline.fill_chunk import ONE_TABLE, FillPlan, Form, PartResult, fill_part
from em_impute.pipeline.fit_sample import (
    START_ROWS,
    ColumnOfParts,
    ScanResult,
    apply_to_column,
    fit_column_of_parts,
)
from em_impute.pipeline.open import Progress, look_at, read_options, unique_names
from em_impute.pipeline.sample import Wanted
from em_impute.pipeline.save import model_of_columns
from em_impute.pipeline.scan import RowSummary, bounds, scan_part
from em_impute.saved_model.store import SavedModel, TrainingTable

SAMPLE_BYTES, SAMPLE_CELLS = 24 << 20, 4_000_000
"""Of either kind of rows, that one process has room for."""

SAMPLE_PART = 0.1
DRAWN_BYTES, DRAWN_CELL_BYTES = 100, 16
"""Part of --max-memory that the rows drawn may take, and what each of them does beside its record."""

R = TypeVar("R")

Backend = Callable[[Callable[[], None]], AbstractContextManager[MapParts]]
"""Opens workers, which are told in the end to forget what they kept."""


@dataclass(frozen=True)
class PartsResult(ScanResult):
    """All columns, completed in all parts."""

    columns: tuple[ColumnOfParts, ...]
    totals: tuple[CellCounts, ...]
    """of each column"""
    filled: tuple[PartResult, ...]
    timings: dict[str, float]


class Room(NamedTuple):
    """What memory there is."""

    keep_bytes: int | None = None  # for a worker to keep from one pass to the next; None is a share of what it has
    max_memory: int | None = None  # in all, if the user said so


def backend(name: str, scheduler: str | None, n_workers: int | None) -> Backend:
    """Choose where the parts are worked on."""
    if name == "serial":
        return serial_parts
    return partial(dask_parts, scheduler, n_workers)


def complete_parts(
    request: Request,
    parts: Sequence[Part],
    workers: Backend,
    room: Room,
    progress: Progress,
    saved: tuple[SavedModel, str] | None = None,
    form: Form = ONE_TABLE,
) -> PartsResult:
    """Complete every column that was asked for, in every part, and write the parts.

    With a `saved` model, and the path it came from, nothing is fitted.
    """
    first = parts[0].name
    with opened(parts[0]) as raw:
        source, dialect = look_at(raw, request)
        header, data = source.read(0, dialect.data_offset), source.read(dialect.data_offset, 1 << 20)
    if saved is not None:
        model, request = fitted_to(saved[0], request, dialect, first)
        saved = replace(model, columns=tuple(map(elsewhere, model.columns))), saved[1]
    options, names = read_options(request, dialect, first), unique_names(dialect.names)
    weights = None if options["weights"] is None else names[options["weights"]]
    run = secrets.token_hex(8)
    plan = ReadPlan(run, request, first, dialect, len(parts), room.keep_bytes, weights)
    wanted = _wanted(len(names), max(1.0, len(data) / max(1, data.count(b"\n"))), request, room.max_memory)
    with workers(partial(forget, run)) as map_parts:
        clock = Clock()
        summary = _read(parts, plan, wanted, map_parts, progress)
        clock.lap("read")
        if not summary.n_rows:
            raise FitError(f"{called(parts)} has a header but no rows to learn from", "add rows below the header")
        if weights is not None and summary.weights is not None:
            refuse_no_weight(weights, summary.weights)
        scan = ScanResult(parts, plan, wanted, header, names, summary)
        if saved is None:
            columns = tuple(fit_column_of_parts(scan, column, map_parts, progress) for column in options["targets"])
        else:
            columns = tuple(apply_to_column(scan, column, saved, at) for at, column in enumerate(options["targets"]))
        clock.lap("fit")
        fillers = tuple(one.filler for one in columns)
        reading = plan.for_models([one.model for one in fillers if one.model])
        before = accumulate([0, *(part.rows for part in summary.parts)])
        plans = (FillPlan(reading, fillers, form, *one) for one in zip(summary.parts, before, strict=False))
        filled = tuple(_watched(map_parts(fill_part, parts, plans), parts, "writing", progress))
        clock.lap("patch")
    totals = tuple(
        reduce(CellCounts.merged, (part.totals[one.filler.column] for part in filled), no_cells(len(one.filler.labels)))
        for one in columns
    )
    return PartsResult(**vars(scan), columns=columns, totals=totals, filled=filled, timings=clock.laps)


def _wanted(n_columns: int, record_bytes: float, request: Request, max_memory: int | None) -> Wanted:
    """Say how many rows of either kind are drawn: as many as the fit has use for and one process has room for.

    Only what the user said of memory counts, not what there is: the same parts are filled alike on every machine.
    """
    # EM over all rows needs of a sample only where to begin.
    most = min(
        START_ROWS if request.names_one_mixture else MAX_REFIT, SAMPLE_BYTES / record_bytes, SAMPLE_CELLS / n_columns
    )
    if max_memory is not None:
        a_row = 2 * (record_bytes + DRAWN_BYTES + DRAWN_CELL_BYTES * n_columns)  # of either kind
        most = min(most, SAMPLE_PART * max_memory / a_row)
    return Wanted(int(most), request.seed)


def _read(parts: Sequence[Part], plan: ReadPlan, wanted: Wanted, map_parts: MapParts, progress: Progress) -> RowSummary:
    """Read all parts.  Those that are handed out later are told which rows can no longer be drawn."""
    total: RowSummary | None = None
    what = ((plan, wanted, bounds(total, wanted)) for _ in parts)
    for one in _watched(map_parts(scan_part, parts, what), parts, "reading", progress):
        total = one if total is None else total.plus(one, wanted)
    if total is None:
        raise AssertionError("a table has at least one part")
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


def changes_of(filled: PartsResult) -> Iterator[bytes]:
    """Yield the changed cells of all parts as lines of CSV, column by column."""
    for column in filled.columns:
        for part in filled.filled:
            yield from map(zlib.decompress, part.changes.get(column.filler.column, []))
