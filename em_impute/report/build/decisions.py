"""The decisions that were taken for the user, in words."""

from collections.abc import Iterable, Iterator

import numpy as np

from em_impute.ensemble.fit import EnsembleFit
from em_impute.options import Request
from em_impute.pipeline.types import ColumnResult, InputTable
from em_impute.report.format import delimiter_name, percent
from em_impute.report.model.fit import Decision
from em_impute.table.text import plural, shown


def decisions(opened: InputTable, completion: ColumnResult, request: Request) -> tuple[Decision, ...]:
    """List every decision that was taken for the user."""
    entries = list(_of_the_file(opened))
    if request.weights is not None:
        how = "says how much each row counts" if opened.weight is not None else "counts all rows alike"
        entries.append(("read", "rows weighed", f"column {request.weights!r} {how}"))
    for token, count in completion.labels.tokens.items():
        entries.append(("labels", "counted as missing", f"{shown(token)} in {plural(count, 'cell')}"))
    target = opened.table.targets[completion.column]
    if target.quoted_empty and target.bare_empty:
        entries.append(("labels", "counted as missing", 'both empty cells and quoted ones ("")'))
    design, choice = completion.design, completion.choice
    if design is None or choice is None:
        return decisions_of(entries)
    entries += [("design", "column not used", f"{one.name!r}: {one.reason}") for one in design.rejected]
    if design.index is not None:
        entries.append(
            ("design", "equal rows merged", f"{design.label.size:,} rows into {design.distinct.label.size:,}")
        )
    if choice.ensemble is None:
        entries.append(("choose", "covariance", f"{choice.recipe.family}, by {choice.criterion}"))
    else:
        entries.append(("choose", choice.criterion, _stacked(choice.ensemble)))
    if len({one.components for one in choice.candidates}) > 1:
        entries.append(("choose", "groups", f"{choice.n_groups}, by {choice.criterion}"))
    if not any(completion.labels.known):
        by = request.order_by or design.features[0].name
        entries.append(("fit", "labels named", f"{', '.join(design.labels)} by ascending mean of {by!r}"))
    return decisions_of(entries)


def _of_the_file(opened: InputTable) -> Iterator[tuple[str, str, str]]:
    dialect = opened.table.dialect
    yield "read", "delimiter", f"{delimiter_name(dialect.delimiter)}, {'detected' if dialect.detected else 'as asked'}"
    if dialect.separator_line:
        yield "read", "separator line", "a first line sep= was obeyed and kept"
    if opened.table.mixes_line_ends:
        yield "read", "line ends", "some are LF and some CRLF; each record keeps its own"


def _stacked(stack: EnsembleFit) -> str:
    weight = stack.weight.sum(axis=1)
    leader = stack.leader
    how = f"{leader.steps} steps of EM" if leader.steps else "labelled rows only"
    return (
        f"{plural(weight.size, 'mixture')} compared, {np.count_nonzero(weight):,} have weight; the leading one "
        f"({leader.shrinkage.family}, {how}) has {percent(weight[stack.leading])}"
    )


def decisions_of(entries: Iterable[tuple[str, str, str]]) -> tuple[Decision, ...]:
    """Make decisions of steps, actions and details."""
    return tuple(Decision(step=step, action=action, detail=detail) for step, action, detail in entries)
