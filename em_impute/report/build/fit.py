"""From a completed column to its report."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from em_impute.columns.design import Design
from em_impute.diagnostics.odd_rows import Flagged
from em_impute.ensemble import metrics
from em_impute.missingness.values import GroupOfRows
from em_impute.model.column import FittedColumn
from em_impute.model.fills import NO_ROWS, count_cells
from em_impute.options import Request
from em_impute.pipeline.apply import Applied, mismatch_warnings
from em_impute.pipeline.complete import ColumnResult
from em_impute.pipeline.open import InputTable
from em_impute.report.build import shared
from em_impute.report.build.counted import Counted, filled_of, labels_of, missing_of, output_of, totals_of, wrong_of
from em_impute.report.build.missingness import missingness_of
from em_impute.report.build.mixture import baseline_of, convergence_of, mixture_of, selection_of
from em_impute.report.build.warnings import decisions, misjudgement, told_from_reading, warnings
from em_impute.report.model import findings
from em_impute.report.model.fit import Decision, FitReport, Groups
from em_impute.report.model.shared import Features
from em_impute.report.sentences import origin
from em_impute.saved_model.drift import drift_warnings
from em_impute.saved_model.store import SavedModel
from em_impute.table.output import WrittenFile
from em_impute.table.text import listed, shown

MAX_LISTED = 1000
"""Groups, and rows that are marked."""

DIGITS = 12
"""Significant digits of a value that was standardised and brought back: further ones are rounding."""

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
    filled_by: tuple[Applied, SavedModel] | None = None,
) -> FitReport:
    """Gather what is known about a completed column.

    `counted` are the cells of all parts where the column is that of a sample of their rows; `filled_by` says by which
    saved model it was completed, if it was.
    """
    examined, found = completion.diagnostics, completion.fitted
    timings = {"read": opened.seconds, "fit": completion.seconds}
    if outputs:
        timings["patch"] = sum(one.seconds for one in outputs)
    marked, flagged = None, examined.flagged if examined else None
    if counted is None:
        counted = _counted_of(opened, completion, flagged)
        marked = _marked_of(opened, flagged, found.design) if flagged and found else None
    totals, wrong = totals_of(counted), wrong_of(counted)
    said = [
        *warnings(completion, counted, totals, wrong, marked, opened.table.line_of),
        *told_from_reading(opened),
        *_of_what_is_not_used(opened, completion, request),
    ]
    report = FitReport(
        **shared.head_of(opened, completion.target, request, command),
        timings=shared.seconds_of(timings),
        output=output_of((str(one.path or ""), one.sha256, one.bytes) for one in outputs or ()),
        labels=labels_of(counted),
        missing=missing_of(counted),
        filled=filled_of(counted, request, is_drawn=completion.fills.is_drawn),
        totals=totals,
        marked=marked,
        log=decisions(opened, completion, request, counted),
        warnings=shared.notices(said),
        **_of_fit(opened, completion, counted, wrong, request),
    )
    return report if filled_by is None else _with_model(report, *filled_by, counted)


def _of_fit(
    opened: InputTable, completion: ColumnResult, counted: Counted, wrong: findings.ExpectedWrong, request: Request
) -> dict[str, Any]:
    """Make the sections on the fit; where there was none, on the columns alone; where nobody reads it, what judges."""
    found, examined = completion.fitted, completion.diagnostics
    if found is None:
        return {"features": Features(used=(), rejected=())}
    sections: dict[str, Any] = {"features": Features(used=(), rejected=()), "accuracy": _accuracy(found, wrong)}
    if not request.reported:
        return sections
    sections |= {
        "features": shared.features_of(found.design, found.readings, found.texts),
        "model": mixture_of(found),
        "fit": convergence_of(found, completion.fills.entropy),
        "selection": selection_of(found.choice),
        "groups": _groups(opened, found, counted),
    }
    if examined is None:
        return sections
    found_odd = examined.audit.suspects if examined.audit else ()
    places = counted.places_of(np.array([one.row for one in found_odd], np.intp))
    suspects = [
        findings.SuspectLabel(
            part=part, line=line, label=label, probability=own, likely=likely, likely_probability=other
        )
        for (part, line), (_, label, own, likely, other) in zip(places, found_odd, strict=True)
    ]
    return sections | {
        "missingness": missingness_of(found, examined.missingness, is_shifted=bool(request.deltas)),
        "sensitivity": examined.sensitivity,
        "suspect_labels": suspects,
        "audit": examined.audit,
        "plain_em": baseline_of(examined.baseline_em, found.design),
        "pictures": examined.pictures,
        "importance": examined.importance,
    }


def _with_model(report: FitReport, applied: Applied, model: SavedModel, counted: Counted) -> FitReport:
    """Add to a report on cells, as they are `counted`, what there is to say of the model that filled them."""
    training, last = applied.saved.training, model.sources[-1]
    section = findings.AppliedModel(
        path=applied.path,
        tables=len(model.sources),
        last_table=last.name,
        learnt=last.fitted_at,
        rows=training.rows,
        held_out=training.held_out,
        tested=applied.tested,
        lacking=applied.mismatch.lacking,
        expected_wrong=counted.cells.wrong,
        drift=applied.drift,
    )
    found = [*mismatch_warnings(applied.mismatch), *drift_warnings(applied.drift)]
    if counted.n_filled == counted.n_missing:
        found += misjudgement(section, counted.n_filled)
    return replace(
        report,
        features=shared.features_of_model(applied),
        applied=section,
        log=[*report.log, Decision("choose", "saved model", origin(section))],
        warnings=[*shared.notices(found), *report.warnings],
    )


def _of_what_is_not_used(opened: InputTable, completion: ColumnResult, request: Request) -> Iterator[tuple[str, str]]:
    """Tell where rows of one key are filled one by one, and in the first of several reports of columns left as is."""
    found, same = completion.fitted, None
    if found is not None and opened.is_sample:
        same = replace(opened, is_sample=False).same_label(completion.labels.label, opened.keys)
        told = "in a table read in parts each row is filled by itself."
    elif found is not None and request.keeps_model:
        same, told = found.design.same, "the saved model, which keeps no rows, fills each by itself."
    if same is not None:
        yield "S09", f"Rows with the same {shown(same.name)} have the same label, but {told}"
    if opened.left and completion.column == opened.targets[0]:
        yield "S06", f"Not filled: {listed([f'{one.name} ({one.reason})' for one in opened.left], MAX_NAMED)}."


def _counted_of(opened: InputTable, completion: ColumnResult, flagged: Flagged | None) -> Counted:
    """Count the cells of a column that was read as a whole."""
    labels, fills, outside = completion.labels, completion.fills, NO_ROWS
    line_of, examined = opened.table.line_of, completion.diagnostics
    if flagged:
        fills, outside = fills._replace(without_predictors=flagged.without_predictors), flagged.outside
    return Counted(
        labels=labels.labels,
        known=np.array(labels.known, np.int64),
        n_rows=labels.label.size,
        n_missing=labels.n_missing,
        tokens=labels.tokens,
        cells=count_cells(fills, line_of, outside),
        places_of=lambda rows: [(None, line) for line in line_of(rows).tolist()],
        uncertainty=examined.uncertainty if examined else None,
        asides=[("", opened.table.asides)],
    )


def _marked_of(opened: InputTable, flagged: Flagged, design: Design) -> findings.MarkedRows:
    """List weakly founded rows in the order of the table."""
    line_of, first = opened.table.line_of, slice(MAX_LISTED)
    beyond = zip(flagged.predictor.tolist(), flagged.value.tolist(), strict=True)
    outside = zip(line_of(flagged.outside[first]).tolist(), beyond, strict=False)
    out_of_range = findings.OutOfRange(
        rows=flagged.outside.size,
        furthest_sd=float(flagged.beyond.max(initial=0.0)),
        listed=[
            findings.OutOfRangeRow(line, design.features[predictor].name, float(f"{value:.{DIGITS}g}"))
            for line, (predictor, value) in outside
        ],
    )
    return findings.MarkedRows(out_of_range, line_of(flagged.without_predictors[first]).tolist())


def _accuracy(found: FittedColumn, wrong: findings.ExpectedWrong) -> findings.Accuracy | None:
    """Judge the model by labels that it was not shown; None where none could be held out."""
    held_out = found.promise
    if held_out is None:
        return None
    probability, label, weight = held_out.probability, held_out.label, held_out.weight
    n_rows, like = metrics.effective_rows(weight), weight / weight.mean()
    right = metrics.accuracy(probability, label, weight)
    bins, names = metrics.reliability(probability, label, like), found.design.labels
    return findings.Accuracy(
        method=METHOD,
        rows=label.size,
        effective_rows=n_rows,
        accuracy=right,
        interval=metrics.wilson_interval(right, n_rows),
        baseline_accuracy=held_out.baseline_accuracy,
        log_loss=held_out.log_loss,
        baseline_log_loss=held_out.baseline_log_loss,
        brier=metrics.brier(probability, label, weight),
        ece=metrics.calibration_error(bins),
        reliability=bins,
        curve=metrics.fill_curve(probability, label, weight),
        confusion=shared.confusion_of(names, metrics.confusion(probability, label, like)),
        expected_wrong=wrong,
    )


def _groups(opened: InputTable, found: FittedColumn, counted: Counted) -> Groups | None:
    """Count the rows of every group, of parts also of those of which no row was drawn."""
    if found.groups is None or opened.groups is None:
        return None
    groups, cells = found.groups, counted.cells
    if cells.of_group:
        weight, missing = {one.group: one.own_weight for one in groups}, cells.missing_of_group
        groups = tuple(
            GroupOfRows(name, rows, rows - missing.get(name, 0), missing.get(name, 0), weight.get(name, 0.0))
            for name, rows in cells.of_group.items()
        )
    return Groups(opened.groups[0], len(groups), groups[:MAX_LISTED])
