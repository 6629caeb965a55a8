"""What a fit report says of the fills, the rows and the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from em_impute.diagnostics.values import IntervalEstimate
from em_impute.ensemble.values import HeldOutLosses, Loss, ReliabilityBin, Threshold
from em_impute.missingness.values import Difference
from em_impute.report.model import shared
from em_impute.saved_model.values import Drift, Recovered
from em_impute.serialize.annotations import Choices, Count, Ends, MayLack, Positive, Range, Share

# How right


class ExpectedWrong(NamedTuple):
    """How many filled cells are likely to be wrong; the estimate alone where nothing was drawn."""

    estimate: Annotated[float, Range(0), "Filled cells that are likely to be wrong."]
    low: Annotated[float | None, Range(0), MayLack, "Lower end of the interval, in cells."] = None
    high: Annotated[float | None, Range(0), MayLack, "Upper end of the interval, in cells."] = None
    level: Annotated[Share | None, MayLack, "Probability with which the truth lies in the interval."] = None
    by_probabilities: Annotated[float | None, Range(0), MayLack, "What the fills' probabilities add up to."] = None
    by_held_out_labels: Annotated[IntervalEstimate | None, MayLack, "What hidden labels say, in cells."] = None
    agree: Annotated[bool | None, MayLack, "The model and the hidden labels do not contradict each other."] = None
    unlike_labelled_rows: Annotated[int | None, Range(0), MayLack, "Missing cells in rows like no labelled row."] = None


class Accuracy(NamedTuple):
    """How well hidden labels are recovered."""

    method: Annotated[str, "How labels were hidden, in words."]
    rows: Annotated[Positive, "Labels that were hidden and compared."]
    effective_rows: Annotated[float, Range(0), "Rows that they are worth, weighed to be like rows to fill."]
    accuracy: Annotated[Share, "Share of them whose most probable label is the true one."]
    interval: Annotated[Ends, "95 % interval of the accuracy, by Wilson."]
    baseline_accuracy: Annotated[Share, "Accuracy of always saying the most common label."]
    log_loss: Annotated[float, Range(0), "Mean −log probability of the true label, in nats, the lower the better."]
    baseline_log_loss: Annotated[float, Range(0), "The same where only the labels' shares are known."]
    brier: Annotated[float, Range(0), "Mean squared distance of the probabilities from the truth, from 0 (best) to 2."]
    ece: Annotated[Share, "Expected calibration error: mean distance of stated probability and accuracy."]
    reliability: Annotated[Sequence[ReliabilityBin], "Stated probability beside accuracy, in bins of equal size."]
    curve: Annotated[Sequence[Threshold], "From the surest rows alone to all of them."]
    confusion: Annotated[
        shared.Confusion, "Hidden labels, weighted to be like rows to fill, by their most probable label."
    ]
    expected_wrong: Annotated[ExpectedWrong, "How many filled cells are likely to be wrong."]


# How many


class ShareEstimate(NamedTuple):
    """A label's share."""

    estimate: Annotated[Share, "The estimate."]
    low: Annotated[Share, "Lower end."]
    high: Annotated[Share, "Upper end."]
    missing_information: Annotated[Share, "Part of the information of a complete column that is missing."]


class Totals(NamedTuple):
    """Rows of each label in the completed column, counted in several ways; draws add the keys from the fourth on."""

    known: Annotated[shared.Counts, "Known rows by label."]
    most_probable: Annotated[shared.Counts, "Known and filled rows by label."]
    expected: Annotated[Mapping[str, Annotated[float, Range(0)]], "Known rows and probabilities of others, by label."]
    multiple_imputation: Annotated[
        Mapping[str, IntervalEstimate] | None, MayLack, "Rows by label as draws say, with 95 % intervals."
    ] = None
    shares: Annotated[Mapping[str, ShareEstimate] | None, MayLack, "Shares by label, by Rubin's rules."] = None
    recommended_imputations: Annotated[int | None, Range(2), MayLack, "So many give steady standard errors."] = None


