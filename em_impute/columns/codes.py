"""Whether the values of a column are names rather than measurements, or tell something by not being there.

Labels of rows that were left out are predicted twice, from the others: by the labels that the same value has among
them, a missing cell being a value too, and by those of that value and its neighbours, as suits a measurement, and of
all rows where the cell is missing.  Where the first does plainly better, each value has a meaning of its own.
"""

import numpy as np

from em_impute.em.blocks import Floats, Integers
from em_impute.table.arrays import Codes

PLAINLY = 3.0
"""Standard errors of the mean gain."""


def tells_by_value(
    code: Integers, label: Integers, weight: Floats, fold: Codes, n_labels: int, *, is_ordered: bool
) -> bool:
    """Tell whether the values of labelled rows say more than those of neighbours, or than the labels' shares.

    All arrays are (n_rows,); `code` is −1 where the cell is missing.  Values that are not ordered have no neighbours.
    """
    place = code.astype(np.intp) + 1
    count = np.zeros((int(fold.max(initial=0)) + 1, int(place.max()) + 1, n_labels))
    np.add.at(count, (fold, place, label), weight)
    count = count.sum(axis=0) - count  # (n_folds, n_places, n_labels), without each fold
    shares = count.sum(axis=1, keepdims=True) + 1.0 / n_labels
    shares /= shares.sum(axis=2, keepdims=True)
    near = np.zeros_like(count)
    if is_ordered:
        near[:, 1:] = count[:, 1:]
        near[:, 2:] += count[:, 1:-1]
        near[:, 1:-1] += count[:, 2:]
    surprise = [-np.log(_shares(some + shares)[fold, place, label]) for some in (count, near)]
    gain = weight * (surprise[1] - surprise[0])
    return bool(gain.sum() > PLAINLY * np.sqrt(label.size) * gain.std())


def _shares(count: Floats) -> Floats:
    shares: Floats = count / count.sum(axis=2, keepdims=True)
    return shares
