"""The report says what was done: in the data's units, in strict JSON, and literally."""

import math

import numpy as np
import pytest
from builders import opened_table, silent

from em_impute.pipeline.complete import complete_all
from em_impute.report.build.fit import build_report
from em_impute.report.forms import render


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


def test_rescaling_a_column_changes_the_log_likelihood_by_its_jacobian_only(tmp_path):
    label, x = labelled()
    known = np.arange(60) % 3 > 0
    plain = report_of(tmp_path, csv_text(label, x, known), covariance="tied")
    scaled = report_of(tmp_path, csv_text(label, x * [1000.0, 1.0], known), covariance="tied")

    assert scaled.fit.log_likelihood == pytest.approx(plain.fit.log_likelihood - 60 * math.log(1000), rel=1e-9)
    assert scaled.totals.expected["a"] == pytest.approx(plain.totals.expected["a"], rel=1e-7)


def test_counts_add_up(tmp_path):
    label, x = labelled()
    report = report_of(tmp_path, csv_text(label, x, np.arange(60) % 3 > 0), min_probability=0.8)
    left = sum(report.missing.left_empty.values())

    assert sum(one.known for one in report.labels) + report.missing.cells == 60
    assert sum(one.filled for one in report.labels) + left == report.missing.cells
    assert sum(report.totals.most_probable.values()) == 60 - left
    assert sum(report.totals.expected.values()) == pytest.approx(60)
    assert sum(one.share_expected for one in report.labels) == pytest.approx(1)
    assert sum(one.weight for one in report.model.parameters) == pytest.approx(1)


def test_markdown_shows_odd_labels_and_columns_literally(tmp_path):
    odd = "g,a|b <script>\n<b>x</b>,1\n[y](z),9\n,2\n*w*,5\n*w*,5\n[y](z),8\n<b>x</b>,2\n"
    text = render([report_of(tmp_path, odd)], ".md")

    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "\\<b\\>x\\</b\\>" in text
    assert "a\\|b" in text
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
