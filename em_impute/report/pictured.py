"""The sections of the report that pictures are drawn from, all in the data's own units."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.labels import Labels
from em_impute.diagnostics.baseline_em import PlainEm
from em_impute.diagnostics.chart_data import Pictures, Plane, Points, project
from em_impute.diagnostics.histograms import Histogram
from em_impute.em.blocks import Floats
from em_impute.em.parameters import Parameters, rescale
from em_impute.report.fit_report import Section

__all__ = ["pictures_section", "plain_section"]

DIGITS, PATH_DIGITS, EDGE_DIGITS = 6, 10, 15
"""Significant ones of what is only drawn, of log-likelihoods that hardly differ, and of what bins are laid out by."""


MAX_COVARIANCES = 2000
"""Entries of covariances that are listed, all labels together: beyond, the report would hold little else."""


def plain_section(plain: PlainEm | None, labels: Sequence[str]) -> Section | None:
    """Describe the plainest mixture.  `labels` are those that it was fitted with."""
    if plain is None:
        return None
    fit, of_label = plain.em.fit, [labels[k] for k in plain.em.fit.component_label]
    # With a prior the log-likelihood may fall by a little.  What EM never lowers is drawn, so that it ends there.
    below = fit.objective - (fit.log_likelihood - plain.log_jacobian)
    climbs = plain.em.climbs or (fit.climb,)
    return {
        "covariance": plain.covariance,
        "prior_strength": plain.em.recipe.prior_strength,
        "features": list(plain.names),
        "parameters": [
            {**one, "standard_error": _error(plain, k)}
            for k, one in enumerate(_parameters(plain, fit.parameters, of_label))
        ],
        "labels_only": None if plain.labels_only is None else _parameters(plain, plain.labels_only, of_label),
        "drift": None if plain.drift is None else dict(zip(of_label, plain.drift.tolist(), strict=True)),
        "shape": None
        if plain.shapes is None
        else {
            label: {
                name: None if shape is None else {"skew": shape.skew, "kurtosis": shape.kurtosis}
                for name, shape in zip(plain.names, shapes, strict=True)
            }
            for label, shapes in zip(labels, plain.shapes, strict=True)
        },
        "log_likelihood": fit.log_likelihood - plain.log_jacobian,
        "converged": fit.stop in {"converged", "rounding"},
        "path": _rounded(np.array(fit.climb) - below, PATH_DIGITS),
        "starts": [_rounded(np.array(climb) - below, PATH_DIGITS) for climb in climbs],
    }


def pictures_section(pictures: Pictures, plain: PlainEm | None, labels: Labels) -> Section:
    """List what there is to draw."""
    curve, names = pictures.curve, labels.labels
    return {
        "rows": {"known": sum(labels.known), "missing": labels.n_missing},
        "histograms": [_histogram(one, names) for one in pictures.histograms],
        "curve": None
        if curve is None
        else {
            "feature": curve.name,
            "x": _placed(curve.x),
            "probability": {label: _rounded(curve.probability[:, k]) for k, label in enumerate(names)},
        },
        "plane": None if pictures.plane is None or plain is None else _plane(pictures.plane, plain, names),
    }


def _histogram(one: Histogram, labels: Sequence[str]) -> Section:
    return {
        "feature": one.name,
        "separation": one.separation,
        "edges": _rounded(one.edges, EDGE_DIGITS),
        "beyond": list(one.beyond),
        "known": dict(zip(labels, one.known.tolist(), strict=True)),
        "filled": dict(zip(labels, one.filled.tolist(), strict=True)),
        "left_empty": one.left.tolist(),
    }


def _plane(plane: Plane, plain: PlainEm, labels: Sequence[str]) -> Section:
    of_label = [labels[k] for k in plain.em.fit.component_label]

    def ellipses(parameters: Parameters) -> list[Section]:
        seen = project(parameters, plain, plane.axes)
        return [
            {"label": label, "weight": float(weight), "mean": mean.tolist(), "covariance": covariance.tolist()}
            for label, weight, mean, covariance in zip(of_label, *seen, strict=True)
        ]

    return {
        "axes": [
            {
                "name": axis.name,
                "coefficients": dict(zip(plain.names, axis.coefficient.tolist(), strict=True)),
            }
            for axis in plane.axes
        ],
        "known": _points(plane.known, labels, sure=True),
        "filled": _points(plane.missing, labels, sure=False),
        "left_empty": _placed(plane.missing.place[plane.missing.code < 0]),
        "of": {"known": plane.n_known, "missing": plane.n_missing},
        "em": ellipses(plain.em.fit.parameters),
        "labels_only": None if plain.labels_only is None else ellipses(plain.labels_only),
    }


def _points(points: Points, labels: Sequence[str], *, sure: bool) -> Section:
    """List points by label: where they lie, and how probable the label is unless that is `sure`."""
    place, probability = _placed(points.place), _rounded(points.probability)
    listed = place if sure else [[*point, said] for point, said in zip(place, probability, strict=True)]
    return {label: [listed[i] for i in np.flatnonzero(points.code == k)] for k, label in enumerate(labels)}


def _parameters(plain: PlainEm, standardised: Parameters, of_label: Sequence[str]) -> list[Section]:
    with np.errstate(over="ignore", under="ignore"):  # a variance may leave the range where its root does not
        own = rescale(standardised, plain.shift, plain.scale)
    deviation = np.sqrt(np.diagonal(standardised.covariance, axis1=1, axis2=2)) * plain.scale
    return [
        {
            "label": label,
            "weight": float(own.weight[k]),
            "mean": dict(zip(plain.names, own.mean[k].tolist(), strict=True)),
            "sd": dict(zip(plain.names, deviation[k].tolist(), strict=True)),
            "covariance": own.covariance[k].tolist() if own.covariance.size <= MAX_COVARIANCES else None,
        }
        for k, label in enumerate(of_label)
    ]


def _error(plain: PlainEm, component: int) -> Section | None:
    if plain.errors is None:
        return None
    named = {
        what: dict(zip(plain.names, (values[component] * plain.scale).tolist(), strict=True))
        for what, values in (("mean", plain.errors.mean), ("sd", plain.errors.deviation))
    }
    return {"weight": float(plain.errors.weight[component]), **named}


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
