"""`em_impute.fill_csv` and `em_impute.fill_each`: what `em-impute fill` does, from Python."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Unpack

from em_impute.api.arguments import (
    FileOptions,
    ModelOptions,
    SharedOptions,
    in_python,
    refuse_unknown,
    request_of,
    written_call,
)
from em_impute.api.models import FittedModel
from em_impute.api.session import completed, unwatched
from em_impute.checks import check_output_name
from em_impute.errors import UsageError
from em_impute.options import Request
from em_impute.pipeline.backends import attempts
from em_impute.pipeline.parts import first_repeated
from em_impute.report.model.fit import FitReport
from em_impute.saved_model.store import dump
from em_impute.table.output import check_output, output_errors, write_atomically

OF_A_FIT = {*ModelOptions.__annotations__, "method"} - SharedOptions.__annotations__.keys()
"""Options that mean nothing to a model that is fitted already."""


@in_python()
def fill_csv(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    column: str | Sequence[str] | None = None,
    model: FittedModel | None = None,
    save_model: str | os.PathLike[str] | None = None,
    **options: Unpack[FileOptions],
) -> tuple[FitReport, ...]:
    r"""Complete columns of a CSV file and change no other byte: what `em-impute fill` does, in the same bytes.

    `path` may be compressed (gz, bz2, xz, zst).  `output`, another file, appears whole or not at all, replaces what is
    there, and is compressed if its name says so.  `column` is one to complete, by name or 1-based number, or a list of
    several, which predict each other.  `model`, of `em_impute.fit_model` or `em_impute.read_model`, fills instead of a
    new fit: all of its columns where `column` is None.  `save_model` is a file for the fit.  Options are those of
    `em_impute.fill` but `imputations`, with columns named as in `column`, or with `model` those of `FittedModel.fill`;
    and `delimiter`, `encoding`, `has_header`, `decimal`, `skip_lines`, `quote`, `comment` and `all_lines`, detected if
    None.

    Returns a report for each column, with the hash of the output.  Raises what `em_impute.fill` does, and OutputError
    where the output cannot be written.

    Source: as `em_impute.fill`.

    >>> import em_impute, pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "people.csv").write_text("height,sex\n160,f\n158,f\n181,m\n183,m\n182,\n")
    >>> (report,) = em_impute.fill_csv(folder / "people.csv", folder / "done.csv", column="sex", covariance="tied")
    >>> (folder / "done.csv").read_text().splitlines()[-1], report.missing.filled
    ('182,m', 1)

    """
    refuse_unknown("fill_csv", options, FileOptions)
    check_output_name(output)
    if model is not None and save_model is not None:
        raise UsageError("save_model with model would save the same model", "leave one of them out")
    request = replace(_request_of_file(Path(path), column, model, options), keeps_model=save_model is not None)
    if request.path is not None and request.path.exists():  # else opening it will say more
        for target in (output, save_model):
            if target is not None:
                check_output(target, [request.path], clobber=True)
    source = None if model is None else (model.saved, model.path)
    with completed(request, unwatched, source) as done:
        saved = [] if save_model is None else [dump(done.model()).encode()]  # may fail, so before anything is written
        (blocks,) = done.contents()
        written = write_atomically(output, blocks)
        if save_model is not None:
            write_atomically(save_model, saved, suffix="")
        return done.reports(written_call("fill_csv", column, options), [written])


def _request_of_file(
    path: Path | None, column: str | Sequence[str] | None, model: FittedModel | None, options: Mapping[str, Any]
) -> Request:
    """Make the request of a call.  Raises UsageError for what can never work."""
    columns = [column] if isinstance(column, str) else list(column or ())
    if model is None and not columns:
        raise UsageError("column names no column", "name one, or give a model")
    if model is not None:
        for name in options.keys() & OF_A_FIT:
            raise UsageError(f"{name} contradicts model: that fit is made already", "leave one of them out")
        options = {"decimal": model.saved.reading.decimal, **options}
    return request_of(columns, options, path)


class FilledFile(NamedTuple):
    """What became of one file."""

    path: Path
    output: Path | None
    """None where it failed"""
    reports: tuple[FitReport, ...]
    """one for each column; none where it failed"""
    error: Exception | None
    """why it failed"""


@in_python()
def fill_each(
    paths: Sequence[str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    *,
    column: str | Sequence[str] | None = None,
    model: FittedModel | None = None,
    workers: int = 1,
    **options: Unpack[FileOptions],
) -> list[FilledFile]:
    r"""Complete columns of many CSV files, each by a fit of its own: what `em-impute fill --each` does.

    The completed files go into `folder`, each under its own name.  `workers` processes share the files; with more than
    one, a script needs `if __name__ == "__main__":` around what it does, as with `multiprocessing`.  What else is given
    is as in `em_impute.fill_csv`, for each of them.

    Returns `(path, output, reports, error)` for each path, in that order.  A file that fails has its error there, and
    the others are completed all the same.  Raises UsageError for options that suit no file and for two paths of one
    name, OutputError where the folder cannot be made.

    Source: as `em_impute.fill`.

    >>> import em_impute, pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "north.csv").write_text("height,sex\n160,f\n158,f\n181,m\n183,m\n182,\n")
    >>> _ = (folder / "south.csv").write_text("height\n160\n")
    >>> paths = [folder / "north.csv", folder / "south.csv"]
    >>> north, south = em_impute.fill_each(paths, folder / "done", column="sex", covariance="tied")
    >>> north.output.name, north.reports[0].missing.filled, north.error
    ('north.csv', 1, None)
    >>> south.output, type(south.error).__name__
    (None, 'ColumnError')

    """
    refuse_unknown("fill_each", options, FileOptions)
    _request_of_file(None, column, model, options)  # else every file would fail by it
    if workers < 1:
        raise UsageError(f"workers takes a whole number, 1 or more, not {workers!r}")
    places = [(Path(path), Path(folder) / Path(path).name) for path in paths]
    twice = first_repeated(output for _, output in places)
    if twice is not None:
        raise UsageError(f"two files would be written to {str(twice)!r}", "give them different names")
    with output_errors(f"cannot make the folder {folder}"):
        Path(folder).mkdir(parents=True, exist_ok=True)
    one = partial(_fill, column=column, model=model, **options)
    done = zip(places, attempts(one, places, workers), strict=True)
    return [
        FilledFile(path, None, (), found) if isinstance(found, Exception) else FilledFile(path, output, found, None)
        for (path, output), found in done
    ]


def _fill(place: tuple[Path, Path], **options: Any) -> tuple[FitReport, ...]:
    return fill_csv(*place, **options)
