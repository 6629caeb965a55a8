"""Rows that are no observations although they have all fields: a header again, units, and sums or means of others."""

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain, product

import numpy as np
from numpy.typing import NDArray

from em_impute.table.dialect import Dialect
from em_impute.table.numbers import is_mark, parse_number
from em_impute.table.quotes import QUOTE
from em_impute.table.records import BLANK, EMPTY, FOOTER, HEADER, NOTE, RULE, SUMMARY, UNITS, Asides, Records

TOTALS = {"total", "totals", "grand total", "subtotal", "sub-total", "sub total", "sum", "summe", "gesamt"}
TOTALS |= {"gesamtsumme", "zwischensumme", "somme", "suma", "totale", "totaal"}
AVERAGES = {"average", "averages", "avg", "mean", "means", "mittelwert", "durchschnitt", "moyenne", "promedio"}
WORDS = TOTALS | AVERAGES
BESIDE = WORDS | {"median", "std", "sd", "std dev", "stdev", "standard deviation", "min", "minimum", "max", "maximum"}
BESIDE |= {"count", "n"}
"""What may stand beside a total or an average; alone some of them are names of people."""

LOWER = 0x2020202020202020
"""The bit of each of eight bytes that makes letters small."""


def _beginnings() -> dict[int, set[int]]:
    """Spell such words, and a byte that ends them, as numbers of up to eight bytes with LOWER, by their length."""
    found: dict[int, set[int]] = {}
    for word, end in product(WORDS, {byte | 0x20 for byte in range(128) if not chr(byte).isalpha()}):
        beginning = bytes([*word.encode(), end])[:8]  # every byte of a word has that bit
        found.setdefault(len(beginning), set()).add(int.from_bytes(beginning, "little"))
    return found


BEGINNINGS = {size: np.array([*numbers], np.uint64) for size, numbers in _beginnings().items()}
LIKELY = np.zeros(1 << 16, np.bool_)
"""Whether the first and the fourth byte of a cell may be those of such a word: a quick look at all."""
for spelled in chain.from_iterable(BEGINNINGS.values()):
    LIKELY[int(spelled) & 0xFF | int(spelled) >> 16 & 0xFF00] = True
LIKELY = LIKELY[np.arange(LIKELY.size) | LOWER & 0xFFFF]  # in either case

FEW_BYTES = 9  # of a cell that holds nothing, or a mark for it
LABELLED = 20  # rows that begin with such a word and have a label; one of them shows that it names a category
FOLLOWING = 20  # rows looked at below units
LEAST_NUMBERS = 2  # of them in a column that has a unit

ATOM = (
    r"(?:[munpcdkMGhµμ]?(?:m|g|s|[lL]|A|V|W|J|N|Pa|Hz|mol|bar|cal|B|eV|Wh|ha)|%|‰|°[CFK]?|deg[CF]?|K|ppm|ppb"
    r"|in(?:ch(?:es)?)?|ft|yd|mi(?:les?)?|lbs?|oz|mph|kn|psi|mmHg|bpm|y(?:ea)?rs?|months?|weeks?|days?|d"
    r"|h(?:(?:ou)?rs?)?|min(?:s|utes?)?|sec(?:s|onds?)?|beats|count|[$€£¥]|USD|EUR|GBP)(?:\^?-?[123²³]|⁻[¹²])?"
)
BRACKETED = r"\[[^\]]{0,16}\]|\([^)]{0,16}\)"
UNIT = re.compile(rf"{ATOM}(?: ?[/·*. ] ?{ATOM})*|{BRACKETED}")
DASHES = re.compile("[-=:]*")
NO_UNIT = re.compile(rf"{BRACKETED}|(?i:text|string|category|categorical|nominal|factor|code|name|id|unitless|m/f|f/m)")


