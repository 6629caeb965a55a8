"""What is said of wrong fills and totals, in lines, Markdown and warnings."""

import numpy as np

from em_impute.findings.uncertainty import Interval, Uncertainty
from em_impute.report.uncertainty import (
    totals_line,
    totals_markdown,
    totals_section,
    uncertainty_warnings,
    wrong_line,
    wrong_markdown,
    wrong_section,
)

TOTALS = {
    "known": {"a": 100, "b": 80},
    "most_probable": {"a": 190, "b": 120},
    "expected": {"a": 180.4, "b": 129.6},
}


def found(*, agree=True, missing=0.3):
    held_out = Interval(40.0, 30.0, 52.0)
    wrong = Interval(20.4, 12.0, 31.0) if agree else held_out
    return Uncertainty(
        100,
        wrong,
        held_out,
        agree,
        (Interval(180.0, 172.0, 188.0), Interval(130.0, 122.0, 138.0)),
        (Interval(0.58, 0.52, 0.64), Interval(0.42, 0.36, 0.48)),
        np.array([missing, missing]),
    )


def warned(uncertainty, *, counts=True):
    totals = {**TOTALS, **totals_section(uncertainty, ("a", "b"))}
    return dict(uncertainty_warnings(uncertainty, wrong_section(uncertainty, 21.0), totals, 130, counts=counts))


def test_the_number_of_wrong_fills_has_its_interval_and_what_held_out_labels_say():
    section = wrong_section(found(), 21.0)
    assert wrong_line(section, 130) == "about 20 of 130 (90 %: 12 to 31); held-out labels say 30 to 52"
    text = " ".join(wrong_markdown(section, 130))
    assert "about 20 are expected" in text
    assert "40 (30 to 52)" in text


def test_where_the_two_disagree_the_labels_lead():
    section = wrong_section(found(agree=False), 21.0)
    assert section["estimate"] == 40.0
    assert wrong_line(section, 130) == "about 40 of 130 (90 %: 30 to 52), as held-out labels say; the model says 21"
    assert "**The model disagrees" in " ".join(wrong_markdown(section, 130))
    assert "21 of the 130 fills" in warned(found(agree=False))["W06"]


def test_without_draws_only_what_probabilities_add_up_to_is_said():
    section = wrong_section(None, 21.0)
    assert section == {"estimate": 21.0}
    assert wrong_line(section, 130) == "about 21 of 130"
    assert totals_section(None, ("a", "b")) == {}
    assert "multiple imputation" not in " ".join(totals_markdown(TOTALS))


def test_totals_are_counted_in_four_ways():
    totals = {**TOTALS, **totals_section(found(), ("a", "b"))}
    assert totals_line(totals) == "a 180 expected (95 %: 172 to 188), b 130 expected (95 %: 122 to 138)"
    text = "\n".join(totals_markdown(totals))
    assert "| a | 100 | 190 | 180.4 | 180 (172 to 188) |" in text
    assert "draw 19 imputations" in text


def test_counts_beyond_the_interval_are_warned_of_unless_nobody_counts_them():
    assert "'a' 190 (172 to 188)" in warned(found())["W07"]
    assert "W07" not in warned(found(), counts=False)


def test_much_missing_information_asks_for_more_imputations():
    assert "W09" not in warned(found())
    assert "80.0 %" in warned(found(missing=0.8))["W09"]
    assert "129 imputations" in warned(found(missing=0.8))["W09"]
