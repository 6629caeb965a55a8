"""Arrays as lists in lists; of symmetric matrices perhaps the lower triangle only."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from em_impute.serialize.annotations import Axes
from em_impute.serialize.values import Codec, Node, Schema


def array(axes: Axes, kind: type[np.generic]) -> Codec:
    """Write an array of finite numbers of a `kind` as lists in lists."""
    n_axes, is_whole = len(axes.names), issubclass(kind, np.integer)

    def read(node: Node) -> NDArray[Any]:
        try:
            found, names = _arranged(node.value, axes)
        except (TypeError, ValueError, OverflowError):
            lists = "lower triangles of equal sizes" if axes.lower_triangle else "lists of equal lengths"
            node.refuse(f"{lists} of numbers that a computer holds")
        if found.size and (found.ndim != len(names) or found.dtype.kind not in ("i" if is_whole else "iuf")):
            node.refuse(f"{'whole numbers' if is_whole else 'numbers'} in lists, {len(names)} deep")
        if not np.isfinite(found).all():
            node.refuse("finite numbers")
        found = found.reshape(found.shape + (0,) * (len(names) - found.ndim))  # no list shows what empty ones hold
        for axis, size in zip(names, map(int, found.shape), strict=True):
            node.agree(axis, size)
            if not size:
                break
        return found.astype(kind)

    items: Schema = {"type": "integer", "minimum": 0} if is_whole else {"type": "number"}
    for place, _ in enumerate(axes.names):
        is_row = axes.lower_triangle and place == 0
        items = {"type": ["array", "number"] if is_row else "array", "items": items}

    def write(values: NDArray[Any]) -> list[Any]:
        written: list[Any] = _triangles(values) if axes.lower_triangle and values.ndim == n_axes else values.tolist()
        return written

    return Codec(write, read, lambda _: items)


def _arranged(value: Any, axes: Axes) -> tuple[NDArray[Any], Sequence[str]]:  # noqa: ANN401  # what JSON has
    """Make an array, and name its axes: matrices that are diagonal have one less.  Raises ValueError and the like."""
    if axes.lower_triangle:
        try:
            return _squared(value, len(axes.names)), axes.names
        except TypeError:  # numbers where there should be rows
            return np.array(value, np.float64), axes.names[:-1]
    found = np.array(value)
    return np.array(value, np.float64) if found.dtype == object else found, axes.names


def _triangles(values: NDArray[Any]) -> list[Any]:
    """Give the lower triangle of each symmetric matrix, row by row."""
    if values.ndim > 2:  # noqa: PLR2004  # a list of matrices
        return [_triangles(one) for one in values]
    return [row[: i + 1] for i, row in enumerate(values.tolist())]


def _squared(value: Sequence[Any], n_axes: int) -> NDArray[Any]:
    """Make matrices of lower triangles.  Raises ValueError where they are none, or not of one size."""
    if n_axes > 2:  # noqa: PLR2004  # a list of matrices
        matrices = [_squared(one, n_axes - 1) for one in value]
        return np.stack(matrices) if matrices else np.zeros((0,) * n_axes)
    matrix = np.zeros((len(value), len(value)))
    for i, row in enumerate(value):
        if len(row) != i + 1:
            raise ValueError("no lower triangle")
        matrix[i, : i + 1] = matrix[: i + 1, i] = row
    return matrix
