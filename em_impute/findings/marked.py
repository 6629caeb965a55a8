"""Missing cells that deserve a mark: in rows beyond every row with a label, and in rows that show no predictor."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.design import Design
from em_impute.engine.blocks import Floats, Integers

__all__ = ["Marked", "find_marked", "left_empty", "predictor_at"]

DIGITS = 12
"""Significant digits of a value that was standardised and brought back: further ones are rounding."""


class Marked(NamedTuple):
    """Rows of the table, 0-based and ascending, whose missing label is weakly founded."""

    outside: Integers  # (n_outside,) rows in which some predictor is beyond all rows with a label
    predictor: Integers  # (n_outside,) which one is furthest beyond; see `predictor_at`
    value: Floats  # (n_outside,) of that predictor: a number standardised, a text by its code
    beyond: Floats  # (n_outside,) how far, in standard deviations; 0 for a text, from which no distance leads
    expected_outside: float  # rows to be expected there at most if missing rows are like known ones
    blind: Integers  # (n_blind,) rows that show no predictor


def find_marked(design: Design, row: Integers) -> Marked:
    """Mark those of the rows with a missing label, (n_missing,) ascending, that are weakly founded.

    A number is outside below the smallest and above the largest that rows with a label show, of those that count at
    all; a text is if no such row has it.  A predictor that no row with a label shows cannot be judged.  If a number is
    outside, it is named rather than a text.
    """
    rows, at = design.distinct, design.distinct_of(row)
    known = np.flatnonzero((rows.label >= 0) & (rows.weight > 0.0))
    latent = np.flatnonzero(rows.label < 0)
    n_known = np.ones(known.size) if design.index is None else rows.weight[known]
    n_latent = np.bincount(at, minlength=rows.label.size)[latent].astype(np.float64)
    found = _Beyond(np.full(latent.size, -1), np.full(latent.size, np.nan), np.zeros(latent.size))
    expected = _look_at_numbers(design, _Side(known, n_known), _Side(latent, n_latent), found)
    expected += _look_at_texts(design, _Side(known, n_known), _Side(latent, n_latent), found)

    place = np.full(rows.label.size, -1)
    place[latent] = np.arange(latent.size)
    of = place[at]  # (n_missing,)
    outside = np.flatnonzero(found.predictor[of] >= 0)
    first = of[outside]
    expected = min(expected, float(row.size))
    blind = row[_shows_nothing(design, latent)[of]]
    return Marked(row[outside], found.predictor[first], found.value[first], found.beyond[first], expected, blind)


def _shows_nothing(design: Design, rows: Integers) -> NDArray[np.bool_]:
    """Say which distinct rows show no predictor, (n_chosen,)."""
    nothing = np.isnan(design.distinct.x[rows]).all(axis=1)
    for category in design.categories:
        nothing &= category.code[rows] < 0
    return np.asarray(nothing)


class _Side(NamedTuple):
    """Distinct rows, either all with a label or all without."""

    row: Integers  # (n_chosen,)
    copies: Floats  # (n_chosen,) rows of the table that each stands for


class _Beyond(NamedTuple):
    """What was found of the distinct rows without a label; filled in predictor by predictor."""

    predictor: Integers  # (n_latent,), −1 where none is outside
    value: Floats  # (n_latent,)
    beyond: Floats  # (n_latent,)


def _look_at_numbers(design: Design, known: _Side, latent: _Side, found: _Beyond) -> float:
    """Find the numbers outside, the furthest of each row; give how many rows are to be expected there."""
    expected = 0.0
    for j in range(design.n_numbers):
        with_label, values = design.distinct.x[known.row, j], design.distinct.x[latent.row, j]
        shown = ~np.isnan(with_label)
        if not shown.any():
            continue
        distance = np.maximum(with_label[shown].min() - values, values - with_label[shown].max())  # NaN where missing
        further = distance > found.beyond
        found.beyond[further], found.predictor[further], found.value[further] = distance[further], j, values[further]
        # The next of n + 1 values in random order is the smallest or the largest of them with probability 2/(n + 1).
        n_known, n_latent = known.copies[shown].sum(), latent.copies[~np.isnan(values)].sum()
        expected += float(n_latent * 2.0 / (n_known + 1.0))
    return expected


def _look_at_texts(design: Design, known: _Side, latent: _Side, found: _Beyond) -> float:
    """Find the texts that no row with a label has, where no number is outside; give how many rows are expected."""
    expected = 0.0
    for c, category in enumerate(design.categories):
        with_label, codes = category.code[known.row], category.code[latent.row]
        shown = with_label >= 0
        if not shown.any():
            continue
        count = np.bincount(with_label[shown], known.copies[shown], len(category.texts))
        new = (found.predictor < 0) & (codes >= 0) & (count == 0)[codes]
        found.predictor[new], found.value[new] = design.n_numbers + c, codes[new]
        # The share of rows that have a text not seen yet is about that of the texts seen once (Good 1953).
        expected += float(latent.copies[codes >= 0].sum() * np.count_nonzero(count == 1) / count.sum())
    return expected


def predictor_at(design: Design, predictor: int, value: float) -> tuple[str, float | str]:
    """Name a predictor of `Marked`, and give its value in the data's own units, or its text."""
    if predictor >= design.n_numbers:
        category = design.categories[predictor - design.n_numbers]
        return category.name, category.texts[int(value)]
    feature = design.features[predictor]
    return feature.name, float(f"{value * feature.scale + feature.shift:.{DIGITS}g}")


def left_empty(row: Integers, code: Integers, marked: Marked) -> dict[str, int]:
    """Count the cells that stay as they are, each once, by the first reason that holds.

    `row` (n_missing,) are the rows with a missing label, ascending, and `code` (n_missing,) the labels chosen for
    them, −1 where none is.
    """
    empty = row[code < 0]
    blind = np.isin(empty, marked.blind, assume_unique=True)
    outside = np.isin(empty, marked.outside, assume_unique=True) & ~blind
    counts = {
        "without_predictors": int(np.count_nonzero(blind)),
        "out_of_range": int(np.count_nonzero(outside)),
        "below_min_probability": int(np.count_nonzero(~blind & ~outside)),
    }
    return {reason: n for reason, n in counts.items() if n}
