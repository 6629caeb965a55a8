"""How much work the choice is worth: rows, members and repeats that fit into a moment."""

from typing import NamedTuple

import numpy as np

__all__ = [
    "MAX_REFIT",
    "Effort",
    "affordable_members",
    "count_terms",
    "effort_for",
    "most_refit",
    "refit_rows",
    "row_cost",
]

WORK = 2e9
"""Multiplications that EM over the unlabelled rows may take in one view: about a second."""

REFIT_WORK = 4e9
PREDICTING_WORK = 3e9
"""What predicting the rows to fill may take: a third of a second.  With half of the members no loss was seen."""

MAX_TERMS = 2.5e7
"""Numbers in the matrix of terms: 200 MB."""

MAX_LABELLED, MAX_UNLABELLED, MIN_UNLABELLED = 3000, 1000, 250
"""Rows on which members are compared: what more of them would say no longer changes the weights."""

MIN_REFIT, MAX_REFIT = 50_000, 200_000
"""Rows of either kind to which the chosen members are fitted."""

REFIT_ROWS_PER_TERM = 2000
"""Each number that is estimated from n rows costs 1/(2n) nats of log-loss (Akaike 1974): a Gaussian a quarter of a
thousandth in all.  Fits to 200,000 rows of 3, 6 and 15 predictors did not predict better than fits to so many."""

MANY_COLUMNS = 40
"""From so many columns on every product and inverse is dear: fewer members, fewer steps."""

MAX_INVERSES = 1e10
"""Where inverting all covariances once takes more, columns are independent within a label: 200 columns, or 50 of which
every row shows others.  With more columns than rows that predicts better than covariances do (Bickel & Levina 2004)."""

EXPONENTIAL, INVERSE, LOGARITHM = 40, 6, 80
"""What one of them costs in multiplications (an inverse: a cube of the columns)."""


class Effort(NamedTuple):
    """What can be afforded."""

    n_labelled: int  # rows at most
    n_unlabelled: int
    thrifty: bool  # members that cost much and seldom matter are left out
    independent: bool  # and all that have covariances


def effort_for(n_columns: int, n_patterns: int, n_mixtures: int, n_steps: int) -> Effort:
    """Say on how many rows members can be compared.

    `n_columns` are the Gaussian columns of the widest view, `n_patterns` the different sets of missing predictors,
    `n_mixtures` components in all: settings times held-out sets times labels.
    """
    n_terms = count_terms(n_columns)
    a_row = n_mixtures * n_steps * (4 * n_terms + EXPONENTIAL)
    inverses = n_mixtures * n_patterns * INVERSE * n_columns**3
    overhead = n_steps * inverses
    thrifty = n_columns > MANY_COLUMNS or overhead + a_row * MIN_UNLABELLED > 4 * WORK
    n_unlabelled = int(np.clip((WORK - overhead) / a_row, MIN_UNLABELLED, MAX_UNLABELLED))
    n_labelled = int(min(MAX_LABELLED, MAX_TERMS / n_terms))
    return Effort(n_labelled, n_unlabelled, thrifty, inverses > MAX_INVERSES)


def refit_rows(n_columns: int, n_mixtures: int, n_steps: int) -> tuple[int, int]:
    """Say to how many labelled and unlabelled rows the chosen members are fitted."""
    n_terms, most = count_terms(n_columns), most_refit(n_columns)
    a_row = max(n_mixtures * n_steps, 1) * (4 * n_terms + EXPONENTIAL)
    return most, int(np.clip(REFIT_WORK / a_row, MIN_UNLABELLED, most))


def most_refit(n_columns: int) -> int:
    """Say to how many rows of either kind members are fitted at most."""
    n_terms = count_terms(n_columns)
    return int(min(np.clip(REFIT_ROWS_PER_TERM * n_terms, MIN_REFIT, MAX_REFIT), MAX_TERMS / n_terms))


def affordable_members(n_rows: int, cost: np.ndarray) -> int:
    """Count the members, heaviest first, that can predict `n_rows` rows; `cost` (n_members,) is that of one row."""
    total = np.cumsum(cost) * n_rows
    return max(1, int(np.searchsorted(total, PREDICTING_WORK)))


def row_cost(n_columns: int, n_components: int) -> float:
    """Estimate what predicting one row with one mixture takes."""
    return n_components * (2 * count_terms(n_columns) + LOGARITHM)


def count_terms(n_columns: int) -> int:
    """Count the terms of a row: 1, x and the products."""
    return 1 + n_columns + n_columns * (n_columns + 1) // 2
