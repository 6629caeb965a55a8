"""The paragraph for a methods section is whole and grammatical, whatever was done."""

import re

import numpy as np
from reported import changed, drawn, plain, report_of

from em_impute.report.page.methods import methods

NEW_KEYS = {"method", "imputations"}


def test_the_methods_paragraph_has_what_reviewers_ask_for(heights):
    text = plain([methods(heights)])
    accuracy = heights["accuracy"]

    assert text.startswith(
        "Of 934 rows, 280 (30.0 %) had no value of gender; missing values were imputed with em-impute"
    )
    assert "from height by" in text
    assert "All were filled with their most probable labels." in text
    assert f"{100 * accuracy['accuracy']:.1f} % were recovered" in text
    assert "missing at random given the predictors" in text
    assert not re.search(r"  | \.|,,|\.\.|None", text)


def test_the_methods_paragraph_is_whole_for_every_kind_of_model(tmp_path, faithful, complete):
    rng = np.random.default_rng(0)
    table = "g,s,x,y\n" + "".join(
        f"{'ab'[i] if rng.random() < 0.7 else ''},{'mn'[j]},{rng.normal() + 2 * i},{rng.normal() + i}\n"
        for i, j in rng.integers(0, 2, (200, 2)).tolist()
    )
    single = report_of(tmp_path, table, covariance="tied")
    leading = report_of(tmp_path, table, single=True)
    grouped = report_of(tmp_path, table, by="s")
    old = {**single, "filled": {key: value for key, value in single["filled"].items() if key not in NEW_KEYS}}
    old_drawn = {**old, "command": "em-impute fill x.csv --method draw"}
    old_several = {**old, "output": {"files": [{"path": "a", "sha256": ""}, {"path": "b", "sha256": ""}]}}
    parts = {**single, "parts": {"number": 4, "rows_drawn": {"known": 1, "missing": 7}, "files": []}}

    for report, phrase in [
        (single, "by a mixture of 2 Gaussians with covariance tied, estimated by expectation-maximisation"),
        (leading, "by a Gaussian mixture ("),
        (grouped, "Models were fitted in each of the 2 groups of s and to all rows"),
        (faithful, "No label was known. Rows were grouped by eruptions and waiting with a mixture of 2 Gaussians"),
        (old, "All were filled with their most probable labels."),
        (old_drawn, "All were filled with labels drawn by their probabilities."),
        (old_several, "Values were drawn by their probabilities in 2 completed data sets."),
        ({**single, "command": "em-impute fill draw"}, "All were filled with their most probable labels."),
        (drawn(single), "All were filled with labels drawn by their probabilities."),
        (drawn(single, 20), "Values were drawn by their probabilities in 20 completed data sets."),
        (
            changed(drawn(single, 20), {"filled": 60}),
            "Values were drawn by their probabilities in 20 completed data sets, and 1 was left missing.",
        ),
        (parts, "read in 4 parts, and the model was chosen on 1 row with a label and 7 without one"),
        (
            changed(drawn(single), {"filled": 60}),
            "60 of them were filled with labels drawn by their probabilities, and 1 was left missing.",
        ),
        (changed(single, {"cells": 1, "filled": 1}), "The missing value was filled with its most probable label."),
        (complete, "had no value of g"),
    ]:
        text = plain([methods(report)])

        assert phrase in text
        assert text.endswith(".")
        assert not re.search(r"  | \.|,,|\.\.|None|\b1 \w+s were\b", text)
