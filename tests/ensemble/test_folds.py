"""Which labels are held out, and which rows are drawn: counts and balances of weight."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from em_impute.em.blocks import slices
from em_impute.ensemble.folds import N_FOLDS, Examples, count_labels, draw, held_out
from em_impute.ensemble.transforms import Predictors


def examples_of(label, weight=None, *, merged=False):
    """Rows that can be told apart by their only number, which is their place."""
    label = np.asarray(label)
    x, codes = np.arange(label.size, dtype=float)[:, None], np.zeros((label.size, 0), dtype=int)
    weight = np.ones(label.size) if weight is None else np.asarray(weight, dtype=float)
    return Examples(Predictors(x, codes, (), 1), label, weight, merged)


def repeats_of(held):
    """The folds, a list for each repeat; the last fit, which holds none, is left out."""
    return [held[first : first + N_FOLDS] for first in range(0, len(held) - 1, N_FOLDS)]


def sums_by_kind(examples):
    known = examples.label >= 0
    return examples.weight[known].sum(), examples.weight[~known].sum()


labellings = st.lists(st.integers(-1, 4), min_size=2, max_size=90).filter(lambda label: max(label) >= 0)


@given(label=labellings, seed=st.integers(0, 99))
def test_every_repeat_deals_each_label_evenly_over_the_folds(label, seed):
    label = np.array(label)

    held = held_out(examples_of(label), seed)

    for folds in repeats_of(held):
        for value in range(-1, label.max() + 1):
            times = folds[:, label == value].sum(axis=0)
            can_be_held = value >= 0 and times.size > 1
            assert set(times) <= {int(can_be_held)}
            counts = folds[:, label == value].sum(axis=1)
            assert counts.max() - counts.min() <= 1
        sizes = folds.sum(axis=1)
        assert sizes.max() - sizes.min() <= 1


@given(label=labellings, seed=st.integers(0, 99))
def test_the_last_fit_holds_none_and_few_rows_are_dealt_three_times(label, seed):
    label = np.array(label)
    held = held_out(examples_of(label), seed)

    np.testing.assert_array_equal(held_out(examples_of(label), seed), held)
    n_repeats = 3 if sum(value >= 0 for value in label) < 60 else 1
    assert held.shape == (n_repeats * 5 + 1, label.size)
    assert not held[-1].any()


@given(
    n_known=st.integers(1, 40),
    n_latent=st.integers(0, 40),
    most_known=st.integers(1, 50),
    most_latent=st.integers(1, 50),
    merged=st.booleans(),
    apart=st.booleans(),
    seed=st.integers(0, 99),
)
def test_never_more_rows_than_asked_for_in_the_balance_of_the_table(
    n_known, n_latent, most_known, most_latent, merged, apart, seed
):
    rng = np.random.default_rng(seed)
    label = rng.permutation(np.append(rng.integers(0, 3, n_known), np.full(n_latent, -1)))
    weight = rng.integers(1, 6, label.size) if merged else rng.uniform(0.1, 3.0, label.size)
    examples = examples_of(label, weight, merged=merged)

    taken = draw(examples, most_known, most_latent, seed, apart=apart)

    known = taken.label >= 0
    assert known.sum() <= most_known
    assert (~known).sum() <= most_latent
    assert known.any()
    np.testing.assert_array_equal(taken.predictors.x[:, 0], taken.origin)
    np.testing.assert_array_equal(taken.label, label[taken.origin])
    # What one kind weighs beside the other is what it does in the table.
    (all_known, all_latent), (some_known, some_latent) = sums_by_kind(examples), sums_by_kind(taken)
    assert some_latent * all_known == pytest.approx(all_latent * some_known)
    if not merged:  # none twice: its double must not be learnt from where it is held out
        assert np.unique(taken.origin[known]).size == known.sum()


def test_parted_rows_are_held_out_one_by_one_each_as_often_as_it_was_merged():
    examples = examples_of([0, -1, 1, 0], [3, 7, 2, 1], merged=True)

    taken = draw(examples, 6, 5, 0, apart=True)

    np.testing.assert_array_equal(taken.origin, [0, 0, 0, 2, 2, 3, 1])
    np.testing.assert_array_equal(taken.weight, [1, 1, 1, 1, 1, 1, 7])


def test_parted_rows_that_are_too_many_are_drawn_and_weigh_one_each():
    # 60 rows in 3 merged ones are more than 20, although the merged ones are fewer.
    examples = examples_of([0, 1, 0, -1], [20, 30, 10, 120], merged=True)

    taken = draw(examples, 20, 5, 0, apart=True)

    np.testing.assert_array_equal(taken.weight, [*np.ones(20), 40.0])
    assert draw(examples, 20, 5, 0).label.size == 4


@pytest.mark.parametrize("merged", [False, True])
def test_a_rare_label_is_drawn_too(merged):
    # Each of five labels, whatever the seed; two of them have one row of a hundred.
    label = np.append(np.arange(96) % 3, [3, 4, -1, -1])
    examples = examples_of(label, np.arange(100) % 4 + 1.0, merged=merged)

    for seed in range(50):
        taken = draw(examples, 8, 1, seed)
        assert taken.label.size == 9
        assert set(taken.label.tolist()) == {-1, 0, 1, 2, 3, 4}


@pytest.mark.parametrize("merged", [False, True])
def test_labels_that_were_drawn_weigh_against_each_other_as_in_the_table(merged):
    rng = np.random.default_rng(4)
    label = rng.choice([-1, 0, 1, 2], 5000, p=[0.3, 0.5, 0.15, 0.05])
    weight = rng.integers(1, 6, label.size) if merged else rng.uniform(0.1, 3.0, label.size)
    examples = examples_of(label, weight, merged=merged)

    taken = draw(examples, 300, 200, 0)

    table, drawn = (np.bincount(one.label[one.label >= 0], one.weight[one.label >= 0]) for one in (examples, taken))
    np.testing.assert_allclose(drawn / drawn.sum(), table / table.sum(), rtol=1e-12)


def test_weights_of_labels_add_up_over_chunks(monkeypatch):
    monkeypatch.setattr("em_impute.ensemble.folds.slices", partial(slices, size=3))
    label = np.array([0, -1, 2, 2, -1, 0, 2, 0], np.int8)

    assert count_labels(examples_of(label, 2.0 ** np.arange(8)), 4).tolist() == [161.0, 0.0, 76.0, 0.0]
