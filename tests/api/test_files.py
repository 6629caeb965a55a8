"""Files, completed from Python: the same bytes, the same report, and nothing half-written."""

import gzip
import json

import pytest

import em_impute

ONE = {"covariance": "tied"}


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({}, []),
        ({"min_probability": 0.8, "probabilities": True, **ONE}, ["--min-probability", "0.8", "--probabilities", "--covariance", "tied"]),
    ],
    ids=["plain", "columns"],
)  # fmt: skip
def test_the_bytes_and_the_report_are_those_of_the_command_line(options, arguments, samples, call):
    path, output = samples / "heights.csv", samples / "api.csv"
    call("fill", "heights.csv", "-c", "gender", *arguments, "-o", "cli.csv", "-r", "cli.json", "-qq")
    told = json.loads((samples / "cli.json").read_text())

    (report,) = em_impute.fill_csv(path, output, column="gender", **options)
    said = json.loads(report.to_json())

    assert (samples / "cli.csv").read_bytes() == output.read_bytes()
    assert told["output"]["sha256"] == said["output"]["sha256"]
    for other in ("command", "created", "timings", "input", "output"):
        del said[other], told[other]
    assert told == said


def test_several_columns_give_a_report_each_and_a_name_that_ends_in_gz_is_compressed(tmp_path):
    rows = [
        f"{160 + 20 * tall + k % 3},{'fm'[tall] if k % 4 else ''},{'ab'[tall]}" for k in range(24) for tall in (0, 1)
    ]
    (tmp_path / "in.csv").write_text("\n".join(["height,sex,kind", *rows, "170,f,"]))

    reports = em_impute.fill_csv(str(tmp_path / "in.csv"), str(tmp_path / "out.csv"), column=["sex", "3"], **ONE)
    em_impute.fill_csv(tmp_path / "in.csv", tmp_path / "small.csv.gz", column=["sex", "3"], **ONE)

    assert (tmp_path / "out.csv").read_bytes() == gzip.decompress((tmp_path / "small.csv.gz").read_bytes())
    assert [("sex", 12), ("kind", 1)] == [(report.column, report.missing.cells) for report in reports]


@pytest.mark.parametrize(
    ("path", "output", "column", "kind", "message"),
    [
        ("heights.csv", "heights.csv", "gender", em_impute.UsageError, "is the input"),
        ("heighs.csv", "out.csv", "gender", em_impute.TableError, "heighs.csv does not exist"),
        ("heights.csv", "out.csv", "sex", em_impute.ColumnError, "column 'sex' is not in"),
    ],
)
def test_what_cannot_be_done_is_an_error_and_nothing_is_written(path, output, column, kind, message, samples):
    before = {one: one.read_bytes() for one in samples.glob("*")}

    with pytest.raises(kind, match=message):
        em_impute.fill_csv(samples / path, samples / output, column=column, **ONE)

    assert before == {one: one.read_bytes() for one in samples.glob("*")}
