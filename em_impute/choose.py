"""From probabilities to labels."""

from dataclasses import dataclass

import numpy as np

from em_impute.engine.blocks import Floats, Integers

__all__ = ["Fills", "adjust_shares", "most_probable"]

MAX_ROUNDS = 1000
SETTLED = 1e-9
"""Change of every share at which the shares have settled."""


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


def adjust_shares(probability: Floats, weight: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """Let the rows to be filled have label shares of their own, by EM (Saerens, Latinne & Decaestecker 2002).

    `probability` (n_rows, n_labels) was computed under `shares` (n_labels,), `weight` (n_rows,) counts equal rows.
    Returns the probabilities under the shares ω that these rows make most likely, p·ω/shares normalised, and ω.
    """
    adjusted, free = probability, shares
    for _ in range(MAX_ROUNDS):
        last, free = free, weight @ adjusted / weight.sum()
        adjusted = probability * (free / shares)
        adjusted /= adjusted.sum(axis=1, keepdims=True)
        if np.abs(free - last).max() < SETTLED:
            break
    return adjusted, free
