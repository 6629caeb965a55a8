"""From a completed column to its report."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from em_impute.columns.design import Design
from em_impute.diagnostics.extrapolation import left_empty
from em_impute.em.blocks import slices
from em_impute.em.families import FAMILIES, n_parameters
from em_impute.em.parameters import rescale
from em_impute.ensemble import metrics
from em_impute.environment import is_dictated, time_of_run, version
from em_impute.model.bic import information_criteria
from em_impute.options import Request
from em_impute.pipeline.types import Completion, Opened
from em_impute.report.advice import advice
from em_impute.report.audit import suspects_section
from em_impute.report.filled import filled_section
from em_impute.report.fit_report import SCHEMA_VERSION, FitReport, Section
from em_impute.report.marked import marked_section, marked_warnings
from em_impute.report.missing_rows import sensitivity_section, who_section
from em_impute.report.pictured import pictures_section, plain_section
from em_impute.report.reasons import reasons_section
from em_impute.report.rehearsal import rehearsal_section
from em_impute.report.remarks import decisions, warnings
from em_impute.report.selection import leading_section, selection_section
from em_impute.report.uncertainty import plain_wrong, totals_section, uncertainty_warnings, wrong_section
from em_impute.table.output import WrittenFile

__all__ = ["build_report", "features_section", "input_section"]

MAX_GROUPS_LISTED = 1000


def build_report(
    opened: Opened, completion: Completion, request: Request, command: str, outputs: Sequence[WrittenFile] | None
) -> FitReport:
    """Gather what is known about a completed column."""
    reproducible = is_dictated()
    scan = opened.table.scan_seconds
    timings = {"scan": scan, "read": opened.seconds - scan, **completion.timings}
    if outputs:
        timings["patch"] = sum(one.seconds for one in outputs)
    totals, wrong, findings = _totals(completion), _wrong(completion), _findings(opened, completion)
    found = _warnings(completion, totals, wrong, findings["marked"])
    return FitReport(
        schema_version=SCHEMA_VERSION,
        tool={"name": "em-impute", "version": version()},
        command=command,
        created=time_of_run(),
        seed=request.seed,
        timings=None if reproducible else {stage: round(seconds, 4) for stage, seconds in timings.items()},
        input=input_section(opened),
        output=_output(outputs or ()),
        column=completion.target,
        labels=_labels(completion),
        missing=_missing(completion),
        filled=filled_section(completion.fills, completion.labels.labels, opened.table.line_of, request.imputations),
        features=features_section(completion.design),
        model=_model(completion),
        fit=_fit(completion, request),
        selection=selection_section(completion.choice),
        groups=_groups(opened, completion),
        accuracy=_accuracy(completion, wrong),
        totals=totals,
        **findings,
        **_pictured(completion),
        log=tuple(decisions(opened, completion, request)),
        warnings=tuple({"code": code, "message": message} for code, message in found),
    )


def input_section(opened: Opened) -> dict[str, Any]:
    """Describe the file that was read."""
    table = opened.table
    return {
        "path": opened.name,
        "sha256": table.sha256,
        "bytes": table.size,
        "compression": opened.source.compression,
        "rows": table.n_rows,
        "columns": table.n_columns,
        "delimiter": table.dialect.delimiter,
        "encoding": table.dialect.encoding,
        "byte_order_mark": bool(table.dialect.bom),
    }


def _output(files: Sequence[WrittenFile]) -> dict[str, Any] | None:
    """Describe what was written: the first file by itself, and where there are several each of them."""
    described = [
        {"path": None if one.path is None else str(one.path), "sha256": one.sha256, "bytes": one.bytes} for one in files
    ]
    if len(described) > 1:
        return {**described[0], "files": described}
    return described[0] if described else None


def _labels(completion: Completion) -> tuple[dict[str, Any], ...]:
    labels, fills = completion.labels, completion.fills
    filled = _filled_by_label(completion)
    n_known, n_rows = sum(labels.known), max(1, labels.label.size)
    return tuple(
        {
            "label": label,
            "known": known,
            "filled": int(filled[k]),
            "share_known": known / n_known if n_known else None,
            "share_expected": float(known + fills.expected[k]) / n_rows,
        }
        for k, (label, known) in enumerate(zip(labels.labels, labels.known, strict=True))
    )


def _missing(completion: Completion) -> dict[str, Any]:
    fills, findings = completion.fills, completion.findings
    return {
        "cells": completion.labels.n_missing,
        "filled": fills.n_filled,
        "left_empty": {} if findings is None else left_empty(fills.row, fills.code, findings.marked),
        "tokens": dict(completion.labels.tokens),
        "lowest_probability": _lowest(completion),
        "without_predictors": 0 if findings is None else findings.marked.blind.size,
    }


def _lowest(completion: Completion) -> float | None:
    filled = completion.fills.code >= 0
    return float(completion.fills.probability.min(where=filled, initial=1.0)) if filled.any() else None


def features_section(design: Design | None) -> dict[str, Any]:
    """List the columns that serve as predictors, and why the others do not."""
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
        "n_iterations": len(fit.path) - 1 if stack is None or stack.leader.is_plain else stack.leader.steps,
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


def _findings(opened: Opened, completion: Completion) -> dict[str, Any]:
    """Give the keys that say more than what was fitted and filled."""
    findings, line_of = completion.findings, opened.table.line_of
    if findings is None or completion.design is None:
        return {**dict.fromkeys(("missingness", "sensitivity", "audit", "marked")), "suspect_labels": ()}
    audit = suspects_section(findings.audit, completion.labels.labels, line_of)
    return {
        "missingness": who_section(
            findings.missingness, reasons_section(completion), rehearsal_section(completion.how)
        ),
        "sensitivity": sensitivity_section(findings.sensitivity),
        "suspect_labels": tuple(audit["suspect_labels"]),
        "audit": audit["audit"],
        "marked": marked_section(findings.marked, completion.design, line_of),
    }


def _pictured(completion: Completion) -> dict[str, Any]:
    """Give the keys that pictures are drawn from."""
    findings, design = completion.findings, completion.design
    if findings is None or design is None:
        return {}
    return {
        "plain_em": plain_section(findings.plain, design.labels),
        "pictures": pictures_section(findings.pictures, findings.plain, completion.labels),
    }


def _warnings(completion: Completion, totals: Section, wrong: Section, marked: Section | None) -> list[tuple[str, str]]:
    found = warnings(completion)
    findings, fills = completion.findings, completion.fills
    if findings is not None:
        found += uncertainty_warnings(
            findings.uncertainty,
            wrong,
            totals,
            fills.n_filled,
            counts=fills.n_filled == fills.row.size and not fills.is_drawn,
        )
    if marked is not None:
        found += marked_warnings(marked)
    note = advice(completion.target)
    return found if note is None else [*found, note]


def _wrong(completion: Completion) -> dict[str, Any]:
    return wrong_section(
        completion.findings.uncertainty if completion.findings else None, plain_wrong(completion.fills)
    )


def _accuracy(completion: Completion, wrong: Section) -> dict[str, Any] | None:
    held_out = completion.promise
    if held_out is None or completion.design is None:
        return None
    probability, label, weight = held_out.probability, held_out.label, held_out.weight
    right = metrics.accuracy(probability, label, weight)
    n_rows = label.size if weight is None else metrics.effective_rows(weight)
    count = np.bincount(label, weight)
    like = None if weight is None else weight / weight.mean()
    bins = metrics.reliability(probability, label, like)
    counts = metrics.confusion(probability, label, like)
    names = completion.design.labels
    return {
        "method": "5-fold stratified cross-validation on the known labels",
        "rows": label.size,
        "effective_rows": float(n_rows),
        "accuracy": right,
        "interval": list(metrics.wilson_interval(right, n_rows)),
        "baseline_accuracy": float(count.max() / count.sum()),
        "baseline_label": names[int(count.argmax())],
        "log_loss": held_out.log_loss,
        "baseline_log_loss": held_out.baseline_log_loss,
        "brier": metrics.brier(probability, label, weight),
        "ece": metrics.calibration_error(bins),
        "reliability": [one._asdict() for one in bins],
        "curve": [one._asdict() for one in metrics.fill_curve(probability, label, weight)],
        "confusion": {
            name: dict(zip(names, row, strict=True)) for name, row in zip(names, counts.tolist(), strict=True)
        },
        "expected_wrong": wrong,
    }


def _totals(completion: Completion) -> dict[str, Any]:
    names, known = completion.labels.labels, np.array(completion.labels.known, dtype=float)
    chosen = known + _filled_by_label(completion)
    expected = known + completion.fills.expected
    return {
        "known": dict(zip(names, completion.labels.known, strict=True)),
        "most_probable": dict(zip(names, chosen.astype(int).tolist(), strict=True)),
        "expected": dict(zip(names, expected.tolist(), strict=True)),
        **totals_section(completion.findings.uncertainty if completion.findings else None, names),
    }


def _filled_by_label(completion: Completion) -> np.ndarray:
    code, n_labels = completion.fills.code, len(completion.labels.labels)
    count = np.zeros(n_labels, np.int64)
    for some in slices(code.size):
        count += np.bincount(code[some][code[some] >= 0], minlength=n_labels)
    return count
