"""What a section of the page is made of, and texts that hold what users wrote."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from em_impute.report.pictures.groups import Key, Picture
from em_impute.report.pictures.naming import literal, shortened

__all__ = ["Block", "Details", "Figures", "Items", "Section", "Table", "name", "names", "of_rows", "said"]

NUMBER = re.compile(r"[-−–<∞]?\s?[\d–∞]")

LONGEST_NAME = 60
"""Characters of a name in running text; all of them stand in the title."""


class Table(NamedTuple):
    """A table with a caption; the first cell of each row heads it."""

    caption: str
    head: Sequence[Any]
    rows: Sequence[Sequence[Any]]
    kind: str = "table"

    @property
    def numeric(self) -> list[bool]:
        """Tell which columns hold numbers, and so are set to the right: (n_columns,)."""
        return [
            at > 0 and bool(self.rows) and all(NUMBER.match(str(row[at])) or row[at] == "" for row in self.rows)
            for at in range(len(self.head))
        ]


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
    shown = [one if isinstance(one, Markup) else literal(str(one)) for one in values]
    return Markup(template).format(*shown)  # noqa: S704  # templates are constants of this package


def name(text: str) -> Markup:
    """Show a name as it is: its direction and its spaces are its own, a long one is shortened."""
    full = literal(text)
    if not text.strip():
        return said('<bdi class="name">{}</bdi>', repr(text) if text else "(empty)")
    if len(full) > LONGEST_NAME:
        return said('<bdi class="name" title="{}">{}</bdi>', full, shortened(full, LONGEST_NAME))
    return said('<bdi class="name">{}</bdi>', full)


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
