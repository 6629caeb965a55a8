"""`em-impute fill` for one table: read, complete, judge, write, say.

A table in several files, or larger than memory, is worked on in parts.  Imported once there is a plan.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from em_impute.api.session import Completed
from em_impute.cli.options.groups import command_line
from em_impute.cli.outputs import STDOUT, is_special, name_of, name_tables
from em_impute.cli.plan import Plan, read_saved
from em_impute.cli.run import Run
from em_impute.environment import time_of_run
from em_impute.errors import OutputError, TableError
from em_impute.options import Request
from em_impute.pipeline.apply import asked_of
from em_impute.pipeline.edits import CHANGED, changed_cells
from em_impute.pipeline.open import Progress
from em_impute.pipeline.parts import Part, copied
from em_impute.report.forms import render
from em_impute.report.model.fit import FitReport
from em_impute.report.text.summary import print_summary
from em_impute.saved_model.store import SavedModel, dump
from em_impute.table.compression import compressed, suffix_of
from em_impute.table.output import WrittenFile, output_errors, write_atomically, write_to_stdout
from em_impute.table.source import STANDARD_INPUT


class Done(NamedTuple):
    """What was done with a table."""

    reports: Sequence[FitReport]  # one for each column
    tables: list[str]  # what to call the completed tables
    names: list[str]  # what to call everything that was written, these first
    left: Sequence[str] = ()  # columns with gaps that --all has left, with the reasons


def fill_table(plan: Plan, run: Run, *, is_told: bool = False) -> Done:
    """Complete the table; `is_told` says that somebody is told what is warned about, whoever the run tells."""
    source, request = read_saved(plan.asked.saved, plan.asked.table, plan.request)
    is_read = bool(plan.reports) or run.console is not None or run.log.is_open
    is_told = is_told or is_read or not run.asked.silent or run.asked.judges
    request = replace(request, examined=is_told, reported=is_read)
    return (_fill_parts if plan.in_parts else _fill_file)(plan, request, source, run)


def _fill_file(plan: Plan, request: Request, source: tuple[SavedModel, str] | None, run: Run) -> Done:
    """Complete a table that is read as one file, by a fit or the model of `source`."""
    command, place = command_line(), plan.place
    with run.completed(request, source) as (done, watch):
        if run.asked.judges or run.log.is_open:
            _judge(done.reports(command), run, watch)
        model = None if plan.model is None else done.model()  # before anything is written, for it may fail
        tables = name_tables(plan.data)
        is_filled = request.adds_columns or any(one.fills.n_filled for one in done.completions)
        if place is not None and not is_filled:
            table = done.opened.table
            data = [WrittenFile(place.path, table.sha256, table.size, 0.0)]
            tables = [f"{place.path} (left as it was)"]
            run.log.note(f"{place.path} is left as it was")
        else:
            data = _write_data(done, plan, watch)
            run.log.written(data)
        made = done.reports(command, data) if request.examined else ()
        watch("", None, "")  # standard output may be the terminal that shows the bar
        cells = chain.from_iterable(changed_cells(done.opened, one) for one in done.completions)
        left = [f"{one.name}: {one.reason}" for one in done.opened.left]
        return _write_rest(made, model, cells, tables, plan, run)._replace(left=left)


def _fill_parts(plan: Plan, request: Request, source: tuple[SavedModel, str] | None, run: Run) -> Done:
    """Complete all parts, by a fit or the model of `source`.

    Where something may stop the run they are gone through twice: it is known only when all are filled.
    """
    from em_impute.pipeline.fill import PartsResult, changes_of, complete_parts, model_of_parts, workers_of
    from em_impute.report.build.parts import build_parts_report

    asked, data, paths, command = plan.asked.partitions, plan.data, plan.inputs or ["-"], command_line()
    workers = workers_of(asked.backend or "serial", asked.scheduler, asked.workers, asked.memory)
    form = {"long": plan.asked.fills.long, "tells_changes": plan.asked.output.diff}
    applied = None if source is None else (asked_of(source[0], request, source[1]), source[1])

    def completed(outputs: Sequence[str]) -> PartsResult:
        told = _clearing(watch) if STDOUT in outputs else watch
        return complete_parts(request, _parts(paths, copies, outputs), workers, told, applied, **form)

    def reported(filled: PartsResult) -> list[FitReport]:
        model = None if applied is None else applied[0]
        return [build_parts_report(filled, at, request, command, model) for at in range(len(filled.columns))]

    with run.progress() as watch, _copies(paths) as copies:
        filled = completed(() if run.asked.judges else data)
        for part, read in zip(filled.parts, filled.summary.parts, strict=True):
            run.log.read(part.name, read.rows, read.bytes, read.sha256)
        made = reported(filled)
        _judge(made, run, watch)
        if run.asked.judges and data:
            filled = completed(data)
            made = reported(filled)
    run.log.written([file for part in filled.filled for file in part.files])
    model = None if plan.model is None else model_of_parts(filled, request, time_of_run())
    return _write_rest(made, model, changes_of(filled), name_tables(data), plan, run)


def _judge(reports: Sequence[FitReport], run: Run, watch: Progress) -> None:
    """Tell the log what was decided.  Raise `NegativeError` for what must not be, after the summary."""
    run.log.decisions(reports)
    failure = run.judged(reports)
    if failure is not None:
        watch("", None, "")
        say(reports, None, run)
        raise failure


def say(reports: Sequence[FitReport], written: Sequence[str] | None, run: Run) -> None:
    """Say what was done with each column, and at the end what was written; None says nothing of that."""
    for report in reports:
        run.warn(f"{report.column}: {one.code}: {one.message}" for one in report.warnings if not one.is_note)
    if run.console is not None:
        for report in reports:
            last = written if report is reports[-1] else None
            print_summary(run.console, report, last, verbose=run.asked.verbose, advice=not run.asked.no_advice)


def _write_rest(
    reports: Sequence[FitReport],
    model: SavedModel | None,
    cells: Iterable[bytes],
    tables: list[str],
    plan: Plan,
    run: Run,
) -> Done:
    """Write the model, every report and the changed cells, after the completed files, which are called `tables`."""
    if model is not None and plan.model is not None:
        with _after(plan.data, "the model was not"):
            run.write(plan.model, dump(model))
    for path in plan.reports:
        text = render(reports, Path(path).suffix)
        with _after(plan.data, "the report was not"):
            run.write(path, text)
    if plan.asked.output.diff:
        header = ",".join(["file"] * (len(plan.inputs) > 1) + [*CHANGED])
        with _after(plan.data, "not all changed cells were"):
            write_to_stdout(chain([f"{header}\n".encode()], cells))
    return Done(reports, tables, [*tables, *map(name_of, plan.beside)])


@contextmanager
def _after(paths: Sequence[str], what: str) -> Iterator[None]:
    """Let an error say that completed files have been written, if any were, but not `what` follows them."""
    try:
        yield
    except (OutputError, TableError) as error:
        if not set(paths) - {STDOUT}:
            raise
        said = f"file{'s' * (len(paths) > 1)} {' and '.join(name_tables(paths))} {'was' if len(paths) == 1 else 'were'}"
        raise type(error)(error.message, f"the completed {said} written, {what}") from error


def _write_data(done: Completed, plan: Plan, watch: Progress) -> list[WrittenFile]:
    """Write every completed CSV.  One in the input's place keeps its compression, others have that of their suffix."""
    paths, place, long, source = plan.data, plan.place, plan.asked.fills.long, done.opened.source
    contents = done.contents(long=long)
    if not paths:
        # Also where nothing is written: what would stop the writing (a column that is there already) is found here.
        next(contents)
    n_done, n_bytes = 0, max(1, source.size * max(1, done.request.imputations + long))  # about
    written: list[WrittenFile] = []

    def counted(blocks: Iterable[bytes]) -> Iterator[bytes]:
        nonlocal n_done
        for block in blocks:
            yield block
            n_done += len(block)
            watch("writing", min(1.0, n_done / n_bytes), "")

    hashed = source.stamp is None
    for path in paths:
        with _after(paths[: len(written)], "nothing else was"):
            if path == STDOUT:
                watch("", None, "")
                written.append(write_to_stdout(next(contents)))
            elif place is None:
                with output_errors(f"cannot make a folder for {path}", "name another one with -o"):
                    Path(path).parent.mkdir(parents=True, exist_ok=True)
                written.append(write_atomically(path, counted(next(contents)), hashed=hashed))
            else:
                blocks = place.replacing(compressed(counted(next(contents)), suffix_of(source.compression)))
                written.append(write_atomically(path, blocks, suffix="", hashed=hashed))
    return written


def _parts(paths: Sequence[str], copies: Mapping[str, str], outputs: Sequence[str]) -> list[Part]:
    """Give each part its outputs, as many as the others have."""
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
    with ExitStack() as resources:
        streams = [path for path in paths if path == "-" or (is_special(path) and not Path(path).is_dir())]
        yield {path: resources.enter_context(copied(path)) for path in streams}


def _clearing(watch: Progress) -> Progress:
    """Show no bar once the table is written: standard output may be the terminal that shows it."""

    def told(stage: str, share: float | None, detail: str) -> None:
        watch(*(("", None, "") if stage in {"filling", "writing"} else (stage, share, detail)))

    return told
