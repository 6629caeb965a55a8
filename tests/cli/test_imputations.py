"""Several completed tables from one run: their names, their bytes, and what cannot be asked for together."""

import csv
import hashlib
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from builders import opened_table, silent
from rich.console import Console
from typer.main import get_command

from em_impute.cli.app import app
from em_impute.cli.destination import name_tables, plan
from em_impute.cli.values import parse_deltas
from em_impute.errors import UsageError
from em_impute.impute import complete_all
from em_impute.report.build import build_report
from em_impute.report.terminal import print_summary


def cells(data, column="gender"):
    return [row[column] for row in csv.DictReader(io.StringIO(data.decode(), newline=""))]


def without_fills(before, after):
    """Empty the gender again in each line where it was."""
    pairs = zip(before.splitlines(keepends=True), after.splitlines(keepends=True), strict=True)
    return b"".join(re.sub(rb",(fe)?male,", b",,", new) if b",," in old else new for old, new in pairs)


def numbered(before, tables, delimiter=","):
    """Oracle for files without quotes and with one kind of line end: split, number and join."""
    header, *_ = before.splitlines(keepends=True)
    newline = header[len(header.rstrip()) :]
    versions = []
    for version, table in enumerate([before, *tables]):
        records = enumerate(table.splitlines()[1:], 1)
        versions += [delimiter.join([str(version), str(number), record]) for number, record in records]
    return delimiter.join([".imp", ".id", header]) + newline.join(versions) + newline * before.endswith(newline)


def test_the_tables_stand_beside_the_input_with_one_report_that_describes_all(run, samples):
    result = run("fill", "heights.csv", "-c", "gender", "--imputations", 3)
    before = (samples / "heights.csv").read_bytes()
    tables = [(samples / f"heights.filled.{number}.csv").read_bytes() for number in (1, 2, 3)]
    output = json.loads((samples / "heights.report.json").read_text())["output"]
    files = [
        {"path": f"heights.filled.{number}.csv", "sha256": hashlib.sha256(table).hexdigest(), "bytes": len(table)}
        for number, table in enumerate(tables, 1)
    ]

    assert (result.returncode, result.stdout) == (0, b"")
    assert [without_fills(before, table) for table in tables] == [before] * 3
    assert {label for table in tables for label in cells(table)} == {"male", "female"}
    assert len(set(tables)) == 3
    assert output == {**files[0], "files": files}
    assert "heights.filled.1.csv … heights.filled.3.csv (3 files), heights.report.json" in result.stderr.decode()
    assert len([*samples.glob("heights.*")]) == 3 + len(["heights.csv", "heights.truth.csv", "heights.report.json"])


def test_numbers_go_before_the_suffix_and_are_not_padded(run, samples):
    before = {path.name for path in samples.iterdir()}
    run("fill", "heights.csv", "-c", "gender", "--imputations", 11, "-o", "done.csv")

    made = {f"done.{number}.csv" for number in range(1, 12)} | {"done.report.json"}
    assert {path.name for path in samples.iterdir()} == before | made


def test_the_long_file_is_the_input_and_the_tables_of_the_same_seed_numbered(run, samples):
    before = (samples / "heights.csv").read_text()
    run("fill", "heights.csv", "-c", "gender", "--imputations", 3, "-o", "each.csv", "--no-report")
    result = run("fill", "heights.csv", "-c", "gender", "--imputations", 3, "--long")
    tables = [(samples / f"each.{number}.csv").read_text() for number in (1, 2, 3)]
    report = json.loads((samples / "heights.report.json").read_text())

    assert result.returncode == 0
    assert (samples / "heights.filled.csv").read_text() == numbered(before, tables)
    assert report["output"]["path"] == "heights.filled.csv"
    assert "files" not in report["output"]


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
    run("fill", "a.csv", "-c", "g", "-x", "x", "--imputations", 2, "-o", "b.csv", "-q")
    tables = [(tmp_path / f"b.{number}.csv").read_bytes().decode(encoding).removeprefix(mark) for number in (1, 2)]
    result = run(
        "fill", "-c", "g", "-x", "x", "--imputations", 2, "--long", "-q", stdin=(tmp_path / "a.csv").read_bytes()
    )

    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode(encoding) == mark + numbered(before, tables, delimiter)


