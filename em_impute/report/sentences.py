"""Sentences about sections of a report that stand in several places."""

from em_impute.report.format import number
from em_impute.report.model.diagnostics import OutOfRange, OutOfRangeRow
from em_impute.table.text import shown


def out_of_range(outside: OutOfRange) -> str:
    """Count rows that are beyond every row with a label."""
    cells = "1 missing cell is in a row" if outside.rows == 1 else f"{outside.rows:,} missing cells are in rows"
    expected = number(round(outside.expected_by_chance, 1))
    return f"{cells} beyond every row with a label (at most {expected} expected by chance)"


def first_lines(outside: OutOfRange, most: int) -> list[str]:
    """Name the first rows that are beyond every row with a label."""
    return [f"line {one.line} ({one.column} {_seen_value(one)})" for one in outside.listed[:most]]


def _seen_value(row: OutOfRangeRow) -> str:
    """Write what a row holds that is beyond every row with a label."""
    return shown(row.value) if isinstance(row.value, str) else f"{row.value:.{7}g}"


def without_predictors(n_rows: int) -> str:
    """Count rows that show no predictor."""
    cells = "1 missing cell is" if n_rows == 1 else f"{n_rows:,} missing cells are"
    return f"{cells} in rows without any predictor: filled by the labels' shares alone."
