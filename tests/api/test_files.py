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
        ({"features": ["height"], "by": "name", "delimiter": ","}, ["-x", "height", "--by", "name", "-d", ","]),
    ],
    ids=["plain", "columns", "groups"],
)  # fmt: skip
def test_the_bytes_and_the_report_are_those_of_the_command_line(options, arguments, samples, run):
    path, output = samples / "heights.csv", samples / "api.csv"
    run("fill", "heights.csv", "-c", "gender", *arguments, "-o", "cli.csv", "-r", "cli.json", "-q")
    told = json.loads((samples / "cli.json").read_text())

    (report,) = em_impute.fill_csv(path, output, column="gender", **options)
    said = json.loads(report.to_json())

    assert (samples / "cli.csv").read_bytes() == output.read_bytes()
    assert told["output"]["sha256"] == said["output"]["sha256"]
    for other in ("command", "created", "timings", "input", "output"):
        del said[other], told[other]
    assert told == said


def test_a_name_that_ends_in_gz_is_compressed(samples):
    em_impute.fill_csv(samples / "heights.csv", samples / "plain.csv", column="gender", **ONE)
    em_impute.fill_csv(samples / "heights.csv", samples / "small.csv.gz", column="gender", **ONE)

    assert (samples / "plain.csv").read_bytes() == gzip.decompress((samples / "small.csv.gz").read_bytes())


def test_several_columns_give_a_report_each(tmp_path):
    rows = [
        f"{160 + 20 * tall + k % 3},{'fm'[tall] if k % 4 else ''},{'ab'[tall]}" for k in range(24) for tall in (0, 1)
    ]
    (tmp_path / "in.csv").write_text("\n".join(["height,sex,kind", *rows, "170,f,"]))

    reports = em_impute.fill_csv(str(tmp_path / "in.csv"), str(tmp_path / "out.csv"), column=["sex", "3"], **ONE)

    assert [("sex", 12), ("kind", 1)] == [(report.column, report.missing["cells"]) for report in reports]


@pytest.mark.parametrize(
    ("path", "output", "column", "kind", "message"),
    [
        ("heights.csv", "heights.csv", "gender", em_impute.UsageError, "is the input"),
        ("heights.csv", "nowhere/out.csv", "gender", em_impute.OutputError, "the folder .* does not exist"),
        ("heighs.csv", "out.csv", "gender", em_impute.TableError, "heighs.csv does not exist"),
        (".", "out.csv", "gender", em_impute.TableError, "is a directory"),
        ("heights.csv", "out.csv", "sex", em_impute.ColumnError, "column 'sex' is not in"),
    ],
)
def test_what_cannot_be_done_is_an_error_and_nothing_is_written(path, output, column, kind, message, samples):
    before = {one: one.read_bytes() for one in samples.glob("*")}

    with pytest.raises(kind, match=message):
        em_impute.fill_csv(samples / path, samples / output, column=column, **ONE)

    assert before == {one: one.read_bytes() for one in samples.glob("*")}


def test_hints_name_parameters(samples):
    with pytest.raises(em_impute.UsageError) as raised:
        em_impute.fill_csv(samples / "heights.csv", samples / "heights.csv", column="gender")

    assert raised.value.__notes__ == ["hint: name another output with output"]


def test_an_option_that_there_is_not_is_a_type_error(samples):
    with pytest.raises(TypeError, match=r"fill_csv\(\) got an unexpected keyword argument 'imputations'"):
        em_impute.fill_csv(samples / "heights.csv", samples / "out.csv", column="gender", imputations=5)
