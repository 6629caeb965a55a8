"""The command line: help wherever it is asked for, mistakes named with what was meant, numbers out of range."""

import os
import pty
import subprocess
import sys

import pytest
from typer.main import get_command

from em_impute.cli.app import app

PLAIN = b"g,x\na,1\nb,9\n,1\n"
COMMANDS = sorted(get_command(app).commands)
USAGE, INPUT = 2, 3


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    return tmp_path


@pytest.mark.parametrize("help_option", ["-h", "--help"])
@pytest.mark.parametrize(
    "words",
    [
        "{}",
        "a.csv {}",
        "nothing.csv {} -c nothing",
        "-q {}",
        "--lables a {}",
        "{} --lables a",
        "--log-file no/run.log {}",
        "-o {}",
        "a.csv b.csv c.csv {}",
    ],
    ids=[
        "alone",
        "after the file",
        "before other options",
        "after a flag",
        "after a mistake",
        "before a mistake",
        "after a log that cannot be opened",
        "where a value belongs",
        "after too many files",
    ],
)
@pytest.mark.parametrize("command", COMMANDS)
def test_who_asks_for_help_gets_it_whatever_else_is_there(call, folder, command, words, help_option):
    code, output, said = call(command, *words.format(help_option).split())

    assert (0, "") == (code, said)
    assert f"Usage: em-impute {command} " in output
    assert ["a.csv"] == [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("words", ["-h", "--help", "--version -h", "--verison --help"])
def test_help_before_a_command_is_the_help_on_all(call, words):
    code, output, said = call(*words.split())

    assert (0, "") == (code, said)
    assert "Usage: em-impute [OPTIONS] COMMAND" in output


def test_after_two_hyphens_a_file_may_be_called_as_the_help_is(call, folder):
    (folder / "a.csv").rename(folder / "-h")
    code, output, _ = call("fill", "-c", "g", "-o", "-", "-q", "--", "-h")

    assert (0, "g,x\na,1\nb,9\na,1\n") == (code, output)


def test_there_is_no_help_on_a_command_that_is_not_there(call):
    assert (USAGE, "", "error: No such command 'fil'. Did you mean 'fill'?\nhint: em-impute --help\n") == call(
        "fil", "-h"
    )


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("fill a.csv --colum g", "--column"),
        ("fill a.csv -c g --min-probabilty .5", "--min-probability"),
        ("fill a.csv -c g --in-plase", "--in-place"),
        ("check a.csv -c g --nul-value x", "--null-value"),
        ("evaluate a.csv -c g --repeat 3", "--repeats"),
        ("explain a.csv -c g --anmate x.gif", "--animate"),
        ("report r.json --ouput x.md", "--output"),
        ("--verion", "--version"),
        ("chek a.csv -c g", "check"),
        ("explian a.csv -c g", "explain"),
    ],
)
def test_a_misspelt_option_or_command_is_answered_with_the_one_that_was_meant(call, folder, words, meant):
    code, output, said = call(*words.split())
    error, hint = said.splitlines()

    assert (USAGE, "") == (code, output)
    assert error.startswith("error: No such ")
    assert meant in error
    assert hint.startswith("hint: em-impute ")
    assert hint.endswith(" --help")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("fill a.csv -c g --min-probability -0.1", "--min-probability"),
        ("fill a.csv -c g --min-probability half", "--min-probability"),
        ("fill a.csv -c g --max-iter 1.5", "--max-iter"),
        ("fill a.csv -c g --seed -1", "--seed"),
        ("fill a.csv -c g --tol -1", "--tol"),
        ("fill a.csv -c g --prior-strength -1", "--prior-strength"),
        ("fill a.csv -c g --prior-strength nan", "--prior-strength"),
        ("fill a.csv -c g --skip-lines -1", "--skip-lines"),
        ("fill a.csv -c g --imputations 1", "--imputations"),
        ("fill a.csv -c g --unlabelled-weight 2", "--unlabelled-weight"),
        ("fill a.csv -c g --components 0", "--components"),
        ("fill a.csv -c g --delta a", "--delta"),
        ("fill a.csv -c g --delta a=inf", "--delta"),
        ("fill a.csv -c g --decimal ;", "--decimal"),
        ("fill a.csv -c g --method best", "--method"),
        ("fill a.csv -c g --color blue", "--color"),
        ("fill a.csv -c g --backend spark", "--backend"),
        ("fill a.csv -c g --workers 2", "--workers"),
        ("fill a.csv -c g --max-memory much", "--max-memory"),
        ("fill a.csv -c g --backup .bak", "--backup"),
        ("fill a.csv -c g --long", "--long"),
        ("fill a.csv -c", "-c"),
        ("fill a.csv -c g --quiet=yes", "--quiet"),
        ("check a.csv b.csv -c g", "b.csv"),
        ("evaluate a.csv -c g --repeats 0", "--repeats"),
        ("evaluate a.csv -c g --hide 1", "--hide"),
        ("evaluate a.csv -c g --hide-label a", "--hide-label"),
        ("evaluate a.csv -c g --how often", "--how"),
        ("explain a.csv -c g --steps -1", "--steps"),
        ("explain a.csv -c g --rows 0", "--rows"),
        ("explain a.csv -c g --line 0", "--line"),
        ("explain a.csv -c g -c x", "one column"),
        ("report r.json s.json", "s.json"),
    ],
)
def test_a_value_that_no_file_can_make_right_ends_with_2_and_names_the_option(call, folder, words, named):
    code, output, said = call(*words.split())
    lines = said.splitlines()

    assert (USAGE, "") == (code, output), said
    assert ["error:", "hint:"] == [line.split(" ")[0] for line in lines]
    assert named in lines[0]
    assert ["a.csv"] == [path.name for path in folder.iterdir()]


