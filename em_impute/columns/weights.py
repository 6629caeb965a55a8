"""How much each row of the table counts."""

from collections.abc import Callable

import numpy as np

from em_impute.em.blocks import Floats, Integers
from em_impute.errors import DesignError, FitError, option
from em_impute.table.number_columns import NumberColumn
from em_impute.table.text import plural, shown

NEGLIGIBLE = 2.0**-52
"""A weight below this part of the largest one is lost in rounding where the two are added up."""

REMEDY = f"every row needs a number of 0 or more: correct these cells, or leave out {option('weights')}"


def read_weights(name: str, column: NumberColumn, line_of: Callable[[Integers], np.ndarray]) -> Floats | None:
    """Read a column of numbers as weights, (n_rows,) with mean 1 over the rows that count; None if all count alike.

    With mean 1 a prior that is worth so many rows is worth as many with weights.  Rows of weight 0 are left out of the
    mean, so that they teach nothing, not even how much the others count; a weight that any sum with the largest would
    lose is 0.  Raises DesignError for a cell that is no weight, naming its line, and FitError if all are 0.
    """
    values = column.values
    if column.bad_examples or values is None:
        line, text = column.bad_examples[0]
        remedy = f"add {option('decimal', ',')}" if column.decimal_comma else REMEDY
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
    largest = float(values.max())
    if not largest > 0.0:
        raise FitError(f"every weight in column {name!r} is 0", "give a weight above 0 to the rows to learn from")
    if (values == largest).all():
        return None
    weight: Floats = values / largest  # first, since a sum of weights as they are might be infinite
    weight[weight < NEGLIGIBLE] = 0.0
    weight /= weight[weight > 0.0].mean()
    return weight
