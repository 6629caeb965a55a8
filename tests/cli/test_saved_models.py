"""`--save-model` and `--model`, from the command line."""

import contextlib
import csv
import json
import shutil

import numpy as np
import pytest
from conftest import SAMPLES
from golden.tables import contents
from sampling import rarely

from em_impute.cli import main

HEIGHTS = ("fill", "heights.csv", "-c", "gender", "-qq", "--no-report")


@pytest.fixture(scope="session")
def fitted(tmp_path_factory):
    """A folder with what heights.csv was completed to, and the model that did it, fitted once."""
    folder = tmp_path_factory.mktemp("fitted")
    shutil.copy(SAMPLES / "heights.csv", folder)
    with contextlib.chdir(folder):
        assert main._run([*HEIGHTS, "-o", "completed.csv", "--save-model", "model.json"]) == 0
    return folder


@pytest.fixture
def saved(fitted, samples):
    """A folder with heights.csv, what it was completed to, and the model that did it."""
    for name in ("completed.csv", "model.json"):
        shutil.copy(fitted / name, samples)
    return samples


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def report_of(path):
    return json.loads(path.read_text())


def codes(path):
    return [one["code"] for one in report_of(path)["warnings"]]


FITS = {
    "the stack": ("heights.csv", "gender", ()),
    "the leading mixture": ("heights.csv", "gender", ("--single",)),
    "categories and gaps": ("penguins.csv", "species", ()),
    "groups": ("penguins.csv", "sex", ("--by", "species")),
    "no labels": ("faithful.csv", "kind", ("--labels", "short,long")),
    "trees": ("steps.csv", "g", ()),
    "free shares and a shift": ("heights.csv", "gender", ("--shares", "free", "--delta", "male=0.5")),
}


SELDOM = {"the stack", "the leading mixture", "no labels"}


@pytest.mark.parametrize("kind", [rarely(kind) if kind in SELDOM else kind for kind in FITS])
def test_a_saved_fit_fills_as_the_fit_did(call, samples, kind):
    name, column, options = FITS[kind]
    if kind == "trees":
        (samples / name).write_bytes(contents()[name])
    by_probability = ("--probabilities", "-qq", "--no-report")
    call("fill", name, "-c", column, *options, *by_probability, "-o", "fitted.csv", "--save-model", "model.json")

    assert (0, "", "") == call("fill", name, "--model", "model.json", *by_probability, "-o", "applied.csv")
    assert (samples / "fitted.csv").read_bytes() == (samples / "applied.csv").read_bytes()
    assert ("threshold" in (samples / "model.json").read_text()) == (kind == "trees")


def test_a_row_is_filled_alike_whatever_else_is_in_the_table(call, samples):
    call("fill", "penguins.csv", "-c", "sex", "-qq", "--no-report", "--save-model", "model.json")
    apply = ("--model", "model.json", "-qq", "--no-report", "--probabilities")
    call("fill", "penguins.csv", *apply, "-o", "all.csv")
    rows, whole = rows_of(samples / "penguins.csv"), rows_of(samples / "all.csv")
    for one in rows:
        one["sex"] = ""  # all of them
    rng = np.random.default_rng(0)
    some = rng.permutation(len(rows))[:30]
    write(samples / "every.csv", rows)
    write(samples / "some.csv", [rows[i] for i in some])
    write(samples / "one.csv", [rows[some[0]]])
    for name in ("every", "some", "one"):
        call("fill", f"{name}.csv", *apply, "-o", f"{name}.out.csv")
    every = rows_of(samples / "every.out.csv")

    assert [every[i] for i in some] == rows_of(samples / "some.out.csv")
    assert [every[some[0]]] == rows_of(samples / "one.out.csv")
    missing = [i for i, one in enumerate(rows_of(samples / "penguins.csv")) if one["sex"] == "NA"]
    assert [whole[i] for i in missing] == [every[i] for i in missing]


