"""`em-impute check`: read only."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from em_impute.cli.options.behaviour import Behaviour
from em_impute.cli.options.groups import Without, flag, grouped, request_of
from em_impute.cli.options.input import File, InputOrModel, Missing
from em_impute.cli.options.output import CheckedModel
from em_impute.cli.options.parsing import command_line, input_path
from em_impute.cli.outputs import check_outputs
from em_impute.cli.run import Run
from em_impute.cli.saved import check_saved, read_saved
from em_impute.errors import ExitCode, spelled
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.saved_model.store import SavedModel

Finding: TypeAlias = tuple[str, str, bool]
"""A line to print: a name, a text, and whether it makes the answer negative."""


@grouped
def check(
    context: typer.Context,
    file: File = None,
    *,
    table: Annotated[InputOrModel, Without("by", "weights", "all_columns")],
    missing: Missing,
    saved: Annotated[CheckedModel, Without("save_model")],
    behaviour: Annotated[Behaviour, Without("strict", "verbose", "no_advice")],
) -> None:
    """Say what is missing, what looks like a missing mark and what would be used; write nothing.

    Without a column, say so of every one that has gaps: which can be filled, from what, and which not.
    Exits with 0 when nothing is missing and nothing is doubtful, with 1 otherwise. With a saved model: say where the
    file differs from what the model was fitted to.

    em-impute check heights.csv --column gender
    """
    table = replace(table, all_columns=not table.columns and saved.model is None)
    check_saved(saved, table)
    request = request_of(input_path(context, file), table, missing)
    run = Run(behaviour, context.obj)
    check_outputs([request.path], [], run.log)
    source, request = read_saved(saved, table, request)
    found = [*(_by_a_fit(request, run) if source is None else _by_a_model(request, source, run))]
    for name, text, is_doubtful in found:
        (run.log.caution if is_doubtful and name != "column" else run.log.note)(f"{name} {text}")
    run.say((name, text) for name, text, _ in found)
    if any(doubtful for _, _, doubtful in found):
        raise typer.Exit(ExitCode.NEGATIVE)


def _by_a_fit(request: Request, run: Run) -> Iterator[Finding]:
    """Say what is missing, and what a fit would use."""
    from em_impute.api.check import findings

    with run.opened(request) as (opened, _):
        yield from ((name, spelled(text, flag), is_doubtful) for name, text, is_doubtful in findings(opened, request))


def _by_a_model(request: Request, source: "tuple[SavedModel, str]", run: Run) -> Iterator[Finding]:
    """Say what is missing, and what of the table is not as a saved model knows it."""
    from em_impute.api.check import MAX_SHOWN
    from em_impute.api.session import completed
    from em_impute.report.format import known_and_missing
    from em_impute.report.sentences import applied_lines
    from em_impute.table.text import listed

    with run.progress() as watch, completed(request, watch, source) as done:
        run.log.input(done.opened)
        for report in done.reports(command_line()):
            known, tokens = sum(one.known for one in report.labels), report.missing.tokens
            yield "column", known_and_missing(report.column, known, tokens), report.missing.cells > 0
            yield "predictors", listed([one.name for one in report.features.used], MAX_SHOWN), False
            if report.applied is not None:
                yield from ((name, text, False) for name, text in applied_lines(report.applied))
            for one in report.warnings:
                if not one.code.startswith("S"):
                    yield "warning", f"{one.code}: {one.message}", True
