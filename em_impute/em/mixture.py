"""From rows to a fitted mixture: prior, starting values and the loop, put together once for every caller."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from em_impute.em.acceleration import Leaps
from em_impute.em.blocks import UNKNOWN, Block, Floats, Rows, slices
from em_impute.em.em import DEFAULT_STOPPING, Fit, Problem, Step, Stopping, fit, iterate, make_problem
from em_impute.em.families import FAMILIES, Family, Prior, default_prior
from em_impute.em.initialize import Effort, coinciding, components_of_labels, search, start_from_labels
from em_impute.em.parameters import Parameters
from em_impute.errors import FitError

__all__ = ["Mixture", "Recipe", "fit_mixture", "overall_covariance", "sample_rows"]

MAX_SEARCH_ROWS = 20_000
"""Without labels, starts compete on so many rows at most; the winner then sees every row."""

MANY_ROWS = 200_000
THINNING = 20
COARSE_TOLERANCE = 1.0
"""With so many rows that EM visits, it first comes near the optimum on one in twenty, each standing for twenty: to
within a log-likelihood that is less than what these rows can tell of the others."""

THOROUGH = Effort()
QUICK = Effort(n_starts=5, n_finalists=1)


class Recipe(NamedTuple):
    """How to fit: everything that is decided before the rows are looked at."""

    family: str
    per_label: int = 1
    prior_strength: float = 1.0
    stopping: Stopping = DEFAULT_STOPPING
    seed: int = 0
    free_shares: bool = False  # of the labels among unlabelled rows: not those among labelled ones
    unlabelled_weight: float = 1.0  # λ of an unlabelled row beside a labelled one; 0 = labelled rows alone
    thorough: bool = True  # without labels: from many starts; False = from a few, to compare models with
    accelerate: bool = True  # EM, by leaps beyond its steps; the short runs that compare starts do without


class Mixture(NamedTuple):
    """A fitted mixture and the number of starts that agreed on it."""

    fit: Fit
    recipe: Recipe
    n_starts: int = 1
    n_optima: int = 1
    gap: float | None = None  # of the objective between the best optimum and the next; None if only one was found
    separable: bool = True  # False: without labels, and some components coincide also when pushed apart
    climbs: tuple[tuple[float, ...], ...] = ()  # objective of every start from step to step; of one there is fit.climb


def fit_mixture(
    rows: Rows,
    n_labels: int,
    recipe: Recipe,
    watch: Callable[[Step], None] | None = None,
    start: Parameters | None = None,
) -> Mixture:
    """Fit a Gaussian mixture in which every component belongs to a label.

    Labelled rows start and anchor the fit.  When no row is labelled, each label is one component, found from several
    starts; which is which is then for the caller to say.  `start` takes the place of both: the parameters of another
    fit with the same components.
    """
    family = FAMILIES[recipe.family]
    component_label = components_of_labels(rows.label, n_labels, recipe.per_label)
    prior = default_prior(
        overall_covariance(rows), float(rows.weight.sum()), component_label.size, recipe.prior_strength
    )
    problem = make_problem(
        *rows,
        component_label,
        n_labels,
        free_shares=recipe.free_shares,
        unlabelled_weight=recipe.unlabelled_weight,
    )

    def climb(start: Parameters, accelerate: bool | Leaps) -> Fit:
        steps = iterate(problem, start, family, prior, recipe.stopping, accelerate=accelerate)
        return fit(_watched(steps, watch), component_label)

    if start is None and not (rows.label >= 0).any():
        few = sample_rows(rows, MAX_SEARCH_ROWS, recipe.seed)
        few_problem = problem if few is rows else make_problem(*few, component_label, n_labels)
        effort = (THOROUGH if recipe.thorough else QUICK)._replace(seed=recipe.seed, accelerate=recipe.accelerate)
        found = search(few_problem, few, family, prior, recipe.stopping, effort)
        fitted = found.fit if few is rows else climb(found.fit.parameters, recipe.accelerate)
        separable = not coinciding(fitted.parameters).any()
        return Mixture(fitted, recipe, found.n_starts, found.n_optima, found.gap, separable, found.climbs)

    if start is None:
        start = start_from_labels(*rows, component_label, prior, recipe.seed)
    accelerate: bool | Leaps = recipe.accelerate
    if accelerate:
        start, accelerate = _approach(problem, start, family, prior, recipe)
    return Mixture(climb(start, accelerate), recipe)


def _approach(
    problem: Problem, start: Parameters, family: Family, prior: Prior, recipe: Recipe
) -> tuple[Parameters, bool | Leaps]:
    """Come near the optimum on a part of the rows, where these are many and show every feature.

    Also gives the leaps, which have learnt there what the objective of all rows looks like.
    """
    n_rows = sum(block.label.size for block in problem.blocks)
    if n_rows < MANY_ROWS or not all(block.observed.all() for block in problem.blocks):
        return start, True
    rng = np.random.default_rng(recipe.seed)
    blocks = [_thin(problem.blocks[i : i + THINNING], rng) for i in range(0, len(problem.blocks), THINNING)]
    leaps = Leaps(family, prior)
    coarse = Stopping(max(COARSE_TOLERANCE, recipe.stopping.tolerance), recipe.stopping.max_iter)
    steps = iterate(problem._replace(blocks=blocks), start, family, prior, coarse, accelerate=leaps)
    try:
        start = fit(steps, problem.component_label).parameters
    except FitError:
        return start, True
    leaps.move()
    return start, leaps


def _thin(blocks: Sequence[Block], rng: np.random.Generator) -> Block:
    """Make one block of several: the labelled rows, and of the others some, which stand for all of them."""
    x, label, weight, row = (
        np.concatenate(parts, axis=-1) for parts in zip(*(b[:1] + b[2:] for b in blocks), strict=True)
    )
    unknown = label[0] == UNKNOWN
    drawn = unknown & (rng.random(unknown.size) < 1.0 / THINNING)
    if drawn.any():
        total = weight[0, unknown].sum()
        weight[0, drawn] *= total / weight[0, drawn].sum()
    else:
        drawn = unknown
    kept = drawn | ~unknown
    return Block(x[..., kept], blocks[0].observed, label[:, kept], weight[:, kept], row[:, kept])


def overall_covariance(rows: Rows) -> Floats:
    """Compute the covariance (n_features, n_features) of all rows about 0, each pair from what was observed.

    Products with a missing factor count as 0 and are divided by the geometric mean of both counts, which, unlike
    dividing by the count of the pair, cannot give a negative eigenvalue.
    """
    n_features = rows.x.shape[1]
    total, count = np.zeros((n_features, n_features)), np.zeros(n_features)
    for some in slices(rows.weight.size):
        seen = ~np.isnan(rows.x[some])
        values = (rows.x[some] if seen.all() else np.where(seen, rows.x[some], 0.0)) * np.sqrt(rows.weight[some])[
            :, None
        ]
        total += values.T @ values
        count += rows.weight[some] @ seen
    scale = np.sqrt(np.maximum(count, np.finfo(float).tiny))
    covariance: Floats = total / np.outer(scale, scale)
    return covariance


def sample_rows(rows: Rows, size: int, seed: int) -> Rows:
    """Draw at most `size` rows, each as likely as it is heavy; give back the very rows when there are no more."""
    if rows.weight.size <= size:
        return rows
    rng = np.random.default_rng(seed)
    total = rows.weight.sum()
    drawn = np.sort(rng.choice(rows.weight.size, size, p=rows.weight / total))
    return Rows(rows.x[drawn], rows.label[drawn], np.full(size, total / size))


def _watched(steps: Iterable[Step], watch: Callable[[Step], None] | None) -> Iterator[Step]:
    for step in steps:
        if watch is not None:
            watch(step)
        yield step
