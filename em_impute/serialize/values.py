"""What is done with the values of one annotation: write them, read them strictly, and describe them in a schema."""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn, TypeVar

from em_impute.serialize.annotations import ANY, Axes, Choices
from em_impute.serialize.json_text import FormatError

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

T = TypeVar("T")

LARGEST = sys.float_info.max


class Node(NamedTuple):
    """A value of a document, and where it stands."""

    value: Any
    path: str
    sizes: dict[str, int]
    """of the axes that were met so far in the object around it"""

    def refuse(self, wanted: str) -> NoReturn:
        """Raise FormatError: the value is not what is `wanted`."""
        raise FormatError(f"{self.path or 'the document'} is not {wanted}")

    def of(self, kind: type[T], wanted: str) -> T:
        """Give the value if it is of some type; True and False are no numbers."""
        if not isinstance(self.value, kind) or (isinstance(self.value, bool) and kind is not bool):
            self.refuse(wanted)
        return self.value

    def item(self, key: str) -> "Node":
        """Give what an object holds under a key that is there."""
        return self._replace(value=self.value[key], path=f"{self.path}.{key}" if self.path else key)

    def agree(self, axis: str, size: int) -> None:
        """Note the size of an axis.  Raises FormatError where it had another one."""
        if axis != ANY and self.sizes.setdefault(axis, size) != size:
            self.refuse(f"of the right size: {axis} is {self.sizes[axis]} elsewhere, here {size}")


Describe = Callable[[type], Schema]
"""Gives the schema of a class, or a reference to it."""


@dataclass(frozen=True)
class Codec:
    """What is done with the values of one annotation."""

    write: Callable[[Any], Any]
    read: Callable[[Node], Any]
    schema: Callable[[Describe], Schema]


def maybe(codec: Codec, null: float | None = None) -> Codec:
    """Let a value be null, which stands for `null`."""

    def schema(describe: Describe) -> Schema:
        found = codec.schema(describe)
        if isinstance(found.get("type"), str) and "oneOf" not in found:
            return found | {"type": [found["type"], "null"]}
        return {"anyOf": [found, {"type": "null"}]}

    return Codec(
        lambda value: None if value is None else codec.write(value),
        lambda node: null if node.value is None else codec.read(node),
        schema,
    )


def constant(values: Sequence[Any]) -> Codec:
    """Write one of some constants."""

    def read(node: Node) -> Any:  # noqa: ANN401  # one of the values
        return node.value if node.value in values else node.refuse(f"one of {', '.join(map(str, values))}")

    kind = "integer" if isinstance(values[0], int) else "string"
    said = {"const": values[0]} if len(values) == 1 else {"enum": list(values)}
    return Codec(lambda value: value, read, lambda _: {"type": kind} | said)


def text(choices: Choices | None = None) -> Codec:
    """Write a text; of one that is not Unicode, as a path may be, what is broken becomes escapes."""

    def write(value: str) -> str:
        return value.encode("utf-8", "backslashreplace").decode()

    def read(node: Node) -> str:
        value = node.of(str, "a text")
        if choices is not None and value not in choices.meanings:
            node.refuse(f"one of {', '.join(choices.meanings)}")
        return value

    schema: Schema = {"type": "string"}
    if choices is not None:
        schema["oneOf"] = [{"const": one, "description": says} for one, says in choices.meanings.items()]
    return Codec(write, read, lambda _: schema)


def number(kind: type, least: float | None = None, most: float | None = None) -> Codec:
    """Write an int or a float; one that is not finite becomes null."""
    wanted = "a whole number" if kind is int else "a number"

    def write(value: Any) -> Any:  # noqa: ANN401  # numpy's numbers too
        return kind(value) if kind is int or math.isfinite(value) else None

    def read(node: Node) -> Any:  # noqa: ANN401  # an int or a float
        value = node.of(int, wanted) if kind is int or isinstance(node.value, int) else node.of(float, wanted)
        if not abs(value) <= LARGEST:
            node.refuse(wanted)
        if least is not None and value < least:
            node.refuse(f"{least:g} or more")
        if most is not None and value > most:
            node.refuse(f"{most:g} or less")
        return kind(value)

    ends = {"minimum": least, "maximum": most}
    schema = {"type": "integer" if kind is int else "number"} | {k: end for k, end in ends.items() if end is not None}
    return Codec(write, read, lambda _: schema)


def number_or_text() -> Codec:
    """Write what may be a number or a text, which is what JSON says that it is."""
    forms = {float: number(float), str: text()}

    def form_of(value: Any) -> Codec:  # noqa: ANN401  # of either
        return forms[str if isinstance(value, str) else float]

    return Codec(
        lambda value: form_of(value).write(value),
        lambda node: form_of(node.value).read(node),
        lambda describe: {"oneOf": [form.schema(describe) for form in forms.values()]},
    )


def listing(codec: Codec, axes: Axes | None, length: int | None = None) -> Codec:
    """Write a list, whose length may be that of an axis of arrays beside it."""

    def read(node: Node) -> tuple[Any, ...]:
        values = node.of(list, "a list")
        if length is not None and len(values) != length:
            node.refuse(f"a list of {length}")
        if axes is not None:
            node.agree(axes.names[0], len(values))
        items = (node._replace(value=value, path=f"{node.path}[{i}]", sizes={}) for i, value in enumerate(values))
        return tuple(codec.read(one) for one in items)

    limits = {} if length is None else {"minItems": length, "maxItems": length}
    return Codec(
        lambda values: [codec.write(one) for one in values],
        read,
        lambda describe: {"type": "array", "items": codec.schema(describe)} | limits,
    )


def mapping(codec: Codec) -> Codec:
    """Write an object whose keys come from the data, such as labels."""
    key = text()
    return Codec(
        lambda values: {key.write(name): codec.write(one) for name, one in values.items()},
        lambda node: {name: codec.read(node.item(name)._replace(sizes={})) for name in node.of(dict, "an object")},
        lambda describe: {"type": "object", "additionalProperties": codec.schema(describe)},
    )
