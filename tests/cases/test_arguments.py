"""The command line: help wherever it is asked for, and words that are no bug whatever they are.

What is no value of an option stands in test_refusals.py.
"""

import os
import pty
import subprocess
import sys

import pytest

PLAIN = b"g,x\na,1\nb,9\n,1\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.csv").write_bytes(PLAIN)
    return tmp_path


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
)
@pytest.mark.parametrize("command", ["fill", "schema"])
def test_who_asks_for_help_gets_it_whatever_else_is_there(call, folder, command, words):
    short, long = (call(command, *words.format(one).split()) for one in ("-h", "--help"))

    assert (0, "") == (short[0], short[2])
    assert f"Usage: em-impute {command} " in short[1]
    assert short == long
    assert ["a.csv"] == [path.name for path in folder.iterdir()]


def test_after_two_hyphens_a_file_may_be_called_as_the_help_is(call, folder):
    (folder / "a.csv").rename(folder / "-h")
    code, output, _ = call("fill", "-c", "g", "-o", "-", "-q", "--", "-h")

    assert (0, "g,x\na,1\nb,9\na,1\n") == (code, output)


@pytest.mark.parametrize("words", ["fill -c g", "report -o r.md"])
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

    assert (2, b"") == (result.returncode, result.stdout)
    assert f"Usage: em-impute {words.split(maxsplit=1)[0]} ".encode() in result.stderr
