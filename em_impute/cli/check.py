"""`em-impute check`: read only."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

import typer

from em_impute.cli import options as o
from em_impute.cli.manners import Manners
from em_impute.cli.models import Models, models_of
from em_impute.cli.options import saved as m
from em_impute.cli.telling import tell_input
from em_impute.cli.values import ColorName, input_path, log_of, parse_decimal
from em_impute.errors import ExitCode, UsageError
from em_impute.options import Request, refuse_contradictions

if TYPE_CHECKING:
    from em_impute.columns.predictors import Rejected
    from em_impute.pipeline.open import Watch
    from em_impute.pipeline.types import Opened

__all__ = ["check"]

Finding: TypeAlias = tuple[str, str, bool]
"""A line to print: a name, a text, and whether it makes the answer negative."""

MAX_SHOWN = 20
"""Labels or columns named in one line; the rest are counted."""


def check(  # one parameter an option
    context: typer.Context,
    columns: m.ColumnsOrModel = None,
    file: o.File = None,
    features: o.Features = None,
    delimiter: o.Delimiter = None,
    *,
    no_headers: o.NoHeaders = False,
    encoding: o.Encoding = None,
    decimal: o.Decimal = ".",
    skip_lines: o.SkipLines = 0,
    null_values: o.NullValues = None,
    keep_values: o.KeepValues = None,
    model: m.ModelToCheck = None,
    quiet: o.Quiet = False,
    color: o.Color = ColorName.auto,
    no_progress: o.NoProgress = False,
    log_file: o.LogFile = None,  # noqa: ARG001  # opened before the other options are looked at
    debug: o.Debug = False,  # noqa: ARG001  # read at the door, before a command runs
) -> None:
    """Say what is missing, what looks like a missing mark and what would be used; write nothing.

    Ends with 0 when nothing is missing and nothing is doubtful, with 1 otherwise. With a saved model: say what of the
    file is not as the model knows it.

    em-impute check heights.csv --column gender
    """
    models = models_of(context, model, None, update=False, dry_run=True)
    if not columns and model is None:
        raise UsageError("no column is named", "name the column to complete with -c, or a saved model with --model")
    request = Request(
        path=input_path(context, file),
        columns=tuple(columns or ()),
        features=tuple(features or ()),
        delimiter=delimiter,
        encoding=encoding,
        has_header=not no_headers,
        decimal=parse_decimal(decimal),
        skip_lines=skip_lines,
        null_values=tuple(null_values or ()),
        keep_values=tuple(keep_values or ()),
    )
    refuse_contradictions(request)
    from em_impute.report.terminal import print_lines, progress_bar

    manners = Manners(log_of(context), quiet=quiet, color=color.value, progress=not no_progress)
    manners.log.refuse([*([request.path] if request.path else []), *models.files])
    console = manners.open_console()
    with progress_bar(console, wanted=manners.progress) as watch:
        look = _by_a_fit if model is None else _by_a_model
        findings = [*look(request, models, manners, watch)]
    for name, text, is_doubtful in findings:
        (manners.log.caution if is_doubtful and name != "column" else manners.log.note)(f"{name} {text}")
    if console is not None:
        print_lines(console, [(name, text) for name, text, _ in findings])
    if any(doubtful for _, _, doubtful in findings):
        raise typer.Exit(ExitCode.NEGATIVE)


def _by_a_fit(request: Request, _models: Models, manners: Manners, watch: "Watch") -> Iterator[Finding]:
    from em_impute.pipeline.complete import open_table

    with open_table(request, watch) as opened:
        tell_input(manners.log, opened)
        for column in opened.targets:
            yield from _findings(opened, column, request)


def _by_a_model(request: Request, models: Models, manners: Manners, watch: "Watch") -> Iterator[Finding]:
    """Say what is missing, and what of the table is not as a saved model knows it."""
    from em_impute.cli.work import command_line, completed
    from em_impute.report.applied_words import applied_lines
    from em_impute.report.words import known_and_missing
    from em_impute.table.text import listed

    with completed(request, models, watch) as done:
        tell_input(manners.log, done.opened)
        for report in done.reports(command_line()):
            known, tokens = sum(one["known"] for one in report.labels), report.missing["tokens"]
            yield "column", known_and_missing(report.column, known, tokens), report.missing["cells"] > 0
            yield "predictors", listed([one["name"] for one in report.features["used"]], MAX_SHOWN), False
            for name, text in applied_lines(report.applied or {}):
                yield name, text, False
            for one in report.warnings:
                if not one["code"].startswith("S"):
                    yield "warning", f"{one['code']}: {one['message']}", True


def _findings(opened: "Opened", column: int, request: Request) -> Iterator[Finding]:
    from em_impute.columns.labels import ambiguity, odd_labels, remedy, tell_apart
    from em_impute.report.words import known_and_missing
    from em_impute.table.text import listed

    table, target = opened.table, opened.names[column]
    kinds = tell_apart(table.targets[column], request)
    n_missing = sum(kinds.missing.values())
    yield "column", known_and_missing(target, sum(kinds.labels.values()), kinds.missing), n_missing > 0
    labels = [f"{text} {n:,}" for text, n in sorted(kinds.labels.items())]
    yield "labels", listed(labels, MAX_SHOWN) or "none", False
    for text, n in kinds.ambiguous.items():
        yield "doubtful", f"{ambiguity(target, text, n, list(kinds.labels))} {remedy(text)}", True
    for _code, message in odd_labels(target, sorted(kinds.labels)):
        yield "warning", message, True
    used, rejected = _predictors(
        opened, column, request, with_categories=bool(kinds.labels), settled=not kinds.ambiguous
    )
    yield "predictors", listed(used, MAX_SHOWN) or "none", n_missing > 0 and not used
    for one in rejected:
        yield "not used", f"{one.name}: {one.reason}", False


def _predictors(
    opened: "Opened", column: int, request: Request, *, with_categories: bool, settled: bool
) -> "tuple[list[str], tuple[Rejected, ...]]":
    """Name the predictors that `fill` would use; sums and copies are known only once the labels are `settled`."""
    from em_impute.columns.design import make_design
    from em_impute.columns.labels import read_labels
    from em_impute.columns.predictors import choose_predictors

    explicit = bool(request.features)
    columns, candidates = opened.columns, opened.categories
    numbers, texts, rejected = choose_predictors(
        columns, candidates, explicit=explicit, with_categories=with_categories
    )
    categories = [f"{name} (categorical, {len(one.texts)})" for name, one in texts]
    if not (settled and (numbers or texts)):
        return [name for name, _ in numbers] + categories, tuple(rejected)
    labels = read_labels(opened.names[column], opened.table.targets[column], request)
    design = make_design(labels, columns, candidates, explicit=explicit, with_categories=with_categories)
    return [feature.name for feature in design.features[: design.n_numbers]] + categories, design.rejected
