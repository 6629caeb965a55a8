"""Folds that hold out some companies whole: rows that belong together are then not learnt from where one is hidden."""

import numpy as np

from em_impute.engine.blocks import Integers

__all__ = ["deal_companies"]


def deal_companies(
    label: Integers, code: Integers, kept_whole: float, n_folds: int, rng: np.random.Generator
) -> Integers:
    """Deal the labelled rows into folds, as evenly by label as may be, (n_rows,).

    `code` (n_rows,) is the company of each row.  A random share `kept_whole` of the rows in company goes with all of
    its company into one fold, all other rows one by one; with 0 this is what `deal` does.  −1 stands for rows that are
    never held out: those without a label, and a label's only one.
    """
    label = np.asarray(label)
    dealt_whole = _choose_whole(label, code, kept_whole, rng) if kept_whole > 0.0 else np.empty(0, np.intp)
    fold = np.full(label.size, -1)
    if dealt_whole.size:
        fold[dealt_whole] = _deal_whole(label[dealt_whole], code[dealt_whole], n_folds, rng)
    n_labels = int(label.max()) + 1
    kept = fold >= 0
    size = np.bincount(fold[kept], minlength=n_folds)  # (n_folds,)
    dealt = 0
    for value in range(n_labels):
        mine = label == value
        there = np.bincount(fold[mine & kept], minlength=n_folds)
        members = rng.permutation(np.flatnonzero(mine & ~kept))
        if members.size + there.sum() == 1:
            continue
        together = kept & mine & (np.count_nonzero(there) == 1)
        if members.size == 0 and together.any():  # no fit may lack a label if that can be avoided
            size -= there
            members, there = rng.permutation(np.flatnonzero(together)), np.zeros(n_folds, np.intp)
        if there.any():
            fold[members] = _filling_up(there, size, members.size)
        else:
            fold[members] = (dealt + np.arange(members.size)) % n_folds
            dealt += members.size
        size += np.bincount(fold[members], minlength=n_folds)
    return fold


def _choose_whole(label: Integers, code: Integers, share: float, rng: np.random.Generator) -> Integers:
    """Draw companies with about a `share` of the labelled rows that are in company, and give these rows.

    A label all of whose rows are in one company could not be learnt where that is held out: it is dealt row by row.
    """
    known = np.flatnonzero(label >= 0)
    _, company, n_known = np.unique(code[known], return_inverse=True, return_counts=True)
    company = company.reshape(-1)
    lowest = np.full(int(label.max()) + 1, n_known.size)
    np.minimum.at(lowest, label[known], company)
    highest = np.full(lowest.size, -1)
    np.maximum.at(highest, label[known], company)
    apart = (lowest == highest)[label[known]]  # (n_known,)
    n_known = np.where(n_known > 1, n_known, 0)
    order = rng.permutation(n_known.size)
    drawn_before = np.cumsum(n_known[order]) - 0.5 * n_known[order]
    chosen = np.zeros(n_known.size, dtype=bool)
    chosen[order] = drawn_before < share * n_known.sum()
    chosen &= n_known > 0
    together: Integers = known[chosen[company] & ~apart]
    return together


def _deal_whole(label: Integers, code: Integers, n_folds: int, rng: np.random.Generator) -> Integers:
    """Put each company into the fold that has least of its labels, the largest first: (n_rows,)."""
    _, company = np.unique(code, return_inverse=True)
    company = company.reshape(-1)
    fold = np.empty(label.size, np.intp)
    order = np.argsort(company, kind="stable")
    size = np.bincount(company)
    stop = np.cumsum(size)
    there = np.zeros((n_folds, int(label.max()) + 1))
    scarcity = 1.0 / np.bincount(label, minlength=there.shape[1]).clip(
        1
    )  # (n_labels,), else a rare label counts little
    shuffled = rng.permutation(size.size)
    for one in shuffled[np.argsort(-size[shuffled], kind="stable")]:
        rows = order[stop[one] - size[one] : stop[one]]
        found, count = np.unique(label[rows], return_counts=True)
        crowded = there[:, found] @ (count * scarcity[found])  # (n_folds,)
        fullest = there.sum(axis=1)
        best = np.lexsort((fullest, crowded))[0]
        there[best, found] += count
        fold[rows] = best
    return fold


def _filling_up(there: Integers, size: Integers, n: int) -> Integers:
    """Deal n rows of a label into the folds that have least of it, then least of all rows: (n,)."""
    lowest = np.sort(there)
    for m in range(1, there.size + 1):  # the m folds that have least come up to one level
        level = (n + int(lowest[:m].sum())) // m
        if m == there.size or level <= lowest[m]:
            break
    count = np.maximum(level - there, 0)  # (n_folds,)
    count[np.lexsort((size, there > level))[: n - int(count.sum())]] += 1
    return np.repeat(np.arange(there.size), count)