# Who is missing, and why


class MissingReasons(NamedTuple):
    """Why labels are missing, weighed by evidence."""

    at_random: Annotated[Share, "Probability that any label may be missing."]
    by_predictors: Annotated[Share, "Probability that the predictors say which labels are missing."]
    by_class: Annotated[Share, "Probability that the label itself says whether it is missing."]
    loss_rates: Annotated[Mapping[str, Share], "Part of each label's rows that lost it, if the class is the reason."]
    fills_allow_for_it: Annotated[bool, "Fills and totals are averaged over the reasons."]
    sentence: Annotated[str, "What this says, in words."]


@dataclass(frozen=True, kw_only=True)
class Missingness:
    """How rows without a label differ from those with one."""

    differences: Annotated[Sequence[Difference], "Every predictor."]
    reasons: Annotated[MissingReasons | None, "Why labels are missing; null where it cannot be told or is not asked."]
    rehearsal: Annotated[str | None, "How known labels were hidden to judge the model, in words; null where none was."]
    sentence: Annotated[str, "What this says, in words."]

    @property
    def by_difference(self) -> list[Difference]:
        """The predictors, those that differ most first; of those of which that cannot be told, the order stays."""
        return sorted(self.differences, key=lambda one: -1.0 if one.smd is None else abs(one.smd), reverse=True)


# What looks odd


@dataclass(frozen=True, kw_only=True)
class SuspectLabel(shared.LabelledCell):
    """A known label that looks wrong."""

    likely: Annotated[str, "The most probable label."]
    likely_probability: Annotated[Share, "Its probability."]


class OutOfRangeRow(NamedTuple):
    """A row in which a number is outside the range of the labelled rows."""

    line: shared.Line
    column: Annotated[str, "The predictor that is beyond."]
    value: Annotated[float, "What it holds."]


class OutOfRange(NamedTuple):
    """Rows in which some number is outside the range of the labelled rows."""

    rows: Annotated[Count, "How many there are."]
    furthest_sd: Annotated[float, Range(0), "Distance of the furthest, in standard deviations."]
    listed: Annotated[Sequence[OutOfRangeRow], "The first 1,000 of them."]


class MarkedRows(NamedTuple):
    """Missing cells in weakly founded rows."""

    out_of_range: Annotated[OutOfRange, "Rows in which some number is outside the range of the labelled rows."]
    without_predictors: Annotated[Sequence[shared.Line], "Lines of the first 1,000 that show no predictor."]


# The saved model that filled the column


class AppliedModel(NamedTuple):
    """The saved model that filled the column."""

    path: Annotated[str, "Its path."]
    tables: Annotated[Positive, "Tables that it was fitted to."]
    last_table: Annotated[str, "What the last of them was called."]
    learnt: Annotated[str, "When the model was fitted to it, in UTC."]
    rows: Annotated[Count, "Rows of all of them."]
    held_out: Annotated[Recovered | None, "How right the fit was about hidden labels; null where none was hidden."]
    tested: Annotated[Recovered | None, "How right it is about labels known here; null without any it has not seen."]
    lacking: Annotated[Sequence[str], "Predictors of the model that the table does not have."]
    expected_wrong: Annotated[float, Range(0), "Fills that are wrong if its probabilities are right: Σ(1 − p)."]
    drift: Annotated[Drift, "How the rows differ from those of the training."]


ByLabel = Mapping[str, Annotated[float, Range(0)]]


@dataclass(frozen=True, kw_only=True)
class Gaussian:
    """A Gaussian."""

    label: Annotated[str, "The label it belongs to."]
    weight: Annotated[Share, "Its weight in the mixture."]
    mean: Annotated[shared.Numbers, "Its mean by predictor."]
    sd: Annotated[shared.Numbers, "Its standard deviation by predictor."]
    covariance: Annotated[shared.Matrix | None, "Its covariance matrix; null where it is too large to be listed."]


