"""What a run of `fill` works on: a table that is completed, by a fit or by a saved model."""

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from em_impute.cli.models import Models
from em_impute.request import Request

if TYPE_CHECKING:
    from em_impute.completion import Completion, Opened
    from em_impute.opening import Watch
    from em_impute.report.fit_report import FitReport
    from em_impute.saved.values import SavedModel
    from em_impute.table.output import WrittenFile

__all__ = ["Work", "command_line", "completed"]


@dataclass(frozen=True)
class Work:
    """A table that is completed, by a fit or by a saved model, and what follows from that when it is asked for."""

    opened: "Opened"
    request: Request
    """as the table was read"""
    completions: "Sequence[Completion]"
    reported: "Callable[[Sequence[WrittenFile] | None], list[FitReport]]"
    """reports on what was written"""
    model: "Callable[[], SavedModel | None]"
    """what is to be saved; None where a model has learnt nothing new"""


def completed(request: Request, models: Models, watch: "Watch") -> AbstractContextManager[Work]:
    """Open a table and complete its columns."""
    return _fitted(request, watch) if models.applied is None else _applied(request, models.applied, models, watch)


@contextmanager
def _fitted(request: Request, watch: "Watch") -> Iterator[Work]:
    from em_impute.impute import complete_all, open_table
    from em_impute.report.build import build_report
    from em_impute.report.clock import time_of_run
    from em_impute.saved.make import make_model

    with open_table(request, watch) as opened:
        completions = complete_all(opened, request, watch, let_go=True)
        command = command_line()

        def reported(data: "Sequence[WrittenFile] | None") -> "list[FitReport]":
            return [build_report(opened, completion, request, command, data) for completion in completions]

        yield Work(
            opened, request, completions, reported, lambda: make_model(opened, completions, request, time_of_run())
        )


@contextmanager
def _applied(request: Request, path: str, models: Models, watch: "Watch") -> Iterator[Work]:
    from em_impute.report.applied import build_applied_report
    from em_impute.report.clock import time_of_run
    from em_impute.saved.applying import apply_all, asked_of, opened_for
    from em_impute.saved.store import read_model
    from em_impute.saved.updating import refuse_update, updated

    whole = read_model(path)
    if models.update:
        refuse_update(whole, request.columns)
    request = request if models.asks_decimal else replace(request, decimal=whole.reading.decimal)
    with opened_for(asked_of(whole, request, path), request, watch) as (opened, model, asked):
        applied = apply_all(opened, model, asked, path, watch, update=models.update)
        command = command_line()

        def reported(data: "Sequence[WrittenFile] | None") -> "list[FitReport]":
            return [
                build_applied_report(opened, one, model, asked, command, data, asks_to_learn=models.update)
                for one in applied
            ]

        completions = [one.completion for one in applied]
        yield Work(opened, asked, completions, reported, lambda: updated(whole, opened, applied, time_of_run()))


def command_line() -> str:
    """Give the command as it was typed."""
    return shlex.join(["em-impute", *sys.argv[1:]])
