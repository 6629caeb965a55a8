"""The fit report as one page: no script, nothing from elsewhere, every text of the user shown literally."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from em_impute.report.page.applied import the_saved_model
from em_impute.report.page.blocks import Section, glued, name, said
from em_impute.report.page.learnt import how_em_went, the_model
from em_impute.report.page.quality import how_well_recovered, what_was_filled
from em_impute.report.page.reuse import decisions, how_to_use, reproduction, write_methods
from em_impute.report.page.rows import what_was_missing, who_is_missing
from em_impute.report.page.tile import Tile
from em_impute.report.page.top import headline, remarks, tiles
from em_impute.report.page.whole import suspects, the_totals, what_if_not
from em_impute.report.pictures.figures import draw
from em_impute.report.pictures.groups import Key, Picture
from em_impute.report.pictures.naming import literal, shortened
from em_impute.report.pictures.palette import css_colours
from em_impute.report.pictures.swatch import swatch

__all__ = ["View", "to_html"]

HERE = Path(__file__).parent

NARROW = "@media (max-width:40rem)"
"""Where the style sheet shows pictures for narrow screens."""


class View(NamedTuple):
    """One report as the template takes it."""

    id: str
    title: Markup
    headline: Sequence[Markup]
    tiles: Sequence[Tile]
    remarks: Sequence[tuple[str, str]]
    main: Picture | None
    sections: Sequence[Section]
    made: Markup


def to_html(*reports: Mapping[str, Any]) -> str:
    """Write reports, as they are read from JSON, on one page."""
    views = [_view(report, f"r{i + 1}") for i, report in enumerate(reports)]
    style = css_colours() + (HERE / "style.css").read_text(encoding="utf-8") + _heights(views)
    page = _environment().get_template("page.html.jinja")
    return page.render(
        title=_title(reports),
        views=views,
        style=Markup(style),  # noqa: S704  # a file of this package
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )


def _heights(views: Sequence[View]) -> str:
    """Say how high pictures are that are drawn for wide screens and for narrow ones."""
    ratios = [
        [f"#{view.main.name}>svg{{aspect-ratio:{width:g}/{height:g}}}" for width, height in view.main.sizes]
        for view in views
        if view.main is not None and view.main.sizes
    ]
    wide, narrow = ("".join(one) for one in zip(*ratios, strict=True)) if ratios else ("", "")
    return f"{wide}\n{NARROW}{{{narrow}}}\n"


def _view(report: Mapping[str, Any], prefix: str) -> View:
    pictures = draw(report, f"{prefix}-picture")
    sections = [
        what_was_missing(report, prefix),
        who_is_missing(report, pictures, prefix),
        the_saved_model(report, pictures, prefix),
        the_model(report, pictures, prefix),
        how_em_went(report, pictures, prefix),
        how_well_recovered(report, pictures, prefix),
        what_was_filled(report, prefix),
        the_totals(report, pictures, prefix),
        what_if_not(report, pictures, prefix),
        suspects(report, prefix),
        how_to_use(report, prefix),
        write_methods(report, prefix),
        reproduction(report, prefix),
        decisions(report, prefix),
    ]
    tool = report["tool"]
    return View(
        prefix,
        said("{} in {}", name(report["column"]), name(_file(report))),
        headline(report),
        tiles(report),
        remarks(report),
        pictures.main,
        [one for one in sections if one is not None],
        said("{} {}, {}", tool["name"], tool["version"], report["created"] or "time not recorded"),
    )


def _title(reports: Sequence[Mapping[str, Any]]) -> str:
    """Name the page in plain text."""
    columns = ", ".join(dict.fromkeys(shortened(one["column"], 60) for one in reports))
    return f"Fit report: {columns} of {_file(reports[0])}" if reports else "Fit report"


def _file(report: Mapping[str, Any]) -> str:
    """Give the name of the file without its folders."""
    path: str = report["input"]["path"]
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2] or path


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["glued"] = glued
    environment.filters["drawn"] = _drawn
    environment.filters["name"] = name
    environment.filters["swatch"] = _swatch
    return environment


def _shown(value: Any) -> Any:  # noqa: ANN401  # whatever a template prints
    """Make a text literal unless it is markup of ours; what is escaped for HTML comes afterwards."""
    return literal(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _drawn(picture: Picture) -> Markup:
    return Markup(picture.svg)  # noqa: S704  # made by us, with texts escaped as XML


def _swatch(key: Key) -> Markup:
    return Markup(swatch(key))  # noqa: S704  # made by us, without any text
