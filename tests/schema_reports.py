"""Reports of many kinds of runs, and what the schema says of a report."""

import gzip
import json
import os
import sys
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout, suppress
from functools import cache
from io import BytesIO, StringIO, TextIOWrapper
from unittest.mock import patch

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from parted import HEADER, cut, records

from em_impute.cli import door
from em_impute.report.schema import schema_of

NOTHING = ""
"""What an empty cell holds."""

LARGE = 300_000
"""Bytes of a report from which on it is not validated."""


@cache
def validator(kind):
    """Make what compares documents of one kind with the schema."""
    return Draft202012Validator(schema_of(kind), format_checker=Draft202012Validator.FORMAT_CHECKER)


def kind_of(report):
    """Tell which of the three kinds a document is."""
    first = report.get("reports", [report])[0]
    return "explanation" if "steps" in first else "evaluation" if "hiding" in first else "fit"


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


def _table(header, *columns):
    rows = zip(*columns, strict=True)
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def _people(n=60):
    """Two labels with gaps, a second column to fill, a category, groups and weights."""
    rng = np.random.default_rng(8)
    kind = rng.integers(0, 2, n)
    label = np.where(rng.random(n) < 0.3, NOTHING, np.where(kind, "man", "woman"))
    other = np.where(rng.random(n) < 0.2, "NA", np.where(rng.integers(0, 2, n), "left", "right"))
    x = [f"{value:.2f}" for value in rng.normal(170.0 + 12.0 * kind, 7.0)]
    y = np.where(rng.random(n) < 0.1, NOTHING, [f"{value:.1f}" for value in rng.normal(70.0 + 9.0 * kind, 9.0)])
    colour = np.where(rng.random(n) < 0.1, NOTHING, np.where(rng.random(n) < 0.3 + 0.4 * kind, "red", "blue"))
    return _table(
        "sex,hand,x,y,colour,site,w", label, other, x, y, colour, rng.integers(1, 4, n), rng.integers(0, 3, n)
    )


def _unlabelled(n=60):
    rng = np.random.default_rng(3)
    x = rng.normal(6.0 * (np.arange(n) % 2), 1.0)
    return _table("g,x,y", [NOTHING] * n, x.round(3), rng.normal(size=n).round(3))


def _lost_by_class(n=600):
    """Labels of one class and of large values are lost more often."""
    rng = np.random.default_rng(1)
    kind = rng.integers(0, 2, n)
    x = rng.normal(4.0 * kind, 1.0)
    lost = rng.random(n) < np.where(kind, 0.7, 0.1)
    return _table("g,x", np.where(lost, NOTHING, np.where(kind, "b", "a")), x.round(3))


def _odd_rows():
    """Suspects, rows beyond all labels and rows without a predictor."""
    rng = np.random.default_rng(5)
    kind = np.arange(80) % 2
    x = [f"{value:.3f}" for value in rng.normal(9.0 * kind, 1.0)]
    label = np.where(kind, "b", "a").tolist()
    label[0], label[1], label[10:20] = "b", "a", [NOTHING] * 10
    x[10], x[11], x[12], x[13] = NOTHING, NOTHING, "80", "4.5"
    colour = ["red", "blue"] * 40
    colour[10], colour[11], colour[14] = NOTHING, NOTHING, "green"
    return _table("g,x,colour", label, x, colour)


def _many_labels():
    rng = np.random.default_rng(2)
    kind = np.arange(160) % 16
    label = [NOTHING if at % 7 == 0 else f"k{one:02}" for at, one in enumerate(kind)]
    return _table("g,x,y", label, (kind + rng.normal(size=160)).round(2), rng.normal(size=160).round(2))


def _apart():
    """Predictors that tell missing from known for sure, and some that only known rows show."""
    number = np.arange(24)
    known, kind = number < 14, number % 2
    label = np.where(known, np.where(kind, "b", "a"), NOTHING)
    shown, colour = np.where(known, number % 4, NOTHING), np.where(known, np.where(kind, "red", "blue"), NOTHING)
    return _table("g,x,y,z,colour", label, np.where(known, 1, 2), kind + number % 3, shown, colour)


