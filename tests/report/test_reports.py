"""The report says what was done: in the data's units, in strict JSON, and literally."""

import json
import math

import numpy as np
import pytest
from builders import opened_table, silent
from scipy import stats

from em_impute.impute import complete_all
from em_impute.report.build import build_report
from em_impute.report.fit_report import to_json
from em_impute.report.markdown import to_markdown


def report_of(folder, content, column="g", *, examined=True, **options):
    with opened_table(folder, content, column, examined=examined, **options) as (opened, request):
        (completion,) = complete_all(opened, request, silent)
        return build_report(opened, completion, request, "em-impute fill", None)


def labelled(n=60, seed=0, scale=(10.0, 0.01), shift=(1e6, -3.0)):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    x = rng.normal(size=(n, 2)) + label[:, None]
    return label, x * scale + shift


def csv_text(label, x, known):
    return "g,x,y\n" + "".join(
        f"{'ab'[k] if known[i] else ''},{x[i, 0]!r},{x[i, 1]!r}\n".replace("np.float64(", "").replace(")", "")
        for i, k in enumerate(label)
    )


def test_parameters_and_log_likelihood_are_in_the_units_of_the_data(tmp_path):
    label, x = labelled()
    report = report_of(tmp_path, csv_text(label, x, np.arange(60) > 0), covariance="full", prior_strength=0.0)
    members = {one["label"]: one for one in report.model["parameters"]}
    expected = 0.0
    for i, k in enumerate(label):
        joint = {
            name: one["weight"]
            * stats.multivariate_normal(list(one["mean"].values()), one["covariance"], allow_singular=True).pdf(x[i])
            for name, one in members.items()
        }
        expected += math.log(sum(joint.values()) if i == 0 else joint["ab"[k]])

    assert report.fit["log_likelihood"] == pytest.approx(expected, rel=1e-9)
    assert report.fit["path"][-1] == report.fit["log_likelihood"]
    assert members["a"]["mean"]["x"] == pytest.approx(x[1:][label[1:] == 0][:, 0].mean(), rel=1e-4)


def test_rescaling_a_column_changes_the_log_likelihood_by_its_jacobian_only(tmp_path):
    label, x = labelled()
    known = np.arange(60) % 3 > 0
    plain = report_of(tmp_path, csv_text(label, x, known), covariance="tied")
    scaled = report_of(tmp_path, csv_text(label, x * [1000.0, 1.0], known), covariance="tied")

    assert scaled.fit["log_likelihood"] == pytest.approx(plain.fit["log_likelihood"] - 60 * math.log(1000), rel=1e-9)
    assert scaled.totals["expected"]["a"] == pytest.approx(plain.totals["expected"]["a"], rel=1e-7)


def test_json_is_strict_and_has_the_keys_of_the_contract(tmp_path):
    label, x = labelled()
    text = to_json(report_of(tmp_path, csv_text(label, x, np.arange(60) % 3 > 0)))
    report = json.loads(text, parse_constant=pytest.fail)

    assert list(report) == [
        "schema_version", "tool", "command", "created", "seed", "timings", "input", "output", "column", "labels", "missing", "filled",
        "features", "model", "fit", "selection", "groups", "accuracy", "totals", "missingness",
        "sensitivity", "suspect_labels", "audit", "marked", "log", "warnings", "plain_em", "pictures", "parts", "applied",
    ]  # fmt: skip
    assert set(report["accuracy"]) >= {
        "method",
        "accuracy",
        "interval",
        "baseline_accuracy",
        "log_loss",
        "baseline_log_loss",
    }
    assert set(report["fit"]) >= {"log_likelihood", "n_iterations", "stop", "path", "bic", "aic", "icl"}


def test_what_has_no_number_becomes_null(tmp_path):
    report = report_of(tmp_path, "g,x\na,1\nb,9\n,2\n", max_iter=1)

    assert json.loads(to_json(report))["fit"]["remaining_gain"] is None
    assert report.fit["stop"] == "max_iter"
    assert "W15" in {one["code"] for one in report.warnings}


