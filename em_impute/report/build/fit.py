"""From a completed column to its report."""

from collections.abc import Iterator, Sequence

import numpy as np

from em_impute.columns.design import Design
from em_impute.diagnostics.extrapolation import Flagged, predictor_at
from em_impute.diagnostics.uncertainty import Uncertainty
from em_impute.ensemble import metrics
from em_impute.model.column import FittedColumn
from em_impute.model.fills import count_cells
from em_impute.options import Request
from em_impute.pipeline.types import ColumnResult, InputTable
from em_impute.report.build.counted import Counted, filled_of, labels_of, missing_of, output_of, totals_of, wrong_of
from em_impute.report.build.decisions import decisions
from em_impute.report.build.missingness import missingness_of
from em_impute.report.build.mixture import baseline_of, convergence_of, mixture_of, selection_of
from em_impute.report.build.shared import confusion_of, features_of, head_of, input_of, notices, seconds_of
from em_impute.report.build.warnings import warnings
from em_impute.report.model.diagnostics import (
    Accuracy,
    ExpectedWrong,
    MarkedRows,
    OutOfRange,
    OutOfRangeRow,
    SuspectLabel,
    WithoutPredictors,
)
from em_impute.report.model.fit import FitReport, GroupOfRows, Groups
from em_impute.report.model.shared import ReliabilityBin, Threshold
from em_impute.table.output import WrittenFile
from em_impute.table.text import listed

MAX_LISTED = 1000
"""Groups, and rows that are marked."""

MAX_NAMED = 8
"""Columns named in a note."""

METHOD = "5-fold stratified cross-validation on the known labels"


def build_report(
    opened: InputTable,
    completion: ColumnResult,
    request: Request,
    command: str,
    outputs: Sequence[WrittenFile] | None,
    counted: Counted | None = None,
) -> FitReport:
    """Gather what is known about a completed column.

    `counted` are the cells of all parts where the column is that of a sample of their rows.
    """
    scan, diagnostics, found = opened.table.scan_seconds, completion.diagnostics, completion.fitted
    design = found.design if found else None
    timings = {"scan": scan, "read": opened.seconds - scan, **completion.timings}
    if outputs:
        timings["patch"] = sum(one.seconds for one in outputs)
    marked = None
    if counted is None:
        flagged = diagnostics.flagged if diagnostics else None
        counted = counted_of(opened, completion, flagged, diagnostics.uncertainty if diagnostics else None)
        marked = marked_of(opened, flagged, design) if flagged else None
    totals, wrong = totals_of(counted), wrong_of(counted)
    said = [
        *warnings(completion, counted, totals, wrong, marked, opened.table.line_of),
        *_of_columns_left(opened, completion),
    ]
    examined = diagnostics if design else None
    return FitReport(
        **head_of(request, command),
        timings=seconds_of(timings),
        input=input_of(opened),
        output=output_of((str(one.path or ""), one.sha256, one.bytes) for one in outputs or ()),
        column=completion.target,
        labels=labels_of(counted),
        missing=missing_of(counted),
        filled=filled_of(counted, request, is_drawn=completion.fills.is_drawn),
        features=features_of(design, found.readings, found.texts) if found else features_of(None),
        model=mixture_of(found) if found else None,
        fit=convergence_of(found, completion.fills.entropy) if found else None,
        selection=selection_of(found.choice) if found else None,
        groups=_groups(opened, found) if found else None,
        accuracy=_accuracy(found, wrong) if found else None,
        totals=totals,
        missingness=missingness_of(completion) if examined else None,
        sensitivity=examined.sensitivity if examined else None,
        suspect_labels=_suspects(opened, completion) if examined else (),
        audit=examined.audit if examined else None,
        marked=marked,
        log=decisions(opened, completion, request, counted),
        warnings=notices(said),
        plain_em=baseline_of(examined.baseline_em, design.labels) if examined and design else None,
        pictures=examined.pictures if examined else None,
        importance=examined.importance if examined else None,
    )


def _of_columns_left(opened: InputTable, completion: ColumnResult) -> Iterator[tuple[str, str]]:
    """Tell in the first report of several of columns with gaps that cannot be filled."""
    if opened.left and completion.column == opened.targets[0]:
        yield "S06", f"Not filled are {listed([f'{one.name} ({one.reason})' for one in opened.left], MAX_NAMED)}."


