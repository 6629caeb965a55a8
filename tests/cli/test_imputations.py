"""Several completed tables from one run: their names and their bytes.  What is refused stands in tests/cases."""

import hashlib
import json

import pytest
from builders import cells_of, without_genders


def numbered(before, tables, delimiter=","):
    """Oracle for files without quotes and with one kind of line end: split, number and join."""
    header, *_ = before.splitlines(keepends=True)
    newline = header[len(header.rstrip()) :]
    versions = []
    for version, table in enumerate([before, *tables]):
        records = enumerate(table.splitlines()[1:], 1)
        versions += [delimiter.join([str(version), str(number), record]) for number, record in records]
    return delimiter.join([".imp", ".id", header]) + newline.join(versions) + newline * before.endswith(newline)


def test_the_tables_stand_beside_the_input_with_one_report_that_describes_all(call, samples):
    code, out, said = call("fill", "heights.csv", "-c", "gender", "--imputations", "3", "-r", "heights.report.json")
    before = (samples / "heights.csv").read_bytes()
    tables = [(samples / f"heights.filled.{number}.csv").read_bytes() for number in (1, 2, 3)]
    output = json.loads((samples / "heights.report.json").read_text())["output"]
    files = [
        {"path": f"heights.filled.{number}.csv", "sha256": hashlib.sha256(table).hexdigest(), "bytes": len(table)}
        for number, table in enumerate(tables, 1)
    ]

    assert (code, out, "; drawn labels err more often" in said) == (0, "", True)
    assert [without_genders(before, table) for table in tables] == [before] * 3
    assert {label for table in tables for label in cells_of(table, "gender")} == {"male", "female"}
    assert len(set(tables)) == 3
    assert output == {**files[0], "files": files}
    assert "Wrote heights.filled.1.csv … heights.filled.3.csv (3 files), heights.report.json" in said
    assert len([*samples.glob("heights.*")]) == 3 + len(["heights.csv", "heights.truth.csv", "heights.report.json"])


@pytest.mark.parametrize(
    ("text", "encoding", "delimiter"),
    [
        pytest.param("g;x\r\na;1\r\nb;9\r\n;4\r\na;2\r\nb;8\r\n;6", "utf-8", ";", id="CRLF, no final one"),
        pytest.param("\ufeffg\tx\tn\na\t1\té\nb\t9\té\n\t4\té\na\t2\té\nb\t8\té\n", "utf-16-le", "\t", id="UTF-16"),
    ],
)  # fmt: skip
def test_a_pipe_carries_the_long_file_in_the_encoding_of_the_input(run, tmp_path, text, encoding, delimiter):
    mark, before = text[: text.startswith("\ufeff")], text.removeprefix("\ufeff")
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    run("fill", "a.csv", "-c", "g", "-x", "x", "--imputations", 2, "-o", "b.csv", "-qq")
    tables = [(tmp_path / f"b.{number}.csv").read_bytes().decode(encoding).removeprefix(mark) for number in (1, 2)]
    result = run(
        "fill", "-c", "g", "-x", "x", "--imputations", 2, "--long", "-qq", stdin=(tmp_path / "a.csv").read_bytes()
    )

    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode(encoding) == mark + numbered(before, tables, delimiter)


def test_where_a_table_cannot_be_written_it_is_said_which_were(call, samples):
    (samples / "done.3.csv").symlink_to("/dev/full")
    options = ("--imputations", "4", "-o", "done.csv", "-r", "done.report.json", "--covariance", "tied")
    code, _, said = call("fill", "heights.csv", "-c", "gender", *options)
    error, hint = said.splitlines()

    assert code == 5
    assert error.startswith("error: cannot write done.3.csv: ")
    assert hint == "hint: the completed files done.1.csv and done.2.csv were written, nothing else was"
    assert (samples / "done.2.csv").read_bytes().count(b"\n") == 935
    assert not (samples / "done.4.csv").exists()
    assert not (samples / "done.report.json").exists()
