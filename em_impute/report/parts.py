"""The report on a table that was read in parts: what was learnt from a sample of its rows, counted in all of them."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from em_impute.diagnostics.sensitivity import sweep
from em_impute.diagnostics.uncertainty import Interval, Uncertainty
from em_impute.ensemble.metrics import NORMAL_95
from em_impute.environment import is_dictated
from em_impute.model.assign import BANDS, deltas_of, tilt
from em_impute.model.bic import information_criteria
from em_impute.options import Request
from em_impute.pipeline.fill import Filled
from em_impute.pipeline.fill_chunk import Totals
from em_impute.pipeline.fit_sample import ColumnOfParts, place_of
from em_impute.report.applied import build_applied_report, misjudgement
from em_impute.report.build import build_report
from em_impute.report.fit_report import FitReport, Section
from em_impute.report.marked import blind_section, marked_warnings
from em_impute.report.missing_rows import sensitivity_section
from em_impute.report.uncertainty import totals_section, uncertainty_warnings, wrong_section
from em_impute.saved_model.values import SavedModel
from em_impute.table.text import plural

__all__ = ["build_parts_report"]

COUNTED_ANEW = {"W06", "W07", "W09", "W11", "W16", "W32"}
"""Codes of warnings that count cells."""

OF_THE_SAMPLE = {"counted as missing", "equal rows merged"}


def build_parts_report(
    filled: Filled, at: int, request: Request, command: str, model: SavedModel | None = None
) -> FitReport:
    """Gather what is known about one of the completed columns; with a saved `model` nothing was fitted.

    The sample is reported on as the small file it is; whatever counts rows is then said of all of them.
    """
    column, totals = filled.columns[at], filled.totals[at]
    if column.applied is not None and model is not None:
        base = build_applied_report(column.opened, column.applied, model, request, command, None)
    else:
        base = build_report(column.opened, column.completion, request, command, None)
    reproducible = is_dictated()
    told = replace(
        base,
        timings=None if reproducible else {stage: round(seconds, 4) for stage, seconds in filled.timings.items()},
        input=_input(filled, base.input),
        output=_output(filled),
        labels=_labels(column, totals, filled.summary.n_rows),
        missing=_missing(column, totals),
        filled=_filled(filled, column, totals),
        features=_features(filled, base.features, is_fitted=column.applied is None),
        fit=_fit(column, totals, base.fit),
        marked=None,
        log=_log(filled, column, base.log),
        parts=_parts(filled, column),
        applied=None if base.applied is None else {**base.applied, "expected_wrong": totals.wrong},
    )
    return _with_findings(told, filled, column, totals, request)


def _input(filled: Filled, section: Section) -> dict[str, Any]:
    """Describe all parts as one input; of several each has a hash of its own."""
    parts = filled.summary.parts
    return {
        **section,
        "sha256": parts[0].sha256 if len(parts) == 1 else None,
        "bytes": sum(part.bytes for part in parts),
        "compression": parts[0].compression if len({part.compression for part in parts}) == 1 else None,
        "rows": filled.summary.n_rows,
    }


def _output(filled: Filled) -> dict[str, Any] | None:
    files = [
        {"path": part.output, "sha256": done.file.sha256, "bytes": done.file.bytes}
        for part, done in zip(filled.parts, filled.filled, strict=True)
        if done.file is not None
    ]
    return {**files[0], **({"files": files} if len(files) > 1 else {})} if files else None


def _parts(filled: Filled, column: ColumnOfParts) -> dict[str, Any]:
    missing = int(np.count_nonzero(column.completion.labels.label < 0))
    return {
        "number": len(filled.parts),
        "rows_drawn": {"known": column.sample.n_rows - missing, "missing": missing},
        "fitted_to": "nothing" if column.applied else "rows drawn" if column.everything is None else "all rows",
        "files": [
            {
                "path": part.path,
                "rows": read.rows,
                "bytes": read.bytes,
                "sha256": read.sha256,
                "compression": read.compression,
            }
            for part, read in zip(filled.parts, filled.summary.parts, strict=True)
        ],
    }


def _known(column: ColumnOfParts) -> dict[str, int]:
    """Count the known cells of every label, 0 of those that were found."""
    known = dict(zip(column.labels.labels, column.labels.known, strict=True))
    return {label: known.get(label, 0) for label in column.filling.labels}


def _labels(column: ColumnOfParts, totals: Totals, n_rows: int) -> tuple[dict[str, Any], ...]:
    known = _known(column)
    n_known = sum(known.values())
    rows = zip(known.items(), totals.filled.sum(axis=0).tolist(), totals.expected.tolist(), strict=True)
    return tuple(
        {
            "label": label,
            "known": count,
            "filled": n_filled,
            "share_known": count / n_known if n_known else None,
            "share_expected": (count + expected) / n_rows,
        }
        for (label, count), n_filled, expected in rows
    )


def _missing(column: ColumnOfParts, totals: Totals) -> dict[str, Any]:
    n_filled = int(totals.filled.sum())
    return {
        "cells": column.labels.n_missing,
        "filled": n_filled,
        "left_empty": dict(totals.left_empty),
        "tokens": dict(column.labels.tokens),
        "lowest_probability": totals.lowest if n_filled else None,
        "without_predictors": totals.n_without_predictors,
    }


def _filled(filled: Filled, column: ColumnOfParts, totals: Totals) -> dict[str, Any] | None:
    if not totals.filled.any():
        return None
    labels = column.filling.labels
    return {
        "method": "map",
        "imputations": 0,
        "by_band": [
            {"low": low, "high": high, "cells": sum(row), "labels": dict(zip(labels, row, strict=True))}
            for (low, high), row in zip(pairwise(BANDS), totals.filled.tolist(), strict=True)
            if any(row)
        ],
        "least_certain": [
            {**_place(filled, one.part, one.line), "label": labels[one.label], "probability": one.probability}
            for one in totals.least
        ],
    }


def _place(filled: Filled, part: int, line: int) -> dict[str, Any]:
    """Name a row, with its file where there are several."""
    return {**({"part": filled.parts[part].path} if len(filled.parts) > 1 else {}), "line": line}


def _features(filled: Filled, section: Section, *, is_fitted: bool) -> dict[str, Any]:
    """Count the cells of all parts; what a saved model learnt elsewhere stays as it is."""
    used = []
    for one in section["used"]:
        index = filled.names.index(one["name"])
        numbers = filled.summary.numbers[index]
        if one["type"] == "numeric":
            learnt = {"mean": numbers.mean, "sd": numbers.deviation} if is_fitted else {}
            used.append({**one, "missing": numbers.n_missing, **learnt})
        else:
            used.append({**one, "missing": filled.summary.n_without_text.get(index, 0)})
    return {**section, "used": used}


def _fit(column: ColumnOfParts, totals: Totals, section: Section | None) -> dict[str, Any] | None:
    """Describe the fit; one to all rows has the log-likelihood of all rows."""
    everything = column.everything
    if section is None or everything is None:
        return None if section is None else dict(section)
    fit, jacobian = everything.mixture.fit, everything.log_jacobian
    log_likelihood = fit.log_likelihood - jacobian
    criteria = information_criteria(everything.mixture, log_likelihood, everything.weight, totals.entropy)
    path = [value - jacobian for value in fit.path]
    return {**section, "log_likelihood": log_likelihood, "path": path, **criteria}


def _log(filled: Filled, column: ColumnOfParts, log: Sequence[Section]) -> tuple[Section, ...]:
    tokens = column.labels.tokens.items()
    drawn = _parts(filled, column)["rows_drawn"]
    rows = f"{drawn['known']:,} with a label and {drawn['missing']:,} without"
    entries = [
        ("read", "parts", f"{plural(len(filled.parts), 'part')}, {plural(filled.summary.n_rows, 'row')}"),
        *(("labels", "counted as missing", f"{token!r} in {plural(count, 'cell')}") for token, count in tokens),
        ("fit", "rows drawn", f"{rows}{_use(column)}"),
    ]
    kept = [one for one in log if one["action"] not in OF_THE_SAMPLE]
    return (*kept, *({"step": step, "action": action, "detail": detail} for step, action, detail in entries))


def _use(column: ColumnOfParts) -> str:
    """Say what the rows that were drawn served for, if not for the fit alone."""
    if column.applied is not None:
        return "; they are compared with those that the saved model learnt from"
    return "" if column.everything is None else "; then EM over all rows"


def _with_findings(
    report: FitReport, filled: Filled, column: ColumnOfParts, totals: Totals, request: Request
) -> FitReport:
    """Say of all rows what the findings say of the sample."""
    known, findings = _known(column), column.completion.findings
    n_filled = int(totals.filled.sum())
    uncertainty = None if findings is None else _of_all_rows(findings.uncertainty, column, totals, filled)
    wrong = wrong_section(uncertainty, totals.wrong)
    chosen = totals.filled.sum(axis=0)
    counted = {
        "known": known,
        "most_probable": {label: n + int(chosen[k]) for k, (label, n) in enumerate(known.items())},
        "expected": {label: n + float(totals.expected[k]) for k, (label, n) in enumerate(known.items())},
        **totals_section(uncertainty, column.filling.labels),
    }
    warnings = [(one["code"], one["message"]) for one in report.warnings if one["code"] not in COUNTED_ANEW]
    at = len(warnings) - (bool(warnings) and warnings[-1][0] == "S01")  # the note on people stays the last
    all_filled = n_filled == column.labels.n_missing
    if report.applied is not None and all_filled:
        warnings[at:at] = misjudgement(report.applied, n_filled)
    if uncertainty is not None:
        warnings[at:at] = uncertainty_warnings(uncertainty, wrong, counted, n_filled, counts=all_filled)
    if totals.n_without_predictors:
        warnings[at:at] = marked_warnings(blind_section(totals.n_without_predictors, []))
    accuracy = None if report.accuracy is None else {**report.accuracy, "expected_wrong": wrong}
    return replace(
        report,
        totals=counted,
        accuracy=accuracy,
        missingness=_missingness(report.missingness, column, known),
        sensitivity=_sensitivity(report, column, request, known, uncertainty),
        suspect_labels=_suspects(report, filled, column),
        warnings=tuple({"code": code, "message": message} for code, message in warnings),
    )


def _of_all_rows(found: Uncertainty, column: ColumnOfParts, totals: Totals, filled: Filled) -> Uncertainty:
    """Bring intervals that count cells of the sample to the number of cells there are, and to their known sums.

    What is not known of the model is a part of all cells alike; the luck of each row, which evens out, is overstated.
    """
    completion = column.completion
    sampled, fills = np.array(completion.labels.known, np.float64), completion.fills
    known = np.array(list(_known(column).values()), np.float64)
    n_missing, n_filled = column.labels.n_missing, int(totals.filled.sum())
    factor = n_missing / max(1, fills.row.size)
    intervals = []
    for k, one in enumerate(found.totals):
        shift = known[k] + totals.expected[k] - factor * (one.estimate - sampled[k])
        low, high = (factor * (end - sampled[k]) + shift for end in (one.low, one.high))
        estimate = float(known[k] + totals.expected[k])
        intervals.append(Interval(estimate, max(float(low), known[k]), min(float(high), known[k] + n_missing)))
    by_sample = float((1.0 - fills.probability[fills.code >= 0]).sum())
    of_wrong = totals.wrong / by_sample if by_sample else 1.0
    of_filled = n_filled / max(1, fills.n_filled)
    n_rows = filled.summary.n_rows
    shares = tuple(Interval(*(end / n_rows for end in one)) for one in intervals)
    between = np.array([(one.high - one.low) / (2.0 * NORMAL_95) for one in shares]) ** 2
    within = np.array([one.estimate * (1.0 - one.estimate) / n_rows for one in shares])
    return replace(
        found,
        wrong=_scaled(found.wrong, of_filled if not found.agree else of_wrong, n_filled),
        wrong_held_out=_scaled(found.wrong_held_out, of_filled, n_filled),
        totals=tuple(intervals),
        shares=shares,
        missing_information=between / np.maximum(between + within, np.finfo(float).tiny),
        n_beyond=round(found.n_beyond * factor),
    )


def _scaled(one: Interval | None, factor: float, most: int) -> Interval | None:
    return None if one is None else Interval(*(min(end * factor, float(most)) for end in one))


def _sensitivity(
    report: FitReport, column: ColumnOfParts, request: Request, known: dict[str, int], uncertainty: Uncertainty | None
) -> Section | None:
    """Sweep δ with as many rows of either kind as there are."""
    completion = column.completion
    if report.sensitivity is None or completion.probability is None or uncertainty is None:
        return report.sensitivity
    labels = column.filling.labels
    asked = deltas_of(labels, request.deltas)
    probability = tilt(completion.probability, -asked)
    each = np.full(probability.shape[0], column.labels.n_missing / probability.shape[0])
    shares = None
    if not asked.any():
        shares = {label: (one.low, one.high) for label, one in zip(labels, uncertainty.shares, strict=True)}
    counts = np.array(list(known.values()), np.float64)
    return sensitivity_section(sweep(probability, each, counts, labels, shares))


def _missingness(section: Section | None, column: ColumnOfParts, known: dict[str, int]) -> Section | None:
    rows = {"known": sum(known.values()), "missing": column.labels.n_missing}
    return None if section is None else {**section, "rows": rows}


def _suspects(report: FitReport, filled: Filled, column: ColumnOfParts) -> tuple[Section, ...]:
    """Name the part and line of every suspect; in the sample it stands on another one."""
    lines = [one["line"] for one in report.suspect_labels]
    places = place_of(column.sample, column.opened, lines)
    return tuple(
        {**_place(filled, part, line), **{key: value for key, value in one.items() if key != "line"}}
        for (part, line), one in zip(places, report.suspect_labels, strict=True)
    )
