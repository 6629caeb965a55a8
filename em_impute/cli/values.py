"""The values that options take, and what they must look like."""

import math
import sys
from enum import StrEnum
from pathlib import Path
from typing import Literal, NoReturn

import typer

from em_impute.cli.logfile import OPTION, VARIABLE, Log
from em_impute.errors import ExitCode, UsageError

__all__ = [
    "ColorName",
    "CovarianceName",
    "MethodName",
    "SharesName",
    "input_path",
    "log_of",
    "open_log",
    "parse_components",
    "parse_decimal",
    "parse_deltas",
    "parse_labels",
    "parse_method",
    "parse_unlabelled_weight",
    "show_help",
    "whole_number",
]

MOST_DIGITS = 18
"""Of a number that is given: a longer one counts nothing that there is."""


class CovarianceName(StrEnum):
    """Values of --covariance: the families of the engine, or the choice among them."""

    auto = "auto"
    full = "full"
    tied = "tied"
    diag = "diag"
    tied_diag = "tied-diag"
    eii = "eii"
    vii = "vii"
    vei = "vei"
    evi = "evi"
    vee = "vee"
    evv = "evv"
    eev = "eev"
    vev = "vev"


class ColorName(StrEnum):
    """Values of --color."""

    auto = "auto"
    always = "always"
    never = "never"


class MethodName(StrEnum):
    """Values of --method."""

    map = "map"
    draw = "draw"


class SharesName(StrEnum):
    """Values of --shares."""

    auto = "auto"
    common = "common"
    free = "free"


def parse_components(text: str | None) -> int | Literal["auto"] | None:
    """Read --components: a whole number, auto, or None where it is not given."""
    if text is None:
        return None
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
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0.0 <= weight <= 1.0:
        raise UsageError(
            f"--unlabelled-weight takes a number from 0 to 1 or auto, not {text!r}",
            "for example --unlabelled-weight 0.1",
        )
    return weight


def parse_labels(text: str | None) -> tuple[str, ...]:
    """Read --labels: names with commas between them."""
    return () if text is None else tuple(text.split(","))


def parse_deltas(texts: list[str] | None) -> tuple[tuple[str, float], ...]:
    """Read every --delta: a label, which may hold `=` itself, and a finite number."""
    deltas: dict[str, float] = {}
    for text in texts or []:
        label, equals, number = text.rpartition("=")
        try:
            delta = float(number)
        except ValueError:
            delta = math.nan
        if not (equals and label and math.isfinite(delta)):
            raise UsageError(f"--delta takes a label and a number, not {text!r}", "for example --delta female=0.5")
        if label in deltas:
            raise UsageError(f"--delta is given twice for {label!r}", "give one number a label")
        deltas[label] = delta
    return tuple(deltas.items())


def parse_method(method: MethodName | None, imputations: int | None) -> Literal["map", "draw"]:
    """Read --method; where it is not given, it follows from --imputations."""
    if imputations is None:
        return "map" if method is None else method.value
    if method is MethodName.map:
        raise UsageError(
            "--imputations contradicts --method map: the most probable labels are the same in every table",
            "leave out --method map",
        )
    return "draw"


def parse_decimal(text: str) -> str:
    """Read --decimal."""
    if text not in {".", ","}:
        raise UsageError(f"--decimal takes . or , and not {text!r}", "for example --decimal ,")
    return text


def input_path(context: typer.Context, file: str | None) -> Path | None:
    """Read FILE: None is standard input; a person at a terminal who named no file is shown the help."""
    if file == "":
        raise UsageError("FILE is an empty path", "name a file, or - for standard input")
    if file is None and sys.stdin is not None and sys.stdin.isatty():
        show_help(context)
    return None if file in {None, "-"} else Path(str(file))


def open_log(context: typer.Context, param: typer.CallbackParam, value: str | None) -> str | None:
    """Open the log that --log-file or its variable names, before the other options are looked at."""
    if value is not None and not context.resilient_parsing:  # as it is for completion
        source = context.get_parameter_source(str(param.name))
        log_of(context).open(value, VARIABLE if source is not None and source.name == "ENVIRONMENT" else OPTION)
    return value


def log_of(context: typer.Context) -> Log:
    """Give the log of this run."""
    if not isinstance(context.obj, Log):
        context.obj = Log()
    return context.obj


def show_help(context: typer.Context) -> NoReturn:
    """Show the help on standard error, and fail: nothing was asked for."""
    typer.echo(context.get_help(), err=True)
    raise typer.Exit(ExitCode.USAGE)
