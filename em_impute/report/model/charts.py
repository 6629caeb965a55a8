"""What a fit report says for its charts: plain EM, histograms, a curve and a plane."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from em_impute.report.model.mixture import Gaussian
from em_impute.report.model.shared import Covariance, Numbers, Path, RowCounts
from em_impute.serialize.annotations import Count, Range, Share

Point = tuple[float, float]
Places = Annotated[Sequence[Point], "Their places."]
BinCounts = Annotated[Sequence[Count], "Bin by bin."]


@dataclass(frozen=True, kw_only=True)
class StandardError:
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


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Moments, 0 for a Gaussian."""

    skew: Annotated[float, "Skewness."]
    kurtosis: Annotated[float, Range(-2), "Excess kurtosis."]


@dataclass(frozen=True, kw_only=True)
class BaselineEm:
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
    shape: Annotated[
        Mapping[str, Annotated[Mapping[str, Shape | None], "By predictor; null where its values do not vary."]] | None,
        "How far the labelled rows are from a Gaussian, by label and predictor; null where no label is known.",
    ]
    log_likelihood: Annotated[float, "Natural log of the density of what was observed, in the data's own units."]
    converged: Annotated[bool, "EM ended where nothing more was to be gained."]
    path: Annotated[
        Path, "What EM climbs, after each step: the log-likelihood, with a prior that of the prior as well."
    ]
    starts: Annotated[Sequence[Path], "The same for every start that was followed."]


@dataclass(frozen=True, kw_only=True)
class FeatureHistogram:
    """A predictor, counted in bins."""

    feature: Annotated[str, "Name of the predictor."]
    separation: Annotated[
        Share | None, "Share of its variance that lies between the labels (η²); null where no row tells."
    ]
    edges: Annotated[Sequence[float], "Edges of the bins, ascending, in its own unit."]
    beyond: Annotated[
        tuple[Count, Count], "Rows below the first edge and above the last, counted in the outermost bins."
    ]
    known: Annotated[Mapping[str, BinCounts], "Known rows by label, bin by bin."]
    filled: Annotated[Mapping[str, BinCounts], "Filled cells by label, bin by bin."]
    left_empty: Annotated[Sequence[Count], "Cells that were left as they were, bin by bin."]


@dataclass(frozen=True, kw_only=True)
class PosteriorCurve:
    """Probabilities along the only predictor."""

    feature: Annotated[str, "Name of the predictor."]
    x: Annotated[Sequence[float], "Values of rows without a label, ascending, in its own unit."]
    probability: Annotated[
        Mapping[str, Annotated[Sequence[Share], "Value by value."]], "Probability by label, value by value."
    ]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """An axis."""

    name: Annotated[str, "Name of a predictor, or the number of the axis."]
    coefficients: Annotated[Mapping[str, float], "What each predictor, in its own unit, is multiplied by."]


@dataclass(frozen=True, kw_only=True)
class Ellipse:
    """A Gaussian as it is seen on the two axes."""

    label: Annotated[str, "The label it belongs to."]
    weight: Annotated[Share, "Its weight in the mixture."]
    mean: Annotated[Point, "Its mean."]
    covariance: Annotated[
        tuple[tuple[float | None, float | None], tuple[float | None, float | None]],
        "Its covariance matrix, row by row; entries beyond the range of floating-point numbers are null.",
    ]


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Rows on the two axes that distinguish the labels best."""

    axes: Annotated[tuple[Axis, Axis], "The two axes."]
    known: Annotated[Mapping[str, Places], "Known rows by label."]
    filled: Annotated[
        Mapping[str, Annotated[Sequence[tuple[float, float, float]], "Two places and a probability."]],
        "Rows that were filled, by label: their places, and the probability of the label.",
    ]
    left_empty: Annotated[Places, "Places of rows that were left as they were."]
    of: Annotated[RowCounts, "Rows that those shown were drawn from."]
    em: Annotated[Sequence[Ellipse], "The Gaussians of `plain_em`."]
    labels_only: Annotated[
        Sequence[Ellipse] | None, "The Gaussians of labelled rows alone; null where no label is known."
    ]


@dataclass(frozen=True, kw_only=True)
class ChartData:
    """What the charts of the page show."""

    histograms: Annotated[
        Sequence[FeatureHistogram], "Predictors that are numbers, the most telling first, twelve at most."
    ]
    curve: Annotated[
        PosteriorCurve | None,
        "Probabilities along the only predictor; null where there are several, or groups.",
    ]
    plane: Annotated[
        Plane | None,
        "Rows on the two axes that distinguish the labels best; null with fewer than two numbers as predictors.",
    ]
