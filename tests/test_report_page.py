"""docs/report.md has every key of the reports and every warning."""

import importlib.util

import pytest
from documents import ROOT

PAGE = (ROOT / "docs/report.md").read_text(encoding="utf-8")


@pytest.fixture
def script(monkeypatch):
    """The script that writes the page."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    spec = importlib.util.spec_from_file_location("report", ROOT / "docs/report.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_says_what_the_schema_says_and_the_program_writes(script):
    assert script.markdown() == PAGE, "run: make docs"


def test_the_page_is_short_enough_to_be_read():
    assert len(PAGE.split()) <= 7500
