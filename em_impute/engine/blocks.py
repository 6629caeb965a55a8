"""Rows, cut into blocks that one matrix product can work on."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["UNKNOWN", "Block", "Floats", "Integers", "Rows", "make_blocks", "per_row", "slices"]

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

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
    """A stack of groups of rows; the rows of one group have the same features observed.

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
    n_rows, n_features = x.shape
    rows_per_block = max(1, MAX_BLOCK_ELEMENTS // (n_components * n_features))
    missing = np.isnan(x)
    if not missing.any():
        pieces = _slices(np.arange(n_rows), rows_per_block)
        return [_one_pattern(x, label, weight, rows) for rows in pieces]

    some = missing.any(axis=1)
    incomplete, complete = np.flatnonzero(some), np.flatnonzero(~some)
    patterns, pattern = np.unique(missing[incomplete], axis=0, return_inverse=True)
    pattern = pattern.reshape(-1)
    count = np.bincount(pattern, minlength=len(patterns))
    by_pattern = incomplete[np.argsort(pattern, kind="stable")]
    groups = np.split(by_pattern, np.cumsum(count)[:-1])
    common = [complete] if complete.size else []
    common += [rows for rows in groups if rows.size >= RARE_PATTERN_ROWS]
    rare = [rows for rows in groups if rows.size < RARE_PATTERN_ROWS]
    blocks = [_one_pattern(x, label, weight, piece) for rows in common for piece in _slices(rows, rows_per_block)]
    if rare:
        rows_per_block = max(1, MAX_BLOCK_ELEMENTS // (n_components * n_features * n_features))
        blocks += [_many_patterns(x, label, weight, piece) for piece in _slices(np.concatenate(rare), rows_per_block)]
    return blocks


def per_row(values: Sequence[Floats], blocks: Sequence[Block], shape: tuple[int, int]) -> Floats:
    """Bring what was computed block by block back into the order of the rows.

    `values[b]` is (n_groups, n_values, n_rows_of_group) for `blocks[b]`; the result has the `shape`
    (n_rows, n_values).
    """
    result = np.empty(shape)
    for value, block in zip(values, blocks, strict=True):
        result[block.row] = np.moveaxis(value, 1, 2)
    return result


def _slices(rows: Integers, size: int) -> list[Integers]:
    return [rows[first : first + size] for first in range(0, rows.size, size)]


def _one_pattern(x: Floats, label: Integers, weight: Floats, rows: Integers) -> Block:
    values = np.ascontiguousarray(x[rows].T)
    observed = ~np.isnan(values[:, 0])
    values[~observed] = 0.0
    return Block(values[None], observed[None], label[rows][None], weight[rows][None], rows[None])


def _many_patterns(x: Floats, label: Integers, weight: Floats, rows: Integers) -> Block:
    values = x[rows]
    observed = ~np.isnan(values)
    values = np.where(observed, values, 0.0)
    return Block(values[:, :, None], observed, label[rows][:, None], weight[rows][:, None], rows[:, None])


def slices(n_rows: int) -> list[slice]:
    """Cut so many rows into slices that take little memory to work on."""
    return [slice(first, min(first + SLICE, n_rows)) for first in range(0, n_rows, SLICE)]
