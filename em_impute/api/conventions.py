"""What scikit-learn expects of any estimator, without importing it: it may not be installed."""

import inspect
import sys
from typing import Any, Self

from em_impute.errors import NotFittedError, UsageError

__all__ = ["Estimator", "not_fitted", "warn_of_column"]


class Estimator:
    """Parameters as they were given, and which kind of table is given out."""

    _sklearn_output_config: dict[str, str]

    @classmethod
    def _parameters(cls) -> list[inspect.Parameter]:
        return list(inspect.signature(cls).parameters.values())

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002  # no parameter is an estimator
        """Give the parameters of the constructor, as they were given, by name.

        >>> import em_impute
        >>> em_impute.GaussianMixtureImputer(seed=3).get_params()["seed"]
        3

        """
        return {parameter.name: getattr(self, parameter.name) for parameter in self._parameters()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name, and return the estimator.  Raises UsageError, a ValueError, for an unknown name.

        >>> import em_impute
        >>> em_impute.GaussianMixtureImputer().set_params(covariance="tied")
        GaussianMixtureImputer(covariance='tied')

        """
        names = [parameter.name for parameter in self._parameters()]
        for name, value in params.items():
            if name not in names:
                message = f"Invalid parameter {name!r} for estimator {self}. Valid parameters are: {names!r}."
                raise UsageError(message)
            setattr(self, name, value)
        return self

    def set_output(self, *, transform: str | None = None) -> Self:
        """Choose what `transform` gives: "pandas", or "default"; None leaves it as it is.  Returns the estimator.

        Raises UsageError, a ValueError, for another value.

        >>> import em_impute
        >>> imputer = em_impute.GaussianMixtureImputer(covariance="tied").set_output(transform="pandas")
        >>> imputer.fit([[1], [2], [8], [9]], [*"aabb"]).transform([[2]]).round(2)
           p_a  p_b
        0  1.0  0.0

        """
        if transform not in {None, "default", "pandas"}:
            raise UsageError(f"transform takes 'default' or 'pandas', not {transform!r}")
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}
        return self

    def _gives_frames(self) -> bool:
        """Tell whether data frames were asked for, of this estimator or of all."""
        chosen = getattr(self, "_sklearn_output_config", {}).get("transform")
        if chosen is None and "sklearn" in sys.modules:
            chosen = sys.modules["sklearn"].get_config()["transform_output"]
        return chosen == "pandas"

    def __repr__(self) -> str:
        given = [
            f"{parameter.name}={getattr(self, parameter.name)!r}"
            for parameter in self._parameters()
            if repr(getattr(self, parameter.name)) != repr(parameter.default)
        ]
        return f"{type(self).__name__}({', '.join(given)})"


def not_fitted(estimator: Estimator) -> Exception:
    """Make the error for what was asked before `fit`: scikit-learn's own where it is installed."""
    message = f"This {type(estimator).__name__} instance is not fitted yet: call 'fit' first."
    try:
        from sklearn.exceptions import NotFittedError as Theirs
    except ImportError:
        return NotFittedError(message)
    error: Exception = Theirs(message)
    return error


def warn_of_column() -> None:
    """Warn of labels in a column, (n_rows, 1), in the way that scikit-learn's users filter."""
    import warnings

    try:
        from sklearn.exceptions import DataConversionWarning as Kind
    except ImportError:
        Kind = UserWarning  # noqa: N806  # a class
    message = "A column-vector y was passed when a 1d array was expected: its one column is taken."
    warnings.warn(message, Kind, stacklevel=5)
