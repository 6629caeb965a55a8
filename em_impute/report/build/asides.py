"""Lines that are no rows, in words."""

from collections.abc import Iterator, Mapping, Sequence

from em_impute.table.asides import BLANK, COMMENT, HEADER, NOTE, SUMMARY, UNITS, Asides
from em_impute.table.text import listed

ALWAYS = {BLANK: "blank", COMMENT: "comment"}
"""What nobody takes for rows."""

BY_LOOKS = {HEADER: "the header again", UNITS: "units", SUMMARY: "totals or averages", NOTE: "footer"}
"""What was told from rows by its looks."""


def told_from_rows(found: Sequence[tuple[str, Asides]]) -> Iterator[tuple[str, str]]:
    """Note the lines that were told from rows by their looks, if there are any."""
    lines = [*lines_told(found, BY_LOOKS)]
    if lines:
        told = listed(lines, separator="; ")
        yield "S03", f"Taken for no rows, and kept as they are: {told}. Option --all-lines takes them for rows."


def lines_told(found: Sequence[tuple[str, Asides]], kinds: Mapping[int, str]) -> Iterator[str]:
    """Name the lines of these kinds, for each part by its path."""
    for path, asides in found:
        for kind, name in kinds.items():
            lines = [str(line) for line in asides.line[asides.kind == kind].tolist()]
            if lines:
                where = f"{path}, " if path else ""
                yield f"{where}line{'s' if len(lines) > 1 else ''} {listed(lines)} ({name})"
