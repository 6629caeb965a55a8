"""The options of a call: those of the command line, by the names and with the defaults of `Request`."""

import difflib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypedDict

from em_impute.environment import one_blas_thread
from em_impute.errors import EmImputeError, spelled
from em_impute.options import TEXTS, Method, Request, Shares, check


class SharedOptions(TypedDict, total=False):
    """Options of whatever is learnt or filled.  Where several values may be given, one alone may stand for them."""

    null_values: object | Sequence[object]
    keep_values: object | Sequence[object]
    deltas: Mapping[Any, float]


class ModelOptions(SharedOptions, total=False):
    """Options of `em_impute.fit_model`: those of what is learnt.  A tuple is one name, as it is in a `MultiIndex`."""

    features: Hashable | Sequence[Hashable]
    kinds: Mapping[Hashable, str]
    by: Hashable
    same_within: Hashable
    weights: Hashable
    labels: Sequence[object]
    order_by: Hashable
    components: int | Literal["auto"] | None
    covariance: str
    single: bool
    unlabelled_weight: float | None
    shares: Shares
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


class FrameOptions(ModelOptions, AppliedOptions, total=False):
    """Options of `em_impute.fill`."""

    method: Method
    imputations: int


class FileOptions(ModelOptions, AppliedOptions, total=False):
    """Options of `em_impute.fill_csv`."""

    method: Method
    delimiter: str | None
    encoding: str | None
    has_header: bool
    decimal: str
    skip_lines: int
    quote: str | None
    comment: str | None
    all_lines: bool


PARAMETERS = {"columns": "column", "has_header": "has_header=False"}
"""Parameters that have another name than the field of `Request`."""


def request_of(columns: Iterable[Hashable], options: Mapping[str, Any], path: Path | None = None) -> Request:
    """Make the request that the command line would make.  Raises UsageError for what can never work."""
    given = {name: _value(name, value) for name, value in options.items()}
    request = Request(path=path, columns=tuple(map(str, columns)), **given)
    check(request)
    return request


def refuse_unknown(function: str, options: Mapping[str, Any], known: type[SharedOptions]) -> None:
    """Raise TypeError for an option that a function does not have, as Python does for parameters."""
    for name in options.keys() - known.__annotations__.keys():
        close = difflib.get_close_matches(name, known.__annotations__, n=1)
        mean = f" (did you mean {close[0]!r}?)" if close else ""
        raise TypeError(f"{function}() got an unexpected keyword argument {name!r}{mean}")


@contextmanager
def in_python() -> Iterator[None]:
    """Surround a public call: one thread of BLAS; errors name options as parameters, with their hint below."""
    try:
        with one_blas_thread():
            yield
    except EmImputeError as error:
        error.message, error.hint = (spelled(text, parameter) for text in (error.message, error.hint))
        error.args = (error.message,)
        if error.hint:
            error.add_note(f"hint: {error.hint}")
        raise


def written_call(function: str, column: object, options: Mapping[str, Any]) -> str:
    """Write a call as the report tells it."""
    given = "".join(f", {name}={value!r}" for name, value in options.items())
    return f"em_impute.{function}(column={column!r}{given})"


def parameter(name: str, value: str | None) -> str:
    """Write an option, perhaps with a value, as a call has it."""
    written = PARAMETERS.get(name, name)
    if value is None:
        return written
    if value.isdigit():
        return f"{written}={value}"
    if name == "kinds":
        column, _, kind = value.rpartition("=")
        return f"{written}={{{column!r}: {kind!r}}}"
    text = value.removeprefix("'").removesuffix("'")  # which a shell needs where it holds a blank or the like
    return f"{written}={text.split(',') if name == 'labels' else text!r}"


def _value(name: str, value: Any) -> Any:
    """Give a value as `Request` holds it: several texts where one may stand for them, and names as texts."""
    if name in TEXTS:
        several = isinstance(value, Iterable) and not isinstance(value, str | bytes)
        return () if value is None else tuple(map(str, value if several else [value]))
    if name in {"deltas", "kinds"}:
        return tuple((str(key), one) for key, one in dict(value or {}).items())
    return str(value) if name in {"by", "same_within", "weights", "order_by"} and value is not None else value
