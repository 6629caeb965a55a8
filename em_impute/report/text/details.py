"""All that a terminal can be told of a column, line by line: names, and what there is to say about them."""

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from em_impute.report.format import LIKELY, number, percent
from em_impute.report.model.findings import Accuracy
from em_impute.report.model.fit import FitReport, Groups
from em_impute.report.model.mixture import BaselineEm, Convergence, LeadingMixture, Selection
from em_impute.report.model.shared import Notice
from em_impute.report.sentences import (
    applied_lines,
    criterion_name,
    expected_totals,
    noticed,
    odd_lines,
    opening_lines,
    what_if_not,
    who_is_missing,
    wrong_by_the_model,
    wrong_fills,
)
from em_impute.report.text.histogram import is_dumb, strips
from em_impute.table.text import listed, plural

if TYPE_CHECKING:
    from rich.console import Console

MAX_SHOWN, MAX_LABELS = 50, 20
"""Columns and labels named in one line; the rest are counted."""

SURELY = 3.0
"""Standard deviations above what chance gives, beyond which known labels that look wrong are told of."""

BEST_SHOWN = 4
"""Models named where some fifty were compared."""


def details(report: FitReport, notices: Sequence[Notice], console: "Console") -> Iterator[tuple[str, str]]:
    """Yield all that can be told of a column, names and texts: the model, its scores, the fills, every decision."""
    yield from _told(report, strips(report, console.width, plain=is_dumb(console)))
    yield from noticed(notices)
    if report.missingness is not None:
        yield "who", who_is_missing(report.missingness)
    if report.sensitivity is not None:
        yield "if not", what_if_not(report.sensitivity)
    yield from ((decision.step, f"{decision.action}: {decision.detail}") for decision in report.log)


