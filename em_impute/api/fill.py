"""`em_impute.fill`: complete columns of a data frame."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
import pandas as pd

from em_impute.api.frames import WRITING, as_texts, as_written, names_given, open_frame, position_of, put, values_of
from em_impute.api.options import FrameOptions, in_python, refuse_unknown, request_of, written_call
from em_impute.api.steps import Completed, complete_table, unwatched
from em_impute.errors import DesignError, FitError, UsageError
from em_impute.options import Request
from em_impute.pipeline.edits import added_columns, codes_to_write
from em_impute.pipeline.types import Opened
from em_impute.report.fit_report import FitReport

__all__ = ["Filled", "completed_frames", "fill", "read_frame"]

APART = ("by", "weights", "order_by")
"""Options that name a column which serves as something else than a predictor."""


@dataclass(frozen=True, eq=False)
class Filled:
    """What `em_impute.fill` gives: it unpacks into the completed frame and the report of each column.

    >>> import em_impute, pandas
    >>> people = pandas.DataFrame({"height": [160, 158, 163, 181, 179, 184, 182], "sex": [*"fffmmm", None]})
    >>> filled = em_impute.fill(people, column="sex", covariance="tied", imputations=5)
    >>> [frame["sex"].iloc[-1] for frame in filled.frames], len(filled.reports)
    (['m', 'm', 'm', 'm', 'm'], 1)

    """

    frames: tuple[pd.DataFrame, ...]
    """(n_imputations,) the completed frames: one unless `imputations` asks for several"""
    reports: tuple[FitReport, ...]
    """(n_columns,) one a column that was asked for, in that order"""

    @property
    def frame(self) -> pd.DataFrame:
        """The completed frame, (n_rows, n_columns + those that were added); the first of several.

        >>> import em_impute, pandas
        >>> people = pandas.DataFrame({"height": [160, 158, 163, 181, 179, 184, 182], "sex": [*"fffmmm", None]})
        >>> em_impute.fill(people, column="sex", covariance="tied").frame["sex"].tolist()
        ['f', 'f', 'f', 'm', 'm', 'm', 'm']

        """
        return self.frames[0]

    @property
    def report(self) -> FitReport:
        """The report of the column; of the first of several.

        >>> import em_impute, pandas
        >>> people = pandas.DataFrame({"height": [160, 158, 163, 181, 179, 184, 182], "sex": [*"fffmmm", None]})
        >>> em_impute.fill(people, column="sex", covariance="tied").report.missing["filled"]
        1

        """
        return self.reports[0]

    def __iter__(self) -> Iterator[Any]:
        yield self.frame
        yield from self.reports


@in_python()
def fill(frame: pd.DataFrame, column: Hashable | list[Hashable], **options: Unpack[FrameOptions]) -> Filled:
    """Fill the missing cells of a categorical column with their most probable label, given the other columns.

    What `em-impute fill` would do with `frame.to_csv(index=False)`: the frame is written as CSV in memory and read by
    the same functions.  So the standard marks of missing values (NA, ?, unknown …) count as missing here too, beside
    NaN, None, pd.NA and blank texts.  Nothing is printed, and `frame` is left as it is.

    Parameters
    ----------
    frame
        (n_rows, n_columns), with any index, which is kept, and any dtypes.
    column
        The name of the column to complete, or a list of names, each completed on its own.
    features
        The predictors, a list of names.  Default: every column of numbers or of few texts but identifiers and
        constants.  Missing predictors are integrated out.
    by
        The name of the column of groups that may differ: each has a fit of its own beside that of all.
    weights
        The name of the column of numbers, 0 or more, that say how much each row counts.
    null_values, keep_values
        Values of the column that count as missing, or as labels although they look like a missing mark.
    labels, order_by
        Names of the groups to find where no label is known, and the predictor whose ascending mean orders them.
    components
        Gaussians a label (default 1); without known labels the number of groups, which "auto" finds by BIC.
    covariance
        "auto" stacks many mixtures; the name of a family ("full", "tied", "diag", …) asks for one mixture.
    single
        Fill from the leading mixture alone.
    unlabelled_weight, prior_strength
        Of one mixture: the weight, from 0 to 1, of a row without a label, and that of its prior (default 1; 0 is plain
        maximum likelihood).
    shares : {"auto", "common", "free"}
        Whether the rows to fill have the label shares of known rows ("common"), shares of their own ("free"), or as the
        evidence of why labels are missing has it ("auto").
    deltas
        Log-odds by which labels are likelier in the rows to fill than their predictors say: {label: number}.
    max_iter, tolerance, seed
        EM iterations at most (5000), the log-likelihood in nats that may be left to gain (1e-6), and the seed of folds
        and starts (0): the same input gives the same output.
    min_probability
        Leave a cell as it is unless its label is at least so probable (from 0 to 1, default 0).
    method, imputations
        "draw" draws labels by their probabilities, and `imputations` so many frames (2 to 1000), to be analysed each
        and pooled.  The default is "map": the most probable label.
    probability, probabilities, indicator
        Add NAME_probability of the label in each row, NAME_p_LABEL of every label, and NAME_imputed, which is 1 where
        the cell was filled.

    Returns
    -------
    Filled
        `frame, report = em_impute.fill(…)`.  In the frame, a copy, missing cells hold values of the column's own kind:
        a categorical stays one, whole numbers stay what they were.  In the report line 2 is the first row.

    Raises
    ------
    UsageError, TableError, ColumnError, DesignError, FitError
        Each a ValueError too: the options, the texts in the frame, a column's name, its cells, or that nothing can be
        learnt.
    TypeError
        `frame` is no data frame, or an option has no such name.

    Source: EM for mixtures, Dempster, Laird and Rubin (1977), doi:10.1111/j.2517-6161.1977.tb01600.x; labels known for
    some rows, McLachlan and Peel (2000), Finite Mixture Models, section 2.19; the stack, Yao, Vehtari, Simpson and
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
    >>> report.missing["filled"], [label["filled"] for label in report.labels]
    (2, [1, 1])

    """
    refuse_unknown("fill", options, FrameOptions)
    targets, request, opened = read_frame(frame, column, options)
    done = complete_table(opened, request, unwatched)
    frames = tuple(completed_frames(frame, targets, done))
    return Filled(frames, done.reports(written_call("fill", column, options)))


def read_frame(frame: Any, column: Any, options: Mapping[str, Any]) -> tuple[list[int], Request, Opened]:
    """Read the columns that are needed, as a file; also give where the columns to fill stand in the frame."""
    if not isinstance(frame, pd.DataFrame):
        message = f"frame is a {type(frame).__name__}: a pandas DataFrame is needed; em_impute.fill_csv reads files"
        raise TypeError(message)
    if not len(frame):
        raise FitError("the frame has no rows to learn from")
    columns, features = names_given(frame, column), names_given(frame, options.get("features"))
    if not columns:
        raise UsageError("column names no column")
    targets = [position_of(frame, name, "filled") for name in columns]
    predictors = [position_of(frame, name, "a predictor") for name in features]
    apart = {
        option: position_of(frame, options[option], f"that of {option}")
        for option in APART
        if options.get(option) is not None
    }
    used = sorted({*targets, *predictors, *apart.values()}) if features else list(range(frame.shape[1]))
    texts = {*targets, apart.get("by")}
    written = [as_written(frame.iloc[:, at]) if at in texts else frame.iloc[:, at] for at in used]
    request = request_of(columns, {**options, **WRITING, "features": as_texts(features)})
    return targets, request, open_frame(written, as_texts(frame.columns[used]), request, unwatched)


def completed_frames(frame: pd.DataFrame, positions: Sequence[int], done: Completed) -> Iterator[pd.DataFrame]:
    """Yield the completed frames."""
    request = done.request
    for imputation in range(1, request.imputations + 1) if request.imputations else [None]:
        completed = frame.copy()
        for position, completion in zip(positions, done.completions, strict=True):
            column, labels = frame.iloc[:, position], completion.labels
            values = values_of(column, labels.label, labels.labels)
            code = codes_to_write(completion, imputation)
            filled = code >= 0
            put(completed, position, completion.fills.row[filled], code[filled], values)
            for name, cells, digits in added_columns(completion, len(frame), request, imputation):
                levels = completed.columns.nlevels
                key = name if levels == 1 else (name, *[""] * (levels - 1))
                if key in completed.columns:
                    raise DesignError(f"a column named {name!r} is already in the frame", "rename it")
                completed[key] = cells if digits else cells.astype(np.int64)
        yield completed
