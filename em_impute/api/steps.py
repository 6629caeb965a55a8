"""The steps from a table to its completed bytes and its reports, for everybody who takes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from em_impute.completion import Completion, Opened
from em_impute.impute import Watch, complete_all, patched, patched_long
from em_impute.report.build import build_report
from em_impute.report.fit_report import FitReport
from em_impute.request import Request
from em_impute.table.output import WrittenFile

__all__ = ["Completed", "complete_table", "unwatched"]


@dataclass(frozen=True)
class Completed:
    """A table that was read, and what is to be written into it: of use while its source is open."""

    opened: Opened
    completions: Sequence[Completion]
    request: Request

    @property
    def is_as_it_was(self) -> bool:
        """Whether the completed table has the bytes of the one that was read."""
        adds_columns = self.request.probability or self.request.probabilities or self.request.indicator
        return not adds_columns and not any(completion.fills.n_filled for completion in self.completions)

    def contents(self, *, long: bool = False) -> Iterator[Iterator[bytes]]:
        """Yield the bytes of each completed table, made when they are asked for: one, or one an imputation.

        With `long` the imputations are in one table below the observed one.
        """
        if long:
            yield patched_long(self.opened, self.completions, self.request)
        elif not self.request.imputations:
            yield patched(self.opened, self.completions, self.request)
        else:
            for number in range(self.request.imputations):
                yield patched(self.opened, self.completions, self.request, number + 1)

    def reports(self, command: str, written: Sequence[WrittenFile] | None = None) -> tuple[FitReport, ...]:
        """Report on each column; `command` is what was asked, `written` are the files that hold the completed table."""
        return tuple(
            build_report(self.opened, completion, self.request, command, written) for completion in self.completions
        )


def complete_table(opened: Opened, request: Request, watch: Watch) -> Completed:
    """Complete every column that was asked for.  The predictors as they were read are let go of."""
    return Completed(opened, complete_all(opened, request, watch, let_go=True), request)


def unwatched(_stage: str, _share: float | None, _detail: str) -> None:
    """Tell nobody of the progress."""
