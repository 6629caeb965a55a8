"""What a stack remembers of the rows it was fitted to, and how it learns from further ones without the first.

The moments of the old rows stay as the saved parameters shared them out; new rows are shared out by the E step, and the
M step sees both.  That is incremental EM (Neal & Hinton 1998, "A view of the EM algorithm that justifies incremental,
sparse, and other variants"): each step raises the same bound of the log-posterior, whichever rows it visits.
"""

from dataclasses import replace
from typing import Annotated, NamedTuple

import numpy as np

from em_impute.em.blocks import Floats
from em_impute.ensemble.batched_em import (
    Material,
    gather,
    label_totals,
    log_share_of,
    maximize,
    mean_strengths,
    no_rows,
    of_labelled,
    with_unlabelled,
    within_labels,
)
from em_impute.ensemble.cross_validation import LEAST_CHANCE, TEMPERATURES
from em_impute.ensemble.ensemble import Ensemble, Voice
from em_impute.ensemble.fit import shares_of, thinned
from em_impute.ensemble.folds import Examples, count_labels
from em_impute.ensemble.shrinkage import strengths_of
from em_impute.ensemble.stacking_weights import PRIOR_ROWS, observed_part, stack_weights, trust_over_shares
from em_impute.ensemble.student_t import make_scorer, temper
from em_impute.ensemble.sufficient_statistics import Sums, independent_sums
from em_impute.serialize.annotations import Axes

__all__ = ["Memory", "Remembered", "chances", "learn", "remember", "reweighed"]

ROUNDS = 5
"""E steps over the new rows.  Those before them do not move, so that little is left to gain after a few."""


class Remembered(NamedTuple):
    """What one voice remembers."""

    sums: Annotated[Sums, "Of all rows that it was fitted to."]
    strength: Annotated[Floats, Axes("n_members", "n_columns"), "Pseudo-rows that draw means in."]
    base: Annotated[Floats, Axes("n_texts"), "Share of each text of each category."]


class Memory(NamedTuple):
    """What a stack remembers."""

    known: Annotated[Floats, Axes("n_known"), "Rows of each label, by weight."]
    voices: Annotated[tuple[Remembered, ...], "What each voice remembers."]


def remember(ensemble: Ensemble, examples: Examples, seed: int) -> Memory:
    """Sum up the rows that an ensemble was fitted to, by its own parameters: one more E step."""
    count = count_labels(examples, ensemble.n_labels)
    few = _as_heavy(thinned(examples, seed), examples, ensemble.n_labels)
    voices = []
    for voice in ensemble.voices:
        material = gather(voice.view, few, ensemble.n_labels)
        nobody = np.zeros((1, few.label.size), dtype=bool)
        totals = [label_totals(group, material, nobody) for group in material.labelled]
        drawn_in = np.array([[one.draws_means_in] for one in voice.members])
        strength = np.where(drawn_in, mean_strengths(material, totals, 1), 0.0)
        voices.append(Remembered(_sums(voice, material), strength, material.base))
    return Memory(count, tuple(voices))


def learn(ensemble: Ensemble, memory: Memory, examples: Examples, seed: int) -> tuple[Ensemble, Memory]:
    """Go on from the old rows' moments with new rows: weights, the members' parameters and the labels' shares follow.

    The weights come first, while the new labels are still unseen.  The views stay, and which members there are.
    """
    count = memory.known + count_labels(examples, ensemble.n_labels)
    few = _as_heavy(thinned(examples, seed), examples, ensemble.n_labels)
    ensemble = reweighed(ensemble, few, float(memory.known.sum()))
    voices, remembered = [], []
    for voice, old in zip(ensemble.voices, memory.voices, strict=True):
        material = replace(gather(voice.view, few, ensemble.n_labels), base=old.base)
        for _ in range(ROUNDS):
            voice = _step(voice, old, material, count)  # noqa: PLW2901  # each round begins where the last one ended
        voices.append(voice)
        remembered.append(old._replace(sums=old.sums.plus(_sums(voice, material))))
    learnt = replace(ensemble, voices=tuple(voices), shares=shares_of(count))
    return learnt, Memory(count, tuple(remembered))


def _step(voice: Voice, old: Remembered, material: Material, count: Floats) -> Voice:
    """Share the new rows out and take the M step over old and new ones."""
    sums = old.sums.plus(_sums(voice, material))
    divided = voice.members[0].per_label > 1 or voice.members[0].is_plain
    log_share = log_share_of(sums.weight if divided else np.broadcast_to(count, sums.weight.shape))
    strengths = strengths_of([member.shrinkage for member in voice.members], old.strength)
    return voice._replace(batch=maximize(sums, strengths, log_share, material))


