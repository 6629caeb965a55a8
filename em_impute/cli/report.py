"""`em-impute report`: render a saved report again."""

import sys
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from em_impute.cli import options as o
from em_impute.cli.destination import are_distinct, report_paths
from em_impute.cli.manners import Manners
from em_impute.cli.telling import tell_written
from em_impute.cli.values import ColorName, input_path, log_of
from em_impute.errors import TableError, UsageError

__all__ = ["report"]

FORMS = (".html", ".md")

Saved: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="REPORT.json|-",
        rich_help_panel=o.INPUT,
        show_default=False,
        help="The saved report; - or nothing reads standard input.",
    ),
]
Outputs: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "-o",
        "--output",
        metavar="PATH",
        rich_help_panel=o.OUTPUT,
        show_default=False,
        help="Where to write it, .html or .md; repeat for both. Default: REPORT.html beside it.",
    ),
]


def report(
    context: typer.Context,
    saved: Saved = None,
    *,
    outputs: Outputs = None,
    no_clobber: o.NoClobber = False,
    quiet: o.Quiet = False,
    color: o.Color = ColorName.auto,
    log_file: o.LogFile = None,  # noqa: ARG001  # opened before the other options are looked at
    debug: o.Debug = False,  # noqa: ARG001  # read at the door, before a command runs
) -> None:
    """Render a saved report again, as a page with pictures or as Markdown: the same as if it had been made at once.

    em-impute report heights.report.json -o heights.html
    """
    path = input_path(context, saved)
    paths = _paths(path, outputs or [])
    from em_impute.report.forms import render_saved
    from em_impute.report.terminal import print_lines
    from em_impute.table.output import check_output, write_atomically

    manners = Manners(log_of(context), quiet=quiet, color=color.value)
    manners.log.refuse([*([path] if path else []), *paths])
    for output in paths:
        check_output(output, [path] if path else [], clobber=not no_clobber)
    text, name = _read(path)
    made = [render_saved(text, output.suffix, name) for output in paths]
    for output, page in zip(paths, made, strict=True):
        write_atomically(output, [page.encode()])
    tell_written(manners.log, [], paths)
    console = manners.open_console()
    if console is not None:
        print_lines(console, [("wrote", ", ".join(map(str, paths)))])


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
    from em_impute.report.words import printable

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
