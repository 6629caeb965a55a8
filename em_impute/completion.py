"""The values that pass between the stages of the story: a table that has been read, a column that was completed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from em_impute.choose import Fills
from em_impute.design import Column, Design
from em_impute.engine.blocks import Floats
from em_impute.engine.mixture import Mixture
from em_impute.findings.examine import Findings
from em_impute.grouping import Group, OwnFit
from em_impute.labels import Labels
from em_impute.select import Choice
from em_impute.table.read import CategoryColumn, Table
from em_impute.table.source import Source

__all__ = ["Completion", "Opened"]


@dataclass(frozen=True)
class Opened:
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

    def let_go(self) -> None:
        """Let go of the predictors as they were read, when nothing more is to be learnt from them: they are large."""
        self.table.numbers.clear()
        self.table.categories.clear()

    @property
    def columns(self) -> list[Column]:
        """Every column that was examined for numbers, by what to call it."""
        return [(self.names[index], numbers) for index, numbers in self.table.numbers.items()]

    @property
    def categories(self) -> list[tuple[str, CategoryColumn]]:
        """Those of them that hold text, by what to call them."""
        return [(self.names[index], category) for index, category in self.table.categories.items()]


@dataclass(frozen=True)
class Completion:
    """One column, completed."""

    column: int
    target: str
    """The name of the column."""
    labels: Labels
    fills: Fills
    design: Design | None
    """None when nothing was missing: then nothing was fitted."""
    choice: Choice | None
    mixture: Mixture | None
    probability: Floats | None
    """(n_missing, n_labels), kept only if asked for"""
    entropy: float
    """of the posterior, summed over the missing cells, in nats"""
    timings: Mapping[str, float]
    findings: Findings | None = None
    """What can be said of the fills and of the labels; None when nothing was missing."""
    groups: tuple[Group, ...] | None = None
    """The groups that --by divides the rows into."""
    drawn: NDArray[np.int16] | None = None
    """(n_imputations, n_missing) labels drawn, one row an imputed table; None where none was asked for"""
    own: tuple[OwnFit, ...] = ()
    """The fits of those groups that have one."""
