"""`em-impute fill` for a table in one file: read, complete, judge, write, say."""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from em_impute.cli.in_place import InPlace
from em_impute.cli.options.parsing import command_line
from em_impute.cli.outputs import STDOUT, Destination, Models
from em_impute.cli.run import (
    RunSettings,
    after_data,
    completed,
    judge,
    print_reports,
    were_written,
    write_model,
    write_reports,
)
from em_impute.errors import OutputError, TableError
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.pipeline.open import Progress
    from em_impute.pipeline.types import ColumnResult, InputTable
    from em_impute.table.output import WrittenFile

BLOCK_CHARACTERS = 65536
"""Characters of the changed cells that are written at a time."""


def fill_file(
    request: Request,
    models: Models,
    destination: Destination,
    place: InPlace | None,
    run: RunSettings,
    *,
    long: bool,
    clobber: bool,
) -> None:
    """Complete a table that is read as one file, and say what was done."""
    from em_impute.table.output import write_to_stdout

    inputs = [request.path] if request.path else []
    backups = [place.backup] if place is not None and place.backup is not None else []
    run.log.refuse([*inputs, *destination.files, *backups, *models.files])
    _check_outputs(request, models, destination, place, clobber=clobber)
    console, command = run.open_console(), command_line()
    with run.progress(console) as watch, completed(request, models, watch) as done:
        run.log.input(done.opened)
        if run.asked.strict or run.log.is_open:
            judge(done.reports(command), run, console, watch)
        is_new = place is None or not done.is_as_it_was
        saves = models.target is not None and not (models.is_in_place and done.learns_nothing)
        model = done.model() if saves else None  # before anything is written, for it may fail
        if is_new:
            n_bytes = max(1, done.opened.source.size * max(1, request.imputations + long))  # about
            compression = done.opened.source.compression
            data = _write_data(done.contents(long=long), destination, place, compression, n_bytes, watch)
            run.log.written(data=data)
        else:
            data = _left(done.opened, destination)
            run.log.note(f"{request.path} is left as it was")
        if model is not None:
            write_model(model, models, destination, run.log)
        made = done.reports(command, data)
        write_reports(made, destination, run.log)
        if destination.diff:
            watch("", None, "")  # standard output may be the terminal that shows the bar
            with after_data(destination, "not all changed cells were"):
                write_to_stdout(_changed_cells(done.opened, done.completions))
    written = destination.names if is_new else [f"{request.path} (left as it was)", *destination.names[1:]]
    print_reports(made, [*written, *([] if model is None else models.names)], run, console)


def _check_outputs(
    request: Request, models: Models, destination: Destination, place: InPlace | None, *, clobber: bool
) -> None:
    """Refuse, before any work is done, what cannot or must not be written."""
    from em_impute.table.output import check_output

    inputs = [request.path] if request.path else []
    models.check(inputs, destination.files, clobber=clobber)
    if request.path is not None and not os.path.lexists(request.path):
        return  # opening it will say more
    if place is not None:
        place.check(destination)
    for path in destination.files:
        if place is None or path != place.path:
            check_output(path, inputs, clobber=clobber)


def _left(opened: "InputTable", destination: Destination) -> "list[WrittenFile]":
    """Describe a file that need not be written, for it would be the same."""
    from em_impute.table.output import WrittenFile

    return [WrittenFile(path, opened.table.sha256, opened.table.size, 0.0) for path in destination.data]


def _write_data(
    contents: Iterator[Iterator[bytes]],
    destination: Destination,
    place: InPlace | None,
    compression: str | None,
    n_bytes: int,
    watch: "Progress",
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
            hint = f"{were_written(destination.data[: len(written)])}, nothing else was"
            raise type(error)(error.message, hint) from error
    return written


def _counted(blocks: Iterable[bytes], done: int, n_bytes: int, watch: "Progress") -> Iterator[bytes]:
    """Tell of the progress while passing the blocks on; so many bytes were `done` before."""
    for block in blocks:
        yield block
        done += len(block)
        watch("writing", min(1.0, done / n_bytes), "")


def _changed_cells(opened: "InputTable", completions: "Sequence[ColumnResult]") -> Iterator[bytes]:
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
