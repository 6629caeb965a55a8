"""`em_impute.fit_model` and `em_impute.read_model`: a fit that fills other tables, is saved, and learns further."""

import os
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

import pandas as pd

from em_impute.api.fill import Filled, completed_frames, read_frame
from em_impute.api.frames import WRITING, as_texts, as_written, frame_lines, names_given, source_of_frame
from em_impute.api.options import AppliedOptions, ModelOptions, in_python, refuse_unknown, request_of, written_call
from em_impute.api.steps import CompletedByModel, by_model, complete_table, unwatched
from em_impute.environment import time_of_run
from em_impute.errors import ColumnError, UsageError
from em_impute.options import Request
from em_impute.pipeline.apply import asked_of, read_for
from em_impute.pipeline.save import make_model
from em_impute.pipeline.update import refuse_update
from em_impute.saved_model.store import dump
from em_impute.saved_model.store import read_model as read_saved
from em_impute.saved_model.values import SavedModel
from em_impute.table.output import write_atomically
from em_impute.table.text import same_name

__all__ = ["FittedModel", "fit_model", "read_model"]


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A fit that fills columns of other tables, without fitting.

    `fit_model` makes one of a frame, `read_model` reads one that was saved, by `save` or by `em-impute fill
    --save-model`.  Each row is filled alike, whatever else is in a table.  Predictors that a table lacks are integrated
    out; what does not fit the model is warned of in the report.

    Source: as `em_impute.fill`; `updated` is incremental EM, Neal and Hinton (1998), doi:10.1007/978-94-011-5014-9_12.

    >>> import em_impute, pandas
    >>> known = pandas.DataFrame({"height": [160, 158, 163, 181, 179, 184], "sex": [*"fffmmm"]})
    >>> model = em_impute.fit_model(known, column="sex", covariance="tied")
    >>> model.columns, model.labels("sex")
    (('sex',), ('f', 'm'))
    >>> frame, report = model.fill(pandas.DataFrame({"height": [180.0, 161.5], "sex": None}))
    >>> frame["sex"].tolist()
    ['m', 'f']

    """

    saved: SavedModel
    """as it is written to a file"""
    path: str = "a model in memory"
    """where it came from"""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it fills, (n_columns,).

        >>> import em_impute, pandas
        >>> known = pandas.DataFrame({"x": [1, 2, 1, 8, 9, 8], "kind": [*"aaabbb"]})
        >>> em_impute.fit_model(known, column="kind", covariance="tied").columns
        ('kind',)

        """
        return self.saved.names

    def labels(self, column: str) -> tuple[str, ...]:
        """Give the labels of a column that it fills, (n_labels,).  Raises ColumnError for another column.

        >>> import em_impute, pandas
        >>> known = pandas.DataFrame({"x": [1, 2, 1, 8, 9, 8], "kind": [*"aaabbb"]})
        >>> em_impute.fit_model(known, column="kind", covariance="tied").labels("kind")
        ('a', 'b')

        """
        (one,) = self._of(column).saved.columns
        return one.model.labels

    @in_python()
    def fill(
        self, frame: pd.DataFrame, column: str | Sequence[str] | None = None, **options: Unpack[AppliedOptions]
    ) -> Filled:
        """Fill the missing cells of a frame, (n_rows, n_columns); `column` names some of the model's, None is all.

        `min_probability`, `deltas`, `probability`, `probabilities`, `indicator`, `null_values` and `keep_values` are
        those of `em_impute.fill`, and so are the result and the errors.  In the report `applied` compares the rows with
        those that the model learnt from.

        >>> import em_impute, pandas
        >>> known = pandas.DataFrame({"x": [1, 2, 1, 8, 9, 8], "kind": [*"aaabbb"]})
        >>> model = em_impute.fit_model(known, column="kind", covariance="tied")
        >>> frame, report = model.fill(pandas.DataFrame({"x": [2, 9], "kind": None}), probability=True)
        >>> frame
           x kind  kind_probability
        0  2    a               1.0
        1  9    b               1.0
        >>> report.applied["tested"] is None, report.missing["filled"]
        (True, 2)

        """
        refuse_unknown("FittedModel.fill", options, AppliedOptions)
        done, targets = self._done(frame, column, options)
        frames = tuple(completed_frames(frame, targets, done))
        return Filled(frames, done.reports(written_call("FittedModel.fill", column, options)))

    @in_python()
    def predict_proba(self, frame: pd.DataFrame, column: str | None = None) -> pd.DataFrame:
        """Give the probability, 0 to 1, of each label in each row: (n_rows, n_labels), one column a label.

        The index is that of `frame`.  Whether a label is known has no say.  `column` is needed where the model fills
        several.  Errors are those of `em_impute.fill`.

        >>> import em_impute, pandas
        >>> known = pandas.DataFrame({"x": [1, 2, 1, 8, 9, 8], "kind": [*"aaabbb"]})
        >>> model = em_impute.fit_model(known, column="kind", covariance="tied")
        >>> model.predict_proba(pandas.DataFrame({"x": [2, 5, 9]})).round(2)
              a     b
        0  1.00  0.00
        1  0.04  0.96
        2  0.00  1.00

        """
        if column is None and len(self.columns) > 1:
            raise UsageError(f"the model fills {', '.join(map(repr, self.columns))}", "name one with column")
        (one,) = self._of(self.columns[0] if column is None else column).saved.columns
        unlabelled = frame.drop(columns=[name for name in frame.columns if same_name(str(name), one.column)])
        asked = unlabelled.assign(**{one.column: pd.Series(None, index=frame.index, dtype=object)})
        done, _ = self._done(asked, one.column, {"probabilities": True})
        probability = done.completions[0].probability
        if probability is None:
            raise AssertionError("all probabilities were asked for")
        return pd.DataFrame(probability, frame.index, list(one.model.labels))

    @in_python()
    def updated(self, frame: pd.DataFrame) -> "FittedModel":
        """Give the model as it is when it has learnt from the rows of a frame too, labelled or not.

        The rows it has learnt from before count through their moments; a frame that it has learnt from changes nothing.
        Raises what `em_impute.fill` does, and UsageError for a model of `shares='free'`.  Source: incremental EM, Neal
        and Hinton (1998), doi:10.1007/978-94-011-5014-9_12.

        >>> import em_impute, pandas
        >>> known = pandas.DataFrame({"x": [1, 2, 1, 8, 9, 8], "kind": [*"aaabbb"]})
        >>> model = em_impute.fit_model(known, column="kind", covariance="tied")
        >>> model.updated(pandas.DataFrame({"x": [2, 4, 7], "kind": ["a", "a", None]}))
        FittedModel(columns=('kind',), rows=9)

        """
        refuse_update(self.saved, ())
        done, _ = self._done(frame, None, {}, learns=True)
        return replace(self, saved=done.model())

    @in_python()
    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model as JSON, whole or not at all.  Raises OutputError where that cannot be done.

        >>> import em_impute, pandas, pathlib, tempfile
        >>> known = pandas.DataFrame({"x": [1, 2, 1, 8, 9, 8], "kind": [*"aaabbb"]})
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.json"
        >>> em_impute.fit_model(known, column="kind", covariance="tied").save(path)
        >>> em_impute.read_model(path)
        FittedModel(columns=('kind',), rows=6)

        """
        write_atomically(path, [dump(self.saved).encode()], suffix="")

    def __repr__(self) -> str:
        """Say what it fills, and how many rows it has learnt from."""
        return f"FittedModel(columns={self.columns!r}, rows={self.saved.columns[0].training.rows})"

    def _of(self, column: Any) -> "FittedModel":
        return replace(self, saved=asked_of(self.saved, Request(None, (str(column),)), self.path))

    def _done(
        self, frame: Any, column: Any, options: Any, *, learns: bool = False
    ) -> tuple[CompletedByModel, list[int]]:
        """Complete a frame; also say where the columns to fill stand in it."""
        if not isinstance(frame, pd.DataFrame):
            raise TypeError(f"frame is a {type(frame).__name__}: a pandas DataFrame is needed; fill_csv reads files")
        wanted = names_given(frame, column)
        request = request_of(wanted, {**options, **WRITING})
        model = asked_of(self.saved, request, self.path)
        targets = [_position(frame, name) for name in model.names]
        texts = {name for one in model.columns if one.model.groups for name in [one.model.groups.name]} | {*model.names}
        columns = [
            as_written(frame.iloc[:, at]) if name in texts else frame.iloc[:, at]
            for at, name in enumerate(as_texts(frame.columns))
        ]
        source = source_of_frame(columns, as_texts(frame.columns))
        opened, placed, asked = read_for(model, source, request, unwatched)
        opened = frame_lines(opened)
        return by_model(self.saved, opened, placed, asked, self.path, unwatched, learns=learns), targets


@in_python()
def fit_model(frame: pd.DataFrame, column: Hashable | list[Hashable], **options: Unpack[ModelOptions]) -> FittedModel:
    """Learn from a frame what fills one of its columns, also where no cell of it is missing.

    `frame` (n_rows, n_columns), `column` and the options are those of `em_impute.fill`, and so are the errors and the
    source.  Gives a `FittedModel`.

    >>> import em_impute, pandas
    >>> known = pandas.DataFrame({"height": [160, 158, 163, 181, 179, 184], "sex": [*"fffmmm"]})
    >>> em_impute.fit_model(known, column="sex", covariance="tied")
    FittedModel(columns=('sex',), rows=6)

    """
    refuse_unknown("fit_model", options, ModelOptions)
    _, request, opened = read_frame(frame, column, options)
    request = replace(request, keeps_model=True, examined=False)
    done = complete_table(opened, request, unwatched)
    return FittedModel(make_model(opened, done.completions, request, time_of_run()))


@in_python()
def read_model(path: str | os.PathLike[str]) -> FittedModel:
    """Read a model that was saved, by `FittedModel.save` or by `em-impute fill --save-model`; old versions too.

    Raises ModelError, which is a ValueError, where the file cannot be read or is no model.

    >>> import em_impute
    >>> try:
    ...     em_impute.read_model("nowhere.json")
    ... except em_impute.ModelError as error:
    ...     print(error)
    cannot read the model nowhere.json: no such file or directory

    """
    return FittedModel(read_saved(Path(path)), str(path))


def _position(frame: pd.DataFrame, name: str) -> int:
    """Find a column that the model fills.  Raises ColumnError where it is not there."""
    found = [at for at, text in enumerate(as_texts(frame.columns)) if same_name(text, name)]
    if len(found) != 1:
        raise ColumnError(f"column {name!r} is not in the frame", "the model fills it; name others with column")
    return found[0]
