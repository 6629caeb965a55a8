"""The parameters of a Gaussian mixture, and what they say about features that were not observed."""

from typing import Annotated, NamedTuple

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers
from em_impute.errors import FitError, option
from em_impute.serialize.annotations import Axes

LOG_TWO_PI = float(np.log(2.0 * np.pi))

MIN_SCALE = 1e-6
"""Smallest diagonal entry of a Cholesky factor, in standard deviations of the feature, that arithmetic can carry."""

MIN_SHARE = 1e-100
"""Least share of a label among the unlabelled rows: no row can tell it from 0, and its logarithm is finite."""

COLLAPSE_HINT = (
    f"raise {option('prior_strength')}, use {option('covariance', 'tied')} or diag, or name fewer columns with "
    f"{option('features')}"
)


class Parameters(NamedTuple):
    """A Gaussian mixture."""

    weight: Annotated[Floats, Axes("n_components"), "Shares of the components, which add up to 1."]
    mean: Annotated[Floats, Axes("n_components", "n_features"), "Means."]
    covariance: Annotated[
        Floats,
        Axes("n_components", "n_features", "n_features", lower_triangle=True),
        "Covariances; of independent features, more than 256, variances alone.",
    ]


def clamp(component_label: Integers) -> Floats:
    """Build the log-prior over components that each label stands for.

    The result is (n_labels + 1, n_components): 0 where a component belongs to the label, −inf elsewhere, and zeros in
    the last row, which is where the label UNKNOWN (−1) points.  Labelled and unlabelled rows so share one formula.
    """
    allowed = np.arange(component_label.max() + 1)[:, None] == component_label
    return np.vstack([np.where(allowed, 0.0, -np.inf), np.zeros(component_label.size)])


def labelled_offset(weight: Floats, component_label: Integers, labelled: Floats) -> Floats:
    """Compute what labelled rows add to the log weights, (n_components,), where their labels have shares of their own.

    `weight` (n_components,) holds the shares among unlabelled rows and `labelled` (n_labels,) the weight of the
    labelled rows.  The result is log π_y − log ω_y for every component of label y, ω_y being the sum of the label's
    weights: within a label, the components' shares are those of the unlabelled rows.
    """
    known = labelled > 0
    log_share = np.log(labelled / labelled.sum(), out=np.zeros_like(labelled), where=known)
    share = np.bincount(component_label, weight, labelled.size)  # (n_labels,)
    offset: Floats = np.where(known, log_share - np.log(np.maximum(share, MIN_SHARE)), 0.0)[component_label]
    return offset


def free_weight(weight: Floats, component_label: Integers, labelled: Floats) -> Floats:
    """Share components out, (n_components,), where the labels' shares among unlabelled rows are free.

    `weight` (n_components,) is that of all rows and `labelled` (n_labels,) that of the labelled ones, which is known:
    the rest is unlabelled and gives the labels' shares.  All rows give the shares of a label's components within it.
    """
    total = np.bincount(component_label, weight, labelled.size)  # (n_labels,)
    unlabelled = np.maximum(total - labelled, MIN_SHARE * total.sum())
    share = (unlabelled / unlabelled.sum())[component_label]
    within = np.divide(weight, total[component_label], out=np.zeros_like(weight), where=weight > 0)
    result: Floats = share * within
    return result


def condition(covariance: Floats, observed: Flags) -> tuple[Floats, Floats]:
    """Condition each component on the features observed in each pattern: give whiteners and log normalizers.

    `covariance` is (n_components, n_features, n_features), `observed` (n_patterns, n_features).  The whiteners are the
    inverse Cholesky factors of Σ_oo, (n_patterns, n_components, n_features, n_features), with zeros in the rows and
    columns of what is not observed; of variances alone they are diagonals.  The log normalizers, (n_patterns,
    n_components), are −½ (n_observed·log 2π + log |Σ_oo|).  Raises FitError when a Σ_oo is numerically singular.
    """
    if covariance.ndim == 2:  # noqa: PLR2004  # variances of independent features
        return observed[:, None] / np.sqrt(covariance), -0.5 * (observed @ (LOG_TWO_PI + np.log(covariance)).T)
    both = (observed[:, :, None] & observed[:, None, :])[:, None]  # (p, 1, d, d)
    # The identity in place of what is not observed factors by itself: one batched call serves every pattern.
    whitener = whiten(np.where(both, covariance, np.eye(covariance.shape[-1])))
    log_normalizer = half_log_precision(whitener) - 0.5 * observed.sum(axis=1)[:, None] * LOG_TWO_PI
    return np.where(both, whitener, 0.0), log_normalizer


def complete(covariance: Floats, whitener: Floats, observed: Flags) -> tuple[Floats, Floats]:
    """Find what each component expects of the features that a pattern does not show, given those that it shows.

    Gives two arrays (n_patterns, n_components, n_features, n_features): what takes the residual of the observed
    features to the expected residual of all, and the covariance of those not observed, 0 elsewhere.
    """
    precision = np.swapaxes(whitener, -1, -2) @ whitener  # Σ_oo⁻¹, zero elsewhere
    seen = observed[:, None, :, None]
    completion = np.where(seen, np.eye(covariance.shape[-1]), covariance @ precision)  # I on o, Σ_mo Σ_oo⁻¹ below
    neither = ~(observed[:, :, None] | observed[:, None, :])[:, None]
    return completion, np.where(neither, covariance - completion @ covariance, 0.0)


def whiten(covariance: Floats) -> Floats:
    """Invert the Cholesky factor of each covariance, (…, n_features, n_features).

    Raises FitError when a covariance is numerically singular.
    """
    try:
        factor = np.linalg.cholesky(covariance)
        is_regular = bool((np.diagonal(factor, axis1=-2, axis2=-1) > MIN_SCALE).all())
    except np.linalg.LinAlgError:
        is_regular = False
    if not is_regular:
        message = "a component's covariance became singular: too few rows, equal rows or collinear columns"
        raise FitError(message, COLLAPSE_HINT)
    return np.linalg.inv(factor).astype(np.float64, copy=False)


def half_log_precision(whitener: Floats) -> Floats:
    """Compute ½ log |Σ⁻¹| from the inverse Cholesky factor of each Σ, (…, n_features, n_features)."""
    result: Floats = np.log(np.diagonal(whitener, axis1=-2, axis2=-1)).sum(axis=-1)
    return result


def rescale(parameters: Parameters, shift: Floats, scale: Floats) -> Parameters:
    """Express the parameters of standardised features in the data's own units: x = shift + scale·standardised.

    Beyond the range of numbers a covariance is infinite or 0, never NaN.
    """
    return Parameters(
        parameters.weight,
        shift + scale * parameters.mean,
        scale**2 * parameters.covariance
        if parameters.covariance.ndim == 2  # noqa: PLR2004  # variances
        else scale[:, None] * parameters.covariance * scale[None, :],
    )


COINCIDENT = 1e-2
"""Symmetric divergence, in nats: with equal covariances, means less than 0.1 standard deviations apart.  Not less:
components approach one another ever more slowly, and EM stops before they have met."""


def coinciding(parameters: Parameters) -> Flags:
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
