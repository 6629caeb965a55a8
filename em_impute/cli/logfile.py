"""The log: for each run a few plain lines, appended to a file that many runs may share."""

import errno
import os
import re
import stat
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from em_impute.environment import version
from em_impute.errors import OutputError, UsageError

__all__ = ["OPTION", "STDOUT_NAMES", "VARIABLE", "Log"]

OPTION, VARIABLE = "--log-file", "EM_IMPUTE_LOG_FILE"

STDERR_NAMES = ("/dev/stderr", "/dev/fd/2", "/proc/self/fd/2")
STDOUT_NAMES = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")

QUOTED = re.compile(r"""(?<!column )(?<!\w)('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
"""A text that a message quotes, as Python writes it.  What follows the word column is the name of one."""

BARE = re.compile(r"(?<= holds )(?!['\"])\S+(?= on line )")
"""A number that a message says a cell to hold, which it does not quote."""

ENDS = {129: "hung up", 130: "interrupted", 141: "the reader of standard output has left", 143: "terminated"}


class Log:
    """The lines of one run; nothing at all unless a path is opened.

    Every line is one write to a file that is opened for appending, so that the lines of runs at the same time do not
    mix.  A cell of a column that is not filled never gets here: of texts that messages quote, only those are kept that
    stand in the command line or were allowed.
    """

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        self._arguments = tuple(arguments)
        self._known = {part for word in self._arguments for part in (word, *re.split("[,=]", word))}
        self._path = ""
        self._is_new = False
        self._descriptor: int | None = None
        self._has_begun = False
        self._started = time.monotonic()

    @property
    def is_open(self) -> bool:
        """Lines go somewhere."""
        return self._descriptor is not None

    def open(self, path: str, asked_by: str = OPTION) -> None:
        """Open the log for appending; `asked_by` names the option or variable.

        Raises `UsageError` for standard output and for a file that the command line names as something else,
        `OutputError` for what cannot be opened.
        """
        if path in STDOUT_NAMES:
            raise UsageError(
                f"{asked_by} takes a file, not {path!r}: standard output carries the CSV or nothing",
                "name a file, or /dev/stderr",
            )
        if not path:
            raise UsageError(f"{asked_by} is given an empty path", "name a file")
        words = [part for word in self._arguments for part in (word, word.partition("=")[2])]
        if asked_by == OPTION and path in words:
            words.remove(path)  # as what it is
        self.refuse([Path(word) for word in words if word], Path(path), asked_by)
        self._path, self._is_new = path, not os.path.lexists(path)
        try:
            self._descriptor = _opened(path)
        except OSError as error:
            reason = "nobody reads this pipe" if error.errno == errno.ENXIO else error.strerror
            raise OutputError(f"cannot write the log {path}: {reason}", f"name another file with {asked_by}") from None

    def refuse(self, paths: Iterable[Path], log: Path | None = None, asked_by: str = OPTION) -> None:
        """Raise `UsageError` if the log is one of the files that are read or written otherwise."""
        if log is None and self._descriptor is None:
            return
        log = Path(self._path) if log is None else log
        for path in paths:
            if _is_same_file(path, log):
                self.close()
                if self._is_new and not self._has_begun:
                    log.unlink(missing_ok=True)
                raise UsageError(f"the log {str(log)!r} is also read or written", f"name another file with {asked_by}")

    def open_if_asked(self) -> None:
        """Open the log for a command line that cannot be read to its end, if a path is found in it."""
        if self._descriptor is None:
            words = [word for word in self._arguments if word.startswith(f"{OPTION}=")]
            if OPTION in self._arguments[:-1]:
                words = [f"={self._arguments[self._arguments.index(OPTION) + 1]}"]
            path, asked_by = (words[-1].partition("=")[2], OPTION) if words else (os.environ.get(VARIABLE), VARIABLE)
            with suppress(UsageError, OutputError):
                self.open(path or "", asked_by)

    def allow(self, texts: Iterable[str]) -> None:
        """Let these texts be quoted: names of columns, and labels of those that are filled."""
        if self._descriptor is not None:
            for text in texts:
                self._known |= {text, repr(text)[1:-1]}  # as messages quote them

    def note(self, text: str) -> None:
        """Say what was done."""
        self._write("INFO", self._without_cells(text))

    def caution(self, text: str) -> None:
        """Say what should be known before relying on the result."""
        self._write("WARNING", self._without_cells(text))

    def failure(self, message: str, hint: str = "", *, quotes_cells: bool = True) -> None:
        """Say why the run fails, and the remedy; they are logged as they are if they never quote cells."""
        for text in (message, f"hint: {hint}" if hint else ""):
            if text:
                self._write("ERROR", self._without_cells(text) if quotes_cells else text)

    def end(self, code: int) -> None:
        """Say how the run ended, and close the log."""
        from em_impute.environment import is_dictated

        why = f" ({ENDS[code]})" if code in ENDS else ""
        seconds = "" if is_dictated() else f" after {time.monotonic() - self._started:.1f} s"
        self._write({0: "INFO", 1: "WARNING"}.get(code, "ERROR"), f"end: exit code {code}{why}{seconds}")
        self.close()

    def close(self) -> None:
        """Write nothing more."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    def _write(self, level: str, text: str) -> None:
        if self._descriptor is None:
            return
        if not self._has_begun:
            self._has_begun = True
            import shlex

            command = shlex.join(["em-impute", *self._arguments])
            self._append(f"{_stamp()} INFO    begin em-impute {version()}: {_escaped(command)}")
        self._append(f"{_stamp()} {level:<7} {_escaped(text)}")

    def _without_cells(self, text: str) -> str:
        """Leave out what is quoted and not known."""
        return BARE.sub("…", QUOTED.sub(lambda found: found[0] if found[0][1:-1] in self._known else "'…'", text))

    def _append(self, line: str) -> None:
        """Write a line at once.  A log that cannot be written is said once and spoils nothing else."""
        if self._descriptor is None:
            return
        data = f"{line}\n".encode("utf-8", "backslashreplace")
        try:
            if os.write(self._descriptor, data) == len(data):
                return
            reason = os.strerror(errno.ENOSPC)
        except OSError as error:
            reason = str(error.strerror)
        self.close()
        with suppress(OSError):
            sys.stderr.write(f"warning: the log {_escaped(self._path)} cannot be written: {reason}\n")
            sys.stderr.flush()


def _opened(path: str) -> int:
    """Open for appending.  A pipe that nobody reads is an error, not something to wait for."""
    if path in STDERR_NAMES:
        return os.dup(2)  # under systemd it is a socket, which has no path to be opened by
    not_to_wait = getattr(os, "O_NONBLOCK", 0)  # which Windows does not have, nor such pipes
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | not_to_wait, 0o666)
    if not_to_wait:
        os.set_blocking(descriptor, True)
    return descriptor


def _is_same_file(one: Path, other: Path) -> bool:
    """Tell whether two paths lead to one file, whether it is there or not; devices and pipes may serve twice."""
    with suppress(OSError, ValueError):
        if other.exists() and not stat.S_ISREG(other.stat().st_mode):
            return False
        return os.path.realpath(one) == os.path.realpath(other) or (
            one.exists() and other.exists() and one.samefile(other)
        )
    return False


def _stamp() -> str:
    """Give the time and the process."""
    from em_impute.environment import time_of_run

    return f"{time_of_run()} {os.getpid()}"


def _escaped(text: str) -> str:
    from em_impute.report.words import printable

    return printable(text)
