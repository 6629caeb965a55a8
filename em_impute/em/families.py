"""Covariance families and the conjugate prior: the M step."""

from dataclasses import dataclass

import numpy as np

from em_impute.em.blocks import Floats
from em_impute.em.expectation import Moments
from em_impute.em.parameters import Parameters, half_log_precision, whiten
from em_impute.errors import FitError, option

MEAN_PSEUDO_ROWS = 0.01
"""Weight of the prior mean, in rows (κ of Fraley & Raftery 2007)."""


@dataclass(frozen=True)
class Family:
    """What the components' covariances Σ_k = λ_k Q_k A_k Q_kᵀ have in common, |A_k| = 1 (Celeux & Govaert 1995)."""

    model: str
    """mclust's three letters for volumes λ, shapes A and orientations Q: Equal, Variable, or the Identity."""
    description: str

    @property
    def shared(self) -> bool:
        """One covariance serves all components."""
        return "V" not in self.model

    @property
    def diagonal(self) -> bool:
        """Features are independent within a component."""
        return self.model[2] == "I"

    @property
    def spherical(self) -> bool:
        """All features have one variance within a component."""
        return self.model[1] == "I"

    def restrict(self, matrices: Floats) -> Floats:
        """Keep of each matrix S (…, n_features, n_features) what tr(S Σ⁻¹) sees of it for Σ of this family."""
        if not self.diagonal:
            return matrices
        n_features = matrices.shape[-1]
        if not self.spherical:
            return matrices * np.eye(n_features)
        variance = np.trace(matrices, axis1=-2, axis2=-1) / n_features
        spheres: Floats = variance[..., None, None] * np.eye(n_features)
        return spheres


FAMILIES = {
    "full": Family("VVV", "each component its own covariance"),
    "tied": Family("EEE", "one covariance for all components"),
    "diag": Family("VVI", "each component its own variances, no correlation"),
    "tied-diag": Family("EEI", "the same variances for all components, no correlation"),
    "eii": Family("EII", "spheres of one size"),
    "vii": Family("VII", "spheres, each of its own size"),
    "vei": Family("VEI", "variances in the same proportions, each component its own size, no correlation"),
    "evi": Family("EVI", "variances in the component's own proportions, all of one volume, no correlation"),
    "vee": Family("VEE", "one covariance, each component its own size of it"),
    "evv": Family("EVV", "each component its own shape and orientation, all of one volume"),
    "eev": Family("EEV", "one ellipsoid, turned in each component"),
    "vev": Family("VEV", "ellipsoids of one shape, each turned and of its own size"),
}
"""Every family by the name that `--covariance` takes: scikit-learn's where it has one, mclust's for the others."""


@dataclass(frozen=True)
class Prior:
    """Normal–inverse-Wishart prior of each component, raised to the power `strength`.

    Defaults of Fraley & Raftery (2007, "Bayesian regularization for normal mixture estimation and model-based
    clustering", J. Classification 24): κ = 0.01 pseudo-rows on the mean, ν = n_features + 2 degrees of freedom, scale
    Λ = overall covariance / n_components^(2/n_features).  A prior keeps every M step the exact maximum of one bounded
    objective; a ridge added to the covariances would not, and EM would no longer ascend.

    One rule for all families: a shared covariance has the density once, any other family has it for each component,
    restricted to the family.  Features without correlation have inverse-gamma densities with ν and their entries of Λ.
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
    """Maximise Q(θ|θᵗ) + log prior(θ), exactly: in closed form where there is one.

    The prior adds its scale to each scatter and its pseudo-rows to each weight; what is left is the maximum likelihood
    of the family.  Raises FitError when a component has lost all its rows and no prior holds it.
    """
    kappa = prior.strength * MEAN_PSEUDO_ROWS
    rows = moments.weight
    if kappa == 0.0 and not rows.min() > 0.0:
        raise FitError(
            "a component lost all its rows", f"raise {option('prior_strength')} above 0 or ask for fewer components"
        )

    offset = moments.mean - prior.mean
    mean = moments.mean - (kappa / (rows + kappa))[:, None] * offset
    pull = (kappa * rows / (rows + kappa))[:, None, None] * (offset[:, :, None] * offset[:, None, :])
    scatter = family.restrict(moments.scatter + pull)
    if family.shared:
        scatter, rows = scatter.sum(axis=0, keepdims=True), rows.sum(keepdims=True)

    total = rows + prior.pseudo_rows(family, moments.weight.size)
    covariance = covariances_within(family.model, _prior_scatter(family, prior) + scatter, total)
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
    trace = np.einsum("kij,jl,kil->k", whitener, _prior_scatter(family, prior), whitener)
    pseudo_rows = prior.pseudo_rows(family, parameters.weight.size)
    kappa = prior.strength * MEAN_PSEUDO_ROWS
    of_covariances = (pseudo_rows * half_log_precision(whitener) - 0.5 * trace).sum()
    return float(of_covariances - 0.5 * kappa * (offset**2).sum())


def n_parameters(family: Family, n_components: int, n_features: int) -> int:
    """Count the free parameters of a mixture, for BIC and AIC: shares, means, and the parts of the covariances."""
    volume, shape, orientation = ({"E": 1, "V": n_components, "I": 0}[letter] for letter in family.model)
    n_angles = n_features * (n_features - 1) // 2
    covariances = volume + shape * (n_features - 1) + orientation * n_angles
    return (n_components - 1) + n_components * n_features + covariances


def _prior_scatter(family: Family, prior: Prior) -> Floats:
    return prior.strength * family.restrict(prior.scale)


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
    in_own_axes = shape == "E" and orientation == "V"
    if in_own_axes:
        # The axes that suit any shape best are those of S_k, both in the same order of length (Theobald 1975).
        length, axes = np.linalg.eigh(scatter)  # (n_components, n_features), (n_components, n_features, n_features)
        scatter = np.maximum(length, 0.0)[:, :, None] * np.eye(scatter.shape[-1])
    found = scatter / rows[:, None, None]
    if volume == "V" and shape == "E":
        found = _proportional(scatter, rows)
    elif volume == "E" and shape == "V":  # Σ_k = λ S_k/|S_k|^(1/d) with λ = Σ_j |S_j|^(1/d)/N
        size = np.exp(-2.0 * half_log_precision(whiten(found)) / found.shape[-1])  # (n_components,)
        found *= (rows @ size / rows.sum() / size)[:, None, None]
    elif in_own_axes:
        found = scatter.sum(axis=0, keepdims=True) / rows.sum()
    if in_own_axes:
        turned = axes @ found @ np.swapaxes(axes, -1, -2)
        found = (turned + np.swapaxes(turned, -1, -2)) / 2.0
    return found


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
