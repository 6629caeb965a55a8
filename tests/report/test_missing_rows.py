"""The sections about missing rows: whole values in JSON, and what Markdown and the terminal make of them."""

import json

import numpy as np
import pytest

from em_impute.findings.labelling import Comparison, Labelling, Ratio, Regression
from em_impute.findings.missingness import Difference, Missingness, Side
from em_impute.findings.sensitivity import sweep
from em_impute.report.missing_rows import (
    MAX_LISTED,
    UNPROVEN,
    sensitivity_line,
    sensitivity_markdown,
    sensitivity_section,
    who_line,
    who_markdown,
    who_section,
)

ODD = "<b>x|y</b>"

HEIGHT = Difference("height", "numeric", Side(170.0, 8.0, 0.0), Side(175.0, 8.0, 0.25), 0.625, 0.31, 1e-9)
COLOUR = Difference(
    ODD,
    "categorical",
    Side(None, None, 0.125, {"red": 0.75, "*blue*": 0.25}),
    Side(None, None, 0.0, {"red": 0.5, "*blue*": 0.5}),
    0.5345,
    None,
    0.0421,
)
NOWHERE = Difference("empty", "numeric", Side(1.0, 2.0, 0.5), Side(None, None, 1.0), None, 0.0, 1.0)
APART = Difference("line", "numeric", Side(0.0, 0.0, 0.0), Side(1.0, 0.0, 0.0), float("-inf"), 1.0, 0.0)


def missingness(*differences, auc=0.74, interval=(0.7, 0.78), drawn=(400, 300)):
    return Missingness(differences, auc, interval, 400, 300, *drawn)


def labelling(p_value):
    """A test whose second gate is open; a small p-value opens the others too."""
    ratio = Ratio(12.5, 1, p_value, np.array([0.5, 0.5]), np.array([0.25, 0.75]))
    comparisons = (Comparison("height", 0.31, 1e-9),)
    return Labelling(("f", "m"), ratio, comparisons, Regression(1.0, 2), np.array([0.7, 0.3]), np.array([0.8, 0.2]))


def cells(lines, head):
    """Cells below the head of the Markdown table whose first cell it is."""
    lines = list(lines)
    first = next(i for i, line in enumerate(lines) if line.startswith(f"| {head} |"))
    rows = []
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in line.strip("|").replace("\\|", "¦").split("|")])
    return rows


def test_the_section_about_who_is_missing_says_everything_in_json():
    section = who_section(missingness(HEIGHT, COLOUR), labelling(0.001))
    sentence = section.pop("sentence")

    assert section == {
        "rows": {"known": 400, "missing": 300},
        "looked_at": {"known": 400, "missing": 300},
        "differences": [
            {
                "name": "height",
                "type": "numeric",
                "known": {"mean": 170.0, "sd": 8.0, "share_missing": 0.0},
                "missing": {"mean": 175.0, "sd": 8.0, "share_missing": 0.25},
                "smd": 0.625,
                "ks": 0.31,
                "p_value": 1e-9,
            },
            {
                "name": ODD,
                "type": "categorical",
                "known": {"shares": {"red": 0.75, "*blue*": 0.25}, "share_missing": 0.125},
                "missing": {"shares": {"red": 0.5, "*blue*": 0.5}, "share_missing": 0.0},
                "smd": 0.5345,
                "ks": None,
                "p_value": 0.0421,
            },
        ],
        "auc": 0.74,
        "auc_interval": [0.7, 0.78],
        "labelling_test": {
            "statistic": 12.5,
            "df": 1,
            "p_value": 0.001,
            "p_predictors": 1e-9,
            "at_random": False,
            "depends_on_class": True,
            "label_rates": {"f": 0.8, "m": 0.2},
            "shares_known": {"f": 0.7, "m": 0.3},
            "shares_missing_at_one_rate": {"f": 0.5, "m": 0.5},
            "shares_missing_at_own_rates": {"f": 0.25, "m": 0.75},
        },
    }
    assert json.loads(json.dumps(section, allow_nan=False)) == section
    assert sentence.endswith(UNPROVEN)
    assert "differ in their predictors (AUC 0.74, 95 %: 0.70 to 0.78; 0.5 is chance)" in sentence


@pytest.mark.parametrize(
    ("auc", "interval", "said"),
    [
        (0.74, (0.7, 0.78), "Missing and known rows differ in their predictors"),
        (0.52, (0.47, 0.57), "Missing and known rows are not seen to differ in their predictors"),
        (None, None, "There are too few rows of one kind"),
    ],
)
def test_what_the_data_cannot_prove_is_said_whatever_they_show(auc, interval, said):
    section = who_section(missingness(HEIGHT, auc=auc, interval=interval), None)

    assert section["labelling_test"] is None
    assert section["sentence"].startswith(said)
    assert "cannot prove" in section["sentence"]
    assert "sweep" in section["sentence"]
    assert list(who_markdown(section))[-1] == f"{section['sentence']}\n"


def test_markdown_lists_predictors_with_the_most_different_first():
    section = who_section(missingness(NOWHERE, HEIGHT, APART, COLOUR), None)
    lines = list(who_markdown(section))

    assert lines[0] == "## Who is missing\n"
    assert lines[1] == "400 rows with a label compared with 300 without one.\n"
    assert cells(lines, "column | mean (sd), known") == [
        ["line", "0 (0)", "1 (0)", "-∞", "1", "\\< 0.001", "0.0 %", "0.0 %"],
        ["height", "170 (8)", "175 (8)", "0.62", "0.31", "\\< 0.001", "0.0 %", "25.0 %"],
        ["empty", "1 (2)", "– (–)", "–", "0", "1.000", "50.0 %", "100.0 %"],
    ]  # fmt: skip
    assert cells(lines, "column | share, known → missing") == [
        ["\\<b\\>x¦y\\</b\\>", "red: 75.0 % → 50.0 %, \\*blue\\*: 25.0 % → 50.0 %", "0.53", "0.042", "12.5 %", "0.0 %"]
    ]  # fmt: skip


