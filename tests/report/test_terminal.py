"""What people see on standard error."""

import io

import pytest
from rich.console import Console

from em_impute.report import terminal
from em_impute.report.words import number, percent, printable, token_name


def a_terminal(width=100):
    return Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None, legacy_windows=False)


def test_work_that_lasts_shows_one_bar_with_its_stage_and_detail(monkeypatch):
    monkeypatch.setattr(terminal, "PATIENCE", 0.0)
    console = a_terminal()

    with terminal.progress_bar(console, wanted=True) as watch:
        watch("reading", 0.5, "")
        watch("fitting", None, "iteration 3, log-likelihood -12.5, gain 0.1")
    shown = console.file.getvalue()

    assert "reading" in shown
    assert "iteration 3, log-likelihood -12.5, gain 0.1" in shown


def test_work_that_is_over_in_a_moment_shows_no_bar():
    console = a_terminal()

    with terminal.progress_bar(console, wanted=True) as watch:
        watch("reading", 1.0, "")

    assert console.file.getvalue() == ""


@pytest.mark.parametrize("reason", ["quiet", "no terminal", "dumb terminal"])
def test_no_bar_is_shown_where_none_is_wanted_or_possible(monkeypatch, reason):
    monkeypatch.setattr(terminal, "PATIENCE", 0.0)
    if reason == "dumb terminal":
        monkeypatch.setenv("TERM", "dumb")
    console = Console(file=io.StringIO(), force_terminal=reason != "no terminal")

    with terminal.progress_bar(console, wanted=reason != "quiet") as watch:
        watch("reading", 0.5, "")

    assert console.file.getvalue() == ""


def test_an_error_during_the_work_takes_the_bar_away(monkeypatch):
    monkeypatch.setattr(terminal, "PATIENCE", 0.0)
    console = a_terminal()

    def work():
        with terminal.progress_bar(console, wanted=True) as watch:
            watch("reading", 0.5, "")
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        work()
    assert not console.is_alt_screen
    assert "\x1b[?25h" in console.file.getvalue()  # the cursor is shown again


def test_a_long_line_is_left_to_the_terminal_to_wrap():
    console = Console(file=io.StringIO(), width=20)
    terminal.print_lines(console, [("filled", "word " * 30 + "[bold]end")])

    assert console.file.getvalue() == "filled      " + "word " * 30 + "[bold]end\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"), (0.123456, "0.1235"), (12.3456, "12.35"), (9999.4, "9999"), (9999.97, "10,000"), (123456.7, "123,457"),
        (99_999_999.0, "99,999,999"), (-25000.0, "-25,000"), (1e-7, "1e-07"), (1.5e20, "1.5e+20"), (None, "–"),
    ],
)  # fmt: skip
def test_numbers_are_short_and_never_lose_whole_digits(value, shown):
    assert number(value) == shown


def test_words_for_shares_and_for_what_shows_nothing():
    assert (percent(0.12345), percent(None)) == ("12.3 %", "–")
    assert (token_name(""), token_name("  "), token_name("NA")) == ("empty", "'  '", "NA")
    assert printable("a\tb\x1b[2Jé\u200b") == "a\\tb\\x1b[2Jé\\u200b"
