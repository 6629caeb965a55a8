"""Which columns of numbers are names, and which tell something by not being there."""

import numpy as np
import pytest

from em_impute.columns.text_scores import _tells_by_value


def says(code, label, *, is_ordered=True):
    fold = np.arange(label.size) % 5
    return _tells_by_value(code, label, np.ones(label.size), fold, int(label.max()) + 1, is_ordered=is_ordered)


@pytest.mark.parametrize("seed", range(10))
def test_departments_are_names_and_counts_are_not(seed):
    rng = np.random.default_rng(seed)
    code = rng.integers(0, 12, 700)
    of_name = np.array([1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1])[code]
    noise = rng.random(700) < 0.1
    of_size = (code + rng.normal(0, 3, 700) > 6).astype(int)
    in_the_middle = (np.abs(code - 6 + rng.normal(0, 2, 700)) < 3).astype(int)

    assert says(code, np.where(noise, 1 - of_name, of_name))
    assert not says(code, of_size)
    assert not says(code, in_the_middle)
    assert not says(code, rng.integers(0, 2, 700))


@pytest.mark.parametrize("seed", range(10))
def test_a_gap_tells_where_labels_go_with_it(seed):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, 300)
    number = rng.integers(0, 6, 300)

    assert says(np.where((label == 0) & (rng.random(300) < 0.7), number, -1), label)
    assert not says(np.where(rng.random(300) < 0.7, number, -1), label)
    assert says(np.where((label == 0) & (rng.random(300) < 0.7), 0, -1), label, is_ordered=False)
    assert not says(np.where(rng.random(300) < 0.7, 0, -1), label, is_ordered=False)
