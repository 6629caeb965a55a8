"""The help: everything is explained, and it fits the terminal."""

import re

import pytest
from typer.main import get_command

from em_impute.cli.app import app

COMMANDS = get_command(app).commands


def help_of(run, *arguments, **environment):
    result = run(*arguments, "--help", **{"COLUMNS": "80", **environment})
    assert (result.returncode, result.stderr) == (0, b"")
    return result.stdout.decode()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_explained_once_in_the_help_of_its_command(run, command):
    shown = help_of(run, command)
    names = re.findall(r"(?m)^│ (?:(-\w), |    )(--[\w-]+) ", shown)
    params = COMMANDS[command].params

    assert all(param.help for param in params)
    assert sorted(name for pair in names for name in pair if name) == sorted(
        ["-h", "--help", *(name for param in params for name in param.opts if name.startswith("-"))]
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_options_stand_in_panels(run, command):
    tops = [line for line in help_of(run, command).splitlines() if line.startswith("╭")]

    params = sorted(COMMANDS[command].params, key=lambda param: param.param_type_name == "option")
    panels = [*(param.rich_help_panel for param in params), "Behaviour"]
    assert [*dict.fromkeys(panels)] == [top.strip("╭╮─ ") for top in tops]


def test_the_help_of_all_names_each_command_with_its_first_sentence(run):
    shown = " ".join(help_of(run).replace("│", " ").split())

    assert "fill Complete a column: fill its missing cells with their most probable label" in shown
    assert "check Say what is missing" in shown
    assert "--install-completion Install completion for the current shell." in shown


@pytest.mark.parametrize(("columns", "widest"), [(20, 40), (40, 40), (60, 60), (80, 80), (300, 100)])
def test_panels_are_as_wide_as_the_terminal_but_no_wider_than_one_can_read(run, columns, widest):
    lines = help_of(run, "fill", COLUMNS=str(columns)).splitlines()
    framed = [line for line in lines if line.startswith(("╭", "│", "╰"))]

    assert {widest} == {len(line) for line in framed}
    assert max(len(line) for line in lines if "Usage" not in line) == widest


def test_what_an_option_takes_and_what_it_is_by_default_are_said(run):
    shown = " ".join(help_of(run, "fill").replace("│", " ").split())

    assert "-c, --column NAME|N Column to complete" in shown
    assert "each on its own. [required]" in " ".join(help_of(run, "evaluate").replace("│", " ").split())
    assert "--max-iter N EM iterations at most. [default: 5000]" in shown
    assert "--seed N Seed of folds and starts: same seed, same bytes. [default: 0]" in shown
    assert "auto stacks many (by BIC if no label is known)" in shown
    assert "vev. [default: auto]" in shown
    assert "-q, --quiet Say nothing on success. [env: EM_IMPUTE_QUIET] -v" in shown


def test_a_terminal_that_knows_only_ascii_gets_ascii(run):
    shown = help_of(run, "fill", PYTHONIOENCODING="ascii")

    assert shown.isascii()
    assert "+- Input ---" in shown


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colours_are_shown_on_a_terminal_that_wants_them(on_terminal, environment, coloured):
    code, _, shown = on_terminal(stdin=b"", **environment)  # no command at all: the help, on standard error

    assert code == 2
    assert b"Input" not in shown
    assert b"Commands" in shown
    assert coloured is (b"\x1b[" in shown)
