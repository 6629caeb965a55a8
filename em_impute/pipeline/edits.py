"""From fills to bytes: which spans of the file change, and into what."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from em_impute.em.blocks import Floats, slices
from em_impute.errors import DesignError
from em_impute.options import Request
from em_impute.pipeline.complete import ColumnResult
from em_impute.pipeline.open import InputTable
from em_impute.table.dialect import Dialect
from em_impute.table.patch import NUMBERING, Edits, Portion, in_portions, quote_label
from em_impute.table.records import HEADER, Asides
from em_impute.table.text import shown, shown_path

PROBABILITY_DIGITS = 6

EMPTY = -1
"""Stands for a cell without a number among numbers that are never below 0."""

OBSERVED = 0
"""The number of the table as it was read, beside the imputations 1, 2, …"""

CHANGED = ("line", "column", "old", "new", "probability")
"""What is told of each changed cell."""


def version_of(completion: ColumnResult, number: int | None) -> ColumnResult:
    """Give what fills one of several tables: imputations count from 1, `OBSERVED` leaves every cell as it is.

    None, where there is only one table, is the completion itself, and so is any number where nothing was drawn.
    """
    fills = completion.fills
    if number == OBSERVED:
        nothing = np.full(fills.code.size, -1, np.int8), np.full(fills.code.size, np.nan)
        return completion._replace(fills=fills._replace(code=nothing[0], probability=nothing[1]))
    if number is None or fills.drawn is None:
        return completion
    code, probability = fills.drawn[number - 1], fills.probability
    if fills.probabilities is not None:
        probability = np.take_along_axis(fills.probabilities, code[:, None], axis=1)[:, 0]
    return completion._replace(fills=fills._replace(code=code, probability=probability))


def make_edits(opened: InputTable, completions: Sequence[ColumnResult], request: Request) -> Edits:
    """List every replacement and insertion that turns the input, or a chunk of it, into the output."""
    edits = [_filled_cells(opened, completion) for completion in completions]
    names: list[str] = []
    for completion in completions:
        for name, values, digits in added_columns(completion, opened.table.n_rows, request):
            names.append(name)
            edits.append(_appended_cells(opened, values, digits, request.decimal))
    dialect = opened.table.dialect
    refuse_taken(dialect, opened.name, names)
    if names and dialect.has_header and _is_first(opened):
        edits.append(Edits.of_one(dialect.header_end, dialect.header_end, _cells(names, dialect)))
    if names:  # lines with as many cells keep pace: a header again has the names, others are blank
        asides = opened.table.asides.where(opened.table.asides.end >= 0)
        texts = [_cells([""] * len(names), dialect), _cells(names, dialect)]
        edits.append(Edits(asides.end, asides.end, (asides.kind == HEADER).astype(np.intp), texts))
    return Edits.merged(edits)


def long_portions(
    opened: InputTable, completions: Sequence[ColumnResult], request: Request, number: int
) -> Iterator[Portion]:
    """Yield a version of a table, or a chunk of it, to put below others: what is above its records, then only these."""
    table, dialect, asides, first = opened.table, opened.table.dialect, opened.table.asides, opened.table.start
    if _is_first(opened):
        for start, stop in zip(asides.start.tolist(), asides.stop.tolist(), strict=True):
            first = stop if start == first else first
    below = asides.where(asides.start >= first)
    left_out = Edits(below.start, below.stop, np.zeros(below.start.size, np.intp), (b"",))
    alone = replace(opened, table=replace(table, asides=Asides.joined([])))
    edits = Edits.merged([make_edits(alone, [version_of(one, number) for one in completions], request), left_out])
    n_above = int(np.searchsorted(edits.start, first))
    if _is_first(opened):
        names = b"".join(quote_label(name, dialect, always=False) + dialect.delimiter.encode() for name in NUMBERING)
        above = [Edits.of_one(dialect.header_start, dialect.header_start, names)] * dialect.has_header
        yield first, Edits.of_one(0, first, b"") if number else Edits.merged([*above, edits.part(0, n_above)])
    last = max(table.stop, int(below.stop.max(initial=0)))
    yield from in_portions(edits.part(n_above, edits.start.size), first, last)


def _is_first(opened: InputTable) -> bool:
    return opened.table.start == opened.table.dialect.data_offset


def changed_cells(opened: InputTable, completion: ColumnResult, *before: str) -> Iterator[bytes]:
    """Yield the filled cells as lines of CSV, many at a time, each with the cells `before` it."""
    column, fills, labels = opened.table.targets[completion.column], completion.fills, completion.labels.labels
    for some in slices(fills.code.size):
        filled = np.flatnonzero(fills.code[some] >= 0) + some.start
        row = fills.row[filled]
        cells = opened.table.line_of(row), column.code[row], fills.code[filled], fills.probability[filled]
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(
            [*before, line, completion.target, column.texts[old], labels[new], f"{probability:.6f}"]
            for line, old, new, probability in zip(*(one.tolist() for one in cells), strict=True)
        )
        yield text.getvalue().encode()


def _filled_cells(opened: InputTable, completion: ColumnResult) -> Edits:
    table = opened.table
    column = table.targets[completion.column]
    code, start, stop = completion.fills.code, column.start, column.stop
    written = completion.labels.label[column.row] < 0  # not those that --keep-value keeps
    written[written] = code >= 0
    if not written.all():  # else one more copy of all of them
        start, stop, code = start[written], stop[written], code[code >= 0]
    texts = [quote_label(label, table.dialect, always=column.quotes_always) for label in completion.labels.labels]
    return Edits(start, stop, code, texts)


def added_columns(completion: ColumnResult, n_rows: int, request: Request) -> Iterator[tuple[str, Floats, int]]:
    """Yield name, values (n_rows,) and digits of every column that the user asked to be added.

    A row whose label was known has probability 1 of it and 0 of any other: known labels are given, not inferred.
    Only the probability of the label that was written differs between imputations, as a label filled in does.
    """
    target, fills = completion.target, completion.fills
    if request.probability:
        written = np.ones(n_rows)
        written[fills.row] = fills.probability
        yield f"{target}_probability", written, PROBABILITY_DIGITS
    if request.probabilities:
        for k, label in enumerate(completion.labels.labels):
            values = (completion.labels.label == k).astype(float)
            if fills.probabilities is not None:
                values[fills.row] = fills.probabilities[:, k]
            yield f"{target}_p_{label}", values, PROBABILITY_DIGITS
    if request.indicator:
        filled = np.zeros(n_rows)
        filled[fills.row[(fills.code >= 0) | np.isnan(fills.probability)]] = 1.0  # also in the `OBSERVED` table
        yield f"{target}_imputed", filled, 0


def _appended_cells(opened: InputTable, values: Floats, digits: int, decimal: str) -> Edits:
    """Insert one number at the end of every record, an empty cell where it is NaN.  Equal texts are made once."""
    dialect, at = opened.table.dialect, opened.table.record_stops
    if at is None:
        raise AssertionError("columns can only be added to a table that was read with keep_record_ends")
    rounded = np.where(np.isnan(values), EMPTY, np.rint(values * 10**digits))
    steps, code = np.unique(rounded.astype(np.int64), return_inverse=True)
    numbers = [
        "" if step == EMPTY else f"{step / 10**digits:.{digits}f}".replace(".", decimal) for step in steps.tolist()
    ]
    texts = [dialect.delimiter.encode() + quote_label(number, dialect, always=False) for number in numbers]
    return Edits(at, at, code.reshape(-1), texts)


def refuse_taken(dialect: Dialect, source: str, names: Sequence[str]) -> None:
    """Raise `DesignError` if a column that would be added is there already."""
    for name in names:
        if name in dialect.names:
            message = f"a column named {shown(name)} is already in {shown_path(source)}"
            raise DesignError(message, "rename it, or leave out the option that would add it again")


def _cells(texts: Sequence[str], dialect: Dialect) -> bytes:
    """Spell cells that follow others."""
    return b"".join(dialect.delimiter.encode() + quote_label(text, dialect, always=False) for text in texts)
