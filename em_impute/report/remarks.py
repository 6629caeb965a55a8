"""What a report says in words: the decisions that were taken for the user, and the warnings."""

from collections.abc import Iterator

import numpy as np

from em_impute.columns.design import Design
from em_impute.columns.predictors import COLLINEAR, NOT_ALL_NUMBERS
from em_impute.em.mixture import Mixture
from em_impute.ensemble.fit import Stack
from em_impute.missingness.held_out import HeldOut
from em_impute.options import Request
from em_impute.pipeline.types import Completion, Opened
from em_impute.report.reasons import reasons_warnings
from em_impute.report.sentinels import find_sentinels
from em_impute.report.words import delimiter_name, percent
from em_impute.table.text import listed, plural, shown

__all__ = ["decisions", "warnings"]

FEW_ROWS_PER_FEATURE = 2


def decisions(opened: Opened, completion: Completion, request: Request) -> list[dict[str, str]]:
    """List every decision that was taken for the user."""
    entries = list(_of_the_file(opened))
    if request.weights is not None:
        how = "says how much each row counts" if opened.weight is not None else "counts all rows alike"
        entries.append(("read", "rows weighed", f"column {request.weights!r} {how}"))
    for token, count in completion.labels.tokens.items():
        entries.append(("labels", "counted as missing", f"{shown(token)} in {plural(count, 'cell')}"))
    target = opened.table.targets[completion.column]
    if target.quoted_empty and target.bare_empty:
        entries.append(("labels", "counted as missing", 'both empty cells and quoted ones ("")'))
    design, choice = completion.design, completion.choice
    if design is None or choice is None:
        return [_entry(*entry) for entry in entries]
    entries += [("design", "column not used", f"{one.name!r}: {one.reason}") for one in design.rejected]
    if design.index is not None:
        entries.append(
            ("design", "equal rows merged", f"{design.label.size:,} rows into {design.distinct.label.size:,}")
        )
    if choice.stack is None:
        entries.append(("choose", "covariance", f"{choice.recipe.family}, by {choice.criterion}"))
    else:
        entries.append(("choose", choice.criterion, _stacked(choice.stack)))
    if len({one.components for one in choice.candidates}) > 1:
        entries.append(("choose", "groups", f"{choice.n_groups}, by {choice.criterion}"))
    if not any(completion.labels.known):
        by = request.order_by or design.features[0].name
        entries.append(("fit", "labels named", f"{', '.join(design.labels)} by ascending mean of {by!r}"))
    return [_entry(*entry) for entry in entries]


def _of_the_file(opened: Opened) -> Iterator[tuple[str, str, str]]:
    dialect = opened.table.dialect
    yield "read", "delimiter", f"{delimiter_name(dialect.delimiter)}, {'detected' if dialect.detected else 'as asked'}"
    if dialect.separator_line:
        yield "read", "separator line", "a first line sep= was obeyed and kept"
    if opened.table.mixes_line_ends:
        yield "read", "line ends", "some are LF and some CRLF; each record keeps its own"


def _stacked(stack: Stack) -> str:
    weight = stack.weight.sum(axis=1)
    leader = stack.leader
    how = f"{leader.steps} steps of EM" if leader.steps else "labelled rows only"
    return (
        f"{plural(weight.size, 'mixture')} compared, {np.count_nonzero(weight):,} have weight; the leading one "
        f"({leader.shrinkage.family}, {how}) has {percent(weight[stack.leading])}"
    )


def _entry(step: str, action: str, detail: str) -> dict[str, str]:
    return {"step": step, "action": action, "detail": detail}


def warnings(completion: Completion) -> list[tuple[str, str]]:
    """List what the user should know before relying on the result: (code, message)."""
    found = list(completion.labels.warnings)
    design, choice, mixture = completion.design, completion.choice, completion.mixture
    if design is None or choice is None or mixture is None:
        return found
    found += _warnings_of_labels(completion, design)
    if completion.promise is not None:
        found += _warnings_of_skill(completion.promise)
    found += reasons_warnings(completion)
    found += _warnings_of_fit(mixture)
    found += _warnings_of_predictors(design)
    return found


def _warnings_of_fit(mixture: Mixture) -> list[tuple[str, str]]:
    found = []
    if mixture.fit.stop == "max_iter":
        gain = f"about {mixture.fit.remaining:.3g}" if np.isfinite(mixture.fit.remaining) else "an unknown amount"
        found.append(("W15", f"EM stopped at --max-iter with {gain} of log-likelihood still to gain."))
    if mixture.fit.stop == "rounding":
        found.append(
            ("W19", "EM stopped where rounding hid further gains: some predictors are nearly copies of others.")
        )
    if mixture.n_optima > 1:
        found.append(("W12", f"The best starts of EM ended in {mixture.n_optima} different optima; the best was kept."))
    if not mixture.separable:
        found.append(("W21", "Some groups coincide: the predictors do not tell so many apart."))
    return found


def _warnings_of_predictors(design: Design) -> list[tuple[str, str]]:
    found = []
    spoilt = [f"{one.name!r} ({one.reason})" for one in design.rejected if one.reason.startswith(NOT_ALL_NUMBERS)]
    if spoilt:
        found.append(("W18", f"Not used although mostly numbers: {listed(spoilt)}. Correct or empty these cells."))
    copies = [repr(one.name) for one in design.rejected if one.reason == COLLINEAR]
    if copies:
        found.append(("W17", f"Not used, since they are sums or copies of other predictors: {listed(copies)}."))
    far = [f"{shown(one.name)} holds {one.number} in {plural(one.n_rows, 'row')}" for one in find_sentinels(design)]
    if far:
        found.append(("W22", f"Far from all other numbers, as missing marks are: {listed(far)}."))
    return found


def _warnings_of_labels(completion: Completion, design: Design) -> list[tuple[str, str]]:
    needed = FEW_ROWS_PER_FEATURE * len(design.features)
    known = zip(completion.labels.labels, completion.labels.known, strict=True)
    few = [(label, count) for label, count in known if 0 < count < needed and label in design.labels]
    if not few:
        return []
    named = listed([f"{shown(label)} ({count})" for label, count in few])
    return [("W01", f"Few known rows (fewer than {needed}) for {named}: their shape is largely borrowed.")]


def _warnings_of_skill(held_out: HeldOut) -> list[tuple[str, str]]:
    if held_out.log_loss < held_out.baseline_log_loss:
        return []
    scores = f"log-loss {held_out.log_loss:.3f} against {held_out.baseline_log_loss:.3f}"
    return [
        (
            "W08",
            f"On hidden labels the labels' shares alone predict better ({scores}). Name better predictors with -x.",
        )
    ]
