"""What was asked about a column: how right fills are, how EM goes step by step, and why rows are filled so."""

import math
from collections.abc import Iterator, Sequence

from em_impute.em.families import FAMILIES
from em_impute.pipeline.reasons import Contribution, Counterfactual, RowReasons
from em_impute.report.document.blocks import Block, Name, Section, Table, names, said
from em_impute.report.document.cells import by_label, was_read
from em_impute.report.format import log_likelihood, number, percent, percents, shortened, whole_percent
from em_impute.report.model import asked as reports
from em_impute.table.text import listed, plural

FIGURES = {
    "accuracy": ("accuracy", percent),
    "balanced_accuracy": ("balanced accuracy", percent),
    "log_loss": ("log-loss (lower is better)", number),
    "brier": ("Brier score (lower is better)", number),
    "ece": ("calibration error", percent),
}

MAX_SHOWN = 6
"""Names in one line."""


def evaluation(report: reports.EvaluationReport) -> Iterator[Section]:
    """Say how right the fills were, how labels were hidden, and which labels were mistaken for which."""
    right, guessing = (whole_percent(one.accuracy) for one in (report.figures.em_impute, report.figures.majority))
    blocks: list[Block] = [
        f"{right} of hidden labels right; always guessing the most common label: {guessing}.",
        f"95 % interval: {percents(*report.figures.em_impute.interval)}.",
        was_read(report),
        said("Predictors: {}.", names(report.features.columns, MAX_SHOWN)),
        _hiding(report),
    ]
    compared = report.figures.em_impute, report.figures.labels_only, report.figures.majority
    rows = [
        [name, *("–" if one is None else write(getattr(one, key)) for one in compared)]
        for key, (name, write) in FIGURES.items()
    ]
    caption = (
        "On hidden labels; labels only: fitted without the rows that lack a label; majority: always the most common one"
    )
    blocks.append(Table(caption, ["", "em-impute", "labels only", "majority"], rows))
    weighted = report.weighted_to_missing
    if weighted is not None:
        found, like = weighted.em_impute, f"Weighted to be like the {plural(report.missing.cells, 'missing row')}"
        right = f"{percent(found.accuracy)} ({percents(*found.interval)}) right"
        blocks.append(f"{like}: {right}, log-loss {number(found.log_loss)}.")
    filled = [[f"{one.min_probability:g}", percent(one.share), percent(one.accuracy)] for one in report.thresholds]
    blocks.append(Table("If only sure cells are filled", ["probability at least", "filled", "right"], filled))
    yield Section("evaluation", f"How right fills of {report.column} are", blocks + by_label(report.confusion))


def _hiding(report: reports.EvaluationReport) -> str:
    """Say how many labels were hidden, and how."""
    hiding, known = report.hiding, sum(one.known for one in report.labels)
    times = "" if hiding.repeats == 1 else f", {hiding.repeats:,} times"
    again = "" if hiding.distinct_rows == hiding.rows else f" ({hiding.distinct_rows:,} different rows)"
    each = f"{hiding.rows / hiding.repeats:,.0f} of {plural(known, 'known label')}{times}, {hiding.how}"
    never = [one.label for one in report.labels if one.known and not any(report.confusion[one.label].values())]
    kept = f"; never {listed(never, MAX_SHOWN)}" if never else ""
    gaps = f" {hiding.emptied:,} of these rows show no more than rows to fill do." if hiding.emptied else ""
    return f"Hidden: {each}: {hiding.rows:,} in all{again}{kept}.{gaps}"


MAX_FEATURES, MAX_COMPONENTS = 4, 6
"""Shown of each; the JSON has all."""

ROUNDING = 1e-13
"""Part of a sum of logarithms that arithmetic may lose."""


def explanation(report: reports.ExplanationReport) -> Iterator[Section]:
    """Tell of the model, of the start, of every step in full, of the others in a line, and of the end."""
    start, final, steps, before = report.start, report.final, report.steps, report.start.parameters
    features = [one.name for one in report.features.used[:MAX_FEATURES]]
    yield Section("model", "The model", [*_model(report)])
    first, last = (steps[0].log_likelihood.before, steps[-1].log_likelihood.after) if steps else (None, None)
    began = f"Where EM starts: {start.text}. Log-likelihood {log_likelihood(first)}."
    yield Section("start", "Start", [began, _parameters(features, before)])
    for step in steps:
        if step.parameters is not None:
            yield from _step(step, before, step.parameters, report, features)
            before = step.parameters
    others = [step for step in steps if step.parameters is None]
    if others:
        yield Section("then", "Then", [_in_a_line(others, report)])
    said = f"EM ended after {plural(len(steps), 'iteration')}: {report.stop.text}."
    if not report.missing.cells and not _lacks_numbers(report):
        said += " Nothing is hidden, so the first M step finds the answer at once."
    ended = f"Log-likelihood {log_likelihood(last)}."
    blocks: list[Block] = [said, ended, *_rows(final.rows, features), _parameters(features, final.parameters)]
    if len(report.features.used) > MAX_FEATURES or len(final.parameters) > MAX_COMPONENTS:
        blocks.append(f"Shown are at most {MAX_FEATURES} predictors and {MAX_COMPONENTS} Gaussians; --json has all.")
    yield Section("final", "End", blocks)


