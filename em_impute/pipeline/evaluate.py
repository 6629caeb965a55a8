"""How right the fills would be: hide known labels -> fill them -> compare with what they were, again and again."""

from collections.abc import Mapping
from dataclasses import replace
from time import perf_counter
from typing import NamedTuple, get_args

import numpy as np

from em_impute.columns.design import Design
from em_impute.columns.labels import Labels, read_labels
from em_impute.columns.text_scores import TextScores
from em_impute.em.blocks import Floats, Integers
from em_impute.ensemble.metrics import accuracy, effective_rows, overdispersion, wilson_interval
from em_impute.errors import DesignError, FitError, UsageError, option
from em_impute.missingness.how_missing import HoldOut, How, as_lost, hide, in_clusters, shares_to_hide, without
from em_impute.model.column import FittedColumn
from em_impute.options import Request
from em_impute.pipeline.complete import fit_column
from em_impute.pipeline.open import InputTable, Progress
from em_impute.table.text import listed, shown

MODEL, LABELS_ONLY, MAJORITY = "em_impute", "labels_only", "majority"
"""What is compared: the fills; the same model where rows without a label teach nothing; the shares of the labels."""


class Evaluation(NamedTuple):
    """Labels that were hidden, those of all repeats one after the other, and what was said of them."""

    target: str  # the name of the column
    labels: Labels  # as the file has them
    hiding: HoldOut
    share: Floats  # (n_labels,) part of each label that was to be hidden
    row: Integers  # (n_hidden,) row of the table
    repeat: Integers  # (n_hidden,) from 0
    label: Integers  # (n_hidden,) the label that was hidden
    probability: Mapping[str, Floats]  # (n_hidden, n_labels) by MODEL, MAJORITY, and LABELS_ONLY if such rows suffice
    weight: Floats  # (n_hidden,) how much each row counts as the user says
    like_missing: Floats | None  # (n_hidden,) how much, were they as the missing rows; None where none is missing
    design: Design  # of the last repeat
    texts: TextScores | None  # what made predictors of texts in it
    n_emptied: int  # hidden labels of whose rows some predictors were hidden as well
    seconds: float

    def rows(self, weight: Floats) -> float:
        """Count the rows that figures rest on, where each of the (n_hidden,) weighs `weight`.

        A row that was hidden several times is one row, however often it was asked: what is said of it hardly differs
        between repeats, so that its answers are taken as one, of the weight of all (Kish).  More repeats than it takes
        to hide every row once therefore narrow no interval.
        """
        _, place = np.unique(self.row, return_inverse=True)
        return effective_rows(np.bincount(place, weight).astype(np.float64, copy=False))

    def interval(self, name: str, weight: Floats) -> tuple[float, float]:
        """Give the 95 % interval of an accuracy, that of `probability[name]` weighed by `weight` (n_hidden,).

        It is Wilson's for so many `rows`: how far chance in which rows are known may lead.  Where one fit is markedly
        better than another, the repeats vary more than chance allows, and the interval is widened by what that leaves
        in the mean of so many fits.  It says nothing of missing rows that are unlike the known ones.
        """
        said = self.probability[name]
        excess = overdispersion(said.argmax(axis=1) == self.label, self.repeat) - 1.0
        rows = 1.0 / (1.0 / self.rows(weight) + excess / effective_rows(weight))
        return wilson_interval(accuracy(said, self.label, weight), rows)


def hiding_of(share: float, how: How | None, of_label: tuple[tuple[str, float], ...], repeats: int) -> HoldOut:
    """Say how labels are hidden: by class where some of them are named.  Raises UsageError for what can never work."""
    if not 0.0 < share < 1.0:
        raise UsageError(f"{option('hide')} takes a number between 0 and 1, not {share:g}", "leave it out for 0.2")
    if repeats < 1:
        raise UsageError(f"{option('repeats')} takes a whole number, 1 or more, not {repeats}", "leave it out for 5")
    if how is not None and how not in get_args(How):
        raise UsageError(f"{option('how')} takes one of {', '.join(get_args(How))}, not {how!r}", "leave it out")
    if of_label and how not in {None, "by-class"}:
        raise UsageError(f"{option('hide_label')} contradicts {option('how', how)}", "leave one of them out")
    if not all(0.0 <= one < 1.0 for _, one in of_label):
        raise UsageError(f"{option('hide_label')} takes a share from 0 to below 1 for each label", "leave it out")
    return HoldOut(how or ("by-class" if of_label else "stratified"), share, of_label, repeats)


def evaluate_all(opened: InputTable, request: Request, hiding: HoldOut, progress: Progress) -> list[Evaluation]:
    """Evaluate every column that was asked for, each as if it were the only one.

    Raises DesignError for a share of a label that no column holds.
    """
    read = {
        column: read_labels(opened.names[column], opened.table.targets[column], request) for column in opened.targets
    }
    held = {text for labels in read.values() for text in labels.labels}
    unknown = [text for text, _ in hiding.of_label if text not in held]
    if unknown:
        where = listed([repr(opened.names[column]) for column in opened.targets])
        raise DesignError(
            f"{option('hide_label')} names {shown(unknown[0])}, which no row of column {where} holds",
            f"labels in the file are {listed([repr(text) for text in sorted(held)])}",
        )
    return [evaluate(opened, column, labels, request, hiding, progress) for column, labels in read.items()]


