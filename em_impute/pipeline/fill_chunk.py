"""The last pass over a part: its rows' labels by what was learnt, its bytes with the missing cells filled."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from em_impute.columns.labels import Labels
from em_impute.em.blocks import Floats, Integers
from em_impute.model.assign import BANDS, LEAST_CERTAIN, Fills, count_by_band, least_certain
from em_impute.model.predict import Model
from em_impute.pipeline.apply import predicted_fills
from em_impute.pipeline.chunks import ReadPlan, in_part, opened_part, table_chunks
from em_impute.pipeline.edits import make_edits
from em_impute.pipeline.files import Part, write
from em_impute.pipeline.scan import PartRead
from em_impute.pipeline.types import ColumnResult, InputTable, no_fills
from em_impute.table.output import WrittenFile
from em_impute.table.patch import Portion, encoded, in_portions, splice
from em_impute.table.read import Table
from em_impute.table.source import Source


@dataclass(frozen=True)
class ColumnFiller:
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


class PartResult(NamedTuple):
    """A part, completed."""

    number: int
    file: WrittenFile | None  # None where nothing was to be written
    totals: dict[int, Totals]  # of each column that was filled


def fill_part(part: Part, what: tuple[ReadPlan, tuple[ColumnFiller, ...], PartRead]) -> PartResult:
    """Complete a part and write it, whole or not at all; `what` says how, with what, and what it was when it was read.

    Raises `TableError` where it is no longer the same, `OutputError` where it cannot be written.
    """
    plan, fillers, read = what
    totals = {one.column: nothing(len(one.labels)) for one in fillers}
    with in_part(part, plan), opened_part(part, plan) as (source, dialect):
        portions = _portions(source, part, plan, fillers, read, totals)
        changed = splice(source, portions, expect_sha256=read.sha256)
        if part.output:
            return PartResult(part.number, write(part.output, encoded(changed, dialect)), totals)
        deque(changed, maxlen=0)
        return PartResult(part.number, None, totals)


def nothing(n_labels: int) -> Totals:
    """Give what was filled into no cells."""
    return Totals(np.zeros((len(BANDS) - 1, n_labels), np.int64), np.zeros(n_labels), 0.0, 0.0, 1.0, Counter(), 0, ())


def _portions(
    source: Source,
    part: Part,
    plan: ReadPlan,
    fillers: Iterable[ColumnFiller],
    read: PartRead,
    totals: dict[int, Totals],
) -> Iterator[Portion]:
    """Fill chunk after chunk, adding up what was filled, and yield the edits in blocks."""
    is_first = True
    for chunk in table_chunks(part, plan):
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
        for one in fillers:
            completion, found = _filled(table, one, part.number, plan)
            totals[one.column] = totals[one.column].merged(found)
            completions.append(completion)
        opened = InputTable(source, part.path, table, [one.column for one in fillers], table.dialect.names, 0.0)
        yield from in_portions(
            make_edits(opened, completions, plan.request), 0 if is_first else table.start, table.stop
        )
        is_first = False


def _filled(table: Table, one: ColumnFiller, part: int, plan: ReadPlan) -> tuple[ColumnResult, Totals]:
    """Choose labels for the rows of a chunk."""
    target, n_labels = table.targets[one.column], len(one.labels)
    label = np.array([one.label_of[text] for text in target.texts], np.intp)[target.code]
    labels = Labels(one.labels, label, (0,) * n_labels, {}, ())
    if one.model is None:
        return ColumnResult(one.column, one.name, labels, no_fills(n_labels)), nothing(n_labels)
    row = np.flatnonzero(label < 0)
    fills, probability, entropy, without_predictors = predicted_fills(one.model, table, row, n_labels, plan.request)
    totals = _totals(fills, n_labels, entropy, without_predictors, table, part)
    return ColumnResult(one.column, one.name, labels, fills, probability), totals


def _totals(
    fills: Fills, n_labels: int, entropy: float, without_predictors: Integers, table: Table, part: int
) -> Totals:
    """Add up what was filled."""
    probability, least = fills.probability[fills.code >= 0], least_certain(fills)
    lines = table.line_of(fills.row[least]).tolist()
    unsure = zip(fills.probability[least].tolist(), lines, fills.code[least].tolist(), strict=True)
    empty = fills.row[fills.code < 0]
    n_without_predictors = int(np.isin(empty, without_predictors, assume_unique=True).sum())
    reasons = {"without_predictors": n_without_predictors, "below_min_probability": empty.size - n_without_predictors}
    return Totals(
        count_by_band(fills, n_labels),
        fills.expected,
        float((1.0 - probability).sum()),
        entropy,
        float(probability.min(initial=1.0)),
        Counter({reason: n for reason, n in reasons.items() if n}),
        without_predictors.size,
        tuple(sorted(Unsure(p, part, line, label) for p, line, label in unsure)),
    )
