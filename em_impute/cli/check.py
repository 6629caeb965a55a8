"""`em-impute check`: read only."""

from dataclasses import asdict, dataclass, replace
from typing import Annotated, ClassVar

import typer

from em_impute.cli.options.behaviour import JUDGING, Behaviour
from em_impute.cli.options.groups import Without, flag, grouped, input_path, option, request_of
from em_impute.cli.options.panels import File, Input, Missing
from em_impute.cli.outputs import STDOUT, check_outputs
from em_impute.cli.run import Run
from em_impute.errors import ExitCode, spelled


@dataclass(frozen=True, eq=False, repr=False)
class CheckOutput:
    """Where the answer is written."""

    panel: ClassVar = "Output"

    json: bool = option("--json", "Write the answer to standard output, as JSON.")


@grouped
def check(
    context: typer.Context,
    file: File = None,
    *,
    table: Annotated[Input, Without("by", "weights", "all_columns")],
    missing: Missing,
    output: CheckOutput,
    behaviour: Annotated[Behaviour, Without(*JUDGING, "verbose", "no_advice")],
) -> None:
    """Say what is missing, what looks like a missing mark and what would be used; write nothing.

    Without a column, say so of every one that has gaps: which can be filled, from what, and which not.
    Exits with 0 when nothing is missing and nothing is doubtful, with 1 otherwise.

    em-impute check heights.csv --column gender
    """
    request = request_of(input_path(file), replace(table, all_columns=not table.columns), missing)
    run = Run(behaviour, context.obj)
    check_outputs([request.path], [], run.log)
    from em_impute.api.check import check_table, findings
    from em_impute.serialize.json_text import render

    with run.opened(request) as (opened, _):
        checked = check_table(opened, request, lambda text: spelled(text, flag))
    found = [*findings(checked)]
    cautions = [one for one in found if one.is_doubtful and one.name != "column"]
    for one in found:
        run.log.note(f"{one.name} {one.text}", "WARNING" if one in cautions else "INFO")
    run.say((one.name, one.text) for one in found)
    run.warn(one.text for one in cautions)
    if output.json:
        run.write(STDOUT, render({"schema_version": 1, **asdict(checked)}))
    if any(one.is_doubtful for one in found):
        raise typer.Exit(ExitCode.NEGATIVE)
