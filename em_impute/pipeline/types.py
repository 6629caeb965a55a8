"""The values that pass between the stages of the story: a table that has been read, a column that was completed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.deduplicate import Key
from em_impute.columns.labels import Labels
from em_impute.columns.predictors import Column, Known, Rejected
from em_impute.columns.readings import Reading, made_names, times_of
from em_impute.columns.same_label import SameLabel, find_same_label, same_label_of
from em_impute.diagnostics.diagnose import Diagnostics
from em_impute.em.blocks import Floats
from em_impute.model.column import FittedColumn
from em_impute.model.fills import Fills
from em_impute.table.columns import CategoryColumn, Codes
from em_impute.table.read import Table
from em_impute.table.source import Source


@dataclass(frozen=True)
class InputTable:
    """A table that has been read, its source still open for the second pass."""

    source: Source
    """Bytes to patch, in a form that is transparent to ASCII."""
    name: str
    """What to call the input in messages."""
    table: Table
    targets: Sequence[int]
    """The columns to fill."""
    names: Sequence[str]
    """What to call every column: its name, with its number where that is empty or not the only one."""
    seconds: float
    """Time that reading took."""
    weight: Floats | None = None
    """(n_rows,) how much each row counts, with mean 1 over those that do; None counts all alike"""
    groups: tuple[str, CategoryColumn] | None = None
    """The column that divides the rows, and what to call it."""
    same: Key | None = None
    """The column of which the user said that rows with one value have one label."""
    is_sample: bool = False
    """Most rows of the table are elsewhere, so that siblings of these are not at hand."""
    readings: tuple[Reading, ...] = ()
    """How columns of texts became numbers; those that are made of one column stand behind all columns."""
    unsettled: tuple[str, ...] = ()
    """The columns of dates in which nothing tells the day from the month."""
    told: frozenset[str] = frozenset()
    """The columns whose kinds are no question, since the user has named them or they were made of texts."""
    left: Sequence[Rejected] = ()
    """Columns with gaps that cannot be filled, where none was named."""

    def apart_from(self, column: int) -> "InputTable":
        """Take a column to fill, which others to fill may have as a predictor, from its own predictors."""
        if column not in self.table.numbers:
            return self
        made = made_names([one for one in self.readings if one.index == column])
        apart = {column, *(index for index, name in enumerate(self.names) if name in made)}
        numbers = {index: one for index, one in self.table.numbers.items() if index not in apart}
        categories = {index: one for index, one in self.table.categories.items() if index not in apart}
        readings = tuple(one for one in self.readings if one.index != column)
        return replace(self, table=replace(self.table, numbers=numbers, categories=categories), readings=readings)

    @property
    def columns(self) -> list[Column]:
        """Every column that was examined for numbers, by what to call it."""
        return [(self.names[index], numbers) for index, numbers in self.table.numbers.items()]

    @property
    def categories(self) -> list[tuple[str, CategoryColumn]]:
        """Those of them that hold text, by what to call them."""
        return [(self.names[index], category) for index, category in self.table.categories.items()]

    def without(self, cells: Mapping[str, NDArray[np.intp]]) -> "InputTable":
        """Take some predictors for missing, each named with the rows in which it is."""
        numbers, categories = dict(self.table.numbers), dict(self.table.categories)
        for index, name in enumerate(self.names):
            if name in cells and index in numbers:
                numbers[index] = numbers[index].without(cells[name])
            if name in cells and index in categories:
                categories[index] = categories[index].without(cells[name])
        return replace(self, table=replace(self.table, numbers=numbers, categories=categories))

    @property
    def known(self) -> Known:
        """What is known of the columns beside their cells."""
        return Known(told=self.told, times=times_of(self.readings), are_read=bool(self.readings))

    @property
    def keys(self) -> list[Key]:
        """The columns whose values may say which rows belong together, by what to call them: put together each time."""
        groups = [] if self.groups is None else [(self.groups[0], self.groups[1].key_code)]
        texts = [(name, column.key_code) for name, column in self.categories]
        as_text = dict(texts)
        numbers = [(name, column.key_code) for name, column in self.columns if name not in as_text]
        return [(name, code) for name, code in [*groups, *texts, *numbers] if code is not None]

    def same_label(self, label: Codes, keys: Sequence[Key]) -> SameLabel | None:
        """Give the column of which rows with one value have one label: as the user says, or one of `keys`."""
        if self.same is not None:
            return replace(same_label_of(self.same, label), is_binding=True)
        if self.is_sample:
            return None
        as_text = {name for name, _ in self.categories}
        return find_same_label(keys, [name for name, _ in self.columns if name not in as_text], label)


class ColumnResult(NamedTuple):
    """One column, completed."""

    column: int
    target: str  # the name of the column
    labels: Labels
    fills: Fills
    timings: Mapping[str, float] = {}
    fitted: FittedColumn | None = None  # None when nothing was fitted
    diagnostics: Diagnostics | None = None  # what can be said of fills and labels; None when nothing was missing
