"""Cells of several numbers, each worked out by hand; what only looks so is left alone."""

import numpy as np
import pytest

from em_impute.columns.compound import choose_compound

READ = {
    # what a column holds -> kind, and the number of each cell
    "heights": (['5\'3"', "6\u2032 0\u2033", "5 ft 11 in", "5ft", "5'3"], "number in inches", [63, 72, 71, 60, 63]),
    "births": (["6 lb 4 oz", "7lbs 12oz", "8 lb", "6 lb 2.5"], "number in ounces", [100, 124, 128, 98.5]),
    "sacks": (["1.5 kg", "750 g", "2 kg 50 g"], "number in grams", [1500, 750, 2050]),
    "people": (["1m75", "1 m 62 cm", "180cm"], "number in metres", [1.75, 1.62, 1.8]),
    "films": (["1h 05m", "2 h", "45 min", "1 hr 5 mins 30 secs", "1h05", "PT2H4M"], "number in minutes",
              [65, 120, 45, 65.5, 65, 124]),
    "laps": (["3'45\"", "12'6\"", "1h 2'"], "number in minutes", [3.75, 12.1, 62]),
    "animals": (["2 years", "3 weeks", "1 year, 6 months", "5 days"], "number in days", [730.5, 21, 547.875, 5]),
    "files": (["1.5 MB", "300 KB", "2GB"], "number in bytes", [1.5e6, 3e5, 2e9]),
    "latitudes": (["51\u00b030'N", "33.5\u00b0 S", "0.25N", "12\u00b015'36\""], "number in degrees", [51.5, -33.5, 0.25, 12.26]),
}  # fmt: skip


@pytest.mark.parametrize(("texts", "kind", "expected"), READ.values(), ids=READ)
def test_a_number_with_several_units_is_counted_in_one(texts, kind, expected):
    compound = choose_compound(texts, np.ones(len(texts)), 0.95)

    assert compound.kind == kind
    np.testing.assert_allclose(compound.numbers(texts)[:, 0], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["120/80", "135 / 90", "110/70 mmHg"], [[120, 80], [135, 90], [110, 70]]),
        (["12x8", "1920 \u00d7 1080"], [[12, 8], [1920, 1080]]),
        (["3 of 5", "4 out of 5"], [[3, 5], [4, 5]]),
        (["[18,25)", "(-0.5, 1.0]"], [[18, 25], [-0.5, 1]]),
        (["POINT (-73.9 40.7)", "(40.7, -73.9)", "40.7, -73.9"], [[-73.9, 40.7], [40.7, -73.9], [40.7, -73.9]]),
        (["12.3 \u00b1 0.4", "12.3 (0.4)", "45 (12%)"], [[12.3, 0.4], [12.3, 0.4], [45, 12]]),
    ],
)
def test_two_numbers_are_two(texts, expected):
    compound = choose_compound(texts, np.ones(len(texts)), 0.95)

    assert (compound.kind, compound.parts) == ("two numbers", ("first", "second"))
    assert compound.numbers([*texts, "n/a"])[:-1].tolist() == expected
    assert np.isnan(compound.numbers(["n/a"])).all()


@pytest.mark.parametrize(
    "texts",
    [
        ["12", "3.5"],  # numbers, which are read elsewhere
        ["2021/03", "2020/12"],  # padded: codes or parts of dates
        ["72,9", "54,7"],  # decimals
        ["3 beds", "2 baths"],
        ["A12/3", "B4/5"],
        ["5 days 2 years", "1 oz 2 lb"],  # the smaller first
        ["1h 2", "hours"],
        ["1/2/3", "4/5/6"],
        ["", "-"],
    ],
)
def test_what_is_no_number_stays_a_text(texts):
    assert choose_compound(texts, np.ones(len(texts)), 0.95) is None
