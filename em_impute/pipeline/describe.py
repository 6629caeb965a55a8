"""The rows of a table, described as those of the training are, so that the two can be compared and added up."""

from collections.abc import Sequence
from functools import reduce

import numpy as np

from em_impute.columns.labels import Labels
from em_impute.em.blocks import Floats
from em_impute.model.predict import Coding
from em_impute.pipeline.types import Opened
from em_impute.saved_model.distributions import (
    TextDistribution,
    Typicality,
    count_codes,
    count_numbers,
    count_texts,
    look_at_rows,
)
from em_impute.saved_model.drift import Summary
from em_impute.saved_model.units import count_converted
from em_impute.saved_model.values import SavedColumn
from em_impute.table.arrays import Codes
from em_impute.table.read import NumberColumn

__all__ = ["describe"]

CHUNK_ROWS = 1 << 18


def describe(saved: SavedColumn, opened: Opened, labels: Labels) -> Summary:
    """Describe all rows of a table, be their labels known or not; those that the model does not know count as new.

    Predictors that are not there are left out.
    """
    coding, then = saved.model.everyone.coding, saved.training.summary
    numbers, converted = {}, {}
    for name in filter(coding.column.__contains__, then.numbers):
        values, weights = _numbers(opened.table.numbers[coding.column[name]], opened.weight)
        numbers[name] = count_numbers(then.numbers[name], values, weights)
        converted[name] = count_converted(then.numbers[name], values, weights)
    there = filter(coding.column.__contains__, then.texts)
    texts = {name: _texts(coding, name, then.texts[name], opened) for name in there}
    counted = _count(then.labels, labels.labels, labels.label, opened)
    return Summary(numbers, texts, counted, _typicality(saved, opened), converted)


def _numbers(column: NumberColumn, weight: Floats | None) -> tuple[Floats, Floats | None]:
    """Give the different numbers of a column and for how many rows each stands."""
    if column.numbers is None:
        raise AssertionError("columns that are named are never dropped")
    if column.code is None:
        return column.numbers, weight
    return column.numbers, np.bincount(column.code, weight, column.numbers.size).astype(np.float64, copy=False)


def _texts(coding: Coding, name: str, then: TextDistribution, opened: Opened) -> TextDistribution:
    """Count the texts of a category; where its cells are all numbers now, those that are its texts."""
    found = opened.table.categories.get(coding.column[name])
    if found is not None and found.packed is not None:
        return _count(then, found.texts, found.packed, opened)
    code = coding.codes(opened.table, name, np.arange(opened.table.n_rows))
    return _count(then, coding.texts[name], code, opened)


def _count(then: TextDistribution, texts: Sequence[str], code: Codes, opened: Opened) -> TextDistribution:
    """Count rows by the texts that their codes stand for, −1 for none."""
    weight = np.broadcast_to(1.0, code.size) if opened.weight is None else opened.weight
    counted = count_codes(tuple(texts), code, weight)
    rows = np.bincount(code[code >= 0], minlength=len(texts)).astype(np.float64)
    return count_texts(then, texts, counted.counts, counted.missing, rows)


def _typicality(saved: SavedColumn, opened: Opened) -> Typicality:
    """Look at rows as wholes, some at a time."""
    coding, typical, n_rows = saved.model.everyone.coding, saved.training.typical, opened.table.n_rows
    scale = np.array([feature.scale for feature in coding.features])
    found = [look_at_rows(typical, np.empty((0, scale.size)), scale)]
    for first in range(0, n_rows, CHUNK_ROWS):
        rows = np.arange(first, min(first + CHUNK_ROWS, n_rows))
        weight = None if opened.weight is None else opened.weight[rows]
        found.append(look_at_rows(typical, coding.predictors(opened.table, rows).x, scale, weight))
    return reduce(Typicality.plus, found)
