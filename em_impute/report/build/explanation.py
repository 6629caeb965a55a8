"""From EM step by step to its report: every number that a learner may want to check."""

from collections.abc import Mapping

import numpy as np

from em_impute.em.blocks import UNKNOWN, Floats
from em_impute.em.families import FAMILIES
from em_impute.options import Request
from em_impute.pipeline.explain import Explanation
from em_impute.pipeline.explain_steps import Height, Turn
from em_impute.pipeline.types import InputTable
from em_impute.report.build.shared import by_predictor, features_of, head_of, input_of, notices, own_units
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
    labels, label = explanation.labels, explanation.design.label
    n_missing = sum(feature.n_missing for feature in explanation.design.features)
    return ExplanationReport(
        **head_of(request, command),
        input=input_of(opened),
        column=explanation.target,
        labels=[KnownLabel(label=one, known=n) for one, n in zip(labels.labels, labels.known, strict=True)],
        missing=MissingCells(cells=labels.n_missing, tokens=dict(labels.tokens)),
        features=features_of(explanation.design),
        covariance=explanation.family,
        prior_strength=explanation.prior_strength,
        collapse=explanation.collapse,
        hidden=HiddenValues(labels=int(np.count_nonzero(label < 0)), numbers=n_missing),
        start=_start(explanation),
        steps=[_step(explanation, turn) for turn in explanation.turns],
        stop=StopReason(reason=explanation.stop, text=_why(explanation, request), iterations=explanation.n_iterations),
        final=_final(explanation),
        warnings=notices(labels.warnings),
    )


def _start(explanation: Explanation) -> Start:
    before = explanation.turns[0].before if explanation.turns else None
    return Start(
        begins_with=explanation.start.kind,
        text=_said_start(explanation),
        starts=explanation.start.n_starts,
        log_likelihood=before and before.log_likelihood,
        log_prior=_log_prior(explanation, before),
        parameters=_parameters(explanation, 0),
    )


def _final(explanation: Explanation) -> FinalState:
    after, last = explanation.turns[-1].after if explanation.turns else None, explanation.n_iterations
    return FinalState(
        log_likelihood=after and after.log_likelihood,
        log_prior=_log_prior(explanation, after),
        rows=_rows(explanation, last),
        parameters=_parameters(explanation, last),
    )


def _log_prior(explanation: Explanation, height: Height | None) -> float | None:
    return height.log_prior if height is not None and explanation.prior_strength else None


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
    before, after, is_shown = turn.iteration - 1, turn.iteration, explanation.is_shown(turn.iteration)
    return Iteration(
        iteration=turn.iteration,
        e_step=EStep(rows=_rows(explanation, before)) if is_shown else None,
        m_step=MStep(before=_parameters(explanation, before), after=_parameters(explanation, after))
        if is_shown
        else None,
        q=Change(before=turn.before.q, after=turn.after.q),
        log_likelihood=Change(before=turn.before.log_likelihood, after=turn.after.log_likelihood),
        log_prior=Change(before=turn.before.log_prior, after=turn.after.log_prior)
        if explanation.prior_strength
        else None,
    )


def _parameters(explanation: Explanation, iteration: int) -> list[NamedComponent]:
    """List the components: weight, and for each feature mean and standard deviation."""
    design, names = explanation.design, _names(explanation)
    parameters, deviation = own_units(explanation.parameters[iteration], design.shift, design.scale)
    return [
        NamedComponent(
            component=name,
            label=explanation.labels.labels[explanation.component_label[k]],
            weight=float(parameters.weight[k]),
            mean=by_predictor(names, parameters.mean[k]),
            sd=by_predictor(names, deviation[k]),
            covariance=parameters.covariance[k].tolist(),
        )
        for k, name in enumerate(explanation.components)
    ]


def _rows(explanation: Explanation, iteration: int) -> list[FollowedRow]:
    """List the rows that are followed, with the responsibilities that the E step finds."""
    told, names = explanation.told, explanation.labels.labels
    shares = explanation.shares_of(iteration, told.x, told.label)
    return [
        FollowedRow(
            line=int(line),
            known=None if label == UNKNOWN else names[label],
            values=_values(explanation, values),
            responsibility=dict(zip(explanation.components, share.tolist(), strict=True)),
        )
        for line, label, values, share in zip(told.line, told.label, told.values, shares, strict=True)
    ]


def _values(explanation: Explanation, values: Floats) -> Mapping[str, float | None]:
    return {
        name: None if np.isnan(value) else value for name, value in by_predictor(_names(explanation), values).items()
    }


def _names(explanation: Explanation) -> list[str]:
    return [feature.name for feature in explanation.design.features]


def _why(explanation: Explanation, request: Request) -> str:
    """Say in words why EM ended."""
    stop, remaining = explanation.stop, explanation.remaining
    to_come = f"the gain still to come is estimated at {remaining:.1e}" if np.isfinite(remaining) else ""
    if stop == "rounding":
        return "some features are so nearly sums of others that the next gain drowned in rounding"
    if stop == "max_iter":
        return f"--max-iter {request.max_iter:,} is reached" + (f"; {to_come}" if to_come else "")
    if remaining == 0.0:
        return "the last steps gained nothing more than rounding"
    return f"{to_come}, below --tol {request.tolerance:g}"
