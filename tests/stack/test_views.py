"""The forms of the predictors: powers against scipy.stats, bins against their definition, rows one at a time."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import yeojohnson, yeojohnson_llf

from em_impute.stack.views import N_BINS, POWERS, Predictors, fit_views, yeo_johnson

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


@pytest.mark.parametrize("power", [-3.0, -0.5, -1e-12, 0.0, 1e-7, 0.25, 1.0, 1.75, 2.0, 2.0 + 1e-12, 3.3, 5.0])
def test_numbers_are_transformed_as_by_scipy(power):
    values = np.array(NUMBERS)

    found = yeo_johnson(values, power)

    # Below an exponent of 1e-9 the limit stands for the power: its relative error is at most 1e-9·log(1e5)/2.
    np.testing.assert_allclose(found, yeojohnson(values, power), rtol=1e-8, atol=0)


@given(power=st.floats(-4, 6), values=st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=8))
@settings(deadline=None, derandomize=True, max_examples=100)
def test_the_transform_keeps_the_sign_and_the_order_and_mirrors_powers_about_1(power, values):
    ordered = np.sort(values)

    found = yeo_johnson(ordered, power)

    assert (found * ordered >= 0).all()
    assert (np.diff(found) >= 0).all()
    np.testing.assert_allclose(yeo_johnson(-ordered, 2.0 - power), -found, rtol=1e-9)  # 2 − (2 − power) is rounded


def test_a_power_of_one_changes_nothing():
    np.testing.assert_allclose(yeo_johnson(np.array(NUMBERS), 1.0), NUMBERS, rtol=1e-15)


def test_missing_numbers_stay_missing():
    found = yeo_johnson(np.array([np.nan, 1.0, np.nan]), 0.0)

    np.testing.assert_allclose(found, [np.nan, np.log(2.0), np.nan])


SKEWED = {
    "normal": lambda rng, n: rng.normal(size=n),
    "lognormal": lambda rng, n: rng.lognormal(size=n),
    "very skewed": lambda rng, n: rng.lognormal(sigma=2.5, size=n),
    "left": lambda rng, n: -rng.gamma(1.5, size=n),
    "uniform": lambda rng, n: rng.uniform(size=n),
    "heavy tails": lambda rng, n: rng.standard_t(2, size=n),
    "two values": lambda rng, n: (rng.random(n) < 0.2).astype(float),
    "a spike": lambda rng, n: np.maximum(rng.normal(size=n), 0.0),
    "two groups": lambda rng, n: np.where(rng.random(n) < 0.5, -5.0, 5.0) + rng.normal(size=n),
    "one far away": lambda rng, n: np.append(rng.normal(size=n - 1), 1e4),
    "one far below": lambda rng, n: np.append(rng.normal(size=n - 1), -1e4),
}


@pytest.mark.parametrize("n_rows", [12, 300])
@pytest.mark.parametrize("kind", SKEWED)
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


def test_symmetric_numbers_have_mean_nought_and_deviation_one():
    predictors = some_predictors()

    seen = view_of(predictors, "symmetric").show(predictors)

    np.testing.assert_allclose(np.nanmean(seen.x[:, :2], axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(np.nanstd(seen.x[:, :2], axis=0), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(np.isnan(seen.x), np.isnan(predictors.x))


# Columns that could break


FRAGILE = {
    "zeros": np.zeros(30),
    "constant": np.full(30, 0.1),
    "constant and large": np.full(30, 1.0 + 1e5),
    "nearly constant": np.full(30, 0.1) + np.arange(30) % 2 * 2.0**-56,
    "rounding": 1.0 + np.spacing(1.0) * (np.arange(30) % 3),
    "two values": standardised(np.arange(30) % 2),
    "one different": standardised(np.arange(30) == 7),
    "one row": np.array([0.7]),
    "one row at nought": np.array([0.0]),
    "two rows": np.array([-1.0, 1.0]),
    "two equal rows": np.array([0.4, 0.4]),
    "none known": np.full(5, np.nan),
    "one known": np.array([np.nan, 0.3, np.nan]),
    "one of many": standardised(np.append(np.zeros(99_999), 1.0)),
    "tiny": np.arange(30) * 1e-200,
    "far": np.append(np.zeros(29), 1e10),
    "far below": np.append(np.zeros(29), -1e10),
}


@pytest.mark.parametrize("kind", FRAGILE)
def test_no_column_gives_a_view_that_is_not_finite(kind):
    values = FRAGILE[kind]
    predictors = numbers_alone(values)
    outside = numbers_alone([-1e6, -1.0, 0.0, 1.0, 1e6])

    for view in fit_views(predictors):
        shown, beyond = view.show(predictors), view.show(outside)

        np.testing.assert_array_equal(np.isnan(shown.x), np.isnan(values)[:, None] if shown.x.size else shown.x)
        assert np.isfinite(beyond.x).all()
        assert not np.isinf(shown.x).any()


@pytest.mark.parametrize("value", [0.1, 0.7, 1.0 / 3.0, -2.3, 100.1])
@pytest.mark.parametrize("n_rows", [1, 7, 30, 1001])
def test_a_constant_column_is_nought_in_the_symmetric_view_and_leaves_other_rows_near(value, n_rows):
    # The mean of equal numbers is rounded, so that their deviation is not quite 0: to divide by it would be absurd.
    predictors = numbers_alone(np.full(n_rows, value))

    view = view_of(predictors, "symmetric")

    np.testing.assert_allclose(view.show(predictors).x, 0.0, atol=1e-12)
    assert np.abs(view.show(numbers_alone([value + 0.5])).x).max() < 1e3


@pytest.mark.parametrize("value", [-1e50, -1e6, -40.0, 40.0, 1e6, 1e50])
def test_values_far_outside_the_sample_are_finite_and_in_order(value):
    rng = np.random.default_rng(5)
    predictors = numbers_alone(*(standardised(SKEWED[kind](rng, 50)) for kind in SKEWED))
    beyond = np.full((1, len(SKEWED)), value)

    for view in fit_views(predictors):
        sample, shown = view.show(predictors), view.show(predictors_of(beyond))

        assert np.isfinite(shown.x).all()
        for inside, outside in [(sample.x, shown.x), (sample.codes, shown.codes)]:
            among = (inside <= outside) if value > 0 else (inside >= outside)
            # No number of 50 is further than √50 deviations from their mean.
            assert among.all()


# Bins


def bins_of(values):
    predictors = numbers_alone(values)
    view = view_of(predictors, "binned")
    return view.show(predictors).codes[:, 0], view.levels[0], view


@given(values=st.lists(st.integers(-6, 6), min_size=1, max_size=60))
@settings(deadline=None, derandomize=True, max_examples=150)
def test_bins_keep_the_order_are_never_empty_and_never_part_equal_numbers(values):
    values = np.array(values) / 3.0

    codes, n_bins, _ = bins_of(values)

    assert n_bins <= N_BINS
    assert set(codes) == set(range(n_bins))
    for (a, code), (b, other) in itertools.pairwise(sorted(zip(values, codes, strict=True))):
        assert code == other if a == b else code <= other


@pytest.mark.parametrize("n_rows", [8, 80, 800])
def test_different_numbers_fill_bins_of_equal_size(n_rows):
    codes, n_bins, _ = bins_of(np.random.default_rng(4).normal(size=n_rows))

    np.testing.assert_array_equal(np.bincount(codes), [n_rows // N_BINS] * N_BINS)
    assert n_bins == N_BINS


@given(below=st.integers(0, 30), spike=st.integers(1, 60), above=st.integers(0, 30), gap=st.floats(0.01, 100))
@settings(deadline=None, derandomize=True, max_examples=150)
def test_a_value_that_fills_several_bins_has_one_to_itself(below, spike, above, gap):
    values = np.concatenate([-gap - np.arange(below), np.zeros(spike), gap + np.arange(above)])

    codes, _, _ = bins_of(values)

    if spike >= 2 * values.size / N_BINS:
        assert set(codes[values == 0]).isdisjoint(codes[values != 0])


def test_two_values_are_two_bins():
    codes, n_bins, _ = bins_of([0.0, 3.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])

    assert n_bins == 2
    np.testing.assert_array_equal(codes, [0, 1, 0, 0, 1] + [0] * 9)


def test_missing_and_unseen_numbers_are_binned_as_missing_and_at_the_ends():
    values = np.r_[np.random.default_rng(6).normal(size=40), np.nan]
    codes, n_bins, view = bins_of(values)

    shown = view.show(numbers_alone([-1e9, 1e9, np.nan])).codes[:, 0]

    assert codes[-1] == -1
    np.testing.assert_array_equal(shown, [0, n_bins - 1, -1])


def test_unseen_numbers_are_binned_by_a_loop_over_the_edges():
    values = np.random.default_rng(7).normal(size=50)
    _, _, view = bins_of(values)
    unseen = np.random.default_rng(8).normal(size=30)

    shown = view.show(numbers_alone(unseen)).codes[:, 0]

    np.testing.assert_array_equal(shown, [sum(value > edge for edge in view.edges[0]) for value in unseen])


# Rows and kinds


@pytest.mark.parametrize("name", ["plain", "symmetric", "numbers", "mixed", "binned"])
def test_a_row_looks_the_same_alone_and_among_others(name):
    predictors = some_predictors()
    view = view_of(predictors, name)

    together = view.show(predictors)

    for i in range(len(predictors.x)):
        alone = view.show(predictors.take(np.array([i])))
        # Vectorised logarithms may round the last digit another way.
        np.testing.assert_allclose(alone.x, together.x[i : i + 1], rtol=1e-13, atol=1e-13)
        np.testing.assert_array_equal(alone.codes, together.codes[i : i + 1])


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


@pytest.mark.parametrize(
    ("predictors", "expected"),
    [
        pytest.param(some_predictors(), ["plain", "symmetric", "numbers", "mixed", "binned"], id="both"),
        pytest.param(numbers_alone([-1.0, 0.0, 1.0]), ["plain", "symmetric", "binned"], id="numbers"),
        pytest.param(predictors_of(np.zeros((3, 0)), np.array([[0], [1], [-1]]), (2,)), ["plain", "mixed"], id="texts"),
    ],
)
def test_every_view_has_as_many_levels_as_columns_of_categories_and_no_code_beyond_them(predictors, expected):
    views = fit_views(predictors)

    assert [view.name for view in views] == expected
    for view in views:
        shown = view.show(predictors)
        assert len(view.levels) == shown.codes.shape[1]
        assert ((shown.codes >= -1) & (shown.codes < np.array(view.levels))).all()
        assert len(shown.x) == len(shown.codes) == len(predictors.x)


def test_categories_alone_are_shown_as_indicators_and_as_categories():
    codes = np.array([[0, 1], [1, 1], [-1, 0], [1, 0]])
    predictors = predictors_of(np.zeros((4, 0)), codes, (2, 2))

    plain, mixed = (view.show(predictors) for view in fit_views(predictors))

    np.testing.assert_array_equal(plain.x, predictors.x)
    np.testing.assert_array_equal(mixed.codes, codes)
    assert (plain.codes.shape, mixed.x.shape) == ((4, 0), (4, 0))
