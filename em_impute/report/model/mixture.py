"""The model of a fit report: the mixture shown, how EM fitted it, and how it was chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from em_impute.report.model.shared import STOPS, Covariance, Matrix, Numbers, Path
from em_impute.serialize.annotations import Choices, Count, MayLack, Positive, Range, Share

Loss = Annotated[float | None, Range(0), MayLack]
ByLabel = Mapping[str, Annotated[float, Range(0)]]


@dataclass(frozen=True, kw_only=True)
class Gaussian:
    """A Gaussian."""

    label: Annotated[str, "The label it belongs to."]
    weight: Annotated[Share, "Its weight in the mixture."]
    mean: Annotated[Numbers, "Its mean by predictor."]
    sd: Annotated[Numbers, "Its standard deviation by predictor."]
    covariance: Annotated[Matrix | None, "Its covariance matrix; null where it is too large to be listed."]


@dataclass(frozen=True, kw_only=True)
class MixtureComponent(Gaussian):
    """A component of a mixture."""

    component: Annotated[Positive, "Its number among those of its label, from 1."]


@dataclass(frozen=True, kw_only=True)
class LeadingMixture:
    """The mixture shown: of an ensemble one that takes the predictors as they are, the heaviest of these or like it."""

    covariance: Covariance
    components: Annotated[Mapping[str, Positive], "Components by label."]
    n_parameters: Annotated[Positive, "Free parameters."]
    share_of_stack: Annotated[Share | None, MayLack, "Its part of an ensemble's weight."] = None
    prior_strength: Annotated[float | None, Range(0), MayLack, "Of a single mixture: weight of the prior."] = None
    parameters: Annotated[Sequence[MixtureComponent], "Every component; weights add up to 1."]


class Convergence(NamedTuple):
    """How EM fitted the mixture shown."""

    log_likelihood: Annotated[float, "Natural log of the data's density, in their own units, without the prior."]
    n_iterations: Annotated[Count, "Steps of EM."]
    stop: Annotated[str, Choices(STOPS | {"held-out labels": "Cross-validation says so."}), "Why EM ended."]
    converged: Annotated[bool, "EM ended where nothing more was to be gained: by convergence or by rounding."]
    n_starts: Annotated[Positive, "Starts that were tried."]
    path: Annotated[Path, "Log-likelihood after each step, the start first."]
    bic: Annotated[float, "Schwarz's criterion BIC, the lower the better."]
    aic: Annotated[float, "Akaike's criterion AIC, the lower the better."]
    icl: Annotated[float, "BIC plus twice the entropy of the missing cells' labels (ICL), the lower the better."]


VIEWS = {
    "plain": "As they are.",
    "symmetric": "Numbers transformed until they are symmetric; categories as columns of 0 and 1.",
    "numbers": "Transformed numbers alone.",
    "measured": "The same without the scores of texts.",
    "texts": "The scores of texts alone, as they are.",
    "mixed": "Numbers as Gaussians, categories as categories.",
    "binned": "Numbers cut into bins, so that all are categories.",
}
"""How mixtures look at the predictors."""


class Considered(NamedTuple):
    """What was considered: a mixture of the ensemble, else a family of covariances, perhaps with a number of groups."""

    view: Annotated[str, MayLack, Choices(VIEWS), "How a mixture of the ensemble looks at the predictors."] = ""
    covariance: Covariance = ""
    components: Annotated[Count, MayLack, "Components per label, or groups where none is known."] = 0
    em_steps: Annotated[int | None, Range(0), MayLack, "Steps of EM; 0 fits a mixture to labelled rows alone."] = None
    log_loss: Annotated[Loss, "Mean −log probability of hidden labels, in nats, at the best temperature."] = None
    bic: Annotated[float | None, MayLack, "BIC on the rows compared, the lower the better."] = None
    icl: Annotated[float | None, MayLack, "ICL on these rows."] = None
    weight: Annotated[Share, "What it counts for: of all but an ensemble, 1 for the chosen one."] = 0.0
    note: Annotated[str, MayLack, "Why it could not be fitted."] = ""


class HeldOutLosses(NamedTuple):
    """Mean −log probability of hidden labels, in nats, the lower the better."""

    stack: Annotated[Loss, "Of the ensemble."] = None
    single: Annotated[Loss, "Of the mixture shown alone."] = None
    labels_only: Annotated[Loss, "Of the mixture shown without the rows that have no label."] = None
    plain_em: Annotated[Loss, "Of EM with one Gaussian of its own covariance per label."] = None
    majority: Annotated[Loss, "Of the labels' shares."] = None


CRITERIA = {
    "stacked by held-out log-loss": "Many mixtures, weighted by cross-validated log-loss.",
    "as good as the ensemble": "One mixture fitted by EM, which predicts hidden labels as well as many do.",
    "held-out log-loss": "The one with the lowest cross-validated log-loss.",
    "BIC": "The one of the lowest BIC: no label is known.",
    "as asked": "The command names it.",
    "default": "Too few labels are known to compare anything.",
}
"""By what a model is chosen."""

VERDICTS = {
    "helped": "Predictions got better.",
    "hurt": "Predictions got worse.",
    "made no difference": "No more than one standard error.",
}
"""What rows without a label did to predictions of hidden ones."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """How the model was chosen."""

    criterion: Annotated[str, Choices(CRITERIA), "By what it was chosen."]
    considered: Annotated[int | None, Range(1), MayLack, "Mixtures of an ensemble, with weight or without."] = None
    trust: Annotated[Share | None, MayLack, "Weight of an ensemble; the label shares have the rest."] = None
    trees: Annotated[
        Share, MayLack, "Weight of boosted trees beside the mixtures and the label shares, which have the rest."
    ] = 0.0
    members: Annotated[Sequence[Considered], "Mixtures of an ensemble that have weight, the heaviest first, or others."]
    scores: Annotated[HeldOutLosses, "What hidden labels say of each, in nats; empty where none was hidden."]
    unlabelled_rows: Annotated[str | None, MayLack, Choices(VERDICTS), "What they did to the mixture shown."] = None

    @property
    def stack(self) -> list[Considered]:
        """The mixtures that fill the cells together; none where one was chosen."""
        return [one for one in self.members if one.view]


class BaselineEm(NamedTuple):
    """EM with one Gaussian a label, over the numbers among the predictors."""

    covariance: Annotated[Covariance, "What the Gaussians' covariances have in common."]
    features: Annotated[Sequence[str], "The predictors."]
    parameters: Annotated[Sequence[Gaussian], "A Gaussian for each label."]
    labels_only: Annotated[Sequence[Gaussian] | None, "The same of labelled rows alone; null where no label is known."]
    drift: Annotated[ByLabel | None, "How far other rows moved each mean, in SDs; null where no label is known."]
    log_likelihood: Annotated[float, "Natural log of the density of what was observed, in the data's own units."]
    converged: Annotated[bool, "EM ended where nothing more was to be gained."]
    n_iterations: Annotated[Count, "Steps of EM."]
