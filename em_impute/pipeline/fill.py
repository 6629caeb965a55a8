"""The whole story of a table in parts: read -> sample -> fit, over all rows where one mixture is asked for -> fill."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from time import perf_counter
from typing import NamedTuple

from em_impute.ensemble.budget import MAX_REFIT
from em_impute.environment import version
from em_impute.errors import FitError
from em_impute.options import Request
from em_impute.pipeline.apply import elsewhere, fitted_to
from em_impute.pipeline.backends import MapParts, dask_parts, serial_parts
from em_impute.pipeline.chunks import How, forget, refuse_same_column, shape_of
from em_impute.pipeline.complete import Watch, look_at, unique_names
from em_impute.pipeline.files import Part, called, opened
from em_impute.pipeline.fill_chunk import Filling, PartFilled, Totals, fill_part, nothing
from em_impute.pipeline.fit_sample import (
    START_ROWS,
    ColumnOfParts,
    FromFile,
    Head,
    Story,
    apply_to_column,
    learn_column,
)
from em_impute.pipeline.sample import Wanted
from em_impute.pipeline.scan import Summary, bounds, merge, summarise, trimmed_summary
from em_impute.saved_model.values import Reading, SavedModel, Source
from em_impute.table.dialect import Dialect, find_column

__all__ = ["Backend", "Filled", "Room", "backend", "complete_parts", "model_of_parts"]

SAMPLE_BYTES, SAMPLE_CELLS = 24 << 20, 4_000_000
"""Of either kind of rows, that one process has room for."""

SAMPLE_PART = 0.1
DRAWN_BYTES, DRAWN_CELL_BYTES = 100, 16
"""Part of --max-memory that the rows drawn may take, and what each of them does beside its record."""

Backend = Callable[[Callable[[], None]], AbstractContextManager[MapParts]]
"""Opens workers, which are told in the end to forget what they kept."""


@dataclass(frozen=True)
class Filled:
    """All columns, completed in all parts."""

    parts: tuple[Part, ...]
    dialect: Dialect
    names: Sequence[str]
    summary: Summary
    columns: tuple[ColumnOfParts, ...]
    totals: tuple[Totals, ...]
    """of each column"""
    filled: tuple[PartFilled, ...]
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
    run: str,
    workers: Backend,
    room: Room,
    watch: Watch,
    saved: FromFile | None = None,
) -> Filled:
    """Complete every column that was asked for, in every part, and write the parts.

    `run` is a name that no other run has.  With a `saved` model nothing is fitted.
    """
    head = _look_at(parts[0], request)
    if saved is not None:
        model, request = fitted_to(saved.model, request, head.dialect, parts[0].path)
        saved = saved._replace(model=replace(model, columns=tuple(map(elsewhere, model.columns))))
    refuse_same_column(head.dialect, request, parts[0].path)
    names = unique_names(head.dialect.names)
    targets = [find_column(head.dialect, column, parts[0].path) for column in request.columns]
    shape = shape_of(parts[0], head.dialect)
    how = How(run, request, head.dialect.delimiter, shape, len(parts), room.keep_bytes)
    timings = {}
    with workers(partial(forget, run)) as map_parts:
        began = perf_counter()
        wanted = _wanted(head, request, room.max_memory)
        summary = _read(parts, how, wanted, map_parts, watch)
        timings["read"] = perf_counter() - began
        if not summary.n_rows:
            raise FitError(f"{called(parts)} has a header but no rows to learn from", "add rows below the header")
        story = Story(parts, how, wanted, head, names, summary)
        if saved is None:
            columns = tuple(learn_column(story, column, map_parts, watch) for column in targets)
        else:
            columns = tuple(apply_to_column(story, column, saved, at) for at, column in enumerate(targets))
        timings["fit"] = perf_counter() - began - timings["read"]
        filled = tuple(_fill(parts, _reading_used(how, columns), columns, summary, map_parts, watch))
        timings["patch"] = perf_counter() - began - timings["read"] - timings["fit"]
    totals = tuple(_total(one.filling, filled) for one in columns)
    return Filled(tuple(parts), head.dialect, names, summary, columns, totals, filled, timings)


def _look_at(part: Part, request: Request) -> Head:
    """Find how the parts are to be read, and about how long a record is.  Raises what a single file would."""
    with opened(part.path) as raw:
        source, dialect = look_at(raw, request)
        source.file.seek(0)
        head = source.file.read(dialect.data_offset)
        data = source.file.read(1 << 20)
    return Head(dialect, head, max(1.0, len(data) / max(1, data.count(b"\n"))))


def _wanted(head: Head, request: Request, max_memory: int | None) -> Wanted:
    """Say how many rows of either kind are drawn: as many as the fit has use for and one process has room for.

    Only what the user said of memory counts, not what there is: the same parts are filled alike on every machine.
    """
    n_columns = len(head.dialect.names)
    # EM over all rows needs of a sample only where to begin.
    most = min(
        START_ROWS if request.names_one_mixture else MAX_REFIT,
        SAMPLE_BYTES / head.record_bytes,
        SAMPLE_CELLS / n_columns,
    )
    if max_memory is not None:
        a_row = 2 * (head.record_bytes + DRAWN_BYTES + DRAWN_CELL_BYTES * n_columns)  # of either kind
        most = min(most, SAMPLE_PART * max_memory / a_row)
    return Wanted(int(most), request.seed)


def _read(parts: Sequence[Part], how: How, wanted: Wanted, map_parts: MapParts, watch: Watch) -> Summary:
    """Read all parts.  Those that are handed out later are told which rows can no longer be drawn."""
    whole: Summary | None = None
    what = ((how, wanted, bounds(whole, wanted)) for _ in parts)
    for done, one in enumerate(map_parts(summarise, parts, what), start=1):
        whole = one if whole is None else trimmed_summary(merge(whole, one), wanted)
        watch("reading", done / len(parts), f"part {done} of {len(parts)}")
    if whole is None:
        raise AssertionError("a table has at least one part")
    return whole


def _fill(
    parts: Sequence[Part],
    how: How,
    columns: Sequence[ColumnOfParts],
    summary: Summary,
    map_parts: MapParts,
    watch: Watch,
) -> Iterator[PartFilled]:
    fillings = tuple(one.filling for one in columns)
    what = zip(repeat(how), repeat(fillings), summary.parts, strict=False)
    for done, one in enumerate(map_parts(fill_part, parts, what), start=1):
        watch("writing", done / len(parts), f"part {done} of {len(parts)}")
        yield one


def _reading_used(how: How, columns: Iterable[ColumnOfParts]) -> How:
    """Read no more than the columns that some model uses."""
    used = {index for one in columns if one.filling.model for index in one.filling.model.columns}
    return replace(how, features=tuple(sorted(used)))


def _total(filling: Filling, filled: Iterable[PartFilled]) -> Totals:
    total = nothing(len(filling.labels))
    for part in filled:
        total = total.merged(part.totals[filling.column])
    return total


def model_of_parts(filled: Filled, request: Request, learnt: str) -> SavedModel:
    """Keep what fills the columns of a table in parts, each of which is a table that was learnt from."""
    columns = tuple(column.saved for column in filled.columns if column.saved is not None)
    sources = tuple(
        Source(part.path, read.sha256, read.rows, learnt)
        for part, read in zip(filled.parts, filled.summary.parts, strict=True)
    )
    reading = Reading(request.decimal, request.null_values, request.keep_values)
    return SavedModel(version(), request.seed, reading, sources, columns)
