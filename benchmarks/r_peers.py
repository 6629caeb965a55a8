"""The R packages that `accuracy.py` compares em-impute with: mclust and mice, asked through `r_peers.R`.

Each runs as a process of its own, `Rscript`, and is left out where that program or the package is missing.  They were
tried with R 4.2.2, mclust 6.0.0 and mice 3.15.0.

- mclust: `MclustSSC` at its defaults, one Gaussian a label, all rows, the covariance chosen by BIC.  It sees what the
  peers of scikit-learn see, without columns that are constant and with one 0/1 column less for each category: a full
  set of them sums to one, and every full covariance would be singular.  Its EM begins with all labels equally
  probable in every row without one, so it may end far from the labels if they are few.
- mice: 20 imputations at its defaults (5 iterations; `logreg` for two labels, `polyreg` for more), of the labels and of
  missing predictors.  A probability is (draws of the label + 1) / (20 + number of labels), so that a label that was
  never drawn is not impossible.  A row's loss is then never below log((20 + number of labels) / 21), 0.047 with two.
"""

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import peers
from accuracy_cases import MISSING
from numpy.typing import NDArray

__all__ = ["NAMES", "installed", "predict"]

NAMES = ("mclust", "mice")
SCRIPT = Path(__file__).with_name("r_peers.R")
N_DRAWS = 20
PATIENCE = 600  # seconds after which a peer counts as hung


@functools.cache
def installed() -> dict[str, str]:
    """Find the version of R and of those peers that are there; nothing if R is not."""
    if shutil.which("Rscript") is None:
        return {}
    try:
        said = _run("installed", *NAMES, patience=60)
    except (OSError, RuntimeError):
        return {}
    words = [line.split() for line in said.splitlines()]
    return {line[0]: line[1] for line in words if len(line) == 2 and line[0] in {"R", *NAMES}}


def predict(
    name: str,
    numeric: pd.DataFrame,
    categorical: pd.DataFrame,
    visible: NDArray[np.intp],
    wanted: NDArray[np.bool_],
    seed: int,
) -> NDArray[np.float64]:
    """Let a peer fill the labels and give the probabilities of the wanted rows: (n_wanted, n_labels).

    `visible` is (n_rows,), the number of the label where a peer may see it and −1 elsewhere; every label is seen.
    """
    n_labels = int(visible.max()) + 1
    cells = (_without_gaps if name == "mclust" else _with_gaps)(numeric, categorical)
    cells.insert(0, "label", pd.Series(visible + 1, cells.index).where(visible >= 0).astype("Int64"))
    with tempfile.TemporaryDirectory() as folder:
        source, answer = Path(folder) / "cells.csv", Path(folder) / "answer.csv"
        cells.to_csv(source, index=False, na_rep="NA")
        _run(name, source, answer, n_labels, N_DRAWS, seed, patience=PATIENCE)
        number = pd.read_csv(answer, header=None).to_numpy(dtype=float)  # (n_rows, n_labels)
    if number.shape != (visible.size, n_labels):
        raise ValueError(f"{name} answered with {number.shape} numbers, not {(visible.size, n_labels)}")
    number = number[wanted]
    total = number.sum(axis=1, keepdims=True)
    if name == "mice":
        if (total != N_DRAWS).any():  # mice drops a column that another determines, and fills it no more
            raise ValueError("mice left labels empty")
        return (number + 1.0) / (N_DRAWS + n_labels)
    if not (np.isfinite(total) & (total > 0.0)).all():
        raise ValueError(f"{name} gave no probabilities")
    return number / total


def _without_gaps(numeric: pd.DataFrame, categorical: pd.DataFrame) -> pd.DataFrame:
    """Make numbers of everything, none of them missing."""
    x = peers.predictors(numeric, categorical, drop_first=True)
    x = x[:, np.ptp(x, axis=0) > 0.0]
    return pd.DataFrame(x, columns=[f"number{j}" for j in range(x.shape[1])])


def _with_gaps(numeric: pd.DataFrame, categorical: pd.DataFrame) -> pd.DataFrame:
    """Leave what is missing to R; the texts of a category become numbers, that R takes for names."""
    columns = {f"number{j}": numeric[name].to_numpy(dtype=float) for j, name in enumerate(numeric)}
    for j, name in enumerate(categorical):
        code, _ = pd.factorize(categorical[name].where(~categorical[name].isin(MISSING)), sort=True)
        columns[f"category{j}"] = np.where(code >= 0, code, np.nan)
    cells = pd.DataFrame(columns, index=range(len(numeric)))
    return cells.dropna(axis="columns", how="all")


def _run(*arguments: object, patience: float) -> str:
    """Run the script in R and give what it printed."""
    command = ["Rscript", str(SCRIPT), *map(str, arguments)]
    try:
        process = subprocess.run(command, capture_output=True, text=True, check=False, timeout=patience)
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"R was not done after {patience:.0f} s") from None
    if process.returncode:
        said = " ".join(process.stderr.split())
        raise RuntimeError(f"R: {said[max(said.find('Error'), 0) :][:200] or process.returncode}")
    return process.stdout
