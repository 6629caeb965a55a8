"""`--save-model`, `--model` and `--update`, from the command line."""

import csv
import json
import os
import stat

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from em_impute.saved.store import model_schema, read_model

HEIGHTS = ("fill", "heights.csv", "-c", "gender", "-q", "--no-report")


@pytest.fixture
def saved(call, samples):
    """A folder with heights.csv, what it was completed to, and the model that did it."""
    assert (0, "", "") == call(*HEIGHTS, "-o", "completed.csv", "--save-model", "model.json")
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


# The same fit, later


FITS = {
    "the stack": ("heights.csv", "gender", ()),
    "the leading mixture": ("heights.csv", "gender", ("--single",)),
    "one named mixture": ("penguins.csv", "sex", ("--covariance", "full")),
    "several Gaussians a label": ("heights.csv", "gender", ("--components", "2")),
    "categories and gaps": ("penguins.csv", "species", ()),
    "groups": ("penguins.csv", "sex", ("--by", "species")),
    "groups without labels": ("penguins.csv", "colony", ("--by", "species", "--labels", "a,b")),
    "no labels": ("faithful.csv", "kind", ("--labels", "short,long")),
    "free shares and a shift": ("heights.csv", "gender", ("--shares", "free", "--delta", "male=0.5")),
    "weights": ("penguins.csv", "sex", ("--weights", "year", "-x", "body_mass_g")),
}


@pytest.mark.parametrize(("name", "column", "options"), FITS.values(), ids=FITS)
def test_a_saved_fit_fills_as_the_fit_did(call, samples, name, column, options):
    path = samples / name
    if column == "colony":  # a column in which nothing is known
        path.write_text("\n".join(f"{line},{'' if i else 'colony'}" for i, line in enumerate(path.read_text().split())))
    by_probability = ("--probabilities", "-q", "--no-report")
    call("fill", name, "-c", column, *options, *by_probability, "-o", "fitted.csv", "--save-model", "model.json")

    assert (0, "", "") == call("fill", name, "--model", "model.json", *by_probability, "-o", "applied.csv")
    assert (samples / "fitted.csv").read_bytes() == (samples / "applied.csv").read_bytes()
    Draft202012Validator(model_schema()).validate(json.loads((samples / "model.json").read_text()))


def test_nothing_is_fitted_where_a_model_is_applied(call, saved, monkeypatch):
    def fail(*_arguments, **_options):
        raise AssertionError("a fit")

    for place in ("em_impute.impute.fit_column", "em_impute.stack.stack.fit_stack", "em_impute.engine.em.iterate"):
        monkeypatch.setattr(place, fail)

    assert (0, "", "") == call("fill", "heights.csv", "--model", "model.json", "-q", "--no-report", "-o", "new.csv")


def test_a_row_is_filled_alike_whatever_else_is_in_the_table(call, samples):
    call("fill", "penguins.csv", "-c", "sex", "-q", "--no-report", "--save-model", "model.json")
    apply = ("--model", "model.json", "-q", "--no-report", "--probabilities")
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


def test_columns_may_stand_elsewhere_and_others_beside_them(call, saved):
    rows = [{"x": "7", "height": one["height"], "gender": one["gender"]} for one in rows_of(saved / "heights.csv")]
    write(saved / "other.csv", rows)
    call("fill", "other.csv", "--model", "model.json", "-q", "--no-report", "-o", "other.out.csv")
    expected, actual = rows_of(saved / "completed.csv"), rows_of(saved / "other.out.csv")

    assert [one["gender"] for one in expected] == [one["gender"] for one in actual]


def test_a_table_without_a_missing_cell_can_be_learnt_from(call, samples):
    code, _, _ = call("fill", "heights.truth.csv", "-c", "gender", "--save-model", "model.json", "--no-report", "-q")
    call("fill", "heights.csv", "--model", "model.json", "-o", "filled.csv", "--no-report", "-q")
    truth, filled = rows_of(samples / "heights.truth.csv"), rows_of(samples / "filled.csv")

    assert code == 0
    assert (samples / "heights.truth.csv").read_bytes() == (samples / "heights.truth.filled.csv").read_bytes()
    assert 0.8 < np.mean([one["gender"] == other["gender"] for one, other in zip(truth, filled, strict=True)])


