"""Why rows were filled so, as lines of a terminal."""

import math
from collections.abc import Iterator, Sequence

from em_impute.pipeline.reasons import Contribution, Counterfactual, KnownRow, RowReasons
from em_impute.report.format import number, percent, shortened
from em_impute.report.model.explanation import WhyReport
from em_impute.report.model.shared import rendered
from em_impute.report.text.console import NAME_WIDTH
from em_impute.table.text import listed, plural

NOTHING = 1.05
"""Odds below which a predictor says next to nothing."""

BEYOND = 1e6
"""Odds above which nobody tells them apart."""


@rendered.register
def _of_why(report: WhyReport, _suffix: str) -> str:
    return "\n".join(f"{name:<{NAME_WIDTH}}{text}" for name, text in why_lines(report))


def why_lines(report: WhyReport) -> Iterator[tuple[str, str]]:
    """Yield what a terminal shows, as names and texts: a few lines a row."""
    for row in report.rows:
        yield f"line {row.line}", _said_label(report.column, row)
        yield "before", f"{_odds(row.base_log_odds)} for {row.label}, of a row without any of these"
        for part in row.contributions:
            yield "", _said_part(part, row.label)
        yield "together", f"{_odds(row.log_odds)} for {row.label}, which is the product"
        for change in row.changes:
            yield "otherwise", _said_change(change, row)
        if row.nearest:
            yield "nearest", "; ".join(_said_nearest(row.nearest))


def _said_nearest(nearest: Sequence[KnownRow]) -> Iterator[str]:
    """Name the lines of each label, the nearest row first."""
    for label in dict.fromkeys(one.label for one in nearest):
        lines = [str(one.line) for one in nearest if one.label == label]
        yield f"{label} on line{'s' * (len(lines) > 1)} {listed(lines)}"


def _said_label(column: str, row: RowReasons) -> str:
    label = f"{row.label}, probability {percent(row.probability[row.label])}"
    if row.known is None:
        return f"{column} is missing: filled with {label}"
    return f"{column} is {row.known}: it would have been filled with {label}"


def _said_part(part: Contribution, label: str) -> str:
    """Say how strongly a predictor speaks for the label or against it."""
    if len(part.predictors) > 1:
        name, speaks = f"{plural(len(part.predictors), 'other predictor')}", "speak"
    elif part.value is None:
        name, speaks = f"the other rows of its {part.predictors[0]}", "speak"
    else:
        value = shortened(part.value) if isinstance(part.value, str) else f"{part.value:.12g}"
        name, speaks = f"{part.predictors[0]} {value}", "speaks"
    odds = _odds(abs(part.log_odds))
    if abs(part.log_odds) < math.log(NOTHING):
        return f"{name} {speaks} neither for {label} nor against it"
    return f"{name} {speaks} {'for' if part.log_odds > 0 else 'against'} {label}, {odds}"


def _said_change(change: Counterfactual, row: RowReasons) -> str:
    then = f"{change.label} ({percent(change.probability)})"
    if isinstance(change.value, str):
        return f"{change.predictor} {change.value} would make it {then}"
    here = next(one.value for one in row.contributions if change.predictor in one.predictors)
    side = "above" if isinstance(here, float) and change.value > here else "below"
    return f"{change.predictor} {side} {change.value:.5g} would make it {then}"


def _odds(log_odds: float) -> str:
    """Write odds as so many to one, or one to so many."""
    is_beyond, odds = abs(log_odds) > math.log(BEYOND), math.exp(min(abs(log_odds), math.log(BEYOND)))
    said = f"over {BEYOND:,.0f}" if is_beyond else number(round(odds, 1 if odds < 10 else 0))  # noqa: PLR2004
    return f"{said} to 1" if log_odds >= 0.0 else f"1 to {said}"
