"""All charts of one report, each where there is something to draw."""

from typing import NamedTuple

from em_impute.report.charts.calibration import coverage_chart, reliability_chart
from em_impute.report.charts.convergence import convergence_chart
from em_impute.report.charts.distributions import known_and_missing_charts, label_charts, then_and_now_charts
from em_impute.report.charts.groups import Chart, filling_of, labels_in_groups
from em_impute.report.charts.main import predictor_chart
from em_impute.report.charts.scatter import scatter_chart
from em_impute.report.charts.totals import sensitivity_chart, totals_chart
from em_impute.report.model.fit import FitReport


class Charts(NamedTuple):
    """What was drawn; None and empty lists are left out quietly."""

    main: Chart | None
    known_and_missing: list[Chart]
    then_and_now: list[Chart]
    by_label: list[Chart]
    convergence: Chart | None
    reliability: Chart | None
    coverage: Chart | None
    totals: Chart | None
    sensitivity: Chart | None


def draw(report: FitReport, prefix: str) -> Charts:
    """Draw everything a report has; `prefix` keeps the ids of several reports on one page apart."""
    groups, filling = labels_in_groups(report.labels), filling_of(report)
    data, plain, accuracy = report.pictures, report.plain_em, report.accuracy
    histograms, plane, curve = (data.histograms, data.plane, data.curve) if data else ((), None, None)
    moved = report.applied.moved if report.applied else ()
    scatter = scatter_chart(f"{prefix}-scatter", plane, report.features.used, groups, filling)
    return Charts(
        scatter or predictor_chart(f"{prefix}-predictor", histograms, curve, plain, groups, filling),
        known_and_missing_charts(f"{prefix}-who", histograms),
        then_and_now_charts(f"{prefix}-moved", moved),
        label_charts(f"{prefix}-label", histograms, groups) if scatter else [],
        convergence_chart(f"{prefix}-convergence", plain),
        reliability_chart(f"{prefix}-reliability", accuracy),
        coverage_chart(f"{prefix}-coverage", accuracy),
        totals_chart(f"{prefix}-totals", report.totals, groups) if report.missing.cells else None,
        sensitivity_chart(f"{prefix}-delta", report.sensitivity, groups),
    )
