"""EM over all rows of all parts: each pass asks every part for its moments, and the driver holds parameters only."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain, repeat
from operator import add
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.deduplicate import merge_equal_rows
from em_impute.columns.weights import WeightScale, relative_weights
from em_impute.em.blocks import Block, Floats, Integers, Rows
from em_impute.em.em import Problem, Step, fit, iterate, make_problem
from em_impute.em.expectation import Moments, empty, merge
from em_impute.em.families import FAMILIES, Prior, default_prior
from em_impute.em.mixture import Mixture
from em_impute.em.parameters import clamp
from em_impute.model.predict import Model
from em_impute.pipeline.backends import MapParts
from em_impute.pipeline.chunks import CacheWriter, ReadPlan, cached, in_part, label_codes, table_chunks
from em_impute.pipeline.files import Part


@dataclass(frozen=True)
class EmTask:
    """What every part is to know of the fit."""

    plan: ReadPlan
    column: int
    label_of: Mapping[str, int]
    """of every text of the column, among the labels that were fitted; −1 where it is missing or none of these"""
    weights: WeightScale | None
    model: Model
    component_label: Integers
    unlabelled_weight: float

    @property
    def name(self) -> str:
        """What the blocks are kept by."""
        return f"blocks of column {self.column}"

    @property
    def n_labels(self) -> int:
        """Count the labels that were fitted."""
        return len(self.model.pooled.known_labels)


class FixedStatistics(NamedTuple):
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


class FullFit(NamedTuple):
    """A mixture fitted to all rows."""

    mixture: Mixture
    log_jacobian: float  # what standardising added to the log-likelihood
    weight: float


def fit_all_rows(
    parts: Sequence[Part],
    map_parts: MapParts,
    task: EmTask,
    start: Mixture,
    progress: Callable[[Step], None],
) -> FullFit:
    """Take EM from the fit of a sample to the optimum of all rows.

    Parts are reduced from left to right, and within a part its blocks, so that every backend gives the same bits.
    """
    fixed = reduce(_merged, map_parts(_rest_of_part, parts, repeat(task)))
    component_label, recipe = start.fit.component_label, start.recipe
    prior = _prior(fixed, component_label.size, recipe.prior_strength)
    apart = recipe.free_shares and 0.0 < fixed.labelled.sum() < fixed.weight
    n_features = len(task.model.coding.features)
    blocks = cast("Sequence[Block]", [_Blocks(part, np.ones((1, n_features), dtype=bool)) for part in parts])
    labelled, log_clamp = fixed.labelled if apart else None, clamp(component_label, task.n_labels)
    problem = Problem(blocks, fixed.fixed, component_label, log_clamp, labelled)

    def map_blocks(work: Callable[[Block], Moments], _blocks: Iterable[Block]) -> Iterable[Moments]:
        return map_parts(_moments_of_part, parts, repeat((task, work)))

    begin, family, stopping = start.fit.parameters, FAMILIES[recipe.family], recipe.stopping
    steps = iterate(problem, begin, family, prior, stopping, map_blocks, accelerate=recipe.accelerate)
    found = fit(steps, component_label, progress)
    scale = np.array([feature.scale for feature in task.model.coding.features])
    return FullFit(start._replace(fit=found), float(fixed.shown @ np.log(scale)), fixed.weight)


def _prior(fixed: FixedStatistics, n_components: int, strength: float) -> Prior:
    """Build the prior from the mean and covariance of all rows, in the units of the sample."""
    mean = np.diagonal(fixed.sums) / np.maximum(np.diagonal(fixed.both), np.finfo(float).tiny)
    # Sums of (x − m)(y − n) where both are shown; the sample's units have brought the means near 0, so that it is safe.
    about = fixed.products - fixed.sums * mean - (fixed.sums * mean).T + fixed.both * np.outer(mean, mean)
    size = np.sqrt(np.maximum(fixed.shown, np.finfo(float).tiny))
    prior = default_prior(about / np.outer(size, size), fixed.weight, n_components, strength)
    return replace(prior, mean=mean)


def _rest_of_part(part: Part, task: EmTask) -> FixedStatistics:
    n_features = len(task.model.coding.features)
    nothing, square = empty(task.component_label.size, n_features), np.zeros((n_features, n_features))
    fixed = FixedStatistics(nothing, np.zeros(task.n_labels), 0.0, np.zeros(n_features), square, square, square)
    blocks = CacheWriter(task.plan.key(part, task.name), task.plan.keep_bytes, spills=True)
    with in_part(part, task.plan):
        for rows, problem in _problems(part, task):
            fixed = _merged(fixed, _rest_of(rows, problem, task.n_labels))
            for block in problem.blocks:
                blocks.add(block)
    blocks.finish()
    return fixed


def _rest_of(rows: Rows, problem: Problem, n_labels: int) -> FixedStatistics:
    seen = ~np.isnan(rows.x)
    shown, values = seen.astype(np.float64), np.where(seen, rows.x, 0.0)
    weighed, known = rows.weight[:, None], rows.label >= 0
    return FixedStatistics(
        problem.fixed,
        np.bincount(rows.label[known], rows.weight[known], n_labels).astype(np.float64, copy=False),
        float(rows.weight.sum()),
        rows.weight @ shown,
        (shown * weighed).T @ shown,
        (values * weighed).T @ shown,
        (values * weighed).T @ values,
    )


def _merged(a: FixedStatistics, b: FixedStatistics) -> FixedStatistics:
    return FixedStatistics(merge(a.fixed, b.fixed), *map(add, a[1:], b[1:]))


def _moments_of_part(part: Part, what: tuple[EmTask, Callable[[Block], Moments]]) -> Moments:
    task, work = what
    n_components, n_features = task.component_label.size, len(task.model.coding.features)
    with in_part(part, task.plan):
        blocks = cached(task.plan.key(part, task.name))  # or else they are made again
        if blocks is None:
            blocks = chain.from_iterable(problem.blocks for _, problem in _problems(part, task))
        return reduce(merge, map(work, blocks), empty(n_components, n_features))


def _problems(part: Part, task: EmTask) -> Iterator[tuple[Rows, Problem]]:
    """Give what is to be fitted, chunk by chunk, with its rows: equal ones told once, those of weight 0 left out."""
    for table in table_chunks(part, task.plan):
        if not table.n_rows:
            continue
        label = label_codes(table.targets[task.column], task.label_of, "a part of the table")
        weight = np.where(label >= 0, 1.0, task.unlabelled_weight)
        if task.weights is not None and table.weights is not None and table.weights.values is not None:
            weight *= relative_weights(table.weights.values, task.weights)
        kept = np.flatnonzero(weight > 0.0)
        x = task.model.coding.predictors(task.model.prepared(table), kept).x
        rows, _ = merge_equal_rows(Rows(x, label[kept], weight[kept]))
        yield rows, make_problem(*rows, task.component_label, task.n_labels)
