"""From fills to bytes: which spans of the file change, and into what."""

from collections.abc import Iterator, Sequence

import numpy as np

from em_impute.completion import Completion, Opened
from em_impute.engine.blocks import Floats
from em_impute.errors import DesignError
from em_impute.request import Request
from em_impute.table.patch import Edits, quote_label

__all__ = ["Change", "changes", "make_edits"]

PROBABILITY_DIGITS = 6

Change = tuple[int, str, str, str, float]
"""Line, column, old text, new label, probability."""


def make_edits(opened: Opened, completions: Sequence[Completion], request: Request) -> Edits:
    """List every replacement and insertion that turns the input into the output."""
    edits = [_filled_cells(opened, completion) for completion in completions]
    names: list[str] = []
    for completion in completions:
        for name, values, digits in _added_columns(completion, opened.table.n_rows, request):
            names.append(name)
            edits.append(_appended_cells(opened, values, digits, request.decimal))
    if names:
        edits.append(_appended_names(opened, names))
    return Edits.merged(edits)


def changes(opened: Opened, completion: Completion) -> Iterator[Change]:
    """Tell, cell by cell, what was filled."""
    column = opened.table.targets[completion.column]
    fills = completion.fills
    filled = fills.code >= 0
    row, code, probability = fills.row[filled], fills.code[filled], fills.probability[filled]
    old, line = column.code[row], opened.table.line_of(row)
    for one in zip(line.tolist(), old.tolist(), code.tolist(), probability.tolist(), strict=True):
        yield one[0], completion.target, column.texts[one[1]], completion.labels.labels[one[2]], one[3]


def _filled_cells(opened: Opened, completion: Completion) -> Edits:
    table = opened.table
    column = table.targets[completion.column]
    missing = completion.labels.label[column.row] < 0 if column.row.size else np.empty(0, dtype=bool)
    start, stop = column.start[missing], column.stop[missing]
    code = completion.fills.code
    if not code.size:  # nothing was missing
        start, stop = start[:0], stop[:0]
    filled = code >= 0
    texts = [quote_label(label, table.dialect, always=column.quotes_always) for label in completion.labels.labels]
    return Edits(start[filled], stop[filled], code[filled], texts)


def _added_columns(completion: Completion, n_rows: int, request: Request) -> Iterator[tuple[str, Floats, int]]:
    """Yield name, values (n_rows,) and digits of every column that the user asked to be added.

    A row whose label was known has probability 1 of it and 0 of any other: known labels are given, not inferred.
    """
    target, fills = completion.target, completion.fills
    if request.probability:
        best = np.ones(n_rows)
        best[fills.row] = fills.probability
        yield f"{target}_probability", best, PROBABILITY_DIGITS
    if request.probabilities:
        for k, label in enumerate(completion.labels.labels):
            values = (completion.labels.label == k).astype(float)
            if completion.probability is not None:
                values[fills.row] = completion.probability[:, k]
            yield f"{target}_p_{label}", values, PROBABILITY_DIGITS
    if request.indicator:
        filled = np.zeros(n_rows)
        filled[fills.row[fills.code >= 0]] = 1.0
        yield f"{target}_imputed", filled, 0


def _appended_cells(opened: Opened, values: Floats, digits: int, decimal: str) -> Edits:
    """Insert one number at the end of every record.  Equal texts are made once."""
    dialect, at = opened.table.dialect, opened.table.record_stops
    if at is None:
        raise AssertionError("columns can only be added to a table that was read with keep_record_ends")
    steps, code = np.unique(np.rint(values * 10**digits).astype(np.int64), return_inverse=True)
    numbers = [f"{step / 10**digits:.{digits}f}".replace(".", decimal) for step in steps.tolist()]
    texts = [dialect.delimiter.encode() + quote_label(number, dialect, always=False) for number in numbers]
    return Edits(at, at, code.reshape(-1), texts)


def _appended_names(opened: Opened, names: Sequence[str]) -> Edits:
    dialect = opened.table.dialect
    for name in names:
        if name in dialect.names:
            message = f"a column named {name!r} is already in {opened.name}"
            raise DesignError(message, "rename it, or leave out the option that would add it again")
    if not dialect.has_header:
        nowhere = np.empty(0, np.int64)
        return Edits(nowhere, nowhere, np.empty(0, np.intp), [])
    at = np.full(len(names), dialect.header_end, dtype=np.int64)
    texts = [dialect.delimiter.encode() + quote_label(name, dialect, always=False) for name in names]
    return Edits(at, at, np.arange(len(names)), texts)
