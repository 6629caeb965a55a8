"""Which known labels are hidden to see how right fills would be: the way labels are missing, or as the user says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from em_impute.columns.design import Design
from em_impute.columns.labels import Labels
from em_impute.em.blocks import Floats, Integers, rows_by_code
from em_impute.errors import FitError
from em_impute.missingness.reasons import Reasons
from em_impute.missingness.row_clusters import RowClusters

How = Literal["random", "stratified", "by-class"]

KEPT = 2
"""So many rows at least keep each label that has them: one alone could not be held out when the model is chosen."""

EVEN, MOST_HIDDEN = 0.5, 0.8
"""Probability that labels are lost by class from which on they are hidden so, and the most of a label that is."""

ODDS_RATIO = 4.0
"""By class, unless shares are named: the odds of being hidden of the last label, over those of the first."""


@dataclass(frozen=True)
class HoldOut:
    """Which known labels are hidden, and how often."""

    how: How = "stratified"
    """"random": any; "stratified": as large a share of every label; "by-class": a share of its own of every label."""
    share: float = 0.2  # Part of the known labels that is hidden each time, above 0 and below 1.
    of_label: tuple[tuple[str, float], ...] = ()
    """By class: labels and the parts of them that are hidden; of all others it is `share`."""
    repeats: int = 5


def hide(
    target: str, labels: Labels, weight: Floats | None, hold_out: HoldOut, rng: np.random.Generator
) -> list[Integers]:
    """Choose the rows to hide in each repeat, (n_hidden,) ascending; those of weight 0, (n_rows,), are let be.

    No row is hidden a second time before all others of its label were hidden once.  Raises FitError where no label
    is known in enough rows.
    """
    if not any(labels.known):
        hint = "label some rows: only known labels can show how right fills are"
        raise FitError(f"no label is known in column {target!r}: there is none to hide", hint)
    rows = rows_by_label(labels, weight)
    n_known = np.array([part.size for part in rows])
    share, room = shares_to_hide(labels, hold_out), np.maximum(n_known - KEPT, 0)
    if not share.any():
        raise FitError(f"no label of column {target!r} is to be hidden", "give some label a share above 0")
    if not room[share > 0.0].any():
        message = f"the labels of column {target!r} are too few to hide any: {KEPT} rows of each stay known"
        raise FitError(message, f"give at least one label {KEPT + 1} rows")
    numbers = np.minimum(_numbers_to_hide(n_known, share, hold_out, rng), room)
    numbers[~numbers.any(axis=1), np.argmax(room * (share > 0.0))] = 1  # a small share of few: at least one
    dealt = [_deal(part, numbers[:, k].tolist(), rng) for k, part in enumerate(rows)]
    return [np.sort(np.concatenate(parts)) for parts in zip(*dealt, strict=True)]


def as_lost(hold_out: HoldOut, design: Design, reasons: Reasons | None) -> HoldOut:
    """Hide labels at the rates at which they are lost, where these differ and the user named none.

    The rates are scaled so that as many labels are hidden in all.
    """
    if hold_out.how != "stratified" or reasons is None or reasons.by_class < EVEN:
        return hold_out
    known = np.bincount(design.label[design.label >= 0], minlength=reasons.rate.size)
    share = np.exp(reasons.shift - reasons.shift.max())
    share = np.minimum(share * hold_out.share * known.sum() / (share @ known), MOST_HIDDEN)
    named = zip(design.labels, share.tolist(), strict=True)
    return replace(hold_out, how="by-class", of_label=tuple(named))


def in_clusters(
    hidden: Sequence[Integers], labels: Labels, design: Design, cluster: RowClusters | None, rng: np.random.Generator
) -> list[Integers]:
    """Hide about as many rows as `hidden` does in each repeat, but clusters as wholly as they lack their labels.

    Of each label two rows stay known.
    """
    label = labels.label
    if cluster is None:
        return list(hidden)
    code = np.asarray(cluster.code)[design.distinct_of(np.arange(label.size))]
    found = []
    for rows in hidden:
        is_hidden, n_known = np.zeros(label.size, dtype=bool), np.array(labels.known)
        for one in rng.permutation(np.unique(code[label >= 0])):
            mine = np.flatnonzero((code == one) & (label >= 0))
            if rng.random() >= cluster.kept_whole:
                mine = mine[rng.random(mine.size) < rows.size / n_known.sum()]
            left = n_known - np.bincount(label[mine], minlength=n_known.size)
            if mine.size and (left >= np.minimum(KEPT, n_known)).all():
                is_hidden[mine], n_known = True, left
            if np.count_nonzero(is_hidden) >= rows.size:
                break
        chosen = np.flatnonzero(is_hidden)
        found.append(chosen if chosen.size else rows)
    return found


def shares_to_hide(labels: Labels, hold_out: HoldOut) -> Floats:
    """Say which part of each label is hidden, (n_labels,).

    By class without named shares the odds of being hidden grow from label to label in equal ratios.
    """
    n_labels = len(labels.labels)
    if hold_out.how != "by-class":
        return np.full(n_labels, hold_out.share)
    if hold_out.of_label:
        named = dict(hold_out.of_label)
        return np.array([named.get(text, hold_out.share) for text in labels.labels])
    odds = hold_out.share / (1.0 - hold_out.share) * ODDS_RATIO ** np.linspace(-0.5, 0.5, n_labels)
    return odds / (1.0 + odds)


def without(labels: Labels, rows: Integers) -> Labels:
    """Hide the labels of some rows."""
    label = labels.label.copy()
    label[rows] = -1
    known = np.bincount(label[label >= 0], minlength=len(labels.labels))
    return replace(labels, label=label, known=tuple(known.tolist()))


def rows_by_label(labels: Labels, weight: Floats | None) -> list[Integers]:
    """List the rows of each label that may be hidden."""
    label = labels.label if weight is None else np.where(weight > 0.0, labels.label, -1)
    return rows_by_code(label, len(labels.labels))


def _numbers_to_hide(n_known: Integers, share: Floats, hold_out: HoldOut, rng: np.random.Generator) -> Integers:
    """Say how many rows of each label each repeat hides, (n_repeats, n_labels)."""
    if hold_out.how == "random":
        n_hidden = max(1, round(hold_out.share * int(n_known.sum())))
        return rng.multivariate_hypergeometric(n_known, n_hidden, hold_out.repeats).astype(np.intp, copy=False)
    # Rounded so that the sum over the repeats is rounded too: two fifths of a row are two rows in five repeats.
    so_far = np.floor(rng.random(n_known.size) + np.arange(hold_out.repeats + 1)[:, None] * share * n_known)
    numbers: Integers = np.diff(so_far, axis=0).astype(np.intp)
    return numbers


def _deal(rows: Integers, numbers: Sequence[int], rng: np.random.Generator) -> Iterator[Integers]:
    """Deal so many rows at a time from a deck, none twice at a time, and none again before all others were dealt."""
    deck = rng.permutation(rows)
    for number in numbers:
        drawn, deck = deck[:number], deck[number:]
        if drawn.size < number:
            again = rng.permutation(np.setdiff1d(rows, drawn))
            lacking = number - drawn.size
            deck = rng.permutation(np.concatenate([again[lacking:], drawn]))
            drawn = np.concatenate([drawn, again[:lacking]])
        yield drawn
