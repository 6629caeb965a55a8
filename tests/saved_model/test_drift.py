"""Drift from one file to another: what is compared, and what is said."""

import numpy as np
import pytest

from em_impute.em.parameters import Parameters
from em_impute.saved_model.distributions import (
    Spread,
    TextDistribution,
    Typicality,
    count_numbers,
    count_texts,
    describe_numbers,
    look_at_rows,
)
from em_impute.saved_model.drift import DataProfile, compare, drift_warnings
from em_impute.saved_model.units import count_converted

HEIGHT, COLOUR = "height", "eye colour"
COLOURS, LABELS = ("blue", "brown", "green"), ("female", "male")
MIXTURE = Parameters(np.array([0.5, 0.5]), np.array([[-0.75], [0.75]]), np.full((2, 1, 1), 0.45))
SHIFT, SCALE = 170.0, 9.3


def counts(cells, texts):
    return np.array([float(np.count_nonzero(cells == text)) for text in texts])


def counted(cells, texts, known):
    code = np.array([texts.index(cell) if cell in texts else -1 for cell in cells.tolist()])
    return count_texts(known, texts, code, np.ones(code.size))


class People:
    """Rows of a file: by their label people differ in height, and by nothing else."""

    def __init__(self, rng, n, *, up=0.0, male=0.5, brown=0.5, gone=0.05, known=0.6):
        is_male = rng.random(n) < male
        self.label = np.where(rng.random(n) < known, np.where(is_male, "male", "female"), "")
        self.height = SHIFT + SCALE * (rng.normal(0, 0.67, n) + np.where(is_male, 0.75, -0.75) + up)
        self.height[rng.random(n) < gone] = np.nan
        self.colour = np.where(rng.random(n) < brown, "brown", rng.choice(["blue", "green"], n)).astype("<U9")

    def typicality(self):
        return look_at_rows(MIXTURE, ((self.height - SHIFT) / SCALE)[:, None], np.array([SCALE]))

    def summary(self):
        return DataProfile(
            {HEIGHT: describe_numbers(self.height)},
            {COLOUR: TextDistribution(COLOURS, counts(self.colour, COLOURS), 0.0)},
            TextDistribution(LABELS, counts(self.label, LABELS), float(np.count_nonzero(self.label == ""))),
            self.typicality(),
        )

    def beside(self, training):
        cells = training.numbers[HEIGHT]
        colours, labels = sorted({*self.colour.tolist()}), sorted({*self.label.tolist()} - {""})
        return DataProfile(
            {HEIGHT: count_numbers(cells, self.height)},
            {COLOUR: counted(self.colour, colours, COLOURS)},
            counted(self.label, labels, LABELS),
            self.typicality(),
            {HEIGHT: count_converted(cells, self.height)},
        )  # fmt: skip


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture
def training(rng):
    return People(rng, 2000).summary()


def said(training, people):
    return drift_warnings(compare(training, people.beside(training)))


def test_taller_people_move_the_distribution_and_are_less_typical(rng, training):
    drift = compare(training, People(rng, 500, up=1.5).beside(training))

    assert ["W26", "W27", "W28"] == [code for code, _ in drift_warnings(drift)]


def test_cells_that_are_missing_more_often_are_told(rng, training):
    (found,) = said(training, People(rng, 300, gone=0.25))

    assert found[0] == "W26"
    assert [] == said(training, People(rng, 30_000, gone=0.09))  # a few more, however sure


@pytest.mark.parametrize(
    ("n", "m", "mean", "sd", "is_lower"),
    [
        (10_000, 10_000, -4.2, 1.0, False),  # beyond chance, but a fifth of a deviation
        (10_000, 10_000, -4.3, 1.0, True),
        (20, 10_000, -4.5, 1.0, False),
        (10_000, 20, -5.0, 2.0, False),  # two of those that the new rows themselves show
    ],
)
def test_the_mean_log_density_must_fall_by_a_quarter_of_a_deviation_and_not_by_chance(n, m, mean, sd, is_lower):
    labels = TextDistribution((), np.empty(0), 0.0)
    then, now = (
        DataProfile({}, {}, labels, Typicality(rows, 0.0, Spread(rows, centre, rows * spread**2)))
        for rows, centre, spread in ((n, -4.0, 1.0), (m, mean, sd))
    )

    drift = compare(then, now)

    assert (-4.0, mean, 1.0, is_lower) == drift.log_density
    assert is_lower == ("W28" in dict(drift_warnings(drift)))