class RowSieve:
    """Takes out of the records what is none, and keeps account of it."""

    def __init__(self, dialect: Dialect, targets: Collection[int], decimal: str, asides: list[Asides]) -> None:
        self._dialect = dialect
        self._targets = targets
        self._decimal = decimal
        self._asides = asides
        self._others = [column for column in range(1, len(dialect.names)) if column not in targets]

    def sifted(self, blocks: Iterable[Records]) -> Iterator[Records]:
        """Give the records without what is none, and number those that are left."""
        row = 0
        for records in blocks:
            found = self._sifted(records)
            if found is not None:
                yield found if found.first_row == row else replace(found, first_row=row)
                row += found.n_records

    def _sifted(self, records: Records) -> Records | None:
        """Give the records of a block without what is none, None where none is left."""
        kind = np.zeros(records.n_records, np.int8)
        first = records.data.take(records.starts, mode="clip")  # an empty cell may end the file
        if self._dialect.has_header:
            kind[list(self._headers(records, first))] = HEADER
        kind[self._summaries(records, first)] = SUMMARY
        if records.first_row == 0 and self._dialect.has_header:
            texts = [self._text(records, 0, column).strip() for column in range(records.n_columns)]
            is_rule = all(map(DASHES.fullmatch, texts)) and max(map(len, texts)) > len("--")  # which mean missing
            kind[0] = RULE if is_rule else UNITS if self._has_units(records, kind) else kind[0]
        if records.is_last:
            kind[list(self._notes(records, kind))] = NOTE
            others = (records.record_stops - records.starts)[kind == 0]
            may_be_empty = others.min() < records.n_columns if others.size else records.first_row == 0
            if may_be_empty:  # as those at the end are rows then
                kind[kind == EMPTY] = 0
        rows = np.flatnonzero(kind)
        if not rows.size:
            return records
        places = records.starts, records.stops, records.record_stops
        start, stop, end = (positions + records.offset for positions in places)
        self._asides.append(Asides(start, stop, end, records.lines, kind).where(rows))
        return records.take(np.flatnonzero(kind == 0)) if rows.size < kind.size else None

    def _text(self, records: Records, row: int, column: int) -> str:
        return self._dialect.text(records.cell(row, column))

    def _numbers(self, records: Records, column: int, rows: Iterable[int]) -> list[float | None]:
        """Read some cells of a column; None is what is neither a number nor missing."""
        return [parse_number(self._plain(records, row, column), self._decimal) for row in rows]

    def _plain(self, records: Records, row: int, column: int) -> str:
        """Give the text of a cell, if it is a number without what parts thousands and marks of a currency."""
        text = self._text(records, row, column)
        plain = re.sub(rf"[^\w+{self._decimal}-]", "", text)
        return plain if text[:1] != "(" and re.fullmatch(r"[-+]?\d[\d.,]*", plain) else text

    def _headers(self, records: Records, first: NDArray[np.uint8]) -> Iterator[int]:
        """Find the rows that repeat the header, by its bytes; where it has several names, in either case."""
        header = self._dialect.header or b"\n"
        folded = header.lower() if len(self._dialect.names) > 1 else header
        rows = np.flatnonzero((first == header[0]) | (first == header[:1].swapcase()[0]))
        lengths = records.record_stops[rows] - records.starts[rows] if rows.size else rows
        for row in rows[lengths == len(header)].tolist():
            start = records.starts[row]
            text = records.data[start : start + len(header)].tobytes()
            if text == header or text.lower() == folded:
                yield row

    def _notes(self, records: Records, kind: NDArray[np.int8]) -> Iterator[int]:
        """Find the footers at the end: they fill the first cell only, or stand below a blank line.

        Rows of nothing but delimiters there, as spreadsheets leave of rows that were cleared, get their `kind` too.
        """
        below: list[int] = []
        nothing = f'{self._dialect.delimiter} \t"'.encode()
        for row in range(records.n_records - 1, -1, -1):
            record = records.data[records.starts[row] : records.record_stops[row]]
            if records.n_columns > 1 and not below and not record.tobytes().strip(nothing):
                kind[row] = EMPTY
            elif FOOTER.match(records.cell(row, 0)):
                below.append(row)
                line = records.lines[row]
                is_alone = not any(self._text(records, row, column).strip() for column in range(1, records.n_columns))
                if is_alone or any(line - 1 in some.line[some.kind == BLANK] for some in self._asides):
                    yield from below
                    below = []
            elif not kind[row]:
                return

    def _has_units(self, records: Records, kind: NDArray[np.int8]) -> bool:
        """Tell whether the first row says in which units the numbers below it are."""
        n_units = 0
        following = (1 + np.flatnonzero(kind[1:] == 0)[:FOLLOWING]).tolist()
        for column in range(records.n_columns):
            text = self._text(records, 0, column).strip()
            if is_mark(text):
                continue
            if parse_number(text, self._decimal) is not None:
                return False
            read = self._numbers(records, column, following)
            numbers = [number for number in read if number is not None and not math.isnan(number)]
            if None not in read and len(numbers) >= LEAST_NUMBERS:
                if not UNIT.fullmatch(text):
                    return False
                n_units += 1
            elif not NO_UNIT.fullmatch(text):
                return False
        return n_units > 0

    def _summaries(self, records: Records, first: NDArray[np.uint8]) -> Sequence[int]:
        """Find the rows of sums and means: such a word alone in the first cell, no label, and numbers that agree."""
        start = records.starts
        if (first == QUOTE).any():
            start = start + (first == QUOTE)
            first = records.data.take(start, mode="clip")
        fourth = records.data.take(start + 3, mode="clip").astype(np.uint16)
        may_be = np.flatnonzero(LIKELY.take(fourth << 8 | first))
        begins = records.words[np.minimum(start[may_be], records.words.size - 1)] | LOWER  # in lower case, and more
        may_be = may_be[
            np.any([np.isin(begins & ((1 << 8 * size) - 1), some) for size, some in BEGINNINGS.items()], axis=0)
        ]
        if not may_be.size:
            return []
        is_short = np.ones(may_be.size, np.bool_)
        for start, stop in map(records.span, self._targets):
            is_short &= stop[may_be] - start[may_be] < FEW_BYTES
        looked_at = [*may_be[is_short].tolist(), *may_be[~is_short][:LABELLED].tolist()]
        word = {row: self._word(records, row) for row in looked_at}
        labelled = {word[row] for row in word if not self._is_blank(records, row)}
        rows = [row for row in word if word[row] in WORDS and word[row] not in labelled]
        if not rows or 2 * len(rows) > records.n_records + 1:
            return []

        @cache
        def numbers_of(column: int) -> NDArray[np.float64]:
            """Read a column, (n_records,), NaN in the summaries themselves."""
            numbers = np.array(self._numbers(records, column, range(records.n_records)), np.float64)
            numbers[rows] = np.nan
            return numbers

        found = {row for row in rows if self._agrees(records, row, word[row], sorted(rows), numbers_of)}
        for row in sorted(found):  # and what else describes the rows, beside these
            for step in (-1, 1):
                other = row + step
                while 0 <= other < records.n_records and self._word(records, other) in BESIDE:
                    if not self._is_blank(records, other):
                        break
                    found.add(other)
                    other += step
        return sorted(found)

    def _word(self, records: Records, row: int) -> str:
        return self._text(records, row, 0).strip().rstrip(":.").casefold()

    def _is_blank(self, records: Records, row: int) -> bool:
        """Tell whether a row has no label."""
        return all(is_mark(self._text(records, row, column)) for column in self._targets)

    def _agrees(
        self,
        records: Records,
        row: int,
        word: str,
        rows: Sequence[int],
        numbers_of: Callable[[int], NDArray[np.float64]],
    ) -> bool:
        """Tell whether a row has nothing but numbers, at least half of them sums or means of their columns.

        They are those of all rows, of the rows above it, or of those since the summary before, one of the `rows`.
        """
        agree, above = [], max((other for other in rows if other < row), default=-1)
        for column in self._others:
            text = self._plain(records, row, column)
            value = parse_number(text, self._decimal)
            if value is None:
                return False
            if math.isnan(value):
                continue
            half = 0.5 * 10.0 ** -len(text.strip().partition(self._decimal)[2])  # by as much it may be rounded
            numbers = numbers_of(column)
            parts = [part[np.isfinite(part)] for part in (numbers, numbers[:row], numbers[above + 1 : row])]
            made = [made for part in parts if part.size for made in (part.sum(), part.mean())]
            is_such = any(abs(value - one) <= half * (1 + 1e-6) + 1e-9 * abs(one) for one in made)
            if not is_such and parts[0].size and not (records.is_last and records.first_row == 0):
                # The rows of other blocks are not at hand: it must be among the numbers, or beyond them.
                low, high = parts[0].min(), parts[0].max()
                is_such = low <= value <= high if word in AVERAGES else abs(value) >= max(-low, high)
            agree.append(bool(is_such))
        return 2 * sum(agree) >= len(agree) if agree else row + len(rows) >= records.n_records
