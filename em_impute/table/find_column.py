"""Columns by the names and numbers that users give them."""

import re

from em_impute.errors import ColumnError, UsageError, option
from em_impute.table.dialect import Dialect
from em_impute.table.text import closest, plural, same_name, shown, shown_path

NUMBER = re.compile(r"[+-]?[0-9]+")
SHOWN_NAMES = 8
LONGEST_NUMBER = 10  # digits; int() refuses thousands of them


def find_column(dialect: Dialect, wanted: str, file_name: str = "the file") -> int:
    """Give the 0-based index of the column with this name, or else this 1-based number.

    Raises `ColumnError` for a name or number that is not there, or a name that stands there more than once, and
    `UsageError` for what can be no column of any file.
    """
    names, path = dialect.names, shown_path(file_name)
    if dialect.has_header:
        found = [i for i, name in enumerate(names) if name == wanted]
        found = found or [i for i, name in enumerate(names) if same_name(name, wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            numbers = ", ".join(str(i + 1) for i in found)
            raise ColumnError(
                f"{path} has {len(found)} columns named {shown(wanted)}: numbers {numbers}",
                f"name the column by its number, for instance {found[0] + 1}",
            )
    if NUMBER.fullmatch(wanted):
        number = int(wanted) if len(wanted) < LONGEST_NUMBER else len(names) + 1
        if number < 1:
            raise UsageError(f"{shown(wanted)} is not a column number: columns count from 1", f"give 1 to {len(names)}")
        if number > len(names):
            has = plural(len(names), "column")
            raise ColumnError(f"column {shown(wanted)} is not in {path}, which has {has}", _hint(dialect, ""))
        return number - 1
    if not dialect.has_header:
        raise UsageError(
            f"column {shown(wanted)} cannot be found by name in a file without headers",
            f"give its number, 1 to {len(names)}, or leave out {option('has_header')}",
        )
    raise ColumnError(f"column {shown(wanted)} is not in {path}", _hint(dialect, wanted))


def _hint(dialect: Dialect, wanted: str) -> str:
    """Say which columns there are, and what may have gone wrong."""
    names = dialect.names
    listed = ", ".join(shown(name) for name in names[:SHOWN_NAMES])
    more = f", … ({len(names):,} in all)" if len(names) > SHOWN_NAMES else ""
    hint = f"columns are {listed}{more}" if len(names) > 1 else f"the only column is {listed}"
    if dialect.advice:
        return f"{hint}; it is there with {dialect.advice}"
    close = closest(names, wanted)
    return f"{hint} — did you mean {shown(close)}?" if close is not None else hint
