"""The schema says of every key what it is, and no more and no less than what the reports hold."""

from pathlib import Path

import pytest
from golden.forms import reports_in
from golden.keeping import kept_lines
from golden.runs import RUNS
from jsonschema import Draft202012Validator
from schema_reports import keys_in, keys_of, kind_of, validate, validator

import em_impute
from em_impute.report.model.documents import KINDS, schema_of_kind
from em_impute.report.model.shared import SCHEMA_VERSION, WARNINGS

NULL = {"type": "null"}

NEVER_NULL_HERE = {
    (None, "#/$defs/share_then_now/properties/then"),
    (None, "#/$defs/mixture_component/properties/covariance"),
    (None, "#/$defs/named_component/properties/covariance"),
}
"""Null of models that an early version saved, and of more than 256 predictors, for which there is no small table."""


@pytest.fixture(scope="session")
def found():
    """Every key of the reports that are kept of whole runs: its kind, where it is described, and whether it is null."""
    reports = [
        one for run in RUNS.values() for one in reports_in(kept_lines(run)) if {"schema_version", "reports"} & set(one)
    ]
    return {(kind_of(one), at, value is None) for one in reports for at, value in keys_in(one)}


@pytest.fixture(params=KINDS)
def schema(request):
    """Each schema."""
    return schema_of_kind(request.param)


def sections_of(schema):
    """Yield every object among the values that a schema allows."""
    if isinstance(schema, dict):
        if "object" in schema.get("type", ()):
            yield schema
        for value in schema.values():
            yield from sections_of(value)
    elif isinstance(schema, list):
        for one in schema:
            yield from sections_of(one)


def may_be_null(schema):
    alone = isinstance(schema.get("type"), list) and "null" in schema["type"]
    return alone or any(NULL in schema.get(several, ()) for several in ("oneOf", "anyOf"))


def test_the_schema_is_one_of_draft_2020_12(schema):
    Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].startswith("urn:em-impute:")


def test_every_key_is_described_in_one_sentence(schema):
    told = {
        at: one.get("description") or schema["$defs"][one["$ref"].rpartition("/")[2]]["description"]
        for at, one in keys_of(schema)
    }

    assert len(told) > 10
    assert {at: said for at, said in told.items() if not said.endswith(".") or ". " in said or "\n" in said} == {}


def test_what_may_be_null_says_when(schema):
    whole = [(at, one) for at, one in keys_of(schema) if may_be_null(one)]

    assert [at for at, one in whole if "null" not in one["description"]] == []


def test_every_object_has_known_keys_or_is_keyed_by_the_data(schema):
    for section in sections_of(schema):
        if "properties" in section:
            assert section["additionalProperties"] is False
            assert set(section["required"]) <= set(section["properties"])
        else:
            assert isinstance(section["additionalProperties"], dict)


@pytest.mark.parametrize(("kind", "report"), [(name, report) for name, (_, report, _) in KINDS.items()])
def test_the_keys_of_the_schema_are_those_of_the_report_in_its_order(kind, report):
    described = schema_of_kind(kind)["$defs"]["report"]

    assert list(described["properties"]) == described["required"] == list(report.__dataclass_fields__)
    assert described["properties"]["schema_version"]["const"] == SCHEMA_VERSION


def test_warnings_are_those_that_are_given():
    package = Path(em_impute.__file__).parent
    code = "".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py") if path.name != "shared.py")

    assert {name for number in range(100) for name in (f"W{number:02}", f"S{number:02}") if f'"{name}"' in code} == set(
        WARNINGS
    )


def place(kind, at):
    """Say where a key is described: what several documents share need not be met in each."""
    return (kind if at.startswith("#/$defs/report") else None, at)


def test_every_key_of_the_schema_is_written_by_some_run(found):
    written = {place(kind, at) for kind, at, is_null in found if not is_null}
    described = {place(kind, at) for kind in KINDS for at, _ in keys_of(schema_of_kind(kind))}

    assert described - written == set()


def test_every_key_that_may_be_null_is_null_in_some_run(found):
    nullable = {place(kind, at) for kind in KINDS for at, one in keys_of(schema_of_kind(kind)) if may_be_null(one)}
    null = {place(kind, at) for kind, at, is_null in found if is_null}

    assert nullable - null == NEVER_NULL_HERE


def test_shapes_of_one_name_are_the_same_in_every_document():
    shapes = {}
    for kind in KINDS:
        for name, shape in schema_of_kind(kind)["$defs"].items():
            if name not in {"report", "reports"}:
                assert shapes.setdefault(name, shape) == shape


def test_a_wrong_report_is_found_out(heights):
    report = heights
    wrong = {
        "a key too many": {**report, "surplus": 1},
        "a key too few": {key: value for key, value in report.items() if key != "audit"},
        "another version": {**report, "schema_version": 2},
        "another type": {**report, "seed": "0"},
        "a share above 1": {**report, "labels": [{**report["labels"][0], "share_known": 1.1}]},
        "a count below 0": {**report, "missing": {**report["missing"], "cells": -1}},
        "an unknown code": {**report, "warnings": [{"code": "W99", "message": ""}]},
        "a null where none may be": {**report, "totals": {**report["totals"], "draws": None}},
    }

    assert {name for name, one in wrong.items() if validator("fit").is_valid(one)} == set()
    validate(report)