def test_counts_add_up(tmp_path):
    label, x = labelled()
    report = report_of(tmp_path, csv_text(label, x, np.arange(60) % 3 > 0), min_probability=0.8)
    left = sum(report.missing["left_empty"].values())

    assert sum(one["known"] for one in report.labels) + report.missing["cells"] == 60
    assert sum(one["filled"] for one in report.labels) + left == report.missing["cells"]
    assert sum(report.totals["most_probable"].values()) == 60 - left
    assert sum(report.totals["expected"].values()) == pytest.approx(60)
    assert sum(one["share_expected"] for one in report.labels) == pytest.approx(1)
    assert sum(one["weight"] for one in report.model["parameters"]) == pytest.approx(1)


def test_the_path_of_the_log_likelihood_never_falls_without_a_prior(tmp_path):
    label, x = labelled(seed=3)
    report = report_of(tmp_path, csv_text(label, x, np.arange(60) % 4 == 0), prior_strength=0.0, covariance="tied")

    assert np.diff(report.fit["path"]).min() >= -1e-9


def test_markdown_shows_odd_labels_and_columns_literally(tmp_path):
    odd = "g,a|b <script>\n<b>x</b>,1\n[y](z),9\n,2\n*w*,5\n*w*,5\n[y](z),8\n<b>x</b>,2\n"
    text = to_markdown(report_of(tmp_path, odd))

    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "\\<b\\>x\\</b\\>" in text
    assert "a\\|b" in text
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")


def test_a_numeric_column_lost_to_one_bad_cell_is_warned_about(tmp_path):
    report = report_of(tmp_path, "g,x,y\na,1,5\nb,9,6x\n,2,7\na,3,8\nb,8,9\n")

    assert [one["message"] for one in report.warnings if one["code"] == "W18"] == [
        "Not used although mostly numbers: 'y' (not all cells are numbers: line 3). Correct or empty these cells."
    ]


def test_groups_that_the_predictors_do_not_separate_are_warned_about(tmp_path):
    # Quantiles of a Laplace distribution: one heap with heavy tails, which two equal spreads fit no better than one.
    x = stats.laplace.ppf((np.arange(51) + 0.5) / 51)
    content = "g,x\n" + "".join(f",{value!r}\n" for value in x.tolist())

    report = report_of(tmp_path, content, components=2, covariance="tied", prior_strength=0.0, examined=False)

    assert "W21" in {one["code"] for one in report.warnings}


def test_the_gap_between_optima_is_reported_where_several_were_found(tmp_path):
    # Seven heaps and five groups: which heaps go together makes many optima.  Seven groups have one.
    x = np.concatenate([10.0 * c + np.linspace(-1, 1, 20) for c in range(7)])
    content = "g,x\n" + "".join(f",{value!r}\n" for value in x.tolist())

    five, seven = (report_of(tmp_path, content, components=k, covariance="tied").fit for k in (5, 7))

    assert five["n_optima"] > 1
    assert five["optimum_gap"] > 0
    assert (seven["n_optima"], seven["optimum_gap"]) == (1, None)


def test_the_number_of_groups_that_was_found_is_in_the_log(tmp_path):
    x = np.concatenate([c + np.linspace(-1, 1, 40) for c in (0.0, 10.0, 21.0)])
    content = "g,x\n" + "".join(f",{value!r}\n" for value in x.tolist())

    report = report_of(tmp_path, content, components="auto")

    assert "groups: 3, by BIC" in [f"{one['action']}: {one['detail']}" for one in report.log]


def test_every_decision_is_in_the_log(tmp_path):
    content = "n,g,x,t\n1,a,1,u\n2,b,9,u\n3,NA,2,u\n4,,8,u\n"
    report = report_of(tmp_path, content)
    said = [f"{one['action']}: {one['detail']}" for one in report.log]

    assert "delimiter: comma, detected" in said
    assert "counted as missing: 'NA' in 1 cell" in said
    assert any(line.startswith("column not used: 't'") for line in said)
    assert any(line.startswith("column not used: 'n': identifier") for line in said)
