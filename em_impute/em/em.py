"""Expectation–Maximisation for a Gaussian mixture with some labels known.

Dempster, Laird & Rubin (1977), with the labels' clamp as a per-row log-prior over components and with missing features
marginalised exactly (Ghahramani & Jordan 1994, "Supervised learning from incomplete data via an EM approach").

Labels may be missing more often in one class than in another.  Then the unlabelled rows have shares of their own, free
from those of the labelled rows, which the labels' counts give: J(θ) = Σ_labelled log(π_y f_y(x)) + λ Σ_unlabelled
log(Σ_k ω_k f_k(x)) + log prior.  The weights of the components are then ω.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial, reduce
from itertools import count
from typing import Literal, NamedTuple

import numpy as np

from em_impute.em.acceleration import Squarem
from em_impute.em.blocks import UNKNOWN, Block, Floats, Integers, make_blocks
from em_impute.em.expectation import Moments, e_step, hard_moments, log_weight, merge, summarize
from em_impute.em.families import Family, Prior, log_prior, m_step
from em_impute.em.parameters import (
    COLLAPSE_HINT,
    LOG_TWO_PI,
    Parameters,
    clamp,
    free_weight,
    half_log_precision,
    labelled_offset,
    whiten,
)
from em_impute.errors import FitError

MapBlocks = Callable[[Callable[[Block], Moments], Sequence[Block]], Iterable[Moments]]
"""A backend: an ordered map over blocks.  The builtin `map` is the serial one."""

Stop = Literal["converged", "max_iter", "rounding", "held-out labels"]
"""Why EM ended.

"rounding": some features are so nearly collinear that the next gain drowned in it; "held-out labels": these were
predicted best after so many steps.
"""

FALL_TOLERANCE = 1e-9
"""A fall of the objective beyond this part of its size is no rounding error but a bug."""

WELL_CONDITIONED = 1e-3
"""Standard deviations of what a feature adds to the others, in its own; below this, falls may be rounding."""

STALL_TOLERANCE = 1e-14
"""A gain below this part of the objective's size is what rounding leaves of nothing."""


class Problem(NamedTuple):
    """What is to be fitted: rows and the components they may belong to."""

    blocks: Sequence[Block]  # rows whose responsibilities change from step to step
    fixed: Moments  # of the rows whose responsibilities never change
    component_label: Integers  # (n_components,)
    log_clamp: Floats  # (n_labels + 1, n_components)
    labelled: Floats | None = None  # (n_labels,), weight of the labelled rows whose shares are not the mixture's


class Stopping(NamedTuple):
    """When to stop: Aitken's estimate of the gain still to come, in units of log-likelihood, or a number of M steps."""

    tolerance: float = 1e-6
    max_iter: int = 5000


DEFAULT_STOPPING = Stopping()


class Step(NamedTuple):
    """One turn of the loop: parameters and how well they explain the rows."""

    iteration: int
    parameters: Parameters
    log_likelihood: float
    objective: float  # log_likelihood + log prior: what EM ascends
    gain: float  # of the objective over the step before
    remaining: float  # Aitken's estimate of the gain to come; inf when there is none yet
    stop: Stop | None
    n_maps: int = 0  # E steps up to here, those for extrapolations that were not taken among them


def make_problem(
    x: Floats, label: Integers, weight: Floats, component_label: Integers, *, free_shares: bool = False
) -> Problem:
    """Divide the rows into those that EM must visit and those whose moments are computed once.

    A labelled row with every feature observed, whose label has one component, belongs there with certainty at every
    step.  `x` is (n_rows, n_features) with NaN for missing, `label` (n_rows,) with UNKNOWN, `weight` (n_rows,).

    `free_shares` gives the unlabelled rows shares of their own, if there are rows of either kind.
    """
    n_components, n_labels = component_label.size, int(component_label.max()) + 1
    known = label >= 0
    apart = free_shares and known.any() and not known.all()
    labelled = np.bincount(label[known], weight[known], n_labels).astype(np.float64, copy=False) if apart else None
    one_each = np.array_equal(component_label, np.arange(n_labels))
    certain = known & one_each & ~np.isnan(x).any(axis=1)
    fixed = hard_moments(x[certain], label[certain], weight[certain], n_components)
    if certain.any():
        x, label, weight = x[~certain], label[~certain], weight[~certain]
    blocks = make_blocks(x, label, weight, n_components)
    return Problem(blocks, fixed, component_label, clamp(component_label), labelled)


