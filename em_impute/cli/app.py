"""The commands, put together."""

from typing import Annotated

import typer

from em_impute import environment
from em_impute.cli.check import check
from em_impute.cli.evaluate import evaluate
from em_impute.cli.explain import explain
from em_impute.cli.fill import fill
from em_impute.cli.help import MAX_WIDTH, Command, Commands
from em_impute.cli.report import report
from em_impute.cli.schema import schema
from em_impute.cli.why import why
from em_impute.errors import ExitCode

app = typer.Typer(
    cls=Commands,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": MAX_WIDTH},
)
for command in (fill, check, evaluate, explain, why, report, schema):
    app.command(cls=Command)(command)


@app.callback(invoke_without_command=True)
def em_impute(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Fill the missing cells of a categorical CSV column with their most likely labels under a Gaussian mixture.

    Start with:  em-impute fill heights.csv --column gender
    """
    if version:
        typer.echo(f"em-impute {environment.version()}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(ExitCode.USAGE)
