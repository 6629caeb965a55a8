"""`em_impute.fill_csv`: what `em-impute fill` does, from Python."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from em_impute.api.models import FittedModel
from em_impute.api.options import (
    FileOptions,
    ModelOptions,
    SharedOptions,
    in_python,
    refuse_unknown,
    request_of,
    written_call,
)
from em_impute.api.steps import Completed, filled_by_model, fitted, unwatched
from em_impute.errors import UsageError
from em_impute.options import Request
from em_impute.report.fit_report import FitReport
from em_impute.saved_model.store import dump
from em_impute.table.output import check_output, write_atomically

__all__ = ["fill_csv"]

OF_A_FIT = {*ModelOptions.__annotations__, "method"} - SharedOptions.__annotations__.keys()
"""Options that mean nothing to a fit that is made already."""


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

    Parameters
    ----------
    path
        The CSV file, which may be compressed (gz, bz2, xz, zst).
    output
        The completed file, which appears whole or not at all and replaces what is there.  It is compressed if its name
        ends in .gz, .bz2, .xz or .zst, and cannot be the input.
    column
        The column to complete, by its name or 1-based number, or a list of several, each completed on its own.  With
        `model` those of its columns to complete, by name; None is all.
    model
        A fit to fill by, of `em_impute.fit_model` or `em_impute.read_model`; None fits one.
    save_model
        A file for the fit.  With `model` it is what that has become when it has learnt from these rows too.
    **options
        Those of `em_impute.fill` (columns are named as in `column`) except `imputations`, and how the file is
        written: `delimiter`, `encoding`, `has_header`, `decimal`, `skip_lines`.  What is None is found out.  With
        `model` none that say how to fit.

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
    columns = [column] if isinstance(column, str) else list(column or ())
    if model is None and not columns:
        raise UsageError("column names no column", "name one, or give a model")
    if model is not None:
        for name in options.keys() & OF_A_FIT:
            raise UsageError(f"{name} contradicts model: that fit is made already", "leave one of them out")
        options = {"decimal": model.saved.reading.decimal, **options}
    request = replace(request_of(columns, options, Path(path)), keeps_model=save_model is not None)
    if request.path is not None and request.path.exists():  # else opening it will say more
        for target in (output, save_model):
            if target is not None:
                check_output(target, [request.path], clobber=True)
    with _completed(request, model) as done:
        kept = [] if save_model is None else [dump(done.model()).encode()]  # it may fail: before anything is written
        (blocks,) = done.contents()
        written = write_atomically(output, blocks)
        if save_model is not None:
            write_atomically(save_model, kept, suffix="")
        return done.reports(written_call("fill_csv", column, options), [written])


def _completed(request: Request, model: FittedModel | None) -> AbstractContextManager[Completed]:
    if model is None:
        return fitted(request, unwatched)
    return filled_by_model(model.saved, request, model.path, unwatched, learns=request.keeps_model)
