"""What cells say: marks of missing values, and numbers, by an explicit grammar or by pandas where the two agree."""

import csv
import functools
import io
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from em_impute.table.cells import distinct_cells, distinct_text
from em_impute.table.columns import EXAMPLES, NumberCounts
from em_impute.table.dialect import Dialect
from em_impute.table.records import Records
from em_impute.table.scan import BLOCK_BYTES

MISSING_MARKS: frozenset[str] = frozenset(
    {"#n/a", "#n/a n/a", "#na", "#null!", "#div/0!", "#value!", "#ref!", "#name?", "#num!"}
    | {"-1.#ind", "-1.#qnan", "1.#ind", "1.#qnan", "-nan", "+nan", "nan", "<na>"}
    | {"<null>", "<nan>", "n/a", "n.a.", "n.a", "na", "null", "none", "nil", "\\n", "?", "??", "-", "--", "---", "."}
    | {"..", "...", "unknown", "unk", "missing", "tbd", "void", "(blank)", "(empty)", "(null)", "(none)", "(missing)"}
    | {"(unknown)", "blank", "empty", "", "\N{EN DASH}", "\N{EM DASH}"}
)
"""Casefolded; compare with `is_mark`."""

RUNS = re.compile(r"[^\W\d_]+|\d+")

FEW_CELLS = 20_000  # of a small file; they are read sooner than pandas is imported
FINITE = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def is_mark(text: str) -> bool:
    """Tell whether a cell holds nothing, or a standard mark for that, in any case and with any white space around."""
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
    return RUNS.sub(_run_shape, text)


def is_shaped_like(mark: str, labels: Iterable[str]) -> bool:
    """Tell whether a mark could be one of these labels by its looks: `NA` among `US`, `DE`, not among `M`, `F`."""
    return shape(mark) in {shape(label) for label in labels}


def _run_shape(run: re.Match[str]) -> str:
    cases = {"l": str.islower, "U": str.isupper, "T": str.istitle, "m": str.isalpha, "9": str.isdigit}
    case = next((case for case, is_such in cases.items() if is_such(run[0])), "")
    return case if case == "9" else f"{case}{min(len(run[0]), 3)}"


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
    return float("nan") if is_mark(text) else None


def read_by_grammar(
    records: Records,
    column: int,
    dialect: Dialect,
    decimal: str,
    *,
    null: Collection[str] = (),
    is_strict: bool = False,
) -> tuple[NDArray[np.float64], NumberCounts]:
    """Read a column, (n_records,) NaN where missing or bad, and count what it holds.  Tokens of `null` are missing."""
    cells = distinct_cells(records, column)
    numbers = []
    for code in range(len(cells.raw)):
        text = distinct_text(records, column, cells, code, dialect, is_strict=is_strict)
        numbers.append(parse_number("" if text.strip() in null else text, decimal))
    values = np.array(numbers, np.float64).take(cells.codes)  # None becomes NaN
    bad = np.flatnonzero(np.array([number is None for number in numbers], np.bool_).take(cells.codes))
    return values, count_cells(records, column, dialect, values, bad.tolist())


def count_cells(
    records: Records, column: int, dialect: Dialect, values: NDArray[np.float64], bad: Sequence[int] = ()
) -> NumberCounts:
    """Count what the cells of a column were read as, (n_records,) `values`; the rows that are `bad` are no numbers."""
    n_nan, infinite = int(np.count_nonzero(np.isnan(values))), np.flatnonzero(np.isinf(values))
    padded = _first_padded(records, column)

    def show(row: int) -> tuple[int, str]:
        """Give the line of a cell, and its text."""
        return int(records.lines[row]), dialect.text(records.cell(row, column))

    return NumberCounts(
        n_missing=n_nan - len(bad),
        n_numbers=values.size - n_nan,
        n_bad=len(bad),
        bad_examples=tuple(map(show, bad[:EXAMPLES])),
        infinite=show(int(infinite[0])) if infinite.size else None,
        padded=None if padded is None else show(padded),
    )


def read_by_pandas(
    records: Records, columns: Sequence[int], dialect: Dialect, decimal: str
) -> list[NDArray[np.float64] | None]:
    """Read columns of the very bytes the scanner cut, (n_records,) each; None where the grammar is to read them.

    That is where the cells are few, and where pandas might differ: it takes a bare CR for a line end, which shows in
    the number of records, skips a byte-order mark at the start of what it reads, ends a number at a NUL (2.2), and
    raises `ValueError` for a cell that is neither a number nor one of the marks it was given, unless the column holds
    nothing but `True` and `False`, which it takes for one and zero.
    """
    nothing: list[NDArray[np.float64] | None] = [None] * len(columns)
    few = records.offset < BLOCK_BYTES and len(columns) * records.n_records <= FEW_CELLS
    data = b"" if few or records.has_nul else records.text()
    if not (columns and data) or data.startswith(BYTE_ORDER_MARK):
        return nothing
    import pandas as pd

    # From 3.1 on pandas always rounds correctly, and warns of being asked to.
    major, minor = map(int, pd.__version__.split(".")[:2])
    exact: dict[str, Any] = {"float_precision": "round_trip"} if (major, minor) < (3, 1) else {}
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
            quoting=csv.QUOTE_MINIMAL if dialect.quoting else csv.QUOTE_NONE,
            **exact,
        )
    except ValueError:
        return nothing
    if len(frame) != records.n_records:
        return nothing
    read = (frame[column].to_numpy(np.float64) for column in columns)
    return [None if ((values == 0) | (values == 1) | np.isnan(values)).all() else values for values in read]


@functools.cache
def _spelled_marks() -> list[str]:
    """Spell the marks in the usual cases, for a reader that compares bytes; others take the slow way."""
    spellings = {spell(mark) for mark in MISSING_MARKS for spell in (str.lower, str.upper, str.title)}
    return sorted(spellings | {"NaN", "-NaN", "+NaN", "n/A", "N/a"})


def _first_padded(records: Records, column: int) -> int | None:
    """Find the first cell that begins, inside its quotes, with `0` and another digit."""
    starts, _ = records.span(column)
    first = records.data.take(starts, mode="clip")
    rows = np.flatnonzero((first == ord("0")) | (first == ord('"')))
    words = records.words[starts[rows]]
    words = np.where(words & 255 == ord('"'), words >> 8, words)
    padded = rows[(words & 255 == ord("0")) & ((words >> 8 & 255) - ord("0") < 10)]  # noqa: PLR2004  # below "0" it wraps
    return int(padded[0]) if padded.size else None
