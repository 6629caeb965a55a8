"""From a JSON Schema of em-impute to tables of its keys, for people: the words of docs/report.md that nobody writes."""  # noqa: INP001  # beside a script, no package

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from em_impute.report.schema import KINDS, schema_of

__all__ = [
    "LONG_LISTS",
    "SHARED",
    "Schema",
    "Table",
    "escaped",
    "keys_of",
    "list_title",
    "lowered",
    "resolved",
    "shape_of",
    "slug",
    "table_of",
    "type_of",
]

Schema = dict[str, Any]

MANY_VALUES = 6
"""Possible values that a cell of a table has room for; a longer list has a table of its own."""

NULL = {"type": "null"}
NOUNS = {
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "object": "object",
}


class Row(NamedTuple):
    """A key, by its path below the section: `[]` is any item of a list, `*` any key that comes from the data."""

    path: str
    type: str
    meaning: str


class Table(NamedTuple):
    """The keys below a value."""

    title: str
    rows: list[Row]
    notes: list[str]
    forms: list["Table"]
    """What an item has of keys, where it has one of several forms."""


def keys_of(kind: str) -> dict[str, Schema]:
    """Give the keys of a whole document of a kind, of one column."""
    keys: dict[str, Schema] = schema_of(kind)["$defs"]["report"]["properties"]
    return keys


def _name(schema: Schema) -> str:
    """Give the name of the definition that a schema refers to, also where it may be null; "" of one that does not."""
    forms = schema.get("anyOf", [schema])
    return str(forms[0].get("$ref", "")).rpartition("/")[2]


DEFINED: dict[str, Schema] = {
    name: one for kind in KINDS for name, one in schema_of(kind)["$defs"].items() if name not in {"report", "reports"}
}
"""What keys of any document refer to."""


def _used(schema: Any, *, is_key: bool = False) -> Iterator[str]:  # noqa: ANN401  # any part of a schema
    """Yield the definitions that are used below a key of a document; the one that is the key has a section anyway."""
    if isinstance(schema, list):
        yield from (name for one in schema for name in _used(one))
    elif isinstance(schema, dict):
        name = _name(schema)
        if name:
            yield from () if is_key else (name,)
            yield from _used(DEFINED[name])
        else:
            yield from (name for one in schema.values() for name in _used(one))


def _shared() -> list[str]:
    """Find the shapes with keys that several places of one document have."""
    used = [Counter(name for one in keys_of(kind).values() for name in _used(one, is_key=True)) for kind in KINDS]
    often = {name for of_kind in used for name, times in of_kind.items() if times > 1}
    return sorted(name for name in often if '"properties"' in json.dumps(DEFINED[name]))


SHARED = _shared()


def shape_of(name: str) -> Schema:
    """Give the definition of a shape that several keys have."""
    return DEFINED[name]


def resolved(schema: Schema) -> Schema:
    """Put what a schema refers to into its place, described as it is there."""
    name = _name(schema)
    if not name:
        return schema["anyOf"][0] if "anyOf" in schema else schema
    return {**DEFINED[name], **{key: said for key, said in schema.items() if key == "description"}}


def _values(schema: Schema) -> list[Schema]:
    """Give the texts that a value may be, each with what it says."""
    return [one for one in schema.get("oneOf", ()) if "const" in one]


def _long_lists(schema: Any, key: str = "") -> Iterator[tuple[str, list[Schema]]]:  # noqa: ANN401  # any part of a schema
    """Yield the lists of values that are too long for a cell, by the key that has them."""
    if isinstance(schema, list):
        yield from (found for one in schema for found in _long_lists(one, key))
    elif isinstance(schema, dict):
        if len(_values(schema)) > MANY_VALUES:
            yield key, _values(schema)
        for name, one in schema.items():
            if name == "properties":
                yield from (found for inner, described in one.items() for found in _long_lists(described, inner))
            else:
                yield from _long_lists(one, key)


LONG_LISTS = dict(found for kind in KINDS for found in _long_lists(schema_of(kind)))


def type_of(schema: Schema) -> str:
    """Say what a value may be."""
    name = _name(schema)
    said = f"[{name}](#{slug(shape_title(name))})" if name in SHARED else _plain_type(resolved(schema))
    return f"{said} or null" if _may_be_null(schema) and said != "null" else said


def _may_be_null(schema: Schema) -> bool:
    return "null" in _as_list(schema.get("type")) or any(NULL in schema.get(some, ()) for some in ("oneOf", "anyOf"))


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401  # a type or several
    return value if isinstance(value, list) else [value]


