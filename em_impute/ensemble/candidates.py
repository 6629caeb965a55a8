"""Which mixtures the ensemble is made of, and how much work their choice is worth: rows, members and repeats."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Annotated, NamedTuple

import numpy as np

from em_impute.em.blocks import Floats
from em_impute.ensemble.shrinkage import Shrinkage
from em_impute.ensemble.terms import count_terms, has_products
from em_impute.ensemble.transforms import PLAIN, TEXTS
from em_impute.serialize.annotations import Count, Range

FULL = Shrinkage(0.1, 0.5)
"""Each label its own covariance, hardly drawn in."""

SHRINKAGES = (
    Shrinkage(np.inf, 0.1),
    Shrinkage(np.inf, 0.5),
    Shrinkage(np.inf, 2.0),
    Shrinkage(np.inf, 0.5, independent=True),
    Shrinkage(1.0, 0.1),
    FULL,
    Shrinkage(1.0, 0.5, independent=True),
)
"""From linear discriminants through quadratic ones to naive Bayes; Friedman (1989) spans the same square."""

FEW_SHRINKAGES = (SHRINKAGES[0], SHRINKAGES[4], SHRINKAGES[5], SHRINKAGES[6])
"""Those that matter most, for tables that make every fit expensive."""

BASELINE_SHRINKAGES = (Shrinkage(np.inf, 0.01), Shrinkage(0.01, 0.01), Shrinkage(0.01, 0.01, independent=True))
"""Next to none: the plain mixtures of textbooks."""

BASELINE_PRIOR = 5.0
"""How much likelier than any other a plain mixture is beforehand to predict well: they are few beside the others, and
with few labels the prior decides."""

BASELINE_BELOW = 60
"""Labelled rows, a label, up to which plain mixtures are tried: with more of them the others say the same."""

CONVERGED = 100
"""Steps at most in which plain mixtures converge."""

DIVIDED_SHRINKAGES = (Shrinkage(1.0, 0.5), FULL)
CATEGORICAL = Shrinkage(np.inf, 0.5)
"""Where every column is a category, or the mixture is given, no covariance is left to shrink."""

STEPS = (0, 3, 25)
"""Steps of EM over the unlabelled rows: none, stopped early, nearly converged.  An early stop is a weak vote."""

COMPONENTS = (2, 4, 8)
ROWS_PER_COMPONENT = 4.5
DIVIDED_VIEWS = ("plain", "symmetric", "binned")


class Member(NamedTuple):
    """One mixture of the ensemble, before it is tempered."""

    view: Annotated[str, "The name of its view."]
    per_label: Annotated[int, Range(1), "Gaussians a label at most."]
    shrinkage: Shrinkage
    draws_means_in: Annotated[bool, "Means are drawn in by empirical Bayes."]
    steps: Annotated[Count, "Steps of EM over rows without a label."]

    @property
    def is_baseline(self) -> bool:
        """A mixture as in textbooks: EM over all rows until it converges, the labels' shares with the rest."""
        return self.steps == CONVERGED

    @property
    def prior(self) -> float:
        """How likely it is beforehand to predict well, beside the others."""
        return BASELINE_PRIOR if self.is_baseline else 1.0


class Plan(NamedTuple):
    """Members that are fitted together."""

    view: str
    per_label: int
    settings: Sequence[tuple[Shrinkage, bool]]  # and whether means are drawn in
    steps: Sequence[int]

    @property
    def members(self) -> list[Member]:
        """The members in the order of the mixtures: by steps, then by setting."""
        return [
            Member(self.view, self.per_label, shrinkage, means, step)
            for step in self.steps
            for shrinkage, means in self.settings
        ]


class Budget(NamedTuple):
    """What can be afforded."""

    n_labelled: int  # rows at most
    n_unlabelled: int
    thrifty: bool  # members that cost much and seldom matter are left out
    independent: bool  # and besides all that have covariances or go over the unlabelled rows


def plans(views: Sequence[str], n_columns: int, n_labelled: int, n_labels: int, budget: Budget) -> Iterator[Plan]:
    """Yield what is to be fitted."""
    shrinkages: tuple[Shrinkage, ...] = FEW_SHRINKAGES if budget.thrifty else SHRINKAGES
    steps: tuple[int, ...] = STEPS[:2] if budget.thrifty else STEPS
    if budget.independent:
        shrinkages, steps = tuple(one for one in SHRINKAGES if one.independent), STEPS[:1]
    if n_columns == 1:  # nothing is there to be independent of
        shrinkages = tuple(one for one in shrinkages if not one.independent)
    for view in views:
        if view in {"binned", TEXTS}:
            yield Plan(view, 1, [(CATEGORICAL, False)], (0,))
        else:
            # Means in the data's own units are left alone: one view of each kind is variety enough.
            yield Plan(view, 1, [(one, view != "plain") for one in shrinkages], steps)
    if budget.thrifty:
        return
    if n_labelled < BASELINE_BELOW * n_labels:
        yield Plan(PLAIN, 1, [(one, False) for one in BASELINE_SHRINKAGES[: 2 if n_columns == 1 else 3]], (CONVERGED,))
    enough = [per_label for per_label in COMPONENTS if n_labelled >= ROWS_PER_COMPONENT * per_label * n_labels]
    for per_label, view in product(enough, DIVIDED_VIEWS):
        if view in views:
            divided = DIVIDED_SHRINKAGES[:1] if view == "binned" else DIVIDED_SHRINKAGES
            yield Plan(view, per_label, [(one, False) for one in divided], (0,))


WORK = 2e9
"""Multiplications that EM over the unlabelled rows may take in one view: about a second."""

REFIT_WORK = 4e9
PREDICTING_WORK = 3e9
"""What predicting the rows to fill may take: a third of a second.  With half of the members no loss was seen."""

MAX_TERMS = 1.2e7
"""Numbers in the matrix of terms of either kind of rows: 96 MB."""

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


def budget_for(n_columns: int, n_patterns: int, n_mixtures: int, n_steps: int) -> Budget:
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
    return Budget(n_labelled, n_unlabelled, thrifty, inverses > MAX_INVERSES or not has_products(n_columns))


def refit_rows(n_columns: int, n_mixtures: int, n_steps: int) -> tuple[int, int]:
    """Say to how many labelled and unlabelled rows the chosen members are fitted."""
    n_terms, most = count_terms(n_columns), most_refit(n_columns)
    a_row = max(n_mixtures * n_steps, 1) * (4 * n_terms + EXPONENTIAL)
    return most, int(np.clip(REFIT_WORK / a_row, MIN_UNLABELLED, most))


def most_refit(n_columns: int) -> int:
    """Say to how many rows of either kind members are fitted at most."""
    n_terms = count_terms(n_columns)
    return int(min(np.clip(REFIT_ROWS_PER_TERM * n_terms, MIN_REFIT, MAX_REFIT), MAX_TERMS / n_terms))


def affordable_members(n_rows: int, cost: Floats) -> int:
    """Count the members, heaviest first, that can predict `n_rows` rows; `cost` (n_members,) is that of one row."""
    total = np.cumsum(cost) * n_rows
    return max(1, int(np.searchsorted(total, PREDICTING_WORK)))
