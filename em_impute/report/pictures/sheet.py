"""A sheet to draw on: few artists of matplotlib on a bare figure, in points, from the upper left corner down.

Axes of matplotlib take a twentieth of a second each, most of it for ticks; a report has twenty.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

from em_impute.report.pictures.naming import shortened
from em_impute.report.pictures.palette import GRID, INK, MUTED, PAPER
from em_impute.report.pictures.scale import Floats, Scale
from em_impute.report.pictures.svg import Drawn, in_page, write_svg

__all__ = ["Panel", "Sheet"]

DOTS_PER_POINT = 72.0

TEXT_SIZE = 12.0

HALF_LETTER = 3.7
"""Half of the width that a digit takes at most."""

Values = Sequence[float] | Floats


class Sheet:
    """What has been drawn so far, with texts kept aside."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / DOTS_PER_POINT, height / DOTS_PER_POINT), dpi=DOTS_PER_POINT)
        self.figure.patch.set_visible(False)
        self._down = Affine2D().scale(1.0, -1.0).translate(0.0, height)
        self._texts: dict[str, tuple[str, str]] = {}

    def text(
        self,
        x: float,
        y: float,
        said: str,
        *,
        anchor: str = "left",
        colour: str = INK,
        most: int = 60,
        shown: str = "",
    ) -> None:
        """Write a text whose baseline is at `y`; of a long one `shown` or its beginning, and the whole as its title."""
        placeholder = f"t{len(self._texts)}"
        self._texts[placeholder] = (shown or shortened(said, most), said)
        self._add(Text(x, y, placeholder, color=colour, fontsize=TEXT_SIZE, ha=anchor, va="baseline"))

    def line(
        self, x: Values, y: Values, *, colour: str, width: float = 1.5, dash: Sequence[float] = (), name: str = ""
    ) -> None:
        """Draw a line through points; it is interrupted where one is NaN."""
        drawn = Line2D(x, y, color=colour, linewidth=width, solid_capstyle="round", dash_capstyle="butt")
        if dash:
            drawn.set_linestyle((0, tuple(part / width for part in dash)))  # matplotlib multiplies by the width
        self._add(drawn, name)

    def markers(
        self, x: Values, y: Values, marker: str, *, colour: str, hollow: bool = False, size: float = 6.0, name: str = ""
    ) -> None:
        """Mark points, each on a rim of paper; hollow markers have paper inside."""
        drawn = Line2D(x, y, linestyle="none", marker=marker, markersize=size)
        drawn.set_markeredgecolor(colour if hollow or marker in "x+" else PAPER)
        drawn.set_markeredgewidth(1.5 if hollow or marker in "x+" else 0.5)
        drawn.set_markerfacecolor(PAPER if hollow else colour)
        self._add(drawn, name)

    def area(
        self,
        outlines: Sequence[Floats],
        *,
        colour: str | None = None,
        edge: str | None = None,
        hatch: str = "",
        opacity: float = 1.0,
        name: str = "",
    ) -> None:
        """Fill closed outlines, each (n_points, 2), which look alike."""
        paths = [Path(np.vstack([outline, outline[:1]]), closed=True) for outline in outlines if len(outline)]
        if not paths:
            return
        drawn = PathPatch(Path.make_compound_path(*paths), linewidth=1.0 if edge else 0.0)
        drawn.set_facecolor("none" if colour is None else (colour, opacity))
        drawn.set_edgecolor("none" if edge is None else edge)
        if hatch:
            drawn.set_hatch(hatch)
        self._add(drawn, name)

    def svg(self, name: str, title: str, description: str, narrow: "Sheet | None" = None) -> str:
        """Give what was drawn as an element for a page, with the same drawn for narrow screens if there is that."""
        return in_page(name, title, description, self.drawn(), None if narrow is None else narrow.drawn())

    def drawn(self) -> Drawn:
        """Write what was drawn, and the texts that were kept aside."""
        return Drawn(write_svg(self.figure), self._texts)

    def _add(self, artist: Line2D | PathPatch | Text, name: str = "") -> None:
        artist.set_transform(self._down)
        artist.set_figure(self.figure)
        if name:
            artist.set_gid(name)
        self.figure.add_artist(artist)


