"""Runs that something is taken away from: the disk, a right, memory, the process itself."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

TOOL = (sys.executable, "-m", "em_impute")
IS_ROOT = os.geteuid() == 0
NOBODY = 65534
"""A user to whom modes say something, which they do not to root."""

PLAIN = b"g,x\na,1\nb,9\n,1\n"
FILLED = b"g,x\na,1\nb,9\na,1\n"

PATIENCE = 120.0
"""Seconds after which a run hangs, far more than any takes."""


def rounds(usual=3):
    """Tell how often a random thing is tried: FAULT_ROUNDS, which `make faults` sets, or what `make test` has time for."""
    return int(os.environ.get("FAULT_ROUNDS", usual))


def table(n_rows, seed=1):
    """Make a CSV with the columns g (a third of it missing), x and t, of about 15 bytes a row."""
    chance = random.Random(seed)  # noqa: S311  # to be repeated
    rows = [f"{chance.choice(('a', 'b', ''))},{chance.randint(1, 9)},text {i}" for i in range(n_rows)]
    return "\n".join(["g,x,t", "a,1,first", "b,9,second", *rows, ""]).encode()


def contents(folder):
    """Give every file below a folder, hidden ones too, by its path: bytes, or where a link leads."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = f"-> {path.readlink()}"
        elif path.is_file():
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


AS_USER = """
import contextlib, io, os, sys, tempfile
from pathlib import Path
from em_impute.cli import main

user, arguments = int(sys.argv[1]), sys.argv[2:]
with tempfile.TemporaryDirectory() as folder:
    # The other user may not come to this Python: all that a run imports late is imported before.
    Path(folder, "a.csv").write_bytes(b"g,x\\na,1\\nb,9\\n,1\\n")
    with contextlib.redirect_stderr(io.StringIO()):
        assert main._run(["fill", f"{folder}/a.csv", "-c", "g", "--in-place", "--backup", "~"]) == 0
        assert main._run(["fill", f"{folder}/nothing.csv", "-c", "g"]) == 3
os.setgroups([])
os.setgid(user)
os.setuid(user)
sys.argv[1:] = arguments
main.main()
"""


def start(folder, *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, user=None, limits=None, **environment):
    """Start a run as a process of its own, with usual signals, as another user and with limits where they are given."""
    command = TOOL if user is None else (sys.executable, "-c", AS_USER, str(user))
    return subprocess.Popen(
        [*command, *map(str, arguments)],
        cwd=folder,
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
        preexec_fn=partial(_prepare, limits or {}),  # noqa: PLW1509  # no threads of ours hold a lock here
    )


def _prepare(limits):
    import resource

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # whoever started the tests may ignore them
        signal.signal(number, signal.SIG_DFL)
    for name, most in limits.items():
        resource.setrlimit(getattr(resource, name), (most, most))


def end(process):
    """Wait for a run: its exit code, standard output and standard error.  One that hangs is killed."""
    try:
        output, said = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        output, said = process.communicate()
        pytest.fail(f"the run hangs, having said {said!r}")
    return process.returncode, output, said


def do(folder, *arguments, **options):
    """Run to the end."""
    return end(start(folder, *arguments, **options))


def seconds_of(folder, *arguments):
    """Measure a run, which is to succeed."""
    began = time.monotonic()
    code, _, said = do(folder, *arguments)
    assert 0 == code, said
    return time.monotonic() - began


def moments(seed, usual=3, first=0.0, last=1.1):
    """Yield shares of the time that a run takes, and what to say of each where a test fails."""
    chance = random.Random(seed)  # noqa: S311  # to be repeated
    for number in range(rounds(usual)):
        share = chance.uniform(first, last)
        yield share, f"round {number} of seed {seed}: after {share:.3f} of a run"


def wait_for(happened, process=None):
    """Wait until something has happened.  False if the process ended before."""
    until = time.monotonic() + PATIENCE
    while not happened():
        if process is not None and process.poll() is not None:
            return bool(happened())
        assert time.monotonic() < until, "nothing happens"
        time.sleep(0.002)
    return True


def give_to_nobody(folder):
    """Let NOBODY own a folder with all that is in it, and come there; skip where that cannot be."""
    if any(parent.stat().st_mode & 0o005 != 0o005 for parent in folder.parents):
        pytest.skip("another user may not come here")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def in_own_world(script, folder):
    """Run a shell script that may mount what it likes, for nobody else to see; EM stands for em-impute.

    Skip where the system lets nobody do so.
    """
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare, to mount a small disk")
    unshare = ["unshare", "-m"] if IS_ROOT else ["unshare", "-rm"]
    (folder / "mounted").mkdir(exist_ok=True)
    tried = subprocess.run(
        [*unshare, "mount", "-t", "tmpfs", "-o", "size=64k", "none", "mounted"],
        cwd=folder, capture_output=True, check=False,
    )  # fmt: skip
    (folder / "mounted").rmdir()
    if tried.returncode:
        pytest.skip(f"needs to mount a small disk: {tried.stderr.decode().strip()}")
    return subprocess.run(
        [*unshare, "bash", "-c", script.replace("EM", " ".join(TOOL))],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
