"""Tables for a terminal: cells in columns, as wide as they are shown."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size

from em_impute.report.format import printable

GAP = 2
"""Spaces between columns."""

LEAST = 6
"""Columns of a cell that is cut to find room."""


def grid(rows: Iterable[Sequence[str]], alignment: str, room: int) -> list[str]:
    """Align cells: to the right (r) or the left (t, and l, which is cut where `room` is too narrow)."""
    cells = list(rows)
    widths = widths_of(cells)
    excess = sum(widths) + GAP * (len(widths) - 1) - room
    for j, side in enumerate(alignment):
        cut = min(max(excess, 0), max(widths[j] - LEAST, 0)) if side == "l" else 0
        widths[j], excess = widths[j] - cut, excess - cut
    lines = []
    for row in cells:
        texts = [_aligned(text, width, side) for text, width, side in zip(row, widths, alignment, strict=True)]
        lines.append((" " * GAP).join(texts).rstrip())
    return lines


def widths_of(cells: Sequence[Sequence[str]]) -> list[int]:
    """Measure the widest cell of each column."""
    return [max(map(cell_len, column)) for column in zip(*cells, strict=True)]


def fitted(text: str, width: int) -> str:
    """Show a text literally, and cut it where it is wider than its column, as wide as a terminal shows it."""
    text = printable(text)
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def wrapped(text: str, room: int, first: int | None = None) -> list[str]:
    """Break a sentence between words; the first line may have other room than the rest."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and cell_len(longer) > (first if first and not lines[1:] else room):
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _aligned(text: str, width: int, side: str) -> str:
    text = fitted(text, width)
    return set_cell_size(text, width) if side != "r" else " " * (width - cell_len(text)) + text