@dataclass(frozen=True)
class Panel:
    """A part of a sheet with two axes."""

    sheet: Sheet
    left: float
    top: float
    width: float
    height: float
    x: Scale
    y: Scale = field(default_factory=lambda: Scale(0.0, 1.0))

    @property
    def bottom(self) -> float:
        """Where the horizontal axis lies."""
        return self.top + self.height

    def across(self, values: Values) -> Floats:
        """Say where values of x lie on the sheet."""
        return np.asarray(self.left + self.width * self.x.place(values))

    def down(self, values: Values) -> Floats:
        """Say where values of y lie on the sheet."""
        return np.asarray(self.bottom - self.height * self.y.place(values))

    def outline(self, x: Values, y: Values) -> Floats:
        """Place points on the sheet: (n_points, 2)."""
        return np.column_stack([self.across(x), self.down(y)])

    def line(
        self, x: Values, y: Values, *, colour: str, width: float = 1.5, dash: Sequence[float] = (), name: str = ""
    ) -> bool:
        """Draw a line through points, of which those outside of the panel are left out; tell whether any is inside."""
        place = self.outline(x, y)
        with np.errstate(invalid="ignore"):
            inside = (place[:, 0] >= self.left - 0.5) & (place[:, 0] <= self.left + self.width + 0.5)
            inside &= (place[:, 1] >= self.top - 0.5) & (place[:, 1] <= self.bottom + 0.5)
        place[~inside] = np.nan
        if inside.any():
            self.sheet.line(place[:, 0], place[:, 1], colour=colour, width=width, dash=dash, name=name)
        return bool(inside.any())

    def bars(self, edges: Values, base: Floats, top: Floats) -> list[Floats]:
        """Give the outlines of the bars that are not empty; `edges` (n_bins + 1,), `base` and `top` (n_bins,)."""
        x, low, high = self.across(edges), self.down(base), self.down(top)
        return [
            np.array([[x[i], low[i]], [x[i], high[i]], [x[i + 1], high[i]], [x[i + 1], low[i]]])
            for i in np.flatnonzero(top > base).tolist()
        ]

    def x_axis(self, title: str = "", about: int = 5, *, ticks: Sequence[tuple[float, str]] | None = None) -> None:
        """Draw the horizontal axis, its ticks, and below them what it measures."""
        ticks = self.x.ticks(about) if ticks is None else ticks
        self.sheet.line([self.left, self.left + self.width], [self.bottom] * 2, colour=MUTED, width=1.0)
        for (_, said), x in zip(ticks, self.across([value for value, _ in ticks]).tolist(), strict=True):
            self.sheet.line([x, x], [self.bottom, self.bottom + 4.0], colour=MUTED, width=1.0)
            half = HALF_LETTER * len(said)
            at = min(max(x, half), self.sheet.width - half)
            self.sheet.text(at, self.bottom + 17.0, said, anchor="center", colour=MUTED)
        if title:
            middle = self.left + self.width / 2.0
            self.sheet.text(middle, self.bottom + 35.0, title, anchor="center", most=max(12, int(self.width / 7.0)))

    def y_axis(self, title: str = "", about: int = 4, *, ticks: Sequence[tuple[float, str]] | None = None) -> None:
        """Draw lines across for the ticks of the vertical axis, and above them what it measures."""
        ticks = self.y.ticks(about) if ticks is None else ticks
        for (_, said), y in zip(ticks, self.down([value for value, _ in ticks]).tolist(), strict=True):
            self.sheet.line([self.left, self.left + self.width], [y, y], colour=GRID, width=1.0)
            self.sheet.text(self.left - 7.0, y + 4.0, said, anchor="right", colour=MUTED)
        if title:
            self.sheet.text(self.left - 7.0 if not ticks else 2.0, self.top - 10.0, title, colour=MUTED)
