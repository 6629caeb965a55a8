"""Words of a document as HTML: nothing that a user wrote acts as markup, and numbers stay with their units."""

import re
from typing import Any

from markupsafe import Markup, escape

from em_impute.report.charts.drawing import literal
from em_impute.report.document.blocks import Name, Table, Text
from em_impute.report.format import NUMBER, shortened, text_of

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
    return Markup(_glued(escape(literal(text_of(value)))))  # noqa: S704  # escaped


def looks(table: Table) -> list[str]:
    """Give each column its class: "n" for numbers, "short" for texts that stay on a line, "text" for long ones."""
    return [_look(at, [shown(row[at]).striptags() for row in table.rows]) for at in range(len(table.head))]


def _look(at: int, cells: list[str]) -> str:
    if at > 0 and cells and all(NUMBER.match(cell) or not cell for cell in cells):
        return "n"
    return "short" if max(map(len, cells), default=0) <= ON_A_LINE else "text"


def _glued(text: str) -> str:
    return UNITS.sub("\u00a0", text)


def _name(text: str) -> Markup:
    """Show a name as it is: its direction and its spaces are its own, a long one is shortened."""
    full = literal(text)
    if not text.strip():
        return Markup('<bdi class="name">{}</bdi>').format(repr(text) if text else "(empty)")
    look = "name long" if max(map(len, full.split())) > ON_A_LINE else "name"
    if len(full) > LONGEST_NAME:
        return Markup('<bdi class="{}" title="{}">{}</bdi>').format(look, full, shortened(full, LONGEST_NAME))
    return Markup('<bdi class="{}">{}</bdi>').format(look, full)
