"""Numbers as people write them: `$1,234`, `8.0%`, `72 kg`, `(12.5)`, `<0.5`, `3+`; all cells of a column in one way."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Annotated

import numpy as np

from em_impute.em.blocks import Flags, Floats
from em_impute.table.numbers import parse_number

CURRENCY = (
    r"(?:US|CA|A|C|R|NZ|HK)?\$|[€£¥₹₽₩₺₪₫฿₴₦₱¢]|Rs\.?|kr\.?|zł|Kč|Ft|USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|CNY|RMB|INR|SEK|NOK"
    r"|DKK|PLN|CZK|HUF|RUB|BRL|MXN|ZAR|KRW|SGD|HKD|TRY|ILS|THB"
)
NO_THIRD_DECIMAL = re.compile(r"[$£¥₹]|USD|GBP|JPY|INR")
"""Amounts in these are written with two decimals or none; a litre of petrol costs 1,459 €."""

DIGITS = r"[0-9](?:[0-9.,' ]*[0-9])?\.?|[.,][0-9]+"
UNIT = r"[^\W\d_][^\d:;,<>=()+\[\]]{0,11}[23]?|[%‰°'\"][^\d:;,<>=()+\[\]]{0,7}"
NO_UNIT = r"(?!(?<=[0-9])(?:st|nd|rd|th)$|[^0-9]*\b(?:and|or|plus)\b)"
CELL = re.compile(
    rf"(?P<bound>[<>~≤≥≈]=?)?\s*(?P<open>\()?\s*(?P<minus>[-+])?\s*(?P<prefix>{CURRENCY})?\s*(?P<sign>[-+])?"
    rf"(?P<low>{DIGITS})(?P<exponent>[eEdD][-+]?[0-9]{{1,3}})?"
    rf"(?:\s*(?:-|–|—|\bto\b)\s*(?P=prefix)?(?P<high>-?{DIGITS}))?"
    rf"(?:\s?(?P<scale>[KkMB]|bn|mn)(?![^\W\d_/]))?(?P<more>\+)?\s*{NO_UNIT}(?P<suffix>{UNIT}|{CURRENCY})?\s*(?P<plus>\+)?\s*(?P<close>\))?"
    r"(?P<behind>(?<![.,])-)?"
)
SCALES = {"K": 1e3, "k": 1e3, "M": 1e6, "mn": 1e6, "B": 1e9, "bn": 1e9}
NUMBER_FOLLOWS = rf"\s*(?=(?:{CURRENCY})?\s*[0-9])"
SPELLINGS = {
    rf"(?:under|below|up to|at most|(?:less|fewer|younger|lower) than){NUMBER_FOLLOWS}": "<",
    rf"(?:over|above|at least|(?:more|greater|older|higher) than){NUMBER_FOLLOWS}": ">",
    rf"(?:approx\.?|approximately|about|around|circa|ca?\.){NUMBER_FOLLOWS}": "~",
    r"(?<=[0-9])(.*?)\s*(?:(?:and|or) (?:over|older|above|more|up|higher|greater)|plus)$": r"\1+",
    r"(.*[0-9].*?)\s*(?:and|or) (?:under|younger|below|less|fewer|lower)$": r"<\1",
    r"(?<=[0-9])(\s?[^\W\d_]*)(?:[*†‡]+|\s?\[\w\]|\s?\((?:[a-e]|est|estimated|p|r)\.?\))$": r"\1",
    r"(?:#|№|No\.)\s?(?=[0-9])|(?<=[0-9])(?:st|nd|rd|th)$|(?<=[0-9][.,])[-–—]{1,2}$": "",
    r"\s?[×x*]\s?10(?:\^\s?|(?=[-+]))([-+]?[0-9]+)$": r"e\1",
    r"^([$£€]?[0-9.,]+)\s?([^\d\s-]+)(\s?(?:-|–|to)\s?[$£€]?[0-9.,]+\s?\2)$": r"\1\3",
}
"""What words and footnotes say, in marks; of `10%-20%` the first unit adds nothing."""

QUOTED = re.compile(r"=\"([^\"]*)\"|'([^']*)")
"""What keeps a spreadsheet from taking a cell for something else."""
LONGEST, MAY_BE_SPELLED = 64, re.compile(r"(?:[^\W\d_]+(?:\.\s*|\s+)){0,2}\W{0,3}[0-9]")
"""Characters of a number in words, and how one begins."""
FEW_TEXTS = 100
"""Texts that are looked at first: where none of them is a number, nearly all are not."""
SPELLED = [(re.compile(words, re.IGNORECASE), marks) for words, marks in SPELLINGS.items()]

MOST_RANGES = 0.5
"""Different ranges at most to each cell that holds one: there are few, and each has many cells."""

FOOTNOTE = re.compile(r"(?<=\d)[⁰¹²³⁴-⁹]+")
"""No digit of the number before it."""
POWER = re.compile(r"(?<=[×x*]10)(?=[⁻⁰¹²³⁴-⁹])")

LIKE = str.maketrans(
    "\N{MINUS SIGN}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{ARABIC DECIMAL SEPARATOR}\N{ARABIC THOUSANDS SEPARATOR}", "---.,"
)
GROUPINGS = {".": (",", " ", "'"), ",": (".", " ", "'")}
"""What may part thousands, by the decimal mark."""


@dataclass(frozen=True)
class Notation:
    """How the numbers of a column are written.

    The marks and the unit are one throughout.  Any cell may besides be a limit, of which what is below counts as half
    (Hornung and Reed 1990, doi:10.1080/1047322X.1990.10389587), a range, which counts as its middle, or open-ended.
    """

    decimal: Annotated[str, "The decimal mark."]
    grouping: Annotated[str, "What parts thousands; empty where nothing does."]
    affix: Annotated[str, "The currency or unit; empty where there is none."]

    parts = ("",)

    @property
    def kind(self) -> str:
        """Say in words what the column holds."""
        what = "amount" if _is_currency(self.affix) else "percentage" if self.affix == "%" else "number"
        unit = f" in {self.affix}" if self.affix not in {"", "%"} else ""
        return what + unit + " with decimal comma" * (self.decimal == ",")

    def numbers(self, texts: Sequence[str]) -> Floats:
        """Read texts: (n_texts, 1), NaN where one is no number in this notation."""
        return np.array([[self._number(text)] for text in texts]).reshape(len(texts), 1)

    def _number(self, text: str) -> float:
        """Read a text; most are plain numbers, which is seen sooner."""
        plain = None if self.affix else parse_number(text, self.decimal)
        return plain if plain is not None and math.isfinite(plain) else self.value(_match(text))

    def value(self, cell: re.Match[str] | None) -> float:
        """Give the number of a cell, NaN where it is written in another way."""
        if cell is None or bool(cell["open"]) != bool(cell["close"]):
            return np.nan
        affix = _affix(cell)
        if affix != self.affix and _folded(affix) != _folded(self.affix) and (affix or not _is_currency(self.affix)):
            return np.nan  # a bare number may be in any other unit
        if cell["behind"] and self.decimal not in cell["low"]:  # 3- is a grade, 3.50- an amount
            return np.nan
        value = self._digits(cell["low"], (cell["exponent"] or "e0")[1:])
        value = -value if "-" in cell.group("minus", "sign", "behind") else value
        if cell["high"]:
            high = self._digits(cell["high"].lstrip("-"))
            high = -high if cell["high"][0] == "-" else high
            is_range = value < high and not re.match("0[0-9]", cell["low"])  # as a phone number or a part of one may be
            value = (value + high) / 2.0 if is_range else np.nan
        value *= SCALES.get(cell["scale"], 1.0)
        if (cell["bound"] or "")[:1] in {"<", "≤"}:
            value /= 2.0
        value = -value if cell["open"] else value
        return value if np.isfinite(value) else np.nan

    def _digits(self, text: str, exponent: str = "0") -> float:
        found = _pattern(self.decimal, self.grouping).fullmatch(text)
        if found is None:
            return np.nan
        plain = text.replace(self.grouping, "") if self.grouping else text
        return float(f"{plain.replace(self.decimal, '.')}e{exponent}")


def choose_notation(texts: Sequence[str], counts: Floats, decimal: str, least: float) -> Notation | None:
    """Choose the notation in which most cells are numbers, if `least` of them are; of several the simplest.

    `counts` (n_texts,) say how many cells hold each text.  The other decimal mark is chosen only where more cells are
    numbers with it, as `185,9` is with a comma alone.
    """
    if not any(map(_match, texts[:: len(texts) // FEW_TEXTS + 1])):
        return None
    cells = [_match(text) for text in texts]
    is_range = np.array([cell is not None and cell["high"] is not None for cell in cells], np.bool_)
    if np.count_nonzero(is_range) > MOST_RANGES * counts[is_range].sum():  # phone numbers or the like
        cells = [None if no_number else cell for no_number, cell in zip(is_range.tolist(), cells, strict=True)]
    votes: Counter[str] = Counter()
    bodies = ""
    for cell, count in zip(cells, counts.tolist(), strict=True):
        if cell is not None:
            votes[_affix(cell)] += count
            bodies += cell["low"][:16] if len(bodies) < 1 << 16 else ""
    common = [affix for affix, _ in votes.most_common(2)] or [""]
    most, chosen = 0.0, None
    for mark in (decimal, GROUPINGS[decimal][0]):
        if mark != decimal and (most == sum(votes.values()) or not {*GROUPINGS} & {*bodies}):
            break
        for affix, grouping in product(common, ("", *(one for one in GROUPINGS[mark] if one in bodies))):
            notation = Notation(mark, grouping, affix)
            n_read = float(counts @ ~np.isnan([notation.value(cell) for cell in cells]))
            if n_read > most:
                most, chosen = n_read, notation
    return chosen if most >= least * counts.sum() else None


def may_be_decimal(notation: Notation, texts: Sequence[str], counts: Floats, least: float) -> bool:
    """Tell whether what was taken for thousands may as well be decimals: `1,234` is then a little more than one.

    Not so where `1,230` stands beside `345`: decimals stand in all cells, or those at the end that are 0 in none.
    """
    if not notation.grouping or notation.grouping not in ".," or NO_THIRD_DECIMAL.search(notation.affix):
        return False
    digits = [cell["low"] for cell in map(_match, texts) if cell is not None]
    if any(one.isdigit() for one in digits) and any(notation.grouping in one and one[-1] == "0" for one in digits):
        return False
    other = Notation(notation.grouping, "", notation.affix).numbers(texts)[:, 0]
    return bool(counts @ ~np.isnan(other) >= least * counts.sum())


def are_mixed(texts: Sequence[str]) -> Flags:
    """Tell which texts are more than a number: a limit, a range, open-ended, a rank, or none at all (n_texts,)."""
    cells = [(_match(text), text[-2:] in {"st", "nd", "rd", "th"}) for text in texts]
    more = [rank or cell is None or any(cell.group("bound", "high", "more", "plus")) for cell, rank in cells]
    return np.array(more, np.bool_)


def _match(text: str) -> re.Match[str] | None:
    """Take a cell apart; characters that only look different are made alike."""
    if not text.isascii():
        text = FOOTNOTE.sub("", POWER.sub("^", text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")))
        text = unicodedata.normalize("NFKC", text).translate(LIKE)
        text = "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in text)
    quoted = QUOTED.fullmatch(text)
    text = (text if quoted is None else quoted[1] or quoted[2] or "").strip()
    cell = CELL.fullmatch(text)
    if cell is None and len(text) <= LONGEST and MAY_BE_SPELLED.match(text):
        for words, marks in SPELLED:
            text = words.sub(marks, text)
        cell = CELL.fullmatch(text)
    return cell


def _affix(cell: re.Match[str]) -> str:
    return " ".join(part.strip() for part in (cell["prefix"], cell["suffix"]) if part)


def _folded(affix: str) -> str:
    """Give a unit as one is that differs in its case or number only; of the shortest the case tells."""
    plain = affix.rstrip(".")
    return plain.casefold().removesuffix("s") if len(plain) > len("kg") else plain


def _is_currency(affix: str) -> bool:
    return re.fullmatch(CURRENCY, affix) is not None


@cache
def _pattern(decimal: str, grouping: str) -> re.Pattern[str]:
    """Spell out the digits; by twos too, as thousands are parted in India."""
    point, mark = re.escape(decimal), re.escape(grouping)
    grouped = rf"[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{2,3}})*{mark}[0-9]{{3}}(?:{point}[0-9]*)?|" if grouping else ""
    return re.compile(rf"{grouped}[0-9]+(?:{point}[0-9]*)?|{point}[0-9]+")
