"""What reports say of a saved model that was applied: how many fills are wrong, what has moved, and what not to do."""

import numpy as np
import pandas as pd
import pytest
from reported import SAMPLES, Page, applied_to, plain

from em_impute.report.applied_words import applied_lines, predictor_rows, wrong_line
from em_impute.report.fit_report import FitReport
from em_impute.report.markdown import to_markdown
from em_impute.report.page.page import to_html
from em_impute.report.page.top import headline, tiles

PEOPLE = pd.read_csv(SAMPLES / "heights.csv")


def codes(report):
    return [one["code"] for one in report["warnings"]]


def with_applied(report, **changes):
    return {**report, "applied": {**report["applied"], **changes}}


def test_the_fills_that_are_probably_wrong_are_what_the_probabilities_leave():
    frame, report = applied_to(PEOPLE, PEOPLE[:200], "gender", probability=True)
    filled = PEOPLE["gender"][:200].isna()

    assert filled.sum() > 30
    assert report["applied"]["expected_wrong"] == pytest.approx((1.0 - frame["gender_probability"][filled]).sum())


def test_the_top_compares_what_the_model_expects_with_what_known_labels_show(taller):
    applied = taller["applied"]
    wrong, known = applied["expected_wrong"], applied["tested"]

    assert plain(headline(taller)) == (
        "280 of 934 cells of gender were empty. em-impute filled all 280 by height, with a saved model. By the "
        f"model’s own probabilities about {wrong:.0f} of them are wrong ({100 * wrong / 280:.1f} %); of {known['rows']} "
        f"labels known here, {100 - 100 * known['accuracy']:.1f} % were. Here height is distributed otherwise than where "
        "the model learnt."
    )
    assert [(one.figure, one.title) for one in tiles(taller)] == [
        ("280", "filled"),
        (f"{wrong:.0f}", "wrong, says the model"),
        (f"{100 * known['accuracy']:.1f} %", "right on labels known here"),
        ("1", "predictor moved"),
    ]


def test_without_known_labels_those_held_out_at_the_fit_are_told(taller):
    report = with_applied(taller, tested=None)
    then = report["applied"]["held_out"]

    assert f"of {then['rows']} labels held out when it was fitted, {100 - 100 * then['accuracy']:.1f} % were." in plain(
        headline(report)
    )
    assert "right on hidden labels" in [one.title for one in tiles(report)]


def test_of_one_filled_cell_the_chance_that_it_is_wrong_is_told(taller):
    report = with_applied({**taller, "missing": {**taller["missing"], "cells": 1, "filled": 1}}, expected_wrong=0.25)

    assert "it is wrong with a probability of 25.0 %" in plain(headline(report))
    assert ("25.0 %", "chance that it is wrong") in [(one.figure, one.title) for one in tiles(report)]
    assert wrong_line(report["applied"], 1).startswith("the one fill with a probability of 25.0 %")


def test_where_nothing_is_known_to_judge_by_nothing_is_claimed(taller):
    drift = {**taller["applied"]["drift"], "log_density": None, "predictors": []}
    applied = {**taller["applied"], "tested": None, "held_out": None, "drift": drift, "expected_wrong": 0.04}

    assert [name for name, _ in applied_lines(applied)] == ["model", "drift"]
    assert dict(applied_lines(applied))["drift"] == "too few rows to tell"
    assert wrong_line(applied, 5) == "about 0.04 of 5 (0.8 %) if its probabilities are right"


@pytest.mark.parametrize("form", ["summary", "Markdown", "page"])
def test_every_form_says_how_many_fills_are_probably_wrong(taller, form):
    said = {
        "summary": lambda: wrong_line(taller["applied"], 280),
        "Markdown": lambda: to_markdown(FitReport(**taller)),
        "page": lambda: Page(to_html(taller)).words().replace("\u00a0", " "),
    }[form]()
    applied = taller["applied"]
    shares = [1.0 - applied[key]["accuracy"] for key in ("held_out", "tested")]

    assert f"about {applied['expected_wrong']:.0f} of 280" in said
    assert f"it was wrong about {100 * shares[0]:.1f} % of the labels held out when it was fitted" in said
    assert f"and {100 * shares[1]:.1f} % of the labels known here" in said


def test_a_model_that_is_wrong_more_often_than_it_expects_is_told_of():
    taller = PEOPLE.assign(height=PEOPLE["height"] + 12.0)
    gone = PEOPLE.assign(height=PEOPLE["height"].where(np.arange(len(PEOPLE)) % 2 == 0))

    assert "W06" in codes(applied_to(PEOPLE, taller, "gender")[1])
    assert "W06" not in codes(applied_to(PEOPLE, PEOPLE[:500], "gender")[1])
    assert "W06" not in codes(applied_to(PEOPLE, gone, "gender")[1])  # it is unsure, and knows that
    assert "W06" not in codes(applied_to(PEOPLE, taller, "gender", min_probability=0.9)[1])  # the sure ones alone


def test_the_predictors_that_have_moved_furthest_come_first(taller):
    (one,) = taller["applied"]["drift"]["predictors"]
    still, unjudged = {**one, "name": "still", "psi": 0.1, "has_moved": False}, {**one, "name": "few", "psi": None}
    beyond = {**one, "name": "beyond", "psi": 9.0, "now": {**one["now"], "median": None}}
    colour = {**one, "name": "colour", "psi": 0.2, "then": None, "now": None}

    rows = predictor_rows({"predictors": [still, unjudged, one, colour, beyond]})

    assert [row[0] for row in rows] == ["beyond", "height", "colour", "still", "few"]
    assert [row[1] for row in rows][-2:] == ["no", "too few rows"]
    assert rows[0][3] == f"beyond ({one['then']['median']:.4g})"
    assert rows[2][3] == ""


def test_the_page_gives_no_advice_that_a_saved_model_cannot_follow(taller, heights):
    fitted, applied = (Page(to_html(one)).words() for one in (heights, taller))

    assert "fit anew, without --model , and draw" in applied
    assert "fit anew" not in fitted


def test_a_table_with_nothing_missing_tells_of_the_drift_all_the_same():
    whole = PEOPLE[PEOPLE["gender"].notna()]
    _, report = applied_to(PEOPLE, whole.assign(height=whole["height"] + 12.0), "gender")

    assert tiles(report) == []
    assert "1 of 1 predictor moved" in Page(to_html(report)).words()
    assert "W26" in codes(report)
    assert report["applied"]["expected_wrong"] == 0.0
