"""Drift from one file to another: what is compared, what is said, and how often it is said of files that are alike."""

import json

import numpy as np
import pytest

from em_impute.engine.parameters import Parameters
from em_impute.saved.distribution import TextDistribution, count_numbers, count_texts, describe_numbers
from em_impute.saved.drift import Summary, as_dict, compare
from em_impute.saved.remarks import remarks
from em_impute.saved.typicality import Spread, Typicality, look_at_rows
from em_impute.saved.units import count_converted

HEIGHT, COLOUR = "height", "eye colour"
COLOURS, LABELS = ("blue", "brown", "green"), ("female", "male")
MIXTURE = Parameters(np.array([0.5, 0.5]), np.array([[-0.75], [0.75]]), np.full((2, 1, 1), 0.45))
SHIFT, SCALE = 170.0, 9.3


def counts(cells, texts):
    return np.array([float(np.count_nonzero(cells == text)) for text in texts])


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
        return Summary(
            {HEIGHT: describe_numbers(self.height)},
            {COLOUR: TextDistribution(COLOURS, counts(self.colour, COLOURS), 0.0)},
            TextDistribution(LABELS, counts(self.label, LABELS), float(np.count_nonzero(self.label == ""))),
            self.typicality(),
        )

    def beside(self, training):
        cells = training.numbers[HEIGHT]
        colours, labels = sorted({*self.colour.tolist()}), sorted({*self.label.tolist()} - {""})
        unknown = float(np.count_nonzero(self.label == ""))
        return Summary(
            {HEIGHT: count_numbers(cells, self.height)},
            {COLOUR: count_texts(training.texts[COLOUR], colours, counts(self.colour, colours), 0.0)},
            count_texts(training.labels, labels, counts(self.label, labels), unknown),
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
    return remarks(compare(training, people.beside(training)))


def test_a_file_like_the_training_rows_has_no_drift(rng, training):
    assert [] == said(training, People(rng, 500))


def test_a_file_like_the_training_rows_hardly_ever_has_any():
    """Seven comparisons at 0.1 % each or less: of 400 files at most six, which 0.7 % would exceed once in 30."""
    rng = np.random.default_rng(2)
    alarms = 0
    for n in (30, 100, 400, 1500):
        for _ in range(100):
            alarms += bool(said(People(rng, 1000).summary(), People(rng, n)))

    assert alarms <= 6


def test_taller_people_move_the_distribution_and_are_less_typical(rng, training):
    drift = compare(training, People(rng, 500, up=1.5).beside(training))

    found = remarks(drift)

    assert ["W26", "W27", "W28"] == [code for code, _ in found]
    moved, far, density = (message for _, message in found)
    assert moved.startswith("Distributed otherwise than in training: 'height' by a population stability index of ")
    (height, _) = drift.predictors
    assert f", median {height.now.median:.4g} now and {training.numbers[HEIGHT].median:.4g} then." in moved
    assert "far from every component of the model: " in far
    assert f"{100 * drift.far.now:.1f} % now and {100 * drift.far.then:.1f} % then" in far
    assert f"({(drift.density.then - drift.density.now) / drift.density.sd:.4g} standard deviations)" in density


def test_cells_that_are_missing_more_often_are_told(rng, training):
    (found,) = said(training, People(rng, 300, gone=0.25))

    assert found[0] == "W26"
    assert found[1].startswith("Missing more often than in training: 'height' 2")
    assert f" % now and {100 * (training.numbers[HEIGHT].missing / 2000):.1f} % then" in found[1]


def test_a_few_more_missing_cells_are_not_told_however_sure_they_are(rng, training):
    assert [] == said(training, People(rng, 30_000, gone=0.09))


def test_a_column_that_is_all_missing_is_told(rng, training):
    assert "'height' 100.0 % now and" in dict(said(training, People(rng, 300, gone=1.0)))["W26"]


def test_texts_that_the_model_has_never_seen_are_counted_and_not_quoted(rng, training):
    people = People(rng, 200)
    people.colour[:6] = ["turquoise", "turquoise", "turquoise", "violet", "violet", "violet"]

    (found,) = said(training, people)

    start = "Texts that the model has never seen count as missing: 'eye colour' in 6 rows (3.0 %)."
    assert ("W25", start) == found


def test_texts_in_other_shares_are_drift(rng, training):
    (found,) = said(training, People(rng, 500, brown=0.95))

    assert found[1].startswith(
        "Distributed otherwise than in training: 'eye colour' by a population stability index of "
    )
    assert " then" not in found[1]


def test_known_labels_in_other_shares_are_told(rng, training):
    people = People(rng, 500)
    people.label = np.where(rng.random(500) < 0.85, "male", "female")

    found = dict(said(training, people))

    then, now = (counts(one, LABELS)[1] / counts(one, LABELS).sum() for one in (People(np.random.default_rng(1), 2000).label, people.label))  # fmt: skip
    assert ["W29"] == [*found]
    assert found["W29"].startswith("Known labels have other shares than in training: 'female' ")
    assert f"'male' {100 * now:.1f} % now and {100 * then:.1f} % then; population stability index" in found["W29"]


def test_fewer_than_eight_rows_are_not_judged(rng, training):
    people = People(rng, 7, up=9.0, male=1.0, known=1.0, gone=0.0)

    assert [] == said(training, people)
    assert [] != said(training, People(rng, 8, up=9.0, gone=0.0))


def test_the_parts_of_a_file_are_judged_as_the_whole(training):
    def people(some):
        one = People(np.random.default_rng(3), 600, up=1.0, gone=0.2)
        one.label, one.height, one.colour = one.label[some], one.height[some], one.colour[some]
        return one.beside(training)

    whole, parts = people(slice(None)), [people(slice(k, k + 200)) for k in (0, 200, 400)]

    for merged in (parts[0].plus(parts[1]).plus(parts[2]), parts[2].plus(parts[1].plus(parts[0]))):
        expected, actual = as_dict(compare(training, whole)), as_dict(compare(training, merged))
        assert expected["log_density"] == pytest.approx(actual["log_density"])
        assert {**expected, "log_density": None} == {**actual, "log_density": None}


def test_a_predictor_that_the_file_lacks_is_left_out(rng, training):
    new = People(rng, 100).beside(training)
    lacking = Summary({}, new.texts, new.labels)

    drift = compare(training, lacking)

    assert [COLOUR] == [one.name for one in drift.predictors]
    assert (None, None, None) == (drift.density, drift.far.then, drift.far.now)


@pytest.mark.parametrize(
    ("n", "m", "mean", "sd", "is_lower"),
    [
        (10_000, 10_000, -4.2, 1.0, False),  # beyond chance, but a fifth of a deviation
        (10_000, 10_000, -4.3, 1.0, True),
        (10_000, 20, -4.5, 1.0, False),  # two standard errors
        (20, 10_000, -4.5, 1.0, False),
        (10_000, 20, -5.0, 1.0, True),
        (10_000, 20, -5.0, 2.0, False),  # two of those that the new rows themselves show
        (10_000, 20, -5.0, 0.0, True),
        (10_000, 20, -3.0, 1.0, False),
    ],
)
def test_the_mean_log_density_must_fall_by_a_quarter_of_a_deviation_and_not_by_chance(n, m, mean, sd, is_lower):
    labels = TextDistribution((), np.empty(0), 0.0)
    then, now = (
        Summary({}, {}, labels, Typicality(rows, 0.0, Spread(rows, centre, rows * spread**2)))
        for rows, centre, spread in ((n, -4.0, 1.0), (m, mean, sd))
    )

    drift = compare(then, now)

    assert (-4.0, mean, 1.0, is_lower) == drift.density
    assert is_lower == ("W28" in dict(remarks(drift)))


@pytest.mark.parametrize("n", [0, 5, 500])
def test_the_section_is_strict_json_and_says_what_was_compared(rng, training, n):
    people = People(rng, n, up=1.0)
    people.colour[:3] = "violet"

    section = as_dict(compare(training, people.beside(training)))

    assert section == json.loads(json.dumps(section, allow_nan=False))
    height, colour = section["predictors"]
    assert (HEIGHT, "numeric", COLOUR, "categorical") == (
        height["name"],
        height["type"],
        colour["name"],
        colour["type"],
    )
    assert n == section["rows"]
    assert (n < 8) == (height["psi"] is None) == (section["labels"] is None) == (section["log_density"] is None)
    assert (None if not n else {"rows": 3, "share": 3 / n}) == colour["unseen"]
    if n:
        assert np.nanmin(people.height) == height["now"]["lowest"]
        assert {"then", "now", "is_more"} == set(height["missing"]) == set(section["far"])


def test_a_section_of_what_has_moved_says_so(rng, training):
    section = as_dict(compare(training, People(rng, 500, up=3.0).beside(training)))

    height, colour = section["predictors"]
    assert (True, False) == (height["has_moved"], colour["has_moved"])
    assert height["psi"] > height["psi_limit"] == 0.25
    assert height["ks_p_value"] < 1e-10 < height["ks"]
