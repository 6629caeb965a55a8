"""From fills to bytes: which spans of the file change, and into what."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from em_impute.em.blocks import Floats, slices
from em_impute.errors import DesignError
from em_impute.options import Request
from em_impute.pipeline.types import ColumnResult, InputTable
from em_impute.table.arrays import Codes
from em_impute.table.asides import HEADER, Asides
from em_impute.table.dialect import Dialect
from em_impute.table.long import Records
from em_impute.table.patch import Edits, quote_label
from em_impute.table.text import shown, shown_path

PROBABILITY_DIGITS = 6

EMPTY = -1
"""Stands for a cell without a number among numbers that are never below 0."""

OBSERVED = 0
"""The number of the table as it was read, beside the imputations 1, 2, …"""

CHANGED = ("line", "column", "old", "new", "probability")
"""What is told of each changed cell."""


def make_edits(
    opened: InputTable, completions: Sequence[ColumnResult], request: Request, imputation: int | None = None
) -> Edits:
    """List every replacement and insertion that turns the input into the output.

    `imputation` counts the drawn tables from 1; None is the only table there is.
    """
    edits = [_filled_cells(opened, completion, imputation) for completion in completions]
    names: list[str] = []
    for completion in completions:
        for name, values, digits in added_columns(completion, opened.table.n_rows, request, imputation):
            names.append(name)
            edits.append(_appended_cells(opened, values, digits, request.decimal))
    dialect = opened.table.dialect
    refuse_taken(dialect, opened.name, names)
    if names and dialect.has_header:
        edits.append(Edits.of_one(dialect.header_end, dialect.header_end, _cells(names, dialect)))
    if names:  # lines with as many cells keep pace: a header again has the names, others are blank
        asides = opened.table.asides.where(opened.table.asides.end >= 0)
        texts = [_cells([""] * len(names), dialect), _cells(names, dialect)]
        edits.append(Edits(asides.end, asides.end, (asides.kind == HEADER).astype(np.intp), texts))
    return Edits.merged(edits)


def make_records(opened: InputTable, completions: Sequence[ColumnResult], request: Request, imputation: int) -> Records:
    """Give the records of a table that is put below others, with their edits; those of `OBSERVED` fill nothing."""
    starts, asides = opened.table.record_starts, opened.table.asides
    if starts is None:
        raise AssertionError("only a table that was read with keep_record_starts can be numbered")
    below = asides.where(asides.start > starts[0])
    left_out = Edits(below.start, below.stop, np.zeros(below.start.size, np.intp), (b"",))
    alone = replace(opened, table=replace(opened.table, asides=Asides.joined([])))
    return Records(starts, Edits.merged([make_edits(alone, completions, request, imputation), left_out]))


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


def codes_to_write(completion: ColumnResult, imputation: int | None) -> Codes:
    """Give the label to write into each missing cell, −1 where it stays as it is: (n_missing,)."""
    fills = completion.fills
    if imputation == OBSERVED:
        return np.full(fills.code.size, -1, np.int8)
    if imputation is None or fills.drawn is None:
        return fills.code
    drawn: Codes = fills.drawn[imputation - 1]
    return drawn


def _filled_cells(opened: InputTable, completion: ColumnResult, imputation: int | None) -> Edits:
    table = opened.table
    column = table.targets[completion.column]
    code, start, stop = codes_to_write(completion, imputation), column.start, column.stop
    written = completion.labels.label[column.row] < 0  # not those that --keep-value keeps
    if not code.size:  # nothing was missing
        written[:] = False
    elif (code < 0).any():
        written[np.flatnonzero(written)[code < 0]] = False
        code = code[code >= 0]
    if not written.all():  # else one more copy of all of them
        start, stop = start[written], stop[written]
    texts = [quote_label(label, table.dialect, always=column.quotes_always) for label in completion.labels.labels]
    return Edits(start, stop, code, texts)


def added_columns(
    completion: ColumnResult, n_rows: int, request: Request, imputation: int | None
) -> Iterator[tuple[str, Floats, int]]:
    """Yield name, values (n_rows,) and digits of every column that the user asked to be added.

    A row whose label was known has probability 1 of it and 0 of any other: known labels are given, not inferred.
    Only the probability of the label that was written differs between imputations, as a label filled in does.
    """
    target, fills = completion.target, completion.fills
    if request.probability:
        written = np.ones(n_rows)
        written[fills.row] = fills.probability
        if imputation == OBSERVED:  # there is no label yet
            written[fills.row] = np.nan
        elif imputation is not None and fills.drawn is not None and fills.probabilities is not None:
            code = codes_to_write(completion, imputation)[:, None]
            written[fills.row] = np.take_along_axis(fills.probabilities, code, axis=1)[:, 0]
        yield f"{target}_probability", written, PROBABILITY_DIGITS
    if request.probabilities:
        for k, label in enumerate(completion.labels.labels):
            values = (completion.labels.label == k).astype(float)
            if fills.probabilities is not None:
                values[fills.row] = fills.probabilities[:, k]
            yield f"{target}_p_{label}", values, PROBABILITY_DIGITS
    if request.indicator:
        filled = np.zeros(n_rows)
        filled[fills.row[fills.code >= 0]] = 1.0
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
