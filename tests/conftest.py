"""Fixtures that every folder of tests may use."""

import importlib
import os
import pty
import shutil
import signal
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pytest
from forking import BASE_INSTALL, Program

from em_impute.cli import door
from em_impute.limits import BLAS_THREADS

# Before anything imports numpy: on a busy machine threads of BLAS wait for each other, for products as small as these.
for name in BLAS_THREADS:
    os.environ.setdefault(name, "1")

READ_LATE = {"COLUMNS", "FORCE_COLOR", "NO_COLOR", "SOURCE_DATE_EPOCH", "TERM", "TMPDIR"}
"""Variables of the environment, beside our own, that count although a process has imported everything."""

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "sample_data"
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture(autouse=True)
def base_install(request, monkeypatch):
    """Let every process be as the base install is, without pictures, which take a second to draw.

    Tests that are marked with `pictures` find the extra `report`, which this environment has.
    """
    if request.node.get_closest_marker("pictures") is None:
        monkeypatch.setenv("PYTHONPATH", str(BASE_INSTALL))


@pytest.fixture(autouse=True)
def reports_are_valid(request):
    """Compare every report that a test leaves in its folder with what `em-impute schema` says."""
    folder = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    if folder is not None and any(folder.rglob("*.json")):
        from schema_reports import validate_left_in

        validate_left_in(folder)


@pytest.fixture
def samples(tmp_path):
    """A folder of one's own with the sample data in it."""
    for path in SAMPLES.glob("*.csv"):
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """The process whose forks run em-impute, or with True the one that finds the extra `report`."""
    programs = {}

    def program(has_pictures):
        if has_pictures not in programs:
            programs[has_pictures] = Program(tmp_path_factory.mktemp("streams"), has_pictures=has_pictures)
        return programs[has_pictures]

    yield program
    for one in programs.values():
        one.close()


@pytest.fixture
def run(request, tmp_path, program):
    """Run em-impute as a process in a folder of one's own: bytes in, bytes out.

    It is a fork of one that has imported everything, unless what is asked of the environment may count before.
    """
    has_pictures = request.node.get_closest_marker("pictures") is not None

    def run(*arguments, stdin=b"", **environment):
        words = [*map(str, arguments)]
        if all(name.startswith("EM_IMPUTE_") or name in READ_LATE for name in environment):
            ended = program(has_pictures).run(words, tmp_path, stdin, {**os.environ, **environment})
            return subprocess.CompletedProcess(words, ended.code, ended.stdout, ended.stderr)
        return subprocess.run(
            [sys.executable, "-m", "em_impute", *words],
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, **environment},
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def call(tmp_path, monkeypatch, capfd):
    """Run em-impute within this process: its exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(door, "_prepare", lambda: None)  # the signals are pytest's

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["em-impute", *arguments])
        code = door._run(list(arguments))
        said = capfd.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def on_terminal(tmp_path):
    """Run em-impute with standard error on a terminal: give its exit code, standard output, and what was shown.

    Standard input is a pipe that stays open until the terminal has shown `until`, so that the work lasts until then,
    however fast the machine is; then it gets `stdin`, or the process gets the signal `then`.
    `patience` replaces the seconds before a progress bar appears.
    """

    def on_terminal(*arguments, stdin=b"", until=b"", then=None, patience=None, width=100, **environment):
        patched = "" if patience is None else f"from em_impute.report import progress; progress.PATIENCE = {patience}; "
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, width))
        process = subprocess.Popen(
            [sys.executable, "-c", f"{patched}from em_impute.cli import main; main()", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=theirs,
            cwd=tmp_path,
            env={**os.environ, "TERM": "xterm", **environment},
            # A shell may have started the tests with SIGINT ignored, which children inherit.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # no threads here
        )
        os.close(theirs)
        shown = _read(ours, until)
        if then is not None:
            process.send_signal(then)
        with suppress(BrokenPipeError):
            process.stdin.write(stdin)
            process.stdin.close()
        shown += _read(ours)
        os.close(ours)
        output = process.stdout.read()
        process.stdout.close()
        return process.wait(timeout=120), output, shown

    return on_terminal


def _read(terminal, until=None):
    """Read what is shown on a terminal until it shows `until`, or its last writer has closed it."""
    shown = b""
    while until is None or until not in shown:
        try:
            more = os.read(terminal, 65536)
        except OSError:  # how Linux says that nobody is left
            break
        if not more:  # how others say it
            break
        shown += more
    return shown


@pytest.fixture
def load(monkeypatch):
    """Import a script of the benchmarks as it imports the others, and forget them afterwards."""
    names = [path.stem for path in BENCHMARKS.glob("*.py")]
    monkeypatch.syspath_prepend(BENCHMARKS)
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module
    for name in names:
        sys.modules.pop(name, None)
