"""Rows: in standard units, drawn at random, and cut into blocks that one matrix product can work on."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Flags = NDArray[np.bool_]

UNKNOWN = -1
"""The label of a row whose label is not known."""

MAX_BLOCK_ELEMENTS = 1 << 18
"""Numbers in the largest temporary of a block (2 MiB, so that it stays in the cache)."""

RARE_PATTERN_ROWS = 64
"""Patterns with fewer rows share a block: a call of numpy costs as much as some 60 rows of arithmetic."""


class Rows(NamedTuple):
    """Standardised rows, each standing for `weight` rows of the table."""

    x: Floats  # (n_rows, n_features), NaN where missing
    label: Integers  # (n_rows,), −1 where unknown
    weight: Floats  # (n_rows,)


SLICE = 1 << 18
"""Rows in work at once where a copy of all of them would take much memory."""


class Block(NamedTuple):
    """An ensemble of groups of rows; the rows of one group have the same features observed.

    Complete rows form one group of many rows.  Rows whose pattern of missing features is rare form many groups of one
    row each.  The arithmetic is the same for both, so that exact marginalisation needs no second code path.
    """

    x: Floats  # (n_groups, n_features, n_rows), 0 where not observed
    observed: NDArray[np.bool_]  # (n_groups, n_features)
    label: Integers  # (n_groups, n_rows), UNKNOWN where the label is latent
    weight: Floats  # (n_groups, n_rows)
    row: Integers  # (n_groups, n_rows), the rows' numbers in the array that the block was cut from


def make_blocks(x: Floats, label: Integers, weight: Floats, n_components: int) -> list[Block]:
    """Cut rows into blocks, the complete rows first, then pattern by pattern.

    `x` is (n_rows, n_features) with NaN where a feature is missing; `label` and `weight` are (n_rows,).  Block sizes
    depend only on the shape of the data, so equal data give equal blocks and equal bits.
    """
    n_features = x.shape[1]
    rows_per_block = max(1, MAX_BLOCK_ELEMENTS // (n_components * n_features))
    patterns, pattern = find_patterns(np.isnan(x))
    groups = rows_by_code(pattern, len(patterns))
    common = [rows for rows in groups if rows.size >= RARE_PATTERN_ROWS]
    layouts = [rows[some][None] for rows in common for some in slices(rows.size, rows_per_block)]
    if len(common) < len(groups):
        rare = np.concatenate([rows for rows in groups if rows.size < RARE_PATTERN_ROWS])
        layouts += [rare[some][:, None] for some in slices(rare.size, max(1, rows_per_block // n_features))]
    blocks = []
    for row in layouts:  # (n_groups, n_rows)
        values = np.ascontiguousarray(np.swapaxes(x[row], 1, 2))
        observed = ~np.isnan(values[:, :, 0])
        values[~observed] = 0.0
        blocks.append(Block(values, observed, label[row], weight[row], row))
    return blocks


def find_patterns(flags: Flags) -> tuple[Flags, Integers]:
    """Find the different rows of `flags`, (n_rows, n_columns), in ascending order, and which of them each row is.

    The bits of a row are numbers, which are sorted many times sooner than `numpy.unique` sorts rows.
    """
    n_rows, n_columns = flags.shape
    number = np.zeros(n_rows, np.intp)
    if not flags.any():
        return np.zeros((min(n_rows, 1), n_columns), dtype=bool), number
    words = np.zeros((n_rows, -(-n_columns // 64) * 8), np.uint8)
    words[:, : -(-n_columns // 8)] = np.packbits(flags, axis=1)
    for word in words.view(">u8").T.astype(np.uint64):
        distinct = np.unique(word)
        number = number * distinct.size + np.searchsorted(distinct, word)
        number = np.searchsorted(np.unique(number), number)
    first = np.empty(number.max() + 1, np.intp)
    first[number[::-1]] = np.arange(n_rows - 1, -1, -1)
    return flags[first], number


def rows_by_code(code: Integers, n_codes: int) -> list[Integers]:
    """List the rows of each code from 0 on, ascending."""
    order = np.argsort(code, kind="stable")
    ends = np.searchsorted(code[order], np.arange(n_codes + 1))
    return np.split(order, ends)[1:-1]


def slices(n_rows: int, size: int = SLICE) -> list[slice]:
    """Cut so many rows into slices that take little memory to work on."""
    return [slice(first, min(first + size, n_rows)) for first in range(0, n_rows, size)]


FARTHEST = 1e12
"""Standard deviations.  Squares still tell on which side a row lies, as they would not from 1e16 on; and weights that
count span sixteen digits, so that of the rows a table can have none with a weight is so far out."""


def standardise(values: Floats, weight: Floats, out: Floats) -> tuple[float, float]:
    """Bring values, (n_rows,), to mean 0 and deviation 1 in `out`; give the mean and deviation that they had.

    NaN stays NaN.  Numbers are taken in units of a power of two, so that the same in other such units are standardised
    to the same bits, for magnitudes from 1e-300 to 1e300.  Rows of weight 0 have no say.  A row that counts is never as
    far out as FARTHEST, since it takes part in the deviation.  One that does not can be beyond what can be squared: it
    stands at FARTHEST on its side, where every label's tail has come to its limit.
    """
    counting = weight > 0.0
    own, counts = (values, weight) if counting.all() else (values[counting], weight[counting])
    largest = float(np.fmax(np.fmax.reduce(own), -np.fmin.reduce(own)))
    size = float(np.ldexp(0.5, np.frexp(largest)[1]))

    def seen(some: slice) -> tuple[Floats, Floats]:
        is_seen = ~np.isnan(own[some])
        return (own[some], counts[some]) if is_seen.all() else (own[some][is_seen], counts[some][is_seen])

    total = mean = square = 0.0
    for number, count in map(seen, slices(own.size)):  # no copy of a column is made
        total += float(count.sum())
        mean += float(count @ (number / size))
    mean /= total
    for number, count in map(seen, slices(own.size)):
        centred = number / size - mean
        square += float(count @ (centred * centred))
    shift, scale = float(mean * size), float(np.sqrt(square / total) * size)
    with np.errstate(over="ignore"):
        np.subtract(values, shift, out=out)
        out /= scale
    np.clip(out, -FARTHEST, FARTHEST, out=out)
    return shift, scale


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

    All of them where there are no more; then nothing is drawn from `rng`.
    """
    rows = np.flatnonzero(chosen)
    return rows if rows.size <= most else np.sort(rng.choice(rows, most, replace=False))
