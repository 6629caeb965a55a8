"""The accuracy benchmark: how it asks R, shown with a program of the same name, and how it judges em-impute."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

FAKE = """#!{python}
import csv, json, pathlib, sys, time
script, method, *arguments = sys.argv[1:]
assert pathlib.Path(script).is_file()
if method == "installed":
    print("R 4.4.1")
    print("\\n".join(f"{{name}} 1.{{i}}" for i, name in enumerate(arguments)))
else:
    source, answer, n_labels, draws, seed = arguments
    pathlib.Path("seen.csv").write_text(pathlib.Path(source).read_text())
    pathlib.Path("seen.json").write_text(json.dumps([method, n_labels, draws, seed]))
    {body}
"""


@pytest.fixture
def fake_r(tmp_path, monkeypatch):
    """Put a program on the PATH that answers as R would, with `body` for the work."""

    def fake_r(body):
        program = tmp_path / "Rscript"
        program.write_text(FAKE.format(python=sys.executable, body=body), encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        monkeypatch.chdir(tmp_path)

    return fake_r


def lines(*answer):
    """Write the body of a program that answers with these lines."""
    return f"pathlib.Path(answer).write_text({chr(10).join(answer)!r})"


NUMERIC = pd.DataFrame({"size": [1.0, np.nan, 3.0, 5.0], "nothing": [np.nan] * 4, "same": [2.0] * 4})
CATEGORICAL = pd.DataFrame({"a colour": ["red", "", "blue", "red"]})
VISIBLE = np.array([0, 1, -1, -1])
HIDDEN = np.array([False, False, False, True])  # nobody knows the third label


def test_mclust_sees_numbers_without_gaps_and_its_probabilities_are_read_row_by_row(load, fake_r):
    fake_r(lines("1,0", "0,1", "0.5,0.5", "0.3,0.9"))

    probability = load("r_peers").predict("mclust", NUMERIC, CATEGORICAL, VISIBLE, HIDDEN, seed=7)

    seen = pd.read_csv("seen.csv")
    assert probability == pytest.approx(np.array([[0.25, 0.75]]))
    assert ["mclust", "2", "20", "7"] == json.loads(Path("seen.json").read_text(encoding="utf-8"))
    assert ["label", "number0", "number1", "number2"] == list(seen)  # no constants; blue or red, else neither
    assert [1.0, 2.0, None, None] == [None if np.isnan(one) else one for one in seen["label"]]
    assert seen["number0"][1] == seen["number0"][2]  # the median stands in
    assert [[0, 1], [0, 0], [1, 0], [0, 1]] == seen[["number1", "number2"]].to_numpy().tolist()


def test_mice_sees_gaps_as_they_are_and_its_draws_are_smoothed(load, fake_r):
    fake_r(lines("20,0", "0,20", "5,15", "20,0"))

    probability = load("r_peers").predict("mice", NUMERIC, CATEGORICAL, VISIBLE, HIDDEN, seed=0)

    assert probability == pytest.approx(np.array([[21 / 22, 1 / 22]]))
    assert Path("seen.csv").read_text(encoding="utf-8").splitlines() == [
        "label,number0,number2,category0",
        "1,1.0,2.0,1.0",
        "2,NA,2.0,NA",
        "NA,3.0,2.0,0.0",
        "NA,5.0,2.0,1.0",
    ]


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        ("mclust", r'sys.exit("Loading\nError in f(x) : no model\n  could be fitted")', r"R: Error in f\(x\) : no model could"),
        ("mclust", "sys.exit(3)", "R: 3"),
        ("mclust", lines("1,0", "0,1"), r"\(2, 2\) numbers"),
        ("mclust", lines("1,0", "0,1", "1,0", "NA,NA"), "mclust gave no probabilities"),
        ("mice", lines("20,0", "0,20", "0,0", "0,0"), "mice left labels empty"),
    ],
)  # fmt: skip
def test_what_goes_wrong_in_r_is_an_error_with_its_reason(load, fake_r, name, body, error):
    fake_r(body)

    with pytest.raises((RuntimeError, ValueError), match=error):
        load("r_peers").predict(name, NUMERIC, CATEGORICAL, VISIBLE, HIDDEN, seed=0)


def test_a_peer_in_r_that_hangs_is_given_up(load, fake_r, monkeypatch):
    fake_r("time.sleep(60)")
    r_peers = load("r_peers")
    monkeypatch.setattr(r_peers, "PATIENCE", 0.5)

    with pytest.raises(TimeoutError, match="R was not done after"):
        r_peers.predict("mice", NUMERIC, CATEGORICAL, VISIBLE, HIDDEN, seed=0)


def test_r_is_asked_which_peers_are_there(load, fake_r):
    fake_r("")

    assert load("r_peers").installed() == {"R": "4.4.1", "mclust": "1.0", "mice": "1.1"}


@pytest.mark.parametrize("program", [None, "#!/bin/sh\nexit 1\n", "no program at all"])
def test_without_a_working_r_its_peers_are_left_out_by_name(load, tmp_path, monkeypatch, program):
    if program:
        (tmp_path / "Rscript").write_text(program, encoding="utf-8")
        (tmp_path / "Rscript").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["accuracy.py", "--quick", "--peers", "mclust,mice"])

    settings = load("accuracy").parse()

    assert ((), ("mclust", "mice")) == (settings.peers, settings.left_out)


def test_peers_in_r_are_scored_on_the_hidden_rows_of_a_case(load, fake_r):
    fake_r(r"pathlib.Path(answer).write_text('20,0\n' * len(pathlib.Path(source).read_text().splitlines()[1:]))")
    accuracy, cases = load("accuracy"), load("accuracy_cases")
    case = cases.make_case(cases.sample_tables()[1], "90 %", 0, 1500)

    found = dict(accuracy.run_peers(case, ("mclust", "mice")))

    right = (case.truth[case.hidden] == 0).mean()
    scores = [accuracy.result(case, name, answer) for name, answer in found.items()]
    assert ["", ""] == [one["notes"] for one in scores]
    assert [right, right] == [one["accuracy"] for one in scores]
    assert scores[1]["log_loss"] == pytest.approx(-right * np.log(21 / 22) - (1 - right) * np.log(1 / 22))


def test_the_excess_over_the_class_shares_has_the_error_of_the_paired_differences(load):
    accuracy, cases = load("accuracy"), load("accuracy_cases")
    case = cases.make_case(cases.sample_tables()[0], "five", 0, 1500)
    probability = np.random.default_rng(0).dirichlet([1.0, 1.0], int(case.hidden.sum()))
    truth = case.truth[case.hidden]

    scored = accuracy.result(case, "em-impute", accuracy.Answer(probability, 0.0))

    loss = [-np.log(row[k]) + np.log(share[k]) for row, share, k in zip(probability, case.shares, truth, strict=True)]
    assert scored["excess"] == pytest.approx(np.mean(loss))
    assert scored["excess_se"] == pytest.approx(pd.Series(loss).sem())
    assert scored["excess"] == pytest.approx(
        scored["log_loss"] - accuracy.result(case, "shares", accuracy.Answer(case.shares, 0.0))["log_loss"]
    )


def test_the_summary_lists_the_tables_where_the_class_shares_are_better(load):
    summary = load("accuracy_summary")
    ours = pd.DataFrame(
        {
            "set": ["a", "a", "b", "b", "c"],
            "excess": [0.3, 0.1, 0.2, -0.1, -0.5],
            "excess_se": [0.1, 0.08, 0.2, 0.2, 0.1],
        }
    )

    said = summary.behind_shares(ours, "five")

    assert said == (
        "- five: log-loss above that of the class shares on 2 of 3 tables, by more than two standard errors on 1 "
        "(and in 1 of 5 cases): a +0.200 ± 0.090, b +0.050 ± 0.200"
    )


def test_the_error_of_a_ratio_is_that_of_tables_drawn_anew(load):
    """The oracle is the bootstrap over tables; with 400 tables both agree to a few per cent."""
    rng = np.random.default_rng(1)
    theirs = pd.Series(rng.uniform(0.2, 1.0, 400))
    ours = 0.7 * theirs + pd.Series(rng.normal(0.0, 0.1, 400))
    drawn = rng.integers(400, size=(4000, 400))

    pair = load("accuracy_summary").Paired("LDA", ours, theirs)

    ratios = ours.to_numpy()[drawn].mean(axis=1) / theirs.to_numpy()[drawn].mean(axis=1)
    assert pair.ratio_error == pytest.approx(ratios.std(), rel=0.06)
