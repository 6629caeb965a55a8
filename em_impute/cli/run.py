"""What the commands share: how a run behaves, what it says, and what it refuses before it begins."""

import errno
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from em_impute.cli.logging import VARIABLE, Log
from em_impute.cli.mistakes import COMMANDS
from em_impute.cli.options.groups import Group, flag, option
from em_impute.cli.outputs import STDOUT, check_outputs, name_of
from em_impute.environment import NO_MEMORY, is_lack_of_memory, version
from em_impute.errors import ColumnError, EmImputeError, ExitCode, FitError, OutputError, UsageError, spelled
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.api.session import Completed
    from em_impute.pipeline.open import InputTable, Progress
    from em_impute.report.document.blocks import Section
    from em_impute.report.model.asked import EvaluationReport
    from em_impute.report.model.fit import FitReport
    from em_impute.report.model.shared import Notice
    from em_impute.saved_model.store import SavedModel

DEBUG = "Show the traceback of an error."

JUDGING = ("strict", "fail_on", "min_accuracy")
"""Options by which something that is found stops the run."""

QUOTE_NO_CELLS = (ColumnError, OutputError, UsageError)
"""Errors whose messages quote names and what the user typed, and never a cell."""


def worded(error: Exception, arguments: Sequence[str] = ()) -> EmImputeError:
    """Say what an error means, whoever raised it; `arguments` are the words of the command line."""
    if isinstance(error, EmImputeError):
        return error
    format_message = getattr(error, "format_message", None)
    if format_message is not None:  # Typer's own errors; it keeps their classes to itself
        command = next((word for word in arguments if word in COMMANDS), "")
        message = format_message().replace(": Value error, ", ": ")  # so pydantic begins what Typer wrote
        message = re.sub(r", unable to parse string as \w+ \w+", "", message).replace(": Input should", ": it should")
        return UsageError(message, " ".join(f"em-impute {command} --help".split()))
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO}:
        return OutputError(f"cannot write to standard output: {error.strerror}", "free some room")
    if is_lack_of_memory(error):
        return FitError(*NO_MEMORY)
    what = f"a bug in em-impute {version()}: {type(error).__name__}"  # without what it says, which may be a cell
    return EmImputeError(what, "run again with --debug and report what it prints")


def failure_lines(error: EmImputeError, log: Log, reworded: Callable[[str], str] = str) -> list[str]:
    """Write an error in two lines, with options as the command line has them, and tell the log."""
    from em_impute.report.format import printable

    message, hint = reworded(spelled(error.message, flag)), spelled(error.hint, flag)
    log.failure(message, hint, quotes_cells=not isinstance(error, QUOTE_NO_CELLS))
    said = [f"error: {message}", *([f"hint: {hint}"] if hint else [])]
    # Typer breaks lines; spaces stay, since names may hold several in a row.
    return [printable(" ".join(line.strip() for line in text.split("\n")).strip()) for text in said]


class NegativeError(EmImputeError):
    """The answer is no: the result is not as good as it was asked to be, or not all files could be filled."""

    exit_code = ExitCode.NEGATIVE


class Behaviour(Group, panel="Behaviour"):
    """What a run says, and what it does not let pass."""

    strict: bool = option("--strict", "Write nothing and exit with 1 if there is a warning (W01 …).")
    fail_on: list[str] | None = option(
        "--fail-on CODES", "Do so only if it is one of these, as in W08,W26; repeatable."
    )
    min_accuracy: float | None = option(
        "--min-accuracy SHARE",
        "Do so if fewer hidden labels than this share are filled right, as in 0.8, or if none could be hidden.",
        min=0.0,
        max=1.0,
    )
    quiet: bool = option("-q, --quiet", "Print nothing on success but warnings.", envvar="EM_IMPUTE_QUIET")
    silent: bool = option("-qq, --silent", "Print nothing on success.")
    verbose: bool = option("-v, --verbose", "Print the report's sections, every decision among them.")
    no_advice: bool = option("--no-advice", "Leave out the note on columns about people (S01).")
    color: Literal["auto", "always", "never"] = option(
        "--color auto|always|never",
        "Colours on standard error; auto: on a terminal, unless NO_COLOR is set.",
        default="auto",
        envvar="EM_IMPUTE_COLOR",
    )
    no_progress: bool = option("--no-progress", "Show no progress bar on a terminal.")
    log_file: str | None = option(
        "--log-file PATH",
        "Append to PATH what was read, decided and written, and how the run ended; also with -q.",
        envvar=VARIABLE,
    )
    debug: bool = option("--debug", DEBUG)
    """Read by `main`, before a command runs, as is the path of the log."""

    @property
    def judges(self) -> bool:
        """Something that is found may stop the run."""
        return self.strict or bool(self.fail_on) or self.min_accuracy is not None


