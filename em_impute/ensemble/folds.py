"""Which labels are held out, and the rows that members are compared on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers, draw_by_weight, slices
from em_impute.ensemble.metrics import effective_rows
from em_impute.ensemble.transforms import Predictors

N_FOLDS = 5
REPEATS, REPEATS_BELOW = 3, 60
"""With fewer labelled rows than that the folds are drawn three times: one division would be a matter of luck."""

FLATTENED = 0.5
"""Power of the odds by which hidden rows are weighed where members are compared.  At 1 they are like rows to fill, but
all rests on few rows: a choice by few is worse than one by all (Shimodaira 2000, J. Stat. Plan. Inference 90)."""

SIMULATING, DEALING = 3, 4
"""Different purposes draw different numbers from one seed."""


@dataclass(frozen=True)
class HoldOutScheme:
    """How known labels are hidden when members are tried: the way labels are missing."""

    odds: Callable[[Floats], Floats] | None = None
    """By x (n_chosen, n_columns) of labelled rows, how much likelier than on average each is to lack its label."""
    by_predictors: float = 0.0  # Probability that such odds mean anything.
    hide: Callable[[Flags, Floats, np.random.Generator], Flags] | None = None
    """What rows that show so much, (n_chosen, n_columns + n_categories), and weigh so much still show when hidden."""
    kept_whole: float = 0.0  # Share of clusters whose labels are hidden all at a time.

    def weight(self, x: Floats) -> Floats:
        """Weigh hidden rows towards those that are like the rows to fill, for comparing members: (n_chosen,)."""
        if self.odds is None:
            return np.ones(x.shape[0])
        weight: Floats = 1.0 + self.by_predictors * (self.odds(x) ** FLATTENED - 1.0)
        return weight


class Examples(NamedTuple):
    """Rows, some of them labelled."""

    predictors: Predictors
    label: Integers  # (n_rows,), −1 where unknown
    weight: Floats  # (n_rows,), rows of the table that each stands for
    merged: bool = False  # weights count equal rows
    origin: Integers | None = None  # (n_rows,), what they were among the rows first taken from; None: these are they
    cluster: Integers | None = None  # (n_rows,), rows that belong together; None: each row for itself
    scheme: HoldOutScheme = HoldOutScheme()

    @property
    def numbers(self) -> Integers:
        """What the rows were among those first taken from, (n_rows,)."""
        return np.arange(self.label.size) if self.origin is None else self.origin

    def take(self, rows: Integers) -> "Examples":
        """Keep some rows; one that is named twice, as when merged rows are parted, has the same origin twice."""
        cluster = None if self.cluster is None else self.cluster[rows]
        return self._replace(
            predictors=self.predictors.take(rows),
            label=self.label[rows],
            weight=self.weight[rows],
            origin=self.numbers[rows],
            cluster=cluster,
        )


def like_missing(examples: Examples, seed: int) -> Predictors:
    """Give the predictors of rows as they are shown when their labels are hidden; rows without a label as they are."""
    predictors = examples.predictors
    if examples.scheme.hide is None:
        return predictors
    known = np.flatnonzero(examples.label >= 0)
    x, codes = predictors.x.copy(), predictors.codes.copy()
    seen = np.hstack([~np.isnan(x[known]), codes[known] >= 0])
    shown = examples.scheme.hide(seen, examples.weight[known], np.random.default_rng([seed, SIMULATING]))
    x[known] = np.where(shown[:, : x.shape[1]], x[known], np.nan)
    codes[known] = np.where(shown[:, x.shape[1] :], codes[known], -1)
    return predictors._replace(x=x, codes=codes)


def count_labels(examples: Examples, n_labels: int) -> Floats:
    """Add up the weights of the rows of each label, (n_labels,), some rows at a time."""
    count = np.zeros(n_labels + 1)  # the first one is that of −1
    for part in slices(examples.label.size):
        count += np.bincount(examples.label[part] + 1, examples.weight[part], n_labels + 1)
    return count[1:]


def shares_of_folds(examples: Examples, fold: Integers, n_labels: int) -> Floats:
    """Compute the labels' shares among the rows that are not in a fold: (n_folds, n_labels)."""
    shares = []
    for number in range(N_FOLDS):
        kept = (examples.label >= 0) & (fold != number)
        count = np.bincount(examples.label[kept], examples.weight[kept], n_labels)
        shares.append(count / count.sum())
    return np.array(shares)


