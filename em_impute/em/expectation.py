"""The E step: from rows and parameters to responsibilities, and from these to counts, means and scatters."""

from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import UNKNOWN, Block, Floats, Integers
from em_impute.em.parameters import Parameters, complete, condition


class Moments(NamedTuple):
    """Weighted moments of rows, shared out over the components.  A commutative monoid under `merge`."""

    weight: Floats  # (n_components,), rows
    mean: Floats  # (n_components, n_features)
    scatter: Floats  # (n_components, n_features, n_features), sums of squares about the mean
    log_likelihood: float = 0.0  # of these rows at the parameters that shared them out


def empty(n_components: int, n_features: int) -> Moments:
    """Give the moments of no rows."""
    mean = np.zeros((n_components, n_features))
    return Moments(np.zeros(n_components), mean, np.zeros((n_components, n_features, n_features)))


def merge(a: Moments, b: Moments) -> Moments:
    """Combine the moments of two disjoint sets of rows.

    Exact when either is empty.  With δ the difference of the means, scatter = A + B + δδᵀ·w_a·w_b/(w_a + w_b)
    (Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance").  Never E[xxᵀ] − mean·meanᵀ, which
    loses every digit once the mean is large against the spread.
    """
    weight = a.weight + b.weight
    share = np.divide(b.weight, weight, out=np.zeros_like(weight), where=weight > 0)
    delta = b.mean - a.mean
    mean = a.mean + share[:, None] * delta
    between = (a.weight * share)[:, None, None] * (delta[:, :, None] * delta[:, None, :])
    scatter = a.scatter + b.scatter + between
    return Moments(weight, mean, scatter, a.log_likelihood + b.log_likelihood)


def hard_moments(x: Floats, component: Integers, weight: Floats, n_components: int) -> Moments:
    """Compute the moments of rows whose component is certain.

    `x` is (n_rows, n_features); a NaN counts as the component's own mean.  Two passes: the mean, then the scatter about
    it.  The log-likelihood is left at 0; `em.log_likelihood_of` has it for any parameters.
    """
    moments = empty(n_components, x.shape[1])
    for k in range(n_components):
        members, w = x[component == k], weight[component == k]
        seen = ~np.isnan(members)
        seen_weight = np.maximum(w @ seen, np.finfo(float).tiny)
        for _ in range(2):  # once more, since an offset of the data costs the first mean some digits
            moments.mean[k] += w @ np.where(seen, members - moments.mean[k], 0.0) / seen_weight
        centred = np.where(seen, members - moments.mean[k], 0.0)
        moments.weight[k] = w.sum()
        moments.scatter[k] = (centred * w[:, None]).T @ centred
    return moments


class Expectation(NamedTuple):
    """What the E step finds for the rows of one block."""

    responsibility: Floats  # (n_groups, n_components, n_rows), sums to 1 over components
    log_evidence: Floats  # (n_groups, n_rows), log p(x, label) or log p(x)
    residual: Floats  # (n_groups, n_components, n_features, n_rows), x − mean; of no meaning where not observed
    whitener: Floats  # as `condition` gives it


def e_step(block: Block, parameters: Parameters, log_clamp: Floats) -> Expectation:
    """Find how responsible each component is for each row: τ ∝ weight · N(x_o; mean_o, Σ_oo), within the clamp."""
    whitener, log_normalizer = condition(parameters.covariance, block.observed)
    residual = block.x[:, None] - parameters.mean[:, :, None]  # (n_groups, n_components, n_features, n_rows)
    is_diagonal = whitener.ndim < residual.ndim
    whitened = whitener[..., None] * residual if is_diagonal else whitener @ residual
    log_joint = -0.5 * np.einsum("gkdn,gkdn->gkn", whitened, whitened)
    log_joint += (log_normalizer + log_weight(parameters.weight))[:, :, None]
    responsibility, log_evidence = _share_out(log_joint, block, log_clamp)
    return Expectation(responsibility, log_evidence, residual, whitener)


def summarize(block: Block, parameters: Parameters, log_clamp: Floats) -> Moments:
    """Take the E step for one block and reduce it to moments, unobserved features at their conditional moments.

    The scatter counts the conditional covariance of what was not observed; filling in conditional means alone would
    make the covariances too small and EM would no longer ascend.
    """
    responsibility, log_evidence, residual, whitener = e_step(block, parameters, log_clamp)
    responsibility *= block.weight[:, None]
    unseen = np.zeros_like(parameters.covariance)
    if not block.observed.all():
        completion, spread = complete(parameters.covariance, whitener, block.observed)
        residual = completion @ residual
        unseen = np.einsum("gk,gkde->kde", responsibility.sum(axis=2), spread)
    # One product for each component over all groups, not one matrix for each group.
    residual, responsibility = _by_component(residual), _by_component(responsibility[:, :, None])
    weight = responsibility.sum(axis=(1, 2))[:, None]  # (n_components, 1)
    # Residuals are about the current means, so that squaring them is safe at any offset of the data.
    weighted = residual * responsibility
    shift = np.divide(weighted.sum(axis=2), weight, out=np.zeros_like(parameters.mean), where=weight > 0)
    scatter = weighted @ np.swapaxes(residual, 1, 2) - weight[:, None] * (shift[:, :, None] * shift[:, None, :])
    log_likelihood = float(np.vdot(block.weight, log_evidence))
    return Moments(weight[:, 0], parameters.mean + shift, scatter + unseen, log_likelihood)


def _by_component(values: Floats) -> Floats:
    """Lay out (n_groups, n_components, n_features, n_rows) as (n_components, n_features, n_groups · n_rows)."""
    n_groups, n_components, n_features, n_rows = values.shape
    return np.moveaxis(values, 0, 2).reshape(n_components, n_features, n_groups * n_rows)


def _share_out(log_joint: Floats, block: Block, log_clamp: Floats) -> tuple[Floats, Floats]:
    """Turn joint log densities, (n_groups, n_components, n_rows), into responsibilities, in place, and evidence."""
    if block.label.max(initial=UNKNOWN) > UNKNOWN:
        log_joint += np.moveaxis(log_clamp[block.label], -1, 1)
    peak = log_joint.max(axis=1, keepdims=True)
    log_joint -= peak
    joint = np.exp(log_joint, out=log_joint)
    evidence = joint.sum(axis=1, keepdims=True)
    joint /= evidence
    return joint, (peak + np.log(evidence))[:, 0]


def log_weight(weight: Floats) -> Floats:
    """Take logarithms, −inf for nought."""
    return np.log(weight, out=np.full_like(weight, -np.inf), where=weight > 0)
