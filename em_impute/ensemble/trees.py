"""Boosted trees: thresholds of several predictors together, which no Gaussian has.

A tree asks the same few questions of every row, and adds to the log-odds of its leaves what gradient and curvature of
the log-loss say there (Friedman 2001, Ann. Stat. 29; oblivious trees: Prokhorenkova et al. 2018, NeurIPS 31).
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

import numpy as np

from em_impute.em.blocks import Floats, Integers
from em_impute.ensemble.student_t import temper
from em_impute.ensemble.transforms import Predictors, bin_edges
from em_impute.serialize.annotations import Axes, OwnAxes

DEPTH, RATE, RIDGE = 4, 0.2, 1.0
"""Questions a tree asks, the part of a Newton step that it takes, and the curvature that draws the step in."""

N_BINS = 32
"""Bins of a column; between them are the thresholds that are tried."""

LOWEST, HIGHEST = np.finfo(float).min, np.finfo(float).max

LEAST_CHANCE = 1e-6
"""Trees start from no probability below it: they could not bring it back."""


class Trees(NamedTuple):
    """The trees of some fits, which were grown side by side."""

    has_gaps: Annotated[tuple[bool, ...], Axes("n_columns"), "A missing cell of the column is below all others."]
    column: Annotated[Integers, Axes("n_fits", "n_trees", "n_questions"), "The column that is asked about."]
    threshold: Annotated[Floats, Axes("n_fits", "n_trees", "n_questions"), "Above it the answer is yes."]
    share: Annotated[
        Floats,
        Axes("n_fits", "n_trees", "n_questions"),
        "So many say yes; a missing cell of other columns does in part.",
    ]
    leaf: Annotated[
        Floats,
        Axes("n_fits", "n_trees", "n_leaves", "n_labels"),
        "What is added to the log-odds; a yes to question q, from 0 on, adds 2^q to the place of the leaf.",
    ]

    def take(self, fits: Integers | Sequence[int]) -> "Trees":
        """Keep some fits."""
        column, threshold, share, leaf = self.column[fits], self.threshold[fits], self.share[fits], self.leaf[fits]
        return Trees(self.has_gaps, column, threshold, share, leaf)

    def added(self, predictors: Predictors, stages: Sequence[int]) -> Floats:
        """Say what so many trees add to the log-odds of rows: (n_labels, n_fits, n_stages, n_rows)."""
        columns = _columns(predictors, self.has_gaps)
        partly = np.flatnonzero(np.isnan(columns).any(axis=0))
        n_fits, _, _, n_labels = self.leaf.shape
        found = np.zeros((n_labels, n_fits, len(stages), columns.shape[1]))
        for fit, stage in np.ndindex(n_fits, len(stages)):
            if stage:
                found[:, fit, stage] = found[:, fit, stage - 1]
            for tree in range(stages[stage - 1] if stage else 0, stages[stage]):
                place = np.zeros(columns.shape[1], np.intp)
                for q, column in enumerate(self.column[fit, tree]):
                    place += (columns[column] > self.threshold[fit, tree, q]) * (1 << q)
                step = self.leaf[fit, tree].T.take(place, axis=1)  # many times faster than an index
                if partly.size:
                    step[:, partly] = self._expected(fit, tree, columns[:, partly])
                found[:, fit, stage] += step
        found[..., predictors.are_empty] = 0.0
        return found

    def _expected(self, fit: int, tree: int, columns: Floats) -> Floats:
        """Average the leaves of a tree over the answers of cells that are missing, (n_labels, n_rows)."""
        values, chance = columns[self.column[fit, tree]], np.ones((1, columns.shape[1]))
        for value, threshold, share in zip(values, self.threshold[fit, tree], self.share[fit, tree], strict=True):
            yes = np.where(np.isnan(value), share, value > threshold)
            chance = np.concatenate([chance * (1.0 - yes), chance * yes])
        expected: Floats = self.leaf[fit, tree].T @ chance
        return expected


class Forest(NamedTuple):
    """Trees that have a say beside the mixtures; some start from the labels' shares, some from what mixtures say."""

    trees: Annotated[Trees, OwnAxes, "Two fits: from the shares, from the mixtures."]
    stages: Annotated[tuple[int, ...], Axes("n_stages"), "How many trees speak together."]
    weight: Annotated[
        Floats, Axes("n_starts", "n_stages"), "What so many trees of each fit count; the mixtures have the rest."
    ]

    @property
    def total(self) -> float:
        """The weight of all trees, by rounding never above 1."""
        return min(1.0, float(self.weight.sum()))

    def beside(self, mixtures: Floats, predictors: Predictors, shares: Floats) -> Floats:
        """Let trees speak of rows beside what the `mixtures` say, (n_rows, n_labels)."""
        said = temper(starts(mixtures, shares)[:, :, None] + self.trees.added(predictors, self.stages), 1.0)
        result: Floats = (1.0 - self.total) * mixtures + np.einsum("fs,kfsn->nk", self.weight, said)
        return result


