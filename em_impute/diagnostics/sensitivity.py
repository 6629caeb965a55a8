"""What if labels are missing more often in one class than in another: the answer, once that is assumed.

The predictors say what a row's label would be if rows with a label and rows without one, equal in their predictors,
held the same mix of labels.  Where they do not, a shift δ of the log-odds says by how much the mix among the missing
ones is another: a pattern-mixture model (Rubin 1977; van Buuren 2018, sections 3.8 and 9.2; for a category Leacy,
Floyd, Yates & White 2017).  No data can tell δ; they only show what follows from it.
"""

from collections.abc import Sequence

import numpy as np

from em_impute.diagnostics.values import IntervalEstimate, Sensitivity, Sweep
from em_impute.em.blocks import Floats

DELTAS = tuple(0.5 * step for step in range(-4, 5))
"""Shifts of the log-odds that are looked at: 2 makes odds of one to one seven to one."""

MAX_SWEPT = 12
"""Labels whose odds are shifted, the most common ones."""


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
    n_rows = float(known.sum() + weight.sum())
    sweeps = []
    for k in swept:
        chance = probability[:, k]
        shifted = (chance * odds / (1.0 + chance * (odds - 1.0)) for odds in np.exp(DELTAS))  # (n_distinct,) each
        share = [float(known[k] + weight @ one) / n_rows for one in shifted]
        interval = None if totals is None else (totals[k].low / n_rows, totals[k].high / n_rows)
        sweeps.append(Sweep(labels[k], share, interval))
    return Sensitivity(DELTAS, sweeps, max(0, len(labels) - MAX_SWEPT))
