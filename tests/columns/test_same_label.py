"""Columns of which rows with one value have one label: which are found, and what is counted."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from em_impute.columns.same_label import _counts as counts_of
from em_impute.columns.same_label import _differing_by_chance as differing_by_chance
from em_impute.columns.same_label import differing_values, find_same_label, same_label_of


def rows_of_keys(n_keys=150, seed=1, wrong=0.0, share=0.5):
    """Rows of keys with one to five rows each, a label a key but for some rows, three in ten labels missing."""
    rng = np.random.default_rng(seed)
    code = np.repeat(np.arange(n_keys), rng.integers(1, 6, n_keys))
    label = (rng.random(n_keys) < share).astype(int)[code]
    label = np.where(rng.random(code.size) < wrong, 1 - label, label)
    return code, np.where(rng.random(code.size) < 0.3, -1, label), rng


@pytest.mark.parametrize("numbers", [(), ("ring",)], ids=["texts", "numbers"])
def test_a_key_is_found_also_with_some_exceptions(numbers):
    for wrong in (0.0, 0.005):
        code, label, _ = rows_of_keys(600, wrong=wrong)
        found = find_same_label([("ring", code)], numbers, label)

        assert found is not None
        assert (found.name, found.n_exceptions > 0) == ("ring", wrong > 0)


def test_nothing_is_taken_for_a_key_that_may_be_chance():
    rng = np.random.default_rng(0)
    for seed in range(20):
        code, label, _ = rows_of_keys(seed=seed)
        shuffled = rng.permutation(label)  # any values, any label
        rare = np.where(rng.random(code.size) < 0.01, 1, 0)  # agreement of .98 is nothing here
        few = np.where(label < 0, -1, rng.integers(0, 12, code.size) % 2)
        often_wrong = rows_of_keys(seed=seed, wrong=0.1)[1]

        assert [find_same_label([("k", code)], (), one) for one in (shuffled, rare, often_wrong)] == [None] * 3
        assert find_same_label([("month", np.arange(few.size) % 12)], (), np.arange(few.size) % 12 % 2) is None


def test_a_measurement_that_parts_the_labels_is_no_key():
    # Each height belongs to one label, and so do those beside it: that is no reason to trust equal heights.
    rng = np.random.default_rng(3)
    height = rng.integers(0, 120, 800)
    label = (height > 60).astype(int)

    assert find_same_label([("height", height)], ("height",), label) is None
    assert find_same_label([("name", height)], (), label) is not None  # of texts no order is known


def test_values_that_differ_by_chance_are_as_many_as_in_shuffled_labels():
    # Oracle: simulation.
    code, label, rng = rows_of_keys(seed=4, share=0.3)
    known = label >= 0
    expected = differing_by_chance(counts_of(code, label), is_ordered=False)
    found = []
    for _ in range(300):
        shuffled = label.copy()
        shuffled[known] = rng.choice(label[known], known.sum())
        found.append(same_label_of(("k", code), shuffled).n_differing)

    assert abs(np.mean(found) - expected) < 4.0 * np.std(found) / np.sqrt(len(found))


def test_numbers_in_any_order_differ_by_chance_as_names_do():
    # Oracle: that their neighbours have labels by chance is what all rows have.
    both = []
    for seed in range(30):
        code, label, _ = rows_of_keys(80, seed=seed)
        both.append([differing_by_chance(counts_of(code, label), is_ordered=one) for one in (False, True)])
    names, numbers = np.array(both).T

    assert abs(np.mean(numbers - names)) < 3.0 * np.std(numbers - names) / np.sqrt(len(both))


def test_what_is_counted_is_what_a_loop_counts():
    code, label, _ = rows_of_keys(wrong=0.2)
    code[::17] = -1
    kinds = defaultdict(Counter)
    for one, value in zip(code.tolist(), label.tolist(), strict=True):
        if one >= 0 and value >= 0:
            kinds[one][value] += 1
    found = same_label_of(("k", code), label)

    assert found.n_known == sum(sum(kind.values()) - 1 for kind in kinds.values())
    assert found.n_exceptions == sum(sum(kind.values()) - max(kind.values()) for kind in kinds.values())
    assert found.n_differing == sum(len(kind) > 1 for kind in kinds.values())
    rows = differing_values(found, label)
    assert len(rows) == found.n_differing
    assert all(len({code[row] for row in one}) == 1 and len({label[row] for row in one}) == 2 for one in rows)
