"""Write docs/report.md, the reports key by key: from their schema, runs on sample_data, and the prose of report.toml.

python docs/report.py
"""  # noqa: INP001  # a script, no package

import json
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from em_impute.report.model.documents import KINDS, schema_of_kind

DOCS = Path(__file__).parent

PROSE: dict[str, Any] = tomllib.loads((DOCS / "report.toml").read_text(encoding="utf-8"))
"""What the schema does not say: a word before each document and some sections, and what to do about a warning."""

EXAMPLES = {
    "fit": ("em-impute fill heights.csv -c gender -r report.json -q", ("labels", "missing", "totals")),
}
"""Commands, and the keys of which their reports are the example."""

WHEN = "1764028800"
"""Time of the examples in seconds (SOURCE_DATE_EPOCH), which would else differ from run to run."""

DIGITS, DECIMALS, ITEMS, WIDTH = 4, 8, 2, 100
"""How numbers, lists and lines of the examples are cut."""

OF_THE_SCHEMA = {"pictures", "plain_em", "rows", "start", "steps"}
"""Keys of which only the schema tells what is below them: few read these but the page and those who learn EM."""

MANY_VALUES = 6
"""Possible values that a row has room for; a longer list has a table of its own."""

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
    forms = schema.get("anyOf") or ([schema] if _values(schema) else schema.get("oneOf", [schema]))
    return [one for one in forms if one != NULL and "$ref" not in one]


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
        return f"{told} [Values](#{_list_name(values)})."
    if all(lowered(one["description"]).rstrip(".") == one["const"] for one in values):
        return " ".join([told, *(f"`{one['const']}`" for one in values)])
    return " ".join([told, *(f"`{one['const']}`: {escaped(lowered(one['description']))}" for one in values)])


def _list_name(values: list[Schema]) -> str:
    return "codes" if values[0]["const"].startswith("W") else "covariances"


def lowered(text: str) -> str:
    """Begin with a small letter, unless that of a name."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def escaped(text: str) -> str:
    """Write words for Markdown: options and variables as code, what it would read for its own escaped."""
    plain = re.sub(r"([<>*|\[\]])", r"\\\1", text)
    return re.sub(r"(?<![\w`-])(--?[A-Za-z][\w-]*|[A-Z]+(?:_[A-Z]+)+|colour=red)(?![\w`])", r"`\1`", plain)


def markdown() -> str:
    """Write the page."""
    shown = _examples()
    lines = ["# The reports, key by key", "", PROSE["introduction"].strip(), ""]
    for kind in KINDS:
        prose = PROSE["documents"][kind]
        lines += [f"## {prose['title']}", "", prose["introduction"].strip(), "", *_listed(_contents(kind))]
        for key in keys_of(kind):
            lines += _section(kind, key, shown.get((kind, key)))
    lines += ["## Shapes", "", PROSE["shapes"].strip(), ""]
    for name, shape in SHAPES.items():
        lines += [f"### {name}", "", escaped(shape["description"]), "", *_listed(rows_of(shape))]
    for title, values in _long_lists().items():
        remedies = PROSE["remedies"] if title == "codes" else {}
        lines += [f"## {title.capitalize()}", "", *_list(values, remedies)]
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


def _section(kind: str, key: str, example: Any) -> Iterator[str]:  # noqa: ANN401  # any JSON
    rows = list(dict.fromkeys(rows_of(keys_of(kind)[key])))
    if not rows or key in OF_THE_SCHEMA:
        return
    prose = PROSE["sections"].get(kind, {}).get(key, "").strip()
    yield from (f"### {_title(kind, key)}", "", *((prose, "") if prose else ()), *_listed(rows))
    if example is not None:
        yield from ("```json", *_lines(_cut(example), f'"{key}": '), "```", "")


def _listed(rows: Iterator[Row] | list[Row]) -> Iterator[str]:
    for path, kind, meaning in rows:
        yield f"- {path if path.startswith('[`') else f'`{path}`'} ({kind}): {meaning}"
    yield ""


def _long_lists() -> dict[str, list[Schema]]:
    """Find the lists of values that are too long for a row."""
    found: dict[str, list[Schema]] = {}

    def look(schema: Any) -> None:  # noqa: ANN401  # any part of a schema
        if isinstance(schema, dict):
            values = _values(schema)
            if len(values) > MANY_VALUES:
                found[_list_name(values)] = values
        for one in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
            look(one)

    look(list(SCHEMAS.values()))
    return found


def _list(values: list[Schema], remedies: dict[str, str]) -> Iterator[str]:
    for one in values:
        remedy = remedies.get(one["const"], "")
        yield f"- `{one['const']}`: {escaped(one['description'])}" + (f" {remedy}" if remedy else "")
    yield ""


def _examples() -> dict[tuple[str, str], Any]:
    """Run every command; give for each kind and key what its report holds."""
    found: dict[tuple[str, str], Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(DOCS.parent / "sample_data/heights.csv", folder)
        for kind, (command, keys) in EXAMPLES.items():
            subprocess.run(  # noqa: S603  # the program itself
                [sys.executable, "-m", *shlex.split(command.replace("em-impute", "em_impute", 1))],
                cwd=folder,
                env={**os.environ, "SOURCE_DATE_EPOCH": WHEN},
                check=True,
            )
            saved = json.loads((folder / "report.json").read_bytes())
            found |= {(kind, key): saved[key] for key in keys}
    return found


def _cut(value: Any) -> Any:  # noqa: ANN401  # any JSON
    """Cut a value to what shows its form: first items of a list, first digits."""
    if isinstance(value, dict):
        return {key: _cut(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_cut(item) for item in value[:ITEMS]] + ["…"] * (len(value) > ITEMS)
    if isinstance(value, float) and value:
        return round(value, min(DECIMALS, max(1, DIGITS - 1 - math.floor(math.log10(abs(value))))))
    return value


def _lines(value: Any, name: str = "", indent: str = "") -> Iterator[str]:  # noqa: ANN401  # any JSON
    """Write JSON as narrow as it may be: a value on one line if it has room there."""
    line = f"{indent}{name}{json.dumps(value, ensure_ascii=False)}"
    if len(line) <= WIDTH or not isinstance(value, dict | list) or not value:
        yield line
        return
    first, last = "{}" if isinstance(value, dict) else "[]"
    pairs = list(value.items()) if isinstance(value, dict) else [("", item) for item in value]
    yield f"{indent}{name}{first}"
    for i, (key, item) in enumerate(pairs):
        inner = f"{json.dumps(key, ensure_ascii=False)}: " if key else ""
        *before, end = _lines(item, inner, f"{indent}  ")
        yield from (*before, end + ("," if i < len(pairs) - 1 else ""))
    yield f"{indent}{last}"


def main() -> None:
    """Write it."""
    (DOCS / "report.md").write_text(markdown(), encoding="utf-8")


if __name__ == "__main__":
    main()
