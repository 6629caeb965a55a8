"""The report of `em-impute evaluate`: known labels that were hidden, filled and compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from em_impute.report.model.shared import (
    Confusion,
    Features,
    Head,
    Input,
    KnownLabel,
    MissingCells,
    Notice,
    ReliabilityBin,
    Seconds,
    Threshold,
)
from em_impute.serialize.annotations import Choices, Count, Ends, Positive, Range, Share


@dataclass(frozen=True, kw_only=True)
class EvaluatedLabel(KnownLabel):
    """A label."""

    share_to_hide: Annotated[Share, "Part of them to hide each time."]
    hidden: Annotated[Count, "How often it was hidden, in all repeats together."]
    filled: Annotated[Count, "How often it was filled in."]
    precision: Annotated[Share | None, "Share of these fills that are right; null where it was never filled in."]
    recall: Annotated[Share | None, "Share of its hidden cells that were found; null where it was never hidden."]


class Hiding(NamedTuple):
    """Which known labels were hidden."""

    how: Annotated[
        str,
        Choices(
            {
                "random": "Any.",
                "stratified": "As large a share of each label.",
                "by-class": "A share that differs from label to label.",
            }
        ),
        "By what rule (--how).",
    ]
    share: Annotated[Share, "Part of the known labels to hide each time (--hide)."]
    repeats: Annotated[Positive, "How often labels were hidden."]
    rows: Annotated[Positive, "Labels that were hidden, in all repeats together."]
    distinct_rows: Annotated[Positive, "Different rows among them."]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """How right it is on rows like the missing ones."""

    accuracy: Annotated[Share, "Share of the hidden labels that were found."]
    interval: Annotated[Ends, "95 % interval of the accuracy."]
    log_loss: Annotated[float, Range(0), "Mean −log probability of the true label, in nats, the lower the better."]
    brier: Annotated[float, Range(0), "Mean squared distance of the probabilities from the truth, from 0 (best) to 2."]


@dataclass(frozen=True, kw_only=True)
class Figures(Scores):
    """How right it is."""

    balanced_accuracy: Annotated[Share, "Mean over the labels of the share of each that was found."]
    ece: Annotated[Share, "Expected calibration error: mean distance of stated probability and accuracy."]


class CompareFigures(NamedTuple):
    """What is compared on the hidden labels."""

    em_impute: Annotated[Figures, "The fills."]
    labels_only: Annotated[
        Figures | None, "The same model where rows without a label teach nothing; null where it could not be fitted."
    ]
    majority: Annotated[Figures, "The shares of the labels."]


class CompareScores(NamedTuple):
    """The same, each hidden row counting as it is likely to be missing."""

    missing: Annotated[Positive, "Cells that are really missing."]
    effective_rows: Annotated[float, Range(0), "Rows of equal weight that would say as much."]
    em_impute: Annotated[Scores, "The fills."]
    labels_only: Annotated[
        Scores | None, "The same model where rows without a label teach nothing; null where it could not be fitted."
    ]
    majority: Annotated[Scores, "The shares of the labels."]


class Repeats(NamedTuple):
    """The repeats, each with other labels hidden."""

    accuracy_sd: Annotated[float | None, Range(0), "Standard deviation of their accuracies; null of a single one."]


class FilledAtThresholds(NamedTuple):
    """What is filled, and how much of it is right, where a label must be so probable."""

    thresholds: Annotated[Sequence[Threshold], "For some values of --min-probability."]


@dataclass(frozen=True, kw_only=True)
class IntervalBin(ReliabilityBin):
    """Hidden labels whose most probable label was about as probable."""

    interval: Annotated[Ends, "95 % interval of that share."]


@dataclass(frozen=True, kw_only=True)
class EvaluationReport(Head):
    """What `em-impute evaluate` says of how right its fills would be."""

    timings: Seconds
    input: Annotated[Input, "The table that was read."]
    column: Annotated[str, "The column that was evaluated: its name, or its number where it has no name of its own."]
    labels: Annotated[Sequence[EvaluatedLabel], "The labels, in alphabetical order."]
    missing: Annotated[MissingCells, "The cells that are really missing."]
    features: Annotated[Features, "The columns that were looked at, as in the last repeat."]
    hiding: Annotated[Hiding, "Which known labels were hidden."]
    figures: Annotated[CompareFigures, "What is compared on the hidden labels."]
    weighted_to_missing: Annotated[
        CompareScores | None,
        "The same, each hidden row counting as it is likely to be missing; null where nothing is missing.",
    ]
    repeats: Annotated[Repeats, "The repeats, each with other labels hidden."]
    filled: Annotated[
        FilledAtThresholds, "What is filled, and how much of it is right, where a label must be so probable."
    ]
    reliability: Annotated[Sequence[IntervalBin], "Stated probability beside accuracy, in up to 15 bins of equal size."]
    confusion: Annotated[Confusion, "Hidden labels by true label, and within it by the label that was filled."]
    warnings: Annotated[Sequence[Notice], "What to know before relying on the result."]

    @property
    def share_right(self) -> float:
        """The share of hidden labels that were filled right."""
        return self.figures.em_impute.accuracy
