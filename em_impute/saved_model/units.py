"""Whether a column is in another unit than in training: metres for centimetres, pounds for kilograms."""

from math import sqrt
from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Floats
from em_impute.saved_model.distributions import NumberDistribution, count_numbers, subsample


class Conversion(NamedTuple):
    """From a unit of the training rows to another one: number there = factor · number here + offset."""

    factor: float
    offset: float
    words: str
    """as in "100 times smaller, as if metres for centimetres\""""


def _both_ways(factor: float, unit: str, instead_of: str, times: str) -> tuple[Conversion, Conversion]:
    return (
        Conversion(factor, 0.0, f"{times} times larger, as if {unit} for {instead_of}"),
        Conversion(1.0 / factor, 0.0, f"{times} times smaller, as if {instead_of} for {unit}"),
    )


CONVERSIONS = (
    *_both_ways(10.0, "millimetres", "centimetres", "10"),
    *_both_ways(100.0, "centimetres", "metres", "100"),
    *_both_ways(1e3, "grams", "kilograms", "1,000"),
    *_both_ways(1e4, "square centimetres", "square metres", "10,000"),
    *_both_ways(1e5, "centimetres", "kilometres", "100,000"),
    *_both_ways(1e6, "milligrams", "kilograms", "1,000,000"),
    *_both_ways(1.0 / 0.45359237, "pounds", "kilograms", "2.205"),
    *_both_ways(2.54, "centimetres", "inches", "2.54"),
    *_both_ways(1.0 / 0.3048, "feet", "metres", "3.281"),
    Conversion(1.8, 32.0, "other numbers, as if degrees Fahrenheit for Celsius"),
    Conversion(1.0 / 1.8, -32.0 / 1.8, "other numbers, as if degrees Celsius for Fahrenheit"),
)

FEWEST_ROWS = 12
"""Fewer fit almost anything: with eight, up to 2 % of shifts by two standard deviations were taken for another unit."""

SAMPLE_ROWS = 4096
"""Rows that conversions are tried on: a distribution function from so many errs by 2 %."""

ROUNDING = 4.0
"""Units in the last place by which converted numbers may miss the end of a cell."""

APART, APART_BY_CHANCE, APART_AT_MOST = 0.8, 0.6, 0.99
"""Some interval must hold a larger share of the rows than in training by 0.8 + 0.6·√(1/n + 1/m), at most 0.99.  A shift
by two standard deviations makes that 0.68, one by three 0.87; few rows look further apart than they are."""

ALIKE = 0.15
"""The converted numbers may have drifted a little too."""

REJECTED = 0.05
"""Few converted numbers fit if more distant ones would come from the training rows in less than 5 % of files."""


def unit_factor(
    training: NumberDistribution, new: NumberDistribution, values: Floats, weights: Floats | None = None
) -> Conversion | None:
    """Find the unit that new rows were measured in, where it is another than in training.

    `new` counts `values` and `weights`, (n_rows,), in the cells of `training`.  Only where hardly any number is where
    the training rows are, and a conversion brings them there: a drift that is no change of the unit, such as a shift by
    two standard deviations, does not do.  None otherwise.
    """
    n, m = training.total, new.total
    if min(n, m) < FEWEST_ROWS:
        return None
    error = sqrt(1.0 / n + 1.0 / m)
    if sum(distances(training.counts, new.counts)) < min(APART + APART_BY_CHANCE * error, APART_AT_MOST):
        return None
    from scipy.special import kolmogi  # late: hardly a table asks for it

    # Kolmogorov's limit, at the argument as Stephens (1970) corrects it.
    allowed = max(ALIKE, float(kolmogi(REJECTED)) / (1.0 / error + 0.12 + 0.11 * error))
    some = subsample(values, weights, SAMPLE_ROWS)
    converted = [count_numbers(_converted(training, one), *some).counts for one in CONVERSIONS]
    found = [max(distances(training.counts, counts)) for counts in converted]
    # Degrees last: by chance, kilograms of people look much like pounds that are taken for degrees Fahrenheit.
    ranked = sorted(zip((one.offset != 0.0 for one in CONVERSIONS), found, range(len(found)), strict=True))
    return next((CONVERSIONS[place] for _, distance, place in ranked if distance <= allowed), None)


def distances(expected: Floats, observed: Floats) -> tuple[float, float]:
    """Give by how much a distribution function is above another at most, and below; both are (n_cells,) counts.

    The larger is the distance of Kolmogorov and Smirnov, the sum that of Kuiper: by how much more of the rows some
    interval holds, or all but that interval.
    """
    apart = np.cumsum(observed) / observed.sum() - np.cumsum(expected) / expected.sum()
    return float(apart.max(initial=0.0)), float(-apart.min(initial=0.0))


def _converted(training: NumberDistribution, conversion: Conversion) -> NumberDistribution:
    """Move the ends of cells into another unit, so that rounding takes no number out of its cell."""
    with np.errstate(over="ignore", invalid="ignore"):  # what has no number in a unit has no row there
        scaled = conversion.factor * training.edges
        slack = ROUNDING * np.spacing(np.abs(scaled) + abs(conversion.offset))
        slack[:1] *= -1.0  # the lowest number lies just above the first end, others on theirs
        edges = scaled + conversion.offset + slack
    return NumberDistribution(edges, np.zeros_like(training.counts), 0.0, np.inf, -np.inf)
