"""How right the fills would be: hide known labels -> fill them -> compare with what they were, again and again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Literal

import numpy as np

from em_impute.completion import Opened
from em_impute.design import Design, make_design
from em_impute.engine.blocks import Floats, Integers
from em_impute.errors import DesignError, FitError
from em_impute.impute import Watch, fit_column
from em_impute.labels import Labels, read_labels
from em_impute.learnt import FittedColumn
from em_impute.metrics import accuracy, effective_rows, overdispersion, wilson_interval
from em_impute.request import Request
from em_impute.table.text import listed, shown

__all__ = [
    "LABELS_ONLY",
    "MAJORITY",
    "MODEL",
    "Evaluation",
    "Hiding",
    "How",
    "evaluate",
    "evaluate_all",
    "hide",
    "shares_to_hide",
    "without",
]

How = Literal["random", "stratified", "by-class"]

MODEL, LABELS_ONLY, MAJORITY = "em_impute", "labels_only", "majority"
"""What is compared: the fills; the same model where rows without a label teach nothing; the shares of the labels."""

KEPT = 2
"""So many rows at least keep each label that has them: one alone could not be held out when the model is chosen."""

ODDS_RATIO = 4.0
"""By class, unless shares are named: the odds of being hidden of the last label, over those of the first."""


@dataclass(frozen=True)
class Hiding:
    """Which known labels are hidden, and how often."""

    how: How = "stratified"
    """"random": any; "stratified": as large a share of every label; "by-class": a share of its own of every label."""
    share: float = 0.2
    """Part of the known labels that is hidden each time, above 0 and below 1."""
    of_label: tuple[tuple[str, float], ...] = ()
    """By class: labels and the parts of them that are hidden; of all others it is `share`."""
    repeats: int = 5


@dataclass(frozen=True)
class Evaluation:
    """Labels that were hidden, those of all repeats one after the other, and what was said of them."""

    target: str
    """The name of the column."""
    labels: Labels
    """As the file has them."""
    hiding: Hiding
    share: Floats
    """(n_labels,) part of each label that was to be hidden"""
    row: Integers
    """(n_hidden,) row of the table"""
    repeat: Integers
    """(n_hidden,) from 0"""
    label: Integers
    """(n_hidden,) the label that was hidden"""
    probability: Mapping[str, Floats]
    """(n_hidden, n_labels) by `MODEL`, `LABELS_ONLY` (lacking where labelled rows alone do not suffice), `MAJORITY`"""
    weight: Floats | None
    """(n_hidden,) how much each row counts as the user says; None counts all alike"""
    like_missing: Floats | None
    """(n_hidden,) how much each counts if the hidden rows are to be as the missing ones; None where none is missing"""
    design: Design
    """Of the last repeat."""
    seconds: float

    def rows(self, weight: Floats | None) -> float:
        """Count the rows that figures rest on, where each of the (n_hidden,) weighs `weight`.

        A row that was hidden several times is one row, however often it was asked: what is said of it hardly differs
        between repeats, so that its answers are taken as one, of the weight of all (Kish).  More repeats than it takes
        to hide every row once therefore narrow no interval.
        """
        _, place = np.unique(self.row, return_inverse=True)
        return effective_rows(np.bincount(place, weight).astype(np.float64, copy=False))

    def interval(self, name: str, weight: Floats | None) -> tuple[float, float]:
        """Give the 95 % interval of an accuracy, that of `probability[name]` weighed by `weight` (n_hidden,).

        It is Wilson's for so many `rows`: how far chance in which rows are known may lead.  Where one fit is markedly
        better than another, the repeats vary more than chance allows, and the interval is widened by what that leaves
        in the mean of so many fits.  It says nothing of missing rows that are unlike the known ones.
        """
        said = self.probability[name]
        excess = overdispersion(said.argmax(axis=1) == self.label, self.repeat) - 1.0
        asked = self.row.size if weight is None else effective_rows(weight)
        rows = 1.0 / (1.0 / self.rows(weight) + excess / asked)
        return wilson_interval(accuracy(said, self.label, weight), rows)


def evaluate_all(opened: Opened, request: Request, hiding: Hiding, watch: Watch) -> list[Evaluation]:
    """Evaluate every column that was asked for, each on its own.

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
            f"--hide-label names {shown(unknown[0])}, which no row of column {where} holds",
            f"labels in the file are {listed([repr(text) for text in sorted(held)])}",
        )
    return [evaluate(opened, column, labels, request, hiding, watch) for column, labels in read.items()]


def evaluate(opened: Opened, column: int, labels: Labels, request: Request, hiding: Hiding, watch: Watch) -> Evaluation:
    """Hide some known labels of a column, fit as `fill` would without them, look up what they would be; repeat."""
    began = perf_counter()
    target = opened.names[column]
    hidden = hide(target, labels, opened.weight, hiding, np.random.default_rng([request.seed, column]))
    said: dict[str, list[Floats]] = {MODEL: [], LABELS_ONLY: [], MAJORITY: []}
    for number, rows in enumerate(hidden):
        left = without(labels, rows)
        tell = _progress(watch, number, len(hidden))
        found = fit_column(opened, column, left, request, tell)
        said[MODEL].append(found.probability_of(rows))
        said[MAJORITY].append(np.tile(_shares(left, opened.weight), (rows.size, 1)))
        alone = _fit_labels_only(opened, column, left, request, tell)
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
        None if opened.weight is None else opened.weight[row],
        _like_missing(opened, labels, request, row),
        found.design,
        perf_counter() - began,
    )


