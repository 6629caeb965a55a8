"""Who is missing: the rows with a label beside those without one, predictor by predictor and all predictors at once.

What it finds says that labels are not missing completely at random.  It cannot say whether they are missing at random
given the predictors: that would take the labels that nobody has.
"""

import numpy as np

from em_impute.columns.design import Category, Design, Feature
from em_impute.em.blocks import Flags, Floats, Integers
from em_impute.ensemble.metrics import NORMAL_95, as_effective, effective_rows, wilson_interval
from em_impute.missingness.regression import Missing, draw_kinds
from em_impute.missingness.values import CategorySide, Difference, Differences, NumberSide, RowCounts

ROUNDING = 1e-20
"""A variance below it is that of equal numbers, whose mean is rounded."""


def examine_missingness(design: Design, seed: int, missing: Missing | None) -> Differences | None:
    """Compare the rows with a label and those without one; None where there are none of one kind.

    At most 10,000 of either kind are drawn and looked at, fewer of more than fifty predictors.  Rows that the user gave
    the weight 0 are left out.  `missing` is the regression; None with fewer than five rows of a kind.
    """
    drawn = draw_kinds(design, seed) if missing is None else missing.drawn
    if drawn is None:
        return None
    x, codes, lacks = design.x_of(drawn.row), design.codes_of(drawn.row), drawn.lacks
    weight = drawn.weight.copy()
    for kind in (lacks, ~lacks):
        weight[kind] = as_effective(weight[kind])
    numbers = enumerate(design.features[: design.n_numbers])
    differences = [_number(feature, x[:, j], weight, lacks) for j, feature in numbers]
    differences += [_category(category, codes[:, j], weight, lacks) for j, category in enumerate(design.categories)]
    auc = interval = None
    if missing is not None:
        auc, interval = area_under_curve(missing.log_odds, lacks, drawn.weight, missing.fold, missing.noise)
    looked_at = np.bincount(lacks, minlength=2).tolist()
    return Differences(
        rows=RowCounts(drawn.n_known, drawn.n_missing),
        looked_at=RowCounts(*looked_at),
        differences=differences,
        auc=auc,
        auc_interval=interval,
    )


def _number(feature: Feature, x: Floats, weight: Floats, lacks: Flags) -> Difference:
    """Compare a number, (n_drawn,) in standard units."""
    known, missing = (_moments(x[kind], weight[kind]) for kind in (~lacks, lacks))
    apart, deviation = missing[0] - known[0], float(np.hypot(known[1], missing[1]) / np.sqrt(2.0))
    smd = apart / deviation if deviation > 0.0 else 0.0 if apart == 0.0 else None  # NaN is neither
    known_side, missing_side = (
        NumberSide(None, None, 1.0)
        if gone == 1.0
        else NumberSide(feature.shift + feature.scale * mean, feature.scale * sd, gone)
        for mean, sd, gone in (known, missing)
    )
    tested = _kolmogorov_smirnov(x, weight, lacks)
    return Difference(feature.name, "numeric", known_side, missing_side, smd, *tested)


def _kolmogorov_smirnov(x: Floats, weight: Floats, lacks: Flags) -> tuple[float, float]:
    """Compute how far two distribution functions lie apart, and the p-value (Stephens 1970): ties make it too large."""
    from scipy.special import kolmogorov

    seen = ~np.isnan(x)
    values, position = np.unique(x[seen], return_inverse=True)
    cumulative, total = [], []
    for side in (~lacks[seen], lacks[seen]):
        of_value = np.bincount(position[side], weight[seen][side], values.size)  # (n_values,)
        total.append(of_value.sum())
        cumulative.append(np.cumsum(of_value))
    if not min(total) > 0:
        return 0.0, 1.0
    distance = float(np.abs(cumulative[0] / total[0] - cumulative[1] / total[1]).max())
    root = np.sqrt(total[0] * total[1] / (total[0] + total[1]))
    return distance, float(kolmogorov((root + 0.12 + 0.11 / root) * distance))


def _moments(x: Floats, weight: Floats) -> tuple[float, float, float]:
    """Compute mean and standard deviation of values, (n_rows,) as their weights, NaN of none; and the share missing."""
    seen = ~np.isnan(x)
    if not seen.any():
        return np.nan, np.nan, 1.0
    # About the first value, so that equal values have no variance at all: their mean would be rounded.
    offset = x[seen] - x[seen][0]
    mean = float(np.average(offset, weights=weight[seen]))
    variance = float(np.average((offset - mean) ** 2, weights=weight[seen]))
    return float(x[seen][0]) + mean, float(np.sqrt(variance)), float(np.average(~seen, weights=weight))


def _category(category: Category, code: Integers, weight: Floats, lacks: Flags) -> Difference:
    """Compare a category, (n_drawn,) codes."""
    n_codes = len(category.texts) + 1
    count = np.array([np.bincount(code[kind] + 1, weight[kind], n_codes) for kind in (~lacks, lacks)])  # (2, n_codes)
    gone, count = count[:, 0] / count.sum(axis=1), count[:, 1:]
    total = count.sum(axis=1, keepdims=True)
    share = count / np.where(total > 0.0, total, 1.0)  # (2, n_texts)
    known, missing = (
        CategorySide(dict(zip(category.texts, share[k].tolist(), strict=True)), float(gone[k])) for k in range(2)
    )
    smd = _distance_of_shares(share) if total.all() else None
    return Difference(category.name, "categorical", known, missing, smd, None, _homogeneity(count))


def _distance_of_shares(share: Floats) -> float | None:
    """Compute Mahalanobis' distance of two lists of shares, (2, n_texts): Yang & Dalton (2012); None where none is."""
    share = share[:, share.any(axis=0)][:, 1:]
    apart = share[1] - share[0]
    covariance = sum(np.diag(one) - np.outer(one, one) for one in share) / 2.0
    if not apart.any():
        return 0.0
    if np.linalg.matrix_rank(covariance, hermitian=True) < apart.size:
        return None
    return float(np.sqrt(apart @ np.linalg.solve(covariance, apart)))


def _homogeneity(count: Floats) -> float:
    """Test by Pearson's χ² whether two rows of counts, (2, n_texts), have the same shares: the p-value."""
    from scipy.special import chdtrc

    count = count[:, count.any(axis=0)]
    if not count.any(axis=1).all() or count.shape[1] < len(count):
        return 1.0
    expected = np.outer(count.sum(axis=1), count.sum(axis=0)) / count.sum()
    return float(chdtrc(count.shape[1] - 1, float(((count - expected) ** 2 / expected).sum())))


def area_under_curve(
    score: Floats, positive: Flags, weight: Floats, fold: Integers, noise: float = 0.0
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


def _beaten(score: Floats, positive: Flags, weight: Floats, fold: Integers) -> Floats:
    """Give the share of its fold's rows of the other kind that each row is right against, ties counting half."""
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
