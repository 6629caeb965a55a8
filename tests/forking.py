"""Runs of em-impute in forks of one process that has everything imported: real descriptors, a tenth of the time.

Run as a script this is that process.  Whoever connects to its socket sends a request, as JSON, and three descriptors: the
standard streams of the run.  The answer is a line with the number of its process, and one with how it ended.
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

BASE_INSTALL = Path(__file__).parent / "base_install"
"""Holds a `sitecustomize.py` by which a process finds nothing of the extra `report`."""

PROCESSOR_SECONDS = 60
"""What a run may use, which on an idle machine takes a fifth of a second."""

SECONDS = 300
"""After which a run that uses nothing is one that hangs, however busy the machine is."""

PIPE_BYTES = 1 << 16
"""What a pipe holds, on Linux."""

WARM = "g,x,h\n" + "".join(f"{'ab'[i % 2] if i % 3 else ''},{i % 7 + i % 2 * 3}.5,{'uv'[i % 2]}\n" for i in range(40))

LEFT = "left"
"""Stands for a pipe whose reader has left."""

WRITING = os.O_WRONLY | os.O_CREAT | os.O_TRUNC

CRASHED = 99
"""Exit code of a run that an exception got out of."""


CLIENT = """#!{python} -ISE
import json, os, signal, socket, sys

