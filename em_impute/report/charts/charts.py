"""All charts of one report, each where there is something to draw."""

from em_impute.report.charts.curves import (
    convergence_chart,
    coverage_chart,
    reliability_chart,
    sensitivity_chart,
    totals_chart,
)
from em_impute.report.charts.distributions import known_and_missing_charts
from em_impute.report.charts.groups import Chart, filling_of, labels_in_groups
from em_impute.report.charts.main import predictor_chart
from em_impute.report.charts.scatter import scatter_chart
from em_impute.report.model.fit import FitReport


def draw(report: FitReport, prefix: str) -> dict[str, list[Chart]]:
    """Draw everything a report has, by the names that documents use.

    `prefix` keeps the ids of several reports on one page apart.
    """
    groups, filling = labels_in_groups(report.labels), filling_of(report)
    data, plain, accuracy = report.pictures, report.plain_em, report.accuracy
    histograms, plane, curve = (data.histograms, data.plane, data.curve) if data else ((), None, None)
    main = scatter_chart(f"{prefix}-scatter", plane, report.features.used, groups, filling)
    main = main or predictor_chart(f"{prefix}-predictor", histograms, curve, plain, groups, filling)
    if main is not None:
        main = main._replace(caption=main.caption + _simplified(report))
    single = {
        "main": main,
        "convergence": convergence_chart(f"{prefix}-convergence", plain),
        "reliability": reliability_chart(f"{prefix}-reliability", accuracy),
        "coverage": coverage_chart(f"{prefix}-coverage", accuracy),
        "totals": totals_chart(f"{prefix}-totals", report.totals, groups) if report.missing.cells else None,
        "sensitivity": sensitivity_chart(f"{prefix}-delta", report.sensitivity, groups),
    }
    return {
        **{name: [chart] if chart else [] for name, chart in single.items()},
        "known_and_missing": known_and_missing_charts(f"{prefix}-who", histograms),
    }


def _simplified(report: FitReport) -> str:
    """Say where what the picture shows of EM is not the model that fills."""
    plain, model, selection = report.plain_em, report.model, report.selection
    if plain is None or model is None or selection is None:
        return ""
    fills, used = "", {one.name for one in report.features.used if one.type in {"numeric", "score", "categorical"}}
    if len(selection.stack) > 1:
        fills = f"{len(selection.stack):,} mixtures together fill the cells"
    elif model.covariance != plain.covariance or len(model.parameters) > len(plain.parameters):
        fills = "another mixture fills the cells"
    elif used - {*plain.features}:
        fills = "the mixture that fills the cells sees other columns too"
    return f" The picture is simplified: it has one Gaussian per label, while {fills}." if fills else ""