@dataclass(frozen=True)
class Run:
    """How a run behaves: what it says, to whom, and what it does not let pass."""

    asked: Behaviour
    log: Log

    def __post_init__(self) -> None:
        """Raise `UsageError` for a code that no warning has."""
        if self.asked.fail_on:
            from em_impute.report.model.shared import NOTES, WARNINGS

            known = WARNINGS.keys() - NOTES
            for code in self._fatal - known:
                message = f"--fail-on takes codes of warnings, not {code!r}"
                raise UsageError(message, "for example --fail-on W08; --strict takes every warning")

    @property
    def _fatal(self) -> set[str]:
        """Codes of warnings that stop the run, beside those that --strict means."""
        return {code.strip().upper() for codes in self.asked.fail_on or () for code in codes.split(",")}

    @cached_property
    def console(self) -> Any:  # noqa: ANN401  # only the report knows rich
        """Standard error for people; None if they are not to be told anything."""
        from em_impute.report.text.console import make_console

        return None if self.asked.quiet or self.asked.silent else make_console(self.asked.color)

    def progress(self) -> "AbstractContextManager[Progress]":
        """Show how far the run is, to people at a terminal who want it."""
        from em_impute.report.text.console import progress_bar

        return progress_bar(self.console, wanted=not self.asked.no_progress)

    @contextmanager
    def opened(self, request: Request, outputs: Sequence[str] = ()) -> "Iterator[tuple[InputTable, Progress]]":
        """Open a table, if all `outputs` can be written; tell the log what was read and people how far the run is."""
        from em_impute.pipeline.open import open_table

        check_outputs([request.path], outputs, self.log)
        with self.progress() as watch, open_table(request, watch) as opened:
            self._log_input(opened)
            yield opened, watch

    @contextmanager
    def completed(
        self, request: Request, source: "tuple[SavedModel, str] | None", *, release: bool = True
    ) -> "Iterator[tuple[Completed, Progress]]":
        """Open and complete a table, by a fit or the model of `source`, and tell as `opened` does."""
        from em_impute.api.session import completed

        with self.progress() as watch, completed(request, watch, source, release=release) as done:
            self._log_input(done.opened)
            yield done, watch

    def _log_input(self, opened: "InputTable") -> None:
        table = opened.table
        self.log.read(opened.name, table.n_rows, table.size, table.sha256, table.n_columns)

    def say(self, lines: Iterable[tuple[str, str]]) -> None:
        """Tell people, a line a name."""
        from em_impute.report.text.console import print_lines

        if self.console is not None:
            print_lines(self.console, lines)

    def show(self, sections: "Iterable[Section]", warnings: "Iterable[Notice]") -> None:
        """Tell people what a document says, and what to know before relying on it."""
        from em_impute.report.sentences import noticed
        from em_impute.report.text.console import print_sections

        if self.console is not None:
            print_sections(self.console, sections)
            self.say(noticed(warnings))

    def print(self, lines: Iterable[str], *, also_if_quiet: bool = False) -> None:
        """Print lines on standard error, above the bar if there is one."""
        from em_impute.report.format import printable

        for text in map(printable, lines):
            try:
                if self.console is not None:
                    self.console.print(text, soft_wrap=True)
                elif also_if_quiet:
                    sys.stderr.write(f"{text}\n")
                    sys.stderr.flush()
            except BrokenPipeError:
                raise
            except OSError:  # a full disk behind standard error is no reason to fail
                pass

    def warn(self, warnings: Iterable[str]) -> None:
        """Print warnings where nothing else is said, unless nothing at all shall be."""
        if self.console is None and not self.asked.silent:
            self.print((f"warning: {one}" for one in warnings), also_if_quiet=True)

    def say_written(self, names: Sequence[str]) -> None:
        """Say what was written, where something was."""
        from em_impute.report.text.console import print_sentences
        from em_impute.report.text.summary import wrote

        if names and self.console is not None:
            print_sentences(self.console, wrote(names))

    def judged(self, reports: "Sequence[FitReport | EvaluationReport]") -> NegativeError | None:
        """Give the error that --strict, --fail-on or --min-accuracy make of what was found; notes are no warnings."""
        from em_impute.report.model.fit import FitReport

        found = {one.code for report in reports for one in report.warnings if not one.is_note}
        codes, option = (found, "--strict") if self.asked.strict else (found & self._fatal, "--fail-on")
        if codes:
            what = f"warning{'s' * (len(codes) > 1)} {', '.join(sorted(codes))}: with {option} nothing is written"
            return NegativeError(what, f"resolve what it warns about, or leave {option} out")
        least = self.asked.min_accuracy
        for report in reports if least is not None else ():
            share = report.share_right
            if share is None or share < (least or 0.0):
                which = report.scores[0][0] if isinstance(report, FitReport) and report.scores else "hidden labels"
                right = "no label could be hidden" if share is None else f"{share:.3f} of {which} are right"
                what = f"{right} in column {report.column!r}: with --min-accuracy {least:g} nothing is written"
                return NegativeError(what, "find better predictors, label more rows and fit anew, or ask for less")
        return None

    def write(self, path: str, content: str | bytes) -> None:
        """Write a file, whole or not at all, or to standard output, and tell the log."""
        from em_impute.table.output import write_atomically, write_to_stdout

        blocks = [content.encode() if isinstance(content, str) else content]
        if path == STDOUT:
            write_to_stdout(blocks)
        else:
            write_atomically(path, blocks, suffix="")
        self.log.note(f"wrote {name_of(path)}")
