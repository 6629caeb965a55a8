"""The first picture of the page: its axes, and what it says of the model that fills."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import em_impute

CENTRES = {"left": (0, 0, 0), "right": (3, 0, 0), "above": (1, 3, 0)}


def three_labels_and_two_rows_far_out():
    """Draw three labels side by side, and two rows of a fourth that are far away where nothing else varies."""
    rng = np.random.default_rng(5)
    rows = [(name, *rng.normal(centre, (1, 1, 0.01))) for name, centre in CENTRES.items() for _ in range(80)]
    rows += [("rare", 1.0, 1.0, 50.0), ("rare", 1.5, 0.5, 50.5)]
    frame = pd.DataFrame(rows, columns=["kind", "x", "y", "z"])
    frame.loc[::5, "kind"] = None
    return frame


@pytest.fixture(scope="module")
def report():
    return em_impute.fill(three_labels_and_two_rows_far_out(), column="kind").report


def test_two_rows_far_out_do_not_turn_the_axes(report):
    means = np.array([np.mean(report.pictures.plane.known[name], axis=0)[:2] for name in CENTRES])
    spread = np.vstack([np.std(report.pictures.plane.known[name], axis=0)[:2] for name in CENTRES]).max(axis=0)

    assert (np.ptp(means, axis=0) > 2.0 * spread).all()  # the labels are apart in both directions
    for axis in report.pictures.plane.axes:
        assert abs(axis.coefficients["z"]) < abs(axis.coefficients["x"]) + abs(axis.coefficients["y"])


def test_the_picture_of_one_predictor_draws_the_mixture_that_fills():
    frame = three_labels_and_two_rows_far_out()[["kind", "x"]]
    report = em_impute.fill(frame[frame["kind"] != "rare"], column="kind", covariance="full").report
    moved = [replace(one, mean={"x": one.mean["x"] + 1.0}) for one in report.model.parameters]
    others = [replace(one, mean={"x": one.mean["x"] + 1.0}) for one in report.plain_em.parameters]

    assert "This mixture fills the cells." in report.to_html()
    assert str(replace(report, model=replace(report.model, parameters=moved)).plot()) != str(report.plot())
    assert str(replace(report, plain_em=report.plain_em._replace(parameters=others)).plot()) == str(report.plot())