def _huge():
    """Numbers whose squares no number can be."""
    rng = np.random.default_rng(6)
    kind = np.arange(40) % 2
    x, y = ((kind + rng.normal(size=40) / 4.0) * 1e200 for _ in range(2))
    return _table("g,x,y", np.where(np.arange(40) % 4, np.where(kind, "b", "a"), NOTHING), x, y)


def _moved(n=80):
    """People again, taller by more than anybody was, with labels and texts of which they had none."""
    rng = np.random.default_rng(9)
    kind = rng.integers(0, 2, n)
    label = np.where(rng.random(n) < 0.4, NOTHING, np.where(kind, "man", "woman"))
    label[:3] = "child"
    x = [f"{value:.2f}" for value in rng.normal(240.0 + 12.0 * kind, 7.0)]
    y = np.where(rng.random(n) < 0.6, NOTHING, [f"{value:.1f}" for value in rng.normal(70.0 + 9.0 * kind, 9.0)])
    return _table("sex,x,y,colour", label, x, y, np.where(np.arange(n) < 5, "green", "red"))


def write_files(folder):
    """Write the files that the runs read."""
    people = _people()
    texts = {
        "people.csv": people,
        "blank.csv": _unlabelled(),
        "lost.csv": _lost_by_class(),
        "odd.csv": _odd_rows(),
        "many.csv": _many_labels(),
        "apart.csv": _apart(),
        "huge.csv": _huge(),
        "alone.csv": "g,x\n" + "a,1\nb,1\n" * 6 + "".join(f",{i}\n" for i in range(7)),
        "whole.csv": "g,x\na,1\nb,2\na,3\n",
        "few.csv": "g,x,y\na,1,2\nb,5,4\n,2,3\n,4,3\n,1,2\n,6,3\n,3,3\n",
        "short.csv": "g,x,y,z\na,1,2,5\na,2,1,3\na,3,3,4\nb,7,8,1\nb,8,6,2\nb,6,7,0\n,2,3,1\n,7,7,4\n,5,4,2\n",
        "flat.csv": "g,x\n" + "".join(f",{i * i % 23}\n" for i in range(60)),
        "alike.csv": "id,g,x\n" + "".join(f"{i},{'aA'[i % 2]},{i % 2 * 2 + i % 5}\n" for i in range(40)),
        "bare.csv": people.partition("\n")[2],
        "moved.csv": _moved(),
        "two.csv": "sex,x,y,colour\n,170,,\nman,180,,\n",
        "gaps.csv": "sex,x\n,\n,\n",
        "none.csv": "sex,x,y,colour\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    commas = "sep=;\n" + people.replace(",", ";").replace(".", ",")
    (folder / "comma16.csv").write_bytes(b"\xff\xfe" + commas.encode("utf-16-le"))
    (folder / "people.csv.gz").write_bytes(gzip.compress(people.encode()))
    rows = list(records(120, seed=3, labels=("female", "male")))
    rows[5] = "5,female,4.5,,green\n"  # which looks wrong
    cut(folder, rows, [70, 120])
    for number in range(2):
        packed = gzip.compress((folder / f"part-{number}.csv").read_bytes())
        (folder / f"part-{number + 2}.csv.gz").write_bytes(packed)
    blank = [",".join([*row.split(",")[:1], NOTHING, *row.split(",")[2:]]) for row in records(50, seed=4)]
    (folder / "blank").mkdir()
    cut(folder / "blank", blank, [30, 50], HEADER)


PEOPLE = ("fill", "people.csv", "-c", "sex")
BRIEF = ("-c", "sex", "-x", "x", "--covariance", "tied")
PARTS = ("fill", "part-0.csv", "part-1.csv", "-c", "g", "-x", "x")
HIDDEN = ("evaluate", "people.csv", "-c", "sex", "-x", "x")
ONCE = ("--covariance", "tied", "--repeats", "1")

RUNS = {
    "one predictor": (*PEOPLE, "-x", "x"),
    "numbers and a category": (*PEOPLE, "-x", "x", "-x", "y", "-x", "colour"),
    "a category alone": (*PEOPLE, "-x", "colour", "--single"),
    "no label known": ("fill", "blank.csv", "-c", "g", "--labels", "a,b", "--covariance", "tied"),
    "number of groups open": ("fill", "flat.csv", "-c", "g", "--components", "auto"),
    "several optima": ("fill", "flat.csv", "-c", "g", "--labels", "a,b,c", "--covariance", "full"),
    "families that cannot be fitted": ("fill", "flat.csv", "-c", "g", "--labels", "a,b,c,d,e,f", "--prior-strength", "0"),
    "families compared": ("fill", "short.csv", "-c", "g", "--prior-strength", "0"),
    "two Gaussians a label": (*PEOPLE, "-x", "x", "--components", "2", "--covariance", "tied"),
    "half a weight": (*PEOPLE, "-x", "x", "-x", "y", "--covariance", "eev", "--unlabelled-weight", "0.5"),
    "several columns": ("fill", "people.csv", *BRIEF, "-c", "hand", "--null-value", "NA"),
    "groups": (*PEOPLE, "-x", "x", "--by", "site"),
    "weights": (*PEOPLE, "-x", "x", "--weights", "w"),
    "imputations": ("fill", "people.csv", *BRIEF, "--imputations", "2"),
    "drawn labels": ("fill", "bare.csv", "-c", "1", "-x", "3", "--no-headers", "--method", "draw", "--no-advice"),
    "unsure cells": ("fill", "odd.csv", "-c", "g", "-x", "x", "-x", "colour", "--min-probability", "0.9999"),
    "changes alone": ("fill", "people.csv", *BRIEF, "--probability", "--probabilities", "--indicator", "--diff"),
    "compressed standard input": ("fill", "-", *BRIEF, "-o", "-"),
    "UTF-16 with decimal commas": ("fill", "comma16.csv", *BRIEF, "--decimal", ","),
    "nothing missing": ("fill", "whole.csv", "-c", "g"),
    "not converged": (*PEOPLE, "-x", "x", "--covariance", "full", "--max-iter", "1"),
    "lost by class": ("fill", "lost.csv", "-c", "g", "--covariance", "tied"),
    "shares of their own": ("fill", "lost.csv", "-c", "g", "--covariance", "tied", "--shares", "free", "--delta", "a=1"),
    "many labels": ("fill", "many.csv", "-c", "g", "-x", "x"),
    "surely apart": ("fill", "apart.csv", "-c", "g", "--single"),
    "labels that do not vary": ("fill", "alone.csv", "-c", "g", "--covariance", "full"),
    "huge numbers": ("fill", "huge.csv", "-c", "g", "--covariance", "full"),
    "few labels": ("fill", "few.csv", "-c", "g"),
    "parts": PARTS,
    "one part": ("fill", "part-0.csv", "-c", "g", "-x", "x", "--max-memory", "64M", "--covariance", "full"),
    "compressed parts": ("fill", "part-2.csv.gz", "part-3.csv.gz", "-c", "g", "-c", "c", "--covariance", "tied"),
    "parts without labels": ("fill", "blank/part-*.csv", "-c", "g", "-x", "x", "--labels", "a,b", "--covariance", "tied"),
    "a saved model": ("fill", "people.csv", "--model", "people.json"),
    "a saved model where much has moved": ("fill", "moved.csv", "--model", "people.json"),
    "a saved model with few rows and no labels": ("fill", "two.csv", "--model", "people.json"),
    "a saved model and no rows": ("fill", "none.csv", "--model", "people.json"),
    "a saved model without predictors": ("fill", "gaps.csv", "--model", "one.json"),
    "a saved model of rows without labels": ("fill", "blank.csv", "--model", "blank.json"),
    "a saved model and parts": ("fill", "part-0.csv", "part-1.csv", "--model", "parts.json"),
    "evaluation": (*HIDDEN, "--repeats", "1"),
    "evaluation by class": (*HIDDEN, "--covariance", "tied", "--hide-label", "man=0", "--repeats", "2"),
    "evaluation of random rows": ("evaluate", "alike.csv", "-c", "g", "--how", "random", *ONCE),
    "evaluation of labels that do not vary": ("evaluate", "alone.csv", "-c", "g", "--repeats", "1"),
    "evaluation of columns": (*HIDDEN, "-c", "hand", "-x", "colour", "--null-value", "NA", "--weights", "w", "--single", "--repeats", "1"),
    "evaluation of a compressed file": ("evaluate", "people.csv.gz", *BRIEF, "--repeats", "1"),
    "explanation": ("explain", "people.csv", "-c", "sex", "--line", "2", "--line", "13"),
    "explanation of one step": ("explain", "blank.csv", "-c", "g", "--labels", "a,b", "--max-iter", "1"),
    "explanation of huge numbers": ("explain", "huge.csv", "-c", "g"),
    "explanation without labels": ("explain", "blank.csv", "-c", "g", "--labels", "a,b", "--steps", "all", "--rows", "1", "--tol", "0.1"),
    "explanation with a prior": ("explain", "people.csv.gz", "-c", "sex", "--prior-strength", "1", "--line", "2"),
    "explanation of a collapse": ("explain", "few.csv", "-c", "g"),
    "explanation of labels alike": ("explain", "alike.csv", "-c", "g", "--max-iter", "1"),
}  # fmt: skip
"""The command lines, by what is special about each; a file for the report is named by `made`."""

SAVED = {
    "people.json": ("fill", "people.csv", "-c", "sex", "-x", "x", "-x", "y", "-x", "colour", "--single"),
    "one.json": ("fill", "people.csv", "-c", "sex", "-x", "x", "--covariance", "tied"),
    "blank.json": ("fill", "blank.csv", "-c", "g", "--labels", "a,b", "--covariance", "tied"),
    "parts.json": ("fill", "part-0.csv", "-c", "g", "-x", "x", "--covariance", "tied"),
}
"""What fits the models that are applied, by the names of their files."""

LIMITS = {
    "lost by class": {"em_impute.findings.audit.JUDGED_ROWS": 20, "em_impute.select.MAX_ROWS": 40},
    "several columns": {"em_impute.findings.plain.LEAST_STEPS": 10**9},
    "half a weight": {"em_impute.report.pictured.MAX_COVARIANCES": 1},
}
"""What is large only in tables too large for a test, made small: where it stands, and how large it is then."""


QUICK = {"em_impute.findings.uncertainty.N_DRAWS": 10, "em_impute.findings.plain.N_REFITS": 3}
"""What takes most of the time, and shows in the sizes of numbers alone."""

REPRODUCIBLE = {"nothing missing", "evaluation of random rows"}
"""Runs in which SOURCE_DATE_EPOCH is set."""


def made(folder):
    """Run every kind in a folder; give its reports by the name of the kind."""
    write_files(folder)
    for name, arguments in SAVED.items():
        report_of(folder, [*arguments, "--save-model", name], QUICK, {})
    return {name: report_of_run(folder, name) for name in RUNS}


def report_of_run(folder, name):
    """Run one command and read the report that it writes."""
    environment = {"SOURCE_DATE_EPOCH": "0"} if name in REPRODUCIBLE else {}
    return report_of(folder, RUNS[name], {**QUICK, **LIMITS.get(name, {})}, environment)


def report_of(folder, arguments, limits, environment):
    """Run a command within this process and read the report that it writes."""
    saved = folder / "report.json"
    saved.unlink(missing_ok=True)
    arguments = [*arguments, *(["--json"] if arguments[0] == "explain" else ["-r", saved.name]), "-q"]
    given, said, complained = BytesIO((folder / "people.csv.gz").read_bytes()), BytesIO(), StringIO()
    with (
        ExitStack() as changed,
        chdir(folder),
        patch.object(door, "_prepare", lambda: None),  # the signals are pytest's
        patch.object(sys, "argv", ["em-impute", *arguments]),
        patch.object(sys, "stdin", TextIOWrapper(given)),
        patch.dict(os.environ, environment),
        redirect_stdout(TextIOWrapper(said, write_through=True)),
        redirect_stderr(complained),
    ):
        for place, size in limits.items():
            changed.enter_context(patch(place, size))
        code = door._run(arguments)
        text = said.getvalue()
    assert (code, complained.getvalue()) == (0, ""), arguments
    return json.loads(text if arguments[0] == "explain" else saved.read_bytes(), parse_constant=pytest.fail)


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
    yield from _keys_in(report, schema_of(kind), "#", validator(kind))


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
