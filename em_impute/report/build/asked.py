"""From an evaluation, and from EM step by step, to their reports."""

from typing import Any

import numpy as np

from em_impute.em.blocks import UNKNOWN, Floats
from em_impute.em.families import FAMILIES
from em_impute.ensemble import metrics
from em_impute.options import Request
from em_impute.pipeline.evaluate import LABELS_ONLY, MAJORITY, MODEL, Evaluation
from em_impute.pipeline.explain import Explanation
from em_impute.pipeline.open import InputTable
from em_impute.report.build import shared
from em_impute.report.build.warnings import told_from_reading, told_from_rows
from em_impute.report.model import asked as reports
from em_impute.report.model.shared import KnownLabel, MissingCells

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Values of --min-probability whose effect is shown."""


def build_evaluation(
    opened: InputTable, evaluation: Evaluation, request: Request, command: str
) -> reports.EvaluationReport:
    """Compute every figure of an evaluation."""
    labels, hiding = evaluation.labels, evaluation.hiding
    said, label = evaluation.probability[MODEL], evaluation.label
    weight, like = evaluation.weight, evaluation.like_missing
    return reports.EvaluationReport(
        **_head_of(opened, evaluation, request, command),
        timings=shared.seconds_of({"read": opened.seconds, "evaluate": evaluation.seconds}),
        labels=[
            reports.EvaluatedLabel(label=label, known=known, share_to_hide=share)
            for label, known, share in zip(labels.labels, labels.known, evaluation.share.tolist(), strict=True)
        ],
        features=shared.features_of(evaluation.design, opened.readings, evaluation.texts),
        hiding=reports.Hiding(
            how=hiding.how,
            share=hiding.share,
            repeats=hiding.repeats,
            rows=evaluation.row.size,
            distinct_rows=np.unique(evaluation.row).size,
            emptied=evaluation.n_emptied,
        ),
        figures=_compared(evaluation, weight),
        weighted_to_missing=None if like is None else _compared(evaluation, like),
        thresholds=metrics.filled_above(said, label, THRESHOLDS, weight),
        confusion=shared.confusion_of(labels.labels, metrics.confusion(said, label)),
    )


def _head_of(opened: InputTable, found: Evaluation | Explanation, request: Request, command: str) -> dict[str, Any]:
    """Say what both begin with, what is missing, and what to know of the column and the table."""
    labels = found.labels
    told = [*labels.warnings, *told_from_rows([("", opened.table.asides)]), *told_from_reading(opened)]
    missing = MissingCells(cells=labels.n_missing, tokens=dict(labels.tokens))
    head = shared.head_of(opened, found.target, request, command)
    return {**head, "missing": missing, "warnings": shared.notices(told)}


def _compared(evaluation: Evaluation, weight: Floats) -> reports.Compared:
    """Judge the fills, and what they are compared with; each row counts by its `weight`, (n_hidden,)."""
    label, mean_1 = evaluation.label, weight / weight.mean()

    def figures(name: str) -> reports.Figures:
        said = evaluation.probability[name]
        return reports.Figures(
            accuracy=metrics.accuracy(said, label, weight),
            interval=evaluation.interval(name, weight),
            balanced_accuracy=metrics.balanced_accuracy(said, label, weight),
            log_loss=metrics.log_loss(said, label, weight),
            brier=metrics.brier(said, label, weight),
            ece=metrics.calibration_error(metrics.reliability(said, label, mean_1)),
        )

    labels_only = figures(LABELS_ONLY) if LABELS_ONLY in evaluation.probability else None
    return reports.Compared(figures(MODEL), labels_only, figures(MAJORITY))


def build_explanation(
    opened: InputTable, explanation: Explanation, request: Request, command: str
) -> reports.ExplanationReport:
    """Gather what there is to say about every step."""
    labels, last = explanation.labels, explanation.n_iterations
    return reports.ExplanationReport(
        **_head_of(opened, explanation, request, command),
        labels=[KnownLabel(label=one, known=n) for one, n in zip(labels.labels, labels.known, strict=True)],
        features=shared.features_of(explanation.design, opened.readings),
        covariance=explanation.family,
        prior_strength=explanation.prior_strength,
        collapse=explanation.collapse,
        start=reports.Start(_said_start(explanation), _parameters(explanation, 0)),
        steps=[_step(opened, explanation, at) for at in range(1, last + 1)],
        stop=reports.StopReason(explanation.stop, _why(explanation, request)),
        final=reports.FinalState(_rows(opened, explanation, last), _parameters(explanation, last)),
    )


def _said_start(explanation: Explanation) -> str:
    """Say in words where the numbers of the start come from."""
    start, several = explanation.start, len(explanation.components) > len(explanation.labels.labels)
    shape = FAMILIES[explanation.family]
    part = "one variance for all features" if shape.spherical else "variances" if shape.diagonal else "covariance"
    if start.kind == "labels":
        means = "means at rows that are far apart" if several else "means of the labelled rows"
        whose = "one {} in common, about the labels' means" if start.pooled else "for each the {} of all rows"
        return f"shares and {means}, and {whose.format(part)}"
    best = f", the best of {start.n_starts} such guesses" if start.n_starts > 1 else ""
    return f"equal shares, means at rows that are far apart, and for each the {part} of all rows{best}"


def _step(opened: InputTable, explanation: Explanation, at: int) -> reports.Iteration:
    is_shown = explanation.showing.in_full(at)
    q, log_likelihood, log_prior = (reports.Change(*one) for one in zip(*explanation.turns[at - 1], strict=True))
    return reports.Iteration(
        iteration=at,
        rows=_rows(opened, explanation, at - 1) if is_shown else None,
        parameters=_parameters(explanation, at) if is_shown else None,
        q=q,
        log_likelihood=log_likelihood,
        log_prior=log_prior if explanation.prior_strength else None,
    )


def _parameters(explanation: Explanation, iteration: int) -> list[reports.NamedComponent]:
    """List the components: weight, and for each feature mean and standard deviation."""
    design, names = explanation.design, [feature.name for feature in explanation.design.features]
    labels = [explanation.labels.labels[k] for k in explanation.component_label]
    made = shared.gaussians_of(explanation.parameters[iteration], design.shift, design.scale, names, labels)
    return [
        reports.NamedComponent(component=name, **one) for name, one in zip(explanation.components, made, strict=True)
    ]


def _rows(opened: InputTable, explanation: Explanation, iteration: int) -> list[reports.FollowedRow]:
    """List the rows that are followed, with the responsibilities that the E step finds."""
    design, labels, rows = explanation.design, explanation.labels.labels, explanation.followed
    lines, known, names = opened.table.line_of(rows), design.label[rows], [one.name for one in design.features]
    numbers = dict(opened.columns)
    values = np.array([numbers[name].of(rows) for name in names]).T  # (n_followed, n_features)
    shares = explanation.shares_of(iteration, design.x_of(rows), known.astype(np.intp))
    return [
        reports.FollowedRow(
            line=int(line),
            known=None if label == UNKNOWN else labels[label],
            values={name: None if np.isnan(value) else value for name, value in shared.by_name(names, values).items()},
            responsibility=shared.by_name(explanation.components, share),
        )
        for line, label, values, share in zip(lines, known, values, shares, strict=True)
    ]


def _why(explanation: Explanation, request: Request) -> str:
    """Say in words why EM ended."""
    stop, remaining = explanation.stop, explanation.remaining
    to_come = f"the gain still to come is estimated at {remaining:.1e}" if np.isfinite(remaining) else ""
    if stop == "rounding":
        return "some features are so nearly sums of others that rounding hid the next gain"
    if stop == "max_iter":
        return f"--max-iter {request.max_iter:,} is reached" + (f"; {to_come}" if to_come else "")
    if remaining == 0.0:
        return "the last steps gained nothing more than rounding"
    return f"{to_come}, below --tol {request.tolerance:g}"
