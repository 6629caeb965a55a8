"""The line that says what is going on; `tests/cli/test_terminal.py` shows it on a real terminal."""

import io
from time import monotonic, sleep

import pytest
from rich.console import Console

from em_impute.report.text import console as terminal


def a_terminal(width=100):
    return Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None, legacy_windows=False)


def wait_for(console, words, seconds=60.0):
    """Wait for the thread that draws; give the last line drawn."""
    until = monotonic() + seconds
    while words not in console.file.getvalue():
        assert monotonic() < until, console.file.getvalue()
        sleep(0.01)
    return console.file.getvalue().rpartition("\x1b[2K")[2].removeprefix("\x1b[?25l")


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(terminal, "PATIENCE", 0.0)


def test_the_bar_names_the_stage_and_the_detail(impatient):
    console = a_terminal()

    with terminal.progress_bar(console) as watch:
        watch("reading", 0.5, "")
        half = wait_for(console, "reading")
        watch("fitting", None, "iteration 3, log-likelihood -12.5, gain 0.1")
        fitting = wait_for(console, "gain 0.1")

    assert half.split() == ["reading", "━" * 20, "0:00:00"]
    assert fitting.startswith("fitting   ━━━━━━━━━━")
    assert fitting.rstrip().endswith(" 0:00:00 iteration 3, log-likelihood -12.5, gain 0.1")


def test_on_a_narrow_terminal_the_bar_goes_before_the_stage_and_the_time(impatient):
    console = a_terminal(width=40)

    with terminal.progress_bar(console) as watch:
        watch("fitting", 0.3, "iteration 3, log-likelihood -12.5, gain 0.1")
        shown = wait_for(console, "fitting")

    assert "fitting   0:00:00 iteration 3, log-likel" == shown.rstrip()


def test_what_comes_from_the_file_cannot_move_the_cursor(impatient):
    console = a_terminal()

    with terminal.progress_bar(console) as watch:
        watch("groups", 0.1, "a\x1b[2J\nb [bold]")
        shown = wait_for(console, "groups")

    assert "a\\x1b[2J\\nb [bold]" in shown


def test_the_stage_without_a_name_takes_the_bar_away_at_once(impatient):
    console = a_terminal()

    with terminal.progress_bar(console) as watch:
        watch("reading", 0.5, "")
        wait_for(console, "reading")
        watch("", None, "")
        before = console.file.getvalue()
        watch("writing", 0.5, "")
        sleep(0.3)

    assert before.endswith("\x1b[2K")
    assert console.file.getvalue() == before


def test_a_dumb_terminal_shows_no_bar(monkeypatch, impatient):
    monkeypatch.setenv("TERM", "dumb")
    console = a_terminal()

    with terminal.progress_bar(console) as watch:
        watch("reading", 0.5, "")
        sleep(0.1)

    assert console.file.getvalue() == ""


@pytest.mark.parametrize(
    ("detail", "share", "elapsed", "told"),
    [
        ("", None, 60.0, ""),
        ("", 0.0, 60.0, ""),
        ("part 1 of 4", 0.25, 1.0, "part 1 of 4"),
        ("part 1 of 4", 0.25, 10.0, "part 1 of 4, about 30 s left"),
        ("", 0.1, 60.0, "about 9 min left"),
        ("", 1.0, 60.0, ""),
    ],
)
def test_the_time_left_is_told_where_it_is_known_and_worth_telling(detail, share, elapsed, told):
    assert told == terminal.with_time_left(detail, share, elapsed)


def test_work_that_is_over_in_a_moment_shows_no_bar():
    console = a_terminal()

    with terminal.progress_bar(console) as watch:
        watch("reading", 1.0, "")

    assert console.file.getvalue() == ""
