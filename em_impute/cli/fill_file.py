"""`em-impute fill` for a table in one file: read, complete, judge, write, say."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from em_impute.cli.in_place import InPlace
from em_impute.cli.options.parsing import command_line
from em_impute.cli.outputs import STDOUT, Destination, name_of, name_tables
from em_impute.cli.run import Run
from em_impute.errors import OutputError, TableError
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.api.session import Completed
    from em_impute.pipeline.open import Progress
    from em_impute.report.model.fit import FitReport
    from em_impute.saved_model.store import SavedModel
    from em_impute.table.output import WrittenFile


class Done(NamedTuple):
    """What was done with a table."""

    reports: "Sequence[FitReport]"
    """one for each column"""
    tables: list[str]
    """what to call the completed tables"""
    beside: list[str]
    """what to call what was written beside them"""

    @property
    def names(self) -> list[str]:
        """What to call everything that was written."""
        return [*self.tables, *self.beside]


def fill_file(
    request: Request,
    source: "tuple[SavedModel, str] | None",
    destination: Destination,
    place: InPlace | None,
    run: Run,
    *,
    long: bool,
) -> Done:
    """Complete a table that is read as one file, by a fit or the model of `source`."""
    from em_impute.api.session import completed
    from em_impute.table.output import WrittenFile

    command = command_line()
    with run.progress() as watch, completed(request, watch, source) as done:
        run.log.input(done.opened)
        if run.asked.strict or run.log.is_open:
            judge(done.reports(command), run, watch)
        model = done.model() if destination.model is not None else None  # before anything is written, for it may fail
        tables = name_tables(destination.data)
        if place is not None and done.is_as_it_was:
            table = done.opened.table
            data = [WrittenFile(place.path, table.sha256, table.size, 0.0)]
            tables = [f"{place.path} (left as it was)"]
            run.log.note(f"{place.path} is left as it was")
        else:
            data = _write_data(done, destination, place, watch, long=long)
            run.log.written(data=data)
        made = done.reports(command, data) if request.examined else ()
        write_rest(made, model, destination, run)
        if destination.diff:
            watch("", None, "")  # standard output may be the terminal that shows the bar
            tell_changes(destination, _changed_cells(done))
    return Done(made, tables, [*map(name_of, destination.beside)])


def judge(reports: "Sequence[FitReport]", run: Run, watch: "Progress") -> None:
    """Tell the log what was decided.  With --strict raise `StrictError` if there is a warning, after the summary."""

    def told() -> None:
        watch("", None, "")
        say(reports, None, run)

    run.log.decisions(reports)
    run.judge(reports, told)


def say(reports: "Sequence[FitReport]", written: Sequence[str] | None, run: Run) -> None:
    """Say what was done with each column, and at the end what was written; None says nothing of that."""
    from em_impute.report.text.summary import print_summary

    if run.console is not None:
        for report in reports:
            last = written if report is reports[-1] else None
            print_summary(run.console, report, last, verbose=run.asked.verbose, advice=not run.asked.no_advice)


def write_rest(reports: "Sequence[FitReport]", model: "SavedModel | None", destination: Destination, run: Run) -> None:
    """Write the model and every report, after the completed files."""
    from em_impute.report.forms import render
    from em_impute.saved_model.store import dump

    if model is not None and destination.model is not None:
        with _after_data(destination, "the model was not"):
            run.write(destination.model, dump(model))
    for path in destination.reports:
        text = render(reports, Path(path).suffix)
        with _after_data(destination, "the report was not"):
            run.write(path, text)


@contextmanager
def _after_data(destination: Destination, what: str) -> Iterator[None]:
    """Let an `OutputError` say that the completed files have been written, but not `what` follows them."""
    try:
        yield
    except OutputError as error:
        if destination.data in {(), (STDOUT,)}:
            raise
        raise OutputError(error.message, f"{_were_written(destination.data)}, {what}") from error


def _were_written(paths: Sequence[str]) -> str:
    """Say which completed files there are, although something else failed."""
    said = " and ".join(name_tables(paths))
    return f"the completed file {said} was written" if len(paths) == 1 else f"the completed files {said} were written"


def _write_data(
    done: "Completed", destination: Destination, place: InPlace | None, watch: "Progress", *, long: bool
) -> "list[WrittenFile]":
    """Write every completed CSV.  One in the input's place keeps its compression, others have that of their suffix."""
    from em_impute.table.compression import compressed, suffix_of
    from em_impute.table.output import write_atomically, write_to_stdout

    contents = done.contents(long=long)
    if not destination.data:
        # Also where nothing is written: what would stop the writing (a column that is there already) is found here.
        next(contents)
    n_bytes = max(1, done.opened.source.size * max(1, done.request.imputations + long))  # about
    written: list[WrittenFile] = []
    for path in destination.data:
        before = n_bytes * len(written) // len(destination.data)  # a file that is compressed has fewer bytes
        try:
            if path == STDOUT:
                watch("", None, "")
                written.append(write_to_stdout(next(contents)))
                continue
            blocks = _counted(next(contents), before, n_bytes, watch)
            if place is None:
                written.append(write_atomically(path, blocks))
            else:
                blocks = place.replacing(compressed(blocks, suffix_of(done.opened.source.compression)))
                written.append(write_atomically(path, blocks, suffix=""))
        except (OutputError, TableError) as error:
            if not written:
                raise
            hint = f"{_were_written(destination.data[: len(written)])}, nothing else was"
            raise type(error)(error.message, hint) from error
    return written


def _counted(blocks: Iterable[bytes], done: int, n_bytes: int, watch: "Progress") -> Iterator[bytes]:
    """Tell of the progress while passing the blocks on; so many bytes were `done` before."""
    for block in blocks:
        yield block
        done += len(block)
        watch("writing", min(1.0, done / n_bytes), "")


def tell_changes(destination: Destination, cells: Iterable[bytes]) -> None:
    """Write the changed cells to standard output, after everything else."""
    from em_impute.table.output import write_to_stdout

    with _after_data(destination, "not all changed cells were"):
        write_to_stdout(cells)


def _changed_cells(done: "Completed") -> Iterator[bytes]:
    """Yield the filled cells as CSV, many lines at a time."""
    from em_impute.pipeline.edits import CHANGED, changed_cells

    yield f"{','.join(CHANGED)}\n".encode()
    for completion in done.completions:
        yield from changed_cells(done.opened, completion)
