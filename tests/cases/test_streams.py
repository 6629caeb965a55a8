"""Streams: what goes to standard output and to standard error, also where they are closed, full or pipes."""

import csv
import io
import os
import subprocess
import sys

import pytest
from builders import strict
from forking import LEFT
from patched import is_two_lines

PLAIN = b"g,x\n" + b"".join(b"%s,%d\n" % (b"ab"[i % 2 : i % 2 + 1] * (i > 7), 9 * (i % 2) + i % 5) for i in range(40))
SMALL, FILLED = b"g,x\na,1\nb,9\n,1\n", b"g,x\na,1\nb,9\na,1\n"


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
    (tmp_path / "full.csv").write_bytes(PLAIN.replace(b"\n,", b"\na,"))
    (tmp_path / "small.csv").write_bytes(SMALL)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "holds"),
    [
        ("fill a.csv -c g -o b.csv -r r.md", nothing),
        ("fill a.csv -c g --dry-run", nothing),
        ("fill a.csv -c g --in-place --no-report", nothing),
        ("fill a.csv -c g --backend serial -r r.md", nothing),
        ("fill full.csv -c g --strict --no-report", nothing),
        ("fill a.csv -c g -o -", a_table),
        ("fill a.csv -c g -o /dev/fd/1 --no-clobber", a_table),
        ("fill a.csv -c g -o /dev/null --no-clobber", nothing),
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
        call("fill", "a.csv", "-c", "g", "-qq", "-r", "r.json")
    code, output, said = call(*arguments.split(), "-qq")

    assert (0, "") == (code, said)
    assert holds(output)
    assert not os.path.lexists("/dev/null.report.json")


def shell(folder, command):
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command.replace('EM', f'{sys.executable} -m em_impute')}"],
        cwd=folder, capture_output=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("EM fill -c g <&-", 3, b"standard input"),
        ("EM fill a.csv -c g --diff -qq >&-", 5, b"standard output"),
        ("EM fill a.csv -c nope 2>&-", 3, b""),
        ("EM fill small.csv -c g --no-report 2>/dev/full", 0, b""),
        ("EM check a.csv -c g <&- >&- 2>&-", 1, b""),
        ("EM fill small.csv -c g --no-report <&- >&- 2>&-", 0, b""),
    ],
)
def test_closed_and_full_streams_end_with_the_right_code(folder, command, code, words):
    result = shell(folder, command)

    assert (code, b"") == (result.returncode, result.stdout), result.stderr
    assert words in result.stderr
    assert is_two_lines(result.stderr) is (words != b"")
    assert "small.csv" not in command or FILLED == (folder / "small.filled.csv").read_bytes()


SENDING = [
    "--help",
    "fill --help",
    "--version",
    "schema",
    "fill small.csv -c g -o - -r r.json -qq",
    "fill small.csv -c g --diff -qq",
    "fill small.csv -c g -r - -qq",
    "fill small.csv -c g -o small.filled.csv --diff --no-report -qq",
    "evaluate a.csv -c g --repeats 1 --json -qq",
    "explain a.csv -c g --json -qq",
]


@pytest.mark.parametrize("command", SENDING)
def test_a_full_device_ends_a_command_with_5_and_a_reader_that_has_left_with_141_and_no_words(run, folder, command):
    full, left = (run(*command.split(), stdout=where) for where in ("/dev/full", LEFT))

    assert 5 == full.returncode, full.stderr
    assert is_two_lines(full.stderr)
    assert b"No space left on device" in full.stderr
    assert (141, b"") == (left.returncode, left.stderr)
    assert SMALL == (folder / "small.csv").read_bytes()
    written = ["small.filled.csv"] if " -r - " in command or "filled" in command else []
    assert sorted(["a.csv", "full.csv", "small.csv", *written]) == sorted(path.name for path in folder.iterdir())
    assert bool(written) == (b"the completed file small.filled.csv was written" in full.stderr)


def test_the_device_of_standard_output_is_written_on_and_not_replaced(folder):
    (folder / "log").write_text("prior\n")
    appended = shell(folder, "EM fill small.csv -c g -o /dev/stdout -qq >> log")
    again = shell(folder, "EM fill small.csv -c g -o /dev/fd/3 -qq --no-report 3>> log")
    substituted = shell(folder, "EM fill small.csv -c g -qq -o >(cat >&2)")

    assert (appended.returncode, again.returncode) == (0, 0)
    assert (folder / "log").read_bytes() == b"prior\n" + FILLED + FILLED
    assert (substituted.returncode, substituted.stderr) == (0, FILLED)
    assert sorted(path.name for path in folder.iterdir()) == ["a.csv", "full.csv", "log", "small.csv"]


@pytest.mark.parametrize("arguments", ["--no-report -o pipe", "-o b.csv -r pipe.json", "-o b.csv --log-file pipe"])
def test_a_named_pipe_is_written_into_and_not_replaced(call, folder, arguments):
    name = arguments.rpartition(" ")[2]
    os.mkfifo(folder / name)
    with subprocess.Popen(["cat", name], cwd=folder, stdout=subprocess.PIPE) as reader:
        held = os.open(folder / name, os.O_RDWR)  # a log asks whether there is a reader already
        code, output, said = call("fill", "small.csv", "-c", "g", *arguments.split(), "-qq")
        os.close(held)
        received, _ = reader.communicate(timeout=60)

    assert (0, "", "") == (code, output, said)
    assert received == FILLED or received.startswith(b"{") or b"end: exit code 0" in received
    assert received.endswith(b"\n")
    assert (folder / name).is_fifo()


@pytest.mark.parametrize(("name", "code"), [("SIGINT", "130"), ("SIGTERM", "143"), ("SIGHUP", "129")])
def test_a_signal_whose_exception_is_lost_is_not_forgotten(name, code):
    # What is raised in a destructor is printed and ignored, as where a library is being imported.
    program = f"""
import os, signal, time
from em_impute.cli import main

class Trap:
    def __del__(self):
        os.kill(os.getpid(), signal.{name})
        time.sleep(0.05)

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore one or the other
signal.signal(signal.SIGHUP, signal.SIG_DFL)
main.ASK_AGAIN = 0.2
main._prepare()
Trap()
print("lost", flush=True)
try:
    time.sleep(60)
except SystemExit as ended:
    print(ended.code)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert result.stdout.splitlines() == ["lost", code]
