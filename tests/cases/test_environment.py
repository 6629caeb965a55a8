"""The environment: what surrounds a run changes what it says at most, and never a byte of what it gives."""

import gzip
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from patched import is_two_lines

from em_impute.environment import BLAS_THREADS

PLAIN = b"g,x\n" + b"".join(b"%s,%d\n" % (b"ab"[i % 2 : i % 2 + 1] * (i > 7), 9 * (i % 2) + i % 5) for i in range(40))
ACCENTED = PLAIN.replace(b"\na", "\né".encode()).replace(b"\nb", "\n女".encode())
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
    "EM_IMPUTE_SEED": ["x", "-1", "1.5"],
    "EM_IMPUTE_LOG_FILE": ["-", "/dev/stdout"],
}
OF_TABLES = COMMANDS.keys() - {"report"}
TAKEN = {"EM_IMPUTE_DELIMITER": OF_TABLES, "EM_IMPUTE_ENCODING": OF_TABLES, "EM_IMPUTE_SEED": OF_TABLES - {"check"}}
"""The commands that have the option; the others are for all."""

OPTIONS = {"EM_IMPUTE_DELIMITER": "-d", "EM_IMPUTE_ENCODING": "-e", "EM_IMPUTE_SEED": "--seed"}
"""Where the command line makes the same mistake, no variable is to blame."""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    return tmp_path


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in VARIABLES.items() for value in values])
def test_garbage_in_a_variable_ends_with_2_and_names_the_variable(call, folder, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    for command in TAKEN.get(name, COMMANDS):
        code, output, said = call(*COMMANDS[command].split())

        assert (USAGE, "") == (code, output), said
        assert is_two_lines(said)
        assert name in said.splitlines()[0]
    if name in OPTIONS:
        code, _, said = call(*COMMANDS["fill"].split(), OPTIONS[name], value)
        assert USAGE == code
        assert "EM_IMPUTE" not in said
    assert ["a.csv"] == [path.name for path in folder.iterdir()]


def test_variables_say_what_options_say_and_options_beat_them(call, tmp_path, monkeypatch):
    data = "g;x\né;1,5\nb;9,5\n;1,75\n".encode("latin-1")
    (tmp_path / "a.csv").write_bytes(data)
    fill = ("fill", "a.csv", "-c", "g", "--decimal", ",", "-qq", "--no-report")
    codes, written = [], []
    for delimiter, encoding, options in ((";", "latin-1", []), ("|", "ascii", ["-d", ";", "-e", "latin-1"])):
        monkeypatch.setenv("EM_IMPUTE_DELIMITER", delimiter)
        monkeypatch.setenv("EM_IMPUTE_ENCODING", encoding)
        codes.append(call(*fill, *options)[0])
        written.append((tmp_path / "a.filled.csv").read_bytes())

    assert [0, 0, INPUT] == [*codes, call(*fill)[0]]
    assert [data.replace(b"\n;1", b"\n\xe9;1")] * 2 == written


FORKED = {
    "NO_COLOR": {"NO_COLOR": "1"},
    "FORCE_COLOR": {"FORCE_COLOR": "1"},
    "TERM=dumb and COLUMNS=20": {"TERM": "dumb", "COLUMNS": "20"},
    "a width that is no number": {"COLUMNS": "wide", "TERM": ""},
    "no folder for temporary files": {"TMPDIR": "/nowhere"},
}
STARTED = {
    "the locale C": {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "streams of ASCII, and colours": {"PYTHONIOENCODING": "ascii", "CLICOLOR_FORCE": "1", "TERM": "xterm-256color"},
    "another Python": {"PYTHONOPTIMIZE": "2", "PYTHONHASHSEED": "7", "PYTHONWARNINGS": "error", "PATH": "", "HOME": "/nowhere"},
}  # fmt: skip
"""What is read when a process starts, of which no fork would hear."""


@pytest.mark.parametrize("surroundings", [*FORKED, *STARTED])
def test_standard_output_is_the_same_and_no_pipe_gets_an_escape(run, surroundings):
    environment = {**FORKED, **STARTED}[surroundings]
    commands = ["fill -c g -o - -v --covariance tied"]
    if surroundings == "FORCE_COLOR":
        commands += ["explain -c g --json", "check -c g", "evaluate -c g --repeats 1 --covariance tied"]
    for command in commands:
        usual = run(*command.split(), stdin=ACCENTED, SOURCE_DATE_EPOCH="0")
        result = run(*command.split(), stdin=ACCENTED, SOURCE_DATE_EPOCH="0", **environment)

        assert (usual.returncode, usual.stdout) == (result.returncode, result.stdout)
        assert b"\x1b" not in result.stdout + result.stderr


def test_an_empty_environment_is_enough(run, tmp_path):
    # Its streams know no more than ASCII, and a file may have a name that is no text in any encoding.
    name = os.fsencode(tmp_path / "ä") + b"\xff.csv"
    Path(os.fsdecode(name)).write_bytes(ACCENTED)
    result = subprocess.run(
        [sys.executable, "-m", "em_impute", "fill", name, "-c", "g", "-o", "-", "-v", "-r", "r.md", "--covariance", "tied"],
        capture_output=True, cwd=tmp_path, env={}, timeout=120, check=False,
    )  # fmt: skip

    assert 0 == result.returncode, result.stderr
    assert run("fill", "-c", "g", "-qq", "--covariance", "tied", stdin=ACCENTED).stdout == result.stdout
    assert b"\\udcff.csv: 40 rows" in result.stderr
    assert "udcff.csv" in (tmp_path / "r.md").read_text(encoding="utf-8")


def test_more_threads_of_blas_give_the_same_labels_and_the_same_report(samples):
    # Three predictors and a hundred rows or more, so that there is something to divide.
    given = []
    for threads in ("1", "2"):
        result = subprocess.run(
            [sys.executable, "-m", "em_impute", *["fill", "penguins.csv", "-c", "sex", "-qq", "-o", "-", "-r", "r.json"]],
            env={**os.environ, "SOURCE_DATE_EPOCH": "0", **dict.fromkeys(BLAS_THREADS, threads)},
            cwd=samples, capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        assert (0, b"") == (result.returncode, result.stderr)
        given.append((result.stdout, (samples / "r.json").read_bytes()))

    assert given[0] == given[1]


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
