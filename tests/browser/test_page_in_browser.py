"""The HTML report as people see it: in Chromium, on a desktop and a phone, by day and by night, and on paper."""

import base64
import re

import pytest
from browser.conftest import LOOKS
from browser.pages import HOSTILE

pytestmark = [pytest.mark.browser, pytest.mark.pictures]

SMALLEST = 9  # CSS pixels of a text in a figure, on any screen
WIDTHS = (320, 390, 768, 1200)

# ---- As it opens ----


def test_it_says_nothing_to_the_console_and_nothing_is_blocked(view):
    assert [] == view.page.complaints


def test_it_asks_nobody_for_anything(view, report):
    assert [report.path.as_uri()] == [one for one in view.page.requests if not one.startswith("data:")]
    assert [] == view.page.measure("resources")


def test_it_runs_no_script(view):
    assert 0 == view.page.evaluate("window.alerts")
    assert [] == view.page.dialogs
    assert 0 == view.page.evaluate("document.scripts.length")


def test_a_picture_of_it_is_kept(view, kept):
    paths = view.page.draw(kept / f"{view.name}.png")

    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)


def test_its_ground_is_dark_in_the_dark_scheme_and_light_in_the_light_one(view):
    darkest, lightest = view.page.measure("ground")

    if view.look["scheme"] == "dark":
        assert lightest < 0.1
    else:
        assert darkest > 0.8


def test_no_text_is_cut_off(view):
    assert [] == view.page.measure("cut_off")


# ---- With everything open ----


def test_every_text_stands_out_from_what_is_behind_it(opened):
    assert [] == opened.page.measure("low_contrast")


def test_it_fits_the_width_of_the_screen_with_everything_open(opened):
    assert opened.look["width"] == opened.page.evaluate("document.documentElement.clientWidth")
    assert [] == opened.page.measure("wider_than_page")


def test_every_figure_has_a_size_and_is_within_the_screen(opened):
    assert [] == opened.page.measure("misplaced_figures")


def test_the_text_of_a_figure_stays_within_it(opened):
    assert [] == opened.page.measure("text_outside_figures")


def test_the_texts_of_a_figure_do_not_cover_each_other(opened):
    assert [] == opened.page.measure("overlapping_text", 0.3)


def test_the_text_of_a_figure_can_be_read_at_the_size_it_is_shown(opened):
    assert [] == opened.page.measure("small_text", SMALLEST)


# ---- One look is enough for these ----


@pytest.mark.parametrize("width", WIDTHS)
def test_it_never_scrolls_sideways(page, width):
    page.look(width=width)
    wide = page.measure("wider_than_page")
    page.look(**LOOKS["desktop-light"])

    assert [] == wide


def test_every_figure_tells_its_name_to_those_who_do_not_see_it(page, report):
    told = page.accessible("svg[role=img]")

    assert told or report.name == "saved-model"  # which draws nothing
    assert all(one and one["role"] in {"image", "img"} and len(one["name"].strip()) > 10 for one in told), told


def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(browser, report):
    page = browser.open(report.path.as_uri(), **LOOKS["desktop-light"])
    there = page.measure("n_reachable")
    reached = []
    for _ in range(there + 50):  # tables that scroll are reached too
        page.press("Tab")
        if not (now := page.measure("focused")):
            break
        reached.append(now)
    page.close()

    assert list(range(there)) == [one["number"] for one in reached if one["number"] >= 0]
    assert [] == [one["what"] for one in reached if not one["visible"]]


# ---- On paper ----


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_paper_it_is_white_whatever_the_screen_is(browser, report, kept, scheme):
    page = browser.open(report.path.as_uri(), width=794, height=1123, scheme=scheme, medium="print")
    darkest, _ = page.measure("ground")
    low = page.measure("low_contrast")
    wide = page.measure("wider_than_page")
    page.close()

    assert darkest > 0.99
    assert [] == low
    assert [] == wide


def test_on_paper_details_take_room_only_where_the_reader_opened_them(browser, report):
    page = browser.open(report.path.as_uri(), width=794, height=1123, medium="print")
    closed = page.evaluate("[...document.querySelectorAll('details')].filter((one) => one.checkVisibility()).length")
    page.measure("open_details")
    unseen = page.measure("unseen_details")
    page.close()

    assert 0 == closed
    assert [] == unseen


def test_one_column_takes_eight_sheets_of_paper_at_most(browser, report):
    page = browser.open(report.path.as_uri(), width=794, height=1123, medium="print")
    pdf = base64.b64decode(page.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)["data"])
    columns = page.evaluate("document.querySelectorAll('article').length")
    page.close()

    assert 0 < len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 8 * columns


# ---- Names that mean something to a browser ----


@pytest.fixture(scope="module")
def hostile(browser, written):
    page = browser.open(written("hostile").as_uri())
    page.measure("open_details")
    yield page
    page.close()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_it_is_written(hostile, name):
    assert name in hostile.evaluate("document.body.innerText")


def test_a_name_adds_no_element_and_no_handler(hostile):
    assert 0 == hostile.evaluate("document.querySelectorAll('script, img, iframe, object, [onerror], [onload]').length")
    assert 0 == hostile.evaluate("window.alerts")
