"""A key: a column whose values repeat, and within which known labels hardly ever differ (one ring, one bird)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from em_impute.columns.deduplicate import Key
from em_impute.em.blocks import Floats, Integers
from em_impute.table.columns import Codes

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
    code: Codes  # (n_rows,) which value each row holds, −1 where it is missing
    n_known: int  # known labels beside the first of each value
    n_exceptions: int  # known labels that are not the commonest of their value
    n_differing: int  # values within which known labels differ
    is_binding: bool = False  # the user said so, whatever the known labels show

    @property
    def exception_rate(self) -> float:
        """Estimate how often a row differs from the label of its value, by Jeffreys' prior or the user's word."""
        return (self.n_exceptions + 0.5) / (self.n_known + (WORD if self.is_binding else 1.0))


def find_same_label(keys: Sequence[Key], numbers: Sequence[str], label: Codes) -> SameLabel | None:
    """Find the column, if there is one, of which rows with one value have one label far beyond chance.

    `label` (n_rows,) is −1 where unknown; the codes of `numbers` ascend with them.  What chance would make is known
    from the labels' shares, so that a rare label or few values show nothing.
    """
    best, found = MOST_DIFFERING, None
    for name, code in keys:
        head, n_values = slice(PROBE), int(code.max(initial=-1)) + 1
        if same_label_of((name, code[head]), label[head]).n_differing > MOST_DIFFERING * n_values:
            continue  # no more values than there are can be expected to differ
        from scipy.special import gammainccinv  # late: hardly a column comes here

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
    n_known, n_values = int(counts.n.sum()), counts.starts.size - 1
    n_commonest = int(np.maximum.reduceat(counts.n, counts.starts[:-1]).sum()) if n_values else 0
    return SameLabel(*key, n_known - n_values, n_known - n_commonest, int(np.count_nonzero(np.diff(counts.starts) > 1)))


def differing_values(same: SameLabel, label: Codes) -> list[Integers]:
    """Give the rows with a known label of each value within which these differ."""
    counts = _counts(same.code, label)
    values = counts.value[counts.starts[:-1][np.diff(counts.starts) > 1]]
    rows = np.flatnonzero((label >= 0) & np.isin(same.code, values))
    rows = rows[np.argsort(same.code[rows], kind="stable")]
    return np.split(rows, np.flatnonzero(np.diff(same.code[rows])) + 1) if rows.size else []


class _Counts(NamedTuple):
    """The known labels of each value: one entry for every label of a value, values in order."""

    value: Codes
    label: Codes
    n: Integers
    starts: Integers  # (n_values + 1,) the first entry of each value that has a known label, and their number


def _counts(code: Codes, label: Codes) -> _Counts:
    n_labels = int(label.max(initial=-1)) + 1
    known = (label >= 0) & (code >= 0)
    pair, n = np.unique(code[known].astype(np.intp) * n_labels + label[known], return_counts=True)
    value, of_label = np.divmod(pair, max(n_labels, 1))
    return _Counts(value, of_label, n, np.flatnonzero(np.diff(value, prepend=-1, append=-2)))


def _differing_by_chance(counts: _Counts, *, is_ordered: bool) -> float:
    """Expect so many values with different labels if rows drew theirs from all rows, or, ordered, from the nearest."""
    from scipy.sparse import csr_matrix, diags

    size: Floats = np.add.reduceat(counts.n, counts.starts[:-1]).astype(np.float64)  # (n_values,)
    if not is_ordered:
        shares = np.bincount(counts.label, counts.n) / max(size.sum(), 1.0)
        n_of_size: Integers = np.bincount(size.astype(np.intp))
        return float(sum(n * (1.0 - float((shares**k).sum())) for k, n in enumerate(n_of_size) if k > 1 and n))
    if size.size <= BESIDE:
        return 0.0
    place = np.arange(size.size)[:, None]
    near = np.clip(place - BESIDE // 2, 0, size.size - BESIDE - 1) + np.arange(BESIDE + 1)
    near = np.take_along_axis(near, np.argsort(np.abs(near - place), axis=1, kind="stable"), axis=1)  # itself first
    shares_of = (diags(1.0 / size) @ csr_matrix((counts.n, counts.label, counts.starts))).tocsr()
    n_alike, alike = 0.0, shares_of[near[:, 1]]
    for k in range(2, BESIDE + 1):
        alike = alike.multiply(shares_of[near[:, k]]).tocsr()
        n_alike += float(alike[np.flatnonzero(np.minimum(size, BESIDE) == k)].sum())
    return float(np.count_nonzero(size > 1.0) - n_alike)