def test_several_columns_are_saved_together_and_can_be_asked_for_singly(call, samples):
    call("fill", "penguins.csv", "-c", "sex", "-c", "island", "--save-model", "model.json", "--no-report", "-q")
    rows = rows_of(samples / "penguins.csv")
    for one in rows[::3]:
        one["island"] = ""
    write(samples / "new.csv", rows)
    call("fill", "new.csv", "--model", "model.json", "--no-report", "-q", "-o", "both.csv")
    call("fill", "new.csv", "--model", "model.json", "-c", "island", "--no-report", "-q", "-o", "island.csv")
    both, island = rows_of(samples / "both.csv"), rows_of(samples / "island.csv")

    assert ("sex", "island") == read_model(samples / "model.json").names
    assert [one["island"] for one in both] == [one["island"] for one in island]
    assert {"female", "male"} == {one["sex"] for one in both}
    assert "NA" in {one["sex"] for one in island}


def test_it_works_in_a_pipe_in_place_and_by_the_changed_cells(run, call, saved):
    piped = run("fill", "-", "--model", "model.json", "-q", stdin=(saved / "heights.csv").read_bytes())
    shown = call("fill", "heights.csv", "--model", "model.json", "--diff", "-q")
    call("fill", "heights.csv", "--model", "model.json", "--in-place", "-q", "--no-report")
    expected = (saved / "completed.csv").read_bytes()

    assert (0, b"") == (piped.returncode, piped.stderr)
    assert expected == piped.stdout == (saved / "heights.csv").read_bytes()
    assert 281 == len(shown[1].splitlines())


def test_the_cells_the_model_was_told_are_missing_are_missing_here_too(call, samples):
    table = (samples / "heights.csv").read_text().replace(",,", ",unknown,")
    (samples / "u.csv").write_text(table)
    call("fill", "u.csv", "-c", "gender", "--null-value", "unknown", "--save-model", "m.json", "--no-report", "-q")

    assert (0, "", "") == call("fill", "u.csv", "--model", "m.json", "--no-report", "-q", "-o", "again.csv")
    assert (samples / "u.filled.csv").read_bytes() == (samples / "again.csv").read_bytes()
    assert "unknown" not in (samples / "again.csv").read_text()


def test_numbers_are_read_with_the_decimal_mark_that_the_model_learnt_with(call, samples):
    table = (samples / "heights.csv").read_text().replace(",", ";").replace(".", ",")
    (samples / "comma.csv").write_text(table)
    call("fill", "comma.csv", "-c", "gender", "--decimal", ",", "--save-model", "m.json", "--no-report", "-q")
    code, _, said = call("fill", "heights.csv", "--model", "m.json", "--no-report", "-q", "-o", "a.csv")
    as_asked = call("fill", "heights.csv", "--model", "m.json", "--decimal", ".", "--no-report", "-q", "-o", "a.csv")

    assert (0, "", "") == call("fill", "comma.csv", "--model", "m.json", "--no-report", "-q", "-o", "b.csv")
    assert 3 == code
    assert "'height' holds no numbers" in said
    assert (0, "", "") == as_asked


def test_a_shift_that_is_asked_for_comes_on_top(call, saved):
    call("fill", "heights.csv", "--model", "model.json", "--delta", "male=9", "-q", "--no-report", "-o", "men.csv")
    before, after = rows_of(saved / "completed.csv"), rows_of(saved / "men.csv")

    assert sum(one["gender"] == "male" for one in after) > sum(one["gender"] == "male" for one in before) + 100
    assert 3 == call("fill", "heights.csv", "--model", "model.json", "--delta", "men=9", "-q", "-o", "no.csv")[0]


