"""Who is missing: the rows with a label beside those without one, predictor by predictor.

What it finds says that labels are not missing completely at random.  It cannot say whether they are missing at random
given the predictors: that would take the labels that nobody has.
"""

import numpy as np

from em_impute.columns.design import Category, Design, Feature
from em_impute.em.blocks import Flags, Floats, Integers
from em_impute.ensemble.metrics import as_effective
from em_impute.missingness.regression import Missing, draw_kinds
from em_impute.missingness.values import Difference, Side


def examine_missingness(design: Design, seed: int, missing: Missing | None) -> list[Difference] | None:
    """Compare the rows with a label and those without one; None where there are none of one kind.

    At most 10,000 of either kind are drawn and looked at, fewer of more than fifty predictors.  Rows that the user gave
    the weight 0 are left out.  `missing` is the regression on the same rows; None where there is none.
    """
    drawn = draw_kinds(design, seed) if missing is None else missing.drawn
    if drawn is None:
        return None
    x, codes, lacks = design.x_of(drawn.row), design.codes_of(drawn.row), drawn.lacks
    weight = drawn.weight.copy()
    for kind in (lacks, ~lacks):
        weight[kind] = as_effective(weight[kind])
    numbers, categories = enumerate(design.features[: design.n_numbers]), enumerate(design.categories)
    return [
        *(_number(feature, x[:, j], weight, lacks) for j, feature in numbers),
        *(_category(category, codes[:, j], weight, lacks) for j, category in categories),
    ]


def _number(feature: Feature, x: Floats, weight: Floats, lacks: Flags) -> Difference:
    """Compare a number, (n_drawn,) in standard units."""
    known, missing = (_moments(x[kind], weight[kind]) for kind in (~lacks, lacks))
    apart, deviation = missing[0] - known[0], float(np.hypot(known[1], missing[1]) / np.sqrt(2.0))
    smd = apart / deviation if deviation > 0.0 else 0.0 if apart == 0.0 else None  # NaN is neither
    known_side, missing_side = (
        Side(gone) if gone == 1.0 else Side(gone, feature.shift + feature.scale * mean, feature.scale * sd)
        for mean, sd, gone in (known, missing)
    )
    seen = ~np.isnan(x)
    return Difference(
        feature.name, "numeric", known_side, missing_side, smd, _p_value(smd, 1, weight[seen], lacks[seen])
    )


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
        Side(float(gone[k]), shares=dict(zip(category.texts, share[k].tolist(), strict=True))) for k in (0, 1)
    )
    smd, seen = _distance_of_shares(share) if total.all() else None, code >= 0
    p_value = _p_value(smd, int(share.any(axis=0).sum()) - 1, weight[seen], lacks[seen])
    return Difference(category.name, "categorical", known, missing, smd, p_value)


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


def _p_value(smd: float | None, freedom: int, weight: Floats, lacks: Flags) -> float | None:
    """Test by Wald's χ² whether rows that show a predictor, (n_rows,), are alike in it."""
    from scipy.special import chdtrc

    if smd is None:
        return None
    n_known, n_missing = np.bincount(lacks, weight, 2).tolist()
    return float(chdtrc(max(1, freedom), smd**2 * n_known * n_missing / (n_known + n_missing)))