def test_no_arguments_at_all_are_answered_with_the_help_and_2(call):
    code, output, said = call()

    assert (USAGE, "") == (code, output)
    assert all(command in said for command in COMMANDS)


@pytest.mark.parametrize("words", ["fill -c g", "check -c g", "evaluate -c g", "explain -c g", "report -o r.md"])
def test_at_a_terminal_without_a_file_the_help_is_shown_and_nobody_waits(tmp_path, words):
    ours, theirs = pty.openpty()
    try:
        result = subprocess.run(
            [sys.executable, "-m", "em_impute", *words.split()],
            stdin=theirs, capture_output=True, cwd=tmp_path, timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(ours)
        os.close(theirs)

    assert (USAGE, b"") == (result.returncode, result.stdout)
    assert f"Usage: em-impute {words.split(maxsplit=1)[0]} ".encode() in result.stderr


@pytest.mark.parametrize(
    ("program", "environment"),
    [
        ("main(['--help'])", {}),
        ("main(['fill', 'a.csv', '-c', 'g', '--lables', 'x', '-h'])", {}),
        ("main([])", {"_EM_IMPUTE_COMPLETE": "complete_bash", "COMP_WORDS": "em-impute fill --col", "COMP_CWORD": "2"}),
        ("main([])", {"_EM_IMPUTE_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "em-impute explain --anim"}),
        ("main(['--show-completion', 'bash'])", {}),
    ],
    ids=["help", "help after a mistake", "completion in bash", "completion in zsh", "script for completion"],
)
def test_help_and_completion_work_where_pandas_numpy_and_scipy_cannot_be_imported(tmp_path, program, environment):
    blocked = "import sys; sys.modules.update(dict.fromkeys(['numpy', 'pandas', 'scipy', 'rich']))\n"
    result = subprocess.run(
        [sys.executable, "-c", f"{blocked}from em_impute.cli import main; {program}"],
        capture_output=True, cwd=tmp_path, env={**os.environ, **environment}, timeout=60, check=False,
    )  # fmt: skip

    assert (0, b"") == (result.returncode, result.stderr)
    assert any(words in result.stdout for words in (b"Usage", b"--column", b"--color", b"--animate", b"complete_bash"))


@pytest.mark.parametrize("option", ["--components", "--max-memory", "--seed", "--imputations", "--max-iter"])
def test_a_number_longer_than_anything_that_there_is_is_no_bug(call, folder, option):
    code, output, said = call("fill", "a.csv", "-c", "g", "--no-report", option, "9" * 5000)

    assert (USAGE, "") == (code, output)
    assert said.startswith("error: ")
    assert [2, ["a.csv"]] == [len(said.splitlines()), [path.name for path in folder.iterdir()]]


def test_as_many_steps_cannot_be_shown(call):
    assert USAGE == call("explain", "a.csv", "-c", "g", "--steps", "9" * 5000)[0]


@pytest.mark.parametrize("date", ["9" * 30, "tomorrow"])
def test_a_date_that_is_none_dictates_no_time(run, folder, date):
    ended = run("fill", "a.csv", "-c", "g", "-q", "-r", "r.json", "--log-file", "run.log", SOURCE_DATE_EPOCH=date)

    assert (0, b"") == (ended.returncode, ended.stderr)
    assert '"created": "20' in (folder / "r.json").read_text()