def test_parts_are_filled_by_a_model_and_a_model_is_saved_of_parts(call, saved):
    lines = (saved / "heights.csv").read_text().splitlines(keepends=True)
    for name, some in (("a", lines[1:300]), ("b", lines[300:])):
        (saved / f"part-{name}.csv").write_text("".join([lines[0], *some]))
    asked = ("fill", "part-a.csv", "part-b.csv", "-q", "--no-report")
    call(*asked, "--model", "model.json", "-o", "filled/")
    call(*asked, "-c", "gender", "--save-model", "parts.json", "-o", "filled/again/")
    call("fill", "heights.csv", "--model", "parts.json", "-q", "--no-report", "-o", "by-parts.csv")
    expected = (saved / "completed.csv").read_text()

    first, second = ((saved / "filled" / f"part-{name}.csv").read_text() for name in "ab")
    assert expected == first + "".join(second.splitlines(keepends=True)[1:])
    assert expected == (saved / "by-parts.csv").read_text()


def test_the_moments_of_one_mixture_are_those_of_all_parts(call, samples):
    lines = (samples / "penguins.csv").read_text().splitlines(keepends=True)
    for name, some in (("a", lines[1:100]), ("b", lines[100:])):
        (samples / f"part-{name}.csv").write_text("".join([lines[0], *some]))
    one = ("-c", "sex", "-x", "body_mass_g", "-x", "bill_length_mm", "--covariance", "full", "-q", "--no-report")
    call("fill", "part-a.csv", "part-b.csv", *one, "--save-model", "parts.json", "-o", "filled/")
    call("fill", "penguins.csv", *one, "--save-model", "whole.json", "-o", "whole.csv")
    parts, whole = (read_model(samples / name).columns[0].model.everyone for name in ("parts.json", "whole.json"))
    scale = np.array(
        [one.scale / other.scale for one, other in zip(parts.coding.features, whole.coding.features, strict=True)]
    )

    np.testing.assert_allclose(parts.memory.moments.weight, whole.memory.moments.weight, rtol=1e-5)
    np.testing.assert_allclose(
        parts.memory.moments.scatter * np.outer(scale, scale), whole.memory.moments.scatter, rtol=1e-3
    )


# Learning further


def test_updating_learns_from_the_new_rows_and_keeps_the_old(call, samples):
    lines = (samples / "heights.csv").read_text().splitlines(keepends=True)
    (samples / "old.csv").write_text("".join(lines[:200]))
    (samples / "new.csv").write_text("".join([lines[0], *lines[200:]]))
    call("fill", "old.csv", "-c", "gender", "--save-model", "m.json", "-q", "--no-report")
    before = read_model(samples / "m.json")
    by_old = call("fill", "new.csv", "--model", "m.json", "-q", "--no-report", "-o", "by-old.csv")
    result = call("fill", "new.csv", "--model", "m.json", "--update", "-q", "-r", "new.json", "-o", "new.out.csv")
    after = read_model(samples / "m.json")
    known = sum(bool(one["gender"]) for one in rows_of(samples / "heights.csv"))

    assert (0, "", "") == result == by_old
    assert (samples / "by-old.csv").read_bytes() == (samples / "new.out.csv").read_bytes()  # filled before it learns
    assert (199, 934) == (before.columns[0].training.rows, after.columns[0].training.rows)
    assert known == after.columns[0].training.summary.labels.total
    assert known == after.columns[0].model.everyone.memory.known.sum()
    assert 2 == len(after.sources)
    assert report_of(samples / "new.json")["applied"]["learns"] is True


