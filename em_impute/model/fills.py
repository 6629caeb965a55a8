"""What is filled into missing cells, and what is counted of it, whole or chunk by chunk."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from operator import add
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.em.blocks import Floats, Integers, slices
from em_impute.model.assign import ModelDraws, most_probable, total_entropy, uniform_numbers
from em_impute.model.predict import Prediction
from em_impute.options import Request
from em_impute.table.columns import CategoryColumn, Codes, least_type

BANDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Ends of the ranges of probability by which filled cells are counted."""

REASONS = ("without_predictors", "out_of_range", "below_min_probability")
"""Why cells are left empty; the first that holds counts."""

LEAST_CERTAIN = 10
"""Cells that are named: where asking somebody is worth most."""

NO_ROWS = np.empty(0, np.intp)


def no_fills(n_labels: int) -> "Fills":
    """Give the fills of a column in which nothing is missing."""
    return Fills(np.empty(0, np.int32), np.empty(0, np.int8), np.empty(0), np.zeros(n_labels))


class Fills(NamedTuple):
    """What is to be written into the missing cells."""

    row: Codes  # (n_missing,) rows of the table whose label is missing
    code: Codes  # (n_missing,) label to write, −1 where the cell stays as it is
    probability: Floats  # (n_missing,) of the most probable label, written or not; of the one drawn where it was drawn
    expected: Floats  # (n_labels,) expected number of missing cells of each label: the sum of the probabilities
    probabilities: Floats | None = None  # (n_missing, n_labels) of every label, where they were asked for
    entropy: float = 0.0  # of the probabilities, summed over the cells, in nats
    without_predictors: Integers = NO_ROWS  # the rows that show no predictor, where these are told
    drawn: NDArray[np.int16] | None = None  # (n_imputations, n_missing) labels drawn, the first of which are the fills

    @property
    def is_drawn(self) -> bool:
        """Whether labels were drawn by their probabilities."""
        return self.drawn is not None

    @property
    def n_filled(self) -> int:
        """Cells that get a label."""
        return int(np.count_nonzero(self.code >= 0))


class Imputing(NamedTuple):
    """What labels are drawn by."""

    draws: ModelDraws
    numbers: Sequence[int]  # which of the draws
    seed: int
    first_row: int = 0  # of what is filled, in the table
    deciding: Codes | None = None  # (n_rows,), the row whose number each is drawn by; None: its own


def fill_rows(
    predictions: Iterable[Prediction], row: Codes, n_labels: int, request: Request, imputing: Imputing | None = None
) -> Fills:
    """Choose a label for rows without one, (n_missing,), by predictions of some of them after others.

    Predictions are of the first of `n_labels`; a label less probable than the request has it is not chosen.  With
    `imputing` the labels are drawn, and those of the first draw are the fills.
    """
    keeps_probability = request.probabilities or (request.probability and bool(request.imputations))
    code, best = np.empty(row.size, least_type(n_labels)), np.empty(row.size)
    probability = np.zeros((row.size, n_labels)) if keeps_probability else None
    expected, entropy, without_predictors, done = np.zeros(n_labels), 0.0, [np.empty(0, np.intp)], 0
    drawn = None if imputing is None else np.empty((len(imputing.numbers), row.size), np.int16)
    for said in predictions:
        chance, place = said.probability, said.place
        some, count = slice(done, done + place.size), np.bincount(place, minlength=chance.shape[0])
        if drawn is None or imputing is None:
            chosen, highest = most_probable(chance, request.min_probability)
            code[some], best[some] = chosen.astype(code.dtype)[place], highest[place]
        else:
            _draw(imputing, said, row[some], drawn[:, some])
            code[some] = drawn[0, some]
            best[some] = chance[place, drawn[0, some]]
        expected[: chance.shape[1]] += count.astype(np.float64) @ chance
        entropy += total_entropy(chance, count)
        without_predictors.append(said.without_predictors)
        if probability is not None:
            probability[some, : chance.shape[1]] = chance[place]
        done = some.stop
    return Fills(row, code, best, expected, probability, entropy, np.concatenate(without_predictors), drawn)


def _draw(imputing: Imputing, said: Prediction, row: Codes, drawn: NDArray[np.int16]) -> None:
    """Draw the labels of some rows, (n_imputations, n_rows)."""
    if not row.size:
        return
    rows, first, last = said.rows(), int(row[0]), int(row[-1]) + 1
    number_of = row if imputing.deciding is None else imputing.deciding[row]
    for at, number in enumerate(imputing.numbers):
        begin = imputing.first_row
        uniform = uniform_numbers(imputing.seed, number, begin + first, begin + last)
        drawn[at] = imputing.draws.draw(rows, said.place, number, uniform[number_of - first])


