"""The environment: what surrounds a run changes what it says at most, and never a byte of what it gives."""

import gzip
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from em_impute.limits import BLAS_THREADS

PLAIN = b"g,x\n" + b"".join(b"%s,%d\n" % (b"ab"[i % 2 : i % 2 + 1] * (i > 7), 9 * (i % 2) + i % 5) for i in range(40))
COMMANDS = {
    "fill": "fill a.csv -c g --no-report",
    "check": "check a.csv -c g",
    "evaluate": "evaluate a.csv -c g --repeats 1",
    "explain": "explain a.csv -c g",
    "report": "report r.json -o r.md",
}
USAGE, INPUT, OUTPUT = 2, 3, 5

VARIABLES = {
    "EM_IMPUTE_DELIMITER": ["ab", "\u0394", '"'],
    "EM_IMPUTE_ENCODING": ["nonsense", "punycode"],
    "EM_IMPUTE_COLOR": ["red"],
    "EM_IMPUTE_QUIET": ["perhaps", "[bold]"],
    "EM_IMPUTE_SEED": ["x", "-1", "1.5", "99999999999999999999x"],
    "EM_IMPUTE_LOG_FILE": ["-", "/dev/stdout"],
}
TAKEN = {
    "EM_IMPUTE_DELIMITER": {"fill", "check", "evaluate", "explain"},
    "EM_IMPUTE_ENCODING": {"fill", "check", "evaluate", "explain"},
    "EM_IMPUTE_SEED": {"fill", "evaluate", "explain"},
}
"""The commands that have the option; the others are for all."""

GARBAGE = [
    pytest.param(command, name, value, id=f"{command} with {name}={value!a}")
    for name, values in VARIABLES.items()
    for value in values
    for command in COMMANDS
    if command in TAKEN.get(name, COMMANDS)
]


