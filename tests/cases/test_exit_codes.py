"""Exit codes: every command with every code that it can end with, what is said then, and what is left behind."""

import json
import os
import re
import subprocess
import sys

import pytest
from reported import report_of

from em_impute.report import forms

PLAIN = b"g,x\n" + b"".join(b"%s,%d\n" % (b"ab"[i % 2 : i % 2 + 1] * (i > 7), 9 * (i % 2) + i % 5) for i in range(40))
FULL = PLAIN.replace(b"\n,", b"\na,")
ALIKE = PLAIN + b"B,9\nB,10\nB,11\nB,12\n"
"""b and B differ only by case: a warning."""
ONE = b"g,x\na,1\na,9\n,1\n"
CONSTANT = b"g,x\n" + b"a,7\nb,7\n,7\n" * 9
RAGGED = b"g,x\na,1\nb,9,9\n,1\n"

DONE, NEGATIVE, USAGE, INPUT, FIT, OUTPUT, BUG, INTERRUPTED, CLOSED_PIPE, TERMINATED = (
    0,
    1,
    2,
    3,
    4,
    5,
    70,
    130,
    141,
    143,
)

COMMANDS = {
    "fill": "fill a.csv -c g -o b.csv --no-report",
    "check": "check a.csv -c g",
    "evaluate": "evaluate a.csv -c g --repeats 1 -r e.json",
    "explain": "explain a.csv -c g --json",
    "report": "report r.json -o r.md",
}
"""One way to run each, if nothing is wrong."""

