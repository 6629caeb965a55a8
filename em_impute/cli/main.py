"""Every way a run can end becomes an exit code and at most two lines on standard error."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

from em_impute.cli.logging import VARIABLE, Log
from em_impute.cli.mistakes import COMMANDS, advised
from em_impute.environment import BLAS_THREADS, NO_MEMORY, forget_no_date, is_lack_of_memory, refuse_without_memory
from em_impute.errors import ExitCode, FitError, UsageError

SIGNALLED = 128
"""What a shell adds to the number of the signal that ended a process."""

ASK_AGAIN = 2.0
"""Seconds after which a run that was to end is asked again, far more than it takes to leave nothing behind."""


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
    except SystemExit as ended:  # by a signal, or by Typer with 1 where the reader of standard output has left
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
            return _fail(error, arguments, log)
    else:
        return code
    # Only here, where the error is gone, is there memory again: it held on to all that the run had.
    return _fail(FitError(*NO_MEMORY), arguments, log)


def _obey(arguments: list[str], log: Log) -> int:
    """Run the command, and give the exit code that it asks for."""
    asks_for_help = not {"-h", "--help"}.isdisjoint(arguments)
    if not asks_for_help and not (COMMANDS - {"schema"}).isdisjoint(arguments):  # it asks for more than words
        refuse_without_memory()
        log.open_if_asked()
    # The rooms below are imported here, so that an interrupt while importing ends as quietly as any other.
    from typer.main import get_command

    from em_impute.cli.app import app

    code = get_command(app).main(args=arguments, prog_name="em-impute", standalone_mode=False, obj=log)
    if sys.stdout is not None:
        sys.stdout.flush()
    return int(code or 0)


def _fail(error: Exception, arguments: list[str], log: Log) -> int:
    """Say an error to the log, and to people in two lines, and give its exit code."""
    from em_impute.cli.run import failure_lines, worded

    said = advised(worded(error, arguments), arguments)
    reworded = partial(_blamed, arguments=arguments) if isinstance(said, UsageError) else str
    with suppress(OSError):  # nobody can be told, but the exit code still says it
        lines = failure_lines(said, log, reworded)
        if sys.stderr.isatty():
            from em_impute.report.text.console import broken

            lines = [broken(line, os.get_terminal_size(sys.stderr.fileno()).columns or 80) for line in lines]
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()
    return said.exit_code


def _blamed(message: str, arguments: Sequence[str]) -> str:
    """Name the environment variable that a mistake came from, if it did not come from the command line."""
    from em_impute.cli.options.groups import VARIABLES

    for name, options in VARIABLES.items():
        value, said = os.environ.get(name), " / ".join(map(repr, options))
        is_named = any(word.startswith(options) for word in arguments) or name == VARIABLE  # the log names its own
        if value and not is_named:
            if said in message:
                return message.replace(said, name)
            if repr(value) in message:
                return f"{name}: {message}"
    return message


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
        signal.signal(signal.SIGALRM, lambda *_: sys.exit(SIGNALLED + number))
        signal.setitimer(signal.ITIMER_REAL, ASK_AGAIN, ASK_AGAIN)
    sys.exit(SIGNALLED + number)
