"""Where plain EM begins, in numbers that can be checked by hand."""

from contextlib import suppress
from typing import Literal, NamedTuple

import numpy as np

from em_impute.em.blocks import Floats, Integers, Rows, sample_rows
from em_impute.em.clustering import far_apart
from em_impute.em.em import Stopping, iterate, make_problem
from em_impute.em.expectation import hard_moments
from em_impute.em.families import Family, Prior, default_prior
from em_impute.em.mixture import overall_covariance
from em_impute.em.parameters import Parameters, whiten
from em_impute.errors import FitError, option
from em_impute.options import Request

N_STARTS = 10
START_ROWS = 5000
START_STEPS = 100
"""Without labels so many starts are followed for so many steps, on so many rows at most; the highest one is shown."""

HANDFUL = "every start of EM ended with a component on a handful of rows"

ENOUGH = 2
"""Labelled rows beyond one a label, for each feature, from which their covariance can start the fit."""


class Start(NamedTuple):
    """Where EM begins."""

    kind: Literal["labels", "random"]
    pooled: bool  # the covariance is that of the rows about their labels' means, not that of all rows
    n_starts: int


def find_start(
    rows: Rows, component_label: Integers, family: Family, prior: Prior, request: Request
) -> tuple[Parameters, Start]:
    """Find where EM begins: at the labels, or where none is known at the best of some random places.

    All components start with one covariance, within the family, so that no M step can lower the likelihood.
    """
    rng = np.random.default_rng(request.seed)
    if (rows.label >= 0).any():
        return _start_at_labels(rows, component_label, family, prior, rng)
    limit = Stopping(request.tolerance, min(START_STEPS, request.max_iter))
    return _highest_start(rows, component_label, family, prior, limit, rng)


def _start_at_labels(
    rows: Rows, component_label: Integers, family: Family, prior: Prior, rng: np.random.Generator
) -> tuple[Parameters, Start]:
    """Begin at the labels' means, with the covariance of labelled rows about them, or of all if they are too few."""
    known = rows.label >= 0
    x, label, weight = rows.x[known], rows.label[known], rows.weight[known]
    n_labels = int(component_label.max()) + 1
    moments = hard_moments(x, label, weight, n_labels)
    n_components = np.bincount(component_label)
    share = (moments.weight / moments.weight.sum() / n_components)[component_label]
    mean = moments.mean[component_label]
    for value in np.flatnonzero(n_components > 1):
        own = label == value
        mean[component_label == value] = far_apart(x[own], weight[own], int(n_components[value]), rng)
    enough = weight.sum() - n_labels >= ENOUGH * x.shape[1]
    within = Rows(x - moments.mean[label], label, weight)
    for candidates in [within, rows] if enough else [rows]:
        covariance = _covariance_of(candidates, family, prior)
        with suppress(FitError):
            whiten(covariance)
            break
    start = Parameters(share, mean, np.tile(covariance, (share.size, 1, 1)))
    return start, Start("labels", candidates is within, 1)


def _highest_start(
    rows: Rows, component_label: Integers, family: Family, prior: Prior, limit: Stopping, rng: np.random.Generator
) -> tuple[Parameters, Start]:
    """Find the start, of means at rows that are far apart and equal shares, from which EM comes highest."""
    n_components = component_label.size
    few = sample_rows(rows, START_ROWS, int(rng.integers(1 << 32)))
    problem = make_problem(*few, component_label)
    covariance = np.tile(_covariance_of(rows, family, prior), (n_components, 1, 1))
    share = np.full(n_components, 1.0 / n_components)
    best, highest, failure = None, -np.inf, FitError("EM found no start", f"raise {option('prior_strength')}")
    n_starts = N_STARTS if n_components > 1 else 1
    for _ in range(n_starts):
        start = Parameters(share, far_apart(few.x, few.weight, n_components, rng), covariance)
        try:
            *_, final = iterate(problem, start, family, prior, limit)
            on_a_handful = final.parameters.weight * few.weight.sum() < few.x.shape[1] + 1
            if prior.strength == 0.0 and on_a_handful.any():  # whose likelihood is as high as one likes
                raise FitError(HANDFUL, "ask for fewer components")
        except FitError as error:
            failure = error
            continue
        if round(final.objective, 4) > highest:  # of those that reached the same optimum the first
            best, highest = start, round(final.objective, 4)
    if best is None:
        raise failure
    return best, Start("random", pooled=False, n_starts=n_starts)


def _covariance_of(rows: Rows, family: Family, prior: Prior) -> Floats:
    """Compute the covariance of rows about 0, restricted to the family; with a prior, kept invertible as its scale."""
    covariance = overall_covariance(rows)
    if prior.strength > 0.0:
        covariance = default_prior(covariance, float(rows.weight.sum()), 1, prior.strength).scale
    return family.restrict(covariance)
