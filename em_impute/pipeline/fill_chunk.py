"""The last pass over a part: its rows' labels by what was learnt, its bytes with the missing cells filled."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from em_impute.columns.labels import Labels
from em_impute.em.blocks import Floats, Integers
from em_impute.model.assign import BANDS, LEAST_CERTAIN, Fills, count_by_band, least_certain, most_probable
from em_impute.model.predict import Model, Said
from em_impute.pipeline.chunks import How, in_part, opened_part, table_chunks
from em_impute.pipeline.edits import make_edits
from em_impute.pipeline.files import Part, write
from em_impute.pipeline.scan import PartRead
from em_impute.pipeline.types import Completion, Opened
from em_impute.table.output import WrittenFile
from em_impute.table.patch import Edits, Portion, encoded, splice
from em_impute.table.read import Table
from em_impute.table.scan import BLOCK_BYTES
from em_impute.table.source import Source

__all__ = ["Filling", "PartFilled", "Totals", "Unsure", "fill_part", "nothing"]


@dataclass(frozen=True)
class Filling:
    """How a column is filled."""

    column: int
    name: str
    labels: tuple[str, ...]
    label_of: Mapping[str, int]
    """of every text of the column, −1 where it is missing"""
    model: Model | None
    """None where nothing is missing"""


class Unsure(NamedTuple):
    """A filled cell whose label is among the least certain."""

    probability: float
    part: int
    line: int
    label: int


@dataclass(frozen=True)
class Totals:
    """What was filled into some missing cells."""

    filled: Integers
    """(n_bands, n_labels) cells by the probability of their label"""
    expected: Floats
    """(n_labels,) sum of the probabilities"""
    wrong: float
    """sum of 1 − probability over the filled cells"""
    entropy: float
    lowest: float
    """probability of a filled cell; 1 if none is"""
    left_empty: Mapping[str, int]
    n_without_predictors: int
    least: tuple[Unsure, ...]
    """the least certain cells, ascending"""

    def merged(self, other: "Totals") -> "Totals":
        """Add what was filled elsewhere, further on."""
        return Totals(
            self.filled + other.filled,
            self.expected + other.expected,
            self.wrong + other.wrong,
            self.entropy + other.entropy,
            min(self.lowest, other.lowest),
            Counter(self.left_empty) + Counter(other.left_empty),
            self.n_without_predictors + other.n_without_predictors,
            tuple(sorted((*self.least, *other.least)))[:LEAST_CERTAIN],
        )


class PartFilled(NamedTuple):
    """A part, completed."""

    number: int
    file: WrittenFile | None  # None where nothing was to be written
    totals: dict[int, Totals]  # of each column that was filled


def fill_part(part: Part, what: tuple[How, tuple[Filling, ...], PartRead]) -> PartFilled:
    """Complete a part and write it, whole or not at all; `what` says how, with what, and what it was when it was read.

    Raises `TableError` where it is no longer the same, `OutputError` where it cannot be written.
    """
    how, fillings, read = what
    totals = {one.column: nothing(len(one.labels)) for one in fillings}
    with in_part(part, how), opened_part(part, how) as (source, dialect):
        portions = _portions(source, part, how, fillings, read, totals)
        changed = splice(source, portions, expect_sha256=read.sha256)
        if part.output:
            return PartFilled(part.number, write(part.output, encoded(changed, dialect)), totals)
        deque(changed, maxlen=0)
        return PartFilled(part.number, None, totals)


def nothing(n_labels: int) -> Totals:
    """Give what was filled into no cells."""
    return Totals(np.zeros((len(BANDS) - 1, n_labels), np.int64), np.zeros(n_labels), 0.0, 0.0, 1.0, Counter(), 0, ())


def _portions(
    source: Source, part: Part, how: How, fillings: Iterable[Filling], read: PartRead, totals: dict[int, Totals]
) -> Iterator[Portion]:
    """Fill chunk after chunk, adding up what was filled, and yield the edits in blocks."""
    is_first = True
    for chunk in table_chunks(part, how):
        table = replace(
            chunk,
            targets={
                column: replace(target, quotes_always=read.quotes_always[column])
                for column, target in chunk.targets.items()
            },
            # Names of columns that are added go to the header once.
            dialect=chunk.dialect if is_first else replace(chunk.dialect, has_header=False),
        )
        completions = []
        for one in fillings:
            completion, found = _filled(table, one, part.number, how)
            totals[one.column] = totals[one.column].merged(found)
            completions.append(completion)
        opened = Opened(source, part.path, table, [one.column for one in fillings], table.dialect.names, 0.0)
        yield from _in_blocks(0 if is_first else table.start, table.stop, make_edits(opened, completions, how.request))
        is_first = False


def _filled(table: Table, one: Filling, part: int, how: How) -> tuple[Completion, Totals]:
    """Choose labels for the rows of a chunk."""
    target, n_labels = table.targets[one.column], len(one.labels)
    label = np.array([one.label_of[text] for text in target.texts], np.intp)[target.code]
    row, request = np.flatnonzero(label < 0), how.request
    probability, totals = None, nothing(n_labels)
    fills = Fills(row[:0], row[:0], np.empty(0), np.zeros(n_labels))
    if one.model is not None and row.size:
        said = one.model.said(table, row)
        code, best = most_probable(said.probability, request.min_probability)
        count = np.bincount(said.place, minlength=said.probability.shape[0])
        fills = Fills(row, code[said.place], best[said.place], count @ said.probability)
        totals = _totals(fills, said, count, table.line_of, part)
        probability = said.probability[said.place] if request.probabilities else None
    labels = Labels(one.labels, label, (0,) * n_labels, {}, ())
    completion = Completion(one.column, one.name, labels, fills, None, None, None, probability, totals.entropy, {})
    return completion, totals


def _totals(fills: Fills, said: Said, count: Integers, line_of: Callable[[Integers], np.ndarray], part: int) -> Totals:
    """Add up what was filled; `count` (n_distinct,) says how many rows there are of each different one."""
    probability, least = fills.probability[fills.code >= 0], least_certain(fills)
    lines = line_of(fills.row[least]).tolist()
    unsure = zip(fills.probability[least].tolist(), lines, fills.code[least].tolist(), strict=True)
    empty = fills.row[fills.code < 0]
    n_blind = int(np.isin(empty, said.blind, assume_unique=True).sum())
    reasons = {"without_predictors": n_blind, "below_min_probability": empty.size - n_blind}
    return Totals(
        count_by_band(fills, said.probability.shape[1]),
        fills.expected,
        float((1.0 - probability).sum()),
        -float(count @ (said.probability * np.log(np.maximum(said.probability, 1e-300))).sum(axis=1)),
        float(probability.min(initial=1.0)),
        Counter({reason: n for reason, n in reasons.items() if n}),
        said.blind.size,
        tuple(sorted(Unsure(p, part, line, label) for p, line, label in unsure)),
    )


def _in_blocks(start: int, stop: int, edits: Edits) -> Iterator[Portion]:
    """Cut the edits of a chunk, which ends at `stop`, into blocks; none ends inside an edit."""
    done = 0
    while start < stop:
        start = min(start + BLOCK_BYTES, stop)
        n_edits = edits.start.size
        if start < stop:
            n_edits = int(np.searchsorted(edits.start, edits.start.dtype.type(start)))
        if n_edits > done:
            start = max(start, int(edits.stop[n_edits - 1]))
        yield start, edits.part(done, n_edits)
        done = n_edits
