"""What a section of the page is made of, and texts that hold what users wrote."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from em_impute.report.pictures.groups import Key, Picture
from em_impute.report.pictures.naming import literal, shortened

__all__ = ["Block", "Details", "Figures", "Items", "Section", "Table", "glued", "name", "names", "of_rows", "said"]

NUMBER = re.compile(r"[-−–<∞]?\s?[\d–∞]")

ON_A_LINE = 20
"""Characters of a text that are not broken in a table, and of a word that is not broken in its heading."""

UNITS = re.compile(
    r"(?<=[\d}]) (?=%)"
    r"|(?<=δ) (?==)|(?<=δ =) (?=[-−\d{])"
    r"|(?<= p) (?=[\d<{])"
    r"|(?<=[\d}]) (?=to [\d{][\d,.}]*\))|(?<=[\d}] to) (?=[\d{][\d,.}]*\))"
)
"""Spaces between what belongs together: 95 %, δ = 1 and (6 to 16) stay on one line."""

ONLY_NUMBERS = re.compile(r"[-−<≥±.,\d ()%]*(?:to[-−<≥±.,\d ()%]*)?")

LONGEST_NAME = 60
"""Characters of a name in running text; all of them stand in the title."""


class Table(NamedTuple):
    """A table with a caption; the first cell of each row heads it."""

    caption: str
    head: Sequence[Any]
    rows: Sequence[Sequence[Any]]
    kind: str = "table"

    @property
    def looks(self) -> list[str]:
        """Give each column its class: "n" for numbers, "short" for texts that stay on a line, "text" for long ones."""
        return [self._look(at) for at in range(len(self.head))]

    def _look(self, at: int) -> str:
        cells = [row[at] for row in self.rows]
        if at > 0 and cells and all(NUMBER.match(str(cell)) or cell == "" for cell in cells):
            return "n"
        longest = max((len(_plain(cell)) for cell in cells), default=0)
        return "short" if longest <= ON_A_LINE else "text"


class Figures(NamedTuple):
    """Pictures, beside each other where there is room."""

    pictures: Sequence[Picture]
    caption: str = ""
    kind: str = "figures"

    @property
    def keys(self) -> Sequence[Key]:
        """The legend that all pictures share, which is then written once."""
        shared = {picture.keys for picture in self.pictures}
        return self.pictures[0].keys if len(self.pictures) > 1 and len(shared) == 1 else ()


class Items(NamedTuple):
    """A list, numbered or not."""

    items: Sequence[Any]
    ordered: bool = False
    kind: str = "items"


class Details(NamedTuple):
    """What is opened on demand."""

    summary: str
    blocks: Sequence[Any]
    kind: str = "details"


Block = str | Table | Figures | Items | Details


class Section(NamedTuple):
    """A part of the report."""

    id: str
    title: str
    blocks: Sequence[Block]


def said(template: str, *values: Any) -> Markup:  # noqa: ANN401  # of any type
    """Write values into a text of ours, which may hold tags; nothing in a value acts as one."""
    shown = [one if isinstance(one, Markup) else _shown(str(one)) for one in values]
    return Markup(_glued(template)).format(*shown)  # noqa: S704  # templates are constants of this package


def glued(text: str) -> Markup:
    """Show a sentence of ours literally, with its numbers and their units on one line."""
    return Markup(_glued(escape(literal(text))))  # noqa: S704  # escaped


def _glued(text: str) -> str:
    return UNITS.sub("\u00a0", text)


def _shown(text: str) -> str:
    """Show a value literally; only numbers, which are no words of a user, are kept together with their units."""
    return _glued(text) if ONLY_NUMBERS.fullmatch(text) else literal(text)


def _plain(cell: Any) -> str:  # noqa: ANN401  # of any type
    return cell.striptags() if isinstance(cell, Markup) else str(cell)


def name(text: str) -> Markup:
    """Show a name as it is: its direction and its spaces are its own, a long one is shortened."""
    full = literal(text)
    if not text.strip():
        return said('<bdi class="name">{}</bdi>', repr(text) if text else "(empty)")
    look = "name long" if max(map(len, full.split())) > ON_A_LINE else "name"
    if len(full) > LONGEST_NAME:
        return said('<bdi class="{}" title="{}">{}</bdi>', look, escape(full), escape(shortened(full, LONGEST_NAME)))
    return said('<bdi class="{}">{}</bdi>', look, escape(full))


def names(texts: Sequence[str], limit: int = 3) -> Markup:
    """List names as in a sentence: a, b and c; of many the first ones."""
    shown: list[Markup | str] = [name(one) for one in texts[:limit]]
    if len(texts) > limit:
        shown.append(f"{len(texts) - limit:,} more")
    if len(shown) == 1:
        return Markup(shown[0])  # noqa: S704  # a name
    return said("{} and {}", Markup(", ").join(shown[:-1]), shown[-1])


def of_rows(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Show the first cell of each row as a name."""
    return [[name(str(row[0])), *row[1:]] for row in rows]
