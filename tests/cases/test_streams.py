"""Streams: what goes to standard output and to standard error, also where they or standard input are closed."""

import csv
import io
import json
import subprocess
import sys

import pytest
from builders import strict

PLAIN = b"g,x\n" + b"".join(b"%s,%d\n" % (b"ab"[i % 2 : i % 2 + 1] * (i > 7), 9 * (i % 2) + i % 5) for i in range(40))
FULL = PLAIN.replace(b"\n,", b"\na,")
USAGE, INPUT, OUTPUT = 2, 3, 5


def is_two_lines(said):
    return ["error:", "hint:"] == [line.split(" ")[0] for line in said.splitlines()]


def nothing(output):
    return output == ""


def a_table(output):
    rows = list(csv.reader(io.StringIO(output)))
    return len(rows) == 41 and all(len(row) == 2 and row[0] for row in rows)


def changes(output):
    return output.startswith("line,column,old,new,probability\n") and output.count("\n") == 9


def a_report(output):
    return strict(output)["schema_version"] == 1


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    (tmp_path / "full.csv").write_bytes(FULL)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "holds"),
    [
        ("fill a.csv -c g", nothing),
        ("fill a.csv -c g -o b.csv -r r.md", nothing),
        ("fill a.csv -c g --dry-run", nothing),
        ("fill a.csv -c g --in-place --no-report", nothing),
        ("fill a.csv -c g --backend serial -r r.md", nothing),
        ("fill full.csv -c g --strict --no-report", nothing),
        ("fill a.csv -c g -o -", a_table),
        ("fill a.csv -c g -o /dev/stdout", a_table),
        ("fill a.csv -c g --diff", changes),
        ("fill a.csv -c g -o b.csv -r -", a_report),
        ("check full.csv -c g", nothing),
        ("evaluate a.csv -c g --repeats 1", nothing),
        ("evaluate a.csv -c g --repeats 1 --json", a_report),
        ("evaluate a.csv -c g --repeats 1 -r -", a_report),
        ("explain a.csv -c g", nothing),
        ("explain a.csv -c g --json", a_report),
        ("report r.json -o again.md", nothing),
    ],
)
def test_quiet_success_is_silent_but_for_the_one_thing_that_standard_output_carries(call, folder, arguments, holds):
    if "r.json" in arguments:
        call("fill", "a.csv", "-c", "g", "-q", "-r", "r.json")
    code, output, said = call(*arguments.split(), "-q")

    assert (0, "") == (code, said)
    assert holds(output)


@pytest.mark.parametrize("command", ["fill", "check", "evaluate", "explain"])
def test_quiet_failure_still_says_its_two_lines_and_passes_nothing_on(run, command):
    # One record is too short: a stage further down a pipe must not get the others.
    result = run(command, "-c", "g", "-q", stdin=PLAIN + b"a\n")

    assert (INPUT, b"") == (result.returncode, result.stdout)
    assert is_two_lines(result.stderr.decode())


@pytest.mark.parametrize(
    "arguments",
    [
        "fill - -c g -r -",
        "fill -c g --diff -r -",
        "fill -c g -o - --diff",
        "fill a.csv -c g -o /dev/stdout -r -",
        "fill a.csv -c g -o - -r /dev/stdout",
        "fill a.csv -c g -o b.csv -r - -r /dev/fd/1",
        "evaluate a.csv -c g --json -r -",
        "evaluate a.csv -c g -r - -r -",
    ],
)
def test_standard_output_carries_one_thing_and_two_are_a_wrong_command_line(call, folder, arguments):
    code, output, said = call(*arguments.split())

    assert (USAGE, "") == (code, output)
    assert is_two_lines(said)
    assert "standard output can carry" in said
    assert ["a.csv", "full.csv"] == sorted(path.name for path in folder.iterdir())


def test_the_summary_goes_to_standard_error_and_never_into_the_data(run):
    plain, quiet = (run("fill", "-c", "g", *more, stdin=PLAIN) for more in ((), ("-q",)))

    assert plain.stdout == quiet.stdout
    assert a_table(plain.stdout.decode())
    assert b"filled      8 of 8 cells" in plain.stderr
    assert b"wrote       standard output" in plain.stderr


@pytest.mark.parametrize("command", ["fill", "check", "evaluate", "explain"])
def test_progress_is_shown_on_a_terminal_only(run, on_terminal, command):
    arguments = [command, "-c", "g", *(["--repeats", "1"] if command == "evaluate" else [])]
    _, _, shown = on_terminal(*arguments, stdin=PLAIN, patience=0, until=b"opening")

    assert b"\x1b[?25l" in shown  # the cursor is hidden while a bar is shown
    assert b"opening" not in run(*arguments, stdin=PLAIN).stderr


def shell(folder, command):
    return subprocess.run(
        ["bash", "-c", command.replace("EM", f"{sys.executable} -m em_impute")],
        cwd=folder, capture_output=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("EM check -c g <&-", INPUT),
        ("EM evaluate -c g <&-", INPUT),
        ("EM explain -c g <&-", INPUT),
        ("EM report -o r.md <&-", INPUT),
        ("EM fill a.csv -c g --diff -q >&-", OUTPUT),
        ("EM fill a.csv -c g -o b.csv -r - -q >&-", OUTPUT),
        ("EM evaluate a.csv -c g --repeats 1 --json -q >&-", OUTPUT),
        ("EM explain a.csv -c g --json -q >&-", OUTPUT),
        ("EM fill a.csv -c g --diff -q >/dev/full", OUTPUT),
        ("EM evaluate a.csv -c g --repeats 1 --json -q >/dev/full", OUTPUT),
        ("EM explain a.csv -c g --json -q >/dev/full", OUTPUT),
    ],
)
def test_a_stream_that_is_needed_and_closed_is_an_error_in_two_lines(folder, command, code):
    result = shell(folder, command)

    assert code == result.returncode, result.stderr
    assert is_two_lines(result.stderr.decode())
    assert b"standard input" in result.stderr if code == INPUT else b"standard output" in result.stderr


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("EM check a.csv -c g <&- >&- 2>&-", 1),
        ("EM evaluate a.csv -c g --repeats 1 -r e.json <&- >&- 2>&-", 0),
        ("EM explain a.csv -c g <&- >&- 2>&-", 0),
        ("EM report r.json -o r.md <&- >&- 2>&-", 0),
        ("EM fill a.csv -c g -o b.csv <&- >&- 2>&-", 0),
    ],
)
def test_streams_that_are_not_needed_may_be_closed(call, folder, command, code):
    if "r.json" in command:
        call("fill", "a.csv", "-c", "g", "-q", "-r", "r.json")

    assert code == shell(folder, command).returncode
    if "b.csv" in command:
        assert a_table((folder / "b.csv").read_text())
        assert json.loads((folder / "b.report.json").read_text())["missing"]["filled"] == 8
