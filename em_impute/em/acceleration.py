"""Acceleration of EM by squared extrapolation: SQUAREM (Varadhan & Roland 2008, Scandinavian Journal of Statistics 35).

Where groups overlap, steps of EM shrink slowly and hardly turn.  Two of them in a row tell at which rate they shrink,
and so how far all the steps to come would lead.
"""

from collections import deque

import numpy as np

from em_impute.em.blocks import Floats
from em_impute.em.expectation import Moments
from em_impute.em.families import Family, Prior, m_step
from em_impute.em.parameters import MIN_SHARE, Parameters
from em_impute.errors import FitError

LONGEST = 64.0
"""How far an extrapolation goes at most, in steps of EM."""

REMEMBERED = 5
"""Rates of which the largest counts."""


class Squarem:
    """Where to go next, by the last two steps of EM."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._first: Parameters | None = None
        self._rates: deque[float] = deque(maxlen=REMEMBERED)

    def follow(self, parameters: Parameters, mapped: Parameters) -> tuple[Parameters | None, float | None]:
        """Extrapolate from `parameters`, which EM maps to `mapped`.

        Gives a mixture to try instead of `mapped`, if any, and the rate at which the gains of EM shrink, if it is known
        by now.  What is tried begins two new steps.
        """
        first, self._first = self._first, parameters
        if first is None:
            return None, max(self._rates, default=None)
        start, here, there = map(_vector, (first, parameters, mapped))
        step, after = here - start, there - here
        bend = after - step
        size = max(float(np.linalg.norm(step)), MIN_SHARE)
        length = min(size / max(float(np.linalg.norm(bend)), MIN_SHARE), LONGEST)
        # An extrapolation leaves much of what shrinks fast, beside which what shrinks slowly is not seen for a while.
        self._rates.append((float(np.linalg.norm(after)) / size) ** 2)
        rate = max(self._rates)
        if not length > 1.0:
            return None, rate
        try:
            tried = _mixture(start + 2.0 * length * step + length**2 * bend, parameters, self._family)
        except FitError:
            return None, rate
        self._first = None
        return tried, rate


def _vector(parameters: Parameters) -> Floats:
    """Give coordinates in which every point is a mixture: log weights, means and matrix logarithms of covariances."""
    weight, mean, covariance = parameters
    length, axes = np.linalg.eigh(covariance)
    log_covariance = _with_axes(np.log(np.maximum(length, np.finfo(float).tiny)), axes)
    return np.concatenate([np.log(np.maximum(weight, MIN_SHARE)), mean.ravel(), log_covariance.ravel()])


def _mixture(vector: Floats, like: Parameters, family: Family) -> Parameters:
    """Give the mixture of the family at some coordinates, or next to them.  Raises FitError if it is singular."""
    n_components, n_features = like.mean.shape
    log_weight, mean, log_covariance = np.split(vector, [n_components, n_components * (1 + n_features)])
    mean, log_covariance = mean.reshape(like.mean.shape), log_covariance.reshape(like.covariance.shape)
    weight = np.exp(log_weight - log_weight.max())
    length, axes = np.linalg.eigh(log_covariance)
    moments = Moments(np.ones(n_components), mean, _with_axes(np.exp(length), axes))
    nothing = Prior(0.0, np.zeros(n_features), np.eye(n_features))
    return m_step(moments, family, nothing)._replace(weight=weight / weight.sum())


def _with_axes(length: Floats, axes: Floats) -> Floats:
    product: Floats = (axes * length[:, None, :]) @ np.swapaxes(axes, 1, 2)
    return (product + np.swapaxes(product, 1, 2)) / 2.0
