"""docs/report.md has every key of the reports, every warning, and examples that are real."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
from documents import ROOT
from schema_reports import keys_of

import em_impute
from em_impute.report.schema import KINDS, schema_of

PAGE = (ROOT / "docs/report.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| \[?`([^`]+)`(?:\]\([^)]*\))? \| (.*?) \| (.*) \|$", re.MULTILINE)


@pytest.fixture
def script(monkeypatch):
    """The script that writes the page."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    spec = importlib.util.spec_from_file_location("report", ROOT / "docs/report.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def plain(text):
    """Take the marks of Markdown away."""
    return re.sub(r"[`\\]", "", text)


def sections(level):
    """Divide the page at its headings of a level or higher: by title, what stands below each."""
    parts = re.split(rf"^#{{2,{level}}} (.*)\n", PAGE, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_the_page_says_what_the_schema_says_and_the_program_writes(script):
    assert script.markdown() == PAGE, "run: make docs"


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_is_on_the_page_with_what_it_means(kind):
    schema = schema_of(kind)
    rows = {
        (path.rpartition(".")[2], plain(said))
        for path, _, meaning in ROW.findall(PAGE)
        for said in meaning.split("<br>")
    }
    described = {
        (at.rpartition("/")[2], plain(one.get("description") or schema["$defs"][one["$ref"][8:]]["description"]))
        for at, one in keys_of(schema)
        if not at.startswith("#/$defs/reports/")  # the list of several columns, which the page tells in words
    }

    assert len(described) > 60
    assert described - rows == set()


@pytest.mark.parametrize(
    ("kind", "title"), [("fit", "The fit report"), ("evaluation", "The evaluation"), ("explanation", "The explanation")]
)
def test_the_keys_of_a_document_are_listed_in_order_and_said_to_be_null_where_they_may_be(kind, title):
    keys = schema_of(kind)["$defs"]["report"]["properties"]
    nullable = {
        key: "null" in one.get("type", ()) or {"type": "null"} in one.get("anyOf", ()) for key, one in keys.items()
    }
    listed = ROW.findall(sections(level=3)[title])

    assert list(nullable.items()) == [(path, said.endswith(" or null")) for path, said, _ in listed]


def test_every_example_is_json_with_keys_that_its_section_explains():
    shown, unexplained = [], []
    for title, section in sections(level=3).items():
        for block in re.findall(r"```json\n(.*?)```", section, re.DOTALL):
            ((key, example),) = json.loads(f"{{{block}}}").items()
            shown.append(title)
            unexplained += [
                (title, one)
                for one in (example if isinstance(example, dict) else example[0])
                if not re.search(rf"^\| `(?:\[\]\.)?{one}` \|", section, re.MULTILINE)
            ]
            assert title.startswith(f"`{key}`")

    assert len(shown) > 35
    assert unexplained == []


def test_nearly_every_section_has_an_example():
    of_keys = {title: section for title, section in sections(level=3).items() if re.fullmatch("`.*`.*", title)}
    without = {title for title, section in of_keys.items() if "```json" not in section}

    assert {"`timings`"} <= without  # which differ from run to run
    assert len(without) < len(of_keys) / 8


def test_the_table_of_warnings_has_the_codes_that_the_program_gives():
    package = Path(em_impute.__file__).parent
    code = "".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py") if "schema" not in path.parts)
    given = set(re.findall(r'"([WS]\d\d)"', code))
    listed = re.findall(r"^\| `([WS]\d\d)` \|", sections(level=2)["Values of `code`"], re.MULTILINE)

    assert len(given) > 15
    assert sorted(given) == sorted(listed)


def test_nothing_is_said_of_a_key_or_warning_that_there_is_not(script):
    sections = {(kind, key) for kind, keys in script.PROSE["sections"].items() for key in keys}
    codes = schema_of("fit")["$defs"]["warning"]["properties"]["code"]["oneOf"]

    assert sections - {(kind, key) for kind in KINDS for key in script.keys_of(kind)} == set()
    assert set(script.PROSE["remedies"]) - {one["const"] for one in codes} == set()
    assert set(script.PROSE["documents"]) <= set(KINDS)
