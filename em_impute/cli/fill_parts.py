"""`em-impute fill` for a table in several files, or one that is larger than memory."""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from em_impute.cli.logging import STDOUT_NAMES, Log
from em_impute.cli.options.behaviour import Partitions
from em_impute.cli.options.output import Fills, Output, SavedModels
from em_impute.cli.options.parsing import command_line
from em_impute.cli.outputs import (
    STDOUT,
    Destination,
    Models,
    default_reports,
    is_special,
    name_of,
    report_paths,
)
from em_impute.cli.run import RunSettings, judge, print_reports, write_model, write_reports
from em_impute.errors import OutputError, UsageError
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.pipeline.files import Part
    from em_impute.pipeline.fill import Room
    from em_impute.pipeline.fit_sample import FromFile
    from em_impute.report.model.fit import FitReport

JOIN = "leave it out, or join the parts and leave --backend, --scheduler and --max-memory out"

TABLE = "em-impute.csv"
"""What a table of several parts would be called; its report, beside them, is called after it."""

MAX_NAMED = 2
"""Parts up to which each is named when it has been written."""


@dataclass(frozen=True)
class Scale:
    """What the user said about a large table."""

    files: tuple[str, ...]
    backend: str | None
    scheduler: str | None
    workers: int | None
    max_memory: int | None
    """bytes; None is half of the memory there is"""

    @property
    def file(self) -> str | None:
        """The only file, or the first."""
        return self.files[0] if self.files else None

    def is_asked(self) -> bool:
        """Tell whether the table is to be worked on in parts whatever its size."""
        from em_impute.pipeline.files import is_pattern, is_url

        several = len(self.files) > 1 or any(path.startswith("file://") or is_url(path) for path in self.files)
        return several or self.backend is not None or any(is_pattern(path) for path in self.files)

    def is_needed(self, request: Request) -> bool:
        """Tell whether the file is so large that it has to be read in parts."""
        from em_impute.pipeline.memory import default_limit, needed_bytes

        if request.path is None or is_special(request.path):
            return False
        limit = self.max_memory or default_limit()
        return needed_bytes(request.path, request, limit) > limit


@dataclass(frozen=True)
class PartsDestination:
    """Where the parts go."""

    outputs: tuple[str, ...]
    """one a part; empty where nothing is written"""
    reports: tuple[Path, ...]

    @property
    def names(self) -> list[str]:
        """What to call the outputs when they have been written."""
        written = [path for path in self.outputs if path]
        if len(written) > MAX_NAMED:
            written = [f"{written[0]} … {written[-1]} ({len(written):,} files)"]
        return [*written, *map(name_of, self.reports)]


def scale_of(files: list[str] | None, asked: Partitions) -> Scale:
    """Read the options for large tables.  Raises UsageError where they contradict each other."""
    scheduler, workers = asked.scheduler, asked.workers
    if scheduler is not None and asked.backend == "serial":
        raise UsageError("--scheduler contradicts --backend serial", "leave one of them out")
    if scheduler is not None and workers is not None:
        raise UsageError("--workers contradicts --scheduler, whose workers run already", "leave one of them out")
    backend = "dask" if scheduler is not None else asked.backend
    if workers is not None and backend != "dask":
        raise UsageError("--workers is for --backend dask", "add --backend dask, or leave it out")
    size = None
    if asked.max_memory is not None:
        from em_impute.pipeline.memory import parse_size

        size = parse_size(asked.max_memory)
    return Scale(tuple(files or ()), backend, scheduler, workers, size)


def refuse_for_parts(request: Request, scale: Scale, fills: Fills, saved: SavedModels, output: Output) -> None:
    """Raise UsageError for what has no meaning, or is not there yet, where a table is read in parts."""
    if "-" in scale.files or not scale.files:
        raise UsageError("standard input is no part of a table", "name files, or leave --backend and --scheduler out")
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
    for option, is_asked in refused.items():
        if is_asked:
            raise UsageError(f"{option} needs a table that is read as one file into memory", JOIN)


def plan_parts(paths: Sequence[str], asked: Output) -> PartsDestination:
    """Decide where each part goes: beside itself, or under its own name into the folder that -o names.

    A single part goes where a single file does.  Raises UsageError for contradictions.
    """
    output = asked.output
    named = report_paths(asked.reports or [], no_report=asked.no_report)
    if asked.dry_run:
        return PartsDestination(("",) * len(paths), ())
    outputs = _outputs(paths, output)
    twice = next((path for at, path in enumerate(outputs) if path in outputs[:at]), None) if output else None
    if twice is not None:
        raise UsageError(f"two parts would be written to {twice!r}", "leave -o out: each then has a file beside it")
    if not named and not asked.no_report:
        named = _default_reports(paths, outputs, output)
    return PartsDestination(tuple(outputs), named)


