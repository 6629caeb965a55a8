"""The reference of the command line is what the help says."""

import importlib.util
import inspect
import shutil
import subprocess

import pytest
from documents import ROOT
from typer.main import get_command


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs/reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.get_command = inspect.unwrap(get_command)  # commands keep the help option of whoever asks them first
    return module


@pytest.mark.parametrize(("write", "name"), [("markdown", "cli.md"), ("manual", "em-impute.1")])
def test_the_reference_says_what_the_help_says(reference, write, name):
    written = getattr(reference, write)(list(reference.pages()))
    saved = (ROOT / "docs" / name).read_text(encoding="utf-8")

    # The oldest Typer does not say that an argument may be repeated.
    assert written.replace("]...", "]") == saved.replace("]...", "]"), "run: make docs"


def test_the_manual_page_is_sound():
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    page = ROOT / "docs/em-impute.1"
    result = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-P-cbou", page], capture_output=True, check=False)

    assert (result.returncode, result.stderr) == (0, b"")
    assert b"EXIT STATUS" in result.stdout
