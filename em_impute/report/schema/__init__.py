"""The JSON Schema (draft 2020-12) of every JSON document that em-impute writes.

Read `fit.py` first: a line a key, in the order of the file.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from em_impute.report.fit_report import SCHEMA_VERSION
from em_impute.report.schema.evaluation import EVALUATION, SCORES
from em_impute.report.schema.explanation import EXPLANATION, STEPS
from em_impute.report.schema.findings import FINDINGS
from em_impute.report.schema.fit import FIT
from em_impute.report.schema.pictures import PICTURES
from em_impute.report.schema.shared import DEFINITIONS, VERSION
from em_impute.schema_terms import Schema, listing, section, use

__all__ = ["KINDS", "schema_of"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Kind(NamedTuple):
    """One kind of document."""

    title: str
    meaning: str
    keys: dict[str, Schema]
    has_several: bool
    """Of several columns it lists a report each."""


KINDS = {
    "fit": _Kind("The fit report of em-impute", "What `em-impute fill` says of a column that it completed.", FIT, True),
    "evaluation": _Kind(
        "The evaluation of em-impute",
        "What `em-impute evaluate` says of how right its fills would be.",
        EVALUATION,
        True,
    ),
    "explanation": _Kind(
        "The explanation of em-impute", "What `em-impute explain --json` says of EM, step by step.", EXPLANATION, False
    ),
}


def schema_of(kind: str) -> Schema:
    """Give the JSON Schema of one of the `KINDS` of documents, with those definitions alone that it uses."""
    title, meaning, keys, has_several = KINDS[kind]
    whole: Schema = {
        "$schema": DIALECT,
        "$id": f"urn:em-impute:{kind}:{SCHEMA_VERSION}",
        "title": title,
    }
    defined = {**DEFINITIONS, **FINDINGS, **PICTURES, **SCORES, **STEPS, "report": section(meaning, keys)}
    if has_several:
        several = section(
            "What was said of several columns.",
            {
                "schema_version": VERSION,
                "reports": listing("A report for each column, in the order asked for.", use("report")),
            },
        )
        # Not `anyOf`: what is wrong with a document is then said of the one form that it has.
        form = {"if": {"required": ["reports"]}, "then": use("reports"), "else": use("report")}
        whole |= {"description": f"{meaning}  Of several columns it is an object that lists a report for each.", **form}
        defined["reports"] = several
        needed = _reached(["report", "reports"], defined)
    else:
        whole |= {"description": meaning, **use("report")}
        needed = _reached(["report"], defined)
    return {**whole, "$defs": {name: schema for name, schema in defined.items() if name in needed}}


def _reached(names: list[str], defined: dict[str, Schema]) -> set[str]:
    """Find the definitions that some refer to, directly or by others."""
    reached: set[str] = set()
    while names:
        name = names.pop()
        if name not in reached:
            reached.add(name)
            names += _referred(defined[name])
    return reached


def _referred(schema: Any) -> Iterator[str]:  # noqa: ANN401  # any part of a schema
    """Yield the names that a part of a schema refers to."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref":
                yield value.rpartition("/")[2]
            else:
                yield from _referred(value)
    elif isinstance(schema, list):
        for one in schema:
            yield from _referred(one)
