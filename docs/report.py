"""Write docs/report.md, the reports key by key: from their schema, runs on sample_data, and the prose of report.toml.

python docs/report.py
"""  # noqa: INP001  # a script, no package

import json
import math
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keys import (
    LONG_LISTS,
    SHARED,
    Schema,
    Table,
    escaped,
    keys_of,
    list_title,
    resolved,
    shape_of,
    shape_title,
    slug,
    table_of,
    type_of,
)

from em_impute.report.schema import KINDS, schema_of

DOCS = Path(__file__).parent

PROSE: dict[str, Any] = tomllib.loads((DOCS / "report.toml").read_text(encoding="utf-8"))
"""What the schema does not say: a word before each document and section, and what to do about a warning."""

RUNS = {
    "fit": (
        "em-impute fill heights.csv -c gender --save-model model.json -r report.json -q",
        "em-impute fill heights_parents.csv --model model.json -r report.json -q",
        "em-impute fill penguins.csv -c sex --by species -r report.json -q",
        "em-impute fill heights.csv -c gender --backend serial -r report.json -q",
    ),
    "evaluation": ("em-impute evaluate heights.csv -c gender -r report.json -q",),
    "explanation": ("em-impute explain heights.csv -c gender --line 2 --line 6 --steps 1 --json -q",),
}
"""Commands that the examples are from: of each section the first whose report has it."""

WHEN = "1764028800"
"""Time of the examples in seconds (SOURCE_DATE_EPOCH), which would else differ from run to run."""

DIGITS, DECIMALS, ITEMS, LETTERS, WIDTH = 4, 8, 2, 90, 100
"""How numbers, lists, texts and lines of the examples are cut."""


