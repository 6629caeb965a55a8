"""The forms that a report is written in, by the suffix of its file; and back from the saved one."""

import json
from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any

from em_impute.errors import TableError
from em_impute.report.evaluation import EvaluationReport, evaluation_markdown
from em_impute.report.fit_report import SCHEMA_VERSION, FitReport, to_json
from em_impute.report.markdown import to_markdown

__all__ = ["render", "render_saved"]

HINT = "name the .json file that em-impute wrote"

OPTIONAL = {"schema_version", "created", "timings"}
"""Keys that a saved report may lack, beside those that have a default since they came later."""


def render(reports: Sequence[FitReport] | Sequence[EvaluationReport], suffix: str) -> str:
    """Write reports as .md, .html (those of a fit) or, what any other suffix means, JSON."""
    if suffix == ".md":
        fits = [one for one in reports if isinstance(one, FitReport)]
        evaluations = [one for one in reports if isinstance(one, EvaluationReport)]
        return to_markdown(*fits) + evaluation_markdown(*evaluations)
    saved = to_json(*reports)
    if suffix != ".html":
        return saved
    from em_impute.report.page.page import to_html

    return to_html(*_listed(json.loads(saved)))  # the page of a saved report is so the page made at once


def render_saved(text: str, suffix: str, name: str) -> str:
    """Write again what was saved as JSON.  Raises TableError where it is no report; `name` is what to call it."""
    try:
        saved = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise TableError(f"{name} is not JSON: {error}", HINT) from error
    listed = _listed(saved) if isinstance(saved, dict) else []
    if not listed or not all(isinstance(one, dict) and "schema_version" in one for one in listed):
        raise TableError(f"{name} is JSON, but no report", HINT)
    other = [one["schema_version"] for one in listed if one["schema_version"] != SCHEMA_VERSION]
    if other:
        message = f"{name} has a report of schema version {other[0]!r}; this em-impute reads {SCHEMA_VERSION}"
        raise TableError(message, "render it with the em-impute that wrote it")
    is_evaluation = all("hiding" in one for one in listed)
    if is_evaluation and suffix == ".html":
        raise TableError(f"{name} is an evaluation, of which there is no HTML page", "name an .md file with -o")
    reports = [_read(EvaluationReport if is_evaluation else FitReport, one, name) for one in listed]
    try:
        return render(reports, suffix)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Whatever is in the file, it was not written by this program.
        raise TableError(f"{name} is no report as em-impute writes them ({error!r})", HINT) from error


def _listed(saved: dict[str, Any]) -> list[Any]:
    reports = saved.get("reports")
    return reports if isinstance(reports, list) else [saved]


def _read(kind: type[Any], saved: dict[str, Any], name: str) -> Any:  # noqa: ANN401  # of either kind
    """Make a report of the keys that it knows."""
    keys = [one.name for one in fields(kind)]
    needed = [one.name for one in fields(kind) if one.default is MISSING and one.name not in OPTIONAL]
    lacking = [key for key in needed if key not in saved]
    if lacking:
        raise TableError(f"{name} is no whole report: it lacks {lacking[0]!r}", HINT)
    return kind(**{key: saved.get(key) for key in keys})


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number in JSON")