class Unsure(NamedTuple):
    """A filled cell whose label is among the least certain."""

    probability: float
    part: int
    line: int
    label: int


class CellCounts(NamedTuple):
    """What became of some missing cells."""

    filled: Integers  # (n_bands, n_labels) cells by the probability of their label
    expected: Floats  # (n_labels,) sum of the probabilities
    wrong: float  # sum of 1 − probability over the filled cells
    entropy: float
    left_empty: Counter[str]  # by the first reason that holds
    n_without_predictors: int
    least: tuple[Unsure, ...]  # the least certain cells, ascending
    of_group: Counter[str]  # rows of each group that was divided by
    missing_of_group: Counter[str]  # those of them without a label

    def merged(self, other: "CellCounts") -> "CellCounts":
        """Add what was filled elsewhere, further on."""
        both = CellCounts(*map(add, self, other))
        return both._replace(least=tuple(sorted(both.least))[:LEAST_CERTAIN])

    def with_groups(self, groups: CategoryColumn | None, label: Integers) -> "CellCounts":
        """Count the rows of each group and those of them without a label, which is −1 in `label` (n_rows,)."""
        if groups is None or groups.code is None:
            return self
        missing = np.bincount(groups.code[(groups.code >= 0) & (label < 0)], minlength=len(groups.texts))
        rows, lacking = (
            Counter(dict(zip(groups.texts, counts.tolist(), strict=True))) for counts in (groups.counts, missing)
        )
        return self._replace(of_group=rows, missing_of_group=lacking)


def no_cells(n_labels: int) -> CellCounts:
    """Give what became of no cells."""
    filled = np.zeros((len(BANDS) - 1, n_labels), np.int64)
    return CellCounts(filled, np.zeros(n_labels), 0.0, 0.0, Counter(), 0, (), Counter(), Counter())


def count_cells(
    fills: Fills, line_of: Callable[[Codes], Any], outside: Integers = NO_ROWS, part: int = 0
) -> CellCounts:
    """Count what was filled, and why cells stay as they are.

    `line_of` gives the lines of rows; those that are `outside` are beyond every labelled row.
    """
    probability, least = fills.probability[fills.code >= 0], _least_certain(fills)
    lines = line_of(fills.row[least]).tolist() if least.size else []
    unsure = zip(fills.probability[least].tolist(), lines, fills.code[least].tolist(), strict=True)
    empty = fills.row[fills.code < 0]
    shows_nothing, is_outside = (np.isin(empty, some) for some in (fills.without_predictors, outside))
    left_empty = np.bincount(np.where(shows_nothing, 0, np.where(is_outside, 1, 2)), minlength=len(REASONS)).tolist()
    return CellCounts(
        _count_by_band(fills, fills.expected.size),
        fills.expected,
        float((1.0 - probability).sum()),
        fills.entropy,
        Counter({reason: n for reason, n in zip(REASONS, left_empty, strict=True) if n}),
        fills.without_predictors.size,
        tuple(sorted(Unsure(one, part, line, label) for one, line, label in unsure)),
        Counter(),
        Counter(),
    )


def _count_by_band(fills: Fills, n_labels: int) -> Integers:
    """Count the filled cells by the band of their label's probability, and by the label: (n_bands, n_labels)."""
    count = np.zeros((len(BANDS) - 1) * n_labels, np.intp)
    for some in slices(fills.code.size):  # there may be millions of them
        code = fills.code[some]
        filled = np.flatnonzero(code >= 0)
        band = np.searchsorted(BANDS[1:-1], fills.probability[some][filled], side="right")
        count += np.bincount(band * n_labels + code[filled], minlength=count.size)
    return count.reshape(-1, n_labels)


def _least_certain(fills: Fills) -> Integers:
    """Find the filled cells whose label is least probable, the first of equals, ascending by probability: places."""
    least = np.empty(0, np.intp)
    for some in slices(fills.code.size):  # there may be millions of them, and a copy is as large
        filled = np.flatnonzero(fills.code[some] >= 0)
        if least.size == LEAST_CERTAIN:
            filled = filled[fills.probability[some][filled] < fills.probability[least[-1]]]
        least = np.append(least, filled + some.start)
        least = least[np.argsort(fills.probability[least], kind="stable")[:LEAST_CERTAIN]]
    return least
