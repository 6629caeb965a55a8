"""What the commands share: how a run behaves, what it says, and what it refuses before it begins."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from em_impute.cli.logging import Log
from em_impute.cli.options.behaviour import Behaviour
from em_impute.cli.options.groups import flag
from em_impute.cli.outputs import STDOUT, name_of
from em_impute.environment import NO_MEMORY, is_lack_of_memory, version
from em_impute.errors import ColumnError, EmImputeError, ExitCode, FitError, OutputError, UsageError, spelled
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.pipeline.open import Progress
    from em_impute.pipeline.types import InputTable
    from em_impute.report.model.shared import Notice


QUOTE_NO_CELLS = (ColumnError, OutputError, UsageError)
"""Errors whose messages quote names and what the user typed, and never a cell."""


def worded(error: Exception) -> EmImputeError:
    """Say what an error means, whoever raised it."""
    if isinstance(error, EmImputeError):
        return error
    if is_lack_of_memory(error):
        return FitError(*NO_MEMORY)
    what = f"a bug in em-impute {version()}: {type(error).__name__}"  # without what it says, which may be a cell
    return EmImputeError(what, "run again with --debug and report what it prints")


def failure_lines(error: EmImputeError, log: Log, reworded: Callable[[str], str] = str) -> list[str]:
    """Write an error in two lines, with options as the command line has them, and tell the log."""
    message, hint = reworded(spelled(error.message, flag)), spelled(error.hint, flag)
    log.failure(message, hint, quotes_cells=not isinstance(error, QUOTE_NO_CELLS))
    return [f"error: {_one_line(message)}", *([f"hint: {_one_line(hint)}"] if hint else [])]


def _one_line(text: str) -> str:
    """Join the lines that Typer makes of a message; spaces stay, since names may hold several in a row."""
    from em_impute.report.format import printable

    return printable(" ".join(line.strip() for line in text.split("\n")).strip())


class StrictError(EmImputeError):
    """There are warnings, and none are allowed."""

    exit_code = ExitCode.NEGATIVE


class _Warned(Protocol):
    """A report that may hold warnings."""

    @property
    def warnings(self) -> "Sequence[Notice]": ...


@dataclass(frozen=True)
class Run:
    """How a run behaves: what it says, to whom, and what it does not let pass."""

    asked: Behaviour
    log: Log

    @cached_property
    def console(self) -> Any:  # noqa: ANN401  # only the report knows rich
        """Standard error for people; None if they are not to be told anything."""
        from em_impute.report.text.summary import make_console

        return None if self.asked.quiet else make_console(self.asked.color)

    def progress(self) -> "AbstractContextManager[Progress]":
        """Show how far the run is, to people at a terminal who want it."""
        from em_impute.report.text.progress import progress_bar

        return progress_bar(self.console, wanted=not self.asked.no_progress)

    @contextmanager
    def opened(self, request: Request) -> "Iterator[tuple[InputTable, Progress]]":
        """Open a table, and tell the log what was read and people how far the run is."""
        from em_impute.pipeline.open import open_table

        with self.progress() as watch, open_table(request, watch) as opened:
            self.log.input(opened)
            yield opened, watch

    def say(self, lines: Iterable[tuple[str, str]]) -> None:
        """Tell people, a line a name."""
        from em_impute.report.text.summary import print_lines

        if self.console is not None:
            print_lines(self.console, lines)

    def print(self, lines: Iterable[str], *, also_if_quiet: bool = False) -> None:
        """Print lines on standard error, above the bar if there is one."""
        from em_impute.report.format import printable

        text = "\n".join(map(printable, lines))
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

    def say_written(self, names: Sequence[str]) -> None:
        """Say what was written, where something was."""
        if names:
            self.say([("wrote", ", ".join(names))])

    def judge(self, reports: Sequence[_Warned], say: Callable[[], None]) -> None:
        """With --strict raise `StrictError` if there is a warning, once `say` has told what it is about.

        Notes, whose codes begin with S, are no warnings.
        """
        codes = sorted({one.code for report in reports for one in report.warnings if one.code.startswith("W")})
        if self.asked.strict and codes:
            say()
            what = "warning" if len(codes) == 1 else "warnings"
            message = f"{what} {', '.join(codes)}: with --strict nothing is written"
            raise StrictError(message, "resolve what it warns about, or leave --strict out")

    def write(self, path: str, content: str | bytes) -> None:
        """Write a file, whole or not at all, or to standard output, and tell the log."""
        from em_impute.table.output import write_atomically, write_to_stdout

        blocks = [content.encode() if isinstance(content, str) else content]
        if path == STDOUT:
            write_to_stdout(blocks)
        else:
            write_atomically(path, blocks, suffix="")
        self.log.written(name_of(path))
