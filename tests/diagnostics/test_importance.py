"""What each predictor is worth: against closed forms, and against cells that are emptied by hand."""

import math

import numpy as np
import pandas as pd
import pytest

import em_impute

STEP = 1.5


def gaussians(n=3000, seed=0):
    """Draw a label that moves `strong` by STEP standard deviations, and `useless` and `wrong` not at all."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    frame = pd.DataFrame({"strong": rng.normal(STEP * label, 1.0), "useless": rng.normal(size=n)})
    frame["kind"] = np.where(label == 1, "b", "a").astype(object)
    frame.loc[rng.random(n) < 0.3, "kind"] = None
    return frame


def bayes_loss(step, n=400_000):
    """Simulate the least mean −log probability of two labels whose Gaussians are `step` standard deviations apart."""
    x = np.random.default_rng(1).normal(step / 2, 1.0, n)
    return float(np.mean(np.logaddexp(0.0, -step * x)))


@pytest.fixture(scope="module")
def report():
    return em_impute.fill(gaussians(), column="kind").report


def test_a_predictor_is_worth_what_the_log_loss_of_the_shares_exceeds_that_of_bayes(report):
    worth = {one.column: one for one in report.importance}

    expected = math.log(2.0) - bayes_loss(STEP)
    assert worth["strong"].gain == pytest.approx(expected, abs=3.0 * worth["strong"].standard_error)
    assert worth["strong"].standard_error < expected / 5.0


def test_noise_is_worth_nothing(report):
    noise = next(one for one in report.importance if one.column == "useless")

    assert abs(noise.gain) < 3.0 * noise.standard_error + 0.002


def test_two_copies_that_differ_by_noise_are_worth_less_than_one_each(report):
    frame = gaussians()
    frame["copy"] = frame["strong"] + np.random.default_rng(3).normal(0.0, 0.3, len(frame))
    worth = {one.column: one.gain for one in em_impute.fill(frame, column="kind").report.importance}

    assert worth["copy"] < worth["strong"] < next(one.gain for one in report.importance)


def test_a_category_is_left_out_with_all_that_is_made_of_it():
    frame = gaussians()
    truth = gaussians(seed=0)["strong"] > STEP / 2
    frame = frame.drop(columns="strong").assign(colour=np.where(truth, "red", "blue"))
    worth = em_impute.fill(frame, column="kind").report.importance

    assert ["colour", "useless"] == [one.column for one in worth]
    assert worth[0].gain > 0.1
