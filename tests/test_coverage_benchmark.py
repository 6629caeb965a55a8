"""The coverage benchmark: the worlds are what they say, and intervals are judged by the truth."""

import numpy as np
import pytest


def test_labels_go_missing_by_their_class_at_the_odds_that_delta_undoes(load):
    """By Bayes' theorem, among rows with equal predictors the missing ones have their odds multiplied by exp(δ)."""
    worlds = load("coverage_worlds")
    name = "a missing more often, 1 column"
    files = [worlds.make_file(name, seed) for seed in range(150)]
    x = np.concatenate([file.cells["x1"] for file in files])
    is_a = np.concatenate([file.truth for file in files]) == "a"
    hidden = np.concatenate([file.hidden for file in files])
    near = np.abs(x - 0.75) < 0.4  # half way between the means, 0 and 1.5: odds 1 to 1 among all rows

    def odds(rows):
        return is_a[rows].mean() / (1.0 - is_a[rows].mean())

    assert np.log(odds(near & hidden) / odds(near & ~hidden)) == pytest.approx(worlds.true_delta(name), abs=0.09)
    assert hidden.mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("world", ["customers", "gaps by pattern"])
def test_a_file_of_the_promise_is_filled_and_judged_by_its_truth(load, world):
    coverage = load("coverage")
    (task,) = [coverage.Task(kind, world, 0) for kind in ("promise", "other") if world in coverage.KINDS[kind]]

    (found,) = coverage.run(task)

    file = coverage.make_promise_file(world, 0)
    assert found["rows"] == file.hidden.sum()
    assert found["truth"] == round((1.0 - found["accuracy"]) * found["rows"])
    assert 0.0 < found["log_loss"] < 3.0