@dataclass(frozen=True, kw_only=True)
class MixtureComponent(Gaussian):
    """A component of a mixture."""

    component: Annotated[Positive, "Its number among those of its label, from 1."]


@dataclass(frozen=True, kw_only=True)
class LeadingMixture:
    """The mixture shown: of an ensemble one that takes the predictors as they are, the heaviest of these or like it."""

    covariance: shared.Covariance
    components: Annotated[Mapping[str, Positive], "Components by label."]
    n_parameters: Annotated[Positive, "Free parameters."]
    share_of_stack: Annotated[Share | None, MayLack, "Its part of an ensemble's weight."] = None
    parameters: Annotated[Sequence[MixtureComponent], "Every component; weights add up to 1."]


class Convergence(NamedTuple):
    """How EM fitted the mixture shown."""

    log_likelihood: Annotated[float, "Natural log of the data's density, in their own units, without the prior."]
    n_iterations: Annotated[Count, "Steps of EM."]
    stop: shared.Stop
    converged: Annotated[bool, "EM ended where nothing more was to be gained: by convergence or by rounding."]
    n_starts: Annotated[Positive, "Starts that were tried."]
    path: Annotated[shared.Path, "Log-likelihood after each step, the start first."]
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
    covariance: shared.Covariance = ""
    components: Annotated[Count, MayLack, "Components per label, or groups where none is known."] = 0
    em_steps: Annotated[int | None, Range(0), MayLack, "Steps of EM; 0 fits a mixture to labelled rows alone."] = None
    log_loss: Annotated[Loss, "Mean −log probability of hidden labels, in nats, at the best temperature."] = None
    bic: Annotated[float | None, MayLack, "BIC on the rows compared, the lower the better."] = None
    icl: Annotated[float | None, MayLack, "ICL on these rows."] = None
    weight: Annotated[Share, "What it counts for: of all but an ensemble, 1 for the chosen one."] = 0.0
    note: Annotated[str, MayLack, "Why it could not be fitted."] = ""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """How the model was chosen."""

    criterion: Annotated[str, "By what it was chosen, in words."]
    considered: Annotated[int | None, Range(1), MayLack, "Mixtures of an ensemble, with weight or without."] = None
    trust: Annotated[Share | None, MayLack, "Weight of an ensemble; the label shares have the rest."] = None
    trees: Annotated[
        Share, MayLack, "Weight of boosted trees beside the mixtures and the label shares, which have the rest."
    ] = 0.0
    members: Annotated[Sequence[Considered], "Mixtures of an ensemble that have weight, the heaviest first, or others."]
    scores: Annotated[HeldOutLosses, "What hidden labels say of each, in nats; empty where none was hidden."]
    unlabelled_rows: Annotated[
        Literal["helped", "hurt", "made no difference"] | None,
        MayLack,
        "What they did to predictions of hidden labels by the mixture shown, beyond one standard error.",
    ] = None

    @property
    def stack(self) -> list[Considered]:
        """The mixtures that fill the cells together; none where one was chosen."""
        return [one for one in self.members if one.view]


class BaselineEm(NamedTuple):
    """EM with one Gaussian a label, over the numbers among the predictors."""

    covariance: Annotated[shared.Covariance, "What the Gaussians' covariances have in common."]
    parameters: Annotated[Sequence[Gaussian], "A Gaussian for each label."]
    labels_only: Annotated[Sequence[Gaussian] | None, "The same of labelled rows alone; null where no label is known."]
    drift: Annotated[ByLabel | None, "How far other rows moved each mean, in SDs; null where no label is known."]
    log_likelihood: Annotated[float, "Natural log of the density of what was observed, in the data's own units."]
    converged: Annotated[bool, "EM ended where nothing more was to be gained."]
    n_iterations: Annotated[Count, "Steps of EM."]
