"""Rows drawn at random, whatever the order in which the parts are read: those whose numbers hash to the least.

Of a column's rows with a label as many are drawn as of those without one, and of every label some, however rare.  The
same rows are drawn whether a table is read at once, in chunks, in parts, or by many processes: a bottom-k sketch
(Cohen & Kaplan 2007, "Summarizing data using bottom-k sketches").
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.table.arrays import least_type
from em_impute.table.read import Table

FLOOR = 1000
"""Rows of every label at least, if it has so many."""

Keys = NDArray[np.uint64]
Flags = NDArray[np.bool_]

OF_ROWS = ("key", "part", "row", "line", "text", "is_witness", "n_bytes")
"""What a sample holds of each row beside its record."""

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


NO_BOUNDS = Bounds(int(LARGEST), int(LARGEST), {})
"""Any row may be drawn."""


class Place(NamedTuple):
    """A chunk among the rows of all parts."""

    part: int
    first_row: int  # in its part
    witnesses: NDArray[np.intp]  # rows of the chunk that are shown whether they are drawn or not


@dataclass(frozen=True)
class Sample:
    """Rows of a table, in its order, with the bytes of their records: all of it arrays, which are cheap to send."""

    key: Keys
    """(n,) what decides whether it is drawn"""
    part: NDArray[np.int32]
    row: NDArray[np.int64]
    """(n,) in its part"""
    line: NDArray[np.int64]
    """(n,) at which its record begins"""
    text: NDArray[np.int32]
    """(n,) what its cell holds: index into `texts`"""
    is_witness: Flags
    """(n,) not drawn, but shown since some column holds there what others do not"""
    n_bytes: NDArray[np.int64]
    """(n,) of its record, with a line end"""
    records: NDArray[np.uint8]
    """the bytes of all records, one after the other"""
    texts: tuple[str, ...]
    may_fill: Flags
    """(n_texts,) whether such a cell may be one to fill"""

    @property
    def n_rows(self) -> int:
        """Count the rows."""
        return self.key.size

    def keep(self, rows: Flags) -> "Sample":
        """Release all rows but some: (n,)."""
        if rows.all():
            return self
        kept = {name: getattr(self, name)[rows] for name in OF_ROWS}
        return replace(self, **kept, records=self.records[np.repeat(rows, self.n_bytes)])


def draw(table: Table, column: int, place: Place, seed: int, bounds: Bounds) -> Sample:
    """Find the rows of a chunk that may belong to the sample, without their records."""
    target, witnesses = table.targets[column], place.witnesses
    key = _hash(seed, place.part, np.arange(place.first_row, place.first_row + table.n_rows))
    either = np.where(target.may_fill, np.uint64(bounds.missing), np.uint64(bounds.known))  # (n_texts,)
    own = np.array([bounds.texts.get(text, int(LARGEST)) for text in target.texts], np.uint64)
    may = key <= np.maximum(either, own)[target.code]
    may[witnesses] = True
    row = np.flatnonzero(may)
    return Sample(
        key[row],
        np.full(row.size, place.part, np.int32),
        row + place.first_row,
        table.line_of(row),
        target.code[row].astype(np.int32),
        np.isin(row, witnesses, assume_unique=True),
        np.zeros(row.size, np.int64),
        np.empty(0, np.uint8),
        target.texts,
        target.may_fill,
    )


def merge_samples(samples: Sequence[Sample]) -> Sample:
    """Put samples one after the other; texts are numbered by their first appearance."""
    number: dict[str, int] = {}
    may_fill: list[bool] = []
    codes = []
    for one in samples:
        for text, may in zip(one.texts, one.may_fill.tolist(), strict=True):
            if text not in number:
                number[text] = len(number)
                may_fill.append(may)
        codes.append(np.array([number[text] for text in one.texts], np.int32)[one.text])
    rows = {name: np.concatenate([getattr(one, name) for one in samples]) for name in (*OF_ROWS, "records")}
    rows["text"] = np.concatenate(codes)
    return Sample(**rows, texts=tuple(number), may_fill=np.array(may_fill, np.bool_))


def trimmed(sample: Sample, wanted: Wanted) -> Sample:
    """Release the rows that others of lesser keys displace."""
    bounds = bounds_of(sample, wanted)
    either = np.where(sample.may_fill, np.uint64(bounds.missing), np.uint64(bounds.known))
    own = np.array([bounds.texts[text] for text in sample.texts], np.uint64)
    return sample.keep((sample.key <= np.maximum(either, own)[sample.text]) | sample.is_witness)


def bounds_of(sample: Sample, wanted: Wanted) -> Bounds:
    """Find the key of the last row that is drawn, of either kind and of every text."""
    drawn = ~sample.is_witness
    fills = sample.may_fill[sample.text]
    floor = max(1, min(FLOOR, wanted.size // max(1, len(sample.texts))))
    known, missing = (_bound(sample.key[drawn & kind], wanted.size) for kind in (~fills, fills))
    order = np.argsort(sample.text.astype(least_type(len(sample.texts))), kind="stable")  # small numbers by radix sort
    ends = np.bincount(sample.text + 1, minlength=len(sample.texts) + 1).cumsum()
    texts = {}
    for k, text in enumerate(sample.texts):
        rows = order[ends[k] : ends[k + 1]]
        texts[text] = _bound(sample.key[rows[drawn[rows]]], floor)
    return Bounds(known, missing, texts)


def evenly(sample: Sample, wanted: Wanted) -> Sample:
    """Keep rows with and without a label at one rate, beside the few of each label that are always kept."""
    bounds = bounds_of(sample, wanted)
    least = min(bounds.known, bounds.missing)
    own = np.array([bounds.texts[text] for text in sample.texts], np.uint64)
    own[sample.may_fill] = 0
    return sample.keep((sample.key <= np.maximum(np.uint64(least), own)[sample.text]) | sample.is_witness)


def _bound(key: Keys, size: int) -> int:
    return int(LARGEST) if key.size < size else int(np.partition(key, size - 1)[size - 1])


def _hash(seed: int, part: int, row: NDArray[np.int64]) -> Keys:
    """Give every row a number as if at random: the finaliser of SplitMix64 (Steele, Lea & Flood 2014), twice."""
    start = _mixed(np.array([seed], np.uint64) + np.uint64(part + 1) * np.array([0x9E3779B97F4A7C15], np.uint64))
    return _mixed(start + (row.astype(np.uint64) + np.uint64(1)) * np.array([0x9E3779B97F4A7C15], np.uint64))


def _mixed(value: Keys) -> Keys:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(value ^ (value >> np.uint64(31)), np.uint64)
