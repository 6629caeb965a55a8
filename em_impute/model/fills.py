"""What is filled into missing cells, and what is counted of it, whole or chunk by chunk."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from em_impute.em.blocks import Floats, Integers, slices
from em_impute.table.arrays import Codes

BANDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Ends of the ranges of probability by which filled cells are counted."""

LEAST_CERTAIN = 10
"""Cells that are named: where asking somebody is worth most."""


@dataclass(frozen=True)
class Fills:
    """What is to be written into the missing cells."""

    row: Codes
    """(n_missing,) rows of the table whose label is missing"""
    code: Codes
    """(n_missing,) label to write, −1 where the cell stays as it is"""
    probability: Floats
    """(n_missing,) of the most probable label, written or not; of the label written where it was drawn"""
    expected: Floats
    """(n_labels,) expected number of missing cells of each label: the sum of the probabilities"""
    is_drawn: bool = False
    """Labels were drawn by their probabilities."""

    @property
    def n_filled(self) -> int:
        """Cells that get a label."""
        return int(np.count_nonzero(self.code >= 0))


class Unsure(NamedTuple):
    """A filled cell whose label is among the least certain."""

    probability: float
    part: int
    line: int
    label: int


@dataclass(frozen=True)
class CellCounts:
    """What became of some missing cells."""

    filled: Integers
    """(n_bands, n_labels) cells by the probability of their label"""
    expected: Floats
    """(n_labels,) sum of the probabilities"""
    wrong: float
    """sum of 1 − probability over the filled cells"""
    entropy: float
    lowest: float
    """probability of a filled cell; 1 if none is"""
    left_empty: Mapping[str, int]
    """by the first reason that holds"""
    n_without_predictors: int
    least: tuple[Unsure, ...]
    """the least certain cells, ascending"""

    def merged(self, other: "CellCounts") -> "CellCounts":
        """Add what was filled elsewhere, further on."""
        return CellCounts(
            self.filled + other.filled,
            self.expected + other.expected,
            self.wrong + other.wrong,
            self.entropy + other.entropy,
            min(self.lowest, other.lowest),
            Counter(self.left_empty) + Counter(other.left_empty),
            self.n_without_predictors + other.n_without_predictors,
            tuple(sorted((*self.least, *other.least)))[:LEAST_CERTAIN],
        )


NO_ROWS = np.empty(0, np.intp)


def no_cells(n_labels: int) -> CellCounts:
    """Give what became of no cells."""
    return CellCounts(
        np.zeros((len(BANDS) - 1, n_labels), np.int64), np.zeros(n_labels), 0.0, 0.0, 1.0, Counter(), 0, ()
    )


def count_cells(
    fills: Fills,
    entropy: float,
    line_of: Callable[[Codes], Any],
    without_predictors: Integers = NO_ROWS,
    outside: Integers = NO_ROWS,
    part: int = 0,
) -> CellCounts:
    """Count what was filled, and why cells stay as they are.

    `entropy` is that of their probabilities, `line_of` gives the lines of rows, `without_predictors` and `outside` are
    the rows that show no predictor or are beyond every labelled row.
    """
    probability, least = fills.probability[fills.code >= 0], _least_certain(fills)
    lines = line_of(fills.row[least]).tolist() if least.size else []
    unsure = zip(fills.probability[least].tolist(), lines, fills.code[least].tolist(), strict=True)
    empty = fills.row[fills.code < 0]
    shows_nothing = np.isin(empty, without_predictors, assume_unique=True)
    is_outside = np.isin(empty, outside, assume_unique=True) & ~shows_nothing
    left_empty = {
        "without_predictors": int(np.count_nonzero(shows_nothing)),
        "out_of_range": int(np.count_nonzero(is_outside)),
        "below_min_probability": int(np.count_nonzero(~shows_nothing & ~is_outside)),
    }
    return CellCounts(
        _count_by_band(fills, fills.expected.size),
        fills.expected,
        float((1.0 - probability).sum()),
        entropy,
        float(probability.min(initial=1.0)),
        {reason: n for reason, n in left_empty.items() if n},
        without_predictors.size,
        tuple(sorted(Unsure(one, part, line, label) for one, line, label in unsure)),
    )


def _count_by_band(fills: Fills, n_labels: int) -> Integers:
    """Count the filled cells by the band of their label's probability, and by the label: (n_bands, n_labels)."""
    count = np.zeros((len(BANDS) - 1) * n_labels, np.intp)
    for some in slices(fills.code.size):  # there may be millions of them
        code = fills.code[some]
        filled = np.flatnonzero(code >= 0)
        band = np.searchsorted(BANDS[1:-1], fills.probability[some][filled], side="right")
        count += np.bincount(band * n_labels + code[filled], minlength=count.size)
    return count.reshape(-1, n_labels)


def _least_certain(fills: Fills) -> Integers:
    """Find the filled cells whose label is least probable, the first of equals, ascending by probability: places."""
    least = np.empty(0, np.intp)
    for some in slices(fills.code.size):
        filled = np.flatnonzero(fills.code[some] >= 0)
        if least.size == LEAST_CERTAIN:
            filled = filled[fills.probability[some][filled] < fills.probability[least[-1]]]
        least = np.append(least, filled + some.start)
        least = least[np.argsort(fills.probability[least], kind="stable")[:LEAST_CERTAIN]]
    return least
