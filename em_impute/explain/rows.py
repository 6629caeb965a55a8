"""The rows that are followed: telling ones, or those on lines that the user names."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from em_impute.completion import Opened
from em_impute.design import Design
from em_impute.engine.blocks import Floats, Integers, make_blocks, per_row
from em_impute.engine.em import e_step
from em_impute.engine.parameters import Parameters, clamp
from em_impute.errors import DesignError
from em_impute.table.text import plural

__all__ = ["Told", "responsibilities", "row_at", "telling_rows", "told"]

CERTAINTY_ROWS = 20_000
"""Distinct rows among which the telling ones are looked for."""


class Told(NamedTuple):
    """The rows that are followed."""

    line: Integers  # (n_told,) of the file
    label: Integers  # (n_told,), −1 where unknown
    x: Floats  # (n_told, n_features), standardised
    values: Floats  # (n_told, n_features), as the file has them


def responsibilities(parameters: Parameters, component_label: Integers, x: Floats, label: Integers) -> Floats:
    """Take the E step for some rows: (n_rows, n_components).

    `x` is (n_rows, n_features), standardised, with NaN for missing; `label` (n_rows,) clamps where it is known.
    """
    n_labels, n_components = int(component_label.max()) + 1, component_label.size
    log_clamp = clamp(component_label, n_labels)
    blocks = make_blocks(x, label.astype(np.intp), np.ones(label.size), n_components)
    return per_row(
        [e_step(block, parameters, log_clamp).responsibility for block in blocks], blocks, (label.size, n_components)
    )


def row_at(opened: Opened, line: int) -> int:
    """Find the row that stands on a line of the file.  Raises DesignError where none does."""
    table = opened.table

    def begins(row: int) -> int:
        return int(table.line_of(np.array([row]))[0])

    if not begins(0) <= line < begins(table.n_rows):
        raise DesignError(
            f"no row of {opened.name} stands on line {line:,}",
            f"its {plural(table.n_rows, 'row')} stand on lines {begins(0):,} to {begins(table.n_rows) - 1:,}",
        )
    return bisect_right(range(table.n_rows), line, key=begins) - 1


def telling_rows(design: Design, start: Parameters, component_label: Integers, number: int) -> list[int]:
    """Choose rows of the table that teach most: without a label from doubtful to certain, and one with a label.

    How certain they are is what the start says.  The one with a label is that which it would be least likely to give
    this label: there the clamp tells most.
    """
    distinct, n_labels = design.distinct, int(component_label.max()) + 1
    shows = ~np.isnan(distinct.x).all(axis=1)
    unknown, known = (_some(np.flatnonzero(is_it & shows)) for is_it in (distinct.label < 0, distinct.label >= 0))
    belongs = (component_label[:, None] == np.arange(n_labels)).astype(float)

    def chances(rows: Integers) -> Floats:
        said: Floats = responsibilities(start, component_label, distinct.x[rows], np.full(rows.size, -1)) @ belongs
        return said

    n_unknown = min(unknown.size, number - (1 if known.size and number > 1 else 0))
    own = chances(known)[np.arange(known.size), distinct.label[known]]
    chosen = [
        *_quantiles(unknown, chances(unknown).max(axis=1, initial=0.0), n_unknown),
        *_quantiles(known, own, number - n_unknown),
    ]
    if design.index is None:
        return sorted(chosen)
    return sorted(int(np.argmax(design.index == one)) for one in chosen)


def _some(rows: Integers) -> Integers:
    """Take every so manieth of very many rows."""
    return rows[:: max(1, -(-rows.size // CERTAINTY_ROWS))]


def _quantiles(rows: Integers, value: Floats, number: int) -> Iterator[int]:
    """Yield rows with the lowest value, the highest, and values between, so many different ones if there are."""
    order = rows[np.argsort(value, kind="stable")]
    if order.size and number > 0:
        places: Sequence[float] = np.linspace(0, order.size - 1, min(number, order.size)).tolist()
        yield from (int(order[round(place)]) for place in places)


def told(opened: Opened, design: Design, rows: Integers) -> Told:
    """Look up the rows that are followed."""
    columns = dict(opened.columns)
    values = np.array([columns[feature.name].of(rows) for feature in design.features]).T
    x = np.asarray(design.x_of(rows))
    return Told(opened.table.line_of(rows), design.label[rows].astype(np.intp), x, values)
