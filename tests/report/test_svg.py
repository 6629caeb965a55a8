"""Drawings become parts of a page: valid XML without a style of their own, with every text shown literally."""

import math
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from em_impute.report.charts.drawing import SMALL, Drawing, Panel, Scale, scale_over
from em_impute.report.charts.looks import COLOURS
from em_impute.report.format import printable, shortened

SVG = "{http://www.w3.org/2000/svg}"


def drawn(name="f", text="height", title="A title", description="A description"):
    drawing = Drawing(name, SMALL, 200)
    panel = Panel(drawing, 40, 20, 340, 160, Scale(0.0, 4.0), Scale(0.0, 10.0))
    bars = panel.bars([0, 1, 2, 3, 4], np.zeros(4), np.array([3.0, 0.0, 5.0, 9.0]))
    drawing.area(bars, "label-0", edge="label-0", hatched=True, name="bars")
    panel.line([0, 1, 2, 3, 4], [1, 3, 2, 9, 4], "ink", dash=(6.0, 3.0), name="line")
    drawing.markers([50.0, 60.0, 70.0], [50.0, 40.0, 60.0], "s", "label-1", hollow=True, name="points")
    panel.x_axis(text)
    return drawing.svg(title, description)


def parsed(text):
    return ET.fromstring(text)  # noqa: S314  # what was drawn here


def attributes(text):
    return [(element.tag, key, value) for element in parsed(text).iter() for key, value in element.attrib.items()]


def test_every_colour_is_a_class_of_the_page():
    text = drawn()
    classes = {one for _, key, value in attributes(text) if key == "class" for one in value.split()}

    assert not re.search("#[0-9a-f]{6}", text)
    assert classes <= {f"{kind}-{name}" for kind in "fs" for name in COLOURS}
    assert {"s-label-0", "s-label-1", "s-ink", "f-ink"} <= classes


def test_the_points_of_a_line_lie_where_they_were_placed():
    (line,) = [element for element in parsed(drawn()).iter() if element.get("id") == "f-line"]
    found = [float(one) for one in re.findall(r"[\d.]+", line.get("d"))]
    x, y = np.array([0, 1, 2, 3, 4]), np.array([1, 3, 2, 9, 4])

    assert found == pytest.approx(np.column_stack([40 + 75 * x, 160 - 14 * y]).ravel().tolist(), abs=0.01)


@pytest.mark.parametrize(
    ("text", "shown"), [("a\x07b", "a\\x07b"), ("\udc80", "\\udc80"), ("\u202eab", "\\u202eab"), ("a\nb", "a\\nb")]
)
def test_what_would_disturb_a_text_is_shown_as_its_escape(text, shown):
    assert printable(text) == shown
    assert shown in [element.text for element in parsed(drawn(text=text)).iter(f"{SVG}text")]


@settings(max_examples=50)
@given(st.text(max_size=60))
def test_any_text_is_shown_and_breaks_nothing(text):
    texts = [
        "".join(element.itertext()) for element in parsed(drawn(text=text, title=f"t{text}", description=text)).iter()
    ]

    assert printable(text) in texts
    assert f"t{printable(text)}" in texts


@settings(max_examples=30)
@given(st.text(max_size=60), st.integers(1, 50))
def test_a_shortened_text_is_the_beginning(text, most):
    shown = shortened(text, most)

    assert len(shown) <= max(most, 2)
    assert text.startswith(shown.removesuffix("…")) or shown == text


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=50)
@given(st.lists(NUMBERS, min_size=1, max_size=8), st.sampled_from([0.0, 0.05, 0.3]))
def test_an_axis_of_any_numbers_holds_them_and_has_ascending_ticks_that_differ(values, margin):
    scale = scale_over(values, margin=margin)
    places = scale.place(np.clip(values, -8e307, 8e307))
    ticks = scale.ticks(4)
    at = scale.place([value for value, _ in ticks])

    assert scale.low < scale.high
    assert ((places >= -1e-6) & (places <= 1 + 1e-6)).all()
    assert ((at >= -1e-5) & (at <= 1 + 1e-5)).all()
    assert (np.diff(at) > 0).all()
    assert 2 <= len(ticks) <= 9
    assert len({text for _, text in ticks}) == len(ticks)


@settings(max_examples=30)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_the_text_of_a_tick_is_its_number(low, width):
    for value, text in Scale(low, low + width).ticks(5):
        number = float(text.replace("−", "-").replace(",", ""))

        assert math.isclose(number, value, rel_tol=1e-6, abs_tol=1e-6 * width)
