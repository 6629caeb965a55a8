"""The log: for each run a few plain lines, appended to a file that many runs may share.

The standard `logging` would take longer to import than all the rest that a run needs before it reads its options.
"""

import errno
import os
import re
import shlex
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from em_impute.environment import is_dictated, time_of_run, version
from em_impute.errors import OutputError, UsageError

if TYPE_CHECKING:
    from em_impute.report.model.fit import FitReport
    from em_impute.report.model.shared import Notice
    from em_impute.table.output import WrittenFile

OPTION, VARIABLE = "--log-file", "EM_IMPUTE_LOG_FILE"

STDOUT_NAMES = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
STDERR_NAMES = ("/dev/stderr", "/dev/fd/2", "/proc/self/fd/2")

QUOTED = re.compile(r"""(?<!column )(?<!\w)('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
"""A text that a message quotes, as Python writes it.  What follows the word column is the name of one."""

BARE = re.compile(r"(?<= holds )(?!['\"])\S+(?= on line )")
"""A number that a message says a cell to hold, which it does not quote."""

CELLS = {
    "W11": re.compile(": line.*"),
    "W26": re.compile(r", (?:median|from \S+ to) \S+ now, (?:median |from \S+ to )?\S+ then"),
}
"""What warnings tell of cells without quoting them, by their codes: which lie far out, and where numbers lie."""

ENDS = {129: "hung up", 130: "interrupted", 141: "the reader of standard output has left", 143: "terminated"}


class Log:
    """The lines of one run; nothing at all unless a path is opened.

    Every line is one write to a file that is opened for appending, so that the lines of runs at the same time do not
    mix.  A cell of a column that is not filled never gets here.
    """

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        self._arguments = tuple(arguments)
        self._path = ""
        self._asked_by = OPTION
        self._is_new = False
        self._descriptor: int | None = None
        self._has_begun = False
        self._started = time.monotonic()

    @property
    def is_open(self) -> bool:
        """Lines go somewhere."""
        return self._descriptor is not None

    def open_if_asked(self) -> None:
        """Open the log for appending if the command line or the variable names one.

        It is looked for here, for a command line that cannot be read to its end is logged too.  Raises `UsageError` for
        standard output and for a file that the command line names as something else, `OutputError` for what cannot be
        opened.
        """
        path, asked_by = os.environ.get(VARIABLE) or None, VARIABLE
        for word, following in pairwise([*self._arguments, ""]):
            if word.partition("=")[0] == OPTION:
                path, asked_by = word.partition("=")[2] if "=" in word else following, OPTION
        if path is None:
            return
        if path in STDOUT_NAMES:
            message = f"{asked_by} takes a file, not {path!r}: standard output carries the CSV or nothing"
            raise UsageError(message, "name a file, or /dev/stderr")
        if not path:
            raise UsageError(f"{asked_by} is given an empty path", "name a file")
        self._path, self._asked_by, self._is_new = path, asked_by, not os.path.lexists(path)
        words = [part for word in self._arguments for part in (word, word.partition("=")[2])]
        if asked_by == OPTION and path in words:
            words.remove(path)  # as what it is
        self.refuse(Path(word) for word in words if word)
        try:
            self._descriptor = _opened(path)
        except OSError as error:
            reason = "nobody reads this pipe" if error.errno == errno.ENXIO else error.strerror
            raise OutputError(f"cannot write the log {path}: {reason}", f"name another file with {asked_by}") from None

    def refuse(self, paths: Iterable[Path]) -> None:
        """Raise `UsageError` if the log is one of the files that are read or written otherwise."""
        log = Path(self._path)
        if self._path and any(_is_same_file(path, log) for path in paths):
            self.close()
            if self._is_new:
                log.unlink(missing_ok=True)
            message = f"the log {self._path!r} is also read or written"
            raise UsageError(message, f"name another file with {self._asked_by}")

    def note(self, text: str, level: str = "INFO") -> None:
        """Say what was done, or with the level WARNING what should be known before relying on the result."""
        if self._descriptor is None:
            return
        if not self._has_begun:
            self._has_begun = True
            self._append(f"INFO    begin em-impute {version()}: {shlex.join(['em-impute', *self._arguments])}")
        self._append(f"{level:<7} {text}")

    def failure(self, message: str, hint: str = "", *, quotes_cells: bool = True) -> None:
        """Say why the run fails, and the remedy; of cells that are quoted only what the command line says."""
        known = {part for word in self._arguments for part in (word, *re.split("[,=]", word))}
        for text in (message, *([f"hint: {hint}"] if hint else [])):
            bare = BARE.sub("…", QUOTED.sub(lambda found: found[0] if found[0][1:-1] in known else "'…'", text))
            self.note(bare if quotes_cells else text, "ERROR")

    def read(self, name: str, rows: int, size: int, sha256: str, n_columns: int | None = None) -> None:
        """Say what was read; parts have the columns of the first."""
        columns = "" if n_columns is None else f"{n_columns:,} column{'s' * (n_columns != 1)}, "
        self.note(f"input {name}: {rows:,} row{'s' * (rows != 1)}, {columns}{size:,} bytes, sha256 {sha256}")

    def decisions(self, reports: "Sequence[FitReport]") -> None:
        """Say what was decided and found for each column, and what is warned about."""
        if not self.is_open:
            return
        from em_impute.report.format import known_and_missing

        for report in reports:
            missing, labels, used = report.missing, report.labels, [one.name for one in report.features.used]
            self.note(f"column {known_and_missing(report.column, sum(one.known for one in labels), missing.tokens)}")
            self.note(f"predictors {', '.join(used) or 'none'}")
            for entry in report.log:
                self.note(f"{entry.step}: {entry.action}: {entry.detail}")
            each = ", ".join(f"{one.label} {one.filled:,}" for one in labels)
            self.note(f"filled {missing.filled:,} of {missing.cells:,} cells: {each}")
            self.warnings(report.warnings)

    def warnings(self, warnings: "Iterable[Notice]") -> None:
        """Say what is warned about; notes are for people."""
        for one in warnings:
            if not one.is_note:
                message = CELLS[one.code].sub("", one.message) if one.code in CELLS else one.message
                self.note(f"{one.code}: {message}", "WARNING")

    def written(self, files: "Iterable[WrittenFile]") -> None:
        """Say which completed files were written."""
        for one in files:
            where = "standard output" if one.path is None else one.path
            self.note(f"wrote {where}: {one.bytes:,} bytes, sha256 {one.sha256}")

    def end(self, code: int) -> None:
        """Say how the run ended, and close the log."""
        why = f" ({ENDS[code]})" if code in ENDS else ""
        seconds = "" if is_dictated() else f" after {time.monotonic() - self._started:.1f} s"
        self.note(f"end: exit code {code}{why}{seconds}", {0: "INFO", 1: "WARNING"}.get(code, "ERROR"))
        self.close()

    def close(self) -> None:
        """Write nothing more."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    def _append(self, line: str) -> None:
        """Write a line at once.  A log that cannot be written is said once and spoils nothing else."""
        if self._descriptor is None:
            return
        from em_impute.report.format import printable

        data = f"{time_of_run()} {os.getpid()} {printable(line)}\n".encode("utf-8", "backslashreplace")
        try:
            if os.write(self._descriptor, data) == len(data):
                return
            reason = os.strerror(errno.ENOSPC)
        except OSError as error:
            reason = str(error.strerror)
        self.close()
        with suppress(OSError):
            sys.stderr.write(f"warning: the log {printable(self._path)} cannot be written: {reason}\n")
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
        if one.exists() and other.exists():
            return one.is_file() and one.samefile(other)
        return os.path.realpath(one) == os.path.realpath(other)
    return False
