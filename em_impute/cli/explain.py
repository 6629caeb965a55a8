"""`em-impute explain`: EM on the user's own file, step by step."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from em_impute.cli import options as o
from em_impute.cli.destination import are_distinct
from em_impute.cli.manners import Manners
from em_impute.cli.telling import tell_input, tell_warnings, tell_written
from em_impute.cli.values import (
    ColorName,
    CovarianceName,
    input_path,
    log_of,
    parse_components,
    parse_decimal,
    parse_labels,
    parse_unlabelled_weight,
    whole_number,
)
from em_impute.cli.work import command_line
from em_impute.errors import UsageError
from em_impute.options import Request, refuse_contradictions

if TYPE_CHECKING:
    from em_impute.pipeline.complete import Watch
    from em_impute.pipeline.explain import Explanation
    from em_impute.pipeline.explain_steps import Showing

__all__ = ["explain"]

SHOWN = "What is shown"


Column: TypeAlias = Annotated[
    list[str],
    typer.Option(
        "-c",
        "--column",
        metavar="NAME|N",
        rich_help_panel=o.INPUT,
        show_default=False,
        help="Column whose missing labels EM is to find, by name or 1-based number.",
    ),
]
Features: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "-x",
        "--feature",
        metavar="NAME|N",
        rich_help_panel=o.INPUT,
        show_default=False,
        help="Numeric predictor; repeat for several. Default: all but identifiers and constants.",
    ),
]
Components: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--components",
        metavar="N",
        rich_help_panel=o.MODEL,
        show_default=False,
        help="Gaussians a label (default 1); without known labels the number of groups.",
    ),
]
Covariance: TypeAlias = Annotated[
    CovarianceName,
    typer.Option(
        "--covariance",
        metavar="NAME",
        rich_help_panel=o.MODEL,
        show_default=False,
        help=f"What the Gaussians' shapes have in common. Default: full, nothing. One of {', '.join(CovarianceName)}.",
    ),
]
PriorStrength: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--prior-strength",
        min=0.0,
        metavar="S",
        rich_help_panel=o.MODEL,
        show_default=False,
        help="Weight of the conjugate prior. Default: 0, plain maximum likelihood, or 1 where that breaks down.",
    ),
]
Steps: TypeAlias = Annotated[
    str,
    typer.Option(
        "--steps",
        metavar="N|all",
        rich_help_panel=SHOWN,
        help="Iterations shown in full, row by row and label by label; of the others some have a line each.",
    ),
]
RowCount: TypeAlias = Annotated[
    int,
    typer.Option(
        "--rows", min=1, metavar="N", rich_help_panel=SHOWN, help="Rows to follow, from doubtful to certain ones."
    ),
]
Lines: TypeAlias = Annotated[
    list[int] | None,
    typer.Option(
        "--line",
        min=1,
        metavar="L",
        rich_help_panel=SHOWN,
        show_default=False,
        help="Follow the row on line L of the file instead; repeat for several.",
    ),
]
Json: TypeAlias = Annotated[
    bool, typer.Option("--json", rich_help_panel=o.OUTPUT, help="Write everything to standard output, as JSON.")
]
Animate: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--animate",
        metavar="PATH.gif",
        rich_help_panel=o.OUTPUT,
        show_default=False,
        help="Draw the fit moving, a frame an iteration (of more than 60 some), in one or two dimensions.",
    ),
]
Frames: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--frames",
        metavar="DIR",
        rich_help_panel=o.OUTPUT,
        show_default=False,
        help="Write the frames as em-000.png, em-001.png, …, the start first.",
    ),
]


def explain(  # one parameter an option
    context: typer.Context,
    columns: Column,
    file: o.File = None,
    features: Features = None,
    delimiter: o.Delimiter = None,
    *,
    weights: o.Weights = None,
    no_headers: o.NoHeaders = False,
    encoding: o.Encoding = None,
    decimal: o.Decimal = ".",
    skip_lines: o.SkipLines = 0,
    null_values: o.NullValues = None,
    keep_values: o.KeepValues = None,
    steps: Steps = "3",
    rows: RowCount = 5,
    lines: Lines = None,
    labels: o.LabelNames = None,
    order_by: o.OrderBy = None,
    components: Components = None,
    covariance: Covariance = CovarianceName.auto,
    unlabelled_weight: o.UnlabelledWeight = "auto",
    prior_strength: PriorStrength = None,
    max_iter: o.MaxIter = 5000,
    tolerance: o.Tolerance = 1e-6,
    seed: o.Seed = 0,
    json: Json = False,
    animate: Animate = None,
    frames: Frames = None,
    quiet: o.Quiet = False,
    color: o.Color = ColorName.auto,
    no_progress: o.NoProgress = False,
    log_file: o.LogFile = None,  # noqa: ARG001  # opened before the other options are looked at
    debug: o.Debug = False,  # noqa: ARG001  # read at the door, before a command runs
) -> None:
    """Show EM at work on your own file: where it starts, what every E and M step finds, why it stops.

    It follows plain EM for one mixture (full covariances and maximum likelihood unless you say otherwise) over the
    numeric predictors, while `fill` stacks many. No CSV is written.

    em-impute explain heights.csv --column gender

    em-impute explain faithful.csv -c kind --labels short,long --animate em.gif
    """
    request = Request(
        path=input_path(context, file),
        columns=tuple(columns),
        features=tuple(features or ()),
        delimiter=delimiter,
        encoding=encoding,
        has_header=not no_headers,
        decimal=parse_decimal(decimal),
        skip_lines=skip_lines,
        null_values=tuple(null_values or ()),
        keep_values=tuple(keep_values or ()),
        weights=weights,
        labels=parse_labels(labels),
        order_by=order_by,
        components=parse_components(components),
        covariance=covariance.value,
        unlabelled_weight=parse_unlabelled_weight(unlabelled_weight),
        prior_strength=prior_strength,
        max_iter=max_iter,
        tolerance=tolerance,
        seed=seed,
    )
    refuse_contradictions(request)
    if len(request.columns) > 1:
        raise UsageError("explain follows one column at a time", "name one with --column")
    number = _parse_steps(steps)
    gif, folder = _picture_paths(animate, frames, request.path)
    from em_impute.pipeline.explain_steps import Showing

    showing = Showing(rows, tuple(dict.fromkeys(lines or ())), number, pictures=bool(gif or folder))
    manners = Manners(log_of(context), quiet=quiet, color=color.value, progress=not no_progress)
    manners.log.refuse([path for path in (request.path, gif, folder) if path is not None])
    _run(request, showing, gif, folder, manners, as_json=json)


def _run(
    request: Request, showing: "Showing", gif: Path | None, folder: Path | None, manners: Manners, *, as_json: bool
) -> None:
    from em_impute.pipeline.complete import open_table
    from em_impute.pipeline.explain import explain as follow
    from em_impute.report.explanation import build_explanation
    from em_impute.report.explanation_lines import explanation_lines
    from em_impute.report.fit_report import to_json
    from em_impute.report.terminal import print_lines, progress_bar
    from em_impute.table.output import write_to_stdout

    console = manners.open_console()
    with progress_bar(console, wanted=manners.progress) as watch, open_table(request, watch) as opened:
        tell_input(manners.log, opened)
        explanation = follow(opened, request, showing, watch)
        report = build_explanation(opened, explanation, request, command_line())
        drawn = _draw(explanation, gif, folder, watch) if showing.pictures else ""
        tell_warnings(manners.log, report.warnings)
    if as_json:
        write_to_stdout([to_json(report).encode()])
    tell_written(manners.log, [], [path for path in (gif, folder) if path is not None])
    if console is not None:
        print_lines(console, explanation_lines(report, console.width))
        written = [drawn] * bool(drawn) + ["standard output"] * as_json
        if written:
            print_lines(console, [("wrote", ", ".join(written))])


def _draw(explanation: "Explanation", gif: Path | None, folder: Path | None, watch: "Watch") -> str:
    """Draw the frames and write them; say what was written."""
    from em_impute.report.pictures.animation import draw_frames, frame_name, to_gif
    from em_impute.table.output import write_atomically
    from em_impute.table.text import plural, shown_path

    frames = draw_frames(explanation, lambda share: watch("drawing", share, ""))
    if folder is not None:
        _make_folder(folder)
        for number, frame in enumerate(frames):
            write_atomically(folder / frame_name(number), [frame])
    if gif is not None:
        write_atomically(gif, [to_gif(frames)])
    names = [shown_path(str(path)) for path in (gif, folder) if path is not None]
    total = explanation.n_iterations + 1
    which = "" if len(frames) == total else f" of {total:,}"
    return f"{', '.join(names)} ({plural(len(frames), 'frame')}{which})"


def _make_folder(folder: Path) -> None:
    from em_impute.errors import OutputError
    from em_impute.table.text import shown_path

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot make the folder {shown_path(str(folder))}: {error.strerror or error}"
        raise OutputError(message, "name another one with --frames") from None


def _picture_paths(animate: str | None, frames: str | None, source: Path | None) -> tuple[Path | None, Path | None]:
    """Read --animate and --frames, and refuse what cannot be drawn or written before any work is done."""
    if animate is None and frames is None:
        return None, None
    if animate is not None and Path(animate).suffix.lower() != ".gif":
        raise UsageError(f"no animation can be written to {animate!r}", "its name must end in .gif")
    if frames == "":
        raise UsageError("--frames is given an empty path", "name a folder")
    from em_impute.report.extra import refuse_without_extra
    from em_impute.report.pictures.animation import MAX_FRAMES, frame_name
    from em_impute.table.output import check_output

    refuse_without_extra("--animate" if animate is not None else "--frames")
    gif, folder = (None if path is None else Path(path) for path in (animate, frames))
    inputs = [] if source is None else [source]
    if gif is not None and folder is not None and not are_distinct([gif, folder]):
        raise UsageError("--animate and --frames have the same path", "give each its own")
    if gif is not None:
        check_output(gif, inputs, clobber=True)
    if folder is not None:
        _check_folder(folder, [frame_name(number) for number in range(MAX_FRAMES)], inputs)
    return gif, folder


def _check_folder(folder: Path, names: Iterable[str], inputs: list[Path]) -> None:
    from em_impute.errors import OutputError
    from em_impute.table.output import check_output
    from em_impute.table.text import shown_path

    if folder.exists() and not folder.is_dir():
        raise OutputError(f"cannot write frames to {shown_path(str(folder))}: it is no folder", "name another one")
    if folder.is_dir():
        for name in names:
            check_output(folder / name, inputs, clobber=True)


def _parse_steps(text: str) -> int | None:
    """Read --steps: a number from 0, or None for all."""
    if text == "all":
        return None
    number = whole_number(text)
    if number is None:
        from em_impute.table.text import shown

        raise UsageError(f"--steps takes a whole number or all, not {shown(text)}", "for example --steps 3")
    return number
