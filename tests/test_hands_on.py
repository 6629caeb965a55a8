"""docs/hands-on.md tells the truth: its numbers are those that its commands print, its pictures those that are drawn.

The commands and Python sessions themselves are run by test_docs.py.
"""

import importlib.util
import re
from decimal import Decimal
from typing import NamedTuple

from documents import ROOT

PAGE = ROOT / "docs/hands-on.md"
FENCED = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)

UNCHECKED = re.compile(r"`[^`]*`|\]\([^)]*\)|(?<![\w.,])(?:18|19|20)\d\ds?(?![\w.,]*\d)")
"""Code, targets of links, and years: four digits without the comma that other thousands have."""

NUMBER = r"(?<![\w.])(?<!\d,)((?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
SAID = re.compile(rf"(?:\b(about|around|near)\s+)?{NUMBER})(?:\s*(%|cm\b|g\b|minutes\b))?")
SHOWN = re.compile(rf"{NUMBER}(?:e[-+]\d+)?)(?:\s?(%))?")


class Section(NamedTuple):
    """What stands between two headings."""

    title: str
    prose: str
    shown: str  # by the commands and Python sessions


class Said(NamedTuple):
    """A number of the prose."""

    text: str
    is_rounded: bool  # an integer that only claims to be near
    is_percent: bool


def sections_of(text):
    """Divide a page at its headings."""
    parts = [["", "", ""]]
    last = 0
    for block in [*FENCED.finditer(text), None]:
        for line in text[last : block.start() if block else None].splitlines(keepends=True):
            if line.startswith("#"):
                parts.append([line.strip("# \n"), "", ""])
            else:
                parts[-1][1] += line
        if block:
            lines = block[2].splitlines(keepends=True)
            parts[-1][2] += "".join(line for line in lines if not line.startswith(("$ ", ">>> ", "... ")))
            last = block.end()
    return [Section(*part) for part in parts]


def numbers_said(prose):
    """Find the numbers of a prose that must be supported.

    These are those with a decimal point, with at least two digits, or with a unit or % behind; none in code, in
    targets of links, or of a year.  Other single digits are words like any other.
    """
    kept = UNCHECKED.sub(lambda found: " " * len(found[0]), prose)
    found = []
    for match in SAID.finditer(kept):
        near, number, unit = match.groups()
        if unit or "." in number or len(number) > 1:
            found.append(Said(number, near is not None, unit == "%"))
    return found


def is_supported(said, shown):
    """Tell whether an output shows a number of the prose, whatever the sign.

    A decimal number may be rounded from one that is shown with as many decimals or more, a percentage also from a
    share.  An integer must be shown exactly, unless the prose says that it is about, around or near it.
    """
    claimed = Decimal(said.text.replace(",", ""))
    decimals = -claimed.as_tuple().exponent
    half = Decimal(5).scaleb(-decimals - 1)
    for number, percent in SHOWN.findall(shown):
        value = Decimal(number.replace(",", ""))
        if said.is_percent and not percent:
            value = value * 100 if value <= 1 else Decimal("NaN")
        if value.is_nan():
            continue
        exact = decimals == 0 and not said.is_rounded and not said.is_percent
        if value == claimed if exact else abs(value - claimed) <= half and -value.as_tuple().exponent >= decimals:
            return True
    return False


def unsupported(text):
    """Give the numbers of a page that no output in their section shows, as (title, number)."""
    return [
        (section.title, said.text)
        for section in sections_of(text)
        for said in numbers_said(section.prose)
        if not is_supported(said, section.shown)
    ]


def test_every_number_in_the_prose_is_printed_in_its_section():
    """See `numbers_said` for which numbers count, and `is_supported` for what supports them."""
    assert unsupported(PAGE.read_text(encoding="utf-8")) == []


def test_the_steps_by_hand_are_those_of_explain():
    (section,) = (one for one in sections_of(PAGE.read_text(encoding="utf-8")) if one.title == "Three steps of EM")
    by_hand = section.shown[section.shown.index("step 1 ") : section.shown.index("Start\n")]
    explained = section.shown[section.shown.index("Start\n") : section.shown.index("End\n")]
    numbers = set(re.findall(r"[\d,]+\.\d+", by_hand)) - {"0.0000"}  # a boy is printed as 0 there

    assert len(numbers) > 20
    assert numbers - set(re.findall(r"[\d,]+\.\d+", explained)) == set()


def test_the_pictures_are_those_that_make_docs_draws():
    spec = importlib.util.spec_from_file_location("pictures", ROOT / "docs/pictures.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    drawn = {f"docs/images/{name}" for name in script.PICTURES}
    present = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/images").iterdir()}
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {
        (page.parent / target).relative_to(ROOT).as_posix()
        for page in pages
        for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    }

    assert drawn == present
    assert shown & drawn == drawn
