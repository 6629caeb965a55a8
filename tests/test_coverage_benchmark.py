"""The coverage benchmark: the worlds are what they say, and intervals are judged by the truth."""

import numpy as np
import pytest
from scipy.stats import norm

from em_impute.findings.uncertainty import pool_shares


def test_labels_go_missing_by_their_class_at_the_odds_that_delta_undoes(load):
    """By Bayes' theorem, among rows with equal predictors the missing ones have their odds multiplied by exp(δ)."""
    worlds = load("coverage_worlds")
    name = "a missing more often, 1 column"
    files = [worlds.make_file(name, seed) for seed in range(300)]
    x = np.concatenate([file.cells["x1"] for file in files])
    is_a = np.concatenate([file.truth for file in files]) == "a"
    hidden = np.concatenate([file.hidden for file in files])
    near = np.abs(x - 0.75) < 0.4  # half way between the means, 0 and 1.5: odds 1 to 1 among all rows

    def odds(rows):
        return is_a[rows].mean() / (1.0 - is_a[rows].mean())

    assert np.log(odds(near & hidden) / odds(near & ~hidden)) == pytest.approx(worlds.true_delta(name), abs=0.06)
    assert hidden.mean() == pytest.approx(0.5, abs=0.01)


def test_the_truth_of_a_world_is_that_of_many_of_its_rows(load):
    worlds = load("coverage_worlds")
    for name in worlds.WORLDS:
        files = [worlds.make_file(name, seed) for seed in range(150)]
        x = np.concatenate([file.cells["x1"] for file in files])
        label = np.concatenate([file.truth for file in files])
        error = 4.0 * np.sqrt(sum(x[label == k].var() / (label == k).sum() for k in "ab"))
        assert x[label == "a"].mean() - x[label == "b"].mean() == pytest.approx(files[0].difference, abs=error)
        assert (label == "a").mean() == pytest.approx(files[0].share, abs=0.02)


def test_pooling_agrees_with_that_of_the_report(load):
    coverage = load("coverage")
    share = np.random.default_rng(1).normal(0.4, 0.03, 20)
    pooled = coverage.pooled([(one, share.mean() * (1 - share.mean()) / 300) for one in share], 300)
    assert pooled == pytest.approx(pool_shares(np.column_stack([share, 1 - share]), 300)[0][0])


def test_intervals_of_known_distributions_cover_as_often_as_they_should(load):
    """Estimates of standard deviation 1, with intervals of ±1.96: 95 %, and the figures say so."""
    coverage = load("coverage")
    rng = np.random.default_rng(2)
    task = coverage.Task("simulated", "x", 0)
    rows = [
        coverage.covered(task, "share", 0.0, e, e - norm.ppf(0.975), e + norm.ppf(0.975)) for e in rng.normal(size=4000)
    ]
    table = "\n".join(coverage.summary(coverage.pd.DataFrame(rows)))
    covered = float(table.splitlines()[-2].split("|")[4].strip(" %"))
    assert covered == pytest.approx(95.0, abs=1.1)


def test_a_file_is_filled_and_judged_by_its_truth(load):
    coverage = load("coverage")
    rows = coverage.run(coverage.Task("simulated", "200 of 500, 2 columns", 1))
    found = {row["what"]: row for row in rows}
    assert set(found) == {"wrong", "share", "mean"}
    assert found["wrong"]["low"] < found["wrong"]["estimate"] < found["wrong"]["high"]
    assert found["share"]["truth"] == 0.6
    assert found["mean"]["truth"] == -1.5