def starts(mixtures: Floats, shares: Floats) -> Floats:
    """Give the log-odds that trees start from: those of `shares` (n_labels,), and of `mixtures` (n_rows, n_labels).

    Returns (n_labels, 2, n_rows).
    """
    both = np.stack([np.broadcast_to(shares[:, None], mixtures.T.shape), mixtures.T], axis=1)
    start: Floats = np.log(np.maximum(both, LEAST_CHANCE))
    return start


def boost(
    predictors: Predictors, label: Integers, weight: Floats, log_odds: Floats, stages: Sequence[int], seed: int
) -> Iterator[tuple[Trees, Floats]]:
    """Grow trees for several fits at once; after so many as each of the `stages` says, give all of them so far.

    `weight` (n_fits, n_rows) is 0 where a fit must not see a row; `log_odds` (n_labels, n_fits, n_rows) are those to
    start from.  Besides the trees, gives the log-odds that they led to, of rows that were not seen too.
    """
    rng, n_labels = np.random.default_rng(seed), len(log_odds)
    n_columns = predictors.n_numbers + len(predictors.levels)
    has_gaps = tuple(bool(np.isnan(values).any()) for values in _columns(predictors, [False] * n_columns))
    columns = _columns(predictors, has_gaps)
    cuts = [bin_edges(values, N_BINS) for values in columns]
    bins = np.array([np.searchsorted(cut, values, side="left") for cut, values in zip(cuts, columns, strict=True)])
    thresholds = np.full((len(cuts), max(cut.size for cut in cuts) + 1), HIGHEST)
    for of_column, cut in zip(thresholds, cuts, strict=True):
        of_column[: cut.size] = cut
    is_label = (np.arange(n_labels)[:, None] == label)[:, None]
    grown: list[tuple[Integers, Floats, Floats, Floats]] = []
    for n_trees in range(1, max(stages) + 1):
        chance = temper(log_odds, 1.0)
        gradient, curvature = weight * (is_label - chance), weight * chance * (1.0 - chance)
        # Questions are chosen by one mixture of the gradients of all labels, a new one for each tree: nearly as good
        # as by all of them, and as cheap as with two labels (Iosipoi & Vakhrushev 2022, NeurIPS 35, "SketchBoost").
        mixture = rng.standard_normal(n_labels) if n_labels > 2 else np.array([0.0, 1.0])  # noqa: PLR2004
        sloped = np.tensordot(mixture, gradient, 1)
        column, last, leaf = _questions(bins, thresholds.shape[1], sloped, curvature.mean(axis=0))
        step = _steps(leaf, gradient, curvature)
        log_odds = log_odds + step.take(leaf, axis=1)
        says_yes = (leaf[..., None] >> np.arange(DEPTH)) & 1
        share = np.einsum("fn,fnq->fq", weight, says_yes) / weight.sum(axis=1, keepdims=True)
        grown.append((column, thresholds[column, last], share, step.T.reshape(len(weight), -1, n_labels)))
        if n_trees in stages:
            yield (
                Trees(has_gaps, *(np.stack(parts, axis=1) for parts in zip(*grown, strict=True))),
                log_odds,
            )


