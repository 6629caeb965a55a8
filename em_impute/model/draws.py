"""Draws of a fitted model, which say how sure it is: its parameters, which fit predicts, and why labels are missing.

One draw is the same for every row of a table, also of one that is read in parts.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers, slices
from em_impute.em.em import posterior
from em_impute.em.parameters import Parameters
from em_impute.ensemble.transforms import Predictors
from em_impute.model.assign import draw_labels, over_labels, shift_log_odds
from em_impute.model.siblings import Said
from em_impute.table.columns import Codes

IMPUTING = 1
"""Different purposes draw different numbers from one seed."""

CHUNK_ROWS = 1 << 16


class CodedRows(NamedTuple):
    """Rows of a table as the fits of a model read them."""

    pooled: Predictors  # (n_rows, …), as the fit of all rows does
    of_groups: Mapping[str, tuple[Integers, Predictors]]  # places of the rows of a group with a fit of its own
    said: Said | None = None  # what they say together with others of their key


class Draws(Protocol):
    """Draws of one fit."""

    def predict(self, predictors: Predictors, number: Integers) -> Floats:
        """Give the probability of each label by some of the draws: (n_chosen, n_rows, n_labels)."""


class MixtureDraws(NamedTuple):
    """Draws of one mixture."""

    parameters: Sequence[Parameters]
    component_label: Integers

    def predict(self, predictors: Predictors, number: Integers) -> Floats:
        """Give the probability of each label by some of the draws: (n_chosen, n_rows, n_labels)."""
        return np.array([posterior(self.parameters[b], self.component_label, predictors.x) for b in number])


class GroupDraws(NamedTuple):
    """Draws of the own fit of a group."""

    predicts: Flags  # (n_draws,), else the fit of all rows does
    draws: Draws
    place: Sequence[int]  # of the labels that it knows among those of the fit of all rows


class ModelDraws(NamedTuple):
    """Draws of a whole model."""

    pooled: Draws
    groups: Mapping[str, GroupDraws]
    factor: Floats | None  # (n_draws, n_fitted), on the odds, as the reason for missing labels has it; None: 1
    place: Sequence[int]  # of the fitted labels among those of the column
    delta: Floats  # (n_labels,) log-odds added

    def predict(self, rows: CodedRows, number: Integers) -> Floats:
        """Give the probability of each label of the column by some of the draws: (n_chosen, n_rows, n_labels)."""
        chance = self.pooled.predict(rows.pooled, number)
        for name, (mine, predictors) in rows.of_groups.items():
            own, n_labels = self.groups[name], chance.shape[-1]
            by_own = own.predicts[number]
            if mine.size and by_own.any():
                said = own.draws.predict(predictors, number[by_own])
                chance[np.ix_(by_own, mine)] = over_labels(said, own.place, n_labels)
        if self.factor is not None:
            chance *= self.factor[number, None]
            chance /= chance.sum(axis=-1, keepdims=True)
        if rows.said is not None:
            chance = rows.said.in_draws(chance)
        return shift_log_odds(over_labels(chance, self.place, self.delta.size), self.delta)

    def draw(self, rows: CodedRows, place: Codes, number: int, uniform: Floats) -> Codes:
        """Draw the labels of cells once: (n_cells,), by the `place` of each in `rows` and a number from 0 to 1."""
        n_rows, one = rows.pooled.x.shape[0], np.array([number])
        if rows.of_groups or rows.said is not None:
            chance = self.predict(rows, one)[0]
        else:
            parts = (CodedRows(rows.pooled.take(part), {}) for part in slices(n_rows, CHUNK_ROWS))
            chance = np.concatenate([self.predict(part, one)[0] for part in parts])
        code = np.empty(place.size, np.int16)  # there may be many cells, but no more than 1,000 labels
        for part in slices(place.size, CHUNK_ROWS):
            code[part] = draw_labels(chance[place[part]], uniform[part])
        return code


def uniform_numbers(seed: int, number: int, first: int, last: int) -> Floats:
    """Give the numbers, from 0 to 1, that decide what is drawn for rows `first` to `last` of a table: (last − first,).

    They depend on the seed, the number of the imputation, and the row, so that it does not matter how a table is cut.
    """
    bits = np.random.default_rng([seed, IMPUTING, number]).bit_generator
    return np.random.Generator(bits.advance(first)).random(last - first)  # type: ignore[attr-defined]


def seed_of_imputing(seed: int) -> int:
    """Give the seed of the draws of a model that imputations are made by."""
    return int(np.random.default_rng([seed, IMPUTING]).integers(1 << 31))
