"""What the commands share: how a run behaves, and the steps of a fill that every kind of table takes."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from em_impute.cli.logging import Log
from em_impute.cli.options.behaviour import Behaviour
from em_impute.cli.outputs import STDOUT, Destination, Models, name_of, name_tables, write_to
from em_impute.errors import EmImputeError, ExitCode, OutputError
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.api.session import Completed
    from em_impute.pipeline.open import Progress
    from em_impute.report.model.fit import FitReport
    from em_impute.saved_model.values import SavedModel


@dataclass(frozen=True)
class RunSettings:
    """How a run behaves: what it says, to whom, and what it does not let pass."""

    asked: Behaviour
    log: Log

    @property
    def wants_findings(self) -> bool:
        """Somebody reads, or judges by, what can be said beyond the fills."""
        return not self.asked.quiet or self.asked.strict or self.log.is_open

    def open_console(self) -> Any:  # noqa: ANN401  # only the report knows rich
        """Open standard error for people; None if they are not to be told anything."""
        from em_impute.report.text.summary import make_console

        return None if self.asked.quiet else make_console(self.asked.color)

    def progress(self, console: Any) -> "AbstractContextManager[Progress]":  # noqa: ANN401  # as above
        """Show how far the run is, to people at a terminal who want it."""
        from em_impute.report.text.progress import progress_bar

        return progress_bar(console, wanted=not self.asked.no_progress)


def print_written(console: Any, names: Sequence[str]) -> None:  # noqa: ANN401  # as above
    """Say what was written, where something was."""
    from em_impute.report.text.summary import print_lines

    if console is not None and names:
        print_lines(console, [("wrote", ", ".join(names))])


class StrictError(EmImputeError):
    """There are warnings, and none are allowed."""

    exit_code = ExitCode.NEGATIVE


class _Warned(Protocol):
    """A report that may hold warnings."""

    @property
    def warnings(self) -> Sequence[Any]: ...


def refuse_warnings(reports: Sequence[_Warned]) -> None:
    """Raise `StrictError` if there is a warning; notes, whose codes begin with S, are none."""
    codes = sorted({one.code for report in reports for one in report.warnings if one.code.startswith("W")})
    if codes:
        what = "warning" if len(codes) == 1 else "warnings"
        message = f"{what} {', '.join(codes)}: with --strict nothing is written"
        raise StrictError(message, "see to what is warned about, or leave --strict out")


def completed(request: Request, models: Models, watch: "Progress") -> "AbstractContextManager[Completed]":
    """Open a table and complete its columns, by a fit or by the saved model that was named."""
    from em_impute.api.session import filled_by_model, fitted

    if models.applied is None:
        return fitted(request, watch)
    from em_impute.saved_model.store import read_model

    model = read_model(models.applied)
    request = request if models.asks_decimal else replace(request, decimal=model.reading.decimal)
    return filled_by_model(model, request, models.applied, watch, learns=models.update)


def judge(reports: "Sequence[FitReport]", run: RunSettings, console: Any, watch: "Progress") -> None:  # noqa: ANN401  # as above
    """Tell the log what was decided.  With --strict raise `StrictError` if there is a warning, after the summary."""
    run.log.decisions(reports)
    if not run.asked.strict:
        return
    try:
        refuse_warnings(reports)
    except StrictError:
        watch("", None, "")
        print_reports(reports, None, run, console)
        raise


def print_reports(
    reports: "Sequence[FitReport]",
    written: Sequence[str] | None,
    run: RunSettings,
    console: Any,  # noqa: ANN401  # as above
) -> None:
    """Say what was done with each column, and at the end what was written; None says nothing of that."""
    from em_impute.report.text.summary import print_summary

    if console is not None:
        for report in reports:
            last = written if report is reports[-1] else None
            print_summary(console, report, last, verbose=run.asked.verbose, advice=not run.asked.no_advice)


def were_written(paths: Sequence[Path]) -> str:
    """Say which completed files there are, although something else failed."""
    said = " and ".join(name_tables(paths))
    return f"the completed file {said} was written" if len(paths) == 1 else f"the completed files {said} were written"


@contextmanager
def after_data(destination: Destination, what: str) -> Iterator[None]:
    """Let an `OutputError` say that the completed files have been written, but not `what` follows them."""
    try:
        yield
    except OutputError as error:
        if destination.data in {(), (STDOUT,)}:
            raise
        raise OutputError(error.message, f"{were_written(destination.data)}, {what}") from error


def write_model(model: "SavedModel", models: Models, destination: Destination, log: Log) -> None:
    """Save a model, after the completed files."""
    from em_impute.saved_model.store import dump
    from em_impute.table.output import write_atomically

    if models.target is None:
        return
    with after_data(destination, "the model was not"):
        write_atomically(models.target, [dump(model).encode()], suffix="")
    log.written(str(models.target))


def write_reports(made: "Sequence[FitReport]", destination: Destination, log: Log) -> None:
    """Write every report, after the completed files."""
    from em_impute.report.forms import render

    for path in destination.reports:
        text = render(made, path.suffix)
        with after_data(destination, "the report was not"):
            write_to(path, text)
        log.written(name_of(path))
