"""Groups of rows that may differ: a fit of its own for each, beside the one for all, weighed by labels held out.

Small groups, and those like the others, lean on the fit of all rows; large groups that differ on their own.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from em_impute.columns.design import Design, redundant_columns
from em_impute.em.blocks import Floats, Integers, Rows, rows_by_code, standardise
from em_impute.ensemble.cross_validation import LEAST_CHANCE
from em_impute.ensemble.folds import N_FOLDS
from em_impute.ensemble.stacking_weights import cross_fitted, stack_weights
from em_impute.errors import ColumnError, DesignError, FitError, option
from em_impute.missingness.how_missing import HeldOut
from em_impute.missingness.values import GroupOfRows
from em_impute.model.assign import over_labels
from em_impute.model.fit import FitProgress, Fitted
from em_impute.table.columns import CategoryColumn
from em_impute.table.text import plural, shown

ROWS_PER_LABEL, MIN_LABELS = 5, 2
"""So many known rows of so many labels make a fit of a group's own worth while."""

CONSTANT = 1e-12
"""A range below this part of the deviation among all rows is rounding."""

Fit = Callable[[Design, FitProgress], Fitted]
"""How all rows were fitted, or some of them."""


class GroupFit(NamedTuple):
    """A fit of a group's own."""

    group: str
    weight: float  # beside the fit of all rows
    rows: Integers  # the distinct rows of the group
    design: Design  # of these and of their labels, in units of their own
    fitted: Fitted  # speaks of all labels, but for its draws


class _Trial(NamedTuple):
    """Predictions of the same labels by a group's own fit and by that of all rows, which had not seen them."""

    held: Integers  # (n_rows,), among the labels that the fit of all rows was tested on
    predicted: Floats  # (2, n_rows, n_labels), probabilities by the own fit and by that of all rows
    chance: Floats  # (2, 1, n_rows), of the true label
    weight: Floats  # (n_rows,)


ALONE = np.array([1.0, 0.0])
"""Weights of an own fit that cannot be compared."""


def refuse_groups(name: str, column: CategoryColumn) -> None:
    """Raise DesignError for a column that cannot divide the rows."""
    if column.too_many:
        line, text = column.example or (0, "")
        message = (
            f"column {name!r} holds more than {column.limit:,} different texts, such as {shown(text)} on line {line}"
        )
        raise DesignError(message, f"name a column of fewer groups with {option('by')}")
    if not column.texts:
        raise DesignError(
            f"column {name!r} names no group: every cell is missing", f"name another column with {option('by')}"
        )


def fit_groups(
    design: Design, pooled: Fitted, label: Integers, fit: Fit, watch: Callable[[float, str], None]
) -> tuple[Fitted, tuple[GroupOfRows, ...] | None, tuple[GroupFit, ...]]:
    """Fit each group by itself, and mix its predictions with those of the `pooled` fit.

    Where no label is known the groups' own fits stand alone.  `label` (n_rows,) is −1 in the cells to fill, which are
    counted for the report.  Returns the mixed fit, the groups and those of their fits that count; without groups
    everything stays as it is.  Raises FitError, naming the group, where no label is known and a group is too small.
    """
    if design.groups is None:
        return pooled, None, ()
    texts = design.groups.texts
    found: list[GroupFit] = []
    for code, rows in enumerate(rows_by_code(design.groups.code, len(texts))):
        watch(code / len(texts), texts[code])
        own = _fit_own(design, rows, fit, texts[code])
        found += [] if own is None else [own]
    trials = [_tried(pooled.choice.held_out, one.fitted.choice.held_out) for one in found]
    weights, centre = _weigh(trials)
    unlabelled, probability = np.flatnonzero(design.distinct.label < 0), pooled.probability.copy()
    for one, (of_own, of_all) in zip(found, weights, strict=True):
        mine = np.isin(unlabelled, one.rows, assume_unique=True)
        probability[mine] = of_own * one.fitted.probability + of_all * probability[mine]
    tested = [(one.rows, trial) for one, trial in zip(found, trials, strict=True)]
    choice = pooled.choice._replace(held_out=_mixed(pooled.choice.held_out, tested, weights, centre))
    fitted = pooled._replace(choice=choice, probability=probability)
    fits = tuple(one._replace(weight=float(of_own)) for one, (of_own, _) in zip(found, weights, strict=True))
    weight_of = {one.group: one.weight for one in fits}
    of_row = design.groups.code[design.distinct_of(np.arange(label.size))].astype(np.intp)
    n_rows, n_missing = (
        np.bincount(of_row[some], minlength=len(texts)) for some in (of_row >= 0, (of_row >= 0) & (label < 0))
    )
    columns = (column.tolist() for column in (n_rows, n_rows - n_missing, n_missing))
    own_weights = [weight_of.get(text, 0.0) for text in texts]
    return fitted, tuple(GroupOfRows(*cells) for cells in zip(texts, *columns, own_weights, strict=True)), fits


