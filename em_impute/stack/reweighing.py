"""How much the members of a stack count once there are labels that none of them has learnt from yet."""

from dataclasses import replace

import numpy as np

from em_impute.engine.blocks import Floats
from em_impute.stack.batch import gather
from em_impute.stack.compare import LEAST_CHANCE, TEMPERATURES
from em_impute.stack.ensemble import Ensemble, Voice
from em_impute.stack.folds import Examples
from em_impute.stack.predictive import make_scorer, temper
from em_impute.stack.weights import PRIOR_ROWS, observed_part, stack_weights, trust_over_shares

__all__ = ["chances", "reweighed"]


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
