"""Vectors that grow block by block."""

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

Codes = NDArray[np.signedinteger[Any]]
"""Whole numbers in as few bytes as hold them: safe to compare and to index with, not to reckon in."""


class GrowingArray(Generic[Scalar]):
    """A vector whose final length is only estimated; pages that are never written take no memory."""

    def __init__(self, dtype: type[Scalar]) -> None:
        self._array = np.empty(0, dtype)
        self._n = 0

    def extend(self, values: NDArray[Any], capacity: int) -> None:
        """Append a vector; with it and all that is to come there will be about `capacity` more."""
        n = self._n + values.size
        if n > self._array.size:
            self._move(max(n, self._n + capacity), self._array.dtype)
        self._array[self._n : n] = values
        self._n = n

    def finish(self) -> NDArray[Scalar]:
        """Give what was appended."""
        return self._array[: self._n]

    def _move(self, size: int, dtype: np.dtype[Any]) -> None:
        moved = np.empty(size, dtype)
        moved[: self._n] = self._array[: self._n]
        self._array = moved


class GrowingCodes(GrowingArray[np.signedinteger[Any]]):
    """A vector of whole numbers that takes more bytes for each once the numbers ask for them."""

    def __init__(self) -> None:
        super().__init__(np.int8)

    def add(self, values: NDArray[Any], largest: int, capacity: int) -> None:
        """Append a vector of numbers from −1 to `largest`, as `extend` does."""
        if largest > np.iinfo(self._array.dtype).max:
            self._move(self._array.size, least_type(largest))
        self.extend(values, capacity)


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
