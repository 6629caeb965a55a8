"""What if labels are missing more often in one class than in another: the answer, once that is assumed.

The predictors say what a row's label would be if rows with a label and rows without one, equal in their predictors,
held the same mix of labels.  Where they do not, a shift δ of the log-odds says by how much the mix among the missing
ones is another: a pattern-mixture model (Rubin 1977; van Buuren 2018, sections 3.8 and 9.2; for a category Leacy,
Floyd, Yates & White 2017).  No data can tell δ; they only show what follows from it.
"""

from collections.abc import Callable, Sequence

import numpy as np

from em_impute.diagnostics.values import IntervalEstimate, Sensitivity, Sweep, Tipping
from em_impute.em.blocks import Floats

DELTAS = tuple(0.5 * step for step in range(-4, 5))
"""Shifts of the log-odds that are looked at: 2 makes odds of one to one seven to one."""

FARTHEST = 5.0
"""Tipping values are sought up to there: odds a hundred and fifty times as high are no mere doubt any more."""

STEP = 0.125
"""Of the search for a change of the most common label; between two steps totals are all but linear."""

MAX_SWEPT = 12
"""Labels whose odds are shifted, the most common ones."""

MAX_ROWS = 20_000
MAX_LOG_ODDS, BIN_WIDTH = 30.0, 1.0 / 64.0
"""More distinct rows are put into bins of about equal log-odds of the label that is shifted.  A bin is the mean of its
rows, so that totals are exact at δ = 0, and elsewhere but for a part in 10,000 of what the shift changes."""


def sweep(
    probability: Floats,
    weight: Floats,
    known: Floats,
    labels: Sequence[str],
    totals: Sequence[IntervalEstimate] | None = None,
) -> Sensitivity:
    """Shift the log-odds of one label after the other, and add up what the completed column would hold.

    `probability` (n_distinct, n_labels) is that of missing rows at δ = 0, `weight` (n_distinct,) counts equal ones, and
    `known` (n_labels,) known rows.  `totals` are those of each label, with intervals, in all rows at δ = 0.
    """
    at_zero = known + weight @ probability
    swept = sorted(np.argsort(-at_zero, kind="stable")[:MAX_SWEPT].tolist())
    if len(labels) <= 2:  # noqa: PLR2004  # one label cannot be shifted, and of two the other mirrors the first
        swept = swept[: len(labels) - 1]
    leader = int(at_zero.argmax())
    n_rows = float(known.sum() + weight.sum())
    sweeps, tippings = [], []
    for k in swept:
        totals_at = _totals(probability, weight, known, k)
        share = [float(totals_at(delta)[k]) / n_rows for delta in DELTAS]
        interval = None if totals is None else (totals[k].low / n_rows, totals[k].high / n_rows)
        sweeps.append(Sweep(labels[k], share, interval))
        tippings += _tippings(totals_at, labels, k, leader)
    first = min(tippings, key=lambda one: abs(one.delta), default=None)
    sentence = f"No δ within ±5 for one label makes another one than {labels[leader]} the most common label."
    if first is not None:
        sentence = (
            f"{labels[leader]} is the most common label of the completed column; beyond δ = {first.delta:.2f} for "
            f"{first.label} it would be {first.most_common}."
        )
    return Sensitivity(DELTAS, sweeps, labels[leader], first, max(0, len(labels) - MAX_SWEPT), sentence)


def _totals(probability: Floats, weight: Floats, known: Floats, k: int) -> Callable[[float], Floats]:
    """Prepare the totals of all labels, (n_labels,), linear in the others' probabilities, by the shift of label `k`."""
    if weight.size > MAX_ROWS:  # rows of about equal log-odds of the label go together
        with np.errstate(divide="ignore"):
            log_odds = np.log(probability[:, k]) - np.log1p(-np.minimum(probability[:, k], 1.0))
        place = np.round((np.clip(log_odds, -MAX_LOG_ODDS, MAX_LOG_ODDS) + MAX_LOG_ODDS) / BIN_WIDTH).astype(np.intp)
        total = np.bincount(place, weight)
        filled = total > 0.0
        sums = np.column_stack([np.bincount(place, weight * column)[filled] for column in probability.T])
        probability, weight = sums / total[filled, None], total[filled].astype(np.float64, copy=False)
    counted = weight[:, None] * probability  # (n_rows, n_labels)
    shifted = probability[:, k]

    def totals(delta: float) -> Floats:
        result: Floats = (1.0 / (1.0 + shifted * np.expm1(delta))) @ counted
        result[k] *= np.exp(delta)
        return known + result

    return totals


def _tippings(totals: Callable[[float], Floats], labels: Sequence[str], k: int, leader: int) -> list[Tipping]:
    """Find, on either side, the smallest shift of label `k` at which `leader` is no longer the most common label."""
    found = []
    for side in (-1.0, 1.0):
        grid = side * np.arange(0.0, FARTHEST + STEP / 2.0, STEP)
        total = np.array([totals(delta) for delta in grid.tolist()])  # (n_steps, n_labels)
        lead = total[:, leader].copy()
        total[:, leader] = -np.inf
        lead -= total.max(axis=1)
        if (lead > 0.0).all():
            continue
        beyond = int(np.argmax(lead <= 0.0))
        delta = np.interp(0.0, lead[[beyond, beyond - 1]], grid[[beyond, beyond - 1]]) if beyond else 0.0
        found.append(Tipping(labels[k], float(delta), labels[int(total[beyond].argmax())]))
    return found
