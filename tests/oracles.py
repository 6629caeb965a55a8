"""The engine's answers, found the slow way: row by row, by scipy.stats, by loops, by other formulas.

Nothing here is taken from `em_impute.em`, and no formula is the engine's own: densities come from scipy, conditional
moments from the inverse of the whole covariance (the engine uses Cholesky factors of its observed part), moments from
lists of rows.  Parameters are whatever has `weight`, `mean` and `covariance`.
"""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.linalg import expm, logm
from scipy.special import logsumexp
from scipy.stats import invgamma, invwishart, multivariate_normal


class Mixture(NamedTuple):
    """Parameters, so that oracles need nothing from the package under test."""

    weight: np.ndarray  # (n_components,)
    mean: np.ndarray  # (n_components, n_features)
    covariance: np.ndarray  # (n_components, n_features, n_features)


SHARED = {"tied", "tied-diag", "eii"}
"""Families in which one covariance serves all components."""

DIAGONAL = {"diag", "tied-diag", "eii", "vii", "vei", "evi"}
"""Families without correlation."""


# Densities


def log_density(row, mean, covariance):
    """Log density of what a row shows; 0 for a row that shows nothing."""
    seen = ~np.isnan(row)
    if not seen.any():
        return 0.0
    return float(multivariate_normal.logpdf(row[seen], mean[seen], covariance[np.ix_(seen, seen)]))


def log_joint(row, label, parameters, component_label):
    """Log of weight times density for each component, −inf for those that do not belong to the label."""
    result = []
    for k, weight in enumerate(parameters.weight):
        allowed = label in (-1, component_label[k])
        density = log_density(row, parameters.mean[k], parameters.covariance[k])
        result.append(np.log(weight) + density if allowed and weight > 0 else -np.inf)
    return np.array(result)


def responsibilities(x, label, parameters, component_label):
    """Share of each component in each row: (n_rows, n_components)."""
    result = []
    for row, value in zip(x, label, strict=True):
        joint = log_joint(row, value, parameters, component_label)
        result.append(np.exp(joint - logsumexp(joint)))
    return np.array(result)


def log_likelihood(x, label, weight, parameters, component_label):
    """Log density of what all rows show, labels included."""
    rows = zip(x, label, weight, strict=True)
    return sum(w * logsumexp(log_joint(row, value, parameters, component_label)) for row, value, w in rows)


def log_likelihood_by_pattern(x, label, parameters, component_label):
    """Equal to `log_likelihood`, fast enough to be maximised: one call of scipy for each pattern and component."""
    joint = np.zeros((len(x), len(component_label)))
    patterns = {tuple(row) for row in ~np.isnan(x)}
    for pattern in patterns:
        seen = np.array(pattern)
        rows = (np.isnan(x) != seen).all(axis=1)
        if not seen.any():
            continue
        for k in range(len(component_label)):
            block = parameters.covariance[k][np.ix_(seen, seen)]
            joint[rows, k] = multivariate_normal.logpdf(x[np.ix_(rows, seen)], parameters.mean[k][seen], block)
    joint += np.log(parameters.weight)
    for i, value in enumerate(label):
        if value >= 0:
            joint[i, np.asarray(component_label) != value] = -np.inf
    return float(logsumexp(joint, axis=1).sum())


# Moments


def weighted_moments(rows, weights):
    """Total weight, mean and scatter of complete rows, one row at a time."""
    n_features = len(rows[0])
    total = sum(weights)
    mean = np.zeros(n_features)
    for row, weight in zip(rows, weights, strict=True):
        for j in range(n_features):
            mean[j] += weight * row[j] / total
    scatter = np.zeros((n_features, n_features))
    for row, weight in zip(rows, weights, strict=True):
        for i in range(n_features):
            for j in range(n_features):
                scatter[i, j] += weight * (row[i] - mean[i]) * (row[j] - mean[j])
    return total, mean, scatter