def counted_of(
    opened: InputTable, completion: ColumnResult, flagged: Flagged | None, uncertainty: Uncertainty | None = None
) -> Counted:
    """Count the cells of a column that was read as a whole."""
    labels, fills = completion.labels, completion.fills
    if flagged:
        fills = fills._replace(without_predictors=flagged.without_predictors)
    cells = count_cells(fills, opened.table.line_of, *[flagged.outside] if flagged else ())
    known = np.array(labels.known, np.int64)
    of_rows = labels.label.size, labels.n_missing, labels.tokens
    return Counted(labels.labels, known, *of_rows, cells, uncertainty, asides=[("", opened.table.asides)])


def marked_of(opened: InputTable, flagged: Flagged, design: Design | None) -> MarkedRows:
    """List weakly founded rows in the order of the table; without a `design` none is out of range."""
    line_of, first, listed = opened.table.line_of, slice(MAX_LISTED), []
    if design is not None:
        lines = line_of(flagged.outside[first]).tolist()
        for line, *at in zip(lines, flagged.predictor.tolist(), flagged.value.tolist(), strict=False):
            name, value = predictor_at(design, *at)
            listed.append(OutOfRangeRow(line=line, column=name, value=value))
    return MarkedRows(
        out_of_range=OutOfRange(
            rows=flagged.outside.size,
            expected_by_chance=flagged.expected_outside,
            furthest_sd=float(flagged.beyond.max()) if flagged.beyond.any() else None,
            listed=listed,
        ),
        without_predictors=WithoutPredictors(
            rows=flagged.without_predictors.size, lines=line_of(flagged.without_predictors[first]).tolist()
        ),
    )


def _accuracy(found: FittedColumn, wrong: ExpectedWrong) -> Accuracy | None:
    """Judge the model by labels that it was not shown; None where none could be held out."""
    held_out = found.promise
    if held_out is None:
        return None
    probability, label, weight = held_out.probability, held_out.label, held_out.weight
    right = metrics.accuracy(probability, label, weight)
    n_rows = label.size if weight is None else metrics.effective_rows(weight)
    count = np.bincount(label, weight)
    like = None if weight is None else weight / weight.mean()
    bins, names = metrics.reliability(probability, label, like), found.design.labels
    return Accuracy(
        method=METHOD,
        rows=label.size,
        effective_rows=float(n_rows),
        accuracy=right,
        interval=metrics.wilson_interval(right, n_rows),
        baseline_accuracy=float(count.max() / count.sum()),
        baseline_label=names[int(count.argmax())],
        log_loss=held_out.log_loss,
        baseline_log_loss=held_out.baseline_log_loss,
        brier=metrics.brier(probability, label, weight),
        ece=metrics.calibration_error(bins),
        reliability=[ReliabilityBin(**one._asdict()) for one in bins],
        curve=[Threshold(**one._asdict()) for one in metrics.fill_curve(probability, label, weight)],
        confusion=confusion_of(names, metrics.confusion(probability, label, like)),
        expected_wrong=wrong,
    )


def _suspects(opened: InputTable, completion: ColumnResult) -> list[SuspectLabel]:
    """List known labels that look wrong, the least probable first."""
    audit = completion.diagnostics.audit if completion.diagnostics else None
    suspects = audit.suspects if audit else ()
    lines = opened.table.line_of(np.array([one.row for one in suspects], np.intp)).tolist()
    return [
        SuspectLabel(
            line=line,
            label=one.label,
            probability=one.probability,
            likely=one.likely,
            likely_probability=one.likely_probability,
        )
        for line, one in zip(lines, suspects, strict=True)
    ]


def _groups(opened: InputTable, found: FittedColumn) -> Groups | None:
    if found.groups is None or opened.groups is None:
        return None
    listed = [
        GroupOfRows(group=one.name, rows=one.rows, known=one.known, missing=one.missing, own_weight=one.own_weight)
        for one in found.groups[:MAX_LISTED]
    ]
    return Groups(column=opened.groups[0], number=len(found.groups), groups=listed)
