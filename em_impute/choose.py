"""From probabilities to labels."""

from dataclasses import dataclass

import numpy as np

from em_impute.engine.blocks import Floats, Integers

__all__ = ["Fills", "most_probable"]


@dataclass(frozen=True)
class Fills:
    """What is to be written into the missing cells."""

    row: Integers
    """(n_missing,) rows of the table whose label is missing"""
    code: Integers
    """(n_missing,) label to write, −1 where the cell stays as it is"""
    probability: Floats
    """(n_missing,) of the most probable label, written or not"""
    expected: Floats
    """(n_labels,) expected number of missing cells of each label: the sum of the probabilities"""

    @property
    def n_filled(self) -> int:
        """Cells that get a label."""
        return int(np.count_nonzero(self.code >= 0))


def most_probable(probability: Floats, min_probability: float) -> tuple[Integers, Floats]:
    """Choose each row's most probable label, −1 where its probability is below `min_probability`.

    `probability` is (n_rows, n_labels).  Of labels that are equally probable the first is taken: the alphabetical
    order of the labels decides, not chance.
    """
    code = probability.argmax(axis=1)
    best = probability[np.arange(code.size), code]
    return np.where(best >= min_probability, code, -1), best
