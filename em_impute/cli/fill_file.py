"""`em-impute fill` for a table in one file: read, complete, judge, write, say."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from em_impute.cli.options.groups import command_line
from em_impute.cli.outputs import STDOUT, Destination, name_of, name_tables
from em_impute.cli.plan import Plan
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


def fill_file(plan: Plan, request: Request, source: "tuple[SavedModel, str] | None", run: Run) -> Done:
    """Complete a table that is read as one file, by a fit or the model of `source`."""
    from em_impute.table.output import WrittenFile

    command, destination, place = command_line(), plan.destination, plan.place
    with run.completed(request, source) as (done, watch):
        if run.asked.judges or run.log.is_open:
            judge(done.reports(command), run, watch)
        model = done.model() if destination.model is not None else None  # before anything is written, for it may fail
        tables = name_tables(destination.data)
        if place is not None and done.is_as_it_was:
            table = done.opened.table
            data = [WrittenFile(place.path, table.sha256, table.size, 0.0)]
            tables = [f"{place.path} (left as it was)"]
            run.log.note(f"{place.path} is left as it was")
        else:
            data = _write_data(done, plan, watch)
            run.log.written(data=data)
        made = done.reports(command, data) if request.examined else ()
        write_rest(made, model, destination, run)
        if plan.asked.output.diff:
            watch("", None, "")  # standard output may be the terminal that shows the bar
            tell_changes(destination, _changed_cells(done))
    return Done(made, tables, [*map(name_of, destination.beside)])


def judge(reports: "Sequence[FitReport]", run: Run, watch: "Progress") -> None:
    """Tell the log what was decided.  Raise `NegativeError` for what must not be, after the summary."""
    run.log.decisions(reports)
    failure = run.judged(reports)
    if failure is not None:
        watch("", None, "")
        say(reports, None, run)
        raise failure


def say(reports: "Sequence[FitReport]", written: Sequence[str] | None, run: Run) -> None:
    """Say what was done with each column, and at the end what was written; None says nothing of that."""
    from em_impute.report.model.shared import is_note
    from em_impute.report.text.summary import print_summary

    for report in reports:
        run.warn(f"{report.column}: {one.code}: {one.message}" for one in report.warnings if not is_note(one))
    if run.console is not None:
        for report in reports:
            last = written if report is reports[-1] else None
            print_summary(run.console, report, last, verbose=run.asked.verbose, advice=not run.asked.no_advice)


def write_rest(reports: "Sequence[FitReport]", model: "SavedModel | None", destination: Destination, run: Run) -> None:
    """Write the model and every report, after the completed files."""
    from em_impute.report.forms import render
    from em_impute.saved_model.store import dump

    if model is not None and destination.model is not None:
        with _after(destination.data, "the model was not"):
            run.write(destination.model, dump(model))
    for path in destination.reports:
        text = render(reports, Path(path).suffix)
        with _after(destination.data, "the report was not"):
            run.write(path, text)


@contextmanager
def _after(paths: Sequence[str], what: str) -> Iterator[None]:
    """Let an error say that completed files have been written, if any were, but not `what` follows them."""
    try:
        yield
    except (OutputError, TableError) as error:
        if not set(paths) - {STDOUT}:
            raise
        said = f"file{'s' * (len(paths) > 1)} {' and '.join(name_tables(paths))} {'was' if len(paths) == 1 else 'were'}"
        raise type(error)(error.message, f"the completed {said} written, {what}") from error


def _write_data(done: "Completed", plan: Plan, watch: "Progress") -> "list[WrittenFile]":
    """Write every completed CSV.  One in the input's place keeps its compression, others have that of their suffix."""
    from em_impute.table.compression import compressed, suffix_of
    from em_impute.table.output import write_atomically, write_to_stdout

    paths, place, long, source = plan.destination.data, plan.place, plan.asked.fills.long, done.opened.source
    contents = done.contents(long=long)
    if not paths:
        # Also where nothing is written: what would stop the writing (a column that is there already) is found here.
        next(contents)
    n_done, n_bytes = 0, max(1, source.size * max(1, done.request.imputations + long))  # about
    written: list[WrittenFile] = []

    def counted(blocks: Iterable[bytes]) -> Iterator[bytes]:
        nonlocal n_done
        for block in blocks:
            yield block
            n_done += len(block)
            watch("writing", min(1.0, n_done / n_bytes), "")

    hashed = source.stamp is None
    for path in paths:
        with _after(paths[: len(written)], "nothing else was"):
            if path == STDOUT:
                watch("", None, "")
                written.append(write_to_stdout(next(contents)))
            elif place is None:
                written.append(write_atomically(path, counted(next(contents)), hashed=hashed))
            else:
                blocks = place.replacing(compressed(counted(next(contents)), suffix_of(source.compression)))
                written.append(write_atomically(path, blocks, suffix="", hashed=hashed))
    return written


def tell_changes(destination: Destination, cells: Iterable[bytes]) -> None:
    """Write the changed cells to standard output, after everything else."""
    from em_impute.table.output import write_to_stdout

    with _after(destination.data, "not all changed cells were"):
        write_to_stdout(cells)


def _changed_cells(done: "Completed") -> Iterator[bytes]:
    """Yield the filled cells as CSV, many lines at a time."""
    from em_impute.pipeline.edits import CHANGED, changed_cells

    yield f"{','.join(CHANGED)}\n".encode()
    for completion in done.completions:
        yield from changed_cells(done.opened, completion)
