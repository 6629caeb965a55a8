"""`em-impute fill` for a table in one file: read, complete, judge, write, say."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from em_impute.cli.destination import STDOUT, Destination, name_tables
from em_impute.cli.in_place import InPlace
from em_impute.cli.manners import Manners, StrictError, refuse_warnings
from em_impute.cli.models import Models
from em_impute.cli.telling import tell_decisions, tell_input, tell_written
from em_impute.cli.work import command_line, completed
from em_impute.errors import OutputError, TableError
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.pipeline.open import Watch
    from em_impute.pipeline.types import Completion, Opened
    from em_impute.report.fit_report import FitReport
    from em_impute.saved_model.values import SavedModel
    from em_impute.table.output import WrittenFile

__all__ = ["fill_file", "judge", "write_model", "write_reports"]

BLOCK_CHARACTERS = 65536
"""Characters of the changed cells that are written at a time."""


def fill_file(
    request: Request, models: Models, destination: Destination, place: InPlace | None, manners: Manners, *, long: bool
) -> None:
    """Complete a table that is read as one file, and say what was done."""
    from em_impute.report.terminal import print_summary, progress_bar

    _check_outputs(request, models, destination, place, manners)
    console, command = manners.open_console(), command_line()
    with progress_bar(console, wanted=manners.progress) as watch, completed(request, models, watch) as done:
        tell_input(manners.log, done.opened)
        if manners.strict or manners.log.is_open:
            judge(done.reports(command), manners, console, watch)
        is_new = place is None or not done.is_as_it_was
        saves = models.target is not None and not (models.is_in_place and done.learns_nothing)
        model = done.model() if saves else None  # before anything is written, for it may fail
        if is_new:
            n_bytes = _n_bytes(done.opened, request, long=long)
            compression = done.opened.source.compression
            data = _write_data(done.contents(long=long), destination, place, compression, n_bytes, watch)
            tell_written(manners.log, data, [])
        else:
            data = _left(done.opened, destination)
            manners.log.note(f"{request.path} is left as it was")
        if model is not None:
            write_model(model, models, destination, manners)
        made = done.reports(command, data)
        write_reports(made, destination, manners)
        if destination.diff:
            watch("", None, "")  # standard output may be the terminal that shows the bar
            _write_changed_cells(done.opened, done.completions, destination)
    if console is not None:
        written = destination.names if is_new else [f"{request.path} (left as it was)", *destination.names[1:]]
        written += [] if model is None else models.names
        for report in made:
            last = report is made[-1]
            print_summary(console, report, written if last else None, verbose=manners.verbose, advice=manners.advice)


def judge(reports: "Sequence[FitReport]", manners: Manners, console: Any, watch: "Watch") -> None:  # noqa: ANN401  # as there
    """Tell the log what was decided.  With --strict raise `StrictError` if there is a warning, after the summary."""
    from em_impute.report.terminal import print_summary

    tell_decisions(manners.log, reports)
    if not manners.strict:
        return
    try:
        refuse_warnings(reports)
    except StrictError:
        watch("", None, "")
        if console is not None:
            for report in reports:
                print_summary(console, report, None, verbose=manners.verbose, advice=manners.advice)
        raise


def _check_outputs(
    request: Request, models: Models, destination: Destination, place: InPlace | None, manners: Manners
) -> None:
    """Refuse, before any work is done, what cannot or must not be written."""
    from em_impute.table.output import check_output

    inputs = [request.path] if request.path else []
    backups = [place.backup] if place is not None and place.backup is not None else []
    manners.log.refuse([*inputs, *destination.files, *backups, *models.files])
    models.check(inputs, destination, clobber=manners.clobber)
    if request.path is not None and not os.path.lexists(request.path):
        return  # opening it will say more
    if place is not None:
        place.check(destination)
    for path in destination.files:
        if place is None or path != place.path:
            check_output(path, inputs, clobber=manners.clobber)


def _left(opened: "Opened", destination: Destination) -> "list[WrittenFile]":
    """Describe a file that need not be written, for it would be the same."""
    from em_impute.table.output import WrittenFile

    return [WrittenFile(path, opened.table.sha256, opened.table.size, 0.0) for path in destination.data]


def _n_bytes(opened: "Opened", request: Request, *, long: bool) -> int:
    """Tell about how many bytes of completed CSV there will be."""
    return max(1, opened.source.size * max(1, request.imputations + long))


def _write_data(
    contents: Iterator[Iterator[bytes]],
    destination: Destination,
    place: InPlace | None,
    compression: str | None,
    n_bytes: int,
    watch: "Watch",
) -> "list[WrittenFile]":
    """Write every completed CSV.  One in the input's place keeps its compression, others have that of their suffix."""
    from em_impute.table.compression import compressed, suffix_of
    from em_impute.table.output import write_atomically, write_to_stdout

    if not destination.data:
        # Also where nothing is written: what would stop the writing (a column that is there already) is found here.
        next(contents)
    written: list[WrittenFile] = []
    for path in destination.data:
        done = n_bytes * len(written) // len(destination.data)  # a file that is compressed has fewer bytes
        try:
            if path == STDOUT:
                watch("", None, "")
                written.append(write_to_stdout(next(contents)))
            else:
                blocks = _counted(next(contents), done, n_bytes, watch)
                if place is None:
                    written.append(write_atomically(path, blocks))
                else:
                    blocks = place.replacing(compressed(blocks, suffix_of(compression)))
                    written.append(write_atomically(path, blocks, suffix=""))
        except (OutputError, TableError) as error:
            if not written:
                raise
            hint = f"{_were_written(destination.data[: len(written)])}, nothing else was"
            raise type(error)(error.message, hint) from error
    return written


