"""Who is missing: the rows with a label beside those without one, predictor by predictor and all predictors at once.

What it finds says that labels are not missing completely at random.  It cannot say whether they are missing at random
given the predictors: that would take the labels that nobody has.
"""

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.design import Category, Design
from em_impute.em.blocks import Floats, Integers
from em_impute.ensemble.metrics import NORMAL_95, as_effective, effective_rows, wilson_interval
from em_impute.missingness.regression import MIN_ROWS, Drawn, Missing, cross_fit, draw_kinds
from em_impute.missingness.values import CategorySide, Difference, Differences, NumberSide, RowCounts

ROUNDING = 1e-20
"""A variance below it is that of equal numbers, whose mean is rounded."""

Mask = NDArray[np.bool_]


def examine_missingness(design: Design, seed: int, missing: Missing | None = None) -> Differences | None:
    """Compare the rows with a label and those without one; None where there are none of one kind.

    At most 10,000 of either kind are drawn and looked at, fewer of more than fifty predictors.  Rows that the user gave
    the weight 0 are left out.  `missing` is the regression, where it was fitted before.
    """
    drawn = draw_kinds(design, seed) if missing is None else missing.drawn
    if drawn is None:
        return None
    x, codes = design.x_of(drawn.row), design.codes_of(drawn.row)
    weight = _effective(drawn)
    differences = [
        _number(feature.name, x[:, j], feature.shift, feature.scale, weight, drawn.lacks)
        for j, feature in enumerate(design.features[: design.n_numbers])
    ]
    differences += [
        _category(category, codes[:, j], weight, drawn.lacks) for j, category in enumerate(design.categories)
    ]
    looked_at = np.bincount(drawn.lacks, minlength=2).tolist()
    auc = interval = None
    if min(looked_at) >= MIN_ROWS:
        found = cross_fit(x, design.n_numbers, drawn, seed) if missing is None else missing.found
        auc, interval = area_under_curve(found.log_odds, drawn.lacks, drawn.weight, found.fold, found.noise)
    return Differences(
        rows=RowCounts(drawn.n_known, drawn.n_missing),
        looked_at=RowCounts(*looked_at),
        differences=differences,
        auc=auc,
        auc_interval=interval,
    )


def _kolmogorov_smirnov(x: Floats, weight: Floats, labelled: Mask) -> tuple[float, float]:
    """Compare a predictor's values, (n_rows,) with NaN for missing, of labelled rows and of the others.

    `weight` (n_rows,) counts equal rows.  Returns the largest distance of the two distribution functions, and the
    p-value: Kolmogorov's limit at Stephens' (1970) corrected argument, within an eighth of the exact one from 20 rows
    on either side; tied values make it too large, never too small.
    """
    seen = ~np.isnan(x)
    values, position = np.unique(x[seen], return_inverse=True)
    cumulative, total = [], []
    for side in (labelled[seen], ~labelled[seen]):
        of_value = np.bincount(position[side], weight[seen][side], values.size)  # (n_values,)
        total.append(of_value.sum())
        cumulative.append(np.cumsum(of_value))
    if not min(total) > 0:
        return 0.0, 1.0
    distance = float(np.abs(cumulative[0] / total[0] - cumulative[1] / total[1]).max())
    root = np.sqrt(total[0] * total[1] / (total[0] + total[1]))
    from scipy.special import kolmogorov

    return distance, float(kolmogorov((root + 0.12 + 0.11 / root) * distance))


def _effective(drawn: Drawn) -> Floats:
    """Scale weights, (n_drawn,), so that each kind counts as many rows as its mean varies by (Kish 1965)."""
    weight = drawn.weight.copy()
    for kind in (drawn.lacks, ~drawn.lacks):
        weight[kind] = as_effective(weight[kind])
    return weight


def _number(name: str, x: Floats, shift: float, scale: float, weight: Floats, lacks: Mask) -> Difference:
    """Compare a number, (n_drawn,) in standard units."""
    (known_mean, known_sd, known_gone), (missing_mean, missing_sd, missing_gone) = (
        _moments(x[kind], weight[kind]) for kind in (~lacks, lacks)
    )
    smd = None
    if known_gone < 1.0 and missing_gone < 1.0:
        smd = _ratio(missing_mean - known_mean, float(np.hypot(known_sd, missing_sd) / np.sqrt(2.0)))
    known, missing = (
        NumberSide(shift + scale * mean, scale * sd, gone) if gone < 1.0 else NumberSide(None, None, 1.0)
        for mean, sd, gone in ((known_mean, known_sd, known_gone), (missing_mean, missing_sd, missing_gone))
    )
    return Difference(name, "numeric", known, missing, smd, *_kolmogorov_smirnov(x, weight, ~lacks))


def _moments(x: Floats, weight: Floats) -> tuple[float, float, float]:
    """Compute mean, standard deviation and the share that is missing; both (n_rows,)."""
    seen = ~np.isnan(x)
    if not seen.any():
        return 0.0, 0.0, 1.0
    # About the first value, so that equal values have no variance at all: their mean would be rounded.
    offset = x[seen] - x[seen][0]
    mean = float(np.average(offset, weights=weight[seen]))
    variance = float(np.average((offset - mean) ** 2, weights=weight[seen]))
    return float(x[seen][0]) + mean, float(np.sqrt(variance)), float(np.average(~seen, weights=weight))


def _category(category: Category, code: Integers, weight: Floats, lacks: Mask) -> Difference:
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
    """Compute the standardised difference of two lists of shares, (2, n_texts): Yang & Dalton (2012).

    It is Mahalanobis' distance of the shares by the mean of their two multinomial covariances; any one text may be left
    out, since the shares sum to 1.  None where no text is found in both kinds of row.
    """
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


def _ratio(difference: float, deviation: float) -> float | None:
    if deviation > 0.0:
        return difference / deviation
    return None if difference else 0.0


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
