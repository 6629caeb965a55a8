"""Blocks hold every row once, with its own values, whatever is missing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from em_impute.em import blocks
from em_impute.em.blocks import find_patterns, make_blocks


def table(rng, n_rows, n_features, missing):
    """Rows with `missing` as the share of missing cells, numbered labels and weights, all different."""
    x = rng.normal(size=(n_rows, n_features))
    x[rng.random(x.shape) < missing] = np.nan
    return x, np.arange(n_rows) - 1, 1.0 + np.arange(n_rows)


def unpack(cut):
    """List the rows of all blocks as (row number, values with NaN, label, weight)."""
    rows = []
    for block in cut:
        n_groups, n_features, n_rows = block.x.shape
        assert block.observed.shape == (n_groups, n_features)
        assert block.label.shape == block.weight.shape == block.row.shape == (n_groups, n_rows)
        for group in range(n_groups):
            for i in range(n_rows):
                assert not block.x[group, ~block.observed[group], i].any()
                values = np.where(block.observed[group], block.x[group, :, i], np.nan)
                rows.append((block.row[group, i], values, block.label[group, i], block.weight[group, i]))
    return rows


def assert_every_row_once(cut, x, label, weight):
    rows = sorted(unpack(cut), key=lambda row: row[0])
    assert [number for number, *_ in rows] == list(range(len(x)))
    for number, values, its_label, its_weight in rows:
        np.testing.assert_array_equal(values, x[number])
        assert (its_label, its_weight) == (label[number], weight[number])


@given(
    n_rows=st.integers(0, 150),
    n_features=st.integers(1, 4),
    missing=st.sampled_from([0.0, 0.01, 0.3, 0.9, 1.0]),
    elements=st.sampled_from([1, 16, 100, 1 << 19]),
    rare=st.sampled_from([1, 5, 64, 1000]),
    seed=st.integers(0, 5),
)
def test_every_row_is_in_one_block_with_its_own_values(n_rows, n_features, missing, elements, rare, seed):
    x, label, weight = table(np.random.default_rng(seed), n_rows, n_features, missing)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "MAX_BLOCK_ELEMENTS", elements)
        patch.setattr(blocks, "RARE_PATTERN_ROWS", rare)
        cut = make_blocks(x, label, weight, 2)

    assert_every_row_once(cut, x, label, weight)


def test_no_block_is_larger_than_allowed(monkeypatch):
    monkeypatch.setattr(blocks, "MAX_BLOCK_ELEMENTS", 240)
    x, label, weight = table(np.random.default_rng(3), 500, 3, 0.3)

    cut = make_blocks(x, label, weight, 4)

    assert len(cut) > 500 * 3 * 4 // 240
    for block in cut:
        largest = block.x.size * 4 if block.x.shape[0] == 1 else block.x.size * 4 * 3
        assert largest <= 240


@pytest.mark.parametrize("n_columns", [3, 70])
def test_patterns_are_the_distinct_rows_in_order(n_columns):
    rng = np.random.default_rng(0)
    missing = (rng.random((9, n_columns)) < 0.4)[rng.integers(0, 9, 200)]

    patterns, pattern = find_patterns(missing)

    np.testing.assert_array_equal(patterns, np.unique(missing, axis=0))
    np.testing.assert_array_equal(patterns[pattern], missing)
