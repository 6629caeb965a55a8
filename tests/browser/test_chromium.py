"""What looks at the page is looked at first: contrast and focus are found to be what they are."""

import pytest
from browser.chromium import BrowserMissingError, find_program

pytestmark = pytest.mark.browser


@pytest.fixture
def show(browser, tmp_path):
    """Open a page with this body."""
    pages = []

    def show(body, head="", **look):
        path = tmp_path / "page.html"
        start = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        )
        path.write_text(f"{start}<title>Test</title>{head}<body style='margin: 8px'>{body}", encoding="utf-8")
        pages.append(browser.open(path.as_uri(), **look))
        return pages[-1]

    yield show
    for page in pages:
        page.close()


def figure(content):
    return f'<svg role="img" aria-label="A figure" width="200" height="100" viewBox="0 0 200 100" style="display: block">{content}</svg>'


@pytest.mark.parametrize(
    ("body", "low"),
    [
        ("<p style='color: #777'>grey</p>", ["4.48 < 4.5: grey"]),  # the known border of WCAG: #767676 has 4.54
        ("<p style='color: #767676'>grey</p>", []),
        ("<p style='color: #777; font-size: 24px'>grey</p>", []),
        ("<p style='color: #999; font: bold 19px serif'>grey</p>", ["2.85 < 3: grey"]),
        ("<p style='color: rgb(0 0 0 / 50%)'>faint</p>", ["3.98 < 4.5: faint"]),
        ("<div style='opacity: 0.5'><p style='color: black'>faint</p></div>", ["3.98 < 4.5: faint"]),
        ("<div style='background: #333'><p style='color: #444'>dark</p></div>", ["1.3 < 4.5: dark"]),
        ("<p style='background: linear-gradient(to right, white, black)'>half</p>", ["1 < 4.5: half"]),
        ("<details><summary>more</summary><p style='color: white'>folded</p></details>", []),
        (figure('<text x="9" y="50" fill="#777">grey</text>'), ["4.48 < 4.5: grey"]),
        (figure('<rect width="200" height="100"/><text x="9" y="50" fill="#000">lost</text>'), ["1 < 4.5: lost"]),
        (figure('<text x="9" y="50" fill="#000">first</text><rect width="0" height="0"/>'), []),
        (
            figure('<path d="M0 45H200" stroke="#000" stroke-width="20"/><text x="9" y="50">on a line</text>'),
            ["1 < 4.5: on a line"],
        ),
    ],
)
def test_the_contrast_of_a_text_is_that_of_its_ink_and_what_is_behind_it(show, body, low):
    assert low == show(body).measure("low_contrast")


def test_a_focus_that_is_not_shown_is_found(show):
    page = show("<a href='#'>first</a> <a href='#' style='outline: none'>second</a>")
    page.press("Tab")
    first = page.measure("focused")
    page.press("Tab")

    assert {"number": 0, "what": "a: first", "visible": True} == first
    assert {"number": 1, "what": "a: second", "visible": False} == page.measure("focused")


def test_without_a_browser_it_is_said_what_to_do(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "no-such-program")
    with pytest.raises(BrowserMissingError, match=r"tried: no-such-program.*make test-browser"):
        find_program()
