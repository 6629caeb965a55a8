"""EM over all rows of all parts: each pass asks every part for its moments, and the driver holds parameters only."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import repeat
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.deduplicate import merge_equal_rows
from em_impute.em.blocks import Block, Floats, Integers, Rows
from em_impute.em.em import Problem, Step, expect, fit, iterate, make_problem
from em_impute.em.families import FAMILIES, Prior, default_prior
from em_impute.em.mixture import Mixture
from em_impute.em.moments import Moments, empty, merge
from em_impute.em.parameters import clamp
from em_impute.model.predict import Coding
from em_impute.pipeline.backends import MapParts
from em_impute.pipeline.chunks import How, in_part, keeper, kept_of, table_chunks
from em_impute.pipeline.files import Part
from em_impute.table.read import Table

__all__ = ["Everything", "Learning", "Rest", "fit_everything"]


@dataclass(frozen=True)
class Learning:
    """What every part is to know of the fit."""

    how: How
    column: int
    label_of: Mapping[str, int]
    """of every text of the column, −1 where it is missing"""
    coding: Coding
    component_label: Integers
    n_labels: int
    unlabelled_weight: float

    @property
    def name(self) -> str:
        """What the blocks are kept by."""
        return f"blocks of column {self.column}"

    def labels_of(self, table: Table) -> Integers:
        """Give the label of every row of a chunk, −1 where it is missing: (n_rows,)."""
        target = table.targets[self.column]
        codes = np.array([*(self.label_of[text] for text in target.texts)], np.intp)
        return codes[target.code] if codes.size else np.empty(0, np.intp)


class Rest(NamedTuple):
    """What does not change from step to step."""

    fixed: Moments  # of rows whose component is certain
    labelled: Floats  # (n_labels,)
    weight: float  # of all rows
    shown: Floats  # (n_features,) cells that hold something, by weight
    both: Floats  # (d, d) of rows that show both
    sums: Floats  # (d, d) of the first where both are shown
    products: Floats  # (d, d)


class _Blocks(NamedTuple):
    """Stands for the blocks of a part, which are elsewhere."""

    part: Part
    observed: NDArray[np.bool_]  # (1, n_features), all: some row of some part shows every feature


class Everything(NamedTuple):
    """A mixture fitted to all rows."""

    mixture: Mixture
    log_jacobian: float  # what standardising added to the log-likelihood
    weight: float
    prior: Prior
    moments: Moments | None  # of all rows at the end; None where they are not asked for


def fit_everything(
    parts: Sequence[Part],
    map_parts: MapParts,
    learning: Learning,
    start: Mixture,
    watch: Callable[[Step], None],
    *,
    keeps_moments: bool = False,
) -> Everything:
    """Take EM from the fit of a sample to the optimum of all rows; with `keeps_moments` their moments there too.

    Parts are reduced from left to right, and within a part its blocks, so that every backend gives the same bits.
    """
    rest = reduce(_merged, map_parts(_rest_of_part, parts, repeat(learning)))
    component_label, recipe = start.fit.component_label, start.recipe
    prior = _prior(rest, component_label.size, recipe.prior_strength)
    apart = recipe.free_shares and 0.0 < rest.labelled.sum() < rest.weight
    n_features = len(learning.coding.features)
    problem = Problem(
        cast("Sequence[Block]", [_Blocks(part, np.ones((1, n_features), dtype=bool)) for part in parts]),
        rest.fixed,
        component_label,
        clamp(component_label, learning.n_labels),
        rest.labelled if apart else None,
    )

    def map_blocks(work: Callable[[Block], Moments], _blocks: Iterable[Block]) -> Iterable[Moments]:
        return map_parts(_moments_of_part, parts, repeat((learning, work)))

    steps = iterate(
        problem,
        start.fit.parameters,
        FAMILIES[recipe.family],
        prior,
        recipe.stopping,
        map_blocks,
        accelerate=recipe.accelerate,
    )
    found = fit(_watched(steps, watch), component_label)
    scale = np.array([feature.scale for feature in learning.coding.features])
    moments = expect(problem, found.parameters, map_blocks) if keeps_moments else None
    return Everything(start._replace(fit=found), float(rest.shown @ np.log(scale)), rest.weight, prior, moments)


def _prior(rest: Rest, n_components: int, strength: float) -> Prior:
    """Build the prior from the mean and covariance of all rows, in the units of the sample."""
    mean = np.diagonal(rest.sums) / np.maximum(np.diagonal(rest.both), np.finfo(float).tiny)
    # Sums of (x − m)(y − n) where both are shown; the sample's units have brought the means near 0, so that it is safe.
    about = rest.products - rest.sums * mean - (rest.sums * mean).T + rest.both * np.outer(mean, mean)
    size = np.sqrt(np.maximum(rest.shown, np.finfo(float).tiny))
    prior = default_prior(about / np.outer(size, size), rest.weight, n_components, strength)
    return replace(prior, mean=mean)


def _rest_of_part(part: Part, learning: Learning) -> Rest:
    n_features = len(learning.coding.features)
    square = np.zeros((n_features, n_features))
    rest = Rest(
        empty(learning.component_label.size, n_features),
        np.zeros(learning.n_labels),
        0.0,
        np.zeros(n_features),
        *(square, square, square),
    )
    blocks = keeper(part, learning.how, learning.name, spills=True)
    with in_part(part, learning.how):
        for rows, problem in _problems(part, learning):
            rest = _merged(rest, _rest_of(rows, problem, learning.n_labels))
            for block in problem.blocks:
                blocks.add(block)
    blocks.finish()
    return rest


def _rest_of(rows: Rows, problem: Problem, n_labels: int) -> Rest:
    seen = ~np.isnan(rows.x)
    shown, values = seen.astype(np.float64), np.where(seen, rows.x, 0.0)
    weighed, known = rows.weight[:, None], rows.label >= 0
    return Rest(
        problem.fixed,
        np.bincount(rows.label[known], rows.weight[known], n_labels).astype(np.float64, copy=False),
        float(rows.weight.sum()),
        rows.weight @ shown,
        (shown * weighed).T @ shown,
        (values * weighed).T @ shown,
        (values * weighed).T @ values,
    )


def _merged(a: Rest, b: Rest) -> Rest:
    return Rest(
        merge(a.fixed, b.fixed),
        a.labelled + b.labelled,
        a.weight + b.weight,
        a.shown + b.shown,
        a.both + b.both,
        a.sums + b.sums,
        a.products + b.products,
    )


def _moments_of_part(part: Part, what: tuple[Learning, Callable[[Block], Moments]]) -> Moments:
    learning, work = what
    n_components, n_features = learning.component_label.size, len(learning.coding.features)
    with in_part(part, learning.how):
        return reduce(merge, map(work, _blocks(part, learning)), empty(n_components, n_features))


def _blocks(part: Part, learning: Learning) -> Iterator[Block]:
    """Give the blocks of a part: those that were kept, or made again."""
    found = kept_of(part, learning.how, learning.name)
    if found is not None:
        yield from found
        return
    for _, problem in _problems(part, learning):
        yield from problem.blocks


def _problems(part: Part, learning: Learning) -> Iterator[tuple[Rows, Problem]]:
    """Give what is to be fitted, chunk by chunk, with the rows it is made of."""
    for table in table_chunks(part, learning.how):
        if table.n_rows:
            rows = _rows(table, learning)
            yield rows, make_problem(*rows, learning.component_label, learning.n_labels)


def _rows(table: Table, learning: Learning) -> Rows:
    """Code all rows of a chunk, equal ones told once; those that the user gave no weight are left out."""
    label = learning.labels_of(table)
    rows = np.arange(table.n_rows)
    weight = np.where(label >= 0, 1.0, learning.unlabelled_weight)
    if not weight.all():
        rows, label, weight = rows[weight > 0.0], label[weight > 0.0], weight[weight > 0.0]
    x = learning.coding.predictors(table, rows).x
    merged, _ = merge_equal_rows(Rows(x, label, weight))
    return merged


def _watched(steps: Iterable[Step], watch: Callable[[Step], None]) -> Iterator[Step]:
    for step in steps:
        watch(step)
        yield step
