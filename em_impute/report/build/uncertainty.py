"""How right held-out labels were found, how many fills are wrong, and what the totals are."""

from dataclasses import replace

import numpy as np

from em_impute.diagnostics.uncertainty import WRONG_LEVEL, Interval, Uncertainty
from em_impute.em.blocks import slices
from em_impute.ensemble import metrics
from em_impute.model.assign import Fills
from em_impute.pipeline.types import ColumnResult
from em_impute.report.build.counted import Counted
from em_impute.report.build.shared import confusion_of
from em_impute.report.model.diagnostics import Accuracy, ExpectedWrong, ShareEstimate, Totals
from em_impute.report.model.shared import IntervalEstimate, ReliabilityBin, Threshold

METHOD = "5-fold stratified cross-validation on the known labels"


def sum_of_doubts(fills: Fills) -> float:
    """Add up what the probabilities of the fills leave to be wrong."""
    code, probability = fills.code, fills.probability
    return sum(float((1.0 - probability[some][code[some] >= 0]).sum()) for some in slices(code.size))


def accuracy_of(completion: ColumnResult, wrong: ExpectedWrong) -> Accuracy | None:
    """Judge the model by labels that it was not shown; None where none could be held out."""
    held_out = completion.promise
    if held_out is None or completion.design is None:
        return None
    probability, label, weight = held_out.probability, held_out.label, held_out.weight
    right = metrics.accuracy(probability, label, weight)
    n_rows = label.size if weight is None else metrics.effective_rows(weight)
    count = np.bincount(label, weight)
    like = None if weight is None else weight / weight.mean()
    bins, names = metrics.reliability(probability, label, like), completion.design.labels
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


def wrong_of(uncertainty: Uncertainty | None, plain: float) -> ExpectedWrong:
    """Say how many fills are wrong; `plain` is what the probabilities of the fills add up to."""
    if uncertainty is None or uncertainty.wrong is None:
        return ExpectedWrong(estimate=plain)
    held_out = uncertainty.wrong_held_out
    return ExpectedWrong(
        **uncertainty.wrong._asdict(),
        level=WRONG_LEVEL,
        by_probabilities=plain,
        by_held_out_labels=None if held_out is None else _interval(held_out),
        agree=uncertainty.agree,
        unlike_labelled_rows=uncertainty.n_beyond,
    )


def totals_of(uncertainty: Uncertainty | None, counted: Counted) -> Totals:
    """Count the rows of each label; where the model was drawn from, with intervals."""
    labels = counted.labels
    known = np.array(counted.known, dtype=np.int64)
    counts = Totals(
        known=dict(zip(labels, known.tolist(), strict=True)),
        most_probable=dict(zip(labels, (known + counted.filled).tolist(), strict=True)),
        expected=dict(zip(labels, (known + counted.expected).tolist(), strict=True)),
    )
    if uncertainty is None:
        return counts
    shares = zip(labels, uncertainty.shares, uncertainty.missing_information.tolist(), strict=True)
    return replace(
        counts,
        multiple_imputation={label: _interval(one) for label, one in zip(labels, uncertainty.totals, strict=True)},
        shares={label: ShareEstimate(**one._asdict(), missing_information=part) for label, one, part in shares},
        draws=uncertainty.n_draws,
        recommended_imputations=uncertainty.recommended,
    )


def _interval(one: Interval) -> IntervalEstimate:
    return IntervalEstimate(**one._asdict())
