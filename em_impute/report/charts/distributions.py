"""Small charts, one a predictor: its distribution in rows with a label and in rows without one."""

from collections.abc import Iterable, Sequence

import numpy as np

from em_impute.diagnostics.values import FeatureHistogram
from em_impute.report.charts.axes import Panel, Scale
from em_impute.report.charts.groups import Chart, Key
from em_impute.report.charts.svg import SMALL, Drawing, Floats
from em_impute.report.format import number

MAX_CHARTS = 6

KNOWN, MISSING = "rows with a label", "rows without one"


def known_and_missing_charts(name: str, histograms: Sequence[FeatureHistogram]) -> list[Chart]:
    """Draw the distribution of each predictor among rows with a label, and among those without."""
    made = []
    for i, shown in enumerate(histograms[:MAX_CHARTS]):
        known = _added(shown.known.values())
        missing = _added([*shown.filled.values(), shown.left_empty])
        if known.any() and missing.any():
            made.append(_chart(f"{name}-{i + 1}", shown, known / known.sum(), missing / missing.sum()))
    return made


def _chart(name: str, shown: FeatureHistogram, known: Floats, missing: Floats) -> Chart:
    """Draw two distributions, (n_bins,) shares each: known rows as an area, the others as a line before it."""
    edges = np.asarray(shown.edges, np.float64)
    y = Scale(0.0, 1.02 * float(max(known.max(), missing.max())))
    panel = Panel(Drawing(name, SMALL, 176.0), 14.0, 3.0, SMALL - 14.0, 136.0, Scale(*edges[[0, -1]].tolist()), y)
    panel.x_axis(shown.feature)
    panel.drawing.area(panel.bars(edges, np.zeros(known.size), known), "known", edge="muted", name="known")
    steps = np.concatenate([[0.0], np.repeat(missing, 2), [0.0]])  # from the axis up and down to it again
    panel.line(np.repeat(edges, 2), steps, "ink", width=2.2, name="missing")
    medians = f"{number(_median(edges, known))} of {KNOWN}, {number(_median(edges, missing))} of {MISSING}"
    svg = panel.drawing.svg(f"{shown.feature} of known and missing rows", f"Median of {shown.feature}: {medians}.")
    return Chart(name, svg, keys=(Key("area", KNOWN), Key("line", MISSING)))


def _added(counts: Iterable[Sequence[float]]) -> Floats:
    return np.asarray(np.array(list(counts), np.float64).sum(axis=0))


def _median(edges: Floats, shares: Floats) -> float:
    """Estimate the median: the middle of the bin where half of the rows are reached."""
    i = min(int(np.searchsorted(np.cumsum(shares), 0.5 - 1e-12)), shares.size - 1)
    return float(edges[i]) / 2.0 + float(edges[i + 1]) / 2.0
