"""The one door: every way a run can end becomes an exit code and at most two lines on standard error."""

import errno
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from em_impute.errors import ClosedPipeError, EmImputeError, ExitCode

__all__ = ["main"]

SIGNALLED = 128
"""What a shell adds to the number of the signal that ended a process."""

COMMANDS = {"fill", "check", "evaluate", "explain", "report"}

BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code."""
    # The products here are small: more BLAS threads gain nothing, and on a busy machine they wait for each other.
    for name in BLAS_THREADS:
        os.environ.setdefault(name, "1")
    arguments = list(sys.argv[1:] if argv is None else argv)
    code = _run(arguments)
    _settle()
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    try:
        _prepare()
        # The rooms below are imported here, so that an interrupt while importing ends as quietly as any other.
        from typer.main import get_command

        from em_impute.cli.app import app

        code = get_command(app).main(args=arguments, prog_name="em-impute", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (ClosedPipeError, BrokenPipeError):
        return ExitCode.CLOSED_PIPE
    except EmImputeError as error:
        if "--debug" in arguments:
            _traceback()
        return _say(error.message, error.hint, error.exit_code)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the last door: whatever passes it is a bug of ours or of the command line
        return _unforeseen(error, arguments)
    return int(code or 0)


def _unforeseen(error: Exception, arguments: list[str]) -> int:
    format_message = getattr(error, "format_message", None)
    if format_message is not None:  # Typer's own errors; it keeps their classes to itself
        command = next((word for word in arguments if word in COMMANDS), "")
        message = format_message().replace(": Value error, ", ": ")  # so pydantic begins what Typer wrote
        return _say(message, " ".join(f"em-impute {command} --help".split()), ExitCode.USAGE)
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO}:
        return _say(f"cannot write to standard output: {error.strerror}", "free some room", ExitCode.OUTPUT)
    if isinstance(error, MemoryError):
        return _say("not enough memory for this file", "name fewer predictors with -x", ExitCode.FIT)
    if "--debug" in arguments:
        _traceback()
    from em_impute import __version__

    what = f"{type(error).__name__}: {error}"
    return _say(
        f"a bug in em-impute {__version__}: {what}", "run again with --debug and report what it prints", ExitCode.BUG
    )


def _say(message: str, hint: str, code: ExitCode) -> int:
    lines = [f"error: {_one_line(message)}", *([f"hint: {_one_line(hint)}"] if hint else [])]
    with suppress(OSError):  # nobody can be told, but the exit code still says it
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()
    return code


def _one_line(text: str) -> str:
    from em_impute.report.words import printable

    return printable(" ".join(text.split()))


def _prepare() -> None:
    """Make sure that signals end the run in order and that there is a standard error to write to."""
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # as long as the process
    signal.signal(signal.SIGTERM, _terminate)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it
        signal.signal(signal.SIGHUP, _terminate)


def _settle() -> None:
    """Lead a stream that can no longer be written to into nowhere, so that Python's last flush does not fail too."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _terminate(number: int, _frame: FrameType | None) -> NoReturn:
    # Raised as an exception, so that temporary files are removed on the way out; a second signal must not disturb that.
    signal.signal(number, signal.SIG_IGN)
    sys.exit(SIGNALLED + number)


def _traceback() -> None:
    import traceback

    traceback.print_exc()
