"""How much each row of the table counts."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Floats, Integers
from em_impute.errors import DesignError, FitError, option
from em_impute.table.columns import NumberColumn
from em_impute.table.text import plural, shown

NEGLIGIBLE = 2.0**-52
"""A weight below this part of the largest one is lost in rounding where the two are added up."""

REMEDY = f"every row needs a number of 0 or more: correct these cells, or leave out {option('weights')}"


class WeightScale(NamedTuple):
    """What the weights of some rows are like."""

    largest: float
    sum: float  # in units of the largest
    n_rows: int  # that count
    is_equal: bool  # All of them are the largest.

    def plus(self, other: "WeightScale") -> "WeightScale":
        """Add other rows."""
        largest = max(self.largest, other.largest)
        total = sum(one.sum * (one.largest / largest) for one in (self, other) if one.largest)
        is_equal = self.is_equal and other.is_equal and self.largest == other.largest
        return WeightScale(largest, total, self.n_rows + other.n_rows, is_equal)


def scale_of(values: Floats) -> WeightScale:
    """Say what weights are like, (n_rows,)."""
    largest = float(values.max(initial=0.0))
    if not largest:
        return WeightScale(0.0, 0.0, 0, not values.size)
    relative = values / largest  # since a sum of weights as they are might be infinite
    counting = relative[relative >= NEGLIGIBLE]
    return WeightScale(largest, float(counting.sum()), counting.size, bool((values == largest).all()))


def relative_weights(values: Floats, scale: WeightScale) -> Floats | None:
    """Give weights, (n_rows,), with mean 1 over the rows of `scale` that count; None if all count alike.

    With mean 1 a prior that is worth so many rows is worth as many with weights.  Rows of weight 0 are left out of the
    mean, so that they teach nothing, not even how much the others count; a weight that any sum with the largest would
    lose is 0.
    """
    if scale.is_equal:
        return None
    weight: Floats = values / scale.largest
    weight[weight < NEGLIGIBLE] = 0.0
    weight /= scale.sum / scale.n_rows
    return weight


def read_weights(name: str, column: NumberColumn, line_of: Callable[[Integers], np.ndarray]) -> Floats | None:
    """Read a column of numbers as weights, (n_rows,) with mean 1 over the rows that count; None if all count alike.

    Raises as `checked_weights` and `refuse_no_weight` do.
    """
    values = checked_weights(name, column, line_of)
    scale = scale_of(values)
    refuse_no_weight(name, scale)
    return relative_weights(values, scale)


def refuse_no_weight(name: str, scale: WeightScale) -> None:
    """Raise FitError if all weights are 0."""
    if not scale.largest > 0.0:
        raise FitError(f"every weight in column {name!r} is 0", "give a weight above 0 to the rows to learn from")


def checked_weights(name: str, column: NumberColumn, line_of: Callable[[Integers], np.ndarray]) -> Floats:
    """Read a column of numbers as weights as they are, (n_rows,).

    Raises DesignError for a cell that is no weight, naming its line.
    """
    values = column.values
    if column.bad_examples or values is None:
        line, text = column.bad_examples[0]
        remedy = f"add {option('decimal', ',')}" if column.has_decimal_comma else REMEDY
        raise DesignError(f"column {name!r} holds {shown(text)} on line {line}: not a weight", remedy)
    if column.infinite:
        line, text = column.infinite
        raise DesignError(f"column {name!r} holds {shown(text)} on line {line}: a weight is finite", REMEDY)
    for wrong, what in ((np.isnan(values), "blank"), (values < 0.0, "negative")):
        if wrong.any():
            row = int(wrong.argmax())
            held = f"holds {values[row]:g}" if what == "negative" else "has no number"
            cells = plural(int(np.count_nonzero(wrong)), f"{what} cell")
            message = f"column {name!r} {held} on line {int(line_of(np.array([row]))[0])}: not a weight ({cells})"
            raise DesignError(message, REMEDY)
    return values