def hide(
    target: str, labels: Labels, weight: Floats | None, hiding: Hiding, rng: np.random.Generator
) -> list[Integers]:
    """Choose the rows to hide in each repeat, (n_hidden,) ascending; those of weight 0, (n_rows,), are let be.

    No row is hidden a second time before all others of its label were hidden once.  Raises FitError where no label
    is known in enough rows.
    """
    if not any(labels.known):
        raise FitError(
            f"no label is known in column {target!r}: there is none to hide",
            "label some rows: only known labels can show how right fills are",
        )
    rows = _rows_by_label(labels, weight)
    n_known = np.array([part.size for part in rows])
    share, room = shares_to_hide(labels, hiding), np.maximum(n_known - KEPT, 0)
    if not share.any():
        raise FitError(f"of no label of column {target!r} a share is to be hidden", "give some label a share above 0")
    if not room[share > 0.0].any():
        raise FitError(
            f"the labels of column {target!r} are too few to hide any: {KEPT} rows of each stay known",
            f"label {KEPT + 1} rows or more of some kind",
        )
    numbers = np.minimum(_numbers_to_hide(n_known, share, hiding, rng), room)
    numbers[~numbers.any(axis=1), np.argmax(room * (share > 0.0))] = 1  # a small share of few: at least one
    dealt = [_deal(part, numbers[:, k].tolist(), rng) for k, part in enumerate(rows)]
    return [np.sort(np.concatenate(parts)) for parts in zip(*dealt, strict=True)]


def shares_to_hide(labels: Labels, hiding: Hiding) -> Floats:
    """Say which part of each label is hidden, (n_labels,).

    By class without named shares the odds of being hidden grow from label to label in equal ratios.
    """
    n_labels = len(labels.labels)
    if hiding.how != "by-class":
        return np.full(n_labels, hiding.share)
    if hiding.of_label:
        named = dict(hiding.of_label)
        return np.array([named.get(text, hiding.share) for text in labels.labels])
    odds = hiding.share / (1.0 - hiding.share) * ODDS_RATIO ** np.linspace(-0.5, 0.5, n_labels)
    return odds / (1.0 + odds)


def without(labels: Labels, rows: Integers) -> Labels:
    """Hide the labels of some rows."""
    label = labels.label.copy()
    label[rows] = -1
    known = np.bincount(label[label >= 0], minlength=len(labels.labels))
    return replace(labels, label=label, known=tuple(known.tolist()))


def _rows_by_label(labels: Labels, weight: Floats | None) -> list[Integers]:
    """List the rows of each label that may be hidden."""
    label = labels.label if weight is None else np.where(weight > 0.0, labels.label, -1)
    order = np.argsort(label, kind="stable")
    ends = np.searchsorted(label[order], np.arange(len(labels.labels) + 1))
    return np.split(order, ends)[1:-1]


def _numbers_to_hide(n_known: Integers, share: Floats, hiding: Hiding, rng: np.random.Generator) -> Integers:
    """Say how many rows of each label each repeat hides, (n_repeats, n_labels)."""
    if hiding.how == "random":
        n_hidden = max(1, round(hiding.share * int(n_known.sum())))
        return rng.multivariate_hypergeometric(n_known, n_hidden, hiding.repeats).astype(np.intp, copy=False)
    # Rounded so that the sum over the repeats is rounded too: two fifths of a row are two rows in five repeats.
    so_far = np.floor(rng.random(n_known.size) + np.arange(hiding.repeats + 1)[:, None] * share * n_known)
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


def _progress(watch: Watch, number: int, total: int) -> Watch:
    """Show which repeat it is rather than the stages of its fit, which are named beside it."""
    return lambda stage, _share, detail: watch(
        f"repeat {number + 1} of {total}", number / total, f"{stage} {detail}".rstrip()
    )


def _shares(labels: Labels, weight: Floats | None) -> Floats:
    """Compute the shares of the known labels, (n_labels,)."""
    known = labels.label >= 0
    count = np.bincount(labels.label[known], None if weight is None else weight[known], len(labels.labels))
    shares: Floats = count / count.sum()
    return shares


def _fit_labels_only(
    opened: Opened, column: int, labels: Labels, request: Request, watch: Watch
) -> FittedColumn | None:
    """Fit the same model where rows without a label have the weight 0: they teach nothing, but are filled.

    None where the rows that have labels show too little by themselves, such as no number that varies.
    """
    weight = np.where(labels.label >= 0, 1.0 if opened.weight is None else opened.weight, 0.0)
    weight /= weight[weight > 0.0].mean()
    try:
        return fit_column(replace(opened, weight=weight), column, labels, request, watch)
    except FitError:
        return None


def _like_missing(opened: Opened, labels: Labels, request: Request, row: Integers) -> Floats | None:
    """Weigh the hidden rows (n_hidden,) so that they are to be expected like the rows that are really missing.

    That takes the odds that a row with such predictors is missing.  Where labels are hidden more often in one class
    than in another, its rows count less by as much.  None where nothing is missing.
    """
    from em_impute.findings.missingness import missing_odds

    missing = labels.label < 0
    if not (missing if opened.weight is None else missing & (opened.weight > 0.0)).any():
        return None
    design = make_design(
        labels,
        opened.columns,
        opened.categories,
        explicit=bool(request.features),
        with_categories=not request.names_one_mixture,
        weight=opened.weight,
        groups=opened.groups,
    )
    label = labels.label[row]
    n_known = np.array([part.size for part in _rows_by_label(labels, opened.weight)])
    weight: Floats = missing_odds(design, row) * n_known[label] / np.bincount(label)[label]
    if opened.weight is not None:
        weight = weight * opened.weight[row]
    return weight if 0.0 < weight.sum() < np.inf else None
