"""`em-impute fill`: complete the column."""

import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from em_impute.cli import options as o
from em_impute.cli.destination import STDOUT, Destination, is_special, name_tables, plan
from em_impute.cli.options import scaled as s
from em_impute.cli.parts import Manners, Scale, fill_parts, plan_parts, refuse_for_parts, scale_of
from em_impute.cli.values import (
    CovarianceName,
    SharesName,
    check_request,
    input_path,
    parse_components,
    parse_decimal,
    parse_deltas,
    parse_labels,
    parse_method,
    parse_unlabelled_weight,
)
from em_impute.errors import OutputError, TableError, UsageError
from em_impute.request import Request

if TYPE_CHECKING:
    from em_impute.completion import Completion, Opened
    from em_impute.impute import Watch
    from em_impute.report.fit_report import FitReport
    from em_impute.table.output import WrittenFile

__all__ = ["fill"]


def fill(  # one parameter an option
    context: typer.Context,
    columns: o.Columns,
    files: s.Files = None,
    features: o.Features = None,
    delimiter: o.Delimiter = None,
    *,
    by: o.By = None,
    weights: o.Weights = None,
    no_headers: o.NoHeaders = False,
    encoding: o.Encoding = None,
    decimal: o.Decimal = ".",
    skip_lines: o.SkipLines = 0,
    null_values: o.NullValues = None,
    keep_values: o.KeepValues = None,
    labels: o.LabelNames = None,
    order_by: o.OrderBy = None,
    components: o.Components = None,
    covariance: o.Covariance = CovarianceName.auto,
    single: o.Single = False,
    unlabelled_weight: o.UnlabelledWeight = "auto",
    shares: o.Shares = SharesName.common,
    deltas: o.Deltas = None,
    prior_strength: o.PriorStrength = None,
    max_iter: o.MaxIter = 5000,
    tolerance: o.Tolerance = 1e-6,
    seed: o.Seed = 0,
    min_probability: o.MinProbability = 0.0,
    method: o.Method = None,
    imputations: o.Imputations = None,
    long: o.Long = False,
    output: o.Output = None,
    reports: o.Reports = None,
    no_report: o.NoReport = False,
    no_clobber: o.NoClobber = False,
    probability: o.Probability = False,
    probabilities: o.Probabilities = False,
    indicator: o.Indicator = False,
    dry_run: o.DryRun = False,
    diff: o.Diff = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    no_advice: o.NoAdvice = False,
    backend: s.Backend = None,
    scheduler: s.Scheduler = None,
    workers: s.Workers = None,
    max_memory: s.MaxMemory = None,
    debug: o.Debug = False,  # noqa: ARG001  # read at the door, before a command runs
) -> None:
    """Complete a column: fill its missing cells with their most probable label, and change no other byte.

    em-impute fill heights.csv --column gender

    cat heights.csv | em-impute fill - -c gender -o - > completed.csv
    """
    scale = scale_of(files, backend and backend.value, scheduler, workers, max_memory)
    path = input_path(context, scale.file)
    request = Request(
        path=path,
        columns=tuple(columns),
        features=tuple(features or ()),
        delimiter=delimiter,
        encoding=encoding,
        has_header=not no_headers,
        decimal=parse_decimal(decimal),
        skip_lines=skip_lines,
        null_values=tuple(null_values or ()),
        keep_values=tuple(keep_values or ()),
        labels=parse_labels(labels),
        by=by,
        weights=weights,
        order_by=order_by,
        components=parse_components(components),
        covariance=covariance.value,
        single=single,
        unlabelled_weight=parse_unlabelled_weight(unlabelled_weight),
        free_shares=shares is SharesName.free,
        prior_strength=prior_strength,
        max_iter=max_iter,
        tolerance=tolerance,
        seed=seed,
        min_probability=min_probability,
        method=parse_method(method, imputations),
        imputations=imputations or 0,
        deltas=parse_deltas(deltas),
        probability=probability,
        probabilities=probabilities,
        indicator=indicator,
    )
    check_request(request)
    _check_draws(request, long=long, diff=diff)
    if _is_in_parts(request, scale, output, long=long, diff=diff):
        manners = Manners(clobber=not no_clobber, quiet=quiet, verbose=verbose, advice=not no_advice)
        _fill_parts(request, scale, output, reports or [], manners, no_report=no_report, dry_run=dry_run)
        return
    beside = None if path is None or is_special(path) else path
    n_files = None if long else imputations
    destination = plan(beside, output, reports or [], no_report=no_report, dry_run=dry_run, diff=diff, n_files=n_files)
    _run(
        replace(request, examined=bool(destination.reports) or not quiet),
        destination,
        long=long,
        clobber=not no_clobber,
        quiet=quiet,
        verbose=verbose,
        advice=not no_advice,
    )


def _is_in_parts(request: Request, scale: Scale, output: str | None, *, long: bool, diff: bool) -> bool:
    """Tell whether the table is worked on in parts.  Raises UsageError for what cannot be done then.

    Where a file is large, but nothing was said about it, what asks for the whole table in memory decides.
    """
    if not scale.is_asked():
        if not scale.is_needed(request):
            return False
        if scale.max_memory is None:
            try:
                refuse_for_parts(request, output, files=scale.files, long=long, diff=diff)
            except UsageError:
                return False
    refuse_for_parts(request, output, files=scale.files, long=long, diff=diff)
    return True


