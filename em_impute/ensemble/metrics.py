"""How right probabilities were, once the truth is known."""

from collections.abc import Sequence

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers
from em_impute.ensemble.values import ReliabilityBin, Threshold

NORMAL_95 = 1.959964
"""Standard deviations to either side of its mean that hold 95 % of a normal distribution."""

DIGITS = 12
"""Of a probability that count: further ones are rounding."""

MIN_PROBABILITY = 1e-6
"""Probabilities are clipped here before the logarithm, so that one row cannot decide a comparison alone."""

N_BINS = 15

TINY, ROUNDING = 1e-300, 1e-9

BEYOND_CHANCE = 0.001
"""A p-value below it says that shares differ by more than chance: fits that do differ show it in far smaller ones."""


def log_loss(probability: Floats, label: Integers, weight: Floats | None = None) -> float:
    """Mean −log probability of the true label, in nats.  `probability` is (n_rows, n_labels), `label` (n_rows,).

    `weight` (n_rows,), here and below, says how much each row counts; None counts all alike.
    """
    right = probability[np.arange(label.size), label]
    return _mean(-np.log(np.clip(right, MIN_PROBABILITY, 1.0)), weight) + 0.0  # 0 rather than −0


def accuracy(probability: Floats, label: Integers, weight: Floats | None = None) -> float:
    """Compute the share of rows whose most probable label is the true one."""
    return _mean((_best(probability)[0] == label).astype(float), weight)


def balanced_accuracy(probability: Floats, label: Integers, weight: Floats | None = None) -> float:
    """Average the recall of the labels that occur, each label counting alike whether it is common or rare."""
    weight = np.ones(label.size) if weight is None else weight
    right = np.bincount(label, weight * (_best(probability)[0] == label))
    of = np.bincount(label, weight)
    return float((right[of > 0.0] / of[of > 0.0]).mean())


def brier(probability: Floats, label: Integers, weight: Floats | None = None) -> float:
    """Mean squared distance of the probabilities from the truth, summed over labels (Brier 1950): 0 best, 2 worst."""
    truth = np.zeros_like(probability)
    truth[np.arange(label.size), label] = 1.0
    return _mean(((probability - truth) ** 2).sum(axis=1), weight)


def effective_rows(weight: Floats) -> float:
    """Count the rows of equal weight whose mean would vary as much (Kish 1965): (Σw)²/Σw²."""
    return float(weight.sum() ** 2 / (weight @ weight))


def as_effective(weight: Floats) -> Floats:
    """Scale weights, (n_rows,), so that they add up to the rows that they are worth."""
    scaled: Floats = weight * (effective_rows(weight) / weight.sum())
    return scaled


def reliability(probability: Floats, label: Integers, weight: Floats | None = None) -> list[ReliabilityBin]:
    """Sort rows by their highest probability into bins of equal weight and compare with what came true.

    `weight` (n_rows,) has mean 1; a bin stands for as many rows as its rows weigh.
    """
    weight = np.ones(label.size) if weight is None else weight
    filled, best = _best(probability)
    _, tie = np.unique(best, return_inverse=True)
    # Rows that are equally sure share their accuracy: a bin's border may cut through them, in any order of the file.
    right = np.bincount(tie, weight * (filled == label)) / np.maximum(np.bincount(tie, weight), TINY)
    order = np.argsort(best, kind="stable")
    ends = np.searchsorted(np.cumsum(weight[order]), weight.sum() * np.arange(1, N_BINS) / N_BINS - ROUNDING) + 1
    if (weight == 1.0).all():
        bins = [rows for rows in np.array_split(order, N_BINS) if rows.size]
    else:
        bins = [rows for rows in np.split(order, ends) if rows.size and weight[rows].any()]
    return [
        ReliabilityBin(
            max(1, round(float(weight[rows].sum()))),
            float(np.average(best[rows], weights=weight[rows])),
            float(np.average(right[tie[rows]], weights=weight[rows])),
        )
        for rows in bins
    ]


def calibration_error(bins: list[ReliabilityBin]) -> float:
    """Compute the expected calibration error: the mean distance of stated probability and accuracy, over the rows."""
    rows = sum(one.rows for one in bins)
    return sum(one.rows * abs(one.probability - one.accuracy) for one in bins) / rows


def filled_above(
    probability: Floats, label: Integers, thresholds: Sequence[float], weight: Floats | None = None
) -> list[Threshold]:
    """Say for some thresholds how many rows are filled whose best label is at least so probable, and how many right."""
    filled, best = _best(probability)
    right = filled == label
    weight = np.ones(label.size) if weight is None else weight
    found = []
    for threshold in thresholds:
        counts = weight * (best >= threshold)
        share = float(counts.sum() / weight.sum())
        found.append(
            Threshold(float(threshold), share, float((counts * right).sum() / counts.sum()) if share else None)
        )
    return found


def fill_curve(
    probability: Floats, label: Integers, weight: Floats | None = None, n_points: int = 20
) -> list[Threshold]:
    """Follow accuracy from the surest rows alone to all of them, in about `n_points` steps of equal size.

    Rows that are equally sure are filled together, so there may be fewer steps.
    """
    best = np.sort(_best(probability)[1])[::-1]
    last = np.ceil(np.arange(1, n_points + 1) * best.size / n_points).astype(np.intp) - 1
    return filled_above(probability, label, np.unique(best[last])[::-1].tolist(), weight)


def confusion(probability: Floats, label: Integers, weight: Floats | None = None) -> Integers:
    """Count rows by true label and most probable label: (n_labels, n_labels), the truth down.

    `weight` (n_rows,) has mean 1: a row counts so many times, and sums are rounded.
    """
    n_labels = probability.shape[1]
    pair = label.astype(np.intp) * n_labels + _best(probability)[0]  # codes may be bytes
    count = np.bincount(pair, weight, n_labels * n_labels)
    return np.round(count).astype(np.intp).reshape(n_labels, n_labels)


def wilson_interval(share: float, rows: float) -> tuple[float, float]:
    """Give the 95 % interval for a share seen on `rows` rows (Wilson 1927)."""
    z = NORMAL_95
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * float(np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows)))
    return max(0.0, middle - half), min(1.0, middle + half)


def overdispersion(right: Flags, part: Integers) -> float:
    """Say how many times the variance by chance a share's variance from part to part is; 1 where that may be chance.

    `right` (n_rows,) is what the share is of, `part` (n_rows,) from 0.  It is Pearson's χ² over its degrees of freedom,
    as in quasi-binomial regression: the share is no surer than that of so many times fewer rows.
    """
    from scipy.special import chdtrc

    rows = np.bincount(part).astype(np.float64)
    share = float(right.mean())
    if rows.size < 2 or not 0.0 < share < 1.0:  # noqa: PLR2004  # one part, or no variance
        return 1.0
    statistic = float(((np.bincount(part, right) - share * rows) ** 2 / rows).sum() / (share * (1.0 - share)))
    freedom = rows.size - 1
    return max(1.0, statistic / freedom) if chdtrc(freedom, statistic) < BEYOND_CHANCE else 1.0


def _best(probability: Floats) -> tuple[Integers, Floats]:
    """Find each row's most probable label, and its probability: (n_rows,) each."""
    rounded = np.round(probability, DIGITS)  # of equally probable ones the first, however a processor rounds
    return rounded.argmax(axis=1), rounded.max(axis=1)


def _mean(values: Floats, weight: Floats | None) -> float:
    # Not `weight @ values`: added up in another order than the weights alone, a share of all could exceed 1.
    return float(values.mean() if weight is None else (weight * values).sum() / weight.sum())
