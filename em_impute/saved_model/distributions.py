"""How a predictor was distributed where a model was fitted, small enough to keep, and new rows beside it.

A distribution is counted in cells that the training rows lay down, and new rows in the same ones.  A column may be in
another unit than in training: metres for centimetres, pounds for kilograms.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nextafter, sqrt
from typing import Annotated, NamedTuple

import numpy as np

from em_impute.em.blocks import Floats, draw_by_weight
from em_impute.serialize.annotations import ANY, Axes, InfiniteAsNull, NotSaved, Range
from em_impute.table.columns import Codes

DIGITS = 12
"""Significant digits of a number that was standardised and brought back: further ones are rounding."""

MAX_CELLS = 100
"""Percentiles, nearly: a finer grid would say more of the sample than of where it comes from."""

ENOUGH = 1 << 17
"""Numbers that percentiles are found from: of so many they err by a seventh of a percent."""


@dataclass(frozen=True)
class NumberDistribution:
    """How many rows hold a number in each cell."""

    edges: Annotated[Floats, Axes(ANY), "Upper ends of the cells but the last; about percentiles."]
    """Ascending and different.  The first cell is below all training rows and the last above: both are empty there."""
    counts: Annotated[Floats, Axes("n_cells"), "Rows in each cell, by weight."]
    missing: Annotated[float, Range(0), "Rows that do not show it, by weight."]
    lowest: Annotated[float, InfiniteAsNull(np.inf), "The lowest number; null where there is none."]
    """Of these rows, which need not be those that laid the cells down."""
    highest: Annotated[float, InfiniteAsNull(-np.inf), "The highest number; null where there is none."]

    @property
    def total(self) -> float:
        """Weigh the rows that hold a number."""
        return float(self.counts.sum())

    @property
    def median(self) -> float | None:
        """The upper end of the median's cell: the median itself of the training rows, and of others nearly.

        None where there is no number, and where the median lies beyond all training rows.
        """
        cell = int(np.searchsorted(np.cumsum(self.counts), self.total / 2.0))
        if not self.total or cell in {0, self.counts.size - 1}:
            return None
        return float(min(self.edges[cell], self.highest))


@dataclass(frozen=True)
class TextDistribution:
    """How many rows hold each text."""

    texts: Annotated[tuple[str, ...], Axes("n_texts"), "The texts of the training rows."]
    counts: Annotated[Floats, Axes("n_texts"), "Rows that hold each, by weight."]
    missing: Annotated[float, Range(0), "Rows that do not show it, by weight."]
    unseen: Annotated[float, NotSaved] = 0.0
    """Rows of a later table whose text the first one did not have, by weight."""
    unseen_rows: Annotated[int, NotSaved] = 0

    @property
    def total(self) -> float:
        """Weigh the rows that hold a text."""
        return float(self.counts.sum()) + self.unseen


def describe_numbers(values: Floats, weights: Floats | None = None) -> NumberDistribution:
    """Lay down cells by training rows, and count these.

    `values` is (n_rows,), NaN where missing; `weights` (n_rows,) says for how many rows each stands, 1 if it is None.
    Where a column holds few different numbers each has a cell of its own; else cells end at percentiles, and a number
    that fills several of them ends one cell.
    """
    values, weights = _counting(values, weights)
    lowest, highest = _ends(values)
    if lowest > highest:
        return count_numbers(np.empty(0), values, weights)
    some, weight = _drawn(values, weights, ENOUGH)
    seen = ~np.isnan(some)
    ends, place = np.unique(some[seen], return_inverse=True)
    most = MAX_CELLS - 2
    if ends.size > most:
        reached = np.cumsum(np.bincount(place, weight[seen]))
        wanted = reached[-1] * np.arange(1, most + 1) / most
        ends = ends[np.unique(np.searchsorted(reached, wanted))]
    # Neither end need be among the rows drawn.
    return count_numbers(np.array([nextafter(lowest, -np.inf), *ends[:-1], highest]), values, weights)


def count_numbers(edges: Floats, values: Floats, weights: Floats | None = None) -> NumberDistribution:
    """Count rows in cells of these upper ends; `values` and `weights` are (n_rows,), as in `describe_numbers`."""
    values, weights = _counting(values, weights)
    cell = np.searchsorted(np.append(edges, np.inf), values)  # NaN lies beyond all
    counts = np.bincount(cell, weights, edges.size + 2).astype(np.float64, copy=False)
    return NumberDistribution(edges, counts[:-1], float(counts[-1]), *_ends(values))


def count_again(then: NumberDistribution, values: Floats, weights: Floats | None) -> NumberDistribution:
    """Count new rows in the cells of training rows: a number that is the end of one but for rounding lies in it."""
    slack = 0.6 * 10.0 ** (1 - DIGITS) * np.abs(then.edges)
    slack[:1] *= -1.0
    return replace(count_numbers(then.edges + slack, values, weights), edges=then.edges)


def count_texts(known: tuple[str, ...], texts: Sequence[str], code: Codes, weight: Floats | None) -> TextDistribution:
    """Count rows by the texts that are `known`.

    `code` (n_rows,) says which of `texts`, which are different, each row holds, −1 for none; `weight` (n_rows,) for how
    many rows it stands, None for one.
    """
    number = code.astype(np.intp) + 1
    missing, *held = np.bincount(number, weight, len(texts) + 1)
    rows = np.bincount(number, minlength=len(texts) + 1)[1:]
    place = {text: number for number, text in enumerate(known)}
    at = np.array([place.get(text, len(known)) for text in texts], np.intp)
    counts = np.bincount(at, held, len(known) + 1).astype(np.float64, copy=False)
    unseen_rows = int(rows[(at == len(known)) & (np.array(held) > 0.0)].sum())
    return TextDistribution(known, counts[:-1], float(missing), float(counts[-1]), unseen_rows)


def _ends(values: Floats) -> tuple[float, float]:
    """Find the lowest and the highest number; inf and -inf where there is none."""
    return float(np.fmin.reduce(values, initial=np.inf)), float(np.fmax.reduce(values, initial=-np.inf))


def _counting(values: Floats, weights: Floats | None) -> tuple[Floats, Floats]:
    """Leave out rows of weight 0."""
    return (values, np.ones(values.size)) if weights is None else (values[weights > 0.0], weights[weights > 0.0])


def _drawn(values: Floats, weights: Floats, size: int) -> tuple[Floats, Floats]:
    """Draw at most `size` rows by their weights, always the same ones: not every k-th, since rows often take turns."""
    drawn, weights = draw_by_weight(weights, size, np.random.default_rng(0))
    return values[drawn], weights


class Conversion(NamedTuple):
    """From a unit of the training rows to another one: number there = factor · number here + offset."""

    factor: float
    offset: float
    words: str  # as in "100 times smaller, as if metres for centimetres"


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
    some = _drawn(*_counting(values, weights), SAMPLE_ROWS)
    converted = [count_numbers(_converted(training.edges, one), *some) for one in CONVERSIONS]
    found = [max(distances(training.counts, one.counts)) for one in converted]
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


def _converted(edges: Floats, conversion: Conversion) -> Floats:
    """Move the ends of cells into another unit, so that rounding takes no number out of its cell."""
    with np.errstate(over="ignore", invalid="ignore"):  # what has no number in a unit has no row there
        scaled = conversion.factor * edges
        slack = ROUNDING * np.spacing(np.abs(scaled) + abs(conversion.offset))
        slack[:1] *= -1.0  # the lowest number lies just above the first end, others on theirs
        return scaled + conversion.offset + slack
