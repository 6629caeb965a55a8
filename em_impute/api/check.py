"""What is missing of a table, and what a fit would use."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from em_impute.columns.design import make_design
from em_impute.columns.labels import ambiguity, classify_texts, odd_labels, read_labels, remedy
from em_impute.columns.predictors import Rejected, are_identifiers, choose_predictors
from em_impute.options import Request
from em_impute.pipeline.open import InputTable
from em_impute.report.build.shared import features_of
from em_impute.report.build.warnings import ALWAYS, BY_LOOKS, lines_told, told_from_reading, unread_cells
from em_impute.report.format import known_and_missing
from em_impute.report.model.asked import CheckedColumn, CheckReport
from em_impute.table.text import listed

UNLESS = {what: f", unless its {what} turn out to tell the labels" for what in ("values", "gaps")}
"""Which of them do is found by a fit."""

MAX_SHOWN = 20
"""Labels or columns named in one line; the rest are counted."""


class Finding(NamedTuple):
    """Something that was found."""

    name: str
    """what it is about: no rows, column, labels, doubtful, warning, note, predictors, key, not used, left"""
    text: str
    is_doubtful: bool
    """it makes the answer negative"""


def check_table(opened: InputTable, request: Request, spelled: Callable[[str], str]) -> CheckReport:
    """Find what is missing in each column to fill, and what a fit would use; options are `spelled` as users do."""
    no_rows = [*lines_told([("", opened.table.asides)], ALWAYS | BY_LOOKS)]
    columns = [_check_column(opened.apart_from(column), column, request, spelled) for column in opened.targets]
    return CheckReport(no_rows=no_rows, columns=columns, left={one.name: one.reason for one in opened.left})


def _check_column(opened: InputTable, column: int, request: Request, spelled: Callable[[str], str]) -> CheckedColumn:
    target, kinds = opened.names[column], classify_texts(opened.table.targets[column], request)
    settled, labels = not kinds.ambiguous, dict(sorted(kinds.labels.items()))
    used, rejected = _predictors(opened, column, request, with_categories=bool(labels), settled=settled)
    doubts = [f"{ambiguity(target, text, n, list(labels))} {remedy(text)}" for text, n in kinds.ambiguous.items()]
    odd = [*odd_labels(target, kinds.labels, request.keep_values)]
    warnings = [message for code, message in odd if code.startswith("W")]
    notes = [message for code, message in (*odd, *told_from_reading(opened)) if not code.startswith("W")]
    warnings += [message for _, message in unread_cells([one for one in opened.readings if one.column in used])]
    return CheckedColumn(
        target,
        sum(labels.values()),
        dict(kinds.missing),
        labels,
        [*map(spelled, doubts)],
        [*map(spelled, warnings)],
        [spelled(message) for message in notes],
        _key(opened, column, request) if labels and settled else "",
        used,
        {one.name: _in_full(one, opened) if labels else one.reason for one in rejected},
    )


def _in_full(one: Rejected, opened: InputTable) -> str:
    """Say why a column does not serve, or that only a fit shows whether it does."""
    category, numbers = dict(opened.categories).get(one.name), dict(opened.columns).get(one.name)
    if one.reason == "constant" and (held := category or numbers) and held.n_missing:
        return one.reason + UNLESS["gaps"]
    may_tell = (category and category.code is not None) or (numbers and numbers.key_code is not None)
    return one.reason + UNLESS["values"] if one.reason == "identifier" and may_tell else one.reason


def findings(checked: CheckReport) -> Iterator[Finding]:
    """Say it line by line."""
    if checked.no_rows:
        yield Finding("no rows", "; ".join(checked.no_rows), False)
    for one in checked.columns:
        n_missing = sum(one.missing.values())
        yield Finding("column", known_and_missing(one.column, one.known, one.missing), n_missing > 0)
        has_commas = any("," in text for text in one.labels)
        labels = [f"{repr(text) if has_commas else text} {n:,}" for text, n in one.labels.items()]
        yield Finding("labels", listed(labels, MAX_SHOWN) or "none", False)
        yield from (Finding("doubtful", doubt, True) for doubt in one.doubts)
        yield from (Finding("warning", message, True) for message in one.warnings)
        yield from (Finding("note", message, False) for message in one.notes)
        is_hopeless = n_missing > 0 and not one.predictors
        used = listed([f"{name}: {kind}" for name, kind in one.predictors.items()], MAX_SHOWN)
        yield Finding("predictors", used or "none", is_hopeless)
        if one.same_label:
            yield Finding("key", one.same_label, False)
        yield from (Finding("not used", f"{name}: {reason}", False) for name, reason in one.not_used.items())
    yield from (Finding("left", f"{name}: {reason}", False) for name, reason in checked.left.items())
    if not checked.columns:
        yield Finding("columns", "no column of categories has gaps", False)


def _key(opened: InputTable, column: int, request: Request) -> str:
    """Name the column of which rows with one value have one label, if there is one."""
    labels = read_labels(opened.names[column], opened.table.targets[column], request)
    same = opened.same_label(labels.label, opened.keys)
    known = "" if same is None else f"of {same.n_known:,} known labels beside another, {same.n_exceptions:,} differ"
    return "" if same is None else f"{same.name}: rows with one value have one label ({known})"


def _predictors(
    opened: InputTable, column: int, request: Request, *, with_categories: bool, settled: bool
) -> tuple[dict[str, str], tuple[Rejected, ...]]:
    """Say what each predictor is that `fill` would use; sums and copies are known once the labels are `settled`."""
    long = (
        [(name, one) for name, one in opened.categories if one.too_many and one.code is not None]
        if with_categories
        else []
    )
    texts_of = [name for name, one in long if name in opened.told or not are_identifiers(name, one)]
    columns, candidates, explicit = opened.columns, opened.categories, bool(request.features)
    if with_categories and not explicit:
        texts_of += [name for name, one in columns if one.is_code and name not in opened.told]
    known = opened.known._replace(in_scores=texts_of)
    numbers, texts, rejected = choose_predictors(
        columns, candidates, explicit=explicit, with_categories=with_categories, known=known
    )
    if not (settled and (numbers or texts)):
        made = {name: (one.column, one.notation.kind) for one in opened.readings for name in one.names}
        kinds = dict(made.get(name, (name, "number")) for name, _ in numbers)
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
