"""How values become JSON and back: one definition writes a value, reads it strictly, and says what it is in a schema.

Reading trusts nothing: what is there must be all that is expected, of the kind and shape that is expected.  Numbers are
written with all the digits that they have, so that they come back to the bit.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from em_impute import schema_terms as terms
from em_impute.errors import ModelError
from em_impute.schema_terms import Schema

__all__ = [
    "ANY",
    "Codec",
    "Node",
    "among",
    "array",
    "by",
    "either",
    "flag",
    "listing",
    "maybe",
    "number",
    "record",
    "text",
    "triangles",
    "whole",
]

LARGEST = sys.float_info.max

ANY = "…"
"""Names an axis whose size is nobody else's."""

T = TypeVar("T")
Array = NDArray[Any]


class Node(NamedTuple):
    """A value of a document, and where it stands."""

    value: Any
    path: str
    sizes: dict[str, int]
    """of the axes that were met so far in the record around it: arrays that share an axis must agree in it"""

    def refuse(self, wanted: str) -> NoReturn:
        """Raise ModelError: the value is not what is `wanted`."""
        raise ModelError(f"{self.path or 'the document'} is not {wanted}")

    def of(self, kind: type[T], wanted: str) -> T:
        """Give the value if it is of some kind; True and False are no numbers."""
        if not isinstance(self.value, kind) or (isinstance(self.value, bool) and kind is not bool):
            self.refuse(wanted)
        return self.value

    def item(self, key: str) -> "Node":
        """Give what an object holds under a key that is there."""
        return self._replace(value=self.value[key], path=f"{self.path}.{key}" if self.path else key)

    def agree(self, axis: str, size: int) -> None:
        """Note the size of an axis.  Raises ModelError where it had another one."""
        if self.sizes.setdefault(axis, size) != size:
            self.refuse(f"of the right size: {axis} is {self.sizes[axis]} elsewhere, here {size}")


@dataclass(frozen=True)
class Codec(Generic[T]):
    """A kind of value."""

    schema: Schema
    write: Callable[[T], Any]
    """gives what JSON can hold"""
    read: Callable[[Node], T]
    """Raises ModelError."""


def text(meaning: str, pattern: str | None = None) -> Codec[str]:
    """Make the codec of a text."""
    return Codec(terms.text(meaning, pattern), str, lambda node: node.of(str, "a text"))


def flag(meaning: str) -> Codec[bool]:
    """Make the codec of something that is so or not."""
    return Codec(terms.flag(meaning), bool, lambda node: node.of(bool, "true or false"))


def whole(meaning: str, least: int = 0) -> Codec[int]:
    """Make the codec of a whole number that is `least` or more."""

    def read(node: Node) -> int:
        value = node.of(int, "a whole number")
        return value if value >= least else node.refuse(f"{least} or more")

    return Codec(terms.count(meaning, least), int, read)


def number(meaning: str, least: float | None = None) -> Codec[float]:
    """Make the codec of a finite number that is `least` or more."""

    def read(node: Node) -> float:
        value = node.value
        if not _holds(value, (int, float), 0) or not abs(value) <= LARGEST:
            node.refuse("a number")
        return float(value) if least is None or value >= least else node.refuse(f"{least:g} or more")

    return Codec(terms.number(meaning, least), float, read)


def among(meaning: str, values: Mapping[str, str]) -> Codec[str]:
    """Make the codec of one of some texts, each with what it says."""

    def read(node: Node) -> str:
        value = node.of(str, "a text")
        return value if value in values else node.refuse(f"one of {', '.join(values)}")

    return Codec(terms.among(meaning, values), str, read)


def maybe(codec: Codec[T]) -> Codec[T | None]:
    """Let a value be null."""
    return Codec(
        terms.maybe(codec.schema),
        lambda value: None if value is None else codec.write(value),
        lambda node: None if node.value is None else codec.read(node),
    )


def listing(meaning: str, codec: Codec[T], axis: str | None = None) -> Codec[tuple[T, ...]]:
    """Make the codec of a list, whose length may be that of an axis of arrays beside it."""

    def read(node: Node) -> tuple[T, ...]:
        values = node.of(list, "a list")
        if axis is not None:
            node.agree(axis, len(values))
        found = (node._replace(value=value, path=f"{node.path}[{i}]") for i, value in enumerate(values))
        return tuple(codec.read(one) for one in found)

    return Codec(terms.listing(meaning, codec.schema), lambda values: [codec.write(one) for one in values], read)


def by(meaning: str, codec: Codec[T]) -> Codec[Mapping[str, T]]:
    """Make the codec of an object whose keys come from the data, such as labels."""

    def read(node: Node) -> Mapping[str, T]:
        return {key: codec.read(node.item(key)) for key in node.of(dict, "an object")}

    return Codec(
        terms.by(meaning, codec.schema), lambda values: {key: codec.write(one) for key, one in values.items()}, read
    )


