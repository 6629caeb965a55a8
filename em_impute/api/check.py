"""What is missing of a table, and what a fit would use."""

from collections.abc import Iterator
from typing import NamedTuple

from em_impute.columns.design import make_design
from em_impute.columns.labels import ambiguity, classify_texts, odd_labels, read_labels, remedy
from em_impute.columns.predictors import Rejected, are_identifiers, choose_predictors
from em_impute.options import Request
from em_impute.pipeline.types import InputTable
from em_impute.report.format import known_and_missing
from em_impute.table.text import listed

MAX_SHOWN = 20
"""Labels or columns named in one line; the rest are counted."""


class Finding(NamedTuple):
    """Something that was found."""

    name: str
    """what it is about: column, labels, doubtful, warning, predictors, not used, left"""
    text: str
    is_doubtful: bool
    """it makes the answer negative"""


def findings(opened: InputTable, request: Request) -> Iterator[Finding]:
    """Say what is missing in each column, and what a fit would use."""
    for column in opened.targets:
        target, kinds = opened.names[column], classify_texts(opened.table.targets[column], request)
        n_missing = sum(kinds.missing.values())
        yield Finding("column", known_and_missing(target, sum(kinds.labels.values()), kinds.missing), n_missing > 0)
        labels = [f"{text} {n:,}" for text, n in sorted(kinds.labels.items())]
        yield Finding("labels", listed(labels, MAX_SHOWN) or "none", False)
        for text, n in kinds.ambiguous.items():
            doubt = ambiguity(target, text, n, list(kinds.labels))
            yield Finding("doubtful", f"{doubt} {remedy(text)}", True)
        for code, message in odd_labels(target, kinds.labels, request.keep_values):
            yield Finding("note" if code.startswith("S") else "warning", message, code.startswith("W"))
        used, rejected = _predictors(
            opened, column, request, with_categories=bool(kinds.labels), settled=not kinds.ambiguous
        )
        yield Finding("predictors", listed(used, MAX_SHOWN) or "none", n_missing > 0 and not used)
        if kinds.labels and not kinds.ambiguous and (key := _key(opened, column, request)):
            yield Finding("key", key, False)
        for one in rejected:
            yield Finding("not used", f"{one.name}: {one.reason}", False)
    for one in opened.left:
        yield Finding("left", f"{one.name}: {one.reason}", False)
    if not opened.targets:
        yield Finding("columns", "no column of categories has gaps", False)


def _key(opened: InputTable, column: int, request: Request) -> str:
    """Name the column of which rows with one value have one label, if there is one."""
    labels = read_labels(opened.names[column], opened.table.targets[column], request)
    same = opened.same_label(labels.label, opened.apart_from(column).keys)
    known = "" if same is None else f"{same.n_known:,} known labels beside another, {same.n_exceptions:,} unlike these"
    return "" if same is None else f"{same.name}: rows with one value have one label ({known})"


def _predictors(
    opened: InputTable, column: int, request: Request, *, with_categories: bool, settled: bool
) -> tuple[list[str], tuple[Rejected, ...]]:
    """Name the predictors that `fill` would use; sums and copies are known only once the labels are `settled`."""
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
