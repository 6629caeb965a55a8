"""What EM needs to know of any number of rows: counts, means and scatters, one of each a component."""

from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Floats, Integers


class Moments(NamedTuple):
    """Weighted moments of rows, shared out over the components.  A commutative monoid under `merge`."""

    weight: Floats  # (n_components,), rows
    mean: Floats  # (n_components, n_features)
    scatter: Floats  # (n_components, n_features, n_features), sums of squares about the mean
    log_likelihood: float  # of these rows at the parameters that shared them out
    rows: int  # distinct ones


def empty(n_components: int, n_features: int) -> Moments:
    """Give the moments of no rows."""
    mean = np.zeros((n_components, n_features))
    return Moments(np.zeros(n_components), mean, np.zeros((n_components, n_features, n_features)), 0.0, 0)


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
    return Moments(weight, mean, scatter, a.log_likelihood + b.log_likelihood, a.rows + b.rows)


def hard_moments(x: Floats, component: Integers, weight: Floats, n_components: int) -> Moments:
    """Compute the moments of rows whose component is certain.

    `x` is (n_rows, n_features); a NaN counts as the component's own mean.  Two passes: the mean, then the scatter about
    it.  The log-likelihood is left at 0; `em.log_likelihood_of` has it for any parameters.
    """
    n_features = x.shape[1]
    moments = empty(n_components, n_features)
    for k in range(n_components):
        rows = component == k
        w = weight[rows]
        if not w.sum() > 0:
            continue
        members = x[rows]
        seen = ~np.isnan(members)
        seen_weight = w @ seen
        total = w @ np.where(seen, members, 0.0)
        moments.mean[k] = np.divide(total, seen_weight, out=np.zeros(n_features), where=seen_weight > 0)
        centred = np.where(seen, members - moments.mean[k], 0.0)
        moments.mean[k] += np.divide(w @ centred, seen_weight, out=np.zeros(n_features), where=seen_weight > 0)
        centred = np.where(seen, members - moments.mean[k], 0.0)
        moments.weight[k] = w.sum()
        moments.scatter[k] = (centred * w[:, None]).T @ centred
    return moments._replace(rows=int(np.count_nonzero(component >= 0)))
