"""`em-impute fill` for a table in several files, or one that is larger than memory."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from em_impute.cli.fill_file import Done, judge, write_rest
from em_impute.cli.logging import STDOUT_NAMES
from em_impute.cli.options.behaviour import Partitions
from em_impute.cli.options.output import Fills, Output, SavedModels
from em_impute.cli.options.parsing import command_line
from em_impute.cli.outputs import Destination, is_special, name_of, name_tables
from em_impute.cli.run import Run
from em_impute.errors import UsageError
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.pipeline.fill import Room
    from em_impute.report.model.fit import FitReport
    from em_impute.saved_model.store import SavedModel

JOIN = "leave it out, or join the parts and leave --backend, --scheduler and --max-memory out"


@dataclass(frozen=True)
class Scale:
    """What the user said about a large table."""

    files: tuple[str, ...]
    backend: str | None
    scheduler: str | None
    workers: int | None
    max_memory: int | None
    """bytes; None is half of the memory there is"""


def scale_of(files: list[str] | None, asked: Partitions) -> Scale:
    """Read the options for large tables.  Raises UsageError where they contradict each other."""
    scheduler, workers = asked.scheduler, asked.workers
    if scheduler is not None and asked.backend == "serial":
        raise UsageError("--scheduler contradicts --backend serial", "leave one of them out")
    if scheduler is not None and workers is not None:
        raise UsageError("--workers contradicts --scheduler, whose workers run already", "leave one of them out")
    backend = "dask" if scheduler is not None else asked.backend
    if workers is not None and backend != "dask" and not asked.each:
        raise UsageError("--workers is for --backend dask or --each", "add one of them, or leave it out")
    size = None
    if asked.max_memory is not None:
        from em_impute.pipeline.memory import parse_size

        size = parse_size(asked.max_memory)
    return Scale(tuple(files or ()), backend, scheduler, workers, size)


def is_in_parts(request: Request, scale: Scale, fills: Fills, saved: SavedModels, output: Output) -> bool:
    """Tell whether the table is worked on in parts.  Raises UsageError for what cannot be done then.

    Where a file is large, but nothing was said about it, what asks for the whole table in memory decides.
    """
    from em_impute.pipeline.files import is_pattern, is_url
    from em_impute.pipeline.memory import default_limit, needed_bytes

    is_asked = len(scale.files) > 1 or scale.backend is not None
    is_asked = is_asked or any(one.startswith("file://") or is_url(one) or is_pattern(one) for one in scale.files)
    if not is_asked:
        if request.path is None or is_special(str(request.path)):
            return False
        limit = scale.max_memory or default_limit()
        if needed_bytes(request.path, request, limit) <= limit:
            return False
    refused = _refused(request, scale, fills, saved, output)
    if refused is not None and (is_asked or scale.max_memory is not None):
        raise refused
    return refused is None


def _refused(request: Request, scale: Scale, fills: Fills, saved: SavedModels, output: Output) -> UsageError | None:
    """Say what has no meaning, or is not there yet, where a table is read in parts."""
    if "-" in scale.files or not scale.files:
        hint = "name files, or leave --backend and --scheduler out"
        return UsageError("standard input cannot be part of a table", hint)
    refused = {
        "-o -": output.output in STDOUT_NAMES,
        "--in-place": output.in_place,
        "--diff": output.diff,
        "--imputations": bool(request.imputations) or fills.long,
        "--method draw": request.method == "draw",
        "--by": request.by is not None,
        "--weights": request.weights is not None,
        "--update": saved.update,
    }
    asked = [option for option, is_asked in refused.items() if is_asked]
    return UsageError(f"{asked[0]} needs a table that is read as one file into memory", JOIN) if asked else None


def fill_parts(
    request: Request,
    source: "tuple[SavedModel, str] | None",
    scale: Scale,
    paths: Sequence[str],
    destination: Destination,
    run: Run,
) -> Done:
    """Complete all parts, by a fit or the model of `source`.

    With --strict the parts are gone through twice: what is warned about is known only when all are filled.  Raises
    UsageError for a model of groups of rows.
    """
    import secrets

    from em_impute.environment import time_of_run
    from em_impute.pipeline.apply import asked_of
    from em_impute.pipeline.files import Part
    from em_impute.pipeline.fill import PartsResult, backend, complete_parts, model_of_parts
    from em_impute.pipeline.fit_sample import FromFile
    from em_impute.report.build.parts import build_parts_report

    applied = None if source is None else FromFile(asked_of(source[0], request, source[1]), source[1])
    if applied is not None and any(one.model.groups for one in applied.model.columns):
        raise UsageError("a model of --by needs a table that is read as one file into memory", JOIN)
    room, command = _room(scale), command_line()

    def completed(outputs: Sequence[str]) -> PartsResult:
        parts = [Part(at, path, out) for at, (path, out) in enumerate(zip(paths, outputs, strict=True))]
        workers = backend(scale.backend or "serial", scale.scheduler, scale.workers)
        return complete_parts(request, parts, secrets.token_hex(8), workers, room, watch, applied)

    def reported(filled: PartsResult) -> "list[FitReport]":
        model = None if applied is None else applied.model
        return [build_parts_report(filled, at, request, command, model) for at in range(len(filled.columns))]

    nothing = [""] * len(paths)
    with run.progress() as watch:
        filled = completed(nothing if run.asked.strict or not destination.data else destination.data)
        run.log.parts(filled)
        made = reported(filled)
        judge(made, run, watch)
        if run.asked.strict and destination.data:
            filled = completed(destination.data)
            made = reported(filled)
    run.log.written(data=[part.file for part in filled.filled if part.file is not None])
    model = model_of_parts(filled, request, time_of_run()) if destination.model is not None else None
    write_rest(made, model, destination, run)
    return Done(made, name_tables(destination.data), [*map(name_of, destination.beside)])


def _room(scale: Scale) -> "Room":
    """Say what memory there is.  A cluster that runs elsewhere has its own."""
    from em_impute.pipeline.fill import Room
    from em_impute.pipeline.memory import default_limit, room_to_keep

    if scale.scheduler is not None:
        return Room(None, scale.max_memory)
    return Room(room_to_keep(scale.max_memory or default_limit(), _n_workers(scale)), scale.max_memory)


def _n_workers(scale: Scale) -> int:
    return 1 if scale.backend != "dask" else scale.workers or os.cpu_count() or 1
