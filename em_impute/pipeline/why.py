"""Why a row was filled so: what each predictor adds to the log-odds, what would change the label, the nearest rows.

A mixture leaves any predictor out exactly, by marginalising it, as it does where the cell is missing.  So copies of the
row in which cells are emptied, or hold something else, are put to the very model that fills.  Texts that are scored
together speak together: the score of some of them alone would be like that of no row.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from em_impute.columns.labels import Labels
from em_impute.em.blocks import Flags, Floats, Integers, slices
from em_impute.model.assign import TINY
from em_impute.model.column import FittedColumn
from em_impute.model.predict import DIGITS, Model
from em_impute.pipeline.open import InputTable, row_at
from em_impute.pipeline.reasons import Cell, Contribution, Counterfactual, KnownRow, RowReasons
from em_impute.table.columns import CategoryColumn
from em_impute.table.read import Table

MOST_PARTS = 12
"""Predictors that are told of one by one: each needs a marginal distribution of its own."""

MOST_CHANGES, N_NEAREST = 3, 5

N_VALUES = 32
"""Values at which a number is tried, first between its smallest and its largest, then between two of these."""

NEAREST_ROWS = 1 << 16
"""Rows whose distance is computed at a time."""

STRANGERS = 2.0
"""What two different texts count in a mean squared difference: as much as two random rows differ in a number."""

Cells = tuple[int, Integers, Floats]
"""A column, copies of a row, and what is put into it there: (n_copies,) numbers, or codes of texts; NaN is missing."""


@dataclass(frozen=True)
class _Row:
    """A row that can be put to the model in other forms."""

    table: Table
    scored: Table  # with what the model makes of its texts
    model: Model
    row: int
    names: Sequence[str]  # of all columns
    found: FittedColumn | None  # knows the rows of one key; None where a saved model fills, which knows no rows

    @property
    def shown(self) -> tuple[int, ...]:
        """The columns that the model reads and the row shows."""
        by = [] if self._by is None else [self._by]
        return tuple(column for column in sorted({*self.model.columns, *by}) if self.cell(column) is not None)

    @cached_property
    def parts(self) -> list[tuple[int, ...]]:
        """Of these columns each that is read as it is; last all that are scored together, the most telling first.

        A category or number whose texts are scored as well is of the latter alone: beside it a mixture takes its share
        out of their score, so that what the score of the others says would seem to be said by it.
        """
        by_text = () if self.model.texts is None else self.model.texts.of_texts
        alone = {*self.model.unscored}.difference(by_text) | {self._by}
        parts = [(column,) for column in self.shown if column in alone]
        texts = [column for column in self.shown if column in self.model.scored]
        told = self._with(len(texts), _emptied(texts, np.eye(len(texts), dtype=np.bool_)))
        lost = np.zeros(len(texts))  # of the scores, without each
        for place, (here, _) in self.scores.items():
            lost += np.abs(told.numbers[place].of(slice(None)) - here)
        return [*parts, tuple(texts[i] for i in np.argsort(-lost, kind="stable"))]

    @property
    def _by(self) -> int | None:
        return None if self.model.groups is None else self.model.groups.column

    def category(self, column: int, table: Table) -> CategoryColumn | None:
        """Give a column of the table, or of copies of the row, if it is one of texts."""
        return table.groups if column == self._by else table.categories.get(column)

    def cell(self, column: int) -> Cell | None:
        """Give what the row shows in a column."""
        category = self.category(column, self.table)
        if category is None:
            value = float(self.table.numbers[column].of(np.array([self.row]))[0])
            return None if np.isnan(value) else value
        code = -1 if category.code is None else category.code[self.row]
        return None if code < 0 else category.texts[code]

    def put(self, n_copies: int, cells: Sequence[Cells], scoreless: Integers | None = None) -> Floats:
        """Say how probable each label is in so many copies, (n_copies, n_labels), in which cells were changed.

        Texts are scored as they are in the copies; if `scoreless` ones are named, as in the row, and in these not.
        """
        table = self._with(n_copies, cells)
        for place, (here, own) in self.scores.items():
            if (scores := table.numbers[place].numbers) is not None:
                scores += own - here
                if scoreless is not None:
                    scores[:] = own
                    scores[scoreless] = np.nan
        said = self.model.predict(table, np.arange(n_copies), digits=None)
        return said.probability[said.place]

    def _with(self, n_copies: int, cells: Sequence[Cells]) -> Table:
        """Make so many copies in which cells were changed, as the model reads them."""
        table = self.table.take(np.full(n_copies, self.row))
        for column, copies, values in cells:
            code = np.where(np.isnan(values), -1, values)
            if column in table.numbers and (numbers := table.numbers[column].numbers) is not None:
                numbers[copies] = values
            category = self.category(column, table)
            if category is not None and category.code is not None:
                category.code[copies] = code
        return self.model.prepared(table)

    @cached_property
    def scores(self) -> dict[int, tuple[float, float]]:
        """Scores of the row's texts, by their places: by the model, and in the fit, where they knew fewer labels."""
        if self.model.texts is None:
            return {}
        place, at = self.model.coding.column, np.array([self.row])
        places = {name: place[name] for name in self.model.texts.names if name in place}
        here = {name: float(self.scored.numbers[index].of(at)[0]) for name, index in places.items()}
        used = {}
        if self.found is not None:
            design = self.found.design
            own = design.distinct.x[int(design.distinct_of(at)[0])]
            used = {one.name: float(own[j] * one.scale + one.shift) for j, one in enumerate(design.features)}
        return {index: (here[name], used.get(name, here[name])) for name, index in places.items()}

    def heard(self, probability: Floats) -> Floats:
        """Let copies that say (n_copies, n_labels) alone hear the rows of the same key."""
        return probability if self.found is None else self.found.heard(self.row, probability)

    @property
    def key(self) -> str | None:
        """The column whose rows of one value speak together."""
        return None if self.found is None or self.found.design.same is None else self.found.design.same.name


