"""What is said in several places: in the document, on the terminal, and in warnings."""

from collections.abc import Iterable, Iterator

from em_impute.report.format import number
from em_impute.report.model.findings import AppliedModel, OutOfRange
from em_impute.report.model.fit import FitReport
from em_impute.report.model.shared import Notice
from em_impute.table.text import plural

REASONS = {
    "without_predictors": "nothing else is known about their rows",
    "out_of_range": "their rows are unlike all labelled rows",
    "below_min_probability": "less sure than was asked for",
}
"""Why a cell is left as it is."""

SHIFTED = "log-odds shifted"
"""The decision that --delta is."""

ALIKE = 0.99
"""Effective rows per row from which on hidden rows count as good as alike."""


def is_drawn(report: FitReport) -> bool:
    """Tell whether labels were drawn by their probabilities, not the most probable ones taken."""
    return report.filled is not None and report.filled.method == "draw"


def shifted(report: FitReport) -> str:
    """Say by how much log-odds were shifted where labels are missing; nothing where they were not."""
    return ", ".join(one.detail for one in report.log if one.action == SHIFTED)


def weighing(report: FitReport) -> str:
    """Say how hidden rows count; nothing where they count alike."""
    found = report.accuracy
    if found is None or found.effective_rows > ALIKE * found.rows:
        return ""
    asked = " as --weights says and" if any(one.action == "rows weighted" for one in report.log) else ""
    return f", weighted{asked} to resemble the rows to fill"


def noticed(found: Iterable[Notice]) -> Iterator[tuple[str, str]]:
    """Name warnings, and notes as such."""
    for one in found:
        yield "note" if one.is_note else "warning", f"{one.code}: {one.message}"


def criterion_name(criterion: str) -> str:
    """Write in a statistician's words what a report says that a model was chosen by."""
    if criterion == "as good as the ensemble":
        return "cross-validated log-loss, as good as all of them together"
    return criterion.removeprefix("stacked by ").replace("held-out", "cross-validated")


def cells_in_rows(n_rows: int) -> str:
    """Count cells that lack their label, by the rows they are in."""
    return "1 missing cell is in a row" if n_rows == 1 else f"{n_rows:,} missing cells are in rows"


def out_of_range(outside: OutOfRange) -> str:
    """Count rows that are outside the range of the labelled rows."""
    far = number(max(0.1, round(outside.furthest_sd, 1)))
    far += f" standard deviation{'s' * (far != '1')}"
    return f"{cells_in_rows(outside.rows)} outside the range of the labelled rows, by up to {far}"


def without_predictors(n_rows: int) -> str:
    """Count rows that show no predictor."""
    return f"{cells_in_rows(n_rows)} where every predictor is missing: filled by how common each label is."


def origin(applied: AppliedModel) -> str:
    """Say where a model came from."""
    n_tables, learnt = applied.tables, applied.learnt
    more = f" and {plural(n_tables - 1, 'earlier table')}" if n_tables > 1 else ""
    return f"{applied.path}, fitted on {learnt} to {plural(applied.rows, 'row')} of {applied.last_table}{more}"
