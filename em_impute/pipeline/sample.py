"""Rows drawn at random, whatever the order in which the parts are read: those whose numbers hash to the least.

Of a column's rows with a label as many are drawn as of those without one, and of every label some, however rare.  The
same rows are drawn whether a table is read at once, in chunks, in parts, or by many processes: a bottom-k sketch
(Cohen & Kaplan 2007, "Summarizing data using bottom-k sketches").
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.table.read import Table

__all__ = [
    "NO_BOUNDS",
    "Bounds",
    "Drawn",
    "Place",
    "Records",
    "Sample",
    "Wanted",
    "bounds_of",
    "draw",
    "evenly",
    "merge_samples",
    "trimmed",
]

WASTE = 4.0
"""So many times their own bytes may the pieces hold that records are in."""

FLOOR = 1000
"""Rows of every label at least, if it has so many."""

Keys = NDArray[np.uint64]
Flags = NDArray[np.bool_]

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


class Drawn(NamedTuple):
    """Rows of one chunk, before they are joined with others."""

    key: Keys  # (n,)
    row: NDArray[np.int64]  # (n,) in the chunk
    is_witness: Flags  # (n,)


@dataclass(frozen=True)
class Records:
    """The bytes of some records, in few pieces, which are quicker to send than many."""

    pieces: tuple[bytes, ...]
    piece: NDArray[np.int32]
    """(n,) the piece that holds each record"""
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    """(n,) its place there"""

    @classmethod
    def of(cls, records: Sequence[bytes]) -> "Records":
        """Put records together."""
        ends = np.cumsum([0, *map(len, records)])
        return cls((b"".join(records),), np.zeros(len(records), np.int32), ends[:-1], ends[1:])

    @classmethod
    def merged(cls, several: Sequence["Records"]) -> "Records":
        """Put several side by side; they are put together once most of the bytes are of no record."""
        first = np.cumsum([0, *(len(one.pieces) for one in several)]).tolist()
        piece = np.concatenate([one.piece + np.int32(at) for one, at in zip(several, first, strict=False)])
        start, stop = (np.concatenate([getattr(one, name) for one in several]) for name in ("start", "stop"))
        return cls(tuple(chain.from_iterable(one.pieces for one in several)), piece, start, stop)

    def take(self, rows: NDArray[np.intp]) -> "Records":
        """Keep some of them, and the others' bytes too, unless these are the most."""
        kept = Records(self.pieces, self.piece[rows], self.start[rows], self.stop[rows])
        wasted = sum(map(len, self.pieces)) > WASTE * int((kept.stop - kept.start).sum())
        return Records.of(list(kept)) if wasted else kept

    def __iter__(self) -> Iterator[bytes]:
        places = zip(self.piece.tolist(), self.start.tolist(), self.stop.tolist(), strict=True)
        return (self.pieces[piece][start:stop] for piece, start, stop in places)


@dataclass(frozen=True)
class Sample:
    """Rows of a table, each with the bytes of its record."""

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
    records: Records
    texts: tuple[str, ...]
    may_fill: Flags
    """(n_texts,) whether such a cell may be one to fill"""

    @property
    def n_rows(self) -> int:
        """Count the rows."""
        return self.key.size

    def take(self, rows: NDArray[np.intp]) -> "Sample":
        """Keep some rows."""
        return replace(
            self,
            key=self.key[rows],
            part=self.part[rows],
            row=self.row[rows],
            line=self.line[rows],
            text=self.text[rows],
            is_witness=self.is_witness[rows],
            records=self.records.take(rows),
        )


def draw(table: Table, column: int, place: Place, seed: int, bounds: Bounds) -> Drawn:
    """Find the rows of a chunk that may belong to the sample."""
    target, witnesses = table.targets[column], place.witnesses
    key = _hash(seed, place.part, np.arange(place.first_row, place.first_row + table.n_rows))
    either = np.where(target.may_fill, np.uint64(bounds.missing), np.uint64(bounds.known))  # (n_texts,)
    own = np.array([bounds.texts.get(text, int(LARGEST)) for text in target.texts], np.uint64)
    may = key <= np.maximum(either, own)[target.code]
    may[witnesses] = True
    row = np.flatnonzero(may)
    return Drawn(key[row], row, np.isin(row, witnesses, assume_unique=True))


def merge_samples(samples: Sequence[Sample]) -> Sample:
    """Put samples together; texts are numbered by their first appearance."""
    number: dict[str, int] = {}
    may_fill: list[bool] = []
    codes = []
    for one in samples:
        for text, may in zip(one.texts, one.may_fill.tolist(), strict=True):
            if text not in number:
                number[text] = len(number)
                may_fill.append(may)
        codes.append(np.array([number[text] for text in one.texts], np.int32)[one.text])
    key, part, row, line, is_witness = (
        np.concatenate([getattr(one, name) for one in samples]) for name in ("key", "part", "row", "line", "is_witness")
    )
    code, records = np.concatenate(codes), Records.merged([one.records for one in samples])
    return Sample(key, part, row, line, code, is_witness, records, tuple(number), np.array(may_fill, np.bool_))


def trimmed(sample: Sample, wanted: Wanted) -> Sample:
    """Let go of the rows that others of lesser keys displace."""
    bounds = bounds_of(sample, wanted)
    either = np.where(sample.may_fill, np.uint64(bounds.missing), np.uint64(bounds.known))
    own = np.array([bounds.texts[text] for text in sample.texts], np.uint64)
    kept = (sample.key <= np.maximum(either, own)[sample.text]) | sample.is_witness
    return sample if kept.all() else sample.take(np.flatnonzero(kept))


def bounds_of(sample: Sample, wanted: Wanted) -> Bounds:
    """Find the key of the last row that is drawn, of either kind and of every text."""
    drawn = ~sample.is_witness
    fills = sample.may_fill[sample.text]
    floor = max(1, min(FLOOR, wanted.size // max(1, len(sample.texts))))
    known, missing = (_bound(sample.key[drawn & kind], wanted.size) for kind in (~fills, fills))
    order = np.argsort(sample.text, kind="stable")
    ends = np.searchsorted(sample.text[order], np.arange(len(sample.texts) + 1))
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
    kept = (sample.key <= np.maximum(np.uint64(least), own)[sample.text]) | sample.is_witness
    return sample.take(np.flatnonzero(kept))


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