def _questions(bins: Integers, n_bins: int, gradient: Floats, curvature: Floats) -> tuple[Integers, Integers, Integers]:
    """Choose questions by how much a Newton step after each would gain: columns, last bins of a no, leaves of rows.

    `bins` is (n_columns, n_rows), `gradient` and `curvature` (n_fits, n_rows); columns and bins are (n_fits, DEPTH).
    Leaves, (n_fits, n_rows), are numbered from the first fit's to the last one's.
    """
    n_fits = len(gradient)
    rows, leaf = _Rows(bins, n_bins, gradient, curvature), np.zeros(gradient.shape, np.intp)
    seen, columns, cuts = np.flatnonzero(curvature), [], []
    sums = _sums(rows, seen, leaf, 1)
    for q in range(DEPTH):
        no = np.cumsum(sums, axis=-1)
        yes = no[..., -1:] - no
        gain = sum(part[0] ** 2 / (part[1] + RIDGE) for part in (no, yes)).sum(axis=1)  # (n_columns, n_fits, n_bins)
        column, cut = np.divmod(np.swapaxes(gain, 0, 1).reshape(n_fits, -1).argmax(axis=1), n_bins)
        columns.append(column)
        cuts.append(cut)
        says_yes = bins[column] > cut[:, None]
        if q < DEPTH - 1:  # the rows that say no are those that the others leave
            of_yes = _sums(rows, seen[says_yes.ravel().take(seen)], leaf, 1 << q)
            sums = np.concatenate([sums - of_yes, of_yes], axis=2)
        leaf += says_yes * (1 << q)
    leaf += np.arange(n_fits)[:, None] << DEPTH
    return np.stack(columns, axis=1), np.stack(cuts, axis=1), leaf


class _Rows(NamedTuple):
    """What questions are chosen by."""

    bins: Integers  # (n_columns, n_rows)
    n_bins: int
    gradient: Floats  # (n_fits, n_rows)
    curvature: Floats


def _sums(rows: _Rows, some: Integers, leaf: Integers, n_leaves: int) -> Floats:
    """Add up gradient and curvature of `some` rows of fits by bins: (2, n_columns, n_leaves, n_fits, n_bins)."""
    n_fits, n_rows = leaf.shape
    shape = n_leaves, n_fits, rows.n_bins
    fit, row = np.divmod(some, n_rows)
    first = rows.n_bins * (n_fits * leaf.ravel().take(some) + fit)
    values = rows.gradient.ravel().take(some), rows.curvature.ravel().take(some)
    found = np.empty((2, len(rows.bins), *shape))
    for column, bins in enumerate(rows.bins):
        cell = first + bins.take(row)
        for kind, of_kind in enumerate(values):
            found[kind, column] = np.bincount(cell, of_kind, found[0, 0].size).reshape(shape)
    return found


def _steps(leaf: Integers, gradient: Floats, curvature: Floats) -> Floats:
    """Take a Newton step in each leaf, (n_labels, n_leaves of all fits); `leaf` (n_fits, n_rows) is that of a row.

    Label by label, as if it were the only one; since log-odds are counted by all, (n_labels − 1)/n_labels of it.
    """
    n_labels, n_fits, _ = gradient.shape
    total, bend = (
        np.array([np.bincount(leaf.ravel(), values.ravel(), n_fits << DEPTH) for values in part])
        for part in (gradient, curvature)
    )
    step: Floats = RATE * (n_labels - 1) / n_labels * total / (bend + RIDGE)
    return step


def _columns(predictors: Predictors, has_gaps: Sequence[bool]) -> Floats:
    """Give numbers, and categories by their codes, (n_columns, n_rows); the gaps of some columns are a value too."""
    columns = np.concatenate([predictors.x[:, : predictors.n_numbers].T, predictors.codes.T])
    columns[predictors.n_numbers :][columns[predictors.n_numbers :] < 0.0] = np.nan
    columns[np.isnan(columns) & np.array(has_gaps)[:, None]] = LOWEST
    return columns
