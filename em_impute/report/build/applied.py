"""The report on a column that a saved model filled."""

from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np

from em_impute.diagnostics.extrapolation import Flagged, left_empty
from em_impute.options import Request
from em_impute.pipeline.apply import Applied
from em_impute.pipeline.compatibility import mismatch_warnings
from em_impute.pipeline.types import InputTable
from em_impute.report.build.decisions import decisions_of
from em_impute.report.build.extrapolation import MAX_LISTED, only_without_predictors
from em_impute.report.build.fit import build_report
from em_impute.report.build.saved_model import drift_of, moved_of
from em_impute.report.build.shared import notices
from em_impute.report.build.uncertainty import sum_of_doubts
from em_impute.report.build.warnings import marked_warnings, misjudgement
from em_impute.report.model.fit import FitReport
from em_impute.report.model.saved_model import AppliedModel, LastTable, Recovered
from em_impute.report.model.shared import Features, Predictor, Rejected
from em_impute.report.saved_model import origin
from em_impute.saved_model.values import SavedModel, Score
from em_impute.saved_model.warnings import drift_warnings
from em_impute.table.output import WrittenFile

KNOWN_TABLE = "The model has learnt from this very table before; it does not learn from it again."


def build_applied_report(
    opened: InputTable,
    applied: Applied,
    model: SavedModel,
    request: Request,
    command: str,
    outputs: Sequence[WrittenFile] | None,
    *,
    asks_to_learn: bool = False,
) -> FitReport:
    """Gather what is known about a column that `model` completed; with `asks_to_learn` it is to learn here."""
    report, fills = build_report(opened, applied.completion, request, command, outputs), applied.completion.fills
    nothing = np.empty(0, np.intp)
    marked = Flagged(nothing, nothing.astype(np.int16), np.empty(0), np.empty(0), 0.0, applied.without_predictors)
    lines = opened.table.line_of(applied.without_predictors[:MAX_LISTED]).tolist()
    listed, section = only_without_predictors(applied.without_predictors.size, lines), _section(applied, model)
    found = [
        *mismatch_warnings(applied.mismatch),
        *drift_warnings(applied.drift),
        *(misjudgement(section, fills.n_filled) if fills.n_filled == fills.row.size else ()),
        *marked_warnings(listed),
    ]
    if asks_to_learn and applied.is_known:
        found.append(("S02", KNOWN_TABLE))
    return replace(
        report,
        missing=replace(
            report.missing,
            left_empty=left_empty(fills.row, fills.code, marked),
            without_predictors=applied.without_predictors.size,
        ),
        features=_features(applied),
        marked=listed,
        applied=section,
        log=(*report.log, *decisions_of([("choose", "saved model", origin(section))])),
        warnings=(*notices(found), *report.warnings),
    )


def _features(applied: Applied) -> Features:
    """List the predictors of the model that the table has."""
    coding, now = applied.saved.model.pooled.coding, applied.summary
    used = [
        Predictor(
            name=one.name,
            type="numeric",
            missing=round(now.numbers[one.name].missing),
            mean=one.shift,
            sd=one.scale,
        )
        for one in coding.features
        if one.category is None and one.name in coding.column
    ]
    used += [
        Predictor(name=name, type="categorical", missing=round(now.texts[name].missing), levels=texts)
        for name, texts in coding.texts.items()
        if name in coding.column
    ]
    rejected = [Rejected(name=name, reason="not in this table") for name in applied.mismatch.lacking]
    return Features(used=used, rejected=rejected)


def _section(applied: Applied, model: SavedModel) -> AppliedModel:
    training, last = applied.saved.training, model.sources[-1]
    return AppliedModel(
        path=applied.path,
        tables=len(model.sources),
        last=LastTable(name=last.name, sha256=last.sha256, learnt=last.fitted_at),
        rows=training.rows,
        held_out=_recovered(training.held_out),
        tested=_recovered(applied.tested),
        lacking=applied.mismatch.lacking,
        learns=applied.learns,
        expected_wrong=sum_of_doubts(applied.completion.fills),
        drift=drift_of(applied.drift),
        moved=moved_of(training.summary, applied.summary, applied.drift),
    )


def _recovered(score: Score | None) -> Recovered | None:
    return None if score is None else Recovered(**asdict(score))