def log_likelihood_of(moments: Moments, parameters: Parameters) -> float:
    """Evaluate the log-likelihood of rows whose component is certain, from their moments alone.

    Σ_k n_k log π_k − ½ n_k (d log 2π + log|Σ_k|) − ½ tr Σ_k⁻¹ (S_k + n_k δδᵀ) with δ = sample mean − mean.
    """
    held = moments.weight > 0
    if not held.any():
        return 0.0
    weight = moments.weight[held]
    whitener = whiten(parameters.covariance[held])
    offset = (whitener @ (moments.mean - parameters.mean)[held][:, :, None])[:, :, 0]
    spread = np.einsum("kij,kjl,kil->k", whitener, moments.scatter[held], whitener)
    distance = spread + weight * (offset**2).sum(axis=1)
    log_normalizer = half_log_precision(whitener) - 0.5 * moments.mean.shape[1] * LOG_TWO_PI
    return float((weight * (log_weight(parameters.weight[held]) + log_normalizer) - 0.5 * distance).sum())


def expect(problem: Problem, parameters: Parameters, map_blocks: MapBlocks = map) -> Moments:
    """Take the E step over all rows.  Blocks are merged from left to right, so every backend gives the same bits."""
    log_clamp, log_likelihood = problem.log_clamp, log_likelihood_of(problem.fixed, parameters)
    if problem.labelled is not None:
        offset = labelled_offset(parameters.weight, problem.component_label, problem.labelled)
        log_clamp = np.vstack([log_clamp[:-1] + offset, log_clamp[-1:]])
        log_likelihood += float(problem.fixed.weight @ offset)
    work = partial(summarize, parameters=parameters, log_clamp=log_clamp)
    fixed = problem.fixed._replace(log_likelihood=log_likelihood)
    return reduce(merge, map_blocks(work, problem.blocks), fixed)


def maximize(problem: Problem, moments: Moments, family: Family, prior: Prior) -> Parameters:
    """Take the M step, with the weights of the components from the unlabelled rows where these are free."""
    parameters = m_step(moments, family, prior)
    if problem.labelled is None:
        return parameters
    return parameters._replace(weight=free_weight(moments.weight, problem.component_label, problem.labelled))