def test_rows_that_are_told_once_are_filled_and_described_as_if_one_by_one(call, samples):
    """A table of which every row stands five times is merged; the same table once is not."""
    call("fill", "penguins.csv", "-c", "sex", "--by", "species", "-qq", "--no-report", "--save-model", "model.json")
    rows = rows_of(samples / "penguins.csv")
    strange = {**rows[0], "island": "Atlantis"}
    filled, described = [], []
    for times in (1, 5):
        write(samples / "more.csv", [one for one in [*rows, strange] for _ in range(times)])
        call(
            "fill", "more.csv", "--model", "model.json", "-qq", "--probabilities", "-o", "out.csv", "-r", "report.json"
        )
        applied, columns = report_of(samples / "report.json")["applied"], rows_of(samples / "out.csv")
        drift, tested = applied["drift"], applied["tested"]
        (island,) = (one for one in drift["predictors"] if one["name"] == "island")
        filled.append(columns)
        described.append([island["psi"], tested["accuracy"], tested["log_loss"]])
    once, often = filled

    assert [one for one in once for _ in range(5)] == often
    assert described[0] == pytest.approx(described[1], rel=1e-12)


def test_parts_are_filled_by_a_model_and_a_model_is_saved_of_parts(call, saved):
    lines = (saved / "heights.csv").read_text().splitlines(keepends=True)
    for name, some in (("a", lines[1:300]), ("b", lines[300:])):
        (saved / f"part-{name}.csv").write_text("".join([lines[0], *some]))
    asked = ("fill", "part-a.csv", "part-b.csv", "-qq", "--no-report")
    call(*asked, "--model", "model.json", "-o", "filled/")
    call(*asked, "-c", "gender", "--save-model", "parts.json", "-o", "filled/again/")
    call("fill", "heights.csv", "--model", "parts.json", "-qq", "--no-report", "-o", "by-parts.csv")
    expected = (saved / "completed.csv").read_text()

    first, second = ((saved / "filled" / f"part-{name}.csv").read_text() for name in "ab")
    assert expected == first + "".join(second.splitlines(keepends=True)[1:])
    assert expected == (saved / "by-parts.csv").read_text()


def test_predictors_that_are_not_there_are_integrated_out(call, samples):
    call("fill", "penguins.csv", "-c", "sex", "--covariance", "full", "--save-model", "m.json", "-qq", "--no-report")
    rows = rows_of(samples / "penguins.csv")
    write(samples / "empty.csv", [{**one, "body_mass_g": "NA"} for one in rows])
    write(samples / "lacking.csv", [{key: one[key] for key in one if key != "body_mass_g"} for one in rows])
    apply = ("--model", "m.json", "--probabilities", "-qq")
    call("fill", "empty.csv", *apply, "-o", "empty.out.csv", "--no-report")
    code, _, _ = call("fill", "lacking.csv", *apply, "-o", "lacking.out.csv", "-r", "lacking.json")
    filled = [[one["sex_p_male"] for one in rows_of(samples / f"{name}.out.csv")] for name in ("empty", "lacking")]

    assert 0 == code
    assert filled[0] == filled[1]
    assert "W24" in codes(samples / "lacking.json")
    assert ["body_mass_g"] == report_of(samples / "lacking.json")["applied"]["lacking"]


@pytest.mark.parametrize(("higher", "expected"), [(12.0, {"W26"}), (0.0, set())])
def test_drift_is_warned_about_and_with_strict_nothing_is_written(call, saved, higher, expected):
    people = [{**one, "height": f"{float(one['height']) + higher:.1f}"} for one in rows_of(saved / "heights.csv")]
    write(saved / "new.csv", people)
    call("fill", "new.csv", "--model", "model.json", "-qq", "-o", "new.out.csv", "-r", "new.json")
    found = {code for code in codes(saved / "new.json") if code.startswith("W")} - {"W16"}
    strict = call("fill", "new.csv", "--model", "model.json", "--strict", "-qq", "-o", "strict.csv", "--no-report")

    assert expected <= found
    assert bool(expected) == bool(found)
    assert (1 if found else 0) == strict[0]
    assert bool(expected) != (saved / "strict.csv").exists()
