"""What diagnostics find, as values that reports hold: each field says what it means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from em_impute.missingness.values import RowCounts
from em_impute.serialize.annotations import Count, NotSaved, Range, Share


class IntervalEstimate(NamedTuple):
    """An estimate and where the truth is likely to lie."""

    estimate: Annotated[float, "The estimate."]
    low: Annotated[float, "Lower end."]
    high: Annotated[float, "Upper end."]


class Suspect(NamedTuple):
    """A known label that looks wrong."""

    row: int  # of the table, 0-based
    label: str  # what the cell says
    probability: float  # of that label, given the row's predictors
    likely: str  # the most probable label
    likely_probability: float


@dataclass(frozen=True, kw_only=True)
class Audit:
    """How known labels were judged: by fits that were not shown them, in large tables others by that of all rows."""

    examined: Annotated[Count, "Labels that were judged."]
    threshold: Annotated[Share, "A label looks wrong if its probability is below this."]
    found: Annotated[Count, "Labels that look wrong."]
    expected: Annotated[float, Range(0), "Labels that would look wrong by chance if all were right."]
    drawn_from: Annotated[Count | None, "Known labels in all, where only some were judged; null where all were."]
    suspects: Annotated[tuple[Suspect, ...], NotSaved] = ()
    """the least probable first, then by row; at most 1,000"""


class Importance(NamedTuple):
    """What a predictor is worth: the model that fills loses so much without it, and is not fitted anew."""

    column: Annotated[str, "The column; of texts that are scored together their names."]
    gain: Annotated[float, "Rise of the log-loss on hidden labels where the column is marginalised, in nats."]
    standard_error: Annotated[float, Range(0), "The standard error of this difference."]


class Sweep(NamedTuple):
    """A label, its odds shifted by each δ."""

    label: Annotated[str, "The label."]
    share: Annotated[Sequence[Share], "Its expected share of all rows, δ by δ."]


class Sensitivity(NamedTuple):
    """What the completed column would hold if labels were missing more often in one class than in another."""

    deltas: Annotated[Sequence[float], "Shifts δ of a label's log-odds in the missing rows that were looked at."]
    sweeps: Annotated[Sequence[Sweep], "Each label that was shifted: one of two, of more the twelve most common."]
    labels_left_out: Annotated[Count, "Less common labels that were not shifted."]


Point = tuple[float, float]
Pair = tuple[float | None, float | None]
Places = Annotated[Sequence[Point], "Their places."]
BinCounts = Annotated[Sequence[Count], "Bin by bin."]


class FeatureHistogram(NamedTuple):
    """A predictor, counted in bins."""

    feature: Annotated[str, "Name of the predictor."]
    edges: Annotated[Sequence[float], "Edges of the bins, ascending, in its own unit."]
    beyond: Annotated[tuple[Count, Count], "Rows below and above all edges, counted in the outermost bins."]
    known: Annotated[Mapping[str, BinCounts], "Known rows by label, bin by bin."]
    filled: Annotated[Mapping[str, BinCounts], "Filled cells by label, bin by bin."]
    left_empty: Annotated[Sequence[Count], "Cells that were left as they were, bin by bin."]


class PosteriorCurve(NamedTuple):
    """Probabilities along the only predictor."""

    x: Annotated[Sequence[float], "Values of rows without a label, ascending, in its own unit."]
    probability: Annotated[Mapping[str, Annotated[Sequence[Share], "Value by value."]], "By label."]


class Axis(NamedTuple):
    """An axis."""

    name: Annotated[str, "Name of a predictor, or the number of the axis."]
    coefficients: Annotated[Mapping[str, float], "What each predictor, in its own unit, is multiplied by."]


class Ellipse(NamedTuple):
    """A Gaussian as it is seen on the two axes."""

    label: Annotated[str, "The label it belongs to."]
    mean: Annotated[Point, "Its mean."]
    covariance: Annotated[tuple[Pair, Pair], "Its covariance matrix, row by row; null beyond the range of numbers."]


class Plane(NamedTuple):
    """Rows on the two axes that distinguish the labels best."""

    axes: Annotated[tuple[Axis, Axis], "The two axes."]
    known: Annotated[Mapping[str, Places], "Known rows by label."]
    filled: Annotated[Mapping[str, Places], "Rows that were filled, by label."]
    left_empty: Annotated[Places, "Places of rows that were left as they were."]
    of: Annotated[RowCounts, "Rows that those shown were drawn from."]
    em: Annotated[Sequence[Ellipse], "The Gaussians of `plain_em`."]
    labels_only: Annotated[Sequence[Ellipse] | None, "Those of labelled rows alone; null where none is known."]


class ChartData(NamedTuple):
    """What the charts of the page show."""

    histograms: Annotated[Sequence[FeatureHistogram], "Numeric predictors, the most telling first, at most 12."]
    curve: Annotated[PosteriorCurve | None, "Probabilities along the only predictor; else null, as with groups."]
    plane: Annotated[Plane | None, "Rows on the two axes that distinguish the labels best; null of a single number."]
