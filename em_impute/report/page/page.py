"""Documents as one page: no script, nothing from elsewhere, every text of the user shown literally."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from em_impute.report.charts.charts import draw
from em_impute.report.charts.looks import Chart, Key, css_colours
from em_impute.report.document.blocks import FEW, MAX_LISTED, Block, Details, Document, Figures, Name, Table
from em_impute.report.document.document import document_of, file_name
from em_impute.report.format import shortened
from em_impute.report.model.fit import FitReport
from em_impute.report.page.inline import looks, shown

HERE = Path(__file__).parent


class View(NamedTuple):
    """One document as the template takes it, with what was drawn for it."""

    id: str
    document: Document
    charts: Mapping[str, Sequence[Chart]]

    def drawn(self, figures: Figures) -> list[Chart]:
        """Give the charts of a block, in their order."""
        return [chart for name in figures.charts for chart in self.charts[name]]


def to_html(*reports: FitReport) -> str:
    """Write reports on one page."""
    views = [View(f"r{i}", document_of(report), draw(report, f"r{i}-chart")) for i, report in enumerate(reports, 1)]
    style = css_colours() + (HERE / "style.css").read_text(encoding="utf-8")
    page = _environment().get_template("page.html.jinja")
    return page.render(
        title=_title(reports),
        views=views,
        style=Markup(style),  # noqa: S704  # a file of this package
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )


def _title(reports: Sequence[FitReport]) -> str:
    """Name the page in plain text."""
    columns = ", ".join(dict.fromkeys(shortened(one.column, 60) for one in reports))
    return f"Fit report: {columns} of {file_name(reports[0])}" if reports else "Fit report"


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
        "kind": lambda block: type(block).__name__,
        "legend": _legend,
        "looks": looks,
        "meaning": lambda key: shown(Name(key.text) if key.group and key.group.is_one else key.text),
        "sample": lambda key: Markup(key.sample()),  # noqa: S704  # made by us, without any text
    }
    environment.filters |= filters
    return environment


def _legend(charts: Sequence[Chart]) -> Sequence[Key]:
    """Give the legend that all charts share, which is then written once."""
    shared = {chart.keys for chart in charts}
    return charts[0].keys if len(charts) > 1 and len(shared) == 1 else ()