def _were_written(paths: Sequence[Path]) -> str:
    said = " and ".join(name_tables(paths))
    return f"the completed file {said} was written" if len(paths) == 1 else f"the completed files {said} were written"


def _counted(blocks: Iterable[bytes], done: int, n_bytes: int, watch: "Watch") -> Iterator[bytes]:
    """Tell of the progress while passing the blocks on; so many bytes were `done` before."""
    for block in blocks:
        yield block
        done += len(block)
        watch("writing", min(1.0, done / n_bytes), "")


def write_model(model: "SavedModel", models: Models, destination: Destination, manners: Manners) -> None:
    """Save a model.  Raises `OutputError`, saying so where the completed files have been written."""
    from em_impute.saved_model.store import dump
    from em_impute.table.output import write_atomically

    if models.target is None:
        return
    try:
        write_atomically(models.target, [dump(model).encode()], suffix="")
    except OutputError as error:
        if destination.data in {(), (STDOUT,)}:
            raise
        raise OutputError(error.message, f"{_were_written(destination.data)}, the model was not") from error
    tell_written(manners.log, [], [models.target])


def write_reports(made: "Sequence[FitReport]", destination: Destination, manners: Manners) -> None:
    """Write every report.  Raises `OutputError`, saying so where the completed files have been written."""
    from em_impute.report.forms import render
    from em_impute.table.output import write_atomically, write_to_stdout

    for path in destination.reports:
        text = render(made, path.suffix)
        try:
            if path == STDOUT:
                write_to_stdout([text.encode()])
            else:
                write_atomically(path, [text.encode()])
        except OutputError as error:
            if destination.data in {(), (STDOUT,)}:
                raise
            hint = f"{_were_written(destination.data)}, the report was not"
            raise OutputError(error.message, hint) from error
        tell_written(manners.log, [], [path])


def _write_changed_cells(opened: "Opened", completions: "Sequence[Completion]", destination: Destination) -> None:
    """Write the filled cells to standard output.  Raises `OutputError`, saying so where the files have been written."""
    from em_impute.table.output import write_to_stdout

    try:
        write_to_stdout(_changed_cells(opened, completions))
    except OutputError as error:
        if not destination.data:
            raise
        raise OutputError(error.message, f"{_were_written(destination.data)}, not all changed cells were") from error


def _changed_cells(opened: "Opened", completions: "Sequence[Completion]") -> Iterator[bytes]:
    """Yield the filled cells as CSV, many lines at a time."""
    import csv
    import io

    from em_impute.pipeline.edits import changes

    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["line", "column", "old", "new", "probability"])
    for completion in completions:
        for line, column, old, new, probability in changes(opened, completion):
            writer.writerow([line, column, old, new, f"{probability:.6f}"])
            if text.tell() > BLOCK_CHARACTERS:
                yield text.getvalue().encode()
                text.seek(0)
                text.truncate()
    yield text.getvalue().encode()
