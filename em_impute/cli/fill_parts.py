"""`em-impute fill` for a table in several files, or one that is larger than memory."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from em_impute.cli.fill_file import Done, judge, tell_changes, write_rest
from em_impute.cli.logging import STDOUT_NAMES
from em_impute.cli.options.behaviour import Partitions
from em_impute.cli.options.output import Fills, Output
from em_impute.cli.options.parsing import command_line
from em_impute.cli.outputs import STDOUT, Destination, is_special, name_of, name_tables
from em_impute.cli.run import Run
from em_impute.errors import UsageError
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.pipeline.files import Part
    from em_impute.pipeline.fill import PartsResult, Room
    from em_impute.pipeline.open import Progress
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


def is_in_parts(request: Request, scale: Scale, fills: Fills, output: Output) -> bool:
    """Tell whether the table is worked on in parts.  Raises UsageError for what cannot be done then.

    Where a file is large, but nothing was said about it, what asks for the whole table in memory decides.
    """
    from em_impute.pipeline.files import is_pattern, is_url
    from em_impute.pipeline.memory import default_limit, needed_bytes

    is_asked = len(scale.files) > 1 or scale.backend is not None
    is_asked = is_asked or any(one.startswith("file://") or is_url(one) or is_pattern(one) for one in scale.files)
    if not is_asked:
        limit = scale.max_memory or default_limit()
        if request.path is None or is_special(str(request.path)):  # nobody knows beforehand how much a stream holds
            is_asked = is_large = scale.max_memory is not None
        else:
            is_large = needed_bytes(request.path, request, limit) > limit
        if not is_large:
            return False
    refused = _refused(request, scale, fills, output)
    if refused is not None and (is_asked or scale.max_memory is not None):
        raise refused
    return refused is None


def _refused(request: Request, scale: Scale, fills: Fills, output: Output) -> UsageError | None:
    """Say what has no meaning where a table is read in parts."""
    from em_impute.pipeline.files import is_pattern

    is_stream, several = is_standard_input(scale), len(scale.files) > 1 or any(map(is_pattern, scale.files))
    if several and "-" in scale.files:
        return UsageError("standard input cannot be one of several parts", "name files, or give one table alone")
    refused = {
        "--all": (request.all_columns, "the whole table says which columns have gaps", "name them with --column"),
        "-o -": (several and output.output in STDOUT_NAMES, "standard output can carry one table", "name a folder"),
        "--long": (several and fills.long, "it puts all imputations of one file below each other", "leave it out"),
        "--in-place": (output.in_place, "it needs a table that is read as one file into memory", JOIN),
        "--same-within": (
            request.same_within is not None,
            "rows of one value may be in parts that are not read together",
            JOIN,
        ),
        "--scheduler": (
            is_stream and scale.scheduler is not None,
            "its workers cannot read standard input",
            "name a file that they can read",
        ),
    }
    for option, (is_asked, reason, hint) in refused.items():
        if is_asked:
            return UsageError(f"{option} cannot be used here: {reason}", hint)
    return None


def is_standard_input(scale: Scale) -> bool:
    """Tell whether the table comes from standard input."""
    return scale.files in {(), ("-",)}


def fill_parts(
    request: Request,
    source: "tuple[SavedModel, str] | None",
    scale: Scale,
    paths: Sequence[str],
    destination: Destination,
    run: Run,
    *,
    long: bool = False,
) -> Done:
    """Complete all parts, by a fit or the model of `source`.

    Where something may stop the run they are gone through twice: it is known only when all are filled.
    """
    from em_impute.environment import time_of_run
    from em_impute.pipeline.apply import asked_of
    from em_impute.pipeline.fill import PartsResult, backend, complete_parts, model_of_parts
    from em_impute.pipeline.fill_chunk import Form
    from em_impute.report.build.parts import build_parts_report

    applied = None if source is None else (asked_of(source[0], request, source[1]), source[1])
    room, command, form = _room(scale), command_line(), Form(long, destination.diff)

    def completed(outputs: Sequence[str]) -> PartsResult:
        workers = backend(scale.backend or "serial", scale.scheduler, scale.workers)
        told = _clearing(watch) if STDOUT in outputs else watch
        return complete_parts(request, _parts(paths, copies, outputs), workers, room, told, applied, form)

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
    if destination.diff:
        tell_changes(destination, _changes(filled))
    return Done(made, name_tables(destination.data), [*map(name_of, destination.beside)])


def _parts(paths: Sequence[str], copies: Mapping[str, str], outputs: Sequence[str]) -> "list[Part]":
    """Give each part its outputs, as many as the others have."""
    from em_impute.pipeline.files import Part
    from em_impute.table.source import STANDARD_INPUT

    each = len(outputs) // len(paths)
    targets = ["" if path == STDOUT else path for path in outputs]
    return [
        Part(
            at,
            copies.get(path, path),
            tuple(targets[at * each : (at + 1) * each]),
            (STANDARD_INPUT if path == "-" else path) if path in copies else None,
        )
        for at, path in enumerate(paths)
    ]


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


def _room(scale: Scale) -> "Room":
    """Say what memory there is.  A cluster that runs elsewhere has its own."""
    from em_impute.pipeline.fill import Room
    from em_impute.pipeline.memory import default_limit, room_to_keep

    if scale.scheduler is not None:
        return Room(None, scale.max_memory)
    return Room(room_to_keep(scale.max_memory or default_limit(), _n_workers(scale)), scale.max_memory)


def _n_workers(scale: Scale) -> int:
    return 1 if scale.backend != "dask" else scale.workers or os.cpu_count() or 1
