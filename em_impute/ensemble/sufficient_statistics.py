"""Sums over rows that the M step needs, what rows with gaps add to them, and densities as coefficients of terms."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers, find_patterns, rows_by_code, slices
from em_impute.em.parameters import LOG_TWO_PI
from em_impute.ensemble.terms import Terms, has_products, is_wide, products_in, terms_of
from em_impute.ensemble.transforms import Predictors

PATTERNS_AT_ONCE = 64
"""Patterns of gaps whose moments are computed together: there is a matrix for each of them and each component."""


class Group(NamedTuple):
    """Rows that show the same Gaussian columns."""

    rows: Integers  # (n_rows,) their numbers
    observed: Integers  # (n_observed,) the Gaussian columns that they show; all, if terms say so for each row
    terms: Terms  # of these columns


class Segment(NamedTuple):
    """Rows of one pattern of gaps and one label, side by side."""

    rows: slice
    pattern: int
    label: int


@dataclass(frozen=True)
class Patterns:
    """Patterns of gaps."""

    observed: Flags  # (n_patterns, n_columns)

    @cached_property
    def shown(self) -> Floats:
        """`observed` as numbers by which rows of matrices are multiplied, (n_patterns, n_columns, 1)."""
        return self.observed[:, :, None].astype(np.float64)

    @cached_property
    def neither(self) -> Floats:
        """1 for pairs of columns that are both missing, else 0, (n_patterns, n_columns, n_columns)."""
        return (~(self.observed[:, :, None] | self.observed[:, None])).astype(np.float64)

    @cached_property
    def both(self) -> Flags:
        """Pairs of columns that are both observed, (n_patterns, n_columns, n_columns)."""
        return self.observed[:, :, None] & self.observed[:, None]


class TrainingRows(NamedTuple):
    """Rows of several patterns of gaps, whose terms are 0 where a column is missing; one, if terms tell of gaps."""

    rows: Integers  # (n_rows,) their numbers, segment by segment
    patterns: Patterns
    segments: tuple[Segment, ...]
    terms: Terms


class SufficientStatistics(NamedTuple):
    """Weighted sums over rows, for each mixture and component: the leading axes."""

    weight: Floats  # (n_members, n_components), rows
    first: Floats  # (n_members, n_components, n_columns), sums of x
    second: Floats  # (…, n_columns, n_columns), sums of x·xᵀ; of independent columns (…, n_columns), those of x² alone
    counts: Floats  # (n_members, n_components, n_texts), rows that hold each text

    def plus(self, other: "SufficientStatistics") -> "SufficientStatistics":
        """Add two disjoint sets of rows."""
        return SufficientStatistics(*(a + b for a, b in zip(self, other, strict=True)))


def group_rows(seen: Predictors, rows: Integers) -> list[Group]:
    """Gather rows as a view shows them by the columns that they show, the most common pattern first."""
    n = seen.x.shape[1]
    if not has_products(n):
        return [_group(seen, rows, np.arange(n))] if rows.size else []
    missing, pattern = find_patterns(np.isnan(seen.x[rows]))
    groups = rows_by_code(pattern, len(missing))
    order = sorted(range(len(groups)), key=lambda p: -groups[p].size)
    return [_group(seen, rows[groups[p]], np.flatnonzero(~missing[p])) for p in order]


def training_rows(seen: Predictors, rows: Integers, label: Integers, most: int | None = None) -> list[TrainingRows]:
    """Gather rows by pattern of gaps and label; with `most` only those of so many patterns, the most common ones.

    `label` is that of every row of `seen`, (n_seen,).
    """
    missing = np.isnan(seen.x[rows])
    if has_products(seen.x.shape[1]):
        missing, pattern = find_patterns(missing)
    else:  # the terms tell of gaps: it is one pattern, of the columns that some row does not show
        missing, pattern = np.asarray([missing.any(axis=0)]), np.zeros(rows.size, np.intp)
    commonest = np.argsort(-np.bincount(pattern, minlength=len(missing)), kind="stable")[:most]
    n_codes = int(label.max(initial=-1)) + 2
    found = []
    for some in slices(commonest.size, PATTERNS_AT_ONCE):
        place = np.full(len(missing), -1)
        place[commonest[some]] = np.arange(commonest[some].size)
        mine = np.flatnonzero(place[pattern] >= 0)
        code = place[pattern[mine]] * n_codes + label[rows[mine]] + 1
        segments, first, sorted_rows = [], 0, rows_by_code(code, (some.stop - some.start) * n_codes)
        for number, part in enumerate(sorted_rows):
            if part.size:
                rows_of = slice(first, first := first + part.size)
                segments.append(Segment(rows_of, number // n_codes, number % n_codes - 1))
        row = rows[mine[np.concatenate(sorted_rows)]]
        told = seen.take(row)
        terms = terms_of(told if is_wide(seen.x.shape[1], seen.levels) else told._replace(x=np.nan_to_num(told.x)))
        found.append(TrainingRows(row, Patterns(~missing[commonest[some]]), tuple(segments), terms))
    return found


def _statistics_of(total: Floats, n_columns: int) -> SufficientStatistics:
    """Read sums of the terms, (..., n_terms), as sums over columns and products of them."""
    i, j = products_in(n_columns)
    end = 1 + n_columns + i.size
    second = np.zeros((*total.shape[:-1], n_columns, n_columns))
    second[..., i, j] = second[..., j, i] = total[..., 1 + n_columns : end]
    return SufficientStatistics(total[..., 0], total[..., 1 : 1 + n_columns], second, total[..., end:])


def complete(
    total: Floats, patterns: Patterns, mean: Floats, covariance: Floats, swept: Floats | None = None
) -> SufficientStatistics:
    """Extend sums over what rows show to all columns, the others at their conditional moments.

    `total` (..., n_patterns, n_terms) are the sums of the terms, `mean` (..., n_columns) and `covariance`
    (..., n_columns, n_columns) those of the component that each sum belongs to, `swept` what `sweep` makes of it.
    E[x] = μ + A·(x_o − μ_o), where A is 1 for what is observed and Σ_mo·Σ_oo⁻¹ beside it.  The conditional covariance
    counts, so that nothing is taken for measured that was not (Ghahramani & Jordan 1994).
    """
    n, observed = mean.shape[-1], patterns.observed
    if not has_products(n):
        return _complete_independent(total[..., 0, :], mean, covariance)
    sums = _statistics_of(total.sum(axis=-2), n)
    if observed.all():
        return sums
    first, centre, weight = total[..., 1 : 1 + n], mean[..., None, :], total[..., 0]
    variance = _independent_variances(covariance)
    if variance is not None:
        offset, second = centre * ~observed, sums.second
        np.einsum("...ii->...i", second)[...] += (weight @ ~observed) * variance
    else:
        swept = sweep(patterns, covariance)[0] if swept is None else swept
        slope = np.where(patterns.both, np.eye(n), swept)  # Aᵀ
        slope *= patterns.shown
        first, offset = _times(first, slope), centre - _times(centre, slope)
        hidden = (swept * patterns.neither).reshape(*swept.shape[:-2], n * n)
        second = (weight[..., None, :] @ hidden).reshape(*mean.shape, n)
        second += _stacked(slope).mT @ _stacked(_statistics_of(total, n).second @ slope)
    crossed = (first + 0.5 * weight[..., None] * offset).mT @ offset
    second += crossed + crossed.mT
    first = (first + weight[..., None] * offset).sum(axis=-2)
    return sums._replace(first=first, second=0.5 * (second + second.mT))


def _complete_independent(total: Floats, mean: Floats, variance: Floats) -> SufficientStatistics:
    """Do the same of independent columns, which tell nothing of one another; `total` is (..., n_terms)."""
    n, weight = mean.shape[-1], total[..., 0]
    first, second, shown = (total[..., 1 + kind * n : 1 + (kind + 1) * n] for kind in range(3))
    hidden = weight[..., None] - shown
    first, second = first + hidden * mean, second + hidden * (mean**2 + variance)
    return SufficientStatistics(weight, first, second, total[..., 1 + 3 * n :])


def sweep(patterns: Patterns, covariance: Floats) -> tuple[Floats, Floats]:
    """Sweep covariances, (..., n_columns, n_columns), on what rows of each pattern show (Beaton 1964; Goodnight 1979).

    Returns (..., n_patterns, n_columns, n_columns): −Σ_oo⁻¹ where both columns are observed, Σ_oo⁻¹·Σ_om where one is,
    and the conditional covariance where none is; and the logarithms of the determinants of Σ_oo, (..., n_patterns).
    All by what is hidden in Λ = Σ⁻¹: the covariance is Λ_mm⁻¹, its regression −Λ_mm⁻¹·Λ_mo, |Σ_oo| = |Σ|·|Λ_mm|.
    """
    observed, n, before = patterns.observed, covariance.shape[-1], covariance.shape[:-2]
    variance = _independent_variances(covariance)
    if variance is not None:
        swept = np.zeros((*before, *observed.shape, n))
        variance = variance[..., None, :]
        np.einsum("...ii->...i", swept)[...] = np.where(observed, -1.0 / variance, variance)
        return swept, np.where(observed, np.log(variance), 0.0).sum(axis=-1)
    precision, of_all = invert(covariance.reshape(-1, n, n))
    n_hidden = np.count_nonzero(~observed, axis=1)
    swept, log_determinant = np.empty((len(precision), *observed.shape, n)), np.empty((len(precision), len(observed)))
    for number in np.unique(n_hidden):  # patterns that hide as many columns, which are fewer than those shown
        some = np.flatnonzero(n_hidden == number)
        hidden, at = np.nonzero(~observed[some])[1].reshape(some.size, number), np.arange(some.size)[:, None]
        inverse, of_hidden = invert(precision[:, hidden[:, :, None], hidden[:, None]])
        rows = precision[:, hidden]  # (n_matrices, n_some, n_hidden, n_columns)
        slope = -inverse @ rows
        found = -precision[:, None] - rows.mT @ slope
        found[:, at, hidden] = found.mT[:, at, hidden] = slope
        found[:, at[:, None], hidden[:, :, None], hidden[:, None]] = inverse
        swept[:, some], log_determinant[:, some] = found, of_all[:, None] + of_hidden
    return swept.reshape(*before, *observed.shape, n), log_determinant.reshape(*before, -1)


def coefficients(
    n_observed: Integers, log_share: Floats, distance: Floats, log_determinant: Floats, log_chance: Floats
) -> Floats:
    """Write each component's log(share·density) as coefficients of the terms: (..., n_terms).

    `n_observed`, `log_share` and `log_determinant` are (..., ), `distance` (..., n_terms but for texts) and
    `log_chance` (..., n_indicators).
    """
    theta = -0.5 * distance
    theta[..., 0] += log_share - 0.5 * (n_observed * LOG_TWO_PI + log_determinant)
    return np.concatenate([theta, np.broadcast_to(log_chance, (*theta.shape[:-1], log_chance.shape[-1]))], axis=-1)


def distances(precision: Floats, mean: Floats) -> Floats:
    """Write squared Mahalanobis distances as coefficients of the terms, (..., n_terms), but for those of texts.

    `precision` is (..., n_columns, n_columns), of independent columns its diagonal, `mean` (..., n_columns).
    """
    n = mean.shape[-1]
    if not has_products(n):
        linear = precision * mean
        return np.concatenate([np.zeros_like(mean[..., :1]), -2.0 * linear, precision, mean * linear], axis=-1)
    i, j = products_in(n)
    linear = (precision @ mean[..., None])[..., 0]
    theta = np.empty((*linear.shape[:-1], 1 + n + i.size))
    theta[..., 0] = (mean * linear).sum(axis=-1)
    theta[..., 1 : 1 + n] = -2.0 * linear
    theta[..., 1 + n :] = precision[..., i, j] * np.where(i == j, 1.0, 2.0)
    return theta


def invert(covariance: Floats) -> tuple[Floats, Floats]:
    """Invert covariances (..., n, n); also give the logarithms of their determinants (...)."""
    diagonal = _independent_variances(covariance)
    if diagonal is None:
        inverse = np.linalg.inv(covariance).astype(np.float64, copy=False)
        return inverse, np.linalg.slogdet(covariance)[1].astype(np.float64, copy=False)
    inverse = np.zeros_like(covariance)
    np.einsum("...ii->...i", inverse)[...] = 1.0 / diagonal
    return inverse, np.log(diagonal).sum(axis=-1)


def _independent_variances(matrix: Floats) -> Floats | None:
    """Give the diagonals of matrices that have nothing else, of which there may be hundreds of columns."""
    diagonal = np.einsum("...ii->...i", matrix)
    return diagonal if np.count_nonzero(matrix) == np.count_nonzero(diagonal) else None


def _stacked(matrix: Floats) -> Floats:
    """Put the matrices of all patterns, (..., n_patterns, n, n), below each other: (..., n_patterns·n, n)."""
    return matrix.reshape(*matrix.shape[:-3], -1, matrix.shape[-1])


def _times(vector: Floats, matrix: Floats) -> Floats:
    """Multiply vectors (..., n) by matrices (..., n, n)."""
    return (vector[..., None, :] @ matrix)[..., 0, :]


def _group(seen: Predictors, rows: Integers, observed: Integers) -> Group:
    x = seen.x[rows] if observed.size == seen.x.shape[1] else seen.x[np.ix_(rows, observed)]
    return Group(rows, observed, terms_of(seen._replace(x=x, codes=seen.codes[rows])))
