"""The sections of a fit report that judge the fills: how right they are, and what looks odd."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from em_impute.diagnostics.values import IntervalEstimate
from em_impute.report.model.shared import (
    Confusion,
    Counts,
    LabelledCell,
    Line,
    ReliabilityBin,
    Threshold,
)
from em_impute.serialize.annotations import Count, Ends, MayLack, Positive, Range, Share


class ExpectedWrong(NamedTuple):
    """How many filled cells are likely to be wrong; the estimate alone where nothing was drawn."""

    estimate: Annotated[float, Range(0), "Filled cells that are likely to be wrong."]
    low: Annotated[float | None, Range(0), MayLack, "Lower end of the interval, in cells."] = None
    high: Annotated[float | None, Range(0), MayLack, "Upper end of the interval, in cells."] = None
    level: Annotated[Share | None, MayLack, "Probability with which the truth lies in the interval."] = None
    by_probabilities: Annotated[
        float | None, Range(0), MayLack, "What the probabilities of the fills add up to, in cells."
    ] = None
    by_held_out_labels: Annotated[
        IntervalEstimate | None, MayLack, "What known labels say that were hidden as labels are missing, in cells."
    ] = None
    agree: Annotated[bool | None, MayLack, "The model and the hidden labels do not contradict each other."] = None
    unlike_labelled_rows: Annotated[
        int | None,
        Range(0),
        MayLack,
        "Missing cells in rows like no labelled row: hidden labels cannot represent them.",
    ] = None


class Accuracy(NamedTuple):
    """How well hidden labels are recovered."""

    method: Annotated[str, "How labels were hidden, in words."]
    rows: Annotated[Positive, "Labels that were hidden and compared."]
    effective_rows: Annotated[
        float, Range(0), "Rows that they are worth, since they are weighed to be like rows to fill."
    ]
    accuracy: Annotated[Share, "Share of them whose most probable label is the true one."]
    interval: Annotated[Ends, "95 % interval of the accuracy, by Wilson."]
    baseline_accuracy: Annotated[Share, "Accuracy of always saying the most common label."]
    baseline_label: Annotated[str, "That label, among rows like those to fill."]
    log_loss: Annotated[float, Range(0), "Mean −log probability of the true label, in nats, the lower the better."]
    baseline_log_loss: Annotated[float, Range(0), "The same where only the labels' shares are known."]
    brier: Annotated[float, Range(0), "Mean squared distance of the probabilities from the truth, from 0 (best) to 2."]
    ece: Annotated[Share, "Expected calibration error: mean distance of stated probability and accuracy."]
    reliability: Annotated[
        Sequence[ReliabilityBin], "Stated probability beside accuracy, in up to 15 bins of equal size."
    ]
    curve: Annotated[Sequence[Threshold], "From the surest rows alone to all of them."]
    confusion: Annotated[
        Confusion,
        "Hidden labels, weighted to be like rows to fill: by true label, and within it by most probable label.",
    ]
    expected_wrong: Annotated[
        ExpectedWrong,
        "How many filled cells are likely to be wrong; the estimate alone where nothing was drawn.",
    ]


class ShareEstimate(NamedTuple):
    """A label's share."""

    estimate: Annotated[Share, "The estimate."]
    low: Annotated[Share, "Lower end."]
    high: Annotated[Share, "Upper end."]
    missing_information: Annotated[Share, "Part of the information of a complete column that is missing."]


class Totals(NamedTuple):
    """Rows of each label in the completed column, counted in several ways; draws add the keys from the fourth on."""

    known: Annotated[Counts, "Known rows by label."]
    most_probable: Annotated[Counts, "Known and filled rows by label."]
    expected: Annotated[
        Mapping[str, Annotated[float, Range(0)]],
        "Known rows and the probabilities of all missing ones, added up by label.",
    ]
    multiple_imputation: Annotated[
        Mapping[str, IntervalEstimate] | None,
        MayLack,
        "Rows by label as draws of the model and the labels say, with 95 % intervals.",
    ] = None
    shares: Annotated[
        Mapping[str, ShareEstimate] | None,
        MayLack,
        "Shares by label where the rows come from, with 95 % intervals by Rubin's rules.",
    ] = None
    draws: Annotated[int | None, Range(1), MayLack, "Draws that this rests on."] = None
    recommended_imputations: Annotated[
        int | None, Range(2), MayLack, "Imputations after which standard errors hardly vary."
    ] = None


@dataclass(frozen=True, kw_only=True)
class SuspectLabel(LabelledCell):
    """A known label that looks wrong."""

    likely: Annotated[str, "The most probable label."]
    likely_probability: Annotated[Share, "Its probability."]


class OutOfRangeRow(NamedTuple):
    """A row in which a predictor is outside the range of the labelled rows."""

    line: Line
    column: Annotated[str, "The predictor that is beyond."]
    value: Annotated[float | str, "What it holds: a number, or the text of a category."]


class OutOfRange(NamedTuple):
    """Rows in which some predictor is outside the range of the labelled rows."""

    rows: Annotated[Count, "How many there are."]
    expected_by_chance: Annotated[float, Range(0), "How many chance gives at most."]
    furthest_sd: Annotated[
        float | None,
        Range(0),
        "How far the furthest is beyond, in standard deviations; null where no number is.",
    ]
    listed: Annotated[Sequence[OutOfRangeRow], "The first 1,000 of them."]


class WithoutPredictors(NamedTuple):
    """Rows that show no predictor and are filled by the labels' shares alone."""

    rows: Annotated[Count, "How many there are."]
    lines: Annotated[Sequence[Line], "Lines on which the first 1,000 begin."]


class MarkedRows(NamedTuple):
    """Missing cells in weakly founded rows."""

    out_of_range: Annotated[OutOfRange, "Rows in which some predictor is outside the range of the labelled rows."]
    without_predictors: Annotated[
        WithoutPredictors, "Rows that show no predictor and are filled by the labels' shares alone."
    ]
