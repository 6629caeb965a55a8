"""Vectors that are gathered block by block."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.signedinteger[Any]]
"""Whole numbers in as few bytes as hold them: safe to compare and to index with, not to reckon in."""


def least_type(largest: int) -> np.dtype[np.signedinteger[Any]]:
    """Choose the smallest type of whole numbers that holds −1 and all up to `largest`."""
    return np.dtype(next(one for one in (np.int8, np.int16, np.int32, np.int64) if largest <= np.iinfo(one).max))


def narrowed(values: NDArray[Any]) -> Codes:
    """Copy whole numbers, −1 and more, into the smallest type that holds them."""
    return values.astype(least_type(int(values.max(initial=0))))


def joined(blocks: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Put vectors one behind another, in the largest of their types; none gives an empty one."""
    return np.concatenate([np.empty(0, np.int8), *blocks])


def factorize(values: NDArray[Any], *, few: bool) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Give each of (n,) values the number of its kind, and the kinds by first appearance; NaN has the number −1.

    pandas tells values apart by hashing, ten times as fast as sorting them, but its import takes a quarter of a second:
    `few` values are sorted.
    """
    if not few:
        import pandas as pd

        return pd.factorize(values, use_na_sentinel=True)
    kinds, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    n_kinds = kinds.size - bool(kinds.size and kinds[-1] != kinds[-1])  # NaN is sorted to the end
    order = np.argsort(first[:n_kinds])
    number = np.full(kinds.size, -1)
    number[order] = np.arange(n_kinds)
    return number[inverse.reshape(-1)], kinds[order]
