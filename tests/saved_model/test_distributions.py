"""Distributions in cells: against loops over rows and numpy's percentiles; merging by properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from em_impute.saved_model import distributions as distribution
from em_impute.saved_model.distributions import TextDistribution, count_numbers, count_texts, describe_numbers

numbers = st.floats(-1e6, 1e6, allow_subnormal=False) | st.just(np.nan) | st.integers(-3, 3).map(float)
columns = hnp.arrays(np.float64, st.integers(0, 60), elements=numbers)
texts = st.lists(st.sampled_from(["red", "green", "blue", "grey", "pink", "cyan", "teal"]), max_size=30)


def naive_counts(edges, values, weights):
    """Look for the cell of every row: the first whose upper end is no less."""
    counts, missing = [0.0] * (len(edges) + 1), 0.0
    for value, weight in zip(values, weights, strict=True):
        if np.isnan(value):
            missing += weight
            continue
        cell = next((k for k, end in enumerate(edges) if value <= end), len(edges))
        counts[cell] += weight
    return counts, missing


def assert_same(expected, actual):
    assert [*expected.edges] == [*actual.edges]
    assert [*expected.counts] == [*actual.counts]
    assert (expected.missing, expected.lowest, expected.highest) == (actual.missing, actual.lowest, actual.highest)


@given(columns, columns)
def test_rows_are_counted_as_a_loop_counts_them(training, new):
    described = describe_numbers(training)

    for values in (training, new):
        counted = count_numbers(described.edges, values)
        counts, missing = naive_counts(described.edges, values, np.ones(values.size))
        seen = values[~np.isnan(values)]
        assert (counts, missing) == (counted.counts.tolist(), counted.missing)
        assert (min(seen, default=np.inf), max(seen, default=-np.inf)) == (counted.lowest, counted.highest)


@given(columns)
def test_cells_are_few_and_the_outermost_hold_no_training_row(training):
    described = describe_numbers(training)

    assert described.counts.size <= 100
    assert (np.diff(described.edges) > 0).all()
    if described.total:
        assert [0.0, 0.0] == described.counts[[0, -1]].tolist()
        assert (described.counts[1:-1] > 0).all()


@given(hnp.arrays(np.float64, 30, elements=numbers), hnp.arrays(np.int64, 30, elements=st.integers(0, 4)))
def test_a_row_with_a_weight_is_so_many_rows(values, copies):
    each, weighted = np.repeat(values, copies), copies.astype(float)

    assert_same(describe_numbers(each), describe_numbers(values, weighted))


def test_cells_end_at_percentiles():
    values = np.random.default_rng(0).lognormal(size=5000)

    described = describe_numbers(values)

    ends = np.percentile(values, 100 * np.arange(1, 99) / 98, method="inverted_cdf")
    assert ends.tolist() == described.edges[1:].tolist()
    assert described.counts[1:-1].min() >= 51  # of 5000 rows a 98th: 51.02
    assert described.counts[1:-1].max() <= 52


def test_a_column_without_numbers_has_one_cell():
    described = describe_numbers(np.full(3, np.nan))

    assert ([0.0], 3.0, None) == (described.counts.tolist(), described.missing, described.median)
    assert [2.0] == count_numbers(described.edges, np.array([1.0, 5.0])).counts.tolist()


@pytest.mark.parametrize("n_rows", [7, 1000])
def test_the_median_of_training_rows_is_exact(n_rows):
    values = np.random.default_rng(n_rows).normal(size=n_rows)

    assert np.percentile(values, 50, method="inverted_cdf") == describe_numbers(values).median


def test_the_median_of_new_rows_is_known_to_a_cell_and_unknown_beyond_training():
    rng = np.random.default_rng(2)
    described = describe_numbers(rng.normal(size=2000))
    new = rng.normal(0.5, 1.0, 3001)

    cell = described.edges.searchsorted(np.median(new))
    assert described.edges[cell] == count_numbers(described.edges, new).median
    assert count_numbers(described.edges, new + 100.0).median is None
    assert count_numbers(described.edges, new - 100.0).median is None


def test_percentiles_of_very_many_rows_are_those_of_a_draw_and_their_counts_are_exact(monkeypatch):
    monkeypatch.setattr(distribution, "ENOUGH", 2000)
    values = np.random.default_rng(3).normal(size=50_000)

    described = describe_numbers(values)

    assert (50_000, values.min(), values.max()) == (described.total, described.lowest, described.highest)
    # A 98th of 2,000 draws errs by 1/√20 of itself, and a cell by twice that at most (3 σ of 98 cells: 0.8).
    assert np.abs(described.counts[1:-1] * 98 / 50_000 - 1.0).max() < 0.9
    assert (described.edges[0], described.edges[-1]) == (np.nextafter(values.min(), -np.inf), values.max())


def counted(training, cells):
    different = sorted(set(cells))
    code = np.array([different.index(cell) for cell in cells], np.intp)
    return count_texts(training.texts, different, code, np.ones(code.size))


TRAINING = TextDistribution(("blue", "green", "red"), np.array([3.0, 2.0, 5.0]), 1.0)


def test_rows_of_new_texts_are_counted_beside_their_weight():
    code, weight = np.array([0, 1, 0, 1, -1, 0]), np.array([0.5, 0.25, 0.75, 0.0, 0.5, 0.25])

    found = count_texts(TRAINING.texts, ["red", "pink"], code, weight)

    assert [0.0, 0.0, 1.5] == found.counts.tolist()
    assert (0.25, 2, 0.5) == (found.unseen, found.unseen_rows, found.missing)