def iterate(
    problem: Problem,
    start: Parameters,
    family: Family,
    prior: Prior,
    stopping: Stopping = DEFAULT_STOPPING,
    map_blocks: MapBlocks = map,
    *,
    accelerate: bool = False,
) -> Iterator[Step]:
    """Run EM: yield each step as it is taken, the last one with its reason to stop.

    With `accelerate` some steps are extrapolations.  One that lowers the objective is not taken, and its map is all
    that is lost.
    Raises FitError when a covariance becomes singular, AssertionError if the objective should ever fall.
    """
    squarem = Squarem(family) if accelerate else None
    parameters, mapped = start, start
    tried: Parameters | None = None
    rate: float | None
    last = Step(-1, start, -np.inf, -np.inf, np.inf, np.inf, None)
    earlier, remaining = np.inf, np.inf
    for n_maps in count(1):
        moments, objective = _look(problem, parameters, family, prior, map_blocks, tentative=tried is not None)
        gain = objective - last.objective
        if tried and gain < -STALL_TOLERANCE * (1.0 + abs(last.objective)):
            parameters, tried = mapped, None
            continue
        # The start need not lie in the family, so the first M step alone may lower the objective.
        if gain < -FALL_TOLERANCE * (1.0 + abs(objective)) and last.iteration > 0:
            _explain_fall(parameters, prior, last, objective)
            yield last._replace(stop="rounding")
            return
        tried, rate = None, gain / last.gain if last.gain else 0.0
        if is_led := squarem is not None and last.iteration >= 0:
            mapped = maximize(problem, moments, family, prior)
            tried, rate = squarem.follow(parameters, mapped)
        if rate is not None:
            earlier, remaining = remaining, _to_come(gain, rate, objective)
        stop: Stop | None = None
        # Twice, since the first gain is the jump away from the start and beside a saddle says nothing of the rest.
        if max(remaining, earlier) < stopping.tolerance:
            stop = "converged"
        elif n_maps > stopping.max_iter:
            stop = "max_iter"
        last = Step(last.iteration + 1, parameters, moments.log_likelihood, objective, gain, remaining, stop, n_maps)
        yield last
        if stop:
            return
        if not is_led:
            mapped = maximize(problem, moments, family, prior)
        parameters = tried or mapped


def _look(
    problem: Problem, parameters: Parameters, family: Family, prior: Prior, map_blocks: MapBlocks, *, tentative: bool
) -> tuple[Moments, float]:
    """Take the E step; the objective is −inf where an extrapolation ended where EM could not go on."""
    try:
        moments = expect(problem, parameters, map_blocks)
        if tentative:
            maximize(problem, moments, family, prior)
        return moments, moments.log_likelihood + log_prior(parameters, family, prior)
    except FitError:
        if not tentative:
            raise
        return problem.fixed, -np.inf


def responsibilities(parameters: Parameters, component_label: Integers, x: Floats, label: Integers) -> Floats:
    """Take the E step for some rows: (n_rows, n_components).

    `x` is (n_rows, n_features) with NaN for missing; `label` (n_rows,) clamps where it is known.
    """
    found = np.empty((label.size, component_label.size))
    log_clamp = clamp(component_label)
    for block in make_blocks(x, label, np.ones(label.size), component_label.size):
        found[block.row] = np.moveaxis(e_step(block, parameters, log_clamp).responsibility, 1, 2)
    return found


def posterior(parameters: Parameters, component_label: Integers, x: Floats) -> Floats:
    """Compute the probability of each label for rows whose label is not known.

    `x` is (n_rows, n_features) with NaN for missing; the result (n_rows, n_labels) sums to 1 over labels.  A row that
    shows no feature gets the labels' shares.  Where these are free, they are those among unlabelled rows.
    """
    belongs = (component_label[:, None] == np.arange(component_label.max() + 1)).astype(float)
    probability: Floats = responsibilities(parameters, component_label, x, np.full(len(x), UNKNOWN)) @ belongs
    return probability


def _explain_fall(parameters: Parameters, prior: Prior, last: Step, objective: float) -> None:
    """Raise what a fall of the objective deserves, unless it is the rounding of nearly collinear features."""
    if np.diagonal(whiten(parameters.covariance), axis1=-2, axis2=-1).max() < 1.0 / WELL_CONDITIONED:
        fall = f"from {last.objective!r} to {objective!r} in step {last.iteration + 1}"
        raise AssertionError(f"EM lowered its objective {fall}")
    if prior.strength == 0.0:
        raise FitError("a component collapsed onto too few different rows", COLLAPSE_HINT)


def _to_come(gain: float, rate: float, objective: float) -> float:
    """Estimate the gain still to come, were the gains a geometric series (Aitken; Böhning et al. 1994)."""
    if abs(gain) <= STALL_TOLERANCE * (1.0 + abs(objective)):
        return 0.0
    return gain * rate / (1.0 - rate) if 0.0 < rate < 1.0 else np.inf
