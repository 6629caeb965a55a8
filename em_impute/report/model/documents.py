"""The documents as JSON: their text, reading them strictly, and their schema (draft 2020-12)."""

from dataclasses import fields
from typing import Any

from em_impute.report.model import shared
from em_impute.report.model.asked import CheckReport, EvaluationReport, ExplanationReport, WhyReport
from em_impute.report.model.fit import FitReport
from em_impute.serialize.classes import from_json, schema_of, to_json
from em_impute.serialize.json_text import render
from em_impute.serialize.values import DIALECT, Schema

Report = FitReport | EvaluationReport | ExplanationReport | WhyReport | CheckReport

KINDS: dict[str, tuple[str, type[Report], bool]] = {
    "fit": ("The fit report of em-impute", FitReport, True),
    "evaluation": ("The evaluation of em-impute", EvaluationReport, True),
    "explanation": ("The explanation of em-impute", ExplanationReport, False),
    "why": ("Why em-impute fills rows as it does", WhyReport, False),
    "check": ("What em-impute would use and fill", CheckReport, False),
}
"""Kinds of documents: the title, the class, and whether one may list the reports on several columns."""


def json_of(*reports: Report) -> str:
    """Write strict JSON: one report as an object, several as an object that lists them."""
    made = [to_json(report) for report in reports]
    return render(made[0] if len(made) == 1 else {"schema_version": shared.SCHEMA_VERSION, "reports": made})


def read(saved: Any) -> FitReport:  # noqa: ANN401  # whatever a file holds
    """Make a fit report of what JSON holds.  Raises FormatError.

    Keys that this version does not know are left out, and those that have a default, since they came later, may lack.
    """
    later = {one.name: None for one in fields(FitReport) if one.default is None}
    return from_json(FitReport, later | saved if isinstance(saved, dict) else saved)


def schema_of_kind(kind: str) -> Schema:
    """Give the JSON Schema of one of the `KINDS` of documents."""
    title, report, has_several = KINDS[kind]
    described = schema_of(report)
    defined, meaning = {"report": described, **described.pop("$defs")}, described["description"]
    whole: Schema = {"$schema": DIALECT, "$id": f"urn:em-impute:{kind}:{shared.SCHEMA_VERSION}", "title": title}
    if not has_several:
        return whole | {"description": meaning, "$ref": "#/$defs/report", "$defs": defined}
    listed = {
        "description": "A report for each column, in the order asked for.",
        "type": "array",
        "items": {"$ref": "#/$defs/report"},
    }
    defined["reports"] = {
        "description": "What was said of several columns.",
        "type": "object",
        "properties": {"schema_version": described["properties"]["schema_version"], "reports": listed},
        "required": ["schema_version", "reports"],
        "additionalProperties": False,
    }
    # Not `anyOf`: what is wrong with a document is then said of the one form that it has.
    return whole | {
        "description": f"{meaning}  Of several columns it is an object that lists a report for each.",
        "if": {"required": ["reports"]},
        "then": {"$ref": "#/$defs/reports"},
        "else": {"$ref": "#/$defs/report"},
        "$defs": defined,
    }
