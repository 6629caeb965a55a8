"""How far apart two distributions lie that are counted in the same cells, and what is beyond chance."""

from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Floats, Integers

FEW_ROWS = 8
"""Fewer rows on either side are not judged."""

CHANCE = 0.001
"""How often chance alone may go beyond a limit."""

DEVIATIONS = 3.0902
"""Standard deviations that a normal number exceeds so often."""

CONVENTION = 0.25
"""An index beyond it is "a major shift" however large the files are (Siddiqi 2006, "Credit Risk Scorecards")."""

N_GROUPS = 10

EXPECTED, LEAST_EXPECTED = 5.0, 1.0
"""Rows to be expected in a group, in the smaller file, for χ² to hold (Cochran 1954): five in most, one at least."""

NEARLY = 0.95
"""A group is full with this part of a tenth, since cells of 1 % seldom add up to exactly 10 %."""


class Index(NamedTuple):
    """The population stability index, and what it must exceed to be called drift."""

    value: float
    limit: float

    @property
    def is_drift(self) -> bool:
        """Tell whether that is more than chance and enough to matter."""
        return self.value > self.limit


def psi(expected: Floats, observed: Floats, unseen: float = 0.0) -> Index | None:
    """Compare counts in the same cells, (n_cells,), by the population stability index Σ (q − p) ln(q/p).

    Cells are merged with their neighbours into about ten groups of equal weight in training, fewer if there are few
    rows; `unseen`, the weight of observed rows that belong to no cell, is a group of its own.  A group without observed
    rows counts as half a row, for the logarithm's sake.

    Where nothing has changed, PSI/(1/n + 1/m) of n and m rows is about χ² with a degree of freedom less than there are
    groups (Yurdakul 2018, "Statistical properties of the population stability index").  The limit is the 99.9 %
    quantile of that, or the conventional 0.25 if this is more.  None where either side has fewer than FEW_ROWS.
    """
    n, m = float(expected.sum()), float(observed.sum()) + unseen
    if min(n, m) < FEW_ROWS:
        return None
    group = _groups(expected / n, max(NEARLY / N_GROUPS, EXPECTED / min(n, m)), LEAST_EXPECTED / min(n, m))
    then, now = np.bincount(group, expected), np.bincount(group, observed)  # (n_groups,)
    if unseen:
        then, now = np.append(then, 0.0), np.append(now, unseen)
    p, q = np.maximum(then, 0.5) / n, np.maximum(now, 0.5) / m
    by_chance = _chi_squared(p.size - 1) * (1.0 / n + 1.0 / m) if p.size > 1 else 0.0
    return Index(float(((q - p) * np.log(q / p)).sum()), max(CONVENTION, by_chance))


def is_more_often(then: float, n_then: float, now: float, n_now: float, least: float) -> bool:
    """Tell whether something is found in a larger share of rows now: by `least` more, and that not by chance.

    `then` of `n_then` rows and `now` of `n_now` rows have it.  Given how many have it in all, those of now are binomial
    if nothing has changed (Przyborowski & Wilenski 1940); of what is common, that makes chance look a little larger.
    """
    if min(n_then, n_now) < FEW_ROWS or now / n_now - then / n_then < least:
        return False
    from scipy.special import betainc  # late: hardly a table asks for it

    return float(betainc(now, then + 1.0, n_now / (n_then + n_now))) < CHANCE


def _chi_squared(degrees: int) -> float:
    """Say what χ² of so many degrees of freedom exceeds as often as `CHANCE`, by Wilson & Hilferty (1931).

    That is 3 % too much for one degree and less for more.  Not scipy's `chdtri`: to import it takes longer than a saved
    model takes to fill a small table.
    """
    variance = 2.0 / (9.0 * degrees)
    return float(degrees * (1.0 - variance + DEVIATIONS * variance**0.5) ** 3)


def _groups(share: Floats, full: float, least: float) -> Integers:
    """Merge neighbouring cells, (n_cells,) shares, into groups of `full`: the number of each cell's group, (n_cells,).

    A rare cell beside one that fills a group has a group of its own if it has at least `least`, as all groups have.
    """
    group, number, held = np.zeros(share.size, np.intp), 0, 0.0
    for cell, one in enumerate(share.tolist()):
        if held >= full or (one >= full and held >= least):
            number, held = number + 1, 0.0
        group[cell] = number
        held += one
    if held < least and number:
        group[group == number] = number - 1
    return group
