"""What is counted of filled cells, against one cell after the other."""

import numpy as np
import pytest

from em_impute.model.fills import BANDS, Fills, count_cells, no_cells


@pytest.fixture
def cells():
    """Fills of 300 rows, some of them not filled: by no predictor, beyond every labelled row, or not probable enough."""
    rng = np.random.default_rng(1)
    code, probability = rng.integers(-1, 2, 300), np.round(rng.uniform(0.3, 1.0, 300), 2)
    empty = np.flatnonzero(code < 0)
    return Fills(np.arange(300), code, probability, np.array([170.0, 130.0])), empty[::3], empty[1::2]


def counted(fills, part=0, rows=slice(None), **reasons):
    some = Fills(fills.row[rows], fills.code[rows], fills.probability[rows], fills.expected / 2)
    return count_cells(some, 1.5, lambda row: 10 * row + 2, part=part, **reasons)


def test_filled_cells_are_counted_by_label_and_by_the_band_of_their_probability(cells):
    fills, *_ = cells
    expected = {}
    for k, p in zip(fills.code.tolist(), fills.probability.tolist(), strict=True):
        if k >= 0:
            low = max(edge for edge in BANDS[:-1] if edge <= p)
            expected.setdefault(low, [0, 0])[k] += 1

    found = counted(fills)

    assert found.filled.tolist() == [expected.get(low, [0, 0]) for low in BANDS[:-1]]
    assert found.wrong == pytest.approx(sum(1.0 - fills.probability[fills.code >= 0]))
    assert found.lowest == fills.probability[fills.code >= 0].min()


def test_cells_left_empty_are_counted_once_by_the_first_reason(cells):
    fills, nothing, outside = cells
    expected = {"without_predictors": 0, "out_of_range": 0, "below_min_probability": 0}
    for row in np.flatnonzero(fills.code < 0):
        reason = "without_predictors" if row in nothing else "out_of_range" if row in outside else None
        expected[reason or "below_min_probability"] += 1

    found = counted(fills, without_predictors=nothing, outside=outside)

    assert found.left_empty == expected
    assert all(expected.values())
    assert found.n_without_predictors == nothing.size


def test_the_least_certain_cells_are_named_with_their_lines(cells):
    fills, *_ = cells
    filled = sorted(
        (p, 0, 10 * row + 2, k) for row, (p, k) in enumerate(zip(fills.probability, fills.code, strict=True)) if k >= 0
    )

    assert [one.probability for one in counted(fills).least] == [p for p, *_ in filled[:10]]
    assert set(counted(fills).least) <= set(filled)


def test_parts_add_up_to_the_whole(cells):
    fills, nothing, _ = cells
    whole = counted(fills, without_predictors=nothing)
    parts = [
        counted(fills, part, rows, without_predictors=nothing[(nothing >= low) & (nothing < low + 150)])
        for part, (low, rows) in enumerate([(0, slice(150)), (150, slice(150, None))])
    ]

    found = no_cells(2).merged(parts[0]).merged(parts[1])

    assert found.filled.tolist() == whole.filled.tolist()
    assert found.left_empty == whole.left_empty
    assert found.wrong == pytest.approx(whole.wrong)
    assert [one.probability for one in found.least] == [one.probability for one in whole.least]
    assert found.expected.tolist() == [170.0, 130.0]
