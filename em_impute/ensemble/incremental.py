"""What an ensemble remembers of the rows it was fitted to, and how it learns from further ones without the first.

The moments of the old rows stay as the saved parameters shared them out; new rows are shared out by the E step, and the
M step sees both.  That is incremental EM (Neal & Hinton 1998, "A view of the EM algorithm that justifies incremental,
sparse, and other variants"): each step raises the same bound of the log-posterior, whichever rows it visits.
"""

from dataclasses import replace
from typing import Annotated, NamedTuple

import numpy as np

from em_impute.em.blocks import Floats
from em_impute.ensemble.batched_em import (
    TrainingData,
    gather,
    label_totals,
    maximize,
    mean_strengths,
    no_rows,
    of_labelled,
    shared_sums,
)
from em_impute.ensemble.cross_validation import LEAST_CHANCE
from em_impute.ensemble.ensemble import TEMPERATURES, Ensemble, Submodel
from em_impute.ensemble.fit import subsampled
from em_impute.ensemble.folds import Examples, count_labels
from em_impute.ensemble.shrinkage import shares_of, strengths_of
from em_impute.ensemble.stacking_weights import PRIOR_ROWS, estimate_model_weight, observed_part, stack_weights
from em_impute.ensemble.student_t import temper
from em_impute.ensemble.sufficient_statistics import SufficientStatistics, group_rows
from em_impute.serialize.annotations import Axes, Key

ROUNDS = 5
"""E steps over the new rows.  Those before them do not move, so that little is left to gain after a few."""


class Remembered(NamedTuple):
    """What one submodel remembers."""

    sums: Annotated[SufficientStatistics, "Of all rows that it was fitted to."]
    strength: Annotated[Floats, Axes("n_members", "n_columns"), "Pseudo-rows that draw means in."]
    base: Annotated[Floats, Axes("n_texts"), "Share of each text of each category."]


class Memory(NamedTuple):
    """What an ensemble remembers."""

    known: Annotated[Floats, Axes("n_known"), "Rows of each label, by weight."]
    submodels: Annotated[tuple[Remembered, ...], Key("voices"), "What each submodel remembers."]


def remember(ensemble: Ensemble, examples: Examples, seed: int) -> Memory:
    """Sum up the rows that an ensemble was fitted to, by its own parameters: one more E step."""
    count = count_labels(examples, ensemble.n_labels)
    few = _as_heavy(subsampled(examples, seed), examples, ensemble.n_labels)
    submodels = []
    for submodel in ensemble.submodels:
        data = gather(submodel.view, few, ensemble.n_labels)
        strength = mean_strengths(data, label_totals(data), [one.draws_means_in for one in submodel.members])
        submodels.append(Remembered(_sums(submodel, data), strength, data.base))
    return Memory(count, tuple(submodels))


def learn(ensemble: Ensemble, memory: Memory, examples: Examples, seed: int) -> tuple[Ensemble, Memory]:
    """Go on from the old rows' moments with new rows: weights, the members' parameters and the labels' shares follow.

    The weights come first, while the new labels are still unseen.  The views stay, and which members there are.
    """
    count = memory.known + count_labels(examples, ensemble.n_labels)
    few = _as_heavy(subsampled(examples, seed), examples, ensemble.n_labels)
    ensemble = reweighed(ensemble, few, float(memory.known.sum()))
    submodels, remembered = [], []
    for submodel, old in zip(ensemble.submodels, memory.submodels, strict=True):
        data = replace(gather(submodel.view, few, ensemble.n_labels), base=old.base)
        for _ in range(ROUNDS):
            submodel = _step(submodel, old, data, count)  # noqa: PLW2901  # each round begins where the last one ended
        submodels.append(submodel)
        remembered.append(old._replace(sums=old.sums.plus(_sums(submodel, data))))
    known_labels = replace(ensemble, submodels=tuple(submodels), shares=shares_of(count))
    return known_labels, Memory(count, tuple(remembered))


def _step(submodel: Submodel, old: Remembered, data: TrainingData, count: Floats) -> Submodel:
    """Share the new rows out and take the M step over old and new ones."""
    sums = old.sums.plus(_sums(submodel, data))
    divided = submodel.is_divided or submodel.members[0].is_baseline
    log_share = np.log(shares_of(sums.weight if divided else np.broadcast_to(count, sums.weight.shape)))
    strengths = strengths_of([member.shrinkage for member in submodel.members], old.strength)
    return submodel._replace(batch=maximize(sums, strengths, log_share, data))


