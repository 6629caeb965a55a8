"""The decisions that were taken for the user, in words."""

from collections.abc import Iterator

import numpy as np

from em_impute.ensemble.fit import EnsembleFit
from em_impute.options import Request
from em_impute.pipeline.types import ColumnResult, InputTable
from em_impute.report.build.asides import ALWAYS, BY_LOOKS, lines_told
from em_impute.report.build.counted import Counted
from em_impute.report.format import delimiter_name, percent
from em_impute.report.model.fit import Decision
from em_impute.report.sentences import criterion_name
from em_impute.table.text import plural, shown


def decisions(opened: InputTable, completion: ColumnResult, request: Request, counted: Counted) -> list[Decision]:
    """List every decision that was taken for the user."""
    found = [*_of_the_file(opened, request), *_of_the_column(opened, completion)]
    found += [Decision("read", "no rows", told) for told in lines_told(counted.asides, ALWAYS | BY_LOOKS)]
    if completion.fitted is None:
        return found
    design, choice = completion.fitted.design, completion.fitted.choice
    found += [
        Decision("design", "read as numbers", f"{one.column!r}: {one.kind}") for one in completion.fitted.readings
    ]
    found += [Decision("design", "column not used", f"{one.name!r}: {one.reason}") for one in design.rejected]
    if design.index is not None:
        merged = f"{design.label.size:,} rows into {design.distinct.label.size:,}"
        found.append(Decision("design", "equal rows merged", merged))
    if choice.ensemble is None:
        found.append(Decision("choose", "covariance", f"{choice.recipe.family}, by {criterion_name(choice.criterion)}"))
    else:
        found.append(Decision("choose", f"weighted by {criterion_name(choice.criterion)}", _stacked(choice.ensemble)))
    if len({one.components for one in choice.candidates}) > 1:
        found.append(Decision("choose", "groups", f"{choice.n_groups}, by {criterion_name(choice.criterion)}"))
    if not any(completion.labels.known):
        by = request.order_by or design.features[0].name
        found.append(Decision("fit", "labels named", f"{', '.join(design.labels)} by ascending mean of {by!r}"))
    return found


def _of_the_file(opened: InputTable, request: Request) -> Iterator[Decision]:
    dialect = opened.table.dialect
    how = "detected" if dialect.detected else "as asked"
    yield Decision("read", "delimiter", f"{delimiter_name(dialect.delimiter)}, {how}")
    if dialect.separator_line:
        yield Decision("read", "separator line", "a first line sep= was obeyed and kept")
    if opened.table.mixes_line_ends:
        yield Decision("read", "line ends", "some are LF and some CRLF; each record keeps its own")
    if request.weights is not None:
        counts = "says how much each row counts" if opened.weight is not None else "counts all rows alike"
        yield Decision("read", "rows weighted", f"column {request.weights!r} {counts}")


def _of_the_column(opened: InputTable, completion: ColumnResult) -> Iterator[Decision]:
    for token, count in completion.labels.tokens.items():
        yield Decision("labels", "counted as missing", f"{shown(token)} in {plural(count, 'cell')}")
    target = opened.table.targets[completion.column]
    if target.mixes_empty:
        yield Decision("labels", "counted as missing", 'both empty cells and quoted ones ("")')


def _stacked(stack: EnsembleFit) -> str:
    weight = stack.weight.sum(axis=1)
    heaviest = stack.comparison.members[int(weight.argmax())]
    how = f"{heaviest.steps} steps of EM" if heaviest.steps else "labelled rows only"
    return (
        f"{plural(weight.size, 'mixture')} compared, {np.count_nonzero(weight):,} with weight; the heaviest "
        f"({heaviest.shrinkage.family}, {how}) has {percent(weight.max())}"
    )
