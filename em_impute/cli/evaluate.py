"""`em-impute evaluate`: how right the fills would be."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from em_impute.cli import options as o
from em_impute.cli.destination import STDOUT, are_distinct, report_paths
from em_impute.cli.manners import Manners, refuse_warnings
from em_impute.cli.telling import tell_input, tell_warnings, tell_written
from em_impute.cli.values import (
    ColorName,
    CovarianceName,
    SharesName,
    input_path,
    log_of,
    parse_components,
    parse_decimal,
    parse_unlabelled_weight,
)
from em_impute.cli.work import command_line
from em_impute.errors import UsageError
from em_impute.options import Request, refuse_contradictions

if TYPE_CHECKING:
    from em_impute.missingness.hiding import Hiding
    from em_impute.report.evaluation import EvaluationReport

__all__ = ["HowName", "evaluate"]

HIDING = "Hidden labels"


FORMS = (".json", ".md")
"""Suffixes of the files that an evaluation is written to."""


class HowName(StrEnum):
    """Values of --how."""

    random = "random"
    stratified = "stratified"
    by_class = "by-class"


Hide: TypeAlias = Annotated[
    str,
    typer.Option(
        "--hide",
        metavar="SHARE",
        rich_help_panel=HIDING,
        help="Part of the known labels to hide each time, between 0 and 1; two rows of each label stay known.",
    ),
]
How: TypeAlias = Annotated[
    HowName | None,
    typer.Option(
        "--how",
        metavar="NAME",
        rich_help_panel=HIDING,
        show_default=False,
        help="random: any; stratified (default): as large a share of each label; by-class: a share that differs from "
        "label to label, by default so that the odds of being hidden grow fourfold from the first to the last.",
    ),
]
HideLabel: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--hide-label",
        metavar="LABEL=SHARE",
        rich_help_panel=HIDING,
        show_default=False,
        help="Hide this share of LABEL (0 hides none) and that of --hide of labels not named; repeat for several.",
    ),
]
Repeats: TypeAlias = Annotated[
    int,
    typer.Option("--repeats", min=1, metavar="N", rich_help_panel=HIDING, help="How often to hide, fill and compare."),
]
Reports: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "-r",
        "--report",
        metavar="PATH",
        rich_help_panel=o.OUTPUT,
        show_default=False,
        help="Write the evaluation, .json or .md; repeat for both. - is standard output, as JSON.",
    ),
]
Json: TypeAlias = Annotated[
    bool, typer.Option("--json", rich_help_panel=o.OUTPUT, help="Write the evaluation to standard output, as JSON.")
]


def evaluate(  # one parameter an option
    context: typer.Context,
    columns: o.Columns,
    file: o.File = None,
    features: o.Features = None,
    delimiter: o.Delimiter = None,
    *,
    by: o.By = None,
    weights: o.Weights = None,
    no_headers: o.NoHeaders = False,
    encoding: o.Encoding = None,
    decimal: o.Decimal = ".",
    skip_lines: o.SkipLines = 0,
    null_values: o.NullValues = None,
    keep_values: o.KeepValues = None,
    hide: Hide = "0.2",
    how: How = None,
    hide_label: HideLabel = None,
    repeats: Repeats = 5,
    components: o.Components = None,
    covariance: o.Covariance = CovarianceName.auto,
    single: o.Single = False,
    unlabelled_weight: o.UnlabelledWeight = "auto",
    shares: o.Shares = SharesName.auto,
    prior_strength: o.PriorStrength = None,
    max_iter: o.MaxIter = 5000,
    tolerance: o.Tolerance = 1e-6,
    seed: o.Seed = 0,
    reports: Reports = None,
    json: Json = False,
    strict: o.Strict = False,
    quiet: o.Quiet = False,
    color: o.Color = ColorName.auto,
    no_progress: o.NoProgress = False,
    log_file: o.LogFile = None,  # noqa: ARG001  # opened before the other options are looked at
    debug: o.Debug = False,  # noqa: ARG001  # read at the door, before a command runs
) -> None:
    """Say how right fills would be: hide known labels, fill them as `fill` would, compare, and repeat.

    Beside it stand the same model where rows without a label teach nothing, and the majority. No CSV is written.

    em-impute evaluate heights.csv --column gender

    em-impute evaluate heights.csv -c gender --hide-label female=0.5 --json
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
        by=by,
        weights=weights,
        components=parse_components(components),
        covariance=covariance.value,
        single=single,
        unlabelled_weight=parse_unlabelled_weight(unlabelled_weight),
        shares=shares.value,
        prior_strength=prior_strength,
        max_iter=max_iter,
        tolerance=tolerance,
        seed=seed,
    )
    refuse_contradictions(request)
    share, of_label = _parse_share(hide), _parse_labels(hide_label or [])
    if of_label and how not in {None, HowName.by_class}:
        raise UsageError(f"--hide-label contradicts --how {how}", "leave one of them out")
    paths = _outputs(reports or [], as_json=json)
    from em_impute.missingness.hiding import Hiding

    chosen = how or (HowName.by_class if of_label else HowName.stratified)
    manners = Manners(log_of(context), quiet=quiet, color=color.value, progress=not no_progress, strict=strict)
    _run(request, Hiding(chosen.value, share, of_label, repeats), paths, manners)


