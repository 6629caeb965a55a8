"""All charts of one report, each where there is something to draw."""

from collections.abc import Sequence

import numpy as np

from em_impute.diagnostics.values import FeatureHistogram
from em_impute.ensemble.metrics import wilson_interval
from em_impute.report.charts.drawing import SMALL, Drawing, Panel, Scale, percent_ticks
from em_impute.report.charts.looks import DASHED, Chart, Key, labels_in_groups, summed
from em_impute.report.charts.main import predictor_chart, scatter_chart
from em_impute.report.format import percent
from em_impute.report.model.findings import Accuracy, Gaussian
from em_impute.report.model.fit import FitReport

MAX_HISTOGRAMS = 6

OWN = " This mixture fills the cells."
LIKE = " The ellipses are those of plain EM; the mixture that fills the cells was fitted much like it."


def draw(report: FitReport, prefix: str) -> dict[str, list[Chart]]:
    """Draw everything a report has, by the names that documents use.

    `prefix` keeps the ids of several reports on one page apart.
    """
    groups = labels_in_groups(report.labels)
    data, plain, accuracy = report.pictures, report.plain_em, report.accuracy
    histograms, curve, plane = data or ((), None, None)
    main = scatter_chart(f"{prefix}-scatter", plane, report.features.used, groups)
    note, fits = _simplified(report), dict[str, Sequence[Gaussian]]()
    if plain is not None:
        fits = {"parameters": plain.parameters, "labels_only": plain.labels_only or ()}
        if report.model is not None and not note:
            fits["parameters"], note = report.model.parameters, OWN if main is None else LIKE
    main = main or predictor_chart(f"{prefix}-predictor", histograms, curve, fits, groups)
    single = {
        "main": main and main._replace(caption=main.caption + note),
        "reliability": reliability_chart(f"{prefix}-reliability", accuracy),
        "coverage": coverage_chart(f"{prefix}-coverage", accuracy),
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
        or used - {*plain.parameters[0].mean}
    ):
        fills = "another model fills the cells"
    else:
        return ""
    return f" The picture is simplified: it has one Gaussian per label, while {fills}."


def known_and_missing_charts(name: str, histograms: Sequence[FeatureHistogram]) -> list[Chart]:
    """Draw each predictor among rows with a label, as an area, and among those without, as a line before it."""
    made = []
    for i, shown in enumerate(histograms[:MAX_HISTOGRAMS], start=1):
        known, filled = (summed([*one], one, len(shown.left_empty)) for one in (shown.known, shown.filled))
        missing = filled + shown.left_empty
        if not known.any() or not missing.any():
            continue
        known, missing, edges = known / known.sum(), missing / missing.sum(), np.asarray(shown.edges, np.float64)
        y = Scale(0.0, 1.02 * float(max(known.max(), missing.max())))
        drawing = Drawing(f"{name}-{i}", SMALL, 176.0)
        panel = Panel(drawing, 14.0, 3.0, SMALL - 14.0, 136.0, Scale(*edges[[0, -1]].tolist()), y)
        panel.x_axis(shown.feature)
        drawing.area(panel.bars(edges, np.zeros(known.size), known), "known", edge="muted", name="known")
        steps = np.concatenate([[0.0], np.repeat(missing, 2), [0.0]])  # from the axis up and down to it again
        panel.line(np.repeat(edges, 2), steps, "ink", width=2.2, name="missing")
        svg = drawing.svg(f"{shown.feature} of known and missing rows", "The table below compares their means.")
        made.append(Chart(drawing.name, svg, keys=(Key("area", "rows with a label"), Key("line", "rows without one"))))
    return made


LEFT, TOP, RIGHT, BOTTOM, FOOT = 52.0, 30.0, SMALL - 18.0, 254.0, 46.0

NAMED_SHARES = (0.25, 0.5, 0.75)
"""Where the probability that is reached is written to the curve."""


