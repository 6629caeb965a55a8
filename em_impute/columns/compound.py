"""Cells of several numbers: `5'3"`, `6 lb 4 oz`, `1h 05m`, or `3 weeks` beside `2 years`, are one; `120/80` is two."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from em_impute.columns.notation import LONGEST
from em_impute.em.blocks import Floats
from em_impute.serialize.annotations import Choices

UNITS: Mapping[str, Mapping[str, float]] = {
    "inches": {"'|ft|feet|foot": 12.0, "\"|''|in|inch|inches": 1.0},
    "ounces": {"st|stones?": 224.0, "lbs?|pounds?": 16.0, "oz|ounces?": 1.0},
    "grams": {"t|tons?|tonnes?": 1e6, "kgs?|kilos?": 1e3, "g|gr|grams?": 1.0, "mg": 1e-3},
    "metres": {"km": 1e3, "m|met(?:re|er)s?": 1.0, "cm": 1e-2, "mm": 1e-3},
    "minutes": {
        "d|days?": 1440.0,
        "h|hrs?|hours?": 60.0,
        "m|mins?|minutes?|'": 1.0,
        "s|secs?|seconds?|\"|''": 1.0 / 60.0,
    },
    "days": {"y|yrs?|years?": 365.25, "m|mos?|months?": 365.25 / 12.0, "w|wks?|weeks?": 7.0, "d|days?": 1.0},
    "bytes": {"TB": 1e12, "GB": 1e9, "MB": 1e6, "KB": 1e3, "B|bytes?": 1.0},
    "degrees": {r"°|(?=\s?[NESW]$)": 1.0, "'": 1.0 / 60.0, "\"|''": 1.0 / 3600.0},
}
"""What may follow each other in a cell, the largest first, by the unit in which all is counted."""

INCHES = 12.0
"""Those of a foot, which no height has beside its feet."""

TWO = "two numbers"
NUMBER = r"\d+(?:\.\d+)?"
SIGNED = rf"([-+]?(?!0\d){NUMBER})"
BRACKETS = rf"[(\[]\s*{SIGNED}\s*,\s*{SIGNED}\s*[)\]]|POINT ?\({SIGNED} {SIGNED}\)"
BESIDE = rf"(?:\s*(?:[/×*|;±x]|\+/-|(?:out )?of\b)\s*|,\s+){SIGNED}(?:\s?[^\W\d_]{{1,5}})?|\s?\({SIGNED}\s?%?\)"


def _in_units(names: Iterable[str]) -> str:
    """Spell out numbers with their units; the last may lack its own, as in `5'3`."""
    parts = (rf"(?:({NUMBER})\s*(?:{name})\.?(?!(?<=[a-z])[a-z]))?" for name in names)
    return rf"-?(?:PT?(?=\d))?{',? *'.join(parts)},? *({NUMBER})?\s*[NESW]?"


FORMS = {unit: re.compile(_in_units(names), re.IGNORECASE) for unit, names in UNITS.items()}
FORMS[TWO] = re.compile(rf"{BRACKETS}|{SIGNED}(?:{BESIDE})", re.IGNORECASE)
"""How each form is written."""

LIKE = str.maketrans("\N{MINUS SIGN}\N{PRIME}\N{RIGHT SINGLE QUOTATION MARK}\N{DOUBLE PRIME}", "-''\"")
BEGINNINGS = frozenset("0123456789-+([PpT\N{MINUS SIGN}")


@dataclass(frozen=True)
class Compound:
    """Of which numbers the cells of a column consist."""

    form: Annotated[str, Choices({form: f"{form.capitalize()}." for form in FORMS}), "What is made of them."]

    @property
    def kind(self) -> str:
        """Say in words what the column holds."""
        return self.form if self.form == TWO else f"number in {self.form}"

    @property
    def parts(self) -> tuple[str, ...]:
        """What the numbers are called; empty for the only one."""
        return ("first", "second") if self.form == TWO else ("",)

    def numbers(self, texts: Sequence[str]) -> Floats:
        """Read texts: (n_texts, n_parts), NaN where one is not written so."""
        nothing = (np.nan,) * len(self.parts)
        return np.array([_read(self.form, text) or nothing for text in texts]).reshape(len(texts), len(nothing))


def choose_compound(texts: Sequence[str], counts: Floats, least: float) -> Compound | None:
    """Choose of which numbers cells consist, if `least` of them do; `counts` (n_texts,) say how many hold each text."""
    may_be = [text.lstrip()[:1] in BEGINNINGS for text in texts]
    if counts @ may_be < least * counts.sum():
        return None
    n_read = {form: float(counts @ [_read(form, text) is not None for text in texts]) for form in FORMS}
    enough = [form for form in FORMS if n_read[form] and n_read[form] >= least * counts.sum()]
    if enough[:1] == ["inches"]:  # whatever the few others are: 5'14" is a slip of the pen
        return Compound("inches")
    return Compound(max(enough, key=n_read.__getitem__)) if enough else None


def _read(form: str, text: str) -> tuple[float, ...] | None:
    """Read a cell; None where it is not written so."""
    plain = text.strip().translate(LIKE)
    found = FORMS[form].fullmatch(plain) if len(plain) <= LONGEST else None
    if found is None:
        return None
    if form == TWO:
        return tuple(float(one) for one in found.groups() if one)
    *sizes, bare = found.groups()
    given = [k for k, size in enumerate(sizes) if size]
    if not given or (bare and given[-1] + 1 == len(sizes)):
        return None
    if bare:  # 5'3
        sizes[given[-1] + 1] = bare
    if form == "inches" and given[0] == 0 and float(sizes[1] or 0.0) >= INCHES:  # 3'45" are minutes
        return None
    value = sum(float(size or 0.0) * unit for size, unit in zip(sizes, UNITS[form].values(), strict=True))
    return (-value if plain[0] == "-" or (form == "degrees" and plain[-1] in "SWsw") else value,)
