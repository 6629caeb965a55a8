"""Equal rows, told once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from em_impute.engine.blocks import Integers, Rows

__all__ = ["merge_equal_rows"]

PROBE_ROWS = 1 << 16
MAX_DISTINCT_SHARE = 0.25
MAX_DISTINCT_ROWS = 1 << 17
"""Equal rows are merged when the first rows promise at least four equal ones each and the distinct ones stay few."""

Codes = NDArray[np.signedinteger[Any]]


def merge_equal_rows(rows: Rows, codes: Sequence[Codes] = ()) -> tuple[Rows, Integers | None]:
    """Merge rows that agree in every feature and in the label, where that makes them markedly fewer.

    `codes`, each (n_rows,), are further values in which merged rows agree.  Returns the distinct rows in a fixed order
    and, for every row, the distinct row it equals (None if none merged).
    """
    n_rows = rows.label.size
    columns = [*rows.x.T, *codes]
    probe = _joint_code(rows.label[:PROBE_ROWS], [values[:PROBE_ROWS] for values in columns])
    if probe is None or probe[1] > MAX_DISTINCT_SHARE * min(n_rows, PROBE_ROWS):
        return rows, None
    joint = probe if n_rows <= PROBE_ROWS else _joint_code(rows.label, columns)
    if joint is None or joint[1] > MAX_DISTINCT_SHARE * n_rows:
        return rows, None
    index, n_distinct = joint
    first = np.empty(n_distinct, dtype=np.intp)
    first[index[::-1]] = np.arange(n_rows - 1, -1, -1)
    weight = np.bincount(index, rows.weight, n_distinct).astype(np.float64, copy=False)
    return Rows(rows.x[first], rows.label[first], weight), index


def _joint_code(label: Integers, columns: Sequence[NDArray[Any]]) -> tuple[Integers, int] | None:
    """Give each row the number of its distinct row; None as soon as there are too many of them."""
    import pandas as pd

    code, n_codes = label + 1, int(label.max(initial=-1)) + 2
    for values in columns:
        value_code, distinct = pd.factorize(values, use_na_sentinel=True)
        if distinct.size > MAX_DISTINCT_ROWS:
            return None
        joint = code * (distinct.size + 1) + (value_code + 1)  # below 2^18 · 2^18
        code, found = pd.factorize(joint)
        n_codes = found.size
        if n_codes > MAX_DISTINCT_ROWS:
            return None
    return code, n_codes