def completed(row, mean, covariance):
    """Conditional mean of a row and conditional covariance of what it does not show, from the precision matrix."""
    unseen = np.isnan(row)
    full, spread = row.copy(), np.zeros_like(covariance)
    if unseen.any():
        precision = np.linalg.inv(covariance)
        inner = np.linalg.inv(precision[np.ix_(unseen, unseen)])
        full[unseen] = mean[unseen] - inner @ precision[np.ix_(unseen, ~unseen)] @ (row - mean)[~unseen]
        spread[np.ix_(unseen, unseen)] = inner
    return full, spread


def expected_moments(x, label, weight, parameters, component_label):
    """Weights, means and scatters of the components after one E step: (k,), (k, d), (k, d, d)."""
    responsibility = responsibilities(x, label, parameters, component_label)
    weights, means, scatters = [], [], []
    for k in range(len(component_label)):
        pairs = [completed(row, parameters.mean[k], parameters.covariance[k]) for row in x]
        shares = responsibility[:, k] * weight
        total, mean, scatter = weighted_moments([full for full, _ in pairs], shares)
        for share, (_, spread) in zip(shares, pairs, strict=True):
            scatter = scatter + share * spread
        weights.append(total)
        means.append(mean)
        scatters.append(scatter)
    return np.array(weights), np.array(means), np.array(scatters)


# The prior


def log_prior(parameters, family, strength, prior_mean, prior_scale):
    """Log of the normal–inverse-Wishart density to the power `strength`, with its constants.

    ν = d + 2, κ = 0.01 (Fraley & Raftery 2007).  A diagonal covariance has an inverse-gamma density in each feature; a
    shared one has its density once, beside one normal density for each component's mean.
    """
    n_features = len(prior_mean)
    total = 0.0
    for k, (mean, covariance) in enumerate(zip(parameters.mean, parameters.covariance, strict=True)):
        total += multivariate_normal.logpdf(mean, prior_mean, covariance / 0.01)
        if family in SHARED and k > 0:
            continue
        if family in DIAGONAL:
            for j in range(n_features):
                total += invgamma.logpdf(covariance[j, j], (n_features + 2) / 2, scale=prior_scale[j, j] / 2)
        else:
            total += invwishart.logpdf(covariance, n_features + 2, prior_scale)
    return strength * float(total)


# Free parameters, for numerical maximisation


def free_size(family, n_components, n_features):
    """Count the free parameters: the entries of the vector."""
    mean, covariance = np.zeros((n_components, n_features)), np.array([np.eye(n_features)] * n_components)
    return to_free(Mixture(np.full(n_components, 1 / n_components), mean, covariance), family).size


def to_free(parameters, family):
    """Write parameters as a vector without constraints: log ratios of weights, means, and the covariances."""
    parts = [np.log(parameters.weight[1:] / parameters.weight[0]), parameters.mean.ravel()]
    return np.concatenate([*parts, covariances_to_free(parameters.covariance, family)])


def from_free(free, family, n_components, n_features):
    """Undo `to_free`."""
    ratios, free = np.r_[0.0, free[: n_components - 1]], free[n_components - 1 :]
    mean, free = free[: n_components * n_features].reshape(n_components, n_features), free[n_components * n_features :]
    covariance = covariances_from_free(free, family, n_components, n_features)
    return Mixture(np.exp(ratios - logsumexp(ratios)), mean, covariance)


def covariances_to_free(covariance, family):
    """Write covariances as a vector without constraints.

    The logarithm of a covariance is a symmetric matrix: its trace says the volume, what is left the shape in its
    orientation.  So most families are linear in it.  Only EEV and VEV turn one shape, each component by its own angles.
    """
    logs = [_log_matrix(one) for one in covariance]
    n_features = len(logs[0])
    volume = [np.trace(log) / n_features for log in logs]
    rest = [log - v * np.eye(n_features) for log, v in zip(logs, volume, strict=True)]
    volume = volume if family in OWN_VOLUME else volume[:1]
    if family in TURNED:
        shape, turn = zip(*(_turned(one) for one in rest), strict=True)
        return np.concatenate([volume, shape[0][:-1], *turn])
    rest = [] if family in SPHERICAL else rest if family in OWN_SHAPE else rest[:1]
    off = [] if family in DIAGONAL else [one[np.tril_indices(n_features, -1)] for one in rest]
    return np.concatenate([volume, *(np.diag(one)[:-1] for one in rest), *off])


