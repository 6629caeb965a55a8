"""`em-impute explain`: EM on the user's own file, step by step."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from em_impute.cli.options.behaviour import JUDGING, Behaviour
from em_impute.cli.options.groups import Without, command_line, grouped, input_path, option, read_number, request_of
from em_impute.cli.options.input import File, InputOfColumn, Missing
from em_impute.cli.options.model import ModelOfEM
from em_impute.cli.outputs import STDOUT, check_outputs
from em_impute.cli.run import Run
from em_impute.errors import UsageError

if TYPE_CHECKING:
    from em_impute.pipeline.explain import Explanation
    from em_impute.pipeline.open import Progress


@dataclass(frozen=True, eq=False, repr=False)
class Shown:
    """Which iterations and rows are shown."""

    panel: ClassVar = "What is shown"

    steps: str = option(
        "--steps N|all",
        "Iterations shown in full, row by row and label by label; some of the others get a line each.",
        default="3",
    )
    rows: int = option("--rows N", "Rows to follow, from doubtful to certain ones.", default=5, min=1)
    lines: list[int] | None = option(
        "--line L", "Follow the row on line L of the file instead; repeat for several.", min=1
    )


@dataclass(frozen=True, eq=False, repr=False)
class ExplanationOutput:
    """Where the explanation is written and drawn."""

    panel: ClassVar = "Output"

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
    from em_impute.pipeline.explain import explain as follow
    from em_impute.pipeline.explain_steps import Showing
    from em_impute.report.build.asked import build_explanation
    from em_impute.report.document.asked import explanation
    from em_impute.report.model.documents import json_of

    run, written = Run(behaviour, context.obj), []
    check_outputs([request.path], [gif] if gif else [], run.log)
    showing = Showing(shown.rows, tuple(dict.fromkeys(shown.lines or ())), number, pictures=gif is not None)
    with run.opened(request) as (opened, watch):
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
