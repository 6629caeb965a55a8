"""The first pass over a part: counts and moments of every column, and a sample of its rows."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial, reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.weights import WeightScale, checked_weights, scale_of
from em_impute.pipeline.chunks import ReadPlan, in_part, opened_part, read_along
from em_impute.pipeline.files import Part
from em_impute.pipeline.sample import (
    NO_BOUNDS,
    Bounds,
    Sample,
    Wanted,
    bounds_of,
    draw,
    merge_samples,
    trimmed,
)
from em_impute.table.columns import NumberColumn, NumberCounts
from em_impute.table.read import Table
from em_impute.table.records import Asides

ROUGHLY = 1.25
"""Part of its size to which a sample grows before rows that others displaced are released."""

AllBounds = Mapping[int, Bounds]


@dataclass(frozen=True, kw_only=True)
class NumberSummary(NumberCounts):
    """What is known of a column of numbers in some rows."""

    mean: float
    deviation: float
    """root of the mean squared distance from the mean: the sum of these squares may be beyond the range of numbers"""
    run: tuple[float, float] | None
    """the first and the last, if each is one more than the one before"""


class PartRead(NamedTuple):
    """A part as it was read."""

    number: int
    rows: int
    bytes: int
    sha256: str
    compression: str | None
    asides: Asides  # lines that are no rows
    quotes_always: Mapping[int, bool]  # of each column to fill


class RowSummary(NamedTuple):
    """What the fit needs to know of some rows."""

    parts: tuple[PartRead, ...]
    numbers: Mapping[int, NumberSummary]
    n_without_text: Mapping[int, int]  # of each column of texts, the cells that are missing
    counts: Mapping[int, Mapping[str, int]]  # of each column to fill, how often each text stands there
    samples: Mapping[int, Sample]  # of each column to fill; of none while a part is read
    weights: WeightScale | None = None  # None where rows count alike

    @property
    def n_rows(self) -> int:
        """Count the rows."""
        return sum(part.rows for part in self.parts)

    def plus(self, other: "RowSummary", wanted: Wanted) -> "RowSummary":
        """Add disjoint rows; of the samples those rows are released that others displace."""
        samples = {k: trimmed(merge_samples([one, other.samples[k]]), wanted) for k, one in self.samples.items()}
        return RowSummary(
            self.parts + other.parts,
            {column: _merged(numbers, other.numbers[column]) for column, numbers in self.numbers.items()},
            Counter(self.n_without_text) + Counter(other.n_without_text),
            {column: Counter(counts) + Counter(other.counts[column]) for column, counts in self.counts.items()},
            samples,
            None if self.weights is None or other.weights is None else self.weights.plus(other.weights),
        )


def scan_part(part: Part, what: tuple[ReadPlan, Wanted, AllBounds]) -> RowSummary:
    """Read a part for the first time.  `what` says how, what to sample, and which rows cannot be drawn any more."""
    plan, wanted, known = what
    with in_part(part, plan), opened_part(part, plan) as (source, dialect):
        tables = read_along(source, dialect, part, plan)
        found: list[RowSummary] = []
        asides: list[Asides] = []
        votes: Counter[int] = Counter()
        pieces: defaultdict[int, list[Sample]] = defaultdict(list)
        bound = defaultdict(lambda: NO_BOUNDS, known)
        seen: set[int] = set()
        first_row, table = 0, None
        for table in tables:
            data = source.read(table.start, table.stop - table.start)
            place = part.number, first_row, _witnesses(table, seen)
            for column, target in table.targets.items():
                n_known = int(target.counts[~target.may_fill].sum())
                votes[column] += n_known * (1 if target.quotes_always else -1) or target.quotes_always
                piece = trimmed(draw(table, column, *place, wanted.seed, bound[column]), wanted)
                pieces[column].append(_with_records(piece, data, table, piece.rows["row"] - first_row))
                if sum(one.rows.size for one in pieces[column]) > ROUGHLY * 2 * wanted.size:
                    pieces[column] = [trimmed(merge_samples(pieces[column]), wanted)]
                    bound[column] = bound[column].tightened(bounds_of(pieces[column][0], wanted))
            weights = None
            if table.weights is not None and plan.weights is not None:
                weights = scale_of(checked_weights(plan.weights, table.weights, table.line_of))
            numbers = {column: _numbers(one) for column, one in table.numbers.items()}
            without_text = {column: one.n_missing for column, one in table.categories.items()}
            counts = {k: dict(zip(one.texts, one.counts.tolist(), strict=True)) for k, one in table.targets.items()}
            found.append(RowSummary((), numbers, without_text, counts, {}, weights))
            asides.append(table.asides)
            first_row += table.n_rows
        if table is None:
            raise AssertionError("a part has at least one chunk, if an empty one")
        quotes_always = {column: n > 0 for column, n in votes.items()}
        compression, no_rows = source.compression, Asides.joined(asides)
        read = PartRead(part.number, first_row, table.size, table.sha256, compression, no_rows, quotes_always)
        samples = {column: trimmed(merge_samples(several), wanted) for column, several in pieces.items()}
        return reduce(partial(RowSummary.plus, wanted=wanted), found)._replace(parts=(read,), samples=samples)


def bounds(summary: RowSummary | None, wanted: Wanted) -> AllBounds:
    """Say which keys are still of interest once some rows have been drawn."""
    if summary is None:
        return {}
    return {column: bounds_of(sample, wanted) for column, sample in summary.samples.items()}


def _numbers(column: NumberColumn) -> NumberSummary:
    values = None if column.n_bad or column.n_infinite else column.values
    mean, deviation, run = 0.0, 0.0, None
    if values is not None and column.n_numbers:
        shown = values[~np.isnan(values)]
        size = np.ldexp(1.0, int(np.frexp(np.abs(shown).max())[1]) - 1)  # a power of two, so that nothing is rounded
        mean, deviation = float((shown / size).mean() * size), float((shown / size).std() * size)
        with np.errstate(over="ignore"):
            if shown.size == values.size and (np.diff(shown) == 1.0).all():
                run = float(shown[0]), float(shown[-1])
    return NumberSummary(mean=mean, deviation=deviation, run=run, **column.counts)


def _merged(a: NumberSummary, b: NumberSummary) -> NumberSummary:
    """Merge the moments by the formula of Chan, Golub & LeVeque (1983)."""
    n = a.n_numbers + b.n_numbers
    share = b.n_numbers / n if n else 0.0
    delta = b.mean - a.mean
    apart = math.sqrt(share * (1.0 - share)) * delta
    run = None
    if not (a.n_numbers or a.n_missing or a.n_bad):
        run = b.run
    elif a.run and b.run and b.run[0] == a.run[1] + 1.0:
        run = a.run[0], b.run[1]
    deviation = math.hypot(math.sqrt(1.0 - share) * a.deviation, math.sqrt(share) * b.deviation, apart)
    return NumberSummary(mean=a.mean + share * delta, deviation=deviation, run=run, **a.plus(b).counts)


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


def _with_records(sample: Sample, data: bytes, table: Table, rows: NDArray[np.int64]) -> Sample:
    """Add the records of some rows of a chunk, each with a line end; `data` are the bytes of the chunk."""
    starts, stops = (offsets - table.start for offsets in table.spans(rows))
    if stops.size and data[stops[-1] - 1 : stops[-1]] != b"\n":
        data = data[: stops[-1]] + (table.dialect.newline or b"\n")
        stops[-1] = len(data)
    size = (stops - starts).astype(np.int32)  # of a chunk, which has fewer than 2³¹ bytes
    place = np.arange(size.sum(), dtype=np.int32)
    place += np.repeat((starts - (stops - starts).cumsum()).astype(np.int32) + size, size)
    sample.rows["n_bytes"] = size
    return sample._replace(records=np.frombuffer(data, np.uint8)[place])
