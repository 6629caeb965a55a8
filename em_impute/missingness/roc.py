"""How well a score tells two kinds of row apart: the area under the ROC curve, with its interval."""

import numpy as np
from numpy.typing import NDArray

from em_impute.em.blocks import Floats, Integers
from em_impute.ensemble.metrics import NORMAL_95, effective_rows, wilson_interval

__all__ = ["area_under_curve"]

ROUNDING = 1e-20
"""A variance below it is that of equal numbers, whose mean is rounded."""

Mask = NDArray[np.bool_]


def area_under_curve(
    score: Floats, positive: Mask, weight: Floats, fold: Integers, noise: float = 0.0
) -> tuple[float, tuple[float, float]]:
    """Compute the area under the ROC curve of cross-fitted scores, ties counting half, with its 95 % interval.

    All arrays are (n_rows,).  The score of a row comes from a fit that did not see the rows of its `fold`; folds are
    numbered from 0, and each holds rows of both kinds.  `noise` is the part of the scores' variance that is due to the
    chance of which rows were fitted to.

    Only rows of one fold are compared, since two folds are scored by two fits: over all pairs, scores that mean nothing
    would look worse than chance.  The interval is DeLong, DeLong & Clarke-Pearson's (1988), folds taken together as by
    LeDell, Petersen & van der Laan (2015), on the scale of log-odds, where it stays between 0 and 1.  That takes the
    fits as given.  So far as they are noise, the folds depend on each other, since they were fitted to each other's
    rows: Nadeau & Bengio's (2003) factor, which is right where there is nothing but noise, counts by that part.
    """
    n_folds = int(fold.max()) + 1
    beaten = _beaten(score, positive, weight, fold)
    area = float(np.average(beaten[positive], weights=weight[positive]))
    variance = sum(_variance_of_mean(beaten[kind], weight[kind]) for kind in (positive, ~positive))
    if variance < ROUNDING or not 0.0 < area < 1.0:
        # The variance is at most area·(1 − area) by the rows of the rarer kind (van Dantzig 1951), as that of a share.
        return area, wilson_interval(area, min(effective_rows(weight[kind]) for kind in (positive, ~positive)))
    if n_folds > 1:
        variance *= 1.0 + noise * n_folds / (n_folds - 1)
    middle, half = np.log(area / (1.0 - area)), NORMAL_95 * np.sqrt(variance) / (area * (1.0 - area))
    low, high = (float(0.5 + 0.5 * np.tanh(0.5 * end)) for end in (middle - half, middle + half))
    return area, (low, high)


def _beaten(score: Floats, positive: Mask, weight: Floats, fold: Integers) -> Floats:
    """Compute for each row, (n_rows,), the share of its fold's rows of the other kind that it is right against.

    A positive row is right where it scores higher, another one where it scores lower; a tie is half right.
    """
    beaten = np.empty(score.size)
    for number in range(int(fold.max()) + 1):
        for kind in (positive, ~positive):
            here, there = (np.flatnonzero((fold == number) & side) for side in (kind, ~kind))
            there = there[np.argsort(score[there], kind="stable")]
            below = np.r_[0.0, np.cumsum(weight[there])]
            lower, upper = (below[np.searchsorted(score[there], score[here], side)] for side in ("left", "right"))
            beaten[here] = 0.5 * (lower + upper) / below[-1]
    beaten[~positive] = 1.0 - beaten[~positive]
    return beaten


def _variance_of_mean(values: Floats, weight: Floats) -> float:
    """Estimate the variance of the weighted mean of independent values, both (n_values,)."""
    mean = np.average(values, weights=weight)
    return float(values.size / (values.size - 1) * (weight**2 @ (values - mean) ** 2) / weight.sum() ** 2)
