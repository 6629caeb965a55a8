"""Vectors that are gathered block by block."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.signedinteger[Any]]
"""Whole numbers in as few bytes as hold them: safe to compare and to index with, not to reckon in."""


class GrowingArray:
    """A vector whose final length is only estimated; pages that are never written take no memory."""

    def __init__(self, dtype: type[np.generic] = np.int8) -> None:
        self._array, self._n = np.empty(0, dtype), 0

    def extend(self, values: NDArray[Any], n_left: int) -> None:
        """Append a vector; with it and all that is to come there will be about `n_left` more.

        Of whole numbers, −1 and more, each takes as many bytes as the largest asks for.
        """
        n, kind = self._n + values.size, self._array.dtype
        if kind.kind == "i":
            kind = np.promote_types(kind, least_type(int(values.max(initial=0))))
        if n > self._array.size or kind != self._array.dtype:
            moved = np.empty(max(self._array.size if n <= self._array.size else self._n + n_left, n), kind)
            moved[: self._n] = self._array[: self._n]
            self._array = moved
        self._array[self._n : n] = values
        self._n = n

    def finish(self) -> NDArray[Any]:
        """Give what was appended."""
        return self._array[: self._n]


def least_type(largest: int) -> np.dtype[np.signedinteger[Any]]:
    """Choose the smallest type of whole numbers that holds −1 and all up to `largest`."""
    return np.dtype(next(one for one in (np.int8, np.int16, np.int32, np.int64) if largest <= np.iinfo(one).max))


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
