"""The words that a JSON Schema is written in here: each makes the schema of one value, with what it means.

In a `section` a key that ends in "?" need not be there; all others must be, and no further ones may.
"""

from collections.abc import Mapping
from typing import Any

__all__ = [
    "COUNT",
    "NUMBER",
    "SHARE",
    "TEXT",
    "Schema",
    "among",
    "by",
    "constant",
    "count",
    "either",
    "flag",
    "listing",
    "maybe",
    "number",
    "pair",
    "section",
    "share",
    "text",
    "use",
]

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
NULL: Schema = {"type": "null"}


def text(meaning: str, pattern: str | None = None) -> Schema:
    """Make the schema of a text; `pattern` is a regular expression that it holds."""
    return {"description": meaning, **TEXT, **({} if pattern is None else {"pattern": pattern})}


def flag(meaning: str) -> Schema:
    """Make the schema of something that is so or not."""
    return {"description": meaning, "type": "boolean"}


def number(meaning: str, least: float | None = None) -> Schema:
    """Make the schema of a number that is `least` or more."""
    return {"description": meaning, **NUMBER, **({} if least is None else {"minimum": least})}


def share(meaning: str) -> Schema:
    """Make the schema of a part of a whole or a probability, from 0 to 1."""
    return {"description": meaning, **SHARE}


def count(meaning: str, least: int = 0) -> Schema:
    """Make the schema of a whole number that is `least` or more."""
    return {"description": meaning, **COUNT, "minimum": least}


def among(meaning: str, values: Mapping[str, str]) -> Schema:
    """Make the schema of one of some texts, each with what it says."""
    return {
        "description": meaning,
        **TEXT,
        "oneOf": [{"const": one, "description": says} for one, says in values.items()],
    }


def constant(meaning: str, value: str) -> Schema:
    """Make the schema of a text that is always the same."""
    return {"description": meaning, **TEXT, "const": value}


def listing(meaning: str, items: Schema) -> Schema:
    """Make the schema of a list."""
    return {"description": meaning, "type": "array", "items": items}


def pair(meaning: str, items: Schema) -> Schema:
    """Make the schema of a list of two."""
    return {**listing(meaning, items), "minItems": 2, "maxItems": 2}


def by(meaning: str, values: Schema) -> Schema:
    """Make the schema of an object whose keys come from the data, such as labels."""
    return {"description": meaning, "type": "object", "additionalProperties": values}


def section(meaning: str, keys: Mapping[str, Schema], *, together: tuple[str, ...] = ()) -> Schema:
    """Make the schema of an object with these keys; those named `together` are all there or none of them."""
    made: Schema = {
        "description": meaning,
        "type": "object",
        "properties": {key.removesuffix("?"): value for key, value in keys.items()},
        "required": [key for key in keys if not key.endswith("?")],
        "additionalProperties": False,
    }
    if together:
        made["dependentRequired"] = {one: [other for other in together if other != one] for one in together}
    return made


def either(meaning: str, *forms: Schema) -> Schema:
    """Make the schema of a value that has exactly one of some forms."""
    return {"description": meaning, "oneOf": list(forms)}


def use(name: str, meaning: str | None = None) -> Schema:
    """Refer to what is defined for several places; `meaning` is what it means in this one."""
    return {**({} if meaning is None else {"description": meaning}), "$ref": f"#/$defs/{name}"}


def maybe(schema: Schema) -> Schema:
    """Let a value be null as well; when it is, its description says."""
    if isinstance(schema.get("type"), str):
        nullable = {**schema, "type": [schema["type"], "null"]}
        return {**nullable, "oneOf": [*schema["oneOf"], NULL]} if "oneOf" in schema else nullable
    if "oneOf" in schema:
        return {**schema, "oneOf": [*schema["oneOf"], NULL]}
    told = {"description": schema["description"]} if "description" in schema else {}
    return {**told, "anyOf": [{key: value for key, value in schema.items() if key != "description"}, NULL]}
