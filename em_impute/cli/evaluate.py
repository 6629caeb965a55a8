"""`em-impute evaluate`: how right the fills would be."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import typer

from em_impute.cli.options.behaviour import Behaviour
from em_impute.cli.options.groups import (
    Without,
    command_line,
    grouped,
    input_path,
    option,
    read_pairs,
    request_of,
)
from em_impute.cli.options.input import File, Input, Missing
from em_impute.cli.options.model import Model
from em_impute.cli.outputs import STDOUT, check_outputs, name_of, report_paths
from em_impute.cli.run import Run
from em_impute.errors import UsageError

FORMS = (".json",)
"""Suffixes of the files that an evaluation is written to."""


@dataclass(frozen=True, eq=False, repr=False)
class HiddenLabels:
    """Which labels are hidden, and how often."""

    panel: ClassVar = "Hidden labels"

    hide: float = option(
        "--hide SHARE",
        "Part of the known labels to hide each time, between 0 and 1; two rows of each label stay known.",
        default=0.2,
    )
    how: Literal["random", "stratified", "by-class"] | None = option(
        "--how NAME",
        "random: any; stratified (default): the same share of each label; by-class: a share that differs "
        "from label to label, by default so that the odds of being hidden grow fourfold from the first to the "
        "last.",
    )
    hide_label: list[str] | None = option(
        "--hide-label LABEL=SHARE",
        "Hide this share of LABEL (0 hides none) and that of --hide of labels not named; repeat for several.",
    )
    repeats: int = option("--repeats N", "How often to hide, fill and compare.", default=5, min=1)


@dataclass(frozen=True, eq=False, repr=False)
class EvaluationOutput:
    """Where the evaluation is written."""

    panel: ClassVar = "Output"

    reports: list[str] | None = option(
        "-r, --report PATH", "Write the evaluation to a .json file; - is standard output."
    )
    json: bool = option("--json", "Write the evaluation to standard output, as JSON.")


@grouped
def evaluate(
    context: typer.Context,
    file: File = None,
    *,
    table: Annotated[Input, Without("all_columns")],
    missing: Missing,
    hidden: HiddenLabels,
    model: Annotated[Model, Without("labels", "order_by", "deltas")],
    output: EvaluationOutput,
    behaviour: Annotated[Behaviour, Without("verbose", "no_advice")],
) -> None:
    """Say how right fills would be: hide known labels, fill them as `fill` would, compare, and repeat.

    For comparison: the same model without the unlabelled rows, and the label shares alone. No CSV is written.

    em-impute evaluate heights.csv --column gender

    em-impute evaluate heights.csv -c gender --hide-label female=0.5 --json
    """
    if not table.columns:
        raise UsageError("no column is named", "name the column whose labels are hidden with --column")
    request = request_of(input_path(file), table, missing, model)
    if not 0.0 < hidden.hide < 1.0:
        message = f"Invalid value for '--hide': it should be between 0 and 1, not {hidden.hide:g}"
        raise UsageError(message, "for example --hide 0.2")
    wanted = "LABEL=SHARE, a share from 0 to below 1"
    of_label = read_pairs(hidden.hide_label or [], "--hide-label", wanted, lambda share: 0.0 <= share < 1.0)
    if of_label and hidden.how not in {None, "by-class"}:
        raise UsageError(f"--hide-label contradicts --how {hidden.how}", "leave one of them out")
    paths = [*report_paths(output.reports or [], FORMS), *([STDOUT] if output.json else [])]
    from em_impute.missingness.hold_out import HoldOut
    from em_impute.pipeline.evaluate import evaluate_all
    from em_impute.report.build.asked import build_evaluation
    from em_impute.report.document.asked import evaluation
    from em_impute.report.model.documents import json_of

    run = Run(behaviour, context.obj)
    check_outputs([request.path], paths, run.log)
    hiding = HoldOut(hidden.how or ("by-class" if of_label else "stratified"), hidden.hide, of_label, hidden.repeats)
    with run.opened(request) as (opened, watch):
        evaluations = evaluate_all(opened, request, hiding, watch)
        made = [build_evaluation(opened, one, request, command_line()) for one in evaluations]
    run.log.warnings(notice for report in made for notice in report.warnings)
    failure = run.judged(made)
    for path in paths if failure is None else ():
        run.write(path, json_of(*made))
    for report in made:
        run.show(evaluation(report), report.warnings)
    if failure is not None:
        raise failure
    run.say_written([*map(name_of, paths)])
