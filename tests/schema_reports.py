"""What the schema says of a report."""

import json
from contextlib import suppress
from functools import cache

from jsonschema import Draft202012Validator

from em_impute.report.model.documents import schema_of_kind

KEYS = {"steps": "explanation", "hiding": "evaluation", "rows": "why", "no_rows": "check"}
"""Keys that one kind of document alone has."""

LARGE = 300_000
"""Bytes of a report from which on it is not validated."""


@cache
def validator(kind):
    """Make what compares documents of one kind with the schema."""
    return Draft202012Validator(schema_of_kind(kind), format_checker=Draft202012Validator.FORMAT_CHECKER)


def kind_of(report):
    """Tell which kind a document is."""
    first = next(iter(report.get("reports", [report])), {})
    return next((kind for key, kind in KEYS.items() if key in first), "fit")


def complaints(report):
    """List where a document differs from the schema of its kind."""
    return [f"{error.json_path}: {error.message[:300]}" for error in validator(kind_of(report)).iter_errors(report)]


def validate(report):
    """Refuse a document that differs from the schema of its kind."""
    found = complaints(report)
    assert not found, found


def validate_left_in(folder):
    """Refuse a report that a test has left in a folder and that differs from the schema; large ones take too long."""
    for path in folder.rglob("*.json"):
        if path.is_file() and path.stat().st_size < LARGE:
            with suppress(ValueError):
                report = json.loads(path.read_bytes())
                if isinstance(report, dict) and "schema_version" in report:
                    validate(report)


def keys_of(schema, at="#"):
    """Yield each key of a schema: where it is described, and how."""
    if isinstance(schema, dict):
        for name, value in schema.items():
            if name == "properties":
                yield from ((f"{at}/properties/{key}", described) for key, described in value.items())
            yield from keys_of(value, f"{at}/{name}")
    elif isinstance(schema, list):
        for i, one in enumerate(schema):
            yield from keys_of(one, f"{at}/{i}")


def keys_in(report):
    """Yield each key of a document: where the schema describes it, and what it holds."""
    kind = kind_of(report)
    yield from _keys_in(report, schema_of_kind(kind), "#", validator(kind))


def _keys_in(value, schema, at, whole):
    if isinstance(value, list):
        for item in value:
            yield from _keys_in(item, schema.get("items", {}), f"{at}/items", whole)
    if isinstance(value, dict):
        keys, others = schema.get("properties", {}), schema.get("additionalProperties", False)
        for key, item in value.items():
            if key in keys:
                yield f"{at}/properties/{key}", item
                yield from _keys_in(item, keys[key], f"{at}/properties/{key}", whole)
            elif others:
                yield from _keys_in(item, others, f"{at}/additionalProperties", whole)
    for form, place in _forms(value, schema, at, whole):
        yield from _keys_in(value, form, place, whole)


def _forms(value, schema, at, whole):
    """Yield the further schemas that a value is described by, and where they stand."""
    if "$ref" in schema:
        yield whole.schema["$defs"][schema["$ref"].removeprefix("#/$defs/")], schema["$ref"]
    if "if" in schema:
        form = "then" if whole.evolve(schema=schema["if"]).is_valid(value) else "else"
        yield schema[form], f"{at}/{form}"
    for several in ("oneOf", "anyOf"):
        for i, one in enumerate(schema.get(several, ())):
            if whole.evolve(schema=one).is_valid(value):
                yield one, f"{at}/{several}/{i}"
