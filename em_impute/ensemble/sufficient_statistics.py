"""Rows as terms of a quadratic form, so that one matrix product serves every mixture, fold and setting at once.

A Gaussian's log-density is linear in 1, x and the products x_i·x_j; a multinomial's is linear in indicators.  With
these terms side by side in a matrix F (n_rows, n_terms), the log-densities of all components of all mixtures are F·Θ,
and the sums that the M step needs are Rᵀ·F.  Sums of x·xᵀ lose digits where the mean is large against the spread; here
every column is standardised beforehand, and no component is narrower than its share of the prior.
"""

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.em.blocks import Floats, Integers
from em_impute.em.parameters import LOG_TWO_PI
from em_impute.ensemble.transforms import Predictors
from em_impute.serialize.annotations import Axes


class Group(NamedTuple):
    """Rows that show the same Gaussian columns."""

    rows: Integers  # (n_rows,) their numbers
    observed: Integers  # (n_observed,) the Gaussian columns that they show
    terms: Floats  # (n_rows, 1 + n_observed + n_observed(n_observed + 1)/2 + n_indicators)


class SufficientStatistics(NamedTuple):
    """Weighted sums over rows, for each mixture and component: the leading axes."""

    weight: Annotated[Floats, Axes("n_members", "n_components"), "Rows."]
    first: Annotated[Floats, Axes("n_members", "n_components", "n_columns"), "Sums of x."]
    second: Annotated[
        Floats, Axes("n_members", "n_components", "n_columns", "n_columns", lower_triangle=True), "Sums of x·xᵀ."
    ]
    counts: Annotated[Floats, Axes("n_members", "n_components", "n_texts"), "Rows that hold each text."]

    def plus(self, other: "SufficientStatistics") -> "SufficientStatistics":
        """Add two disjoint sets of rows."""
        return SufficientStatistics(*(a + b for a, b in zip(self, other, strict=True)))


def group_rows(seen: Predictors, rows: Integers) -> list[Group]:
    """Gather rows as a view shows them by the columns that they show, the most common pattern first."""
    missing = np.isnan(seen.x[rows])
    if not missing.any():
        return [_group(seen, rows, np.arange(seen.x.shape[1]))] if rows.size else []
    patterns, pattern, count = np.unique(missing, axis=0, return_inverse=True, return_counts=True)
    pattern = pattern.reshape(-1)
    return [_group(seen, rows[pattern == p], np.flatnonzero(~patterns[p])) for p in np.argsort(-count, kind="stable")]


def statistics_of(total: Floats, group: Group) -> SufficientStatistics:
    """Read the sums of the terms, (..., n_terms), as sums over the observed columns."""
    n = group.observed.size
    i, j = _products_in(n)
    n_products = i.size
    second = np.empty((*total.shape[:-1], n, n))
    products = total[..., 1 + n : 1 + n + n_products]
    second[..., i, j] = products
    second[..., j, i] = products
    return SufficientStatistics(total[..., 0], total[..., 1 : 1 + n], second, total[..., 1 + n + n_products :])


def complete(sums: SufficientStatistics, observed: Integers, mean: Floats, covariance: Floats) -> SufficientStatistics:
    """Extend sums over the observed columns to all columns, the others at their conditional moments.

    `mean` is (..., n_gaussian) and `covariance` (..., n_gaussian, n_gaussian), of the component that each sum belongs
    to.  E[x_m] = c + A·x_o and Cov[x_m] = Σ_mm − A·Σ_om with A = Σ_mo Σ_oo⁻¹: the conditional covariance counts, so
    that nothing is taken for measured that was not (Ghahramani & Jordan 1994).
    """
    n_columns = mean.shape[-1]
    if observed.size == n_columns:
        return sums
    hidden = np.setdiff1d(np.arange(n_columns), observed)
    across = covariance[..., hidden[:, None], observed]
    slope = np.zeros_like(across)
    if across.any():
        slope = _transpose(np.linalg.solve(covariance[..., observed[:, None], observed], _transpose(across)))
    offset = mean[..., hidden] - (slope @ mean[..., observed, None])[..., 0]
    spread = covariance[..., hidden[:, None], hidden] - slope @ _transpose(across)

    weight = sums.weight[..., None]
    hidden_first = (slope @ sums.first[..., None])[..., 0] + weight * offset
    mixed = slope @ sums.second + offset[..., :, None] * sums.first[..., None, :]  # Σ x_m x_oᵀ
    hidden_second = mixed @ _transpose(slope) + hidden_first[..., :, None] * offset[..., None, :]
    hidden_second += weight[..., None] * spread

    first = np.empty(mean.shape)
    first[..., observed], first[..., hidden] = sums.first, hidden_first
    second = np.empty(covariance.shape)
    second[..., observed[:, None], observed] = sums.second
    second[..., hidden[:, None], observed] = mixed
    second[..., observed[:, None], hidden] = _transpose(mixed)
    second[..., hidden[:, None], hidden] = 0.5 * (hidden_second + _transpose(hidden_second))
    return sums._replace(first=first, second=second)


