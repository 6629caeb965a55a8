"""Rows drawn at random."""

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers, Rows, slices


def sample_rows(rows: Rows, size: int, seed: int) -> Rows:
    """Draw at most `size` rows, each as likely as it is heavy; give back the very rows when there are no more."""
    if rows.weight.size <= size:
        return rows
    drawn, weight = draw_by_weight(rows.weight, size, np.random.default_rng(seed))
    return Rows(rows.x[drawn], rows.label[drawn], weight)


def draw_by_weight(weight: Floats, size: int, rng: np.random.Generator) -> tuple[Integers, Floats]:
    """Draw at most `size` rows, each as likely as it is heavy; also give their weights, together those of all."""
    if weight.size <= size:
        return np.arange(weight.size), weight
    total = weight.sum()
    return np.sort(rng.choice(weight.size, size, p=weight / total)), np.full(size, total / size)


def draw_rows(chosen: Flags, most: int, rng: np.random.Generator) -> Integers:
    """Draw at most so many of the rows that are `chosen`, (n_rows,), each as likely as the others: ascending.

    All of them where there are no more; then nothing is drawn from `rng`.  No list of millions to draw from is made.
    """
    n_chosen = int(np.count_nonzero(chosen))
    if n_chosen <= most:
        return np.flatnonzero(chosen)
    rank = np.sort(rng.choice(n_chosen, most, replace=False))
    pieces, before = [], 0
    for some in slices(chosen.size):
        rows = np.flatnonzero(chosen[some])
        low, high = np.searchsorted(rank, [before, before + rows.size])
        pieces.append(some.start + rows[rank[low:high] - before])
        before += rows.size
    return np.concatenate(pieces)
