"""The top of the page says in plain sentences what happened."""

import pytest
from reported import Page, changed, drawn, plain

from em_impute.report.page.page import to_html
from em_impute.report.page.top import headline, tiles


def test_the_top_says_what_happened_in_plain_sentences(heights):
    wrong = heights["accuracy"]["expected_wrong"]
    said = plain(headline(heights))

    assert said == (
        "280 of 934 cells of gender were empty. em-impute filled all 280 by height. About "
        f"{round(wrong['estimate'])} of them are probably wrong ({wrong['low']:.0f} to {wrong['high']:.0f})."
    )


def test_the_large_figures_are_those_of_the_report(heights):
    accuracy = heights["accuracy"]

    assert [(one.figure, one.title) for one in tiles(heights)] == [
        ("280", "filled"),
        ("0", "left empty"),
        (f"{round(accuracy['expected_wrong']['estimate'])}", "probably wrong"),
        (f"{100 * accuracy['accuracy']:.1f} %", "right on hidden labels"),
    ]
    assert f"male: {100 * accuracy['baseline_accuracy']:.1f} %" in plain([tiles(heights)[-1].note])


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (0, "em-impute drew labels for all 280 by height. About"),
        (2, "em-impute drew labels for all 280 by height, twice, each time into a file of its own. About"),
        (5, "em-impute drew labels for all 280 by height, five times, each time into a file of its own. About"),
        (20, "em-impute drew labels for all 280 by height, 20 times, each time into a file of its own. About"),
    ],
)
def test_the_top_says_that_labels_were_drawn_and_into_how_many_files(heights, files, told):
    report = drawn(heights, files)
    first = tiles(report)[0]

    assert told in plain(headline(report))
    assert ("in each file (" in plain(headline(report))) == (files > 1)
    assert (first.title, plain([first.note])) == (
        "drawn",
        f"of 280 missing cells{f', in each of {files} files' if files else ''}",
    )


def test_the_top_says_that_some_labels_were_drawn_and_the_others_left(heights):
    report = changed(drawn(heights, 3), {"filled": 279})

    assert (
        "em-impute drew labels for 279 of them by height, three times, each time into a file of its own, and left 1 as it was."
        in plain(headline(report))
    )


def test_the_top_of_groups_says_that_they_were_drawn(faithful):
    assert plain(headline(drawn(faithful, 2))).endswith(
        "Labels were drawn by their probabilities, twice, each time into a file of its own."
    )


def test_the_top_of_a_column_without_any_label(faithful):
    assert plain(headline(faithful)) == (
        "All 272 cells of kind were empty. Since no label was known, em-impute sorted the rows into 2 groups by eruptions "
        "and waiting: short and long."
    )
    assert [one.title for one in tiles(faithful)] == ["filled", "left empty", "least certain cell"]


def test_the_top_of_a_complete_column(complete):
    assert (
        plain(headline(complete))
        == "No cell of g was missing: there was nothing to fill, and the file was copied as it is."
    )
    assert tiles(complete) == []
    assert not [one for one in Page(to_html(complete)).all("svg") if one.get("role") == "img"]


def test_other_marks_than_empty_cells_are_called_missing(penguins):
    assert plain(headline(penguins)).startswith("11 of 344 cells of sex were missing. em-impute filled all 11 by")


@pytest.mark.parametrize(
    ("missing", "wrong", "said"),
    [
        (
            {"cells": 1, "filled": 1},
            {"estimate": 0.25},
            "1 of 934 cells of gender was empty. em-impute filled it by height. It is wrong with a probability of about 25.0 %.",
        ),
        (
            {"filled": 200},
            {"estimate": 9.0, "low": 3.0, "high": 12.0},
            "em-impute filled 200 of them by height and left 80 as they were. About 9 of them are probably wrong (3 to 12).",
        ),
        ({"filled": 0}, {}, "280 of 934 cells of gender were empty. em-impute could fill none of them by height."),
        ({}, {"estimate": 0.2, "low": 0.0, "high": 1.0}, "Probably hardly any of them is wrong (0 to 1)."),
        ({}, {"estimate": 1.0, "low": 0.0, "high": 4.0}, "About 1 of them is probably wrong (0 to 4)."),
        (
            {},
            {"agree": False, "estimate": 60.0, "low": 50.0, "high": 70.0},
            "About 60 of them are probably wrong (50 to 70), judged by known labels that were hidden from the model.",
        ),
    ],
    ids=["one cell", "some left", "none filled", "none wrong", "one wrong", "disagreement"],
)
def test_the_top_is_grammatical_whatever_the_numbers(heights, missing, wrong, said):
    report = changed(heights, missing, **wrong)

    assert said in plain(headline(report))
    Page(to_html(report))