def test_the_seed_decides_what_is_drawn(run, samples):
    first, same, other = (
        run("fill", "heights.csv", "-c", "gender", "--imputations", 2, "--long", "-o", "-", "--seed", seed).stdout
        for seed in (1, 1, 2)
    )

    assert first == same != other


def test_one_table_may_be_drawn_too(run, samples):
    drawn, likely = (
        run("fill", "heights.csv", "-c", "gender", "-o", "-", "--method", method).stdout for method in ("draw", "map")
    )
    before = (samples / "heights.csv").read_bytes()

    assert drawn != likely
    assert [without_fills(before, table) for table in (drawn, likely)] == [before] * 2


def test_the_shares_of_the_labels_drawn_are_near_those_expected(run, samples):
    # 280 cells in 50 tables: what is left of chance is far below the bound, which leaves room for uncertain parameters.
    run("fill", "heights.csv", "-c", "gender", "--imputations", 50, "--long", "--probabilities")
    with (samples / "heights.filled.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    filled = {row[".id"] for row in rows if not row["gender"]}
    drawn = [row for row in rows if row[".imp"] != "0" and row[".id"] in filled]
    share = sum(row["gender"] == "female" for row in drawn) / len(drawn)
    expected = sum(float(row["gender_p_female"]) for row in drawn) / len(drawn)

    assert len(drawn) == 50 * 280
    assert share == pytest.approx(expected, abs=0.1)


def test_a_table_that_is_there_stops_all_where_nothing_may_be_replaced(run, samples):
    (samples / "done.2.csv").write_text("old")
    before = sorted(path.name for path in samples.iterdir())
    result = run("fill", "heights.csv", "-c", "gender", "--imputations", 3, "-o", "done.csv", "--no-clobber")

    assert result.returncode == 5
    assert b"done.2.csv exists already" in result.stderr
    assert sorted(path.name for path in samples.iterdir()) == before


def test_none_of_the_tables_may_replace_the_input(run, samples):
    content = (samples / "heights.csv").read_bytes()
    (samples / "done.2.csv").write_bytes(content)
    result = run("fill", "done.2.csv", "-c", "gender", "--imputations", 3, "-o", "done.csv")

    assert result.returncode == 2
    assert (samples / "done.2.csv").read_bytes() == content
    assert not (samples / "done.1.csv").exists()


def test_where_a_table_cannot_be_written_it_is_said_which_were(run, samples):
    (samples / "done.3.csv").symlink_to("/dev/full")
    result = run("fill", "heights.csv", "-c", "gender", "--imputations", 4, "-o", "done.csv")
    error, hint = result.stderr.decode().splitlines()

    assert result.returncode == 5
    assert error.startswith("error: cannot write done.3.csv: ")
    assert hint == "hint: the completed files done.1.csv and done.2.csv were written, nothing else was"
    assert (samples / "done.2.csv").read_bytes().count(b"\n") == 935
    assert not (samples / "done.4.csv").exists()
    assert not (samples / "done.report.json").exists()


def test_a_column_named_as_the_numbers_of_the_long_file_is_refused_even_if_nothing_is_written(run, tmp_path):
    (tmp_path / "a.csv").write_text("g,.imp\na,1\nb,9\n,1\na,2\nb,8\n")
    result = run("fill", "a.csv", "-c", "g", "--imputations", 2, "--long", "--dry-run")

    assert result.returncode == 3
    assert b"'.imp'" in result.stderr


CONTRADICTIONS = [
    ("a.csv -c g --imputations 3 --method map", "--method map", "leave out"),
    ("a.csv -c g --long", "--long", "--imputations"),
    ("a.csv -c g --method draw --long", "--long", "--imputations"),
    ("a.csv -c g --method draw --min-probability 0.5", "--min-probability", "leave"),
    ("a.csv -c g --imputations 3 --min-probability 0.5", "--min-probability", "leave"),
    ("a.csv -c g --imputations 3 --diff", "--diff", "leave"),
    ("a.csv -c g --imputations 3 -o -", "standard output is one stream and cannot carry 3 files", "--long"),
    ("a.csv -c g --imputations 3 -o /dev/stdout", "cannot carry 3 files", "--long"),
    ("a.csv -c g --imputations 3 -o /dev/null", "/dev/null is no regular file", "--long"),
    ("- -c g --imputations 3", "standard output is one stream and cannot carry 3 files", "-o"),
    ("a.csv -c g --imputations 3 --long -o - -r -", "standard output", "-o or -r"),
    ("a.csv -c g --imputations 3 -o b.json -r b.2.json", "the same path", "-r"),
    ("a.csv -c g --delta a", "'a'", "--delta female=0.5"),
]


@pytest.mark.parametrize(("arguments", "words", "advice"), CONTRADICTIONS, ids=[case[0] for case in CONTRADICTIONS])
def test_what_cannot_be_asked_for_together_is_refused_before_the_input_is_looked_at(arguments, words, advice):
    with pytest.raises(UsageError) as caught:
        get_command(app).main(args=["fill", *arguments.split()], standalone_mode=False)

    assert words in caught.value.message
    assert advice in caught.value.hint


@pytest.mark.parametrize("number", [1, 1001])
def test_the_number_of_tables_is_from_2_to_1000(run, number):
    result = run("fill", "a.csv", "-c", "g", "--imputations", number)

    assert result.returncode == 2
    assert b"--imputations" in result.stderr


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (None, ["in/a.filled.1.csv", "in/a.filled.2.csv"]),
        ("out/b.csv", ["out/b.1.csv", "out/b.2.csv"]),
        ("b.csv.gz", ["b.1.csv.gz", "b.2.csv.gz"]),
        ("b", ["b.1", "b.2"]),
        (".b", [".b.1", ".b.2"]),
    ],
)
def test_each_table_has_its_number_before_the_suffix(output, expected):
    made = plan(Path("in/a.csv"), output, [], no_report=True, dry_run=False, diff=False, n_files=2)

    assert [str(path) for path in made.files] == expected