def test_an_updated_model_predicts_hidden_labels_as_well_as_a_fit_of_all_rows(call, samples):
    lines = (samples / "heights.truth.csv").read_text().splitlines(keepends=True)
    rng = np.random.default_rng(4)
    body = [lines[1 + i] for i in rng.permutation(len(lines) - 1)]
    for name, some in (("old", body[:60]), ("new", body[60:600]), ("test", body[600:]), ("all", body[:600])):
        (samples / f"{name}.csv").write_text("".join([lines[0], *some]))
    call("fill", "old.csv", "-c", "gender", "--save-model", "m.json", "-q", "--no-report")
    call("fill", "all.csv", "-c", "gender", "--save-model", "all.json", "-q", "--no-report")
    scores = {}
    for model in ("before", "after", "whole"):
        path = "all.json" if model == "whole" else "m.json"
        call("fill", "test.csv", "--model", path, "-r", "test.json", "-q", "-o", "t.csv")
        scores[model] = report_of(samples / "test.json")["applied"]["tested"]["log_loss"]
        if model == "before":
            call("fill", "new.csv", "--model", "m.json", "--update", "-q", "--no-report")

    assert scores["after"] < scores["before"]
    assert scores["after"] < scores["whole"] + 0.25 * (scores["before"] - scores["whole"])


def test_a_job_that_is_run_again_counts_no_row_twice(call, saved):
    before = (saved / "model.json").read_bytes()
    code, _, said = call("fill", "heights.csv", "--model", "model.json", "--update", "--no-report", "-o", "again.csv")

    assert 0 == code
    assert "S02" in said
    assert before == (saved / "model.json").read_bytes()
    assert (0, "", "") == call(
        "fill", "heights.csv", "--model", "model.json", "--update", "--strict", "--no-report", "-q", "-o", "again.csv"
    )


def test_the_updated_model_goes_where_it_is_told_to(call, saved):
    before = (saved / "model.json").read_bytes()
    rows = rows_of(saved / "heights.csv")
    write(saved / "new.csv", rows[:100])
    call("fill", "new.csv", "--model", "model.json", "--update", "--save-model", "next.json", "-q", "--no-report")

    assert before == (saved / "model.json").read_bytes()
    assert 1034 == read_model(saved / "next.json").columns[0].training.rows


def test_a_shift_that_is_asked_for_here_is_not_saved(call, saved):
    write(saved / "new.csv", rows_of(saved / "heights.csv")[:50])
    call("fill", "new.csv", "--model", "model.json", "--update", "--delta", "male=2", "-q", "--no-report")

    assert [0.0, 0.0] == read_model(saved / "model.json").columns[0].model.delta.tolist()


def test_groups_are_learnt_from_too(call, samples):
    rows = rows_of(samples / "penguins.csv")
    write(samples / "old.csv", rows[::2])
    write(samples / "new.csv", rows[1::2])
    call("fill", "old.csv", "-c", "sex", "--by", "species", "--save-model", "m.json", "-q", "--no-report")
    before = read_model(samples / "m.json").columns[0].model
    call("fill", "new.csv", "--model", "m.json", "--update", "-q", "--no-report")
    after = read_model(samples / "m.json").columns[0].model
    known = {kind: sum(one["species"] == kind and one["sex"] != "NA" for one in rows) for kind in before.groups.own}

    assert known == {kind: one.expert.memory.known.sum() for kind, one in after.groups.own.items()}
    assert all(known[kind] > one.expert.memory.known.sum() for kind, one in before.groups.own.items())


# What does not fit


def test_predictors_that_are_not_there_are_integrated_out(call, samples):
    call("fill", "penguins.csv", "-c", "sex", "--covariance", "full", "--save-model", "m.json", "-q", "--no-report")
    rows = rows_of(samples / "penguins.csv")
    write(samples / "empty.csv", [{**one, "body_mass_g": "NA"} for one in rows])
    write(samples / "lacking.csv", [{key: one[key] for key in one if key != "body_mass_g"} for one in rows])
    apply = ("--model", "m.json", "--probabilities", "-q")
    call("fill", "empty.csv", *apply, "-o", "empty.out.csv", "--no-report")
    code, _, _ = call("fill", "lacking.csv", *apply, "-o", "lacking.out.csv")
    filled = [[one["sex_p_male"] for one in rows_of(samples / f"{name}.out.csv")] for name in ("empty", "lacking")]

    assert 0 == code
    assert filled[0] == filled[1]
    assert "W24" in codes(samples / "lacking.out.report.json")
    assert ["body_mass_g"] == report_of(samples / "lacking.out.report.json")["applied"]["lacking"]


