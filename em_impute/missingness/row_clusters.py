"""Rows in clusters: copies of a record, near-copies, rows of one customer, whose labels are missing together.

A hidden row then has siblings among the rows that are learnt from and a row to fill has none, so that a fit knows more
of the hidden one.  A cluster matters only where that is so: rows that happen to be alike, or that share a key but lose
their labels one by one, leave rows to fill as many labelled siblings as hidden rows have.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np

from em_impute.columns.deduplicate import Key
from em_impute.em.blocks import Flags, Floats, Integers, Rows, slices
from em_impute.em.clustering import squared_distances
from em_impute.ensemble.folds import N_FOLDS
from em_impute.missingness.neighbours import find_clusters, points_of
from em_impute.missingness.regression import fit_shift, rate_of
from em_impute.table.columns import Codes

LEAST_GAP = 0.1
"""Share of hidden rows with siblings above that of rows to fill, below which nothing is done: a tenth more or fewer
rows in clusters moves no promise by as much as chance does."""

LEAST_LACKING = 3
"""Clusters wholly without a label, beyond what chance makes: fewer are two places that nobody has been to."""

P_VALUE = 1e-4
"""Chance that nothing odd is taken for cluster, for all candidates together; the bound that it is compared with is
above the probability itself."""

SAMPLE = 200_000
"""Rows among which none may be equal before all are compared."""

MOST_CLUSTERS, REFERENCE, N_NEAR = 300, 1500, 20
"""Clusters whose neighbourhood is looked at, the rows drawn to find it among, and how many of these make it up: the
rate of missing labels there may be far from what a regression says."""

BESIDE = 2
"""Values of a key on either side that tell whether labels are missing along it; only of numbers that are predictors."""

MIN_SHARE = 1e-12
PRIME = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ over the golden ratio: multiples of it are far apart (Knuth 6.4)


@dataclass(frozen=True)
class RowClusters:
    """Rows that belong together, and what share of them must be held out together."""

    name: str | None  # the column that says which rows do; None of copies and near-copies
    code: Integers  # (n_rows,) cluster of each row; rows alone have one of their own
    with_sibling_known: float  # share of the labelled rows that have another labelled row in their cluster
    with_sibling_missing: float  # share of the rows to fill that have a labelled row in theirs
    with_sibling_left: float
    """share of the labelled rows that have one left, where each is held out with a fifth of all rows"""
    is_near: bool = False  # rows are near, not equal: those to fill have clusters of their own, made to be as far off

    @property
    def gap(self) -> float:
        """By how much hidden rows would have siblings more often than rows to fill have."""
        return self.with_sibling_left - self.with_sibling_missing

    @property
    def kept_whole(self) -> float:
        """Share of the clusters that must go into one fold, so that hidden rows have siblings as seldom."""
        return float(np.clip(1.0 - self.with_sibling_missing / max(self.with_sibling_left, MIN_SHARE), 0.0, 1.0))


class _Rows(NamedTuple):
    """All rows, whether they lack a label, and how likely that was."""

    x: Floats  # (n_rows, n_features)
    lacks: Flags  # (n_rows,)
    weight: Floats  # (n_rows,)
    log_odds: Callable[[], Floats]  # gives those of lacking it, (n_rows,): of very many rows they are seldom asked for


def find_row_clusters(
    rows: Rows,
    codes: Integers,
    keys: Sequence[Key],
    log_odds_of: Callable[[slice], Floats],
    seed: int,
    observed: Flags | slice = slice(None),
) -> RowClusters | None:
    """Find the cluster that rows with a label have and rows to fill lack; None where nothing is odd.

    `rows` weigh as many equal ones as each stands for, `codes` are their categories, (n_rows, n_categories), and
    `log_odds_of` gives the log-odds of lacking a label by the predictors, but for a constant, of some rows.  Near rows
    are so by their `observed` features: the scores of a text differ between rows with and without a label.
    """
    x, label, weight = rows
    lacks, rng = label < 0, np.random.default_rng(seed)
    constant: Floats = np.broadcast_to(np.log(weight[lacks].sum() / weight[~lacks].sum()), label.shape)
    some = slice(None, None, max(1, label.size // REFERENCE))
    shift, _ = fit_shift(log_odds_of(some), lacks[some].astype(np.float64), weight[some])
    everyone = _Rows(x, lacks, weight, cache(lambda: log_odds_of(slice(None)) + shift))
    candidates = [count_siblings(name, key, lacks, weight) for name, key in keys]
    equal = _equal_rows(x, codes)
    if equal is None and (weight > 1.0).any():  # each row stands for all that equal it
        equal = np.arange(label.size)
    if equal is not None:
        candidates.append(count_siblings(None, equal, lacks, weight))
    level = P_VALUE / (len(keys) + 2)
    for one in sorted(candidates, key=lambda one: -one.gap):
        if one.gap < LEAST_GAP:
            break
        is_predictor = one.name is not None and _is_category(one.code, codes)
        looked_at = everyone._replace(log_odds=lambda: constant) if is_predictor else everyone
        if _lack_together(looked_at, one.code, level, is_key=one.name is not None, rng=rng):
            return one
    near = find_clusters(x[:, observed], label, weight, lambda: rate_of(everyone.log_odds()), 10.0 * level, rng)
    found = None if near is None else replace(count_siblings(None, near, lacks, weight), is_near=True)
    return None if found is None or found.gap < LEAST_GAP else found


def _equal_rows(x: Floats, codes: Integers) -> Integers | None:
    """Give one number to rows that agree in all predictors, (n_rows,), by 64-bit hashes; None where hardly any do."""
    mixed = np.zeros(x.shape[0], np.uint64)
    for some in slices(x.shape[0]):
        part = mixed[some]
        for column in [*x[some].T, *codes[some].T]:
            values = column + 0.0  # no −0
            values[np.isnan(values)] = np.nan  # one of its many forms
            part ^= values.view(np.uint64)
            part *= PRIME
            part ^= part >> np.uint64(29)
            part *= PRIME
            part ^= part >> np.uint64(32)
    # Of very many rows those with low hashes tell whether any are equal.
    low = mixed if mixed.size <= SAMPLE else mixed[mixed < np.uint64(2**64 * SAMPLE // mixed.size)]
    if np.diff(np.sort(low)).all():
        return None
    _, first, code = np.unique(mixed, return_index=True, return_inverse=True)
    return first.argsort().argsort()[code.reshape(-1)]  # by first rows: hashes differ between processors by last bits


def count_siblings(name: str | None, key: Codes, lacks: Flags, weight: Floats) -> RowClusters:
    """Count how many rows, (n_rows,), have labelled siblings: rows of the same `key`, −1 where a row is alone."""
    code = key.astype(np.intp)
    alone = np.flatnonzero(code < 0)
    code[alone] = int(code.max(initial=-1)) + 1 + np.arange(alone.size)
    n_clusters = int(code.max()) + 1
    both = np.bincount(2 * code + lacks, weight, 2 * n_clusters)
    known, lacking = both.reshape(n_clusters, 2).T  # (n_clusters,) each
    cluster = known > 1.0
    n_known, n_missing = max(known.sum(), 1.0), max(lacking.sum(), 1.0)
    # All others are held out with a row when each of them happens to be dealt into its fold.
    left = known[cluster] @ (1.0 - N_FOLDS ** (1.0 - known[cluster])) / n_known
    with_sibling = float(known[cluster].sum() / n_known), float(lacking[known > 0.0].sum() / n_missing)
    return RowClusters(name, code, *with_sibling, float(left))


def _lack_together(rows: _Rows, code: Integers, level: float, *, is_key: bool, rng: np.random.Generator) -> bool:
    """Tell whether more clusters lack a label wholly than would if rows lost it one by one."""
    log_rate = -np.logaddexp(0.0, -rows.log_odds())  # (n_rows,) of lacking a label
    n_clusters = int(code.max()) + 1
    size = np.bincount(code, rows.weight, n_clusters)
    n_known = np.bincount(code, rows.weight * ~rows.lacks, n_clusters)
    log_chance = np.bincount(code, rows.weight * log_rate, n_clusters)  # of lacking all
    if is_key and _is_number(code, rows.x):  # then the clusters before and after each have a rate of their own
        beside = np.repeat([1.0, 0.0, 1.0], [BESIDE, 1, BESIDE])
        n_all, n_lacking = (np.convolve(count, beside)[BESIDE:-BESIDE] for count in (size, size - n_known))
        rate = np.clip(n_lacking / np.maximum(n_all, 1.0), MIN_SHARE, 1.0)
        log_chance = np.maximum(log_chance, size * np.log(rate))
    cluster = np.flatnonzero(size > (0.0 if is_key else 1.0))
    none_known, log_chance, size = n_known[cluster] == 0.0, log_chance[cluster], size[cluster]
    if not _too_many(none_known, np.exp(log_chance), level):
        return False
    # Where more rows about a cluster lack a label than the regression expects, it is no cluster that it missed.
    drawn = np.arange(cluster.size)
    if cluster.size > MOST_CLUSTERS:
        drawn = rng.choice(cluster.size, MOST_CLUSTERS, replace=False)
    surplus = _surplus_about(rows, code, cluster[drawn], rng)  # (n_drawn,)
    of_one = log_chance[drawn] / size[drawn]
    raised = np.log(np.clip(np.exp(of_one) + np.maximum(surplus, 0.0), MIN_SHARE, 1.0)) * size[drawn]
    return _too_many(none_known[drawn], np.exp(raised), 10.0 * level)


def _too_many(found: Flags, chance: Floats, level: float) -> bool:
    """Tell whether more are found than independent chances, (n,) both, allow at a level: Bennett's inequality."""
    variance = float(chance @ (1.0 - chance)) + MIN_SHARE
    more = float(found.sum() - chance.sum())
    if more < LEAST_LACKING:
        return False
    u = more / variance
    return bool(variance * ((1.0 + u) * np.log1p(u) - u) > -np.log(level))


