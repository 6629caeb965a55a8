"""Fixtures that every folder of tests may use."""

import importlib
import os
import pty
import select
import shutil
import subprocess
import sys
import termios
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
import typer.main
from forking import BASE_INSTALL, Program
from hypothesis import settings

from em_impute.cli import main
from em_impute.environment import BLAS_THREADS

# Some images forbid Python to keep what it has compiled: each of a thousand processes would compile everything again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Before anything imports numpy: on a busy machine threads of BLAS wait for each other, for products as small as these.
for name in BLAS_THREADS:
    os.environ.setdefault(name, "1")

# What Typer makes of the commands is the same for each of the thousands of runs within this process.
typer.main.get_command = cache(typer.main.get_command)

READ_LATE = {
    "COLUMNS", "COMP_CWORD", "COMP_WORDS", "FORCE_COLOR", "NO_COLOR", "SOURCE_DATE_EPOCH", "TERM", "TMPDIR", "_EM_IMPUTE_COMPLETE",
}  # fmt: skip
"""Variables of the environment, beside our own, that count although a process has imported everything."""

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "sample_data"
BENCHMARKS = ROOT / "benchmarks"

settings.register_profile("check", deadline=None, derandomize=True, max_examples=15)
settings.register_profile("exhaustive", deadline=None, max_examples=2000)


def pytest_configure(config):
    settings.load_profile("exhaustive" if config.option.markexpr == "exhaustive" else "check")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Let `-m exhaustive` run what makes up examples, too, with more of them; `make fuzz` has options of its own."""
    if config.option.markexpr == "exhaustive":
        for item in items:
            if getattr(item.obj, "is_hypothesis_test", False) and item.get_closest_marker("fuzz") is None:
                item.add_marker("exhaustive")


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
def program():
    """The process whose forks run em-impute, or with True the one that finds the extra `report`."""
    programs = {}

    def program(has_pictures):
        if has_pictures not in programs:
            programs[has_pictures] = Program(has_pictures=has_pictures)
        return programs[has_pictures]

    yield program
    for one in programs.values():
        one.close()


@pytest.fixture
def tool(request, program):
    """A folder for the PATH of shells, with an `em-impute` in it that is run by forks."""
    return program(request.node.get_closest_marker("pictures") is not None).folder


@pytest.fixture
def run(request, tmp_path, program):
    """Run em-impute as a process in a folder of one's own: bytes in, bytes out; `stdout` as in `forking.Program.run`.

    It is a fork of one that has imported everything, unless what is asked of the environment may count before.
    """
    has_pictures = request.node.get_closest_marker("pictures") is not None

    def run(*arguments, stdin=b"", stdout=None, **environment):
        words = [*map(str, arguments)]
        if all(name.startswith("EM_IMPUTE_") or name in READ_LATE for name in environment):
            ended = program(has_pictures).run(words, tmp_path, stdin, {**os.environ, **environment}, stdout)
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
    monkeypatch.setattr(main, "_prepare", lambda: None)  # the signals are pytest's

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["em-impute", *arguments])
        code = main._run(list(arguments))
        said = capfd.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def on_terminal(tmp_path, program):
    """Run em-impute with standard error on a terminal: give its exit code, standard output, and what was shown.

    Standard input is a pipe that stays open until the terminal has shown `until`, so that the work lasts until then,
    however fast the machine is; then it gets `stdin`, or the process gets the signal `then`.
    `patience` replaces the seconds before a progress bar appears.
    """

    def on_terminal(*arguments, stdin=b"", until=b"", then=None, patience=1.0, width=100, **environment):
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, width))
        forks, given, out = program(False), tmp_path / "pipe to read", tmp_path.parent / f"{tmp_path.name}.out"
        os.mkfifo(given)
        reading = os.open(given, os.O_RDONLY | os.O_NONBLOCK)  # else it would wait for who writes
        writing = os.open(given, os.O_WRONLY)
        os.set_blocking(reading, True)
        environment = {**os.environ, "TERM": "xterm", **environment}
        with os.fdopen(reading), out.open("wb") as written:
            streams = (reading, written.fileno(), theirs)
            process = forks.start([*map(str, arguments)], tmp_path, streams, environment, patience=patience)
        with suppress(BrokenPipeError), os.fdopen(writing, "wb", buffering=0) as pipe:
            shown = _read(ours, until=until)
            if then is not None:
                os.kill(process, then)
            pipe.write(stdin)
        given.unlink()
        shown += _read(ours, ending=forks.ending)
        for terminal in (ours, theirs):
            os.close(terminal)
        return forks.end()[0], out.read_bytes(), shown

    return on_terminal


def _read(terminal, until=None, ending=None):
    """Read what is shown on a terminal: until it shows `until`, or until `ending` can be read and all is shown."""
    shown = b""
    while until is None or until not in shown:
        readable, _, _ = select.select([terminal, *([] if ending is None else [ending])], [], [])
        if terminal in readable:
            shown += os.read(terminal, 65536)
        elif ending in readable:
            break
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
