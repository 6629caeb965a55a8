"""Frames of other libraries, such as Polars and PyArrow, which narwhals translates: the extra `frames` installs it."""

from collections.abc import Collection
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from em_impute.errors import how_to_install

INSTALL_HINT = how_to_install("frames")


def as_pandas(frame: Any) -> pd.DataFrame:
    """Give any data frame as one of pandas.  Raises TypeError for what is none, or is and cannot be read."""
    if isinstance(frame, pd.DataFrame):
        return frame
    message = f"frame is a {type(frame).__name__}: a data frame is needed; em_impute.fill_csv reads files"
    if find_spec("narwhals") is None:
        raise TypeError(f"{message} (for other frames than those of pandas: {INSTALL_HINT})")
    import narwhals.stable.v1 as nw

    try:
        read = nw.from_native(frame, eager_only=True)
    except TypeError as error:
        raise TypeError(message) from error
    return pd.DataFrame({name: _column(read[name], nw) for name in read.columns})


def like(frame: Any, completed: pd.DataFrame, changed: Collection[str]) -> Any:
    """Give a completed frame in the library of `frame`, whose columns are kept but for those that are `changed`."""
    if isinstance(frame, pd.DataFrame):
        return completed
    import narwhals.stable.v1 as nw

    result = nw.from_native(frame, eager_only=True)
    for name in completed.columns:
        if name in changed or name not in result.columns:
            values = [None if pd.isna(value) else value for value in completed[name].tolist()]
            dtype = result[name].dtype if name in result.columns else None
            library = nw.get_native_namespace(result)
            result = result.with_columns(nw.new_series(name, values, dtype, native_namespace=library))
    return result.to_native()


def _column(series: Any, nw: Any) -> Any:
    """Give a column in a kind of pandas that has missing values: numbers, yes or no, or texts."""
    values = series.to_list()
    if series.dtype.is_integer():
        return pd.array(values, dtype="Int64")
    if series.dtype.is_numeric():
        return np.array([np.nan if value is None else float(value) for value in values])
    if series.dtype == nw.Boolean:
        return pd.array(values, dtype="boolean")
    return pd.Series([None if value is None else str(value) for value in values], dtype=object)
