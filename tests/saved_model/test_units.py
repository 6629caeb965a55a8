"""Units that have changed: simulated columns converted both ways, and drifts that are no change of the unit."""

import numpy as np
import pytest
from sampling import crossed
from scipy.stats import ks_2samp

from em_impute.saved_model.distributions import (
    CONVERSIONS,
    _converted,
    count_numbers,
    describe_numbers,
    distances,
    unit_factor,
)

KILOGRAMS_OF_A_POUND, METRES_OF_A_FOOT = 0.45359237, 0.3048  # exactly, by the agreement of 1959


def found_in(training, new, weights=None):
    described = describe_numbers(training)
    return unit_factor(described, count_numbers(described.edges, new, weights), new, weights)


def heights(rng, n):
    return np.where(rng.random(n) < 0.5, rng.normal(164, 7, n), rng.normal(177, 7.5, n)).round(1)


def weights(rng, n):
    return rng.lognormal(np.log(72), 0.2, n).round(1)


def temperatures(rng, n):
    return rng.normal(12, 7, n).round(1)


COLUMNS = [heights, weights, temperatures]
POWERS = [10.0**k for k in (-6, -5, -4, -3, -2, 2, 3, 4, 5, 6)]
NEAR = [10.0, 1 / 10, 2.54, 1 / 2.54, KILOGRAMS_OF_A_POUND, 1 / KILOGRAMS_OF_A_POUND, METRES_OF_A_FOOT, 1 / METRES_OF_A_FOOT]  # fmt: skip


@crossed(17, column=COLUMNS, factor=POWERS, rows=[20, 300])
def test_powers_of_ten_are_found_in_any_column(column, factor, rows):
    """Of 10 columns 7 at least: a twentieth is refused since the converted numbers fit too badly by chance."""
    rng = np.random.default_rng([rows, COLUMNS.index(column), POWERS.index(factor)])

    found = [found_in(column(rng, 2000), factor * column(rng, rows)) for _ in range(10)]

    assert sum(one is not None and one.factor == pytest.approx(factor) for one in found) >= 7


@crossed(5, column_and_rows=[(heights, 20), (weights, 200)], factor=NEAR)
def test_units_that_are_near_each_other_are_told_apart(column_and_rows, factor):
    """A column as wide as its mean hides a factor of two; those of people's measures do not."""
    column, rows = column_and_rows
    rng = np.random.default_rng([rows, NEAR.index(factor)])

    found = [found_in(column(rng, 2000), factor * column(rng, rows)) for _ in range(20)]

    assert sum(one is not None and one.factor == pytest.approx(factor) for one in found) >= 16


@pytest.mark.parametrize("fahrenheit", [False, True])
def test_degrees_are_found_by_their_factor_and_offset(fahrenheit):
    rng = np.random.default_rng(1)
    celsius, new = rng.normal(37.0, 0.6, 3000).round(1), rng.normal(37.0, 0.6, 200).round(1)
    pair = (celsius, 1.8 * new + 32) if fahrenheit else (1.8 * celsius + 32, new)

    found = found_in(*pair)

    assert found.words == f"other numbers, as if degrees {'Fahrenheit for Celsius' if fahrenheit else 'Celsius for Fahrenheit'}"  # fmt: skip
    assert found.factor * 100 + found.offset == pytest.approx(212 if fahrenheit else (100 - 32) / 1.8)


def test_every_conversion_has_its_way_back():
    pairs = {(one.factor, one.offset) for one in CONVERSIONS}

    for factor, offset in pairs:
        assert any((1 / factor, -offset / factor) == pytest.approx(other) for other in pairs)


DRIFTS = {
    "two deviations up": lambda rng, n: (rng.normal(0, 1, 1000), rng.normal(2, 1, n)),
    "the double": lambda rng, n: (rng.normal(2, 1, 1000), rng.normal(4, 1, n)),
    "very skewed": lambda rng, n: (rng.lognormal(0, 1.5, 1000), rng.lognormal(2.0, 1.5, n)),
    "counts": lambda rng, n: (rng.poisson(2, 1000) + 0.0, rng.poisson(6, n) + 0.0),
    "nothing": lambda rng, n: (rng.normal(0, 1, 1000), rng.normal(0, 1, n)),
}


@crossed(7, drift=DRIFTS, rows=[12, 50, 1000])
def test_mere_drift_is_no_change_of_the_unit(drift, rows):
    """Of 100 files at most two: with twelve rows chance does it once in 200 or less."""
    rng = np.random.default_rng([rows, *DRIFTS].index(drift) + rows)

    found = [found_in(*DRIFTS[drift](rng, rows)) for _ in range(100)]

    assert sum(one is not None for one in found) <= (2 if rows == 12 else 0)


@pytest.mark.parametrize(
    ("rows", "up", "least", "most"), [(40, 0.0, 40, 50), (40, 0.8, 0, 15), (5000, 0.2, 50, 50), (5000, 0.8, 0, 0)]
)
def test_converted_numbers_must_fit_but_may_have_drifted_a_little(rows, up, least, most):
    """A shift by 0.8 deviations is a distance of 0.31: of 40 rows the test at 5 % rejects 0.21, and in any file 0.15 does."""
    rng = np.random.default_rng(rows)

    found = [found_in(rng.normal(170, 10, 3000), rng.normal(1.7 + 0.1 * up, 0.1, rows)) for _ in range(50)]

    assert least <= sum(one is not None for one in found) <= most


def test_too_few_rows_have_no_unit():
    rng = np.random.default_rng(4)
    training, new = heights(rng, 500), heights(rng, 12) / 100

    assert found_in(training, new).factor == 0.01
    assert found_in(training, new[:11]) is None
    assert found_in(training[:11], new) is None


def test_rounding_takes_no_number_out_of_its_cell():
    """Each number is a cell of its own, and 70 × 0.01 is not 0.7 in binary."""
    training = np.arange(30.0, 120.0)
    described = describe_numbers(training)

    for text in (lambda v: f"{v / 100:.2f}", lambda v: f"{v * 1000:.0f}"):
        new = np.array([float(text(value)) for value in training])
        (conversion,) = [one for one in CONVERSIONS if one.factor == pytest.approx(new[0] / training[0])]

        assert described.counts.tolist() == count_numbers(_converted(described.edges, conversion), new).counts.tolist()


@pytest.mark.parametrize("size", [1e305, 1e-305])
def test_the_largest_and_smallest_numbers_have_units_as_far_as_there_are_numbers(size):
    rng = np.random.default_rng(7)

    assert found_in(size * heights(rng, 500), size * heights(rng, 100)) is None
    assert found_in(size * heights(rng, 500), size * heights(rng, 100) / 100).factor == 0.01


@crossed(5, column=COLUMNS, shift=[0.3, 0.0, -5.0])
def test_the_distances_are_those_of_scipy_less_a_cell_at_most(column, shift):
    rng = np.random.default_rng([COLUMNS.index(column), abs(int(10 * shift))])
    training, new = column(rng, 800), column(rng, 300) + shift
    described = describe_numbers(training)
    counted = count_numbers(described.edges, new)

    found = distances(described.counts, counted.counts)

    fullest = max((described.counts / 800).max(), (counted.counts / 300).max())
    for distance, side in zip(found, ("less", "greater"), strict=True):
        exact = ks_2samp(training, new, alternative=side).statistic
        assert exact - fullest - 1e-12 <= distance <= exact + 1e-12
