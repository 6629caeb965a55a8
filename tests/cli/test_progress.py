"""The progress bar, on a real terminal."""

import signal

import pytest

ROWS = b"g,x,y\n" + b"".join(
    b"%s,%d,%d\n" % (b"ab"[i % 2 : i % 2 + 1] * (i > 4), i * i, 40 * (i % 2) + i) for i in range(40)
)
FILL = ("fill", "-c", "g", "-o", "out.csv")
EVALUATE = ("evaluate", "-c", "g", "--repeats", "1")
APPEARS, GONE = b"\x1b[?25l", b"\x1b[1A\x1b[2K"
"""The cursor is hidden; the line is erased."""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [(FILL, 0, b"wrote"), (("check", "-c", "g"), 1, b"predictors"), (EVALUATE, 0, b"log-loss")],
)
def test_work_that_lasts_shows_a_bar_that_is_gone_at_the_end(on_terminal, arguments, code, words):
    returned, output, shown = on_terminal(*arguments, stdin=ROWS, until=b"opening")
    bar, _, after = shown.rpartition(GONE)

    assert (returned, output) == (code, b"")
    assert bar.startswith(APPEARS + b"opening")
    assert words in after
    assert APPEARS not in after


@pytest.mark.parametrize("arguments", [FILL, ("check", "-c", "g"), EVALUATE], ids=lambda arguments: arguments[0])
def test_quick_work_shows_no_bar(on_terminal, arguments):
    _, _, shown = on_terminal(*arguments, stdin=ROWS, patience=600)

    assert b"g: 35 known, 5 missing" in shown or b"35 known labels" in shown
    assert APPEARS not in shown


@pytest.mark.parametrize(
    ("more", "environment"),
    [(["-q"], {}), ([], {"TERM": "dumb"}), ([], {"TERM": "unknown"})],
    ids=["quiet", "dumb", "unknown"],
)
def test_no_bar_where_it_is_not_wanted_or_cannot_be_drawn(on_terminal, more, environment):
    code, _, shown = on_terminal(*FILL, *more, stdin=ROWS, patience=0, **environment)

    assert code == 0
    assert b"\x1b" not in shown
    assert more == [] or shown == b""


def test_no_bar_where_standard_error_is_no_terminal(run):
    result = run(*FILL, stdin=ROWS)

    assert result.returncode == 0
    assert b"\x1b" not in result.stderr
    assert b"opening" not in result.stderr


def test_a_bar_without_colours_where_none_are_wanted(on_terminal):
    _, _, shown = on_terminal(*FILL, stdin=ROWS, until=b"opening", patience=0, NO_COLOR="1")

    assert APPEARS in shown
    assert b"\x1b[9" not in shown  # bright colours
    assert b"\x1b[3" not in shown


def test_an_interrupt_takes_the_bar_away_and_says_nothing(on_terminal):
    code, output, shown = on_terminal(*FILL, until=b"opening", then=signal.SIGINT)

    assert (code, output) == (130, b"")
    assert shown.endswith(GONE)
    assert b"\x1b[?25h" in shown  # the cursor is back


def test_an_error_takes_the_bar_away_before_it_is_said(on_terminal):
    code, _, shown = on_terminal(*FILL, stdin=b"g,x\na,1\nb\n", until=b"opening")

    assert code == 3
    assert shown.rpartition(GONE)[2].startswith(b"error: line 3 has 1 field")


def test_a_narrow_terminal_shows_one_line(on_terminal):
    _, _, shown = on_terminal(*FILL, stdin=ROWS, until=b"opening", patience=0, width=20)
    frames = shown.rpartition(GONE)[0].split(b"\r\x1b[2K")

    assert all(frame.count(b"\n") == 0 for frame in frames[:-1])
    assert frames[0].startswith(APPEARS + b"opening")
