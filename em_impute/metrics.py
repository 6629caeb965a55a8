"""How right probabilities were, once the truth is known."""

from typing import NamedTuple

import numpy as np

from em_impute.engine.blocks import Floats, Integers

__all__ = [
    "Bin",
    "accuracy",
    "brier",
    "calibration_error",
    "confusion",
    "effective_rows",
    "log_loss",
    "reliability",
    "wilson_interval",
]

MIN_PROBABILITY = 1e-6
"""Probabilities are clipped here before the logarithm, so that one row cannot decide a comparison alone."""

N_BINS = 15


class Bin(NamedTuple):
    """Rows whose highest probability was about the same."""

    rows: int
    probability: float
    """Mean probability of the most probable label."""
    accuracy: float
    """Share of rows where that label was right."""


def log_loss(probability: Floats, label: Integers, weight: Floats | None = None) -> float:
    """Mean −log probability of the true label, in nats.  `probability` is (n_rows, n_labels), `label` (n_rows,).

    `weight` (n_rows,), here and below, says how much each row counts; None counts all alike.
    """
    right = probability[np.arange(label.size), label]
    return _mean(-np.log(np.clip(right, MIN_PROBABILITY, 1.0)), weight) + 0.0  # 0 rather than −0


def accuracy(probability: Floats, label: Integers, weight: Floats | None = None) -> float:
    """Compute the share of rows whose most probable label is the true one."""
    return _mean((probability.argmax(axis=1) == label).astype(float), weight)


def brier(probability: Floats, label: Integers, weight: Floats | None = None) -> float:
    """Mean squared distance of the probabilities from the truth, summed over labels (Brier 1950): 0 best, 2 worst."""
    truth = np.zeros_like(probability)
    truth[np.arange(label.size), label] = 1.0
    return _mean(((probability - truth) ** 2).sum(axis=1), weight)


def effective_rows(weight: Floats) -> float:
    """Count the rows of equal weight whose mean would vary as much (Kish 1965): (Σw)²/Σw²."""
    return float(weight.sum() ** 2 / (weight @ weight))


def reliability(probability: Floats, label: Integers) -> list[Bin]:
    """Sort rows by their highest probability into bins of equal size and compare with what came true."""
    best = probability.max(axis=1)
    _, tie = np.unique(best, return_inverse=True)
    # Rows that are equally sure share their accuracy: a bin's border may cut through them, in any order of the file.
    right = (np.bincount(tie, probability.argmax(axis=1) == label) / np.bincount(tie))[tie]
    order = np.argsort(best, kind="stable")
    bins = [rows for rows in np.array_split(order, N_BINS) if rows.size]
    return [Bin(rows.size, float(best[rows].mean()), float(right[rows].mean())) for rows in bins]


def calibration_error(bins: list[Bin]) -> float:
    """Compute the expected calibration error: the mean distance of stated probability and accuracy, over the rows."""
    rows = sum(one.rows for one in bins)
    return sum(one.rows * abs(one.probability - one.accuracy) for one in bins) / rows


def confusion(probability: Floats, label: Integers) -> Integers:
    """Count rows by true label and most probable label: (n_labels, n_labels), the truth down."""
    n_labels = probability.shape[1]
    pair = label * n_labels + probability.argmax(axis=1)
    return np.bincount(pair, minlength=n_labels * n_labels).reshape(n_labels, n_labels)


def wilson_interval(share: float, rows: float, z: float = 1.959964) -> tuple[float, float]:
    """Give the interval for a share seen on `rows` rows (Wilson 1927); the default z gives 95 %."""
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * float(np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows)))
    return max(0.0, middle - half), min(1.0, middle + half)


def _mean(values: Floats, weight: Floats | None) -> float:
    return float(values.mean() if weight is None else weight @ values / weight.sum())