def array(meaning: str, *axes: str, is_whole: bool = False) -> Codec[Array]:
    """Make the codec of an array of finite numbers with named axes, as lists in lists."""
    items = terms.COUNT if is_whole else terms.NUMBER
    kind, wanted = (np.intp, "whole numbers") if is_whole else (np.float64, "numbers")

    def read(node: Node) -> Array:
        if not _holds(node.value, int if is_whole else (int, float), len(axes)):
            node.refuse(f"{wanted} in lists, {len(axes)} deep")
        try:
            found = np.array(node.value, kind)
        except (ValueError, OverflowError):
            node.refuse("lists of equal lengths of numbers that a computer holds")
        return _checked(found, node, axes)

    return Codec(_nested(meaning, items, axes), np.ndarray.tolist, read)


def triangles(meaning: str, *axes: str) -> Codec[Array]:
    """Make the codec of symmetric matrices, the last two axes: of each the lower triangle, row by row."""

    def write(values: Array) -> Any:  # noqa: ANN401  # lists in lists
        if values.ndim > 2:  # noqa: PLR2004  # a list of matrices
            return [write(one) for one in values]
        return [row[: i + 1] for i, row in enumerate(values.tolist())]

    def read(node: Node) -> Array:
        if not _holds(node.value, (int, float), len(axes)):
            node.refuse(f"numbers in lists, {len(axes)} deep")
        try:
            found = _squared(node.value, len(axes))
        except (ValueError, OverflowError):
            node.refuse("lower triangles of equal sizes")
        return _checked(found, node, axes)

    return Codec(_nested(f"{meaning}  Of each matrix the lower triangle.", terms.NUMBER, axes), write, read)


def record(
    kind: Callable[..., T],
    meaning: str,
    keys: Mapping[str, Codec[Any]],
    *,
    later: Mapping[str, Codec[Any]] | None = None,
    apart: bool = False,
) -> Codec[T]:
    """Make the codec of a frozen value with these fields, all of which must be there, and no others.

    Fields that came `later` may be lacking in an older document, and then have the default of the value.  Axes of
    arrays in it have sizes of their own where it stands `apart`, else those of the record around it.
    """
    all_keys = {**keys, **(later or {})}

    def write(value: T) -> dict[str, Any]:
        return {key: codec.write(getattr(value, key)) for key, codec in all_keys.items()}

    def read(node: Node) -> T:
        found = node.of(dict, "an object")
        node = node._replace(sizes={}) if apart else node
        lacking, more = [key for key in keys if key not in found], [key for key in found if key not in all_keys]
        if lacking:
            node.refuse(f"complete: {lacking[0]!r} is not in it")
        if more:
            node.refuse(f"of this version: {more[0]!r} is unknown")
        return kind(**{key: codec.read(node.item(key)) for key, codec in all_keys.items() if key in found})

    named = {key if key in keys else f"{key}?": codec.schema for key, codec in all_keys.items()}
    return Codec(terms.section(meaning, named), write, read)


def either(meaning: str, forms: Mapping[str, tuple[type, Codec[Any]]]) -> Codec[Any]:
    """Make the codec of a value of one of several kinds: an object with one key, which names the kind."""

    def write(value: Any) -> dict[str, Any]:  # noqa: ANN401  # of one of the kinds
        return next({name: codec.write(value)} for name, (kind, codec) in forms.items() if isinstance(value, kind))

    def read(node: Node) -> Any:  # noqa: ANN401  # of one of the kinds
        found = node.of(dict, "an object")
        name = next(iter(found), "")
        if len(found) != 1 or name not in forms:
            node.refuse(f"an object with one of the keys {', '.join(forms)}")
        return forms[name][1].read(node.item(name))

    return Codec(
        terms.either(meaning, *(terms.section(name, {name: codec.schema}) for name, (_, codec) in forms.items())),
        write,
        read,
    )


def _nested(meaning: str, items: Schema, axes: Sequence[str]) -> Schema:
    for _ in axes[1:]:
        items = {"type": "array", "items": items}
    return terms.listing(f"({', '.join(axes)}) {meaning}", items)


def _checked(found: Array, node: Node, axes: Sequence[str]) -> Array:
    """Refuse numbers that are none, and sizes that others contradict."""
    if not np.isfinite(found).all():
        node.refuse("finite numbers")
    found = found.reshape(found.shape + (0,) * (len(axes) - found.ndim))  # no list shows what empty ones would hold
    for axis, size in zip(axes, map(int, found.shape), strict=True):
        if axis != ANY:
            node.agree(axis, size)
        if not size:
            break
    return found


def _holds(value: Any, kind: type | tuple[type, ...], n_axes: int) -> bool:  # noqa: ANN401  # what JSON has
    """Tell whether there are numbers of a kind so deep in lists, and nothing else; NaN cannot be read at all."""
    if n_axes:
        return isinstance(value, list) and all(_holds(one, kind, n_axes - 1) for one in value)
    return isinstance(value, kind) and not isinstance(value, bool)


def _squared(value: Sequence[Any], n_axes: int) -> Array:
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
