"""Fill the missing cells of a categorical CSV column with what a Gaussian mixture says they most likely are.

`fill` completes a data frame, `fill_csv` a file and `fill_each` many files; `check`, `evaluate`, `explain` and `why`
answer questions about a frame and its fills; `fit_model` and `read_model` give a fit
that fills other tables; `GaussianMixtureImputer` is an estimator for scikit-learn, which the extra `sklearn` installs.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from em_impute.errors import (
    ColumnError,
    DesignError,
    EmImputeError,
    FitError,
    ModelError,
    OutputError,
    TableError,
    UsageError,
)

if TYPE_CHECKING:
    from em_impute.api.ask import check, evaluate, explain, why
    from em_impute.api.csv import fill_csv, fill_each
    from em_impute.api.fill import Filled, fill
    from em_impute.api.imputer import GaussianMixtureImputer
    from em_impute.api.models import FittedModel, fit_model, read_model
    from em_impute.report.model.fit import FitReport

    __version__: str

__all__ = [
    "ColumnError",
    "DesignError",
    "EmImputeError",
    "Filled",
    "FitError",
    "FitReport",
    "FittedModel",
    "ModelError",
    "OutputError",
    "TableError",
    "UsageError",
    "__version__",
    "check",
    "evaluate",
    "explain",
    "fill",
    "fill_csv",
    "fill_each",
    "fit_model",
    "read_model",
    "why",
]

if find_spec("sklearn") is not None:  # else `from em_impute import *` and `help(em_impute)` would fail
    __all__ += ["GaussianMixtureImputer"]

LATE = {
    name: f"em_impute.{module}"
    for module, names in {
        "api.ask": ("check", "evaluate", "explain", "why"),
        "api.csv": ("fill_csv", "fill_each"),
        "api.fill": ("Filled", "fill"),
        "api.imputer": ("GaussianMixtureImputer",),
        "api.models": ("FittedModel", "fit_model", "read_model"),
        "report.model.fit": ("FitReport",),
    }.items()
    for name in names
}
"""Where the names are that take numpy and pandas: `em-impute --help` does without."""


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever is asked for
    """Import a public name only when somebody asks; so the version, since importlib.metadata is slow to import."""
    if name in LATE:
        return getattr(import_module(LATE[name]), name)
    if name == "__version__":
        from em_impute.environment import version

        return version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, imported or not."""
    return sorted(__all__)
