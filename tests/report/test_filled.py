"""How sure each fill is, counted again in a loop."""

import numpy as np

from em_impute.model.assign import BANDS, Fills
from em_impute.report.filled import filled_section


def fills_of(code, probability):
    code = np.asarray(code)
    return Fills(np.arange(code.size) * 2, code, np.asarray(probability), np.zeros(2))


def lines(rows):
    return rows + 2


def test_every_filled_cell_is_in_the_band_of_its_probability():
    rng = np.random.default_rng(1)
    code, probability = rng.integers(-1, 2, 300), np.round(rng.uniform(0.3, 1.0, 300), 2)
    found = filled_section(fills_of(code, probability), ("a", "b"), lines)

    expected = {}
    for k, p in zip(code.tolist(), probability.tolist(), strict=True):
        if k >= 0:
            low = max(edge for edge in BANDS[:-1] if edge <= p)
            expected.setdefault(low, [0, 0])[k] += 1
    assert {one["low"]: list(one["labels"].values()) for one in found["by_band"]} == dict(sorted(expected.items()))
    assert sum(one["cells"] for one in found["by_band"]) == np.count_nonzero(code >= 0)
