"""The first pass over a part: counts and moments of every column, and a sample of its rows.

Rows are drawn whatever the order in which parts are read: those whose numbers hash to the least.  Of a column's rows
with a label as many are drawn as of those without one, and of every label some, however rare.  The same rows are drawn
whether a table is read at once, in chunks, in parts, or by many processes: a bottom-k sketch (Cohen & Kaplan 2007,
"Summarizing data using bottom-k sketches").
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.weights import WeightScale, checked_weights, scale_of
from em_impute.em.blocks import Flags
from em_impute.ensemble.candidates import MAX_REFIT
from em_impute.options import Request
from em_impute.pipeline.parts import Part, ReadPlan, open_as_planned, read_along
from em_impute.table.columns import NumberColumn, NumberCounts, least_type
from em_impute.table.read import Table
from em_impute.table.records import Asides

FLOOR = 1000
"""Rows of every label at least, if it has so many."""

START_ROWS = 50_000
"""Rows of either kind, where EM goes over all rows after them: it needs of a sample only where to begin."""

SAMPLE_BYTES, SAMPLE_CELLS = 24 << 20, 4_000_000
"""Of either kind of rows, that one process has room for."""

SAMPLE_PART = 0.1
DRAWN_BYTES, DRAWN_CELL_BYTES = 100, 16
"""Part of --max-memory that the rows drawn may take, and what each of them does beside its record."""

Keys = NDArray[np.uint64]

ROW = np.dtype(
    [
        ("key", np.uint64),  # what decides whether it is drawn
        ("part", np.int32),
        ("row", np.int64),  # in its part
        ("line", np.int64),  # at which its record begins
        ("text", np.int32),  # what its cell holds: index into the texts of the sample
        ("is_witness", np.bool_),  # not drawn, but shown since some column holds there what others do not
        ("n_bytes", np.int64),  # of its record, with a line end
    ]
)
"""What a sample holds of each row beside its record."""

GOLDEN = np.array([0x9E3779B97F4A7C15], np.uint64)

LARGEST = np.uint64(np.iinfo(np.uint64).max)


Bounds = Mapping[str, int]
"""Of each text, the key beyond which no row that holds it can be drawn any more; of others any row may be."""


class Sample(NamedTuple):
    """Rows of a table, in its order, with the bytes of their records: all of it arrays, which are cheap to send."""

    rows: NDArray[np.void]  # (n,) of type ROW
    records: NDArray[np.uint8]  # the bytes of all records, one after the other
    texts: tuple[str, ...]
    may_fill: Flags  # (n_texts,) whether such a cell may be one to fill

    def keep(self, rows: Flags) -> "Sample":
        """Release all rows but some: (n,)."""
        if rows.all():
            return self
        return self._replace(rows=self.rows[rows], records=self.records[np.repeat(rows, self.rows["n_bytes"])])

    def within(self, bounds: Bounds) -> "Sample":
        """Release the rows beyond some bounds."""
        bound = _bounds_of_texts(self.texts, bounds)[self.rows["text"]]
        return self.keep((self.rows["key"] <= bound) | self.rows["is_witness"])


def _bounds_of_texts(texts: Sequence[str], bounds: Bounds) -> Keys:
    return np.array([bounds.get(text, LARGEST) for text in texts], np.uint64)


def rows_to_draw(n_columns: int, record_bytes: float, request: Request, max_memory: int | None) -> int:
    """Say how many rows of either kind are drawn: as many as the fit has use for and one process has room for.

    Only what the user said of memory counts, not what there is: the same parts are filled alike on every machine.
    """
    of_use = START_ROWS if request.names_one_mixture else MAX_REFIT
    most = min(of_use, SAMPLE_BYTES / record_bytes, SAMPLE_CELLS / n_columns)
    if max_memory is not None:
        a_row = 2 * (record_bytes + DRAWN_BYTES + DRAWN_CELL_BYTES * n_columns)  # of either kind
        most = min(most, SAMPLE_PART * max_memory / a_row)
    return int(most)


def draw(
    table: Table, column: int, part: int, first_row: int, witnesses: NDArray[np.intp], seed: int, bounds: Bounds
) -> Sample:
    """Find the rows of a chunk that may belong to the sample, without their records.

    The chunk begins at the `first_row` of its part; `witnesses` of its rows are shown whether they are drawn or not.
    """
    target = table.targets[column]
    # Every row gets a number as if at random: the finaliser of SplitMix64 (Steele, Lea & Flood 2014), twice.
    number = np.arange(1 + first_row, 1 + first_row + table.n_rows, dtype=np.uint64)
    key = _mixed(_mixed(np.array([seed], np.uint64) + np.uint64(part + 1) * GOLDEN) + number * GOLDEN)
    may = key <= _bounds_of_texts(target.texts, bounds)[target.code]
    may[witnesses] = True
    row = np.flatnonzero(may)
    rows = np.zeros(row.size, ROW)
    rows["key"], rows["part"], rows["row"] = key[row], part, row + first_row
    rows["line"], rows["text"] = table.line_of(row), target.code[row]
    rows["is_witness"] = np.isin(row, witnesses, assume_unique=True)
    return Sample(rows, np.empty(0, np.uint8), target.texts, target.may_fill)


def merge_samples(samples: Sequence[Sample]) -> Sample:
    """Put samples one after the other; texts are numbered by their first appearance."""
    may_fill = {text: may for one in reversed(samples) for text, may in zip(one.texts, one.may_fill, strict=True)}
    number = {text: at for at, text in enumerate(dict.fromkeys(text for one in samples for text in one.texts))}
    rows = np.concatenate([one.rows for one in samples])
    rows["text"] = np.concatenate(
        [np.array([number[text] for text in one.texts], np.int32)[one.rows["text"]] for one in samples]
    )
    records = np.concatenate([one.records for one in samples])
    return Sample(rows, records, tuple(number), np.array([may_fill[text] for text in number], np.bool_))


def trimmed(sample: Sample, size: int, *, evenly: bool = False) -> Sample:
    """Release the rows that others of lesser keys displace: as `bounds_of` says."""
    return sample.within(bounds_of(sample, size, evenly=evenly))


def bounds_of(sample: Sample, size: int, *, evenly: bool = False) -> Bounds:
    """Find for every text the key of the last row that is drawn: of `size` rows of its kind, or of a few of its own.

    Rows with and without a label are then kept at one rate if `evenly`, beside the few of each label.
    """
    key, text_of, is_witness = (np.ascontiguousarray(sample.rows[name]) for name in ("key", "text", "is_witness"))
    drawn = ~is_witness
    fills = sample.may_fill[text_of]
    floor = max(1, min(FLOOR, size // max(1, len(sample.texts))))
    of_kind = [_bound(key[drawn & kind], size) for kind in (~fills, fills)]
    order = np.argsort(text_of.astype(least_type(len(sample.texts))), kind="stable")  # small numbers by radix sort
    ends = np.bincount(text_of + 1, minlength=len(sample.texts) + 1).cumsum()
    found = {}
    for k, text in enumerate(sample.texts):
        rows, may_fill = order[ends[k] : ends[k + 1]], bool(sample.may_fill[k])
        of_text = 0 if evenly and may_fill else _bound(key[rows[drawn[rows]]], floor)
        found[text] = max(of_text, min(of_kind) if evenly else of_kind[may_fill])
    return found


def _bound(key: Keys, size: int) -> int:
    return int(LARGEST) if key.size < size else int(np.partition(key, size - 1)[size - 1])


def _mixed(value: Keys) -> Keys:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(value ^ (value >> np.uint64(31)), np.uint64)


ROUGHLY = 1.25
"""Part of its size to which a sample grows before rows that others displaced are released."""


@dataclass(frozen=True, kw_only=True)
class NumberSummary(NumberCounts):
    """What is known of a column of numbers in some rows."""

    mean: float
    deviation: float
    """root of the mean squared distance from the mean: the sum of these squares may be beyond the range of numbers"""


class PartRead(NamedTuple):
    """A part as it was read."""

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

    def plus(self, other: "RowSummary", size: int) -> "RowSummary":
        """Add disjoint rows; of the samples those rows are released that others displace."""
        samples = {k: trimmed(merge_samples([one, other.samples[k]]), size) for k, one in self.samples.items()}
        return RowSummary(
            self.parts + other.parts,
            {column: _merged(numbers, other.numbers[column]) for column, numbers in self.numbers.items()},
            Counter(self.n_without_text) + Counter(other.n_without_text),
            {column: Counter(counts) + Counter(other.counts[column]) for column, counts in self.counts.items()},
            samples,
            None if self.weights is None or other.weights is None else self.weights.plus(other.weights),
        )


def scan_part(part: Part, what: tuple[ReadPlan, int, Mapping[int, Bounds]]) -> RowSummary:
    """Read a part for the first time.

    `what` says how, of how many rows of either kind a sample is, and for each column which cannot be drawn any more.
    """
    plan, size, known = what
    with open_as_planned(part, plan) as (source, dialect):
        tables = read_along(source, dialect, part, plan)
        found: list[RowSummary] = []
        asides: list[Asides] = []
        votes: Counter[int] = Counter()
        pieces: defaultdict[int, list[Sample]] = defaultdict(list)
        bound: defaultdict[int, Bounds] = defaultdict(dict, known)
        seen: set[int] = set()
        first_row = 0
        for table in tables:  # one at least, if an empty one
            data = source.read(table.start, table.stop - table.start)
            place = part.number, first_row, _witnesses(table, seen)
            for column, target in table.targets.items():
                n_known = int(target.counts[~target.may_fill].sum())
                votes[column] += n_known * (1 if target.quotes_always else -1) or target.quotes_always
                piece = trimmed(draw(table, column, *place, plan.request.seed, bound[column]), size)
                pieces[column].append(_with_records(piece, data, table, piece.rows["row"] - first_row))
                if sum(one.rows.size for one in pieces[column]) > ROUGHLY * 2 * size:
                    pieces[column] = [trimmed(merge_samples(pieces[column]), size)]
                    before, now = bound[column], bounds_of(pieces[column][0], size)
                    bound[column] = {**before, **{text: min(before.get(text, key), key) for text, key in now.items()}}
            weights = None
            if table.weights is not None and plan.weights is not None:
                weights = scale_of(checked_weights(plan.weights, table.weights, table.line_of))
            numbers = {column: _numbers(one) for column, one in table.numbers.items()}
            without_text = {column: one.n_missing for column, one in table.categories.items()}
            counts = {k: dict(zip(one.texts, one.counts.tolist(), strict=True)) for k, one in table.targets.items()}
            found.append(RowSummary((), numbers, without_text, counts, {}, weights))
            asides.append(table.asides)
            first_row += table.n_rows
        quotes_always = {column: n > 0 for column, n in votes.items()}
        compression, no_rows = source.compression, Asides.joined(asides)
        read = PartRead(first_row, table.size, table.sha256, compression, no_rows, quotes_always)
        samples = {column: trimmed(merge_samples(several), size) for column, several in pieces.items()}
        return reduce(partial(RowSummary.plus, size=size), found)._replace(parts=(read,), samples=samples)


def _numbers(column: NumberColumn) -> NumberSummary:
    values = None if column.n_bad or column.infinite else column.values
    mean, deviation = 0.0, 0.0
    if values is not None and column.n_numbers:
        shown = values[~np.isnan(values)]
        size = np.ldexp(1.0, int(np.frexp(np.abs(shown).max())[1]) - 1)  # a power of two, so that nothing is rounded
        mean, deviation = float((shown / size).mean() * size), float((shown / size).std() * size)
    return NumberSummary(mean=mean, deviation=deviation, **column.counts)


def _merged(a: NumberSummary, b: NumberSummary) -> NumberSummary:
    """Merge the moments by the formula of Chan, Golub & LeVeque (1983)."""
    n = a.n_numbers + b.n_numbers
    share = b.n_numbers / n if n else 0.0
    delta = b.mean - a.mean
    apart = math.sqrt(share * (1.0 - share)) * delta
    deviation = math.hypot(math.sqrt(1.0 - share) * a.deviation, math.sqrt(share) * b.deviation, apart)
    return NumberSummary(mean=a.mean + share * delta, deviation=deviation, **a.plus(b).counts)


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
    records = [data[start:stop] for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)]
    if records and not records[-1].endswith(b"\n"):
        records[-1] += table.dialect.newline or b"\n"
    sample.rows["n_bytes"] = [len(one) for one in records]
    return sample._replace(records=np.frombuffer(b"".join(records), np.uint8))