def test_of_many_tables_the_first_and_the_last_are_named():
    paths = [Path(f"a.{number}.csv") for number in range(1, 21)]

    assert name_tables(paths) == ["a.1.csv … a.20.csv (20 files)"]
    assert name_tables(paths[:2]) == ["a.1.csv", "a.2.csv"]
    assert name_tables([]) == []


def test_a_shift_of_the_log_odds_is_read_for_each_label():
    assert parse_deltas(None) == ()
    assert parse_deltas(["female=0.5", "a=b=-1e-1"]) == (("female", 0.5), ("a=b", -0.1))


@pytest.mark.parametrize("texts", [["a"], ["=1"], ["a="], ["a=b"], ["a=inf"], ["a=nan"], ["a=1", "a=2"]])
def test_what_is_no_shift_of_the_log_odds_is_refused(texts):
    with pytest.raises(UsageError, match="--delta"):
        parse_deltas(texts)


@pytest.mark.parametrize(("advice", "expected"), [(True, ["S01: mind", "X01: look"]), (False, ["X01: look"])])
def test_the_note_on_columns_about_people_can_be_left_out(tmp_path, advice, expected):
    content = "g,x\n" + "a,1\nb,9\na,2\nb,8\n" * 3 + ",4\n"
    with opened_table(tmp_path, content, examined=True) as (opened, request):
        (completion,) = complete_all(opened, request, silent)
        report = build_report(opened, completion, request, "", [])
    notes = ({"code": "S01", "message": "mind"}, {"code": "X01", "message": "look"})
    console = Console(file=io.StringIO(), width=200)
    print_summary(console, replace(report, warnings=notes), None, verbose=False, advice=advice)

    assert re.findall(r"[SX]01: \w+", console.file.getvalue()) == expected
