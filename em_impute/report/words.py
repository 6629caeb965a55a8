"""Numbers and counts as people read them, and texts that cannot disturb a terminal."""

__all__ = ["delimiter_name", "number", "percent", "printable"]


def number(value: float | None) -> str:
    """Write a number with four significant digits, large ones with thousands separated."""
    if value is None:
        return "–"
    if value and (abs(value) >= 1e7 or abs(value) < 1e-4):  # noqa: PLR2004  # beyond these, digits are hard to count
        return f"{value:.4g}"
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"  # noqa: PLR2004


def percent(share: float | None) -> str:
    """Write a share as a percentage with one decimal."""
    return "–" if share is None else f"{100.0 * share:.1f} %"


def printable(text: str) -> str:
    """Replace what would move the cursor or vanish by its escape, so that a label is shown literally."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def delimiter_name(delimiter: str) -> str:
    """Name a delimiter in words where it would not be seen."""
    return {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}.get(delimiter, delimiter)
