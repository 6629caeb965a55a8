"""What a document is made of: sections of blocks, and sentences in which the words of users are kept apart from ours.

Renderers decide how a block looks: `page/` as HTML, `markdown.py` as Markdown, `text/` on a terminal.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from em_impute.report.format import text_of
from em_impute.report.model.shared import Notice

MAX_LISTED, FEW = 100, 8
"""Rows of a table, and of one that is folded; the JSON has them all."""


class Name(NamedTuple):
    """A word of the user's: a label, a column, a path.  It is shown as it is, and nothing in it acts as markup."""

    text: str


class Text(NamedTuple):
    """A sentence of ours, with values where it says {}.  Of tags it may hold code, strong and q."""

    template: str
    values: tuple[Any, ...]


class Table(NamedTuple):
    """A table with a caption; the first cell of each row heads it."""

    caption: str
    head: Sequence[Any]
    rows: Sequence[Sequence[Any]]
    is_long: bool = False
    """Where there is room for few rows, the first ones stand for all, which are shown on demand."""


class Figures(NamedTuple):
    """Charts by their names, beside each other where there is room; those that were not drawn are left out."""

    charts: Sequence[str]
    caption: str = ""


class Items(NamedTuple):
    """A numbered list."""

    items: Sequence[Any]


class Details(NamedTuple):
    """What is opened on demand."""

    summary: str
    blocks: Sequence[Any]


Block = str | Text | Table | Figures | Items | Details


class Section(NamedTuple):
    """A part of a document."""

    id: str
    title: str
    blocks: Sequence[Block]


class Tile(NamedTuple):
    """A figure that matters, with what it counts and a note."""

    figure: str | int
    title: str
    note: Text | str | None


class Document(NamedTuple):
    """All that is said of one column."""

    title: Text
    headline: Sequence[Text]
    tiles: Sequence[Tile]
    warnings: Sequence[Notice]
    sections: Sequence[Section]


def written(value: Any, tags: Mapping[str, str], word: Callable[[str], str]) -> str:  # noqa: ANN401  # of any type
    """Write a value as plain text: tags of ours by what stands for them, all other words by `word`."""
    if isinstance(value, Text):
        template = re.sub("<[^>]*>", lambda tag: tags.get(tag[0], ""), value.template)
        return template.format(*(written(one, tags, word) for one in value.values))
    return word(value.text if isinstance(value, Name) else text_of(value))


def said(template: str, *values: Any) -> Text:  # noqa: ANN401  # of any type
    """Write values into a sentence of ours."""
    return Text(template, values)


def joined(separator: str, texts: Iterable[Any]) -> Text:
    """Put texts one after the other, with the same between them."""
    listed = tuple(texts)
    return Text(separator.join(["{}"] * len(listed)), listed)


def names(texts: Sequence[str], limit: int = 3) -> Text:
    """List names as in a sentence: a, b and c; of many the first ones."""
    shown: list[Any] = [Name(one) for one in texts[:limit]]
    if len(texts) > limit:
        shown.append(f"{len(texts) - limit:,} more")
    return joined(", ", shown) if len(shown) == 1 else said("{} and {}", joined(", ", shown[:-1]), shown[-1])


def folded(caption: str, head: Sequence[Any], rows: Sequence[Sequence[Any]], by: int | None = None) -> list[Block]:
    """Make a table, where there are rows, of which the first may stand for all.

    Those come first that have most in the column `by`, if there are too many to be shown at once.
    """
    if by is not None and len(rows) > FEW:
        rows = sorted(rows, key=lambda row: -row[by])
    return [Table(caption, head, rows, is_long=True)] if rows else []
