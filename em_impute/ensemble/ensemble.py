"""An ensemble of mixtures, and what it says of rows."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from em_impute.em.blocks import Floats, Integers, find_patterns, slices
from em_impute.ensemble.candidates import LOGARITHM, Member
from em_impute.ensemble.shrinkage import Batch
from em_impute.ensemble.student_t import Scorer, make_scorer, temper
from em_impute.ensemble.sufficient_statistics import group_rows
from em_impute.ensemble.terms import count_terms, is_wide
from em_impute.ensemble.transforms import Predictors, View
from em_impute.ensemble.trees import Forest
from em_impute.environment import memory_is_limited
from em_impute.serialize.annotations import Axes, Key, MayLack, OwnAxes, Range

CHUNK_ROWS = 1 << 13
CHUNK_NUMBERS = 1 << 21
"""Rows in work at once, and numbers in their terms and scores: 16 MB a thread."""

TEMPERATURES = (0.2, 0.4, 0.7, 1.0)
"""A density that is wrong in its tails is too sure; which temperature suits a member is for the weights to say."""

MAX_THREADS = 4
"""More of them would wait for the interpreter."""

POOLED = 0.05
"""The average of forecasts is less sure than it should be, even if each of them is as sure as it should be (Ranjan &
Gneiting 2010, J. R. Stat. Soc. B 72): it is raised to a power above 1 that depends on how much its members differ."""


class Submodel(NamedTuple):
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

    @property
    def n_columns(self) -> int:
        """Gaussian columns."""
        return int(self.batch.mean.shape[-1])

    @property
    def row_cost(self) -> float:
        """What it takes to predict one row with one of the mixtures."""
        return self.component_label.size * (2 * count_terms(self.n_columns) + LOGARITHM)

    @property
    def row_numbers(self) -> int:
        """Numbers that a row is made of in work: its terms, or copies of its columns where these are many; scores."""
        n, levels = self.n_columns, self.view.levels
        n_numbers = 4 * (n + len(levels)) if is_wide(n, levels) else count_terms(n) + sum(levels)
        return n_numbers + 2 * self.component_label.size * len(self.members)

    @property
    def is_divided(self) -> bool:
        """Labels are divided among several components."""
        return self.members[0].per_label > 1


@dataclass(frozen=True)
class Ensemble:
    """What says how probable each label is in a row: mixtures and their weights."""

    n_labels: Annotated[int, Range(1), "Labels that they distinguish."]
    submodels: Annotated[tuple[Submodel, ...], Key("voices"), "The mixtures, view by view."]
    model_weight: Annotated[
        float, Range(0), Key("trust"), "Weight of the mixtures together; the labels' shares have the rest."
    ]
    shares: Annotated[Floats, Axes("n_known"), "The labels' shares."]
    sharpness: Annotated[
        float, Range(0), MayLack, "The power to which averaged probabilities are raised; 1 where it is lacking."
    ] = 1.0
    forest: Annotated[Forest | None, OwnAxes, MayLack, "Boosted trees that have a say beside the mixtures."] = None


def predict(ensemble: Ensemble, predictors: Predictors, rows: Integers | None = None) -> Floats:
    """Compute the probability of each label for each row, or each of some `rows`: (n_rows, n_labels), with sums 1."""
    chosen = np.arange(predictors.x.shape[0]) if rows is None else rows
    n_rows = chosen.size
    probability = np.empty((n_rows, ensemble.n_labels))
    gaps = [np.isnan(predictors.x[chosen[some]]) for some in slices(n_rows, CHUNK_ROWS)]  # no copy of all rows
    missing, pattern = find_patterns(np.concatenate(gaps) if gaps else np.isnan(predictors.x[:0]))
    order = np.argsort(pattern, kind="stable") if len(missing) > 1 else np.arange(n_rows)  # rows alike side by side
    scorers: dict[tuple[int, bytes], Scorer] = {}

    def fill_in(some: slice) -> None:
        mine = order[some]
        probability[mine] = _predict_chunk(ensemble, scorers, predictors.take(chosen[mine]))

    n_at_once = max(1, min(CHUNK_ROWS, CHUNK_NUMBERS // max(one.row_numbers for one in ensemble.submodels)))
    # numpy lets go of the interpreter in products and exponentials of a chunk, so that they go on side by side.  Each
    # has a buffer of OpenBLAS, which ends the process where it finds none: with a limit on memory there is one thread.
    with ThreadPoolExecutor(1 if memory_is_limited() else MAX_THREADS) as pool:
        deque(pool.map(fill_in, slices(n_rows, n_at_once)), maxlen=0)
    return probability


def weighted(submodels: Sequence[Submodel], weight: Floats) -> tuple[Submodel, ...]:
    """Give the members of some submodels their weights, (n_members, n_temperatures), and leave out those without."""
    found, first = [], 0
    for submodel in submodels:
        part = weight[first : first + len(submodel.members)]
        first += len(submodel.members)
        used = np.flatnonzero(part.any(axis=1))
        if used.size:
            members = tuple(submodel.members[i] for i in used)
            found.append(submodel._replace(members=members, batch=submodel.batch.take(used), weight=part[used]))
    return tuple(found)


def _predict_chunk(ensemble: Ensemble, scorers: dict[tuple[int, bytes], Scorer], part: Predictors) -> Floats:
    """Predict a few rows, (n_rows, n_labels); `scorers`, by submodel and columns that are observed, grow."""
    n_rows = part.x.shape[0]
    total = np.zeros((ensemble.n_labels, n_rows))
    for name, view in {submodel.view.name: submodel.view for submodel in ensemble.submodels}.items():
        for group in group_rows(view.show(part), np.arange(n_rows)):
            for place, submodel in enumerate(ensemble.submodels):
                if submodel.view.name != name:
                    continue
                key, observed = (place, group.observed.tobytes()), group.observed
                if key not in scorers:
                    label = submodel.component_label
                    scorers[key] = make_scorer(observed, submodel.batch, label, ensemble.n_labels)
                mixed = _mix(scorers[key].of(group.terms), submodel.weight)
                if group.rows.size == n_rows:
                    total += mixed
                else:
                    total[:, group.rows] += mixed
    total *= ensemble.model_weight / total.sum(axis=0)
    total += (1.0 - ensemble.model_weight) * ensemble.shares[:, None]
    said = sharpened(total.T, ensemble.sharpness)
    return said if ensemble.forest is None else ensemble.forest.beside(said, part, ensemble.shares)


def sharpness_of(weight: Floats) -> float:
    """Say to which power the average of members is raised.

    `weight` (n_members, n_temperatures) sums to 1; 1 − Σw² is the probability that two draws by it differ.
    """
    return 1.0 + POOLED * (1.0 - float(np.sum(weight**2)))


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
