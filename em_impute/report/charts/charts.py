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
