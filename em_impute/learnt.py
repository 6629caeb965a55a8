"""What was learnt of a column: the model, and what it says of the rows without a label."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from em_impute.choose import tilt
from em_impute.design import Design
from em_impute.engine.blocks import Floats, Integers
from em_impute.fitting import Fitted
from em_impute.grouping import Group, OwnFit
from em_impute.labels import Labels
from em_impute.table.growing import Codes

__all__ = ["FittedColumn"]


@dataclass(frozen=True)
class FittedColumn:
    """What was learnt of one column."""

    labels: Labels
    """As they were learnt from, with the names of the groups where no label was known."""
    design: Design
    fitted: Fitted
    groups: tuple[Group, ...] | None
    """The groups that --by divides the rows into."""
    timings: Mapping[str, float]
    delta: Floats | None = None
    """(n_labels,), by how much log-odds are higher where a label is missing than the predictors say"""
    own: tuple[OwnFit, ...] = ()
    """The fits of those groups that have one."""

    @cached_property
    def unlabelled(self) -> Integers:
        """The distinct rows without a label, (n_unlabelled,)."""
        return np.flatnonzero(self.design.distinct.label < 0)

    @cached_property
    def distinct_probability(self) -> Floats:
        """(n_unlabelled, n_labels), with the shift of log-odds that the user asked for."""
        return self.shifted(self.at_random)

    @cached_property
    def at_random(self) -> Floats:
        """(n_unlabelled, n_labels), as if at equal predictors no label were missing more often than another."""
        return self.of_every_label(self.fitted.probability)

    def of_every_label(self, probability: Floats) -> Floats:
        """Give a label of which nothing was learnt the probability 0: (…, n_learnt) to (…, n_labels)."""
        names = self.labels.labels
        if self.design.labels == names:
            return probability
        spread = np.zeros((*probability.shape[:-1], len(names)))
        spread[..., [names.index(label) for label in self.design.labels]] = probability
        return spread

    def shifted(self, probability: Floats) -> Floats:
        """Shift the log-odds of (…, n_labels) as the user asked for."""
        return probability if self.delta is None else tilt(probability, self.delta)

    @cached_property
    def cells(self) -> Integers:
        """(n_unlabelled,) missing cells in rows that equal each distinct row without a label.

        A row of weight 0 has no label to learn from, but its cell need not be missing.
        """
        if self.design.index is not None:
            return self.design.distinct.weight[self.unlabelled].astype(np.intp)
        return (self.labels.label[self.unlabelled] < 0).astype(np.intp)

    def place_of(self, rows: Codes) -> Codes:
        """Find the distinct rows without a label that some rows without one equal: their places in `unlabelled`."""
        return self._place[self.design.distinct_of(rows)]

    @cached_property
    def _place(self) -> Codes:
        place = np.empty(self.design.distinct.label.size, np.int32)
        place[self.unlabelled] = np.arange(self.unlabelled.size, dtype=np.int32)
        return place

    def probability_of(self, rows: Codes) -> Floats:
        """Give the probability of each label for some rows without one: (n_chosen, n_labels)."""
        return self.distinct_probability[self.place_of(rows)]
