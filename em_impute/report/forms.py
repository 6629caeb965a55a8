"""The forms that a report is written in, by the suffix of its file; and back from the saved one."""

from collections.abc import Sequence

from em_impute.errors import TableError
from em_impute.report.document.asked import why_lines
from em_impute.report.document.document import document_of
from em_impute.report.extra import PAGE, refuse_without
from em_impute.report.markdown import to_markdown
from em_impute.report.model.asked import WhyReport
from em_impute.report.model.documents import json_of, read
from em_impute.report.model.fit import FitReport
from em_impute.report.model.shared import SCHEMA_VERSION, rendered
from em_impute.report.text.console import NAME_WIDTH
from em_impute.serialize.json_text import FormatError, parse

HINT = "name the .json file that em-impute wrote"

OTHERS = {"hiding": "an evaluation", "steps": "an explanation", "rows": "an answer of why", "no_rows": "a check"}
"""What other commands write, by keys that no fit report has."""


def render(reports: Sequence[FitReport], suffix: str) -> str:
    """Write reports as .md, .html or, what any other suffix means, JSON."""
    if suffix == ".md":
        return to_markdown(*map(document_of, reports))
    if suffix != ".html":
        return json_of(*reports)
    from em_impute.report.page.page import to_html

    return to_html(*reports)


@rendered.register
def _of_fit(report: FitReport, suffix: str) -> str:
    """Write a report, or with the suffix .svg its first picture."""
    if suffix == ".svg":
        from em_impute.report.charts.charts import draw
        from em_impute.report.charts.looks import css_colours

        svg = "".join(chart.svg for chart in draw(report, "plot")["main"])
        style = f"{css_colours()}text{{font:11px sans-serif}}"
        # Paper of its own: a notebook may be light where the system is dark.
        return svg.replace(">", f' style="background:var(--paper)"><style>{style}</style>', 1)
    if suffix == ".html":
        refuse_without(PAGE, "an HTML page")
    return render([report], suffix)


@rendered.register
def _of_why(report: WhyReport, _suffix: str) -> str:
    return "\n".join(f"{name:<{NAME_WIDTH}}{text}" for name, text in why_lines(report))


def render_saved(text: str, suffix: str, name: str) -> str:
    """Write again what was saved as JSON.  Raises TableError where it is no report; `name` is what to call it."""
    try:
        saved = parse(text)
    except FormatError as error:
        raise TableError(f"{name} is not JSON: {str(error).removeprefix('it is not JSON: ')}", HINT) from error
    several = saved.get("reports") if isinstance(saved, dict) else []
    listed = several if isinstance(several, list) else [saved]
    if not listed or not all(isinstance(one, dict) and "schema_version" in one for one in listed):
        raise TableError(f"{name} is JSON, but not a report", HINT)
    other = [one["schema_version"] for one in listed if one["schema_version"] != SCHEMA_VERSION]
    if other:
        message = f"{name} has a report of schema version {other[0]!r}; this em-impute reads {SCHEMA_VERSION}"
        raise TableError(message, "render it with the em-impute that wrote it")
    for what in (what for key, what in OTHERS.items() if all(key in one for one in listed)):
        raise TableError(f"{name} is {what}, which is JSON and nothing else", "name the report of a fit")
    try:
        return render([read(one) for one in listed], suffix)
    except FormatError as error:
        raise TableError(f"{name} is not a report of em-impute: {error}", HINT) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Whatever is in the file, it was not written by this program.
        raise TableError(f"{name} is not a report of em-impute ({error!r})", HINT) from error
