"""All charts of one report, each where there is something to draw."""

from collections.abc import Iterable, Sequence

import numpy as np

from em_impute.diagnostics.values import FeatureHistogram
from em_impute.report.charts import curves
from em_impute.report.charts.axes import Panel, Scale
from em_impute.report.charts.groups import Chart, Key, filling_of, labels_in_groups
from em_impute.report.charts.main import predictor_chart
from em_impute.report.charts.scatter import scatter_chart
from em_impute.report.charts.svg import SMALL, Drawing, Floats
from em_impute.report.model.fit import FitReport
from em_impute.report.model.mixture import Gaussian

MAX_HISTOGRAMS = 6

OWN = " This mixture fills the cells."
LIKE = " The ellipses are those of plain EM; the mixture that fills the cells was fitted much like it."

KNOWN, MISSING = "rows with a label", "rows without one"


def draw(report: FitReport, prefix: str) -> dict[str, list[Chart]]:
    """Draw everything a report has, by the names that documents use.

    `prefix` keeps the ids of several reports on one page apart.
    """
    groups, filling = labels_in_groups(report.labels), filling_of(report)
    data, plain, accuracy = report.pictures, report.plain_em, report.accuracy
    histograms, curve, plane = data or ((), None, None)
    main = scatter_chart(f"{prefix}-scatter", plane, report.features.used, groups, filling)
    note, fits = _simplified(report), dict[str, Sequence[Gaussian]]()
    if plain is not None:
        fits = {"parameters": plain.parameters, "labels_only": plain.labels_only or ()}
        if report.model is not None and not note:
            fits["parameters"], note = report.model.parameters, OWN if main is None else LIKE
    main = main or predictor_chart(f"{prefix}-predictor", histograms, curve, fits, groups, filling)
    single = {
        "main": main and main._replace(caption=main.caption + note),
        "reliability": curves.reliability_chart(f"{prefix}-reliability", accuracy),
        "coverage": curves.coverage_chart(f"{prefix}-coverage", accuracy),
    }
    drawn = {name: [chart] if chart else [] for name, chart in single.items()}
    return drawn | {"known_and_missing": known_and_missing_charts(f"{prefix}-who", histograms)}


def _simplified(report: FitReport) -> str:
    """Say where what the picture shows of EM is not the model that fills."""
    plain, model, selection = report.plain_em, report.model, report.selection
    if plain is None or model is None or selection is None:
        return ""
    used = {one.name for one in report.features.used if one.type in {"numeric", "score", "categorical"}}
    if len(selection.stack) > 1:
        fills = f"{len(selection.stack):,} mixtures together fill the cells"
    elif (
        report.groups is not None
        or (model.covariance, len(model.parameters)) != (plain.covariance, len(plain.parameters))
        or used - {*plain.features}
    ):
        fills = "another model fills the cells"
    else:
        return ""
    return f" The picture is simplified: it has one Gaussian per label, while {fills}."


def known_and_missing_charts(name: str, histograms: Sequence[FeatureHistogram]) -> list[Chart]:
    """Draw the distribution of each predictor among rows with a label, and among those without."""
    made = []
    for i, shown in enumerate(histograms[:MAX_HISTOGRAMS]):
        known, missing = _added(shown.known.values()), _added([*shown.filled.values(), shown.left_empty])
        if known.any() and missing.any():
            made.append(_distributions(f"{name}-{i + 1}", shown, known / known.sum(), missing / missing.sum()))
    return made


def _distributions(name: str, shown: FeatureHistogram, known: Floats, missing: Floats) -> Chart:
    """Draw two distributions, (n_bins,) shares each: known rows as an area, the others as a line before it."""
    edges = np.asarray(shown.edges, np.float64)
    y = Scale(0.0, 1.02 * float(max(known.max(), missing.max())))
    panel = Panel(Drawing(name, SMALL, 176.0), 14.0, 3.0, SMALL - 14.0, 136.0, Scale(*edges[[0, -1]].tolist()), y)
    panel.x_axis(shown.feature)
    panel.drawing.area(panel.bars(edges, np.zeros(known.size), known), "known", edge="muted", name="known")
    steps = np.concatenate([[0.0], np.repeat(missing, 2), [0.0]])  # from the axis up and down to it again
    panel.line(np.repeat(edges, 2), steps, "ink", width=2.2, name="missing")
    svg = panel.drawing.svg(f"{shown.feature} of known and missing rows", "The table below compares their means.")
    return Chart(name, svg, keys=(Key("area", KNOWN), Key("line", MISSING)))


def _added(counts: Iterable[Sequence[float]]) -> Floats:
    return np.asarray(np.array(list(counts), np.float64).sum(axis=0))
