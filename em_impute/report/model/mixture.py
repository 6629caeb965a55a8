"""The model of a fit report: the leading mixture, how EM fitted it, and how it was chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from em_impute.report.model.shared import Covariance, Matrix, Numbers, Path
from em_impute.serialize.annotations import Choices, Count, MayLack, Positive, Range, Share

Loss = Annotated[float | None, Range(0), MayLack]


@dataclass(frozen=True, kw_only=True)
class Gaussian:
    """A Gaussian."""

    label: Annotated[str, "The label it belongs to."]
    weight: Annotated[Share, "Its weight in the mixture."]
    mean: Annotated[Numbers, "Its mean by predictor."]
    sd: Annotated[Numbers, "Its standard deviation by predictor."]
    covariance: Annotated[
        Matrix | None, "Its covariance matrix; null where all of plain EM together have more than 2,000 entries."
    ]


class MixtureComponent(NamedTuple):
    """A component of a mixture."""

    label: Annotated[str, "The label it belongs to."]
    component: Annotated[Positive, "Its number among those of its label, from 1."]
    weight: Annotated[Share, "Its weight in the mixture."]
    mean: Annotated[Numbers, "Its mean by predictor."]
    sd: Annotated[Numbers, "Its standard deviation by predictor."]
    covariance: Annotated[Matrix | None, "Row by row, predictors in their own units; null of over 256."]


@dataclass(frozen=True, kw_only=True)
class LeadingMixture:
    """The leading mixture."""

    covariance: Covariance
    components: Annotated[Mapping[str, Positive], "Components by label."]
    n_parameters: Annotated[Positive, "Free parameters."]
    share_of_stack: Annotated[
        Share | None,
        MayLack,
        "Its part of the ensemble's weight, 0 where only mixtures of transformed predictors have any; else not there.",
    ] = None
    temperature: Annotated[
        Share | None, MayLack, "Power to which its densities are raised, which suited cross-validation best; as before."
    ] = None
    prior_strength: Annotated[
        float | None, Range(0), MayLack, "Weight of the conjugate prior (--prior-strength); not there for an ensemble."
    ] = None
    parameters: Annotated[Sequence[MixtureComponent], "Every component; weights add up to 1."]


class Convergence(NamedTuple):
    """How EM fitted the leading mixture."""

    log_likelihood: Annotated[
        float, "Natural log of the density of what was observed, in the data's own units, without the prior."
    ]
    n_iterations: Annotated[Count, "Steps of EM."]
    stop: Annotated[
        str,
        Choices(
            {
                "converged": "Too little was left to gain.",
                "max_iter": "It had taken as many steps as --max-iter allows.",
                "rounding": "The next gain drowned in rounding.",
                "held-out labels": "So many steps were best in cross-validation.",
            }
        ),
        "Why EM ended.",
    ]
    converged: Annotated[bool, "EM ended where nothing more was to be gained: by convergence or by rounding."]
    n_starts: Annotated[Positive, "Starts that were tried."]
    path: Annotated[Path, "Log-likelihood after each step, the start first."]
    bic: Annotated[float, "Schwarz's criterion BIC, the lower the better."]
    aic: Annotated[float, "Akaike's criterion AIC, the lower the better."]
    icl: Annotated[float, "BIC plus twice the entropy of the missing cells' labels (ICL), the lower the better."]


class EnsembleMember(NamedTuple):
    """A mixture of the ensemble."""

    view: Annotated[
        str,
        Choices(
            {
                "plain": "As they are.",
                "symmetric": "Numbers transformed until they are symmetric; categories as columns of 0 and 1.",
                "numbers": "Transformed numbers alone.",
                "mixed": "Numbers as Gaussians, categories as categories.",
                "binned": "Numbers cut into bins, so that all are categories.",
            }
        ),
        "How it looks at the predictors.",
    ]
    covariance: Covariance
    components: Annotated[Positive, "Components per label."]
    em_steps: Annotated[Count, "Steps of EM over the rows without a label; 0 fits to labelled rows alone."]
    log_loss: Annotated[float, Range(0), "Mean −log probability of hidden labels at its best temperature, in nats."]
    weight: Annotated[Share, "What it counts for."]


class ConsideredFamily(NamedTuple):
    """A family of covariances, compared by cross-validation."""

    covariance: Covariance
    log_loss: Annotated[
        float | None, Range(0), "Mean −log probability of hidden labels, in nats; null where it could not be fitted."
    ]
    weight: Annotated[Share, "1 for the chosen one, else 0."]
    note: Annotated[str, MayLack, "Why it could not be fitted."] = ""


class ConsideredGroups(NamedTuple):
    """A number of groups and a family, compared by BIC: no label is known."""

    covariance: Covariance
    components: Annotated[Positive, "The number of groups."]
    bic: Annotated[float | None, "BIC on the rows compared, the lower the better; null where it could not be fitted."]
    icl: Annotated[float | None, "ICL on these rows, the lower the better; null where it could not be fitted."]
    weight: Annotated[Share, "1 for the chosen one, else 0."]
    note: Annotated[str, MayLack, "Why it could not be fitted."] = ""


class HeldOutLosses(NamedTuple):
    """Mean −log probability of hidden labels, in nats, the lower the better."""

    stack: Annotated[Loss, "Of the ensemble."] = None
    single: Annotated[Loss, "Of the leading mixture alone."] = None
    labels_only: Annotated[Loss, "Of the leading mixture without the rows that have no label."] = None
    plain_em: Annotated[Loss, "Of EM with one Gaussian of its own covariance per label."] = None
    majority: Annotated[Loss, "Of the labels' shares."] = None


@dataclass(frozen=True, kw_only=True)
class Selection:
    """How the model was chosen."""

    criterion: Annotated[
        str,
        Choices(
            {
                "stacked by held-out log-loss": "Many mixtures, weighted by cross-validated log-loss.",
                "as good as the ensemble": "One mixture fitted by EM, which predicts hidden labels as well as many do.",
                "held-out log-loss": "The one with the lowest cross-validated log-loss.",
                "BIC": "The one of the lowest BIC: no label is known.",
                "as asked": "The command names it.",
                "default": "Too few labels are known to compare anything.",
            }
        ),
        "By what it was chosen.",
    ]
    considered: Annotated[
        int | None, Range(1), MayLack, "Mixtures that were compared, with weight or without; only of an ensemble."
    ] = None
    trust: Annotated[
        Share | None, MayLack, "Weight of the mixtures together; the label shares have the rest; only of an ensemble."
    ] = None
    members: Annotated[
        Sequence[EnsembleMember | ConsideredFamily | ConsideredGroups],
        "What was considered: of an ensemble its mixtures that have weight, the heaviest first; else families or "
        "numbers of groups.",
    ]
    scores: Annotated[
        HeldOutLosses,
        "Mean −log probability of hidden labels, in nats, the lower the better; empty where none was hidden.",
    ]
    unlabelled_rows: Annotated[
        str | None,
        MayLack,
        Choices(
            {
                "helped": "They made them better.",
                "hurt": "They made them worse.",
                "made no difference": "No more than one standard error.",
            }
        ),
        "What rows without a label did to the leading mixture's predictions of hidden labels; only of an ensemble.",
    ] = None

    @property
    def stack(self) -> list[EnsembleMember]:
        """The mixtures that fill the cells together; none where one was chosen."""
        return [one for one in self.members if isinstance(one, EnsembleMember)]

    @property
    def families(self) -> list[ConsideredFamily]:
        """The families that were compared by cross-validation."""
        return [one for one in self.members if isinstance(one, ConsideredFamily)]

    @property
    def numbers_of_groups(self) -> list[ConsideredGroups]:
        """The numbers of groups and families that were compared by BIC."""
        return [one for one in self.members if isinstance(one, ConsideredGroups)]


class StandardError(NamedTuple):
    """Standard errors from refits to rows weighed at random."""

    weight: Annotated[float, Range(0), "Of the weight."]
    mean: Annotated[Numbers, "Of the mean, by predictor."]
    sd: Annotated[Numbers, "Of the standard deviation, by predictor."]


@dataclass(frozen=True, kw_only=True)
class BaselineGaussian(Gaussian):
    """A Gaussian of plain EM."""

    standard_error: Annotated[
        StandardError | None,
        "Standard errors from refits to rows weighed at random; null where these take too long.",
    ]


class BaselineEm(NamedTuple):
    """EM with one Gaussian a label, over the numbers among the predictors."""

    covariance: Annotated[Covariance, "What the Gaussians' covariances have in common."]
    prior_strength: Annotated[float, Range(0), "Weight of the conjugate prior."]
    features: Annotated[Sequence[str], "The predictors."]
    parameters: Annotated[Sequence[BaselineGaussian], "A Gaussian for each label."]
    labels_only: Annotated[
        Sequence[Gaussian] | None, "The Gaussians of labelled rows alone; null where no label is known."
    ]
    drift: Annotated[
        Mapping[str, Annotated[float, Range(0)]] | None,
        "How far the other rows moved each label's mean, in standard deviations (Mahalanobis); null where no label is "
        "known.",
    ]
    log_likelihood: Annotated[float, "Natural log of the density of what was observed, in the data's own units."]
    converged: Annotated[bool, "EM ended where nothing more was to be gained."]
    path: Annotated[
        Path, "What EM climbs, after each step: the log-likelihood, with a prior that of the prior as well."
    ]
    starts: Annotated[Sequence[Path], "The same for every start that was followed."]
