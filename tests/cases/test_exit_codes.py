"""Exit codes: what ends with 0 and what with 1, and how a run ends that fails or is stopped on the way.

What ends with 2, 3, 4 and 5 stands in test_refusals.py.
"""

import re

import pytest
from patched import is_two_lines

from em_impute.report import forms

PLAIN = b"g,x\n" + b"".join(b"%s,%d\n" % (b"ab"[i % 2 : i % 2 + 1] * (i > 7), 9 * (i % 2) + i % 5) for i in range(40))
ALIKE = PLAIN + b"B,9\nB,10\nB,11\nB,12\n"
"""b and B differ only by case: a warning, also where a table is read in parts."""
FILES = {"a.csv": PLAIN, "full.csv": PLAIN.replace(b"\n,", b"\na,"), "alike.csv": ALIKE}

DONE, NEGATIVE, BUG, INTERRUPTED, CLOSED_PIPE, TERMINATED = 0, 1, 70, 130, 141, 143

COMMANDS = {
    "fill": "fill a.csv -c g --covariance tied -o b.csv --no-report",
    "check": "check full.csv -c g",
    "evaluate": "evaluate a.csv -c g --repeats 1 -r e.json",
    "explain": "explain a.csv -c g --json",
    "report": "report r.json -o r.md",
}
"""One way to run each, which ends with 0."""


@pytest.fixture
def folder(call, tmp_path):
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    "command",
    [
        *(f"fill alike.csv -c g --covariance tied {options}" for options in (
            "", "-o -", "--diff", "-r - --no-clobber", "--in-place --backup .bak", "--dry-run", "--backend serial",
            "--save-model m.json", "--imputations 2 -r r.json",
        )),
        "fill a.csv -c g --covariance full --max-iter 1",
        "evaluate alike.csv -c g --repeats 1 -r e.json",
        "evaluate alike.csv -c g --repeats 1 --json",
    ],
)  # fmt: skip
def test_a_strict_run_with_a_warning_writes_nothing_at_all_and_ends_with_1(call, folder, command):
    ended, output, said = call(*command.split(), "--strict")
    quiet = call(*command.split(), "--strict", "-qq")
    *summary, error, hint = said.splitlines()
    warned = {line[-4:-1] for line in summary if line.startswith("Warning: ")}
    warned |= {line.split()[1].rstrip(":") for line in summary if line.startswith("warning ")}

    assert (NEGATIVE, "") == (ended, output)
    assert (NEGATIVE, "", f"{error}\n{hint}\n") == quiet
    assert re.fullmatch(r"error: warnings? W\d\d(, W\d\d)*: with --strict nothing is written", error)
    assert "hint: resolve what it warns about, or leave --strict out" == hint
    assert warned == set(re.findall(r"W\d\d", error)) >= {"W15" if "--max-iter" in command else "W14"}
    assert sorted(FILES) == names(folder)
    assert ALIKE == (folder / "alike.csv").read_bytes()


def broken_by(monkeypatch, error):
    """Let the work of every command end in an error."""

    def broken(*_, **__):
        raise error

    for place in ("em_impute.pipeline.open.open_table", "em_impute.api.session.open_table"):
        monkeypatch.setattr(place, broken)
    monkeypatch.setattr(forms, "render_saved", broken)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_fails_or_is_stopped_on_the_way_ends_with_its_code_and_leaves_nothing(
    call, folder, monkeypatch, command
):
    call("fill", "a.csv", "-c", "g", "-o", "-", "-r", "r.json", "-qq")
    words = COMMANDS[command].split()
    assert DONE == call(*words)[0]
    before = names(folder)
    broken_by(monkeypatch, ValueError("SECRET"))
    for more in ([], ["-qq"]):
        code, output, said = call(*words, *more)

        assert (BUG, "") == (code, output)
        assert is_two_lines(said)
        assert re.match(r"error: a bug in em-impute \d+\.\d+\.\d+: ValueError\n", said)
        assert "--debug" in said
    code, _, said = call(*words, "--debug")
    assert BUG == code
    assert "Traceback (most recent call last)" in said
    assert "ValueError: SECRET" in said
    for error, expected in (
        (KeyboardInterrupt(), INTERRUPTED),
        (BrokenPipeError(), CLOSED_PIPE),
        (SystemExit(TERMINATED), TERMINATED),
    ):
        broken_by(monkeypatch, error)

        assert (expected, "", "") == call(*words)
    assert before == names(folder)


def test_a_bug_is_logged_by_its_kind_alone(call, folder, monkeypatch):
    broken_by(monkeypatch, ValueError("SECRET"))
    call(*COMMANDS["fill"].split(), "--log-file", "run.log")
    told = (folder / "run.log").read_text()

    assert ": ValueError\n" in told
    assert "SECRET" not in told
    assert "end: exit code 70" in told
