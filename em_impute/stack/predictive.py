"""What fitted mixtures say of rows that they have not seen: Student's t, since the parameters are estimates."""

import numpy as np

from em_impute.engine.blocks import Floats, Integers
from em_impute.stack.shrinkage import Batch
from em_impute.stack.terms import Group, coefficients, invert, products_of

__all__ = ["gaussian_label_scores", "label_scores", "temper"]

LEAST_FREEDOM = 2.0
"""Degrees of freedom at least: fewer would have no mean."""

MEAN_PSEUDO_ROWS = 0.1


def label_scores(group: Group, batch: Batch, component_label: Integers, n_labels: int) -> Floats:
    """Compute log(share·predictive density) of each label for each row: (n_rows, n_mixtures, n_labels).

    A component with n rows, ν' degrees of freedom, covariance C and d columns predicts by Student's t with
    ν = ν' − d + 1 and scale (1 + 1/n)·(ν'/ν)·C (Geisser 1964; Murphy 2012, eq. 4.222).  Columns that a row does not
    show are left out, which for t as for a Gaussian is the exact marginal with the same ν.
    """
    return _of_labels(_component_scores(group, batch), component_label, n_labels)


def gaussian_label_scores(group: Group, batch: Batch, component_label: Integers, n_labels: int) -> Floats:
    """Compute log(share·density) of each label for each row, the parameters being given: like label_scores."""
    theta = coefficients(group.observed, batch.log_share, batch.mean, batch.covariance, batch.log_chance)
    score = (group.terms @ theta.reshape(-1, theta.shape[-1]).T).reshape(-1, *theta.shape[:-1])
    return _of_labels(score, component_label, n_labels)


def _of_labels(score: Floats, component_label: Integers, n_labels: int) -> Floats:
    """Add up the components of each label, in logarithms: (n_rows, n_mixtures, n_labels)."""
    if np.array_equal(component_label, np.arange(n_labels)):
        return score
    peak = score.max(axis=-1, keepdims=True)
    density = np.exp(score - peak)
    belongs = (component_label[:, None] == np.arange(n_labels)).astype(float)
    total = density @ belongs
    of_label: Floats = peak + np.log(np.maximum(total, np.finfo(float).tiny))
    return of_label


def temper(score: Floats, temperature: float) -> Floats:
    """Turn scores into probabilities ∝ exp(temperature·score) over the last axis; below 1 they are less sure."""
    scaled = temperature * score
    scaled -= scaled.max(axis=-1, keepdims=True)
    np.exp(scaled, out=scaled)
    scaled /= scaled.sum(axis=-1, keepdims=True)
    return scaled


def _component_scores(group: Group, batch: Batch) -> Floats:
    """Compute log(share·predictive density) of each component: (n_rows, n_mixtures, n_components)."""
    n = group.observed.size
    freedom = np.maximum(batch.freedom - batch.mean.shape[-1] + 1.0, LEAST_FREEDOM)
    inflation = (1.0 + 1.0 / (batch.weight + MEAN_PSEUDO_ROWS)) * batch.freedom / freedom
    scale = batch.covariance[..., group.observed[:, None], group.observed] * inflation[..., None, None]
    precision, log_determinant = invert(scale)
    centre = batch.mean[..., group.observed]
    linear = (precision @ centre[..., None])[..., 0]
    constant = (centre * linear).sum(axis=-1)
    theta = np.concatenate([constant[..., None], -2.0 * linear, 2.0 * products_of(precision)], axis=-1)
    distance = (group.terms[:, : theta.shape[-1]] @ theta.reshape(-1, theta.shape[-1]).T).reshape(-1, *constant.shape)
    score = np.log1p(np.maximum(distance, 0.0) / freedom)
    score *= -0.5 * (freedom + n)
    score += batch.log_share + _log_normalizer(freedom, n) - 0.5 * log_determinant
    if batch.log_chance.shape[-1]:
        n_indicators = batch.log_chance.shape[-1]
        indicators = group.terms[:, -n_indicators:]
        score += (indicators @ batch.log_chance.reshape(-1, n_indicators).T).reshape(score.shape)
    scores: Floats = score
    return scores


def _log_normalizer(freedom: Floats, n: int) -> Floats:
    if n == 0:
        return np.zeros_like(freedom)
    from scipy.special import gammaln

    normalizer: Floats = gammaln((freedom + n) / 2.0) - gammaln(freedom / 2.0) - 0.5 * n * np.log(freedom * np.pi)
    return normalizer