def reliability_chart(name: str, accuracy: Accuracy | None) -> Chart | None:
    """Draw for rows of about the same probability the share that was right, with 95 % intervals."""
    bins = accuracy.reliability if accuracy else ()
    if not bins:
        return None
    rows, stated, right = np.transpose(bins)
    low, high = np.transpose([wilson_interval(one.accuracy, float(one.rows)) for one in bins])
    x = _percentages(float(stated.min()))
    panel = _panel(name, x, _percentages(min(float(low.min()), x.low)))
    panel.y_axis("share that was right", percent_ticks(panel.y))
    panel.line([x.low, 1.0], [x.low, 1.0], "muted", width=1.3, dash=DASHED, name="diagonal")
    across, gaps = panel.across(stated), np.full(stated.size, np.nan)
    intervals = np.column_stack([panel.down(low), panel.down(high), gaps]).ravel()
    panel.drawing.line(np.repeat(across, 3), intervals, "ink", width=1.3, name="intervals")
    panel.drawing.markers(across, panel.down(right), "o", "ink", name="bins")
    panel.x_axis("stated probability", percent_ticks(x))
    told = "; ".join(f"stated {percent(one.probability)}, right {percent(one.accuracy)}" for one in bins)
    svg = panel.drawing.svg("Stated probability and share that was right", f"{told}.")
    several = "" if rows.min() == rows.max() else f" to {rows.max():,.0f}"
    caption = (
        f"Each point is {rows.min():,.0f}{several} hidden rows of about the same probability: "
        "the stated probability (across) and the share that was right (up). On the dashed line both agree; above the "
        "line the model is underconfident, below it overconfident."
    )
    return Chart(name, svg, caption, (Key("filled", "share right, with 95 % interval"), Key("dashed", "as stated")))


def coverage_chart(name: str, accuracy: Accuracy | None) -> Chart | None:
    """Draw how right the fills are if only the most certain ones are made."""
    curve = [one for one in accuracy.curve if one.share > 0.0] if accuracy else []
    if accuracy is None or not curve[1:]:
        return None
    at_least, share, right = np.array(curve, np.float64).T
    rows, baseline = np.maximum(1.0, share * accuracy.effective_rows).tolist(), accuracy.baseline_accuracy
    low, high = np.transpose([*map(wilson_interval, right.tolist(), rows)])
    y = _percentages(min(float(low.min()), baseline))
    panel = _panel(name, Scale(0.0, 1.0), y)
    band = np.vstack([panel.outline(share, low), panel.outline(share, high)[::-1]])
    panel.drawing.area([band], "band", name="interval")
    panel.y_axis("share that is right", percent_ticks(y))
    panel.line([0.0, 1.0], [baseline, baseline], "muted", width=1.3, dash=DASHED, name="baseline")
    panel.line(share, right, "ink", width=2.2, name="right")
    for i in (int(np.abs(share - wanted).argmin()) for wanted in NAMED_SHARES):
        x, down = panel.outline(share[i : i + 1], right[i : i + 1]).T
        panel.drawing.markers(x, down, "o", "ink")
        panel.drawing.text(x[0] - 4.0, down[0], f"≥ {100.0 * at_least[i]:.0f} %", anchor="end", down=1.5)
    panel.x_axis("share of cells filled, surest first", percent_ticks(panel.x))
    told = [f"{percent(one.share)} filled: {percent(one.accuracy)} right" for one in curve[:: len(curve) // 5 + 1]]
    svg = panel.drawing.svg("Share that is right against share filled", f"{'; '.join(told)}.")
    caption = (
        "What --min-probability does: from right to left fewer cells are filled, only the surest, and more of them "
        "are right. The percentages at the curve are the minimum probability that this takes."
    )
    keys = Key("line", "right"), Key("band", "95 % interval"), Key("dashed", "always the most common label")
    return Chart(name, svg, caption, keys)


def _percentages(low: float) -> Scale:
    """Make an axis that ends at 100 % and begins at a tenth."""
    return Scale(max(0.0, np.floor(10.0 * min(low, 0.9) + 1e-9) / 10.0), 1.0)


def _panel(name: str, x: Scale, y: Scale) -> Panel:
    return Panel(Drawing(name, SMALL, BOTTOM + FOOT), LEFT, TOP, RIGHT, BOTTOM, x, y)
