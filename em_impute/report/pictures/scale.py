"""Numbers of any size on an axis: where they lie between its ends, and which ticks it has."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "Scale", "scale_over"]

Floats = NDArray[np.float64]

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)

LARGEST, SMALLEST = 1e7, 1e-4
"""Beyond them a tick is written with a power of ten."""

GROUPED = 1e4
"""From here on thousands are separated; below it they may be years."""

HUGE = 8e307
"""Half of the largest number: a difference of two within it does not overflow."""


class Scale(NamedTuple):
    """Both ends of an axis, low < high."""

    low: float
    high: float

    def place(self, values: Sequence[float] | Floats) -> Floats:
        """Say where values lie, 0 at the low end and 1 at the high one."""
        half = self.high / 2.0 - self.low / 2.0  # the whole difference may leave the range of numbers
        return np.asarray((np.asarray(values, np.float64) / 2.0 - self.low / 2.0) / half)

    def ticks(self, about: int = 5) -> list[tuple[float, str]]:
        """Choose round numbers between the ends, as (value, text)."""
        span = self.high - self.low
        if not (math.isfinite(span) and span / about > 1e-300):  # noqa: PLR2004
            return [(end, f"{end:.3g}") for end in (self.low, self.high)]
        power = 10.0 ** math.floor(math.log10(span / about))
        steps = [times * power / 10.0 for times in STEPS[:-1]] + [times * power for times in STEPS]
        at = next(i for i, step in enumerate(steps) if step >= span / about * (1.0 - 1e-9))
        first, last, step = 0, 0, steps[at]
        for step in reversed(steps[at - 2 : at + 1]):  # one that is met but once gives way to the next smaller
            first, last = math.ceil(self.low / step - 1e-6), math.floor(self.high / step + 1e-6)
            if last > first:
                break
        if last - first > 2 * about or last <= first:  # rounding: the ends are nearly the same number
            return [(end, f"{end:.6g}") for end in (self.low, self.high)]
        values = [i * step for i in range(first, last + 1)]
        return [(value, _written(value, step, max(abs(self.low), abs(self.high)))) for value in values]


def scale_over(values: Sequence[float] | Floats, *, margin: float = 0.0) -> Scale:
    """Make an axis that holds all values, wider on both sides by `margin` of their range; equal ones are its middle."""
    seen = np.asarray(values, np.float64)
    seen = np.clip(seen[np.isfinite(seen)], -HUGE, HUGE)
    if not seen.size:
        return Scale(0.0, 1.0)
    low, high = float(seen.min()), float(seen.max())
    widened = margin * (high - low)
    if low - widened < high + widened:
        low, high = low - widened, high + widened
    least = 1e-9 * max(abs(low), abs(high))  # below it, ticks and places would show rounding
    if high - low <= least or high == low:
        middle, half = low / 2.0 + high / 2.0, max(abs(low), abs(high)) / 2.0
        return Scale(middle - half, middle + half) if half > 1e-290 else Scale(middle - 0.5, middle + 0.5)  # noqa: PLR2004
    return Scale(low, high)


def _written(value: float, step: float, largest: float) -> str:
    """Write a tick with as many digits as tell it from its neighbours."""
    if value == 0.0:
        return "0"
    digits = max(0, math.ceil(-math.log10(step) - 1e-9))
    if round(step, digits) != step and digits < 300:  # noqa: PLR2004  # steps of 2.5
        digits += 1
    if largest >= LARGEST or largest < SMALLEST:
        needed = max(0, math.floor(math.log10(abs(value))) + digits) if digits else _needed(value, step)
        mantissa, _, exponent = f"{value:.{min(needed, 9)}e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        return f"{mantissa}e{int(exponent)}".replace("-", "−", 1 if value < 0 else 0)
    text = f"{value:,.{digits}f}" if largest >= GROUPED else f"{value:.{digits}f}"
    return text.replace("-", "−")


def _needed(value: float, step: float) -> int:
    return max(0, math.floor(math.log10(abs(value))) - math.floor(math.log10(step)) + 1)
