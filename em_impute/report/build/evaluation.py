"""From an evaluation to its report."""

import numpy as np

from em_impute.em.blocks import Floats
from em_impute.ensemble import metrics
from em_impute.options import Request
from em_impute.pipeline.evaluate import LABELS_ONLY, MAJORITY, MODEL, Evaluation
from em_impute.pipeline.open import InputTable
from em_impute.report.build.decisions import told_from_reading, told_from_rows
from em_impute.report.build.shared import confusion_of, features_of, head_of, input_of, notices, seconds_of
from em_impute.report.model.evaluation import Compared, EvaluatedLabel, EvaluationReport, Figures, Hiding
from em_impute.report.model.shared import MissingCells, ReliabilityBin, Threshold

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Values of --min-probability whose effect is shown."""


def build_evaluation(opened: InputTable, evaluation: Evaluation, request: Request, command: str) -> EvaluationReport:
    """Compute every figure of an evaluation."""
    labels, hiding = evaluation.labels, evaluation.hiding
    said, label = evaluation.probability[MODEL], evaluation.label
    weight, like = evaluation.weight, evaluation.like_missing
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
            emptied=evaluation.n_emptied,
        ),
        figures=_compared(evaluation, weight),
        weighted_to_missing=None if like is None else _compared(evaluation, like),
        thresholds=[Threshold(*one) for one in metrics.filled_above(said, label, THRESHOLDS, weight)],
        reliability=[ReliabilityBin(*one) for one in metrics.reliability(said, label)],
        confusion=confusion_of(labels.labels, metrics.confusion(said, label)),
        warnings=notices([*labels.warnings, *told_from_rows([("", opened.table.asides)]), *told_from_reading(opened)]),
    )


def _labels(evaluation: Evaluation) -> list[EvaluatedLabel]:
    each = zip(evaluation.labels.labels, evaluation.labels.known, evaluation.share.tolist(), strict=True)
    return [EvaluatedLabel(label=label, known=known, share_to_hide=share) for label, known, share in each]


def _compared(evaluation: Evaluation, weight: Floats | None) -> Compared:
    """Judge the fills, and what they are compared with; each row counts by its `weight`, (n_hidden,), or all alike."""
    label, mean_1 = evaluation.label, None if weight is None else weight / weight.mean()

    def figures(name: str) -> Figures:
        said = evaluation.probability[name]
        return Figures(
            accuracy=metrics.accuracy(said, label, weight),
            interval=evaluation.interval(name, weight),
            balanced_accuracy=metrics.balanced_accuracy(said, label, weight),
            log_loss=metrics.log_loss(said, label, weight),
            brier=metrics.brier(said, label, weight),
            ece=metrics.calibration_error(metrics.reliability(said, label, mean_1)),
        )

    labels_only = figures(LABELS_ONLY) if LABELS_ONLY in evaluation.probability else None
    return Compared(evaluation.rows(weight), figures(MODEL), labels_only, figures(MAJORITY))
