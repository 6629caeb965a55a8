"""The most likely covariances within a family (Celeux & Govaert 1995, "Gaussian parsimonious clustering models")."""

import numpy as np

from em_impute.engine.blocks import Floats
from em_impute.engine.parameters import whiten

__all__ = ["covariances_within"]

MAX_ROUNDS = 1000
SETTLED = 1e-8
"""Relative change of the sizes at which they have settled; the likelihood errs by its square."""


def covariances_within(model: str, scatter: Floats, rows: Floats) -> Floats:
    """Maximise −½ Σ_k (rows_k log|Σ_k| + tr S_k Σ_k⁻¹) over the covariances Σ_k of a family.

    `model` is mclust's three letters, `scatter` (n_components, n_features, n_features) holds the S_k, already diagonal
    or spherical where the family is, `rows` is (n_components,).  A family that shares one covariance passes the sums
    over components as one component.  The result has the shape of `scatter`.  Raises FitError when a component has no
    volume left.
    """
    volume, shape, orientation = tuple(model)
    if shape == "E" and orientation == "V":
        return _in_own_axes(scatter, rows, volume)
    if volume == "E" and shape == "V":
        return _of_one_volume(scatter, rows)
    if volume == "V" and shape == "E":
        return _proportional(scatter, rows)
    return scatter / rows[:, None, None]


def _in_own_axes(scatter: Floats, rows: Floats, volume: str) -> Floats:
    """Turn one shape into each component's own axes, EEV and VEV.

    Whatever the shape, the axes that suit it best are those of S_k, both in the same order of length (Theobald 1975).
    """
    length, axes = np.linalg.eigh(scatter)  # (n_components, n_features), (n_components, n_features, n_features)
    straight = np.maximum(length, 0.0)[:, :, None] * np.eye(scatter.shape[-1])
    shaped = straight.sum(axis=0) / rows.sum() if volume == "E" else _proportional(straight, rows)
    turned: Floats = axes @ shaped @ np.swapaxes(axes, -1, -2)
    return (turned + np.swapaxes(turned, -1, -2)) / 2.0


def _of_one_volume(scatter: Floats, rows: Floats) -> Floats:
    """Give each component its own S_k, at one volume, EVV and EVI: Σ_k = λ S_k/|S_k|^(1/d), λ = Σ_j |S_j|^(1/d)/N."""
    own = scatter / rows[:, None, None]
    diagonal = np.diagonal(whiten(own), axis1=-2, axis2=-1)
    size = np.exp(-2.0 * np.log(diagonal).mean(axis=-1))  # (n_components,), |S_k|^(1/d) / rows_k
    common = (rows @ size) / rows.sum()
    scaled: Floats = own * (common / size)[:, None, None]
    return scaled


def _proportional(scatter: Floats, rows: Floats) -> Floats:
    """Give the components one C, each at its own size: VEE and VEI.

    λ_k = tr(S_k C⁻¹) / (d rows_k) and C = Σ_k S_k/λ_k / N in turn, until they settle.  Neither lowers the likelihood,
    which is concave along geodesics of C (Wiesel 2012) and so has no other optimum than the one they come to.  Hence no
    step of EM needs to know the sizes of the step before.
    """
    n_components, n_features, _ = scatter.shape
    flat = scatter.reshape(n_components, -1)
    common = flat.sum(axis=0) / rows.sum()
    # These two refuse what is singular: the sum, or a component without any spread.
    whiten(common.reshape(1, n_features, n_features))
    whiten(np.trace(scatter, axis1=1, axis2=2)[:, None, None] / rows[:, None, None])
    size = np.ones(n_components)
    for _ in range(MAX_ROUNDS):
        precision = np.linalg.inv(common.reshape(n_features, n_features)).ravel()
        last, size = size, flat @ precision / (n_features * rows)
        common = (1.0 / size) @ flat / rows.sum()
        if np.abs(size / last - 1.0).max() < SETTLED:
            break
    proportional: Floats = size[:, None, None] * common.reshape(n_features, n_features)
    return proportional
