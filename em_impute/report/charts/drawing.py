"""Drawings as SVG for a page, with panels and axes: colours are classes of the page, texts are shown literally."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.report.charts.looks import MARKERS
from em_impute.report.format import printable, shortened

Floats = NDArray[np.float64]
Values = Sequence[float] | Floats

WIDE, SMALL = 600.0, 360.0
"""Widths of drawings: of those as wide as the page, and of those that have room beside each other on a desktop."""

LETTER = 0.66
"""Width of a digit or a minus in a wide font, in heights of the type."""

LARGEST_TYPE = 20.0, 12.0
"""Of wide drawings, in which style.css sets larger type where the screen is narrow, and of others."""

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
        self, x: float, y: float, text: str, *, anchor: str = "start", down: float = 0.0, colour: str = "ink"
    ) -> None:
        """Write a text `down` times its size below `y`; one that is too long is shortened, and its title has it all."""
        full, brief = printable(text), printable(shortened(text, self.longest))
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
        about = "".join(
            f'<{tag} id="{self.name}-{tag}">{escape(printable(text))}</{tag}>' for tag, text in texts.items()
        )
        return f"<svg {look}>{about}{drawn}</svg>"

    def _id(self, name: str) -> str:
        return f' id="{self.name}-{name}"' if name else ""


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


Ticks = Sequence[tuple[float, str]]
"""Values and how they are written."""

STEPS = (5.0, 2.0, 1.0)

LARGEST, SMALLEST = 1e7, 1e-4
"""Beyond them a tick is written with a power of ten."""

GROUPED = 1e4
"""From here on thousands are separated; below it they may be years."""

HUGE, TINY = 8e307, 1e-290
"""Differences of numbers within the first do not overflow; below the second, digits are lost."""


class Scale(NamedTuple):
    """Both ends of an axis, low < high."""

    low: float
    high: float

    def place(self, values: Values) -> Floats:
        """Say where values lie, 0 at the low end and 1 at the high one."""
        half = self.high / 2.0 - self.low / 2.0  # the whole difference may leave the range of numbers
        return np.asarray((np.asarray(values, np.float64) / 2.0 - self.low / 2.0) / half)

    def ticks(self, about: int = 5) -> Ticks:
        """Choose round numbers between the ends, about half of `about` and at least two."""
        span, largest = self.high - self.low, max(abs(self.low), abs(self.high))
        power = math.floor(math.log10(span)) if TINY < span < HUGE else None
        for exponent, step in ((power - i, step) for i in (0, 1) for step in STEPS) if power is not None else ():
            size = step * 10.0**exponent
            first, last = math.ceil(self.low / size - 1e-6), math.floor(self.high / size + 1e-6)
            if about // 2 + 1 <= last - first + 1 <= 3 * about:  # more where rounding makes the ends one number
                return [(i * size, _written(i * size, -exponent, largest)) for i in range(first, last + 1)]
        return [(end, f"{end:.6g}".replace("-", "−")) for end in self]


def scale_over(values: Values, *, margin: float = 0.0) -> Scale:
    """Make an axis that holds all values, wider on both sides by `margin` of their range; equal ones are its middle."""
    seen = np.asarray(values, np.float64)
    seen = np.clip(seen[np.isfinite(seen)], -HUGE, HUGE)
    if not seen.size:
        return Scale(0.0, 1.0)
    low, high = float(seen.min()), float(seen.max())
    widened, size = margin * (high - low), max(abs(low), abs(high))
    if high - low <= 1e-9 * size or high == low:  # ticks and places would show rounding
        middle, half = low / 2.0 + high / 2.0, size / 2.0 if size > TINY else 0.5
        return Scale(middle - half, middle + half)
    return Scale(low - widened, high + widened)


def percent_ticks(scale: Scale) -> Ticks:
    """Choose ticks of an axis of shares, written as percentages."""
    return [(value / 100.0, f"{text} %") for value, text in Scale(100.0 * scale.low, 100.0 * scale.high).ticks()]


def room_for(drawing: Drawing, ticks: Ticks) -> float:
    """Give the room to the left of a panel that the ticks of its vertical axis take."""
    return 8.0 + drawing.letter * max((len(text) for _, text in ticks), default=0)


def _written(value: float, decimals: int, largest: float) -> str:
    """Write a tick with as many digits as tell it from its neighbours."""
    if value == 0.0:
        return "0"
    text = f"{value:{',' if largest >= GROUPED else ''}.{max(0, decimals)}f}"
    if not SMALLEST <= largest < LARGEST:
        digits = max(0, math.floor(math.log10(abs(value))) + decimals)
        mantissa, _, exponent = f"{value:.{min(digits, 15)}e}".partition("e")
        text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", "−")


@dataclass(frozen=True)
class Panel:
    """A part of a drawing with two axes."""

    drawing: Drawing
    left: float
    top: float
    right: float
    bottom: float
    x: Scale
    y: Scale

    def across(self, values: Values) -> Floats:
        """Say where values of x lie on the drawing."""
        return np.asarray(self.left + (self.right - self.left) * self.x.place(values))

    def down(self, values: Values) -> Floats:
        """Say where values of y lie on the drawing."""
        return np.asarray(self.bottom - (self.bottom - self.top) * self.y.place(values))

    def outline(self, x: Values, y: Values) -> Floats:
        """Place points on the drawing: (n_points, 2)."""
        return np.column_stack([self.across(x), self.down(y)])

    def line(
        self, x: Values, y: Values, colour: str, *, width: float = 1.5, dash: Sequence[float] = (), name: str = ""
    ) -> bool:
        """Draw a line through points, of which those outside of the panel are left out; tell whether any is inside."""
        place = self.outline(x, y)
        with np.errstate(invalid="ignore"):
            inside = (place[:, 0] >= self.left - 0.5) & (place[:, 0] <= self.right + 0.5)
            inside &= (place[:, 1] >= self.top - 0.5) & (place[:, 1] <= self.bottom + 0.5)
        place[~inside] = np.nan
        if inside.any():
            self.drawing.line(place[:, 0], place[:, 1], colour, width=width, dash=dash, name=name)
        return bool(inside.any())

    def bars(self, edges: Values, base: Floats, top: Floats) -> list[Floats]:
        """Give the outlines of the bars that are not empty; `edges` (n_bins + 1,), `base` and `top` (n_bins,)."""
        return [
            self.outline(np.take(edges, [i, i, i + 1, i + 1]), [base[i], top[i], top[i], base[i]])
            for i in np.flatnonzero(top > base).tolist()
        ]

    def x_axis(self, title: str, ticks: Ticks | None = None) -> None:
        """Draw the horizontal axis, its ticks, and below them what it measures."""
        ticks = self.x.ticks() if ticks is None else ticks
        self.drawing.line([self.left, self.right], [self.bottom] * 2, "muted", width=1.0)
        below = self.bottom + 4.0
        for (_, text), x in zip(ticks, self.across([value for value, _ in ticks]).tolist(), strict=True):
            self.drawing.line([x, x], [self.bottom, below], "muted", width=1.0)
            at = min(x, self.drawing.width - self.drawing.letter * len(text) / 2.0)
            self.drawing.text(at, below, text, anchor="middle", down=1.05, colour="muted")
        length = min(len(title), self.drawing.longest)
        middle = min((self.left + self.right) / 2.0, self.drawing.width - self.drawing.letter * length / 2.0)
        self.drawing.text(middle, below, title, anchor="middle", down=2.35)

    def y_axis(self, title: str, ticks: Ticks | None = None) -> None:
        """Draw lines across for the ticks of the vertical axis, and above them what it measures."""
        ticks = self.y.ticks() if ticks is None else ticks
        for (_, text), y in zip(ticks, self.down([value for value, _ in ticks]).tolist(), strict=True):
            self.drawing.line([self.left, self.right], [y, y], "grid", width=1.0)
            self.drawing.text(self.left - 6.0, y, text, anchor="end", down=0.35, colour="muted")
        self.drawing.text(2.0, self.top - 14.0, title)