@pytest.mark.parametrize(("command", "name", "value"), GARBAGE)
def test_garbage_in_a_variable_ends_with_2_and_names_the_variable(call, tmp_path, monkeypatch, command, name, value):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    monkeypatch.setenv(name, value)
    code, output, said = call(*COMMANDS[command].split())
    lines = said.splitlines()

    assert (USAGE, "") == (code, output), said
    assert ["error:", "hint:"] == [line.split(" ")[0] for line in lines]
    assert name in lines[0]
    assert "Traceback" not in said
    assert ["a.csv"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("name", [name for name in VARIABLES if name != "EM_IMPUTE_LOG_FILE"])
def test_an_empty_variable_is_as_good_as_none(call, tmp_path, monkeypatch, name):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    before = call("fill", "a.csv", "-c", "g", "--diff")
    monkeypatch.setenv(name, "")

    assert before == call("fill", "a.csv", "-c", "g", "--diff")


ACCENTED = PLAIN.replace(b"\na", "\né".encode()).replace(b"\nb", "\nü".encode())

SURROUNDINGS = {
    "NO_COLOR": {"NO_COLOR": "1"},
    "FORCE_COLOR": {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"},
    "TERM=dumb": {"TERM": "dumb"},
    "COLUMNS=20": {"COLUMNS": "20", "LINES": "1"},
    "a width that is no number": {"COLUMNS": "wide", "TERM": ""},
    "the locale C": {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "streams of ASCII": {"PYTHONIOENCODING": "ascii"},
    "no home and no folder for temporary files": {"HOME": "/nowhere", "TMPDIR": "/nowhere", "TEMP": "", "TZ": "Pacific/Auckland"},
    "another Python": {"PYTHONOPTIMIZE": "2", "PYTHONHASHSEED": "7", "PYTHONWARNINGS": "error", "PATH": ""},
}  # fmt: skip


def process(folder, arguments, environment, cwd=None, stdin=ACCENTED):
    return subprocess.run(
        [sys.executable, "-m", "em_impute", *arguments.split()],
        input=stdin, capture_output=True, cwd=cwd or folder, timeout=120, check=False,
        env={**os.environ, "SOURCE_DATE_EPOCH": "0", **environment},
    )  # fmt: skip


STREAMED, EXPLAINED = "fill -c g -o - -r r.json", "explain -c g --json"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What two commands give to standard output where nothing is set."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return {arguments: process(folder, arguments, {}).stdout for arguments in (STREAMED, EXPLAINED)}


@pytest.mark.parametrize(
    ("arguments", "surroundings"),
    [*((STREAMED, name) for name in SURROUNDINGS), (EXPLAINED, "COLUMNS=20"), (EXPLAINED, "FORCE_COLOR")],
)
def test_standard_output_is_the_same_and_no_pipe_gets_an_escape(tmp_path, undisturbed, arguments, surroundings):
    result = process(tmp_path, arguments, SURROUNDINGS[surroundings])

    assert 0 == result.returncode, result.stderr
    assert undisturbed[arguments] == result.stdout != b""
    assert b"\x1b" not in result.stdout + result.stderr


def test_an_empty_environment_is_enough(tmp_path, undisturbed):
    result = subprocess.run(
        [sys.executable, "-m", "em_impute", *STREAMED.split()],
        input=ACCENTED, capture_output=True, cwd=tmp_path, env={}, timeout=120, check=False,
    )  # fmt: skip

    assert (0, undisturbed[STREAMED]) == (result.returncode, result.stdout)


def test_more_threads_of_blas_give_the_same_labels_and_the_same_report(samples):
    # Three predictors and a hundred rows or more, so that there is something to divide.
    given = []
    for threads in ("1", "2"):
        environment = dict.fromkeys(BLAS_THREADS, threads)
        result = process(samples, "fill penguins.csv -c sex -q -o - -r r.json", environment, stdin=b"")
        assert (0, b"") == (result.returncode, result.stderr)
        given.append((result.stdout, (samples / "r.json").read_bytes()))

    assert given[0] == given[1]


@pytest.fixture
def gone(tmp_path):
    """A folder that a process can be in although it is not there any more."""
    (tmp_path / "a.csv").write_bytes(PLAIN)
    (tmp_path / "gone").mkdir()
    return tmp_path


def in_gone(folder, arguments):
    """Run in a folder that is removed before the program starts."""
    command = f"cd gone && rmdir ../gone && exec {sys.executable} -m em_impute {arguments}"
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, input=PLAIN, capture_output=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("fill a.csv -c g", INPUT, b"a.csv does not exist"),
        ("check a.csv -c g", INPUT, b"a.csv does not exist"),
        ("fill -c g -o b.csv", OUTPUT, b"cannot write b.csv: "),
        ("fill -c g -r r.json -r r.md", OUTPUT, b"cannot write r.json: "),
        ("evaluate -c g -r e.json -r e.md", OUTPUT, b"cannot write e.json: "),
        ("report - -o r.md", OUTPUT, b"cannot write r.md: "),
        ("fill -c g --log-file run.log", OUTPUT, b"cannot write the log run.log: "),
    ],
)
def test_a_current_folder_that_was_deleted_holds_no_file_and_takes_none(gone, arguments, code, words):
    result = in_gone(gone, arguments)

    assert (code, b"") == (result.returncode, result.stdout), result.stderr
    assert [b"error", b"hint"] == [line.split(b":")[0] for line in result.stderr.splitlines()]
    assert words in result.stderr


@pytest.mark.parametrize("arguments", ["fill -c g -q", "fill {}/a.csv -c g -q -o -", "fill {}/a.csv -c g -q --diff"])
def test_a_current_folder_that_was_deleted_is_not_needed_for_streams_and_full_paths(gone, arguments):
    result = in_gone(gone, arguments.format(gone))

    assert (0, b"") == (result.returncode, result.stderr)
    assert result.stdout.count(b"\n") in {9, 41}


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that not even root can write to")
def test_a_folder_that_nobody_can_write_to_does_for_a_stream_and_is_named_for_a_file(tmp_path):
    streamed = process(tmp_path, "fill -c g -q", {"TMPDIR": "/proc"}, cwd="/proc")
    refused = process(tmp_path, "fill -c g -q -o b.csv", {}, cwd="/proc")

    assert (0, b"", 41) == (streamed.returncode, streamed.stderr, streamed.stdout.count(b"\n"))
    assert (OUTPUT, b"") == (refused.returncode, refused.stdout)
    assert b"error: cannot write b.csv: " in refused.stderr


def test_data_that_can_be_kept_nowhere_end_with_5_and_the_variable_that_helps(tmp_path, monkeypatch, call):
    # What is compressed is kept as standard input is.
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(PLAIN))
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
        code, output, said = call("fill", "a.csv.gz", "-c", "g")

    assert (OUTPUT, "") == (code, output)
    assert "error: cannot keep a copy of the input: " in said
    assert "TMPDIR" in said
    assert ["a.csv.gz"] == [path.name for path in tmp_path.iterdir()]
