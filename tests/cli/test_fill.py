"""`em-impute fill`: bytes in, bytes out, and what the options promise."""

import csv
import io
import json
import re

import pytest


def cells(data, column):
    rows = list(csv.reader(io.StringIO(data.decode() if isinstance(data, bytes) else data)))
    return [row[rows[0].index(column)] for row in rows[1:]]


def without_filled(before, after):
    """Undo the filled cells of the column before the last, line by line."""
    pairs = zip(before.splitlines(keepends=True), after.splitlines(keepends=True), strict=True)
    return b"".join(old if re.sub(rb",(fe)?male,", b",,", new) == old else new for old, new in pairs)


def test_the_main_job_writes_the_completed_file_and_the_report_beside_the_input(run, samples):
    result = run("fill", "heights.csv", "--column", "gender")
    before, after, truth = ((samples / f"heights{kind}.csv").read_bytes() for kind in ("", ".filled", ".truth"))
    report = json.loads((samples / "heights.report.json").read_text())
    columns = zip(*(cells(one, "gender") for one in (before, after, truth)), strict=True)
    filled = [new == true for old, new, true in columns if not old]

    assert (result.returncode, result.stdout) == (0, b"")
    assert set(cells(after, "gender")) == {"male", "female"}
    assert without_filled(before, after) == before
    assert report["missing"]["filled"] == report["missing"]["cells"] == len(filled) == 280
    assert sum(filled) / len(filled) > 0.8
    assert sorted(path.name for path in samples.glob("heights.*.json")) == ["heights.report.json"]


def test_a_pipe_gives_the_same_bytes_as_a_file(run, samples):
    run("fill", "heights.csv", "-c", "gender", "--covariance", "tied", "--no-report")
    piped = run("fill", "-", "-c", "gender", "--covariance", "tied", stdin=(samples / "heights.csv").read_bytes())

    assert piped.stdout == (samples / "heights.filled.csv").read_bytes()
    assert not (samples / "heights.report.json").exists()


@pytest.mark.parametrize(
    ("options", "at_least"),
    [
        (("--labels", "short,long", "--covariance", "full"), -1130.2640),
        (("--labels", "a,b,c", "--covariance", "tied"), -1126.3264),
    ],
    ids=["two full", "three tied"],
)
def test_old_faithful_reaches_the_likelihood_that_mclust_reports(call, samples, options, at_least):
    call("fill", "faithful.csv", "-c", "kind", "--prior-strength", "0", *options, "-r", "r.json")
    report = json.loads((samples / "r.json").read_text())

    assert report["fit"]["log_likelihood"] >= at_least
