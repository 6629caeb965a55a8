"""What a terminal shows: colours, the progress bar, strips that fit."""

import signal

import pytest

from em_impute.report.text.console import _wants_colour

ROWS = b"g,x,y\n" + b"".join(
    b"%s,%d,%d\n" % (b"ab"[i % 2 : i % 2 + 1] * (i > 4), i * i, 40 * (i % 2) + i) for i in range(40)
)

FILL = ("fill", "-c", "g", "-o", "out.csv", "--covariance", "tied")
EVALUATE = ("evaluate", "-c", "g", "--repeats", "1")
ESCAPE, APPEARS, GONE, BACK = b"\x1b", b"\x1b[?25l", b"\x1b[1A\x1b[2K", b"\x1b[?25h"
"""Any of what moves or colours; the cursor is hidden; the line is erased; the cursor is back."""


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False),
        ({"CLICOLOR": "0"}, False), ({"CLICOLOR": "1"}, True), ({"CLICOLOR": "0", "FORCE_COLOR": "1"}, True),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True), ({"TERM": "dumb", "CLICOLOR_FORCE": "1"}, True),
        ({"FORCE_COLOR": "0"}, False), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)  # fmt: skip
def test_the_first_variable_that_says_something_decides_on_colours(environment, coloured):
    assert coloured is _wants_colour(environment)


@pytest.mark.parametrize(
    ("options", "environment", "coloured"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "auto"], {"EM_IMPUTE_COLOR": "never"}, True),
        ([], {"EM_IMPUTE_COLOR": "never"}, False),
        ([], {"EM_IMPUTE_COLOR": "always", "TERM": "dumb"}, True),
    ],
)
def test_colours_on_a_terminal_are_as_the_user_wants_them(on_terminal, options, environment, coloured):
    code, output, shown = on_terminal(*FILL, "-v", *options, stdin=ROWS, patience=600, **environment)

    assert (0, b"") == (code, output)
    assert b"Wrote" in shown
    assert APPEARS not in shown  # work that is quickly done shows no bar
    assert coloured is (ESCAPE in shown)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (FILL, 0, b"Wrote"),
        ((*FILL, "--color", "never"), 0, b"Wrote"),
        (("check", "-c", "g"), 1, b"predictors"),
        (EVALUATE, 0, b"log-loss"),
        (("explain", "-c", "g"), 0, b"M step 1"),
    ],
)
def test_work_that_lasts_shows_a_bar_that_is_gone_at_the_end_unless_it_is_not_wanted(
    on_terminal, arguments, code, words
):
    returned, output, shown = on_terminal(*arguments, stdin=ROWS, until=b"opening", patience=0.2)
    _, _, without = on_terminal(*arguments, "--no-progress", stdin=ROWS, patience=0)
    bar, _, after = shown.rpartition(GONE)

    assert (returned, output) == (code, b"")
    assert bar.startswith(APPEARS + b"opening")
    assert words in after
    assert APPEARS not in after + without
    assert words in without


def test_an_interrupt_takes_the_bar_away_and_says_nothing(on_terminal):
    code, output, shown = on_terminal(*FILL, until=b"opening", then=signal.SIGINT, patience=0)

    assert (code, output) == (130, b"")
    assert shown.endswith(GONE)
    assert BACK in shown


@pytest.mark.parametrize("width", [40, 80])
def test_an_error_is_broken_between_words(on_terminal, width):
    code, _, shown = on_terminal("fill", "-q", width=width, stdin=ROWS)
    lines = shown.decode().replace("\r\n", "\n").splitlines()
    words = (
        "error: no column is named hint: name the column to complete with --column, or take --all of them, or a model"
    )

    assert code == 2
    assert max(map(len, lines)) <= width
    assert " ".join(" ".join(lines).split()) == f"{words} with --model"