def _sums(voice: Voice, material: Material) -> Sums:
    """Sum rows as the members of a voice share them out: (n_members, n_components, …).

    Members that took no step of EM over unlabelled rows learn from labelled ones alone.
    """
    batch, n_members = voice.batch, len(voice.members)
    if voice.members[0].per_label > 1:
        weight = np.broadcast_to(material.weight, (n_members, material.weight.size))
        return within_labels(material, batch, voice.component_label, weight)
    sums = no_rows(batch).plus(_labelled(voice, material)) if material.labelled else no_rows(batch)
    active = np.flatnonzero([member.steps > 0 for member in voice.members])
    if not active.size:
        return sums
    guided = batch.take(active)
    for whole, part in zip(sums, with_unlabelled(no_rows(guided), material, guided), strict=True):
        whole[active] += part
    return sums


def _labelled(voice: Voice, material: Material) -> Sums:
    nobody = np.zeros((1, material.label.size), dtype=bool)
    totals = [
        np.repeat(label_totals(group, material, nobody), len(voice.members), axis=0) for group in material.labelled
    ]
    if all(member.shrinkage.independent for member in voice.members):
        return independent_sums(totals, material.labelled, voice.batch.mean, voice.batch.covariance)
    return of_labelled(material, totals, voice.batch.mean, voice.batch.covariance)


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
    """Weigh members, and the stack against the labels' shares, by how they predict new labels before they learn them.

    Every new label is one held out from members that were fitted before, so the weights go on as they began, by
    `stack_weights` (prequentially: Dawid 1984).  The `n_before` labels that they were found by, by weight, are a prior
    around them that counts for as many rows as those labels told of the weights (`observed_part`).  A stack of one
    mixture at one temperature, as `--single` asks for, stays that.
    """
    known = examples.take(np.flatnonzero(examples.label >= 0))
    before = np.concatenate([voice.weight.ravel() for voice in ensemble.voices])  # (n_columns,)
    if not known.label.size or np.count_nonzero(before) == 1:
        return ensemble
    chance = chances(ensemble, known)
    unit = float(known.weight.mean())
    part = observed_part(chance, known.weight, before)
    prior_rows = PRIOR_ROWS + part * n_before
    weight = stack_weights(chance[:, None], known.weight / unit, before, prior_rows / unit)
    return replace(
        ensemble, voices=_weighed(ensemble.voices, weight), trust=_trust(ensemble, known, before @ chance, n_before)
    )


def chances(ensemble: Ensemble, examples: Examples) -> Floats:
    """Compute what each mixture at each temperature gives to the label of each row: (n_columns, n_rows).

    They are held above LEAST_CHANCE, as in a comparison.  Columns are in the order of the voices' weights; every row
    has a label.
    """
    return np.concatenate([_chances(voice, examples, ensemble.n_labels) for voice in ensemble.voices])


def _chances(voice: Voice, examples: Examples, n_labels: int) -> Floats:
    material = gather(voice.view, examples, n_labels)
    chance = np.empty((*voice.weight.shape, examples.label.size))
    for group in material.labelled:
        score = make_scorer(group.observed, voice.batch, voice.component_label, n_labels).of(group.terms)
        label = examples.label[group.rows]
        for number, temperature in enumerate(TEMPERATURES):
            said = temper(score, temperature)  # (n_labels, n_members, n_rows)
            chance[:, number, group.rows] = said[label, :, np.arange(label.size)].T
    return np.maximum(chance, LEAST_CHANCE).reshape(voice.weight.size, -1)


def _trust(ensemble: Ensemble, examples: Examples, said: Floats, n_before: float) -> float:
    """Go on from the trust that there is; what was trusted wholly stays so."""
    baseline = ensemble.shares[examples.label]
    part = observed_part(np.array([said, baseline]), examples.weight, np.array([ensemble.trust, 1.0 - ensemble.trust]))
    return trust_over_shares(said, baseline, examples.weight, ensemble.trust, 1.0 + part * n_before)


def _weighed(voices: tuple[Voice, ...], weight: Floats) -> tuple[Voice, ...]:
    ends = np.cumsum([voice.weight.size for voice in voices])
    parts = np.split(weight, ends[:-1])
    return tuple(
        voice._replace(weight=part.reshape(voice.weight.shape)) for voice, part in zip(voices, parts, strict=True)
    )
