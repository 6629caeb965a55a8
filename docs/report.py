"""Write docs/report.md, the reports key by key: from their schema and the prose of report.toml.

python docs/report.py
"""  # noqa: INP001  # a script, no package

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from em_impute.report.model.documents import KINDS, schema_of_kind
from em_impute.report.model.shared import WARNINGS

DOCS = Path(__file__).parent

PROSE: dict[str, Any] = tomllib.loads((DOCS / "report.toml").read_text(encoding="utf-8"))
"""What the schema does not say: a word before each document and some sections, and what to do about a warning."""

OF_THE_SCHEMA = {"pictures", "plain_em", "rows", "start", "steps"}
"""Keys of which only the schema tells what is below them: few read these but the page and those who learn EM."""

MANY_VALUES = 8
"""Possible values that a row has room for; only the codes of warnings are more, and have a list of their own."""

Schema = dict[str, Any]

NULL = {"type": "null"}
NOUNS = {"string": "text", "number": "number", "integer": "count", "boolean": "yes/no", "object": "object"}


def _inlined(value: Any, shapes: Schema, often: Counter[str]) -> Any:  # noqa: ANN401  # any part of a schema
    """Put shapes that stand in a single place there."""
    if isinstance(value, list):
        return [_inlined(one, shapes, often) for one in value]
    if not isinstance(value, dict):
        return value
    if often[value.get("$ref", "")] == 1:
        value = shapes[value["$ref"].rpartition("/")[2]] | value
        del value["$ref"]
    return {key: _inlined(one, shapes, often) for key, one in value.items()}


def _schemas() -> dict[str, Schema]:
    """Give the schema of each kind of document."""
    found = {kind: schema_of_kind(kind) for kind in KINDS}
    often = Counter(re.findall(r"#/\$defs/\w+", json.dumps(list(found.values()))))
    inlined = {kind: _inlined(one, one["$defs"], often) for kind, one in found.items()}
    kept = {name.rpartition("/")[2] for name, n in often.items() if n > 1} | {"report", "reports"}
    return {
        kind: one | {"$defs": {name: shape for name, shape in one["$defs"].items() if name in kept}}
        for kind, one in inlined.items()
    }


SCHEMAS = _schemas()
SHAPES: dict[str, Schema] = {
    name: one
    for schema in SCHEMAS.values()
    for name, one in schema["$defs"].items()
    if name not in {"report", "reports", "ellipse"}
}
"""What several keys have in common."""


class Row(NamedTuple):
    """A key, by its path below the section: `[]` is any item of a list, `*` any key that comes from the data."""

    path: str
    type: str
    meaning: str


def keys_of(kind: str) -> dict[str, Schema]:
    """Give the keys of a document of one column."""
    keys: dict[str, Schema] = SCHEMAS[kind]["$defs"]["report"]["properties"]
    return keys


def rows_of(schema: Schema, path: str = "") -> Iterator[Row]:
    """Yield the keys below a value, at any depth; those of a shape are told with the shape."""
    for form in _forms(schema):
        for key, one in form.get("properties", {}).items():
            at = f"{path}.{key}" if path else key
            lacking = "" if key in form["required"] else "?"
            yield Row(at + lacking, type_of(one), _meaning(one))
            yield from rows_of(one, at)
        if "items" in form:
            yield from rows_of(form["items"], f"{path}[]")
        if isinstance(form.get("additionalProperties"), dict):
            yield from rows_of(form["additionalProperties"], f"{path}.*")


def _forms(schema: Schema) -> list[Schema]:
    """Give the forms that a value may have, but for null and for shapes."""
    several = schema.get("anyOf") or ([] if _values(schema) else schema.get("oneOf", []))
    if several:
        return [form for one in several for form in _forms(one)]
    return [schema] if schema != NULL and "$ref" not in schema else []


