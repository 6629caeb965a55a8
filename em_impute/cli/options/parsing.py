"""What the texts of options stand for."""

import math
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NoReturn

import typer

from em_impute.errors import ExitCode, UsageError

MOST_DIGITS = 18
"""Of a number that is given: a longer one counts nothing that there is."""


def parse_components(text: str) -> int | Literal["auto"]:
    """Read --components: a whole number, or auto."""
    if text == "auto":
        return "auto"
    number = whole_number(text)
    if not number:
        from em_impute.table.text import shown

        message = f"--components takes a whole number above 0 or auto, not {shown(text)}"
        raise UsageError(message, "for example --components 2")
    return number


def whole_number(text: str) -> int | None:
    """Read a whole number from 0 on; None if it is none, or one that nothing here can be counted by."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def parse_unlabelled_weight(text: str) -> float | None:
    """Read --unlabelled-weight: a number from 0 to 1, or None for auto."""
    if text == "auto":
        return None
    weight = _number(text)
    if not 0.0 <= weight <= 1.0:
        message = f"--unlabelled-weight takes a number from 0 to 1 or auto, not {text!r}"
        raise UsageError(message, "for example --unlabelled-weight 0.1")
    return weight


def parse_labels(text: str) -> tuple[str, ...]:
    """Read --labels: names with commas between them."""
    return tuple(text.split(","))


def parse_deltas(texts: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Read every --delta: a label and a finite number."""
    deltas: dict[str, float] = {}
    for text in texts:
        label, delta = split_number(text)
        if not (label and math.isfinite(delta)):
            raise UsageError(f"--delta takes a label and a number, not {text!r}", "for example --delta female=0.5")
        if label in deltas:
            raise UsageError(f"--delta is given twice for {label!r}", "give one number a label")
        deltas[label] = delta
    return tuple(deltas.items())


def split_number(text: str) -> tuple[str, float]:
    """Read LABEL=NUMBER, where the label may hold `=` itself: it is empty where none is named."""
    label, _, number = text.rpartition("=")
    return label, _number(number)


def _number(text: str) -> float:
    """Read a number; what is none is not a number."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def input_path(context: typer.Context, file: str | None) -> Path | None:
    """Read FILE: None is standard input; a person at a terminal who named no file is shown the help."""
    if file == "":
        raise UsageError("FILE is an empty path", "name a file, or - for standard input")
    if file is None and sys.stdin is not None and sys.stdin.isatty():
        show_help(context)
    return None if file in {None, "-"} else Path(str(file))


def show_help(context: typer.Context) -> NoReturn:
    """Show the help on standard error, and fail: nothing was asked for."""
    typer.echo(context.get_help(), err=True)
    raise typer.Exit(ExitCode.USAGE)


def command_line() -> str:
    """Give the command as it was typed."""
    return shlex.join(["em-impute", *sys.argv[1:]])