def held_out(examples: Examples, seed: int, repeats: int = REPEATS) -> Flags:
    """Deal folds, `repeats` times if labelled rows are few, and mark what each fit must not see: (n_fits, n_rows).

    The last fit sees everything.
    """
    rng, label = np.random.default_rng(seed), examples.label
    n_labelled = int(np.count_nonzero(label >= 0))
    held = []
    for _ in range(repeats if n_labelled < REPEATS_BELOW else 1):
        fold = deal(label, rng, examples.cluster, examples.scheme.kept_whole)
        held += [fold == number for number in range(N_FOLDS)]
    return np.array([*held, np.zeros(label.size, dtype=bool)])


def draw_unlabelled(examples: Examples, most: int) -> Integers:
    """Draw at most so many rows without a label, evenly along the table, each as often as its weight has it."""
    latent = np.flatnonzero(examples.label < 0)
    weight = examples.weight[latent]
    if not weight.any():
        return latent[:0]
    n_drawn = min(most, round(weight.sum() if examples.merged else effective_rows(weight)))
    place = np.searchsorted(np.cumsum(weight), (np.arange(n_drawn) + 0.5) / n_drawn * weight.sum())
    drawn: Integers = latent[place]
    return drawn


def dealt_like(fold: Integers, n_rows: int, seed: int) -> Integers:
    """Deal so many other rows into folds, (n_rows,), in the proportions of `fold`, (n_held,)."""
    rng = np.random.default_rng([seed, DEALING])
    return rng.permutation(np.resize(rng.permutation(fold), n_rows))


def draw(examples: Examples, n_labelled: int, n_unlabelled: int, seed: int, *, apart: bool = False) -> Examples:
    """Draw so many rows of either kind at most; all of them where there are no more.

    The weights keep the balance: drawn labelled rows weigh 1 each, as a row held out does, or what the user says they
    weigh, and unlabelled ones so much that both kinds weigh against each other as they do in the table.  `apart` parts
    labelled rows that were merged, so that equal ones can be held out one by one; else labelled rows that were drawn
    weigh so much that labels weigh against each other as they do in the table (post-stratification).
    """
    rng = np.random.default_rng(seed)
    known = np.flatnonzero(examples.label >= 0)
    label, weight, scale = examples.label[known], examples.weight[known], 1.0
    all_weight, all_label = weight, label
    merged, parted = examples.merged, apart and examples.merged
    if (weight.sum() if parted else known.size) > n_labelled:
        # None twice unless they are merged, or one could be held out while its double is learnt from.
        chance = weight / weight.sum() if merged else None
        drawn = rng.choice(known.size, n_labelled, replace=merged, p=chance)
        drawn = np.sort(_with_every_label(drawn, label, weight, rng))
        known, weight = known[drawn], np.ones(n_labelled) if merged else weight[drawn]
        scale = all_weight.sum() / weight.sum()
    elif parted:
        known = np.repeat(known, weight.astype(np.intp))
        weight = np.ones(known.size)
    if scale != 1.0 and not apart:
        label = examples.label[known]
        of_all, of_drawn = np.bincount(all_label, all_weight), np.bincount(label, weight, all_label.max() + 1)
        balanced = weight * of_all[label] / of_drawn[label]
        weight = balanced * (weight.sum() / balanced.sum())  # where there are more labels than rows, some are left out
    latent = np.flatnonzero(examples.label < 0)
    drawn, latent_weight = draw_by_weight(examples.weight[latent] / scale, n_unlabelled, rng)
    taken = examples.take(np.concatenate([known, latent[drawn]]))
    return taken._replace(weight=np.concatenate([weight, latent_weight]))


def _with_every_label(drawn: Integers, label: Integers, weight: Floats, rng: np.random.Generator) -> Integers:
    """Exchange drawn rows whose label others have for one row of each label that none has."""
    lacking = np.flatnonzero((np.bincount(label) > 0) & (np.bincount(label[drawn], minlength=label.max() + 1) == 0))
    if not lacking.size:
        return drawn
    _, first = np.unique(label[drawn], return_index=True)
    spare = rng.permutation(np.setdiff1d(np.arange(drawn.size), first))[: lacking.size]
    drawn = drawn.copy()
    for place, value in zip(spare, lacking, strict=False):  # there may be more labels than rows
        rows = np.flatnonzero(label == value)
        drawn[place] = rng.choice(rows, p=weight[rows] / weight[rows].sum())
    return drawn


