"""Numbers as people write them: each notation read by hand, and what is none left alone."""

import numpy as np
import pytest

from em_impute.columns.notation import are_mixed, choose_notation, may_be_decimal

NAN = float("nan")
READ = {
    # what a column holds -> kind, and the number of each cell, worked out by hand
    "dollars": (["$67,799", "$28,516.50", "-$5", "($1,200)", "700"], "amount in $", [67799, 28516.5, -5, -1200, 700]),
    "code after": (["1,200 EUR", "-12.5 EUR"], "amount in EUR", [1200, -12.5]),
    "percent": (["8.0%", "13.9 %", "-7%"], "percentage", [8, 13.9, -7]),
    "unit": (["72 kg", "80.5kg", "72"], "number in kg", [72, 80.5, NAN]),
    "area": (["10 m²", "1,250 m²"], "number in m2", [10, 1250]),
    "thin spaces": (["1\u202f234", "12\u00a0345.5", "999"], "number", [1234, 12345.5, 999]),
    "Swiss": (["1'234", "12’000.5"], "number", [1234, 12000.5]),
    "Indian": (["12,34,567", "5,00,000", "7.5"], "number", [1234567, 500000, 7.5]),
    "minus": (["−5", "−0.5", "3"], "number", [-5, -0.5, 3]),
    "full width": (["\uff11\uff12", "\uff13\uff0e\uff15"], "number", [12, 3.5]),
    "Arabic": (["\u0661\u0662", "\u0661\u066c234\u066b5"], "number", [12, 1234.5]),
    "scales": (["1.2K", "3M", "900", "2bn"], "number", [1200, 3e6, 900, 2e9]),
    "Fortran": (["1.5D+03", "2.5d-1", "1e3"], "number", [1500, 0.25, 1000]),
    "spreadsheet": (['="12"', "'13", "14"], "number", [12, 13, 14]),
    "minus behind": (["3.50-", "1,200.00-", "2.25", "3-"], "number", [-3.5, -1200, 2.25, NAN]),
    "limits": (["<0.5", ">1100", "~12", "approx. 80", "<=6", "1.5"], "number", [0.25, 1100, 12, 80, 3, 1.5]),
    "ranges": (["18-25", "26–35", "36 to 45", "65+"], "number", [21.5, 30.5, 40.5, 65]),
    "bounds with units": (["<10 mg", "25 mg"], "number in mg", [5, 25]),
    "one and more": (["1 year", "2 Years", "< 1 year", "10+ years"], "number in year", [1, 2, 0.5, 10]),
    "bounds in words": (["under 18", "18 to 24", "65 and over", "Less than 6"], "number", [9, 21, 65, 3]),
    "bounds behind": (["18 years and under", "over 18 years"], "number in years", [9, 18]),
    "incomes": (
        ["Less than $10,000", "$10,000 to $14,999", "$150,000 or more"],
        "amount in $",
        [5000, 12499.5, 150000],
    ),
    "units twice": (["$10k-$20k", "$40k+"], "amount in $", [15000, 40000]),
    "below zero": (["-10 to -5", "-5 to 10", "-3"], "number", [-7.5, 2.5, -3]),
    "footnotes": (["72*", "72 (est.)", "95[1]", "90†", "110³", "7 (a)"], "number", [72, 72, 95, 90, 110, 7]),
    "ordinals": (["1st", "22nd", "3rd", "44th", "#5", "No. 7"], "number", [1, 22, 3, 44, 5, 7]),
    "powers of ten": (["1.2×10^3", "2.5 x 10-2", "3×10⁻²"], "number", [1200, 0.025, 0.03]),
    "German": (["1.234,50", "-12,5", "2.000.000", "7"], "number with decimal comma", [1234.5, -12.5, 2e6, 7]),
    "points alone": (["1.001.500 €", "2.000 €"], "amount in € with decimal comma", [1_001_500, 2000]),
    "no centimes": (["1'200.-", "950.--"], "number", [1200, 950]),
}


@pytest.mark.parametrize(("texts", "kind", "expected"), READ.values(), ids=READ)
def test_a_notation_is_read(texts, kind, expected):
    notation = choose_notation(texts, np.full(len(texts), 10.0), ".", 0.0)

    assert notation.kind == kind
    np.testing.assert_allclose(notation.numbers(texts)[:, 0], expected, rtol=1e-15)


@pytest.mark.parametrize(
    "texts",
    [
        ["A12", "B13"],
        ["12 Elm Street", "3 Main Street"],  # units that differ
        ["1.2.3", "2.0.1"],  # versions
        ["192.168.0.1", "10.0.0.7"],
        ["(12.5", "7)"],
        ["555-1234", "555-2199"],  # phone numbers: ranges would repeat
        ["1e400", "1e999"],  # beyond the range of numbers
        ["2019-20", "2020-21"],  # no ranges: they would fall
        ["1,23,45", "12,3"],
        ["Grade 5", "Grade 6"],  # names
        ["5 or six", "3 and a half"],
    ],
)
def test_what_is_no_number_stays_a_text(texts):
    assert choose_notation(texts, np.ones(len(texts)), ".", 0.95) is None


def test_cells_count_by_how_often_they_occur():
    texts = ["5 kg", "6 lb"]

    assert choose_notation(texts, np.array([19.0, 1.0]), ".", 0.95).affix == "kg"
    assert choose_notation(texts, np.array([1.0, 19.0]), ".", 0.95).affix == "lb"
    assert choose_notation(texts, np.array([9.0, 1.0]), ".", 0.95) is None


@pytest.mark.parametrize(
    ("texts", "is_open"),
    [
        (["1,234", "12,500"], True),
        (["1,234", "999"], True),
        (["€1,459", "€1,399"], True),  # a litre of petrol
        (["$1,234", "$2,500"], False),  # nobody writes tenths of a cent
        (["1,234", "1,234,567"], False),
        (["1,234", "2.5"], False),
        (["1 234", "2 500"], False),
        (["1,230", "345"], False),  # decimals stand in each, or no 0 at the end
        (["1,230", "345.250"], False),
        (["1,230", "4,500"], True),
    ],
)
def test_a_comma_before_three_digits_is_open_unless_other_cells_settle_it(texts, is_open):
    notation = choose_notation(texts, np.ones(len(texts)), ".", 0.95)

    assert may_be_decimal(notation, texts, np.ones(len(texts)), 0.95) == is_open


def test_limits_ranges_and_words_are_more_than_numbers():
    texts = ["2+", "<2", "2-3", "Ground", "2nd", "$2", "-2.5e+3"]

    assert are_mixed(texts).tolist() == [True, True, True, True, True, False, False]
