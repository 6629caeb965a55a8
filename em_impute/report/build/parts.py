"""The report on a table that was read in parts: what was learnt from a sample of its rows, counted in all of them."""

from dataclasses import replace

import numpy as np

from em_impute.diagnostics.uncertainty import Uncertainty, sweep
from em_impute.diagnostics.values import IntervalEstimate, Sensitivity
from em_impute.ensemble.metrics import NORMAL_95
from em_impute.missingness.values import RowCounts
from em_impute.model.assign import deltas_of, shift_log_odds
from em_impute.options import Request
from em_impute.pipeline.fill import PartsResult
from em_impute.pipeline.fit_parts import ColumnOfParts
from em_impute.report.build.counted import Counted, output_of
from em_impute.report.build.fit import build_report
from em_impute.report.build.mixture import convergence_of
from em_impute.report.build.shared import seconds_of
from em_impute.report.model.fit import Decision, FitReport, PartFile, Parts
from em_impute.report.model.shared import Features, Predictor
from em_impute.saved_model.store import SavedModel


def build_parts_report(
    filled: PartsResult, at: int, request: Request, command: str, model: SavedModel | None = None
) -> FitReport:
    """Gather what is known about one of the completed columns; with a saved `model` nothing was fitted.

    The sample is reported on as the small file it is; whatever counts rows is said of all of them.
    """
    column, counted = filled.columns[at], _counted(filled, at)
    filled_by = None if column.applied is None or model is None else (column.applied, model)
    base = build_report(column.opened, column.completion, request, command, None, counted, filled_by)
    found, full_fit, n_missing = column.completion.fitted, column.full_fit, column.completion.labels.n_missing
    drawn = RowCounts(column.sample.rows.size - n_missing, n_missing)
    files = [
        PartFile(path=part.name, rows=read.rows, bytes=read.bytes, sha256=read.sha256, compression=read.compression)
        for part, read in zip(filled.parts, filled.summary.parts, strict=True)
    ]
    return replace(
        base,
        timings=seconds_of(filled.timings),
        input=base.input._replace(
            sha256=files[0].sha256 if len(files) == 1 else None,  # of several each has one of its own
            bytes=sum(one.bytes for one in files),
            compression=files[0].compression if len({one.compression for one in files}) == 1 else None,
            rows=counted.n_rows,
        ),
        output=output_of(
            (path, file.sha256, file.bytes)
            for part, done in zip(filled.parts, filled.filled, strict=True)
            for path, file in zip(part.outputs, done.files, strict=False)
        ),
        features=_features(filled, base.features, is_fitted=column.applied is None),
        fit=convergence_of(found, counted.cells.entropy, full_fit) if found and full_fit else base.fit,
        sensitivity=_sensitivity(base.sensitivity, column, request, counted),
        log=[*base.log, *([] if full_fit is None else [Decision("fit", "EM", "over all rows of all parts")])],
        parts=Parts(rows_drawn=drawn, files=files),
    )


def _counted(filled: PartsResult, at: int) -> Counted:
    """Count the cells of all parts; known are 0 of labels that were found."""
    column, sample = filled.columns[at], filled.columns[at].sample
    paths = [part.name for part in filled.parts] if len(filled.parts) > 1 else []
    known = dict(zip(column.labels.labels, column.labels.known, strict=True))
    counted = Counted(
        labels=column.filler.labels,
        known=np.array([known.get(label, 0) for label in column.filler.labels], np.int64),
        n_rows=filled.summary.n_rows,
        n_missing=column.labels.n_missing,
        tokens=column.labels.tokens,
        cells=filled.totals[at],
        places_of=lambda rows: [
            (paths[part] if paths else None, line) for part, line in sample.rows[["part", "line"]][rows].tolist()
        ],
        paths=paths,
        asides=[(name, read.asides) for name, read in zip(paths or [""], filled.summary.parts, strict=True)],
    )
    diagnostics = column.completion.diagnostics
    if diagnostics is None:
        return counted
    return replace(counted, uncertainty=_of_all_rows(diagnostics.uncertainty, column, counted))


def _of_all_rows(found: Uncertainty, column: ColumnOfParts, counted: Counted) -> Uncertainty:
    """Bring intervals that count cells of the sample to the number of cells there are, and to their known sums.

    What is not known of the model is a part of all cells alike; the luck of each row, which evens out, is overstated.
    """
    fills, known = column.completion.fills, counted.known
    factor = counted.n_missing / max(1, fills.row.size)
    sampled = np.array(found.totals)  # (n_labels, 3)
    scaled = factor * (sampled - np.array(column.completion.labels.known)[:, None])
    scaled += (known + counted.cells.expected - scaled[:, 0])[:, None]
    totals = np.clip(scaled, known[:, None], known[:, None] + counted.n_missing)
    shares = totals / counted.n_rows
    between = ((shares[:, 2] - shares[:, 1]) / (2.0 * NORMAL_95)) ** 2
    within = shares[:, 0] * (1.0 - shares[:, 0]) / counted.n_rows

    by_sample = float((1.0 - fills.probability[fills.code >= 0]).sum())
    of_wrong = counted.cells.wrong / by_sample if by_sample else 1.0
    of_filled = counted.n_filled / max(1, fills.n_filled)

    def of_fills(one: IntervalEstimate | None, factor: float) -> IntervalEstimate | None:
        most = float(counted.n_filled)
        return one and IntervalEstimate(*(min(factor * end, most) for end in one))

    return replace(
        found,
        wrong=of_fills(found.wrong, of_wrong if found.agree else of_filled),
        wrong_held_out=of_fills(found.wrong_held_out, of_filled),
        totals=tuple(IntervalEstimate(*one) for one in totals.tolist()),
        shares=tuple(IntervalEstimate(*one) for one in shares.tolist()),
        missing_information=between / np.maximum(between + within, np.finfo(float).tiny),
        n_beyond=round(found.n_beyond * factor),
    )


def _features(filled: PartsResult, section: Features, *, is_fitted: bool) -> Features:
    """Count the cells of all parts; what a saved model learnt elsewhere stays as it is."""

    def counted(one: Predictor) -> Predictor:
        if one.type == "score" or one.column is not None:
            return one
        index = filled.names.index(one.name)
        if one.type != "numeric" or one.kind is not None:
            return one._replace(missing=filled.summary.n_without_text.get(index, 0))
        numbers = filled.summary.numbers[index]
        mean, sd = (numbers.mean, numbers.deviation) if is_fitted else (one.mean, one.sd)
        return one._replace(missing=numbers.n_missing, mean=mean, sd=sd)

    return section._replace(used=[counted(one) for one in section.used])


def _sensitivity(
    section: Sensitivity | None, column: ColumnOfParts, request: Request, counted: Counted
) -> Sensitivity | None:
    """Sweep δ with as many rows of either kind as there are."""
    said, labels = column.completion.fills.probabilities, counted.labels
    if section is None or said is None:
        return section
    asked, each = deltas_of(labels, request.deltas), np.full(len(said), counted.n_missing / len(said))
    return sweep(shift_log_odds(said, -asked), each, counted.known.astype(np.float64), labels)
