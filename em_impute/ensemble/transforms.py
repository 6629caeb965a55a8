"""The forms in which the predictors are looked at: as they are, made symmetric, as categories, cut into bins."""

from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.em.blocks import Floats, Integers
from em_impute.serialize.annotations import ANY, Axes, MayLack, Range

PLAIN, TEXTS = "plain", "texts"
"""The view in the data's own units, and that of the scores of texts in theirs."""

N_BINS = 8
"""Bins of equal size that the binned view cuts a number into; a value that fills several bins gets one to itself."""

POWERS = np.linspace(-3.0, 5.0, 33)
"""Where the likelihood of a Yeo–Johnson power is first looked at; a parabola through the best three refines it."""

SMALLEST_POWER = 1e-9
CONSTANT = 1e-12
"""A deviation below this part of the mean is rounding: equal numbers have a mean that is rounded."""


class Predictors(NamedTuple):
    """What is known of some rows beside their label."""

    x: Floats  # (n_rows, n_columns), standardised: the numbers first, then the categories' indicators; NaN is missing
    codes: Integers  # (n_rows, n_categories), −1 is missing
    levels: tuple[int, ...]  # number of texts of each category
    n_numbers: int  # columns of `x` that are measurements
    scores: tuple[tuple[float, float], ...] = ()  # shift and scale of the last of these that are scores of texts

    @property
    def are_empty(self) -> NDArray[np.bool_]:
        """Tell the rows of which nothing is known, (n_rows,)."""
        no_number: NDArray[np.bool_] = np.isnan(np.fmax.reduce(self.x, axis=1, initial=np.nan))
        return no_number & (self.codes < 0).all(axis=1)

    def take(self, rows: Integers | slice) -> "Predictors":
        """Keep some rows."""
        return self._replace(x=self.x[rows], codes=self.codes[rows])

    def beside(self, others: "Predictors") -> "Predictors":
        """Put other rows of the same columns after these."""
        return self._replace(x=np.vstack([self.x, others.x]), codes=np.vstack([self.codes, others.codes]))


@dataclass(frozen=True)
class View:
    """A way to look at the predictors, fitted to the rows once and then the same for every row."""

    name: Annotated[str, "Its name."]
    power: Annotated[
        Floats | None, Axes("n_numbers"), "Powers of Yeo & Johnson (2000); null leaves numbers as they are."
    ]
    shift: Annotated[Floats, Axes("n_numbers"), "What is subtracted from transformed numbers."]
    scale: Annotated[Floats, Axes("n_numbers"), "What they are then divided by."]
    indicators: Annotated[bool, "Categories are Gaussian columns of 0 and 1."]
    categories: Annotated[bool, "Categories are multinomial given the label."]
    edges: Annotated[
        tuple[Annotated[Floats, Axes(ANY)], ...] | None,
        Axes("n_numbers"),
        "Upper edges of each number's bins but the last; null keeps the numbers Gaussian.",
    ]
    levels: Annotated[tuple[int, ...], "Number of texts of each column of categories."]
    first: Annotated[int, Range(0), MayLack, "The first number that it shows."] = 0

    def show(self, predictors: Predictors) -> Predictors:
        """Look at rows through this view: Gaussian columns beside categories that are independent given the label."""
        numbers = predictors.x[:, self.first : self.first + self.shift.size]
        codes = predictors.codes if self.categories else predictors.codes[:, :0]
        if self.edges is not None:
            binned = [
                np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="left"))
                for values, edges in zip(numbers.T, self.edges, strict=True)
            ]
            return Predictors(numbers[:, :0], np.column_stack([*binned, codes]), self.levels, 0)
        if self.power is not None:
            powered = [yeo_johnson(values, power) for values, power in zip(numbers.T, self.power, strict=True)]
            numbers = (np.column_stack(powered) - self.shift) / self.scale
        if self.indicators:
            numbers = np.hstack([numbers, predictors.x[:, predictors.n_numbers :]])
        return Predictors(numbers, codes, self.levels, self.shift.size)


