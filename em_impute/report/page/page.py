"""Documents as one page: no script, nothing from elsewhere, every text of the user shown literally."""

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from em_impute.report.charts.charts import draw
from em_impute.report.charts.looks import Chart, Key, css_colours
from em_impute.report.document.blocks import FEW, MAX_LISTED, Block, Details, Name, Table, Text
from em_impute.report.document.document import document_of, file_name
from em_impute.report.format import NUMBER, printable, shortened, text_of
from em_impute.report.model.fit import FitReport

HERE = Path(__file__).parent


def to_html(*reports: FitReport) -> str:
    """Write reports on one page."""
    views = [
        {"id": f"r{i}", "document": document_of(report), "charts": draw(report, f"r{i}-chart")}
        for i, report in enumerate(reports, 1)
    ]
    columns = ", ".join(dict.fromkeys(shortened(one.column, LONGEST_NAME) for one in reports))
    style = css_colours() + (HERE / "style.css").read_text(encoding="utf-8")
    page = _environment().get_template("page.html.jinja")
    return page.render(
        title=f"Fit report: {columns} of {file_name(reports[0])}" if reports else "Fit report",
        views=views,
        style=Markup(style),  # noqa: S704  # a file of this package
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )


def _folded(block: Block) -> list[Block]:
    """Show a few rows of a long table, and all on demand."""
    if not isinstance(block, Table) or not block.is_long or len(block.rows) <= FEW:
        return [block]
    caption, head, rows = block.caption, block.head, block.rows
    first = Table(f"{caption}: the first {FEW} of {len(rows):,}", head, rows[:FEW])
    more = "All of them" if len(rows) <= MAX_LISTED else f"The first {MAX_LISTED}"
    return [first, Details(f"{more}: {caption}", [Table(caption, head, rows[:MAX_LISTED])])]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )
    filters: dict[str, Callable[..., Any]] = {
        "drawn": lambda chart: Markup(chart.svg),  # noqa: S704  # made by us, with texts escaped as XML
        "folded": _folded,
        "from": lambda figures, charts: [chart for name in figures.charts for chart in charts[name]],
        "kind": lambda block: type(block).__name__,
        "legend": _legend,
        "looks": lambda table: [_look(table, at) for at in range(len(table.head))],
        "meaning": lambda key: shown(Name(key.text) if key.group and key.group.is_one else key.text),
        "sample": lambda key: Markup(key.sample()),  # noqa: S704  # made by us, without any text
    }
    environment.filters |= filters
    return environment


def _legend(charts: Sequence[Chart]) -> Sequence[Key]:
    """Give the legend that all charts share, which is then written once."""
    shared = {chart.keys for chart in charts}
    return charts[0].keys if len(charts) > 1 and len(shared) == 1 else ()


ON_A_LINE = 20
"""Characters of a text that are not broken in a table, and of a word that is not broken in its heading."""

UNITS = re.compile(
    r"(?<=[\d}]) (?=%)"
    r"|(?<=δ) (?==)|(?<=δ =) (?=[-−\d{])"
    r"|(?<= p) (?=[\d<{])"
    r"|(?<=[\d}]) (?=to [\d{][\d,.}]*\))|(?<=[\d}] to) (?=[\d{][\d,.}]*\))"
)
"""Spaces between what belongs together: 95 %, δ = 1 and (6 to 16) stay on one line."""

LONGEST_NAME = 60
"""Characters of a name in running text; all of them stand in the title."""


def shown(value: Any) -> Markup:  # noqa: ANN401  # whatever a document holds
    """Write a value: a name, a sentence of ours, a number."""
    if isinstance(value, Markup):
        return value
    if isinstance(value, Name):
        return _name(value.text)
    if isinstance(value, Text):
        template = Markup(_glued(value.template))  # noqa: S704  # templates are constants of this package
        return template.format(*map(shown, value.values))
    return Markup(_glued(escape(printable(text_of(value)))))  # noqa: S704  # escaped


def _look(table: Table, at: int) -> str:
    """Give a column its class: "n" for numbers, "short" for texts that stay on a line, "text" for long ones."""
    cells = [shown(row[at]).striptags() for row in table.rows]
    if at > 0 and cells and all(NUMBER.match(cell) or not cell for cell in cells):
        return "n"
    return "short" if max(map(len, cells), default=0) <= ON_A_LINE else "text"


def _glued(text: str) -> str:
    return UNITS.sub("\u00a0", text)


def _name(text: str) -> Markup:
    """Show a name as it is: its direction and its spaces are its own, a long one is shortened."""
    full = printable(text)
    if not text.strip():
        return Markup('<bdi class="name">{}</bdi>').format(repr(text) if text else "(empty)")
    look = "name long" if max(map(len, full.split())) > ON_A_LINE else "name"
    if len(full) > LONGEST_NAME:
        return Markup('<bdi class="{}" title="{}">{}</bdi>').format(look, full, shortened(full, LONGEST_NAME))
    return Markup('<bdi class="{}">{}</bdi>').format(look, full)
