"""What is missing of a table, and what a fit would use."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from em_impute.columns.labels import Labels, ambiguity, classify_texts, number_labels, odd_labels, read_labels, remedy
from em_impute.columns.predictors import choose_predictors
from em_impute.columns.same_label import SameLabel
from em_impute.errors import FitError
from em_impute.options import Request
from em_impute.pipeline.complete import make_design_of
from em_impute.pipeline.open import InputTable
from em_impute.report.build.shared import features_of
from em_impute.report.build.warnings import ALWAYS, BY_LOOKS, lines_told, told_from_reading, unread_cells
from em_impute.report.format import known_and_missing
from em_impute.report.model.asked import CheckedColumn, CheckReport
from em_impute.table.text import listed

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
    target, cells = opened.names[column], opened.table.targets[column]
    kinds = classify_texts(cells, request)
    if kinds.ambiguous:
        unlabelled = replace(kinds, missing={**kinds.missing, **kinds.ambiguous})
        labels = number_labels(target, cells, unlabelled, tuple(sorted(kinds.labels)), request.keep_values)
    else:
        labels = read_labels(target, cells, request)
    used, not_used, same = _predictors(opened, labels, request)
    doubts = [f"{ambiguity(target, text, n, labels.labels)} {remedy(text)}" for text, n in kinds.ambiguous.items()]
    odd = [*odd_labels(target, kinds.labels, request.keep_values)]
    warnings = [message for code, message in odd if code.startswith("W")]
    notes = [message for code, message in (*odd, *told_from_reading(opened)) if not code.startswith("W")]
    warnings += [message for _, message in unread_cells([one for one in opened.readings if one.column in used])]
    return CheckedColumn(
        target,
        sum(kinds.labels.values()),
        dict(kinds.missing),
        dict(sorted(kinds.labels.items())),
        [*map(spelled, doubts)],
        [*map(spelled, warnings)],
        [spelled(message) for message in notes],
        "" if same is None else _key(same),
        used,
        not_used,
    )


def _key(same: SameLabel) -> str:
    known = f"of {same.n_known:,} known labels beside another, {same.n_exceptions:,} differ"
    return f"{same.name}: rows with one value have one label ({known})"


def _predictors(
    opened: InputTable, labels: Labels, request: Request
) -> tuple[dict[str, str], dict[str, str], SameLabel | None]:
    """Say what each predictor of a fit is, why others are none, and whether rows with one value have one label."""
    named = request.names_one_mixture or not any(labels.known)
    try:
        _, design, texts = make_design_of(opened, labels, request, named=named)
    except FitError:  # no column is left, perhaps
        explicit, known = bool(request.features), opened.known
        columns = opened.columns, opened.categories
        *used, rejected = choose_predictors(*columns, explicit=explicit, with_categories=not named, known=known)
        if any(used):
            raise
        return {}, {one.name: one.reason for one in rejected}, None
    features = features_of(design, opened.readings, texts)
    return features.kinds, {one.name: one.reason for one in features.rejected}, design.same


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
