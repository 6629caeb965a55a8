"""`em-impute fill` for any table; one in several files, or larger than memory, is worked on in parts."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from em_impute.cli.fill_file import Done, fill_file, judge, tell_changes, write_rest
from em_impute.cli.options.behaviour import Partitions
from em_impute.cli.options.groups import command_line
from em_impute.cli.outputs import STDOUT, is_special, name_of, name_tables
from em_impute.cli.plan import Asked, Plan, plan_table, read_saved
from em_impute.cli.run import Run
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.pipeline.files import Part
    from em_impute.pipeline.fill import PartsResult, Room
    from em_impute.pipeline.open import Progress
    from em_impute.report.model.fit import FitReport
    from em_impute.saved_model.store import SavedModel


def fill_table(asked: Asked, run: Run, *, is_told: bool) -> Done:
    """Complete the table; `is_told` says whether anybody is told what is warned about, beside the reports."""
    plan = plan_table(asked, run.log)
    source, request = read_saved(asked.saved, asked.table, plan.request)
    is_read = bool(plan.destination.reports) or run.console is not None or run.log.is_open
    request = replace(request, examined=is_told or is_read, reported=is_read)
    return (_fill_parts if plan.in_parts else fill_file)(plan, request, source, run)


def _fill_parts(plan: Plan, request: Request, source: "tuple[SavedModel, str] | None", run: Run) -> Done:
    """Complete all parts, by a fit or the model of `source`.

    Where something may stop the run they are gone through twice: it is known only when all are filled.
    """
    from em_impute.environment import time_of_run
    from em_impute.pipeline.apply import asked_of
    from em_impute.pipeline.fill import PartsResult, backend, complete_parts, model_of_parts
    from em_impute.pipeline.fill_chunk import Form
    from em_impute.report.build.parts import build_parts_report

    asked, destination, paths, command = plan.asked.partitions, plan.destination, plan.inputs or ["-"], command_line()
    form = Form(plan.asked.fills.long, plan.asked.output.diff)
    applied = None if source is None else (asked_of(source[0], request, source[1]), source[1])

    def completed(outputs: Sequence[str]) -> PartsResult:
        workers = backend(asked.backend or "serial", asked.scheduler, asked.workers)
        told = _clearing(watch) if STDOUT in outputs else watch
        return complete_parts(request, _parts(paths, copies, outputs), workers, _room(asked), told, applied, form)

    def reported(filled: PartsResult) -> "list[FitReport]":
        model = None if applied is None else applied[0]
        return [build_parts_report(filled, at, request, command, model) for at in range(len(filled.columns))]

    with run.progress() as watch, _copies(paths) as copies:
        filled = completed(() if run.asked.judges else destination.data)
        run.log.parts(filled)
        made = reported(filled)
        judge(made, run, watch)
        if run.asked.judges and destination.data:
            filled = completed(destination.data)
            made = reported(filled)
    run.log.written(data=[file for part in filled.filled for file in part.files])
    model = model_of_parts(filled, request, time_of_run()) if destination.model is not None else None
    write_rest(made, model, destination, run)
    if plan.asked.output.diff:
        tell_changes(destination, _changes(filled))
    return Done(made, name_tables(destination.data), [*map(name_of, destination.beside)])


def _parts(paths: Sequence[str], copies: Mapping[str, str], outputs: Sequence[str]) -> "list[Part]":
    """Give each part its outputs, as many as the others have."""
    from em_impute.pipeline.files import Part
    from em_impute.table.source import STANDARD_INPUT

    each = len(outputs) // len(paths)
    targets = ["" if path == STDOUT else path for path in outputs]
    parts = []
    for at, path in enumerate(paths):
        copy_of = None if path not in copies else STANDARD_INPUT if path == "-" else path
        parts.append(Part(at, copies.get(path, path), tuple(targets[at * each : (at + 1) * each]), copy_of))
    return parts


@contextmanager
def _copies(paths: Sequence[str]) -> Iterator[dict[str, str]]:
    """Copy streams, which can be read once, to files: by the path of each that of its copy."""
    from em_impute.pipeline.files import copied

    with ExitStack() as resources:
        streams = [path for path in paths if path == "-" or (is_special(path) and not Path(path).is_dir())]
        yield {path: resources.enter_context(copied(path)) for path in streams}


def _clearing(watch: "Progress") -> "Progress":
    """Show no bar once the table is written: standard output may be the terminal that shows it."""

    def told(stage: str, share: float | None, detail: str) -> None:
        watch(*(("", None, "") if stage in {"filling", "writing"} else (stage, share, detail)))

    return told


def _changes(filled: "PartsResult") -> Iterator[bytes]:
    """Yield the changed cells of all parts as CSV, of several parts with the file of each."""
    import zlib

    from em_impute.pipeline.edits import CHANGED

    several = len(filled.parts) > 1
    yield f"{','.join(['file'] * several + [*CHANGED])}\n".encode()
    for column in filled.columns:
        for part in filled.filled:
            yield from map(zlib.decompress, part.changes.get(column.filler.column, []))


def _room(asked: Partitions) -> "Room":
    """Say what memory there is.  A cluster that runs elsewhere has its own."""
    from em_impute.pipeline.fill import Room
    from em_impute.pipeline.memory import default_limit, room_to_keep

    if asked.scheduler is not None:
        return Room(None, asked.memory)
    n_workers = 1 if asked.backend != "dask" else asked.workers or os.cpu_count() or 1
    return Room(room_to_keep(asked.memory or default_limit(), n_workers), asked.memory)