def why(
    opened: InputTable, model: Model, labels: Labels, lines: Sequence[int], found: FittedColumn | None = None
) -> Iterator[RowReasons]:
    """Say why the rows on some lines of a file are filled as they are, by a model or by the fit that it was made of.

    The table of `opened` is as a model reads one, before texts became numbers.  `labels` are those of the file; the
    first of them are the model's.  Raises DesignError for a line without a row.
    """
    table = opened.table
    scored = model.prepared(table)
    for at in [row_at(opened, line) for line in lines]:
        row = _Row(table, scored, model, at, opened.names, found)
        probability = row.heard(row.put(1, []))[0]
        label = int(np.round(probability, DIGITS).argmax())  # as it fills, also where labels tie
        parts = _contributions(row, label)
        total = float(log_odds(probability, label))
        if row.key is not None:
            parts.append(Contribution([row.key], None, total - sum(one.log_odds for one in parts)))
        yield RowReasons(
            line=int(table.line_of(np.array([at]))[0]),
            known=None if labels.label[at] < 0 else labels.labels[labels.label[at]],
            label=model.labels[label],
            probability=dict(zip(model.labels, probability.tolist(), strict=True)),
            log_odds=total,
            base_log_odds=parts[0].log_odds,
            contributions=parts[1:],
            changes=_changes(row, label),
            nearest=_nearest(scored, model, labels, at),
        )


def log_odds(probability: Floats, label: int) -> Floats:
    """Give the log-odds of a label against all others, (...), from probabilities (..., n_labels)."""
    others = np.delete(probability, label, axis=-1).sum(axis=-1)  # not 1 − p, which is rounding where p is nearly 1
    result: Floats = np.log(np.maximum(probability[..., label], TINY)) - np.log(np.maximum(others, TINY))
    return result


def _contributions(row: _Row, label: int) -> list[Contribution]:
    """Divide the log-odds among the predictors, in the order of what each says by itself; the base is the first item.

    What a predictor adds is the log-odds with it and those above it, less the log-odds with those above it alone.
    """
    *alone, texts = row.parts
    parts = [*alone, texts] if texts else alone
    columns, n = [column for (column,) in alone], len(parts)
    beside = [column for column in texts if column not in columns]

    def heights(is_empty: Flags) -> list[float]:
        scoreless = np.flatnonzero(is_empty[:, -1]) if texts else None
        cells = _emptied([*columns, *beside], is_empty[:, [*range(len(columns)), *[-1] * len(beside)]])
        found: list[float] = log_odds(row.put(len(is_empty), cells, scoreless), label).tolist()
        return found

    base, *single = heights(~np.vstack([np.zeros((1, n), np.bool_), np.eye(n, dtype=np.bool_)]))
    order = np.argsort([-abs(one - base) for one in single], kind="stable").astype(np.intp)
    ends = [*range(1, min(n, MOST_PARTS - 1) + 1), *([n] if n >= MOST_PARTS else [])]
    height = heights(np.argsort(order) >= np.array(ends, np.intp)[:, None]) if n else []
    found, before, first = [Contribution((), None, base)], base, 0
    for end, now in zip(ends, height, strict=True):
        some = [parts[i] for i in order[first:end]]
        value = row.cell(some[0][0]) if len(some) == 1 else None
        if len(some) == 1 and some[0][1:]:
            value = "; ".join(str(row.cell(column)) for column in some[0])
        named = dict.fromkeys(column for part in some for column in part)
        found.append(Contribution([row.names[column] for column in named], value, now - before))
        before, first = now, end
    return found


