"""How typical rows are: against scipy's densities row by row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import log_density
from sampling import rarely
from scipy.special import logsumexp
from scipy.stats import chi2

from em_impute.em.parameters import Parameters
from em_impute.saved_model import distributions as typicality
from em_impute.saved_model.distributions import Spread, Typicality, look_at_rows

MIXTURE = Parameters(
    np.array([0.5, 0.3, 0.2]),
    np.array([[-1.0, 0.0, 0.5], [1.0, 1.0, -0.5], [0.0, -2.0, 0.0]]),
    np.array([np.diag([0.5, 1.0, 2.0]), [[1.0, 0.6, 0.0], [0.6, 1.0, 0.2], [0.0, 0.2, 0.8]], np.eye(3)]),
)
SCALE = np.array([10.0, 0.5, 3.0])


def rows(rng, n, *, missing=0.3, reach=2.0):
    x = rng.normal(0.0, reach, (n, 3))
    x[rng.random((n, 3)) < missing] = np.nan
    return x


def naive(parameters, x, weights, scale):
    """Row by row: distances by the inverse of the covariance of what is seen, densities by scipy."""
    n_rows, far, densities, counts = 0.0, 0.0, [], []
    for row, weight in zip(x, weights, strict=True):
        seen = ~np.isnan(row)
        if not seen.any():
            continue
        n_rows += weight
        distances = []
        for mean, covariance in zip(parameters.mean, parameters.covariance, strict=True):
            apart = (row - mean)[seen]
            distances.append(apart @ np.linalg.inv(covariance[np.ix_(seen, seen)]) @ apart)
        far += weight * (min(distances) > chi2.ppf(0.999, seen.sum()))
        if seen.all():
            of_components = [log_density(row, *one) for one in zip(parameters.mean, parameters.covariance, strict=True)]
            densities.append(logsumexp(np.log(parameters.weight) + of_components) - np.log(scale).sum())
            counts.append(weight)
    return n_rows, far, densities, counts


def assert_close(expected, actual, rtol=1e-9):
    assert expected.rows == pytest.approx(actual.rows, rel=rtol)
    assert expected.far == pytest.approx(actual.far, rel=rtol)
    # The scatter of few rows is a small difference of large densities: 1e-9 of their size.
    assert tuple(expected.log_density) == pytest.approx(tuple(actual.log_density), rel=rtol, abs=1e-9 * max(1.0, expected.log_density.weight))  # fmt: skip


@pytest.mark.parametrize("missing", [rarely(0.0), 0.3, rarely(0.7)])
def test_rows_are_looked_at_as_a_loop_looks(missing):
    rng = np.random.default_rng(int(10 * missing))
    x, weights = rows(rng, 300, missing=missing), rng.uniform(0.5, 3.0, 300)

    found = look_at_rows(MIXTURE, x, SCALE, weights)

    n_rows, far, densities, counts = naive(MIXTURE, x, weights, SCALE)
    mean = np.average(densities, weights=counts)
    scatter = np.sum(counts * (densities - mean) ** 2)
    assert far > 0
    assert_close(Typicality(n_rows, far, Spread(sum(counts), mean, scatter)), found)


@given(st.integers(0, 40), st.tuples(st.integers(0, 40), st.integers(0, 40)))
def test_parts_add_up_to_the_whole_in_any_order_and_grouping(n, cuts):
    x = rows(np.random.default_rng(n), 40)
    first, second = sorted(cuts)
    parts = [look_at_rows(MIXTURE, some, SCALE) for some in (x[:first], x[first:second], x[second:])]
    whole = look_at_rows(MIXTURE, x, SCALE)

    assert_close(whole, parts[0].plus(parts[1]).plus(parts[2]))
    assert_close(whole, parts[2].plus(parts[0].plus(parts[1])))


def test_rows_beyond_all_squares_are_far_and_their_density_is_a_number():
    found = look_at_rows(MIXTURE, np.array([[1e300, 0.0, -1e300]]), SCALE)

    assert (1.0, 1.0) == (found.rows, found.far)
    assert np.isfinite([found.log_density.mean, found.log_density.scatter]).all()


def test_of_very_many_rows_those_drawn_weigh_as_much_as_all(monkeypatch):
    monkeypatch.setattr(typicality, "MAX_ROWS", 4000)
    x = rows(np.random.default_rng(6), 20_000, missing=0.0)

    found = look_at_rows(MIXTURE, x, SCALE)

    monkeypatch.undo()
    everything = look_at_rows(MIXTURE, x, SCALE)
    assert 20_000 == pytest.approx(found.rows)
    share = everything.far / everything.rows
    assert found.far / found.rows == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 4000))
    assert found.log_density.mean == pytest.approx(everything.log_density.mean, abs=4 * everything.log_density.sd / 63)
