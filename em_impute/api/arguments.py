"""The arguments of a call from Python: its options, by the names and with the defaults of `Request`, and data frames.

A frame is read as the CSV file that it would be, so that both agree.  Frames of other libraries, such as Polars and
PyArrow, are translated by narwhals: the extra `frames` installs it.
"""

import difflib
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, TypedDict

import numpy as np
import pandas as pd

from em_impute.checks import check
from em_impute.em.blocks import Integers
from em_impute.environment import one_blas_thread
from em_impute.errors import ColumnError, DesignError, EmImputeError, how_to_install, spelled
from em_impute.options import TEXTS, Method, Request, Shares
from em_impute.pipeline.open import InputTable
from em_impute.report.model.shared import FRAME
from em_impute.table.columns import Codes
from em_impute.table.source import Source
from em_impute.table.text import closest, listed, shown


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


WRITING: dict[str, Any] = {"delimiter": ",", "encoding": "utf-8", "quote": '"', "all_lines": True}
"""Options of a request for bytes that `source_of_frame` makes."""


def position_of(frame: pd.DataFrame, name: Hashable, serves_as: str) -> int:
    """Find a column by its name.  Raises ColumnError where it is not there, or more than once."""
    found = [place for place, one in enumerate(frame.columns) if one == name]
    if len(found) == 1:
        return found[0]
    if found:
        message = f"{len(found)} columns of the frame are called {name!r}, which is to be {serves_as}"
        raise ColumnError(message, "give each a name of its own")
    texts = list(map(str, frame.columns))
    close = closest(texts, str(name))
    mean = f" — did you mean {shown(close)}?" if close is not None else ""
    columns = f"columns are {listed(list(map(shown, texts)), 8)}" if texts else "it has no columns"
    raise ColumnError(f"column {name!r} is not in the frame", columns + mean)


def names_given(frame: pd.DataFrame, value: Any) -> list[Hashable]:
    """Give the names of columns that an option holds: one by itself, which may be a tuple, or several; None is none."""
    if value is None:
        return []
    names: list[Any] = frame.columns.tolist()
    if isinstance(value, str) or not isinstance(value, Iterable) or (isinstance(value, tuple) and value in names):
        return [value]
    return list(value)


def _as_written(column: pd.Series) -> pd.Series:
    """Give a column whose texts are to be labels or groups in the kind that is to be written.

    Whole numbers with a gap are floating-point numbers to pandas; written as such they would be called 1.0 and not 1.
    Raises DesignError where different values have the same text.
    """
    if pd.api.types.is_float_dtype(column.dtype):
        return column.convert_dtypes()
    if column.dtype == object:
        seen = column.dropna()
        kinds = pd.DataFrame({"text": seen.map(str), "kind": seen.map(type)}).drop_duplicates()
        double = kinds["text"][kinds["text"].duplicated()]
        if len(double):
            message = f"column {column.name!r} holds {shown(double.iloc[0])} as values of different types"
            raise DesignError(message, "make them one type")
    return column


def source_of_frame(frame: pd.DataFrame, labelled: Iterable[int]) -> Source:
    """Write a frame as CSV, in memory and with all digits; missing values are empty cells.

    `labelled` are the positions of the columns whose texts are labels or groups.
    """
    table = frame.set_axis(list(map(str, frame.columns)), axis=1)
    for at in labelled:
        table.isetitem(at, _as_written(frame.iloc[:, at]))  # type: ignore[arg-type]  # which it takes
    file = BytesIO()
    # With both in the line end Python quotes a cell that holds either, before 3.13 too.
    table.to_csv(file, index=False, lineterminator="\r\n", encoding="utf-8", errors="backslashreplace")
    return Source(file, FRAME, file.tell())


def with_frame_lines(opened: InputTable) -> InputTable:
    """Count each row of the frame as one line, whatever its cells hold: line 2 is the first row."""
    lines = np.empty(0, np.int64), np.array([2], np.int64)
    return replace(opened, table=replace(opened.table, lines=lines))


def values_of(column: pd.Series, label: Codes, names: Sequence[str]) -> pd.Series:
    """Give the value of each label, (n_labels,) in the kind of the column.

    `label` (n_rows,) says which rows hold which label.  Those that none holds are called by their names.
    """
    rows = np.flatnonzero(label >= 0)[::-1]
    first = np.full(len(names), -1)
    first[label[rows]] = rows
    if (first >= 0).all():
        return column.iloc[first].reset_index(drop=True)
    if isinstance(column.dtype, pd.CategoricalDtype) and set(names) <= set(column.dtype.categories):
        return pd.Series(list(names), dtype=column.dtype)
    return pd.Series(list(names))


def put(frame: pd.DataFrame, position: int, rows: Integers, code: Codes, values: pd.Series) -> None:
    """Put values into some rows of a column, by their codes (n_filled,); its kind stays if it can."""
    column = frame.iloc[:, position]
    if not rows.size:
        return
    if column.isna().all():  # there is no kind but that of the values
        filled = values.iloc[code].set_axis(rows).reindex(range(len(column)))
    else:
        where = np.arange(len(column))
        where[rows] = len(column) + code.astype(np.intp)
        filled = pd.concat([column, values], ignore_index=True).iloc[where]
    # As an array of objects pandas would take texts for its own kind of text.
    frame.isetitem(position, filled.set_axis(frame.index))  # type: ignore[arg-type]  # which it takes


def as_pandas(frame: Any) -> pd.DataFrame:
    """Give any data frame as one of pandas.  Raises TypeError for what is none, or is and cannot be read."""
    if isinstance(frame, pd.DataFrame):
        return frame
    message = f"frame is a {type(frame).__name__}: a data frame is needed; em_impute.fill_csv reads files"
    if find_spec("narwhals") is None:
        raise TypeError(f"{message} (for other frames than those of pandas: {how_to_install('frames')})")
    import narwhals.stable.v2 as nw

    try:
        read = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise TypeError(message) from error
    return pd.DataFrame({name: _column_of(read[name], nw) for name in read.columns})


def like(frame: Any, completed: pd.DataFrame, changed: Collection[str]) -> Any:
    """Give a completed frame in the library of `frame`, whose columns are kept but for those that are `changed`."""
    if isinstance(frame, pd.DataFrame):
        return completed
    import narwhals.stable.v2 as nw

    result = nw.from_native(frame, eager_only=True)
    for name in completed.columns:
        if name in changed or name not in result.columns:
            values = [None if pd.isna(value) else value for value in completed[name].tolist()]
            dtype = result[name].dtype if name in result.columns else None
            library = nw.get_native_namespace(result)
            result = result.with_columns(nw.new_series(name, values, dtype, backend=library))
    return result.to_native()


def _column_of(series: Any, nw: Any) -> Any:
    """Give a column in a kind of pandas that has missing values: numbers, yes or no, or texts."""
    values = series.to_list()
    if series.dtype.is_integer():
        return pd.array(values, dtype="Int64")
    if series.dtype.is_numeric():
        return np.array([np.nan if value is None else float(value) for value in values])
    if series.dtype == nw.Boolean:
        return pd.array(values, dtype="boolean")
    return pd.Series([None if value is None else str(value) for value in values], dtype=object)