def _emptied(columns: Sequence[int], is_empty: Flags) -> list[Cells]:
    """Empty the cells of copies that `is_empty`, (n_copies, n_columns), marks."""
    empty = [np.flatnonzero(one) for one in is_empty.T]
    return [(column, copies, np.full(copies.size, np.nan)) for column, copies in zip(columns, empty, strict=True)]


def _changes(row: _Row, label: int) -> list[Counterfactual]:
    """Find the changes of one cell after which another label is the most probable: of numbers the least ones first."""
    numbers, texts = [], []
    for column in row.shown:
        category = row.category(column, row.table)
        if category is None and row.table.numbers[column].numbers is not None:
            numbers += _change_of_number(row, column, label)
        elif category is not None and category.level is not None:
            codes = np.arange(len(category.texts), dtype=np.float64)
            said = row.heard(row.put(codes.size, [(column, np.arange(codes.size), codes)]))
            best = said.argmax(axis=1)
            texts += [
                _counterfactual(row, column, category.texts[k], said[k], None) for k in np.flatnonzero(best != label)
            ]
    numbers.sort(key=lambda one: one.distance or 0.0)
    texts.sort(key=lambda one: -one.probability)
    n_numbers = max(MOST_CHANGES - len(texts), MOST_CHANGES - 1)
    return [*numbers[:n_numbers], *texts][:MOST_CHANGES]


def _change_of_number(row: _Row, column: int, label: int) -> list[Counterfactual]:
    """Find the least change of a number, within the range of the table, that changes the label; none may."""
    known, here = row.table.numbers[column].values, row.cell(column)
    if known is None or not isinstance(here, float):
        return []
    found = []
    for end in (np.nanmin(known), np.nanmax(known)):
        first, last, said = here, float(end), None
        for _ in range(2):
            tried = np.linspace(first, last, N_VALUES + 1)
            said = row.heard(row.put(tried.size, [(column, np.arange(tried.size), tried)]))
            other = np.flatnonzero(said.argmax(axis=1) != label)
            if not other.size or not other[0]:
                said = None
                break
            first, last, said = float(tried[other[0] - 1]), float(tried[other[0]]), said[other[0]]
        if said is not None:
            exponent = math.frexp(np.nanmax(np.abs(known)))[1]  # squares of 1e-300 are 0
            deviation = float(np.nanstd(np.ldexp(known, -exponent)))
            distance = abs(math.ldexp(last, -exponent) - math.ldexp(here, -exponent)) / deviation
            found.append(_counterfactual(row, column, last, said, distance))
    return sorted(found, key=lambda one: one.distance or 0.0)[:1]


def _counterfactual(row: _Row, column: int, value: Cell, said: Floats, distance: float | None) -> Counterfactual:
    best = int(said.argmax())
    return Counterfactual(row.names[column], value, row.model.labels[best], float(said[best]), distance)


def _nearest(table: Table, model: Model, labels: Labels, row: int) -> list[KnownRow]:
    """Find the most similar rows whose label is known, by what both rows show."""
    coding = model.coding
    here = coding.predictors(table, np.array([row]))
    known = np.flatnonzero(labels.label >= 0)
    known = known[known != row]
    distance = np.full(known.size, np.inf)
    for some in slices(known.size, NEAREST_ROWS):
        there = coding.predictors(table, known[some])
        apart = np.hstack([(there.x - here.x)[:, : coding.n_numbers] ** 2, STRANGERS * (there.codes != here.codes)])
        apart[:, coding.n_numbers :][(there.codes < 0) | (here.codes < 0)] = np.nan
        n_both = np.count_nonzero(~np.isnan(apart), axis=1)
        mean = np.nansum(apart, axis=1) / np.maximum(n_both, 1)
        distance[some] = np.where(n_both > 0, np.sqrt(mean), np.inf)
    order = [i for i in np.argsort(distance, kind="stable")[:N_NEAREST] if np.isfinite(distance[i])]
    lines = table.line_of(known[order])
    return [
        KnownRow(int(line), labels.labels[labels.label[known[i]]], float(distance[i]))
        for i, line in zip(order, lines, strict=True)
    ]
