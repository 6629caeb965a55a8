"""Dates and times as predictors: only where they tell labels apart, since many stand in tables by the way."""

from collections.abc import Mapping

import numpy as np

from em_impute.columns.predictors import Known
from em_impute.em.blocks import Floats
from em_impute.table.arrays import Codes
from em_impute.table.number_columns import NumberColumn


def flat_times(
    columns: Mapping[str, NumberColumn], known: Known, label: Codes, weight: Floats | None, *, explicit: bool
) -> set[str]:
    """Name the numbers made of times that one Gaussian describes better than one a label, by BIC (Schwarz 1978).

    `label` (n_rows,) is −1 where it is missing; rows without a `weight` do not count.  Of a column that the user named
    (`explicit` says that all are) days serve anyway.  Where no label is known, what comes back is left out: it would be
    found as groups of rows.
    """
    counts = np.flatnonzero((label >= 0) if weight is None else (label >= 0) & (weight > 0.0))
    flat: set[str] = set()
    for column, made in known.times.items():
        is_named = explicit or column in known.told or not counts.size
        for names in made[is_named:]:
            if sum(_gain(columns[name].of(counts), label[counts]) for name in names) <= 0.0:
                flat.update(names)
    return flat


def _gain(values: Floats, label: Codes) -> float:
    """By how much a mean for each label lowers BIC, for the values that there are: (n_rows,)."""
    shown = ~np.isnan(values)
    of, x = label[shown].astype(np.intp), values[shown]
    n_of_label = np.bincount(of)
    n_labels = np.count_nonzero(n_of_label)
    total = float(((x - x.mean()) ** 2).sum()) if x.size else 0.0
    if n_labels <= 1 or not total:
        return 0.0
    mean = np.bincount(of, x) / np.maximum(n_of_label, 1)
    within = max(float(((x - mean[of]) ** 2).sum()), total * 1e-9)  # a value of its own for each label
    return x.size * float(np.log(total / within)) - (n_labels - 1) * float(np.log(x.size))
