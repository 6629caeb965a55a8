"""What cells say: marks of missing values, and numbers, by an explicit grammar or by pandas where the two agree."""

import functools
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from em_impute.errors import TableError, option
from em_impute.table.arrays import Codes
from em_impute.table.cells import Cells, distinct_cells
from em_impute.table.scan import BLOCK_BYTES, Records
from em_impute.table.text import decoding_hint, shown, unquoted

if TYPE_CHECKING:
    from em_impute.table.dialect import Dialect

MISSING_MARKS: frozenset[str] = frozenset(
    {"#n/a", "#n/a n/a", "#na", "#null!", "-1.#ind", "-1.#qnan", "1.#ind", "1.#qnan", "-nan", "+nan", "nan", "<na>"}
    | {"<null>", "<nan>", "n/a", "n.a.", "n.a", "na", "null", "none", "nil", "\\n", "?", "??", "-", "--", "---", "."}
    | {"..", "...", "unknown", "unk", "missing", "tbd", "void", "(blank)", "(empty)", "(null)", "(none)", "(missing)"}
    | {"(unknown)", "blank", "empty", "\N{EN DASH}", "\N{EM DASH}"}
)
"""Casefolded; compare with `is_mark`."""

RUNS = re.compile(r"([^\W\d_]+)|(\d+)|((?:[\W_])+)")

FEW_CELLS = 20_000  # of a small file; they are read sooner than pandas is imported
EXAMPLES = 3
FIRST = 24  # values
FINITE = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
PADDED = re.compile(rb'"?0[0-9]')
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class ParsedCells:
    """The cells of one column of one block, read as numbers."""

    values: NDArray[np.float64]
    """(n_records,) NaN where the cell is missing or no number"""
    n_bad: int = 0
    """cells that hold something, but no number"""
    bad: tuple[tuple[int, str], ...] = ()
    """the first few of them: row in the block, text"""
    padded: int | None = None
    """the first row whose cell begins, inside its quotes, with `0` and another digit"""


@dataclass(frozen=True)
class NumberCounts:
    """What the cells of a column of numbers hold; once one that is not named holds anything else, only until then."""

    n_missing: int = 0
    n_numbers: int = 0
    n_bad: int = 0
    """cells that hold something, but no number"""
    bad_examples: tuple[tuple[int, str], ...] = ()
    """up to three of them: physical line, text"""
    n_infinite: int = 0
    infinite: tuple[int, str] | None = None
    """the first infinite one: line, text"""
    padded: tuple[int, str] | None = None
    """the first with a leading zero before another digit: line, text"""

    @property
    def counts(self) -> dict[str, Any]:
        """These fields, for a value that has more."""
        return {one.name: getattr(self, one.name) for one in fields(NumberCounts)}

    def plus(self, later: "NumberCounts") -> "NumberCounts":
        """Add what later rows hold."""
        return NumberCounts(
            self.n_missing + later.n_missing,
            self.n_numbers + later.n_numbers,
            self.n_bad + later.n_bad,
            (self.bad_examples + later.bad_examples)[:EXAMPLES],
            self.n_infinite + later.n_infinite,
            self.infinite or later.infinite,
            self.padded or later.padded,
        )


def is_blank(text: str) -> bool:
    """Tell whether a cell holds nothing but white space (no-break spaces too)."""
    return not text or text.isspace()


def is_mark(text: str) -> bool:
    """Tell whether a cell holds a standard mark for a missing value, in any case and with any space around it."""
    return text.strip().casefold() in MISSING_MARKS


@functools.lru_cache(maxsize=4096)
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


def parse_number(text: str, decimal: str = ".") -> float | None:
    """Read a decimal number: sign, digits, point, exponent, with spaces and tabs around it.

    NaN for a blank cell and for a standard mark, an infinity for what says or overflows to one, None for anything
    else (`1_000`, `0x1F`, `170cm`, `1 234`, `12%`, digits of other scripts).
    """
    trimmed = text.strip(" \t")
    # With a decimal comma `1.234` may be a thousand or one: no number.
    plain = trimmed if decimal == "." else trimmed.replace(".", "no number").replace(decimal, ".")
    if FINITE.fullmatch(plain) or INFINITE.fullmatch(plain):
        return float(plain)
    return float("nan") if is_blank(text) or is_mark(text) else None


def parse_block(
    records: Records, columns: Sequence[int], dialect: "Dialect", decimal: str = ".", *, explicit: bool = True
) -> dict[int, ParsedCells]:
    """Read columns of a block as numbers.

    Where `explicit`, the user has named the columns, and bytes that are not text raise `TableError`; else such a
    cell is merely no number.
    """
    if not columns:
        return {}
    few = records.offset < BLOCK_BYTES and len(columns) * records.n_records <= FEW_CELLS
    frame = None if few else _read_by_pandas(records, columns, dialect, decimal)
    parsed: dict[int, ParsedCells] = {}
    for column in columns:
        values = None if frame is None else frame[column].to_numpy(np.float64)  # (n_records,)
        if values is None or _may_be_truth(values):
            parsed[column] = parse_column(records, column, dialect, decimal, explicit=explicit)
        else:
            parsed[column] = ParsedCells(values, padded=_first_padded(records, column))
    return parsed


def parse_column(
    records: Records, column: int, dialect: "Dialect", decimal: str = ".", *, explicit: bool = True
) -> ParsedCells:
    """Read one column by the grammar, each distinct content once."""
    return NumberContents(column, dialect, decimal, explicit=explicit).read(records, distinct_cells(records, column))


