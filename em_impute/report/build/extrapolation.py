"""Weakly founded rows: beyond every row with a label, or without any predictor."""

from collections.abc import Callable, Sequence

import numpy as np

from em_impute.columns.design import Design
from em_impute.diagnostics.extrapolation import Flagged, predictor_at
from em_impute.em.blocks import Integers
from em_impute.report.model.diagnostics import MarkedRows, OutOfRange, OutOfRangeRow, WithoutPredictors

MAX_LISTED = 1000


def marked_of(marked: Flagged, design: Design, line_of: Callable[[Integers], np.ndarray]) -> MarkedRows:
    """List rows in the order of the table; `line_of` tells the physical lines, 1-based, at which they begin."""
    first = slice(MAX_LISTED)
    rows = zip(
        line_of(marked.outside[first]).tolist(),
        marked.predictor[first].tolist(),
        marked.value[first].tolist(),
        strict=True,
    )
    listed = []
    for line, predictor, value in rows:
        name, seen = predictor_at(design, predictor, value)
        listed.append(OutOfRangeRow(line=line, column=name, value=seen))
    return MarkedRows(
        out_of_range=OutOfRange(
            rows=marked.outside.size,
            expected_by_chance=marked.expected_outside,
            furthest_sd=float(marked.beyond.max()) if marked.beyond.any() else None,
            listed=listed,
        ),
        without_predictors=WithoutPredictors(
            rows=marked.without_predictors.size, lines=line_of(marked.without_predictors[first]).tolist()
        ),
    )


def only_without_predictors(rows: int, lines: Sequence[int] = ()) -> MarkedRows:
    """Say the same where it is not looked for rows out of range; `lines` are those of the first rows."""
    return MarkedRows(
        out_of_range=OutOfRange(rows=0, expected_by_chance=0.0, furthest_sd=None, listed=()),
        without_predictors=WithoutPredictors(rows=rows, lines=lines),
    )
