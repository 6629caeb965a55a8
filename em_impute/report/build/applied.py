"""The report on a column that a saved model filled."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from em_impute.diagnostics.extrapolation import Flagged
from em_impute.options import Request
from em_impute.pipeline.apply import Applied
from em_impute.pipeline.compatibility import mismatch_warnings
from em_impute.pipeline.types import InputTable
from em_impute.report.build.counted import Counted
from em_impute.report.build.fit import build_report, counted_of, marked_of
from em_impute.report.build.shared import notes_of, notices
from em_impute.report.build.warnings import misjudgement
from em_impute.report.model.fit import Decision, FitReport
from em_impute.report.model.saved_model import AppliedModel, LastTable
from em_impute.report.model.shared import Features, Predictor, Rejected
from em_impute.report.sentences import origin
from em_impute.saved_model.drift import drift_warnings
from em_impute.saved_model.store import SavedModel
from em_impute.table.output import WrittenFile


def build_applied_report(
    opened: InputTable,
    applied: Applied,
    model: SavedModel,
    request: Request,
    command: str,
    outputs: Sequence[WrittenFile] | None,
) -> FitReport:
    """Gather what is known about a column that `model` completed."""
    nothing = np.empty(0, np.intp)
    flagged = Flagged(
        nothing, nothing.astype(np.int16), np.empty(0), np.empty(0), 0.0, applied.completion.fills.without_predictors
    )
    counted = counted_of(opened, applied.completion, flagged)
    report = build_report(opened, applied.completion, request, command, outputs, counted)
    report = replace(report, marked=marked_of(opened, flagged, None))
    return with_model(report, applied, model, counted)


def with_model(report: FitReport, applied: Applied, model: SavedModel, counted: Counted) -> FitReport:
    """Add to a report on cells, as they are `counted`, what there is to say of the model that filled them."""
    training, last = applied.saved.training, model.sources[-1]
    section = AppliedModel(
        path=applied.path,
        tables=len(model.sources),
        last=LastTable(name=last.name, sha256=last.sha256, learnt=last.fitted_at),
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
        features=_features(applied),
        applied=section,
        log=[*report.log, Decision("choose", "saved model", origin(section))],
        warnings=[*notices(found), *report.warnings],
    )


def _features(applied: Applied) -> Features:
    """List the predictors of the model that the table has."""
    model, now = applied.saved.model, applied.summary
    coding, scores = model.pooled.coding, () if model.texts is None else model.texts.names
    notes = notes_of(model.readings)
    used = [
        Predictor(
            name=one.name,
            type="score" if one.name in scores else "numeric",
            missing=0 if one.name in scores else round(now.numbers[one.name].missing),
            mean=one.shift,
            sd=one.scale,
            **notes.get(one.name, {}),
        )
        for one in coding.features
        if one.category is None and one.name in coding.column
    ]
    used += [
        Predictor(name=name, type="categorical", missing=round(now.texts[name].missing), levels=texts)
        for name, texts in coding.texts.items()
        if name in coding.column
    ]
    texts = {} if model.texts is None else model.texts.n_missing
    used += [Predictor(name=name, type="text", missing=count) for name, count in texts.items()]
    rejected = [Rejected(name=name, reason="not in this table") for name in applied.mismatch.lacking]
    return Features(used=used, rejected=rejected)
