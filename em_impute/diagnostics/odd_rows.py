"""Rows that deserve a look: missing cells that are weakly founded, and known labels that look wrong.

Labels are never changed.  Up to some thousand labelled rows each was held out when the model was chosen, and what was
said of it then is what counts.  Of larger tables only a sample was.  There the fit of all rows judges the others: one
row among thousands hardly moves it.  Of 8,000 labels, 80 of them wrong, it found the same wrong ones as fits that had
not seen them.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.columns.design import Design
from em_impute.diagnostics.values import Audit, Suspect
from em_impute.em.blocks import Flags, Floats, Integers, draw_rows, slices
from em_impute.em.em import posterior
from em_impute.ensemble.ensemble import predict
from em_impute.model.column import FittedColumn
from em_impute.model.fit import examples_of
from em_impute.table.columns import Codes

ROWS_AT_ONCE = 1 << 16
"""Rows of which copies are made at a time."""


class Flagged(NamedTuple):
    """Rows of the table, 0-based and ascending, whose missing label is weakly founded."""

    outside: Integers  # (n_outside,) rows in which some number is beyond all rows with a label
    predictor: NDArray[np.intp]  # (n_outside,) the feature that is furthest beyond
    value: Floats  # (n_outside,) of that feature, in its own unit
    beyond: Floats  # (n_outside,) how far, in standard deviations
    without_predictors: Integers  # (n_without,) rows that show no predictor


def find_flagged(design: Design, row: Codes, scores: Collection[str] = ()) -> Flagged:
    """Mark those of the rows with a missing label, (n_missing,) ascending, that are weakly founded.

    A number is outside below the smallest and above the largest that rows with a label show, of those that count at
    all; one that no such row shows cannot be judged.  A category that is new says nothing, like a missing one.
    `scores` of texts are no measurements: those that surely mean a label have no end.
    """
    rows, (low, high) = design.distinct, _range_of_labelled(design, scores)
    latent, found, nothing = np.flatnonzero(rows.label < 0), [], [np.empty(0, np.intp)]
    for some in slices(latent.size, ROWS_AT_ONCE):
        at = latent[some]
        nothing.append(at[np.isnan(rows.x[at]).all(axis=1) & (design.codes[at] < 0).all(axis=1)])
        x = rows.x[at, : design.n_numbers]
        distance = np.nan_to_num(np.fmax(low - x, x - high), nan=0.0, neginf=0.0)
        outside = np.flatnonzero((distance > 0.0).any(axis=1))
        furthest = distance[outside].argmax(axis=1) if outside.size else outside
        found.append((at[outside], furthest, x[outside, furthest], distance[outside, furthest]))
    distinct, predictor, value, beyond = (np.concatenate(part) for part in zip(*found, strict=True))
    value = value * design.scale[predictor] + design.shift[predictor]
    outside, at = _rows_like(design, distinct, row)
    without_predictors, _ = _rows_like(design, np.concatenate(nothing), row)
    return Flagged(outside, predictor[at], value[at], beyond[at], without_predictors)


def _range_of_labelled(design: Design, scores: Collection[str]) -> tuple[Floats, Floats]:
    """Give the smallest and the largest of each number that rows with a label show, infinite where none is judged."""
    rows, n_numbers = design.distinct, design.n_numbers
    known = np.flatnonzero((rows.label >= 0) & (rows.weight > 0.0))
    low, high = np.full(n_numbers, np.inf), np.full(n_numbers, -np.inf)
    for some in slices(known.size, ROWS_AT_ONCE):
        x = rows.x[known[some], :n_numbers]
        low, high = np.fmin(low, np.fmin.reduce(x)), np.fmax(high, np.fmax.reduce(x))
    judged = (low <= high) & np.array([one.name not in scores for one in design.features[:n_numbers]], bool)
    return np.where(judged, low, -np.inf), np.where(judged, high, np.inf)


def copies_of(design: Design) -> Floats:
    """Say how many rows of the table each of the distinct rows is, (n_distinct,)."""
    return np.broadcast_to(1.0, design.distinct.label.size) if design.index is None else design.distinct.weight


def _rows_like(design: Design, distinct: Integers, among: Codes) -> tuple[Integers, Integers]:
    """Find which of some rows of the table equal some `distinct` ones: the rows, and which of these each equals."""
    if not distinct.size:
        return distinct, distinct
    place = np.full(design.distinct.label.size, -1, np.int32)
    place[distinct] = np.arange(distinct.size)
    at = place[design.distinct_of(among)]
    return among[at >= 0], at[at >= 0].astype(np.intp)


SUSPICIOUS = 0.05
"""A label less probable than that is listed: one in twenty, the usual mark of what should not happen by chance."""

LIKELIER = 10.0
"""… if some other label is at least so many times as probable.  With thirty labels and weak predictors every label is
improbable, and none suspicious."""

MAX_LISTED = 1000

JUDGED_ROWS = 50_000
"""Different rows that are judged beside those whose labels were held out."""

MAX_NUMBERS = 1 << 24
"""Probabilities that are held at once: so many rows of a thousand labels would fill the memory."""


class Judged(NamedTuple):
    """What is said of some known labels."""

    row: Integers  # (n_judged,) distinct rows of the design
    copies: Integers  # (n_judged,) rows of the table that each stands for
    own: Floats  # (n_judged,) probability of the label that the row has
    likely: Integers  # (n_judged,) the most probable label, a code of the design
    likely_probability: Floats  # (n_judged,)
    expected: Floats  # (n_judged,) probability that the right label would be a suspect


def audit_labels(found: FittedColumn) -> Audit | None:
    """List the known labels that look wrong.

    A row of weight 0, and the only row of its label, is not judged.  Equal rows with the same label are all suspects or
    none, a line each.  None where nothing could be held out.
    """
    judged, design = judge_labels(found), found.design
    if judged is None:
        return None
    suspicious = np.flatnonzero(_is_suspect(judged.own, judged.likely_probability))
    suspicious = suspicious[np.argsort(judged.own[suspicious], kind="stable")]
    up_to_here = np.cumsum(judged.copies[suspicious])
    listed = suspicious[: int(np.searchsorted(up_to_here, MAX_LISTED)) + 1]
    row, at = _rows_like(design, judged.row[listed], np.arange(design.label.size))
    at = listed[at]
    first = np.lexsort((row, judged.own[at]))[:MAX_LISTED]
    at, row = at[first], row[first]
    name = np.array(design.labels, dtype=object)
    columns = (row, name[design.label[row]], judged.own[at], name[judged.likely[at]], judged.likely_probability[at])
    n_judged, n_known = int(judged.copies.sum()), sum(found.labels.known)
    drawn_from = n_known if judged.row.size < np.count_nonzero(design.distinct.label >= 0) > JUDGED_ROWS else None
    return Audit(
        examined=n_judged,
        threshold=SUSPICIOUS,
        found=int(up_to_here[-1:].sum()),
        expected=float(judged.copies @ judged.expected),
        drawn_from=drawn_from,
        suspects=tuple(Suspect(*cells) for cells in zip(*(column.tolist() for column in columns), strict=True)),
    )


def judge_labels(found: FittedColumn) -> Judged | None:
    """Judge every known label, by fits that were not shown it where there are some; None where nothing was held out.

    Of groups with fits of their own only those rows are judged that were held out when these were weighed.
    """
    design, choice = found.design, found.fitted.choice
    if choice.held_out is None:
        return None
    label = design.distinct.label
    labelled = (label >= 0) & (design.distinct.weight > 0.0)
    known = np.flatnonzero(labelled)
    count = np.bincount(label[known], copies_of(design)[known])
    most_rows = min(JUDGED_ROWS, MAX_NUMBERS // len(design.labels))
    if known.size > most_rows:
        rng = np.random.default_rng(choice.recipe.seed)
        known = np.union1d(draw_rows(labelled, most_rows, rng), choice.held_out.row)
    known = known[count[label[known]] > 1]
    was_held = np.isin(known, choice.held_out.row)
    if design.groups is not None and found.groups is not None:
        own = np.array([group.own_weight > 0.0 for group in found.groups] + [False])  # the last one is that of −1
        known = known[was_held | ~own[design.groups.code[known]]]
    probability, place = np.zeros((known.size, len(design.labels))), np.full(label.size, -1)
    place[known] = np.arange(known.size)
    chosen = np.flatnonzero(place[choice.held_out.row] >= 0)  # a row may have been held out several times, or never
    np.add.at(probability, place[choice.held_out.row[chosen]], choice.held_out.probability[chosen])
    others = np.flatnonzero(~probability.any(axis=1))
    if found.ensemble is not None:  # by the fit of all rows
        probability[others] = predict(found.ensemble, examples_of(design).predictors.take(known[others]))
    else:
        probability[others] = posterior(*found.mixture[:2], design.distinct.x[known[others]])
    probability /= probability.sum(axis=1, keepdims=True)
    own, likely = probability[np.arange(known.size), label[known]], probability.argmax(axis=1)
    most = probability.max(axis=1)
    expected = np.where(_is_suspect(probability, most[:, None]), probability, 0.0).sum(axis=1)
    return Judged(known, copies_of(design)[known].astype(np.intp), own, likely, most, expected)


def _is_suspect(probability: Floats, likely: Floats) -> Flags:
    """Say whether a label of some `probability` is one, where the most probable label has the probability `likely`."""
    return (probability < SUSPICIOUS) & (likely >= LIKELIER * probability)
