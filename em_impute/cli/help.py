"""The help, in panels.  Typer's own would import rich, a reader of Markdown and pydantic: three times the wait."""

import inspect
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from em_impute.cli.options import BEHAVIOUR

__all__ = ["Command", "Commands", "Row", "panels", "paragraphs"]

MIN_WIDTH, MAX_WIDTH = 40, 100
"""Columns of the help: on a wider terminal long lines would read badly."""

MAX_NAME_WIDTH = 28
"""Columns that a name may take beside its explanation; a longer one stands above it."""

MIN_TEXT_WIDTH = 30
"""Columns that explanations beside names must have; otherwise they stand below them."""

FRAME, ASCII_FRAME = "╭╮╰╯─│", "++++-|"


class Command(TyperCommand):
    """One of the commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  # Typer keeps these classes to itself
        """Read the options.  Whoever asks for help gets it, whatever is wrong with the others."""
        _show_if_asked(ctx, takewhile(lambda word: word != "--", args))
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  # as above
        """Write the help."""
        formatter.write(_help(self, ctx))

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401  # as above
        """Give the parameters."""
        return _with_flags_off(super().get_params(ctx))


class Commands(TyperGroup):
    """The commands together."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  # as above
        """Read the options before the name of a command, which has its own help."""
        _show_if_asked(ctx, takewhile(lambda word: word.startswith("-"), args))
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  # as above
        """Write the help."""
        formatter.write(_help(self, ctx))

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401  # as above
        """Give the parameters."""
        return _with_flags_off(super().get_params(ctx))


class Row(NamedTuple):
    """What is explained: how it is called, what it takes, and what it is for."""

    name: str
    value: str
    text: str

    @property
    def width(self) -> int:
        """Count the columns of the label."""
        return len(f"{self.name} {self.value}".rstrip())

    @property
    def label(self) -> str:
        """Give the name and what it takes, in colours."""
        return f"{_styled(self.name, fg='cyan', bold=True)} {_styled(self.value, fg='yellow')}".rstrip()


def _show_if_asked(ctx: Any, words: Iterable[str]) -> None:  # noqa: ANN401  # as above
    if not ctx.resilient_parsing and set(ctx.help_option_names) & set(words):  # as it is for completion
        typer.echo(ctx.get_help())
        raise typer.Exit


def _with_flags_off(params: Sequence[Any]) -> Sequence[Any]:
    """Let flags that are not given be False: to find out what None means, Typer would import pydantic."""
    for param in params:
        if getattr(param, "is_flag", False) and param.default is None:
            param.default = False
    return params


def _help(command: Any, ctx: Any) -> str:  # noqa: ANN401  # as above
    width = min(max(shutil.get_terminal_size().columns, MIN_WIDTH), MAX_WIDTH)
    lines = ["", f" {command.get_usage(ctx)}", ""]
    for paragraph in paragraphs(command.help):
        lines += [*textwrap.wrap(paragraph, width - 2, initial_indent=" ", subsequent_indent=" "), ""]
    for title, rows in panels(command, ctx).items():
        lines += _panel(title, rows, width)
    return _encodable("\n".join(lines))


def panels(command: Any, ctx: Any) -> dict[str, list[Row]]:  # noqa: ANN401  # as above
    """Give what there is to explain of a command, panel by panel."""
    panels: dict[str, list[Row]] = {}
    subcommands = getattr(command, "commands", {})
    for param in sorted(command.get_params(ctx), key=lambda param: param.param_type_name == "option"):
        panel = param.rich_help_panel or ("Options" if subcommands else BEHAVIOUR)
        panels.setdefault(panel, []).append(_row(param))
    for name, one in subcommands.items():
        panels.setdefault("Commands", []).append(Row(name, "", next(paragraphs(one.help))))
    return panels


def _row(param: Any) -> Row:  # noqa: ANN401  # as above
    text = param.help or ""
    if param.required:
        text += " [required]"
    elif param.show_default and param.default is not None and not getattr(param, "is_flag", False):
        text += f" [default: {getattr(param.default, 'value', param.default)}]"
    if param.envvar:
        text += f" [env: {param.envvar}]"
    if param.param_type_name == "argument":
        return Row(param.metavar, "", text)
    # Long names stand below each other, whether there is a short one before them or not.
    short = "".join(f"{name}, " for name in param.opts if not name.startswith("--"))
    long = ", ".join(name for name in param.opts if name.startswith("--"))
    value = "" if getattr(param, "is_flag", False) else param.metavar or param.name.upper()
    return Row(f"{short:<4}{long}", value, text)


def _panel(title: str, rows: Sequence[Row], width: int) -> list[str]:
    """Draw a frame around the rows."""
    inside = width - 4
    names = max((row.width for row in rows if row.width <= MAX_NAME_WIDTH), default=0)
    if inside - names - 2 < MIN_TEXT_WIDTH:
        names = 2
    top, side, bottom = (
        _styled(drawn, dim=True)
        for drawn in (f"╭─ {title} ".ljust(width - 1, "─") + "╮", "│", f"╰{'─' * (width - 2)}╯")
    )
    lines = [
        f"{side} {label}{' ' * gap}{text} {side}" for row in rows for label, gap, text in _laid_out(row, names, inside)
    ]
    return [top, *lines, bottom]


def _laid_out(row: Row, names: int, inside: int) -> Iterator[tuple[str, int, str]]:
    """Yield the lines of a row: a label, spaces, and text, `inside` columns together."""
    room = inside - names - 2
    texts = textwrap.wrap(row.text, room, break_on_hyphens=False) or [""]
    if row.width > names:
        yield row.label, inside - row.width, ""
    else:
        yield row.label, names + 2 - row.width, texts.pop(0).ljust(room)
    for text in texts:
        yield "", names + 2, text.ljust(room)


def paragraphs(text: str) -> Iterator[str]:
    """Give the paragraphs of a docstring, each on one line."""
    return (" ".join(one.split()) for one in inspect.cleandoc(text).split("\n\n"))


def _styled(text: str, **style: Any) -> str:  # noqa: ANN401  # as typer.style takes them
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain or not text else typer.style(text, **style)  # `typer.echo` removes it where no terminal is


def _encodable(text: str) -> str:
    """Leave out what the output cannot show."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(str.maketrans(FRAME, ASCII_FRAME)).encode(encoding, "replace").decode(encoding)
    return text
