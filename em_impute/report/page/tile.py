"""One of the large figures at the top of the page."""

from typing import NamedTuple

from markupsafe import Markup

__all__ = ["Tile"]


class Tile(NamedTuple):
    """One large figure."""

    figure: str
    title: str
    note: Markup