def test_every_mismatch_is_named_at_once(call, samples):
    call("fill", "penguins.csv", "-c", "sex", "--save-model", "m.json", "-q", "--no-report")
    rows = rows_of(samples / "penguins.csv")
    for at, one in enumerate(rows):
        del one["year"]
        one["body_mass_g"] = one["body_mass_g"] if one["body_mass_g"] == "NA" else str(float(one["body_mass_g"]) / 1000)
        one["island"] = "Nightmare" if one["island"] == "Dream" else one["island"]
        one["sex"] = "unsure" if at == 0 else one["sex"]
    write(samples / "new.csv", rows)
    code, _, said = call("fill", "new.csv", "--model", "m.json")

    assert 3 == code
    assert 2 == len(said.splitlines())
    for what in ("'year'", "'body_mass_g' holds numbers 1,000 times smaller", "'island'", "124 rows", "'unsure'"):
        assert what in said
    assert "Nightmare" not in said  # nobody named that column
    assert not (samples / "new.filled.csv").exists()


def test_less_than_all_labels_and_new_ones_are_accepted(call, saved):
    rows = [one for one in rows_of(saved / "heights.csv") if one["gender"] != "male"]
    rows[0]["gender"] = "unsure"
    write(saved / "new.csv", rows)
    code, _, _ = call("fill", "new.csv", "--model", "model.json", "-q", "-o", "new.out.csv")
    filled, report = rows_of(saved / "new.out.csv"), report_of(saved / "new.out.report.json")

    assert 0 == code
    assert ("unsure", {"female", "male", "unsure"}) == (filled[0]["gender"], {one["gender"] for one in filled})
    assert {"unsure": 1} == report["applied"]["new_labels"]
    assert "W31" in codes(saved / "new.out.report.json")
    assert {"unsure": 0} == {one["label"]: one["filled"] for one in report["labels"] if one["label"] == "unsure"}


def test_a_few_cells_that_are_no_numbers_are_missing_ones(call, saved):
    rows = rows_of(saved / "heights.csv")
    rows[7]["height"] = "17O"
    write(saved / "new.csv", rows)
    code, _, said = call("fill", "new.csv", "--model", "model.json", "-o", "new.out.csv", "--no-report")

    assert 0 == code
    assert "W30" in said
    assert "'height' in 1 cell, the first on line 9" in said
    assert "17O" not in said


DRIFTED = {
    "taller people": (lambda one: {**one, "height": f"{float(one['height']) + 12:.1f}"}, {"W26", "W27", "W28"}),
    "gaps": (lambda one: {**one, "height": "" if one["name"].endswith("2") else one["height"]}, {"W26"}),
    "another mix": (lambda one: {**one, "gender": "male" if one["gender"] else ""}, {"W29"}),
    "nothing": (lambda one: one, set()),
}


@pytest.mark.parametrize(("changed", "expected"), DRIFTED.values(), ids=DRIFTED)
def test_drift_is_warned_about_and_with_strict_nothing_is_written(call, saved, changed, expected):
    write(saved / "new.csv", [changed(one) for one in rows_of(saved / "heights.csv")])
    model = (saved / "model.json").read_bytes()
    call("fill", "new.csv", "--model", "model.json", "-q", "-o", "new.out.csv")
    found = {code for code in codes(saved / "new.out.report.json") if code.startswith("W")} - {"W16"}
    strict = call(
        "fill", "new.csv", "--model", "model.json", "--update", "--strict", "-q", "-o", "strict.csv", "--no-report"
    )

    assert expected <= found
    assert bool(expected) == bool(found)
    assert (1 if found else 0) == strict[0]
    assert bool(expected) == ((saved / "model.json").read_bytes() == model)
    assert bool(expected) != (saved / "strict.csv").exists()


