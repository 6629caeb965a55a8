"""The log: for each run a few plain lines, appended to a file that many runs may share.

The standard `logging` would take longer to import than all the rest that a run needs before it reads its options.
"""

import errno
import os
import re
import stat
import sys
import time
from collections.abc import Container, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from em_impute.environment import is_dictated, time_of_run, version
from em_impute.errors import OutputError, UsageError

if TYPE_CHECKING:
    from em_impute.pipeline.fill import PartsResult
    from em_impute.pipeline.types import InputTable
    from em_impute.report.model.fit import FitReport
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
    "W26": re.compile(r", (?:median|from \S+ to) \S+ now and (?:median |from \S+ to )?\S+ then"),
}
"""What warnings tell of cells without quoting them, by their codes: which lie far out, and where numbers lie."""

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
        self._write("INFO", _without_cells(text, self._known))

    def caution(self, text: str) -> None:
        """Say what should be known before relying on the result."""
        self._write("WARNING", _without_cells(text, self._known))

    def failure(self, message: str, hint: str = "", *, quotes_cells: bool = True) -> None:
        """Say why the run fails, and the remedy; they are logged as they are if they never quote cells."""
        for text in (message, f"hint: {hint}" if hint else ""):
            if text:
                self._write("ERROR", _without_cells(text, self._known) if quotes_cells else text)

    def input(self, opened: "InputTable") -> None:
        """Say what was read.  From here on names of columns, and cells of those that are filled, may be quoted."""
        if not self.is_open:
            return
        table = opened.table
        self.allow([*opened.names, *table.dialect.names])
        for column in opened.targets:
            self.allow(table.targets[column].texts)
        columns = f"{table.n_columns:,} column{'s' * (table.n_columns != 1)}"
        self._read(opened.name, table.n_rows, f"{columns}, {table.size:,} bytes", table.sha256)

    def parts(self, filled: "PartsResult") -> None:
        """Say what was read of a table in parts."""
        self.allow(filled.names)
        for part, read in zip(filled.parts, filled.summary.parts, strict=True):
            self._read(part.path, read.rows, f"{read.bytes:,} bytes", read.sha256)

    def _read(self, name: str, rows: int, size: str, sha256: str) -> None:
        self.note(f"input {name}: {rows:,} row{'s' * (rows != 1)}, {size}, sha256 {sha256}")

    def decisions(self, reports: "Sequence[FitReport]") -> None:
        """Say what was decided and found for each column, and what is warned about."""
        if not self.is_open:
            return
        from em_impute.report.format import known_and_missing

        for report in reports:
            missing = report.missing
            self.allow(one.label for one in report.labels)
            known = sum(one.known for one in report.labels)
            self.note(f"column {known_and_missing(report.column, known, missing.tokens)}")
            used = ", ".join(one.name for one in report.features.used)
            self.note(f"predictors {used or 'none'}")
            for entry in report.log:
                self.note(f"{entry.step}: {entry.action}: {entry.detail}")
            each = ", ".join(f"{one.label} {one.filled:,}" for one in report.labels)
            self.note(f"filled {missing.filled:,} of {missing.cells:,} cells: {each}")
            self.warnings(report.warnings)

    def warnings(self, warnings: Iterable[Any]) -> None:
        """Say what is warned about; the note on columns about people is for people."""
        for one in warnings:
            code, message = one.code, one.message
            if code.startswith("W"):
                self.caution(f"{code}: {CELLS[code].sub('', message) if code in CELLS else message}")

    def written(self, *names: str, data: "Iterable[WrittenFile]" = ()) -> None:
        """Say what was written: completed files, and others by their names."""
        for one in data:
            where = "standard output" if one.path is None else one.path
            self.note(f"wrote {where}: {one.bytes:,} bytes, sha256 {one.sha256}")
        for name in names:
            self.note(f"wrote {name}")

    def end(self, code: int) -> None:
        """Say how the run ended, and close the log."""
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
            self._append(f"INFO    begin em-impute {version()}: {command}")
        self._append(f"{level:<7} {text}")

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


def _without_cells(text: str, known: Container[str]) -> str:
    """Leave out what is quoted and not known."""
    return BARE.sub("…", QUOTED.sub(lambda found: found[0] if found[0][1:-1] in known else "'…'", text))


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
