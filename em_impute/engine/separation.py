"""Components that coincide: a saddle that EM cannot leave by itself, or a sign that there are fewer groups."""

import numpy as np
from numpy.typing import NDArray

from em_impute.engine.blocks import Floats
from em_impute.engine.parameters import Parameters, whiten

__all__ = ["coinciding", "divergences", "push_apart"]

COINCIDENT = 1e-2
"""Symmetric divergence, in nats: with equal covariances, means less than 0.1 standard deviations apart.  Not less:
components approach one another ever more slowly, and EM stops before they have met."""

PUSH = 0.5
"""How far components are pushed apart, in their own standard deviations."""


def coinciding(parameters: Parameters) -> NDArray[np.bool_]:
    """Find the components, (n_components,), that another one equals."""
    divergence = divergences(parameters)
    np.fill_diagonal(divergence, np.inf)
    return np.asarray((divergence < COINCIDENT).any(axis=1))


def divergences(parameters: Parameters) -> Floats:
    """Compute the symmetric divergence of each pair of components, (n_components, n_components), in nats.

    KL(k‖l) + KL(l‖k) = ½ [tr(Σ_l⁻¹Σ_k + Σ_k⁻¹Σ_l) − 2d + δᵀ(Σ_k⁻¹ + Σ_l⁻¹)δ], δ = mean_k − mean_l
    (Kullback & Leibler 1951; the logarithms of the determinants cancel).
    """
    n_components, n_features = parameters.mean.shape
    one_way = np.empty((n_components, n_components))
    for k, whitener in enumerate(whiten(parameters.covariance)):
        offset = (parameters.mean - parameters.mean[k]) @ whitener.T  # (n_components, n_features)
        spread = np.einsum("ij,ljm,im->l", whitener, parameters.covariance, whitener)
        one_way[k] = 0.5 * (spread - n_features + (offset**2).sum(axis=1))
    return one_way + one_way.T


def push_apart(parameters: Parameters, which: NDArray[np.bool_], seed: int) -> Parameters:
    """Move the means of some components, each in a direction of its own, and give these components equal weights.

    EM moves a component of weight 0 no more than one that equals another.
    """
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=(np.count_nonzero(which), parameters.mean.shape[1]))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    mean, weight = parameters.mean.copy(), parameters.weight.copy()
    mean[which] += PUSH * (np.linalg.cholesky(parameters.covariance[which]) @ direction[:, :, None])[:, :, 0]
    weight[which] = weight[which].mean()
    return Parameters(weight, mean, parameters.covariance)
