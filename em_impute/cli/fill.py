"""`em-impute fill`: complete the column; with --each that of many tables, each by itself."""

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import typer

from em_impute.cli.logging import STDOUT_NAMES, Log
from em_impute.cli.options.groups import grouped
from em_impute.cli.options.panels import Files, Fills, Input, Missing, Model, Output, Partitions, SavedModels
from em_impute.cli.outputs import STDOUT
from em_impute.cli.plan import Asked, check_saved, plan_table
from em_impute.cli.run import Behaviour, NegativeError, Run, failure_lines, worded
from em_impute.errors import ColumnError, OutputError, TableError, UsageError


@grouped
def fill(
    context: typer.Context,
    files: Files = None,
    *,
    table: Input,
    missing: Missing,
    model: Model,
    fills: Fills,
    saved: SavedModels,
    output: Output,
    behaviour: Behaviour,
    partitions: Partitions,
) -> None:
    """Complete a column: fill its missing cells with their most probable label, and change no other byte.

    em-impute fill heights.csv --column gender

    cat heights.csv | em-impute fill - -c gender -o - > completed.csv
    """
    check_saved(saved, table, model, fills)
    asked = Asked(tuple(files or ()), table, missing, model, fills, saved, output, partitions.checked())
    run = Run(behaviour, context.obj)
    if partitions.each:
        _fill_each(asked, run)
        return
    plan = plan_table(asked, run.log)
    from em_impute.cli.fill_table import fill_table, say

    done = fill_table(plan, run)
    say(done.reports, done.names, run)
    if not done.reports:
        run.say([("filled", "nothing: no column of categories has gaps"), *(("left", one) for one in done.left)])


def _fill_each(asked: Asked, run: Run) -> None:
    """Complete every file by itself, and say a line of each.

    Raises `UsageError` before any work is done, and in the end `NegativeError` if not all could be filled.
    """
    from em_impute.pipeline.backends import attempts
    from em_impute.pipeline.parts import find_parts

    _refuse(asked)
    paths = find_parts(asked.files)
    tables = [_asked_of(path, asked) for path in paths]
    _prepare(tables, run.log)
    behaviour, n_workers, n_files, n_failed = run.asked, asked.partitions.workers or 1, len(paths), 0
    is_shown = behaviour.verbose and n_workers == 1
    one = partial(_fill, behaviour=behaviour, is_logged=run.log.is_open, is_shown=is_shown)
    # A bar would stand in the midst of the summaries of all files.
    run = replace(run, asked=replace(behaviour, no_progress=behaviour.no_progress or behaviour.verbose))
    with run.progress() as watch, closing(attempts(one, tables, n_workers)) as outcomes:
        for number, (path, outcome) in enumerate(zip(paths, outcomes, strict=True), start=1):
            if isinstance(outcome, Exception):
                n_failed += 1
                run.print(failure_lines(worded(outcome), run.log, partial(_naming, path)), also_if_quiet=True)
            else:
                run.log.note(outcome)
                run.print([outcome])
            watch("filling", number / n_files, f"{number:,} of {n_files:,} files")
    run.print([f"{n_files - n_failed:,} of {n_files:,} files filled"])
    if n_failed:
        raise NegativeError(f"{n_failed:,} of {n_files:,} files could not be filled", "see what is said of each")


def _refuse(asked: Asked) -> None:
    """Raise `UsageError` for what has no meaning with several tables."""
    output, large = asked.output, asked.partitions
    if not asked.files or "-" in asked.files:
        raise UsageError("--each fills files, and standard input is not a file", "name files, or a pattern in quotes")
    only_one = "leave it out, or fill that file without --each"
    no_reports = "leave -r out: they are beside the completed files; --no-report writes none"
    refused = {
        "--save-model": (asked.saved.save_model, "the model of one file would replace that of another", only_one),
        "--diff": (output.diff, "standard output can carry the cells of one table", only_one),
        "-o -": (output.output in STDOUT_NAMES, "standard output can carry one table", "name a folder with -o"),
        "--json": (output.json, "standard output can carry one report", "the reports are beside the completed files"),
        "-r": (output.reports, "each file has a report of its own", no_reports),
        "--scheduler": (large.scheduler, "the cluster works on parts of one table", "use --workers N"),
        "--backend": (large.backend, "it works on parts of one table", "use --workers N"),
    }
    for option, (is_asked, reason, hint) in refused.items():
        if is_asked:
            raise UsageError(f"{option} contradicts --each: {reason}", hint)


def _asked_of(path: str, asked: Asked) -> Asked:
    """Say what is asked of one file; with -o it goes into that folder under its own name."""
    asked = replace(asked, files=(path,), partitions=replace(asked.partitions, workers=None))
    if not asked.output.output:
        return asked
    folder = asked.output.output.rstrip("/") or "/"
    return replace(asked, output=replace(asked.output, output=f"{folder}/{path.rpartition('/')[2]}"), folder=folder)


def _prepare(tables: Sequence[Asked], log: Log) -> None:
    """Make the folder of the outputs.

    Raises `UsageError` for what would work for no file, and for outputs in each other's or an input's place.  What is
    wrong with one file alone is told in its turn.
    """
    from em_impute.saved_model.store import read_model
    from em_impute.table.output import output_errors

    taken = {os.path.realpath(asked.files[0]) for asked in tables}
    for asked in tables:
        (name,) = asked.files
        try:
            planned = plan_table(asked, log)
        except (ColumnError, OutputError, TableError):
            continue
        for path in planned.outputs:
            if path == STDOUT and not Path(name).is_dir():
                raise UsageError(f"{name} is not a regular file: no output can go beside it", "name a folder with -o")
            if path != STDOUT and os.path.realpath(path) in taken:
                message = f"{path}, for {name}, is also that of another file, or one of the files themselves"
                raise UsageError(message, "give the files different names, or fill them in several runs")
            taken.add(os.path.realpath(path))
    first = tables[0]
    if first.saved.model is not None:
        read_model(first.saved.model)
    if first.folder is not None and not first.output.dry_run:
        with output_errors(f"cannot make the folder {first.folder}", "name another one with -o"):
            Path(first.folder).mkdir(parents=True, exist_ok=True)


def _fill(asked: Asked, *, behaviour: Behaviour, is_logged: bool, is_shown: bool) -> str:
    """Complete one file, and give the line that says so."""
    from em_impute.cli.fill_table import fill_table, say

    run = Run(replace(behaviour, quiet=behaviour.quiet or not is_shown, no_progress=True), Log())
    try:
        done = fill_table(plan_table(asked, run.log), run, is_told=is_logged)
    except Exception:
        if behaviour.debug:
            import traceback

            traceback.print_exc()
        raise
    say(done.reports, done.names, run)
    from em_impute.table.text import listed

    cells = [f"{one.missing.filled:,} of {one.missing.cells:,} cells of {one.column}" for one in done.reports]
    codes = sorted({one.code for report in done.reports for one in report.warnings if not one.is_note})
    said = [f"{asked.files[0]}: filled {', '.join(cells) or 'nothing'}"]
    said += [f"left {listed(done.left)}"] * bool(done.left) + [", ".join(done.tables)] * bool(done.tables)
    line = "; ".join(said)
    return f"{line} ({', '.join(codes)})" if codes else line


def _naming(path: str, message: str) -> str:
    """Let a message begin with the file that it is about."""
    return message if message.startswith(path) else f"{path}: {message}"
