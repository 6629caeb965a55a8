"""Covariance families and the conjugate prior: the M step in closed form."""

from dataclasses import dataclass

import numpy as np

from em_impute.engine.blocks import Floats
from em_impute.engine.moments import Moments
from em_impute.engine.parameters import Parameters, whiten
from em_impute.errors import FitError

__all__ = ["FAMILIES", "Family", "Prior", "default_prior", "log_prior", "m_step", "n_parameters"]

MEAN_PSEUDO_ROWS = 0.01
"""Weight of the prior mean, in rows (κ of Fraley & Raftery 2007)."""


@dataclass(frozen=True)
class Family:
    """What the components' covariances have in common."""

    shared: bool
    """One covariance serves all components."""
    diagonal: bool
    """Features are independent within a component."""
    description: str


FAMILIES = {
    "full": Family(shared=False, diagonal=False, description="each component its own covariance"),
    "tied": Family(shared=True, diagonal=False, description="one covariance for all components"),
    "diag": Family(shared=False, diagonal=True, description="each component its own variances, no correlation"),
    "tied-diag": Family(
        shared=True, diagonal=True, description="the same variances for all components, no correlation"
    ),
}
"""Every family by the name that `--covariance` takes.  The names follow scikit-learn."""


@dataclass(frozen=True)
class Prior:
    """Normal–inverse-Wishart prior of each component, raised to the power `strength`.

    Defaults of Fraley & Raftery (2007, "Bayesian regularization for normal mixture estimation and model-based
    clustering", J. Classification 24): κ = 0.01 pseudo-rows on the mean, ν = n_features + 2 degrees of freedom, scale
    Λ = overall covariance / n_components^(2/n_features).  A prior keeps every M step the exact maximum of one bounded
    objective; a ridge added to the covariances would not, and EM would no longer ascend.
    """

    strength: float
    mean: Floats  # (n_features,)
    scale: Floats  # (n_features, n_features)

    def pseudo_rows(self, family: Family, n_components: int) -> float:
        """Count the rows that the prior adds below each covariance: the exponent of |Σ|^(−½)."""
        n_features = self.mean.size
        wishart = (n_features + 2) + (1 if family.diagonal else n_features) + 1
        return self.strength * (wishart + (n_components if family.shared else 1))


def default_prior(overall: Floats, rows: float, n_components: int, strength: float) -> Prior:
    """Build the prior from the overall covariance (n_features, n_features) of `rows` standardised rows.

    The covariance is shrunk towards its diagonal by n_features / (rows + n_features): as good as not at all where rows
    abound, enough to stay invertible where columns are collinear or outnumber the rows.
    """
    n_features = overall.shape[0]
    shrinkage = n_features / (rows + n_features)
    shrunk = (1.0 - shrinkage) * overall + shrinkage * np.diag(np.diagonal(overall))
    return Prior(strength, np.zeros(n_features), shrunk / n_components ** (2.0 / n_features))


def m_step(moments: Moments, family: Family, prior: Prior) -> Parameters:
    """Maximise Q(θ|θᵗ) + log prior(θ) in closed form.

    Raises FitError when a component has lost all its rows and no prior holds it.
    """
    kappa = prior.strength * MEAN_PSEUDO_ROWS
    rows = moments.weight
    if kappa == 0.0 and not rows.min() > 0.0:
        raise FitError("a component lost all its rows", "raise --prior-strength above 0 or ask for fewer components")

    offset = moments.mean - prior.mean
    mean = moments.mean - (kappa / (rows + kappa))[:, None] * offset
    pull = (kappa * rows / (rows + kappa))[:, None, None] * (offset[:, :, None] * offset[:, None, :])
    scatter = moments.scatter + pull
    if family.diagonal:
        scatter = scatter * np.eye(prior.mean.size)
    if family.shared:
        scatter, rows = scatter.sum(axis=0, keepdims=True), rows.sum(keepdims=True)

    total = rows + prior.pseudo_rows(family, moments.weight.size)
    covariance = (_prior_scatter(family, prior) + scatter) / total[:, None, None]
    weight = moments.weight / moments.weight.sum()
    return Parameters(weight, mean, np.broadcast_to(covariance, moments.scatter.shape))


def log_prior(parameters: Parameters, family: Family, prior: Prior) -> float:
    """Evaluate the logarithm of the prior density, up to a constant that depends on no parameter."""
    if prior.strength == 0.0:
        return 0.0
    whitener = whiten(parameters.covariance)
    offset = whitener @ (parameters.mean - prior.mean)[:, :, None]
    if family.shared:
        whitener = whitener[:1]
    log_determinant = -2.0 * np.log(np.diagonal(whitener, axis1=-2, axis2=-1)).sum(axis=-1)
    trace = np.einsum("kij,jl,kil->k", whitener, _prior_scatter(family, prior), whitener)
    pseudo_rows = prior.pseudo_rows(family, parameters.weight.size)
    kappa = prior.strength * MEAN_PSEUDO_ROWS
    return float(-0.5 * (pseudo_rows * log_determinant + trace).sum() - 0.5 * kappa * (offset**2).sum())


def n_parameters(family: Family, n_components: int, n_features: int) -> int:
    """Count the free parameters of a mixture, for BIC and AIC."""
    a_covariance = n_features if family.diagonal else n_features * (n_features + 1) // 2
    return (n_components - 1) + n_components * n_features + a_covariance * (1 if family.shared else n_components)


def _prior_scatter(family: Family, prior: Prior) -> Floats:
    scale = prior.scale * np.eye(prior.mean.size) if family.diagonal else prior.scale
    return prior.strength * scale
