"""Every way a run can end becomes an exit code and at most two lines on standard error."""

import errno
import os
import re
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from em_impute.cli.logging import Log
from em_impute.cli.mistakes import COMMANDS, advised
from em_impute.environment import (
    BLAS_THREADS,
    NO_MEMORY,
    forget_no_date,
    is_lack_of_memory,
    refuse_without_memory,
)
from em_impute.errors import EmImputeError, ExitCode, FitError, OutputError, UsageError

SIGNALLED = 128
"""What a shell adds to the number of the signal that ended a process."""

ASK_AGAIN = 2.0
"""Seconds after which a run that was to end is asked again, far more than it takes to leave nothing behind."""

VARIABLES = {"EM_IMPUTE_DELIMITER": ("-d", "--delimiter"), "EM_IMPUTE_ENCODING": ("-e", "--encoding")}
"""Environment variables whose values are judged when the file is opened, and the options that beat them."""


def main() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    # The products here are small: more BLAS threads gain nothing, and on a busy machine they wait for each other.
    for name in BLAS_THREADS:
        os.environ.setdefault(name, "1")
    forget_no_date()
    code = _run(sys.argv[1:])
    _settle()
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    log = Log(arguments)
    try:
        code = _end_of(arguments, log)
    except SystemExit as ended:  # by a signal, or by Typer with 1 where the reader of its help has left
        code = int(ended.code or 0)
        if code == 1 and isinstance(ended.__context__, BrokenPipeError):
            code = ExitCode.CLOSED_PIPE
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    log.end(code)
    return code


def _end_of(arguments: list[str], log: Log) -> int:
    """Run the command, and turn whatever ends it into an exit code."""
    try:
        _prepare()
        code = _obey(arguments, log)
    except BrokenPipeError:
        return ExitCode.CLOSED_PIPE
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the last door: whatever passes it is a bug of ours or of the command line
        if not is_lack_of_memory(error):
            if "--debug" in arguments:
                import traceback

                traceback.print_exc()
            return _fail(_worded(error, arguments), arguments, log)
    else:
        return code
    # Only here, where the error is gone, is there memory again: it held on to all that the run had.
    return _fail(FitError(*NO_MEMORY), arguments, log)


def _obey(arguments: list[str], log: Log) -> int:
    """Run the command, and give the exit code that it asks for."""
    if _calculates(arguments):
        refuse_without_memory()
        log.open_if_asked()
    # The rooms below are imported here, so that an interrupt while importing ends as quietly as any other.
    from typer.main import get_command

    from em_impute.cli.app import app

    code = get_command(app).main(args=arguments, prog_name="em-impute", standalone_mode=False, obj=log)
    if sys.stdout is not None:
        sys.stdout.flush()
    return int(code or 0)


def _calculates(arguments: Sequence[str]) -> bool:
    """Tell whether the command line asks for more than words."""
    return not {"-h", "--help"}.intersection(arguments) and any(word in COMMANDS - {"schema"} for word in arguments)


def _worded(error: Exception, arguments: list[str]) -> EmImputeError:
    """Say what an error means that is none of ours."""
    format_message = getattr(error, "format_message", None)
    if format_message is not None:  # Typer's own errors; it keeps their classes to itself
        command = next((word for word in arguments if word in COMMANDS), "")
        message = format_message().replace(": Value error, ", ": ")  # so pydantic begins what Typer wrote
        message = re.sub(r", unable to parse string as \w+ \w+", "", message).replace(": Input should", ": it should")
        return UsageError(_blamed_on_variable(message, error), " ".join(f"em-impute {command} --help".split()))
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO}:
        return OutputError(f"cannot write to standard output: {error.strerror}", "free some room")
    from em_impute.cli.run import worded

    return worded(error)


def _fail(error: EmImputeError, arguments: list[str], log: Log) -> int:
    """Say an error to the log, and to people in two lines, and give its exit code."""
    from em_impute.cli.run import failure_lines

    reworded = partial(_blamed, arguments=arguments) if isinstance(error, UsageError) else str
    lines = failure_lines(advised(error, arguments), log, reworded)
    with suppress(OSError):  # nobody can be told, but the exit code still says it
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()
    return error.exit_code


def _blamed(message: str, arguments: Sequence[str]) -> str:
    """Name the environment variable that a mistake came from, if it did not come from the command line."""
    for name, options in VARIABLES.items():
        value = os.environ.get(name)
        if value and repr(value) in message and not any(word.startswith(options) for word in arguments):
            return f"{name}: {message}"
    return message


def _blamed_on_variable(message: str, error: Any) -> str:  # noqa: ANN401  # Typer keeps the class to itself
    """Name the variable instead of the option, if Typer read the value there."""
    param: Any = getattr(error, "param", None)
    context: Any = getattr(error, "ctx", None)
    source = context.get_parameter_source(param.name) if param and context else None
    if source is None or source.name != "ENVIRONMENT":
        return message
    return message.replace(param.get_error_hint(), param.envvar)


def _prepare() -> None:
    """Make sure that signals end the run in order and that there is a standard error to write to."""
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # as long as the process
    signal.signal(signal.SIGTERM, _terminate)
    for name in ("SIGINT", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as nohup and some shells order
            signal.signal(number, _terminate)


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
    if hasattr(signal, "setitimer"):
        # It is lost where Python is in a destructor, or a library that is being imported swallows it: ask again.
        signal.signal(signal.SIGALRM, lambda *_: _raise(number))
        signal.setitimer(signal.ITIMER_REAL, ASK_AGAIN, ASK_AGAIN)
    _raise(number)


def _raise(number: int) -> NoReturn:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(SIGNALLED + number)