def _model(report: reports.ExplanationReport) -> Iterator[str]:
    """Say what is fitted, in words and as a formula."""
    yield was_read(report)
    used = [one.name for one in report.features.used]
    count, names = len(report.final.parameters), listed([one.label for one in report.labels], MAX_COMPONENTS)
    each = "one per label" if count == len(report.labels) else "several per label"
    yield f"{plural(count, 'Gaussian')}, {each} ({names}), over {listed(used, MAX_COMPONENTS)}."
    shape = FAMILIES[report.covariance].description
    yield f"p(x) = Σ_k w_k N(x; m_k, C_k), {report.covariance} covariance C: {shape}."
    if report.collapse is not None:
        yield (
            f"Maximum likelihood breaks down here: {report.collapse}. A prior of strength 1 is added to keep the "
            "covariances from collapsing, as in fill."
        )
    elif report.prior_strength:
        yield f"A prior of strength {report.prior_strength:g} is on means and covariances."
    yield "E step: responsibility of k for x is w_k N(x; m_k, C_k) / Σ_j w_j N(x; m_j, C_j); a known label has all."
    held = "; the prior pulls a little" if report.prior_strength else ""
    yield f"M step: w_k, m_k, C_k are share, mean, covariance of all rows, counted by k's responsibility{held}."


def _lacks_numbers(report: reports.ExplanationReport) -> bool:
    return any(one.missing for one in report.features.used)


def _step(
    step: reports.Iteration,
    before: Sequence[reports.NamedComponent],
    after: Sequence[reports.NamedComponent],
    report: reports.ExplanationReport,
    features: Sequence[str],
) -> Iterator[Section]:
    """Tell of one step in full: Q and the log-likelihood before and after, with a prior also their sums with it."""
    n, prior = step.iteration, step.log_prior
    yield Section(f"e-{n}", f"E step {n}", _rows(step.rows or (), features))
    heights = {f"Q(θ|θ{n - 1})": step.q, "log-likelihood": step.log_likelihood}
    if prior is not None:
        heights["log prior"] = prior
        heights |= {"Q + log prior": _sum(step.q, prior), "log L + log prior": _sum(step.log_likelihood, prior)}
    rows = [[name, *map(log_likelihood, one), _gain(one)] for name, one in heights.items()]
    blocks: list[Block] = [
        _parameters(features, before, after),
        Table("What it gains", ["", "before", "after", "gain"], rows),
    ]
    yield Section(f"m-{n}", f"M step {n}", [*blocks, *(_why(report) if n == 1 else [])])


def _why(report: reports.ExplanationReport) -> Iterator[str]:
    """Say why the log-likelihood never falls."""
    yield (
        "Whatever the new parameters θ' are, log L(θ') = Q(θ'|θ) + H(θ'|θ), where H is the expected surprise at what "
        "is hidden. It is least at θ' = θ (Gibbs), so any step away from θ raises H, and the M step raises Q as far as "
        "it can. Hence log L gains at least as much as Q, and never falls."
    )
    if _lacks_numbers(report):
        yield "Q counts missing numbers of predictors as well, in expectation; the log-likelihood leaves them out."
    if report.prior_strength:
        yield "With a prior all this holds of the sums with the log prior, which is given up to a constant."


def _sum(one: reports.Change, other: reports.Change | None) -> reports.Change:
    return one if other is None else reports.Change(before=one.before + other.before, after=one.after + other.after)


def _in_a_line(steps: Sequence[reports.Iteration], report: reports.ExplanationReport) -> Table:
    """Give a line each to some of the steps that are not told in full: the first two, round numbers, and the last."""
    prior = " + log prior" if report.prior_strength > 0.0 else ""
    told = {steps[0].iteration, steps[0].iteration + 1, steps[-1].iteration}
    rows = []
    for step in steps:
        if step.iteration in told or str(step.iteration).rstrip("0") in {"1", "2", "5"}:
            q, height = (_sum(one, step.log_prior) for one in (step.q, step.log_likelihood))
            rows.append([str(step.iteration), _gain(q), log_likelihood(height.after), _gain(height)])
    return Table("Some further steps", ["step", f"gain of Q{prior}", f"log-likelihood{prior}", "gain"], rows)


def _rows(rows: Sequence[reports.FollowedRow], features: Sequence[str]) -> list[Block]:
    """Set rows with their responsibilities below each other."""
    components, cells = list(rows[0].responsibility)[:MAX_COMPONENTS] if rows else [], []
    for row in rows:
        values = ["–" if row.values[name] is None else f"{row.values[name]:.6g}" for name in features]
        shares = [_share(row.responsibility[name], row.known) for name in components]
        cells.append([str(row.line), *values, "–" if row.known is None else Name(row.known), *shares])
    head = [*map(Name, ["line", *features, "known", *components])]
    return [Table("How responsible each component is for these rows", head, cells)] if cells else []