def _fill_parts(
    request: Request,
    scale: Scale,
    output: str | None,
    reports: Sequence[str],
    manners: Manners,
    *,
    no_report: bool,
    dry_run: bool,
) -> None:
    from em_impute.scaled.parts import find_parts

    paths = find_parts(scale.files)
    destination = plan_parts(paths, output, reports, no_report=no_report, dry_run=dry_run)
    request = replace(request, path=None, examined=bool(destination.reports) or not manners.quiet)
    fill_parts(request, scale, paths, destination, manners, _write_reports)


def _check_draws(request: Request, *, long: bool, diff: bool) -> None:
    """Raise `UsageError` for what contradicts the drawing of labels."""
    if long and not request.imputations:
        raise UsageError("--long puts several imputations in one file", "say how many with --imputations M")
    if request.method == "draw" and request.min_probability:
        raise UsageError("--min-probability contradicts drawn labels: unlikely ones must be drawn too", "leave it out")
    if request.imputations and diff:
        raise UsageError("--diff shows the cells of one table, --imputations draws several", "leave one of them out")


def _run(
    request: Request, destination: Destination, *, long: bool, clobber: bool, quiet: bool, verbose: bool, advice: bool
) -> None:
    from em_impute.impute import complete_all, open_table
    from em_impute.report.build import build_report
    from em_impute.report.terminal import make_console, print_summary, progress_bar
    from em_impute.table.output import check_output

    if request.path is None or os.path.lexists(request.path):
        for path in destination.files:
            check_output(path, [request.path] if request.path else [], clobber=clobber)
    console = None if quiet else make_console()
    with progress_bar(console) as watch, open_table(request, watch) as opened:
        completions = complete_all(opened, request, watch, let_go=True)
        contents = _contents(opened, completions, request, long=long)
        data = _write_data(contents, destination, _n_bytes(opened, request, long=long), watch)
        command = shlex.join(["em-impute", *sys.argv[1:]])
        made = [build_report(opened, completion, request, command, data) for completion in completions]
        _write_reports(made, destination)
        if destination.diff:
            watch("", None, "")  # standard output may be the terminal that shows the bar
            _print_changes(opened, completions)
    if console is not None:
        written = destination.names
        for report in made:
            last = report is made[-1]
            print_summary(console, report, written if last else None, verbose=verbose, advice=advice)


def _contents(
    opened: "Opened", completions: "Sequence[Completion]", request: Request, *, long: bool
) -> Iterator[Iterator[bytes]]:
    """Yield the bytes of each completed CSV, made when it is asked for."""
    from em_impute.impute import patched, patched_long

    if long:
        yield patched_long(opened, completions, request)
    elif not request.imputations:
        yield patched(opened, completions, request)
    else:
        for number in range(request.imputations):
            yield patched(opened, completions, request, number + 1)


def _n_bytes(opened: "Opened", request: Request, *, long: bool) -> int:
    """Tell about how many bytes of completed CSV there will be."""
    return max(1, opened.table.size * max(1, request.imputations + long))


def _write_data(
    contents: Iterator[Iterator[bytes]], destination: Destination, n_bytes: int, watch: "Watch"
) -> "list[WrittenFile]":
    from em_impute.table.output import write_atomically, write_to_stdout

    if not destination.data:
        # Also where nothing is written: what would stop the writing (a column that is there already) is found here.
        next(contents)
    written: list[WrittenFile] = []
    for path in destination.data:
        done = sum(one.bytes for one in written)
        try:
            if path == STDOUT:
                watch("", None, "")
                written.append(write_to_stdout(next(contents)))
            else:
                written.append(write_atomically(path, _counted(next(contents), done, n_bytes, watch)))
        except (OutputError, TableError) as error:
            if not written:
                raise
            hint = f"{_were_written(destination.data[: len(written)])}, nothing else was"
            raise type(error)(error.message, hint) from error
    return written


def _were_written(paths: Sequence[Path]) -> str:
    said = " and ".join(name_tables(paths))
    return f"the completed file {said} was written" if len(paths) == 1 else f"the completed files {said} were written"


def _counted(blocks: Iterable[bytes], done: int, n_bytes: int, watch: "Watch") -> Iterator[bytes]:
    """Tell of the progress while passing the blocks on; so many bytes were `done` before."""
    for block in blocks:
        yield block
        done += len(block)
        watch("writing", min(1.0, done / n_bytes), "")


def _write_reports(made: "Sequence[FitReport]", destination: Destination) -> None:
    from em_impute.report.forms import render
    from em_impute.table.output import write_atomically, write_to_stdout

    for path in destination.reports:
        text = render(made, path.suffix)
        try:
            if path == STDOUT:
                write_to_stdout([text.encode()])
            else:
                write_atomically(path, [text.encode()])
        except OutputError as error:
            if destination.data in {(), (STDOUT,)}:
                raise
            hint = f"{_were_written(destination.data)}, the report was not"
            raise OutputError(error.message, hint) from error


def _print_changes(opened: "Opened", completions: "Sequence[Completion]") -> None:
    import csv
    import io

    from em_impute.edits import changes

    text = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="", write_through=False)
    try:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["line", "column", "old", "new", "probability"])
        for completion in completions:
            for line, column, old, new, probability in changes(opened, completion):
                writer.writerow([line, column, old, new, f"{probability:.6f}"])
        text.flush()
    finally:
        text.detach()
