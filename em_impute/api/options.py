"""The options of a call: those of the command line, by the names and with the defaults of `Request`."""

import difflib
import math
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict

from em_impute.em.families import FAMILIES
from em_impute.errors import EmImputeError, UsageError
from em_impute.options import Request, refuse_contradictions

__all__ = [
    "AppliedOptions",
    "FileOptions",
    "FrameOptions",
    "ModelOptions",
    "Name",
    "Options",
    "SharedOptions",
    "in_python",
    "refuse_unknown",
    "request_of",
    "written_call",
]

Name: TypeAlias = Hashable
"""What a column may be called.  A tuple is one name, as it is in a `MultiIndex`."""


class SharedOptions(TypedDict, total=False):
    """Options of whatever is learnt or filled.  Where several values may be given, one alone may stand for them."""

    null_values: object | Sequence[object]
    keep_values: object | Sequence[object]
    deltas: Mapping[Any, float]


class ModelOptions(SharedOptions, total=False):
    """Options of `em_impute.fit_model`: those of what is learnt."""

    features: Name | Sequence[Name]
    by: Name
    weights: Name
    labels: Sequence[object]
    order_by: Name
    components: int | Literal["auto"] | None
    covariance: str
    single: bool
    unlabelled_weight: float | None
    shares: Literal["auto", "common", "free"]
    prior_strength: float | None
    max_iter: int
    tolerance: float
    seed: int


class AppliedOptions(SharedOptions, total=False):
    """Options of `FittedModel.fill`: those of what is filled."""

    min_probability: float
    probability: bool
    probabilities: bool
    indicator: bool


class Options(ModelOptions, AppliedOptions, total=False):
    """Options of the model and of what is filled."""

    method: Literal["map", "draw"]


class FrameOptions(Options, total=False):
    """Options of `em_impute.fill`."""

    imputations: int


class FileOptions(Options, total=False):
    """Options of `em_impute.fill_csv`."""

    delimiter: str | None
    encoding: str | None
    has_header: bool
    decimal: str
    skip_lines: int


NUMBERS = {
    "unlabelled_weight": (0.0, 1.0),
    "prior_strength": (0.0, math.inf),
    "tolerance": (0.0, math.inf),
    "min_probability": (0.0, 1.0),
}
WHOLE = {
    "components": (1, math.inf),
    "max_iter": (1, math.inf),
    "seed": (0, math.inf),
    "skip_lines": (0, math.inf),
    "imputations": (2, 1000),
}
CHOICES = {
    "covariance": ("auto", *FAMILIES),
    "method": ("map", "draw"),
    "decimal": (".", ","),
    "shares": ("auto", "common", "free"),
}
TEXTS = ("features", "null_values", "keep_values", "labels")
"""Options that hold several texts."""

DEFAULTS = {field.name: field.default for field in fields(Request)}

OPTION = re.compile(r"(?<![\w'-])--?([a-z][a-z-]*)")
"""An option as messages name it.  What they quote of the data begins with an apostrophe."""

CALLED = {
    "c": "column",
    "x": "features",
    "d": "delimiter",
    "e": "encoding",
    "o": "output",
    "feature": "features",
    "null-value": "null_values",
    "keep-value": "keep_values",
    "delta": "deltas",
    "tol": "tolerance",
    "no-headers": "has_header=False",
}
"""Parameters that have another name than the option."""


def request_of(columns: Iterable[Name], options: Mapping[str, Any], path: Path | None = None) -> Request:
    """Make the request that the command line would make.  Raises UsageError for what can be no value of an option.

    What contradicts itself is told as the command line tells it: within `in_python` it names parameters.
    """
    given = {name: _value(name, value) for name, value in options.items()}
    if given.get("imputations"):
        if given.get("method") == "map":
            message = "imputations contradicts method='map': the most probable labels are the same in every table"
            raise UsageError(message, "leave out method")
        given["method"] = "draw"
    request = Request(path=path, columns=tuple(map(str, columns)), **given)
    refuse_contradictions(request)
    return request


def refuse_unknown(function: str, options: Mapping[str, Any], known: type[SharedOptions]) -> None:
    """Raise TypeError for an option that a function does not have, as Python does for parameters."""
    for name in options.keys() - known.__annotations__.keys():
        close = difflib.get_close_matches(name, known.__annotations__, n=1)
        mean = f" (did you mean {close[0]!r}?)" if close else ""
        raise TypeError(f"{function}() got an unexpected keyword argument {name!r}{mean}")


@contextmanager
def in_python() -> Iterator[None]:
    """Let errors name parameters where they name options, and show their hint below the traceback."""
    try:
        yield
    except EmImputeError as error:
        error.message, error.hint = (OPTION.sub(_parameter, text) for text in (error.message, error.hint))
        error.args = (error.message,)
        if error.hint:
            error.add_note(f"hint: {error.hint}")
        raise


def written_call(function: str, column: object, options: Mapping[str, Any]) -> str:
    """Write a call as the report tells it."""
    given = "".join(f", {name}={value!r}" for name, value in options.items())
    return f"em_impute.{function}(column={column!r}{given})"


def _parameter(found: re.Match[str]) -> str:
    return CALLED.get(found[1], found[1].replace("-", "_"))


def _value(name: str, value: Any) -> Any:
    """Give a value as `Request` holds it."""
    if name in TEXTS:
        return tuple(map(str, value if isinstance(value, tuple) else _as_list(value)))
    if name == "deltas":
        return _deltas(value)
    if value == DEFAULTS[name] or (name == "components" and value == "auto"):
        return value
    if name in CHOICES and value not in CHOICES[name]:
        raise UsageError(f"{name} takes one of {', '.join(map(repr, CHOICES[name]))}, not {value!r}")
    if name in NUMBERS:
        return float(_within(name, value, NUMBERS[name], Real, "a number"))
    if name in WHOLE:
        return int(_within(name, value, WHOLE[name], Integral, "a whole number"))
    return str(value) if name in {"by", "weights", "order_by"} and value is not None else value


def _within(name: str, value: Any, limits: tuple[float, float], kind: type, what: str) -> Any:
    (least, most), is_kind = limits, isinstance(value, kind) and not isinstance(value, bool)
    if is_kind and least <= value <= most and math.isfinite(value):
        return value
    among = f"{least:g} or more" if most == math.inf else f"from {least:g} to {most:g}"
    raise UsageError(f"{name} takes {what}, {among}, not {value!r}")


def _as_list(value: object) -> list[Any]:
    """Give several values as a list: one alone, which may be a text, stands for itself, None for nothing."""
    if value is None:
        return []
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str | bytes | tuple) else [value]


def _deltas(value: Any) -> tuple[tuple[str, float], ...]:
    deltas = tuple((str(label), delta) for label, delta in dict(value or {}).items())
    for label, delta in deltas:
        if not (isinstance(delta, Real) and math.isfinite(delta)):
            raise UsageError(f"deltas takes a finite number for {label!r}, not {delta!r}")
    return deltas
