"""`em-impute fill`: complete the column."""

import math
import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from em_impute.cli import options as o
from em_impute.cli.destination import STDOUT, Destination, is_special, plan
from em_impute.cli.values import (
    CovarianceName,
    SharesName,
    input_path,
    parse_components,
    parse_decimal,
    parse_labels,
    parse_unlabelled_weight,
)
from em_impute.errors import OutputError, UsageError
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
    file: o.File = None,
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
    prior_strength: o.PriorStrength = None,
    max_iter: o.MaxIter = 5000,
    tolerance: o.Tolerance = 1e-6,
    seed: o.Seed = 0,
    min_probability: o.MinProbability = 0.0,
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
    debug: o.Debug = False,  # noqa: ARG001  # read at the door, before a command runs
) -> None:
    """Complete a column: fill its missing cells with their most probable label, and change no other byte.

    em-impute fill heights.csv --column gender

    cat heights.csv | em-impute fill - -c gender -o - > completed.csv
    """
    path = input_path(context, file)
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
        probability=probability,
        probabilities=probabilities,
        indicator=indicator,
    )
    if set(request.null_values) & set(request.keep_values):
        raise UsageError("the same token is given to --null-value and to --keep-value", "leave one of them out")
    for option, value in (("--prior-strength", prior_strength), ("--tol", tolerance)):
        if value is not None and not math.isfinite(value):
            raise UsageError(f"{option} takes a finite number, not {value}", "leave it out for the default")
    beside = None if path is None or is_special(path) else path
    destination = plan(beside, output, reports or [], no_report=no_report, dry_run=dry_run, diff=diff)
    _run(request, destination, clobber=not no_clobber, quiet=quiet, verbose=verbose)


def _run(request: Request, destination: Destination, *, clobber: bool, quiet: bool, verbose: bool) -> None:
    from em_impute.impute import complete_all, open_table
    from em_impute.report.build import build_report
    from em_impute.report.terminal import make_console, print_summary, progress_bar
    from em_impute.table.output import check_output

    if request.path is None or os.path.lexists(request.path):
        for path in destination.files:
            check_output(path, [request.path] if request.path else [], clobber=clobber)
    console = make_console()
    with progress_bar(console, wanted=not quiet) as watch, open_table(request, watch) as opened:
        completions = complete_all(opened, request, watch)
        data = _write_data(opened, completions, request, destination, watch)
        command = shlex.join(["em-impute", *sys.argv[1:]])
        made = [build_report(opened, completion, request, command, data) for completion in completions]
        _write_reports(made, destination)
        if destination.diff:
            _print_changes(opened, completions)
    if not quiet:
        written = destination.names
        for report in made:
            print_summary(console, report, written if report is made[-1] else None, verbose=verbose)


def _write_data(
    opened: "Opened", completions: "Sequence[Completion]", request: Request, destination: Destination, watch: "Watch"
) -> "WrittenFile | None":
    from em_impute.impute import patched
    from em_impute.table.output import write_atomically, write_to_stdout

    # Also where nothing is written: what would stop the writing (a column that is there already) is found here.
    blocks = _counted(patched(opened, completions, request), opened.table.size, watch)
    if destination.data is None:
        return None
    if destination.data == STDOUT:
        return write_to_stdout(blocks)
    return write_atomically(destination.data, blocks)


def _counted(blocks: Iterable[bytes], size: int, watch: "Watch") -> Iterator[bytes]:
    """Tell of the progress while passing the blocks on."""
    done = 0
    for block in blocks:
        yield block
        done += len(block)
        watch("writing", min(1.0, done / max(1, size)), "")


def _write_reports(made: "Sequence[FitReport]", destination: Destination) -> None:
    from em_impute.report.fit_report import to_json
    from em_impute.report.markdown import to_markdown
    from em_impute.table.output import write_atomically, write_to_stdout

    for path in destination.reports:
        text = to_markdown(*made) if path.suffix == ".md" else to_json(*made)
        try:
            if path == STDOUT:
                write_to_stdout([text.encode()])
            else:
                write_atomically(path, [text.encode()])
        except OutputError as error:
            data = destination.data
            if data is None or data == STDOUT:
                raise
            raise OutputError(error.message, f"the completed file {data} was written, the report was not") from error


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
