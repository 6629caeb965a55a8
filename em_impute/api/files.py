"""`em_impute.fill_csv`: what `em-impute fill` does, from Python."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from em_impute.api.options import FileOptions, in_python, refuse_unknown, request_of, written_call
from em_impute.api.steps import fitted, unwatched
from em_impute.report.fit_report import FitReport
from em_impute.table.output import check_output, write_atomically

__all__ = ["fill_csv"]


@in_python()
def fill_csv(
    path: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    column: str | Sequence[str],
    **options: Unpack[FileOptions],
) -> tuple[FitReport, ...]:
    r"""Complete columns of a CSV file and change no other byte: what `em-impute fill` does, in the same bytes.

    Parameters
    ----------
    path
        The CSV file, which may be compressed (gz, bz2, xz, zst).
    output
        The completed file, which appears whole or not at all and replaces what is there.  It is compressed if its name
        ends in .gz, .bz2, .xz or .zst, and cannot be the input.
    column
        The column to complete, by its name or 1-based number, or a list of several, each completed on its own.
    **options
        Those of `em_impute.fill` (columns are named as in `column`) except `imputations`, and how the file is
        written: `delimiter`, `encoding`, `has_header`, `decimal`, `skip_lines`.  What is None is found out.

    Returns
    -------
    tuple of FitReport
        One a column, with the hash of what was written.

    Raises
    ------
    UsageError, TableError, ColumnError, DesignError, FitError
        Each a ValueError too: the options, the file, a column, its cells, or that nothing can be learnt.
    OutputError
        The output cannot be written.

    Source: as `em_impute.fill`.

    >>> import em_impute, pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "people.csv").write_text("height,sex\n160,f\n158,f\n181,m\n183,m\n182,\n")
    >>> (report,) = em_impute.fill_csv(folder / "people.csv", folder / "done.csv", column="sex", covariance="tied")
    >>> (folder / "done.csv").read_text().splitlines()[-1], report.missing["filled"]
    ('182,m', 1)

    """
    refuse_unknown("fill_csv", options, FileOptions)
    columns = [column] if isinstance(column, str) else list(column)
    request = request_of(columns, options, Path(path))
    if request.path is not None and request.path.exists():  # else opening it will say more
        check_output(output, [request.path], clobber=True)
    with fitted(request, unwatched) as done:
        (blocks,) = done.contents()
        written = write_atomically(output, blocks)
        return done.reports(written_call("fill_csv", column, options), [written])