UNUSABLE = {
    "the column is not there": ("name,height\na,1\n", "column 'gender' is not in new.csv"),
    "no predictor is there": ("name,gender\na,\n", "new.csv has none of the model's predictors"),
    "an infinite number": ("gender,height\n,inf\n", "'height' holds infinite values (line 2)"),
    "texts for numbers": ("gender,height\n,tall\n,short\n", "'height' holds no numbers (line 2)"),
    "decimal commas": ('gender,height\n,"171,5"\n,"172,5"\n', "'height' holds numbers with a decimal comma"),
    "a mark that may be a label": ("gender,height\nfemale,170\nunknown,180\n", "column 'gender' holds 'unknown'"),
}


@pytest.mark.parametrize(("table", "said"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_filled_by_the_model_is_two_lines(call, saved, table, said):
    (saved / "new.csv").write_text(table)
    code, output, error = call("fill", "new.csv", "--model", "model.json")

    assert code in {3, 4}
    assert ("", 2) == (output, len(error.splitlines()))
    assert said in error
    assert not (saved / "new.filled.csv").exists()


def test_a_table_without_rows_is_copied_and_teaches_nothing(call, saved):
    (saved / "new.csv").write_bytes(b"gender,height\r\n")
    before = read_model(saved / "model.json").columns[0].training.rows
    result = call("fill", "new.csv", "--model", "model.json", "--update", "--strict", "-q", "-o", "new.out.csv")

    assert (0, "", "") == result
    assert b"gender,height\r\n" == (saved / "new.out.csv").read_bytes()
    assert before == read_model(saved / "model.json").columns[0].training.rows


# The file of the model


BAD_MODELS = {
    "absent": (None, "cannot read the model bad.model: no such file"),
    "empty": ("", "bad.model is no model of em-impute: it is no JSON"),
    "text": ("gender,height\n", "it is no JSON"),
    "another document": ("{}", "it names no model_version"),
    "a report": ('{"schema_version": 1}', "a report is none"),
    "newer": ('{"model_version": 2}', "its model_version is 2, this em-impute reads 1 and older"),
    "a version that is none": ('{"model_version": "1"}', "it names no model_version"),
    "not UTF-8": (b"\xff\xfe{}", "it is not UTF-8"),
}


@pytest.mark.parametrize(("content", "said"), BAD_MODELS.values(), ids=BAD_MODELS)
def test_what_is_no_model_is_two_lines(call, samples, content, said):
    if content is not None:
        (samples / "bad.model").write_bytes(content.encode() if isinstance(content, str) else content)
    code, output, error = call("fill", "heights.csv", "--model", "bad.model")

    assert (3, "", 2) == (code, output, len(error.splitlines()))
    assert said in error
    assert not (samples / "heights.filled.csv").exists()


CONTRADICTIONS = {
    "no column": ((), "no column is named"),
    "update without a model": (("-c", "gender", "--update"), "--update lets a saved model learn"),
    "save without update": (("--model", "model.json", "--save-model", "m.json"), "would save the same model"),
    "update of some columns": (("--model", "model.json", "--update", "-c", "gender"), "all columns of a model"),
    "a model from nowhere": (("--model", ""), "--model takes the path of a file"),
    "a model from a stream": (("--model", "-"), "--model takes the path of a file"),
    "a model to a stream": (("-c", "gender", "--save-model", "-"), "--save-model takes the path of a file"),
    "the model is the input": (("-c", "gender", "--save-model", "heights.csv"), "is the input"),
    "the model is the output": (("-c", "gender", "--save-model", "x.csv", "-o", "x.csv"), "the same path"),
    "the model is the report": (("-c", "gender", "--save-model", "x.json", "-r", "x.json"), "the same path"),
    "parts": (("--backend", "serial", "--model", "model.json", "--update"), "--update needs a table"),
    **{
        option: (("--model", "model.json", option, *values), f"{option} contradicts --model")
        for option, *values in (
            ("-x", "height"), ("--by", "name"), ("--weights", "height"), ("--labels", "a,b"), ("--order-by", "height"),
            ("--components", "2"), ("--covariance", "full"), ("--single",), ("--unlabelled-weight", "1"),
            ("--shares", "free"), ("--prior-strength", "1"), ("--max-iter", "5"), ("--tol", "1"), ("--method", "draw"),
            ("--imputations", "3"), ("--long",),
        )
    },
}  # fmt: skip


@pytest.mark.parametrize(("options", "said"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_what_can_never_work_is_a_mistake_in_the_command_line(call, saved, options, said):
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    code, output, error = call("fill", "heights.csv", *options)

    assert (2, "", 2) == (code, output, len(error.splitlines()))
    assert said in error
    assert before == {path.name: path.read_bytes() for path in saved.iterdir()}


def test_a_model_of_free_shares_cannot_learn_further(call, samples):
    call(*HEIGHTS, "--shares", "free", "--save-model", "m.json")
    code, _, said = call("fill", "heights.csv", "--model", "m.json", "--update", "-q")

    assert 2 == code
    assert "--update contradicts --shares free" in said


def test_a_column_that_the_model_does_not_fill_is_named(call, saved):
    code, _, said = call("fill", "heights.csv", "--model", "model.json", "-c", "name")

    assert 3 == code
    assert "the model model.json does not fill column 'name'" in said
    assert "it fills 'gender'" in said


def test_no_clobber_keeps_a_model_that_is_there(call, saved):
    before = (saved / "model.json").read_bytes()
    fitted = call(*HEIGHTS, "-o", "new.csv", "--save-model", "model.json", "--no-clobber")
    learnt = call("fill", "heights.csv", "--model", "model.json", "--update", "--no-clobber", "-q", "-o", "new.csv")

    assert (5, 5) == (fitted[0], learnt[0])
    assert before == (saved / "model.json").read_bytes()
    assert not (saved / "new.csv").exists()


def test_a_dry_run_saves_no_model(call, samples):
    assert 0 == call("fill", "heights.csv", "-c", "gender", "--dry-run", "-q", "--save-model", "model.json")[0]
    assert not (samples / "model.json").exists()


def test_a_model_is_replaced_whole_and_keeps_its_mode(call, saved):
    (saved / "model.json").chmod(0o640)
    write(saved / "new.csv", rows_of(saved / "heights.csv")[:50])
    call("fill", "new.csv", "--model", "model.json", "--update", "-q", "--no-report")

    assert 0o640 == stat.S_IMODE((saved / "model.json").stat().st_mode)
    assert not [path.name for path in saved.iterdir() if path.name.startswith(".")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_model_that_cannot_be_written_is_said_before_anything_is(call, samples):
    (samples / "closed").mkdir(mode=0o500)

    assert 5 == call(*HEIGHTS, "--save-model", "closed/model.json")[0]
    assert not (samples / "heights.filled.csv").exists()


def test_a_model_in_a_folder_that_is_not_there_is_said_before_anything_is_written(call, samples):
    code, _, said = call(*HEIGHTS, "--save-model", "nowhere/model.json")

    assert 5 == code
    assert "nowhere" in said
    assert not (samples / "heights.filled.csv").exists()


def test_with_the_time_dictated_the_same_fit_is_saved_as_the_same_bytes(run, samples):
    saved = []
    for name in ("a.json", "b.json"):
        run(*HEIGHTS, "--save-model", name, SOURCE_DATE_EPOCH="1700000000")
        saved.append((samples / name).read_bytes())

    assert saved[0] == saved[1]
    assert b"2023-11-14T22:13:20Z" in saved[0]


def test_the_log_says_which_model_was_applied_and_saved(call, saved):
    write(saved / "new.csv", rows_of(saved / "heights.csv")[:50])
    call("fill", "new.csv", "--model", "model.json", "--update", "-q", "--no-report", "--log-file", "run.log")
    log = (saved / "run.log").read_text()

    assert "choose: saved model: model.json: 934 rows of heights.csv" in log
    assert "wrote model.json" in log


def test_the_model_is_no_place_for_the_log(call, saved):
    before = (saved / "model.json").read_bytes()

    assert 2 == call("fill", "heights.csv", "--model", "model.json", "--log-file", "model.json", "-q")[0]
    assert before == (saved / "model.json").read_bytes()


def test_the_schema_of_a_model_is_printed(call, saved):
    code, output, _ = call("schema", "--of", "model")
    schema = json.loads(output)

    assert 0 == code
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads((saved / "model.json").read_text()))


def test_the_reports_tell_of_the_model(call, saved, monkeypatch):
    write(saved / "new.csv", rows_of(saved / "heights.csv")[:500])
    call("fill", "new.csv", "--model", "model.json", "-q", "-o", "o.csv", "-r", "r.md", "-r", "r.json")
    code, _, said = call("fill", "new.csv", "--model", "model.json", "-v", "-o", "o.csv", "--no-report")
    again = call("report", "r.json", "-o", "again.md")
    written = (saved / "r.md").read_text()

    assert (0, 0) == (code, again[0])
    assert "## The saved model" in written
    assert written == (saved / "again.md").read_text()
    for line in (
        "model       model.json: 934 rows of heights.csv",
        "drift       ",
        "held out    ",
        "known here  ",
        "wrong       ",
    ):
        assert line in said


def test_a_model_that_has_nothing_to_learn_is_still_written_where_it_is_told_to(call, saved):
    call(
        "fill", "heights.csv", "--model", "model.json", "--update", "--save-model", "next.json", "-q", "--no-report",
        "-o", "o.csv",
    )  # fmt: skip

    assert (saved / "model.json").read_bytes() == (saved / "next.json").read_bytes()


def test_rows_learn_by_the_weights_that_the_model_was_fitted_by(call, tmp_path, monkeypatch):
    """The labels that a model remembers are counted by weight, wherever the column stands."""
    monkeypatch.chdir(tmp_path)
    heights = {"f": range(155, 171), "m": range(170, 186)}
    rows = [{"height": h, "counts": 1 + h % 3, "sex": sex} for sex, tall in heights.items() for h in tall]
    more = [{"sex": "f", "counts": 2.5, "height": 166.5}, {"sex": "m", "counts": 0.5, "height": 181.5}]
    write(tmp_path / "rows.csv", rows)
    write(tmp_path / "more.csv", more)
    write(tmp_path / "bare.csv", [{"sex": one["sex"], "height": one["height"]} for one in more])
    fit = ("fill", "rows.csv", "-c", "sex", "-x", "height", "--weights", "2", "--save-model", "model.json")
    assert 0 == call(*fit, "-q", "--no-report")[0]
    update = ("--model", "model.json", "--update", "--save-model", "next.json", "-q", "--no-report")
    assert 0 == call("fill", "more.csv", *update)[0]

    known = [read_model(tmp_path / name).columns[0].model.everyone.memory.known for name in ("model.json", "next.json")]
    assert pytest.approx([2.5 / 1.5, 0.5 / 1.5]) == known[1] - known[0]  # in each table a row counts 1 on average
    write(tmp_path / "alike.csv", [{**one, "counts": 7} for one in more])
    assert 0 == call("fill", "alike.csv", *update)[0]
    status, _, said = call("fill", "bare.csv", *update)
    assert 3 == status
    assert [
        "error: column 'counts' is not in bare.csv: it says how much each row counts",
        "hint: add it, or leave --update out",
    ] == said.splitlines()
    assert 0 == call("fill", "bare.csv", *update[:2], "-q", "--no-report")[0]
