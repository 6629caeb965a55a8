"""Whether the values of a column are names rather than measurements, or tell something by not being there.

Labels of rows that were left out are predicted twice, from the others: by the labels that the same value has among
them, a missing cell being a value too, and by one normal distribution of the numbers a label, which is all that
mixtures see of a measurement.  Where the first does plainly better, each value has a meaning of its own.
"""

import numpy as np

from em_impute.em.blocks import Floats, Integers

PLAINLY = 3.0
"""Standard errors of the mean gain."""

LEAST_SD = 1e-3
"""Standard deviation of a label's numbers at least, as part of that of all: some labels have one number."""


def tells_by_value(
    code: Integers, numbers: Floats | None, label: Integers, weight: Floats, fold: Integers, n_labels: int
) -> bool:
    """Tell whether the values of labelled rows say more than `numbers`, or, if these are None, than the labels' shares.

    All arrays are (n_rows,); `code` is −1 where the cell is missing.
    """
    n_folds = int(fold.max(initial=0)) + 1
    shares = _left_out(np.zeros_like(fold), label, weight, fold, n_folds, n_labels)[:, 0] + 1.0 / n_labels
    shares /= shares.sum(axis=1, keepdims=True)  # (n_folds, n_labels)
    place = code.astype(np.intp) + 1
    count = _left_out(place, label, weight, fold, n_folds, n_labels)[fold, place] + shares[fold]
    by_value = count / count.sum(axis=1, keepdims=True)
    usual = shares[fold] if numbers is None else _by_normals(numbers, label, weight, fold, shares)
    row = np.arange(label.size)
    gain = weight * (np.log(by_value[row, label]) - np.log(np.maximum(usual[row, label], np.finfo(float).tiny)))
    return bool(gain.sum() > PLAINLY * np.sqrt(label.size) * gain.std())


def _left_out(place: Integers, label: Integers, weight: Floats, fold: Integers, n_folds: int, n_labels: int) -> Floats:
    """Add up weights by place and label without each fold: (n_folds, n_places, n_labels)."""
    total = np.zeros((n_folds, int(place.max()) + 1, n_labels))
    np.add.at(total, (fold, place, label), weight)
    left: Floats = total.sum(axis=0) - total
    return left


def _by_normals(numbers: Floats, label: Integers, weight: Floats, fold: Integers, shares: Floats) -> Floats:
    """Predict labels by one normal distribution a label, fitted without the row's fold: (n_rows, n_labels)."""
    seen = ~np.isnan(numbers)
    x = np.where(seen, numbers - np.mean(numbers[seen]), 0.0)
    x /= max(float(x[seen].std()), np.finfo(float).tiny)
    n_folds, n_labels = shares.shape
    nowhere = np.zeros_like(fold)
    n, first, second = (
        _left_out(nowhere, label, np.where(seen, weight * power, 0.0), fold, n_folds, n_labels)[:, 0]
        for power in (1.0, x, x**2)
    )
    mean = first / np.maximum(n, LEAST_SD)  # (n_folds, n_labels)
    variance = (np.maximum(second - n * mean**2, 0.0) + 1.0) / (n + 1.0)  # as if one more row deviated as all rows do
    variance = np.maximum(variance, LEAST_SD**2)
    log_density = -0.5 * ((x[:, None] - mean[fold]) ** 2 / variance[fold] + np.log(variance[fold]))
    log_joint = np.log(shares[fold]) + np.where(seen[:, None], log_density, 0.0)
    probability: Floats = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    return probability
