"""The page is strict HTML, has all its parts in order, and shows the numbers of the report."""

import base64
import hashlib
import re

import numpy as np
from reported import Page, page_of

from em_impute.report.model.shared import NOTES, WARNINGS


def test_every_reference_has_its_target(saved):
    text = page_of(saved)
    page = Page(text)
    ids = {attributes["id"] for _, attributes, _ in page.elements if "id" in attributes}
    wanted = [one for attributes in page.all("svg", "section") for one in attributes.get("aria-labelledby", "").split()]
    wanted += [one["href"].removeprefix("#") for one in page.all("a", "use")]
    wanted += re.findall(r"url\(#([^)]*)\)", text)

    assert wanted
    assert set(wanted) <= ids


def test_there_is_no_script_no_style_attribute_and_nothing_from_elsewhere(saved):
    text = page_of(saved)
    page = Page(text)
    keys = {key for _, attributes, _ in page.elements for key in attributes}

    assert not page.all("script", "link", "iframe", "object", "base", "form")
    assert not [key for key in keys if key == "style" or key.startswith("on")]
    assert not page.all("img")
    assert set(re.findall(r"(?:https?:)?//[a-z][^\s\"'<)]*", text)) <= {"http://www.w3.org/2000/svg"}


def test_the_policy_names_the_one_style_sheet(saved):
    text = page_of(saved)
    (style,) = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(
        one["content"] for one in Page(text).all("meta") if one.get("http-equiv") == "Content-Security-Policy"
    )

    assert (
        policy == f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert text.startswith("<!doctype html>")


def test_what_merely_informs_is_called_a_note(penguins):
    page = page_of(penguins | {"warnings": [{"code": code, "message": "it is so"} for code in WARNINGS]})

    called = re.findall(r"<strong>(Note|Warning)</strong> <span>it is so <small>(\w+)</small>", page)
    assert called == [("Note" if code in NOTES else "Warning", code) for code in WARNINGS]


def test_headings_go_down_one_step_at_a_time(heights, penguins):
    for reports in ([heights], [heights, penguins]):
        levels = [int(tag[1]) for tag, _, _ in Page(page_of(*reports)).elements if re.fullmatch("h[1-6]", tag)]

        assert levels[0] == 1
        assert levels.count(1) == 1
        assert max(np.diff(levels)) <= 1


def test_every_table_has_a_caption_and_every_heading_cell_a_scope(saved):
    page = Page(page_of(saved))

    around = [page.elements[i - 3 : i] for i, (tag, _, _) in enumerate(page.elements) if tag == "table"]

    assert around
    assert all(one["scope"] in {"row", "col"} for one in page.all("th"))
    for (figure, _, _), (caption, _, _), (_, box, _) in around:
        assert (figure, caption, box["class"], box["role"]) == ("figure", "figcaption", "scroll", "region")
        assert box["aria-label"]


def test_every_picture_has_a_text_alternative(saved):
    page = Page(page_of(saved))
    pictures = [one for one in page.all("svg") if one.get("role") == "img"]

    assert all(len(one["aria-labelledby"].split()) == 2 for one in pictures)
    outermost = [attributes for tag, attributes, within in page.elements if tag == "svg" and "svg" not in within]
    assert all(one.get("aria-hidden") == "true" for one in outermost if one not in pictures)
