"""From rows to a fitted mixture: prior, starting values and the loop, put together once for every caller.

A mixture can also be fitted to reweighted rows, which shows how much it owes to chance.
"""

from collections.abc import Callable
from contextlib import suppress

import numpy as np

from em_impute.em.blocks import Floats, Integers, Rows, slices
from em_impute.em.em import Fit, Problem, Step, fit, iterate, make_problem
from em_impute.em.families import FAMILIES, Prior, default_prior
from em_impute.em.hierarchy import Hierarchy, build_hierarchy
from em_impute.em.initialize import Mixture, Recipe, coinciding, components_of_labels, search, start_from_labels
from em_impute.em.parameters import Parameters
from em_impute.em.sampling import draw_by_weight, sample_rows
from em_impute.errors import FitError

MAX_SEARCH_ROWS = 20_000
"""Starts compete, and EM first climbs, on so many rows without a label at most; the winner then sees every row."""

MAX_REFITTED_ROWS = 20_000
"""Rows at most that are refitted to, each standing for as many as there are more."""

ROWS_AT_ONCE = 1 << 16
"""Rows of which a covariance takes copies at a time: of a hundred columns each takes 50 MiB."""

REFIT_TOLERANCE = 1e-3
"""Log-likelihood still to gain at which a refit may stop: far less than chance moves it."""


def fit_mixture(
    rows: Rows,
    n_labels: int,
    recipe: Recipe,
    watch: Callable[[Step], None] | None = None,
    hierarchy: Hierarchy | None = None,
    start: Parameters | None = None,
) -> Mixture:
    """Fit a Gaussian mixture in which every component belongs to a label.

    Labelled rows start and anchor the fit.  When no row is labelled, each label is one component, found from several
    starts; which is which is then for the caller to say.  `hierarchy` is that of the rows, where the caller has it.
    `start` takes the place of both.  Where rows are many, EM first comes near the optimum on a sample of them.
    """
    family = FAMILIES[recipe.family]
    component_label = components_of_labels(rows.label, n_labels, recipe.per_label)
    prior = _prior_for(rows, component_label.size, recipe.prior_strength)
    problem = _problem(rows, component_label, n_labels, recipe)
    few = _fewer(rows, recipe.seed)
    few_problem = problem if few is rows else _problem(few, component_label, n_labels, recipe)

    def climb(problem: Problem, start: Parameters, watch: Callable[[Step], None] | None = None) -> Fit:
        steps = iterate(problem, start, family, prior, recipe.stopping, accelerate=recipe.accelerate)
        return fit(steps, component_label, watch)

    if start is None and not (rows.label >= 0).any():
        if hierarchy is None:
            hierarchy = build_hierarchy(few, overall_covariance(few), recipe.seed)
        found = search(few_problem, few, family, prior, recipe, hierarchy)
        fitted = found.fit if few is rows else climb(problem, found.fit.parameters, watch)
        return found._replace(fit=fitted, separable=not coinciding(fitted.parameters).any())

    if start is None:
        start = start_from_labels(*rows, component_label, prior, recipe.seed)
    if few is not rows and recipe.accelerate:
        with suppress(FitError):
            start = climb(few_problem, start).parameters
    return Mixture(climb(problem, start, watch), recipe)


def _fewer(rows: Rows, seed: int) -> Rows:
    """Keep the rows with a label, and of the others a sample; give back the very rows where all are kept."""
    unknown, known = np.flatnonzero(rows.label < 0), np.flatnonzero(rows.label >= 0)
    if unknown.size <= MAX_SEARCH_ROWS:
        return rows
    drawn, weight = draw_by_weight(rows.weight[unknown], MAX_SEARCH_ROWS, np.random.default_rng(seed))
    chosen = np.concatenate([known, unknown[drawn]])
    return Rows(rows.x[chosen], rows.label[chosen], np.concatenate([rows.weight[known], weight]))


def refits(rows: Rows, mixture: Mixture, n_labels: int, n_refits: int, seed: int) -> list[Parameters]:
    """Fit the mixture so many times to rows with random weights: draws from roughly the posterior of its parameters.

    A row that stands for w equal ones gets a weight from Gamma(w), so that w rows with weights from Exp(1) each would
    do the same (the weighted likelihood bootstrap, Newton & Raftery 1994).  All refits start from `mixture`, so that
    components keep their names.  One that collapses is replaced by `mixture` itself.
    """
    rng = np.random.default_rng(seed)
    recipe, component_label, start = mixture.recipe, mixture.fit.component_label, mixture.fit.parameters
    few = sample_rows(rows, MAX_REFITTED_ROWS, seed)
    family, prior = FAMILIES[recipe.family], _prior_for(few, component_label.size, recipe.prior_strength)
    stopping = recipe.stopping._replace(tolerance=max(recipe.stopping.tolerance, REFIT_TOLERANCE))
    found = []
    for _ in range(n_refits):
        reweighted = few._replace(weight=np.maximum(rng.standard_gamma(few.weight), np.finfo(float).tiny))
        problem = _problem(reweighted, component_label, n_labels, recipe)
        try:
            steps = iterate(problem, start, family, prior, stopping, accelerate=recipe.accelerate)
            found.append(fit(steps, component_label).parameters)
        except FitError:
            found.append(start)
    return found


def weighed(rows: Rows, unlabelled_weight: float) -> Rows:
    """Let rows without a label weigh more or less (λ), or leave them out."""
    if unlabelled_weight == 1.0:
        return rows
    weight = np.where(rows.label < 0, unlabelled_weight * rows.weight, rows.weight)
    kept = weight > 0.0
    return Rows(rows.x[kept], rows.label[kept], weight[kept])


def _prior_for(rows: Rows, n_components: int, strength: float) -> Prior:
    """Build the default prior from the covariance of standardised rows."""
    return default_prior(overall_covariance(rows), float(rows.weight.sum()), n_components, strength)


def _problem(rows: Rows, component_label: Integers, n_labels: int, recipe: Recipe) -> Problem:
    if (rows.label >= 0).any():  # λ means nothing where there is no row with a label
        rows = weighed(rows, recipe.unlabelled_weight)
    return make_problem(*rows, component_label, n_labels, free_shares=recipe.free_shares)


def overall_covariance(rows: Rows) -> Floats:
    """Compute the covariance (n_features, n_features) of all rows about 0, each pair from what was observed.

    Products with a missing factor count as 0 and are divided by the geometric mean of both counts, which, unlike
    dividing by the count of the pair, cannot give a negative eigenvalue.
    """
    n_features = rows.x.shape[1]
    total, count = np.zeros((n_features, n_features)), np.zeros(n_features)
    for some in slices(rows.weight.size, ROWS_AT_ONCE):
        seen = ~np.isnan(rows.x[some])
        values = (rows.x[some] if seen.all() else np.where(seen, rows.x[some], 0.0)) * np.sqrt(rows.weight[some])[
            :, None
        ]
        total += values.T @ values
        count += rows.weight[some] @ seen
    scale = np.sqrt(np.maximum(count, np.finfo(float).tiny))
    covariance: Floats = total / np.outer(scale, scale)
    return covariance
