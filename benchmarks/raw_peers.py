"""Peers that take a table as people have it: CatBoost, and scikit-learn behind skrub's `tabular_pipeline`.

They see what em-impute does, the columns that pandas reads from the file, and nothing is said to them of any column.
They are of the extra `bench`, and imported only when they are asked for.
"""

import importlib.util
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PACKAGES = {"CatBoost": "catboost", "boosting": "skrub", "logistic": "skrub"}
"""What each needs."""


def installed() -> tuple[str, ...]:
    """Name the peers whose package is there."""
    return tuple(name for name, package in PACKAGES.items() if importlib.util.find_spec(package))


def predict(name: str, source: Path, target: str, labels: Sequence[str], seed: int) -> NDArray[np.float64]:
    """Fit a peer to the labelled rows of a file and give the probabilities of the others: (n_hidden, n_labels).

    A label that no row shows has probability 0.
    """
    texts = pd.read_csv(source, usecols=[target], dtype=str, keep_default_na=False)[target]
    x = pd.read_csv(source).drop(columns=target)
    known = (texts != "").to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = _catboost(x, seed) if name == "CatBoost" else _pipeline(name, seed)
        x = _as_texts(x) if name == "CatBoost" else x
        model.fit(x[known], texts[known])
        found = pd.DataFrame(model.predict_proba(x[~known]), columns=model.classes_)
    return found.reindex(columns=list(labels), fill_value=0.0).to_numpy()


def _catboost(x: pd.DataFrame, seed: int) -> Any:  # noqa: ANN401  an estimator of a library without types
    """Make CatBoost with 300 trees; every column that is no number is a category."""
    from catboost import CatBoostClassifier

    return CatBoostClassifier(
        iterations=300,
        cat_features=_texts(x),
        random_seed=seed,
        thread_count=1,
        verbose=False,
        allow_writing_files=False,
    )


def _pipeline(name: str, seed: int) -> Any:  # noqa: ANN401  as above
    """Make what skrub puts before a classifier of scikit-learn, and the classifier."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from skrub import tabular_pipeline

    classifier = HistGradientBoostingClassifier(random_state=seed) if name == "boosting" else LogisticRegression()
    return tabular_pipeline(classifier)


def _texts(x: pd.DataFrame) -> list[str]:
    """Name the columns that pandas reads as no numbers."""
    return [name for name in x if not pd.api.types.is_numeric_dtype(x[name]) or x[name].dtype == bool]


def _as_texts(x: pd.DataFrame) -> pd.DataFrame:
    """Write the columns that are no numbers as texts, the only categories that CatBoost takes; a gap is one of them."""
    return x.assign(**{name: x[name].astype(object).where(x[name].notna(), "").astype(str) for name in _texts(x)})