def _shapes(schema: Schema) -> list[str]:
    """Name the shapes that a value may have."""
    forms = [schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return [one["$ref"].rpartition("/")[2] for one in forms if "$ref" in one]


def _values(schema: Schema) -> list[Schema]:
    """Give the texts that a value may be, each with what it says."""
    return [one for one in schema.get("oneOf", ()) if "const" in one]


def type_of(schema: Schema) -> str:
    """Say what a value may be."""
    names = _shapes(schema)
    said = " or ".join(f"[{name}](#{name})" for name in names)
    if not names:
        said = " or ".join(dict.fromkeys(map(_plain_type, _forms(schema))))
    return f"{said} or null" if _may_be_null(schema) else said


def _may_be_null(schema: Schema) -> bool:
    kinds = schema.get("type")
    return (isinstance(kinds, list) and "null" in kinds) or any(
        NULL in schema.get(one, ()) for one in ("oneOf", "anyOf")
    )


def _plain_type(schema: Schema) -> str:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    kind = next(one for one in kinds if one != "null")
    if kind == "array":
        return _several(type_of(schema["items"]), schema.get("maxItems"))
    if kind == "object" and "properties" not in schema:
        return f"by key: {type_of(schema['additionalProperties'])}"
    if "const" in schema:
        return f"`{schema['const']}`"
    least, most = schema.get("minimum"), schema.get("maximum")
    if (least, most) == (0, 1):
        return "share"
    return NOUNS[kind] + (f" ≥ {least}".replace("-", "−") if least and most is None else "")


def _several(said: str, n: int | None) -> str:
    """Put a type into the plural, unless it refers to a place."""
    plural = re.sub(r"^(text|number|count|object|share|list)\b", r"\1s", said)
    return f"{n} {plural}" if n else plural if plural != said else f"list: {said}"


def _meaning(schema: Schema) -> str:
    """Say what a key means, and what the texts mean that it may be."""
    told = escaped(schema.get("description") or SHAPES[_shapes(schema)[0]]["description"])
    values = _values(schema)
    if len(values) > MANY_VALUES:
        return f"{told} [Values](#codes)."
    words = ", ".join(f"`{one}`" for one in schema.get("enum", ()))
    meanings = [f"`{one['const']}`: {escaped(lowered(one['description']))}" for one in values]
    return " ".join([told, *meanings, *([f"One of {words}."] if words else [])])


def lowered(text: str) -> str:
    """Begin with a small letter, unless that of a name."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def escaped(text: str) -> str:
    """Write words for Markdown: options and variables as code, what it would read for its own escaped."""
    plain = re.sub(r"([<>*|\[\]])", r"\\\1", text)
    return re.sub(r"(?<![\w`-])(--?[A-Za-z][\w-]*|[A-Z]+(?:_[A-Z]+)+|colour=red)(?![\w`])", r"`\1`", plain)


def markdown() -> str:
    """Write the page."""
    lines = ["# The reports, key by key", "", PROSE["introduction"].strip(), ""]
    for kind in KINDS:
        prose = PROSE["documents"][kind]
        lines += [f"## {prose['title']}", "", prose["introduction"].strip(), "", *_listed(_contents(kind))]
        for key in keys_of(kind):
            lines += _section(kind, key)
    lines += ["## Shapes", "", PROSE["shapes"].strip(), ""]
    for name, shape in SHAPES.items():
        lines += [f"### {name}", "", escaped(shape["description"]), "", *_listed(rows_of(shape))]
    lines += ["## Codes", ""]
    for code, told in WARNINGS.items():
        lines.append(f"- `{code}`: {escaped(told)} {PROSE['remedies'].get(code, '')}".rstrip())
    return "\n".join(lines).rstrip() + "\n"


def _contents(kind: str) -> Iterator[Row]:
    """Yield the keys of a document, with links to what is below them; what all begin with is told once."""
    for key, schema in keys_of(kind).items():
        if kind != "fit" and schema == keys_of("fit").get(key):
            continue
        has_section = any(rows_of(schema)) and key not in OF_THE_SCHEMA
        yield Row(f"[`{key}`](#{_anchor(kind, key)})" if has_section else key, type_of(schema), _meaning(schema))


def _anchor(kind: str, key: str) -> str:
    return re.sub(r"[^\w\- ]", "", _title(kind, key).lower()).replace(" ", "-")


def _title(kind: str, key: str) -> str:
    """Give the heading of a section; what a fit report has as well is told apart by the name of the document."""
    return f"`{key}`" if kind == "fit" or key not in keys_of("fit") else f"`{key}` of an {kind}"


def _section(kind: str, key: str) -> Iterator[str]:
    rows = list(dict.fromkeys(rows_of(keys_of(kind)[key])))
    if not rows or key in OF_THE_SCHEMA:
        return
    prose = PROSE["sections"].get(kind, {}).get(key, "").strip()
    yield from (f"### {_title(kind, key)}", "", *((prose, "") if prose else ()), *_listed(rows))


def _listed(rows: Iterator[Row] | list[Row]) -> Iterator[str]:
    for path, kind, meaning in rows:
        yield f"- {path if path.startswith('[`') else f'`{path}`'} ({kind}): {meaning}"
    yield ""


def main() -> None:
    """Write it."""
    (DOCS / "report.md").write_text(markdown(), encoding="utf-8")


if __name__ == "__main__":
    main()
