"""`em_impute.GaussianMixtureImputer`: the model that fills a column, as an estimator of scikit-learn."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from em_impute.api.arguments import as_pandas, in_python, names_given, position_of, put, source_of_frame, values_of
from em_impute.api.fill import complete_frame
from em_impute.api.models import FittedModel
from em_impute.api.session import unwatched
from em_impute.columns.predictors import refuse_unusable
from em_impute.em.blocks import Floats, Integers
from em_impute.errors import DesignError, FitError, UsageError, how_to_install
from em_impute.model.assign import most_probable
from em_impute.model.predict import Model
from em_impute.pipeline.apply import elsewhere, label_rows, read_for
from em_impute.table.read import Table
from em_impute.table.text import unused_name

try:
    from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
    from sklearn.utils import ClassifierTags, InputTags, assert_all_finite, column_or_1d
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import _check_sample_weight, check_consistent_length, check_is_fitted, validate_data
except ImportError as error:
    raise UsageError(
        "GaussianMixtureImputer needs scikit-learn 1.6 or newer, which is not installed", how_to_install("sklearn")
    ) from error


@dataclass(kw_only=True, eq=False, repr=False)
class GaussianMixtureImputer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]  # untyped
    """Fill a categorical column, or classify rows, with Gaussian mixtures fitted to labelled and unlabelled rows.

    With `column` it is an imputer: `transform(X)` fills that column of X, in the rows it was fitted to or in new ones.
    Without `column` it is a classifier that also learns from unlabelled rows, those with NaN, None or NA in y;
    `transform(X)` then gives the probabilities.

    Predictors are chosen as in `em_impute.fill`, and integrated out where they are missing.  Texts are categories; one
    that was not seen in `fit` counts as missing.

    X is a frame or an array of shape (n_rows, n_features); y (n_rows,) holds labels, and NaN, None or NA where there is
    none; sample_weight (n_rows,) says how much each row counts, 0 or more.

    Parameters
    ----------
    column
        The name of the column of X to fill; its position, from 0, if X is an array.  None: the labels are in y.
    features, …, seed
        As in `em_impute.fill`.
    min_probability
        `transform` leaves a cell empty unless its label is at least this probable (0 to 1).

    Attributes
    ----------
    classes_ : ndarray of shape (n_labels,)
        The labels, ascending.
    report_ : FitReport
        The report of `em_impute.fill`, without the diagnostics of the filled cells.
    model_ : em_impute.model.predict.Model
        The model that predicts new rows.
    fitted_model_ : FittedModel
        What `em_impute.fit_model` returns; the columns of an array are called x0, x1, … there.
    n_iter_ : int
        EM iterations of the leading mixture.
    n_features_in_, feature_names_in_
        Number of columns of X, and their names if all are strings.

    Errors are those of `em_impute.fill` and of scikit-learn, each a ValueError.  Source: as `em_impute.fill`.

    >>> import em_impute, pandas
    >>> people = pandas.DataFrame({
    ...     "height": [160, 158, 163, 181, 179, 184, 182, 161],
    ...     "sex": ["f", "f", "f", "m", "m", "m", None, None],
    ... })
    >>> imputer = em_impute.GaussianMixtureImputer(column="sex", covariance="tied").fit(people)
    >>> imputer.transform(people)["sex"].tolist()
    ['f', 'f', 'f', 'm', 'm', 'm', 'm', 'f']
    >>> imputer.transform(pandas.DataFrame({"height": [178.5, None], "sex": [None, "f"]}))["sex"].tolist()
    ['m', 'f']
    >>> imputer.fitted_model_
    FittedModel(columns=('sex',), rows=8)
    >>> classifier = em_impute.GaussianMixtureImputer(covariance="tied").fit([[1], [2], [8], [9]], ["a", "a", "b", "b"])
    >>> classifier.predict([[2], [7]]).tolist(), classifier.get_feature_names_out().tolist()
    (['a', 'b'], ['p_a', 'p_b'])
    >>> classifier.predict_proba([[2], [5]]).round(2).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    >>> classifier.predict_log_proba([[5]]).round(2).tolist()
    [[-0.69, -0.69]]
    >>> classifier.score([[2], [3], [7], [0]], ["a", "b", "b", None])
    0.6666666666666666

    """

    column: Hashable = None
    features: Sequence[Hashable] | None = None
    kinds: Mapping[Hashable, str] | None = None
    null_values: Sequence[object] = ()
    keep_values: Sequence[object] = ()
    labels: Sequence[object] = ()
    order_by: Hashable = None
    components: int | Literal["auto"] | None = None
    covariance: str = "auto"
    single: bool = False
    unlabelled_weight: float | None = None
    shares: Literal["auto", "common", "free"] = "auto"
    prior_strength: float | None = None
    deltas: Mapping[Any, float] | None = None
    max_iter: int = 5000
    tolerance: float = 1e-6
    seed: int = 0
    min_probability: float = 0.0

    @in_python()
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn from the labelled rows, and from the unlabelled ones as far as they help.

        `y` is ignored if `column` is given.
        """
        rows, name, options = self._training_rows(self._validated(X, reset=True), y, sample_weight)
        done, used = complete_frame(rows, name, options, keeps_model=True)
        (completion,) = done.completions
        labels = completion.labels
        if self.shares == "free" and not labels.n_missing:
            raise FitError("shares='free' learns from rows without a label, and there are none", "leave it out")
        saved = done.model()
        (column,) = saved.columns
        if self.column is None:  # rows to classify are like the labelled rows
            column = elsewhere(column)
        self.model_, self.fitted_model_ = column.model, FittedModel(saved)
        self._saved = replace(saved, columns=(column,))
        (self.report_,) = done.reports(f"em_impute.{' '.join(repr(self).split())}.fit")
        self.n_iter_ = max(1, self.report_.fit.n_iterations if self.report_.fit else 1)
        self._request = replace(done.request, deltas=())  # the model has them
        self._values = values_of(rows.iloc[:, used[completion.column]], labels.label, self.model_.labels)
        values = self._values.to_numpy()
        # Clusters stay in the order of their means.
        self._order = np.argsort(values, kind="stable") if any(labels.known) else np.arange(len(values))
        self.classes_: NDArray[Any] = values[self._order]
        return self

    @in_python()
    def transform(self, X: Any) -> Any:
        """Fill the column where it is missing in a copy of X; without `column` give what `predict_proba` gives.

        `set_output` chooses whether it is a frame or an array.
        """
        frame = self._validated(X)
        if self.column is None:
            return self._probability(frame)[:, self._order]
        model, table, missing = self._read(frame)
        code, _ = most_probable(_predicted(model, table, missing), self.min_probability)
        filled = frame.copy()
        put(filled, position_of(frame, self.column, "filled"), missing[code >= 0], code[code >= 0], self._values)
        return filled if isinstance(X, pd.DataFrame) else filled.to_numpy()

    @in_python()
    def predict_proba(self, X: Any) -> Floats:
        """Give the probability of each label in each row, whether or not the row has a label.

        It has the shape (n_rows, n_labels), in the order of `classes_`.  With one mixture it is Bayes' rule over its
        Gaussians: p(z | x) = w_z N(x; μ_z, Σ_z) / Σ_k w_k N(x; μ_k, Σ_k).
        """
        return self._probability(self._validated(X))[:, self._order]

    def predict_log_proba(self, X: Any) -> Floats:
        """Give the natural logarithm of what `predict_proba` gives; that of 0 is −∞."""
        with np.errstate(divide="ignore"):
            logarithm: Floats = np.log(self.predict_proba(X))
        return logarithm

    def predict(self, X: Any) -> NDArray[Any]:
        """Give the most probable label of each row, (n_rows,), in a tie the first of `classes_`."""
        best = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[best]
        return labels

    @in_python()
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Give the accuracy of `predict(X)`, from 0 to 1, among the rows with a label in y."""
        predicted, labels = self.predict(X), _labels_of(y)
        check_consistent_length(X, labels)
        known = labels.notna().to_numpy()
        if not known.any():
            raise DesignError("y holds no label to compare with")
        weights = _check_sample_weight(sample_weight, predicted, dtype=np.float64)
        return float(np.average(labels[known].to_numpy() == predicted[known], weights=weights[known]))

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> NDArray[Any]:
        """Name the columns that `transform` gives: those of X, or without `column` p_LABEL for each label."""
        names: NDArray[Any] = super().get_feature_names_out(input_features)
        return names if self.column is not None else np.array([f"p_{label}" for label in self.classes_], object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = InputTags(allow_nan=True, categorical=True, string=True)
        tags.transformer_tags.preserves_dtype = []
        if self.column is None:
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
            tags.target_tags.required = True
        return tags

    def _validated(self, X: Any, *, reset: bool = False) -> pd.DataFrame:
        """Give X as a frame; the columns of an array are called 0, 1, ….

        The cells of a frame are checked later, where an error can name their row and column.
        """
        if not reset:
            check_is_fitted(self, "model_")
        rows = as_pandas(X) if hasattr(X, "__arrow_c_stream__") else X
        is_frame = isinstance(rows, pd.DataFrame)
        checked = validate_data(self, rows, reset=reset, skip_check_array=is_frame, dtype=None, ensure_all_finite=False)
        return rows if is_frame else pd.DataFrame(checked)

    def _training_rows(
        self, frame: pd.DataFrame, y: Any, sample_weight: Any
    ) -> tuple[pd.DataFrame, str, dict[str, Any]]:
        """Join X, y and the weights; also give the name of the column to fill and the options of `em_impute.fill`."""
        rows = _named(frame)
        names = list(rows.columns)
        options = self.get_params()
        features = names_given(frame, self.features)
        options["features"] = [names[position_of(frame, one, "a predictor")] for one in features]
        kinds = (self.kinds or {}).items()
        options["kinds"] = {names[position_of(frame, one, "a predictor")]: kind for one, kind in kinds}
        if self.order_by is not None:
            options["order_by"] = names[position_of(frame, self.order_by, "that of order_by")]
        weights = None
        if sample_weight is not None:
            weights = _check_sample_weight(sample_weight, rows, dtype=np.float64)
            options["weights"] = unused_name("sample_weight", names)
        column = options.pop("column")
        if column is not None:
            target = names[position_of(frame, column, "filled")]
        else:
            labels = _labels_of(y)
            check_consistent_length(rows, labels)
            counted = labels.dropna() if weights is None else labels[weights > 0].dropna()
            if counted.nunique() == 1:
                message = f"y holds one class only, {counted.iloc[0]!r}: there is no other to distinguish it from"
                raise FitError(message, "add rows of another class")
            target = unused_name(str(labels.name), names)
            rows[target] = labels
        if weights is not None:
            rows[options["weights"]] = weights
        return rows, target, options

    def _probability(self, frame: pd.DataFrame) -> Floats:
        """Give the probability of each label in each row: (n_rows, n_labels), in the order of the model's labels."""
        model, table, _ = self._read(frame)
        return _predicted(model, table, np.arange(len(frame)))

    def _read(self, frame: pd.DataFrame) -> tuple[Model, Table, Integers]:
        """Read rows as a saved model reads those of a file; also give the rows whose label is missing."""
        rows, (target,) = _named(frame), self._saved.names
        if self.column is None:
            rows[target] = None
        source = source_of_frame(rows, [list(rows.columns).index(target)])
        opened, saved, asked = read_for(self._saved, source, self._request, unwatched)
        (column,), model = opened.targets, saved.columns[0].model
        labels = label_rows(target, opened.table.targets[column], model.labels, asked)
        return model, model.prepared(opened.table), np.flatnonzero(labels.label < 0)


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Call the columns of a frame by texts, those of an array x0, x1, …; its rows are numbered from 0."""
    is_array = isinstance(frame.columns, pd.RangeIndex)
    names = [f"x{name}" if is_array else str(name) for name in frame.columns]
    return frame.set_axis(names, axis=1).reset_index(drop=True)


def _predicted(model: Model, table: Table, rows: Integers) -> Floats:
    """Give the probability of each label in some rows: (n_chosen, n_labels).

    Raises DesignError for cells of numbers that no model can use.
    """
    for feature in model.coding.features:
        if feature.category is None:
            refuse_unusable(feature.name, table.numbers[model.coding.column[feature.name]], explicit=True)
    said = model.predict(table, rows)
    probability: Floats = said.probability[said.place]
    return probability


def _labels_of(y: Any) -> pd.Series:
    """Validate y and give it as a column, (n_rows,), that keeps the kind of its values."""
    if y is None:
        raise DesignError(
            "requires y to be passed, but the target y is None", "pass y, or name the column of X to fill"
        )
    values = y if isinstance(y, pd.Series | pd.api.extensions.ExtensionArray) else column_or_1d(y, warn=True)
    labels = pd.Series(values, name="y" if getattr(y, "name", None) is None else y.name).reset_index(drop=True)
    if pd.api.types.is_float_dtype(labels.dtype):
        known = labels.dropna().to_numpy(np.float64)
        assert_all_finite(known, input_name="y")
        check_classification_targets(known)
    return labels
