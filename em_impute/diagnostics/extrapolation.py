"""Missing cells that deserve a mark: in rows out of range of the labelled rows, or without any predictor."""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.design import Design
from em_impute.em.blocks import Floats, Integers
from em_impute.table.arrays import Codes

DIGITS = 12
"""Significant digits of a value that was standardised and brought back: further ones are rounding."""


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
    rows = design.distinct
    known, latent = (rows.label >= 0) & (rows.weight > 0.0), np.flatnonzero(rows.label < 0)
    beyond, furthest = np.zeros(latent.size), np.full(latent.size, -1)
    for j, values in enumerate(rows.x[:, : design.n_numbers].T):
        shown = values[known & ~np.isnan(values)]
        if shown.size and design.features[j].name not in scores:
            distance = np.maximum(shown.min() - values[latent], values[latent] - shown.max())
            further = distance > beyond  # not where it is NaN
            beyond[further], furthest[further] = distance[further], j
    is_outside = np.flatnonzero(furthest >= 0)
    outside, at = rows_like(design, latent[is_outside], row)
    at = is_outside[at]
    shows_nothing = np.isnan(rows.x[latent]).all(axis=1) & (design.codes[latent] < 0).all(axis=1)
    without_predictors, _ = rows_like(design, latent[shows_nothing], row)
    return Flagged(outside, furthest[at], rows.x[latent[at], furthest[at]], beyond[at], without_predictors)


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


def number_at(design: Design, predictor: int, value: float) -> tuple[str, float]:
    """Name a predictor of `Flagged`, and give its value in the data's own units."""
    feature = design.features[predictor]
    return feature.name, float(f"{value * feature.scale + feature.shift:.{DIGITS}g}")