def fill_parts(
    request: Request,
    scale: Scale,
    models: Models,
    paths: Sequence[str],
    destination: PartsDestination,
    run: RunSettings,
    *,
    clobber: bool,
) -> None:
    """Complete all parts and say what was done.

    With --strict the parts are gone through twice: what is warned about is known only when all are filled.
    """
    from em_impute.environment import time_of_run
    from em_impute.pipeline.files import Part
    from em_impute.pipeline.fill import PartsResult, backend, complete_parts, model_of_parts
    from em_impute.report.build.parts import build_parts_report

    parts = [Part(at, path, out) for at, (path, out) in enumerate(zip(paths, destination.outputs, strict=True))]
    _check_outputs(parts, destination.reports, run.log, clobber=clobber)
    room, command = _room(scale), command_line()
    saved, request = _from_file(models, request)

    def completed(parts: Sequence[Part]) -> PartsResult:
        workers = backend(scale.backend or "serial", scale.scheduler, scale.workers)
        return complete_parts(request, parts, secrets.token_hex(8), workers, room, watch, saved)

    def reported(filled: PartsResult) -> "list[FitReport]":
        model = None if saved is None else saved.model
        return [build_parts_report(filled, at, request, command, model) for at in range(len(filled.columns))]

    console = run.open_console()
    with run.progress(console) as watch:
        is_judged_first = run.asked.strict and any(destination.outputs)
        filled = completed([replace(part, output="") for part in parts] if is_judged_first else parts)
        run.log.parts(filled)
        made = reported(filled)
        judge(made, run, console, watch)
        if is_judged_first:
            filled = completed(parts)
            made = reported(filled)
    run.log.written(data=[part.file for part in filled.filled if part.file is not None])
    outputs = tuple(map(Path, filter(None, destination.outputs)))
    written_to = Destination(outputs, destination.reports, diff=False)
    if models.target is not None:
        write_model(model_of_parts(filled, request, time_of_run()), models, written_to, run.log)
    write_reports(made, written_to, run.log)
    print_reports(made, [*destination.names, *models.names], run, console)


def _from_file(models: Models, request: Request) -> "tuple[FromFile | None, Request]":
    """Read the model that fills the parts, if one does; also give the request as that reads cells.

    Raises UsageError for a model of groups of rows.
    """
    if models.applied is None:
        return None, request
    from em_impute.pipeline.apply import asked_of
    from em_impute.pipeline.fit_sample import FromFile
    from em_impute.saved_model.store import read_model

    model = asked_of(read_model(models.applied), request, models.applied)
    if any(one.model.groups for one in model.columns):
        raise UsageError("a model of --by needs a table that is read as one file into memory", JOIN)
    if not models.asks_decimal:
        request = replace(request, decimal=model.reading.decimal)
    return FromFile(model, models.applied), request


def _room(scale: Scale) -> "Room":
    """Say what memory there is.  A cluster that runs elsewhere has its own."""
    from em_impute.pipeline.fill import Room
    from em_impute.pipeline.memory import default_limit, room_to_keep

    if scale.scheduler is not None:
        return Room(None, scale.max_memory)
    return Room(room_to_keep(scale.max_memory or default_limit(), _n_workers(scale)), scale.max_memory)


def _n_workers(scale: Scale) -> int:
    return 1 if scale.backend != "dask" else scale.workers or os.cpu_count() or 1


def _outputs(paths: Sequence[str], output: str | None) -> list[str]:
    from em_impute.pipeline.files import is_url, local_path

    if output is None:
        return [_beside(path) for path in paths]
    is_folder = len(paths) > 1 or output.endswith("/") or (not is_url(output) and local_path(output).is_dir())
    if not is_folder:
        return [output]
    return [f"{output.rstrip('/') or '/'}/{path.rpartition('/')[2]}" for path in paths]


def _beside(path: str) -> str:
    from em_impute.table.compression import split_name

    folder, slash, name = path.rpartition("/")
    stem, suffix = split_name(name)
    return f"{folder}{slash}{stem}.filled{suffix}"


def _default_reports(paths: Sequence[str], outputs: Sequence[str], output: str | None) -> tuple[Path, ...]:
    """Name the reports: beside what is written, or here where that is elsewhere."""
    from em_impute.pipeline.files import is_url, local_path

    first = paths[0] if output is None else outputs[0]
    folder = Path() if is_url(first) else local_path(first).parent
    return default_reports(folder / (TABLE if len(paths) > 1 else Path(first).name))


def _check_outputs(parts: "Sequence[Part]", reports: Sequence[Path], log: Log, *, clobber: bool) -> None:
    """Refuse, before any work is done, what cannot or must not be written."""
    from em_impute.pipeline.files import is_url, local_path
    from em_impute.table.compression import refuse_unwritable
    from em_impute.table.output import check_output
    from em_impute.table.text import shown_path

    for part in parts:
        refuse_unwritable(part.output)
    inputs = [local_path(part.path) for part in parts if not is_url(part.path)]
    outputs = [local_path(part.output) for part in parts if part.output and not is_url(part.output)]
    for path in (*outputs, *(report for report in reports if report != STDOUT)):
        there = next((folder for folder in path.parents if folder.exists()), path.parent)
        if there == path.parent:
            check_output(path, inputs, clobber=clobber)
        elif not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):  # the folders below it will be made
            name, folder = shown_path(str(path)), shown_path(str(there))
            raise OutputError(f"cannot write {name}: the folder {folder} is not writable", "name another one with -o")
    log.refuse([*inputs, *outputs, *reports])
