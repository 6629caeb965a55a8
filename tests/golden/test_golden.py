"""Whole runs give what is kept of them: every word, every cell, every exit code."""

import itertools
import json
import re

import pytest
from golden.forms import Masks, kept, reports_in
from golden.keeping import KEPT, differences, kept_lines, path_of
from golden.running import outcome
from golden.runs import RUNS
from schema_reports import validate
from typer.main import get_command

from em_impute.cli.app import app
from em_impute.report.model.shared import WARNINGS

MOST_SHOWN = 80
"""Lines of a failure; `make golden` shows all."""

ELSEWHERE = {"--install-completion", "--show-completion"}
"""Options whose words are those of a shell, or of whatever is installed."""

UNMET = {"S09", "W19"}
"""What tests/cases/test_keys_and_gaps.py meets, and what no small table leads to on every machine."""


@pytest.mark.parametrize("run", RUNS.values(), ids=[name.replace(" ", "_") for name in RUNS])
def test_a_run_gives_what_is_kept_of_it(run):
    found = outcome(run)
    shown = differences(kept_lines(run), found)

    hint = "\n\nIf this is as it should be, look at it with `make golden` and keep it with `make golden ACCEPT=1`."
    assert not shown, "\n".join([run.name, *shown[:MOST_SHOWN]]) + hint
    for report in reports_in(found):
        if "schema_version" in report or "reports" in report:
            validate(report)


def test_what_is_kept_is_that_of_the_runs():
    assert {path_of(run) for run in RUNS.values()} == set(KEPT.glob("*.txt"))


def test_every_option_of_every_command_is_in_some_run():
    commands = get_command(app).commands
    used = {
        name: {word for run in RUNS.values() for line in run.commands if line.startswith(name) for word in line.split()}
        for name in commands
    }
    own = {
        name: [{*one.opts, *one.secondary_opts} for one in command.params if one.param_type_name == "option"]
        for name, command in commands.items()
    }
    shared = set().union(*itertools.chain(*own.values())) - ELSEWHERE
    everywhere = set().union(*used.values())

    assert {min(names, key=len) for names in own["fill"] if not names & used["fill"]} - ELSEWHERE == set()
    assert {word for word in shared if word not in everywhere and not _has_a_short_form(word, own, everywhere)} == set()


def _has_a_short_form(word, own, everywhere):
    return any(word in names and names & everywhere for names in itertools.chain(*own.values()))


def test_every_warning_and_every_exit_code_is_met():
    text = "\n".join(path.read_text(encoding="utf-8") for path in KEPT.glob("*.txt"))

    assert set(WARNINGS) - {*re.findall(r"\b[WS]\d\d\b", text)} == UNMET
    assert {*re.findall(r"^exit code (\d+)$", text, re.MULTILINE)} == set("012345")


KEPT_LINES = [
    "exit code 0",
    "=== standard error (text)",
    "held out    73.2 % of 41 labels, log-loss 0.5612",
    "=== x.csv (table)",
    "x.csv but for 2 lines",
    "3: a,169.76,0.734567",
    "=== x.json (JSON)",
    ' "p": [1e-07, 3.26937e-09, -240.103], "n": 12',
]


@pytest.mark.parametrize(
    ("at", "old", "new", "agree"),
    [
        (0, "0", "1", False), (2, "73.2", "73.3", True), (2, "73.2", "73.4", False), (2, "41", "42", False),
        (2, "0.5612", "0.5611", True), (2, "of", "in", False), (2, "73.2 %", "73 %", False), (5, "a", "b", False),
        (5, "169.76", "169.77", False), (5, "0.734567", "0.734568", True), (5, "0.734567", "0.735567", False),
        (5, "3:", "4:", False), (7, "1e-07", "1.00001e-07", True), (7, "3.26937e-09", "1.1e-11", False),
        (7, "-240.103", "-240.110", True), (7, "-240.103", "-240.203", False), (7, "-240.103", "240.103", False),
        (7, "12", "13", False),
    ],
)  # fmt: skip
def test_words_and_counts_agree_to_the_letter_and_other_numbers_to_their_last_digits(at, old, new, agree):
    found = [*KEPT_LINES]
    found[at] = found[at].replace(old, new)

    assert found != KEPT_LINES
    assert agree == (differences(KEPT_LINES, found) == [])


def test_a_line_too_many_or_too_few_is_told():
    for found in (KEPT_LINES[:-1], [*KEPT_LINES, ""], [*KEPT_LINES[:3], "new", *KEPT_LINES[3:]]):
        assert differences(KEPT_LINES, found)


def test_a_document_that_was_kept_can_be_read_again():
    whole = {"a": {"b": [1, 2.5, None]}, "c": "x" * 130, "d": [{"e": 'say "}"'}]}
    lines = kept("x.json", json.dumps(whole).encode(), Masks("folder", {}), {})

    assert list(reports_in(lines)) == [whole]
