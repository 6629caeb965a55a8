"""`em_impute.fill_each`: many files, each completed by itself."""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Unpack

from em_impute.api.csv import fill_csv, request_of_file
from em_impute.api.models import FittedModel
from em_impute.api.options import FileOptions, in_python, refuse_unknown
from em_impute.errors import UsageError
from em_impute.pipeline.files import first_repeated
from em_impute.pipeline.processes import attempts
from em_impute.report.model.fit import FitReport
from em_impute.table.output import output_errors


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

    Parameters
    ----------
    paths
        The files; each is a table of its own.
    folder
        Where the completed files go, each under its own name.  It is made if it is not there.
    column, model, **options
        As in `em_impute.fill_csv`, for each of them.
    workers
        Processes that share the files.  With more than one, a script needs `if __name__ == "__main__":` around what it
        does, as with `multiprocessing`.

    Returns
    -------
    list of FilledFile
        One for each path, in that order: `(path, output, reports, error)`.  A file that fails has its error there, and
        the others are completed all the same.

    Raises
    ------
    UsageError
        For options that suit no file, and for two paths of one name.
    OutputError
        The folder cannot be made.

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
    request_of_file(None, column, model, options)  # else every file would fail by it
    if workers < 1:
        raise UsageError(f"workers takes a whole number, 1 or more, not {workers!r}")
    places = [(Path(path), Path(folder) / Path(path).name) for path in paths]
    twice = first_repeated(output for _, output in places)
    if twice is not None:
        raise UsageError(f"two files would be written to {str(twice)!r}", "give them different names")
    with output_errors(f"cannot make the folder {folder}"):
        Path(folder).mkdir(parents=True, exist_ok=True)
    one = partial(_fill, column=column, model=model, options=options)
    done = zip(places, attempts(one, places, workers), strict=True)
    return [
        FilledFile(path, None, (), found) if isinstance(found, Exception) else FilledFile(path, output, found, None)
        for (path, output), found in done
    ]


def _fill(
    place: tuple[Path, Path],
    *,
    column: str | Sequence[str] | None,
    model: FittedModel | None,
    options: Mapping[str, Any],
) -> tuple[FitReport, ...]:
    return fill_csv(*place, column=column, model=model, **options)
