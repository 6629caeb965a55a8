"""`em-impute check`: read only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, TypeAlias

import typer

from em_impute.cli.options.behaviour import JUDGING, Behaviour
from em_impute.cli.options.groups import Without, flag, grouped, option, request_of
from em_impute.cli.options.input import File, InputOrModel, Missing
from em_impute.cli.options.output import CheckedModel
from em_impute.cli.options.parsing import command_line, input_path
from em_impute.cli.outputs import STDOUT, check_outputs
from em_impute.cli.run import Run
from em_impute.cli.saved import check_saved, read_saved
from em_impute.errors import ExitCode, spelled
from em_impute.options import Request

if TYPE_CHECKING:
    from em_impute.columns.predictors import Rejected
    from em_impute.pipeline.types import InputTable
    from em_impute.report.model.fit import FitReport
    from em_impute.saved_model.store import SavedModel

Finding: TypeAlias = tuple[str, str, bool]
"""A line to print: a name, a text, and whether it makes the answer negative."""


@dataclass(frozen=True)
class Checked:
    """What is found of a column that a fit would fill."""

    column: str
    known: int
    missing: dict[str, int]
    """cells by the mark that they hold"""
    labels: dict[str, int]
    doubts: list[str]
    """what looks like a missing mark, and what to do"""
    warnings: list[str]
    notes: list[str]
    same_label: str
    """the column of which rows with one value have one label, and what says so"""
    predictors: dict[str, str]
    """what each column holds"""
    not_used: dict[str, str]
    """why, by column"""

    @property
    def n_missing(self) -> int:
        """The cells that are missing."""
        return sum(self.missing.values())


@dataclass(frozen=True, eq=False, repr=False)
class CheckOutput:
    """Where the answer is written."""

    panel: ClassVar = "Output"

    json: bool = option("--json", "Write the answer to standard output, as JSON; with --model the report of a fill.")


MAX_SHOWN = 20
"""Labels or columns named in one line; the rest are counted."""


@grouped
def check(
    context: typer.Context,
    file: File = None,
    *,
    table: Annotated[InputOrModel, Without("by", "weights")],
    missing: Missing,
    saved: Annotated[CheckedModel, Without("save_model")],
    output: CheckOutput,
    behaviour: Annotated[Behaviour, Without(*JUDGING, "verbose", "no_advice")],
) -> None:
    """Say what is missing, what looks like a missing mark and what would be used; write nothing.

    Exits with 0 when nothing is missing and nothing is doubtful, with 1 otherwise. With a saved model: say where the
    file differs from what the model was fitted to.

    em-impute check heights.csv --column gender
    """
    check_saved(saved, table)
    request = request_of(input_path(file), table, missing)
    run = Run(behaviour, context.obj)
    check_outputs([request.path], [], run.log)
    source, request = read_saved(saved, table, request)
    if source is None:
        from em_impute.serialize.json_text import render

        no_rows, checked = _by_a_fit(request, run)
        findings = [("no rows", "; ".join(no_rows), False)] if no_rows else []
        findings += [finding for one in checked for finding in _findings_of(one)]
        document = {"schema_version": 1, "no_rows": no_rows, "columns": [*map(vars, checked)]}
        text = render(document) if output.json else ""
    else:
        from em_impute.report.model.documents import json_of

        reports = _by_a_model(request, source, run)
        findings = [finding for one in reports for finding in _findings_by_the_model(one)]
        text = json_of(*reports) if output.json else ""
    for name, said, is_doubtful in findings:
        (run.log.caution if is_doubtful and name != "column" else run.log.note)(f"{name} {said}")
    run.say((name, said) for name, said, _ in findings)
    run.warn(said for name, said, is_doubtful in findings if is_doubtful and name != "column")
    if text:
        run.write(STDOUT, text)
    if any(doubtful for _, _, doubtful in findings):
        raise typer.Exit(ExitCode.NEGATIVE)


def _by_a_fit(request: Request, run: Run) -> tuple[list[str], list[Checked]]:
    """Find the lines that are no rows, what is missing, and what a fit would use."""
    from em_impute.columns.labels import ambiguity, classify_texts, odd_labels, remedy
    from em_impute.report.build.asides import ALWAYS, BY_LOOKS, lines_told
    from em_impute.report.build.warnings import unread_cells

    found = []
    with run.opened(request) as (opened, _):
        beside = [*lines_told([("", opened.table.asides)], ALWAYS | BY_LOOKS)]
        for column in opened.targets:
            target, kinds = opened.names[column], classify_texts(opened.table.targets[column], request)
            used, rejected = _predictors(
                opened, column, request, with_categories=bool(kinds.labels), settled=not kinds.ambiguous
            )
            doubts = [
                f"{ambiguity(target, text, n, list(kinds.labels))} {spelled(remedy(text), flag)}"
                for text, n in kinds.ambiguous.items()
            ]
            odd = [*odd_labels(target, kinds.labels, request.keep_values)]
            warnings, notes = (
                [spelled(message, flag) for code, message in odd if code.startswith(kind)] for kind in ("W", "S")
            )
            warnings += [message for _, message in unread_cells([one for one in opened.readings if one.column in used])]
            key = _key(opened, column, request) if kinds.labels and not kinds.ambiguous else ""
            why, labels = {one.name: one.reason for one in rejected}, dict(sorted(kinds.labels.items()))
            known, missing = sum(labels.values()), dict(kinds.missing)
            found.append(Checked(target, known, missing, labels, doubts, warnings, notes, key, used, why))
    return beside, found


def _key(opened: "InputTable", column: int, request: Request) -> str:
    """Name the column of which rows with one value have one label, if there is one."""
    from em_impute.columns.labels import read_labels

    labels = read_labels(opened.names[column], opened.table.targets[column], request)
    same = opened.same_label(labels.label, opened.keys)
    known = "" if same is None else f"{same.n_known:,} known labels beside another, {same.n_exceptions:,} unlike these"
    return "" if same is None else f"{same.name}: rows with one value have one label ({known})"


def _findings_of(found: Checked) -> Iterator[Finding]:
    """Say it line by line."""
    from em_impute.report.format import known_and_missing
    from em_impute.table.text import listed

    yield "column", known_and_missing(found.column, found.known, found.missing), found.n_missing > 0
    yield "labels", listed([f"{text} {n:,}" for text, n in found.labels.items()], MAX_SHOWN) or "none", False
    yield from (("doubtful", doubt, True) for doubt in found.doubts)
    yield from (("warning", message, True) for message in found.warnings)
    yield from (("note", message, False) for message in found.notes)
    is_hopeless = found.n_missing > 0 and not found.predictors
    yield "predictors", listed(_with_kinds(found.predictors), MAX_SHOWN) or "none", is_hopeless
    if found.same_label:
        yield "key", found.same_label, False
    yield from (("not used", f"{name}: {reason}", False) for name, reason in found.not_used.items())


def _by_a_model(request: Request, source: "tuple[SavedModel, str]", run: Run) -> "Sequence[FitReport]":
    """Find what is missing, and what of the table is not as a saved model knows it."""
    from em_impute.api.session import completed

    with run.progress() as watch, completed(request, watch, source) as done:
        run.log.input(done.opened)
        return done.reports(command_line())


def _findings_by_the_model(report: "FitReport") -> Iterator[Finding]:
    """Say it line by line."""
    from em_impute.report.format import known_and_missing
    from em_impute.report.model.shared import is_note
    from em_impute.report.sentences import applied_lines
    from em_impute.table.text import listed

    known, tokens = sum(one.known for one in report.labels), report.missing.tokens
    yield "column", known_and_missing(report.column, known, tokens), report.missing.cells > 0
    yield "predictors", listed(_with_kinds(report.features.kinds), MAX_SHOWN), False
    if report.applied is not None:
        yield from ((name, text, False) for name, text in applied_lines(report.applied))
    yield from (("warning", f"{one.code}: {one.message}", True) for one in report.warnings if not is_note(one))


def _with_kinds(kinds: Mapping[str, str]) -> list[str]:
    """Name columns and what they hold."""
    return [f"{name}: {kind}" for name, kind in kinds.items()]


def _predictors(
    opened: "InputTable", column: int, request: Request, *, with_categories: bool, settled: bool
) -> "tuple[dict[str, str], tuple[Rejected, ...]]":
    """Say what each predictor is that `fill` would use; sums and copies are known once the labels are `settled`."""
    from em_impute.columns.design import make_design
    from em_impute.columns.labels import read_labels
    from em_impute.columns.predictors import are_identifiers, choose_predictors
    from em_impute.report.build.shared import features_of

    long = [(name, one) for name, one in opened.categories if one.long] if with_categories else []
    texts_of = [name for name, one in long if name in opened.told or not are_identifiers(name, one)]
    columns, candidates, known = opened.columns, opened.categories, opened.known._replace(in_scores=texts_of)
    explicit = bool(request.features)
    numbers, texts, rejected = choose_predictors(
        columns, candidates, explicit=explicit, with_categories=with_categories, known=known
    )
    if not (settled and (numbers or texts)):
        kinds = {name: "number" for name, _ in numbers}
        return kinds | dict.fromkeys(texts_of, "text") | {name: "category" for name, _ in texts}, tuple(rejected)
    design = make_design(
        read_labels(opened.names[column], opened.table.targets[column], request),
        columns,
        candidates,
        explicit=explicit,
        with_categories=with_categories,
        known=known,
    )
    return features_of(design, opened.readings).kinds | dict.fromkeys(texts_of, "text"), design.rejected
