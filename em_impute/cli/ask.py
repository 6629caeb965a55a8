"""Questions about a file: what is missing, how right fills would be, how EM goes, why a row is filled so.

None of `em-impute check`, `evaluate`, `explain` and `why` writes a completed CSV.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from em_impute.cli.options.groups import (
    Group,
    Without,
    command_line,
    flag,
    grouped,
    input_path,
    option,
    read_number,
    read_pairs,
    request_of,
)
from em_impute.cli.options.panels import File, Input, InputOfColumn, Missing, Model, ModelOfEM, SavedModels
from em_impute.cli.outputs import STDOUT, check_outputs, name_of, report_paths
from em_impute.cli.plan import check_saved, read_saved
from em_impute.cli.run import JUDGING, Behaviour, Run
from em_impute.errors import ExitCode, UsageError, spelled

if TYPE_CHECKING:
    from em_impute.pipeline.explain import Explanation
    from em_impute.pipeline.open import Progress


class CheckOutput(Group, panel="Output"):
    """Where the answer is written."""

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
    from em_impute.api.check import check_table, findings
    from em_impute.report.model.documents import json_of

    with run.opened(request) as (opened, _):
        checked = check_table(opened, request, lambda text: spelled(text, flag))
    found = [*findings(checked)]
    cautions = [one for one in found if one.is_doubtful and one.name != "column"]
    for one in found:
        run.log.note(f"{one.name} {one.text}", "WARNING" if one in cautions else "INFO")
    run.say((one.name, one.text) for one in found)
    run.warn(one.text for one in cautions)
    if output.json:
        run.write(STDOUT, json_of(checked))
    if any(one.is_doubtful for one in found):
        raise typer.Exit(ExitCode.NEGATIVE)


class HiddenLabels(Group, panel="Hidden labels"):
    """Which labels are hidden, and how often."""

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


class EvaluationOutput(Group, panel="Output"):
    """Where the evaluation is written."""

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
    wanted = "LABEL=SHARE, a share from 0 to below 1"
    of_label = read_pairs(hidden.hide_label or [], "--hide-label", wanted, lambda share: 0.0 <= share < 1.0)
    paths = [*report_paths(output.reports or [], (".json",)), *([STDOUT] if output.json else [])]
    from em_impute.pipeline.evaluate import evaluate_all, hiding_of
    from em_impute.report.build.asked import build_evaluation
    from em_impute.report.document.asked import evaluation
    from em_impute.report.model.documents import json_of

    hiding = hiding_of(hidden.hide, hidden.how, of_label, hidden.repeats)
    run = Run(behaviour, context.obj)
    with run.opened(request, paths) as (opened, watch):
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


class Shown(Group, panel="What is shown"):
    """Which iterations and rows are shown."""

    steps: str = option(
        "--steps N|all",
        "Iterations shown in full, row by row and label by label; some of the others get a line each.",
        default="3",
    )
    rows: int = option("--rows N", "Rows to follow, from doubtful to certain ones.", default=5, min=1)
    lines: list[int] | None = option(
        "--line L", "Follow the row on line L of the file instead; repeat for several.", min=1
    )


class ExplanationOutput(Group, panel="Output"):
    """Where the explanation is written and drawn."""

    json: bool = option("--json", "Write everything to standard output, as JSON.")
    animate: str | None = option(
        "--animate PATH.gif",
        "Draw the fit moving, a frame an iteration (of more than 60 some), in one or two dimensions.",
    )


@grouped
def explain(
    context: typer.Context,
    file: File = None,
    *,
    table: Annotated[InputOfColumn, Without("all_columns", "by", "same_within")],
    missing: Missing,
    shown: Shown,
    model: Annotated[ModelOfEM, Without("single", "shares", "deltas")],
    output: ExplanationOutput,
    behaviour: Annotated[Behaviour, Without(*JUDGING, "verbose", "no_advice")],
) -> None:
    """Show EM at work on your own file: where it starts, what every E and M step finds, why it stops.

    It follows plain EM for one mixture (full covariances and maximum likelihood unless you say otherwise) over the
    numeric predictors, while `fill` combines many. No CSV is written.

    em-impute explain heights.csv --column gender

    em-impute explain faithful.csv -c kind --labels short,long --animate em.gif
    """
    request = request_of(input_path(file), table, missing, model)
    if len(request.columns) > 1:
        raise UsageError("explain follows one column at a time", "name one with --column")
    number = None if shown.steps == "all" else read_number(shown.steps)
    if not isinstance(number, int | None):
        raise UsageError(f"--steps takes a whole number or all, not {shown.steps!r}", "for example --steps 3")
    gif = None if output.animate is None else str(Path(output.animate))
    if gif is not None:
        if Path(gif).suffix.lower() != ".gif":
            raise UsageError(f"no animation can be written to {output.animate!r}", "its name must end in .gif")
        from em_impute.report.extra import ANIMATION, refuse_without

        refuse_without(ANIMATION, "--animate")
    from em_impute.pipeline.explain import Showing
    from em_impute.pipeline.explain import explain as follow
    from em_impute.report.build.asked import build_explanation
    from em_impute.report.document.asked import explanation
    from em_impute.report.model.documents import json_of

    run, written = Run(behaviour, context.obj), []
    showing = Showing(shown.rows, tuple(dict.fromkeys(shown.lines or ())), number, pictures=gif is not None)
    with run.opened(request, [gif] if gif else []) as (opened, watch):
        followed = follow(opened, request, showing, watch)
        report = build_explanation(opened, followed, request, command_line())
        run.log.warnings(report.warnings)
        if gif is not None:
            written.append(_animate(followed, gif, run, watch))
    if output.json:
        run.write(STDOUT, json_of(report))
        written.append("standard output")
    run.show(explanation(report), report.warnings)
    run.say_written(written)


def _animate(explanation: "Explanation", gif: str, run: Run, watch: "Progress") -> str:
    """Draw the frames and write them as one animation; say what was written."""
    from em_impute.report.charts.animation import draw_frames, to_gif
    from em_impute.table.text import plural, shown_path

    frames = draw_frames(explanation, lambda share: watch("drawing", share, ""))
    run.write(gif, to_gif(frames))
    total = explanation.n_iterations + 1
    which = "" if len(frames) == total else f" of {total:,}"
    return f"{shown_path(gif)} ({plural(len(frames), 'frame')}{which})"


class AskedRows(Group, panel="What is shown"):
    """Which rows are asked about."""

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
