"""Texts of users as they are shown: nothing in them moves, reorders or ends what stands around them."""

__all__ = ["literal", "shortened"]

PRINTED_AS_IS = {"\u200c", "\u200d"}
"""Joiners: they shape letters of many scripts, and pictographs of several parts."""

LONGEST = 40


def literal(text: str) -> str:
    """Replace by its escape whatever would move, reorder or end a text: control characters, lone surrogates."""
    return "".join(
        char if char.isprintable() or char in PRINTED_AS_IS else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def shortened(text: str, most: int = LONGEST) -> str:
    """Give the beginning of a text that is longer than `most` characters."""
    return text if len(text) <= most else text[: max(1, most - 1)] + "…"
