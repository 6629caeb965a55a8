"""What looks at the page is looked at first: each defect that a page can have is found on a page that has it."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from browser.chromium import BrowserError, BrowserMissingError, Chromium, find_program

pytestmark = pytest.mark.browser

REFUSE = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"""


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


def test_a_quiet_page_gives_no_cause_for_complaint(show):
    page = show("<h1>Hello</h1>" + figure('<text x="10" y="20">one</text><text x="10" y="60">two</text>'), REFUSE)

    assert [] == page.complaints
    assert ["page.html"] == [Path(one).name for one in page.requests]
    for name in (
        "low_contrast",
        "wider_than_page",
        "cut_off",
        "misplaced_figures",
        "text_outside_figures",
        "resources",
    ):
        assert [] == page.measure(name)
    assert [] == page.measure("overlapping_text", 0.3)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<script>console.error('a', 'b')</script>", "console: a b"),
        ("<script>console.warn('c')</script>", "console: c"),
        ("<script>undefined_name</script>", "exception: ReferenceError: undefined_name is not defined"),
        ("<script>Promise.reject(new Error('late'))</script>", "exception: Error: late"),
    ],
)
def test_what_a_page_says_is_heard(show, body, complaint):
    assert any(one.startswith(complaint) for one in show(body).complaints)


def test_a_request_is_seen_also_if_it_fails(show):
    page = show("<img src='http://127.0.0.1:9/x.png' alt=''>")

    assert "http://127.0.0.1:9/x.png" == page.requests[1]
    assert ["http://127.0.0.1:9/x.png"] == page.measure("resources")
    assert any("ERR_CONNECTION_REFUSED" in one or "ERR_UNSAFE_PORT" in one for one in page.complaints)


def test_what_the_content_security_policy_blocks_is_heard(show):
    page = show("<img src='x.png' alt=''><script>alert(1)</script>", REFUSE)

    assert 2 == sum("ContentSecurityPolicyIssue" in one for one in page.complaints)
    assert 0 == page.evaluate("window.alerts")


def test_an_alert_is_counted(show):
    assert 1 == show("<script>alert(1)</script>").evaluate("window.alerts")


def test_a_page_that_is_too_wide_is_found_on_every_screen(show):
    for look in ({"width": 320}, {"width": 390, "height": 844, "phone": True}):
        page = show("<p style='width: 500px'>wide</p>", **look)
        first, *wide = page.measure("wider_than_page")
        assert first in {f"508 > {look['width']}", f"509 > {look['width']}"}  # a phone has halves of pixels
        assert ["p.: wide"] == wide


def test_a_wide_table_that_scrolls_by_itself_is_no_fault(show):
    assert [] == show("<div style='overflow-x: auto'><p style='width: 5000px'>wide</p></div>").measure(
        "wider_than_page"
    )


def test_text_that_is_cut_off_is_found(show):
    page = show("<div style='overflow: hidden; width: 50px; white-space: nowrap'>a long line of text</div>")

    assert ["div: a long line of text"] == page.measure("cut_off")


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


def test_a_text_without_contrast_in_one_scheme_is_found_in_that_scheme(show):
    style = "<style>:root { color-scheme: light dark } p { color: #111 }</style>"

    assert [] == show("<p>dark</p>", style).measure("low_contrast")
    assert 1 == len(show("<p>dark</p>", style, scheme="dark").measure("low_contrast"))


def test_figures_that_leave_the_screen_and_texts_that_leave_a_figure_are_found(show):
    page = show(
        figure('<text x="180" y="50">outside</text>') + figure("").replace('width="200"', 'width="400"'), width=390
    )

    assert ["A figure: 8 … 408 of 390"] == page.measure("misplaced_figures")
    assert ["A figure: outside"] == [one.split(" by ")[0] for one in page.measure("text_outside_figures")]


def test_texts_that_cover_each_other_are_found_and_slanted_ones_that_do_not_are_not(show):
    covered = figure('<text x="10" y="50">one text</text><text x="14" y="52">another</text>')
    slanted = figure("".join(f'<text transform="translate({x} 90) rotate(-45)">slanted</text>' for x in (10, 40, 70)))

    assert 1 == len(show(covered).measure("overlapping_text", 0.3))
    assert [] == show(slanted).measure("overlapping_text", 0.3)


def test_a_figure_shown_at_half_its_size_has_text_of_half_its_size(show):
    half = figure('<text x="9" y="50" font-size="16">small</text>').replace('width="200"', 'width="100"')

    assert ["8 px: A figure: small"] == show(half).measure("small_text", 9)
    assert [] == show(half).measure("small_text", 8)


def test_a_figure_without_a_name_has_none(show):
    page = show(figure("") + figure("").replace('aria-label="A figure"', ""))

    assert [{"role": "image", "name": "A figure"}, {"role": "image", "name": ""}] == page.accessible("svg[role=img]")


def test_ids_used_twice_and_references_to_nothing_are_found(show):
    page = show("<p id='a'></p><p id='a'></p><a href='#b'>to b</a><a href='#a'>to a</a>")

    assert ["a"] == page.measure("repeated_ids")
    assert ["a href: b"] == page.measure("dangling_ids")


def test_a_focus_that_is_not_shown_is_found(show):
    page = show("<a href='#'>first</a> <a href='#' style='outline: none'>second</a>")
    page.press("Tab")
    first = page.measure("focused")
    page.press("Tab")

    assert {"number": 0, "what": "a: first", "visible": True} == first
    assert {"number": 1, "what": "a: second", "visible": False} == page.measure("focused")


def test_what_is_folded_on_paper_is_found(show):
    page = show("<details><summary>more</summary><p>folded</p></details>", medium="print")

    assert ["folded"] == page.measure("unseen_details")


def test_a_page_that_is_not_there_is_said_so(browser):
    with pytest.raises(BrowserError, match="ERR_FILE_NOT_FOUND"):
        browser.open("file:///nowhere.html")


def test_no_process_and_no_file_of_a_browser_stays_behind(monkeypatch):
    with TemporaryDirectory() as folder:  # not pytest's, whose long path would leave no room for a socket's name
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr("tempfile.tempdir", None)
        with Chromium() as browser:
            assert list(Path(folder).iterdir())

        with pytest.raises(ChildProcessError):
            os.waitpid(browser.process, 0)
        assert [] == list(Path(folder).iterdir())
        assert [] == [path for path in Path("/proc").glob("[0-9]*/cmdline") if folder.encode() in seen_in(path)]


def seen_in(path):
    """Read a file that may vanish."""
    with suppress(OSError):
        return path.read_bytes()
    return b""


def test_without_a_browser_it_is_said_what_to_do(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "no-such-program")
    with pytest.raises(BrowserMissingError, match=r"tried: no-such-program.*make test-browser"):
        find_program()
