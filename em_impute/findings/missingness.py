"""Who is missing: the rows with a label beside those without one, predictor by predictor and all predictors at once.

What it finds says that labels are not missing completely at random.  It cannot say whether they are missing at random
given the predictors: that would take the labels that nobody has.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.design import Category, Design
from em_impute.engine.blocks import Floats, Integers
from em_impute.findings.drawing import draw_rows
from em_impute.findings.labelling import MAX_DEVIATIONS, compare_predictor
from em_impute.findings.logistic import CONSTANT_PRECISION, Logistic, fit_logistic, one_rate
from em_impute.findings.roc import area_under_curve
from em_impute.metrics import effective_rows
from em_impute.stack.folds import N_FOLDS, deal

__all__ = ["Difference", "Missingness", "Side", "examine_missingness", "missing_odds"]

MAX_ROWS = 10_000
"""Rows of either kind that are looked at: a standardised difference of 0.05 between so many is beyond doubt."""

MAX_CELLS = 1 << 19
"""Rows of either kind times predictors: a regression takes time by the square of the latter."""

MIN_ROWS = N_FOLDS
"""Of either kind, so that each fold holds one out."""

MAX_PERCENTILE = 99.0
"""Odds above this percentile of the known rows' are brought down to it (Lee, Lessler & Stuart 2011)."""

MAX_FACTOR = 50.0
"""Odds differ from those of all rows by this factor at most: no row weighs more than fifty of the ordinary."""

CHUNK_ROWS = 1 << 16

Mask = NDArray[np.bool_]


class Side(NamedTuple):
    """What one predictor shows in the rows of one kind."""

    mean: float | None
    """in the data's own units; None of a category, or where no cell is seen"""
    sd: float | None
    missing: float
    """share of the cells that are missing"""
    shares: Mapping[str, float] | None = None
    """of every text of a category among the cells that are seen; None of a number"""


class Difference(NamedTuple):
    """One predictor in the rows with a label, and in those without one."""

    name: str
    kind: Literal["numeric", "categorical"]
    known: Side
    missing: Side
    smd: float | None
    """Standardised mean difference, missing − known; of a category the distance of Yang & Dalton (2012), which has no
    sign.  Infinite where nothing varies but between the kinds, None where one kind shows no cell."""
    ks: float | None
    """Kolmogorov–Smirnov: largest distance of the distribution functions; None of a category."""
    p_value: float
    """that the values come from one distribution; of a category by Pearson's χ² test of homogeneity"""


class Missingness(NamedTuple):
    """How the rows without a label differ from those with one."""

    differences: tuple[Difference, ...]
    auc: float | None
    """Area under the ROC curve of "has no label" among held-out rows; None with fewer than five rows of a kind."""
    auc_interval: tuple[float, float] | None
    """95 %"""
    n_known: int
    n_missing: int
    """rows of the table, of those that count"""
    known_looked_at: int
    missing_looked_at: int
    """of them drawn and compared"""


class _Drawn(NamedTuple):
    """Rows of the table, each for itself."""

    row: Integers  # (n_drawn,), rows of the table, ascending within a kind
    lacks: Mask  # (n_drawn,), has no label
    weight: Floats  # (n_drawn,), of the user, else 1
    n_known: int
    n_missing: int
    odds: float  # weight of all rows without a label by that of all rows with one


class _Terms(NamedTuple):
    """From predictors to the terms of the regression, the same for every row."""

    n_numbers: int
    feature: Integers  # (n_lacking,), features that are missing sometimes, one for each pattern
    share: Floats  # (n_lacking,), how often

    def of(self, x: Floats) -> Floats:
        """Give the terms of standardised rows: 1, predictors, squares of the numbers, and what is missing."""
        missing = np.isnan(x[:, self.feature]) - self.share
        missing /= np.sqrt(self.share * (1.0 - self.share))
        seen = np.clip(np.nan_to_num(x), -MAX_DEVIATIONS, MAX_DEVIATIONS)
        squares = seen[:, : self.n_numbers] ** 2
        return np.hstack([np.ones((x.shape[0], 1)), seen, squares, np.clip(missing, -MAX_DEVIATIONS, MAX_DEVIATIONS)])


class _CrossFit(NamedTuple):
    """A regression of "has no label", fitted to all drawn rows, and once without each fold."""

    terms: _Terms
    fold: Integers  # (n_drawn,)
    log_odds: Floats  # (n_drawn,), by the fit that has not seen the row, in the balance of the drawn rows
    noise: float  # part of their variance that is due to the chance of which rows were fitted to
    all_rows: Logistic


