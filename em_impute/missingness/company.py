"""Rows in company: copies of a record, near-copies, rows of one customer, whose labels are missing together.

A hidden row then has siblings among the rows that are learnt from and a row to fill has none, so that a fit knows more
of the hidden one.  Company matters only where that is so: rows that happen to be alike, or that share a key but lose
their labels one by one, leave rows to fill as many labelled siblings as hidden rows have.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from em_impute.em.blocks import Floats, Integers
from em_impute.ensemble.folds import N_FOLDS
from em_impute.missingness.neighbours import find_clusters, points_of, squared_distances
from em_impute.table.arrays import Codes
from em_impute.table.keys import Key

__all__ = ["Company", "find_company"]

LEAST_GAP = 0.1
"""Share of hidden rows with siblings above that of rows to fill, below which nothing is done: a tenth more or fewer
rows in company moves no promise by as much as chance does."""

LEAST_LACKING = 3
"""Companies wholly without a label, beyond what chance makes: fewer are two places that nobody has been to."""

P_VALUE = 1e-4
"""Chance that nothing odd is taken for company, for all candidates together; the bound that it is compared with is
above the probability itself."""

SAMPLE = 200_000
"""Different rows among which copies are looked for: more say the same of how their labels are missing."""

MOST_COMPANIES, REFERENCE, N_NEAR = 300, 1500, 20
"""Companies whose neighbourhood is looked at, the rows drawn to find it among, and how many of these make it up: the
rate of missing labels there may be far from what a regression says."""

BESIDE = 2
"""Values of a key on either side that tell whether labels are missing along it; only of numbers that are predictors."""

MIN_SHARE = 1e-12
PRIME = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ over the golden ratio: multiples of it are far apart (Knuth 6.4)


@dataclass(frozen=True)
class Company:
    """Rows that belong together, and what share of them must be held out together."""

    name: str | None
    """the column that says which rows do; None of copies and near-copies"""
    code: Integers
    """(n_rows,) company of each row; rows alone have one of their own"""
    with_sibling_known: float
    """share of the labelled rows that have another labelled row in their company"""
    with_sibling_missing: float
    """share of the rows to fill that have a labelled row in theirs"""
    kept_whole: float
    """share of the companies that must go into one fold, so that as many hidden rows have siblings left"""


class _Shares(NamedTuple):
    """How many rows have labelled siblings."""

    known: float  # of the labelled rows
    missing: float  # of the rows to fill
    left: float  # of the labelled rows, where each is held out with a fifth of all rows

    @property
    def gap(self) -> float:
        """By how much hidden rows would have siblings more often than rows to fill have."""
        return self.left - self.missing

    @property
    def kept_whole(self) -> float:
        """Share of the companies that must be held out whole for hidden rows to have siblings as seldom."""
        return float(np.clip(1.0 - self.missing / max(self.left, MIN_SHARE), 0.0, 1.0))


class _Rows(NamedTuple):
    """All rows, whether they lack a label, and how likely that was."""

    x: Floats  # (n_rows, n_features)
    lacks: NDArray[np.bool_]  # (n_rows,)
    weight: Floats  # (n_rows,)
    log_odds: Floats  # (n_rows,) of lacking it

    def take(self, rows: Integers) -> "_Rows":
        return _Rows(self.x[rows], self.lacks[rows], self.weight[rows], self.log_odds[rows])


class _Candidate(NamedTuple):
    """Companies that may matter."""

    name: str | None
    rows: Integers | None  # (n_chosen,) those rows that were looked at; None: all
    code: Integers  # (n_chosen,)
    shares: _Shares


def find_company(
    x: Floats,
    codes: Integers,
    label: Integers,
    weight: Floats,
    keys: Sequence[Key] = (),
    log_odds: Floats | None = None,
    seed: int = 0,
) -> Company | None:
    """Find the company that rows with a label have and rows to fill lack; None where nothing is odd.

    `x` (n_rows, n_features) are standardised predictors, NaN where missing, `codes` (n_rows, n_categories) categories,
    `label` (n_rows,) −1 where unknown, `weight` (n_rows,) how many equal rows each stands for, and `log_odds` (n_rows,)
    those of lacking a label by the predictors, without which all rows have one rate.
    """
    lacks = label < 0
    n_known, n_missing = float(weight[~lacks].sum()), float(weight[lacks].sum())
    if not (n_known and n_missing):
        return None
    rng = np.random.default_rng(seed)
    constant = np.broadcast_to(np.log(n_missing / n_known), label.shape)
    rows = _Rows(x, lacks, weight, _calibrated(log_odds, lacks, weight) if log_odds is not None else constant)
    candidates = [one for one in _candidates(x, codes, rows, keys) if one.shares.gap >= LEAST_GAP]
    level = P_VALUE / (len(keys) + 2)
    for one in sorted(candidates, key=lambda one: -one.shares.gap):
        is_predictor = one.name is not None and _is_category(one.code, codes)
        some = rows._replace(log_odds=constant) if is_predictor else rows
        some = some if one.rows is None else some.take(one.rows)
        if _lack_together(some, one.code, level, with_single=one.name is not None, rng=rng):
            code = one.code if one.rows is None else _equal_rows(x, codes, np.arange(label.size))
            return Company(one.name, code, one.shares.known, one.shares.missing, one.shares.kept_whole)
    return _near_copies(rows, label, 10.0 * level, rng)


def _candidates(x: Floats, codes: Integers, rows: _Rows, keys: Sequence[Key]) -> Iterator[_Candidate]:
    """Yield the companies of each key, and those of equal rows."""
    for name, key in keys:
        code = _alone_where_missing(key)
        yield _Candidate(name, None, code, _shares(code, rows))
    chosen = None if rows.lacks.size <= SAMPLE else _some_with_all_equals(x, codes)
    code = _equal_rows(x, codes, np.arange(rows.lacks.size) if chosen is None else chosen)
    yield _Candidate(None, chosen, code, _shares(code, rows if chosen is None else rows.take(chosen)))


def _alone_where_missing(key: Codes) -> Integers:
    """Give rows without a value of the key a company of their own, (n_rows,)."""
    code = key.astype(np.intp)
    missing = np.flatnonzero(code < 0)
    code[missing] = int(code.max(initial=-1)) + 1 + np.arange(missing.size)
    return code


def _shares(code: Integers, rows: _Rows) -> _Shares:
    """Count labelled siblings."""
    n_companies = int(code.max()) + 1
    both = np.bincount(2 * code + rows.lacks, rows.weight, 2 * n_companies)
    known, lacking = both.reshape(n_companies, 2).T  # (n_companies,) each
    company = known > 1.0
    n_known, n_missing = max(known.sum(), 1.0), max(lacking.sum(), 1.0)
    # All others are held out with a row when each of them happens to be dealt into its fold.
    left = known[company] @ (1.0 - N_FOLDS ** (1.0 - known[company])) / n_known
    return _Shares(float(known[company].sum() / n_known), float(lacking[known > 0.0].sum() / n_missing), float(left))


# Are labels missing together?


def _calibrated(log_odds: Floats, lacks: NDArray[np.bool_], weight: Floats) -> Floats:
    """Shift log-odds so that as many rows lack a label as they say: (n_rows,)."""
    some = slice(None, None, max(1, lacks.size // REFERENCE))
    odds, outcome, counts = log_odds[some], lacks[some], weight[some]
    shift = 0.0
    for _ in range(10):
        rate = _rate(odds + shift)
        slope = float(counts @ (rate * (1.0 - rate))) + 1e-3 * float(counts.sum())
        shift += float(np.clip(counts @ (outcome - rate) / slope, -1.0, 1.0))
    shifted: Floats = log_odds + shift
    return shifted


def _rate(log_odds: Floats) -> Floats:
    rate: Floats = 0.5 + 0.5 * np.tanh(0.5 * log_odds)
    return rate


def _lack_together(rows: _Rows, code: Integers, level: float, *, with_single: bool, rng: np.random.Generator) -> bool:
    """Tell whether more companies lack a label wholly than would if rows lost it one by one.

    First by the rate of missing labels that the regression gives each row, then, for some of them, by that of the rows
    about them as well, where it is higher: then what a regression misses is no company.
    """
    log_rate = -np.logaddexp(0.0, -rows.log_odds)  # (n_rows,) of lacking a label
    n_companies = int(code.max()) + 1
    size = np.bincount(code, rows.weight, n_companies)
    none_known = np.bincount(code, rows.weight * ~rows.lacks, n_companies) == 0.0
    log_chance = np.bincount(code, rows.weight * log_rate, n_companies)  # of lacking all
    if with_single and _is_number(code, rows.x):
        log_chance = np.maximum(log_chance, size * np.log(_rate_beside(size, code, rows)))
    company = np.flatnonzero(size > (0.0 if with_single else 1.0))
    none_known, log_chance = none_known[company], log_chance[company]
    if not _too_many(none_known, np.exp(log_chance), level):
        return False
    drawn = np.arange(company.size)
    if company.size > MOST_COMPANIES:
        drawn = rng.choice(company.size, MOST_COMPANIES, replace=False)
    surplus = _surplus_about(rows, code, company[drawn], rng)  # (n_drawn,)
    of_one = log_chance[drawn] / size[company[drawn]]
    raised = np.log(np.clip(np.exp(of_one) + np.maximum(surplus, 0.0), MIN_SHARE, 1.0)) * size[company[drawn]]
    return _too_many(none_known[drawn], np.exp(raised), 10.0 * level)


def _too_many(found: NDArray[np.bool_], chance: Floats, level: float) -> bool:
    """Tell whether more are found than independent chances, (n,) both, allow at a level: Bennett's inequality."""
    variance = float(chance @ (1.0 - chance)) + MIN_SHARE
    more = float(found.sum() - chance.sum())
    if more < LEAST_LACKING:
        return False
    u = more / variance
    return bool(variance * ((1.0 + u) * np.log1p(u) - u) > -np.log(level))


