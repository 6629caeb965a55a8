"""`em-impute why`: what goes where, and that a change that is said to change the label does.  Refusals: test_refusals.py."""

import csv

from builders import strict


def test_a_change_that_is_said_to_change_the_label_does_so_in_the_file(run, samples):
    saved = ("penguins.csv", "-c", "sex", "--no-report", "-q")
    assert run("fill", *saved, "--save-model", "model.json").returncode == 0
    asked = run("why", "penguins.csv", "--model", "model.json", "--line", "10", "--line", "13", "--json", "-q")
    rows = strict(asked.stdout)["rows"]
    lines = [*csv.reader((samples / "penguins.csv").read_text().splitlines())]
    assert all(row["changes"] for row in rows)
    changed = [(row, change) for row in rows for change in row["changes"]]
    for row, change in changed:
        line = [*lines[row["line"] - 1]]
        line[lines[0].index(change["predictor"])] = str(change["value"])
        lines.append(line)
    with (samples / "more.csv").open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    filled = run("fill", "more.csv", "--model", "model.json", "--probability", "-o", "-", "-q")
    table = [*csv.DictReader(filled.stdout.decode().splitlines())]

    for (_, change), line in zip(changed, table[-len(changed) :], strict=True):
        assert line["sex"] == change["label"]
        assert abs(float(line["sex_probability"]) - change["probability"]) < 1e-4


def test_a_fit_and_the_model_that_was_saved_of_it_give_the_same_reasons(run, samples):
    words = ("heights.csv", "-c", "gender", "-q")
    assert run("fill", *words, "--no-report", "--save-model", "model.json").returncode == 0
    fitted, applied = (
        strict(run("why", *words, *more, "--line", "16", "--line", "5", "--json").stdout)["rows"]
        for more in ((), ("--model", "model.json"))
    )

    assert [row["known"] for row in fitted] == [None, "female"]
    for one, other in zip(fitted, applied, strict=True):
        assert abs(one.pop("log_odds") - other.pop("log_odds")) < 1e-6
        assert one["label"] == other["label"]
        assert one["nearest"] == other["nearest"]
