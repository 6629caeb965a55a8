"""Small pictures, one a measurement: how its values differ between labels, and between known and missing rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from em_impute.report.pictures.groups import Group, Key, Picture, keys_of, summed
from em_impute.report.pictures.palette import INK, KNOWN, MUTED
from em_impute.report.pictures.scale import Floats, Scale
from em_impute.report.pictures.sheet import Panel, Sheet
from em_impute.report.words import number, percent

__all__ = ["known_and_missing_pictures", "label_pictures", "then_and_now_pictures"]

Section = Mapping[str, Any]

WIDTH, HEIGHT = 360.0, 177.0
LEFT, TOP, RIGHT, BOTTOM = 14.0, 3.0, 14.0, 42.0

MAX_PICTURES = 6


def label_pictures(name: str, report: Section, groups: Sequence[Group]) -> list[Picture]:
    """Draw the distribution of each measurement among the rows of each label, known and filled."""
    made = []
    for i, shown in enumerate(_histograms(report)[:MAX_PICTURES]):
        n_bins = len(shown["edges"]) - 1
        rows = [(one, summed(one, shown["known"], n_bins) + summed(one, shown["filled"], n_bins)) for one in groups]
        rows = [(one, counts / counts.sum()) for one, counts in rows if counts.any()]
        if not rows:
            continue
        panel = _panel(shown, max(float(shares.max()) for _, shares in rows))
        for group, shares in rows:
            x, y = _steps(shown["edges"], shares)
            panel.line(x, y, colour=group.colour, width=2.2, dash=group.dash, name=f"label-{group.k}")
        panel.x_axis(shown["feature"], 4)
        told = shown.get("separation")
        caption = "" if told is None else f"{percent(told)} of its variance lies between the labels."
        means = [f"{group.name} about {number(_middle(shown['edges'], shares))}" for group, shares in rows]
        title = f"{shown['feature']} by label"
        svg = panel.sheet.svg(f"{name}-{i + 1}", title, f"Median of {shown['feature']}: {'; '.join(means)}.")
        made.append(Picture(f"{name}-{i + 1}", svg, caption, keys_of([group for group, _ in rows], "line")))
    return made


def known_and_missing_pictures(name: str, report: Section) -> list[Picture]:
    """Draw the distribution of each measurement among rows with a label, and among those without."""
    made = []
    for i, shown in enumerate(_histograms(report)[:MAX_PICTURES]):
        known = _added(shown["known"].values(), len(shown["edges"]) - 1)
        missing = _added([*shown["filled"].values(), shown["left_empty"]], known.size)
        if not (known.any() and missing.any()):
            continue
        shares = known / known.sum(), missing / missing.sum()
        title = f"{shown['feature']} of known and missing rows"
        made.append(_compared(f"{name}-{i + 1}", title, shown, shares, ("rows with a label", "rows without one")))
    return made


def then_and_now_pictures(name: str, applied: Section | None) -> list[Picture]:
    """Draw how the measurements that have moved furthest were distributed where a saved model learnt, and are here."""
    made = []
    for i, shown in enumerate((applied or {}).get("moved") or ()):
        shares = np.asarray(shown["then"], np.float64), np.asarray(shown["now"], np.float64)
        title = f"{shown['feature']} then and here"
        made.append(_compared(f"{name}-{i + 1}", title, shown, shares, ("rows the model learnt from", "rows here")))
    return made


def _compared(name: str, title: str, shown: Section, shares: tuple[Floats, Floats], sides: tuple[str, str]) -> Picture:
    """Draw two distributions of a measurement, (n_bins,) shares each: one as an area, the other as a line before it."""
    panel = _panel(shown, max(float(one.max()) for one in shares))
    bars = panel.bars(shown["edges"], np.zeros(shares[0].size), shares[0])
    panel.sheet.area(bars, colour=KNOWN, edge=MUTED, name="known")
    x, y = _steps(shown["edges"], shares[1])
    panel.line(x, y, colour=INK, width=2.2, name="missing")
    panel.x_axis(shown["feature"], 4)
    middles = (f"{number(_middle(shown['edges'], one))} of {side}" for one, side in zip(shares, sides, strict=True))
    svg = panel.sheet.svg(name, title, f"Median of {shown['feature']}: {', '.join(middles)}.")
    return Picture(name, svg, "", (Key("area", sides[0]), Key("line", sides[1])))


def _histograms(report: Section) -> Sequence[Section]:
    found: Sequence[Section] = (report.get("pictures") or {}).get("histograms") or ()
    return found


def _panel(shown: Section, most: float) -> Panel:
    sheet = Sheet(WIDTH, HEIGHT)
    x = Scale(float(shown["edges"][0]), float(shown["edges"][-1]))
    size = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    return Panel(sheet, LEFT, TOP, *size, x, Scale(0.0, 1.02 * most))


def _steps(edges: Sequence[float], shares: Floats) -> tuple[Floats, Floats]:
    """Give the outline of a histogram, from the axis up and down to it again."""
    return np.repeat(np.asarray(edges, np.float64), 2), np.concatenate([[0.0], np.repeat(shares, 2), [0.0]])


def _added(counts: Any, n_bins: int) -> Floats:  # noqa: ANN401  # any iterable of counts
    total = np.zeros(n_bins)
    for one in counts:
        total += np.asarray(one, np.float64)
    return total


def _middle(edges: Sequence[float], shares: Floats) -> float:
    """Estimate the median: the middle of the bin where half of the rows are reached."""
    i = int(np.searchsorted(np.cumsum(shares), 0.5 - 1e-12))
    i = min(i, shares.size - 1)
    return edges[i] / 2.0 + edges[i + 1] / 2.0
