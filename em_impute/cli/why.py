"""`em-impute why`: why a row is filled as it is."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import typer

from em_impute.cli.options.behaviour import Behaviour
from em_impute.cli.options.groups import Without, command_line, grouped, input_path, option, request_of
from em_impute.cli.options.input import File, Input, Missing
from em_impute.cli.options.model import Model
from em_impute.cli.options.output import SavedModels
from em_impute.cli.outputs import STDOUT, check_outputs
from em_impute.cli.plan import check_saved, read_saved
from em_impute.cli.run import Run
from em_impute.errors import UsageError


@dataclass(frozen=True, eq=False, repr=False)
class AskedRows:
    """Which rows are asked about."""

    panel: ClassVar = "What is shown"

    lines: list[int] = option(
        "--line L", "Line of the file on which the row begins; repeat for several.", required=True, min=1
    )
    json: bool = option("--json", "Write the reasons to standard output, as JSON.")


@grouped
def why(
    context: typer.Context,
    file: File = None,
    *,
    table: Annotated[Input, Without("all_columns")],
    missing: Missing,
    asked: AskedRows,
    model: Model,
    saved: Annotated[SavedModels, Without("save_model")],
    behaviour: Annotated[Behaviour, Without("strict", "verbose", "no_advice")],
) -> None:
    """Say why a row is filled as it is: what each predictor adds to the odds, the nearest rows, what would change it.

    Odds multiply: those of the label shares, then what each predictor adds to what those above it have said, the one
    that says most by itself first. Without a predictor means with its cell empty. Nothing else is written.

    em-impute why heights.csv --column gender --line 16
    """
    check_saved(saved, table, model)
    request = request_of(input_path(file), table, missing, model, examined=False, keeps_model=True)
    if len(request.columns) > 1:
        raise UsageError("why asks about one column at a time", "name one with --column")
    run = Run(behaviour, context.obj)
    check_outputs([request.path], [], run.log)
    source, request = read_saved(saved, table, request)
    if source is not None and not request.columns:
        if len(source[0].columns) > 1:
            raise UsageError("the model fills several columns", "name one with --column")
        request = replace(request, columns=source[0].names)
    from em_impute.report.document.asked import why_lines
    from em_impute.report.model.documents import json_of

    with run.completed(request, source, release=False) as (done, _):
        report = done.why(tuple(dict.fromkeys(asked.lines)), command_line())
    if asked.json:
        run.write(STDOUT, json_of(report))
    run.say(why_lines(report))