def covariances_from_free(free, family, n_components, n_features):
    """Undo `covariances_to_free`: (n_components, n_features, n_features)."""
    n_below = n_features * (n_features - 1) // 2
    n_volumes = n_components if family in OWN_VOLUME else 1
    volume, free = np.broadcast_to(free[:n_volumes], n_components), free[n_volumes:]
    if family in TURNED:
        shape, turn = _balanced(free[: n_features - 1]), free[n_features - 1 :].reshape(n_components, n_below)
        axes = [expm(_skew(angles, n_features)) for angles in turn]
        return np.array([q @ np.diag(np.exp(v + shape)) @ q.T for q, v in zip(axes, volume, strict=True)])
    n_rest = 0 if family in SPHERICAL else n_components if family in OWN_SHAPE else 1
    diagonal, below = free[: n_rest * (n_features - 1)], free[n_rest * (n_features - 1) :]
    rest = [np.diag(_balanced(one)) for one in diagonal.reshape(n_rest, n_features - 1)]
    if below.size:
        lower = np.tril_indices(n_features, -1)
        for one, values in zip(rest, below.reshape(n_rest, n_below), strict=True):
            one[lower] = one.T[lower] = values
    rest = rest or [np.zeros((n_features, n_features))]
    rest = rest if len(rest) == n_components else rest * n_components
    return np.array([_exp_matrix(v * np.eye(n_features) + one) for v, one in zip(volume, rest, strict=True)])


OWN_VOLUME = {"full", "diag", "vii", "vei", "vee", "vev"}
OWN_SHAPE = {"full", "diag", "evi", "evv"}
SPHERICAL = {"eii", "vii"}
TURNED = {"eev", "vev"}


def _log_matrix(covariance):
    value, axes = np.linalg.eigh(covariance)
    return axes @ np.diag(np.log(value)) @ axes.T


def _exp_matrix(symmetric):
    value, axes = np.linalg.eigh(symmetric)
    return axes @ np.diag(np.exp(value)) @ axes.T


def _turned(symmetric):
    """Eigenvalues in ascending order, and the angles of the rotation to the eigenvectors."""
    value, axes = np.linalg.eigh(symmetric)
    axes[:, 0] *= np.sign(np.linalg.det(axes))
    return value, np.real(logm(axes))[np.tril_indices(len(value), -1)]


def _skew(angles, n_features):
    result = np.zeros((n_features, n_features))
    result[np.tril_indices(n_features, -1)] = angles
    return result - result.T


def _balanced(values):
    """Append what makes the sum 0."""
    return np.append(values, -values.sum())


# Data


def faithful():
    """Read Old Faithful's eruptions and the waiting times before the next: (n_rows, 2)."""
    with (Path(__file__).parent.parent / "sample_data/faithful.csv").open(encoding="utf-8", newline="") as file:
        return np.array([[float(row["eruptions"]), float(row["waiting"])] for row in csv.DictReader(file)])


def draw(rng, n_rows, weight, mean, covariance):
    """Draw rows of a Gaussian mixture: x (n_rows, n_features) and the component of each row."""
    component = rng.choice(len(weight), n_rows, p=weight)
    x = np.array([rng.multivariate_normal(mean[k], covariance[k]) for k in component])
    return x, component


def hide(rng, values, share, missing):
    """Give back a copy with `share` of the cells replaced by `missing`."""
    return np.where(rng.random(values.shape) < share, missing, values)


def standardise(x):
    """Shift and scale columns to mean 0 and standard deviation 1: also gives the shifts and scales."""
    shift, scale = np.nanmean(x, axis=0), np.nanstd(x, axis=0)
    return (x - shift) / scale, shift, scale
