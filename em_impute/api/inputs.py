"""What estimators are given, as columns of pandas: X, y and sample_weight.  The messages begin as scikit-learn's do."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from em_impute.api.conventions import warn_of_column
from em_impute.api.frames import WRITING, as_texts, as_written, names_given, position_of
from em_impute.api.options import request_of
from em_impute.columns.labels import Labels
from em_impute.errors import DesignError, FitError
from em_impute.options import Request

__all__ = [
    "Given",
    "column_texts",
    "frame_of",
    "gather",
    "labels_of",
    "names_of",
    "refuse_one_class",
    "refuse_other_columns",
    "weights_of",
]


class Given(NamedTuple):
    """What is learnt from."""

    columns: Sequence[pd.Series]  # the predictors, the labels, and the weights if there are any
    names: tuple[str, ...]  # to call them
    used: tuple[int, ...]  # where the predictors stand in X
    target: pd.Series  # the labels as they were given
    name: str
    request: Request


def gather(frame: pd.DataFrame, y: Any, sample_weight: Any, params: Mapping[str, Any]) -> Given:
    """Gather what is to be learnt from; `params` are those of the imputer.

    Raises UsageError for what can be no value of one, ColumnError for a column that is not there, and DesignError and
    FitError for labels and weights that are none.
    """
    texts = column_texts(frame)
    place = None if params["column"] is None else position_of(frame, params["column"], "filled")
    target = labels_of(y, len(frame), texts) if place is None else frame.iloc[:, place]
    name = str(target.name) if place is None else texts[place]
    features = [position_of(frame, one, "a predictor") for one in names_given(frame, params["features"])]
    used = features or [at for at in range(frame.shape[1]) if at != place]
    weight = weights_of(sample_weight, len(frame), (*texts, name))
    columns = [*(frame.iloc[:, at] for at in used), as_written(target)]
    names = [*(texts[at] for at in used), name]
    options = {**params, **WRITING, "features": [texts[at] for at in features]}
    del options["column"]
    if weight is not None:
        columns.append(weight)
        names.append(str(weight.name))
        options["weights"] = weight.name
    if params["order_by"] is not None:
        options["order_by"] = texts[position_of(frame, params["order_by"], "that of order_by")]
    request = replace(request_of([name], options), examined=False)
    return Given(columns, tuple(names), tuple(used), target, name, request)


def frame_of(X: Any) -> pd.DataFrame:
    """Give X, (n_rows, n_features), as a frame; the columns of an array are called 0, 1 and so on.

    Raises DesignError, and TypeError for sparse data.
    """
    if hasattr(X, "toarray"):
        raise TypeError("Sparse data was passed for X, but dense data is required: use X.toarray()")
    if not isinstance(X, pd.DataFrame):
        array = np.asarray(X)
        if array.ndim != 2:  # noqa: PLR2004  # rows and columns
            found = f"got {array.ndim}D array instead (shape={array.shape})"
            raise DesignError(f"Expected 2D array, {found}. Reshape your data: X.reshape(-1, 1) if it has one feature")
        return _not_empty(pd.DataFrame(array))
    return _not_empty(X)


def _not_empty(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the frame.  Raises DesignError where it has no row or no column, or complex numbers."""
    for n, what in zip(frame.shape, ("sample", "feature"), strict=True):
        if not n:
            raise DesignError(f"Found array with 0 {what}(s) (shape={frame.shape}) while a minimum of 1 is required.")
    if any(dtype.kind == "c" for dtype in frame.dtypes):
        raise DesignError("Complex data not supported", "pass real and imaginary parts as columns of their own")
    return frame


