"""The help imports nothing that takes long."""

import pytest
from typer.main import get_command

from em_impute.cli.app import app

COMMANDS = get_command(app).commands
HEAVY = {"numpy", "pandas", "scipy", "rich", "markdown_it", "pydantic"}


def imported(result):
    """Give the names of all modules that the interpreter lists under PYTHONPROFILEIMPORTTIME."""
    lines = result.stderr.decode().splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


@pytest.mark.parametrize(
    ("words", "code", "heavy"),
    [
        ("--help", 0, HEAVY),
        ("--version", 0, HEAVY),
        *((f"{command} --help", 0, HEAVY) for command in sorted(COMMANDS)),
        ("schema", 0, {"numpy", "pandas", "scipy", "rich", "jsonschema"}),
        ("fill -c g --components none", 2, {"numpy", "pandas", "scipy"}),
        ("explain heights.csv -c gender -q", 0, {"rich.console"}),
    ],
)
def test_help_imports_no_heavy_library(run, samples, words, code, heavy):
    result = run(*words.split(), PYTHONPROFILEIMPORTTIME="1")
    found = imported(result)

    assert result.returncode == code
    assert {"em_impute", "typer"} <= found
    assert found & heavy == set()
