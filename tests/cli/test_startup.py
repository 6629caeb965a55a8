"""What is imported when, for imports are most of what a short run takes.  Nothing here is timed: see benchmarks/."""

import pytest

from em_impute.cli.door import COMMANDS

HEAVY = {"numpy", "pandas", "scipy", "rich", "markdown_it", "pydantic"}


def imported(result):
    """Give the names of all modules that the interpreter lists under PYTHONPROFILEIMPORTTIME."""
    lines = result.stderr.decode().splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


@pytest.mark.parametrize(
    "arguments",
    [["--help"], *([command, "--help"] for command in sorted(COMMANDS)), ["check", "-h"], ["--version"]],
    ids=" ".join,
)
def test_help_imports_no_heavy_library(run, arguments):
    result = run(*arguments, PYTHONPROFILEIMPORTTIME="1")
    found = imported(result)

    assert result.returncode == 0
    assert {"em_impute", "typer"} <= found
    assert found & HEAVY == set()


def test_a_mistake_in_the_command_line_imports_neither_numpy_nor_pandas(run):
    result = run("fill", "-c", "g", "--components", "none", PYTHONPROFILEIMPORTTIME="1")

    assert result.returncode == 2
    assert imported(result) & {"numpy", "pandas", "scipy"} == set()


@pytest.mark.parametrize("command", ["fill", "check", "evaluate", "explain"])
def test_a_quiet_run_imports_nothing_to_print_with(run, samples, command):
    result = run(command, "heights.csv", "-c", "gender", "-q", PYTHONPROFILEIMPORTTIME="1")
    found = imported(result)

    assert "numpy" in found
    assert "rich.console" not in found


@pytest.mark.parametrize(
    ("words", "offered", "heavy"),
    [
        (["fill", "--co"], "--column", {"numpy", "pandas", "scipy", "rich"}),
        (["fill", "--covariance", ""], "tied", {"numpy", "pandas", "scipy", "rich"}),
        (["fill", "heights.csv", "-c", ""], "gender", {"pandas", "scipy", "rich"}),
    ],
    ids=["options", "values", "columns"],
)
def test_completing_imports_no_heavy_library(run, samples, words, offered, heavy):
    environment = {"COMP_WORDS": "\n".join(["em-impute", *words]), "COMP_CWORD": str(len(words))}
    result = run(**environment, _EM_IMPUTE_COMPLETE="complete_bash", PYTHONPROFILEIMPORTTIME="1")

    assert offered in result.stdout.decode().split()
    assert "typer" in imported(result)
    assert imported(result) & heavy == set()
