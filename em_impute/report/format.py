"""Numbers and counts as people read them, and texts that cannot disturb a terminal."""

import math
import re
from collections.abc import Mapping
from numbers import Integral

NUMBER = re.compile(r"[-−–+<∞]?\s?[\d–∞]")
"""What a cell begins with that stands to the right of its column."""

LIKELY = 0.5
"""Probability from which on something is taken to be so."""

LONGEST = 40

JOINERS = {"\u200c", "\u200d"}
"""They show nothing, but shape letters of many scripts, and pictographs of several parts."""

LARGE, HUGE = 9999.5, 1e15
"""From the first on, four digits would round a whole number; from the second on, counting digits is no help."""

NEARLY = 0.01
"""Share from which on, and up to which from the other side, whole percentages tell enough."""

SMALLEST_P = 0.001
"""Probabilities below it are told apart by nobody."""


def number(value: float | None) -> str:
    """Write a number with at least four significant digits, large ones with thousands separated."""
    if value is None or not math.isfinite(value):
        return "–"
    if LARGE <= abs(value) < HUGE:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def text_of(value: object) -> str:
    """Write any value: counts with thousands separated, other numbers with four digits, texts as they are."""
    if value is None or isinstance(value, float):
        return number(value)
    return f"{value:,}" if isinstance(value, Integral) else str(value)


def percent(share: float | None) -> str:
    """Write a share as a percentage with one decimal."""
    return "–" if share is None else f"{100.0 * share:.1f} %"


def percents(low: float, high: float) -> str:
    """Write the ends of an interval of shares."""
    return f"{percent(low)} to {percent(high)}"


def whole_percent(share: float) -> str:
    """Write a share as a percentage without decimals, unless it is nearly none or nearly all."""
    return percent(share) if 0.0 < share < NEARLY or 1.0 - NEARLY < share < 1.0 else f"{100.0 * share:.0f} %"


def p_value(value: float | None) -> str:
    """Write the probability of what chance alone would do."""
    if value is None:
        return number(None)
    return f"< {SMALLEST_P}" if value < SMALLEST_P else f"{value:.3f}"


def log_likelihood(value: float | None) -> str:
    """Write a log-likelihood, or a criterion made of one, whose decimals matter."""
    if value is None:
        return number(None)
    return (f"{value:,.3f}" if abs(value) < HUGE else f"{value:.6g}").replace("-", "−")


def printable(text: str) -> str:
    """Replace by its escape whatever would move, reorder or end a text: control characters, lone surrogates."""
    return "".join(
        char if char.isprintable() or char in JOINERS else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def shortened(text: str, most: int = LONGEST) -> str:
    """Give the beginning of a text that is longer than `most` characters."""
    return text if len(text) <= most else text[: max(1, most - 1)] + "…"


def delimiter_name(delimiter: str) -> str:
    """Name a delimiter in words where it would not be seen."""
    return {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}.get(delimiter, delimiter)


def known_and_missing(column: str, known: int, tokens: Mapping[str, int]) -> str:
    """Count the cells of a column: "gender: 654 known, 280 missing (280 empty)"."""
    names = {token: token if token.strip() else repr(token) if token else "empty" for token in tokens}
    shown = ", ".join(f"{n:,} {names[token]}" for token, n in tokens.items())
    return f"{column}: {known:,} known, {sum(tokens.values()):,} missing" + (f" ({shown})" if shown else "")


def rounded(count: float | None) -> str:
    """Write an estimated count as a whole number."""
    return f"{round(count or 0.0):,}"


def span(low: float | None, high: float | None) -> str:
    """Write the ends of an interval of counts."""
    return f"{rounded(low)} to {rounded(high)}"