class NumberContents:
    """The distinct contents of a column, each read as a number once, in however many blocks it stands."""

    def __init__(self, column: int, dialect: "Dialect", decimal: str, *, explicit: bool) -> None:
        self.numbers = np.empty(0)
        """in the order of the codes; NaN where missing or bad"""
        self._column = column
        self._dialect = dialect
        self._decimal = decimal
        self._explicit = explicit
        self._bad: dict[int, str] = {}

    def read(self, records: Records, cells: Cells) -> ParsedCells:
        """Read a block, whose contents have the numbers that they had in the blocks before.

        Where `explicit`, bytes that are not text raise `TableError`, which names the row: it is looked for only then.
        """
        new, numbers = range(self.numbers.size, len(cells.raw)), []
        for code in new:
            text = unquoted(cells.raw[code]).decode(self._dialect.working_encoding, "replace")
            if self._explicit and ("\ufffd" in text or "\0" in text):
                cell_text(records, self._column, _row_of(cells.codes, code), self._dialect)
            number = parse_number(text, self._decimal)
            if number is None:
                self._bad[code] = text
            numbers.append(float("nan") if number is None else number)
        self.numbers = np.append(self.numbers, numbers)
        padded = next((_row_of(cells.codes, code) for code in new if PADDED.match(cells.raw[code])), None)
        rows = np.flatnonzero(np.isin(cells.codes, list(self._bad))) if self._bad else np.empty(0, np.intp)
        bad = tuple((row, self._bad[int(cells.codes[row])]) for row in rows[:EXAMPLES].tolist())
        return ParsedCells(self.numbers.take(cells.codes), rows.size, bad, padded)


def _row_of(codes: Codes, code: int) -> int:
    return int(np.argmax(codes == code))


def cell_text(records: Records, column: int, row: int, dialect: "Dialect") -> str:
    """Decode one cell; `TableError` names line, column and byte of what is not text, and of a NUL."""
    starts, stops = records.span(column)
    content = unquoted(records.data[starts[row] : stops[row]].tobytes())
    place = f"line {records.line_of(np.array([row]))[0]}, column {shown(dialect.names[column])}"
    try:
        text = content.decode(dialect.working_encoding)
    except UnicodeDecodeError as error:
        message = f"{place}: byte 0x{content[error.start]:02X} is not {dialect.encoding}"
        raise TableError(message, decoding_hint(dialect.encoding)) from None
    if "\0" in text:
        raise TableError(
            f"{place}: the cell holds a NUL byte",
            f"repair the cell; or is the file UTF-16? then {option('encoding', 'utf-16-le')}",
        )
    return text


def distinct_text(records: Records, column: int, cells: Cells, code: int, dialect: "Dialect") -> str:
    """Decode a distinct content of a column; raises as `cell_text` does, which finds the line."""
    try:
        text = unquoted(cells.raw[code]).decode(dialect.working_encoding)
    except UnicodeDecodeError:
        text = "\0"
    return cell_text(records, column, _row_of(cells.codes, code), dialect) if "\0" in text else text


def _read_by_pandas(records: Records, columns: Sequence[int], dialect: "Dialect", decimal: str) -> Any | None:  # noqa: ANN401  -- pandas is not imported here
    """Read the very bytes the scanner cut; None where pandas and the grammar might differ.

    pandas takes a bare CR for a line end, which shows in the number of records, skips a byte-order mark at the start
    of what it reads, ends a number at a NUL (2.2), and raises `ValueError` for a cell that is neither a number nor
    one of the marks it was given, unless the column holds nothing but truth values (`_may_be_truth`).
    """
    import pandas as pd

    data = records.data.tobytes()
    if data.startswith(BYTE_ORDER_MARK) or records.has_nul:
        return None
    try:
        frame = pd.read_csv(
            io.BytesIO(data),
            sep=dialect.delimiter,
            header=None,
            usecols=list(columns),
            dtype=np.float64,
            na_values=_spelled_marks(),
            keep_default_na=False,
            skip_blank_lines=False,
            low_memory=False,
            decimal=decimal,
            **_exact(pd.__version__),
        )
    except ValueError:
        return None
    return frame if len(frame) == records.n_records else None


def _may_be_truth(values: NDArray[np.float64]) -> bool:
    """Tell whether pandas may have met nothing but `True` and `False`, which it takes for one and zero."""
    return all(
        bool(((some == 0) | (some == 1) | np.isnan(some)).all())
        for some in (values[:FIRST], values)  # most columns show by their first values that they are numbers
    )


@functools.cache
def _exact(version: str) -> dict[str, Any]:
    """Ask for correctly rounded numbers; from 3.1 on pandas always does, and warns of being asked."""
    major, minor = (int(part) for part in version.split(".")[:2])
    return {"float_precision": "round_trip"} if (major, minor) < (3, 1) else {}


@functools.cache
def _spelled_marks() -> list[str]:
    """Spell the marks in the usual cases, for a reader that compares bytes; others take the slow way."""
    spellings = {""} | {spell(mark) for mark in MISSING_MARKS for spell in (str.lower, str.upper, str.title)}
    return sorted(spellings | {"NaN", "-NaN", "+NaN", "n/A", "N/a"})


def _first_padded(records: Records, column: int) -> int | None:
    """Find the first cell that matches `PADDED`."""
    starts, _ = records.span(column)
    words = records.words[starts]
    quoted = words & 255 == ord('"')
    if quoted.any():
        words = np.where(quoted, words >> 8, words)
    zeros = np.flatnonzero(words & 255 == ord("0"))
    second = (words[zeros] >> 8) & 255
    padded = zeros[(second >= ord("0")) & (second <= ord("9"))]
    return int(padded[0]) if padded.size else None
