"""Missing cells that deserve a mark: in rows beyond every row with a label, and in rows that show no predictor."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.design import Design
from em_impute.em.blocks import Flags, Floats, Integers, slices
from em_impute.table.arrays import Codes

DIGITS = 12
"""Significant digits of a value that was standardised and brought back: further ones are rounding."""


class Flagged(NamedTuple):
    """Rows of the table, 0-based and ascending, whose missing label is weakly founded."""

    outside: Integers  # (n_outside,) rows in which some predictor is beyond all rows with a label
    predictor: NDArray[np.int16]  # (n_outside,) which one is furthest beyond; see `predictor_at`
    value: Floats  # (n_outside,) of that predictor: a number standardised, a text by its code
    beyond: Floats  # (n_outside,) how far, in standard deviations; 0 for a text, from which no distance leads
    expected_outside: float  # rows to be expected there at most if missing rows are like known ones
    without_predictors: Integers  # (n_without,) rows that show no predictor


def find_flagged(design: Design, row: Codes) -> Flagged:
    """Mark those of the rows with a missing label, (n_missing,) ascending, that are weakly founded.

    A number is outside below the smallest and above the largest that rows with a label show, of those that count at
    all; a text is if no such row has it.  A predictor that no row with a label shows cannot be judged.  If a number is
    outside, it is named rather than a text.
    """
    rows = design.distinct
    known = (rows.label >= 0) & (rows.weight > 0.0)
    latent = np.flatnonzero(rows.label < 0)
    missing = _Missing(latent, _cells(design, row)[latent])
    found = _Beyond(np.full(latent.size, -1, np.int16), np.full(latent.size, np.nan), np.zeros(latent.size))
    expected = _look_at_numbers(design, known, missing, found) + _look_at_texts(design, known, missing, found)

    outside, first = _rows_like(design, latent, found.predictor >= 0, row)
    without_predictors, _ = _rows_like(design, latent, _shows_nothing(design, latent), row)
    expected = min(expected, float(row.size))
    return Flagged(
        outside, found.predictor[first], found.value[first], found.beyond[first], expected, without_predictors
    )


def _cells(design: Design, row: Codes) -> NDArray[Any]:
    """Count the rows with a missing label, `row`, that each distinct row without one stands for: (n_distinct,)."""
    if design.index is not None:
        return design.distinct.weight
    is_missing = np.zeros(design.label.size, dtype=bool)
    is_missing[row] = True
    return is_missing


def _rows_like(design: Design, latent: Integers, chosen: Flags, row: Codes) -> tuple[Integers, Integers]:
    """Find which of some rows of the table equal `chosen` ones of the distinct rows `latent`: the rows, and which."""
    if not chosen.any():
        return np.empty(0, np.intp), np.empty(0, np.intp)
    is_chosen = np.zeros(design.distinct.label.size, dtype=bool)
    is_chosen[latent] = chosen
    rows = row[is_chosen[design.distinct_of(row)]]
    return rows, np.searchsorted(latent, design.distinct_of(rows))


def _shows_nothing(design: Design, rows: Integers) -> Flags:
    """Say which distinct rows show no predictor, (n_chosen,)."""
    nothing = np.ones(rows.size, dtype=bool)
    for values in design.distinct.x.T:
        if not nothing.any():
            return nothing
        nothing &= np.isnan(values[rows])
    for category in design.categories:
        nothing &= category.code[rows] < 0
    return nothing


class _Missing(NamedTuple):
    """Distinct rows without a label."""

    row: Integers  # (n_latent,)
    cells: NDArray[Any]  # (n_latent,) missing cells that each stands for


class _Beyond(NamedTuple):
    """What was found of the distinct rows without a label; filled in predictor by predictor."""

    predictor: NDArray[np.int16]  # (n_latent,), −1 where none is outside
    value: Floats  # (n_latent,)
    beyond: Floats  # (n_latent,)


class _Range(NamedTuple):
    """What rows with a label show of a number."""

    low: float
    high: float
    rows: float  # of the table


def _range_of(design: Design, values: Floats, known: Flags) -> _Range:
    """Find the range of some of the distinct rows' values, (n_distinct,) both, some rows at a time."""
    found = _Range(np.inf, -np.inf, 0.0)
    for part in slices(values.size):
        shown = known[part] & ~np.isnan(values[part])
        if shown.any():
            seen = values[part][shown]
            copies = float(seen.size if design.index is None else design.distinct.weight[part][shown].sum())
            ends = min(found.low, float(seen.min())), max(found.high, float(seen.max()))
            found = _Range(*ends, found.rows + copies)
    return found


def _look_at_numbers(design: Design, known: Flags, missing: _Missing, found: _Beyond) -> float:
    """Find the numbers outside, the furthest of each row; give how many rows are to be expected there."""
    expected = 0.0
    for j in range(design.n_numbers):
        with_label = _range_of(design, design.distinct.x[:, j], known)
        if not with_label.rows:
            continue
        n_seen = 0.0
        for part in slices(missing.row.size):
            predictor, value, beyond = (one[part] for one in found)
            values = design.distinct.x[missing.row[part], j]
            distance = np.maximum(with_label.low - values, values - with_label.high)  # NaN where missing
            further = distance > beyond
            beyond[further], predictor[further], value[further] = distance[further], j, values[further]
            n_seen += float(missing.cells[part][~np.isnan(values)].sum())
        # The next of n + 1 values in random order is the smallest or the largest of them with probability 2/(n + 1).
        expected += n_seen * 2.0 / (with_label.rows + 1.0)
    return expected


def _look_at_texts(design: Design, known: Flags, missing: _Missing, found: _Beyond) -> float:
    """Find the texts that no row with a label has, where no number is outside; give how many rows are expected."""
    expected = 0.0
    for c, category in enumerate(design.categories):
        shown, codes = known & (category.code >= 0), category.code[missing.row]
        if not shown.any():
            continue
        copies = None if design.index is None else design.distinct.weight[shown]
        count = np.bincount(category.code[shown], copies, len(category.texts))
        new = (found.predictor < 0) & (codes >= 0) & (count == 0)[codes]
        found.predictor[new], found.value[new] = design.n_numbers + c, codes[new]
        # The share of rows that have a text not seen yet is about that of the texts seen once (Good 1953).
        expected += float(missing.cells[codes >= 0].sum() * np.count_nonzero(count == 1) / count.sum())
    return expected


def predictor_at(design: Design, predictor: int, value: float) -> tuple[str, float | str]:
    """Name a predictor of `Flagged`, and give its value in the data's own units, or its text."""
    if predictor >= design.n_numbers:
        category = design.categories[predictor - design.n_numbers]
        return category.name, category.texts[int(value)]
    feature = design.features[predictor]
    return feature.name, float(f"{value * feature.scale + feature.shift:.{DIGITS}g}")


def left_empty(row: Codes, code: Codes, flagged: Flagged) -> dict[str, int]:
    """Count the cells that stay as they are, each once, by the first reason that holds.

    `row` (n_missing,) are the rows with a missing label, ascending, and `code` (n_missing,) the labels chosen for
    them, −1 where none is.
    """
    empty = row[code < 0]
    without_predictors = np.isin(empty, flagged.without_predictors, assume_unique=True)
    outside = np.isin(empty, flagged.outside, assume_unique=True) & ~without_predictors
    counts = {
        "without_predictors": int(np.count_nonzero(without_predictors)),
        "out_of_range": int(np.count_nonzero(outside)),
        "below_min_probability": int(np.count_nonzero(~without_predictors & ~outside)),
    }
    return {reason: n for reason, n in counts.items() if n}
