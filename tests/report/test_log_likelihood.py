"""Log-likelihoods of a report, computed a second time from its parameters and the file; and one for the same fit."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal


@pytest.fixture
def table(tmp_path):
    """Rows of two labels; a text is held by three rows only, none of which has a label."""
    rng = np.random.default_rng(5)
    label, known = rng.integers(0, 2, 300), rng.random(300) < 0.7
    text = np.where(rng.random(300) < 0.5, "red", "blue").astype(object)
    text[np.flatnonzero(~known)[:3]] = "green"
    frame = pd.DataFrame({"x": 2.0 * label + rng.normal(size=300), "y": rng.normal(size=300), "colour": text})
    frame.insert(0, "g", np.where(known, np.array(["a", "b"])[label], ""))
    frame.to_csv(tmp_path / "t.csv", index=False)
    return frame


def report_of(call, folder, *options):
    code, _, said = call("fill", "t.csv", "-c", "g", "-r", "r.json", *options)
    assert code == 0, said
    return json.loads((folder / "r.json").read_text())


def log_likelihood(frame, parameters):
    """Sum log p(x, z) of rows with a label and log p(x) of the others, row by row."""
    columns = list(parameters[0]["mean"])
    x = np.column_stack(
        [frame["colour"] == name.partition("=")[2] if "=" in name else frame[name] for name in columns]
    ).astype(float)
    joint = np.column_stack(
        [
            np.log(one["weight"])
            + multivariate_normal([*one["mean"].values()], one["covariance"], allow_singular=True).logpdf(x)
            for one in parameters
        ]
    )
    labels = np.array([one["label"] for one in parameters])
    allowed = (frame["g"].to_numpy()[:, None] == labels) | (frame["g"].to_numpy() == "")[:, None]
    return np.logaddexp.reduce(np.where(allowed, joint, -np.inf), axis=1).sum()


@pytest.mark.parametrize("options", [(), ("-x", "x", "-x", "y"), ("--single",)])
def test_the_log_likelihood_of_the_mixture_shown_is_that_of_its_parameters(call, tmp_path, table, options):
    report = report_of(call, tmp_path, *options)
    again = log_likelihood(table, report["model"]["parameters"])

    assert again == pytest.approx(report["fit"]["log_likelihood"], rel=1e-6)


def test_plain_em_of_a_report_and_of_explain_end_at_one_height(call, tmp_path, table):
    options = ("-x", "x", "-x", "y")
    report = report_of(call, tmp_path, *options)["plain_em"]
    code, said, _ = call("explain", "t.csv", "-c", "g", *options, "--json", "-qq")
    told = call("fill", "t.csv", "-c", "g", *options, "--no-report", "-v")[2]

    assert code == 0
    assert json.loads(said)["steps"][-1]["log_likelihood"]["after"] == pytest.approx(report["log_likelihood"], abs=1e-5)
    assert f"log-likelihood of −{-report['log_likelihood']:,.3f} " in told
    assert 1 == told.count("log-likelihood")
    assert log_likelihood(table, report["parameters"]) == pytest.approx(report["log_likelihood"], rel=1e-9)
