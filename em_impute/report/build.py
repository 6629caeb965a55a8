"""From a completed column to its report."""

import os
import time
from typing import Any

import numpy as np

from em_impute import metrics
from em_impute.clusters import information_criteria
from em_impute.completion import Completion, Opened
from em_impute.design import Design
from em_impute.engine.families import FAMILIES, n_parameters
from em_impute.engine.parameters import rescale
from em_impute.report.fit_report import SCHEMA_VERSION, FitReport
from em_impute.report.remarks import decisions, warnings, without_predictors
from em_impute.report.selection import leading_section, selection_section
from em_impute.request import Request
from em_impute.table.output import WrittenFile

__all__ = ["build_report"]

MAX_GROUPS_LISTED = 1000


def build_report(
    opened: Opened, completion: Completion, request: Request, command: str, output: WrittenFile | None
) -> FitReport:
    """Gather what is known about a completed column."""
    from em_impute import __version__

    reproducible = "SOURCE_DATE_EPOCH" in os.environ
    timings = {"read": opened.seconds, **completion.timings, **({"write": output.seconds} if output else {})}
    return FitReport(
        schema_version=SCHEMA_VERSION,
        tool={"name": "em-impute", "version": __version__},
        command=command,
        created=_now(),
        seed=request.seed,
        timings=None if reproducible else {stage: round(seconds, 4) for stage, seconds in timings.items()},
        input=_input(opened),
        output=None
        if output is None
        else {
            "path": None if output.path is None else str(output.path),
            "sha256": output.sha256,
            "bytes": output.bytes,
        },
        column=completion.target,
        labels=_labels(completion),
        missing=_missing(completion),
        features=_features(completion.design),
        model=_model(completion),
        fit=_fit(completion, request),
        selection=selection_section(completion.choice),
        groups=_groups(opened, completion),
        accuracy=_accuracy(completion),
        totals=_totals(completion),
        log=tuple(decisions(opened, completion, request)),
        warnings=tuple({"code": code, "message": message} for code, message in warnings(completion)),
    )


