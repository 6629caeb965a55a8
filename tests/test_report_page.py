"""docs/report.md has every key of the reports, every warning, and examples that are real."""

import importlib.util
import json
import re

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


def sections(level):
    """Divide the page at its headings of a level or higher: by title, what stands below each."""
    parts = re.split(rf"^#{{2,{level}}} (.*)\n", PAGE, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_the_page_says_what_the_schema_says_and_the_program_writes(script):
    assert script.markdown() == PAGE, "run: make docs"


def test_every_example_is_json_with_keys_that_its_section_explains():
    shown, unexplained = [], []
    for title, section in sections(level=3).items():
        for block in re.findall(r"```json\n(.*?)```", section, re.DOTALL):
            ((key, example),) = json.loads(f"{{{block}}}").items()
            shown.append(title)
            unexplained += [
                (title, one)
                for one in (example if isinstance(example, dict) else example[0])
                if not re.search(rf"^- `(?:\[\]\.)?{one}\??` \(", section, re.MULTILINE)
            ]
            assert title.startswith(f"`{key}`")

    assert len(shown) > 2
    assert unexplained == []


def test_the_page_is_short_enough_to_be_read():
    assert len(PAGE.split()) <= 7500
