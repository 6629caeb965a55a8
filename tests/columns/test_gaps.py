"""What hidden rows still show, against counts."""

import numpy as np
import pytest

from em_impute.columns.gaps import find_gaps


def table(n, known, missing, seed=0):
    """Draw what rows show: `known` and `missing` are the shares of four patterns in either kind."""
    rng = np.random.default_rng(seed)
    patterns = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=bool)
    lacks = rng.random(n) < 0.4
    which = np.where(lacks, rng.choice(4, n, p=missing), rng.choice(4, n, p=known))
    return patterns[which], lacks


def shares(seen):
    patterns, count = np.unique(seen, axis=0, return_counts=True)
    return {tuple(pattern): share for pattern, share in zip(patterns.tolist(), count / count.sum(), strict=True)}


def test_hidden_rows_show_the_patterns_as_often_as_rows_to_fill_and_nothing_that_they_did_not_show():
    seen, lacks = table(3000, [0.7, 0.2, 0.05, 0.05], [0.1, 0.2, 0.6, 0.1])
    gaps = find_gaps(seen, lacks, np.ones(lacks.size))

    shown = gaps.hide(seen[~lacks], np.ones(np.count_nonzero(~lacks)), np.random.default_rng(1))

    assert not (shown & ~seen[~lacks]).any()
    wanted, got = shares(seen[lacks]), shares(shown)
    assert [got[pattern] for pattern in wanted] == pytest.approx(list(wanted.values()), abs=0.01)


def test_no_more_is_hidden_than_it_takes():
    seen, lacks = table(3000, [0.5, 0.3, 0.1, 0.1], [0.3, 0.3, 0.2, 0.2])
    gaps = find_gaps(seen, lacks, np.ones(lacks.size))

    shown = gaps.hide(seen[~lacks], np.ones(np.count_nonzero(~lacks)), np.random.default_rng(1))

    before, wanted = shares(seen[~lacks]), shares(seen[lacks])
    least = sum(max(before[pattern] - wanted[pattern], 0.0) for pattern in wanted)
    assert (shown != seen[~lacks]).any(axis=1).mean() == pytest.approx(least, abs=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_gaps_at_random_hide_nothing(seed):
    seen, lacks = table(1000, [0.4, 0.3, 0.2, 0.1], [0.4, 0.3, 0.2, 0.1], seed)

    assert find_gaps(seen, lacks, np.ones(lacks.size)) is None


def test_a_complete_table_has_none():
    assert find_gaps(np.ones((10, 2), bool), np.arange(10) < 4, np.ones(10)) is None


@pytest.mark.parametrize("seed", range(20))
def test_a_predictor_without_gaps_differs_by_no_rounding_of_weights(seed):
    seen, lacks = table(60, [0.5, 0.2, 0.2, 0.1], [0.5, 0.2, 0.2, 0.1], seed)
    seen[:, 0] = True

    assert find_gaps(seen, lacks, np.random.default_rng(seed).choice([0.1, 0.7, 1.3], 60)) is None


def test_rows_that_show_what_no_labelled_row_shows_together_are_told():
    known = np.array([[1, 1, 0], [1, 0, 0]], dtype=bool)
    missing = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 1], [0, 0, 0]], dtype=bool)
    seen = np.vstack([np.repeat(known, 50, axis=0), np.repeat(missing, 50, axis=0)])
    gaps = find_gaps(seen, np.arange(300) >= 100, np.ones(300))

    assert gaps.beyond(known, missing).tolist() == [False, False, True, False]
