"""What the charts are drawn from, all in the data's own units."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.labels import Labels
from em_impute.diagnostics import baseline_em
from em_impute.diagnostics.chart_data import Pictures, Points, project
from em_impute.diagnostics.chart_data import Plane as DrawnPlane
from em_impute.diagnostics.histograms import Histogram
from em_impute.em.blocks import Floats
from em_impute.em.parameters import Parameters
from em_impute.report.build.shared import by_predictor, own_units
from em_impute.report.model.charts import (
    Axis,
    BaselineEm,
    BaselineGaussian,
    ChartData,
    Ellipse,
    FeatureHistogram,
    Plane,
    PosteriorCurve,
    Shape,
    StandardError,
)
from em_impute.report.model.mixture import Gaussian
from em_impute.report.model.shared import RowCounts

DIGITS, PATH_DIGITS, EDGE_DIGITS = 6, 10, 15
"""Significant ones of what is only drawn, of log-likelihoods that hardly differ, and of what bins are laid out by."""

MAX_COVARIANCES = 2000
"""Entries of covariances that are listed, all labels together: beyond, the report would hold little else."""


def baseline_of(plain: baseline_em.BaselineEm | None, labels: Sequence[str]) -> BaselineEm | None:
    """Describe the plainest mixture.  `labels` are those that it was fitted with."""
    if plain is None:
        return None
    fit, of_label = plain.em.fit, [labels[k] for k in plain.em.fit.component_label]
    # With a prior the log-likelihood may fall by a little.  What EM never lowers is drawn, so that it ends there.
    below = fit.objective - (fit.log_likelihood - plain.log_jacobian)
    climbs = plain.em.climbs or (fit.climb,)
    gaussians = _gaussians(plain, fit.parameters, of_label)
    return BaselineEm(
        covariance=plain.covariance,
        prior_strength=plain.em.recipe.prior_strength,
        features=plain.names,
        parameters=[BaselineGaussian(**vars(one), standard_error=_error(plain, k)) for k, one in enumerate(gaussians)],
        labels_only=None if plain.labels_only is None else _gaussians(plain, plain.labels_only, of_label),
        drift=None if plain.drift is None else by_predictor(of_label, plain.drift),
        shape=_shapes(plain, labels),
        log_likelihood=fit.log_likelihood - plain.log_jacobian,
        converged=fit.stop in {"converged", "rounding"},
        path=_rounded(np.array(fit.climb) - below, PATH_DIGITS),
        starts=[_rounded(np.array(climb) - below, PATH_DIGITS) for climb in climbs],
    )


def chart_data_of(pictures: Pictures, plain: baseline_em.BaselineEm | None, labels: Labels) -> ChartData:
    """List what there is to draw."""
    curve, plane, names = pictures.curve, pictures.plane, labels.labels
    return ChartData(
        histograms=[_histogram(one, names) for one in pictures.histograms],
        curve=None
        if curve is None
        else PosteriorCurve(
            feature=curve.name,
            x=_placed(curve.x),
            probability={label: _rounded(curve.probability[:, k]) for k, label in enumerate(names)},
        ),
        plane=None if plane is None or plain is None else _plane(plane, plain, names),
    )


def _shapes(plain: baseline_em.BaselineEm, labels: Sequence[str]) -> dict[str, dict[str, Shape | None]] | None:
    if plain.shapes is None:
        return None
    return {
        label: {
            name: None if shape is None else Shape(skew=shape.skew, kurtosis=shape.kurtosis)
            for name, shape in zip(plain.names, shapes, strict=True)
        }
        for label, shapes in zip(labels, plain.shapes, strict=True)
    }


def _histogram(one: Histogram, labels: Sequence[str]) -> FeatureHistogram:
    return FeatureHistogram(
        feature=one.name,
        separation=one.separation,
        edges=_rounded(one.edges, EDGE_DIGITS),
        beyond=one.beyond,
        known=dict(zip(labels, one.known.tolist(), strict=True)),
        filled=dict(zip(labels, one.filled.tolist(), strict=True)),
        left_empty=one.left.tolist(),
    )


def _plane(plane: DrawnPlane, plain: baseline_em.BaselineEm, labels: Sequence[str]) -> Plane:
    of_label = [labels[k] for k in plain.em.fit.component_label]

    def ellipses(parameters: Parameters) -> list[Ellipse]:
        seen = project(parameters, plain, plane.axes)
        return [
            Ellipse(label=label, weight=float(weight), mean=mean.tolist(), covariance=covariance.tolist())
            for label, weight, mean, covariance in zip(of_label, *seen, strict=True)
        ]

    first, second = (
        Axis(name=axis.name, coefficients=by_predictor(plain.names, axis.coefficient)) for axis in plane.axes
    )
    return Plane(
        axes=(first, second),
        known=_points(plane.known, labels, sure=True),
        filled=_points(plane.missing, labels, sure=False),
        left_empty=_placed(plane.missing.place[plane.missing.code < 0]),
        of=RowCounts(known=plane.n_known, missing=plane.n_missing),
        em=ellipses(plain.em.fit.parameters),
        labels_only=None if plain.labels_only is None else ellipses(plain.labels_only),
    )


def _points(points: Points, labels: Sequence[str], *, sure: bool) -> dict[str, list[Any]]:
    """List points by label: where they lie, and how probable the label is unless that is `sure`."""
    place, probability = _placed(points.place), _rounded(points.probability)
    listed = place if sure else [[*point, said] for point, said in zip(place, probability, strict=True)]
    return {label: [listed[i] for i in np.flatnonzero(points.code == k)] for k, label in enumerate(labels)}


def _gaussians(plain: baseline_em.BaselineEm, standardised: Parameters, of_label: Sequence[str]) -> list[Gaussian]:
    own, deviation = own_units(standardised, plain.shift, plain.scale)
    return [
        Gaussian(
            label=label,
            weight=float(own.weight[k]),
            mean=by_predictor(plain.names, own.mean[k]),
            sd=by_predictor(plain.names, deviation[k]),
            covariance=own.covariance[k].tolist() if own.covariance.size <= MAX_COVARIANCES else None,
        )
        for k, label in enumerate(of_label)
    ]


def _error(plain: baseline_em.BaselineEm, component: int) -> StandardError | None:
    if plain.errors is None:
        return None
    mean, deviation = (one[component] * plain.scale for one in (plain.errors.mean, plain.errors.deviation))
    return StandardError(
        weight=float(plain.errors.weight[component]),
        mean=by_predictor(plain.names, mean),
        sd=by_predictor(plain.names, deviation),
    )


def _placed(values: Floats) -> list[Any]:
    """Write what lies on an axis with digits enough to tell apart what can be seen apart, also far from 0."""
    if not values.size:
        return []
    axes = values.reshape(len(values), -1)
    spread, size = np.ptp(axes, axis=0), np.abs(axes).max(axis=0)
    beyond = np.log10(size[size > 0.0]) - np.log10(np.where(spread > 0.0, spread, 1.0)[size > 0.0])
    return _rounded(values, min(EDGE_DIGITS, DIGITS + max(0, int(np.ceil(beyond.max(initial=0.0))))))


def _rounded(values: Floats | NDArray[Any], digits: int = DIGITS) -> list[Any]:
    """Write numbers with so many significant digits, as lists as deep as the array."""
    if values.ndim > 1:
        return [_rounded(row, digits) for row in values]
    return [float(f"{value:.{digits}g}") for value in values.tolist()]
