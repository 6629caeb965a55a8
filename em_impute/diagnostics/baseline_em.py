"""EM in its plainest form, as a picture of what there is to learn: one Gaussian a label, fitted to the measurements.

The cells need not be filled by it.  It shows where the labels lie, and what the rows without a label change about that.
"""

from typing import NamedTuple

import numpy as np

from em_impute.columns.design import Design
from em_impute.em.blocks import Floats, Rows, draw_rows, find_patterns
from em_impute.em.mixture import Mixture, Recipe, fit_mixture
from em_impute.em.parameters import Parameters, whiten
from em_impute.errors import FitError
from em_impute.model.column import FittedColumn

MAX_ROWS = 10_000
"""Rows of either kind that are looked at; each stands for as many as there are more."""

MAX_STEPS = 500

LEAST_STEPS, WORK, MOST_WORK = 50, 1e9, 1e10
"""Multiplications that one of the two fits should take, about a second, and at most, for so many steps of EM."""

PATTERN_WORK, INVERSE = 3e5, 6
"""What each pattern of missing cells costs in a step, and inverting a covariance over the cube of the predictors."""


class BaselineEm(NamedTuple):
    """Two fits of the same mixture, in units of the standardised measurements."""

    em: Mixture  # of all rows
    labels_only: Parameters | None  # of the labelled rows alone; None where no label is known
    log_jacobian: float  # to subtract from a log-likelihood in standardised units
    drift: Floats | None
    """(n_labels,), how far the other rows moved the mean of each label, in its standard deviations (Mahalanobis)"""


def examine_baseline_em(found: FittedColumn, prior_strength: float | None) -> BaselineEm | None:
    """Fit one Gaussian a label to the measurements; where no label is known, its mixture is such a fit already.

    Without a `prior_strength` it is fitted by maximum likelihood, as `explain` does, and with the default prior where
    that collapses.  None where nothing was measured, no such fit holds, or covariances of so many predictors would take
    too long.
    """
    design, recipe = found.design, found.fitted.choice.recipe
    if not design.n_numbers:
        return None
    if not (design.label >= 0).any():
        return BaselineEm(found.mixture, None, design.log_jacobian(design.distinct), None)
    rows = _rows_to_show(design, recipe.seed)
    if rows is None:
        return None
    n_labels = len(design.labels)
    n_steps = min(recipe.stopping.max_iter, MAX_STEPS, _affordable_steps(rows, n_labels))
    if not n_steps:
        return None
    stopping = recipe.stopping._replace(max_iter=n_steps)
    for strength in (0.0, 1.0) if prior_strength is None else (prior_strength,):
        one = Recipe("full", prior_strength=strength, stopping=stopping, seed=recipe.seed, accelerate=False)
        try:
            labels_only = fit_mixture(rows, n_labels, one._replace(unlabelled_weight=0.0)).parameters
            em = fit_mixture(rows, n_labels, one)
            return BaselineEm(em, labels_only, design.log_jacobian(rows), drift_of(labels_only, em.parameters))
        except FitError:
            continue
    return None


def _affordable_steps(rows: Rows, n_labels: int) -> int:
    """Count the steps of EM that there is time for; 0 where covariances of so many predictors are too dear for any."""
    n_features, n_patterns = rows.x.shape[1], len(find_patterns(np.isnan(rows.x))[0])
    inverses = n_patterns * (PATTERN_WORK + INVERSE * n_features**3)
    a_step = n_labels * (rows.label.size * (n_features + 1.0) ** 2 + inverses)
    return max(LEAST_STEPS, int(WORK / a_step)) if LEAST_STEPS * a_step < MOST_WORK else 0


def drift_of(origin: Parameters, moved: Parameters) -> Floats:
    """Measure how far each mean has moved in the standard deviations of its origin (Mahalanobis): (n_components,)."""
    offset = (whiten(origin.covariance) @ (moved.mean - origin.mean)[:, :, None])[:, :, 0]
    distance: Floats = np.sqrt((offset**2).sum(axis=1))
    return distance


def _rows_to_show(design: Design, seed: int) -> Rows | None:
    """Give the measurements of all rows, or of some that stand for all; None where a label is lost so."""
    rng, rows = np.random.default_rng(seed), design.distinct
    known, parts = rows.label >= 0, []
    for kind in (known, ~known):
        chosen = draw_rows(kind & (rows.weight > 0.0), MAX_ROWS, rng)
        weight = rows.weight[chosen]
        if chosen.size == MAX_ROWS:  # together they weigh as much as all
            weight = weight * ((rows.weight @ kind) / weight.sum())
        parts.append((rows.x[chosen, : design.n_numbers], rows.label[chosen].astype(np.intp), weight))
    shown = Rows(*(np.concatenate(values) for values in zip(*parts, strict=True)))
    lost = np.setdiff1d(np.unique(rows.label[known]), shown.label)
    return None if lost.size else shown
