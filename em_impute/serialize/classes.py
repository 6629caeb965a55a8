"""Values ↔ JSON ↔ JSON Schema, all three from the annotations of a value's class.

A dataclass or named tuple says of each field what it means, and what it may hold:

>>> class Point(NamedTuple):
...     "A point."
...
...     name: Annotated[str, "What it is called."]
...     weight: Annotated[Share, "Its share of all."]
...     place: Annotated[NDArray[np.float64], Axes("n_axes"), "Where it lies, in metres."]
>>> to_json(Point("origin", 0.5, np.zeros(2)))
{'name': 'origin', 'weight': 0.5, 'place': [0.0, 0.0]}

A field that `MayLack` is not written while it has its default.  Reading trusts nothing: what is there must be all that
is expected, of the type, range and shape that is expected.  Numbers are written with all the
digits that they have, so that they come back to the bit.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from inspect import getdoc, signature
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from em_impute.serialize import annotations, values

T = TypeVar("T")

_CODECS: dict[type, values.Codec] = {}


def to_json(value: Any) -> Any:  # noqa: ANN401  # of any annotated class
    """Give what JSON can hold of a value.  Numbers that are not finite become null."""
    return _codec_of_class(type(value)).write(value)


def from_json(kind: type[T], document: Any) -> T:  # noqa: ANN401  # a file's content
    """Make a value of a class from what JSON holds.  Raises FormatError.

    There may be further keys, as in what another version wrote.
    """
    found: T = _codec_of_class(kind).read(values.Node(document, "", {}))
    return found


def schema_of(kind: type) -> values.Schema:
    """Give the JSON Schema (draft 2020-12) of a class; what stands in it is defined by name, in `$defs`."""
    definitions: dict[str, values.Schema] = {}

    def refer(one: type) -> values.Schema:
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", one.__name__).lower()  # HeldOut as held_out
        if name not in definitions:
            definitions[name] = {}
            definitions[name] = _codec_of_class(one).schema(refer)
        return {"$ref": f"#/$defs/{name}"}

    return _codec_of_class(kind).schema(refer) | {"$defs": definitions}


def _codec_of(annotation: Any) -> values.Codec:  # noqa: ANN401  # annotations have no type of their own
    """Make the codec of an annotation, with its meaning as the description."""
    base, marks = _taken_apart(annotation)
    codec = _plain_codec(base, marks)
    meaning = next((one for one in marks.values() if isinstance(one, str)), None)
    if meaning is None:
        return codec
    axes = marks.get(annotations.Axes)
    told = meaning if axes is None else f"({', '.join(axes.names)}) {meaning}"
    if axes is not None and axes.lower_triangle:
        told += "  Of each matrix the lower triangle."
    first = {"description": told}
    return values.Codec(codec.write, codec.read, lambda describe: first | codec.schema(describe) | first)


def _taken_apart(annotation: Any) -> tuple[Any, dict[type, Any]]:  # noqa: ANN401  # as above
    """Give the type of an annotation, and its marks by their class; of a mark that stands there twice the last."""
    if get_origin(annotation) is not Annotated:
        return annotation, {}
    base, *marks = get_args(annotation)
    return base, {mark if isinstance(mark, type) else type(mark): mark for mark in marks}


def _plain_codec(base: Any, marks: Mapping[type, Any]) -> values.Codec:  # noqa: ANN401, C901, PLR0911  # a return a kind
    origin, arguments = get_origin(base), get_args(base)
    if NoneType in arguments:
        inner, of_inner = _taken_apart(Union[tuple(one for one in arguments if one is not NoneType)])  # noqa: UP007  # of a number known now only
        codec = _plain_codec(inner, {**of_inner, **marks})
        found = values.maybe(codec)
        return values.Codec(found.write, found.read, codec.schema) if annotations.MayLack in marks else found
    if annotations.Kinds in marks:
        return _kinds(marks[annotations.Kinds].classes)
    if origin in {Union, UnionType}:
        return values.number_or_text()
    if origin is Literal:
        return values.constant(arguments)
    if origin in {dict, Mapping}:
        return values.mapping(_codec_of(arguments[1]))
    if origin in {tuple, Sequence}:
        length = len(arguments) if origin is tuple and arguments[-1] is not ... else None
        return values.listing(_codec_of(arguments[0]), marks.get(annotations.Axes), length)
    if origin is not None:
        from em_impute.serialize.arrays import array  # late, since numpy is slow to import and reports have no arrays

        return array(marks[annotations.Axes], *get_args(arguments[1]))
    if base in {int, float}:
        codec, infinite = values.number(base, *marks.get(annotations.Range, ())), marks.get(annotations.InfiniteAsNull)
        return codec if infinite is None else values.maybe(codec, infinite.value)
    if base is bool:
        return values.Codec(bool, lambda node: node.of(bool, "true or false"), lambda _: {"type": "boolean"})
    if base is str:
        return values.text(marks.get(annotations.Choices))
    return values.Codec(  # of a class, whose own is only made once it is needed
        lambda value: _codec_of_class(base).write(value),
        lambda node: _codec_of_class(base).read(node._replace(sizes={}) if annotations.OwnAxes in marks else node),
        lambda describe: describe(base),
    )


def _codec_of_class(kind: type) -> values.Codec:
    """Make the codec of a dataclass or named tuple, once it is needed: an object with a key a field."""
    if kind in _CODECS:
        return _CODECS[kind]
    members = _members_of(kind)

    def write(value: Any) -> dict[str, Any]:  # noqa: ANN401  # of the class
        written = {}
        for key, (name, codec, default) in members.items():
            held = getattr(value, name)
            if not (held is default or (isinstance(held, type(default)) and held == default)):
                written[key] = codec.write(held)
        return written

    def read(node: values.Node) -> Any:  # noqa: ANN401  # of the class
        found = node.of(dict, "an object")
        for key, (_, _, default) in members.items():
            if key not in found and default is MISSING:
                node.refuse(f"complete: {key!r} is not in it")
        return kind(**{name: codec.read(node.item(key)) for key, (name, codec, _) in members.items() if key in found})

    def schema(describe: values.Describe) -> values.Schema:
        return {
            "description": (getdoc(kind) or "").partition("\n")[0],
            "type": "object",
            "properties": {key: codec.schema(describe) for key, (_, codec, _) in members.items()},
            "required": [key for key, (_, _, default) in members.items() if default is MISSING],
            "additionalProperties": False,
        }

    return _CODECS.setdefault(kind, values.Codec(write, read, schema))


def _members_of(kind: type) -> dict[str, tuple[str, values.Codec, Any]]:
    """Give the fields that documents hold, by key: name, codec, and what it has where it may lack, else MISSING."""
    members, hints = {}, get_type_hints(kind, include_extras=True)
    for name, parameter in signature(kind).parameters.items():
        marks = _taken_apart(hints[name])[1]
        if annotations.NotSaved not in marks:
            (key,) = marks.get(annotations.Key, (name,))
            members[key] = name, _codec_of(hints[name]), parameter.default if annotations.MayLack in marks else MISSING
    return members


def _kinds(classes: Mapping[str, type]) -> values.Codec:
    """Write an object with one key, which names the class."""

    def write(value: Any) -> dict[str, Any]:  # noqa: ANN401  # of one of the classes
        name = next(name for name, kind in classes.items() if isinstance(value, kind))
        return {name: _codec_of_class(classes[name]).write(value)}

    def read(node: values.Node) -> Any:  # noqa: ANN401  # of one of the classes
        found = node.of(dict, "an object")
        name = next(iter(found), "")
        if len(found) != 1 or name not in classes:
            node.refuse(f"an object with one of the keys {', '.join(classes)}")
        return _codec_of_class(classes[name]).read(node.item(name))

    def schema(describe: values.Describe) -> values.Schema:
        forms = ({name: describe(kind)} for name, kind in classes.items())
        objects = {"type": "object", "additionalProperties": False}
        return {"oneOf": [objects | {"properties": form, "required": list(form)} for form in forms]}

    return values.Codec(write, read, schema)
