"""An explanation of EM as a value with the keys of its JSON: every number that a learner may want to check."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from em_impute.em.blocks import UNKNOWN, Floats
from em_impute.em.families import FAMILIES
from em_impute.environment import time_of_run, version
from em_impute.options import Request
from em_impute.pipeline.explain import Explanation
from em_impute.pipeline.explain_steps import Height, Turn
from em_impute.pipeline.types import Opened
from em_impute.report.build import features_section, input_section
from em_impute.report.fit_report import SCHEMA_VERSION, Section

__all__ = ["ExplanationReport", "build_explanation"]


@dataclass(frozen=True)
class ExplanationReport:
    """EM on one column, step by step.  Parameters and densities are in the data's own units."""

    schema_version: int
    tool: Section
    command: str
    created: str | None
    seed: int
    input: Section
    column: str
    labels: tuple[Section, ...]
    missing: Section
    features: Section
    covariance: str
    prior_strength: float
    collapse: str | None
    """why plain maximum likelihood was given up; null where it was not"""
    hidden: Section
    """what is not known, and what EM has to find beside the parameters"""
    start: Section
    steps: tuple[Section, ...]
    """every iteration; `e_step` and `m_step` are null where --steps does not show them"""
    stop: Section
    final: Section
    warnings: tuple[Section, ...]


def build_explanation(opened: Opened, explanation: Explanation, request: Request, command: str) -> ExplanationReport:
    """Gather what there is to say about every step."""
    labels, label = explanation.labels, explanation.design.label
    n_missing = sum(feature.n_missing for feature in explanation.design.features)
    last = explanation.n_iterations
    return ExplanationReport(
        schema_version=SCHEMA_VERSION,
        tool={"name": "em-impute", "version": version()},
        command=command,
        created=time_of_run(),
        seed=request.seed,
        input=input_section(opened),
        column=explanation.target,
        labels=tuple({"label": one, "known": n} for one, n in zip(labels.labels, labels.known, strict=True)),
        missing={"cells": labels.n_missing, "tokens": dict(labels.tokens)},
        features=features_section(explanation.design),
        covariance=explanation.family,
        prior_strength=explanation.prior_strength,
        collapse=explanation.collapse,
        hidden={"labels": int(np.count_nonzero(label < 0)), "numbers": n_missing},
        start=_start(explanation),
        steps=tuple(_step(explanation, turn) for turn in explanation.turns),
        stop={
            "reason": explanation.stop,
            "text": _why(explanation, request),
            "iterations": last,
            "remaining": explanation.remaining,
        },
        final={
            **_heights(explanation, explanation.turns[-1].after if explanation.turns else None),
            "rows": _rows(explanation, last),
            "parameters": _parameters(explanation, last),
        },
        warnings=tuple({"code": code, "message": message} for code, message in labels.warnings),
    )


def _start(explanation: Explanation) -> dict[str, Any]:
    start = explanation.start
    return {
        "from": start.kind,
        "text": _said_start(explanation),
        "covariance_of": "labelled rows about their means" if start.pooled else "all rows",
        "starts": start.n_starts,
        **_heights(explanation, explanation.turns[0].before if explanation.turns else None),
        "parameters": _parameters(explanation, 0),
    }


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


def _step(explanation: Explanation, turn: Turn) -> dict[str, Any]:
    before, after = turn.iteration - 1, turn.iteration
    step: dict[str, Any] = {"iteration": turn.iteration, "e_step": None, "m_step": None}
    if explanation.is_shown(after):
        step["e_step"] = {"rows": _rows(explanation, before)}
        step["m_step"] = {"before": _parameters(explanation, before), "after": _parameters(explanation, after)}
    step["q"] = {"before": turn.before.q, "after": turn.after.q}
    step["log_likelihood"] = {"before": turn.before.log_likelihood, "after": turn.after.log_likelihood}
    if explanation.prior_strength:
        step["log_prior"] = {"before": turn.before.log_prior, "after": turn.after.log_prior}
    return step


def _heights(explanation: Explanation, height: Height | None) -> dict[str, Any]:
    """Give the log-likelihood, and with a prior that of the prior."""
    found = {"log_likelihood": None if height is None else height.log_likelihood}
    if explanation.prior_strength:
        found["log_prior"] = None if height is None else height.log_prior
    return found


def _parameters(explanation: Explanation, iteration: int) -> list[dict[str, Any]]:
    """List the components: weight, and for each feature mean and standard deviation."""
    standard = explanation.parameters[iteration]
    deviation = np.sqrt(np.diagonal(standard.covariance, axis1=1, axis2=2)) * explanation.design.scale
    with np.errstate(over="ignore", under="ignore"):  # a variance may leave the range of numbers, its root does not
        parameters = explanation.own(iteration)
    return [
        {
            "component": name,
            "label": explanation.labels.labels[explanation.component_label[k]],
            "weight": float(parameters.weight[k]),
            "mean": _by_feature(explanation, parameters.mean[k]),
            "sd": _by_feature(explanation, deviation[k]),
            "covariance": parameters.covariance[k].tolist(),
        }
        for k, name in enumerate(explanation.components)
    ]


def _rows(explanation: Explanation, iteration: int) -> list[dict[str, Any]]:
    """List the rows that are followed, with the responsibilities that the E step finds."""
    told, names = explanation.told, explanation.labels.labels
    shares = explanation.shares_of(iteration, told.x, told.label)
    return [
        {
            "line": int(line),
            "known": None if label == UNKNOWN else names[label],
            "values": _by_feature(explanation, values),
            "responsibility": dict(zip(explanation.components, share.tolist(), strict=True)),
        }
        for line, label, values, share in zip(told.line, told.label, told.values, shares, strict=True)
    ]


def _by_feature(explanation: Explanation, values: Floats) -> Mapping[str, float | None]:
    names = [feature.name for feature in explanation.design.features]
    return {name: None if np.isnan(value) else float(value) for name, value in zip(names, values, strict=True)}


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
