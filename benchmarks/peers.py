"""The scikit-learn classifiers that `accuracy.py` compares em-impute with, all at their defaults.

scikit-learn is imported only when a peer is asked for: without it there are no peers.  It is the extra `bench`.
"""

import importlib.util
import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["CHEAP", "NAMES", "available", "classifiers", "predict", "predictors"]

NAMES = (
    "LDA",
    "LDA-shrunk",
    "QDA",
    "logistic",
    "naive-Bayes",
    "kNN",
    "SVM",
    "random-forest",
    "boosting",
    "self-training",
    "label-spreading",
)
CHEAP = tuple(name for name in NAMES if name not in {"random-forest", "boosting"})
"""Peers that take no longer than em-impute on a small file."""


def available() -> bool:
    """Say whether scikit-learn is installed."""
    return importlib.util.find_spec("sklearn") is not None


def predictors(numeric: pd.DataFrame, categorical: pd.DataFrame, *, drop_first: bool = False) -> NDArray[np.float64]:
    """Make what every peer sees: (n_rows, n_columns), from all rows, labelled or not.

    Missing numbers become the median, numbers are standardised, and each text of a category is a column of 0 and 1;
    with `drop_first` each but the first, which the others determine.
    """
    filled = numeric.fillna(numeric.median()).fillna(0.0)
    spread = filled.std(ddof=0).replace(0.0, 1.0)
    parts = [((filled - filled.mean()) / spread).to_numpy(dtype=float)]
    parts += [pd.get_dummies(categorical[name], drop_first=drop_first).to_numpy(dtype=float) for name in categorical]
    return np.hstack(parts)


def predict(
    model: Any,  # noqa: ANN401  an estimator of a library without types
    x: NDArray[np.float64],
    visible: NDArray[np.intp],
    wanted: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Fit a peer and give the probabilities of the wanted rows: (n_wanted, n_labels).

    `visible` is (n_rows,), the number of the label where a peer may see it and −1 elsewhere; every label is seen.
    Self-training and label spreading learn from the other rows too.  Where a peer gives a row no probabilities
    (label spreading does so to rows far from all others), the class shares stand in.
    """
    known = visible >= 0
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        match type(model).__name__:
            case "LabelSpreading":
                probability = model.fit(x, visible).label_distributions_[wanted]
            case "SelfTrainingClassifier":
                probability = model.fit(x, visible).predict_proba(x[wanted])
            case _:
                probability = model.fit(x[known], visible[known]).predict_proba(x[wanted])
    total = probability.sum(axis=1, keepdims=True)
    usable = np.isfinite(total) & (total > 0.0)
    shares = np.bincount(visible[known]) / known.sum()
    return np.where(usable, probability / np.where(usable, total, 1.0), shares)


def classifiers(seed: int) -> dict[str, Any]:
    """Make all peers, unfitted, by name."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier

    models = (
        LinearDiscriminantAnalysis(),
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
        QuadraticDiscriminantAnalysis(),
        LogisticRegression(),
        GaussianNB(),
        KNeighborsClassifier(),
        _support_vectors(seed),
        RandomForestClassifier(n_estimators=200, random_state=seed),
        HistGradientBoostingClassifier(random_state=seed),
        SelfTrainingClassifier(LogisticRegression()),
        LabelSpreading(),
    )
    return dict(zip(NAMES, models, strict=True))


def _support_vectors(seed: int) -> Any:  # noqa: ANN401  as above
    """Make support vectors with Platt's probabilities, as scikit-learn before 1.11 and since spells them."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import SVC

    try:
        return SVC(probability=True, random_state=seed)
    except TypeError:
        return CalibratedClassifierCV(SVC(), ensemble=False)
