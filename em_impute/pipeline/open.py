"""From bytes to a table that has been read: first pass."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter

from em_impute.columns.weights import read_weights
from em_impute.errors import FitError, UsageError
from em_impute.model.groups import refuse_groups
from em_impute.options import Request
from em_impute.pipeline.types import Opened
from em_impute.table.dialect import Dialect, detect_dialect, find_column
from em_impute.table.read import read_table
from em_impute.table.source import Source, open_source
from em_impute.table.text import shown

__all__ = ["Watch", "look_at", "name_of", "open_table", "read_opened", "unique_names"]

Watch = Callable[[str, float | None, str], None]
"""Told of progress: the stage, the share of it that is done (None if unknown), and a detail."""


@contextmanager
def open_table(request: Request, watch: Watch) -> Iterator[Opened]:
    """Open and read the input."""
    began = perf_counter()
    with open_source(request.path) as raw:
        opened = read_opened(raw, request, watch)
        yield replace(opened, seconds=perf_counter() - began)  # with the time that a stream took


def read_opened(raw: Source, request: Request, watch: Watch, *, may_be_empty: bool = False) -> Opened:
    """Read a table whose bytes are at hand.  Raises FitError where it has no rows, unless it `may_be_empty`."""
    began = perf_counter()
    source, dialect = look_at(raw, request)
    indices = [find_column(dialect, column, raw.name) for column in request.columns]
    if len(set(indices)) < len(indices):
        raise UsageError("a column is named twice with --column", "name each column once")
    features = [find_column(dialect, feature, raw.name) for feature in request.features]
    if set(features) & set(indices):
        both = dialect.names[next(iter(set(features) & set(indices)))]
        raise UsageError(f"column {shown(both)} cannot be both filled and a predictor", "leave it out of -x")
    taken = {**dict.fromkeys(indices, "filled"), **dict.fromkeys(features, "a predictor")}
    weights = _apart("--weights", request.weights, dialect, raw.name, taken)
    by = _apart("--by", request.by, dialect, raw.name, taken if weights is None else {**taken, weights: "the weights"})
    table = read_table(
        source,
        dialect,
        targets=indices,
        features=features or None,
        explicit=bool(features),
        decimal=request.decimal,
        null_tokens=frozenset(request.null_values),
        groups=by,
        weights=weights,
        keep_keys=True,
        keep_record_ends=request.probability or request.probabilities or request.indicator,
        keep_record_starts=request.imputations > 0,
        progress=lambda done: watch("reading", done / max(1, source.size), ""),
    )
    if not (table.n_rows or may_be_empty):
        raise FitError(f"{raw.name} has a header but no rows to learn from", "add rows below the header")
    names, seconds = unique_names(dialect.names), perf_counter() - began
    weight = None
    if weights is not None and table.weights is not None:
        weight = read_weights(names[weights], table.weights, table.line_of)
    groups = None if by is None or table.groups is None else (names[by], table.groups)
    if groups is not None and table.n_rows:
        refuse_groups(*groups)
    return Opened(source, raw.name, table, indices, names, seconds, weight, groups)


def look_at(raw: Source, request: Request) -> tuple[Source, Dialect]:
    """Find how a table is written, by its bytes and by what the user said of it."""
    return detect_dialect(
        raw,
        delimiter=request.delimiter,
        encoding=request.encoding,
        has_header=request.has_header,
        skip_lines=request.skip_lines,
        wanted=request.columns,
    )


def unique_names(names: Sequence[str]) -> list[str]:
    """Call every column by its name, and by its 1-based number too where the name is empty or not the only one."""
    count = Counter(names)
    return [
        name if name and count[name] == 1 else f"{name or 'unnamed'} (column {number})"
        for number, name in enumerate(names, start=1)
    ]


def _apart(option: str, wanted: str | None, dialect: Dialect, source: str, taken: Mapping[int, str]) -> int | None:
    """Find a column that an option names; it must not be one of `taken`, which are called by what they serve as."""
    if wanted is None:
        return None
    column = find_column(dialect, wanted, source)
    if column in taken:
        message = f"column {shown(dialect.names[column])} cannot be both {taken[column]} and that of {option}"
        raise UsageError(message, f"name another column with {option}")
    return column


def name_of(opened: Opened, wanted: str | None) -> str | None:
    """Find the name of a column that was asked for by name or number."""
    if wanted is None:
        return None
    return opened.names[find_column(opened.table.dialect, wanted, opened.name)]