def deal(
    label: Integers, rng: np.random.Generator, cluster: Integers | None = None, kept_whole: float = 0.0
) -> Integers:
    """Deal the labelled rows into folds, as evenly by label as may be, (n_rows,).

    `cluster` (n_rows,) says which rows belong together; None: each row is for itself.  A random share `kept_whole` of
    the rows in clusters goes with all of its cluster into one fold, all other rows one by one.  −1 stands for rows that
    are never held out: those without a label, and a label's only one.
    """
    fold = np.full(label.size, -1)
    if cluster is not None and kept_whole > 0.0:
        whole = _choose_whole(label, cluster, kept_whole, rng)
        if whole.size:
            fold[whole] = _deal_whole(label[whole], cluster[whole], rng)
    n_labels = int(label.max()) + 1
    kept = fold >= 0
    size = np.bincount(fold[kept], minlength=N_FOLDS)  # (N_FOLDS,)
    dealt = 0
    for value in range(n_labels):
        mine = label == value
        there = np.bincount(fold[mine & kept], minlength=N_FOLDS)
        members = rng.permutation(np.flatnonzero(mine & ~kept))
        if members.size + there.sum() == 1:
            continue
        together = kept & mine & (np.count_nonzero(there) == 1)
        if members.size == 0 and together.any():  # no fit may lack a label if that can be avoided
            size -= there
            members, there = rng.permutation(np.flatnonzero(together)), np.zeros(N_FOLDS, np.intp)
        if there.any():
            fold[members] = _filling_up(there, size, members.size)
        else:
            fold[members] = (dealt + np.arange(members.size)) % N_FOLDS
            dealt += members.size
        size += np.bincount(fold[members], minlength=N_FOLDS)
    return fold


def _choose_whole(label: Integers, code: Integers, share: float, rng: np.random.Generator) -> Integers:
    """Draw clusters with a `share` of the rows in clusters: their rows, but for labels that are in one cluster only."""
    known = np.flatnonzero(label >= 0)
    _, cluster, n_known = np.unique(code[known], return_inverse=True, return_counts=True)
    cluster = cluster.reshape(-1)
    lowest = np.full(int(label.max()) + 1, n_known.size)
    np.minimum.at(lowest, label[known], cluster)
    highest = np.full(lowest.size, -1)
    np.maximum.at(highest, label[known], cluster)
    apart = (lowest == highest)[label[known]]  # (n_known,)
    n_known = np.where(n_known > 1, n_known, 0)
    order = rng.permutation(n_known.size)
    drawn_before = np.cumsum(n_known[order]) - 0.5 * n_known[order]
    chosen = np.zeros(n_known.size, dtype=bool)
    chosen[order] = drawn_before < share * n_known.sum()
    chosen &= n_known > 0
    together: Integers = known[chosen[cluster] & ~apart]
    return together


def _deal_whole(label: Integers, code: Integers, rng: np.random.Generator) -> Integers:
    """Put each cluster into the fold that has least of its labels, the largest first: (n_rows,)."""
    _, cluster = np.unique(code, return_inverse=True)
    cluster = cluster.reshape(-1)
    fold = np.empty(label.size, np.intp)
    order = np.argsort(cluster, kind="stable")
    size = np.bincount(cluster)
    stop = np.cumsum(size)
    there = np.zeros((N_FOLDS, int(label.max()) + 1))
    scarcity = 1.0 / np.bincount(label, minlength=there.shape[1]).clip(1)  # (n_labels,), else rare ones count little
    shuffled = rng.permutation(size.size)
    for one in shuffled[np.argsort(-size[shuffled], kind="stable")]:
        rows = order[stop[one] - size[one] : stop[one]]
        found, count = np.unique(label[rows], return_counts=True)
        crowded = there[:, found] @ (count * scarcity[found])  # (N_FOLDS,)
        fullest = there.sum(axis=1)
        best = np.lexsort((fullest, crowded))[0]
        there[best, found] += count
        fold[rows] = best
    return fold


def _filling_up(there: Integers, size: Integers, n: int) -> Integers:
    """Deal n rows of a label into the folds that have least of it, then least of all rows: (n,)."""
    lowest = np.sort(there)
    for m in range(1, there.size + 1):  # the m folds that have least come up to one level
        level = (n + int(lowest[:m].sum())) // m
        if m == there.size or level <= lowest[m]:
            break
    count = np.maximum(level - there, 0)  # (N_FOLDS,)
    count[np.lexsort((size, there > level))[: n - int(count.sum())]] += 1
    return np.repeat(np.arange(there.size), count)