def independent_statistics(
    totals: Sequence[Floats], groups: Sequence[Group], mean: Floats, covariance: Floats
) -> SufficientStatistics:
    """Sum groups whose terms add up to `totals` (..., n_terms) where columns are independent within a component.

    `mean` and `covariance` are as in `complete`, which would give the same means and variances group by group; what
    lies beside the diagonal is 0.  A column that is not observed then has its moments whatever else a row shows.
    """
    seen, first, square = np.zeros(mean.shape), np.zeros(mean.shape), np.zeros(mean.shape)
    weight, counts = np.zeros(mean.shape[:-1]), np.zeros(())
    for total, group in zip(totals, groups, strict=True):
        n, (i, j) = group.observed.size, _products_in(group.observed.size)
        seen[..., group.observed] += total[..., :1]
        first[..., group.observed] += total[..., 1 : 1 + n]
        square[..., group.observed] += total[..., 1 + n : 1 + n + i.size][..., i == j]
        weight += total[..., 0]
        counts = counts + total[..., 1 + n + i.size :]
    hidden = weight[..., None] - seen
    second = np.zeros(covariance.shape)
    variance = np.einsum("...ii->...i", covariance)
    np.einsum("...ii->...i", second)[...] = square + hidden * (mean**2 + variance)
    return SufficientStatistics(weight, first + hidden * mean, second, counts)


def coefficients(observed: Integers, log_share: Floats, mean: Floats, covariance: Floats, log_chance: Floats) -> Floats:
    """Write each component's log(share·density) as coefficients of the terms: (..., n_terms).

    `log_share` is (..., ), `mean` (..., n_gaussian), `covariance` (..., n_gaussian, n_gaussian), `log_chance`
    (..., n_indicators).  Columns that are not observed are left out, which marginalises them exactly.
    """
    distance, log_determinant = distances(observed, mean, covariance)
    theta = -0.5 * distance
    theta[..., 0] = log_share - 0.5 * (observed.size * LOG_TWO_PI + log_determinant + distance[..., 0])
    return np.concatenate([theta, log_chance], axis=-1)


def distances(observed: Integers, mean: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """Write squared Mahalanobis distances as coefficients of the terms, (..., n_terms), but for those of texts.

    All are as in `coefficients`; also gives the logarithms of the determinants, (...).
    """
    i, j = _products_in(observed.size)
    precision, log_determinant = _invert(covariance[..., observed[:, None], observed])
    centre = mean[..., observed]
    linear = (precision @ centre[..., None])[..., 0]
    at_origin = (centre * linear).sum(axis=-1, keepdims=True)
    products = precision[..., i, j] * np.where(i == j, 1.0, 2.0)
    return np.concatenate([at_origin, -2.0 * linear, products], axis=-1), log_determinant


@cache
def _products_in(n: int) -> tuple[Integers, Integers]:
    """Say which columns the products x_i·x_j, i ≤ j, of `n` columns are of: i and j, (n(n + 1)/2,) each."""
    i, j = np.triu_indices(n)
    return i, j


def _invert(matrix: Floats) -> tuple[Floats, Floats]:
    """Invert covariances (..., n, n) and give the logarithms of their determinants (...)."""
    if matrix.shape[-1] == 0:
        return matrix, np.zeros(matrix.shape[:-2])
    diagonal = np.einsum("...ii->...i", matrix)
    if np.count_nonzero(matrix) == np.count_nonzero(diagonal):  # independent columns, of which there may be hundreds
        inverse = np.zeros_like(matrix)
        np.einsum("...ii->...i", inverse)[...] = 1.0 / diagonal
        return inverse, np.log(diagonal).sum(axis=-1)
    inverse = np.linalg.inv(matrix).astype(np.float64, copy=False)
    log_determinant: Floats = np.linalg.slogdet(matrix)[1]
    return inverse, log_determinant


def _group(seen: Predictors, rows: Integers, observed: Integers) -> Group:
    n, (i, j) = observed.size, _products_in(observed.size)
    n_products = i.size
    terms = np.empty((1 + n + n_products + sum(seen.levels), rows.size))  # each term's numbers side by side
    terms[0] = 1.0
    terms[1 : 1 + n] = seen.x[np.ix_(rows, observed)].T
    for place in range(n_products):
        np.multiply(terms[1 + i[place]], terms[1 + j[place]], out=terms[1 + n + place])
    first = 1 + n + n_products
    for codes, n_levels in zip(seen.codes[rows].T, seen.levels, strict=True):
        terms[first : first + n_levels] = codes == np.arange(n_levels)[:, None]
        first += n_levels
    return Group(rows, observed, terms.T)


def _transpose(matrix: NDArray[Any]) -> NDArray[Any]:
    return np.swapaxes(matrix, -1, -2)