def _plain_type(schema: Schema) -> str:
    if "type" not in schema:
        forms = [one for one in schema["oneOf"] if one != NULL]
        is_told = all(_name(one) in SHARED for one in forms)
        return " or ".join(map(type_of, forms)) if is_told else "object in one of the forms below"
    kinds = [one for one in _as_list(schema["type"]) if one != "null"]
    if not kinds:
        return "null"
    if kinds == ["array"]:
        container = {2: "pair", 3: "triple"}.get(schema.get("maxItems", 0), "list")
        return f"{container} of {_several(_inside(schema['items']))}"
    if kinds == ["object"] and "properties" not in schema:
        return f"by key: {_inside(schema['additionalProperties'])}".replace("by key: by key", "by two keys")
    return " or ".join(NOUNS[one] for one in kinds) + _range(schema)


def _inside(schema: Schema) -> str:
    said = type_of(schema)
    return f"({said})" if _may_be_null(schema) else said


def _several(said: str) -> str:
    """Put a type into the plural, unless it refers to a place."""
    return re.sub(r"^(\(?)(text|number|whole number|object|list|pair|triple)\b", r"\1\2s", said)


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if "const" in schema:
        return f", always `{schema['const']}`"
    if high is not None:
        return f" from {low} to {high}"
    return "" if low is None else f" ≥ {low}".replace("-", "−")


def table_of(schema: Schema, title: str = "") -> Table:
    """Make the table of the keys below a value, at any depth."""
    made = Table(title, [], [], [])
    _add(resolved(schema), "", made)
    return made


def _add(schema: Schema, path: str, made: Table) -> None:
    """Add the keys below a value, which is at `path`."""
    if "properties" in schema:
        for key, one in schema["properties"].items():
            may_lack = "" if key in schema["required"] else "; not always there"
            at = f"{path}.{key}" if path else key
            made.rows.append(Row(at, type_of(one) + may_lack, "<br>".join(_meaning(key, one))))
            _add_below(one, at, made)
        if "dependentRequired" in schema:
            made.notes.append(
                f"Of {', '.join(f'`{key}`' for key in schema['dependentRequired'])} all are there or none."
            )
    elif "items" in schema:
        _add_below(schema["items"], f"{path}[]", made)
    elif isinstance(schema.get("additionalProperties"), dict):
        _add_below(schema["additionalProperties"], f"{path}.*", made)
    elif "type" not in schema:
        forms = [resolved(one) for one in schema["oneOf"] if _name(one) not in SHARED and one != NULL]
        made.forms.extend(table_of(one, f"`{path}`: {lowered(one['description'])}") for one in forms)


def _add_below(schema: Schema, path: str, made: Table) -> None:
    if _name(schema) not in SHARED:
        _add(resolved(schema), path, made)


def _meaning(key: str, schema: Schema) -> Iterator[str]:
    """Say what a key means: itself, items of it that may be null, and the texts that it may be."""
    whole = resolved(schema)
    yield escaped(whole["description"])
    yield from map(escaped, _of_items(whole))
    if key in LONG_LISTS and _values(whole) == LONG_LISTS[key]:
        yield f"One of [these](#{slug(list_title(key))})."
    else:
        yield from (f"`{one['const']}`: {escaped(lowered(one['description']))}" for one in _values(whole))


def shape_title(name: str) -> str:
    """Give the heading of a shape that several keys have."""
    return f"Shape `{name}`"


def list_title(key: str) -> str:
    """Give the heading of a long list of values."""
    return f"Values of `{key}`"


def _of_items(schema: Schema) -> Iterator[str]:
    """Say when items of a list, or of a list of lists, are null."""
    inside = schema.get("items", schema.get("additionalProperties"))
    if isinstance(inside, dict) and _name(inside) not in SHARED:
        if _may_be_null(inside) and "description" in resolved(inside):
            yield resolved(inside)["description"]
        yield from _of_items(resolved(inside))


def lowered(text: str) -> str:
    """Begin with a small letter, unless that of a name."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def escaped(text: str) -> str:
    """Write words for Markdown: options and variables as code, what it would read for its own escaped."""
    plain = re.sub(r"([<>*|\[\]])", r"\\\1", text)
    return re.sub(r"(?<![\w`-])(--?[A-Za-z][\w-]*|[A-Z]+(?:_[A-Z]+)+|colour=red)(?![\w`])", r"`\1`", plain)


def slug(title: str) -> str:
    """Give the anchor that a heading has."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
