"""Missing cells that deserve a mark: in rows out of range of the labelled rows, or without any predictor."""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.design import Design
from em_impute.em.blocks import Flags, Floats, Integers, slices
from em_impute.table.arrays import Codes

DIGITS = 12
"""Significant digits of a value that was standardised and brought back: further ones are rounding."""

OF_TEXT = float(np.finfo(float).tiny)
"""How far a new text is outside while predictors are compared: less far than any number.  No distance leads there."""

ROWS_AT_ONCE = 1 << 16
"""Rows of which copies are made at a time."""


class Flagged(NamedTuple):
    """Rows of the table, 0-based and ascending, whose missing label is weakly founded."""

    outside: Integers  # (n_outside,) rows in which some predictor is beyond all rows with a label
    predictor: NDArray[np.int16]  # (n_outside,) which one is furthest beyond; see `predictor_at`
    value: Floats  # (n_outside,) of that predictor: a number standardised, a text by its code
    beyond: Floats  # (n_outside,) how far, in standard deviations; 0 for a text, from which no distance leads
    expected_outside: float  # rows to be expected there at most if missing rows are like known ones
    without_predictors: Integers  # (n_without,) rows that show no predictor


def find_flagged(design: Design, row: Codes, scores: Collection[str] = ()) -> Flagged:
    """Mark those of the rows with a missing label, (n_missing,) ascending, that are weakly founded.

    A number is outside below the smallest and above the largest that rows with a label show, of those that count at
    all; a text is if no such row has it.  A predictor that no row with a label shows cannot be judged.  If a number is
    outside, it is named rather than a text.  `scores` of texts are no measurements: those that surely mean a label have
    no end.
    """
    rows, shown = design.distinct, _what_is_shown(design, scores)
    latent = np.flatnonzero(rows.label < 0)
    if design.index is None:  # a row of no weight is latent too, though its label is known
        is_asked = np.zeros(rows.label.size, np.bool_)
        is_asked[row] = True
        cells = is_asked[latent].astype(np.float64)
    else:
        cells = np.bincount(design.distinct_of(row), minlength=rows.label.size)[latent].astype(np.float64)
    found, nothing, expected = [], [np.empty(0, np.intp)], 0.0
    for some in slices(latent.size, ROWS_AT_ONCE):
        at = latent[some]
        codes = design.codes[at]
        values = np.hstack([rows.x[at, : design.n_numbers], np.where(codes < 0, np.nan, codes)])
        is_seen = ~np.isnan(values)
        expected += float(cells[some] @ is_seen @ shown.chance)
        nothing.append(at[~is_seen.any(axis=1) & np.isnan(rows.x[at]).all(axis=1)])
        numbers = values[:, : design.n_numbers]
        new = [is_new[codes[:, c]] & (codes[:, c] >= 0) for c, is_new in enumerate(shown.is_new)]
        distance = np.fmax(shown.low - numbers, numbers - shown.high)
        distance = np.nan_to_num(np.column_stack([distance, *(OF_TEXT * one for one in new)]), nan=0.0, neginf=0.0)
        outside, furthest = np.flatnonzero((distance > 0.0).any(axis=1)), distance.argmax(axis=1)
        furthest = furthest[outside]
        found.append((at[outside], furthest, values[outside, furthest], distance[outside, furthest]))
    distinct, predictor, value, beyond = (np.concatenate(part) for part in zip(*found, strict=True))
    beyond[beyond == OF_TEXT] = 0.0
    outside, at = rows_like(design, distinct, row)
    without_predictors, _ = rows_like(design, np.concatenate(nothing), row)
    expected = min(expected, float(row.size))
    return Flagged(outside, predictor[at].astype(np.int16), value[at], beyond[at], expected, without_predictors)


class _Shown(NamedTuple):
    """What rows with a label show."""

    low: Floats  # (n_numbers,), −∞ where nothing can be outside
    high: Floats
    is_new: list[Flags]  # of each category which texts none of them has
    chance: Floats  # (n_predictors,) how often a row like them would be outside


def _what_is_shown(design: Design, scores: Collection[str]) -> _Shown:
    rows, copies, n_numbers = design.distinct, copies_of(design), design.n_numbers
    known = np.flatnonzero((rows.label >= 0) & (rows.weight > 0.0))
    low, high, n_shown = np.full(n_numbers, np.inf), np.full(n_numbers, -np.inf), np.zeros(n_numbers)
    for some in slices(known.size, ROWS_AT_ONCE):
        x = rows.x[known[some], :n_numbers]
        low, high = np.fmin(low, np.fmin.reduce(x)), np.fmax(high, np.fmax.reduce(x))
        n_shown += copies[known[some]] @ ~np.isnan(x)
    measured = np.array([feature.name not in scores for feature in design.features[:n_numbers]], np.bool_)
    judged = measured & (n_shown > 0.0)
    # The next of n + 1 values in random order is the smallest or the largest with probability 2/(n + 1).
    chance, is_new = [*np.where(judged, 2.0 / (n_shown + 1.0), 0.0)], []
    for category in design.categories:
        code = category.code[known]
        count = np.bincount(code[code >= 0], copies[known[code >= 0]], len(category.texts))
        is_new.append((count == 0) & count.any())
        # The share of rows that have a text not seen yet is about that of the texts seen once (Good 1953).
        chance.append(float(np.count_nonzero(count == 1) / count.sum()) if count.any() else 0.0)
    return _Shown(np.where(judged, low, -np.inf), np.where(judged, high, np.inf), is_new, np.array(chance))


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


def predictor_at(design: Design, predictor: int, value: float) -> tuple[str, float | str]:
    """Name a predictor of `Flagged`, and give its value in the data's own units, or its text."""
    if predictor >= design.n_numbers:
        category = design.categories[predictor - design.n_numbers]
        return category.name, category.texts[int(value)]
    feature = design.features[predictor]
    return feature.name, float(f"{value * feature.scale + feature.shift:.{DIGITS}g}")
