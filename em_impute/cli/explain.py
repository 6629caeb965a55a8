"""`em-impute explain`: EM on the user's own file, step by step."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from em_impute.cli.options.behaviour import Behaviour, log_of
from em_impute.cli.options.groups import Without, grouped, option, request_of
from em_impute.cli.options.input import File, InputOfColumn, Missing
from em_impute.cli.options.model import ModelOfEM
from em_impute.cli.options.parsing import command_line, input_path, whole_number
from em_impute.cli.outputs import STDOUT, write_to
from em_impute.cli.run import RunSettings, print_written
from em_impute.errors import UsageError
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.pipeline.explain import Explanation
    from em_impute.pipeline.explain_steps import Showing
    from em_impute.pipeline.open import Progress


@dataclass(frozen=True, eq=False, repr=False)
class Shown:
    """Which iterations and rows are shown."""

    panel: ClassVar = "What is shown"

    steps: str = option(
        "--steps N|all",
        "Iterations shown in full, row by row and label by label; of the others some have a line each.",
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

    json: bool = option("--json", "Write everything to standard output, as JSON.", default=False)
    animate: str | None = option(
        "--animate PATH.gif",
        "Draw the fit moving, a frame an iteration (of more than 60 some), in one or two dimensions.",
    )


@grouped
def explain(
    context: typer.Context,
    file: File = None,
    *,
    table: Annotated[InputOfColumn, Without("by")],
    missing: Missing,
    shown: Shown,
    model: Annotated[ModelOfEM, Without("single", "shares", "deltas")],
    output: ExplanationOutput,
    behaviour: Annotated[Behaviour, Without("strict", "verbose", "no_advice")],
) -> None:
    """Show EM at work on your own file: where it starts, what every E and M step finds, why it stops.

    It follows plain EM for one mixture (full covariances and maximum likelihood unless you say otherwise) over the
    numeric predictors, while `fill` stacks many. No CSV is written.

    em-impute explain heights.csv --column gender

    em-impute explain faithful.csv -c kind --labels short,long --animate em.gif
    """
    request = request_of(input_path(context, file), table, missing, model)
    if len(request.columns) > 1:
        raise UsageError("explain follows one column at a time", "name one with --column")
    number = _parse_steps(shown.steps)
    gif = _animation_path(output.animate, request.path)
    from em_impute.pipeline.explain_steps import Showing

    showing = Showing(shown.rows, tuple(dict.fromkeys(shown.lines or ())), number, pictures=gif is not None)
    run = RunSettings(behaviour, log_of(context))
    run.log.refuse([path for path in (request.path, gif) if path is not None])
    _run(request, showing, gif, run, as_json=output.json)


def _run(request: Request, showing: "Showing", gif: Path | None, run: RunSettings, *, as_json: bool) -> None:
    from em_impute.pipeline.explain import explain as follow
    from em_impute.pipeline.open import open_table
    from em_impute.report.build.explanation import build_explanation
    from em_impute.report.model.documents import json_of
    from em_impute.report.text.explanation import explanation_lines
    from em_impute.report.text.summary import print_lines

    console = run.open_console()
    with run.progress(console) as watch, open_table(request, watch) as opened:
        run.log.input(opened)
        explanation = follow(opened, request, showing, watch)
        report = build_explanation(opened, explanation, request, command_line())
        drawn = _animate(explanation, gif, watch) if gif is not None else ""
        run.log.warnings(report.warnings)
    if as_json:
        write_to(STDOUT, json_of(report))
    run.log.written(*[str(gif)] if gif is not None else [])
    if console is not None:
        print_lines(console, explanation_lines(report, console.width))
    print_written(console, [drawn] * bool(drawn) + ["standard output"] * as_json)


def _animate(explanation: "Explanation", gif: Path, watch: "Progress") -> str:
    """Draw the frames and write them as one animation; say what was written."""
    from em_impute.report.charts.animation import draw_frames, to_gif
    from em_impute.table.output import write_atomically
    from em_impute.table.text import plural, shown_path

    frames = draw_frames(explanation, lambda share: watch("drawing", share, ""))
    write_atomically(gif, [to_gif(frames)])
    total = explanation.n_iterations + 1
    which = "" if len(frames) == total else f" of {total:,}"
    return f"{shown_path(str(gif))} ({plural(len(frames), 'frame')}{which})"


def _animation_path(animate: str | None, source: Path | None) -> Path | None:
    """Read --animate, and refuse what cannot be drawn or written before any work is done."""
    if animate is None:
        return None
    if Path(animate).suffix.lower() != ".gif":
        raise UsageError(f"no animation can be written to {animate!r}", "its name must end in .gif")
    from em_impute.report.extra import refuse_without_extra
    from em_impute.table.output import check_output

    refuse_without_extra("--animate")
    check_output(Path(animate), [] if source is None else [source], clobber=True)
    return Path(animate)


def _parse_steps(text: str) -> int | None:
    """Read --steps: a number from 0, or None for all."""
    if text == "all":
        return None
    number = whole_number(text)
    if number is None:
        from em_impute.table.text import shown

        raise UsageError(f"--steps takes a whole number or all, not {shown(text)}", "for example --steps 3")
    return number