def _told(report: FitReport, drawn: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    yield from opening_lines(report)
    if report.model is None and report.applied is None:
        return
    yield "predictors", listed(report.features.columns, MAX_SHOWN)
    rejected = [f"{one.name} ({one.reason})" for one in report.features.rejected]
    if rejected:
        yield "not used", listed(rejected, MAX_SHOWN)
    yield from drawn
    yield from applied_lines(report.applied) if report.applied is not None else _fitted(report)
    if report.missing.cells:
        yield "filled", _filled(report)
    yield from _judged(report)


def _fitted(report: FitReport) -> Iterator[tuple[str, str]]:
    """Say what was fitted, and how well it predicts."""
    if report.model is not None and report.fit is not None and report.selection is not None:
        yield "model", _model(report.model, report.selection)
        if not report.selection.stack[1:]:
            yield "fit", _fit(report.fit)
    if report.plain_em is not None and report.selection is not None and report.selection.stack:
        yield "plain EM", _plain(report.plain_em)
    if report.accuracy is not None:
        yield "tested", f"{_held_out(report.accuracy)}{_hidden_how(report)}"
    if report.selection is not None and report.selection.stack:
        yield "log-loss", _scores(report.selection)
    if report.groups is not None:
        yield "by", _groups(report.groups)


def _judged(report: FitReport) -> Iterator[tuple[str, str]]:
    if report.applied is not None and report.missing.filled:
        yield "wrong", wrong_by_the_model(report.applied, report.missing.filled)
    if report.accuracy is not None and report.missing.filled:
        yield "wrong", wrong_fills(report.accuracy.expected_wrong, report.missing.filled)
        yield "totals", expected_totals(report.totals)
    audit = report.audit
    if audit is not None and audit.found > audit.expected + SURELY * audit.expected**0.5:
        yield "suspicious", odd_lines(report, audit)


def _model(model: LeadingMixture, selection: Selection) -> str:
    components = len(model.parameters)
    said = f"{plural(components, 'Gaussian')}, {model.covariance} covariance"
    if selection.stack:
        if len(selection.stack) > 1:
            heaviest = selection.stack[0]
            stack = f"{plural(len(selection.stack), 'mixture')}, weighted by {criterion_name(selection.criterion)}"
            if selection.trust is not None and selection.trust < 1.0:
                stack += f" ({percent(selection.trust)}, the label shares the rest)"
            gaussians = f"{plural(heaviest.components, 'Gaussian')} per label"
            return f"{stack}; the heaviest ({percent(heaviest.weight)}): {gaussians}, {heaviest.covariance} covariance"
        return f"{said}, best of {selection.considered} by {criterion_name(selection.criterion)}"
    open_number = len({one.components for one in selection.numbers_of_groups}) > 1
    named = [(one.covariance, one.log_loss) for one in selection.families if one.log_loss is not None]
    named += [
        (f"{one.components} {one.covariance}" if open_number else one.covariance, one.bic)
        for one in selection.numbers_of_groups
        if one.bic is not None
    ]
    if not named[1:]:
        return f"{said}, {criterion_name(selection.criterion)}"
    shown = sorted(named, key=itemgetter(1))[:BEST_SHOWN] if open_number else named
    scores = ", ".join(f"{name} {number(score)}" for name, score in shown)
    return f"{said}, by {criterion_name(selection.criterion)}: {scores}" + (
        f" … of {len(named)} models" if open_number else ""
    )


def _fit(fit: Convergence) -> str:
    if fit.stop == "held-out labels":
        went = (
            f"{plural(fit.n_iterations, 'step')} of EM over all rows"
            if fit.n_iterations
            else "to the labelled rows alone"
        )
        return f"{went}, best in cross-validation"
    state = "converged in" if fit.converged else "stopped after"
    said = f"EM {state} {plural(fit.n_iterations, 'iteration')}, log-likelihood {fit.log_likelihood:,.3f}"
    return said + (f", best of {fit.n_starts} starts" if fit.n_starts > 1 else "")


def _plain(plain: BaselineEm) -> str:
    state = "converged in" if plain.converged else "stopped after"
    steps = plural(max(0, len(plain.path) - 1), "step")
    return f"one Gaussian per label, for comparison: {state} {steps}, log-likelihood {plain.log_likelihood:,.3f}"


def _scores(selection: Selection) -> str:
    names = {
        "stack": "ensemble",
        "single": "the mixture shown in the report",
        "labels_only": "the same from labelled rows alone",
        "plain_em": "plain EM",
    }
    scores = [f"{said} {number(getattr(selection.scores, key))}" for key, said in names.items()]
    return f"{', '.join(scores)}; unlabelled rows {selection.unlabelled_rows}"


def _held_out(found: Accuracy) -> str:
    low, high = found.interval
    accuracy, majority = percent(found.accuracy), percent(found.baseline_accuracy)
    log_loss, shares = number(found.log_loss), number(found.baseline_log_loss)
    return (
        f"{accuracy} of hidden labels right ({percent(low)} to {percent(high)}; majority {majority}), "
        f"log-loss {log_loss} ({shares})"
    )


def _hidden_how(report: FitReport) -> str:
    """Say that labels were hidden as they are missing, where that is not at random."""
    reasons = report.missingness.reasons if report.missingness else None
    how = report.missingness.rehearsal if report.missingness else None
    alike = (how is not None and how.like_missing) or (reasons is not None and reasons.by_class > LIKELY)
    return "; hidden the way labels are missing" if alike else ""


def _groups(groups: Groups) -> str:
    weights = [one.own_weight for one in groups.groups if one.own_weight]
    said = f"{groups.column}: {plural(groups.number, 'group')}"
    if not weights:
        return f"{said}, all filled by the fit to all rows"
    some = "" if len(weights) == len(groups.groups) else f" of {len(weights):,}"
    return f"{said}, own fits{some} weighted {min(weights):.2f} to {max(weights):.2f}"


def _filled(report: FitReport) -> str:
    missing = report.missing
    by_count = sorted(report.labels, key=lambda one: -one.filled)
    labels = listed([f"{one.label} {one.filled:,}" for one in by_count], MAX_LABELS)
    said = f"{missing.filled:,} of {missing.cells:,} cells: {labels}"
    if missing.lowest_probability is not None:
        said += f"; lowest probability {missing.lowest_probability:.2f}"
    left = sum(missing.left_empty.values())
    return said + (f"; {left:,} left as they were" if left else "")
