"""What people see on standard error."""

import io

import pytest
from rich.console import Console

from em_impute.report import terminal
from em_impute.report.words import number, percent, printable, token_name


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
