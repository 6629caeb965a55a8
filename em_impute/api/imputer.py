"""`em_impute.GaussianMixtureImputer`: the model that fills a column, by the conventions of scikit-learn."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from em_impute.api.conventions import Estimator, not_fitted
from em_impute.api.frames import as_written, open_frame, position_of, put, values_of
from em_impute.api.inputs import (
    frame_of,
    gather,
    labels_of,
    names_of,
    refuse_one_class,
    refuse_other_columns,
    weights_of,
)
from em_impute.api.models import FittedModel
from em_impute.api.options import in_python
from em_impute.api.rows import Reader
from em_impute.api.steps import unwatched
from em_impute.columns.labels import read_labels, that_count
from em_impute.em.blocks import Floats
from em_impute.environment import time_of_run
from em_impute.errors import DesignError, FitError
from em_impute.model.assign import most_probable
from em_impute.pipeline.apply import elsewhere
from em_impute.pipeline.complete import complete_labels
from em_impute.pipeline.save import make_model
from em_impute.report.build import build_report

__all__ = ["GaussianMixtureImputer"]


class GaussianMixtureImputer(Estimator):
    """Fill a categorical column, or classify rows, by Gaussian mixtures fitted to rows with and without a label.

    With `column` it completes that column of X: `fit(X)` learns from the rows where it is known, `transform(X)` fills
    it where it is missing, in the rows it was fitted to or in new ones.  Without `column` it is a classifier that takes
    rows without a label: `fit(X, y)` with NaN, None or NA in y, then `predict(X)`, and `transform(X)` gives the
    probabilities, (n_rows, n_labels).

    Which columns of X serve as predictors is found out as `em_impute.fill` does it: identifiers and constants do not.
    Missing predictors are integrated out, and texts are categories; a text that is new in `transform` is missing.

    Parameters
    ----------
    column
        The name of the column of X to complete; its place, from 0, if X is an array.  None: the labels are y.
    features, null_values, keep_values, labels, order_by, components, covariance, single, unlabelled_weight, shares
    prior_strength, deltas, max_iter, tolerance, seed
        As those of `em_impute.fill`.
    min_probability
        `transform` leaves a cell as it is unless its label is at least so probable (from 0 to 1).

    Attributes
    ----------
    classes_ : ndarray of shape (n_labels,)
        The labels, ascending.
    report_ : FitReport
        What `em_impute.fill` reports, but for what it finds by looking at the fills (`examined` there).
    model_ : em_impute.model.predict.Model
        What speaks for new rows.
    fitted_model_ : FittedModel
        The fit as `em_impute.fit_model` gives it: to `save`, to `fill` other frames, to go on learning (`updated`).
        There the columns of an array are called x0, x1, ….
    n_iter_ : int
        EM iterations of the leading mixture.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where X is a frame whose columns are all called by texts.

    Source: as `em_impute.fill`.

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
    >>> classifier = em_impute.GaussianMixtureImputer(covariance="tied").fit(people[["height"]], people["sex"])
    >>> classifier.predict_proba([[180], [160]]).round(2).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    >>> imputer.fitted_model_
    FittedModel(columns=('sex',), rows=8)

    """

    def __init__(  # noqa: PLR0913  # one parameter an option, as the conventions want it
        self,
        *,
        column: Hashable = None,
        features: Sequence[Hashable] | None = None,
        null_values: Sequence[object] = (),
        keep_values: Sequence[object] = (),
        labels: Sequence[object] = (),
        order_by: Hashable = None,
        components: int | Literal["auto"] | None = None,
        covariance: str = "auto",
        single: bool = False,
        unlabelled_weight: float | None = None,
        shares: Literal["auto", "common", "free"] = "auto",
        prior_strength: float | None = None,
        deltas: Mapping[Any, float] | None = None,
        max_iter: int = 5000,
        tolerance: float = 1e-6,
        seed: int = 0,
        min_probability: float = 0.0,
    ) -> None:
        self.column = column
        self.features = features
        self.null_values = null_values
        self.keep_values = keep_values
        self.labels = labels
        self.order_by = order_by
        self.components = components
        self.covariance = covariance
        self.single = single
        self.unlabelled_weight = unlabelled_weight
        self.shares = shares
        self.prior_strength = prior_strength
        self.deltas = deltas
        self.max_iter = max_iter
        self.tolerance = tolerance
        self.seed = seed
        self.min_probability = min_probability

    @in_python()
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Learn from the rows that have a label, and as far as it helps from those without.

        X is (n_rows, n_features), a frame or an array; y (n_rows,) holds the labels, missing where NaN, None or NA, and
        is ignored if `column` is given; `sample_weight` (n_rows,) says how much each row counts, 0 or more.

        Returns the imputer.  Raises UsageError, ColumnError, DesignError and FitError, each a ValueError.  Source: as
        `em_impute.fill`.

        >>> import em_impute
        >>> imputer = em_impute.GaussianMixtureImputer(covariance="tied")
        >>> imputer.fit([[1], [2], [8], [9], [5]], ["a", "a", "b", "b", None]).classes_.tolist()
        ['a', 'b']

        """
        frame = frame_of(X)
        given = gather(frame, y, sample_weight, self.get_params())
        opened = open_frame(given.columns, given.names, given.request, unwatched)
        place = len(given.used)
        labels = read_labels(given.name, opened.table.targets[place], given.request)
        if self.column is None:
            refuse_one_class(that_count(labels, given.name, opened.weight))
        if self.shares == "free" and not labels.n_missing:
            raise FitError("shares='free' learns from rows without a label, and there are none", "leave it out")
        completion = complete_labels(opened, place, labels, given.request, unwatched)
        saved = make_model(opened, [completion], given.request, time_of_run())
        # Rows whose label is asked for, rather than missing, are as the labelled rows are.
        model = (saved.columns[0] if self.column is not None else elsewhere(saved.columns[0])).model
        self.model_, self.fitted_model_ = model, FittedModel(saved)
        self.report_ = build_report(opened, completion, given.request, f"em_impute.{self!r}.fit", None)
        self.n_iter_ = max(1, int((self.report_.fit or {})["n_iterations"]))
        self._reader = Reader(model, tuple(opened.names[:place]), given.name, given.request)
        self._used = given.used
        self._values = values_of(given.target, labels.label, model.labels)
        self._name_classes(is_known=any(labels.known))
        self._name_columns(frame)
        return self

    @in_python()
    def transform(self, X: Any) -> Any:
        """Fill the column in X, (n_rows, n_features_in_), where it is missing; without `column` give probabilities.

        Gives a copy of X, a frame or an array as X is; without `column` what `predict_proba` does.  After
        `set_output(transform="pandas")` it is a frame either way.  Raises DesignError for cells that no model can use.

        >>> import em_impute
        >>> rows = [[1, "a"], [2, "a"], [8, "b"], [9, "b"], [7, None]]
        >>> em_impute.GaussianMixtureImputer(column=1, covariance="tied").fit(rows).transform([[3, None]]).tolist()
        [[3, 'a']]

        """
        frame = self._checked(X)
        if self.column is None:
            result, index = self._probability(frame), frame.index
            return pd.DataFrame(result, index, self.get_feature_names_out()) if self._gives_frames() else result
        position = position_of(frame, self.column, "filled")
        column = frame.iloc[:, position]
        rows = self._reader.missing(as_written(column))
        filled = frame.copy()
        if rows.size:
            probability = self._reader.probability([frame.iloc[rows, at] for at in self._used])
            code, _ = most_probable(probability, self.min_probability)
            put(filled, position, rows[code >= 0], code[code >= 0], self._values)
        if isinstance(X, pd.DataFrame):
            return filled
        return filled.set_axis(self.get_feature_names_out(), axis=1) if self._gives_frames() else filled.to_numpy()

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Do `fit(X, y, sample_weight)` and then `transform(X)`, which see for shapes and errors.

        >>> import em_impute
        >>> rows = [[1, "a"], [2, "a"], [8, "b"], [9, "b"], [7, None]]
        >>> em_impute.GaussianMixtureImputer(column=1, covariance="tied").fit_transform(rows)[-1].tolist()
        [7, 'b']

        """
        return self.fit(X, y, sample_weight).transform(X)

    @in_python()
    def predict_proba(self, X: Any) -> Floats:
        """Give the probability, 0 to 1, of each label in each row: (n_rows, n_labels) in the order of `classes_`.

        X is (n_rows, n_features_in_); the column to complete, which is one of these, has no say.  Raises DesignError.
        With one mixture it is p(z | x) = w_z N(x; μ_z, Σ_z) / Σ_k w_k N(x; μ_k, Σ_k), Bayes' rule over its Gaussians.

        >>> import em_impute
        >>> imputer = em_impute.GaussianMixtureImputer(covariance="tied").fit([[1], [2], [8], [9]], [*"aabb"])
        >>> imputer.predict_proba([[2], [5]]).round(2).tolist()
        [[1.0, 0.0], [0.5, 0.5]]

        """
        return self._probability(self._checked(X))

    def predict(self, X: Any) -> NDArray[Any]:
        """Give the most probable label of each row of X, (n_rows,): of equals the first in `classes_`.

        X and the errors are those of `predict_proba`.

        >>> import em_impute
        >>> imputer = em_impute.GaussianMixtureImputer(covariance="tied").fit([[1], [2], [8], [9]], [*"aabb"])
        >>> imputer.predict([[2], [7]]).tolist()
        ['a', 'b']

        """
        best = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[best]
        return labels

    @in_python()
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Give the share, from 0 to 1, of the known labels in y, (n_rows,), that `predict(X)` finds.

        `sample_weight` (n_rows,) says how much each row counts, 0 or more.  Raises DesignError where y has no label.

        >>> import em_impute
        >>> imputer = em_impute.GaussianMixtureImputer(covariance="tied").fit([[1], [2], [8], [9]], [*"aabb"])
        >>> imputer.score([[2], [3], [7], [0]], ["a", "b", "b", None])
        0.6666666666666666

        """
        said = self.predict(X)
        labels = labels_of(y, len(said), ())
        known = labels.notna().to_numpy()
        if not known.any():
            raise DesignError("y holds no label to compare with")
        weights = weights_of(sample_weight, len(said), ())
        right = (labels[known].to_numpy() == said[known]).astype(float)
        return float(np.average(right, weights=None if weights is None else weights[known]))

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> NDArray[Any]:
        """Name the columns that `transform` gives, (n_columns,): those of X, or without `column` p_LABEL of each label.

        `input_features` names X where it has no names of its own.  Raises DesignError where these are others, and
        NotFittedError before `fit`.

        >>> import em_impute
        >>> imputer = em_impute.GaussianMixtureImputer(covariance="tied").fit([[1], [2], [8], [9]], [*"aabb"])
        >>> imputer.get_feature_names_out().tolist()
        ['p_a', 'p_b']

        """
        if not self.__sklearn_is_fitted__():
            raise not_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        if input_features is not None:
            if len(input_features) != self.n_features_in_:
                n = f"number of features ({self.n_features_in_}), got {len(input_features)}"
                raise DesignError(f"input_features should have length equal to {n}")
            if names is not None and list(input_features) != list(names):
                raise DesignError("input_features is not equal to feature_names_in_")
            names = input_features
        if self.column is None:
            names = [f"p_{label}" for label in self.classes_]
        elif names is None:
            names = [f"x{place}" for place in range(self.n_features_in_)]
        return np.array(names, object)

    def __sklearn_is_fitted__(self) -> bool:
        """Tell whether `fit` has succeeded."""
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what can be done with the imputer."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags, TransformerTags

        is_classifier = self.column is None
        return Tags(
            estimator_type="classifier" if is_classifier else None,
            target_tags=TargetTags(required=is_classifier),
            transformer_tags=TransformerTags(preserves_dtype=[]),
            classifier_tags=ClassifierTags() if is_classifier else None,
            input_tags=InputTags(allow_nan=True, categorical=True, string=True),
        )

    def _name_classes(self, *, is_known: bool) -> None:
        """Bring labels into the order of their values; groups that were found are in one already."""
        values = self._values.to_numpy()
        self._place = np.argsort(values, kind="stable") if is_known else np.arange(len(values))
        self.classes_: NDArray[Any] = values[self._place]

    def _name_columns(self, frame: pd.DataFrame) -> None:
        self.n_features_in_ = frame.shape[1]
        self.__dict__.pop("feature_names_in_", None)  # of an earlier fit
        names = names_of(frame)
        if names is not None:
            self.feature_names_in_ = np.array(names, object)

    def _checked(self, X: Any) -> pd.DataFrame:
        if not self.__sklearn_is_fitted__():
            raise not_fitted(self)
        frame = frame_of(X)
        refuse_other_columns(type(self).__name__, frame, self.n_features_in_, getattr(self, "feature_names_in_", None))
        return frame

    def _probability(self, frame: pd.DataFrame) -> Floats:
        probability: Floats = self._reader.probability([frame.iloc[:, at] for at in self._used])[:, self._place]
        return probability
