"""An ensemble of mixtures, and what it says of rows."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from em_impute.em.blocks import Floats, Integers
from em_impute.ensemble.candidates import Member
from em_impute.ensemble.cross_validation import TEMPERATURES
from em_impute.ensemble.shrinkage import Batch
from em_impute.ensemble.student_t import Scorer, make_scorer, temper
from em_impute.ensemble.sufficient_statistics import group_rows
from em_impute.ensemble.transforms import Predictors, View
from em_impute.environment import memory_is_limited
from em_impute.serialize.annotations import Axes, MayLack, Range

__all__ = ["CHUNK_ROWS", "Ensemble", "Voice", "predict", "sharpened", "sharpness_of"]

CHUNK_ROWS = 1 << 13

MAX_THREADS = 4
"""More of them would wait for the interpreter."""

POOLED, FEW, FEW_ROWS = 1.05, 5.0, 5.0
"""The average of forecasts is less sure than it should be, even if each of them is as sure as it should be (Ranjan &
Gneiting 2010, J. R. Stat. Soc. B 72): it is raised to a power, which is larger where few labels leave many members in
the average.  Chosen by the mean over 26 tables with 30 %, 90 % and all but five labels a class hidden; the log-loss
fell in all three."""


class Voice(NamedTuple):
    """The mixtures of one plan that have a say."""

    view: View
    members: Annotated[tuple[Member, ...], Axes("n_members"), "The members."]
    component_label: Annotated[
        Integers, Axes("n_components"), "Place among the fit's labels of that of each component."
    ]
    batch: Batch
    weight: Annotated[
        Floats, Axes("n_members", "n_temperatures"), "What each counts at the temperatures 0.2, 0.4, 0.7 and 1."
    ]


@dataclass(frozen=True)
class Ensemble:
    """What says how probable each label is in a row: mixtures and their weights."""

    n_labels: Annotated[int, Range(1), "Labels that they distinguish."]
    voices: Annotated[tuple[Voice, ...], "The mixtures, view by view."]
    trust: Annotated[float, Range(0), "Weight of the mixtures together; the labels' shares have the rest."]
    shares: Annotated[Floats, Axes("n_known"), "The labels' shares."]
    sharpness: Annotated[
        float, Range(0), MayLack, "The power to which averaged probabilities are raised; 1 where it is lacking."
    ] = 1.0


def predict(stack: Ensemble, predictors: Predictors) -> Floats:
    """Compute the probability of each label for each row: (n_rows, n_labels), rows sum to 1."""
    n_rows = predictors.x.shape[0]
    probability = np.empty((n_rows, stack.n_labels))
    whole = [_scorer(stack, voice, np.arange(voice.batch.mean.shape[-1])) for voice in stack.voices]

    def fill_in(first: int) -> None:
        some = slice(first, first + CHUNK_ROWS)
        probability[some] = _predict_chunk(stack, whole, predictors.take(some))

    # numpy lets go of the interpreter in products and exponentials of a chunk, so that they go on side by side.
    with ThreadPoolExecutor(_n_threads()) as pool:
        deque(pool.map(fill_in, range(0, n_rows, CHUNK_ROWS)), maxlen=0)
    return probability


def _n_threads() -> int:
    """Give the threads that may multiply matrices at the same time.

    Each takes a buffer of OpenBLAS, which ends the process where it finds none: with a limit on memory there is one.
    """
    return 1 if memory_is_limited() else MAX_THREADS


def _predict_chunk(stack: Ensemble, whole: Sequence[Scorer], part: Predictors) -> Floats:
    """Predict a few rows, (n_rows, n_labels); `whole` score rows that show every column, one for each voice."""
    n_rows = part.x.shape[0]
    total = np.zeros((stack.n_labels, n_rows))
    for name, view in {voice.view.name: voice.view for voice in stack.voices}.items():
        for group in group_rows(view.show(part), view, np.arange(n_rows)):
            for voice, scorer in zip(stack.voices, whole, strict=True):
                if voice.view.name != name:
                    continue
                is_whole = group.observed.size == voice.batch.mean.shape[-1]
                mixed = _mix(
                    (scorer if is_whole else _scorer(stack, voice, group.observed)).of(group.terms), voice.weight
                )
                if group.rows.size == n_rows:
                    total += mixed
                else:
                    total[:, group.rows] += mixed
    total *= stack.trust / total.sum(axis=0)
    total += (1.0 - stack.trust) * stack.shares[:, None]
    return sharpened(total.T, stack.sharpness)


def _scorer(stack: Ensemble, voice: Voice, observed: Integers) -> Scorer:
    return make_scorer(observed, voice.batch, voice.component_label, stack.n_labels)


def sharpness_of(n_labelled: float) -> float:
    """Say to which power the average of members that were compared on so many labels is raised."""
    return POOLED + FEW / (n_labelled + FEW_ROWS)


def sharpened(probability: Floats, power: float) -> Floats:
    """Raise probabilities (..., n_labels) to a power, so that they sum to 1 again."""
    if power == 1.0:
        return probability
    sharp: Floats = np.maximum(probability, np.finfo(float).tiny) ** power
    sharp /= sharp.sum(axis=-1, keepdims=True)
    return sharp


def _mix(score: Floats, weight: Floats) -> Floats:
    """Average tempered scores (n_labels, n_mixtures, n_rows) by weight (n_mixtures, n_temperatures)."""
    total = np.zeros((score.shape[0], score.shape[2]))
    for t, temperature in enumerate(TEMPERATURES):
        used = np.flatnonzero(weight[:, t])
        if used.size:
            total += weight[used, t] @ temper(score[:, used], temperature)
    return total