def _surplus_about(rows: _Rows, code: Integers, cluster: Integers, rng: np.random.Generator) -> Floats:
    """Say how many more rows near to some clusters lack a label than the regression expects, (n_clusters,)."""
    place = np.full(int(code.max()) + 1, -1)
    place[cluster] = np.arange(cluster.size)
    one = np.empty(cluster.size, np.intp)
    mine = rng.permutation(np.flatnonzero(place[code] >= 0))
    one[place[code[mine]]] = mine  # some row of each
    others = np.arange(code.size)
    if code.size > REFERENCE:
        others = rng.choice(code.size, REFERENCE, p=rows.weight / rows.weight.sum())
    points = points_of(rows.x[np.concatenate([one, others])])
    distance = squared_distances(points[: one.size], points[one.size :])  # (n_clusters, n_others)
    distance[code[one][:, None] == code[others]] = np.inf
    k = max(1, min(N_NEAR, others.size // 8))
    near = np.argpartition(distance, k, axis=1)[:, :k]
    residual = rows.lacks[others] - rate_of(rows.log_odds()[others])
    surplus: Floats = residual[near].mean(axis=1)
    return surplus


def _is_category(code: Integers, codes: Integers) -> bool:
    """Tell whether a key is one of the categories, with which a regression has explained all."""
    n_values = np.unique(code).size
    for category in codes.T:
        pairs = np.unique(code * (int(category.max(initial=0)) + 2) + category).size
        if pairs == n_values == np.unique(category[category >= 0]).size:
            return True
    return False


def _is_number(code: Integers, x: Floats) -> bool:
    """Tell whether a key is one of the numbers that predict: then its codes, in the order of the values, mean more."""
    some = np.unique(code[:REFERENCE], return_index=True)[1]
    return some.size > 1 and bool((np.diff(x[some], axis=0) > 0.0).all(axis=0).any())
