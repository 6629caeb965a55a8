"""What people write where a value is missing, and when such a mark might be a value after all."""

import re
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["MISSING_MARKS", "is_blank", "is_mark", "is_shaped_like", "shape"]

MISSING_MARKS: frozenset[str] = frozenset(
    {"#n/a", "#n/a n/a", "#na", "#null!", "-1.#ind", "-1.#qnan", "1.#ind", "1.#qnan", "-nan", "+nan", "nan", "<na>"}
    | {"<null>", "<nan>", "n/a", "n.a.", "n.a", "na", "null", "none", "nil", "\\n", "?", "??", "-", "--", "---", "."}
    | {"..", "...", "unknown", "unk", "missing", "tbd", "void", "(blank)", "(empty)", "(null)", "(none)", "(missing)"}
    | {"(unknown)", "blank", "empty", "\N{EN DASH}", "\N{EM DASH}"}
)
"""Casefolded; compare with `is_mark`."""

RUNS = re.compile(r"([^\W\d_]+)|(\d+)|((?:[\W_])+)")


def is_blank(text: str) -> bool:
    """Tell whether a cell holds nothing but white space (no-break spaces too)."""
    return not text or text.isspace()


def is_mark(text: str) -> bool:
    """Tell whether a cell holds a standard mark for a missing value, in any case and with any space around it."""
    return text.strip().casefold() in MISSING_MARKS


@lru_cache(maxsize=4096)
def shape(text: str) -> str:
    """Reduce a text to its pattern.

    A run of letters becomes its case (`l`ower, `U`pper, `T`itle, `m`ixed) and its length up to 3, a run of digits
    `9`, anything else stays; a text without letter and digit is just `symbols`.
    """
    text = text.strip()
    if text and not any(character.isalnum() for character in text):
        return "symbols"
    return "".join(_run_shape(*match.groups("")) for match in RUNS.finditer(text))


def is_shaped_like(mark: str, labels: Iterable[str]) -> bool:
    """Tell whether a mark could be one of these labels by its looks: `NA` among `US`, `DE`, not among `M`, `F`."""
    return shape(mark) in {shape(label) for label in labels}


def _run_shape(letters: str, digits: str, others: str) -> str:
    if not letters:
        return "9" if digits else others
    if letters.islower():
        case = "l"
    elif letters.isupper():
        case = "U"
    else:
        case = "T" if letters.istitle() else "m"
    return case + str(min(len(letters), 3))