def fit_views(predictors: Predictors) -> tuple[View, ...]:
    """Make every view that shows these rows differently, "plain" (the data's own units) the first.

    Which of them predict the labels is for the ensemble to say.
    """
    n_numbers, levels = predictors.n_numbers, predictors.levels
    plain = plain_view(n_numbers)
    by_codes = replace(plain, indicators=False, categories=True, levels=levels)
    if not n_numbers:
        return plain, replace(by_codes, name="mixed")
    # Of a large table these rows are a sample, in which a column may well be constant or missing.
    known = [values[~np.isnan(values)] for values in predictors.x[:, :n_numbers].T]
    power = np.array([_best_power(values) for values in known])
    powered = [yeo_johnson(values, one) for values, one in zip(known, power, strict=True)]
    shift = np.array([values.mean() if values.size else 0.0 for values in powered])
    scale = np.array([values.std() if values.size else 1.0 for values in powered])
    scale[~(scale > CONSTANT * np.abs(shift))] = 1.0
    symmetric = replace(plain, name="symmetric", power=power, shift=shift, scale=scale)
    views = [plain, symmetric]
    if levels:
        views.append(replace(symmetric, name="numbers", indicators=False))
        views.append(replace(symmetric, name="mixed", indicators=False, categories=True, levels=levels))
    views += _beside_scores(symmetric, predictors)
    edges = tuple(bin_edges(values, N_BINS) for values in known)
    bins = tuple(one.size + 1 for one in edges)
    return *views, replace(by_codes, name="binned", edges=edges, levels=bins + levels)


def _beside_scores(symmetric: View, predictors: Predictors) -> list[View]:
    """Look at measurements without the scores of texts, noise with few labels, and at these alone in their units."""
    views, n = [], predictors.n_numbers - len(predictors.scores)
    if predictors.scores and n and symmetric.power is not None:
        power, shift, scale = (part[:n] for part in (symmetric.power, symmetric.shift, symmetric.scale))
        views.append(replace(symmetric, name="measured", power=power, shift=shift, scale=scale, indicators=False))
    if predictors.scores:
        shift, scale = np.array(predictors.scores).T
        same = np.ones(shift.size)  # a power of 1 changes nothing
        alone = replace(symmetric, name=TEXTS, power=same, shift=-shift / scale, scale=1.0 / scale, indicators=False)
        views.append(replace(alone, first=n))
    return views


def plain_view(n_numbers: int) -> View:
    """Make the view that shows numbers as they are and categories as indicators."""
    same = np.zeros(n_numbers), np.ones(n_numbers)
    return View(PLAIN, None, *same, indicators=True, categories=False, edges=None, levels=())


def yeo_johnson(values: Floats, power: float) -> Floats:
    """Transform numbers by the power family of Yeo & Johnson (2000, Biometrika 87); NaN stays NaN.

    ((1+v)^λ − 1)/λ for v ≥ 0 and −((1−v)^(2−λ) − 1)/(2−λ) below; a power of 0 is the logarithm.
    """
    size = np.log1p(np.abs(values))
    exponent = np.where(values < 0.0, 2.0 - power, power)
    # Exponents this small have the logarithm as their limit.
    flat = np.abs(exponent) < SMALLEST_POWER
    exponent = np.where(flat, 1.0, exponent)
    transformed = np.where(flat, size, np.expm1(exponent * size) / exponent)
    return np.copysign(transformed, values)


def _best_power(values: Floats) -> float:
    """Find the power under which the numbers are most likely to be a Gaussian's, by its profile likelihood."""
    if not values.size:
        return 1.0
    slope = np.sum(np.copysign(np.log1p(np.abs(values)), values))

    def log_likelihood(power: float) -> float:
        powered = yeo_johnson(values, power)
        deviation = powered.std()
        if not deviation > CONSTANT * np.abs(powered.mean()):
            return -np.inf
        return float(-values.size * np.log(deviation) + (power - 1.0) * slope)

    height = np.array([log_likelihood(power) for power in POWERS])
    best = int(np.clip(height.argmax(), 1, POWERS.size - 2))
    below, peak, above = height[best - 1 : best + 2]
    if not np.isfinite([below, peak, above]).all():
        return 1.0
    bend = below - 2.0 * peak + above
    if not bend < 0.0:
        return 1.0
    offset = np.clip(0.5 * (below - above) / bend, -1.0, 1.0)
    return float(POWERS[best] + offset * (POWERS[1] - POWERS[0]))


def bin_edges(values: Floats, n_bins: int) -> Floats:
    """Cut numbers into equal bins, (n_bins − 1,) edges halfway to the next number, where rounding moves none across."""
    if not values.size:
        return values
    cuts: Floats = np.quantile(values, np.arange(1, n_bins) / n_bins, method="inverted_cdf")
    # Without an edge below it too, a value that fills several bins would share its own with the few that come before.
    filling = np.unique(cuts[1:][cuts[1:] == cuts[:-1]])
    before = [values[values < value].max() for value in filling if values.min() < value]
    edges: Floats = np.unique(np.append(cuts, before))
    distinct = np.unique(values)
    below = edges[edges < distinct[-1]]
    halfway: Floats = 0.5 * (below + distinct[np.searchsorted(distinct, below, side="right")])
    return halfway