def examine_missingness(design: Design, seed: int) -> Missingness | None:
    """Compare the rows with a label and those without one; None where there are none of one kind.

    At most 10,000 of either kind are drawn and looked at, fewer of more than fifty predictors.  Rows that the user gave
    the weight 0 are left out.
    """
    drawn = _draw(design, seed)
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
        found = _cross_fit(x, design.n_numbers, drawn, seed)
        auc, interval = area_under_curve(found.log_odds, drawn.lacks, drawn.weight, found.fold, found.noise)
    return Missingness(tuple(differences), auc, interval, drawn.n_known, drawn.n_missing, *looked_at)


def missing_odds(design: Design, rows: Integers) -> Floats:
    """Give the odds P(label is missing | predictors) / P(it is known | predictors) of some rows, (n_chosen,).

    `rows` are rows of the table, with a label or without one.  Known rows that are weighed by these odds show the mix
    of predictors that the missing ones have (Bickel, Brückner & Scheffer 2007).  The regression is cross-fitted: a row
    that it was fitted to is judged by the fit that did not see it, and a row beyond the 10,000 of either kind that were
    drawn by the fit to all of these.  So that no weight runs away, odds are cut off at the 99th percentile of the known
    rows', and fifty times above and below those of all rows.  They are the same for all rows where there are fewer than
    five of a kind, and 1 where there are none.
    """
    drawn = _draw(design, 0)
    if drawn is None:
        return np.ones(rows.size)
    if np.bincount(drawn.lacks, minlength=2).min() < MIN_ROWS:
        return np.full(rows.size, drawn.odds)
    found = _cross_fit(design.x_of(drawn.row), design.n_numbers, drawn, 0)
    # Fewer of one kind were drawn than of the other: that moves the constant, and nothing else (King & Zeng 2001).
    of_drawn = drawn.weight[drawn.lacks].sum() / drawn.weight[~drawn.lacks].sum()
    shift = np.log(drawn.odds) - np.log(of_drawn)
    least, most = np.log(drawn.odds / MAX_FACTOR), np.log(drawn.odds * MAX_FACTOR)
    highest = np.percentile(found.log_odds[~drawn.lacks], MAX_PERCENTILE) + shift
    log_odds = _log_odds_of(design, rows, found, drawn.row) + shift
    odds: Floats = np.exp(np.clip(log_odds, least, np.clip(highest, least, most)))
    return odds


def _draw(design: Design, seed: int) -> _Drawn | None:
    """Draw rows of either kind among those that count, each with the same chance; None where there are none."""
    rng = np.random.default_rng(seed)
    kinds = [design.label >= 0, design.label < 0]
    if design.weighed:
        counts = design.distinct.weight > 0.0
        kinds = [kind & counts for kind in kinds]
    size = [int(np.count_nonzero(kind)) for kind in kinds]
    if not all(size):
        return None
    total = [float(design.distinct.weight[kind].sum()) for kind in kinds] if design.weighed else size
    most = min(MAX_ROWS, MAX_CELLS // max(1, len(design.features)))
    drawn = [draw_rows(kind, most, rng) for kind in kinds]
    row = np.concatenate(drawn)
    lacks = np.arange(row.size) >= drawn[0].size
    return _Drawn(row, lacks, design.weight_of(row), size[0], size[1], total[1] / total[0])


def _effective(drawn: _Drawn) -> Floats:
    """Scale weights, (n_drawn,), so that each kind counts as many rows as its mean varies by (Kish 1965)."""
    weight = drawn.weight.copy()
    for kind in (drawn.lacks, ~drawn.lacks):
        weight[kind] *= effective_rows(weight[kind]) / weight[kind].sum()
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
        Side(shift + scale * mean, scale * sd, gone) if gone < 1.0 else Side(None, None, 1.0)
        for mean, sd, gone in ((known_mean, known_sd, known_gone), (missing_mean, missing_sd, missing_gone))
    )
    found = compare_predictor(name, x, weight, ~lacks)
    return Difference(name, "numeric", known, missing, smd, found.statistic, found.p_value)


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
        Side(None, None, float(gone[k]), dict(zip(category.texts, share[k].tolist(), strict=True))) for k in range(2)
    )
    smd = _distance_of_shares(share) if total.all() else None
    return Difference(category.name, "categorical", known, missing, smd, None, _homogeneity(count))


