"""Acceleration of EM by a quasi-Newton method whose gradient is that step.

To first order the step of EM is the gradient of the objective in the metric of the complete data's information
(Lange 1995, "A quasi-Newton acceleration of the EM algorithm", Statistica Sinica 5).  In coordinates that make this
metric the identity, EM is steepest ascent, and BFGS that starts from the identity (Jamshidian & Jennrich 1997,
"Acceleration of the EM algorithm by using quasi-Newton methods", JRSS B 59) learns from the steps that were taken how
much of the information is missing.  The same quadratic model says how much there is still to gain.
"""

from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Floats
from em_impute.em.families import Family, Prior, m_step
from em_impute.em.moments import Moments
from em_impute.em.parameters import MIN_SHARE, Parameters, whiten
from em_impute.errors import FitError

MEMORY = 10
"""Pairs of steps and changes of the gradient that are remembered; twice as many changed nothing."""

MIN_CURVATURE = 1e-8
"""Curvature along a step, 1 being that of complete data, below which the objective counts as not concave."""

REACH = 0.25
MAX_REACH = 2.0
"""How far a proposal goes at first and at last, in standard deviations of a mean or units of a logarithm.  The further,
the more often EM ends in another optimum than it would have reached step by step."""

MIN_TRUTH = 0.1
"""Part of the promised gain that a proposal must bring if what is remembered is to be trusted further."""

MAX_REJECTED = 0.12
"""Proposals that may fail, as a part of all maps: where EM is quick by itself, hardly any may be wasted."""

MIN_ROWS = 1e-8
"""Rows of a component that none belongs to, as a scale."""


class Coordinates(NamedTuple):
    """Coordinates in which a squared length is twice the complete data's loss of log-likelihood, near some mixture.

    Every vector stands for a mixture: logarithms of the weights, means in standard deviations of their components, and
    matrix logarithms of the covariances in the same units.  A family's mixtures form a linear space in these, unless
    each component has axes of its own.
    """

    mean: Floats  # (n_components, n_features)
    factor: Floats  # (n_components, n_features, n_features), Cholesky factor of the covariance
    whitener: Floats  # (n_components, n_features, n_features), its inverse
    rows: Floats  # (n_components,)
    mean_scale: Floats  # (n_components, 1), square root of the rows
    log_scale: Floats  # (n_components, 1, 1), square root of half the rows, the prior's among them

    def vector(self, parameters: Parameters) -> Floats:
        """Give the coordinates, (n_components · (1 + n_features + n_features²),), of a mixture."""
        log_weight = np.log(np.maximum(parameters.weight, MIN_SHARE))
        mean = (self.whitener @ (parameters.mean - self.mean)[:, :, None])[:, :, 0]
        length, axes = np.linalg.eigh(self.whitener @ parameters.covariance @ np.swapaxes(self.whitener, 1, 2))
        log_covariance = _with_axes(np.log(np.maximum(length, np.finfo(float).tiny)), axes)
        parts = (self.mean_scale[:, 0] * log_weight, self.mean_scale * mean, self.log_scale * log_covariance)
        return np.concatenate([part.ravel() for part in parts])

    def parameters(self, vector: Floats, family: Family) -> Parameters:
        """Give the mixture at some coordinates, or the one of the family next to it.  Raises FitError if singular."""
        log_weight, mean, log_covariance = self._parts(vector)
        weight = np.exp(log_weight - log_weight.max())
        mean = self.mean + (self.factor @ mean[:, :, None])[:, :, 0]
        length, axes = np.linalg.eigh(log_covariance)
        covariance = self.factor @ _with_axes(np.exp(length), axes) @ np.swapaxes(self.factor, 1, 2)
        covariance = (covariance + np.swapaxes(covariance, 1, 2)) / 2.0
        moments = Moments(self.rows, mean, covariance * self.rows[:, None, None], 0.0, 0)
        nothing = Prior(0.0, np.zeros(mean.shape[1]), np.eye(mean.shape[1]))
        return m_step(moments, family, nothing)._replace(weight=weight / weight.sum())

    def extent(self, step: Floats) -> float:
        """Measure the largest change that a step makes: of a log weight, of a mean, of a log standard deviation."""
        log_weight, mean, log_covariance = self._parts(step)
        n_components = log_weight.size
        logs = np.abs(log_weight).max(), np.linalg.norm(log_covariance.reshape(n_components, -1), axis=1).max() / 2.0
        return float(max(*logs, np.linalg.norm(mean, axis=1).max()))

    def _parts(self, vector: Floats) -> tuple[Floats, Floats, Floats]:
        n_components, n_features = self.mean.shape
        ends = (n_components, n_components * (1 + n_features))
        weight, mean, covariance = np.split(vector, ends)
        return (
            weight / self.mean_scale[:, 0],
            mean.reshape(n_components, n_features) / self.mean_scale,
            covariance.reshape(n_components, n_features, n_features) / self.log_scale,
        )


