"""What `em-impute explain --json` writes: EM on one column, step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from em_impute.report.model.shared import (
    Covariance,
    Features,
    Head,
    Input,
    KnownLabel,
    Line,
    Matrix,
    MissingCells,
    Notice,
    Numbers,
)
from em_impute.serialize.annotations import Choices, Count, Key, MayLack, Positive, Range, Share

LogLikelihood = Annotated[
    float | None,
    "Natural log of the density of what is observed, in the data's own units; null where no step was taken.",
]
LogPrior = Annotated[
    float | None,
    MayLack,
    "Natural log of the prior density, up to a constant; only with a prior, and where a step was taken.",
]


class FollowedRow(NamedTuple):
    """A row."""

    line: Line
    known: Annotated[str | None, "Its label; null where that is missing."]
    values: Annotated[Mapping[str, float | None], "Its predictors, in their own units; null where missing."]
    responsibility: Annotated[Mapping[str, Share], "Probability of each component, given the row."]


class NamedComponent(NamedTuple):
    """A component."""

    component: Annotated[str, "Its name: that of its label, numbered where a label has several."]
    label: Annotated[str, "The label it belongs to."]
    weight: Annotated[Share, "Its weight in the mixture."]
    mean: Annotated[Numbers, "Its mean by predictor."]
    sd: Annotated[Numbers, "Its standard deviation by predictor."]
    covariance: Matrix


class Change(NamedTuple):
    """A number before and after an M step."""

    before: Annotated[float, "Before."]
    after: Annotated[float, "After."]


class HiddenValues(NamedTuple):
    """What EM has to find beside the parameters."""

    labels: Annotated[Count, "Labels that are not known."]
    numbers: Annotated[Count, "Numbers among the predictors that are not known."]


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where EM begins."""

    begins_with: Annotated[
        str,
        Key("from"),
        Choices({"labels": "The labelled rows.", "random": "Rows that are far apart: no label is known."}),
        "What it begins with.",
    ]
    text: Annotated[str, "The same in words."]
    starts: Annotated[Positive, "Starts that were tried, of which this came highest."]
    log_likelihood: LogLikelihood
    log_prior: LogPrior = None
    parameters: Annotated[Sequence[NamedComponent], "The parameters of every component."]


class EStep(NamedTuple):
    """The E step."""

    rows: Annotated[Sequence[FollowedRow], "The rows that are followed, with the responsibilities that it finds."]


class MStep(NamedTuple):
    """The M step."""

    before: Annotated[Sequence[NamedComponent], "The parameters before it."]
    after: Annotated[Sequence[NamedComponent], "The parameters that it finds."]


class Iteration(NamedTuple):
    """An iteration."""

    iteration: Annotated[Positive, "Its number, from 1."]
    e_step: Annotated[EStep | None, "The E step; null where --steps does not show it."]
    m_step: Annotated[MStep | None, "The M step; null where --steps does not show it."]
    q: Annotated[Change, "Q, the expected log density of rows, labels and missing numbers."]
    log_likelihood: Annotated[Change, "Natural log of the density of what is observed, in the data's own units."]
    log_prior: Annotated[
        Change | None, MayLack, "Natural log of the prior density, up to a constant; only with a prior."
    ] = None


class StopReason(NamedTuple):
    """Why EM ended."""

    reason: Annotated[
        str,
        Choices(
            {
                "converged": "Too little was left to gain.",
                "max_iter": "It had taken as many iterations as --max-iter allows.",
                "rounding": "The next gain drowned in rounding.",
            }
        ),
        "The reason.",
    ]
    text: Annotated[str, "The same in words."]
    iterations: Annotated[Count, "Iterations that were taken."]


@dataclass(frozen=True, kw_only=True)
class FinalState:
    """Where EM ends."""

    log_likelihood: LogLikelihood
    log_prior: LogPrior = None
    rows: Annotated[Sequence[FollowedRow], "The rows that are followed."]
    parameters: Annotated[Sequence[NamedComponent], "The parameters of every component."]


@dataclass(frozen=True, kw_only=True)
class ExplanationReport(Head):
    """What `em-impute explain --json` says of EM, step by step."""

    input: Annotated[Input, "The table that was read."]
    column: Annotated[
        str, "The column whose labels are found: its name, or its number where it has no name of its own."
    ]
    labels: Annotated[Sequence[KnownLabel], "The labels."]
    missing: Annotated[MissingCells, "The missing labels."]
    features: Annotated[Features, "The columns that were looked at; the predictors are all numbers."]
    covariance: Annotated[Covariance, "What the components' covariances have in common (--covariance)."]
    prior_strength: Annotated[float, Range(0), "Weight of the conjugate prior; 0 is plain maximum likelihood."]
    collapse: Annotated[str | None, "Why plain maximum likelihood was given up, in words; null where it was not."]
    hidden: Annotated[HiddenValues, "What EM has to find beside the parameters."]
    start: Annotated[Start, "Where EM begins."]
    steps: Annotated[Sequence[Iteration], "Every iteration."]
    stop: Annotated[StopReason, "Why EM ended."]
    final: Annotated[FinalState, "Where EM ends."]
    warnings: Annotated[Sequence[Notice], "What to know before relying on the result."]
