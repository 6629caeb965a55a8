"""Parameters drawn from their posterior: what the rows leave open about means, covariances and shares."""

import numpy as np
from numpy.typing import NDArray

from em_impute.engine.blocks import Floats
from em_impute.stack.shrinkage import Batch, Strengths

__all__ = ["SHARE_ROWS", "draw_covariances", "draw_parameters"]

SHARE_ROWS = 0.5
"""Pseudo-rows of each share: Jeffreys' prior."""

LEAST_ROWS = 0.1
"""Rows behind a mean at least; a label of which no row counts has its Gaussian from the prior."""

Booleans = NDArray[np.bool_]

TINY = np.finfo(float).tiny


def draw_parameters(
    batch: Batch, strengths: Strengths, count: Floats, levels: tuple[int, ...], rng: np.random.Generator
) -> Batch:
    """Draw the parameters of each mixture once, from what would be their posterior had all rows been labelled.

    Σ_k ~ IW(ν_k, ν_k·C_k) and μ_k ~ N(m_k, Σ_k/(n_k + κ)), the conjugate posterior that the M step has the means of
    (Gelman et al. 2013, "Bayesian Data Analysis", section 3.6), one Σ for all components where they share it; shares
    from Dirichlet(`count` + ½), `count` being (n_mixtures, n_components), and so the texts of each category.
    """
    mean, covariance = batch.mean, batch.covariance
    if mean.shape[-1]:
        covariance = draw_covariances(covariance, batch.freedom, strengths.independent.astype(bool), rng)
        tied = np.isinf(strengths.pooled)
        covariance[tied] = covariance[tied][:, :1]
        rows = np.maximum(batch.weight[..., None] + strengths.mean[:, None, :], LEAST_ROWS)
        error = np.linalg.cholesky(covariance) @ rng.standard_normal((*mean.shape, 1))
        mean = mean + error[..., 0] / np.sqrt(rows)
    log_chance, first = np.empty_like(batch.log_chance), 0
    for n_levels in levels:
        part = slice(first, first + n_levels)
        log_chance[..., part] = _log_dirichlet(
            np.exp(batch.log_chance[..., part]) * (batch.weight[..., None] + 1.0), rng
        )
        first += n_levels
    return Batch(batch.weight, mean, covariance, batch.freedom, _log_dirichlet(count + SHARE_ROWS, rng), log_chance)


def draw_covariances(covariance: Floats, freedom: Floats, independent: Booleans, rng: np.random.Generator) -> Floats:
    """Draw Σ ~ IW(ν, ν·C) for each C of (..., n, n) with ν of (...), by Bartlett's (1933) decomposition.

    Of mixtures that are `independent`, (n_mixtures,), the variances alone, each by its inverse χ²; they are the first
    axis.  ν is raised to n + 1 where it is less: below, no covariance would have a density.
    """
    n = covariance.shape[-1]
    raised = np.maximum(freedom, n + 1.0)
    drawn = np.zeros_like(covariance)
    alone, own = np.zeros_like(covariance[independent]), np.einsum("...ii->...i", covariance)[independent]
    chi_square = rng.chisquare(np.broadcast_to(raised[independent][..., None], own.shape))
    np.einsum("...ii->...i", alone)[...] = own * freedom[independent][..., None] / chi_square
    drawn[independent] = alone
    if independent.all():
        return drawn
    lower = np.linalg.cholesky(covariance[~independent] * freedom[~independent][..., None, None])
    root = np.tril(rng.standard_normal(lower.shape), -1)
    np.einsum("...ii->...i", root)[...] = np.sqrt(rng.chisquare(raised[~independent][..., None] - np.arange(n)))
    # With S = L·Lᵀ and A the root of a standard Wishart, (L⁻ᵀ·A·Aᵀ·L⁻¹)⁻¹ = (A⁻¹·Lᵀ)ᵀ·(A⁻¹·Lᵀ).
    half = np.linalg.solve(root, np.swapaxes(lower, -1, -2))
    drawn[~independent] = np.swapaxes(half, -1, -2) @ half
    return drawn


def _log_dirichlet(count: Floats, rng: np.random.Generator) -> Floats:
    """Draw shares over the last axis and give their logarithms."""
    share = np.maximum(rng.standard_gamma(count), TINY)
    logarithm: Floats = np.log(share / share.sum(axis=-1, keepdims=True))
    return logarithm