def _sums(submodel: Submodel, data: TrainingData) -> SufficientStatistics:
    """Sum rows as the members of a submodel share them out: (n_members, n_components, …).

    Members that took no step of EM over unlabelled rows learn from labelled ones alone.
    """
    batch, members = submodel.batch, submodel.members
    if submodel.is_divided:
        return shared_sums(data.labelled, batch, data.weight, submodel.component_label)
    sums = no_rows(batch)
    if data.labelled:
        totals = [np.repeat(total, len(members), axis=0) for total in label_totals(data)]
        sums = sums.plus(of_labelled(data, totals, batch.mean, batch.covariance))
    active = np.flatnonzero([member.steps > 0 for member in members])
    if not active.size:
        return sums
    guided = batch.take(active)
    for whole, part in zip(sums, shared_sums(data.unlabelled, guided, data.weight), strict=True):
        whole[active] += part
    return sums


def _as_heavy(few: Examples, examples: Examples, n_labels: int) -> Examples:
    """Let rows that were drawn weigh as much as all of them do, label by label; −1 is one of the labels here."""
    if few is examples:
        return examples
    of_all, of_drawn = (
        np.bincount(one.label + 1, one.weight, n_labels + 1).astype(np.float64, copy=False) for one in (examples, few)
    )
    factor = np.divide(of_all, of_drawn, out=np.zeros_like(of_all), where=of_drawn > 0)
    return few._replace(weight=few.weight * factor[few.label + 1])


def reweighed(ensemble: Ensemble, examples: Examples, n_before: float) -> Ensemble:
    """Weigh members, and the ensemble against the labels' shares, by their predictions of labels that are new to them.

    Every new label is one held out from members that were fitted before, so the weights go on as they began, by
    `stack_weights` (prequentially: Dawid 1984).  The `n_before` labels that they were found by, by weight, are a prior
    around them that counts for as many rows as those labels told of the weights (`observed_part`).  An ensemble of one
    mixture at one temperature, as `--single` asks for, stays that.
    """
    known = examples.take(np.flatnonzero(examples.label >= 0))
    before = np.concatenate([submodel.weight.ravel() for submodel in ensemble.submodels])  # (n_columns,)
    if not known.label.size or np.count_nonzero(before) == 1:
        return ensemble
    chance = chances(ensemble, known)
    unit = float(known.weight.mean())
    part = observed_part(chance, known.weight, before)
    prior_rows = PRIOR_ROWS + part * n_before
    weight = stack_weights(chance[:, None], known.weight / unit, before, prior_rows / unit)
    ends = np.cumsum([submodel.weight.size for submodel in ensemble.submodels])
    weights = zip(ensemble.submodels, np.split(weight, ends[:-1]), strict=True)
    submodels = tuple(submodel._replace(weight=part.reshape(submodel.weight.shape)) for submodel, part in weights)

    predicted, baseline = before @ chance, ensemble.shares[known.label]
    credit = ensemble.model_weight  # a weight of 1 stays 1
    part = observed_part(np.array([predicted, baseline]), known.weight, np.array([credit, 1.0 - credit]))
    model_weight = estimate_model_weight(predicted, baseline, known.weight, credit, 1.0 + part * n_before)
    return replace(ensemble, submodels=submodels, model_weight=model_weight)


def chances(ensemble: Ensemble, examples: Examples) -> Floats:
    """Compute what each mixture at each temperature gives to the label of each row: (n_columns, n_rows).

    They are held above LEAST_CHANCE, as in a comparison.  Columns are in the order of the submodels' weights; every row
    has a label.
    """
    found = []
    for submodel in ensemble.submodels:
        chance = np.empty((*submodel.weight.shape, examples.label.size))
        for group in group_rows(submodel.view.show(examples.predictors), np.arange(examples.label.size)):
            score = submodel.scorer(group.observed, ensemble.n_labels).of(group.terms)
            label = examples.label[group.rows]
            for number, temperature in enumerate(TEMPERATURES):
                predicted = temper(score, temperature)  # (n_labels, n_members, n_rows)
                chance[:, number, group.rows] = predicted[label, :, np.arange(label.size)].T
        found.append(np.maximum(chance, LEAST_CHANCE).reshape(submodel.weight.size, -1))
    return np.concatenate(found)
