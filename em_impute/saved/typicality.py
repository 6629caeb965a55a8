"""How typical rows are of the rows that a mixture was fitted to, each row as a whole."""

from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np

from em_impute.engine.blocks import UNKNOWN, Block, Floats, Integers, make_blocks, slices
from em_impute.engine.em import e_step
from em_impute.engine.moments import Moments, empty, hard_moments, merge
from em_impute.engine.parameters import Parameters, clamp
from em_impute.engine.units import FARTHEST
from em_impute.saved.distribution import draw

__all__ = ["FAR", "Spread", "Typicality", "look_at_rows"]

FAR = 0.001
"""Of the rows of a component, the part that counts as far from it."""


MAX_ROWS = 1 << 20
"""Shares and means of more rows would differ in the fourth digit, and nothing so fine is judged."""


class Spread(NamedTuple):
    """Weighted mean of numbers, and how they scatter about it."""

    weight: float
    mean: float
    scatter: float
    """sum of the weighted squares about the mean"""

    @property
    def sd(self) -> float:
        """The standard deviation, 0 of nothing."""
        return (self.scatter / self.weight) ** 0.5 if self.weight else 0.0

    @property
    def moments(self) -> Moments:
        """The same as moments of a single component and feature."""
        return Moments(np.array([self.weight]), np.array([[self.mean]]), np.array([[[self.scatter]]]), 0.0, 0)

    def plus(self, other: "Spread") -> "Spread":
        """Add other numbers (Chan, Golub & LeVeque 1983)."""
        return _spread(merge(self.moments, other.moments))


@dataclass(frozen=True)
class Typicality:
    """How many rows are far from every component, and how dense the model says it is where the others lie."""

    rows: float
    """weight of the rows that show a feature"""
    far: float
    """weight of those that are beyond the 99.9 % quantile of every component"""
    log_density: Spread
    """natural logarithm, in the data's own units, of the rows that show every feature"""

    def plus(self, other: "Typicality") -> "Typicality":
        """Add other rows, looked at by the same model."""
        return Typicality(self.rows + other.rows, self.far + other.far, self.log_density.plus(other.log_density))


def look_at_rows(parameters: Parameters, x: Floats, scale: Floats, weights: Floats | None = None) -> Typicality:
    """Look at rows, (n_rows, n_features) in standard units with NaN where missing, whatever their labels are.

    `scale` (n_features,) is what the data's own units were divided by; `weights` (n_rows,) says for how many rows each
    stands, 1 if it is None.  A row is far if its squared Mahalanobis distance from every component, over the features
    that it shows, is beyond the 99.9 % quantile of χ² with as many degrees of freedom.  Of very many rows MAX_ROWS are
    drawn, with the weight of all.  Raises FitError where a covariance is singular.
    """
    x, weights = draw(x, weights, MAX_ROWS)
    log_scale = float(np.log(scale).sum())
    looked = (
        _look_at(parameters, block, log_scale)
        for some in slices(x.shape[0])
        for block in _blocks(x[some], np.ones(some.stop - some.start) if weights is None else weights[some], parameters)
    )
    return reduce(Typicality.plus, looked, Typicality(0.0, 0.0, _spread(empty(1, 1))))


def _blocks(x: Floats, weight: Floats, parameters: Parameters) -> list[Block]:
    """Cut rows into blocks; what is too far out to be squared stands at FARTHEST."""
    return make_blocks(np.clip(x, -FARTHEST, FARTHEST), np.full(weight.size, UNKNOWN), weight, parameters.weight.size)


def _look_at(parameters: Parameters, block: Block, log_scale: float) -> Typicality:
    found = e_step(block, parameters, clamp(np.zeros(parameters.weight.size, np.intp), 1))
    whitened = found.conditional.whitener @ found.residual
    distance = np.einsum("gkdn,gkdn->gkn", whitened, whitened)[:, parameters.weight > 0.0].min(axis=1)
    n_shown = block.observed.sum(axis=1)
    shows, is_whole = n_shown > 0, n_shown == block.observed.shape[1]
    is_far = distance > _farthest(n_shown)[:, None]
    log_density, weight = found.log_evidence[is_whole].ravel() - log_scale, block.weight[is_whole].ravel()
    moments = hard_moments(log_density[:, None], np.zeros(weight.size, np.intp), weight, 1)
    return Typicality(float(block.weight[shows].sum()), float((block.weight * is_far)[shows].sum()), _spread(moments))


def _farthest(n_shown: Integers) -> Floats:
    """Give the squared distance beyond which a row that shows so many features is far."""
    from scipy.special import chdtri

    return np.asarray(chdtri(np.maximum(n_shown, 1), FAR), np.float64)


def _spread(moments: Moments) -> Spread:
    return Spread(float(moments.weight[0]), float(moments.mean[0, 0]), float(moments.scatter[0, 0, 0]))
