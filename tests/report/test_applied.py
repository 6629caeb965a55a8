"""What reports say of a saved model that was applied: how many fills are wrong, what has moved, and what not to do."""

import numpy as np
import pandas as pd
import pytest
from reported import SAMPLES, applied_to, page_of

PEOPLE = pd.read_csv(SAMPLES / "heights.csv")


def codes(report):
    return [one["code"] for one in report["warnings"]]


def test_the_fills_that_are_probably_wrong_are_what_the_probabilities_leave():
    frame, report = applied_to(PEOPLE, PEOPLE[:200], "gender", probability=True)
    filled = PEOPLE["gender"][:200].isna()

    assert filled.sum() > 30
    assert report["applied"]["expected_wrong"] == pytest.approx((1.0 - frame["gender_probability"][filled]).sum())


def test_a_model_that_is_wrong_more_often_than_it_expects_is_told_of():
    taller = PEOPLE.assign(height=PEOPLE["height"] + 12.0)
    gone = PEOPLE.assign(height=PEOPLE["height"].where(np.arange(len(PEOPLE)) % 2 == 0))

    misjudged = applied_to(PEOPLE, taller, "gender")[1]

    assert "W06" in codes(misjudged)
    assert "The model expects about " in page_of(misjudged)
    assert "wrong, which does not hold here. Tested" in page_of(misjudged)
    assert "W06" not in codes(applied_to(PEOPLE, PEOPLE[:500], "gender")[1])
    assert "W06" not in codes(applied_to(PEOPLE, gone, "gender")[1])  # it is unsure, and knows that
    assert "W06" not in codes(applied_to(PEOPLE, taller, "gender", min_probability=0.9)[1])  # the sure ones alone
