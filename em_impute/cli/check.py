"""`em-impute check`: read only."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from em_impute.cli.options.behaviour import Behaviour
from em_impute.cli.options.groups import Without, flag, grouped, request_of
from em_impute.cli.options.input import File, InputOrModel, Missing
from em_impute.cli.options.output import CheckedModel
from em_impute.cli.options.parsing import command_line, input_path
from em_impute.cli.outputs import check_outputs
from em_impute.cli.run import Run
from em_impute.cli.saved import check_saved, read_saved
from em_impute.errors import ExitCode, spelled
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.columns.predictors import Rejected
    from em_impute.pipeline.types import InputTable
    from em_impute.saved_model.store import SavedModel

Finding: TypeAlias = tuple[str, str, bool]
"""A line to print: a name, a text, and whether it makes the answer negative."""

MAX_SHOWN = 20
"""Labels or columns named in one line; the rest are counted."""


@grouped
def check(
    context: typer.Context,
    file: File = None,
    *,
    table: Annotated[InputOrModel, Without("by", "weights", "all_columns")],
    missing: Missing,
    saved: Annotated[CheckedModel, Without("save_model", "update")],
    behaviour: Annotated[Behaviour, Without("strict", "verbose", "no_advice")],
) -> None:
    """Say what is missing, what looks like a missing mark and what would be used; write nothing.

    Without a column, say so of every one that has gaps: which can be filled, from what, and which not.
    Exits with 0 when nothing is missing and nothing is doubtful, with 1 otherwise. With a saved model: say where the
    file differs from what the model was fitted to.

    em-impute check heights.csv --column gender
    """
    table = replace(table, all_columns=not table.columns and saved.model is None)
    check_saved(saved, table)
    request = request_of(input_path(context, file), table, missing)
    run = Run(behaviour, context.obj)
    check_outputs([request.path], [], run.log)
    source, request = read_saved(saved, table, request)
    findings = [*(_by_a_fit(request, run) if source is None else _by_a_model(request, source, run))]
    for name, text, is_doubtful in findings:
        (run.log.caution if is_doubtful and name != "column" else run.log.note)(f"{name} {text}")
    run.say((name, text) for name, text, _ in findings)
    if any(doubtful for _, _, doubtful in findings):
        raise typer.Exit(ExitCode.NEGATIVE)


def _by_a_fit(request: Request, run: Run) -> Iterator[Finding]:
    """Say what is missing, and what a fit would use."""
    from em_impute.columns.labels import ambiguity, classify_texts, odd_labels, remedy
    from em_impute.report.format import known_and_missing
    from em_impute.table.text import listed

    with run.opened(request) as (opened, _):
        for column in opened.targets:
            target, kinds = opened.names[column], classify_texts(opened.table.targets[column], request)
            n_missing = sum(kinds.missing.values())
            yield "column", known_and_missing(target, sum(kinds.labels.values()), kinds.missing), n_missing > 0
            labels = [f"{text} {n:,}" for text, n in sorted(kinds.labels.items())]
            yield "labels", listed(labels, MAX_SHOWN) or "none", False
            for text, n in kinds.ambiguous.items():
                doubt = ambiguity(target, text, n, list(kinds.labels))
                yield "doubtful", f"{doubt} {spelled(remedy(text), flag)}", True
            for _code, message in odd_labels(target, sorted(kinds.labels)):
                yield "warning", message, True
            used, rejected = _predictors(
                opened, column, request, with_categories=bool(kinds.labels), settled=not kinds.ambiguous
            )
            yield "predictors", listed(used, MAX_SHOWN) or "none", n_missing > 0 and not used
            for one in rejected:
                yield "not used", f"{one.name}: {one.reason}", False
        for one in opened.left:
            yield "left", f"{one.name}: {one.reason}", False
        if not opened.targets:
            yield "columns", "no column of categories has gaps", False


def _by_a_model(request: Request, source: "tuple[SavedModel, str]", run: Run) -> Iterator[Finding]:
    """Say what is missing, and what of the table is not as a saved model knows it."""
    from em_impute.api.session import completed
    from em_impute.report.format import known_and_missing
    from em_impute.report.sentences import applied_lines
    from em_impute.table.text import listed

    with run.progress() as watch, completed(request, watch, source) as done:
        run.log.input(done.opened)
        for report in done.reports(command_line()):
            known, tokens = sum(one.known for one in report.labels), report.missing.tokens
            yield "column", known_and_missing(report.column, known, tokens), report.missing.cells > 0
            yield "predictors", listed([one.name for one in report.features.used], MAX_SHOWN), False
            if report.applied is not None:
                yield from ((name, text, False) for name, text in applied_lines(report.applied))
            for one in report.warnings:
                if not one.code.startswith("S"):
                    yield "warning", f"{one.code}: {one.message}", True


def _predictors(
    opened: "InputTable", column: int, request: Request, *, with_categories: bool, settled: bool
) -> "tuple[list[str], tuple[Rejected, ...]]":
    """Name the predictors that `fill` would use; sums and copies are known only once the labels are `settled`."""
    from em_impute.columns.design import make_design
    from em_impute.columns.labels import read_labels
    from em_impute.columns.predictors import are_identifiers, choose_predictors

    explicit, opened = bool(request.features), opened.apart_from(column)
    texts_of = [name for name, one in opened.categories if one.long is not None and not are_identifiers(name, one)]
    texts_of = texts_of if with_categories else []
    columns, candidates = opened.columns, opened.categories
    numbers, texts, rejected = choose_predictors(
        columns, candidates, explicit=explicit, with_categories=with_categories, in_scores=texts_of
    )
    categories = [f"{name} (text)" for name in texts_of]
    categories += [f"{name} (categorical, {len(one.texts)})" for name, one in texts]
    if not (settled and (numbers or texts)):
        return [name for name, _ in numbers] + categories, tuple(rejected)
    labels = read_labels(opened.names[column], opened.table.targets[column], request)
    design = make_design(
        labels, columns, candidates, explicit=explicit, with_categories=with_categories, in_scores=texts_of
    )
    return [feature.name for feature in design.features[: design.n_numbers]] + categories, design.rejected
