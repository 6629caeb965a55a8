"""The decisions that were taken for the user, and which lines are no rows, in words."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from em_impute.columns.readings import of_unsettled
from em_impute.options import Request
from em_impute.pipeline.complete import ColumnResult
from em_impute.pipeline.open import InputTable
from em_impute.report.build.counted import Counted
from em_impute.report.format import delimiter_name, percent
from em_impute.report.model.fit import Decision
from em_impute.report.sentences import criterion_name
from em_impute.table.asides import BLANK, COMMENT, HEADER, NOTE, RULE, SUMMARY, UNITS, Asides
from em_impute.table.text import listed, plural, shown

ALWAYS = {BLANK: "blank", COMMENT: "comment"}
"""What nobody takes for rows."""

BY_LOOKS = {HEADER: "the header again", UNITS: "units", RULE: "dashes", SUMMARY: "totals or averages", NOTE: "footer"}
"""What was told from rows by its looks."""


def decisions(opened: InputTable, completion: ColumnResult, request: Request, counted: Counted) -> list[Decision]:
    """List every decision that was taken for the user."""
    found = [*_of_the_file(opened, request), *_of_the_column(opened, completion, counted)]
    found += [Decision("read", "no rows", told) for told in lines_told(counted.asides, ALWAYS | BY_LOOKS)]
    if completion.fitted is None:
        return found
    design, choice = completion.fitted.design, completion.fitted.choice
    found += [Decision("design", "column not used", f"{one.name!r}: {one.reason}") for one in design.rejected]
    if design.index is not None and not opened.is_sample:
        merged = f"{design.label.size:,} rows into {design.distinct.label.size:,}"
        found.append(Decision("design", "equal rows merged", merged))
    criterion = criterion_name(choice.criterion)
    if choice.ensemble is not None:
        weight = choice.ensemble.weight.sum(axis=1)
        n = np.count_nonzero(weight)
        told = f"{n:,} of {weight.size:,} {'has' if n == 1 else 'have'} weight, by {criterion}"
        found.append(Decision("choose", "mixtures", told))
        if (forest := choice.ensemble.forest) is not None:
            found.append(Decision("choose", "trees", f"{percent(forest.total)} of the weight beside the mixtures"))
    else:
        found.append(Decision("choose", "covariance", f"{choice.recipe.family}, by {criterion}"))
    if len({one.components for one in choice.candidates}) > 1:
        found.append(Decision("choose", "groups", f"{choice.n_groups}, by {criterion}"))
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


def _of_the_column(opened: InputTable, completion: ColumnResult, counted: Counted) -> Iterator[Decision]:
    for token, count in counted.tokens.items():
        yield Decision("labels", "counted as missing", f"{shown(token)} in {plural(count, 'cell')}")
    target = opened.table.targets[completion.column]
    if target.mixes_empty:
        yield Decision("labels", "counted as missing", 'both empty cells and quoted ones ("")')


def told_from_rows(found: Sequence[tuple[str, Asides]]) -> Iterator[tuple[str, str]]:
    """Note the lines that were told from rows by their looks, if there are any."""
    lines = [*lines_told(found, BY_LOOKS)]
    if lines:
        told = listed(lines, separator="; ")
        yield "S03", f"Not read as rows, and kept as they are: {told}. Option --all-lines reads them as rows."


def told_from_reading(opened: InputTable) -> Iterator[tuple[str, str]]:
    """Note how quotes and dates were read where they may mean something else."""
    dialect = opened.table.dialect
    if not dialect.quoting and dialect.reading.quote is None:
        told = "Quotes are read as text, since some do not surround a whole cell."
        yield "S08", f"{told} Option --quote '\"' says which is out of place."
    if opened.unsettled:
        yield "S07", of_unsettled(opened.unsettled)


def lines_told(found: Sequence[tuple[str, Asides]], kinds: Mapping[int, str]) -> Iterator[str]:
    """Name the lines of these kinds, for each part by its path."""
    for path, asides in found:
        for kind, name in kinds.items():
            lines = [str(line) for line in asides.line[asides.kind == kind].tolist()]
            if lines:
                where = f"{path}, " if path else ""
                yield f"{where}line{'s' if len(lines) > 1 else ''} {listed(lines)} ({name})"
