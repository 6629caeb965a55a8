"""What the texts of options stand for."""

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import typer

from em_impute.errors import ExitCode, UsageError

MOST_DIGITS = 18
"""Of a whole number that is given: a longer one counts nothing that there is."""


def read_number(text: str) -> float | str:
    """Read a number, whole or not; what is none stays the text that it is, and is refused as such."""
    if text.isascii() and text.isdigit():
        return int(text) if len(text) <= MOST_DIGITS else text
    try:
        return float(text)
    except ValueError:
        return text


def read_pairs(
    texts: Sequence[str], flag: str, wanted: str, is_allowed: Callable[[float], bool]
) -> tuple[tuple[str, float], ...]:
    """Read every LABEL=NUMBER, where the label may hold `=` itself."""
    found: dict[str, float] = {}
    for text in texts:
        label, _, number = text.rpartition("=")
        value = read_number(number)
        if not label or isinstance(value, str) or not is_allowed(value):
            raise UsageError(f"{flag} takes {wanted}, not {text!r}", f"for example {flag} female=0.5")
        if label in found:
            raise UsageError(f"{flag} is given twice for {label!r}", "give one number per label")
        found[label] = float(value)
    return tuple(found.items())


def read_kinds(texts: Sequence[str], flag: str) -> tuple[tuple[str, str], ...]:
    """Read every COLUMN=KIND, where the name of the column may hold `=` itself."""
    pairs = [text.rpartition("=") for text in texts]
    for text, (column, _, _) in zip(texts, pairs, strict=True):
        if not column:
            raise UsageError(f"{flag} takes a column and a kind, not {text!r}", f"for example {flag} code=category")
    return tuple((column, kind) for column, _, kind in pairs)


def input_path(file: str | None) -> Path | None:
    """Read FILE: None is standard input, unless a person at a terminal named no file, who would wait for ever."""
    if file == "":
        raise UsageError("FILE is an empty path", "name a file, or - for standard input")
    if file is None and sys.stdin is not None and sys.stdin.isatty():
        raise UsageError("no file is named", "name one, or - to type its lines here; em-impute --help has examples")
    return None if file in {None, "-"} else Path(str(file))


def show_help(context: typer.Context) -> NoReturn:
    """Show the help on standard error, and fail: nothing was asked for."""
    typer.echo(context.get_help(), err=True)
    raise typer.Exit(ExitCode.USAGE)


def command_line() -> str:
    """Give the command as it was typed."""
    return shlex.join(["em-impute", *sys.argv[1:]])
