"""From an evaluation to its report."""

import numpy as np

from em_impute.em.blocks import Floats
from em_impute.ensemble import metrics
from em_impute.options import Request
from em_impute.pipeline.evaluate import LABELS_ONLY, MAJORITY, MODEL, Evaluation
from em_impute.pipeline.types import InputTable
from em_impute.report.build.asides import told_from_rows
from em_impute.report.build.shared import confusion_of, features_of, head_of, input_of, notices, seconds_of
from em_impute.report.model.evaluation import (
    CompareFigures,
    CompareScores,
    EvaluatedLabel,
    EvaluationReport,
    Figures,
    FilledAtThresholds,
    Hiding,
    IntervalBin,
    Repeats,
    Scores,
)
from em_impute.report.model.shared import MissingCells, Threshold

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Values of --min-probability whose effect is shown."""


def build_evaluation(opened: InputTable, evaluation: Evaluation, request: Request, command: str) -> EvaluationReport:
    """Compute every figure of an evaluation."""
    labels, hiding = evaluation.labels, evaluation.hiding
    said, label, weight = evaluation.probability[MODEL], evaluation.label, evaluation.weight
    has_labels_only = LABELS_ONLY in evaluation.probability
    bins = metrics.reliability(said, label)
    intervals = metrics.bin_intervals(bins, evaluation.rows(None))
    return EvaluationReport(
        **head_of(request, command),
        timings=seconds_of({"read": opened.seconds, "evaluate": evaluation.seconds}),
        input=input_of(opened),
        column=evaluation.target,
        labels=_labels(evaluation),
        missing=MissingCells(cells=labels.n_missing, tokens=dict(labels.tokens)),
        features=features_of(evaluation.design, opened.readings, evaluation.texts),
        hiding=Hiding(
            how=hiding.how,
            share=hiding.share,
            repeats=hiding.repeats,
            rows=evaluation.row.size,
            distinct_rows=np.unique(evaluation.row).size,
        ),
        figures=CompareFigures(
            em_impute=_figures(evaluation, MODEL),
            labels_only=_figures(evaluation, LABELS_ONLY) if has_labels_only else None,
            majority=_figures(evaluation, MAJORITY),
        ),
        weighted_to_missing=_weighted(evaluation),
        repeats=Repeats(accuracy_sd=_deviation(evaluation)),
        filled=FilledAtThresholds(
            thresholds=[Threshold(**one._asdict()) for one in metrics.filled_above(said, label, THRESHOLDS, weight)]
        ),
        reliability=[IntervalBin(**one._asdict(), interval=ends) for one, ends in zip(bins, intervals, strict=True)],
        confusion=confusion_of(labels.labels, metrics.confusion(said, label)),
        warnings=notices([*labels.warnings, *told_from_rows([("", opened.table.asides)])]),
    )


def _labels(evaluation: Evaluation) -> list[EvaluatedLabel]:
    said, labels = evaluation.probability[MODEL], evaluation.labels
    precision, recall = metrics.precision_and_recall(said, evaluation.label, evaluation.weight)
    hidden, filled = (np.bincount(code, minlength=precision.size) for code in (evaluation.label, said.argmax(axis=1)))
    return [
        EvaluatedLabel(
            label=label,
            known=labels.known[k],
            share_to_hide=float(evaluation.share[k]),
            hidden=int(hidden[k]),
            filled=int(filled[k]),
            precision=None if np.isnan(precision[k]) else float(precision[k]),
            recall=None if np.isnan(recall[k]) else float(recall[k]),
        )
        for k, label in enumerate(labels.labels)
    ]


def _figures(evaluation: Evaluation, name: str) -> Figures:
    said, label, weight = evaluation.probability[name], evaluation.label, evaluation.weight
    return Figures(
        **vars(_scores(evaluation, name, weight)),
        balanced_accuracy=metrics.balanced_accuracy(said, label, weight),
        ece=metrics.calibration_error(metrics.reliability(said, label)),
    )


def _scores(evaluation: Evaluation, name: str, weight: Floats | None) -> Scores:
    said, label = evaluation.probability[name], evaluation.label
    return Scores(
        accuracy=metrics.accuracy(said, label, weight),
        interval=evaluation.interval(name, weight),
        log_loss=metrics.log_loss(said, label, weight),
        brier=metrics.brier(said, label, weight),
    )


def _weighted(evaluation: Evaluation) -> CompareScores | None:
    weight = evaluation.like_missing
    if weight is None:
        return None
    return CompareScores(
        missing=evaluation.labels.n_missing,
        effective_rows=evaluation.rows(weight),
        em_impute=_scores(evaluation, MODEL, weight),
        labels_only=_scores(evaluation, LABELS_ONLY, weight) if LABELS_ONLY in evaluation.probability else None,
        majority=_scores(evaluation, MAJORITY, weight),
    )


def _deviation(evaluation: Evaluation) -> float | None:
    """Compute the standard deviation of the repeats' accuracies; None of a single one."""
    said, weight, each = evaluation.probability[MODEL], evaluation.weight, []
    for repeat in range(evaluation.hiding.repeats):
        rows = np.flatnonzero(evaluation.repeat == repeat)
        each.append(metrics.accuracy(said[rows], evaluation.label[rows], None if weight is None else weight[rows]))
    return float(np.std(each, ddof=1)) if len(each) > 1 else None