def test_markdown_says_how_many_rows_were_drawn_and_lists_no_more_than_a_reader_bears():
    many = [HEIGHT._replace(name=f"x{j}", smd=j / 100) for j in range(MAX_LISTED + 3)]

    lines = list(who_markdown(who_section(missingness(*many, drawn=(100, 50)), None)))

    assert lines[1] == "400 rows with a label compared with 300 without one; 100 and 50 of them were drawn.\n"
    assert [row[0] for row in cells(lines, "column | mean (sd), known")] == [f"x{j}" for j in range(22, 2, -1)]
    assert "… and 3 that differ less.\n" in lines


def test_markdown_shows_the_rates_of_labels_only_where_they_look_different():
    text = {p: list(who_markdown(who_section(missingness(HEIGHT), labelling(p)))) for p in (0.0001, 0.5)}

    assert cells(text[0.0001], "label | rows that have it") == [
        ["f", "80.0 %", "50.0 %", "25.0 %"],
        ["m", "20.0 %", "50.0 %", "75.0 %"],
    ]
    assert any("p < 0.001" in line for line in text[0.0001])
    assert any("p = 0.500" in line for line in text[0.5])
    assert any("not enough to say" in line and "p below 0.01" in line for line in text[0.5])


def test_the_line_names_the_predictors_that_differ_most_and_is_not_long():
    long = HEIGHT._replace(name="a column with a name of many words", smd=-0.9)

    line = who_line(who_section(missingness(HEIGHT, NOWHERE, long, COLOUR), None))

    assert line == (
        "missing from known: AUC 0.74 (0.70 to 0.78; 0.5 is chance), SMD a column with a… -0.90, height 0.62"
    )


def test_the_line_does_without_an_area_and_without_differences():
    section = who_section(missingness(NOWHERE, auc=None, interval=None), None)

    assert who_line(section) == "too few rows of one kind to tell missing from known"


SHARES = {"f": (0.5, 0.6)}


def swept(n_labels=2):
    """Rows whose totals are plain: 100 missing ones of probability 1/4, and 60 known ones of the first label."""
    labels = ("f", "m", ODD)[:n_labels]
    probability = np.array([[0.25, 0.75], [0.25, 0.45, 0.3]][n_labels - 2])[None]
    return sweep(probability, np.array([100.0]), np.array([60, 0, 0][:n_labels]), labels, SHARES)


def test_the_section_about_shifts_says_everything_in_json():
    section = sensitivity_section(swept())
    (one,) = section.pop("sweeps")
    tipping = section.pop("tipping")

    def share(delta):
        return (60 + 100 / (1 + 3 * np.exp(-delta))) / 160

    np.testing.assert_allclose(one.pop("share"), [share(delta) for delta in section["deltas"]])
    np.testing.assert_allclose(one.pop("total"), [160 * share(delta) for delta in section["deltas"]])
    ends = one.pop("leaves_interval")
    np.testing.assert_allclose([share(ends["below"]), share(ends["above"])], [0.5, 0.6])
    assert one == {"label": "f", "interval": [0.5, 0.6]}
    # 60 + 100·p = 80 where p = 1/5: odds of 1/4 rather than 1/3.
    assert tipping.pop("delta") == pytest.approx(np.log(3 / 4))
    assert tipping == {"label": "f", "most_common": "m"}
    assert section == {
        "deltas": [-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2],
        "most_common": "f",
        "rows": {"known": 60, "missing": 100},
        "labels_left_out": 0,
        "sentence": "f is the most common label of the completed column; beyond δ = -0.29 for f it would be m.",
    }


def test_markdown_of_shifts_is_a_table_of_shares_and_literal_names():
    lines = list(sensitivity_markdown(sensitivity_section(swept(3))))

    table = cells(lines, "label | δ = -2 | δ = -1.5")
    assert [row[0] for row in table] == ["f", "m", "\\<b\\>x¦y\\</b\\>"]
    assert [row[5] for row in table] == ["53.1 %", "28.1 %", "18.8 %"]
    assert all(len(row) == 10 for row in table)
    assert "The share of f leaves its interval (50.0 % to 60.0 %) below δ = -0.29 and above δ = 0.52.\n" in lines
    assert "## If missingness depends on the label\n" in lines
    assert "<" not in "".join(lines).replace("\\<", "")


def test_the_line_about_shifts_says_what_a_shift_by_one_does_and_what_tips():
    line = sensitivity_line(sensitivity_section(swept()))

    assert line == "f 53.1 % of all rows, 44.3 % at δ = -1, 67.2 % at δ = 1; m most common at δ = -0.29"


def test_nothing_tips_what_the_known_rows_have_settled():
    section = sensitivity_section(sweep(np.array([[0.5, 0.5]]), np.ones(1), np.array([9, 0]), ("f", "m")))

    assert section["tipping"] is None
    assert section["sentence"].startswith("No δ within ±5")
    assert sensitivity_line(section).endswith("; no δ makes another most common")


def test_what_was_not_examined_has_no_section():
    assert who_section(None, None) is None
    assert sensitivity_section(None) is None
    assert list(who_markdown(None)) == []
    assert list(sensitivity_markdown(None)) == []


def test_one_label_is_not_shifted():
    section = sensitivity_section(sweep(np.ones((2, 1)), np.ones(2), np.zeros(1), ("1",)))

    assert list(sensitivity_markdown(section)) == []
    assert sensitivity_line(section) == "one label only: nothing to shift"