def _share(share: float, known: str | None) -> str:
    """Write a responsibility: a bare 0 or 1 is certain by a known label, not by measurement."""
    return f"{share:.0f}" if known is not None and share in {0.0, 1.0} else f"{share:.4f}"


def _parameters(
    features: Sequence[str],
    before: Sequence[reports.NamedComponent],
    after: Sequence[reports.NamedComponent] | None = None,
) -> Table:
    """Set out one state of the parameters of the components that have most of the rows, or two beside each other."""
    heaviest = sorted(sorted(range(len(before)), key=lambda k: -before[k].weight)[:MAX_COMPONENTS])
    states, rows = [before] if after is None else [before, after], []
    for k in heaviest:
        rows.append([Name(before[k].component), "(weight)", *(f"{one[k].weight:.4f}" for one in states)])
        rows[-1] += [""] * len(states)
        for name in features:
            means, deviations = ([getattr(one[k], what)[name] for one in states] for what in ("mean", "sd"))
            rows.append(["", Name(name), *(f"{mean:#.6g}" for mean in means), *(f"{sd:#.4g}" for sd in deviations)])
    columns = ["mean", "SD"] if after is None else ["mean", "new mean", "SD", "new SD"]
    return Table(
        "Parameters" if after is None else "Parameters, and the new ones, which fit best if all rows are divided so",
        ["label", "of", *columns],
        rows,
    )


def _gain(height: reports.Change) -> str:
    """Tell what a step gained; of a gain that drowns in rounding not even the sign is known."""
    gain = height.after - height.before
    return f"{gain:+.4g}" if abs(gain) > ROUNDING * (1.0 + abs(height.after)) else "0"


MOST_TEXTS = 3
"""Columns of texts that are named."""

NOTHING = 1.05
"""Odds below which a predictor says next to nothing."""

BEYOND = 1e6
"""Odds above which nobody tells them apart."""


def why_lines(report: reports.WhyReport) -> Iterator[tuple[str, str]]:
    """Yield what a terminal shows, as names and texts: a few lines a row."""
    for row in report.rows:
        label = f"{row.label}, probability {percent(row.probability[row.label])}"
        is_known = f"is {row.known}: it would have been" if row.known is not None else "is missing:"
        yield f"line {row.line}", f"{report.column} {is_known} filled with {label}"
        yield "before", f"{_odds(row.base_log_odds)} for {row.label}, of a row without any of these"
        for part in row.contributions:
            yield "", _said_part(part, row.label)
        yield "together", f"{_odds(row.log_odds)} for {row.label}, the product before rounding"
        for change in row.changes:
            yield "otherwise", _said_change(change, row)
        near: dict[str, list[str]] = {}
        for one in row.nearest:
            near.setdefault(one.label, []).append(str(one.line))
        told = [f"{label} on line{'s' * (len(lines) > 1)} {listed(lines)}" for label, lines in near.items()]
        if told:
            yield "nearest", "; ".join(told)


def _said_part(part: Contribution, label: str) -> str:
    """Say how strongly a predictor speaks for the label or against it."""
    if len(part.predictors) > 1:
        texts, others = f"{listed(part.predictors, MOST_TEXTS)}, scored together,", len(part.predictors)
        name, speaks = plural(others, "other predictor") if part.value is None else texts, "speak"
    elif part.value is None:
        name, speaks = f"the other rows of its {part.predictors[0]}", "speak"
    else:
        value = shortened(part.value) if isinstance(part.value, str) else f"{part.value:.12g}"
        name, speaks = f"{part.predictors[0]} {value}", "speaks"
    odds = _odds(abs(part.log_odds))
    if abs(part.log_odds) < math.log(NOTHING):
        return f"{name} {speaks} neither for {label} nor against it"
    return f"{name} {speaks} {'for' if part.log_odds > 0 else 'against'} {label}, {odds}"


def _said_change(change: Counterfactual, row: RowReasons) -> str:
    then = f"{change.label} ({percent(change.probability)})"
    if isinstance(change.value, str):
        return f"{change.predictor} {change.value} would make it {then}"
    here = next((one.value for one in row.contributions if [change.predictor] == [*one.predictors]), None)
    side = ("above " if change.value > here else "below ") if isinstance(here, float) else ""
    return f"{change.predictor} {side}{change.value:.5g} would make it {then}"


def _odds(log_odds: float) -> str:
    """Write odds as so many to one, or one to so many."""
    is_beyond, odds = abs(log_odds) > math.log(BEYOND), math.exp(min(abs(log_odds), math.log(BEYOND)))
    said = f"over {BEYOND:,.0f}" if is_beyond else number(round(odds, 1 if odds < 10 else 0))  # noqa: PLR2004
    return f"{said} to 1" if log_odds >= 0.0 else f"1 to {said}"
