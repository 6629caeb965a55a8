"""The report on a column that a saved model filled."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from em_impute.diagnostics.extrapolation import Marked, left_empty
from em_impute.options import Request
from em_impute.pipeline.apply import Applied
from em_impute.pipeline.compatibility import mismatch_remarks
from em_impute.pipeline.types import Opened
from em_impute.report.applied_words import origin
from em_impute.report.build import build_report
from em_impute.report.fit_report import FitReport, Section
from em_impute.report.marked import MAX_LISTED, blind_section, marked_warnings
from em_impute.report.then_and_now import moved_section
from em_impute.report.uncertainty import plain_wrong
from em_impute.report.words import percent
from em_impute.saved_model.drift import as_dict
from em_impute.saved_model.psi import is_more_often
from em_impute.saved_model.values import SavedModel
from em_impute.saved_model.warnings import remarks
from em_impute.table.output import WrittenFile

__all__ = ["build_applied_report", "misjudgement"]

MORE_WRONG = 0.05
"""Least increase of the share of wrong labels, known ones over those to be expected, that is told."""

KNOWN_TABLE = "The model has learnt from this very table before; it does not learn from it again."


def build_applied_report(
    opened: Opened,
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
    marked = Marked(nothing, nothing.astype(np.int16), np.empty(0), np.empty(0), 0.0, applied.blind)
    lines = opened.table.line_of(applied.blind[:MAX_LISTED]).tolist()
    blind, section = blind_section(applied.blind.size, lines), _section(applied, model)
    found = [
        *mismatch_remarks(applied.mismatch),
        *remarks(applied.drift),
        *(misjudgement(section, fills.n_filled) if fills.n_filled == fills.row.size else ()),
        *marked_warnings(blind),
    ]
    if asks_to_learn and applied.is_known:
        found.append(("S02", KNOWN_TABLE))
    return replace(
        report,
        missing={
            **report.missing,
            "left_empty": left_empty(fills.row, fills.code, marked),
            "without_predictors": applied.blind.size,
        },
        features=_features(applied),
        marked=blind,
        applied=section,
        log=(*report.log, {"step": "choose", "action": "saved model", "detail": origin(section)}),
        warnings=(*({"code": code, "message": message} for code, message in found), *report.warnings),
    )


def misjudgement(applied: Section, n_filled: int) -> list[tuple[str, str]]:
    """Warn where labels that are known here are wrong more often than the model expects of all missing cells."""
    score, expected = applied["tested"], applied["expected_wrong"]
    if score is None or not n_filled:
        return []
    wrong = 1.0 - score["accuracy"]
    if not is_more_often(expected, n_filled, wrong * score["rows"], score["rows"], MORE_WRONG):
        return []
    message = (
        f"The model misjudges how sure it is here: it expects {percent(expected / n_filled)} of the {n_filled:,} fills "
        f"to be wrong, but of {score['rows']:,} known labels {percent(wrong)} were. Fit anew."
    )
    return [("W06", message)]


def _features(applied: Applied) -> dict[str, Any]:
    """List the predictors of the model that the table has."""
    coding, now = applied.saved.model.everyone.coding, applied.summary
    used: list[dict[str, Any]] = [
        {
            "name": one.name,
            "type": "numeric",
            "missing": round(now.numbers[one.name].missing),
            "mean": one.shift,
            "sd": one.scale,
        }
        for one in coding.features
        if one.category is None and one.name in coding.column
    ]
    used += [
        {"name": name, "type": "categorical", "missing": round(now.texts[name].missing), "levels": list(texts)}
        for name, texts in coding.texts.items()
        if name in coding.column
    ]
    rejected = [{"name": name, "reason": "not in this table"} for name in applied.mismatch.lacking]
    return {"used": used, "rejected": rejected}


def _section(applied: Applied, model: SavedModel) -> dict[str, Any]:
    training, tested = applied.saved.training, applied.tested
    return {
        "path": applied.path,
        "version": model.version,
        "tables": len(model.sources),
        "last": asdict(model.sources[-1]),
        "rows": training.rows,
        "held_out": None if training.held_out is None else asdict(training.held_out),
        "tested": None if tested is None else asdict(tested),
        "lacking": list(applied.mismatch.lacking),
        "new_labels": dict(applied.mismatch.new_labels),
        "learns": applied.learns,
        "expected_wrong": plain_wrong(applied.completion.fills),
        "drift": as_dict(applied.drift),
        "moved": moved_section(training.summary, applied.summary, applied.drift),
    }
