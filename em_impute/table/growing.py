"""A vector that grows block by block."""

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["GrowingArray"]

Scalar = TypeVar("Scalar", bound=np.generic)


class GrowingArray(Generic[Scalar]):
    """A vector whose final length is only estimated; pages that are never written take no memory."""

    def __init__(self, dtype: type[Scalar]) -> None:
        self._array = np.empty(0, dtype)
        self._n = 0

    def extend(self, values: NDArray[Any], capacity: int) -> None:
        """Append a vector; with it and all that is to come there will be about `capacity` more."""
        n = self._n + values.size
        if n > self._array.size:
            larger = np.empty(max(n, self._n + capacity), self._array.dtype)
            larger[: self._n] = self._array[: self._n]
            self._array = larger
        self._array[self._n : n] = values
        self._n = n

    def finish(self) -> NDArray[Scalar]:
        """Give what was appended."""
        return self._array[: self._n]