def examples() -> dict[tuple[str, str], tuple[str, Any]]:
    """Run every command; give for each kind and key the command and what its report holds, where one holds anything."""
    found: dict[tuple[str, str], tuple[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for sample in (DOCS.parent / "sample_data").glob("*.csv"):
            shutil.copy(sample, folder)
        for kind, commands in RUNS.items():
            for command in commands:
                for key, value in _reported(command, folder).items():
                    if value not in (None, [], {}):
                        found.setdefault((kind, key), (command, value))
    return found


def _reported(command: str, folder: Path) -> dict[str, Any]:
    """Run one command and read its report: from the file that it names, or else from standard output."""
    done = subprocess.run(  # noqa: S603  # the program itself
        [sys.executable, "-m", *shlex.split(command.replace("em-impute", "em_impute", 1))],
        cwd=folder,
        env={**os.environ, "SOURCE_DATE_EPOCH": WHEN},
        stdout=subprocess.PIPE,
        check=True,
    )
    saved: dict[str, Any] = json.loads(done.stdout or (folder / "report.json").read_bytes())
    return saved


def markdown() -> str:
    """Write the page."""
    shown = examples()
    lines = ["# The reports, key by key", "", PROSE["introduction"].strip(), ""]
    for kind, said in KINDS.items():
        prose = PROSE["documents"].get(kind, {"title": said.title, "introduction": escaped(said.meaning)})
        lines += [f"## {prose['title']}", "", prose["introduction"].strip(), "", *_contents(kind)]
        for key, schema in keys_of(kind).items():
            if _has_section(kind, key, schema):
                lines += _section(kind, key, schema, shown.get((kind, key)))
    lines += ["## Shapes that several keys have", "", PROSE["shapes"].strip(), ""]
    for name in SHARED:
        lines += [
            f"### {shape_title(name)}",
            "",
            escaped(shape_of(name)["description"]),
            "",
            *_table(table_of(shape_of(name))),
        ]
    for key, values in LONG_LISTS.items():
        remedies = PROSE["remedies"] if key == "code" else {}
        lines += [f"## {list_title(key)}", "", PROSE["lists"].get(key, "").strip(), "", *_values(values, remedies)]
    return "\n".join(lines).rstrip() + "\n"


def _title(kind: str, key: str) -> str:
    """Give the heading of a section; what a fit report has as well is told apart by the name of the document."""
    return f"`{key}`" if kind == "fit" or key not in keys_of("fit") else f"`{key}` of an {kind}"


def _has_section(kind: str, key: str, schema: Schema) -> bool:
    """Tell whether a key has anything below it, and nothing that is told elsewhere: in the fit report or as a shape."""
    return bool(table_of(schema).rows or table_of(schema).forms) and not _is_told(kind, key, schema)


def _is_told(kind: str, key: str, schema: Schema) -> bool:
    return kind != "fit" and table_of(keys_of("fit").get(key, {"type": "null"})) == table_of(schema)


def _contents(kind: str) -> Iterator[str]:
    """List the keys of a document."""
    yield from ("| key | type | what it is |", "|---|---|---|")
    required = schema_of(kind)["$defs"]["report"]["required"]
    for key, schema in keys_of(kind).items():
        title = _title("fit", key) if _is_told(kind, key, schema) else _title(kind, key)
        is_linked = bool(table_of(schema).rows or table_of(schema).forms)
        name = f"[`{key}`](#{slug(title)})" if is_linked else f"`{key}`"
        lacking = "" if key in required else "; not always there"
        yield f"| {name} | {type_of(schema)}{lacking} | {escaped(resolved(schema)['description'])} |"
    yield ""


def _section(kind: str, key: str, schema: Schema, example: tuple[str, Any] | None) -> Iterator[str]:
    yield from (f"### {_title(kind, key)}", "")
    yield from (PROSE["sections"].get(kind, {}).get(key, escaped(resolved(schema)["description"])).strip(), "")
    yield from _table(table_of(schema))
    if example is not None:
        command, value = example
        yield from (f"From `{command}`:", "", "```json", *_shown(_cut(value), f'"{key}": '), "```", "")


def _table(table: Table) -> Iterator[str]:
    if table.title:
        yield from (f"{table.title}", "")
    if table.rows:
        yield from ("| key | type | what it is |", "|---|---|---|")
        yield from (f"| `{row.path}` | {row.type} | {row.meaning} |" for row in table.rows)
        yield ""
    for note in table.notes:
        yield from (note, "")
    for form in table.forms:
        yield from _table(form)


def _values(values: list[Schema], remedies: dict[str, str]) -> Iterator[str]:
    last = (" what to do |", "---|") if remedies else ("", "")
    yield from (f"| value | meaning |{last[0]}", f"|---|---|{last[1]}")
    for one in values:
        remedy = f" {remedies.get(one['const'], '')} |" if remedies else ""
        yield f"| `{one['const']}` | {escaped(one['description'])} |{remedy}"
    yield ""


def _cut(value: Any) -> Any:  # noqa: ANN401  # any JSON
    """Cut a value to what shows its form: first items of a list, the beginning of a text, first digits."""
    if isinstance(value, dict):
        return {key: _cut(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_cut(item) for item in value[:ITEMS]] + ["…"] * (len(value) > ITEMS)
    if isinstance(value, str):
        return value if len(value) <= LETTERS else f"{value[:LETTERS].rsplit(' ', 1)[0]} …"
    if isinstance(value, float) and value:
        return round(value, min(DECIMALS, max(1, DIGITS - 1 - math.floor(math.log10(abs(value))))))
    return value


def _shown(value: Any, name: str = "", indent: str = "") -> Iterator[str]:  # noqa: ANN401  # any JSON
    """Write JSON as narrow as it may be: a value on one line if it has room there."""
    line = f"{indent}{name}{json.dumps(value, ensure_ascii=False)}"
    if len(line) <= WIDTH or not isinstance(value, dict | list) or not value:
        yield line
        return
    first, last = "{}" if isinstance(value, dict) else "[]"
    names = (
        [f"{json.dumps(key, ensure_ascii=False)}: " for key in value] if isinstance(value, dict) else [""] * len(value)
    )
    items = list(value.values() if isinstance(value, dict) else value)
    yield f"{indent}{name}{first}"
    for i, (inner, item) in enumerate(zip(names, items, strict=True)):
        *before, end = _shown(item, inner, f"{indent}  ")
        yield from (*before, end + ("," if i < len(items) - 1 else ""))
    yield f"{indent}{last}"


def main() -> None:
    """Write it."""
    (DOCS / "report.md").write_text(markdown(), encoding="utf-8")


if __name__ == "__main__":
    main()
