"""Tables in Markdown, and cells that show a value as it is."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from em_impute.report.words import printable

__all__ = ["cell", "table"]


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterable[str]:
    """Write a table, line by line, with an empty line after it."""
    yield f"| {' | '.join(map(cell, head))} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(cell, row))} |"
    yield ""


def cell(value: Any) -> str:  # noqa: ANN401  # cells are of any type
    """Show a value as it is: nothing in it may act as Markdown or as HTML."""
    text = re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", str(value))
    text = text.encode("utf-8", "backslashreplace").decode()  # a path need not be text
    return printable(" ".join(text.replace("&", "&amp;").split()))
