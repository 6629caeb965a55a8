"""The summary of about ten lines, on standard error."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from em_impute.report.extra import INSTALL_HINT, can_write_pages
from em_impute.report.format import LIKELY, number, percent, printable
from em_impute.report.model.diagnostics import Accuracy
from em_impute.report.model.fit import FitReport, Groups
from em_impute.report.model.mixture import Convergence, LeadingMixture, Selection
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

NAME_WIDTH = 12

MAX_SHOWN = 6
"""Labels or columns named in one line; the rest are counted."""

ABOUT_PEOPLE = "S01"
"""Code of the note on columns about people."""

NOTHING_MISSING = "nothing was missing: the output is a copy of the input"

SURELY = 3.0
"""Standard deviations above what chance gives, beyond which known labels that look wrong are told of."""

BEST_SHOWN = 4
"""Models named where some fifty were compared."""


def make_console(color: str = "auto") -> "Console":
    """Open standard error for people.

    `color` is always, never, or auto: on a terminal that wants them.  Without colours nothing is emphasised either.
    """
    from rich.console import Console  # late, since nothing of rich is needed to say nothing

    class StandardError(Console):
        """A console whose reader may leave: the door then ends the run as for any closed pipe."""

        def on_broken_pipe(self) -> None:
            """Pass the error on; rich would end the process with 1, as if the answer were no."""
            raise BrokenPipeError

    is_terminal = sys.stderr.isatty()
    coloured = color == "always" or (color == "auto" and is_terminal and _wants_colour(os.environ))
    return StandardError(
        stderr=True,
        force_terminal=is_terminal,
        color_system="standard" if coloured else None,  # every terminal has the colours that are used here
        no_color=not coloured,
        highlight=False,
        emoji=False,
        markup=False,
    )


def _wants_colour(environment: Mapping[str, str]) -> bool:
    """Tell what the user of a terminal has said by the usual variables; the first that says something decides."""
    if environment.get("NO_COLOR"):
        return False
    force = environment.get("FORCE_COLOR") or environment.get("CLICOLOR_FORCE")
    if force:
        return force.lower() not in {"0", "false"}
    return environment.get("CLICOLOR") != "0" and environment.get("TERM", "").lower() not in {"dumb", "unknown"}


def print_summary(
    console: "Console", report: FitReport, written: Sequence[str] | None, *, verbose: bool, advice: bool = True
) -> None:
    """Say in about ten lines what was done; `written` is None where that is said elsewhere.

    Without `advice` the note on columns about people is left out.
    """
    lines = [*_summary(report, strips(report, console.width, plain=is_dumb(console)))]
    shown = [one for one in report.warnings if advice or one.code != ABOUT_PEOPLE]
    lines += noticed(shown)
    if verbose and report.missingness is not None:
        lines.append(("who", who_is_missing(report.missingness)))
    if verbose and report.sensitivity is not None:
        lines.append(("if not", what_if_not(report.sensitivity)))
    if verbose:
        lines += [(one.step, f"{one.action}: {one.detail}") for one in report.log]
    if written is not None:
        lines.append(("wrote", ", ".join(written) or "nothing"))
        if not can_write_pages() and any(name.endswith(".json") for name in written):
            lines.append(("pictures", f"{INSTALL_HINT} adds a page with pictures"))
    print_lines(console, lines)


def print_lines(console: "Console", lines: Iterable[tuple[str, str]]) -> None:
    """Print lines of a name and what there is to say about it."""
    from rich.text import Text

    for name, text in lines:
        style = "bold yellow" if name == "warning" else "bold"
        try:
            console.print(Text.assemble((f"{name:<{NAME_WIDTH}}", style), printable(text)), soft_wrap=True)
        except BrokenPipeError:
            raise
        except OSError:  # a full disk behind standard error is no reason to fail: the work is done
            return


def _summary(report: FitReport, drawn: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    yield from opening_lines(report)
    if report.model is None and report.applied is None:
        yield "filled", NOTHING_MISSING
        return
    yield "predictors", listed(report.features.columns, MAX_SHOWN)
    rejected = [f"{one.name} ({one.reason})" for one in report.features.rejected]
    if rejected:
        yield "not used", listed(rejected, MAX_SHOWN)
    yield from drawn
    if report.applied is not None:
        yield from applied_lines(report.applied)
        yield "filled", _filled(report) if report.missing.cells else NOTHING_MISSING
        if report.missing.filled:
            yield "wrong", wrong_by_the_model(report.applied, report.missing.filled)
        return
    if report.model is not None and report.fit is not None and report.selection is not None:
        yield "model", _model(report.model, report.selection)
        yield "fit", _fit(report.fit)
    if report.accuracy is not None:
        yield "tested", f"{_held_out(report.accuracy)}{_hidden_how(report)}"
    if report.selection is not None and report.selection.stack:
        yield "log-loss", _scores(report.selection)
    if report.groups is not None:
        yield "by", _groups(report.groups)
    yield "filled", _filled(report)
    yield from _judged(report)


def _judged(report: FitReport) -> Iterator[tuple[str, str]]:
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
            share = percent(model.share_of_stack)
            stack = f"{plural(len(selection.stack), 'mixture')}, weighted by {criterion_name(selection.criterion)}"
            if selection.trust is not None and selection.trust < 1.0:
                stack += f" ({percent(selection.trust)}, the label shares the rest)"
            return f"{stack}; leading ({share}): {said}"
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
        return f"{went}, best in cross-validation; log-likelihood of the leading mixture {fit.log_likelihood:,.3f}"
    state = "converged in" if fit.converged else "stopped after"
    said = f"EM {state} {plural(fit.n_iterations, 'iteration')}, log-likelihood {fit.log_likelihood:,.3f}"
    return said + (f", best of {fit.n_starts} starts" if fit.n_starts > 1 else "")


def _scores(selection: Selection) -> str:
    names = {
        "stack": "ensemble",
        "single": "leading mixture",
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
    alike = reasons is not None and reasons.probability.by_class > LIKELY
    if how is not None:
        alike = alike or how.same_gaps or how.same_company is not None or how.same_predictors > LIKELY
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
    labels = listed([f"{one.label} {one.filled:,}" for one in report.labels], MAX_SHOWN)
    said = f"{missing.filled:,} of {missing.cells:,} cells: {labels}"
    if missing.lowest_probability is not None:
        said += f"; lowest probability {missing.lowest_probability:.2f}"
    left = sum(missing.left_empty.values())
    return said + (f"; {left:,} left as they were" if left else "")
