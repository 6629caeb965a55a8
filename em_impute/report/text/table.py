"""Tables for a terminal: cells in columns, as wide as they are shown, broken where there is no room."""

from collections.abc import Iterable, Sequence
from io import StringIO

from rich.cells import cell_len, set_cell_size

from em_impute.report.format import NUMBER, printable

ENDLESS = 10_000
"""Columns of a line that nobody breaks, in a log or a pipe."""


def grid(rows: Iterable[Sequence[str]], room: int | None) -> list[str]:
    """Align a head and the rows below it, numbers to the right; without `room` no cell is broken."""
    from rich.console import Console  # late, since a line or two of text need none of this
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    head, *body = [[printable(cell) for cell in row] for row in rows]
    for at in range(len(head)):
        is_right = bool(body) and all(NUMBER.match(row[at]) or not row[at] for row in body)
        table.add_column(justify="right" if is_right else "left", overflow="fold")
    for row in (head, *body):
        table.add_row(*map(Text, row))
    console = Console(file=StringIO(), width=room or ENDLESS, color_system=None)
    with console.capture() as captured:
        console.print(table)
    return [line.rstrip() for line in captured.get().rstrip("\n").split("\n")]


def fitted(text: str, width: int) -> str:
    """Show a text literally, and cut it where it is wider than its column, as wide as a terminal shows it."""
    text = printable(text)
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def wrapped(text: str, room: int, first: int | None = None) -> list[str]:
    """Break a sentence between words; the first line may have other room than the rest."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and cell_len(longer) <= (first if first and not lines[1:] else room):
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
