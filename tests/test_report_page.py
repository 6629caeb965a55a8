"""docs/report.md has every key of the reports, every warning, and examples that are real."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
from documents import ROOT

import em_impute

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


def test_every_link_within_the_page_leads_to_a_heading():
    titles = [title for line in PAGE.splitlines() if (title := line.lstrip("#")) != line]
    anchors = {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles}

    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) - anchors == set()


def test_the_page_is_short_enough_to_be_read():
    assert len(PAGE.split()) <= 7500


def test_the_list_of_warnings_has_the_codes_that_the_program_gives():
    package = Path(em_impute.__file__).parent
    code = "".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py") if path.name != "shared.py")
    given = set(re.findall(r'"([WS]\d\d)"', code))
    listed = re.findall(r"^- `([WS]\d\d)`:", sections(level=2)["Codes"], re.MULTILINE)

    assert len(given) > 15
    assert sorted(given) == sorted(listed)
