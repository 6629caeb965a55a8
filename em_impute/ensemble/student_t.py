"""What fitted mixtures say of rows that they have not seen: Student's t, since the parameters are estimates."""

from math import lgamma
from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Floats, Integers
from em_impute.em.parameters import LOG_TWO_PI
from em_impute.ensemble.shrinkage import Batch
from em_impute.ensemble.sufficient_statistics import Group, coefficients, distances, invert
from em_impute.ensemble.terms import Terms, WholeTerms, has_products

LEAST_FREEDOM = 2.0
"""Degrees of freedom at least: fewer would have no mean."""

MEAN_PSEUDO_ROWS = 0.1


class Scorer(NamedTuple):
    """Mixtures, ready to score rows that show the same columns; all arrays component by component, then mixtures."""

    distance: Floats  # (n_components·n_mixtures, n_terms), squared distances as coefficients of the terms
    log_chance: Floats  # (n_components·n_mixtures, n_indicators)
    freedom: Floats  # (n_components·n_mixtures, 1)
    constant: Floats  # (n_components·n_mixtures, 1)
    log_variance: Floats | None  # (n_components·n_mixtures, n_columns) where rows that show any columns are scored
    n_observed: int
    component_label: Integers  # (n_components,)
    n_labels: int

    def of(self, terms: Terms) -> Floats:
        """Compute log(share·predictive density) of each label for each row: (n_labels, n_mixtures, n_rows).

        With the rows last, maxima and sums over components and labels run along the memory.
        """
        score = terms.scored(self.distance)
        np.maximum(score, 0.0, out=score)
        score /= self.freedom
        np.log1p(score, out=score)
        if self.log_variance is None or isinstance(terms, WholeTerms):
            score *= -0.5 * (self.freedom + self.n_observed)
            score += self.constant
        else:
            n_shown, place = np.unique(terms.n_shown, return_inverse=True)
            score *= -0.5 * (self.freedom + n_shown[place])
            score += self.constant - 0.5 * terms.scored(self.log_variance, first=1 + 2 * self.n_observed)
            score += np.hstack([_log_normalizer(self.freedom, n) for n in n_shown.tolist()])[:, place]
        if self.log_chance.shape[1]:
            score += terms.scored(self.log_chance, first=terms.n_terms - self.log_chance.shape[1])
        n_components = self.component_label.size
        score = score.reshape(n_components, self.freedom.size // n_components, -1)
        return _of_labels(score, self.component_label, self.n_labels)


def make_scorer(observed: Integers, batch: Batch, component_label: Integers, n_labels: int) -> Scorer:
    """Prepare mixtures to predict rows that show the `observed` columns.

    A component with n rows, ν' degrees of freedom, covariance C and d columns predicts by Student's t with
    ν = ν' − d + 1 and scale (1 + 1/n)·(ν'/ν)·C (Geisser 1964; Murphy 2012, eq. 4.222).  Columns that a row does not
    show are left out, which for t as for a Gaussian is the exact marginal with the same ν.
    """
    n = observed.size
    freedom = np.maximum(batch.freedom - batch.mean.shape[-1] + 1.0, LEAST_FREEDOM)
    inflation = (1.0 + 1.0 / (batch.weight + MEAN_PSEUDO_ROWS)) * batch.freedom / freedom
    constant, log_variance = batch.log_share, None
    if has_products(batch.mean.shape[-1]):
        covariance = batch.covariance[..., observed[:, None], observed] * inflation[..., None, None]
        precision, log_determinant = invert(covariance)
        constant = constant + _log_normalizer(freedom, n) - 0.5 * log_determinant
    else:
        variance = batch.covariance * inflation[..., None]
        precision, log_variance = 1.0 / variance, _flat(np.log(variance))
    distance = distances(precision, batch.mean[..., observed])
    distance, log_chance, freedom, constant = (
        _flat(part) for part in (distance, batch.log_chance, freedom[..., None], constant[..., None])
    )
    return Scorer(distance, log_chance, freedom, constant, log_variance, n, component_label, n_labels)


def gaussian_label_scores(group: Group, batch: Batch, component_label: Integers, n_labels: int) -> Floats:
    """Compute log(share·density) of each label for each row, the parameters being given: like `Scorer.of`."""
    observed, share, chance = group.observed, batch.log_share, batch.log_chance
    if has_products(batch.mean.shape[-1]):
        precision, log_determinant = invert(batch.covariance[..., observed[:, None], observed])
        distance = distances(precision, batch.mean[..., observed])
        theta = coefficients(np.array(observed.size), share, distance, log_determinant, chance)
    else:
        distance = distances(1.0 / batch.covariance, batch.mean)
        distance[..., 1 + 2 * observed.size :] += LOG_TWO_PI + np.log(batch.covariance)
        theta = coefficients(np.array(0), share, distance, np.array(0.0), chance)
    score: Floats = group.terms.scored(_flat(theta))
    return _of_labels(score.reshape(*theta.shape[1::-1], group.rows.size), component_label, n_labels)


def temper(score: Floats, temperature: float) -> Floats:
    """Turn scores into probabilities ∝ exp(temperature·score) over the first axis; below 1 they are less sure."""
    scaled = temperature * score
    scaled -= scaled.max(axis=0)
    np.exp(scaled, out=scaled)
    scaled /= scaled.sum(axis=0)
    return scaled


def _flat(values: Floats) -> Floats:
    """Put (n_mixtures, n_components, n) component by component: (n_components·n_mixtures, n)."""
    return np.swapaxes(values, 0, 1).reshape(values.shape[0] * values.shape[1], values.shape[2])


def _of_labels(score: Floats, component_label: Integers, n_labels: int) -> Floats:
    """Add up the components of each label, in logarithms: (n_components, …), which is overwritten, to (n_labels, …)."""
    if np.array_equal(component_label, np.arange(n_labels)):
        return score
    peak = score.max(axis=0)
    score -= peak
    density = np.exp(score, out=score)
    of_label = np.empty((n_labels, *score.shape[1:]))
    for label in range(n_labels):
        density[component_label == label].sum(axis=0, out=of_label[label])
    np.log(np.maximum(of_label, np.finfo(float).tiny, out=of_label), out=of_label)
    of_label += peak
    return of_label


def _log_normalizer(freedom: Floats, n: int) -> Floats:
    if n == 0:
        return np.zeros_like(freedom)
    # Not scipy's gammaln: there are few values, and it takes longer to import than to fill a small table.
    ratio = [lgamma((value + n) / 2.0) - lgamma(value / 2.0) for value in freedom.ravel().tolist()]
    normalizer: Floats = np.array(ratio).reshape(freedom.shape) - 0.5 * n * np.log(freedom * np.pi)
    return normalizer
