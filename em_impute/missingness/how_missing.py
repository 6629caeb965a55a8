"""Simulated missingness: known labels are hidden the way labels are missing, wherever a model is tried on them.

What fits say of labels that they have not seen serves the choice of the candidates, their weights, calibration, every
promise, and the audit.  It tells of the rows to fill only if hidden rows are like these: with the same gaps in their
predictors, in the same cluster, and with the same mix of predictors (covariate shift: Shimodaira 2000).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from em_impute.columns.design import Design
from em_impute.columns.gaps import Gaps, find_gaps
from em_impute.columns.labels import Labels
from em_impute.em.blocks import Flags, Floats, Integers, rows_by_code
from em_impute.ensemble.folds import Examples, HoldOutScheme
from em_impute.ensemble.metrics import as_effective, log_loss
from em_impute.errors import FitError
from em_impute.missingness.reasons import AT_RANDOM, BY_PREDICTORS, PRIOR, Judged, Reasons
from em_impute.missingness.regression import Missing, most_rows, rate_of, regress_missing
from em_impute.missingness.row_clusters import RowClusters, count_siblings, find_row_clusters

FAR = 3.0
"""A row to fill whose odds of lacking a label are e³ times those of every labelled row is like none of them."""


@dataclass(frozen=True)
class HowMissing:
    """How rows to fill differ from labelled rows, for the distinct rows of a design."""

    missing: Missing | None = None  # who lacks a label, by the predictors; None with too few rows of a kind
    gaps: Gaps | None = None
    """which predictors rows to fill show; None where labelled rows do not show others more often"""
    clusters: RowClusters | None = None
    """which rows lack their labels together, or are of one key; None where they do so one by one"""
    is_key: bool = False
    """rows of one cluster have one label: the fits must not rely on siblings, since fills ask these themselves"""

    @property
    def by_predictors(self) -> float:
        """Probability that the predictors, rather than chance, say which rows lack a label."""
        if self.missing is None:
            return 0.0
        return float(rate_of(np.log(PRIOR[BY_PREDICTORS] / PRIOR[AT_RANDOM]) + self.missing.log_evidence))

    def with_scheme(self, examples: Examples) -> Examples:
        """Say how the labels of examples are hidden; their origin, if they have one, is the design's distinct rows."""
        kept_whole = 0.0 if self.clusters is None else 1.0 if self.is_key else self.clusters.kept_whole
        scheme = HoldOutScheme(
            None if self.missing is None else self.missing.odds,
            self.by_predictors,
            None if self.gaps is None else self.gaps.hide,
            kept_whole,
        )
        if self.clusters is None:
            return examples._replace(scheme=scheme)
        code = self.clusters.code if examples.origin is None else self.clusters.code[examples.origin]
        return examples._replace(cluster=code, scheme=scheme)

    def beyond(self, design: Design) -> Flags:
        """Say which of the distinct rows without a label are like no labelled row, (n_unlabelled,).

        They show predictors that no labelled row shows together, or lie where next to no row has a label.
        """
        rows = design.distinct
        latent, known = np.flatnonzero(rows.label < 0), np.flatnonzero(rows.label >= 0)
        beyond = np.zeros(latent.size, dtype=bool)
        if self.gaps is not None:
            seen = np.hstack([~np.isnan(rows.x), design.codes >= 0])
            beyond |= self.gaps.beyond(seen[known], seen[latent])
        if self.missing is not None and self.by_predictors > 0.5:  # noqa: PLR2004
            far = [self.missing.log_odds_of(rows.x[kind], with_gaps=False) for kind in (known, latent)]
            beyond |= far[1] > far[0].max() + FAR
        return beyond


def how_missing(design: Design, seed: int) -> HowMissing:
    """Find how rows to fill differ from labelled rows."""
    missing, rows, same = regress_missing(design, seed), design.distinct, design.same
    weight = np.ones(rows.label.size) if design.weighed else np.asarray(rows.weight, np.float64)
    cluster = None if same is None else count_siblings(same.name, same.code, rows.label < 0, weight)
    if missing is None:
        return HowMissing(clusters=cluster, is_key=same is not None)
    drawn = missing.drawn
    seen = np.hstack([~np.isnan(design.x_of(drawn.row)), design.codes_of(drawn.row) >= 0])
    gaps = find_gaps(seen, drawn.lacks, drawn.weight)

    def log_odds_of(some: slice) -> Floats:
        return missing.log_odds_of(rows.x[some], with_gaps=True)

    if same is None:
        cluster = find_row_clusters(rows._replace(weight=weight), design.codes, design.keys, log_odds_of, seed)
    return HowMissing(missing, gaps, cluster, is_key=same is not None)


@dataclass(frozen=True)
class HeldOut:
    """Known labels, and the predictions of a fit that had not seen them."""

    label: Integers  # (n_rows,)
    probability: Floats  # (n_rows, n_labels)
    baseline: Floats  # (n_rows, n_labels), the shares of the labels that the fit had seen
    row: Integers
    """(n_rows,) distinct rows of the design that they are; one that stands for several may be there several times"""
    weight: Floats  # (n_rows,) how much each counts
    odds: Floats | None = None
    """(n_rows,) how much likelier than on average each is to lack its label, by its predictors; None: all alike"""
    cluster: Integers | None = None  # (n_rows,) rows that belong together; None: each for itself
    unlabelled: tuple[Integers, Floats] | None = None
    """what the same fits say of rows without a label, (n_asked,) as `row`, (n_asked, n_labels); None: nobody asked"""

    @property
    def log_loss(self) -> float:
        """Mean −log probability of the true label, in nats."""
        return log_loss(self.probability, self.label, self.weight)

    @property
    def baseline_accuracy(self) -> float:
        """The accuracy of always saying the most common label."""
        count = np.bincount(self.label, self.weight)
        return float(count.max() / count.sum())

    @property
    def baseline_log_loss(self) -> float:
        """The log-loss of the shares alone."""
        return log_loss(self.baseline, self.label, self.weight)


def judged_rows(design: Design, held: HeldOut) -> Judged | None:
    """Set labels held out beside rows without a label that the same fits predicted; None where one kind is lacking.

    What fits to all labels say would not do: they know more labels, and of a rare one so many more that they differ
    from the fits of the folds on rows that are alike.  A label that is known once never is held out, so that rows like
    it are all on one side: its rate cannot be told, and probabilities are those given that the label is another one.
    """
    if held.unlabelled is None or not (held.row.size and held.unlabelled[0].size):
        return None
    asked, said = held.unlabelled
    probability = np.maximum(np.vstack([held.probability, said]), np.finfo(float).tiny)
    probability[:, np.bincount(held.label, minlength=probability.shape[1]) == 0] = 0.0
    probability /= probability.sum(axis=1, keepdims=True)
    row = np.concatenate([held.row, asked])
    weight = np.concatenate([as_effective(held.weight), np.ones(asked.size)])
    lacks, most = np.arange(row.size) >= held.row.size, most_rows(len(design.features))
    kinds = [np.flatnonzero(kind) for kind in (~lacks, lacks)]  # of many rows some, all along the table
    some = np.concatenate([one[np.linspace(0, one.size - 1, min(one.size, most)).astype(np.intp)] for one in kinds])
    x = np.where(design.observed, design.distinct.x[row[some]], 0.0)  # see regress_missing
    return Judged(x, design.n_numbers, lacks[some], weight[some], probability[some])


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
    label = labels.label if weight is None else np.where(weight > 0.0, labels.label, -1)
    rows = rows_by_code(label, len(labels.labels))
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
