"""Units in which every feature has mean 0 and standard deviation 1, whatever the data were measured in."""

import numpy as np

from em_impute.engine.blocks import Floats, slices

__all__ = ["FARTHEST", "in_units", "standard_units"]

FARTHEST = 1e12
"""Standard deviations.  Squares still tell on which side a row lies, as they would not from 1e16 on; and weights that
count span sixteen digits, so that of the rows a table can have none with a weight is so far out."""


def standard_units(values: Floats, weight: Floats) -> tuple[float, float]:
    """Compute mean and standard deviation of what is not NaN, for magnitudes from 1e-300 to 1e300.

    Numbers are taken in units of a power of two, so that the same in other such units are standardised to the same
    bits.  Rows of weight 0 have no say.  Slice by slice: no copy of a column is made unless there are such rows.
    """
    counting = weight > 0.0
    own = values if counting.all() else values[counting]
    largest = float(np.fmax(np.fmax.reduce(own), -np.fmin.reduce(own)))
    size = float(np.ldexp(0.5, np.frexp(largest)[1]))

    def seen(some: slice) -> tuple[Floats, Floats]:
        is_seen = ~np.isnan(values[some]) & (weight[some] > 0.0)
        return (values[some], weight[some]) if is_seen.all() else (values[some][is_seen], weight[some][is_seen])

    total = mean = square = 0.0
    for number, counts in map(seen, slices(values.size)):
        total += float(counts.sum())
        mean += float(counts @ (number / size))
    mean /= total
    for number, counts in map(seen, slices(values.size)):
        centred = number / size - mean
        square += float(counts @ (centred * centred))
    return float(mean * size), float(np.sqrt(square / total) * size)


def in_units(values: Floats, shift: float, scale: float, weight: Floats, out: Floats) -> None:
    """Standardise values, (n_rows,), into `out`; NaN stays NaN.

    A row that counts is never as far out as FARTHEST, since it takes part in the deviation.  One that does not can be
    beyond what can be squared: it stands at FARTHEST on its side, where every label's tail has come to its limit.
    """
    if (weight > 0.0).all():
        np.subtract(values, shift, out=out)
        out /= scale
        return
    with np.errstate(over="ignore"):
        np.subtract(values, shift, out=out)
        out /= scale
    np.clip(out, -FARTHEST, FARTHEST, out=out)
