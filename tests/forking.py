"""Runs of em-impute in forks of one process that has everything imported: real descriptors, a tenth of the time.

Run as a script this is that process.  It reads a request a line, as JSON, and answers with how the run ended.
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn

BASE_INSTALL = Path(__file__).parent / "base_install"
"""Holds a `sitecustomize.py` by which a process finds nothing of the extra `report`."""

PROCESSOR_SECONDS = 60
"""What a run may use, which on an idle machine takes a fifth of a second."""

SECONDS = 300
"""After which a run that uses nothing is one that hangs, however busy the machine is."""

PIPE_BYTES = 1 << 16
"""What a pipe holds, on Linux."""

WARM = "g,x,h\n" + "".join(f"{'ab'[i % 2] if i % 3 else ''},{i % 7 + i % 2 * 3}.5,{'uv'[i % 2]}\n" for i in range(40))

CRASHED = 99
"""Exit code of a run that an exception got out of."""


class Ended(NamedTuple):
    """How a run ended."""

    code: int
    """Exit code; below 0 the number of the signal that killed it."""
    stdout: bytes
    stderr: bytes
    seconds: float
    """of a processor"""


class Program:
    """The process that has everything imported, and a folder for the streams of its children."""

    def __init__(self, folder: Path, *, hurried: bool = False, has_pictures: bool = False) -> None:
        self._streams = folder
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
        environment["PYTHONPATH"] = "" if has_pictures else str(BASE_INSTALL)
        self._process = subprocess.Popen(
            [sys.executable, __file__, *(["hurried"] if hurried else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            env=environment,
        )

    def run(self, arguments: list[str], folder: Path, stdin: bytes | None, environment: Mapping[str, str]) -> Ended:
        """Run em-impute in a folder; without `stdin` its standard input is empty.

        Of the environment all counts but what Python and the libraries read when they start.
        """
        given, out, err = (self._streams / name for name in ("stdin", "stdout", "stderr"))
        given.write_bytes(stdin or b"")
        request = {
            "arguments": arguments,
            "folder": str(folder),
            "streams": [str(given), str(out), str(err)],
            "environment": dict(environment),
        }
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return Ended(answer["code"], out.read_bytes(), err.read_bytes(), answer["seconds"])

    def close(self) -> None:
        """Let the process end."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def _serve(*, hurried: bool) -> None:
    """Answer requests until there are none."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    for descriptor in (0, 1):
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    _warm_up()
    if hurried:
        _hurry()
    gc.collect()
    gc.freeze()  # else a child that collects garbage first copies every object there is
    signal.signal(signal.SIGALRM, _give_up)
    for line in requests:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            requests.close()
            answers.close()
            _become(request)
        code, seconds = _end_of(child)
        answers.write(json.dumps({"code": code, "seconds": seconds}).encode() + b"\n")
        answers.flush()


def _warm_up() -> None:
    """Import all that a run may import, most of it late, by one run that is thrown away."""
    import em_impute
    from em_impute.cli import door

    for module in pkgutil.walk_packages(em_impute.__path__, "em_impute."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # what the extra `report` needs
                importlib.import_module(module.name)
    path = Path("warm.csv")
    path.write_text(WARM, "utf-8")
    for command in (["fill", "-q"], ["evaluate", "-q", "--repeats", "1"], ["explain", "-q"]):
        sys.argv = ["em-impute", command[0], str(path), "-c", "g", *command[1:]]
        door._run(sys.argv[1:])


def _hurry() -> None:
    """Draw less often what makes the estimates in reports steadier, and takes most of the time of small tables."""
    from em_impute.findings import plain, uncertainty

    plain.N_REFITS = 3
    uncertainty.N_DRAWS = 20


def _become(request: dict) -> NoReturn:
    """Be a run of em-impute, from its streams to its exit code."""
    code: object = CRASHED
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):  # as they were before the run that warmed up
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS + 5))
        given, out, err = request["streams"]
        os.dup2(_as_pipe(Path(given)), 0)
        for number, path in ((1, out), (2, err)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        tempfile.tempdir = None  # which the run that warmed up may have found elsewhere
        sys.argv = ["em-impute", *request["arguments"]]
        from em_impute.cli import main

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


def _as_pipe(path: Path) -> int:
    """Open what a child is to read: as a pipe, unless it is more than one holds."""
    if path.stat().st_size >= PIPE_BYTES:
        return os.open(path, os.O_RDONLY)
    reading, writing = os.pipe()
    os.write(writing, path.read_bytes())
    os.close(writing)
    return reading


def _end_of(child: int) -> tuple[int, float]:
    """Wait for a child, and kill it if it hangs: its exit code, and the seconds of a processor that it used."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        _, status, usage = os.wait4(child, 0)
    except TimeoutError:
        os.kill(child, signal.SIGKILL)
        _, status, usage = os.wait4(child, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime


def _give_up(*_: object) -> NoReturn:
    raise TimeoutError


if __name__ == "__main__":
    _serve(hurried="hurried" in sys.argv)