def evaluate(
    opened: InputTable, column: int, labels: Labels, request: Request, hiding: HoldOut, progress: Progress
) -> Evaluation:
    """Hide some known labels of a column, fit as `fill` would without them, look up what they would be; repeat."""
    began = perf_counter()
    target = opened.names[column]
    rng, whole = np.random.default_rng([request.seed, column]), None
    weight = np.ones(labels.label.size) if opened.weight is None else opened.weight
    if labels.n_missing and any(labels.known):  # how labels are missing says how they are to be hidden
        whole = fit_column(opened, column, labels, request, lambda stage, _, detail: progress(stage, 0.0, detail))
        hiding = as_lost(hiding, whole.design, whole.reasons)
    hidden = hide(target, labels, opened.weight, hiding, rng)
    if whole is not None:
        hidden = in_clusters(hidden, labels, whole.design, whole.fitted.how.clusters, rng)
    said: dict[str, list[Floats]] = {MODEL: [], LABELS_ONLY: [], MAJORITY: []}
    n_emptied = 0
    for number, rows in enumerate(hidden):
        left = without(labels, rows)
        tell = _progress(progress, number, len(hidden))
        gone = {} if whole is None else _gaps(whole, rows, rng)
        n_emptied += np.unique(np.concatenate([*gone.values(), rows[:0]])).size
        shown = opened.without(gone) if gone else opened
        found = fit_column(shown, column, left, request, tell)
        said[MODEL].append(found.probability_of(rows))
        known = left.label >= 0
        count = np.bincount(left.label[known], weight[known], len(left.labels))
        said[MAJORITY].append(np.tile(count / count.sum(), (rows.size, 1)))
        alone = _fit_labels_only(shown, column, left, weight, request, tell)
        if alone is not None:
            said[LABELS_ONLY].append(alone.probability_of(rows))
    row = np.concatenate(hidden)
    return Evaluation(
        target,
        labels,
        hiding,
        shares_to_hide(labels, hiding),
        row,
        np.repeat(np.arange(len(hidden)), [rows.size for rows in hidden]),
        labels.label[row].astype(np.intp),
        {name: np.concatenate(parts) for name, parts in said.items() if len(parts) == len(hidden)},
        weight[row],
        None if whole is None else _like_missing(weight, labels, whole, row),
        found.design,
        found.texts,
        n_emptied,
        perf_counter() - began,
    )


def _gaps(whole: FittedColumn, rows: Integers, rng: np.random.Generator) -> dict[str, Integers]:
    """Say of which rows whose labels are hidden, (n_hidden,), a column is not to be seen, as it is in rows to fill."""
    gaps, design = whole.fitted.how.gaps, whole.design
    if gaps is None:
        return {}
    seen = np.hstack([~np.isnan(design.x_of(rows)), design.codes_of(rows) >= 0])
    gone = seen & ~gaps.hide(seen, np.ones(rows.size), rng)
    names = [one.category or one.name for one in design.features] + [one.name for one in design.categories]
    return {name: rows[gone[:, j]] for j, name in enumerate(names) if gone[:, j].any()}


def _progress(progress: Progress, number: int, total: int) -> Progress:
    """Show which repeat it is rather than the stages of its fit, which are named beside it."""
    return lambda stage, _share, detail: progress(
        f"repeat {number + 1} of {total}", number / total, f"{stage} {detail}".rstrip()
    )


def _fit_labels_only(
    opened: InputTable, column: int, labels: Labels, weight: Floats, request: Request, progress: Progress
) -> FittedColumn | None:
    """Fit the same model where rows without a label teach nothing; None where those with one show too little."""
    weight = np.where(labels.label >= 0, weight, 0.0)
    weight /= weight[weight > 0.0].mean()
    try:
        return fit_column(replace(opened, weight=weight), column, labels, request, progress)
    except FitError:
        return None


def _like_missing(weight: Floats, labels: Labels, whole: FittedColumn, row: Integers) -> Floats | None:
    """Weigh the hidden rows (n_hidden,) so that they are to be expected like the rows that are really missing.

    That takes the odds that a row with such predictors, or of such a label, is missing.  Where labels are hidden more
    often in one class than in another, its rows count less by as much.  None where no missing row counts.
    """
    design, how = whole.design, whole.fitted.how
    if not (design.distinct.weight[design.distinct.label < 0] > 0.0).any():
        return None
    label = labels.label[row].astype(np.intp)
    n_known = np.bincount(labels.label[(labels.label >= 0) & (weight > 0.0)], minlength=len(labels.labels))
    odds = np.ones(row.size) if how.missing is None else how.missing.odds(design.x_of(row))
    like = odds
    if whole.reasons is not None:
        of_design = np.array([design.labels.index(text) if text in design.labels else 0 for text in labels.labels])
        like = whole.reasons.weights(of_design[label], odds)
    like = like * n_known[label] / np.bincount(label)[label] * weight[row]
    return like if 0.0 < like.sum() < np.inf else None