def _rate_beside(size: NDArray[Any], code: Integers, rows: _Rows) -> Floats:
    """Compute the rate of missing labels in the companies before and after each, in their order: (n_companies,)."""
    lacking = np.bincount(code, rows.weight * rows.lacks, size.size)
    beside = np.repeat([1.0, 0.0, 1.0], [BESIDE, 1, BESIDE])
    of_all, of_lacking = (np.convolve(count, beside)[BESIDE:-BESIDE] for count in (size, lacking))
    rate: Floats = np.clip(of_lacking / np.maximum(of_all, 1.0), MIN_SHARE, 1.0)
    return rate


def _surplus_about(rows: _Rows, code: Integers, company: Integers, rng: np.random.Generator) -> Floats:
    """Say how many more rows near to some companies lack a label than the regression expects, (n_companies,)."""
    place = np.full(int(code.max()) + 1, -1)
    place[company] = np.arange(company.size)
    one = np.empty(company.size, np.intp)
    mine = (
        rng.permutation(np.flatnonzero(place[code] >= 0)) if code.size <= SAMPLE else np.flatnonzero(place[code] >= 0)
    )
    one[place[code[mine]]] = mine  # some row of each
    others = np.arange(code.size)
    if code.size > REFERENCE:
        others = rng.choice(code.size, REFERENCE, p=rows.weight / rows.weight.sum())
    points = points_of(rows.x[np.concatenate([one, others])])
    distance = squared_distances(points[: one.size], points[one.size :])  # (n_companies, n_others)
    distance[code[one][:, None] == code[others]] = np.inf
    k = max(1, min(N_NEAR, others.size // 8))
    near = np.argpartition(distance, k, axis=1)[:, :k]
    residual = rows.lacks[others] - _rate(rows.log_odds[others])
    surplus: Floats = residual[near].mean(axis=1)
    return surplus


# Which rows are equal?


def _equal_rows(x: Floats, codes: Integers, chosen: Integers) -> Integers:
    """Give one number to rows that agree in all predictors, (n_chosen,): their bits are hashed to 64."""
    _, code = np.unique(_hashed([*x.T, *codes.T], chosen), return_inverse=True)
    return code.reshape(-1)


def _some_with_all_equals(x: Floats, codes: Integers) -> Integers:
    """Choose about `SAMPLE` rows so that with a row all that equal it are chosen: by a hash of two predictors."""
    columns = sorted([*x.T, *codes.T], key=lambda column: -np.unique(column[:REFERENCE]).size)[:2]
    part = np.uint64(2**32 * SAMPLE // x.shape[0])
    return np.flatnonzero(_hashed(columns, None) >> np.uint64(32) < part)


def _hashed(columns: Sequence[NDArray[Any]], chosen: Integers | None) -> NDArray[np.uint64]:
    """Mix the bits of some columns, one number for each row: (n_rows,), or (n_chosen,) of those `chosen`."""
    mixed = np.zeros(1, np.uint64)
    for column in columns:
        values = (column if chosen is None else column[chosen]) + 0.0  # no −0
        values[np.isnan(values)] = np.nan  # one of its many forms
        mixed = (values.view(np.uint64) ^ mixed) * PRIME
        mixed ^= mixed >> np.uint64(29)
        mixed *= PRIME
        mixed ^= mixed >> np.uint64(32)
    return mixed


def _is_category(code: Integers, codes: Integers) -> bool:
    """Tell whether a key is one of the categories, with which a regression has explained all."""
    some = slice(SAMPLE)
    n_values = np.unique(code[some]).size
    for category in codes[some].T:
        width = int(category.max(initial=0)) + 2
        pairs = np.unique(code[some] * width + category).size
        if pairs == n_values == np.unique(category[category >= 0]).size:
            return True
    return False


def _is_number(code: Integers, x: Floats) -> bool:
    """Tell whether a key is one of the numbers that predict: then its codes, in the order of the values, mean more."""
    some = np.unique(code[:REFERENCE], return_index=True)[1]
    return some.size > 1 and bool((np.diff(x[some], axis=0) > 0.0).all(axis=0).any())


# Companies without a key


def _near_copies(rows: _Rows, label: Integers, level: float, rng: np.random.Generator) -> Company | None:
    """Find companies by distance alone."""
    code = find_clusters(rows.x, label, rows.weight, _rate(rows.log_odds), level, rng)
    if code is None:
        return None
    shares = _shares(code, rows)
    return None if shares.gap < LEAST_GAP else Company(None, code, shares.known, shares.missing, shares.kept_whole)
