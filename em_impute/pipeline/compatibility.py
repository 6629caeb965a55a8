"""What of a table a saved model was not made for: columns, cells, units, texts and labels, all named at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from em_impute.errors import DesignError
from em_impute.model.predict import Model
from em_impute.pipeline.types import Opened
from em_impute.saved_model.drift import Drift
from em_impute.table.read import NumberColumn
from em_impute.table.text import listed, plural, shown, shown_path

__all__ = ["BadCells", "Mismatch", "mismatch_of", "mismatch_remarks", "refuse_mismatch"]


class BadCells(NamedTuple):
    """Cells of a predictor that are no numbers."""

    name: str
    cells: int
    line: int
    reason: str
    """why none of its cells can be used; empty where these cells alone count as missing"""


@dataclass(frozen=True)
class Mismatch:
    """What of a table does not fit a model."""

    lacking: tuple[str, ...]
    """predictors that are not there"""
    bad: tuple[BadCells, ...]
    new_labels: tuple[tuple[str, int], ...]
    """labels that the model does not know, and how many rows have each"""

    @property
    def unusable(self) -> tuple[str, ...]:
        """The predictors that cannot be read at all."""
        return tuple(one.name for one in self.bad if one.reason)


def mismatch_of(model: Model, opened: Opened, new_labels: tuple[tuple[str, int], ...]) -> Mismatch:
    """Compare the columns of a table, read for the model, with those it needs."""
    coding = model.everyone.coding
    numbers = [feature.name for feature in coding.features if feature.category is None]
    there = [(name, opened.table.numbers[coding.column[name]]) for name in numbers if name in coding.column]
    lacking = [name for name in coding.names if name not in coding.column]
    if model.groups is not None and model.groups.column is None and model.groups.name not in lacking:
        lacking.append(model.groups.name)
    return Mismatch(tuple(lacking), tuple(_bad_cells(there)), new_labels)


def _bad_cells(columns: list[tuple[str, NumberColumn]]) -> Iterator[BadCells]:
    for name, column in columns:
        if column.infinite:
            yield BadCells(name, column.n_infinite, column.infinite[0], "holds infinite values")
        if column.n_bad:
            line = column.bad_examples[0][0]
            reason = "holds numbers with a decimal comma" if column.decimal_comma else ""
            reason = reason or ("holds no numbers" if not column.n_numbers else "")
            yield BadCells(name, column.n_bad, line, reason)


def refuse_mismatch(found: Mismatch, drift: Drift, source: str, path: str) -> None:
    """Raise DesignError, naming everything that does not fit, where fills would be nonsense."""
    units = [f"{shown(one.name)} holds numbers {one.unit.words}" for one in drift.predictors if one.unit]
    unusable = [f"{shown(one.name)} {one.reason} (line {one.line})" for one in found.bad if one.reason]
    if not (units or unusable):
        return
    lacking = [f"{shown(name)} is not there" for name in found.lacking]
    unseen = [
        f"{shown(one.name)} holds texts that are new in {plural(one.unseen.rows, 'row')}"
        for one in drift.predictors
        if one.unseen
    ]
    clauses = [*units, *unusable, *lacking, *map(_cells, found.bad), *unseen, *map(_label, found.new_labels)]
    message = f"{shown_path(source)} does not fit the model {shown_path(path)}: {'; '.join(filter(None, clauses))}"
    raise DesignError(message, "bring these columns into the form the model learnt, or fit anew without --model")


def mismatch_remarks(found: Mismatch) -> list[tuple[str, str]]:
    """List what does not fit but does no harm beyond itself: (code, message)."""
    remarks = []
    if found.lacking:
        names = listed([shown(name) for name in found.lacking])
        remarks.append(("W24", f"Predictors of the model are not there and count as missing in every row: {names}."))
    cells = [clause for one in found.bad if (clause := _cells(one))]
    if cells:
        remarks.append(("W30", f"Cells that are no numbers count as missing: {listed(cells, separator='; ')}."))
    if found.new_labels:
        labels = listed([_label(one) for one in found.new_labels])
        remarks.append(("W31", f"The model does not know every label: {labels}. It fills in none of these."))
    return remarks


def _cells(one: BadCells) -> str:
    return "" if one.reason else f"{shown(one.name)} in {plural(one.cells, 'cell')}, the first on line {one.line}"


def _label(one: tuple[str, int]) -> str:
    label, count = one
    return f"{shown(label)} in {plural(count, 'row')}"
