"""Where EM begins: at the labelled rows, or, when no label is known, at several guesses."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple, TypeVar

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers, Rows
from em_impute.em.em import DEFAULT_STOPPING, Fit, Problem, Stopping, fit, iterate
from em_impute.em.families import FAMILIES, Family, Prior, m_step
from em_impute.em.hierarchy import Hierarchy
from em_impute.em.k_means import choose_far_apart
from em_impute.em.moments import hard_moments
from em_impute.em.parameters import Parameters, whiten
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
    """A fitted mixture and the number of starts that agreed on it."""

    fit: Fit
    recipe: Recipe
    n_starts: int = 1
    n_optima: int = 1
    separable: bool = True  # False: without labels, and some components coincide also when pushed apart


def components_of_labels(label: Integers, n_labels: int, per_label: int) -> Integers:
    """Say which label each component belongs to: (n_components,), at most `per_label` each, fewer for rare labels."""
    known = np.bincount(label[label >= 0], minlength=n_labels)
    n_components = np.clip(known // ROWS_PER_COMPONENT, 1, per_label)
    return np.repeat(np.arange(n_labels), n_components)


def start_from_labels(
    x: Floats, label: Integers, weight: Floats, component_label: Integers, prior: Prior, seed: int
) -> Parameters:
    """Begin where the labelled rows are: one M step of the tied family on them alone.

    A label with several components is divided among them by distance.  The start borrows the default prior even where
    the fit will not use it, since a handful of labels need not span the space.
    """
    rng = np.random.default_rng(seed)
    component = np.full(label.size, -1)
    for value in np.unique(component_label):
        members = np.flatnonzero(label == value)
        components = np.flatnonzero(component_label == value)
        component[members] = components[_divide(x[members], weight[members], components.size, rng)]
    return _tied(x, component, weight, component_label.size, prior)


def _tied(x: Floats, component: Integers, weight: Floats, n_components: int, prior: Prior) -> Parameters:
    """Take one M step of the tied family, by the default prior at least."""
    moments = hard_moments(x, component, weight, n_components)
    return m_step(moments, FAMILIES["tied"], replace(prior, strength=max(prior.strength, 1.0)))


def search(problem: Problem, rows: Rows, family: Family, prior: Prior, recipe: Recipe, hierarchy: Hierarchy) -> Mixture:
    """Fit a mixture to rows without labels: short runs from many starts, the best ones to the end.

    A best run whose components coincide may have ended on a saddle: it is run again with these pushed apart.  Raises
    FitError when every start ends in a collapsed component.
    """
    stopping, (n_starts, n_finalists) = recipe.stopping, THOROUGH if recipe.thorough else QUICK

    def run(start: Parameters, max_iter: int, *, accelerate: bool = False) -> Fit:
        limit = Stopping(stopping.tolerance, max(0, min(max_iter, stopping.max_iter)))
        steps = iterate(problem, start, family, prior, limit, accelerate=accelerate)
        return fit(steps, problem.component_label)

    def finish(begun: Fit) -> Fit:
        final = run(begun.parameters, stopping.max_iter - len(begun.path) + 1, accelerate=recipe.accelerate)
        _refuse_spurious(final.parameters, float(rows.weight.sum()), prior)
        return final._replace(path=begun.path[:-1] + final.path)

    def look(starts: Iterable[Parameters]) -> tuple[list[Fit], list[FitError]]:
        return _succeed(lambda start: run(start, SHORT_RUN), starts)

    n_components = problem.component_label.size
    merged, refused = look(_merged(rows, n_components, family, prior, hierarchy))
    runs, failures = look(_guesses(rows, n_components, prior, n_starts, recipe.seed))
    ranked = sorted(runs if recipe.thorough else [*merged, *runs], key=_height, reverse=True)
    finals, more = _succeed(finish, ranked, n_finalists)
    if recipe.thorough:  # what was merged goes to the end, however it looks after a few steps
        others, worse = _succeed(finish, merged)
        finals, more = [*finals, *others], [*more, *worse]
    if not finals:
        raise [FitError("EM found no start", f"raise {option('prior_strength')}"), *refused, *failures, *more][-1]
    best = max(finals, key=_height)
    alike = coinciding(best.parameters)
    if alike.any():
        pushed = push_apart(best.parameters, alike, recipe.seed)
        with suppress(FitError):
            finals.append(finish(run(pushed, SHORT_RUN)))
        best = max(finals, key=_height)
    unit = 1e-3 + 1e-6 * abs(best.objective)  # optima nearer to one another are the same
    n_optima = len({round((best.objective - final.objective) / unit) for final in finals})
    return Mixture(best, recipe, len(merged) + len(runs), n_optima)


def _succeed(
    work: Callable[[Item], Fit], items: Iterable[Item], enough: int | None = None
) -> tuple[list[Fit], list[FitError]]:
    """Fit until enough fits have succeeded; also give the failures on the way."""
    done: list[Fit] = []
    failures = []
    for item in items:
        if len(done) == enough:
            break
        try:
            done.append(work(item))
        except FitError as error:
            failures.append(error)
    return done, failures


def _height(run: Fit) -> float:
    """Round the objective, so that of runs that reached the same optimum the first counts, not the luckiest one."""
    return round(run.objective, 4)


def _merged(rows: Rows, n_components: int, family: Family, prior: Prior, hierarchy: Hierarchy) -> Iterator[Parameters]:
    """Yield the starting values of rows that were merged: an M step of the very family, as mclust begins."""
    for component in hierarchy.partitions(n_components):
        moments = hard_moments(rows.x, component, rows.weight, n_components)
        yield m_step(moments, family, replace(prior, strength=max(prior.strength, 1.0)))


def _guesses(rows: Rows, n_components: int, prior: Prior, n_starts: int, seed: int) -> Iterator[Parameters]:
    """Yield starting values: equal slices along each feature's order, then k-means++ seeds with random numbers."""
    rng = np.random.default_rng(seed)
    x, weight = rows.x, rows.weight
    slices = min(x.shape[1], n_starts // 2)
    for attempt in range(n_starts if n_components > 1 else 1):
        if attempt < slices:
            component = _slice(x[:, attempt], weight, n_components)
        else:
            component = _divide(x, weight, n_components, rng)
        yield _tied(x, component, weight, n_components, prior)


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
    seeds = points[choose_far_apart(points, weight, n_components, rng)]
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


COINCIDENT = 1e-2
"""Symmetric divergence, in nats: with equal covariances, means less than 0.1 standard deviations apart.  Not less:
components approach one another ever more slowly, and EM stops before they have met."""

PUSH = 0.5
"""How far components are pushed apart, in their own standard deviations."""


def coinciding(parameters: Parameters) -> Flags:
    """Find the components, (n_components,), that another one equals."""
    divergence = divergences(parameters)
    np.fill_diagonal(divergence, np.inf)
    return np.asarray((divergence < COINCIDENT).any(axis=1))


def divergences(parameters: Parameters) -> Floats:
    """Compute the symmetric divergence of each pair of components, (n_components, n_components), in nats.

    KL(k‖l) + KL(l‖k) = ½ [tr(Σ_l⁻¹Σ_k + Σ_k⁻¹Σ_l) − 2d + δᵀ(Σ_k⁻¹ + Σ_l⁻¹)δ], δ = mean_k − mean_l
    (Kullback & Leibler 1951; the logarithms of the determinants cancel).
    """
    n_components, n_features = parameters.mean.shape
    one_way = np.empty((n_components, n_components))
    for k, whitener in enumerate(whiten(parameters.covariance)):
        offset = (parameters.mean - parameters.mean[k]) @ whitener.T  # (n_components, n_features)
        spread = np.einsum("ij,ljm,im->l", whitener, parameters.covariance, whitener)
        one_way[k] = 0.5 * (spread - n_features + (offset**2).sum(axis=1))
    return one_way + one_way.T


def push_apart(parameters: Parameters, which: Flags, seed: int) -> Parameters:
    """Move the means of some components, each in a direction of its own, and give these components equal weights.

    EM moves a component of weight 0 no more than one that equals another.
    """
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=(np.count_nonzero(which), parameters.mean.shape[1]))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    mean, weight = parameters.mean.copy(), parameters.weight.copy()
    mean[which] += PUSH * (np.linalg.cholesky(parameters.covariance[which]) @ direction[:, :, None])[:, :, 0]
    weight[which] = weight[which].mean()
    return Parameters(weight, mean, parameters.covariance)
