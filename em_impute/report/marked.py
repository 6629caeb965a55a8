"""Rows that deserve a mark: section, Markdown, warnings."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from em_impute.columns.design import Design
from em_impute.diagnostics.extrapolation import Marked, predictor_at
from em_impute.em.blocks import Integers
from em_impute.report.fit_report import Section
from em_impute.report.tables import table
from em_impute.report.words import number
from em_impute.table.text import shown

__all__ = ["MAX_LISTED", "blind_section", "marked_markdown", "marked_section", "marked_warnings"]

MAX_LISTED = 1000

MAX_ROWS = 20
"""Rows in a table of Markdown."""

MAX_NAMED = 3
"""Rows named in a warning."""

SURELY = 3.0
"""Standard deviations, √n of n rows expected, beyond which it was not chance that so many rows are out of range."""

FAR = 1.0
"""Standard deviations beyond the known range from which on a single row deserves a warning."""


def marked_section(marked: Marked, design: Design, line_of: Callable[[Integers], np.ndarray]) -> dict[str, Any]:
    """Give the keys `out_of_range` and `without_predictors`, rows in the order of the table.

    `line_of` tells the physical lines, 1-based, at which rows begin.
    """
    first = slice(MAX_LISTED)
    rows = zip(
        line_of(marked.outside[first]).tolist(),
        marked.predictor[first].tolist(),
        marked.value[first].tolist(),
        strict=True,
    )
    out_of_range = []
    for line, predictor, value in rows:
        name, seen = predictor_at(design, predictor, value)
        out_of_range.append({"line": line, "column": name, "value": seen})
    return {
        "out_of_range": {
            "rows": marked.outside.size,
            "expected_by_chance": marked.expected_outside,
            "furthest_sd": float(marked.beyond.max()) if marked.beyond.any() else None,
            "listed": out_of_range,
        },
        "without_predictors": {"rows": marked.blind.size, "lines": line_of(marked.blind[first]).tolist()},
    }


def blind_section(rows: int, lines: Sequence[int]) -> dict[str, Any]:
    """Give the same keys where it is not looked for rows out of range; `lines` are those of the first blind rows."""
    outside: dict[str, Any] = {"rows": 0, "expected_by_chance": 0.0, "furthest_sd": None, "listed": []}
    return {"out_of_range": outside, "without_predictors": {"rows": rows, "lines": list(lines)}}


def marked_markdown(section: Section) -> Iterable[str]:
    """Write the section about rows that deserve a mark, line by line; nothing where there are none."""
    outside, blind = section["out_of_range"], section["without_predictors"]
    if not (outside["rows"] or blind["rows"]):
        return
    yield "## Weakly founded rows\n"
    if outside["rows"]:
        yield f"{_outside(outside)}. Their labels are extrapolated.\n"
        rows = [[one["line"], one["column"], _value(one["value"])] for one in outside["listed"][:MAX_ROWS]]
        yield from table(["line", "column", "value"], rows)
        if outside["rows"] > len(rows):
            yield f"… and {outside['rows'] - len(rows):,} more.\n"
    if blind["rows"]:
        lines = _first([str(line) for line in blind["lines"][:MAX_ROWS]], blind["rows"])
        yield f"{_blind(blind['rows'])} {'Line' if blind['rows'] == 1 else 'Lines'} {lines}.\n"


def marked_warnings(section: Section) -> list[tuple[str, str]]:
    """List what the user should know: (code, message).

    A few rows just beyond the known range are to be expected; W11 is for more of them than chance gives, or for one
    that is far out.
    """
    found = []
    outside, blind = section["out_of_range"], section["without_predictors"]
    expected = outside["expected_by_chance"]
    if outside["rows"] > expected + SURELY * expected**0.5 or (outside["furthest_sd"] or 0.0) > FAR:
        named = [f"line {one['line']} ({_named(one)})" for one in outside["listed"][:MAX_NAMED]]
        found.append(("W11", f"{_outside(outside)}: {_first(named, outside['rows'])}."))
    if blind["rows"]:
        found.append(("W16", _blind(blind["rows"])))
    return found


def _outside(outside: Section) -> str:
    cells = "1 missing cell is in a row" if outside["rows"] == 1 else f"{outside['rows']:,} missing cells are in rows"
    expected = number(round(outside["expected_by_chance"], 1))
    return f"{cells} beyond every row with a label (at most {expected} expected by chance)"


def _blind(n_rows: int) -> str:
    cells = "1 missing cell is" if n_rows == 1 else f"{n_rows:,} missing cells are"
    return f"{cells} in rows without any predictor: filled by the labels' shares alone."


def _first(named: Sequence[str], of: int) -> str:
    return ", ".join(named) + (f" and {of - len(named):,} more" if of > len(named) else "")


def _named(one: Section) -> str:
    return f"{one['column']} {_value(one['value'])}"


def _value(value: float | str) -> str:
    return shown(value) if isinstance(value, str) else f"{value:.{7}g}"
