"""The reference of the command line is what the help says."""

import importlib.util
import shutil
import subprocess

import pytest
from documents import ROOT


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs/reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("write", "name"), [("markdown", "cli.md"), ("manual", "em-impute.1")])
def test_the_reference_says_what_the_help_says(reference, write, name):
    written = getattr(reference, write)(list(reference.pages()))
    saved = (ROOT / "docs" / name).read_text(encoding="utf-8")

    # The oldest Typer does not say that an argument may be repeated.
    assert written.replace("]...", "]") == saved.replace("]...", "]"), "run: make docs"


def test_the_reference_names_every_option_variable_and_exit_code(reference):
    from em_impute.errors import ExitCode

    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "em_impute/cli/options").glob("*.py"))
    options = {word.rstrip(".:;") for word in code.replace('"', " ").replace(",", " ").split() if word.startswith("--")}
    variables = {word for word in code.replace('"', " ").split() if word.startswith("EM_IMPUTE_")}

    assert options
    assert variables
    assert [option for option in options if f"`{option}`" not in text] == []
    assert [name for name in variables if f"| `{name}` |" not in text] == []
    assert [exit_code for exit_code in ExitCode if f"\n| {exit_code.value} |" not in text] == []


def test_the_manual_page_is_sound():
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    page = ROOT / "docs/em-impute.1"
    result = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-P-cbou", page], capture_output=True, check=False)

    assert (result.returncode, result.stderr) == (0, b"")
    assert b"EXIT STATUS" in result.stdout


def test_other_programs_than_groff_can_show_the_manual_page_too():
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    result = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", ROOT / "docs/em-impute.1"],
        capture_output=True,
        text=True,
        check=False,
    )
    warnings = [line for line in result.stdout.splitlines() if "missing date" not in line]

    assert warnings == []


@pytest.mark.parametrize(
    ("text", "roff"),
    [("--tol x", r"\-\-tol x"), (".5 or 'a'", r"\&.5 or 'a'"), (r"a\n", r"a\en"), ("…", r"\[u2026]")],
    ids=["dashes", "a dot first", "a backslash", "an ellipsis"],
)
def test_what_roff_would_take_for_its_own_is_escaped(reference, text, roff):
    assert reference._roff(text) == roff
