"""`em-impute report` renders a saved report again, `em-impute schema` says what every key of one means."""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, get_args

import typer

from em_impute.cli.options.groups import Group, Without, grouped, input_path, option
from em_impute.cli.outputs import check_outputs, report_paths
from em_impute.cli.run import DEBUG, JUDGING, Behaviour, Run
from em_impute.errors import TableError, UsageError


class ReportOutput(Group, panel="Output"):
    """Where the report is written."""

    outputs: list[str] | None = option(
        "-o, --output PATH", "Where to write it, .html or .md; repeat for both. Default: REPORT.html beside it."
    )
    no_clobber: bool = option("--no-clobber", "Stop if an output exists already.")


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
    behaviour: Annotated[Behaviour, Without(*JUDGING, "verbose", "no_advice", "no_progress")],
) -> None:
    """Render a saved report again, as a page with pictures or as Markdown.

    em-impute report heights.report.json -o heights.html
    """
    path = input_path(saved)
    if path is None and not output.outputs:
        raise UsageError("a report from standard input has no name of its own", "name a file with -o, .html or .md")
    beside = [] if path is None else [str(path.with_suffix(".html"))]
    paths = report_paths(output.outputs or beside, (".html", ".md"))
    from em_impute.report.forms import render_saved

    run = Run(behaviour, context.obj)
    check_outputs([path], paths, run.log, clobber=not output.no_clobber)
    text, name = _read(path)
    made = [render_saved(text, Path(target).suffix, name) for target in paths]
    for target, page in zip(paths, made, strict=True):
        run.write(target, page)
    run.say_written(paths)


def _read(path: Path | None) -> tuple[str, str]:
    """Read the saved report: its text, and what to call it."""
    from em_impute.report.format import printable

    name, hint = "standard input" if path is None else printable(str(path)), "name the .json file of a report"
    if path is None and sys.stdin is None:
        raise TableError("standard input is closed", hint)
    try:
        return (sys.stdin.buffer.read() if path is None else path.read_bytes()).decode("utf-8-sig"), name
    except OSError as error:
        raise TableError(f"cannot read {name}: {error.strerror}", hint) from error
    except UnicodeDecodeError as error:
        raise TableError(f"{name} is not UTF-8: {error.reason}", hint) from error


Kind: TypeAlias = Literal["fit", "evaluation", "explanation", "why", "check", "model"]


def schema(
    *,
    kind: Annotated[
        Kind,
        typer.Option(
            "--of",
            metavar="KIND",
            rich_help_panel="Output",
            help="Report of fill, of evaluate, or of explain, why or check --json, or a saved model. "
            f"One of {', '.join(get_args(Kind))}.",
        ),
    ] = "fit",
    debug: Annotated[bool, typer.Option("--debug", rich_help_panel="Behaviour", help=DEBUG)] = False,  # noqa: ARG001  # read by `main`
) -> None:
    """Print the JSON Schema of the report, or of a saved model: each key, its type, what it means and when it is null.

    em-impute schema > report.schema.json
    """
    if kind == "model":
        from em_impute.saved_model.store import model_schema

        found = model_schema()
    else:
        from em_impute.report.model.documents import schema_of_kind

        found = schema_of_kind(kind)
    text = json.dumps(found, indent=2, ensure_ascii=False)
    typer.echo(text.encode())  # JSON is UTF-8, whatever the terminal's encoding
