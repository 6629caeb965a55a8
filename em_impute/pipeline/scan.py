"""The first pass over a part: counts and moments of every column, and a sample of its rows."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from em_impute.pipeline.chunks import How, in_part, read_chunks
from em_impute.pipeline.files import Part
from em_impute.pipeline.sample import (
    NO_BOUNDS,
    Bounds,
    Place,
    Records,
    Sample,
    Wanted,
    bounds_of,
    draw,
    merge_samples,
    trimmed,
)
from em_impute.table.numbers import EXAMPLES
from em_impute.table.read import NumberColumn, Table
from em_impute.table.source import Source

__all__ = ["Numbers", "PartRead", "Summary", "Target", "bounds", "merge", "summarise", "trimmed_summary"]

ROUGHLY = 1.25
"""Part of its size to which a sample grows before rows that others displaced are let go."""

AllBounds = Mapping[int, Bounds]


@dataclass(frozen=True)
class Numbers:
    """What is known of a column of numbers in some rows; if it held anything else, only until then."""

    n_missing: int
    n_numbers: int
    n_bad: int
    bad_examples: tuple[tuple[int, str], ...]
    """line, text"""
    n_infinite: int
    infinite: tuple[int, str] | None
    padded: tuple[int, str] | None
    mean: float
    deviation: float
    """root of the mean squared distance from the mean: the sum of these squares may be beyond the range of numbers"""
    run: tuple[float, float] | None
    """the first and the last, if each is one more than the one before"""


@dataclass(frozen=True)
class Target:
    """What is known of a column to fill."""

    counts: Mapping[str, int]
    sample: Sample


@dataclass(frozen=True)
class PartRead:
    """A part as it was read."""

    number: int
    rows: int
    bytes: int
    sha256: str
    compression: str | None
    quotes_always: Mapping[int, bool]
    """of each column to fill"""


@dataclass(frozen=True)
class Summary:
    """What the fit needs to know of some rows."""

    parts: tuple[PartRead, ...]
    numbers: Mapping[int, Numbers]
    n_without_text: Mapping[int, int]
    """of each column of texts, the cells that are missing"""
    targets: Mapping[int, Target]

    @property
    def n_rows(self) -> int:
        """Count the rows."""
        return sum(part.rows for part in self.parts)


def summarise(part: Part, what: tuple[How, Wanted, AllBounds]) -> Summary:
    """Read a part for the first time.  `what` says how, what to sample, and which rows cannot be drawn any more."""
    how, wanted, known = what
    with in_part(part, how):
        found: list[Summary] = []
        votes: Counter[int] = Counter()
        pieces: defaultdict[int, list[Sample]] = defaultdict(list)
        bound = defaultdict(lambda: NO_BOUNDS, known)
        seen: set[int] = set()
        first_row, table, compression = 0, None, None
        for source, table in read_chunks(part, how):
            place = Place(part.number, first_row, _witnesses(table, seen))
            for column, target in table.targets.items():
                n_known = int(target.counts[~target.may_fill].sum())
                votes[column] += n_known * (1 if target.quotes_always else -1) or target.quotes_always
                piece = _drawn(source, table, column, place, wanted, bound[column])
                pieces[column].append(piece)
                if sum(one.n_rows for one in pieces[column]) > ROUGHLY * 2 * wanted.size:
                    pieces[column] = [trimmed(merge_samples(pieces[column]), wanted)]
                    bound[column] = bound[column].tightened(bounds_of(pieces[column][0], wanted))
            found.append(_of_chunk(table))
            first_row, compression = first_row + table.n_rows, source.compression
        if table is None:
            raise AssertionError("a part has at least one chunk, if an empty one")
        quotes_always = {column: n > 0 for column, n in votes.items()}
        read = PartRead(part.number, first_row, table.size, table.sha256, compression, quotes_always)
        whole = reduce(merge, found)
        targets = {
            column: replace(whole.targets[column], sample=trimmed(merge_samples(pieces[column]), wanted))
            for column in whole.targets
        }
        return replace(whole, parts=(read,), targets=targets)


def merge(a: Summary, b: Summary) -> Summary:
    """Combine what is known of two disjoint sets of rows; the samples are put side by side."""
    return Summary(
        a.parts + b.parts,
        {column: _merged(a.numbers[column], b.numbers[column]) for column in a.numbers},
        Counter(a.n_without_text) + Counter(b.n_without_text),
        {column: _merged_targets(a.targets[column], b.targets[column]) for column in a.targets},
    )


def trimmed_summary(summary: Summary, wanted: Wanted) -> Summary:
    """Let go of rows in the samples that others displaced."""
    targets = {column: replace(one, sample=trimmed(one.sample, wanted)) for column, one in summary.targets.items()}
    return replace(summary, targets=targets)


def bounds(summary: Summary | None, wanted: Wanted) -> AllBounds:
    """Say which keys are still of interest once some rows have been drawn."""
    if summary is None:
        return {}
    return {column: bounds_of(target.sample, wanted) for column, target in summary.targets.items()}


def _merged_targets(a: Target, b: Target) -> Target:
    return Target({**a.counts, **{text: a.counts.get(text, 0) + n for text, n in b.counts.items()}}, _joined(a, b))


def _joined(a: Target, b: Target) -> Sample:
    # While a part is read its sample is gathered elsewhere.
    if not b.sample.n_rows:
        return a.sample
    return merge_samples([a.sample, b.sample]) if a.sample.n_rows else b.sample


def _of_chunk(table: Table) -> Summary:
    targets = {
        column: Target(dict(zip(one.texts, one.counts.tolist(), strict=True)), _EMPTY)
        for column, one in table.targets.items()
    }
    numbers = {column: _numbers(one) for column, one in table.numbers.items()}
    return Summary((), numbers, {column: one.n_missing for column, one in table.categories.items()}, targets)


def _numbers(column: NumberColumn) -> Numbers:
    values = None if column.n_bad or column.n_infinite else column.values
    mean, deviation, run = 0.0, 0.0, None
    if values is not None and column.n_numbers:
        shown = values[~np.isnan(values)]
        size = np.ldexp(1.0, int(np.frexp(np.abs(shown).max())[1]) - 1)  # a power of two, so that nothing is rounded
        mean, deviation = float((shown / size).mean() * size), float((shown / size).std() * size)
        with np.errstate(over="ignore"):
            if shown.size == values.size and (np.diff(shown) == 1.0).all():
                run = float(shown[0]), float(shown[-1])
    return Numbers(
        column.n_missing,
        column.n_numbers,
        column.n_bad,
        column.bad_examples,
        column.n_infinite,
        column.infinite,
        column.padded,
        mean,
        deviation,
        run,
    )


def _merged(a: Numbers, b: Numbers) -> Numbers:
    """Merge the moments by the formula of Chan, Golub & LeVeque (1983)."""
    n = a.n_numbers + b.n_numbers
    share = b.n_numbers / n if n else 0.0
    apart = math.sqrt(share * (1.0 - share))
    delta = b.mean - a.mean
    run = None
    if not (a.n_numbers or a.n_missing or a.n_bad):
        run = b.run
    elif a.run and b.run and b.run[0] == a.run[1] + 1.0:
        run = a.run[0], b.run[1]
    return Numbers(
        a.n_missing + b.n_missing,
        n,
        a.n_bad + b.n_bad,
        (a.bad_examples + b.bad_examples)[:EXAMPLES],
        a.n_infinite + b.n_infinite,
        a.infinite or b.infinite,
        a.padded or b.padded,
        a.mean + share * delta,
        math.hypot(math.sqrt(1.0 - share) * a.deviation, math.sqrt(share) * b.deviation, apart * delta),
        run,
    )


def _witnesses(table: Table, seen: set[int]) -> NDArray[np.intp]:
    """Find the rows in which a column holds for the first time what is no finite number: a sample may miss it."""
    lines = []
    for column, numbers in table.numbers.items():
        shown = [*numbers.bad_examples[:1], *([] if numbers.infinite is None else [numbers.infinite])]
        if shown and column not in seen:
            seen.add(column)
            lines += [line for line, _ in shown]
    if not lines:
        return np.empty(0, np.intp)
    begins = table.line_of(np.arange(table.n_rows))
    return np.unique(np.searchsorted(begins, lines, side="right") - 1)


def _drawn(source: Source, table: Table, column: int, place: Place, wanted: Wanted, bound: Bounds) -> Sample:
    """Draw rows of a chunk, and then read the records of those that are left."""
    drawn, target = draw(table, column, place, wanted.seed, bound), table.targets[column]
    zeros = np.zeros(drawn.row.size, np.int64)
    sample = Sample(
        drawn.key,
        np.full(drawn.row.size, place.part, np.int32),
        drawn.row,
        zeros,
        target.code[drawn.row].astype(np.int32),
        drawn.is_witness,
        Records((), zeros.astype(np.int32), zeros, zeros),  # those of the rows that are left are read below
        target.texts,
        target.may_fill,
    )
    sample = trimmed(sample, wanted)
    line, records = table.line_of(sample.row), Records.of(_records(source, table, sample.row))
    return replace(sample, row=sample.row + place.first_row, line=line, records=records)


def _records(source: Source, table: Table, rows: NDArray[np.int64]) -> list[bytes]:
    """Read the bytes of some records, each with a line end; the file stays where it is."""
    if not rows.size or table.record_starts is None:
        return []
    starts, stops = table.record_starts[rows], table.record_starts[rows + 1]
    begin, place = int(starts[0]), source.file.tell()
    source.file.seek(begin)
    data = b"".join(_read(source, int(stops[-1]) - begin))
    source.file.seek(place)
    pairs = zip((starts - begin).tolist(), (stops - begin).tolist(), strict=True)
    records = [data[start:stop] for start, stop in pairs]
    if not records[-1].endswith(b"\n"):
        records[-1] += table.dialect.newline or b"\n"
    return records


def _read(source: Source, n_bytes: int) -> Iterator[bytes]:
    while n_bytes and (block := source.file.read(n_bytes)):
        yield block
        n_bytes -= len(block)


_EMPTY = Sample(
    np.empty(0, np.uint64),
    np.empty(0, np.int32),
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty(0, np.int32),
    np.empty(0, np.bool_),
    Records.of([]),
    (),
    np.empty(0, np.bool_),
)
