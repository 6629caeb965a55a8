"""Finding a column by what the user called it."""

import difflib
import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from em_impute.errors import ColumnError, UsageError
from em_impute.table.text import plural, shown, shown_path

if TYPE_CHECKING:
    from em_impute.table.dialect import Dialect

__all__ = ["closest", "find_column", "same_name"]

NUMBER = re.compile(r"[+-]?[0-9]+")
SHOWN_NAMES = 8
LONGEST_NUMBER = 10  # digits; int() refuses thousands of them
OTHER_DELIMITERS = ";\t|,^~:\x01\x1f "
"""What may divide a header that was taken for one name; a space last, for names hold it too."""

SPELLED = {"\t": "tab", "\x01": r"$'\x01'", "\x1f": r"$'\x1f'"}
"""Delimiters that nobody can type, as -d or a shell takes them."""


def same_name(one: str, other: str) -> bool:
    """Tell whether two names are equal, be their accents composed or not."""
    return one == other or unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def find_column(dialect: "Dialect", wanted: str, file_name: str = "the file") -> int:
    """Give the 0-based index of the column with this name, or else this 1-based number.

    Raises `ColumnError` for a name or number that is not there, or a name that stands there more than once, and
    `UsageError` for what can be no column of any file.
    """
    names = dialect.names
    if dialect.has_header:
        for found in (
            [i for i, name in enumerate(names) if name == wanted],
            [i for i, name in enumerate(names) if same_name(name, wanted)],
        ):
            if len(found) == 1:
                return found[0]
            if found:
                numbers = ", ".join(str(i + 1) for i in found)
                raise ColumnError(
                    f"{shown_path(file_name)} has {len(found)} columns named {shown(wanted)}: numbers {numbers}",
                    f"name the column by its number, for instance {found[0] + 1}",
                )
    if NUMBER.fullmatch(wanted):
        return _numbered(dialect, wanted, file_name)
    if not dialect.has_header:
        raise UsageError(
            f"column {shown(wanted)} cannot be found by name in a file without headers",
            f"give its number, 1 to {len(names)}, or leave out --no-headers",
        )
    raise ColumnError(f"column {shown(wanted)} is not in {shown_path(file_name)}", _hint(dialect, wanted))


def _numbered(dialect: "Dialect", wanted: str, file_name: str) -> int:
    n_columns = len(dialect.names)
    number = int(wanted) if len(wanted) < LONGEST_NUMBER else n_columns + 1
    if number < 1:
        raise UsageError(f"{shown(wanted)} is no column number: columns count from 1", f"give 1 to {n_columns}")
    if number > n_columns:
        has = plural(n_columns, "column")
        raise ColumnError(
            f"column {shown(wanted)} is not in {shown_path(file_name)}, which has {has}", _hint(dialect, "")
        )
    return number - 1


def _hint(dialect: "Dialect", wanted: str) -> str:
    """Say which columns there are, and what may have gone wrong."""
    names = dialect.names
    listed = ", ".join(shown(name) for name in names[:SHOWN_NAMES])
    more = f", … ({len(names):,} in all)" if len(names) > SHOWN_NAMES else ""
    hint = f"columns are {listed}{more}" if len(names) > 1 else f"the only column is {listed}"
    if dialect.title_lines:
        lines = "the first line looks" if dialect.title_lines == 1 else f"the first {dialect.title_lines} lines look"
        return f"{hint}; {lines} like a title above the header: try --skip-lines {dialect.title_lines}"
    if len(names) == 1:
        for delimiter in OTHER_DELIMITERS:
            if delimiter != dialect.delimiter and delimiter in names[0].strip(" "):
                return f"{hint}; it holds another delimiter: try -d {SPELLED.get(delimiter, repr(delimiter))}"
    close = closest(names, wanted)
    return f"{hint} — did you mean {shown(close)}?" if close is not None else hint


def closest(names: Sequence[str], wanted: str) -> str | None:
    """Find the name most like the one wanted; case, quotes, spaces and composition of accents do not count."""

    def folded(name: str) -> str:
        return "".join(unicodedata.normalize("NFC", name).casefold().replace('"', "").split())

    by_folded = {folded(name): name for name in reversed(names)}
    close = difflib.get_close_matches(folded(wanted), by_folded, n=1)
    return by_folded[close[0]] if close and close[0] else None
