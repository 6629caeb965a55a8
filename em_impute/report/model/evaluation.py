"""The report of `em-impute evaluate`: known labels that were hidden, filled and compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from em_impute.report.model import shared
from em_impute.serialize.annotations import Choices, Count, Ends, Positive, Range, Share


@dataclass(frozen=True, kw_only=True)
class EvaluatedLabel(shared.KnownLabel):
    """A label."""

    share_to_hide: Annotated[Share, "Part of them to hide each time."]


RULES = {
    "random": "Any.",
    "stratified": "As large a share of each label.",
    "by-class": "A share that differs from label to label.",
}
"""How labels are hidden."""


class Hiding(NamedTuple):
    """Which known labels were hidden."""

    how: Annotated[str, Choices(RULES), "By what rule (--how)."]
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

    effective_rows: Annotated[float, Range(0), "Different rows of equal weight that would say as much."]
    em_impute: Annotated[Figures, "The fills."]
    labels_only: Annotated[Figures | None, "A fit to labelled rows alone; null where that cannot be."]
    majority: Annotated[Figures, "The shares of the labels."]


@dataclass(frozen=True, kw_only=True)
class EvaluationReport(shared.Head):
    """What `em-impute evaluate` says of how right its fills would be."""

    timings: shared.Seconds
    input: Annotated[shared.Input, "The table that was read."]
    column: Annotated[str, "The column that was evaluated: its name, or its number where it has none of its own."]
    labels: Annotated[Sequence[EvaluatedLabel], "The labels, in alphabetical order."]
    missing: Annotated[shared.MissingCells, "The cells that are really missing."]
    features: Annotated[shared.Features, "The columns that were looked at, as in the last repeat."]
    hiding: Annotated[Hiding, "Which known labels were hidden."]
    figures: Annotated[Compared, "What is compared on the hidden labels."]
    weighted_to_missing: Annotated[Compared | None, "On rows weighted to be like missing ones; null where none is."]
    thresholds: Annotated[Sequence[shared.Threshold], "What some values of --min-probability would do."]
    reliability: Annotated[Sequence[shared.ReliabilityBin], "Stated probability beside accuracy, in bins."]
    confusion: Annotated[shared.Confusion, "Hidden labels by true label, and within it by the label that was filled."]
    warnings: Annotated[Sequence[shared.Notice], "What to know before relying on the result."]

    @property
    def share_right(self) -> float:
        """The share of hidden labels that were filled right."""
        return self.figures.em_impute.accuracy
