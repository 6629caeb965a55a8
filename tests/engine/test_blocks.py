"""Blocks hold every row once, with its own values, whatever is missing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from em_impute.engine import blocks
from em_impute.engine.blocks import UNKNOWN, make_blocks, per_row


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


@settings(deadline=None, derandomize=True, max_examples=60)
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


def test_complete_rows_form_one_group_before_all_others():
    x, label, weight = table(np.random.default_rng(1), 300, 2, 0.0)
    x[100:, 0] = np.nan

    first, *others = make_blocks(x, label, weight, 2)

    assert first.observed.tolist() == [[True, True]]
    assert first.row.tolist() == [list(range(100))]
    assert not any(block.observed.all() for block in others)


def test_a_common_pattern_is_one_group_and_rare_ones_share_a_block():
    x, label, weight = table(np.random.default_rng(2), 200, 3, 0.0)
    x[:64, 0] = np.nan
    x[64:127, 1] = np.nan
    x[127:130, 1:] = np.nan

    complete, common, rare = make_blocks(x, label, weight, 2)

    assert complete.x.shape == (1, 3, 70)
    assert common.x.shape == (1, 3, 64)
    assert common.observed.tolist() == [[False, True, True]]
    assert rare.x.shape == (66, 3, 1)
    assert {tuple(seen) for seen in rare.observed.tolist()} == {(True, False, True), (True, False, False)}


def test_rows_of_one_pattern_keep_their_order():
    # 3000 rows in three patterns: sorts that are not stable shuffle more than some 16 equal keys.
    x, label, weight = table(np.random.default_rng(8), 3000, 2, 0.0)
    x[::3, 0] = np.nan
    x[1::3, 1] = np.nan

    cut = make_blocks(x, label, weight, 2)

    assert [block.row.tolist() for block in cut] == [[list(range(start, 3000, 3))] for start in (2, 1, 0)]


def test_no_block_is_larger_than_allowed(monkeypatch):
    monkeypatch.setattr(blocks, "MAX_BLOCK_ELEMENTS", 240)
    x, label, weight = table(np.random.default_rng(3), 500, 3, 0.3)

    cut = make_blocks(x, label, weight, 4)

    assert len(cut) > 500 * 3 * 4 // 240
    for block in cut:
        largest = block.x.size * 4 if block.x.shape[0] == 1 else block.x.size * 4 * 3
        assert largest <= 240


def test_a_row_is_never_too_large_for_a_block(monkeypatch):
    monkeypatch.setattr(blocks, "MAX_BLOCK_ELEMENTS", 1)
    x, label, weight = table(np.random.default_rng(4), 5, 3, 0.4)

    cut = make_blocks(x, label, weight, 2)

    assert len(cut) == 5
    assert_every_row_once(cut, x, label, weight)


def test_equal_data_give_equal_blocks():
    x, label, weight = table(np.random.default_rng(5), 400, 3, 0.2)

    once, twice = make_blocks(x, label, weight, 2), make_blocks(x.copy(), label.copy(), weight.copy(), 2)

    assert len(once) == len(twice)
    for one, other in zip(once, twice, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_making_blocks_leaves_the_rows_alone():
    x, label, weight = table(np.random.default_rng(6), 100, 2, 0.3)
    before = x.copy()

    make_blocks(x, label, weight, 2)

    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("missing", [0.0, 0.05, 0.5])
def test_what_was_computed_by_block_returns_in_the_order_of_the_rows(missing, monkeypatch):
    monkeypatch.setattr(blocks, "MAX_BLOCK_ELEMENTS", 200)
    x, label, weight = table(np.random.default_rng(7), 300, 2, missing)
    cut = make_blocks(x, label, weight, 2)

    values = [np.stack([block.weight, block.label], axis=1) for block in cut]  # (n_groups, 2, n_rows_of_group)

    np.testing.assert_array_equal(per_row(values, cut, (300, 2)), np.column_stack([weight, label]))


def test_a_label_that_is_not_known_is_minus_one():
    # The clamp has its row of zeros at the end, where −1 points.
    assert UNKNOWN == -1
