"""Known labels that look wrong: section, Markdown, a line for the terminal."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from em_impute.diagnostics.label_errors import Audit
from em_impute.em.blocks import Integers
from em_impute.report.fit_report import Section
from em_impute.report.tables import table
from em_impute.report.words import percent, small_percent
from em_impute.table.text import plural

__all__ = ["audit_line", "audit_markdown", "suspects_section"]

MAX_ROWS = 20
"""Suspects in a table of Markdown; JSON has a thousand."""

MAX_LINES = 6
"""Lines named on the terminal."""

MANY = 20.0
"""Expected rows from which on a tenth of one says nothing."""


def suspects_section(
    audit: Audit | None, labels: Sequence[str], line_of: Callable[[Integers], np.ndarray]
) -> dict[str, Any]:
    """Give the keys `suspect_labels`, the least probable first, and `audit`, None where nothing could be judged.

    `labels` are those of the column, and `line_of` tells the physical lines, 1-based, at which rows begin.
    """
    if audit is None:
        return {"suspect_labels": [], "audit": None}
    lines = line_of(np.array([one.row for one in audit.suspects], np.intp)).tolist()
    suspects = [
        {
            "line": line,
            "label": labels[one.label],
            "probability": one.probability,
            "likely": labels[one.likely],
            "likely_probability": one.likely_probability,
        }
        for line, one in zip(lines, audit.suspects, strict=True)
    ]
    found = {
        "examined": audit.examined,
        "threshold": audit.threshold,
        "found": audit.n_suspects,
        "expected": audit.expected,
        "drawn_from": audit.drawn_from,
    }
    return {"suspect_labels": suspects, "audit": found}


def audit_markdown(section: Section) -> Iterable[str]:
    """Write the section about known labels, line by line."""
    audit, suspects = section["audit"], section["suspect_labels"]
    if audit is None:
        return
    yield "## Known labels that look wrong\n"
    yield f"{_found(audit)}, each judged by a fit that was not shown it."
    yield "If all labels are right, about as many look wrong as are expected by chance. None was changed.\n"
    if not suspects:
        return
    rows = [
        [
            one["line"],
            one["label"],
            small_percent(one["probability"]),
            one["likely"],
            percent(one["likely_probability"]),
        ]
        for one in suspects[:MAX_ROWS]
    ]
    yield from table(["line", "label", "its probability", "more likely", "probability"], rows)
    if audit["found"] > len(rows):
        yield f"… and {audit['found'] - len(rows):,} less improbable ones.\n"


def audit_line(section: Section) -> str:
    """Say in one line how many known labels look wrong, and where the least probable ones are."""
    audit = section["audit"]
    if audit is None:
        return "no known label could be judged"
    lines = sorted(one["line"] for one in section["suspect_labels"][:MAX_LINES])
    said = _found(audit)
    if not lines:
        return said
    more = audit["found"] - len(lines)
    shown = ", ".join(map(str, lines)) + (f" and {more:,} more" if more else "")
    return f"{said}: {'line' if audit['found'] == 1 else 'lines'} {shown}"


def _found(audit: Section) -> str:
    has = "has" if audit["found"] == 1 else "have"
    drawn = f" drawn from {audit['drawn_from']:,}" if audit["drawn_from"] else ""
    return (
        f"{audit['found']:,} of {plural(audit['examined'], 'known label')}{drawn} {has} a probability below "
        f"{100.0 * audit['threshold']:g} % ({_expected(audit['expected'])} expected by chance)"
    )


def _expected(rows: float) -> str:
    return f"{rows:.1f}" if rows < MANY else f"{rows:,.0f}"
