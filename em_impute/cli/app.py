"""The commands, and their help, panel by panel.

Typer's own would import rich, a reader of Markdown and pydantic: three times the wait.
"""

import inspect
from collections.abc import Iterator
from functools import partial
from itertools import takewhile
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from em_impute import environment
from em_impute.cli.ask import check, evaluate, explain, why
from em_impute.cli.fill import fill
from em_impute.cli.report import report, schema
from em_impute.errors import ExitCode

MAX_WIDTH = 100
"""Columns of the help: on a wider terminal long lines would read badly."""

MAX_NAME_WIDTH = 26
"""Columns that a name may take beside its explanation; a longer one stands above it."""


class _Help:
    """Options in their panels, and help for whoever asks for it, whatever is wrong with the other words."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  # Typer keeps these classes to itself
        """Write the panels."""
        for title, rows in panels(self, ctx).items():
            with formatter.section(title):
                written = [(f"{row.name} {row.value}".rstrip(), row.text) for row in rows]
                formatter.write_dl(written, col_max=MAX_NAME_WIDTH)

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401  # as above
        """Give the parameters, which import pydantic only where a number or one of several words is given.

        Flags are off: to find out what None means, Typer would import it.
        """
        params = super().get_params(ctx)  # type: ignore[misc]  # of the class beside it
        for param in params:
            if getattr(param, "is_flag", False) and param.default is None:
                param.default = False
            if not (param.required or param.callback):
                param.process_value = partial(_processed, param)
        return params

    def parse_args(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401  # as above
        """Read the options; a group reads those before the name of a command, which has its own help."""
        is_group = hasattr(self, "commands")
        words = takewhile(lambda word: word.startswith("-") if is_group else word != "--", args)
        if not ctx.resilient_parsing and set(ctx.help_option_names) & set(words):  # as it is for completion
            typer.echo(ctx.get_help())
            raise typer.Exit
        return super().parse_args(ctx, args)  # type: ignore[misc]  # of the class beside it


def _processed(param: Any, ctx: Any, value: Any) -> Any:  # noqa: ANN401  # as above
    """Check what was given for an option; defaults and texts are as they should be."""
    if ctx.get_parameter_source(param.name).name == "DEFAULT":
        return () if value is None and param.multiple else value
    kind = getattr(getattr(param, "type_descriptor", None), "annotation", None)  # older versions of Typer have none
    return value if kind in {str, list[str]} else type(param).process_value(param, ctx, value)


class Command(_Help, TyperCommand):
    """One of the commands."""


class Commands(_Help, TyperGroup):
    """The commands together."""


class Row(NamedTuple):
    """What is explained: how it is called, what it takes, and what it is for."""

    name: str
    value: str
    text: str


def panels(command: Any, ctx: Any) -> dict[str, list[Row]]:  # noqa: ANN401  # as above
    """Give what there is to explain of a command, panel by panel."""
    panels: dict[str, list[Row]] = {}
    subcommands = getattr(command, "commands", {})
    for param in sorted(command.get_params(ctx), key=lambda param: param.param_type_name == "option"):
        panel = param.rich_help_panel or ("Options" if subcommands else "Behaviour")
        panels.setdefault(panel, []).append(_row(param))
    for name, one in subcommands.items():
        panels.setdefault("Commands", []).append(Row(name, "", next(paragraphs(one.help))))
    return panels


def _row(param: Any) -> Row:  # noqa: ANN401  # as above
    text, is_flag = param.help or "", getattr(param, "is_flag", False)
    if param.required:
        text += " [required]"
    elif param.show_default and param.default is not None and not is_flag:
        text += f" [default: {param.default}]"
    if param.envvar:
        text += f" [env: {param.envvar}]"
    if param.param_type_name == "argument":
        return Row(param.metavar, "", text)
    # Long names stand below each other, whether there is a short one before them or not.
    short = "".join(f"{name}, " for name in param.opts if not name.startswith("--"))
    long = ", ".join(name for name in param.opts if name.startswith("--"))
    return Row(f"{short:<4}{long}", "" if is_flag else param.metavar or param.name.upper(), text)


def paragraphs(text: str) -> Iterator[str]:
    """Give the paragraphs of a docstring, each on one line."""
    return (" ".join(one.split()) for one in inspect.cleandoc(text).split("\n\n"))


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
