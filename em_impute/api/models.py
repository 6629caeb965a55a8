"""`em_impute.fit_model` and `em_impute.read_model`: a fit that fills other tables and is saved."""

import os
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import pandas as pd

from em_impute.api.arguments import (
    WRITING,
    AppliedOptions,
    ModelOptions,
    as_pandas,
    in_python,
    names_given,
    refuse_unknown,
    request_of,
    source_of_frame,
    with_frame_lines,
    written_call,
)
from em_impute.api.fill import Filled, complete_frame, filled_frames
from em_impute.api.session import Completed, apply_model, unwatched
from em_impute.errors import ColumnError, UsageError
from em_impute.options import Request
from em_impute.pipeline.apply import asked_of, read_for
from em_impute.saved_model.store import SavedModel, dump
from em_impute.saved_model.store import read_model as read_saved
from em_impute.table.output import write_atomically
from em_impute.table.text import same_name


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A fit that fills columns of other tables, without fitting again.

    `fit_model` makes one from a frame, `read_model` reads one from a file.  Each row is filled alike, whatever else is
    in its frame (n_rows, n_columns).  Predictors that this lacks are integrated out; what does not fit the model is in
    the report's warnings.  Errors are those of `em_impute.fill`.

    Source: as `em_impute.fill`.

    >>> import em_impute, pandas, pathlib, tempfile
    >>> known = pandas.DataFrame({"height": [160, 158, 163, 181, 179, 184], "sex": [*"fffmmm"]})
    >>> model = em_impute.fit_model(known, column="sex", covariance="tied")
    >>> model.columns, model.labels("sex")
    (('sex',), ('f', 'm'))
    >>> visitors = pandas.DataFrame({"height": [180.0, 173.0, 161.5], "sex": None})
    >>> frame, report = model.fill(visitors, probability=True)
    >>> frame["sex"].tolist(), report.missing.filled
    (['m', 'm', 'f'], 3)
    >>> model.predict_proba(visitors).round(2)
         f    m
    0  0.0  1.0
    1  0.0  1.0
    2  1.0  0.0
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.json"
    >>> model.save(path)
    >>> em_impute.read_model(path)
    FittedModel(columns=('sex',), rows=6)

    """

    saved: SavedModel
    """as it is written to a file"""
    path: str = "a model in memory"
    """where it came from"""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that it fills."""
        return self.saved.names

    def labels(self, column: str) -> tuple[str, ...]:
        """Give the labels of a column that it fills.  Raises ColumnError for another column."""
        (one,) = self._asked(column).columns
        return one.model.labels

    @in_python()
    def fill(
        self, frame: pd.DataFrame, column: str | Sequence[str] | None = None, **options: Unpack[AppliedOptions]
    ) -> Filled:
        """Fill the missing cells of a frame, (n_rows, n_columns).

        `column` says which of the model's columns to fill: a name, a list of names, or None for all.  Options and
        result are as of `em_impute.fill`; in the reports `applied` compares the rows with those that the model learnt
        from.  Raises DesignError where the rows do not fit the model, for instance in another unit.
        """
        refuse_unknown("FittedModel.fill", options, AppliedOptions)
        done = self._apply(frame, column, options)
        return filled_frames(frame, done.opened.targets, done, written_call("FittedModel.fill", column, options))

    @in_python()
    def predict_proba(self, frame: pd.DataFrame, column: str | None = None) -> pd.DataFrame:
        """Give the probability of each label in each row of a frame, (n_rows, n_columns), labelled or not.

        The result is (n_rows, n_labels), one column for each label, with the index of `frame`.  `column` says which of
        the model's columns is meant, if it fills several; raises UsageError where that is not said.
        """
        if column is None and len(self.columns) > 1:
            raise UsageError(f"the model fills {', '.join(map(repr, self.columns))}", "name one with column")
        (one,) = self._asked(self.columns[0] if column is None else column).columns
        frame = as_pandas(frame)
        others = frame.drop(columns=[name for name in frame.columns if same_name(str(name), one.column)])
        unlabelled = others.assign(**{one.column: pd.Series(None, index=frame.index, dtype=object)})
        done = self._apply(unlabelled, one.column, {"probabilities": True})
        return pd.DataFrame(done.completions[0].fills.probabilities, frame.index, list(one.model.labels))

    @in_python()
    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model as JSON, whole or not at all.  Raises OutputError where that fails."""
        write_atomically(path, [dump(self.saved).encode()], suffix="")

    def __repr__(self) -> str:
        return f"FittedModel(columns={self.columns!r}, rows={self.saved.columns[0].training.rows})"

    def _asked(self, column: object) -> SavedModel:
        """Give the model of one column."""
        return asked_of(self.saved, Request(None, (str(column),)), self.path)

    def _apply(self, frame: Any, column: Any, options: Mapping[str, Any]) -> Completed:
        """Find the fills of a frame, all of whose columns are read."""
        frame = as_pandas(frame)
        request = request_of(names_given(frame, column), {**options, **WRITING})
        model = asked_of(self.saved, request, self.path)
        labels_or_groups = {*model.names, *(one.model.groups.name for one in model.columns if one.model.groups)}
        names = list(map(str, frame.columns))
        for name in model.names:
            if sum(same_name(text, name) for text in names) != 1:  # a name that is a number could mean another column
                raise ColumnError(f"column {name!r} is not in the frame", "the model fills it; name others with column")
        labelled = [at for at, name in enumerate(names) if name in labels_or_groups]
        opened, placed, asked = read_for(model, source_of_frame(frame, labelled), request, unwatched)
        return apply_model(with_frame_lines(opened), placed, asked, self.path, unwatched)


@in_python()
def fit_model(frame: pd.DataFrame, column: Hashable | list[Hashable], **options: Unpack[ModelOptions]) -> FittedModel:
    """Fit a model that fills a column of a frame, (n_rows, n_columns), even if no cell of it is missing.

    Parameters and errors are those of `em_impute.fill`, but for what says how cells are filled.

    >>> import em_impute, pandas
    >>> known = pandas.DataFrame({"height": [160, 158, 163, 181, 179, 184], "sex": [*"fffmmm"]})
    >>> em_impute.fit_model(known, column="sex", covariance="tied")
    FittedModel(columns=('sex',), rows=6)

    """
    refuse_unknown("fit_model", options, ModelOptions)
    done, _ = complete_frame(frame, column, options, keeps_model=True)
    return FittedModel(done.model())


@in_python()
def read_model(path: str | os.PathLike[str]) -> FittedModel:
    """Read a model that `FittedModel.save` or `em-impute fill --save-model` has written, in any version.

    Raises ModelError, a ValueError too, where the file cannot be read, or is no model.

    >>> import em_impute
    >>> try:
    ...     em_impute.read_model("nowhere.json")
    ... except em_impute.ModelError as error:
    ...     print(error)
    cannot read the model nowhere.json: no such file or directory

    """
    return FittedModel(read_saved(Path(path)), str(path))
