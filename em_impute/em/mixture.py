"""From rows to a fitted mixture: prior, starting values and the loop, put together once for every caller.

A mixture can also be fitted to reweighted rows, which shows how much it owes to chance.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import NamedTuple, TypeVar

import numpy as np

from em_impute.em.blocks import Floats, Integers, Rows, draw_by_weight, sample_rows, slices
from em_impute.em.clustering import Hierarchy, build_hierarchy, far_apart, partitions
from em_impute.em.em import DEFAULT_STOPPING, MapBlocks, Problem, Step, Stop, Stopping, iterate, make_problem
from em_impute.em.expectation import hard_moments
from em_impute.em.families import FAMILIES, Family, Prior, default_prior, m_step
from em_impute.em.parameters import Parameters, coinciding
from em_impute.errors import FitError, option

ROWS_PER_COMPONENT = 6
"""A label gets a further component only if each has this many labelled rows to begin with."""

Item = TypeVar("Item")

SHORT_RUN = 10
THOROUGH, QUICK = (40, 3), (5, 1)
"""Forty short runs of EM, the best three to convergence, the "small EM" of Biernacki, Celeux & Govaert (2003), beside
those from rows that were merged.  Of 105 fits to seven public tables 10 then ended below the best of 60 starts that ran
to convergence 12 times; after twenty short runs 20 did."""

MIN_RELATIVE_SPREAD = 1e-3
"""A component narrower than this part of the median one sits on a handful of equal rows: a spurious optimum."""


MAX_SEARCH_ROWS = 20_000
"""Starts compete, and EM first climbs, on so many rows without a label at most; the winner then sees every row."""

MAX_REFITTED_ROWS = 20_000
"""Rows at most that are refitted to, each standing for as many as there are more."""

ROWS_AT_ONCE = 1 << 16
"""Rows of which a covariance takes copies at a time: of a hundred columns each takes 50 MiB."""

REFIT_TOLERANCE = 1e-3
"""Log-likelihood still to gain at which a refit may stop: far less than chance moves it."""


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
    accelerate: bool = True  # EM, by extrapolation; the short runs that compare starts do without


class Mixture(NamedTuple):
    """A fitted mixture, how it was reached, and the number of starts that agreed on it."""

    parameters: Parameters
    component_label: Integers  # (n_components,)
    recipe: Recipe
    log_likelihood: float
    objective: float
    path: tuple[float, ...]  # log-likelihood at every step, the start first
    stop: Stop
    remaining: float = 0.0
    n_starts: int = 1
    n_optima: int = 1
    separable: bool = True  # False: without labels, and some components coincide


def components_of_labels(label: Integers, n_labels: int, per_label: int) -> Integers:
    """Say which label each component belongs to: (n_components,), at most `per_label` each, fewer for rare labels."""
    known = np.bincount(label[label >= 0], minlength=n_labels)
    n_components = np.clip(known // ROWS_PER_COMPONENT, 1, per_label)
    return np.repeat(np.arange(n_labels), n_components)


def start_from_labels(rows: Rows, component_label: Integers, prior: Prior, seed: int) -> Parameters:
    """Begin where the labelled rows are: one M step of the tied family on them alone.

    A label with several components is divided among them by distance.
    """
    rng = np.random.default_rng(seed)
    component = np.full(rows.label.size, -1)
    for value in np.unique(component_label):
        members = np.flatnonzero(rows.label == value)
        components = np.flatnonzero(component_label == value)
        component[members] = components[_divide(rows.x[members], rows.weight[members], components.size, rng)]
    return _begin(rows, component, component_label.size, FAMILIES["tied"], prior)


def _begin(rows: Rows, component: Integers, n_components: int, family: Family, prior: Prior) -> Parameters:
    """Take one M step, with the default prior even where the fit uses none: a few rows need not span the space."""
    moments = hard_moments(rows.x, component, rows.weight, n_components)
    return m_step(moments, family, replace(prior, strength=max(prior.strength, 1.0)))


def search(problem: Problem, rows: Rows, prior: Prior, recipe: Recipe, hierarchy: Hierarchy) -> Mixture:
    """Fit a mixture to rows without labels: short runs from many starts, the best ones to the end.

    Raises FitError when every start ends in a collapsed component.
    """
    n_components, family, max_iter = problem.component_label.size, FAMILIES[recipe.family], recipe.stopping.max_iter
    n_starts, n_finalists = THOROUGH if recipe.thorough else QUICK
    begin = recipe._replace(stopping=recipe.stopping._replace(max_iter=min(SHORT_RUN, max_iter)), accelerate=False)
    failures = [FitError("EM found no start", f"raise {option('prior_strength')}")]

    def look(start: Parameters) -> Mixture:
        return climb(problem, start, prior, begin)

    def finish(begun: Mixture) -> Mixture:
        left = recipe.stopping._replace(max_iter=max_iter - len(begun.path) + 1)
        final = climb(problem, begun.parameters, prior, recipe._replace(stopping=left))
        _refuse_spurious(final.parameters, float(rows.weight.sum()), prior)
        return final._replace(path=begun.path[:-1] + final.path)

    def succeed(work: Callable[[Item], Mixture], items: Iterable[Item]) -> Iterator[Mixture]:
        """Yield the fits that succeed, and note why others fail."""
        for item in items:
            try:
                yield work(item)
            except FitError as error:
                failures.append(error)

    clusters = (_begin(rows, one, n_components, family, prior) for one in partitions(hierarchy, n_components))
    merged = [*succeed(look, clusters)]  # as mclust begins
    runs = [*succeed(look, _guesses(rows, n_components, prior, n_starts, recipe.seed))]
    ranked = sorted(runs if recipe.thorough else [*merged, *runs], key=_height, reverse=True)
    finals = [*islice(succeed(finish, ranked), n_finalists)]
    if recipe.thorough:  # what was merged goes to the end, however it looks after a few steps
        finals += succeed(finish, merged)
    if not finals:
        raise failures[-1]
    best = max(finals, key=_height)
    unit = 1e-3 + 1e-6 * abs(best.objective)  # optima nearer to one another are the same
    n_optima = len({round((best.objective - final.objective) / unit) for final in finals})
    return best._replace(recipe=recipe, n_starts=len(merged) + len(runs), n_optima=n_optima)


def climb(
    problem: Problem,
    start: Parameters,
    prior: Prior,
    recipe: Recipe,
    watch: Callable[[Step], None] | None = None,
    map_blocks: MapBlocks = map,
) -> Mixture:
    """Run EM to its end; `watch` is told of each step."""
    family, path = FAMILIES[recipe.family], {}
    for step in iterate(problem, start, family, prior, recipe.stopping, map_blocks, accelerate=recipe.accelerate):
        if watch is not None:
            watch(step)
        path[step.iteration] = step.log_likelihood
    stop, path_of_steps = step.stop or "max_iter", tuple(path.values())
    reached = step.log_likelihood, step.objective, path_of_steps, stop, step.remaining
    return Mixture(step.parameters, problem.component_label, recipe, *reached)


def _height(run: Mixture) -> float:
    """Round the objective, so that of runs that reached the same optimum the first counts, not the luckiest one."""
    return round(run.objective, 4)


def _guesses(rows: Rows, n_components: int, prior: Prior, n_starts: int, seed: int) -> Iterator[Parameters]:
    """Yield starting values: equal slices along each feature's order, then k-means++ seeds with random numbers."""
    rng = np.random.default_rng(seed)
    n_slices = min(rows.x.shape[1], n_starts // 2)
    for attempt in range(n_starts if n_components > 1 else 1):
        if attempt < n_slices:
            component = _slice(rows.x[:, attempt], rows.weight, n_components)
        else:
            component = _divide(rows.x, rows.weight, n_components, rng)
        yield _begin(rows, component, n_components, FAMILIES["tied"], prior)


def _slice(values: Floats, weight: Floats, n_components: int) -> Integers:
    order = np.argsort(np.where(np.isnan(values), 0.0, values), kind="stable")
    middle = (np.cumsum(weight[order]) - weight[order] / 2) / weight.sum()  # of each row's share, between 0 and 1
    component = np.empty(values.size, dtype=np.intp)
    component[order] = (middle * n_components).astype(np.intp)
    return component


def _divide(x: Floats, weight: Floats, n_components: int, rng: np.random.Generator) -> Integers:
    """Assign rows to the nearest of some that are far apart, a missing number counting as 0."""
    if n_components == 1:
        return np.zeros(x.shape[0], dtype=np.intp)
    points = np.where(np.isnan(x), 0.0, x)
    seeds = far_apart(points, weight, n_components, rng)
    # Not by a product of matrices: where rows lie on a grid, its rounding would break ties.
    nearest: Integers = np.array([((points - seed) ** 2).sum(axis=1) for seed in seeds]).argmin(axis=0)
    return nearest


def _refuse_spurious(parameters: Parameters, rows: float, prior: Prior) -> None:
    n_features = parameters.mean.shape[1]
    _, log_determinant = np.linalg.slogdet(parameters.covariance)
    spread = np.exp(log_determinant / (2 * n_features))
    narrow = spread < MIN_RELATIVE_SPREAD * np.median(spread)
    few = parameters.weight * rows < n_features + 1  # harmless where a prior bounds the likelihood
    if narrow.any() or (prior.strength == 0.0 and few.any()):
        raise FitError(
            "every start of EM ended with a component on a handful of rows",
            f"raise {option('prior_strength')}, use {option('covariance', 'tied')}, or ask for fewer components",
        )


def fit_mixture(
    rows: Rows,
    n_labels: int,
    recipe: Recipe,
    watch: Callable[[Step], None] | None = None,
    hierarchy: Hierarchy | None = None,
) -> Mixture:
    """Fit a Gaussian mixture in which every component belongs to a label.

    Labelled rows start and anchor the fit.  When no row is labelled, each label is one component, found from several
    starts; which is which is then for the caller to say.  `hierarchy` is that of the rows, where the caller has it.
    Where rows are many, EM first comes near the optimum on a sample of them.
    """
    component_label = components_of_labels(rows.label, n_labels, recipe.per_label)
    prior = _prior_for(rows, component_label.size, recipe.prior_strength)
    problem = _problem(rows, component_label, recipe)
    few = _fewer(rows, recipe.seed)
    few_problem = problem if few is rows else _problem(few, component_label, recipe)

    if not (rows.label >= 0).any():
        if hierarchy is None:
            hierarchy = build_hierarchy(few, overall_covariance(few), recipe.seed)
        found = search(few_problem, few, prior, recipe, hierarchy)
        if few is not rows:
            final = climb(problem, found.parameters, prior, recipe, watch)
            found = final._replace(n_starts=found.n_starts, n_optima=found.n_optima)
        return found._replace(separable=not coinciding(found.parameters).any())

    start = start_from_labels(rows, component_label, prior, recipe.seed)
    if few is not rows and recipe.accelerate:
        with suppress(FitError):
            start = climb(few_problem, start, prior, recipe).parameters
    return climb(problem, start, prior, recipe, watch)


def _fewer(rows: Rows, seed: int) -> Rows:
    """Keep the rows with a label, and of the others a sample; give back the very rows where all are kept."""
    unknown, known = np.flatnonzero(rows.label < 0), np.flatnonzero(rows.label >= 0)
    if unknown.size <= MAX_SEARCH_ROWS:
        return rows
    drawn, weight = draw_by_weight(rows.weight[unknown], MAX_SEARCH_ROWS, np.random.default_rng(seed))
    chosen = np.concatenate([known, unknown[drawn]])
    return Rows(rows.x[chosen], rows.label[chosen], np.concatenate([rows.weight[known], weight]))


def refits(rows: Rows, mixture: Mixture, n_refits: int, seed: int) -> list[Parameters]:
    """Fit the mixture so many times to rows with random weights: draws from roughly the posterior of its parameters.

    A row that stands for w equal ones gets a weight from Gamma(w), so that w rows with weights from Exp(1) each would
    do the same (the weighted likelihood bootstrap, Newton & Raftery 1994).  All refits start from `mixture`, so that
    components keep their names.  One that collapses is replaced by `mixture` itself.
    """
    rng = np.random.default_rng(seed)
    recipe, component_label, start = mixture.recipe, mixture.component_label, mixture.parameters
    few = sample_rows(rows, MAX_REFITTED_ROWS, seed)
    prior = _prior_for(few, component_label.size, recipe.prior_strength)
    stopping = recipe.stopping._replace(tolerance=max(recipe.stopping.tolerance, REFIT_TOLERANCE))
    found = []
    for _ in range(n_refits):
        reweighted = few._replace(weight=np.maximum(rng.standard_gamma(few.weight), np.finfo(float).tiny))
        problem = _problem(reweighted, component_label, recipe)
        try:
            found.append(climb(problem, start, prior, recipe._replace(stopping=stopping)).parameters)
        except FitError:
            found.append(start)
    return found


def weighed(rows: Rows, unlabelled_weight: float) -> Rows:
    """Let rows without a label weigh more or less (λ), or leave them out, unless no row has a label."""
    if unlabelled_weight == 1.0 or not (rows.label >= 0).any():
        return rows
    weight = np.where(rows.label < 0, unlabelled_weight * rows.weight, rows.weight)
    kept = weight > 0.0
    return Rows(rows.x[kept], rows.label[kept], weight[kept])


def _prior_for(rows: Rows, n_components: int, strength: float) -> Prior:
    """Build the default prior from the covariance of standardised rows."""
    return default_prior(overall_covariance(rows), float(rows.weight.sum()), n_components, strength)


def _problem(rows: Rows, component_label: Integers, recipe: Recipe) -> Problem:
    counted = weighed(rows, recipe.unlabelled_weight)
    return make_problem(*counted, component_label, free_shares=recipe.free_shares)


def overall_covariance(rows: Rows) -> Floats:
    """Compute the covariance (n_features, n_features) of all rows about 0, each pair from what was observed.

    Products with a missing factor count as 0 and are divided by the geometric mean of both counts, which, unlike
    dividing by the count of the pair, cannot give a negative eigenvalue.
    """
    n_features = rows.x.shape[1]
    total, count = np.zeros((n_features, n_features)), np.zeros(n_features)
    for some in slices(rows.weight.size, ROWS_AT_ONCE):
        seen = ~np.isnan(rows.x[some])
        values = np.where(seen, rows.x[some], 0.0)
        values *= np.sqrt(rows.weight[some])[:, None]
        total += values.T @ values
        count += rows.weight[some] @ seen
    scale = np.sqrt(np.maximum(count, np.finfo(float).tiny))
    covariance: Floats = total / np.outer(scale, scale)
    return covariance
