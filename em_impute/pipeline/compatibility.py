"""How a table compares with what a saved model was made for.

Columns, cells, units, texts and labels that do not fit are named all at once; rows are described as those of the
training are, so that the two can be compared and added up.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np

from em_impute.columns.labels import Labels
from em_impute.columns.readings import not_numbers
from em_impute.em.blocks import Floats, slices
from em_impute.errors import DesignError, option
from em_impute.model.predict import Coding, Model
from em_impute.pipeline.open import InputTable
from em_impute.saved_model.distributions import TextDistribution, count_numbers, count_texts, unit_factor
from em_impute.saved_model.drift import DataProfile
from em_impute.saved_model.store import SavedColumn
from em_impute.saved_model.values import Drift
from em_impute.table.number_columns import NumberColumn
from em_impute.table.text import listed, plural, shown, shown_path


class BadCells(NamedTuple):
    """Cells of a predictor that are no numbers."""

    name: str
    cells: int
    line: int
    reason: str  # why none of its cells can be used; empty where these cells alone count as missing


class Mismatch(NamedTuple):
    """What of a table does not fit a model."""

    lacking: tuple[str, ...]  # predictors that are not there
    bad: tuple[BadCells, ...]
    new_labels: tuple[tuple[str, int], ...]  # labels that the model does not know, and how many rows have each


def mismatch_of(model: Model, opened: InputTable, new_labels: tuple[tuple[str, int], ...]) -> Mismatch:
    """Compare the columns of a table, read for the model, with those it needs."""
    coding = model.pooled.coding
    numbers = [feature.name for feature in coding.features if feature.category is None]
    source = {name: one.column for one in model.readings for name in one.names}
    found = {source.get(name, name): coding.column[name] for name in numbers if name in coding.column}
    there = [(name, opened.table.numbers[index]) for name, index in found.items()]
    lacking = [*dict.fromkeys(source.get(name, name) for name in coding.names if name not in coding.column)]
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
    units = [f"{shown(one.name)} holds numbers {one.other_unit}" for one in drift.predictors if one.other_unit]
    unusable = [f"{shown(one.name)} {one.reason} (line {one.line})" for one in found.bad if one.reason]
    if not (units or unusable):
        return
    lacking = [f"{shown(name)} is not there" for name in found.lacking]
    unseen = [
        f"{shown(one.name)} holds texts that are new in {plural(one.unseen[0], 'row')}"
        for one in drift.predictors
        if one.unseen
    ]
    clauses = [*units, *unusable, *lacking, *map(_cells, found.bad), *unseen, *map(_label, found.new_labels)]
    message = f"{shown_path(source)} does not fit the model {shown_path(path)}: {'; '.join(filter(None, clauses))}"
    raise DesignError(
        message, f"bring these columns into the form the model was fitted to, or fit anew without {option('model')}"
    )


def mismatch_warnings(found: Mismatch) -> list[tuple[str, str]]:
    """List what does not fit but does no harm beyond itself: (code, message)."""
    warnings = []
    if found.lacking:
        names = listed([shown(name) for name in found.lacking])
        warnings.append(
            ("W24", f"Predictors of the model that are not in this table count as missing in every row: {names}.")
        )
    cells = {one.name: clause for one in found.bad if (clause := _cells(one))}
    if cells:
        warnings.append(("W30", not_numbers(cells)))
    if found.new_labels:
        labels = listed([_label(one) for one in found.new_labels])
        warnings.append(("W31", f"Labels that the model does not know, and never fills in: {labels}."))
    return warnings


def _cells(one: BadCells) -> str:
    return "" if one.reason else f"{shown(one.name)} in {plural(one.cells, 'cell')}, the first on line {one.line}"


def _label(one: tuple[str, int]) -> str:
    label, count = one
    return f"{shown(label)} in {plural(count, 'row')}"


def describe(saved: SavedColumn, opened: InputTable, labels: Labels, *, without: Collection[str]) -> DataProfile:
    """Describe all rows of a table, be their labels known or not; those that the model does not know count as new.

    Predictors that are not there are left out, as are those `without` which it is to be.
    """
    coding, then = saved.model.pooled.coding, saved.training.summary
    there = coding.column.keys() - without
    numbers, units = {}, {}
    for name in filter(there.__contains__, then.numbers):
        values, weights = _numbers(opened.table.numbers[coding.column[name]], opened.weight)
        numbers[name] = count_numbers(then.numbers[name], values, weights)
        unit = unit_factor(then.numbers[name], numbers[name], values, weights)
        if unit is not None:
            units[name] = unit.words
    texts = {name: _texts(coding, name, one, opened) for name, one in then.texts.items() if name in there}
    counted = count_texts(then.labels.texts, labels.labels, labels.label, opened.weight)
    return DataProfile(numbers, texts, counted, units)


def _numbers(column: NumberColumn, weight: Floats | None) -> tuple[Floats, Floats | None]:
    """Give the numbers of a column, different ones where it is coded, and for how many rows each stands."""
    if column.numbers is None:
        raise AssertionError("columns that are named are never dropped")
    if column.code is None:
        return column.numbers, weight
    counts = np.zeros(column.numbers.size)
    for some in slices(column.code.size):  # codes of few bytes are counted as whole words
        counts += np.bincount(column.code[some], None if weight is None else weight[some], counts.size)
    return column.numbers, counts


def _texts(coding: Coding, name: str, then: TextDistribution, opened: InputTable) -> TextDistribution:
    """Count the texts of a category; where its cells are all numbers now, those that are its texts."""
    found = opened.table.categories.get(coding.column[name])
    if found is None or found.level is None:
        texts, code = coding.texts[name], coding.codes(opened.table, name, np.arange(opened.table.n_rows))
    else:
        texts, code = found.texts, found.level
    return count_texts(then.texts, texts, code, opened.weight)
