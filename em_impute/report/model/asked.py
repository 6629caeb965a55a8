"""What is said by `em-impute evaluate`, by `explain` step by step, by `why`, and by `check`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from em_impute.ensemble.values import Threshold
from em_impute.pipeline.reasons import RowReasons
from em_impute.report.model import shared
from em_impute.report.model.findings import Gaussian
from em_impute.serialize.annotations import Count, Ends, MayLack, Positive, Range, Share


@dataclass(frozen=True, kw_only=True)
class EvaluatedLabel(shared.KnownLabel):
    """A label."""

    share_to_hide: Annotated[Share, "Part of them to hide each time."]


class Hiding(NamedTuple):
    """Which known labels were hidden."""

    how: Annotated[Literal["random", "stratified", "by-class"], "By what rule (--how)."]
    share: Annotated[Share, "Part of the known labels to hide each time (--hide)."]
    repeats: Annotated[Positive, "How often labels were hidden."]
    rows: Annotated[Positive, "Labels that were hidden, in all repeats together."]
    distinct_rows: Annotated[Positive, "Different rows among them."]
    emptied: Annotated[Count, "Of these rows, those that hid predictors too, to show no more than rows to fill."]


class Figures(NamedTuple):
    """How right it is."""

    accuracy: Annotated[Share, "Share of the hidden labels that were found."]
    interval: Annotated[Ends, "95 % interval of the accuracy."]
    balanced_accuracy: Annotated[Share, "Mean over the labels of the share of each that was found."]
    log_loss: Annotated[float, Range(0), "Mean −log probability of the true label, in nats, the lower the better."]
    brier: Annotated[float, Range(0), "Mean squared distance of the probabilities from the truth, from 0 (best) to 2."]
    ece: Annotated[Share, "Expected calibration error: mean distance of stated probability and accuracy."]


class Compared(NamedTuple):
    """What is compared on the hidden labels."""

    em_impute: Annotated[Figures, "The fills."]
    labels_only: Annotated[Figures | None, "A fit to labelled rows alone; null where that cannot be."]
    majority: Annotated[Figures, "The shares of the labels."]


@dataclass(frozen=True, kw_only=True, repr=False)
class EvaluationReport(shared.Head):
    """What `em-impute evaluate` says of how right its fills would be."""

    timings: shared.Seconds
    labels: Annotated[Sequence[EvaluatedLabel], "The labels, in alphabetical order."]
    missing: Annotated[shared.MissingCells, "The cells that are really missing."]
    features: Annotated[shared.Features, "The columns that were looked at, as in the last repeat."]
    hiding: Annotated[Hiding, "Which known labels were hidden."]
    figures: Annotated[Compared, "What is compared on the hidden labels."]
    weighted_to_missing: Annotated[Compared | None, "On rows weighted to be like missing ones; null where none is."]
    thresholds: Annotated[Sequence[Threshold], "What some values of --min-probability would do."]
    confusion: Annotated[shared.Confusion, "Hidden labels by true label, and within it by the label that was filled."]
    warnings: Annotated[Sequence[shared.Notice], "What to know before relying on the result."]

    @property
    def share_right(self) -> float:
        """The share of hidden labels that were filled right."""
        return self.figures.em_impute.accuracy


class FollowedRow(NamedTuple):
    """A row."""

    line: shared.Line
    known: Annotated[str | None, "Its label; null where that is missing."]
    values: Annotated[Mapping[str, float | None], "Its predictors, in their own units; null where missing."]
    responsibility: Annotated[Mapping[str, Share], "Probability of each component, given the row."]


@dataclass(frozen=True, kw_only=True)
class NamedComponent(Gaussian):
    """A component."""

    component: Annotated[str, "Its name: that of its label, numbered where a label has several."]


class Change(NamedTuple):
    """A number before and after an M step."""

    before: Annotated[float, "Before."]
    after: Annotated[float, "After."]


class Start(NamedTuple):
    """Where EM begins."""

    text: Annotated[str, "What it begins with, in words."]
    parameters: Annotated[Sequence[NamedComponent], "The parameters of every component."]


class Iteration(NamedTuple):
    """An iteration."""

    iteration: Annotated[Positive, "Its number, from 1."]
    rows: Annotated[Sequence[FollowedRow] | None, "What the E step finds for some rows; null beyond --steps."]
    parameters: Annotated[Sequence[NamedComponent] | None, "What the M step finds; null beyond --steps."]
    q: Annotated[Change, "Q, the expected log density of rows, labels and missing numbers."]
    log_likelihood: Annotated[Change, "Natural log of the density of what is observed, in the data's own units."]
    log_prior: Annotated[Change | None, MayLack, "Log prior density, up to a constant; only with a prior."] = None


class StopReason(NamedTuple):
    """Why EM ended."""

    reason: shared.Stop
    text: Annotated[str, "The same in words."]


class FinalState(NamedTuple):
    """Where EM ends."""

    rows: Annotated[Sequence[FollowedRow], "The rows that are followed."]
    parameters: Annotated[Sequence[NamedComponent], "The parameters of every component."]


@dataclass(frozen=True, kw_only=True, repr=False)
class ExplanationReport(shared.Head):
    """What `em-impute explain --json` says of EM, step by step."""

    labels: Annotated[Sequence[shared.KnownLabel], "The labels."]
    missing: Annotated[shared.MissingCells, "The missing labels."]
    features: Annotated[shared.Features, "The columns that were looked at; the predictors are all numbers."]
    covariance: Annotated[shared.Covariance, "What the components' covariances have in common (--covariance)."]
    prior_strength: Annotated[float, Range(0), "Weight of the conjugate prior; 0 is plain maximum likelihood."]
    collapse: Annotated[str | None, "Why plain maximum likelihood was given up, in words; null where it was not."]
    start: Annotated[Start, "Where EM begins."]
    steps: Annotated[Sequence[Iteration], "Every iteration."]
    stop: Annotated[StopReason, "Why EM ended."]
    final: Annotated[FinalState, "Where EM ends."]
    warnings: Annotated[Sequence[shared.Notice], "What to know before relying on the result."]


@dataclass(frozen=True, kw_only=True, repr=False)
class WhyReport(shared.Head):
    """What `em-impute why --json` says of some rows."""

    rows: Annotated[Sequence[RowReasons], "The rows that were asked about."]

    def __str__(self) -> str:
        """Say it in words."""
        return shared.rendered(self, ".txt")


class CheckedColumn(NamedTuple):
    """What is found of a column that a fit would fill."""

    column: Annotated[str, "The column."]
    known: Annotated[Count, "Cells that hold a label."]
    missing: Annotated[Mapping[str, Count], shared.TOKENS]
    labels: shared.Counts
    doubts: Annotated[Sequence[str], "What looks like a missing mark, and what to do."]
    warnings: Annotated[Sequence[str], "What to mend or think of before filling, in words."]
    notes: Annotated[Sequence[str], "What merely informs, in words."]
    same_label: Annotated[str, "The column of which rows with one value have one label, and what says so; or empty."]
    predictors: Annotated[Mapping[str, str], "What each column that would be used holds, in words."]
    not_used: Annotated[Mapping[str, str], "Why each other column would not be used, in words."]


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What `em-impute check --json` finds of a table."""

    schema_version: shared.Version = shared.SCHEMA_VERSION
    no_rows: Annotated[Sequence[str], "Lines that would not be read as rows, in words."]
    columns: Annotated[Sequence[CheckedColumn], "The columns that a fit would fill, or that were named."]
    left: Annotated[Mapping[str, str], "Why columns with gaps cannot be filled, in words."]