def narrowed(design: Design, rows: Integers) -> Design | None:
    """Give the design of some distinct rows, in units of their own; None where no predictor is left.

    What is constant among them is no predictor, and their labels are those that they hold (all, if they hold none).
    """
    label, weight = design.distinct.label[rows], design.distinct.weight[rows]
    counting = weight > 0.0
    if not counting.any():
        return None
    known = np.unique(label[label >= 0])
    labels = tuple(design.labels[k] for k in known) or design.labels
    label = np.where(label >= 0, np.searchsorted(known, label), -1)
    if design.weighed:
        weight = weight / weight[counting].mean()

    features, columns = [], []
    for j, feature in enumerate(design.features):
        values = design.distinct.x[rows, j]
        if not np.nanmax(values[counting], initial=-np.inf) - np.nanmin(values[counting], initial=np.inf) > CONSTANT:
            continue
        shift, scale = standardise(values, weight, column := np.empty(rows.size))
        columns.append(column)
        n_missing, shift = int(np.count_nonzero(np.isnan(values))), feature.shift + feature.scale * shift
        features.append(replace(feature, n_missing=n_missing, shift=shift, scale=feature.scale * scale))
    categories = tuple(
        replace(one, code=one.code[rows], n_missing=int(np.count_nonzero(one.code[rows] < 0)))
        for one in design.categories
        if np.unique(one.code[rows][counting & (one.code[rows] >= 0)]).size > 1
    )
    if not (features or categories):
        return None
    distinct = Rows(np.array(columns).reshape(len(columns), rows.size).T, label, weight)
    redundant = redundant_columns(distinct, sum(one.category is None for one in features))
    kept = [j for j in range(len(features)) if j not in redundant]
    distinct = distinct._replace(x=np.asfortranarray(distinct.x[:, kept]))
    index = None if design.index is None else np.repeat(np.arange(rows.size), weight.astype(np.intp))
    of_rows = label if index is None else label[index]
    same = None if design.same is None else replace(design.same, code=design.same.code[rows])
    used = tuple(features[j] for j in kept)
    return Design(labels, of_rows, used, (), distinct, index, categories, weighed=design.weighed, same=same)


def _tried(pooled: HeldOut | None, own: HeldOut | None) -> _Trial | None:
    """Find the labels that neither fit was shown; None where one of the fits was tested on no label."""
    if own is None or pooled is None:
        return None
    # Equal rows may have been merged; which of them is which does not matter.  The first of them that one fit was
    # tested on counts as the first that the other one was tested on.
    all_pairs, own_pairs = (held.row * (1 << 31) + _copies(held.row) for held in (pooled, own))
    _, of_all, of_own = np.intersect1d(all_pairs, own_pairs, assume_unique=True, return_indices=True)
    predicted = np.array([own.probability[of_own], pooled.probability[of_all]])
    right = predicted[:, np.arange(of_all.size), pooled.label[of_all]]
    return _Trial(of_all, predicted, np.maximum(right, LEAST_CHANCE)[:, None, :], pooled.weight[of_all])