def _distance_of_shares(share: Floats) -> float:
    """Compute the standardised difference of two lists of shares, (2, n_texts): Yang & Dalton (2012).

    It is Mahalanobis' distance of the shares by the mean of their two multinomial covariances; any one text may be left
    out, since the shares sum to 1.
    """
    share = share[:, share.any(axis=0)][:, 1:]
    apart = share[1] - share[0]
    covariance = sum(np.diag(one) - np.outer(one, one) for one in share) / 2.0
    if not apart.any():
        return 0.0
    if np.linalg.matrix_rank(covariance, hermitian=True) < apart.size:
        # No text is found in both kinds of row.
        return float("inf")
    return float(np.sqrt(apart @ np.linalg.solve(covariance, apart)))


def _homogeneity(count: Floats) -> float:
    """Test by Pearson's χ² whether two rows of counts, (2, n_texts), have the same shares: the p-value."""
    from scipy.special import chdtrc

    count = count[:, count.any(axis=0)]
    if not count.any(axis=1).all() or count.shape[1] < len(count):
        return 1.0
    expected = np.outer(count.sum(axis=1), count.sum(axis=0)) / count.sum()
    return float(chdtrc(count.shape[1] - 1, float(((count - expected) ** 2 / expected).sum())))


def _cross_fit(x: Floats, n_numbers: int, drawn: _Drawn, seed: int) -> _CrossFit:
    """Regress "has no label" on what is seen, and on what is not: `x` (n_drawn, n_features) in standard units.

    Missing values count as the mean.  A standard normal prior of every coefficient keeps them finite.
    """
    recipe = _Terms(n_numbers, *_sometimes_missing(np.isnan(x)))
    terms, outcome = recipe.of(x), drawn.lacks.astype(np.float64)
    precision = np.r_[CONSTANT_PRECISION, np.ones(terms.shape[1] - 1)]

    def fit(kept: Mask, start: Floats | None) -> Logistic:
        origin = one_rate(outcome[kept], drawn.weight[kept], precision.size)
        return fit_logistic(terms[kept], outcome[kept], drawn.weight[kept], precision, origin, start)

    all_rows = fit(np.ones(outcome.size, dtype=bool), None)
    fold = deal(drawn.lacks.astype(np.intp), np.random.default_rng(seed))
    log_odds = np.empty(outcome.size)
    for number in range(N_FOLDS):
        held = fold == number
        log_odds[held] = terms[held] @ fit(~held, all_rows.coefficient).coefficient
    return _CrossFit(recipe, fold, log_odds, _noise(terms, all_rows), all_rows)


def _sometimes_missing(missing: Mask) -> tuple[Integers, Floats]:
    """Find the columns of `missing`, (n_rows, n_features), that are not all alike, and their shares: each one once."""
    first: dict[bytes, int] = {}
    for j, column in enumerate(missing.T):
        if column.any() and not column.all():
            first.setdefault(column.tobytes(), j)
    feature = np.array([first[pattern] for pattern in sorted(first)], np.intp)
    return feature, missing[:, feature].mean(axis=0)


def _noise(terms: Floats, fit: Logistic) -> float:
    """Compute which part of the variance of the log-odds is that of the coefficients, at most all."""
    spread = np.cov(terms[:, 1:], rowvar=False).reshape(len(terms.T) - 1, -1)
    of_coefficients = float((spread * fit.covariance[1:, 1:]).sum())
    total = float(np.var(terms @ fit.coefficient))
    return min(1.0, of_coefficients / total) if total > 0.0 else 1.0


def _log_odds_of(design: Design, rows: Integers, found: _CrossFit, drawn: Integers) -> Floats:
    """Give the log-odds of some rows, (n_chosen,): the cross-fitted ones where they were drawn."""
    distinct, place = np.unique(design.distinct_of(rows), return_inverse=True)
    of_distinct = np.empty(distinct.size)
    for first in range(0, distinct.size, CHUNK_ROWS):
        some = slice(first, first + CHUNK_ROWS)
        of_distinct[some] = found.terms.of(design.distinct.x[distinct[some]]) @ found.all_rows.coefficient
    log_odds: Floats = of_distinct[place]
    order = np.argsort(drawn)
    at = order[np.searchsorted(drawn, rows, sorter=order).clip(max=drawn.size - 1)]
    seen = drawn[at] == rows
    log_odds[seen] = found.log_odds[at[seen]]
    return log_odds


def _ratio(difference: float, deviation: float) -> float:
    if deviation > 0.0:
        return difference / deviation
    return float(np.copysign(np.inf, difference)) if difference else 0.0
