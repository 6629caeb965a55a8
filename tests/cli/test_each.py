"""`fill --each`: every file as a run on it alone fills it, whatever becomes of the others.

What is refused for all of them stands in tests/cases/test_refusals.py.
"""

import os
import signal
import subprocess
import sys
import time

import pytest

ONE = ("-c", "g", "--covariance", "tied")
BAD = b"h,x\na,1\n"


def table(shift, gaps=3):
    rows = [b"%s,%d\n" % (b"ab"[i % 2 : i % 2 + 1] * (i >= gaps), 9 * (i % 2) + (i * i) % 5 + shift) for i in range(40)]
    return b"g,x\n" + b"".join(rows)


@pytest.fixture
def folder(tmp_path):
    """Four files in a folder, of which the third lacks the column."""
    (tmp_path / "in").mkdir()
    for name, content in {"a": table(0), "b": table(3, gaps=5), "c": BAD, "d": table(7)}.items():
        (tmp_path / "in" / f"{name}.csv").write_bytes(content)
    return tmp_path


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


SAID = b"""\
in/a.csv: filled 3 of 3 cells of g; out/a.csv
in/b.csv: filled 5 of 5 cells of g; out/b.csv
error: in/c.csv: column 'g' is not in in/c.csv
hint: columns are 'h', 'x'
in/d.csv: filled 3 of 3 cells of g; out/d.csv
3 of 4 files filled
error: 1 of 4 files could not be filled
hint: see what is said of each
"""


@pytest.mark.parametrize("command", [("--each", "--imputations", "2"), (), ("--imputations", "2")])
def test_a_second_run_of_a_pattern_passes_over_what_the_first_made_of_its_files(call, folder, command):
    (folder / "in" / "c.csv").write_bytes(table(9))
    first = call("fill", "in/*.csv", *ONE, "--no-report", *command), contents(folder / "in")

    assert first[0][0] == 0
    assert first == (call("fill", "in/*.csv", *ONE, "--no-report", *command), contents(folder / "in"))


@pytest.mark.parametrize("workers", [[], ["--workers", "2"]])
def test_each_file_gets_the_bytes_of_a_run_of_its_own_and_a_line_and_one_that_fails_is_named(run, folder, workers):
    for name in "abd":
        assert run("fill", f"in/{name}.csv", *ONE, "-o", f"{name}.csv", "--no-report", "-qq").returncode == 0
    done = run("fill", "--each", "in/*.csv", *ONE, "-o", "out/", "--no-report", *workers)

    assert (done.returncode, done.stdout, done.stderr) == (1, b"", SAID)
    assert contents(folder / "out") == {f"{name}.csv": (folder / f"{name}.csv").read_bytes() for name in "abd"}


def test_quiet_says_what_failed_and_nothing_of_the_others(run, folder):
    done = run("fill", "--each", "in/*.csv", *ONE, "-qq", "--no-report")
    (folder / "in" / "c.csv").unlink()
    good = run("fill", "--each", "in/[abd].csv", *ONE, "-qq", "--no-report")

    assert [line for line in SAID.splitlines() if line.startswith((b"error", b"hint"))] == done.stderr.splitlines()
    assert (good.returncode, good.stdout, good.stderr) == (0, b"", b"")


def test_outputs_and_reports_are_beside_the_files_or_in_their_place(call, folder):
    call("fill", "--each", "in/a.csv", "in/b.csv", *ONE, "-qq")
    beside = contents(folder / "in")
    code, _, said = call(
        "fill", "--each", "in/a.csv", "in/b.csv", *ONE, "--in-place", "--backup", ".bak", "--no-report"
    )
    after = contents(folder / "in")

    stems = [f"{name}.{end}" for name in "ab" for end in ("csv", "filled.csv", "report.html", "report.json")]
    assert {*stems, "c.csv", "d.csv"} == {*beside}
    assert (code, said.splitlines()[0]) == (0, "in/a.csv: filled 3 of 3 cells of g; in/a.csv")
    assert [after["a.csv"], after["b.csv"]] == [beside["a.filled.csv"], beside["b.filled.csv"]]
    assert [after["a.csv.bak"], after["b.csv.bak"]] == [beside["a.csv"], beside["b.csv"]]


