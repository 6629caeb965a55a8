"""Small charts, one a predictor: its distribution by label, in known and missing rows, and where a model was fitted."""

from collections.abc import Iterable, Sequence

import numpy as np

from em_impute.diagnostics.values import FeatureHistogram
from em_impute.report.charts.axes import Panel, Scale
from em_impute.report.charts.groups import Chart, Group, Key, keys_of, summed
from em_impute.report.charts.svg import SMALL, Drawing, Floats
from em_impute.report.format import number, percent
from em_impute.report.model.saved_model import MovedFeature

MAX_CHARTS = 6


def label_charts(name: str, histograms: Sequence[FeatureHistogram], groups: Sequence[Group]) -> list[Chart]:
    """Draw the distribution of each predictor among the rows of each label, known and filled."""
    made = []
    for i, shown in enumerate(histograms[:MAX_CHARTS]):
        edges = np.asarray(shown.edges, np.float64)
        counts = [
            summed(one.labels, shown.known, edges.size - 1) + summed(one.labels, shown.filled, edges.size - 1)
            for one in groups
        ]
        rows = [(group, one / one.sum()) for group, one in zip(groups, counts, strict=True) if one.any()]
        if not rows:
            continue
        panel = _panel(f"{name}-{i + 1}", shown, [shares for _, shares in rows])
        for group, shares in rows:
            panel.line(*_steps(edges, shares), group.colour, width=2.2, dash=group.dash, name=f"label-{group.k}")
        told = shown.separation
        caption = "" if told is None else f"{percent(told)} of its variance lies between the labels."
        medians = [f"{group.name} about {number(_median(edges, shares))}" for group, shares in rows]
        svg = panel.drawing.svg(f"{shown.feature} by label", f"Median of {shown.feature}: {'; '.join(medians)}.")
        made.append(Chart(panel.drawing.name, svg, caption, keys_of([group for group, _ in rows], "line")))
    return made


def known_and_missing_charts(name: str, histograms: Sequence[FeatureHistogram]) -> list[Chart]:
    """Draw the distribution of each predictor among rows with a label, and among those without."""
    made = []
    for i, shown in enumerate(histograms[:MAX_CHARTS]):
        known = _added(shown.known.values())
        missing = _added([*shown.filled.values(), shown.left_empty])
        if known.any() and missing.any():
            shares, sides = (known / known.sum(), missing / missing.sum()), ("rows with a label", "rows without one")
            made.append(_compared(f"{name}-{i + 1}", "of known and missing rows", shown, shares, sides))
    return made


def then_and_now_charts(name: str, moved: Sequence[MovedFeature]) -> list[Chart]:
    """Draw how the predictors that moved furthest were distributed where a model was fitted, and are here."""
    made = []
    for i, shown in enumerate(moved):
        shares = np.asarray(shown.then, np.float64), np.asarray(shown.now, np.float64)
        sides = "rows the model was fitted to", "rows here"
        made.append(_compared(f"{name}-{i + 1}", "then and here", shown, shares, sides))
    return made


def _compared(
    name: str, title: str, shown: FeatureHistogram | MovedFeature, shares: tuple[Floats, Floats], sides: tuple[str, str]
) -> Chart:
    """Draw two distributions of a predictor, (n_bins,) shares each: one as an area, the other as a line before it."""
    panel, edges = _panel(name, shown, shares), shown.edges
    panel.drawing.area(panel.bars(edges, np.zeros(shares[0].size), shares[0]), "known", edge="muted", name="known")
    panel.line(*_steps(edges, shares[1]), "ink", width=2.2, name="missing")
    medians = (f"{number(_median(edges, one))} of {side}" for one, side in zip(shares, sides, strict=True))
    svg = panel.drawing.svg(f"{shown.feature} {title}", f"Median of {shown.feature}: {', '.join(medians)}.")
    return Chart(name, svg, keys=(Key("area", sides[0]), Key("line", sides[1])))


def _panel(name: str, shown: FeatureHistogram | MovedFeature, shares: Iterable[Floats]) -> Panel:
    """Lay out a panel with the axis of a predictor, as high as the largest share."""
    drawing, edges = Drawing(name, SMALL, 176.0), shown.edges
    y = Scale(0.0, 1.02 * max(float(one.max()) for one in shares))
    panel = Panel(drawing, 14.0, 3.0, SMALL - 14.0, 136.0, Scale(float(edges[0]), float(edges[-1])), y)
    panel.x_axis(shown.feature)
    return panel


def _steps(edges: Sequence[float] | Floats, shares: Floats) -> tuple[Floats, Floats]:
    """Give the outline of a histogram, from the axis up and down to it again."""
    return np.repeat(np.asarray(edges, np.float64), 2), np.concatenate([[0.0], np.repeat(shares, 2), [0.0]])


def _added(counts: Iterable[Sequence[float]]) -> Floats:
    return np.asarray(np.array(list(counts), np.float64).sum(axis=0))


def _median(edges: Sequence[float] | Floats, shares: Floats) -> float:
    """Estimate the median: the middle of the bin where half of the rows are reached."""
    i = min(int(np.searchsorted(np.cumsum(shares), 0.5 - 1e-12)), shares.size - 1)
    return float(edges[i]) / 2.0 + float(edges[i + 1]) / 2.0
