"""From EM step by step to its report: every number that a learner may want to check."""

import numpy as np

from em_impute.em.blocks import UNKNOWN
from em_impute.em.families import FAMILIES
from em_impute.options import Request
from em_impute.pipeline.explain import Explanation
from em_impute.pipeline.explain_steps import Turn
from em_impute.pipeline.types import InputTable
from em_impute.report.build.asides import told_from_rows
from em_impute.report.build.shared import by_name, features_of, gaussians_of, head_of, input_of, notices
from em_impute.report.model.explanation import (
    Change,
    EStep,
    ExplanationReport,
    FinalState,
    FollowedRow,
    HiddenValues,
    Iteration,
    MStep,
    NamedComponent,
    Start,
    StopReason,
)
from em_impute.report.model.shared import KnownLabel, MissingCells


def build_explanation(
    opened: InputTable, explanation: Explanation, request: Request, command: str
) -> ExplanationReport:
    """Gather what there is to say about every step."""
    labels, turns, last = explanation.labels, explanation.turns, explanation.n_iterations
    before, after = (turns[0].before, turns[-1].after) if turns else (None, None)
    has_prior = bool(explanation.prior_strength)
    n_missing = sum(feature.n_missing for feature in explanation.design.features)
    return ExplanationReport(
        **head_of(request, command),
        input=input_of(opened),
        column=explanation.target,
        labels=[KnownLabel(label=one, known=n) for one, n in zip(labels.labels, labels.known, strict=True)],
        missing=MissingCells(cells=labels.n_missing, tokens=dict(labels.tokens)),
        features=features_of(explanation.design, opened.readings),
        covariance=explanation.family,
        prior_strength=explanation.prior_strength,
        collapse=explanation.collapse,
        hidden=HiddenValues(labels=int(np.count_nonzero(explanation.design.label < 0)), numbers=n_missing),
        start=Start(
            begins_with=explanation.start.kind,
            text=_said_start(explanation),
            starts=explanation.start.n_starts,
            log_likelihood=before and before.log_likelihood,
            log_prior=before.log_prior if before and has_prior else None,
            parameters=_parameters(explanation, 0),
        ),
        steps=[_step(explanation, turn) for turn in turns],
        stop=StopReason(reason=explanation.stop, text=_why(explanation, request), iterations=last),
        final=FinalState(
            log_likelihood=after and after.log_likelihood,
            log_prior=after.log_prior if after and has_prior else None,
            rows=_rows(explanation, last),
            parameters=_parameters(explanation, last),
        ),
        warnings=notices([*labels.warnings, *told_from_rows([("", opened.table.asides)])]),
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


def _step(explanation: Explanation, turn: Turn) -> Iteration:
    before, after, e_step, m_step = turn.before, turn.after, None, None
    if explanation.is_shown(turn.iteration):
        states = [_parameters(explanation, at) for at in (turn.iteration - 1, turn.iteration)]
        e_step, m_step = EStep(rows=_rows(explanation, turn.iteration - 1)), MStep(before=states[0], after=states[1])
    return Iteration(
        iteration=turn.iteration,
        e_step=e_step,
        m_step=m_step,
        q=Change(before.q, after.q),
        log_likelihood=Change(before.log_likelihood, after.log_likelihood),
        log_prior=Change(before.log_prior, after.log_prior) if explanation.prior_strength else None,
    )


def _parameters(explanation: Explanation, iteration: int) -> list[NamedComponent]:
    """List the components: weight, and for each feature mean and standard deviation."""
    design, names = explanation.design, [feature.name for feature in explanation.design.features]
    made = gaussians_of(explanation.parameters[iteration], design.shift, design.scale, names)
    labels = [explanation.labels.labels[k] for k in explanation.component_label]
    return [
        NamedComponent(component=name, label=label, **one)
        for name, label, one in zip(explanation.components, labels, made, strict=True)
    ]


def _rows(explanation: Explanation, iteration: int) -> list[FollowedRow]:
    """List the rows that are followed, with the responsibilities that the E step finds."""
    told, labels = explanation.told, explanation.labels.labels
    shares = explanation.shares_of(iteration, told.x, told.label)
    names = [feature.name for feature in explanation.design.features]
    return [
        FollowedRow(
            line=int(line),
            known=None if label == UNKNOWN else labels[label],
            values={name: None if np.isnan(value) else value for name, value in by_name(names, values).items()},
            responsibility=by_name(explanation.components, share),
        )
        for line, label, values, share in zip(told.line, told.label, told.values, shares, strict=True)
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
