"""Reports as they are saved, the page they become read strictly, and the parts of its charts."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
from builders import opened_table, silent

import em_impute
from em_impute.pipeline.complete import complete_all
from em_impute.report.build.fit import build_report
from em_impute.report.model.documents import read
from em_impute.report.page.page import to_html

ROOT = Path(__file__).parent.parent

SAMPLES = ROOT / "sample_data"

SVG = "{http://www.w3.org/2000/svg}"

VOID = {"meta", "br", "img", "hr", "link"}


def report_of(folder, content, column="g", **options):
    """Fill a table and give its report as it is read from JSON."""
    with opened_table(folder, content, column, examined=True, **options) as (opened, request):
        (completion,) = complete_all(opened, request, silent)
        return json.loads(build_report(opened, completion, request, "em-impute fill", None).to_json())


def applied_to(known, new, column, **options):
    """Fit a model to one frame and fill another by it; give the frame, and the report as it is read from JSON."""
    frame, report = em_impute.fit_model(known, column=column, single=True).fill(new, **options)
    return frame, json.loads(report.to_json())


def page_of(*saved):
    """Write the page of reports as they are read from JSON."""
    return to_html(*(read(one) for one in saved))


class Page(HTMLParser):
    """Reads a page strictly: every tag is closed by its own end, in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        names = [key for key, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.elements.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert "svg" in self.open  # in HTML itself a slash closes nothing
        self.elements.append((tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, *tags):
        return [attributes for tag, attributes, _ in self.elements if tag in tags]

    def words(self):
        return " ".join(" ".join(data for tag, data in self.texts if tag not in {"style", "title", "desc"}).split())


def parts(chart):
    """Give the named parts of a chart, by their names."""
    root = ET.fromstring(chart.svg)  # noqa: S314  # what was drawn here
    name = root.get("aria-labelledby").split()[0].removesuffix("-title")
    return {
        element.get("id").removeprefix(f"{name}-"): element for element in root.iter() if element.get("id") is not None
    }


def n_bars(part):
    """Count closed outlines."""
    return part.get("d").count("z")


def markers(part):
    """Read where markers stand: (n_markers, 2)."""
    size = float(re.findall(r"scale\((.*)\)", part.get("transform", "scale(1)"))[0])
    starts = [re.match(r"M(-?[\d.]+) (-?[\d.]+)", mark.get("d")).groups() for mark in part.iter(f"{SVG}path")]
    return size * np.array(starts, float).reshape(-1, 2)


def places(part):
    """Read the points of a line: (n_points, 2)."""
    return np.array(re.findall(r"-?[\d.]+", part.get("d")), float).reshape(-1, 2)


def contrast(one, other):
    """Compare the relative luminances of two colours as WCAG 2.2 does."""
    low, high = sorted([_luminance(one), _luminance(other)])
    return (high + 0.05) / (low + 0.05)


def _luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def typed(report):
    """Read a report as the page takes it."""
    return read(report)
