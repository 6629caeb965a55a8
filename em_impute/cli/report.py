"""`em-impute report`: render a saved report again."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from em_impute.cli.options.behaviour import Behaviour, log_of
from em_impute.cli.options.groups import Without, grouped, option
from em_impute.cli.options.parsing import input_path
from em_impute.cli.outputs import are_distinct, name_of, report_paths
from em_impute.cli.run import RunSettings, print_written
from em_impute.errors import TableError, UsageError

FORMS = (".html", ".md")


@dataclass(frozen=True, eq=False, repr=False)
class ReportOutput:
    """Where the report is written."""

    panel: ClassVar = "Output"

    outputs: list[str] | None = option(
        "-o, --output PATH", "Where to write it, .html or .md; repeat for both. Default: REPORT.html beside it."
    )
    no_clobber: bool = option("--no-clobber", "Stop if an output exists already.", default=False)


@grouped
def report(
    context: typer.Context,
    saved: Annotated[
        str | None,
        typer.Argument(
            metavar="REPORT.json|-",
            rich_help_panel="Input",
            help="The saved report; - or nothing reads standard input.",
        ),
    ] = None,
    *,
    output: ReportOutput,
    behaviour: Annotated[Behaviour, Without("strict", "verbose", "no_advice", "no_progress")],
) -> None:
    """Render a saved report again, as a page with pictures or as Markdown: the same as if it had been made at once.

    em-impute report heights.report.json -o heights.html
    """
    path = input_path(context, saved)
    paths = _paths(path, output.outputs or [])
    from em_impute.report.forms import render_saved
    from em_impute.table.output import check_output, write_atomically

    run = RunSettings(behaviour, log_of(context))
    run.log.refuse([*([path] if path else []), *paths])
    for target in paths:
        check_output(target, [path] if path else [], clobber=not output.no_clobber)
    text, name = _read(path)
    made = [render_saved(text, target.suffix, name) for target in paths]
    for target, page in zip(paths, made, strict=True):
        write_atomically(target, [page.encode()])
    run.log.written(*map(name_of, paths))
    print_written(run.open_console(), [*map(str, paths)])


def _paths(source: Path | None, outputs: list[str]) -> tuple[Path, ...]:
    """Say where the report goes.  Raises UsageError where no form can be told from the name."""
    if not outputs and source is None:
        raise UsageError("a report from standard input has no name of its own", "name a file with -o, .html or .md")
    for output in outputs:
        if Path(output).suffix not in FORMS:
            raise UsageError(f"no report can be written to {output!r}", "its name must end in .html or .md")
    named = report_paths(outputs or [str(source.with_suffix(".html"))] if source else outputs, FORMS)
    if not are_distinct(named):
        raise UsageError("two outputs have the same path", "give each its own with -o")
    return named


def _read(path: Path | None) -> tuple[str, str]:
    """Read the saved report: its text, and what to call it."""
    from em_impute.report.format import printable

    name = "standard input" if path is None else printable(str(path))
    if path is None and sys.stdin is None:
        raise TableError("standard input is closed", "name the .json file of a report")
    try:
        raw = sys.stdin.buffer.read() if path is None else path.read_bytes()
    except OSError as error:
        raise TableError(f"cannot read {name}: {error.strerror}", "name the .json file of a report") from error
    try:
        return raw.decode("utf-8-sig"), name
    except UnicodeDecodeError as error:
        raise TableError(f"{name} is not UTF-8: {error.reason}", "name the .json file of a report") from error