def _now() -> str:
    """Give the time of the run, or the one that the reproducible-builds convention dictates."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    seconds = float(epoch) if epoch.isdigit() else time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _input(opened: Opened) -> dict[str, Any]:
    table = opened.table
    return {
        "path": opened.name,
        "sha256": table.sha256,
        "bytes": table.size,
        "rows": table.n_rows,
        "columns": table.n_columns,
        "delimiter": table.dialect.delimiter,
        "encoding": table.dialect.encoding,
        "byte_order_mark": bool(table.dialect.bom),
    }


def _labels(completion: Completion) -> tuple[dict[str, Any], ...]:
    labels, fills = completion.labels, completion.fills
    filled = _filled_by_label(completion)
    n_known, n_rows = sum(labels.known), labels.label.size
    return tuple(
        {
            "label": label,
            "known": known,
            "filled": int(filled[k]),
            "share_known": known / n_known if n_known else None,
            "share_expected": float(known + fills.expected[k]) / n_rows if n_rows else None,
        }
        for k, (label, known) in enumerate(zip(labels.labels, labels.known, strict=True))
    )


def _missing(completion: Completion) -> dict[str, Any]:
    unsure = int(np.count_nonzero(completion.fills.code < 0))
    return {
        "cells": completion.labels.n_missing,
        "filled": completion.fills.n_filled,
        "left_empty": {"below_min_probability": unsure} if unsure else {},
        "tokens": dict(completion.labels.tokens),
        "lowest_probability": _lowest(completion),
        "without_predictors": without_predictors(completion),
    }


def _lowest(completion: Completion) -> float | None:
    filled = completion.fills.code >= 0
    return float(completion.fills.probability[filled].min()) if filled.any() else None


def _features(design: Design | None) -> dict[str, Any]:
    if design is None:
        return {"used": [], "rejected": []}
    used: list[dict[str, Any]] = [
        {"name": one.name, "type": "numeric", "missing": one.n_missing, "mean": one.shift, "sd": one.scale}
        for one in design.features
        if one.category is None
    ]
    used += [
        {"name": one.name, "type": "categorical", "missing": one.n_missing, "levels": list(one.texts)}
        for one in design.categories
    ]
    return {"used": used, "rejected": [{"name": one.name, "reason": one.reason} for one in design.rejected]}


def _model(completion: Completion) -> dict[str, Any] | None:
    design, mixture = completion.design, completion.mixture
    if design is None or mixture is None:
        return None
    names = [feature.name for feature in design.features]
    with np.errstate(
        over="ignore", under="ignore"
    ):  # a variance may leave the range of numbers where its root does not
        parameters = rescale(mixture.fit.parameters, design.shift, design.scale)
    deviation = np.sqrt(np.diagonal(mixture.fit.parameters.covariance, axis1=1, axis2=2)) * design.scale
    of_label = mixture.fit.component_label
    listed = [
        {
            "label": design.labels[label],
            "component": int(np.count_nonzero(of_label[:k] == label)) + 1,
            "weight": float(parameters.weight[k]),
            "mean": dict(zip(names, parameters.mean[k].tolist(), strict=True)),
            "sd": dict(zip(names, deviation[k].tolist(), strict=True)),
            "covariance": parameters.covariance[k].tolist(),
        }
        for k, label in enumerate(of_label.tolist())
    ]
    n_components, n_features = parameters.mean.shape
    count = np.bincount(of_label, minlength=len(design.labels))
    return {
        "covariance": mixture.recipe.family,
        "components": dict(zip(design.labels, count.tolist(), strict=True)),
        "n_parameters": n_parameters(FAMILIES[mixture.recipe.family], n_components, n_features),
        **_regularisation(completion),
        "parameters": listed,
    }


def _regularisation(completion: Completion) -> dict[str, Any]:
    stack = completion.choice.stack if completion.choice else None
    if stack is not None:
        return leading_section(stack)
    recipe = completion.mixture.recipe if completion.mixture else None
    return {} if recipe is None else {"prior_strength": recipe.prior_strength}


def _fit(completion: Completion, request: Request) -> dict[str, Any] | None:
    design, mixture = completion.design, completion.mixture
    if design is None or mixture is None:
        return None
    jacobian = design.log_jacobian(design.distinct)
    fit, stack = mixture.fit, completion.choice.stack if completion.choice else None
    log_likelihood = fit.log_likelihood - jacobian
    rows = float(design.distinct.weight.sum())
    criteria = information_criteria(mixture, log_likelihood, rows, completion.entropy)
    return {
        "log_likelihood": log_likelihood,
        "n_iterations": len(fit.path) - 1 if stack is None else stack.leader.steps,
        "stop": fit.stop,
        "converged": fit.stop in {"converged", "rounding"},
        "tolerance": request.tolerance,
        "remaining_gain": fit.remaining,
        "n_starts": mixture.n_starts,
        "n_optima": mixture.n_optima,
        "optimum_gap": mixture.gap,
        "path": [value - jacobian for value in fit.path],
        **criteria,
    }


def _groups(opened: Opened, completion: Completion) -> dict[str, Any] | None:
    if completion.groups is None or opened.groups is None:
        return None
    name, column = opened.groups
    return {
        "column": name,
        "number": len(completion.groups),
        "rows_without_group": column.n_missing,
        "groups": [
            {"group": one.name, **{key: value for key, value in one._asdict().items() if key != "name"}}
            for one in completion.groups[:MAX_GROUPS_LISTED]
        ],
    }


def _accuracy(completion: Completion) -> dict[str, Any] | None:
    held_out = completion.choice.held_out if completion.choice else None
    if held_out is None or completion.design is None:
        return None
    probability, label, weight = held_out.probability, held_out.label, held_out.weight
    right = metrics.accuracy(probability, label, weight)
    n_rows = label.size if weight is None else metrics.effective_rows(weight)
    count = np.bincount(label, weight)
    bins = metrics.reliability(probability, label)
    counts = metrics.confusion(probability, label)
    names = completion.design.labels
    filled = completion.fills.code >= 0
    return {
        "method": "5-fold stratified cross-validation on the known labels",
        "rows": label.size,
        "accuracy": right,
        "interval": list(metrics.wilson_interval(right, n_rows)),
        "baseline_accuracy": float(count.max() / count.sum()),
        "log_loss": held_out.log_loss,
        "baseline_log_loss": held_out.baseline_log_loss,
        "brier": metrics.brier(probability, label, weight),
        "ece": metrics.calibration_error(bins),
        "reliability": [one._asdict() for one in bins],
        "confusion": {
            name: dict(zip(names, row, strict=True)) for name, row in zip(names, counts.tolist(), strict=True)
        },
        "expected_wrong": {"estimate": float((1.0 - completion.fills.probability[filled]).sum())},
    }


def _totals(completion: Completion) -> dict[str, Any]:
    names, known = completion.labels.labels, np.array(completion.labels.known, dtype=float)
    chosen = known + _filled_by_label(completion)
    expected = known + completion.fills.expected
    return {
        "known": dict(zip(names, completion.labels.known, strict=True)),
        "most_probable": dict(zip(names, chosen.astype(int).tolist(), strict=True)),
        "expected": dict(zip(names, expected.tolist(), strict=True)),
    }


def _filled_by_label(completion: Completion) -> np.ndarray:
    code = completion.fills.code
    return np.bincount(code[code >= 0], minlength=len(completion.labels.labels))
