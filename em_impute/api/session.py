"""From a table to its completed bytes and its reports, for files and frames alike."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from em_impute.environment import time_of_run
from em_impute.options import Request
from em_impute.pipeline.apply import Applied, apply_column, asked_of, read_for
from em_impute.pipeline.complete import ColumnResult, complete_all, model_of
from em_impute.pipeline.edits import long_portions, make_edits, refuse_taken, version_of
from em_impute.pipeline.open import InputTable, Progress, before_readings, open_table
from em_impute.pipeline.save import make_model
from em_impute.pipeline.why import why
from em_impute.report.build.fit import build_report
from em_impute.report.build.shared import head_of
from em_impute.report.model.asked import WhyReport
from em_impute.report.model.fit import FitReport
from em_impute.saved_model.store import SavedModel
from em_impute.table.output import WrittenFile
from em_impute.table.patch import NUMBERING, patch, patch_long
from em_impute.table.source import open_source


@dataclass(frozen=True)
class Completed:
    """A table with the fills of its columns, valid while its source is open."""

    opened: InputTable
    completions: Sequence[ColumnResult]
    request: Request
    applied: Sequence[Applied] = ()  # where a saved model filled the columns
    placed: SavedModel | None = None  # its columns that were asked for, with the positions of their predictors

    def contents(self, *, long: bool = False) -> Iterator[Iterator[bytes]]:
        """Yield the bytes of each completed table, made on demand: one, or one for each imputation.

        With `long` there is one table, with the observed rows above those of the imputations.
        """
        source, dialect, sha256 = self.opened.source, self.opened.table.dialect, self.opened.table.sha256
        n_tables = self.request.imputations
        if long:
            refuse_taken(dialect, self.opened.name, NUMBERING)
            numbers = range(n_tables + 1)
            versions = (long_portions(self.opened, self.completions, self.request, number) for number in numbers)
            yield patch_long(source, dialect, versions, expect_sha256=sha256)
            return
        for number in range(1, n_tables + 1) if n_tables else (None,):
            edits = make_edits(self.opened, [version_of(one, number) for one in self.completions], self.request)
            yield patch(source, dialect, edits, expect_sha256=sha256)

    def reports(self, command: str, written: Sequence[WrittenFile] | None = None) -> tuple[FitReport, ...]:
        """Report on each column; `command` is what was asked, `written` are the files of the completed table."""
        if self.placed is not None:
            return tuple(
                build_report(self.opened, one.completion, self.request, command, written, filled_by=(one, self.placed))
                for one in self.applied
            )
        return tuple(build_report(self.opened, one, self.request, command, written) for one in self.completions)

    def model(self) -> SavedModel:
        """Give the model to save."""
        return make_model(self.opened, self.completions, self.request, time_of_run())

    def why(self, lines: Sequence[int], command: str) -> WhyReport:
        """Say why the rows on some lines are filled as they are, in the only column."""
        (completion,) = self.completions
        opened, found, names = self.opened, completion.fitted, self.opened.names[: self.opened.table.n_columns]
        model = self.applied[0].saved.model if found is None else model_of(found, names, self.request)
        if opened.readings:
            opened = before_readings(opened, self.request, model.read)
        rows = why(opened, model, completion.labels, lines, found)
        return WhyReport(**head_of(self.opened, completion.target, self.request, command), rows=[*rows])


@contextmanager
def completed(
    request: Request, watch: Progress, source: tuple[SavedModel, str] | None = None, *, release: bool = True
) -> Iterator[Completed]:
    """Open a file and complete its columns, by a new fit or by a saved model, which is given with its path.

    Without `release` the predictors are kept, to be asked about.
    """
    if source is None:
        with open_table(request, watch) as opened:
            yield Completed(opened, complete_all(opened, request, watch, release=release), request)
        return
    saved, path = source
    with open_source(request.path, hashed=request.reported) as raw:
        opened, placed, asked = read_for(asked_of(saved, request, path), raw, request, watch)
        yield apply_model(opened, placed, asked, path, watch)


def apply_model(opened: InputTable, placed: SavedModel, request: Request, path: str, watch: Progress) -> Completed:
    """Complete a table that was read for the columns of `placed`, a model from `path`.

    Raises what `apply_column` does.
    """
    watch("filling", None, "")
    is_known = any(source.sha256 == opened.table.sha256 for source in placed.sources)
    applied = [
        apply_column(opened, saved, column, request, path, is_known=is_known)
        for saved, column in zip(placed.columns, opened.targets, strict=True)
    ]
    return Completed(opened, [one.completion for one in applied], request, applied, placed)


def unwatched(_stage: str, _share: float | None, _detail: str) -> None:
    """Report progress to nobody."""
