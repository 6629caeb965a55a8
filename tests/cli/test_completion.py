"""Completion by the shells themselves: bash everywhere, zsh and fish where they are installed."""

import gzip
import os
import pty
import select
import shutil
import subprocess
import sys
import termios
from functools import partial
from pathlib import Path
from typing import get_args

import pytest

from em_impute.cli.mistakes import COMMANDS
from em_impute.options import Covariance

BIN = Path(sys.executable).parent
TAB = {"bash": "\t", "zsh": "\t\t", "fish": "\t"}
"""What is pressed first in each shell: the first key of a session makes zsh load what `--install-completion` wrote."""

LONGEST_WAIT = 60
"""Seconds for a shell to show what it has completed."""


@pytest.fixture(scope="module")
def script():
    """What `--show-completion` prints in bash."""
    command = ["bash", "--norc", "-c", f"{BIN}/em-impute --show-completion; true"]  # `true` keeps bash the parent
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def complete(samples, script, monkeypatch):
    """Give what bash offers for the last of some words."""
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")

    def complete(*words):
        program = f"""{script}
            [[ $(complete -p em-impute) == *" -F _em_impute_completion em-impute" ]] || exit 1
            COMP_WORDS=("$@") COMP_CWORD={len(words)}
            _em_impute_completion em-impute
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        command = ["bash", "--norc", "--noprofile", "-c", program, "bash", "em-impute", *words]
        result = subprocess.run(command, cwd=samples, capture_output=True, text=True, check=True)
        assert result.stderr == ""
        return result.stdout.split("\n")[:-1] if result.stdout != "\n" else []

    return complete


@pytest.fixture
def offered(run, samples):
    """Give what the program tells bash to offer for the last of some words."""

    def offered(*words):
        words_typed = {"COMP_WORDS": "\n".join(["em-impute", *words]), "COMP_CWORD": str(len(words))}
        result = run(**words_typed, _EM_IMPUTE_COMPLETE="complete_bash")
        assert (0, b"") == (result.returncode, result.stderr)
        return [line for line in result.stdout.decode().splitlines() if line]

    return offered


def test_commands_options_and_values_are_offered(complete):
    assert set(complete("")) == COMMANDS
    options = complete("fill", "heights.csv", "--co")
    assert " ".join(options) == "--column --comment --components --covariance --color"
    assert complete("schema", "--co") == []
    assert complete("fill", "heights.csv", "--covariance", "") == [*get_args(Covariance)]


@pytest.mark.parametrize(
    ("content", "options", "names"),
    [
        ("Größe;Marital status\n1;2\n".encode(), (), ["Größe", r"Marital\ status"]),
        ("a,b\n1,2\n".encode("utf-16"), (), ["a", "b"]),
        ("é,b\n1,2\n".encode("cp1252"), ("-e", "cp1252"), ["é", "b"]),
        (b"title\na:b\n1:2\n", ("--skip-lines", "1", "-d", ":"), ["a", "b"]),
        (gzip.compress(b"a,b\n" + b"1,2\n" * 100_000), (), ["a", "b"]),
        (b'"a ""b""",\n1,2\n', (), [r"a\ \"b\""]),
        (b"1,2\n1,2\n", ("-n",), []),
        (b"", (), []),
        (b"PK\x03\x04", (), []),
        (b"\xff,b\n1,2\n", (), []),
        (b"a,b\n1,2\n", ("-e", "no-such"), []),
    ],
    ids=["semicolons", "UTF-16", "encoding", "a title", "gzip", "quotes", "no headers", "empty", "zip", "no text", "wrong option"],
)  # fmt: skip
def test_names_are_read_as_a_run_would_read_them_and_none_where_it_could_not(offered, samples, content, options, names):
    (samples / "x.csv").write_bytes(content)

    assert offered("fill", "x.csv", *options, "-c", "") == names


def test_nothing_is_offered_without_a_file_and_a_pipe_is_not_read(offered, samples):
    os.mkfifo(samples / "pipe")

    assert offered("fill", "-c", "") == []
    assert offered("fill", "absent.csv", "-c", "") == []
    assert offered("fill", "pipe", "-c", "") == []
    assert offered("fill", "-", "-c", "") == []


@pytest.mark.parametrize("shell", TAB)
def test_a_shell_completes_what_is_typed_once_completion_is_installed(samples, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    environment = {"HOME": str(samples), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "TERM": "xterm"}
    installed = subprocess.run(
        [shell, "-c", "em-impute --install-completion; true"], env=environment, cwd=samples, capture_output=True, check=False
    )  # fmt: skip

    assert f"{shell} completion installed".encode() in installed.stdout
    assert b"gender: 654 known" in typed(
        shell, f"em-impute che{TAB[shell]}heights.csv -c gen\t\n", samples, environment, until=b"missing"
    )


def typed(shell, keys, folder, environment, until):
    """Type at the prompt of a shell, and give what its terminal shows until `until` stands there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    process = subprocess.Popen(
        [shell, "-i"],
        env=environment,
        cwd=folder,
        pass_fds=[theirs],
        preexec_fn=partial(os.login_tty, theirs),  # noqa: PLW1509  # no threads here
    )
    os.close(theirs)
    shown = b""
    os.write(ours, keys.encode())
    while until not in shown and select.select([ours], [], [], LONGEST_WAIT)[0]:
        shown += os.read(ours, 65536)
    process.kill()
    process.wait()
    os.close(ours)
    return shown