class Proposal(NamedTuple):
    """What is seen from a point that EM has come to."""

    parameters: Parameters | None  # where to go; None = where EM goes
    least: float  # to gain by going there: what the step of EM is certain to gain, to second order
    remaining: float  # to gain until the optimum, by the quadratic model; inf = it knows nothing yet


NO_PROPOSAL = Proposal(None, 0.0, np.inf)
"""Where nothing is known: EM goes on by itself."""


def make_coordinates(parameters: Parameters, rows: Floats, family: Family, prior: Prior) -> Coordinates:
    """Make the coordinates about a mixture whose components have these `rows`, (n_components,)."""
    whitener = whiten(parameters.covariance)
    rows = np.maximum(rows, MIN_ROWS)
    pseudo = prior.pseudo_rows(family, rows.size) / (rows.size if family.shared else 1)
    return Coordinates(
        parameters.mean,
        np.linalg.inv(whitener).astype(np.float64, copy=False),
        whitener,
        rows,
        np.sqrt(rows)[:, None],
        np.sqrt((rows + pseudo) / 2.0)[:, None, None],
    )


class _Memory(NamedTuple):
    """What the steps have taught: where they have led, and how the gradient changed on the way."""

    coordinates: Coordinates
    point: Floats  # (n_coordinates,)
    residual: Floats  # (n_coordinates,), the step of EM from there
    pairs: tuple[tuple[Floats, Floats], ...]  # step and change of the gradient, the last ones last


class QuasiNewton:
    """Where to go next, by what the steps so far have taught.

    The memory is emptied when it has misled, and where the objective is not concave: there the way decides which
    optimum is found, and that is left to EM.
    """

    def __init__(self, family: Family, prior: Prior) -> None:
        self._family, self._prior = family, prior
        self._memory: _Memory | None = None
        self._reach, self._extent = REACH, 0.0
        self._n_seen, self._n_rejected = 0, 0
        self._promised = 0.0  # by the proposal that is under way

    def propose(self, parameters: Parameters, mapped: Parameters, rows: Floats, gain: float) -> Proposal:
        """Look ahead from `parameters`, better than the last by `gain`, which EM maps to `mapped`.

        `rows` (n_components,) are those of the components.
        """
        self._n_seen += 1
        if self._promised > 0.0:
            if gain < MIN_TRUTH * self._promised:
                self._memory = None
            if self._extent >= self._reach:
                self._reach = min(2.0 * self._reach, MAX_REACH)
            self._promised = 0.0
        self._memory = self._remember(parameters, mapped, rows)
        return self._look_ahead(self._memory)

    def reject(self) -> None:
        """Learn that the last proposal brought too little."""
        self._n_rejected += 1
        self._reach = self._extent / 4.0
        self._memory, self._promised = None, 0.0

    def _remember(self, parameters: Parameters, mapped: Parameters, rows: Floats) -> _Memory:
        if self._memory is not None:
            coordinates, last, residual, pairs = self._memory
            point = coordinates.vector(parameters)
            ahead = coordinates.vector(mapped) - point
            step, change = point - last, residual - ahead
            if step @ change > MIN_CURVATURE * (step @ step):
                return _Memory(coordinates, point, ahead, (*pairs, (step, change))[-MEMORY:])
        coordinates = make_coordinates(parameters, rows, self._family, self._prior)
        point = coordinates.vector(parameters)
        return _Memory(coordinates, point, coordinates.vector(mapped) - point, ())

    def _look_ahead(self, memory: _Memory) -> Proposal:
        if not memory.pairs:
            return NO_PROPOSAL
        step = _ascend(memory.residual, memory.pairs)
        square, remaining = float(memory.residual @ memory.residual), float(memory.residual @ step) / 2.0
        if not remaining > 0.0:
            return NO_PROPOSAL
        stay = Proposal(None, 0.0, remaining)
        extent = memory.coordinates.extent(step)
        part = min(1.0, self._reach / extent)
        no_longer = part < 1.0 and part**2 * (step @ step) <= square
        if no_longer or self._n_rejected > MAX_REJECTED * self._n_seen:
            return stay
        try:
            parameters = memory.coordinates.parameters(memory.point + part * step, self._family)
        except FitError:
            return stay
        self._extent, self._promised = part * extent, remaining * part * (2.0 - part)
        return Proposal(parameters, square / 2.0, remaining)


def _ascend(residual: Floats, pairs: tuple[tuple[Floats, Floats], ...]) -> Floats:
    """Multiply by the inverse Hessian that BFGS has learnt from pairs (step, change): Nocedal (1980), two loops."""
    direction, factors = residual.copy(), []
    for step, change in reversed(pairs):
        factors.append((step @ direction) / (step @ change))
        direction -= factors[-1] * change
    for (step, change), factor in zip(pairs, reversed(factors), strict=True):
        direction += (factor - (change @ direction) / (step @ change)) * step
    return direction


def _with_axes(length: Floats, axes: Floats) -> Floats:
    product: Floats = (axes * length[:, None, :]) @ np.swapaxes(axes, 1, 2)
    return product
