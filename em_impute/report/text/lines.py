"""A line each for the summary on a terminal: what sections of a report come to."""

import math

from em_impute.diagnostics.values import Audit, Sensitivity
from em_impute.report.format import expected_count, percent, rounded, span
from em_impute.report.model.diagnostics import ExpectedWrong, Totals
from em_impute.report.model.fit import FitReport
from em_impute.report.model.missingness import Missingness
from em_impute.table.text import listed, plural

MAX_NAMED = 3
"""Labels in a line of the terminal."""


def wrong_line(wrong: ExpectedWrong, n_filled: int) -> str:
    """Say in one line how many fills are likely to be wrong."""
    said = f"about {rounded(wrong.estimate)} of {n_filled:,}"
    if wrong.low is None:
        return said
    said += f" (90 %: {span(wrong.low, wrong.high)})"
    held_out = wrong.by_held_out_labels
    if not wrong.agree or held_out is None:
        return f"{said}, by hidden labels; by the probabilities {rounded(wrong.by_probabilities)}"
    return f"{said}; by hidden labels alone {span(held_out.low, held_out.high)}"


def totals_line(totals: Totals) -> str:
    """Say in one line how many rows of each label the completed column holds."""
    named = [
        f"{label} {rounded(totals.expected[label])} expected (95 %: {span(one.low, one.high)})"
        for label, one in (totals.multiple_imputation or {}).items()
    ]
    return listed(named, MAX_NAMED)


MAX_LINES = 6
"""Lines named on the terminal."""


def audit_line(report: FitReport) -> str:
    """Say in one line how many known labels look wrong, and where the least probable ones are."""
    audit = report.audit
    if audit is None:
        return "no known label could be judged"
    lines = sorted(one.line for one in report.suspect_labels[:MAX_LINES])
    said = _found(audit)
    if not lines:
        return said
    more = audit.found - len(lines)
    shown = ", ".join(map(str, lines)) + (f" and {more:,} more" if more else "")
    return f"{said}: {'line' if audit.found == 1 else 'lines'} {shown}"


def _found(audit: Audit) -> str:
    has = "has" if audit.found == 1 else "have"
    drawn = f" drawn from {audit.drawn_from:,}" if audit.drawn_from else ""
    return (
        f"{audit.found:,} of {plural(audit.examined, 'known label')}{drawn} {has} a probability below "
        f"{100.0 * audit.threshold:g} % ({expected_count(audit.expected)} expected by chance)"
    )


MAX_PREDICTORS = 2
LONGEST_NAME = 16
"""In a line of the terminal's summary."""


def who_line(section: Missingness) -> str:
    """Say in one line how well missing rows can be told from known ones, and by which predictors."""
    different = section.by_difference
    named = [f"{_short(one.name)} {_smd(one.smd)}" for one in different[:MAX_PREDICTORS] if one.smd]
    by = f", SMD {', '.join(named)}" if named else ""
    if section.auc is None:
        return f"too few rows of one kind to tell missing from known{by}"
    low, high = section.auc_interval or (section.auc, section.auc)
    return f"missing from known: AUC {section.auc:.2f} ({low:.2f} to {high:.2f}; 0.5 is chance){by}"


def sensitivity_line(section: Sensitivity) -> str:
    """Say in one line how much a shift by 1 changes, and which shift makes another label the most common one."""
    sweeps = {one.label: one.share for one in section.sweeps}
    if not sweeps:
        return "one label only: nothing to shift"
    label = section.most_common if section.most_common in sweeps else next(iter(sweeps))
    at = {delta: percent(sweeps[label][i]) for i, delta in enumerate(section.deltas)}
    said = f"{_short(label)} {at[0.0]} of all rows, {at[-1.0]} at δ = -1, {at[1.0]} at δ = 1"
    tipping = section.tipping
    if tipping is None:
        return f"{said}; no δ makes another most common"
    whose = "" if tipping.label == label else f" of {_short(tipping.label)}"
    return f"{said}; {_short(tipping.most_common)} most common at δ{whose} = {tipping.delta:.2f}"


def _smd(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if math.isfinite(value) else "∞" if value > 0.0 else "-∞"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
