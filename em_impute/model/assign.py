"""From probabilities to labels."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers, slices
from em_impute.em.em import posterior
from em_impute.em.parameters import Parameters
from em_impute.ensemble.posterior_draws import EnsembleDraws
from em_impute.ensemble.transforms import Predictors
from em_impute.errors import DesignError, UsageError, option
from em_impute.model.siblings import Said
from em_impute.table.columns import Codes
from em_impute.table.text import listed

TINY = 1e-300
"""Stands for 0 where a logarithm is taken."""

MAX_NAMED = 12
"""Labels that an error lists."""


def most_probable(probability: Floats, min_probability: float) -> tuple[Integers, Floats]:
    """Choose each row's most probable label, −1 where its probability is below `min_probability`.

    `probability` is (n_rows, n_labels).  Of labels that are equally probable the first is taken: the alphabetical
    order of the labels decides, not chance.
    """
    code = probability.argmax(axis=1)
    best = probability[np.arange(code.size), code]
    return np.where(best >= min_probability, code, -1), best


def draw_labels(probability: Floats, uniform: Floats) -> Integers:
    """Draw each row's label by its probabilities: (n_rows,) codes.

    `probability` is (n_rows, n_labels), `uniform` (n_rows,) holds numbers from 0 up to but not including 1: the label
    drawn is where the cumulated probabilities, in the order of the labels, rise above that number.  A label of
    probability 0 is never drawn.
    """
    cumulated = probability.cumsum(axis=1)
    code = np.count_nonzero(cumulated <= uniform[:, None] * cumulated[:, -1:], axis=1)
    # The product may be rounded up to the sum of all.
    last = probability.shape[1] - 1 - (probability[:, ::-1] > 0).argmax(axis=1)
    return np.asarray(np.minimum(code, last), np.intp)


def total_entropy(probability: Floats, weight: Integers | Floats) -> float:
    """Sum the entropies, in nats, of (n_rows, n_labels) probabilities, each as often as its weight (n_rows,) says."""
    return sum(
        -float(weight[some] @ (probability[some] * np.log(np.maximum(probability[some], TINY))).sum(axis=1))
        for some in slices(weight.size)
    )


def over_labels(probability: Floats, place: Sequence[int], n_labels: int) -> Floats:
    """Give labels of which nothing was learnt the probability 0: (…, n_known), at `place`, to (…, n_labels)."""
    if [*place] == [*range(n_labels)]:
        return probability
    spread = np.zeros((*probability.shape[:-1], n_labels))
    spread[..., place] = probability
    return spread


def shift_log_odds(probability: Floats, delta: Floats) -> Floats:
    """Shift the log-odds of labels: p·exp(δ) with rows normalised again, (…, n_labels).

    `probability` is (…, n_labels), `delta` (n_labels,).  A δ for one label, with 0 for the others, means that at
    equal predictors its odds against the rest are exp(δ) times as high in rows where the label is missing as in rows
    where it is known; so does every δ with any constant added to all.  A label of probability 0 keeps it.
    """
    if not np.ptp(delta):
        return probability
    with np.errstate(divide="ignore"):
        log_joint = np.log(probability) + delta
    log_joint -= log_joint.max(axis=-1, keepdims=True)  # no row may vanish, however large δ
    shifted: Floats = np.exp(log_joint)
    shifted /= shifted.sum(axis=-1, keepdims=True)
    return shifted


def deltas_of(labels: Sequence[str], pairs: Sequence[tuple[str, float]]) -> Floats:
    """Turn shifts of some labels, (label, δ), into those of all, (n_labels,): 0 where nothing was said.

    Raises DesignError for a label that the column does not hold, UsageError for one that is named twice.
    """
    delta = np.zeros(len(labels))
    named: set[str] = set()
    for label, value in pairs:
        if label in named:
            raise UsageError(
                f"the log-odds of {label!r} are shifted twice", f"name each label once with {option('deltas')}"
            )
        if label not in labels:
            known = listed([repr(one) for one in labels], MAX_NAMED)
            raise DesignError(
                f"{option('deltas')} names {label!r}, which is not a label of the column", f"its labels are {known}"
            )
        named.add(label)
        delta[labels.index(label)] = value
    return delta


IMPUTING = 1
"""Different purposes draw different numbers from one seed."""

CHUNK_ROWS = 1 << 16


class CodedRows(NamedTuple):
    """Rows of a table as the fits of a model read them."""

    pooled: Predictors  # (n_rows, …), as the fit of all rows does
    of_groups: Mapping[str, tuple[Integers, Predictors]]  # places of the rows of a group with a fit of its own
    said: Said | None = None  # what they say together with others of their key


class MixtureDraws(NamedTuple):
    """Draws of one mixture."""

    parameters: Sequence[Parameters]
    component_label: Integers

    def predict(self, predictors: Predictors, number: Integers) -> Floats:
        """Give the probability of each label by some of the draws: (n_chosen, n_rows, n_labels)."""
        return np.array([posterior(self.parameters[b], self.component_label, predictors.x) for b in number])


Draws = MixtureDraws | EnsembleDraws
"""Draws of one fit."""


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
        chance = self.predict(rows, np.array([number]))[0]
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
