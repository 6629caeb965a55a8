"""Rows drawn at random, whatever the order in which the parts are read: those whose numbers hash to the least.

Of a column's rows with a label as many are drawn as of those without one, and of every label some, however rare.  The
same rows are drawn whether a table is read at once, in chunks, in parts, or by many processes: a bottom-k sketch
(Cohen & Kaplan 2007, "Summarizing data using bottom-k sketches").
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.table.columns import least_type
from em_impute.table.read import Table

FLOOR = 1000
"""Rows of every label at least, if it has so many."""

Keys = NDArray[np.uint64]
Flags = NDArray[np.bool_]

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


class Wanted(NamedTuple):
    """What is drawn."""

    size: int  # rows of either kind
    seed: int


class Bounds(NamedTuple):
    """Keys beyond which no row can be drawn any more."""

    known: int
    missing: int
    texts: dict[str, int]

    def tightened(self, other: "Bounds") -> "Bounds":
        """Take the tighter one of either."""
        texts = {text: min(self.texts.get(text, key), key) for text, key in other.texts.items()}
        return Bounds(min(self.known, other.known), min(self.missing, other.missing), {**self.texts, **texts})

    def of(self, texts: Sequence[str], may_fill: Flags) -> Keys:
        """Give the key beyond which no row that holds one of these texts can be drawn: (n_texts,)."""
        own = np.array([self.texts.get(text, int(LARGEST)) for text in texts], np.uint64)
        return np.maximum(np.where(may_fill, np.uint64(self.missing), np.uint64(self.known)), own)


NO_BOUNDS = Bounds(int(LARGEST), int(LARGEST), {})
"""Any row may be drawn."""


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
        bound = bounds.of(self.texts, self.may_fill)[self.rows["text"]]
        return self.keep((self.rows["key"] <= bound) | self.rows["is_witness"])


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
    may = key <= bounds.of(target.texts, target.may_fill)[target.code]
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


def trimmed(sample: Sample, wanted: Wanted) -> Sample:
    """Release the rows that others of lesser keys displace."""
    return sample.within(bounds_of(sample, wanted))


def bounds_of(sample: Sample, wanted: Wanted) -> Bounds:
    """Find the key of the last row that is drawn, of either kind and of every text."""
    key, text_of, is_witness = (np.ascontiguousarray(sample.rows[name]) for name in ("key", "text", "is_witness"))
    drawn = ~is_witness
    fills = sample.may_fill[text_of]
    floor = max(1, min(FLOOR, wanted.size // max(1, len(sample.texts))))
    known, missing = (_bound(key[drawn & kind], wanted.size) for kind in (~fills, fills))
    order = np.argsort(text_of.astype(least_type(len(sample.texts))), kind="stable")  # small numbers by radix sort
    ends = np.bincount(text_of + 1, minlength=len(sample.texts) + 1).cumsum()
    texts = {}
    for k, text in enumerate(sample.texts):
        rows = order[ends[k] : ends[k + 1]]
        texts[text] = _bound(key[rows[drawn[rows]]], floor)
    return Bounds(known, missing, texts)


def evenly(sample: Sample, wanted: Wanted) -> Sample:
    """Keep rows with and without a label at one rate, beside the few of each label that are always kept."""
    bounds = bounds_of(sample, wanted)
    least = min(bounds.known, bounds.missing)
    fills = [text for text, may in zip(sample.texts, sample.may_fill, strict=True) if may]
    return sample.within(Bounds(least, least, {**bounds.texts, **dict.fromkeys(fills, 0)}))


def _bound(key: Keys, size: int) -> int:
    return int(LARGEST) if key.size < size else int(np.partition(key, size - 1)[size - 1])


def _mixed(value: Keys) -> Keys:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(value ^ (value >> np.uint64(31)), np.uint64)
