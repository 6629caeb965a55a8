"""Numbers that people write for a missing one, such as -999: they are used as they are, but somebody should know."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from em_impute.columns.design import Design
from em_impute.em.blocks import Floats

LEAST = 99
"""Nines alone from here on are suspicious; a single one is a grade or a count."""

FEW_VALUES = 3
"""Fewer different numbers beside it have no range to be far from."""


class Sentinel(NamedTuple):
    """A number of a predictor that looks like a missing mark."""

    name: str
    """of the predictor"""
    number: int
    n_rows: int


def find_sentinels(design: Design) -> Iterator[Sentinel]:
    """Find numbers of nines only that lie farther from all others than these do from each other."""
    for at, feature in enumerate(design.features[: design.n_numbers]):
        x = design.distinct.x[:, at]
        suspects = {}
        for end in {float(np.fmin.reduce(x)), float(np.fmax.reduce(x))}:
            number = _nines(end * feature.scale + feature.shift)
            if number is not None:
                suspects[end] = number
        for end, number in sorted(suspects.items()):
            if _is_far(end, x[~(np.isnan(x) | np.isin(x, list(suspects)))]):
                holds = x == end if design.index is None else (x == end)[design.index]
                yield Sentinel(feature.name, number, int(holds.sum()))


def _nines(value: float) -> int | None:
    """Give the whole number that a value is but for rounding, if its digits are all nines."""
    number = round(value)
    if abs(number) < LEAST or abs(value - number) > 1e-9 * abs(number):
        return None
    return number if set(str(abs(number))) == {"9"} else None


def _is_far(end: float, others: Floats) -> bool:
    """Tell whether a value is farther from the others, (n_others,), than their range is wide."""
    if np.unique(others).size < FEW_VALUES:
        return False
    low, high = others.min(), others.max()
    return bool(max(low - end, end - high) > high - low)
