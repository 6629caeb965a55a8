"""The quantile of χ².  Not scipy's `chdtri`: it takes longer to import than a saved model to fill a small table."""

from functools import cache
from math import erfc, exp, log, pi, sqrt

CONVERGED = 1e-12
"""A relative step after which the next one is below rounding."""


@cache
def chi_squared_quantile(degrees: int, beyond: float) -> float:
    """Find what χ² of so many degrees of freedom, 1 at least, exceeds with a probability `beyond`, of 0.01 at most.

    Newton's method on the logarithm of the tail, which hardly bends beyond three standard deviations.
    """
    found, step = degrees + 3.0 * sqrt(2.0 * degrees), float("inf")
    while abs(step) > CONVERGED * found:
        tail, density = _tail(found, degrees)
        step = tail * log(tail / beyond) / density
        found += step
    return found


def _tail(value: float, degrees: int) -> tuple[float, float]:
    """Give the probability that χ² exceeds a value, and its density there (Abramowitz & Stegun 26.4.4 and 26.4.5)."""
    half = value / 2.0
    power, term = (0.0, exp(-half)) if degrees % 2 == 0 else (-0.5, exp(-half) / sqrt(pi * half))
    tail = term if degrees % 2 == 0 else erfc(sqrt(half))
    while power < degrees / 2.0 - 1.0:
        power += 1.0
        term *= half / power
        tail += term
    return tail, term / 2.0
