"""Lines that are no records: what kinds there are, and how a footer looks."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BLANK, COMMENT, HEADER, UNITS, SUMMARY, NOTE, RULE = range(1, 8)
"""Kinds of lines that are no records; 0 is a record."""

FOOTER = re.compile(
    rb"\W*(?:(?:n|sources?|notes?|footnotes?|data|database|last updated|updated|exported|generated|created|legend"
    rb"|quelle|stand|anmerkung|hinweis|fuente|nota|fonte)\b[^:=]{0,30}[:=]|\d+ rows?\b|end of )",
    re.IGNORECASE,
)
"""How a line begins that tells of the table: `n = 200`, `Source: …`, `(200 rows)`."""

PROSE = re.compile(rb"[\W]*[^\W\d]\S*\s+\S")
"""Two words, of which the first is no number."""


class Asides(NamedTuple):
    """Lines that are no records, in the order of the file."""

    start: NDArray[np.int64]
    """(n,) absolute offset of each"""
    stop: NDArray[np.int64]
    """(n,) and of what follows it"""
    end: NDArray[np.int64]
    """(n,) and behind its last cell, if it has as many as a record; else -1"""
    line: NDArray[np.int64]
    """(n,) physical line, 1-based, at which it begins"""
    kind: NDArray[np.int8]
    """(n,) what it is"""

    @classmethod
    def joined(cls, several: Sequence["Asides"]) -> "Asides":
        """Put some together, in the order of their lines."""
        nothing = (*[np.empty(0, np.int64)] * 4, np.empty(0, np.int8))
        together = cls._make(map(np.concatenate, zip(nothing, *several, strict=True)))
        return together.where(np.argsort(together.start, kind="stable"))

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> "Asides":
        """Give some of them."""
        return Asides._make(one[chosen] for one in self)
