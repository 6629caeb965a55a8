"""The monoid of moments, against numpy.cov and loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from oracles import weighted_moments

from em_impute.em.expectation import empty, hard_moments, merge

N_COMPONENTS = 3

# Values of a size at which the squares of 40 of them still have eight correct digits after cancellation.
rows_of_table = hnp.arrays(
    np.float64, st.tuples(st.integers(0, 40), st.just(2)), elements=st.floats(-1e3, 1e3, allow_subnormal=False)
)
splits = st.tuples(st.integers(0, 40), st.integers(0, 40))


def moments_of(x, first=0):
    """Moments of rows dealt out to the components in turn, from the row with number `first`."""
    number = first + np.arange(len(x))
    return hard_moments(x, number % N_COMPONENTS, 1.0 + number % 2, N_COMPONENTS)._replace(
        log_likelihood=float(x.sum())
    )


def assert_close(expected, actual, rtol=1e-9, atol=1e-6):
    """Compare all five fields; 1e-6 absolute is 1e-12 of the largest square (1e6), rounding over 40 rows."""
    for one, other in zip(expected, actual, strict=True):
        np.testing.assert_allclose(other, one, rtol=rtol, atol=atol)


def assert_identical(expected, actual):
    for one, other in zip(expected, actual, strict=True):
        np.testing.assert_array_equal(other, one)


@given(rows_of_table)
def test_merging_with_an_empty_block_changes_nothing(x):
    moments = moments_of(x)
    nothing = empty(N_COMPONENTS, 2)

    assert_identical(moments, merge(moments, nothing))
    assert_identical(moments, merge(nothing, moments))


@given(rows_of_table, splits)
def test_moments_of_the_pieces_merge_into_those_of_the_whole(x, cuts):
    first, second = sorted(cuts)
    pieces = (x[:first], 0), (x[first:second], first), (x[second:], second)
    merged = empty(N_COMPONENTS, 2)
    for piece, start in pieces:
        merged = merge(merged, moments_of(piece, min(start, len(x))))

    assert_close(moments_of(x), merged)


@pytest.mark.parametrize("n_pieces", [1, 7])
def test_moments_keep_their_digits_at_an_offset_of_1e8(n_pieces):
    # numpy.cov of the rows shifted back (exactly, 1e8 being an integer) is the oracle.  Rows at 1e8 carry 1.5e-8 of
    # rounding each, the same in both; a mean of squares minus a squared mean would lose all of 1e16·2e-16 > 1.
    rng = np.random.default_rng(1)
    x = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 2]], 1000) + 1e8
    oracle = np.cov((x - 1e8).T)
    merged = empty(1, 2)
    for piece in np.array_split(x, n_pieces):
        merged = merge(merged, hard_moments(piece, np.zeros(len(piece), dtype=int), np.ones(len(piece)), 1))

    naive = (x.T @ x / 1000 - np.outer(x.mean(axis=0), x.mean(axis=0))) * 1000 / 999
    assert np.abs(naive - oracle).max() > 1
    np.testing.assert_allclose(merged.scatter[0] / 999, oracle, rtol=1e-6)
    np.testing.assert_allclose(merged.mean[0] - 1e8, (x - 1e8).mean(axis=0), atol=1e-7)


def test_hard_moments_equal_those_of_a_loop_over_rows():
    rng = np.random.default_rng(2)
    x, component, weight = rng.normal(size=(30, 3)), rng.integers(-1, 3, 30), rng.uniform(0.5, 3, 30)

    moments = hard_moments(x, component, weight, 3)

    for k in range(3):
        total, mean, scatter = weighted_moments(x[component == k], weight[component == k])
        np.testing.assert_allclose(moments.weight[k], total, rtol=1e-12)
        np.testing.assert_allclose(moments.mean[k], mean, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(moments.scatter[k], scatter, rtol=1e-12, atol=1e-12)
    assert moments.log_likelihood == 0.0


def test_a_missing_cell_counts_as_the_mean_of_its_component():
    nan = np.nan
    x = np.array([[1.0, 10.0], [nan, 20.0], [4.0, nan], [nan, nan], [-5.0, nan]])
    component, weight = np.array([0, 0, 0, 0, 1]), np.array([2.0, 1.0, 1.0, 3.0, 1.0])
    filled = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40 / 3], [2.0, 40 / 3]])  # (2·1 + 4)/3 and (2·10 + 20)/3

    moments = hard_moments(x, component, weight, 2)

    total, mean, scatter = weighted_moments(filled, weight[:4])
    np.testing.assert_allclose(moments.weight, [total, 1.0])
    np.testing.assert_allclose(moments.mean, [mean, [-5.0, 0.0]])
    np.testing.assert_allclose(moments.scatter[0], scatter)
    assert not moments.scatter[1].any()
