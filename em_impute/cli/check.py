"""`em-impute check`: read only."""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from em_impute.cli.options.behaviour import JUDGING, Behaviour
from em_impute.cli.options.groups import Without, flag, grouped, option, request_of
from em_impute.cli.options.input import File, InputOrModel, Missing
from em_impute.cli.options.output import CheckedModel
from em_impute.cli.options.parsing import command_line, input_path
from em_impute.cli.outputs import STDOUT, check_outputs
from em_impute.cli.run import Run
from em_impute.cli.saved import check_saved, read_saved
from em_impute.errors import ExitCode, spelled
from em_impute.options import Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from em_impute.api.check import Checked, Finding
    from em_impute.report.model.fit import FitReport
    from em_impute.saved_model.store import SavedModel


@dataclass(frozen=True, eq=False, repr=False)
class CheckOutput:
    """Where the answer is written."""

    panel: ClassVar = "Output"

    json: bool = option("--json", "Write the answer to standard output, as JSON; with --model the report of a fill.")


@grouped
def check(
    context: typer.Context,
    file: File = None,
    *,
    table: Annotated[InputOrModel, Without("by", "weights", "all_columns")],
    missing: Missing,
    saved: Annotated[CheckedModel, Without("save_model")],
    output: CheckOutput,
    behaviour: Annotated[Behaviour, Without(*JUDGING, "verbose", "no_advice")],
) -> None:
    """Say what is missing, what looks like a missing mark and what would be used; write nothing.

    Without a column, say so of every one that has gaps: which can be filled, from what, and which not.
    Exits with 0 when nothing is missing and nothing is doubtful, with 1 otherwise. With a saved model: say where the
    file differs from what the model was fitted to.

    em-impute check heights.csv --column gender
    """
    table = replace(table, all_columns=not table.columns and saved.model is None)
    check_saved(saved, table)
    request = request_of(input_path(file), table, missing)
    run = Run(behaviour, context.obj)
    check_outputs([request.path], [], run.log)
    source, request = read_saved(saved, table, request)
    if source is None:
        from em_impute.api.check import findings
        from em_impute.serialize.json_text import render

        checked = _by_a_fit(request, run)
        found = [*findings(checked)]
        text = render({"schema_version": 1, **asdict(checked)}) if output.json else ""
    else:
        from em_impute.report.model.documents import json_of

        reports = _by_a_model(request, source, run)
        found = [finding for one in reports for finding in _findings_by_the_model(one)]
        text = json_of(*reports) if output.json else ""
    for name, said, is_doubtful in found:
        run.log.note(f"{name} {said}", "WARNING" if is_doubtful and name != "column" else "INFO")
    run.say((name, said) for name, said, _ in found)
    run.warn(said for name, said, is_doubtful in found if is_doubtful and name != "column")
    if text:
        run.write(STDOUT, text)
    if any(doubtful for _, _, doubtful in found):
        raise typer.Exit(ExitCode.NEGATIVE)


def _by_a_fit(request: Request, run: Run) -> "Checked":
    """Find what is missing, and what a fit would use."""
    from em_impute.api.check import check_table

    with run.opened(request) as (opened, _):
        return check_table(opened, request, lambda text: spelled(text, flag))


def _by_a_model(request: Request, source: "tuple[SavedModel, str]", run: Run) -> "Sequence[FitReport]":
    """Find what is missing, and what of the table is not as a saved model knows it."""
    from em_impute.api.session import completed

    with run.progress() as watch, completed(request, watch, source) as done:
        run.log.input(done.opened)
        return done.reports(command_line())


def _findings_by_the_model(report: "FitReport") -> "Iterator[Finding]":
    """Say it line by line."""
    from em_impute.api.check import Finding, with_kinds
    from em_impute.report.format import known_and_missing
    from em_impute.report.model.shared import is_note
    from em_impute.report.sentences import applied_lines

    known, tokens = sum(one.known for one in report.labels), report.missing.tokens
    yield Finding("column", known_and_missing(report.column, known, tokens), report.missing.cells > 0)
    yield Finding("predictors", with_kinds(report.features.kinds), False)
    if report.applied is not None:
        yield from (Finding(name, text, False) for name, text in applied_lines(report.applied))
    cautions = [f"{one.code}: {one.message}" for one in report.warnings if not is_note(one)]
    yield from (Finding("warning", text, True) for text in cautions)
