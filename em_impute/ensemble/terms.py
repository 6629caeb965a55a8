"""Rows as terms of a quadratic form, so that one matrix product serves every mixture, fold and setting at once.

A Gaussian's log-density is linear in 1, x and the products x_i·x_j; a multinomial's is linear in indicators.  With
these terms side by side in a matrix F (n_rows, n_terms), the log-densities of all components of all mixtures are F·Θ,
and the sums that the M step needs are Rᵀ·F.  Sums of x·xᵀ lose digits where the mean is large against the spread; here
every column is standardised beforehand, and no component is narrower than its share of the prior.

Of very many columns, which are independent within a component, the terms are 1, x, x² and whether x is observed: then
the log-density of a row with gaps is linear too, and no pattern of gaps needs a matrix of its own.
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Floats, Integers, slices
from em_impute.ensemble.transforms import Predictors

MOST_WITH_PRODUCTS = 256
"""Columns up to which rows have all products of two as terms; beyond, columns are independent within a component."""

ALL = slice(None)

NUMBERS_AT_ONCE = 1 << 23
"""Numbers in the terms of the rows that are scored at once: 64 MB."""

MOST_INDICATORS = 1 << 12
PART_NUMBERS = 1 << 20
"""Indicators up to which terms are kept side by side where there are no other columns, and numbers in a part of the
terms where there are more."""


def has_products(n_columns: int) -> bool:
    """Tell whether columns have covariances; beyond they have variances alone, (..., n_columns)."""
    return n_columns <= MOST_WITH_PRODUCTS


def variances_in(covariance: Floats, n_columns: int) -> Floats:
    """Look at the variances, (..., n_columns), in covariances."""
    return np.einsum("...ii->...i", covariance) if has_products(n_columns) else covariance


def is_wide(n_columns: int, levels: tuple[int, ...]) -> bool:
    """Tell whether there are so many terms that they are made when they are needed, part by part."""
    return not has_products(n_columns) or (not n_columns and sum(levels) > MOST_INDICATORS)


def count_terms(n_columns: int) -> int:
    """Count the terms of a row but for indicators: 1, x and the products, or the squares of independent columns."""
    return 1 + n_columns + n_columns * (n_columns + 1 if has_products(n_columns) else 2) // 2


def rows_at_once(n_columns: int, most: int) -> int:
    """Say of how many rows, of `most`, the terms are made at once."""
    return max(1, min(most, NUMBERS_AT_ONCE // count_terms(n_columns)))


class WholeTerms(NamedTuple):
    """The terms of some rows, side by side."""

    values: Floats  # (n_rows, n_terms)

    @property
    def n_terms(self) -> int:
        """Number of terms."""
        return int(self.values.shape[1])

    def weighed(self, weight: Floats, rows: slice = ALL) -> Floats:
        """Sum the terms of some rows by weights (n_sums, n_rows): (n_sums, n_terms)."""
        return weight @ self.values[rows]

    def scored(self, theta: Floats, rows: slice = ALL, first: int = 0) -> Floats:
        """Multiply by coefficients (n_scores, n_coefficients) of the terms from the `first` on: (n_scores, n_rows)."""
        return theta @ self.values[rows, first : first + theta.shape[1]].T


class PartedTerms(NamedTuple):
    """Very many terms of some rows, which are made when they are needed, a part at a time."""

    seen: Predictors  # the rows as a view shows them

    @property
    def n_terms(self) -> int:
        """Number of terms."""
        return 1 + 3 * int(self.seen.x.shape[1]) + sum(self.seen.levels)

    @property
    def n_shown(self) -> Integers:
        """Columns that each row shows, (n_rows,)."""
        return np.asarray(np.count_nonzero(~np.isnan(self.seen.x), axis=1))

    def weighed(self, weight: Floats, rows: slice = ALL) -> Floats:
        """Do as `WholeTerms` does."""
        total = np.empty((len(weight), self.n_terms))
        for some, part in self._parts(rows):
            total[:, some] = weight @ part.T
        return total

    def scored(self, theta: Floats, rows: slice = ALL, first: int = 0) -> Floats:
        """Do as `WholeTerms` does."""
        score = np.zeros((len(theta), len(self.seen.x[rows])))
        for some, part in self._parts(rows):
            if first <= some.start < first + theta.shape[1]:
                score += theta[:, some.start - first : some.stop - first] @ part
        return score

    def _parts(self, rows: slice) -> Iterator[tuple[slice, Floats]]:
        """Yield some terms at a time, (n_terms, n_rows), and which they are; each is of one kind."""
        seen = self.seen.take(rows)
        n_rows, n = seen.x.shape
        yield slice(0, 1), np.ones((1, n_rows))
        for some in slices(n, max(1, PART_NUMBERS // max(1, n_rows))):
            x = seen.x[:, some].T
            shown = ~np.isnan(x)
            x = np.where(shown, x, 0.0)
            for kind, part in enumerate((x, x * x, shown.astype(np.float64))):
                yield slice(1 + kind * n + some.start, 1 + kind * n + some.stop), part
        first = 1 + 3 * n
        for code, n_levels in zip(seen.codes.T, seen.levels, strict=True):
            yield slice(first, first + n_levels), (code == np.arange(n_levels)[:, None]).astype(np.float64)
            first += n_levels


Terms = WholeTerms | PartedTerms


def terms_of(seen: Predictors) -> Terms:
    """Give the terms of rows that all show the same columns; where there are very many, of any rows."""
    x, codes, levels = seen[:3]
    n_rows, n = x.shape
    if is_wide(n, levels):
        return PartedTerms(seen)
    first = count_terms(n)
    terms = np.empty((first + sum(levels), n_rows))  # each term's numbers side by side
    terms[0] = 1.0
    terms[1 : 1 + n] = x.T
    for i in range(n):
        np.multiply(terms[1 + i], terms[1 + i : 1 + n], out=terms[first - (n - i) * (n - i + 1) // 2 :][: n - i])
    for code, n_levels in zip(codes.T, levels, strict=True):
        terms[first : first + n_levels] = code == np.arange(n_levels)[:, None]
        first += n_levels
    return WholeTerms(terms.T)


@cache
def products_in(n: int) -> tuple[Integers, Integers]:
    """Say which columns the products x_i·x_j, i ≤ j, of `n` columns are of: i and j, (n_products,) each."""
    i, j = np.triu_indices(n)
    return i, j
