"""A key: a column whose values repeat, and within which known labels hardly ever differ (one ring, one bird)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from em_impute.columns.deduplicate import Key
from em_impute.em.blocks import Integers
from em_impute.table.arrays import Codes

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_DIFFERING = 0.1
"""Of the values within which labels would differ by chance, the part within which they may: Scott's (1955) chance-
corrected agreement is then at least .9."""

LEVEL = 0.05
"""Chance, for all columns together, that more values than that differ where a key was found."""

PROBE = 100_000
"""Rows by which most columns show that they are no keys."""

WORD = 100.0
"""Labels that agree, for which the user's word stands."""

BESIDE = 4
"""Values next to one of a column of numbers that say what chance is: of a measurement, these have one label too."""


@dataclass(frozen=True)
class SameLabel:
    """A column of which rows with one value have one label, but for exceptions."""

    name: str
    code: Codes
    """(n_rows,) which value each row holds, −1 where it is missing"""
    n_known: int
    """known labels beside the first of each value"""
    n_exceptions: int
    """known labels that are not the commonest of their value"""
    n_differing: int
    """values within which known labels differ"""
    is_binding: bool = False
    """the user said so, whatever the known labels show"""

    @property
    def exception_rate(self) -> float:
        """Estimate how often a row differs from the label of its value, by Jeffreys' prior or the user's word."""
        return (self.n_exceptions + 0.5) / (self.n_known + (WORD if self.is_binding else 1.0))


def find_same_label(keys: Sequence[Key], numbers: Sequence[str], label: Codes) -> SameLabel | None:
    """Find the column, if there is one, of which rows with one value have one label far beyond chance.

    `label` (n_rows,) is −1 where unknown; the codes of `numbers` ascend with them.  What chance would make is known
    from the labels' shares, so that a rare label or few values show nothing.
    """
    from scipy.special import gammainccinv

    best, found = MOST_DIFFERING, None
    for name, code in keys:
        head, n_values = slice(PROBE), int(code.max(initial=-1)) + 1
        if same_label_of((name, code[head]), label[head]).n_differing > MOST_DIFFERING * n_values:
            continue  # no more values than there are can be expected to differ
        counts = _counts(code, label)
        expected = _differing_by_chance(counts, is_ordered=name in numbers)
        one = same_label_of((name, code), label)
        highest = float(gammainccinv(one.n_differing + 1.0, LEVEL / len(keys)))  # Garwood's (1936) bound
        if highest <= best * expected:
            best, found = highest / expected, one
    return found


def same_label_of(key: Key, label: Codes) -> SameLabel:
    """Count how often known labels differ within the values of a column."""
    counts = _counts(key[1], label)
    size = np.diff(counts.indptr)  # labels of each value
    commonest = np.maximum.reduceat(counts.data, counts.indptr[:-1][size > 0]) if counts.nnz else np.zeros(0)
    total = float(counts.data.sum())
    n_values = int(np.count_nonzero(size))
    return SameLabel(*key, int(total) - n_values, int(total - commonest.sum()), int(np.count_nonzero(size > 1)))


def differing_values(same: SameLabel, label: Codes) -> list[Integers]:
    """Give the rows with a known label of each value within which these differ."""
    counts = _counts(same.code, label)
    values = np.flatnonzero(np.diff(counts.indptr) > 1)
    rows = np.flatnonzero((label >= 0) & np.isin(same.code, values))
    rows = rows[np.argsort(same.code[rows], kind="stable")]
    return np.split(rows, np.flatnonzero(np.diff(same.code[rows])) + 1) if rows.size else []


def _counts(code: Codes, label: Codes) -> "csr_matrix":
    """Count the known labels of each value: (n_values, n_labels)."""
    from scipy.sparse import csr_matrix

    known = np.flatnonzero((label >= 0) & (code >= 0))
    shape = int(code.max(initial=-1)) + 1, int(label.max(initial=-1)) + 1
    return csr_matrix((np.ones(known.size), (code[known], label[known])), shape=shape)


def _differing_by_chance(counts: "csr_matrix", *, is_ordered: bool) -> float:
    """Expect so many values with different labels if each row drew its label as all rows do.

    Of values that are ordered, rows draw from the nearest others, each from one of its own, since labels within one
    are alike also where it is a key; more rows than these draw as many do.
    """
    from scipy.sparse import diags

    counts = counts[np.flatnonzero(np.diff(counts.indptr))]
    size = np.asarray(counts.sum(axis=1)).ravel()  # (n_values,)
    if not is_ordered:
        shares = np.asarray(counts.sum(axis=0)).ravel() / max(size.sum(), 1.0)
        n_of_size: Integers = np.bincount(size.astype(np.intp))
        return float(sum(n * (1.0 - float((shares**k).sum())) for k, n in enumerate(n_of_size) if k > 1 and n))
    if size.size <= BESIDE:
        return 0.0
    place = np.arange(size.size)[:, None]
    near = np.clip(place - BESIDE // 2, 0, size.size - BESIDE - 1) + np.arange(BESIDE + 1)
    near = np.take_along_axis(near, np.argsort(np.abs(near - place), axis=1, kind="stable"), axis=1)  # itself first
    shares_of = (diags(1.0 / size) @ counts).tocsr()
    n_alike, alike = 0.0, shares_of[near[:, 1]]
    for k in range(2, BESIDE + 1):
        alike = alike.multiply(shares_of[near[:, k]]).tocsr()
        n_alike += float(alike[np.flatnonzero(np.minimum(size, BESIDE) == k)].sum())
    return float(np.count_nonzero(size > 1.0) - n_alike)
