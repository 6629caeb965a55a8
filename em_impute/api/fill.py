"""`em_impute.fill`: complete columns of a data frame."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np
import pandas as pd

from em_impute.api.arguments import (
    WRITING,
    FrameOptions,
    as_pandas,
    in_python,
    like,
    names_given,
    position_of,
    put,
    refuse_unknown,
    request_of,
    source_of_frame,
    values_of,
    with_frame_lines,
    written_call,
)
from em_impute.api.session import Completed, unwatched
from em_impute.errors import DesignError, FitError, UsageError
from em_impute.options import Request
from em_impute.pipeline.complete import complete_all
from em_impute.pipeline.edits import added_columns, version_of
from em_impute.pipeline.open import InputTable, read_opened
from em_impute.report.model.fit import FitReport

OTHER_COLUMNS = ("by", "same_within", "weights", "order_by")
"""Options that name a column which serves as something else than a predictor."""


@dataclass(frozen=True, eq=False)
class Filled:
    """The result of `em_impute.fill`.  It unpacks into the completed frame and the report of each column.

    >>> import em_impute, pandas
    >>> people = pandas.DataFrame({"height": [160, 158, 163, 181, 179, 184, 182], "sex": [*"fffmmm", None]})
    >>> filled = em_impute.fill(people, column="sex", covariance="tied", imputations=5)
    >>> [frame["sex"].iloc[-1] for frame in filled.frames], len(filled.reports)
    (['m', 'm', 'm', 'm', 'm'], 1)
    >>> filled.frame["sex"].tolist(), filled.report.missing.filled
    (['f', 'f', 'f', 'm', 'm', 'm', 'm'], 1)

    """

    frames: tuple[pd.DataFrame, ...]
    """the completed frames: one, or as many as `imputations` asks for"""
    reports: tuple[FitReport, ...]
    """one for each column to complete, in that order"""

    @property
    def frame(self) -> pd.DataFrame:
        """The completed frame, the first of several: (n_rows, n_columns and those added)."""
        return self.frames[0]

    @property
    def report(self) -> FitReport:
        """The report of the column, the first of several."""
        return self.reports[0]

    def __iter__(self) -> Iterator[Any]:
        yield self.frame
        yield from self.reports


@in_python()
def fill(frame: pd.DataFrame, column: Hashable | list[Hashable] | None, **options: Unpack[FrameOptions]) -> Filled:
    """Fill the missing cells of a categorical column with their most probable label, given the other columns.

    The frame is read as `em-impute fill` reads `frame.to_csv(index=False)`.  So the standard marks of missing values
    (NA, ?, unknown …) count as missing too, beside NaN, None, pd.NA and blank texts.

    Parameters
    ----------
    frame
        The table, (n_rows, n_columns), with any index and dtypes; it is left as it is.  With the extra `frames` it may
        be one of Polars, PyArrow or another library that narwhals knows, and so are the completed ones.
    column
        The name of the column to complete, or a list of names, which predict each other.  None: every column of
        categories that has gaps.
    features
        The names of the predictors.  Default: every column of numbers or texts, but identifiers and
        constants.  Missing predictors are integrated out.
    kinds
        What predictors are, {name: kind}: "number", "date", "category", "text", or "ignore".  Default: as their cells
        say.
    by
        The name of a column of groups that may differ: each has its own fit beside the pooled one.
    same_within
        The name of a column of which rows with one value have one label.  Default: found by the known labels.
    weights
        The name of a column of numbers, 0 or more, that say how much each row counts.
    null_values, keep_values
        Values of the column that count as missing, or as labels although they look like a missing mark; with
        "column=value" those of a predictor.
    labels, order_by
        Without any known label: names for the clusters, and the predictor whose ascending mean orders them.
    components
        Gaussians per label (default 1); without known labels the number of clusters, which "auto" finds by BIC.
    covariance
        "auto" fits an ensemble of mixtures; the name of a family ("full", "tied", "diag", …) fits one mixture.
    single
        Fill from the leading mixture of the ensemble alone.
    unlabelled_weight, prior_strength
        Of one mixture: the weight, from 0 to 1, of a row without a label, and that of its prior (default 1; 0 is plain
        maximum likelihood).
    shares : {"auto", "common", "free"}
        Whether the rows to fill have the label shares of the labelled rows ("common") or their own ("free"); "auto"
        decides by the evidence of why labels are missing.
    deltas
        Log-odds by which labels are likelier in the rows to fill than their predictors say: {label: number}.
    max_iter, tolerance, seed
        The maximum of EM iterations (5000), the log-likelihood in nats that may be left to gain (1e-6), and the seed
        of folds and starts (0): the same input gives the same output.
    min_probability
        Leave a cell as it is unless its label is at least this probable (from 0 to 1, default 0).
    method, imputations
        "map" (the default) fills in the most probable label, "draw" draws one by its probability.  `imputations` (2 to
        1000) draws so many frames, to analyse one by one and pool.
    probability, probabilities, indicator
        Add NAME_probability of the label in each row, NAME_p_LABEL of every label, and NAME_imputed, which is 1 where
        the cell was filled.

    Returns
    -------
    Filled
        `frame, report = em_impute.fill(…)`.  The frame is a copy whose column keeps its dtype.  Line 2 in the report is
        the first row.

    Raises
    ------
    UsageError, TableError, ColumnError, DesignError, FitError
        Each a ValueError too: wrong options, texts, column or cells, or nothing to learn from.
    TypeError
        `frame` is no data frame, or there is no such option.

    Source: EM for mixtures, Dempster, Laird and Rubin (1977), doi:10.1111/j.2517-6161.1977.tb01600.x; labels known for
    some rows, McLachlan and Peel (2000), Finite Mixture Models, section 2.19; the ensemble, Yao, Vehtari, Simpson and
    Gelman (2018), doi:10.1214/17-BA1091.

    >>> import em_impute, pandas
    >>> people = pandas.DataFrame({
    ...     "height": [160, 158, 163, 181, 179, 184, 182, 161],
    ...     "sex": ["f", "f", "f", "m", "m", "m", None, None],
    ... })
    >>> frame, report = em_impute.fill(people, column="sex", probability=True)
    >>> frame.tail(2).round(1)
       height sex  sex_probability
    6     182   m              1.0
    7     161   f              1.0
    >>> report.missing.filled, [label.filled for label in report.labels]
    (2, [1, 1])

    """
    refuse_unknown("fill", options, FrameOptions)
    done, used = complete_frame(frame, column, options, may_be_all=True)
    positions = [used[at] for at in done.opened.targets]
    return filled_frames(frame, positions, done, written_call("fill", column, options))


def complete_frame(
    frame: Any, column: Any, options: Mapping[str, Any], *, keeps_model: bool = False, may_be_all: bool = False
) -> tuple[Completed, list[int]]:
    """Fit the columns of a frame and find their fills; also give the positions in the frame of the columns read.

    With `keeps_model` there is a fit even if no cell is missing, and no diagnostics of the fills.
    """
    opened, request, used = opened_frame(frame, column, options, keeps_model=keeps_model, may_be_all=may_be_all)
    return Completed(opened, complete_all(opened, request, unwatched, release=True), request), used


def opened_frame(
    frame: Any, column: Any, options: Mapping[str, Any], *, keeps_model: bool = False, may_be_all: bool = False
) -> tuple[InputTable, Request, list[int]]:
    """Read the columns of a frame that matter; also give the request, and the positions of the columns in the frame.

    Where it `may_be_all`, None stands for all that have gaps.
    """
    frame = as_pandas(frame)
    if not len(frame):
        raise FitError("the frame has no rows to learn from")
    columns, features = names_given(frame, column), names_given(frame, options.get("features"))
    is_all = column is None and may_be_all
    if not (columns or is_all):
        raise UsageError("column names no column")
    targets = [position_of(frame, name, "filled") for name in columns]
    predictors = [position_of(frame, name, "a predictor") for name in features]
    others = {
        option: position_of(frame, options[option], f"that of {option}")
        for option in OTHER_COLUMNS
        if options.get(option) is not None
    }
    used = sorted({*targets, *predictors, *others.values()}) if features and not is_all else list(range(frame.shape[1]))
    request = request_of(columns, {**options, **WRITING, "features": tuple(map(str, features))})
    request = replace(request, keeps_model=keeps_model, examined=not keeps_model, all_columns=is_all)
    labels_or_groups = {*targets, others.get("by")}
    labelled = [at for at, position in enumerate(used) if position in labels_or_groups]
    source = source_of_frame(frame.iloc[:, used], labelled)
    return with_frame_lines(read_opened(source, request, unwatched)), request, used


def filled_frames(frame: Any, positions: Sequence[int], done: Completed, call: str) -> Filled:
    """Put the fills into copies of the frame; `positions` are those of the columns to fill, `call` is reported."""
    imputations = range(1, done.request.imputations + 1) if done.request.imputations else [None]
    read, changed = as_pandas(frame), {done.opened.names[at] for at in done.opened.targets}
    completed = (_filled_frame(read, positions, done, imputation) for imputation in imputations)
    return Filled(tuple(like(frame, one, changed) for one in completed), done.reports(call))


def _filled_frame(
    frame: pd.DataFrame, positions: Sequence[int], done: Completed, imputation: int | None
) -> pd.DataFrame:
    """Fill a copy of the frame, and add the columns that were asked for."""
    completed = frame.copy()
    for position, one in zip(positions, done.completions, strict=True):
        column, labels, completion = frame.iloc[:, position], one.labels, version_of(one, imputation)
        code = completion.fills.code
        filled = code >= 0
        values = values_of(column, labels.label, labels.labels)
        put(completed, position, completion.fills.row[filled], code[filled], values)
        for name, cells, digits in added_columns(completion, len(frame), done.request):
            levels = completed.columns.nlevels
            key = name if levels == 1 else (name, *[""] * (levels - 1))
            if key in completed.columns:
                raise DesignError(f"a column named {name!r} is already in the frame", "rename it")
            completed[key] = cells if digits else cells.astype(np.int64)
    return completed
