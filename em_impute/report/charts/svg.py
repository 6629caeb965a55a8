"""Drawings as SVG for a page: colours are its classes, texts are shown literally, ids begin with the drawing's name."""

import math
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from em_impute.report.charts.palette import MARKERS

Floats = NDArray[np.float64]
Values = Sequence[float] | Floats

WIDE, SMALL = 600.0, 360.0
"""Widths of drawings: of those as wide as the page, and of those that have room beside each other on a desktop."""

LETTER = 0.66
"""Width of a digit or a minus in a wide font, in heights of the type."""

LARGEST_TYPE = 20.0, 12.0
"""Of wide drawings, in which style.css sets larger type where the screen is narrow, and of others."""

PRINTED_AS_IS = {"\u200c", "\u200d"}
"""Joiners: they shape letters of many scripts, and pictographs of several parts."""

HATCH = (
    '<pattern id="{}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path d="M3 0v6" stroke-width="1.3" class="s-{}"/></pattern>'
)


class Drawing:
    """What has been drawn so far, from the upper left corner down."""

    def __init__(self, name: str, width: float, height: float) -> None:
        self.name, self.width, self.height = name, width, height
        self.letter = LETTER * LARGEST_TYPE[width < WIDE]
        self.longest = int(1.2 * width / self.letter)
        self._parts: list[str] = []
        self._hatches: dict[str, str] = {}

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        anchor: str = "start",
        down: float = 0.0,
        colour: str = "ink",
        shown: str = "",
    ) -> None:
        """Write a text `down` times its size below `y`; where `shown` is but a part of it, all is its title."""
        full, brief = literal(text), literal(shown or text)
        title = f"<title>{escape(full)}</title>" if brief != full else ""
        look = f'dy="{down:g}em" text-anchor="{anchor}" class="f-{colour}"'
        self._parts.append(f'<text x="{_short(x)}" y="{_short(y)}" {look}>{title}{escape(brief)}</text>')

    def line(
        self, x: Values, y: Values, colour: str, *, width: float = 1.5, dash: Sequence[float] = (), name: str = ""
    ) -> None:
        """Draw a line through points; it is interrupted where one is NaN."""
        dashes = f' stroke-dasharray="{" ".join(map(_short, dash))}"' if dash else ' stroke-linecap="round"'
        look = f'fill="none" stroke-width="{_short(width)}"{dashes} class="s-{colour}"'
        self._parts.append(f'<path{self._id(name)} d="{_path(x, y)}" {look}/>')

    def area(
        self,
        outlines: Sequence[Floats],
        fill: str,
        *,
        edge: str = "",
        hatched: bool = False,
        opacity: float = 1.0,
        name: str = "",
    ) -> None:
        """Fill closed outlines, each (n_points, 2), which look alike; hatches leave the ground to be seen."""
        d = "".join(f"{_path(one[:, 0], one[:, 1])}z" for one in outlines)
        look = f'fill-opacity="{opacity:g}" class="f-{fill}{f" s-{edge}" if edge else ""}"'
        if hatched:
            self._hatches[fill] = HATCH.format(f"{self.name}-hatch-{fill}", fill)
            look = f'fill="url(#{self.name}-hatch-{fill})" class="s-{edge}"'
        self._parts += [f'<path{self._id(name)} d="{d}" {look}/>'] if d else []

    def markers(
        self,
        x: Values,
        y: Values,
        marker: str,
        colour: str,
        *,
        hollow: bool = False,
        size: float = 1.0,
        name: str = "",
    ) -> None:
        """Mark points, each with a rim of paper, or where hollow with paper inside."""
        inside, rim, width = ("paper", colour, 1.5) if hollow or marker == "x" else (colour, "paper", 0.7)
        look = f'stroke-width="{width}" class="f-{inside} s-{rim}"'
        if size != 1.0:
            look += f' transform="scale({size:g})"'
        places = zip((np.asarray(x) / size).tolist(), (np.asarray(y) / size).tolist(), strict=True)
        marks = "".join(f'<path d="M{_short(across)} {_short(down)}{MARKERS[marker]}"/>' for across, down in places)
        self._parts.append(f"<g{self._id(name)} {look}>{marks}</g>")

    def svg(self, title: str, description: str) -> str:
        """Give the element for a page: an image with a title and a description."""
        look = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}"'
        drawn = "".join([*self._hatches.values(), *self._parts])
        look += f' role="img" aria-labelledby="{self.name}-title {self.name}-desc"'
        texts = {"title": title, "desc": description}
        about = "".join(f'<{tag} id="{self.name}-{tag}">{escape(literal(text))}</{tag}>' for tag, text in texts.items())
        return f"<svg {look}>{about}{drawn}</svg>"

    def _id(self, name: str) -> str:
        return f' id="{self.name}-{name}"' if name else ""


def literal(text: str) -> str:
    """Replace by its escape whatever would move, reorder or end a text: control characters, lone surrogates."""
    return "".join(
        char if char.isprintable() or char in PRINTED_AS_IS else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def _short(value: float) -> str:
    """Write a coordinate, in hundredths at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _path(x: Values, y: Values) -> str:
    """Join points by lines, which are interrupted where one is NaN."""
    d, command = [], "M"
    for across, down in zip(np.asarray(x).tolist(), np.asarray(y).tolist(), strict=True):
        is_place = not (math.isnan(across) or math.isnan(down))
        d += [f"{command}{_short(across)} {_short(down)}"] if is_place else []
        command = "L" if is_place else "M"
    return "".join(d)