def test_a_saved_model_fills_each_file(call, folder):
    call("fill", "in/a.csv", *ONE, "-o", "a.csv", "--no-report", "-qq", "--save-model", "m.json")
    call("fill", "in/b.csv", "--model", "m.json", "-o", "b.csv", "--no-report", "-qq")
    call("fill", "--each", "in/a.csv", "in/b.csv", "--model", "m.json", "-o", "out", "--no-report", "-qq")

    assert contents(folder / "out") == {name: (folder / name).read_bytes() for name in ("a.csv", "b.csv")}


def test_with_strict_a_file_with_a_warning_fails_and_is_not_written_and_else_its_codes_are_told(call, folder):
    (folder / "in" / "c.csv").write_bytes(b"g,x\n" + b"a,1\n" * 9 + b",1\n" + b"b,9\n,1000\n")
    command = ("fill", "--each", "in/a.csv", "in/c.csv", *ONE, "--no-report", "-o")
    code, _, said = call(*command, "out")
    strict, _, words = call(*command, "strict", "--strict")
    (codes,) = [line.partition("; out/c.csv ")[2] for line in said.splitlines() if line.startswith("in/c.csv")]

    assert (code, strict) == (0, 1)
    assert codes.startswith("(W")
    assert f"error: in/c.csv: warnings {codes.strip('()')}: with --strict nothing is written\n" in words
    assert ["a.csv"] == [*contents(folder / "strict")]


def test_verbose_tells_the_summary_of_each_file(call, folder):
    said = call("fill", "--each", "in/a.csv", "in/b.csv", *ONE, "--dry-run", "-v")[2]

    assert 2 == said.count("\nWhat was filled\n")
    assert not (folder / "in" / "a.filled.csv").exists()
    assert said.endswith("in/b.csv: filled 5 of 5 cells of g\n2 of 2 files filled\n")


def test_the_log_names_each_file_and_how_it_ended(call, folder):
    call("fill", "--each", "in/[bc].csv", *ONE, "-qq", "--no-report", "--log-file", "log")
    levels = [line.split(" ", 2)[2] for line in (folder / "log").read_text().splitlines()]

    assert levels[1:-1] == [
        "INFO    in/b.csv: filled 5 of 5 cells of g; in/b.filled.csv",
        "ERROR   in/c.csv: column 'g' is not in in/c.csv",
        "ERROR   hint: columns are 'h', 'x'",
        "ERROR   1 of 2 files could not be filled",
        "ERROR   hint: see what is said of each",
    ]


def test_the_bar_counts_files(on_terminal, folder):
    (folder / "in" / "e.csv").write_bytes(table(1))
    _, _, shown = on_terminal("fill", "--each", "in/[ab].csv", "pipe to read", *ONE, "-o", "out", until=b"2 of 3 files", stdin=table(2), patience=0.0)  # fmt: skip

    assert b"2 of 3 files" in shown
    assert b"3 of 3 files filled" in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_all_workers_at_once(tmp_path, number):
    for name in "ab":  # they wait for what nobody writes
        os.mkfifo(tmp_path / name)
    (tmp_path / "c").write_bytes(table(0))
    command = [sys.executable, "-m", "em_impute", "fill", "--each", "c", "a", "b", *ONE, "-o", "out", "--workers", "2"]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs the tests may ignore interrupts
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE) as process:
        signal.signal(signal.SIGINT, before)
        line = process.stderr.readline()
        began = time.monotonic()
        process.send_signal(number)
        said = process.stderr.read()  # until the last process has closed it

    assert line == b"c: filled 3 of 3 cells of g; out/c\n"
    assert (process.returncode, said) == (128 + number, b"")
    assert time.monotonic() - began < 30