CASES = [
    # command line, content of a.csv, exit code, words that are said
    ("fill a.csv -c g -o b.csv --no-report", PLAIN, DONE, "filled      8 of 8 cells"),
    ("fill a.csv -c g -o b.csv --no-report", FULL, DONE, "nothing was missing"),
    ("fill a.csv -c g --strict", ALIKE, NEGATIVE, "error: warning"),
    ("fill a.csv", PLAIN, USAGE, "--column"),
    ("fill a.csv -c nope", PLAIN, INPUT, "'nope'"),
    ("fill a.csv -c g", ONE, FIT, "'a'"),
    ("fill a.csv -c g -o no/b.csv", PLAIN, OUTPUT, "no/b.csv"),
    ("check a.csv -c g", FULL, DONE, "0 missing"),
    ("check a.csv -c g", PLAIN, NEGATIVE, "8 missing"),
    ("check a.csv -c g --decimal x", PLAIN, USAGE, "--decimal"),
    ("check a.csv -c g", RAGGED, INPUT, "line 3"),
    ("check a.csv -c g", b"g,x\n", FIT, "no rows"),
    ("check a.csv -c g --log-file no/run.log", PLAIN, OUTPUT, "no/run.log"),
    ("evaluate a.csv -c g --repeats 1", PLAIN, DONE, "accuracy"),
    ("evaluate a.csv -c g --repeats 1 --strict", ALIKE, NEGATIVE, "error: warning"),
    ("evaluate a.csv -c g --hide 2", PLAIN, USAGE, "--hide"),
    ("evaluate a.csv -c g", RAGGED, INPUT, "line 3"),
    ("evaluate a.csv -c g", ONE, FIT, "too few"),
    ("evaluate a.csv -c g -r no/e.json", PLAIN, OUTPUT, "no/e.json"),
    ("explain a.csv -c g", PLAIN, DONE, "M step 1"),
    ("explain a.csv -c g --steps x", PLAIN, USAGE, "--steps"),
    ("explain a.csv -c g", RAGGED, INPUT, "line 3"),
    ("explain a.csv -c g", CONSTANT, FIT, "constant"),
    ("explain a.csv -c g --log-file no/run.log", PLAIN, OUTPUT, "no/run.log"),
    ("report r.json -o r.md", PLAIN, DONE, "wrote       r.md"),
    ("report r.json -o r.txt", PLAIN, USAGE, "'r.txt'"),
    ("report a.csv -o r.md", PLAIN, INPUT, "not JSON"),
    ("report no.json -o r.md", PLAIN, INPUT, "no.json"),
    ("report r.json -o no/r.md", PLAIN, OUTPUT, "no/r.md"),
]  # fmt: skip


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A report as `fill` saves it."""
    return json.dumps(report_of(tmp_path_factory.mktemp("saved"), PLAIN, seed=0))


@pytest.fixture
def folder(tmp_path, saved):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    (tmp_path / "r.json").write_text(saved)
    return tmp_path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def is_two_lines(said):
    return re.fullmatch(r"error: [^\n]+\nhint: [^\n]+\n", said) is not None


@pytest.mark.parametrize(
    ("arguments", "content", "code", "words"),
    [pytest.param(*case, id=f"{case[2]} for {case[0]}, {case[3]}") for case in CASES],
)
def test_a_command_ends_with_its_code_and_says_why(call, folder, arguments, content, code, words):
    (folder / "a.csv").write_bytes(content)
    before = names(folder)
    ended, output, said = call(*arguments.split())

    assert (code, "") == (ended, output), said
    assert words in said
    if code == NEGATIVE and "--strict" in arguments:
        assert is_two_lines("".join(said.splitlines(keepends=True)[-2:]))
    elif code > NEGATIVE:
        assert is_two_lines(said)
    assert code == DONE or before == names(folder)
    assert content == (folder / "a.csv").read_bytes()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_can_succeed_as_it_is_run_below(call, folder, command):
    code, _, said = call(*COMMANDS[command].split())

    assert {"check": NEGATIVE}.get(command, DONE) == code, said


def broken_by(monkeypatch, error):
    """Let the work of every command end in an error."""

    def broken(*_, **__):
        raise error

    for place in ("em_impute.impute.open_table", "em_impute.api.steps.open_table"):
        monkeypatch.setattr(place, broken)
    monkeypatch.setattr(forms, "render_saved", broken)


@pytest.mark.parametrize("quiet", ["", " -q"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_bug_ends_with_70_names_the_version_and_the_kind_of_error_and_nothing_of_the_data(
    call, folder, monkeypatch, command, quiet
):
    broken_by(monkeypatch, ValueError("SECRET"))
    before = names(folder)
    code, output, said = call(*f"{COMMANDS[command]}{quiet}".split())

    assert (BUG, "") == (code, output)
    assert is_two_lines(said)
    assert re.match(r"error: a bug in em-impute \d+\.\d+\.\d+: ValueError\n", said)
    assert "--debug" in said
    assert before == names(folder)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_bug_shows_its_traceback_where_that_is_asked_for(call, folder, monkeypatch, command):
    broken_by(monkeypatch, ValueError("what it says"))
    code, _, said = call(*f"{COMMANDS[command]} --debug".split())

    assert BUG == code
    assert "Traceback (most recent call last)" in said
    assert "ValueError: what it says" in said


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), INTERRUPTED), (BrokenPipeError(), CLOSED_PIPE), (SystemExit(TERMINATED), TERMINATED)],
    ids=["an interrupt", "a closed pipe", "SIGTERM"],
)  # fmt: skip
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_stopped_from_outside_says_nothing_and_leaves_nothing(
    call, folder, monkeypatch, command, error, code
):
    broken_by(monkeypatch, error)
    before = names(folder)

    assert (code, "", "") == call(*COMMANDS[command].split())
    assert before == names(folder)


@pytest.mark.parametrize("command", ["evaluate a.csv -c g --repeats 1 --json", "explain a.csv -c g --json"])
def test_a_reader_that_leaves_ends_the_other_commands_with_141_and_no_words_too(folder, command):
    # A reader that has left before anything is written, so that no buffer of the pipe can hide it.
    reads, writes = os.pipe()
    os.close(reads)
    process = subprocess.run(
        [sys.executable, "-m", "em_impute", *command.split(), "-q"],
        cwd=folder, stdout=writes, stderr=subprocess.PIPE, timeout=120, check=False,
    )  # fmt: skip
    os.close(writes)

    assert (CLOSED_PIPE, b"") == (process.returncode, process.stderr)
