"""How much a fitted mixture owes to chance: the same fit to rows that are weighed at random."""

import numpy as np

from em_impute.em.blocks import Rows
from em_impute.em.em import fit, iterate, make_problem
from em_impute.em.families import FAMILIES, default_prior
from em_impute.em.mixture import Mixture, overall_covariance, sample_rows
from em_impute.em.parameters import Parameters
from em_impute.errors import FitError

__all__ = ["refits"]

MAX_ROWS = 20_000
"""Rows at most that are refitted to, each standing for as many as there are more."""

TOLERANCE = 1e-3
"""Log-likelihood still to gain at which a refit may stop: far less than chance moves it."""


def refits(rows: Rows, mixture: Mixture, n_labels: int, n_refits: int, seed: int) -> list[Parameters]:
    """Fit the mixture so many times to rows with random weights: draws from roughly the posterior of its parameters.

    A row that stands for w equal ones gets a weight from Gamma(w), so that w rows with weights from Exp(1) each would
    do the same (the weighted likelihood bootstrap, Newton & Raftery 1994).  All refits start from `mixture`, so that
    components keep their names.  One that collapses is replaced by `mixture` itself.
    """
    rng = np.random.default_rng(seed)
    recipe, component_label = mixture.recipe, mixture.fit.component_label
    few = sample_rows(rows, MAX_ROWS, seed)
    family = FAMILIES[recipe.family]
    prior = default_prior(overall_covariance(few), float(few.weight.sum()), component_label.size, recipe.prior_strength)
    stopping = recipe.stopping._replace(tolerance=max(recipe.stopping.tolerance, TOLERANCE))
    found = []
    for _ in range(n_refits):
        weighed = few._replace(weight=np.maximum(rng.standard_gamma(few.weight), np.finfo(float).tiny))
        problem = make_problem(
            *weighed,
            component_label,
            n_labels,
            free_shares=recipe.free_shares,
            unlabelled_weight=recipe.unlabelled_weight,
        )
        try:
            start = mixture.fit.parameters
            steps = iterate(problem, start, family, prior, stopping, accelerate=recipe.accelerate)
            found.append(fit(steps, component_label).parameters)
        except FitError:
            found.append(mixture.fit.parameters)
    return found
