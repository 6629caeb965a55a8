"""Filling from a stack of mixtures, and what turns it off."""

import csv
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest


def cells(data, column):
    rows = list(csv.reader(io.StringIO(data)))
    return [row[rows[0].index(column)] for row in rows[1:]]


@pytest.fixture
def filled(call, tmp_path):
    """Fill a column: the completed table, the report and what was said."""

    def filled(name, column, *options):
        code, out, said = call("fill", name, "-c", column, "-o", "-", "-r", "r.json", *options)
        assert code == 0, said
        return out, json.loads((tmp_path / "r.json").read_text(), parse_constant=pytest.fail), said

    return filled


def by_class(rng, n_rows, rates):
    """Two classes two deviations apart; a class's labels are known at its own rate."""
    truth = rng.integers(0, 2, n_rows)
    x = rng.normal(2.0 * truth, 1.0)
    known = rng.random(n_rows) < np.array(rates)[truth]
    labels = ["ab"[k] if shown else "" for k, shown in zip(truth, known, strict=True)]
    text = "g,x\n" + "".join(f"{label},{value!r}\n" for label, value in zip(labels, x.tolist(), strict=True))
    return text, np.array(["ab"[k] for k in truth]), known


def test_the_same_seed_gives_the_same_bytes_whatever_the_hashes_of_texts(samples):
    ended = [
        subprocess.run(
            [sys.executable, "-m", "em_impute", "fill", "penguins.csv", "-c", "sex", "-o", "-", "-r", "r.json"],
            env={**os.environ, "PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": "0"},
            cwd=samples, capture_output=True, check=True,
        )
        for seed in ("1", "2")
    ]  # fmt: skip

    assert ended[0].stdout == ended[1].stdout
    assert ended[0].stderr == ended[1].stderr


def test_free_shares_repair_fills_where_one_class_is_labelled_less_often(filled, tmp_path):
    # 90 % of class a are labelled and 10 % of class b: 9 of 10 rows to fill are b, which the known labels deny.
    text, truth, known = by_class(np.random.default_rng(1), 1500, (0.9, 0.1))
    (tmp_path / "a.csv").write_text(text)
    common, _, _ = filled("a.csv", "g", "--shares", "common")
    free, told, _ = filled("a.csv", "g", "--shares", "free")
    right = [(np.array(cells(one, "g"))[~known] == truth[~known]).mean() for one in (common, free)]

    # Bayes' rule at shares of 0.1 and 0.9 is right in 92 % of these rows, and that at 0.9 and 0.1 in 51 %.
    assert right[0] < right[1]
    assert right[1] > 0.87
    expected = told["totals"]["expected"]["b"] - told["totals"]["known"]["b"]
    assert expected == pytest.approx((truth[~known] == "b").sum(), rel=0.08)


def test_an_unlabelled_weight_of_0_learns_from_labelled_rows_alone(filled, samples):
    # Without a prior the means are those of the labelled rows.
    options = ("--covariance", "full", "--prior-strength", "0", "--unlabelled-weight", "0")
    _, report, _ = filled("heights.csv", "gender", *options)
    rows = list(csv.DictReader(io.StringIO((samples / "heights.csv").read_text())))

    for one in report["model"]["parameters"]:
        heights = [float(row["height"]) for row in rows if row["gender"] == one["label"]]
        assert one["mean"]["height"] == pytest.approx(np.mean(heights))
