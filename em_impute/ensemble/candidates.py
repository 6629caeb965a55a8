"""Which mixtures the stack is made of."""

from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

import numpy as np

from em_impute.ensemble.shrinkage import Shrinkage
from em_impute.ensemble.transforms import PLAIN
from em_impute.serialize.annotations import Count, Range

__all__ = ["FULL", "SHRINKAGES", "STEPS", "Member", "Plan", "plans"]

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

PLAIN_SHRINKAGES = (Shrinkage(np.inf, 0.01), Shrinkage(0.01, 0.01), Shrinkage(0.01, 0.01, independent=True))
"""Next to none: the plain mixtures of textbooks."""

PLAIN_PRIOR = 5.0
"""How much likelier than any other a plain mixture is beforehand to predict well: they are few beside the others, and
with few labels the prior decides."""

PLAIN_BELOW = 60
"""Labelled rows, a label, up to which plain mixtures are tried: with more of them the others say the same."""

CONVERGED = 100
"""Steps at most in which plain mixtures converge."""

DIVIDED_SHRINKAGES = (Shrinkage(1.0, 0.5), FULL)
CATEGORICAL = Shrinkage(np.inf, 0.5)
"""Where every column is a category no covariance is left to shrink."""

STEPS = (0, 3, 25)
"""Steps of EM over the unlabelled rows: none, stopped early, nearly converged.  An early stop is a weak vote."""

COMPONENTS = (2, 4, 8)
ROWS_PER_COMPONENT = 4.5
DIVIDED_VIEWS = ("plain", "symmetric", "binned")


class Member(NamedTuple):
    """One mixture of the stack, before it is tempered."""

    view: Annotated[str, "The name of its view."]
    per_label: Annotated[int, Range(1), "Gaussians a label at most."]
    shrinkage: Shrinkage
    draws_means_in: Annotated[bool, "Means are drawn in by empirical Bayes."]
    steps: Annotated[Count, "Steps of EM over rows without a label."]

    @property
    def is_plain(self) -> bool:
        """A mixture as in textbooks: EM over all rows until it converges, the labels' shares with the rest."""
        return self.steps == CONVERGED

    @property
    def prior(self) -> float:
        """How likely it is beforehand to predict well, beside the others."""
        return PLAIN_PRIOR if self.is_plain else 1.0


class Plan(NamedTuple):
    """Members that are fitted together."""

    view: str
    per_label: int
    settings: Sequence[tuple[Shrinkage, bool]]  # and whether means are drawn in
    steps: Sequence[int]

    @property
    def is_plain(self) -> bool:
        """The mixtures are plain ones."""
        return self.per_label == 1 and self.steps[-1] == CONVERGED

    @property
    def members(self) -> list[Member]:
        """The members in the order of the mixtures: by steps, then by setting."""
        return [
            Member(self.view, self.per_label, shrinkage, means, step)
            for step in self.steps
            for shrinkage, means in self.settings
        ]


def plans(
    views: Sequence[str], n_columns: int, n_labelled: int, n_labels: int, *, thrifty: bool, independent: bool = False
) -> Iterator[Plan]:
    """Yield what is to be fitted.

    `thrifty` leaves out what costs much and seldom matters; `independent` all that has covariances or goes over the
    unlabelled rows, besides.
    """
    shrinkages: tuple[Shrinkage, ...] = FEW_SHRINKAGES if thrifty else SHRINKAGES
    steps: tuple[int, ...] = STEPS[:2] if thrifty else STEPS
    if independent:
        shrinkages, steps = tuple(one for one in SHRINKAGES if one.independent), STEPS[:1]
    if n_columns == 1:  # nothing is there to be independent of
        shrinkages = tuple(one for one in shrinkages if not one.independent)
    for view in views:
        if view == "binned":
            yield Plan(view, 1, [(CATEGORICAL, False)], (0,))
        else:
            # Means in the data's own units are left alone: one view of each kind is variety enough.
            yield Plan(view, 1, [(one, view != "plain") for one in shrinkages], steps)
    if PLAIN in views and not thrifty and not independent and n_labelled < PLAIN_BELOW * n_labels:
        yield Plan(PLAIN, 1, [(one, False) for one in PLAIN_SHRINKAGES[: 2 if n_columns == 1 else 3]], (CONVERGED,))
    for per_label in () if thrifty or independent else COMPONENTS:
        if n_labelled < ROWS_PER_COMPONENT * per_label * n_labels:
            break
        for view in views:
            if view in DIVIDED_VIEWS:
                divided = DIVIDED_SHRINKAGES[:1] if view == "binned" else DIVIDED_SHRINKAGES
                yield Plan(view, per_label, [(one, False) for one in divided], (0,))
