"""An explanation of EM as lines of a terminal."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from rich.cells import cell_len

from em_impute.em.families import FAMILIES
from em_impute.report.format import number, printable
from em_impute.report.model.explanation import Change, ExplanationReport, FollowedRow, Iteration, NamedComponent
from em_impute.report.model.shared import Predictor
from em_impute.report.sentences import noticed, opening_lines
from em_impute.report.text.console import NAME_WIDTH
from em_impute.report.text.table import GAP, fitted, grid, widths_of, wrapped
from em_impute.table.text import listed, plural

MIN_WIDTH, MAX_WIDTH = 60, 110
"""Columns of the text: narrower tables would break, wider sentences read badly."""

MAX_FEATURES, MAX_COMPONENTS = 4, 6
"""Shown of each; the JSON has all."""

MOST_LIKELY = 3
"""Components named beside a row where there is no room for all."""

NAME_CELLS = 14
"""Columns that a label or feature takes in a table at most."""

LARGE, DIGITS = 1e9, 3
"""Numbers from the first on are written with exponents, others with so many digits of their standard deviation."""

ROUNDING = 1e-13
"""Part of a sum of logarithms that arithmetic may lose."""

WHY = (
    "Whatever the new parameters θ' are, log L(θ') = Q(θ'|θ) + H(θ'|θ), where H is the expected surprise at what is "
    "hidden. It is least at θ' = θ (Gibbs), so any step away from θ raises H, and the M step raises Q as far as it "
    "can. Hence log L gains at least as much as Q, and never falls."
)

Line = tuple[str, str]


class _Shown(NamedTuple):
    """What there is room for."""

    features: Sequence[str]
    components: Sequence[int]
    room: int


def explanation_lines(report: ExplanationReport, width: int) -> Iterator[Line]:
    """Yield names and texts, to be printed one below the other in `width` columns."""
    room = min(max(width, MIN_WIDTH), MAX_WIDTH) - NAME_WIDTH
    for name, said in _lines(report, room):
        text = printable(said)
        # The lines of tables are spaced already, and fit.
        for i, line in enumerate([text] if cell_len(text) <= room else wrapped(text, room)):
            yield name if i == 0 else "", line


def _lines(report: ExplanationReport, room: int) -> Iterator[Line]:
    yield from _model(report)
    shown = _Shown(_told_features(report), _told_components(report), room)
    steps, before = report.steps, report.start.parameters
    began, ended = (steps[0].log_likelihood.before, steps[-1].log_likelihood.after) if steps else (None, None)
    yield "start", f"{report.start.text}; log-likelihood {_log(began)}"
    yield from _parameters(before, None, shown)
    for step in steps:
        if step.parameters is not None:
            yield from _step(step, before, step.parameters, report, shown)
            before = step.parameters
    yield from _thinned([one for one in steps if one.parameters is None], report, room)
    yield "stopped", _said_stop(report)
    yield "final", f"responsibilities and parameters; log-likelihood {_log(ended)}"
    yield from _rows(report.final.rows, shown)
    yield from _parameters(report.final.parameters, None, shown)
    yield from _left_out(report, shown)
    yield from noticed(report.warnings)


def _model(report: ExplanationReport) -> Iterator[Line]:
    """Say what is fitted, in words and as a formula."""
    yield from opening_lines(report)
    used = [one.name for one in report.features.used]
    count, names = len(report.final.parameters), listed([one.label for one in report.labels], MAX_COMPONENTS)
    each = "one per label" if count == len(report.labels) else "several per label"
    yield "model", f"{plural(count, 'Gaussian')}, {each} ({names}), over {listed(used, MAX_COMPONENTS)}"
    yield (
        "",
        f"p(x) = Σ_k w_k N(x; m_k, C_k), {report.covariance} covariance C: {FAMILIES[report.covariance].description}",
    )
    if report.collapse is not None:
        yield (
            "warning",
            (
                f"maximum likelihood breaks down here: {report.collapse}. A prior of strength 1 is added to keep the "
                "covariances from collapsing, as in `fill`."
            ),
        )
    elif report.prior_strength:
        yield "prior", f"of strength {report.prior_strength:g} on means and covariances"
    yield (
        "E step",
        "responsibility of k for x: w_k N(x; m_k, C_k) / Σ_j w_j N(x; m_j, C_j); a known label has all of it",
    )
    held = "; the prior pulls a little" if report.prior_strength else ""
    yield (
        "M step",
        f"w_k, m_k, C_k: share, mean, covariance of all rows, each counted by k's responsibility for it{held}",
    )


def _step(
    step: Iteration,
    before: Sequence[NamedComponent],
    after: Sequence[NamedComponent],
    report: ExplanationReport,
    shown: _Shown,
) -> Iterator[Line]:
    """Tell of one step in full."""
    number_of = step.iteration
    given = ", given the start" if number_of == 1 else " now"
    yield f"E step {number_of}", f"how responsible is each label for these rows{given}?"
    yield from _rows(step.rows or (), shown)
    yield f"M step {number_of}", "the parameters that fit best if all rows are divided in this way"
    yield from _parameters(before, after, shown)
    yield from _heights(step, shown.room)
    if number_of == 1:
        yield "why", WHY + _why_else(report)


def _why_else(report: ExplanationReport) -> str:
    said = ""
    if _lacks_numbers(report):
        said += " Q counts missing numbers of predictors as well, in expectation; the log-likelihood leaves them out."
    if report.prior_strength:
        said += " With a prior all this holds of the sums with the log prior, which is given up to a constant."
    return said


def _heights(step: Iteration, room: int) -> Iterator[Line]:
    """Set Q and the log-likelihood before and after the M step beside each other; with a prior, their sums with it."""
    q, prior = f"Q(θ|θ{step.iteration - 1})", step.log_prior
    rows = {q: step.q, "log-likelihood": step.log_likelihood}
    if prior is not None:
        rows["log prior"] = prior
        rows["Q + log prior"] = _sum(step.q, prior)
        rows["log L + log prior"] = _sum(step.log_likelihood, prior)
    moves = _arrows([[_log(one.before), _log(one.after)] for one in rows.values()])
    gains = [_gain(one) for one in rows.values()]
    cells = [list(row) for row in zip(rows, moves, gains, strict=True)]
    said = ["", "no less"]
    if sum(widths_of(cells)) + 3 * GAP + len(said[-1]) <= room:
        cells = [[*row, said[row is cells[-1]]] for row in cells]
    yield from _table(cells, "trrt"[: len(cells[0])], room, "so")


def _sum(one: Change, other: Change | None) -> Change:
    return one if other is None else Change(before=one.before + other.before, after=one.after + other.after)


def _thinned(steps: Sequence[Iteration], report: ExplanationReport, room: int) -> Iterator[Line]:
    """Give a line each to some of the steps that are not told in full: the first two, round numbers, and the last."""
    if not steps:
        return
    with_prior = report.prior_strength > 0.0
    what = ("Q + log prior", "log-likelihood + log prior") if with_prior else ("Q", "log-likelihood")
    cells = [["step", f"gain of {what[0]}", what[1], "gain"]]
    first, last = steps[0].iteration, steps[-1].iteration
    for step in steps:
        number_of = step.iteration
        if number_of not in {first, first + 1, last} and str(number_of).rstrip("0") not in {"1", "2", "5"}:
            continue
        q, height = (_sum(one, step.log_prior) for one in (step.q, step.log_likelihood))
        cells.append([str(number_of), _gain(q), _log(height.after), _gain(height)])
    yield from _table(cells, "rrrr", room, "then")


def _said_stop(report: ExplanationReport) -> str:
    stop = report.stop
    said = f"after {plural(len(report.steps), 'iteration')}: {stop.text}"
    if not report.missing.cells and not _lacks_numbers(report):
        said += ". Nothing is hidden, so the first M step finds the answer at once"
    return said


def _lacks_numbers(report: ExplanationReport) -> bool:
    return any(one.missing for one in report.features.used)


def _rows(rows: Sequence[FollowedRow], shown: _Shown) -> Iterator[Line]:
    """Set rows with their responsibilities below each other, with as many features as there is room for."""
    if not rows:
        return
    names = list(rows[0].responsibility)
    for n_features in range(len(shown.features), 0, -1):
        whole = len(names) == len(shown.components)
        features = shown.features[:n_features]
        head = ["line", *features, "known", *(names if whole else ["most responsible"])]
        cells = [[fitted(text, NAME_CELLS) for text in head], *(_row(row, features, whole=whole) for row in rows)]
        if sum(widths_of(cells)) + GAP * len(head) <= shown.room:
            break
    alignment = "r" * (n_features + 1) + "l" + ("r" * len(names) if whole else "t")
    yield from _table(cells, alignment, shown.room)


def _row(row: FollowedRow, features: Sequence[str], *, whole: bool) -> list[str]:
    shares, known = row.responsibility, row.known
    values = ["–" if row.values[name] is None else f"{row.values[name]:.6g}" for name in features]
    said = [_share(share, known) for share in shares.values()] if whole else [_most(shares)]
    return [str(row.line), *values, "–" if known is None else fitted(known, NAME_CELLS), *said]


def _share(share: float, known: str | None) -> str:
    """Write a responsibility: a bare 0 or 1 is certain by a known label, not by measurement."""
    return f"{share:.0f}" if known is not None and share in {0.0, 1.0} else f"{share:.4f}"


def _most(responsibility: Mapping[str, float]) -> str:
    ranked = sorted(responsibility.items(), key=itemgetter(1), reverse=True)[:MOST_LIKELY]
    return ", ".join(f"{fitted(name, NAME_CELLS)} {share:.3f}" for name, share in ranked)


def _parameters(
    before: Sequence[NamedComponent], after: Sequence[NamedComponent] | None, shown: _Shown
) -> Iterator[Line]:
    """Set out one state of the parameters, or two with an arrow between."""
    states = [before] if after is None else [before, after]
    digits = {name: _digits(before[0].sd[name]) for name in shown.features}
    names: list[list[str]] = [["label", "of"]]
    means, deviations = [["mean"]], [["SD"]]
    for k in shown.components:
        names.append([fitted(before[k].component, NAME_CELLS), "(weight)"])
        means.append([_decimal(one[k].weight, 4) for one in states])
        deviations.append([""])
        for name in shown.features:
            names.append(["", fitted(name, NAME_CELLS)])
            means.append([_decimal(one[k].mean[name], digits[name]) for one in states])
            deviations.append([_decimal(one[k].sd[name], digits[name]) for one in states])
    cells = [[*name, *row] for name, *row in zip(names, _arrows(means), _arrows(deviations), strict=True)]
    yield from _table(cells, "llrr", shown.room)


def _arrows(states: Sequence[Sequence[str]]) -> list[str]:
    """Put an arrow between what was and what is, one below the other; what has one state stays alone."""
    widths = [max(map(len, column)) for column in zip(*(one for one in states if len(one) > 1), strict=True)]
    return [
        one[0] if len(one) == 1 else " -> ".join(f"{text:>{width}}" for text, width in zip(one, widths, strict=True))
        for one in states
    ]


def _digits(deviation: float) -> int:
    """Count the decimals that show so many digits of a standard deviation."""
    if not 0.0 < deviation < math.inf:
        return DIGITS
    return max(0, DIGITS - 1 - math.floor(math.log10(deviation)))


def _decimal(value: float, digits: int) -> str:
    if not round(value, digits):
        value = 0.0  # no −0.00
    return number(value) if abs(value) >= LARGE or digits > 2 * DIGITS else f"{value:,.{digits}f}"


def _gain(height: Change) -> str:
    """Tell what a step gained; of a gain that drowns in rounding not even the sign is known."""
    gain = height.after - height.before
    return f"{gain:+.4g}" if abs(gain) > ROUNDING * (1.0 + abs(height.after)) else "0"


def _log(value: float | None) -> str:
    return "–" if value is None else f"{value:,.3f}"


def _told_features(report: ExplanationReport) -> list[str]:
    """Choose the features that tell the components apart best in the end: by their means, in standard deviations."""
    used, final = report.features.used, report.final.parameters

    def separation(feature: Predictor) -> float:
        name, centre, unit = feature.name, feature.mean or 0.0, feature.sd or 1.0
        within = sum(one.weight * (one.sd[name] / unit) ** 2 for one in final)
        between = sum(one.weight * (one.mean[name] / unit - centre / unit) ** 2 for one in final)
        return float(between / within)

    best = {one.name for one in sorted(used, key=separation, reverse=True)[:MAX_FEATURES]}
    return [one.name for one in used if one.name in best]


def _told_components(report: ExplanationReport) -> list[int]:
    """Choose the components that have most of the rows in the end."""
    final = report.final.parameters
    return sorted(sorted(range(len(final)), key=lambda k: -final[k].weight)[:MAX_COMPONENTS])


def _left_out(report: ExplanationReport, shown: _Shown) -> Iterator[Line]:
    counts = {
        "predictor": len(report.features.used) - len(shown.features),
        "Gaussian": len(report.final.parameters) - len(shown.components),
    }
    said = " and ".join(plural(count, f"more {name}") for name, count in counts.items() if count)
    if said:
        yield "not shown", f"{said}; --json has all"


def _table(rows: Iterable[Sequence[str]], alignment: str, room: int, name: str = "") -> Iterator[Line]:
    for i, line in enumerate(grid(rows, alignment, room)):
        yield name if i == 0 else "", line
