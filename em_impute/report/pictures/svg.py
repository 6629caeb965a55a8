"""From matplotlib's SVG to one that lives in a page: no style of its own, colours and font of the page, unique ids."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET  # reads nothing but what matplotlib has just written

from matplotlib import rc_context, rcdefaults
from matplotlib.figure import Figure

from em_impute.report.pictures.naming import literal
from em_impute.report.pictures.palette import COLOURS

__all__ = ["Drawn", "default_settings", "in_page", "write_svg"]

NAMESPACE = "http://www.w3.org/2000/svg"

SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "svg.hashsalt": "em-impute",
    "path.simplify": True,
}

GENERATED = re.compile(r"[A-Za-z0-9]+_\d+\Z")
"""Ids that number matplotlib's groups."""

NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")

COMMAND = re.compile(r"\s*([MLCQz])\s*")

SIZE = re.compile(r"([\d.]+)px")

MEASURES = {"d", "height", "transform", "width", "x", "y"}

SHARED = {"class", "fill", "fill-opacity", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "stroke-width"}
"""What elements inherit from their group."""

DEFAULTS = {"stroke-linejoin": "miter", "opacity": "1", "stroke-opacity": "1", "fill-opacity": "1"}

ROLE = {light: name for name, (light, _) in COLOURS.items()}


@contextmanager
def default_settings() -> Iterator[None]:
    """Draw by matplotlib's own defaults, whatever a file of settings says on this machine."""
    with rc_context():
        rcdefaults()
        yield


def write_svg(figure: Figure) -> bytes:
    """Draw a figure whose size is in points of 1/72 inch; the same figure gives the same bytes."""
    stream = BytesIO()
    with rc_context(SETTINGS):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


class Drawn(NamedTuple):
    """What matplotlib has drawn."""

    svg: bytes
    texts: Mapping[str, tuple[str, str]]
    """What stands where a placeholder was drawn, as it is shown and in full: texts of users never pass through
    matplotlib, which would read markup in them and miss glyphs."""


def in_page(name: str, title: str, description: str, drawn: Drawn, narrow: Drawn | None = None) -> str:
    """Make a drawing a part of a page.

    `name` begins every id, and so must be unique in the page.  Where there is a drawing for narrow screens too, the two
    are one image, of which the page's style shows either; the style must then say how high the image is.
    """
    about = {"title": f"{name}-title", "desc": f"{name}-description"}
    attributes = {"xmlns": NAMESPACE, "width": "100%", "role": "img", "aria-labelledby": " ".join(about.values())}
    root = ET.Element("svg", attributes)
    for (tag, label), said in zip(about.items(), (title, description), strict=True):
        ET.SubElement(root, tag, {"id": label}).text = literal(said)
    if narrow is None:
        _put(drawn, root, name)
    else:
        _put(drawn, ET.SubElement(root, "svg", {"class": "on-wide"}), name)
        _put(narrow, ET.SubElement(root, "svg", {"class": "on-narrow"}), f"{name}-narrow")
    return ET.tostring(root, encoding="unicode")


def _put(drawn: Drawn, into: ET.Element, name: str) -> None:
    """Move what was drawn into an element."""
    svg = ET.fromstring(drawn.svg)  # noqa: S314
    into.set("viewBox", svg.get("viewBox", ""))
    for element in _parts(svg):
        _plain(element, drawn.texts)
        into.append(element)
    _flatten(into)
    _rename(into, name)


def _parts(drawn: ET.Element) -> Iterable[ET.Element]:
    """Give what is drawn: no metadata, no style sheet, no empty definitions, no namespaces."""
    for element in drawn.iter():
        element.tag = element.tag.rpartition("}")[2]
        for style in element.findall(f"{{{NAMESPACE}}}style"):
            element.remove(style)
    yield from (child for child in drawn if child.tag != "metadata" and len(child))


def _plain(element: ET.Element, texts: Mapping[str, tuple[str, str]]) -> None:
    """Turn styles into attributes and classes, shorten numbers, put texts in their place: this element and below."""
    styles = dict(_declarations(element.attrib.pop("style", "")))
    styles |= {key: element.attrib.pop(key) for key in ("fill", "stroke") if key in element.attrib}
    roles = []
    for key, value in styles.items():
        role = ROLE.get(value)
        if role:
            roles.append(f"{key[0]}-{role}")
        elif not key.startswith("font") and DEFAULTS.get(key) != value:
            element.set(key, value)
    if roles:
        element.set("class", " ".join(sorted(roles)))
    for key, value in list(element.attrib.items()):
        if key.startswith("{"):  # xlink:href
            element.set(key.rpartition("}")[2], element.attrib.pop(key))
        elif key in MEASURES:
            element.set(key, _short(value))
    element.tail = None
    if element.tag == "text":
        _write(element, styles, texts)
        return
    element.text = None
    for child in element:
        _plain(child, texts)
    _flatten(element)
    _hoist(element)


def _declarations(style: str) -> Iterable[tuple[str, str]]:
    for declaration in style.split(";"):
        key, colon, value = declaration.partition(":")
        if colon:
            yield key.strip(), value.strip()


def _write(element: ET.Element, styles: Mapping[str, str], texts: Mapping[str, tuple[str, str]]) -> None:
    """Give a text its words and its size; what is shown of a long one has the whole as its title."""
    size = SIZE.search(styles.get("font-size", styles.get("font", "")))
    if size:
        element.set("font-size", size[1])
    element.attrib.pop("transform", None)  # no text is turned
    drawn = element.text or ""
    shown, full = map(literal, texts.get(drawn, (drawn, drawn)))
    element.text = shown
    if shown != full:
        element.text = None
        ET.SubElement(element, "title").text = full
        element[0].tail = shown


def _short(value: str) -> str:
    """Round coordinates to hundredths of a point, and drop the spaces that a path need not have."""
    value = NUMBER.sub(lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), value)
    return COMMAND.sub(r"\1", value.strip())


def _flatten(element: ET.Element) -> None:
    """Put what is in a group that says nothing in its place."""
    children: list[ET.Element] = []
    for child in element:
        if child.tag == "g" and all(key == "id" and GENERATED.match(value) for key, value in child.attrib.items()):
            children += child
        else:
            children.append(child)
    if len(children) != len(element) or children != list(element):
        element[:] = children


def _hoist(element: ET.Element) -> None:
    """Say once in a group what all of its elements have in common: hundreds of markers look alike."""
    children = [child for child in element if child.tag != "defs"]
    if element.tag != "g" or len(children) <= 1 or len({child.tag for child in children}) != 1:
        return
    for key, value in list(children[0].attrib.items()):
        shared = key in SHARED and all(child.get(key) == value for child in children)
        if shared and key not in element.attrib:
            element.set(key, value)
            for child in children:
                del child.attrib[key]


def _rename(root: ET.Element, name: str) -> None:
    """Give ids that are of use the picture's name, and drop those that number matplotlib's groups."""
    for element in root.iter():
        label = element.get("id")
        if label is not None and GENERATED.match(label):
            del element.attrib["id"]
        elif label is not None and not label.startswith(f"{name}-"):
            element.set("id", f"{name}-{label}")
        for key, value in element.attrib.items():
            if key == "href":
                element.set(key, f"#{name}-{value.removeprefix('#')}")
            elif value.startswith("url(#"):
                element.set(key, f"url(#{name}-{value.removeprefix('url(#')}")
