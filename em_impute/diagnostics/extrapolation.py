"""Missing cells that deserve a mark: in rows out of range of the labelled rows, or without any predictor."""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.design import Design
from em_impute.em.blocks import Floats, Integers, slices
from em_impute.table.columns import Codes

DIGITS = 12
"""Significant digits of a value that was standardised and brought back: further ones are rounding."""

ROWS_AT_ONCE = 1 << 16
"""Rows of which copies are made at a time."""


class Flagged(NamedTuple):
    """Rows of the table, 0-based and ascending, whose missing label is weakly founded."""

    outside: Integers  # (n_outside,) rows in which some number is beyond all rows with a label
    predictor: NDArray[np.intp]  # (n_outside,) the feature that is furthest beyond; see `number_at`
    value: Floats  # (n_outside,) of that feature, standardised
    beyond: Floats  # (n_outside,) how far, in standard deviations
    without_predictors: Integers  # (n_without,) rows that show no predictor


def find_flagged(design: Design, row: Codes, scores: Collection[str] = ()) -> Flagged:
    """Mark those of the rows with a missing label, (n_missing,) ascending, that are weakly founded.

    A number is outside below the smallest and above the largest that rows with a label show, of those that count at
    all; one that no such row shows cannot be judged.  A category that is new says nothing, like a missing one.
    `scores` of texts are no measurements: those that surely mean a label have no end.
    """
    rows, (low, high) = design.distinct, _range_of_labelled(design, scores)
    latent, found, nothing = np.flatnonzero(rows.label < 0), [], [np.empty(0, np.intp)]
    for some in slices(latent.size, ROWS_AT_ONCE):
        at = latent[some]
        nothing.append(at[np.isnan(rows.x[at]).all(axis=1) & (design.codes[at] < 0).all(axis=1)])
        x = rows.x[at, : design.n_numbers]
        distance = np.nan_to_num(np.fmax(low - x, x - high), nan=0.0, neginf=0.0)
        outside = np.flatnonzero((distance > 0.0).any(axis=1))
        furthest = distance[outside].argmax(axis=1) if outside.size else outside
        found.append((at[outside], furthest, x[outside, furthest], distance[outside, furthest]))
    distinct, predictor, value, beyond = (np.concatenate(part) for part in zip(*found, strict=True))
    outside, at = rows_like(design, distinct, row)
    without_predictors, _ = rows_like(design, np.concatenate(nothing), row)
    return Flagged(outside, predictor[at], value[at], beyond[at], without_predictors)


def _range_of_labelled(design: Design, scores: Collection[str]) -> tuple[Floats, Floats]:
    """Give the smallest and the largest of each number that rows with a label show, infinite where none is judged."""
    rows, n_numbers = design.distinct, design.n_numbers
    known = np.flatnonzero((rows.label >= 0) & (rows.weight > 0.0))
    low, high = np.full(n_numbers, np.inf), np.full(n_numbers, -np.inf)
    for some in slices(known.size, ROWS_AT_ONCE):
        x = rows.x[known[some], :n_numbers]
        low, high = np.fmin(low, np.fmin.reduce(x)), np.fmax(high, np.fmax.reduce(x))
    judged = (low <= high) & np.array([one.name not in scores for one in design.features[:n_numbers]], bool)
    return np.where(judged, low, -np.inf), np.where(judged, high, np.inf)


def copies_of(design: Design) -> Floats:
    """Say how many rows of the table each of the distinct rows is, (n_distinct,)."""
    return np.broadcast_to(1.0, design.distinct.label.size) if design.index is None else design.distinct.weight


def rows_like(design: Design, distinct: Integers, among: Codes) -> tuple[Integers, Integers]:
    """Find which of some rows of the table equal some `distinct` ones: the rows, and which of these each equals."""
    if not distinct.size:
        return distinct, distinct
    place = np.full(design.distinct.label.size, -1, np.int32)
    place[distinct] = np.arange(distinct.size)
    at = place[design.distinct_of(among)]
    return among[at >= 0], at[at >= 0].astype(np.intp)


def number_at(design: Design, predictor: int, value: float) -> tuple[str, float]:
    """Name a predictor of `Flagged`, and give its value in the data's own units."""
    feature = design.features[predictor]
    return feature.name, float(f"{value * feature.scale + feature.shift:.{DIGITS}g}")