def _run(request: Request, hiding: "Hiding", paths: Sequence[Path], manners: Manners) -> None:
    from em_impute.pipeline.complete import open_table
    from em_impute.pipeline.evaluate import evaluate_all
    from em_impute.report.evaluation import build_evaluation, evaluation_lines
    from em_impute.report.terminal import print_lines, progress_bar
    from em_impute.table.output import check_output

    inputs = [request.path] if request.path else []
    manners.log.refuse([*inputs, *paths])
    for path in paths:
        if path != STDOUT:
            check_output(path, inputs, clobber=True)
    console = manners.open_console()
    with progress_bar(console, wanted=manners.progress) as watch, open_table(request, watch) as opened:
        tell_input(manners.log, opened)
        evaluations = evaluate_all(opened, request, hiding, watch)
        command = command_line()
        made = [build_evaluation(opened, one, request, command) for one in evaluations]
    if not manners.strict:
        _write(made, paths)
    for report in made:
        tell_warnings(manners.log, report.warnings)
        if console is not None:
            print_lines(console, evaluation_lines(report))
    if manners.strict:
        refuse_warnings(made)
        _write(made, paths)
    tell_written(manners.log, [], paths)
    if console is not None and paths:
        names = ["standard output" if path == STDOUT else str(path) for path in paths]
        print_lines(console, [("wrote", ", ".join(names))])


def _write(made: "Sequence[EvaluationReport]", paths: Sequence[Path]) -> None:
    from em_impute.report.forms import render
    from em_impute.table.output import write_atomically, write_to_stdout

    for path in paths:
        text = render(made, path.suffix)
        if path == STDOUT:
            write_to_stdout([text.encode()])
        else:
            write_atomically(path, [text.encode()])


def _outputs(reports: Sequence[str], *, as_json: bool) -> list[Path]:
    """Say where the evaluation is written."""
    paths = [*report_paths(reports, FORMS), *([STDOUT] if as_json else [])]
    if paths.count(STDOUT) > 1:
        raise UsageError("standard output can carry one report, not two of them", "give --json or one -r -")
    if not are_distinct([path for path in paths if path != STDOUT]):
        raise UsageError("two outputs have the same path", "give each its own with -r")
    return paths


def _parse_share(text: str) -> float:
    """Read --hide: a number between 0 and 1."""
    share = _number(text)
    if share is None or not 0.0 < share < 1.0:
        raise UsageError(f"--hide takes a number between 0 and 1, not {text!r}", "for example --hide 0.2")
    return share


def _parse_labels(texts: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Read every --hide-label: a label, which may hold a =, and a number from 0 to below 1."""
    found = []
    for text in texts:
        label, sign, number = text.rpartition("=")
        share = _number(number)
        if not (sign and label) or share is None or not 0.0 <= share < 1.0:
            raise UsageError(
                f"--hide-label takes LABEL=SHARE, a share from 0 to below 1, not {text!r}",
                "for example --hide-label female=0.4",
            )
        found.append((label, share))
    if len(dict(found)) < len(found):
        raise UsageError("the same label is given to --hide-label twice", "leave one of them out")
    return tuple(found)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