def _weigh(trials: Sequence[_Trial | None]) -> tuple[list[Floats], Floats]:
    """Weigh each group's own fit and that of all rows, (2,) each; also give what all groups together say, (2,).

    That is the centre of each group's prior: where the groups are alike it says so from many rows, and the few of a
    group need not find it out once more.
    """
    tried = [one for one in trials if one is not None]
    if not tried:
        return [ALONE for _ in trials], ALONE
    weight = np.concatenate([one.weight for one in tried])
    centre = stack_weights(np.concatenate([one.chance for one in tried], axis=2), _scaled(weight))
    weights = [ALONE if one is None else stack_weights(one.chance, _scaled(one.weight), centre) for one in trials]
    return weights, centre


def _scaled(weight: Floats) -> Floats:
    return weight / weight.mean() if weight.size else weight


def _mixed(
    pooled: HeldOut | None, found: Sequence[tuple[Integers, _Trial | None]], weights: Sequence[Floats], centre: Floats
) -> HeldOut | None:
    """Give mixed predictions of labels that both fits of a group were tested on; `found` are its rows and trial."""
    if pooled is None:
        return None
    probability, kept = pooled.probability.copy(), np.ones(pooled.label.size, dtype=bool)
    for (rows, trial), weight in zip(found, weights, strict=True):
        if trial is None:
            continue
        kept[np.isin(pooled.row, rows)] = False
        kept[trial.held] = True
        n = trial.held.size
        parts = [(np.arange(n), weight)]
        if n >= N_FOLDS:  # by weights that did not see the label either
            parts = cross_fitted(trial.chance, _scaled(trial.weight), np.arange(n) % N_FOLDS, centre)
        for part, of_others in parts:
            probability[trial.held[part]] = np.einsum("c,cnk->nk", of_others, trial.predicted[:, part])
    if not kept.any():
        return pooled
    return HeldOut(pooled.label[kept], probability[kept], pooled.baseline[kept], pooled.row[kept], pooled.weight[kept])


def _fit_own(design: Design, rows: Integers, fit: Fit, group: str) -> GroupFit | None:
    """Fit a group by itself if it has enough labels, or if nobody has any.  The fit speaks of all labels."""
    label, weight = design.distinct.label[rows], design.distinct.weight[rows]
    nothing_known = not (design.distinct.label >= 0).any()
    count = np.bincount(label[label >= 0], (weight > 0.0 if design.weighed else weight)[label >= 0])
    if not nothing_known and np.count_nonzero(count >= ROWS_PER_LABEL) < MIN_LABELS:
        return None
    own = narrowed(design, rows)
    try:
        if own is None:
            raise FitError("no predictor is left", f"name other predictors with {option('features')}")
        n_rows = own.label.size if not own.weighed else own.counting.size
        if nothing_known and n_rows < len(own.labels):
            raise FitError(f"{len(own.labels)} labels cannot be found in {plural(n_rows, 'row')}", "ask for fewer")
        fitted = fit(own, lambda _stage, _detail: None)
    except (ColumnError, FitError) as error:
        if not nothing_known:
            return None
        by = None if design.groups is None else design.groups.name
        raise FitError(f"group {shown(group)} of column {by!r}: {error.message}", error.hint) from error
    place, n_labels, held = [design.labels.index(one) for one in own.labels], len(design.labels), fitted.choice.held_out
    if held is not None:
        probability, baseline = (over_labels(one, place, n_labels) for one in (held.probability, held.baseline))
        held = HeldOut(np.array(place)[held.label], probability, baseline, rows[held.row], held.weight)
    choice, probability = fitted.choice._replace(held_out=held), over_labels(fitted.probability, place, n_labels)
    return GroupFit(group, 0.0, rows, own, fitted._replace(choice=choice, probability=probability))


def _copies(row: Integers) -> Integers:
    """Count, for each row named, how often it was named before: (n_rows,)."""
    order = np.argsort(row, kind="stable")
    first = np.flatnonzero(np.diff(row[order], prepend=-1))
    copy = np.empty_like(row)
    copy[order] = np.arange(row.size) - np.repeat(first, np.diff(first, append=row.size))
    return copy
