"""From a table to its completed bytes and its reports, for files and frames alike."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter

from em_impute.environment import time_of_run
from em_impute.model.predict import Model
from em_impute.options import Request
from em_impute.pipeline.apply import Applied, apply_all, asked_of, read_for
from em_impute.pipeline.complete import complete_all, model_of, patched, patched_long
from em_impute.pipeline.open import Progress, before_readings, open_table
from em_impute.pipeline.save import make_model
from em_impute.pipeline.types import ColumnResult, InputTable
from em_impute.pipeline.why import why
from em_impute.report.build.fit import build_report
from em_impute.report.build.shared import head_of
from em_impute.report.model.asked import WhyReport
from em_impute.report.model.fit import FitReport
from em_impute.saved_model.store import SavedModel
from em_impute.table.output import WrittenFile
from em_impute.table.source import open_source


@dataclass(frozen=True)
class Completed:
    """A table with the fills of its columns, valid while its source is open."""

    opened: InputTable
    completions: Sequence[ColumnResult]
    request: Request

    @property
    def is_as_it_was(self) -> bool:
        """Whether the completed table has the bytes of the one that was read."""
        return not self.request.adds_columns and not any(one.fills.n_filled for one in self.completions)

    def contents(self, *, long: bool = False) -> Iterator[Iterator[bytes]]:
        """Yield the bytes of each completed table, made on demand: one, or one for each imputation.

        With `long` there is one table, with the observed rows above those of the imputations.
        """
        if long:
            yield patched_long(self.opened, self.completions, self.request)
            return
        n_tables = self.request.imputations
        for number in range(1, n_tables + 1) if n_tables else (None,):
            yield patched(self.opened, self.completions, self.request, number)

    def reports(self, command: str, written: Sequence[WrittenFile] | None = None) -> tuple[FitReport, ...]:
        """Report on each column; `command` is what was asked, `written` are the files of the completed table."""
        return tuple(
            build_report(self.opened, completion, self.request, command, written) for completion in self.completions
        )

    def model(self) -> SavedModel:
        """Give the model to save."""
        return make_model(self.opened, self.completions, self.request, time_of_run())

    def why(self, lines: Sequence[int], command: str) -> WhyReport:
        """Say why the rows on some lines are filled as they are, in the only column."""
        (completion,) = self.completions
        model, opened = self._filling(), self.opened
        if opened.readings:
            opened = before_readings(opened, self.request, model.read)
        rows = why(opened, model, completion.labels, lines, completion.fitted)
        return WhyReport(**head_of(self.opened, completion.target, self.request, command), rows=[*rows])

    def _filling(self) -> Model:
        """Give what fills the only column."""
        found = self.completions[0].fitted
        if found is None:
            raise AssertionError("a column that is asked about is always fitted")
        return model_of(found, self.opened.names[: self.opened.table.n_columns], self.request, self.request.deltas)


@dataclass(frozen=True)
class CompletedByModel(Completed):
    """A table that a saved model has completed."""

    placed: SavedModel
    """its columns that were asked for, with the positions of their predictors in the table"""
    applied: Sequence[Applied]

    def reports(self, command: str, written: Sequence[WrittenFile] | None = None) -> tuple[FitReport, ...]:
        """Report on each column."""
        return tuple(
            build_report(self.opened, one.completion, self.request, command, written, filled_by=(one, self.placed))
            for one in self.applied
        )

    def _filling(self) -> Model:
        (one,) = self.applied
        return one.saved.model


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
    (saved, path), began = source, perf_counter()
    with open_source(request.path, hashed=request.reported) as raw:
        opened, placed, asked = read_for(asked_of(saved, request, path), raw, request, watch)
        opened = replace(opened, seconds=perf_counter() - began)  # with the time that a stream took
        yield apply_model(opened, placed, asked, path, watch)


def apply_model(
    opened: InputTable, placed: SavedModel, request: Request, path: str, watch: Progress
) -> CompletedByModel:
    """Complete a table that was read for the columns of `placed`."""
    applied = apply_all(opened, placed, request, path, watch)
    return CompletedByModel(opened, [one.completion for one in applied], request, placed, applied)


def unwatched(_stage: str, _share: float | None, _detail: str) -> None:
    """Report progress to nobody."""
