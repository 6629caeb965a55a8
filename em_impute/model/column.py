"""What was learnt of a column: the model, and what it says of the rows without a label."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from em_impute.columns.design import Design
from em_impute.columns.labels import Labels
from em_impute.columns.readings import Reading
from em_impute.columns.text_scores import TextScores
from em_impute.em.blocks import Flags, Floats, Integers
from em_impute.em.mixture import Mixture
from em_impute.ensemble.fit import EnsembleFit
from em_impute.missingness.how_missing import HeldOut
from em_impute.missingness.reasons import LogOddsShifts, Reasons
from em_impute.missingness.values import GroupOfRows
from em_impute.model.assign import CodedRows, GroupDraws, ModelDraws, over_labels, shift_log_odds
from em_impute.model.fit import Fitted, examples_of
from em_impute.model.groups import GroupFit
from em_impute.model.select import Choice
from em_impute.model.siblings import Said, Siblings, siblings_of
from em_impute.table.columns import Codes

REASONS = 4
"""Different purposes draw different numbers from one seed."""


@dataclass(frozen=True)
class FittedColumn:
    """What was learnt of one column."""

    labels: Labels  # as they were learnt from, with the names of the groups where no label was known
    design: Design
    fitted: Fitted
    groups: tuple[GroupOfRows, ...] | None  # the groups that --by divides the rows into
    delta: Floats  # (n_labels,), by how much log-odds are higher where a label is missing than the predictors say
    own: tuple[GroupFit, ...] = ()  # the fits of those groups that have one
    reasons: Reasons | None = None  # why labels are missing; None where that cannot be told, or the user said it
    shifts: LogOddsShifts | None = None
    """By how much log-odds are higher where a label is missing, as the reasons have it; None: not at all"""
    readings: tuple[Reading, ...] = ()  # how columns of texts became the numbers that are predictors
    texts: TextScores | None = None  # what makes predictors of texts; None where there are none, or they tell nothing

    @property
    def choice(self) -> Choice:
        """How the model was chosen."""
        return self.fitted.choice

    @property
    def mixture(self) -> Mixture:
        """The only mixture, or the one that leads the ensemble."""
        return self.fitted.lead()

    @property
    def ensemble(self) -> EnsembleFit | None:
        """The ensemble; None where one mixture was asked for."""
        return self.fitted.choice.ensemble

    def released(self) -> "FittedColumn":
        """Let go of what it says of each row, which is large, where nobody asks for that any more: siblings do."""
        if self.siblings is not None:
            return self
        return replace(self, fitted=self.fitted._replace(probability=self.fitted.probability[:0].copy()))

    @cached_property
    def unlabelled(self) -> Integers:
        """The distinct rows without a label, (n_unlabelled,)."""
        return np.flatnonzero(self.design.distinct.label < 0)

    @cached_property
    def distinct_probability(self) -> Floats:
        """(n_unlabelled, n_labels), with the shift of log-odds that the user asked for."""
        return shift_log_odds(self.unshifted, self.delta)

    @cached_property
    def unshifted(self) -> Floats:
        """(n_unlabelled, n_labels), as the reasons for missing labels have it."""
        said = self._alone if self.said is None else self.said.together
        return over_labels(said, self.fitted_labels, self.delta.size)

    @cached_property
    def _alone(self) -> Floats:
        """(n_unlabelled, n_fitted), what rows without a label say, each for itself."""
        probability = self.fitted.probability
        return probability if self.shifts is None else self.shifts.apply(probability)

    @cached_property
    def siblings(self) -> Siblings | None:
        """How rows of one key speak for each other."""
        design, clusters = self.design, self.fitted.how.clusters
        if design.same is None or clusters is None:
            return None
        weight = np.ones(design.distinct.label.size) if design.weighed else design.distinct.weight
        rate, label, held = design.same.exception_rate, design.distinct.label, self._held
        found = siblings_of(clusters.code, rate, label, weight, len(design.labels))
        return found if held is None else found.correlated(held)

    @cached_property
    def said(self) -> Said | None:
        """What rows without a label say together with those of their key; None where there is no key."""
        return None if self.siblings is None else self.siblings.of_unlabelled(self._alone)

    def heard(self, row: int, probability: Floats) -> Floats:
        """Let a row of the table hear those of its key, in each of the forms that say (n_copies, n_labels) alone."""
        if self.siblings is None or self.said is None:
            return probability
        alone = shift_log_odds(probability, -self.delta)[:, self.fitted_labels]
        distinct = int(self.design.distinct_of(np.array([row]))[0])
        heard = self.siblings.of_copies(distinct, alone, self.said)
        return shift_log_odds(over_labels(heard, self.fitted_labels, self.delta.size), self.delta)

    @cached_property
    def beyond(self) -> Flags:
        """The distinct rows without a label that are like no labelled row, (n_unlabelled,)."""
        return self.fitted.how.beyond(self.design)

    @cached_property
    def promise(self) -> HeldOut | None:
        """Known labels that were hidden, as if they were rows to fill: what is to be expected of these.

        Where labels are lost by class, rows of a class that loses many count more, and its probability is higher.
        Where rows of one key speak for each other, hidden ones hear as many siblings as rows to fill do.
        """
        held, clusters = self._held, self.fitted.how.clusters
        if held is None or clusters is None or self.siblings is None:
            return held
        return self.siblings.rehearsed(held, self._alone, clusters.kept_whole, self.choice.recipe.seed)

    @cached_property
    def _held(self) -> HeldOut | None:
        held, how, reasons = self.fitted.choice.held_out, self.fitted.how, self.reasons
        if held is not None and held.odds is not None:
            held = replace(held, odds=1.0 + how.by_predictors * (held.odds - 1.0))
        if held is not None and how.clusters is not None:
            held = replace(held, cluster=how.clusters.code[held.row])
        if held is None or reasons is None:
            return held
        weight = reasons.weights(held.label, held.odds) * held.weight
        held = replace(held, weight=weight / weight.mean())
        if self.shifts is None and not self.fitted.choice.recipe.free_shares:
            return held
        shifts = reasons.shifts()
        return replace(held, probability=shifts.apply(held.probability), baseline=shifts.apply(held.baseline))

    def draw(self, n_draws: int, seed: int) -> ModelDraws:
        """Draw the model so many times, and why labels are missing."""
        rng, fitted, reasons = np.random.default_rng(seed), self.design.labels, self.reasons
        pooled = self.fitted.draw(n_draws, seed)
        # As often as a group's own fit weighs it predicts, else the fit of all rows does.
        groups = {}
        for one in self.own:
            place, own = [fitted.index(label) for label in one.design.labels], one.fitted.draw(n_draws, seed)
            groups[one.group] = GroupDraws(rng.random(n_draws) < one.weight, own, place)
        factor = None
        if reasons is not None and self.shifts is not None and not self.shifts.is_none:
            factor = np.exp(reasons.draw(n_draws, np.random.default_rng([seed, REASONS])))
        return ModelDraws(pooled, groups, factor, self.fitted_labels, self.delta)

    def coded(self, rows: Integers) -> CodedRows:
        """Give some distinct rows as the fits read them."""
        groups = {}
        for one in self.own:
            mine = np.flatnonzero(np.isin(rows, one.rows))
            groups[one.group] = mine, examples_of(one.design).predictors.take(np.searchsorted(one.rows, rows[mine]))
        said = None if self.said is None else self.said.take(np.searchsorted(self.unlabelled, rows))
        return CodedRows(examples_of(self.design).predictors.take(rows), groups, said)

    @property
    def deciding_rows(self) -> Codes | None:
        """(n_rows,) the first row without a label of the same key: one draw is for all; None where there is no key."""
        if self.siblings is None:
            return None
        code = self.siblings.code[self.design.distinct_of(np.arange(self.labels.label.size))]
        missing = np.flatnonzero(self.labels.label < 0)
        deciding: Codes = np.arange(code.size)
        _, first, place = np.unique(code[missing], return_index=True, return_inverse=True)
        deciding[missing] = missing[first[place.reshape(-1)]]
        return deciding

    @property
    def fitted_labels(self) -> list[int]:
        """The places among all labels of those of which something was learnt."""
        return [self.labels.labels.index(label) for label in self.design.labels]

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
        place = np.empty(self.design.distinct.label.size, np.int32)
        place[self.unlabelled] = np.arange(self.unlabelled.size, dtype=np.int32)
        return place[self.design.distinct_of(rows)]

    def probability_of(self, rows: Codes) -> Floats:
        """Give the probability of each label for some rows without one: (n_chosen, n_labels)."""
        return self.distinct_probability[self.place_of(rows)]
