"""What happens in the loop: Q and the log-likelihood before and after each M step."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from em_impute.engine.em import Problem, Stop, Stopping, expect, iterate, log_likelihood_of
from em_impute.engine.families import Family, Prior, log_prior
from em_impute.engine.parameters import Parameters
from em_impute.impute import Watch

__all__ = ["Height", "Run", "Showing", "Turn", "follow"]

EARLY, LATER, WIDENING = 60, 30, 1.15
"""For pictures the parameters of the first 60 iterations are kept, and beyond those of iterations 30, 30·1.15, …."""


@dataclass(frozen=True)
class Showing:
    """What a learner wants to see."""

    n_rows: int = 5
    lines: tuple[int, ...] = ()
    """Lines of the file whose rows are followed; empty chooses `n_rows` telling ones."""
    steps: int | None = 3
    """Iterations whose parameters are kept; None keeps those of all."""
    pictures: bool = False
    """Keep also those of the iterations that are drawn."""


class Height(NamedTuple):
    """How high some parameters stand, given the responsibilities at those before the M step.  Natural logarithms."""

    q: float  # Q(·|θ), the expected log density of rows, labels and missing numbers
    log_likelihood: float
    log_prior: float  # up to a constant; 0 for plain maximum likelihood


class Turn(NamedTuple):
    """One turn of the loop: an E step at the parameters θ, and an M step from these to θ'."""

    iteration: int
    before: Height  # of θ
    after: Height  # of θ'


class Run(NamedTuple):
    """One run of EM."""

    parameters: dict[int, Parameters]
    turns: list[Turn]
    stop: Stop
    remaining: float


def follow(
    problem: Problem,
    start: Parameters,
    family: Family,
    prior: Prior,
    stopping: Stopping,
    showing: Showing,
    watch: Watch,
) -> Run:
    """Take down what happens in the loop: Q is that of the moments which the E step before found."""
    kept: dict[int, Parameters] = {}
    turns: list[Turn] = []
    last, stop, remaining = None, None, np.inf
    for step in iterate(problem, start, family, prior, stopping):
        stop, remaining = step.stop, step.remaining
        if step.stop == "rounding":  # this step was told before
            break
        detail = f"iteration {step.iteration}, log-likelihood {step.log_likelihood:,.3f}"
        watch("fitting", None, detail)
        held = log_prior(step.parameters, family, prior)
        if last is not None:
            moments, before = last
            after = Height(log_likelihood_of(moments, step.parameters), step.log_likelihood, held)
            turns.append(Turn(step.iteration, before, after))
        if step.stop or _is_kept(step.iteration, showing):
            kept[step.iteration] = step.parameters
        if not step.stop:
            moments = expect(problem, step.parameters)
            before = Height(log_likelihood_of(moments, step.parameters), step.log_likelihood, held)
            last = moments, before
    kept.setdefault(step.iteration, step.parameters)
    return Run(kept, turns, stop or "max_iter", remaining)


def _is_kept(iteration: int, showing: Showing) -> bool:
    """Tell whether the parameters of an iteration will be shown or drawn: of thousands, only some."""
    if showing.steps is None or iteration <= showing.steps:
        return True
    if not showing.pictures or iteration <= EARLY:
        return showing.pictures
    power = np.log(iteration / LATER) / np.log(WIDENING)
    return bool(round(LATER * WIDENING ** round(power)) == iteration)
