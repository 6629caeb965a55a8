"""What is said in several places: in the document, on the terminal, and in warnings."""

from collections.abc import Iterable, Iterator

from em_impute.report.format import number
from em_impute.report.model.findings import AppliedModel, OutOfRange
from em_impute.report.model.shared import Notice
from em_impute.table.text import plural

REASONS = {
    "without_predictors": "nothing else is known about their rows",
    "out_of_range": "their rows are unlike all labelled rows",
    "below_min_probability": "less sure than was asked for",
}
"""Why a cell is left as it is."""


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
