"""Missing cells that deserve a mark: in rows out of range of the labelled rows, or without any predictor."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.design import Design
from em_impute.em.blocks import Flags, Floats, Integers
from em_impute.table.arrays import Codes

DIGITS = 12
"""Significant digits of a value that was standardised and brought back: further ones are rounding."""

OF_TEXT = float(np.finfo(float).tiny)
"""How far a new text is outside while predictors are compared: less far than any number.  No distance leads there."""


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
    rows = design.distinct
    known, latent = (rows.label >= 0) & (rows.weight > 0.0), np.flatnonzero(rows.label < 0)
    cells = np.bincount(design.distinct_of(row), minlength=rows.label.size)[latent]
    predictor, value, beyond = np.full(latent.size, -1, np.int16), np.full(latent.size, np.nan), np.zeros(latent.size)
    expected = 0.0
    for number, values, distance, chance in _predictors(design, scores, known, latent):
        further = np.flatnonzero(distance > beyond)  # not where it is NaN
        beyond[further], value[further], predictor[further] = distance[further], values[further], number
        expected += float(cells[~np.isnan(values)].sum()) * chance
    beyond[beyond == OF_TEXT] = 0.0
    is_outside = np.flatnonzero(predictor >= 0)
    outside, at = rows_like(design, latent[is_outside], row)
    shows_nothing = np.isnan(rows.x[latent]).all(axis=1) & (design.codes[latent] < 0).all(axis=1)
    without_predictors, _ = rows_like(design, latent[shows_nothing], row)
    at, expected = is_outside[at], min(expected, float(row.size))
    return Flagged(outside, predictor[at], value[at], beyond[at], expected, without_predictors)


def copies_of(design: Design) -> Floats:
    """Say how many rows of the table each of the distinct rows is, (n_distinct,)."""
    return np.broadcast_to(1.0, design.distinct.label.size) if design.index is None else design.distinct.weight


def rows_like(design: Design, distinct: Integers, among: Codes) -> tuple[Integers, Integers]:
    """Find which of some rows of the table equal some `distinct` ones: the rows, and which of these each equals."""
    if not distinct.size:
        return distinct, distinct
    place = np.full(design.distinct.label.size, -1)
    place[distinct] = np.arange(distinct.size)
    at = place[design.distinct_of(among)]
    return among[at >= 0], at[at >= 0]


def _predictors(
    design: Design, scores: Collection[str], known: Flags, latent: Integers
) -> Iterator[tuple[int, Floats, Floats, float]]:
    """Yield what `known` rows show: which, its values in `latent` rows, how far outside, how often by chance."""
    copies = copies_of(design)
    for j, values in enumerate(design.distinct.x[:, : design.n_numbers].T):
        shown = known & ~np.isnan(values)
        if shown.any() and design.features[j].name not in scores:
            seen, asked = values[shown], values[latent]
            low, high = seen.min(), seen.max()
            # The next of n + 1 values in random order is the smallest or the largest with probability 2/(n + 1).
            yield j, asked, np.maximum(low - asked, asked - high), 2.0 / (copies[shown].sum() + 1.0)
    for c, category in enumerate(design.categories, design.n_numbers):
        code, shown = category.code, known & (category.code >= 0)
        if shown.any():
            count = np.bincount(code[shown], copies[shown], len(category.texts))
            asked = code[latent]
            new = (asked >= 0) & (count == 0)[asked]
            # The share of rows that have a text not seen yet is about that of the texts seen once (Good 1953).
            chance = float(np.count_nonzero(count == 1) / count.sum())
            yield c, np.where(asked < 0, np.nan, asked), np.where(new, OF_TEXT, 0.0), chance


def predictor_at(design: Design, predictor: int, value: float) -> tuple[str, float | str]:
    """Name a predictor of `Flagged`, and give its value in the data's own units, or its text."""
    if predictor >= design.n_numbers:
        category = design.categories[predictor - design.n_numbers]
        return category.name, category.texts[int(value)]
    feature = design.features[predictor]
    return feature.name, float(f"{value * feature.scale + feature.shift:.{DIGITS}g}")
