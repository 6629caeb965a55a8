"""The report on a table that was read in parts: what was learnt from a sample of its rows, counted in all of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from em_impute.diagnostics.sensitivity import sweep
from em_impute.diagnostics.uncertainty import Interval, Uncertainty
from em_impute.ensemble.metrics import NORMAL_95
from em_impute.model.assign import deltas_of, shift_log_odds
from em_impute.model.bic import information_criteria
from em_impute.options import Request
from em_impute.pipeline.fill import PartsResult
from em_impute.pipeline.fill_chunk import Totals as TotalsOfParts
from em_impute.pipeline.fit_sample import ColumnOfParts, place_of
from em_impute.report.build.applied import build_applied_report
from em_impute.report.build.counted import Counted, filled_of, labels_of, missing_of, output_of
from em_impute.report.build.decisions import decisions_of
from em_impute.report.build.extrapolation import only_without_predictors
from em_impute.report.build.fit import build_report
from em_impute.report.build.missingness import sensitivity_of
from em_impute.report.build.shared import notices, seconds_of
from em_impute.report.build.uncertainty import totals_of, wrong_of
from em_impute.report.build.warnings import ABOUT_PEOPLE, marked_warnings, misjudgement, uncertainty_warnings
from em_impute.report.model.diagnostics import ExpectedWrong, SuspectLabel, Totals
from em_impute.report.model.fit import Decision, FitReport, PartFile, Parts
from em_impute.report.model.missingness import Sensitivity
from em_impute.report.model.mixture import Convergence
from em_impute.report.model.shared import Features, Input, LabelledCell, Notice, Predictor, RowCounts
from em_impute.saved_model.values import SavedModel
from em_impute.table.text import plural

COUNTED_ANEW = {"W06", "W07", "W09", "W11", "W16", "W32"}
"""Codes of warnings that count cells."""

OF_THE_SAMPLE = {"counted as missing", "equal rows merged"}


def build_parts_report(
    filled: PartsResult, at: int, request: Request, command: str, model: SavedModel | None = None
) -> FitReport:
    """Gather what is known about one of the completed columns; with a saved `model` nothing was fitted.

    The sample is reported on as the small file it is; whatever counts rows is then said of all of them.
    """
    column, cells = filled.columns[at], filled.totals[at]
    if column.applied is not None and model is not None:
        base = build_applied_report(column.opened, column.applied, model, request, command, None)
    else:
        base = build_report(column.opened, column.completion, request, command, None)
    counted, diagnostics = _counted(filled, column, cells), column.completion.diagnostics
    uncertainty = None if diagnostics is None else _of_all_rows(diagnostics.uncertainty, column, counted)
    wrong, totals = wrong_of(uncertainty, counted.wrong), totals_of(uncertainty, counted)
    applied = None if base.applied is None else replace(base.applied, expected_wrong=cells.wrong)
    told = replace(
        base,
        timings=seconds_of(filled.timings),
        input=_input(filled, base.input),
        output=output_of(
            (part.output, done.file.sha256, done.file.bytes)
            for part, done in zip(filled.parts, filled.filled, strict=True)
            if done.file is not None
        ),
        labels=labels_of(counted),
        missing=missing_of(counted),
        filled=filled_of(counted, _least_certain(filled, column, cells), request),
        features=_features(filled, base.features, is_fitted=column.applied is None),
        fit=_convergence(column, cells, base.fit),
        accuracy=None if base.accuracy is None else replace(base.accuracy, expected_wrong=wrong),
        totals=totals,
        missingness=base.missingness
        and replace(base.missingness, rows=RowCounts(known=sum(counted.known), missing=counted.n_missing)),
        sensitivity=_sensitivity(base.sensitivity, column, request, counted, uncertainty),
        suspect_labels=_suspects(base, filled, column),
        marked=None,
        log=_log(filled, column, base.log),
        parts=_parts(filled, column),
        applied=applied,
    )
    return replace(told, warnings=_warnings(told, counted, uncertainty, wrong, totals))


def _counted(filled: PartsResult, column: ColumnOfParts, cells: TotalsOfParts) -> Counted:
    """Count the cells of all parts; known are 0 of labels that were found."""
    known = dict(zip(column.labels.labels, column.labels.known, strict=True))
    return Counted(
        labels=column.filler.labels,
        known=[known.get(label, 0) for label in column.filler.labels],
        n_rows=filled.summary.n_rows,
        n_missing=column.labels.n_missing,
        tokens=column.labels.tokens,
        by_band=cells.filled,
        expected=cells.expected,
        wrong=cells.wrong,
        left_empty=cells.left_empty,
        lowest=cells.lowest,
        n_without_predictors=cells.n_without_predictors,
    )


def _input(filled: PartsResult, section: Input) -> Input:
    """Describe all parts as one input; of several each has a hash of its own."""
    parts = filled.summary.parts
    return replace(
        section,
        sha256=parts[0].sha256 if len(parts) == 1 else None,
        bytes=sum(part.bytes for part in parts),
        compression=parts[0].compression if len({part.compression for part in parts}) == 1 else None,
        rows=filled.summary.n_rows,
    )


def _parts(filled: PartsResult, column: ColumnOfParts) -> Parts:
    missing = int(np.count_nonzero(column.completion.labels.label < 0))
    return Parts(
        number=len(filled.parts),
        rows_drawn=RowCounts(known=column.sample.n_rows - missing, missing=missing),
        files=[
            PartFile(path=part.path, rows=read.rows, bytes=read.bytes, sha256=read.sha256, compression=read.compression)
            for part, read in zip(filled.parts, filled.summary.parts, strict=True)
        ],
    )


def _least_certain(filled: PartsResult, column: ColumnOfParts, cells: TotalsOfParts) -> list[LabelledCell]:
    labels = column.filler.labels
    return [
        LabelledCell(part=_part(filled, one.part), line=one.line, label=labels[one.label], probability=one.probability)
        for one in cells.least
    ]


def _part(filled: PartsResult, part: int) -> str | None:
    """Name the file of a row where there are several."""
    return filled.parts[part].path if len(filled.parts) > 1 else None


def _features(filled: PartsResult, section: Features, *, is_fitted: bool) -> Features:
    """Count the cells of all parts; what a saved model learnt elsewhere stays as it is."""

    def counted(one: Predictor) -> Predictor:
        index = filled.names.index(one.name)
        if one.type != "numeric":
            return replace(one, missing=filled.summary.n_without_text.get(index, 0))
        numbers = filled.summary.numbers[index]
        now = replace(one, missing=numbers.n_missing)
        return replace(now, mean=numbers.mean, sd=numbers.deviation) if is_fitted else now

    return replace(section, used=[counted(one) for one in section.used])


def _convergence(column: ColumnOfParts, cells: TotalsOfParts, section: Convergence | None) -> Convergence | None:
    """Describe the fit; one to all rows has the log-likelihood of all rows."""
    full_fit = column.full_fit
    if section is None or full_fit is None:
        return section
    fit, jacobian = full_fit.mixture.fit, full_fit.log_jacobian
    log_likelihood = fit.log_likelihood - jacobian
    criteria = information_criteria(full_fit.mixture, log_likelihood, full_fit.weight, cells.entropy)
    path = [value - jacobian for value in fit.path]
    return replace(
        section,
        log_likelihood=log_likelihood,
        path=path,
        bic=criteria["bic"],
        aic=criteria["aic"],
        icl=criteria["icl"],
    )


def _log(filled: PartsResult, column: ColumnOfParts, log: Sequence[Decision]) -> tuple[Decision, ...]:
    tokens = column.labels.tokens.items()
    drawn = _parts(filled, column).rows_drawn
    rows = f"{drawn.known:,} with a label and {drawn.missing:,} without"
    entries = [
        ("read", "parts", f"{plural(len(filled.parts), 'part')}, {plural(filled.summary.n_rows, 'row')}"),
        *(("labels", "counted as missing", f"{token!r} in {plural(count, 'cell')}") for token, count in tokens),
        ("fit", "rows drawn", f"{rows}{_use(column)}"),
    ]
    return (*(one for one in log if one.action not in OF_THE_SAMPLE), *decisions_of(entries))


def _use(column: ColumnOfParts) -> str:
    """Say what the rows that were drawn served for, if not for the fit alone."""
    if column.applied is not None:
        return "; they are compared with those that the saved model learnt from"
    return "" if column.full_fit is None else "; then EM over all rows"


def _warnings(
    report: FitReport, counted: Counted, uncertainty: Uncertainty | None, wrong: ExpectedWrong, totals: Totals
) -> tuple[Notice, ...]:
    """Say of all rows what the warnings say of the sample, the note on people last."""
    kept = [one for one in report.warnings if one.code not in COUNTED_ANEW]
    last = [kept.pop()] if kept and kept[-1].code == ABOUT_PEOPLE else []
    found, all_filled = [], counted.n_filled == counted.n_missing
    if counted.n_without_predictors:
        found += marked_warnings(only_without_predictors(counted.n_without_predictors))
    if uncertainty is not None:
        found += uncertainty_warnings(uncertainty, wrong, totals, counted.n_filled, counts=all_filled)
    if report.applied is not None and all_filled:
        found += misjudgement(report.applied, counted.n_filled)
    return (*kept, *notices(found), *last)


def _of_all_rows(found: Uncertainty, column: ColumnOfParts, counted: Counted) -> Uncertainty:
    """Bring intervals that count cells of the sample to the number of cells there are, and to their known sums.

    What is not known of the model is a part of all cells alike; the luck of each row, which evens out, is overstated.
    """
    completion = column.completion
    sampled, fills = np.array(completion.labels.known, np.float64), completion.fills
    known = np.array(counted.known, np.float64)
    n_missing, n_filled = counted.n_missing, counted.n_filled
    factor = n_missing / max(1, fills.row.size)
    intervals = []
    for k, one in enumerate(found.totals):
        shift = known[k] + counted.expected[k] - factor * (one.estimate - sampled[k])
        low, high = (factor * (end - sampled[k]) + shift for end in (one.low, one.high))
        estimate = float(known[k] + counted.expected[k])
        intervals.append(Interval(estimate, max(float(low), known[k]), min(float(high), known[k] + n_missing)))
    by_sample = float((1.0 - fills.probability[fills.code >= 0]).sum())
    of_wrong = counted.wrong / by_sample if by_sample else 1.0
    of_filled = n_filled / max(1, fills.n_filled)
    n_rows = counted.n_rows
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
    section: Sensitivity | None,
    column: ColumnOfParts,
    request: Request,
    counted: Counted,
    uncertainty: Uncertainty | None,
) -> Sensitivity | None:
    """Sweep δ with as many rows of either kind as there are."""
    completion = column.completion
    if section is None or completion.probability is None or uncertainty is None:
        return section
    labels = column.filler.labels
    asked = deltas_of(labels, request.deltas)
    probability = shift_log_odds(completion.probability, -asked)
    each = np.full(probability.shape[0], column.labels.n_missing / probability.shape[0])
    shares = None
    if not asked.any():
        shares = {label: (one.low, one.high) for label, one in zip(labels, uncertainty.shares, strict=True)}
    return sensitivity_of(sweep(probability, each, np.array(counted.known, np.float64), labels, shares))


def _suspects(report: FitReport, filled: PartsResult, column: ColumnOfParts) -> tuple[SuspectLabel, ...]:
    """Name the part and line of every suspect; in the sample it stands on another one."""
    places = place_of(column.sample, column.opened, [one.line for one in report.suspect_labels])
    return tuple(
        replace(one, part=_part(filled, part), line=line)
        for (part, line), one in zip(places, report.suspect_labels, strict=True)
    )
