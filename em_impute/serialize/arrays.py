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
    wanted = "whole numbers" if is_whole else "numbers"

    def read(node: Node) -> NDArray[Any]:
        if axes.lower_triangle and not _holds(node.value, (int, float), n_axes):
            return _diagonals(node, axes.names)
        if not _holds(node.value, int if is_whole else (int, float), n_axes):
            node.refuse(f"{wanted} in lists, {n_axes} deep")
        try:
            found = _squared(node.value, n_axes) if axes.lower_triangle else np.array(node.value, kind)
        except (ValueError, OverflowError):
            lists = "lower triangles of equal sizes" if axes.lower_triangle else "lists of equal lengths"
            node.refuse(f"{lists} of numbers that a computer holds")
        return _checked(found, node, axes.names)

    items: Schema = {"type": "integer", "minimum": 0} if is_whole else {"type": "number"}
    for place, _ in enumerate(axes.names):
        is_row = axes.lower_triangle and place == 0
        items = {"type": ["array", "number"] if is_row else "array", "items": items}

    def write(values: NDArray[Any]) -> list[Any]:
        written: list[Any] = _triangles(values) if axes.lower_triangle and values.ndim == n_axes else values.tolist()
        return written

    return Codec(write, read, lambda _: items)


def _diagonals(node: Node, names: Sequence[str]) -> NDArray[Any]:
    """Read the diagonals of matrices that have nothing else."""
    if not _holds(node.value, (int, float), len(names) - 1):
        node.refuse(f"numbers in lists, {len(names)} deep, or {len(names) - 1} where matrices are diagonal")
    try:
        return _checked(np.array(node.value, np.float64), node, names[:-1])
    except (ValueError, OverflowError):
        return node.refuse("lists of equal lengths of numbers that a computer holds")


def _checked(found: NDArray[Any], node: Node, names: Sequence[str]) -> NDArray[Any]:
    """Refuse numbers that are none, and sizes that others contradict."""
    if not np.isfinite(found).all():
        node.refuse("finite numbers")
    found = found.reshape(found.shape + (0,) * (len(names) - found.ndim))  # no list shows what empty ones would hold
    for axis, size in zip(names, map(int, found.shape), strict=True):
        node.agree(axis, size)
        if not size:
            break
    return found


def _holds(value: Any, kind: type | tuple[type, ...], n_axes: int) -> bool:  # noqa: ANN401  # what JSON has
    """Tell whether there are numbers of a type so deep in lists, and nothing else; NaN cannot be read at all."""
    if n_axes:
        return isinstance(value, list) and all(_holds(one, kind, n_axes - 1) for one in value)
    return isinstance(value, kind) and not isinstance(value, bool)


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
