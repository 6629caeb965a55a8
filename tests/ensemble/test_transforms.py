"""The forms of the predictors: powers against scipy.stats, bins against their definition."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sampling import crossed
from scipy.optimize import minimize_scalar
from scipy.stats import yeojohnson, yeojohnson_llf

from em_impute.ensemble.transforms import N_BINS, POWERS, Predictors, fit_views, yeo_johnson

NUMBERS = [0.0, -0.0, 1e-300, -1e-12, 1e-9, 0.3, -0.3, 1.0, -1.0, 7.5, -7.5, 300.0, -300.0, 1e5, -1e5]


def predictors_of(numbers, codes=None, levels=()):
    """Predictors of these numbers and categories, indicators standardised as the tool does."""
    n_rows = len(numbers)
    codes = np.zeros((n_rows, 0), dtype=int) if codes is None else codes
    indicators = [
        np.where(column[:, None] < 0, np.nan, column[:, None] == np.arange(n)).astype(float)
        for column, n in zip(codes.T, levels, strict=True)
    ]
    indicators = [(one - np.nanmean(one, axis=0)) / np.nanstd(one, axis=0) for one in indicators]
    return Predictors(np.hstack([numbers, *indicators]), codes, tuple(levels), numbers.shape[1])


def numbers_alone(*columns):
    return predictors_of(np.column_stack(columns).astype(float))


def standardised(values):
    values = np.asarray(values, dtype=float)
    return (values - values.mean()) / values.std()


def view_of(predictors, name):
    return {view.name: view for view in fit_views(predictors)}[name]


def some_predictors(seed=1, n_rows=60):
    """Two numbers, one with a spike, and two categories, some of everything missing."""
    rng = np.random.default_rng(seed)
    numbers = np.column_stack([rng.lognormal(size=n_rows), np.maximum(rng.normal(size=n_rows), 0.0)])
    numbers = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    numbers[rng.random(numbers.shape) < 0.2] = np.nan
    codes = np.column_stack([rng.integers(-1, 3, n_rows), rng.integers(0, 2, n_rows)])
    return predictors_of(numbers, codes, (3, 2))


# Powers


@pytest.mark.parametrize("power", [-3.0, -1e-12, 0.0, 1.0, 1.75, 2.0 + 1e-12, 5.0])
def test_numbers_are_transformed_as_by_scipy(power):
    values = np.array([*NUMBERS, np.nan])

    found = yeo_johnson(values, power)

    # Below an exponent of 1e-9 the limit stands for the power: its relative error is at most 1e-9·log(1e5)/2.
    np.testing.assert_allclose(found, yeojohnson(values, power), rtol=1e-8, atol=0)


SKEWED = {
    "lognormal": lambda rng, n: rng.lognormal(size=n),
    "left": lambda rng, n: -rng.gamma(1.5, size=n),
    "heavy tails": lambda rng, n: rng.standard_t(2, size=n),
    "a spike": lambda rng, n: np.maximum(rng.normal(size=n), 0.0),
    "one far away": lambda rng, n: np.append(rng.normal(size=n - 1), 1e4),
}


@crossed(5, kind=SKEWED, n_rows=[12, 300])
def test_the_power_is_about_as_likely_as_the_best_that_scipy_finds(kind, n_rows):
    # Which power matters little: what counts is that numbers are nearly as Gaussian under it.  The tolerance is one part
    # in a hundred of a nat a row, and scipy searches the interval that the powers are taken from.
    values = standardised(SKEWED[kind](np.random.default_rng(3), n_rows))

    (power,) = view_of(numbers_alone(values), "symmetric").power

    grid = np.linspace(POWERS[0], POWERS[-1], 60)
    height = [yeojohnson_llf(one, values) for one in grid]
    near = grid[int(np.argmax(height))]
    bounds = max(near - 0.2, POWERS[0]), min(near + 0.2, POWERS[-1])
    best = -minimize_scalar(lambda one: -yeojohnson_llf(one, values), bounds=bounds, method="bounded").fun
    assert POWERS[0] <= power <= POWERS[-1]
    assert best - 0.01 * n_rows <= yeojohnson_llf(power, values)


# Columns that could break


FRAGILE = {
    "zeros": np.zeros(30),
    "constant": np.full(30, 0.1),
    "nearly constant": np.full(30, 0.1) + np.arange(30) % 2 * 2.0**-56,
    "one different": standardised(np.arange(30) == 7),
    "one row": np.array([0.7]),
    "none known": np.full(5, np.nan),
    "one of many": standardised(np.append(np.zeros(99_999), 1.0)),
    "far": np.append(np.zeros(29), 1e10),
}


def test_no_column_gives_a_view_that_is_not_finite():
    outside = numbers_alone([-1e6, -1.0, 0.0, 1.0, 1e6])
    for kind, values in FRAGILE.items():
        predictors = numbers_alone(values)
        for view in fit_views(predictors):
            shown, beyond = view.show(predictors), view.show(outside)

            np.testing.assert_array_equal(np.isnan(shown.x), np.isnan(values)[:, None] if shown.x.size else shown.x)
            assert np.isfinite(beyond.x).all(), kind
            assert not np.isinf(shown.x).any(), kind


# Bins


def bins_of(values):
    predictors = numbers_alone(values)
    view = view_of(predictors, "binned")
    return view.show(predictors).codes[:, 0], view.levels[0], view


@given(values=st.lists(st.integers(-6, 6), min_size=1, max_size=60))
def test_bins_keep_the_order_are_never_empty_and_never_part_equal_numbers(values):
    values = np.array(values) / 3.0

    codes, n_bins, _ = bins_of(values)

    assert n_bins <= N_BINS
    assert set(codes) == set(range(n_bins))
    for (a, code), (b, other) in itertools.pairwise(sorted(zip(values, codes, strict=True))):
        assert code == other if a == b else code <= other


@given(below=st.integers(0, 30), spike=st.integers(1, 60), above=st.integers(0, 30), gap=st.floats(0.01, 100))
def test_a_value_that_fills_several_bins_has_one_to_itself(below, spike, above, gap):
    values = np.concatenate([-gap - np.arange(below), np.zeros(spike), gap + np.arange(above)])

    codes, _, _ = bins_of(values)

    if spike >= 2 * values.size / N_BINS:
        assert set(codes[values == 0]).isdisjoint(codes[values != 0])


def test_missing_and_unseen_numbers_are_binned_as_missing_and_at_the_ends():
    values = np.r_[np.random.default_rng(6).normal(size=40), np.nan]
    codes, n_bins, view = bins_of(values)

    shown = view.show(numbers_alone([-1e9, 1e9, np.nan])).codes[:, 0]

    assert codes[-1] == -1
    np.testing.assert_array_equal(shown, [0, n_bins - 1, -1])


# Rows and kinds


def test_each_view_shows_numbers_indicators_and_categories_in_its_form():
    predictors = some_predictors()
    numbers, indicators = predictors.x[:, :2], predictors.x[:, 2:]

    shown = {view.name: view.show(predictors) for view in fit_views(predictors)}

    powered = shown["numbers"].x
    np.testing.assert_array_equal(shown["plain"].x, np.hstack([numbers, indicators]))
    np.testing.assert_array_equal(shown["symmetric"].x, np.hstack([powered, indicators]))
    np.testing.assert_array_equal(shown["mixed"].x, powered)
    np.testing.assert_array_equal(shown["mixed"].codes, predictors.codes)
    np.testing.assert_array_equal(shown["binned"].codes[:, 2:], predictors.codes)
    assert shown["binned"].x.shape == (60, 0)
    assert [shown[name].codes.shape[1] for name in ("plain", "symmetric", "numbers")] == [0, 0, 0]
