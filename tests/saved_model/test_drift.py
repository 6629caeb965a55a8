"""Drift from one file to another: what is compared, and what is said."""

import numpy as np
import pytest

from em_impute.saved_model.distributions import TextDistribution, count_numbers, count_texts, describe_numbers
from em_impute.saved_model.drift import DataProfile, compare, drift_warnings

HEIGHT, COLOUR = "height", "eye colour"
COLOURS, LABELS = ("blue", "brown", "green"), ("female", "male")
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

    def summary(self):
        return DataProfile(
            {HEIGHT: describe_numbers(self.height)},
            {COLOUR: TextDistribution(COLOURS, counts(self.colour, COLOURS), 0.0)},
            TextDistribution(LABELS, counts(self.label, LABELS), float(np.count_nonzero(self.label == ""))),
        )

    def beside(self, training):
        cells = training.numbers[HEIGHT]
        colours, labels = sorted({*self.colour.tolist()}), sorted({*self.label.tolist()} - {""})
        return DataProfile(
            {HEIGHT: count_numbers(cells.edges, self.height)},
            {COLOUR: counted(self.colour, colours, COLOURS)},
            counted(self.label, labels, LABELS),
        )


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture
def training(rng):
    return People(rng, 2000).summary()


def said(training, people):
    return [*drift_warnings(compare(training, people.beside(training)))]


def test_taller_people_move_the_distribution(rng, training):
    drift = compare(training, People(rng, 500, up=1.5).beside(training))

    assert ["W26"] == [code for code, _ in drift_warnings(drift)]


def test_cells_that_are_missing_more_often_are_told(rng, training):
    (found,) = said(training, People(rng, 300, gone=0.25))

    assert found[0] == "W26"
    assert [] == said(training, People(rng, 30_000, gone=0.09))  # a few more, however sure