with socket.socket(socket.AF_UNIX) as door:
    door.connect({path!r})
    said = json.dumps({{"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}).encode()
    socket.send_fds(door, [len(said).to_bytes(8, "big")], [0, 1, 2])
    door.sendall(said)
    code = int(door.makefile().read().split()[1])
if code < 0:
    os.kill(os.getpid(), -code)
sys.exit(code)
"""
"""A program that has itself run by a fork of the server at `path`: with its descriptors, folder and environment."""


class Ended(NamedTuple):
    """How a run ended."""

    code: int
    """Exit code; below 0 the number of the signal that killed it."""
    stdout: bytes
    stderr: bytes
    seconds: float
    """of a processor"""


class Program:
    """The process that has everything imported; its `folder` is for the PATH of shells: in it is an `em-impute`."""

    def __init__(self, *, hurried=False, has_pictures=False):
        self.folder = Path(tempfile.mkdtemp())  # whose name is short enough for a socket
        self._path = str(self.folder / "door")
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
        environment["PYTHONPATH"] = "" if has_pictures else str(BASE_INSTALL)
        client = self.folder / "em-impute"
        client.write_text(CLIENT.format(python=sys.executable, path=self._path), "utf-8")
        client.chmod(0o755)
        self._process = subprocess.Popen(
            [sys.executable, __file__, self._path, *(["hurried"] if hurried else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self.folder,
            env=environment,
        )
        self._process.stdout.readline()  # it listens

    def run(self, arguments, folder, stdin, environment, stdout=None):
        """Run em-impute in a folder; without `stdin` its standard input is empty.

        Of the environment all counts but what Python and the libraries read when they start.  Standard output may go to
        a path, or to `LEFT`, and is empty then.
        """
        given, out, err = (self.folder / name for name in ("stdin", "stdout", "stderr"))
        given.write_bytes(stdin or b"")
        written = _without_reader() if stdout == LEFT else os.open(stdout or out, WRITING, 0o600)
        streams = (_as_pipe(given), written, os.open(err, WRITING, 0o600))
        self.start(arguments, folder, streams, environment)
        for stream in streams:
            os.close(stream)
        code, seconds = self.end()
        return Ended(code, b"" if stdout else out.read_bytes(), err.read_bytes(), seconds)

    def start(self, arguments, folder, streams, environment, **more):
        """Begin a run with these descriptors as its streams; give the number of its process.

        The progress bar appears after `patience` seconds, if that is given.
        """
        request = {"arguments": arguments, "folder": str(folder), "environment": dict(environment), **more}
        said = json.dumps(request).encode()
        self._door = socket.socket(socket.AF_UNIX)
        self._door.connect(self._path)
        socket.send_fds(self._door, [len(said).to_bytes(8, "big")], streams)
        self._door.sendall(said)
        self._answers = self._door.makefile()
        return int(self._answers.readline())

    def end(self):
        """Wait for a run that was begun: its exit code, and the seconds of a processor that it took."""
        code, seconds = self._answers.readline().split()
        self._answers.close()
        self._door.close()
        return int(code), float(seconds)

    @property
    def ending(self):
        """The descriptor from which can be read as soon as a run that was begun has ended."""
        return self._door.fileno()

    def close(self):
        """Let the process end."""
        self._process.communicate()
        shutil.rmtree(self.folder)


def _keep_door(path, *, hurried):
    """Have every caller's run done by a fork, several at a time if need be, until standard input ends."""
    _warm_up()
    if hurried:
        _hurry()
    gc.collect()
    gc.freeze()  # else a child that collects garbage first copies every object there is
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait for a run
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen(16)
        os.write(1, b"open\n")
        while door in select.select([door, 0], [], [])[0]:
            caller, _ = door.accept()
            with caller:
                if os.fork() == 0:
                    door.close()
                    _answer(caller)


def _answer(caller):
    """Have a run done for a caller, and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, streams, _, _ = socket.recv_fds(caller, 8, 3)
    with caller.makefile("rb") as said:
        request = json.loads(said.read(int.from_bytes(length, "big")))
    child = os.fork()
    if child == 0:
        caller.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        _become(request)
    for stream in (*streams, 0, 1, 2):  # or a reader of the run's output would wait for this process too
        os.close(stream)
    with contextlib.suppress(OSError):
        caller.sendall(b"%d\n" % child)
    code, seconds = _end_of(child)
    with contextlib.suppress(OSError):
        caller.sendall(b"%d %f\n" % (code, seconds))
    os._exit(0)


def _warm_up():
    """Import all that a run may import, most of it late, by one run that is thrown away."""
    import typer.main

    import em_impute
    from em_impute.cli import main

    typer.main.get_command = cache(typer.main.get_command)  # what it makes of the commands is the same for all forks

    for module in pkgutil.walk_packages(em_impute.__path__, "em_impute."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # what the extra `report` needs
                importlib.import_module(module.name)
    path = Path("warm.csv")
    path.write_text(WARM, "utf-8")
    for command in (["fill", "-q"], ["evaluate", "-q", "--repeats", "1"], ["explain", "-q"]):
        sys.argv = ["em-impute", command[0], str(path), "-c", "g", *command[1:]]
        main._run(sys.argv[1:])


def _hurry():
    """Draw less often what makes the estimates in reports steadier, and takes most of the time of small tables."""
    from em_impute.diagnostics import baseline_em as plain
    from em_impute.diagnostics import uncertainty

    plain.N_REFITS = 3
    uncertainty.N_DRAWS = 20


def _become(request):
    """Be a run of em-impute, from its streams to its exit code."""
    code = CRASHED
    try:
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):  # as they were before the run that warmed up
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS + 5))
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        tempfile.tempdir = None  # which the run that warmed up may have found elsewhere
        sys.argv = ["em-impute", *request["arguments"]]
        from em_impute.cli.main import main
        from em_impute.report.text import console as terminal

        terminal.PATIENCE = request.get("patience", terminal.PATIENCE)

        main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:  # noqa: BLE001
        import traceback

        traceback.print_exc()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0)


def _as_pipe(path):
    """Open what a run is to read: as a pipe, unless it is more than one holds."""
    if path.stat().st_size >= PIPE_BYTES:
        return os.open(path, os.O_RDONLY)
    reading, writing = os.pipe()
    os.write(writing, path.read_bytes())
    os.close(writing)
    return reading


def _without_reader():
    """Make a pipe that nobody will read: as `| true` may do at any time, here before anything is written."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def _end_of(child):
    """Wait for a child, and kill it if it hangs: its exit code, and the seconds of a processor that it used."""
    signal.signal(signal.SIGALRM, _give_up)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        _, status, usage = os.wait4(child, 0)
    except TimeoutError:
        os.kill(child, signal.SIGKILL)
        _, status, usage = os.wait4(child, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime


def _give_up(*_):
    raise TimeoutError


if __name__ == "__main__":
    _keep_door(sys.argv[1], hurried="hurried" in sys.argv)