def labels_of(y: Any, n_rows: int, taken: Sequence[str]) -> pd.Series:
    """Give y as (n_rows,) labels, missing where it is NaN, None or NA, under a name that no column has."""
    if y is None:
        raise DesignError("requires y to be passed, but the target y is None", "or name the column with `column`")
    if hasattr(y, "toarray"):
        raise TypeError("Sparse data was passed for y, but dense data is required")
    name = str(y.name) if isinstance(y, pd.Series) and y.name is not None else "y"
    while name in taken:
        name += "_"
    values: Any = y if isinstance(y, pd.Series | pd.api.extensions.ExtensionArray) else np.asarray(y)
    if values.ndim == 2 and values.shape[1] == 1:  # noqa: PLR2004  # rows and columns
        warn_of_column()
        values = values[:, 0]
    if values.ndim != 1:
        raise DesignError(f"y should be a 1d array, got an array of shape {values.shape} instead.")
    labels = pd.Series(values, name=name).reset_index(drop=True)
    _refuse_other_length("y", len(labels), n_rows)
    if pd.api.types.is_float_dtype(labels.dtype):
        known = labels.dropna().to_numpy(np.float64)
        if (known != np.round(known)).any():
            raise DesignError(
                "Unknown label type: continuous. y holds numbers that are not whole", "classes are needed"
            )
    return labels


def weights_of(sample_weight: Any, n_rows: int, taken: Sequence[str]) -> pd.Series | None:
    """Give (n_rows,) weights under a name that no column has; None where all rows count alike."""
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight, np.float64)
    if weights.ndim == 0:
        weights = np.full(n_rows, weights)
    if weights.ndim != 1:
        raise DesignError(f"Sample weights must be 1D array or scalar, got {weights.ndim}D array.")
    _refuse_other_length("sample_weight", weights.size, n_rows)
    if not weights.any():
        raise FitError("Sample weights must contain at least one non-zero number.")
    name = "sample_weight"
    while name in taken:
        name += "_"
    return pd.Series(weights, name=name)


def names_of(frame: pd.DataFrame) -> tuple[str, ...] | None:
    """Give the names of the columns if all are texts, as scikit-learn has it; None if not all are."""
    return tuple(frame.columns) if all(isinstance(name, str) for name in frame.columns) else None


def refuse_other_columns(estimator: str, frame: pd.DataFrame, n_features: int, names: Sequence[str] | None) -> None:
    """Raise DesignError where X has not the columns that the estimator was fitted to."""
    now = names_of(frame)
    if names is not None and now is not None and tuple(names) != now:
        new, gone = sorted(set(now) - set(names)), sorted(set(names) - set(now))
        message = "The feature names should match those that were passed during fit.\n"
        if new:
            message += "Feature names unseen at fit time:\n" + "".join(f"- {name}\n" for name in new[:5])
        if gone:
            message += "Feature names seen at fit time, yet now missing:\n" + "".join(
                f"- {name}\n" for name in gone[:5]
            )
        if not (new or gone):
            message += "Feature names must be in the same order as they were in fit.\n"
        raise DesignError(message)
    if frame.shape[1] != n_features:
        raise DesignError(
            f"X has {frame.shape[1]} features, but {estimator} is expecting {n_features} features as input"
        )


def refuse_one_class(labels: Labels) -> None:
    """Raise FitError, in the words of classifiers, where all labels that count are one."""
    known = [label for label, n in zip(labels.labels, labels.known, strict=True) if n]
    if len(known) == 1:
        raise FitError(
            f"y holds one class only, {known[0]!r}: it cannot be told from others", "add rows of another class"
        )


def column_texts(frame: pd.DataFrame) -> tuple[str, ...]:
    """Say what to call the columns in messages and in the report: their names, or x0, x1, … of an array."""
    is_array = isinstance(frame.columns, pd.RangeIndex)
    return tuple(f"x{place}" for place in frame.columns) if is_array else as_texts(frame.columns)


def _refuse_other_length(what: str, n: int, n_rows: int) -> None:
    if n != n_rows:
        raise DesignError(f"Found input variables with inconsistent numbers of samples: X has {n_rows}, {what} has {n}")
