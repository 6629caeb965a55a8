"""How sure the fills are, counted: wrong cells, totals and shares with intervals, and what is missing to know them.

All rest on draws of the whole model.  In one draw the parameters are the same for every row, so that numbers of cells
vary from draw to draw by as much as is not known of the model, and not only by the luck of each row.

Where rows with and without a label, equal in their predictors, hold another mix of labels, a shift δ of the log-odds
says by how much: a pattern-mixture model (Rubin 1977; van Buuren 2018, sections 3.8 and 9.2; for a category Leacy,
Floyd, Yates & White 2017).  No data can tell δ; the sweep shows what follows from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from em_impute.diagnostics.values import IntervalEstimate, Sensitivity, Sweep
from em_impute.em.blocks import Floats, Integers
from em_impute.ensemble.metrics import NORMAL_95, as_effective, effective_rows
from em_impute.ensemble.terms import rows_at_once
from em_impute.missingness.how_missing import HeldOut
from em_impute.missingness.regression import fit_shift
from em_impute.model.assign import most_probable
from em_impute.model.column import FittedColumn
from em_impute.model.fills import Fills
from em_impute.options import Request

N_DRAWS = 100
REPLICATES = 3
"""Times that the labels of every cell are drawn in each draw of the model."""

MAX_CELLS = 2000
MAX_NUMBERS = 5e6
"""Probabilities that are held at once."""

CALIBRATION_SD = 0.15
"""What is believed beforehand of the error in what the model says of itself: odds off by a factor of e^0.15."""

BEYOND_SD = 1.0
"""The same of rows like no labelled row, which nothing corrects: odds off by a factor of e."""

UNLIKE_SD = 0.4
"""The same besides, by the part of the labelled rows that is lost when they are weighed to be like rows to fill."""

FEW_HELD_OUT = 100
"""Labels below which neither they nor the draws can be relied on alone: the interval for wrong fills spans both."""

WRONG_LEVEL, TOTAL_LEVEL = 0.90, 0.95
WRONG_TAILS = [0.5 - WRONG_LEVEL / 2.0, 0.5 + WRONG_LEVEL / 2.0]
STEADY = 0.05
"""Variation of a standard error from one set of imputations to the next that does no harm."""

ROUNDING = 1e-6
NOTHING = 1e-9
"""Part of a variance that is rounding."""

EXAMINING = 2
"""Different purposes draw different numbers from one seed."""


@dataclass(frozen=True)
class Uncertainty:
    """What is not known of a completed column."""

    wrong: IntervalEstimate | None
    """Filled cells that are wrong, 90 %: by the draws, or by the labels held out if the two do not agree.  None where
    no label could be held out, and wrong has no meaning"""
    wrong_held_out: IntervalEstimate | None
    """The same from the known labels that were held out, as if the missing ones were like them"""
    agree: bool  # The draws, before held-out labels corrected them, and those labels do not contradict each other.
    totals: tuple[IntervalEstimate, ...]  # of each label, in the completed column: 95 %
    shares: tuple[IntervalEstimate, ...] | None
    """of each label, where the rows come from: 95 % by Rubin's rules; None where nobody reads them"""
    missing_information: Floats
    """(n_labels,), fraction that is missing of what the complete column would tell about each share"""
    n_beyond: int = 0  # Missing cells in rows that are like no labelled row, so that no hidden label tells of them.

    @property
    def recommended(self) -> int:
        """So many imputations give standard errors that repeat within 5 % (von Hippel 2020, eq. 2): 2 at least."""
        return max(2, int(np.ceil(1.0 + 0.5 * (float(self.missing_information.max()) / STEADY) ** 2)))


class Gathered(NamedTuple):
    """The missing cells, or a sample that stands for them, gathered by equal rows."""

    rows: Integers  # (n_rows,) distinct rows of the design
    place: Integers  # (n_rows,) where they stand among the distinct rows without a label
    cells: Integers  # (n_rows,) how many
    filled: Integers  # (n_rows, n_labels), cells that were filled with each label
    stated: Floats  # (n_rows, n_labels), the probabilities that the fills rest on


def examine_uncertainty(found: FittedColumn, fills: Fills, request: Request) -> Uncertainty:
    """Draw the model and count; cells whose most probable label is less probable were left empty."""
    rng = np.random.default_rng([request.seed, EXAMINING])
    n_labels = len(found.labels.labels)
    most = rows_at_once(found.design.distinct.x.shape[1], MAX_CELLS)
    most = int(min(most, max(200, MAX_NUMBERS / (N_DRAWS * n_labels))))
    missing = _gathered(found, fills, most, rng)
    draws = found.draw(N_DRAWS, int(rng.integers(1 << 31)))
    chance = draws.predict(found.coded(missing.rows), np.arange(N_DRAWS))  # (n_draws, n_rows, n_labels)
    chance /= chance.sum(axis=-1, keepdims=True)
    known = np.array(found.labels.known)
    total = known + rng.multinomial(missing.cells, chance).sum(axis=1)  # (n_draws, n_labels)
    # Of a sample its share of each label is known to be off.
    total = total + (fills.expected - missing.cells @ missing.stated)
    pooled = pool_shares(total / found.labels.label.size, found.labels.label.size)
    held = found.promise
    wrong = held_out = None
    agree, n_beyond = True, 0
    of_held, of_missing = together = _together(found, held, missing)
    total = _spread(total, of_missing)
    if held is not None and fills.n_filled:
        held_out = _wrong_by_held_out(held, fills, request.min_probability, together, rng)
        beyond = found.beyond[missing.place]
        n_beyond = int(found.beyond @ found.cells)
        shift = np.broadcast_to(0.0, (N_DRAWS, missing.rows.size))
        plain = _wrong(chance, missing, shift, fills, of_missing, rng)
        shift = _calibration(held, of_held, rng)[:, None]
        shift = shift + beyond * (BEYOND_SD * rng.standard_normal((N_DRAWS, 1)))
        wrong = _wrong(chance, missing, shift, fills, of_missing, rng)
        agree = plain.low <= held_out.high and held_out.low <= plain.high
        low, high = min(held_out.low, wrong.low), max(held_out.high, wrong.high)
        if not agree:  # the labels know better, so far as they can
            wrong = held_out._replace(low=low, high=high) if n_beyond else held_out
        elif held.label.size < FEW_HELD_OUT:
            wrong = wrong._replace(low=low, high=high)
    # Of each label's total in this file: draws as of a normal distribution, between what is known and all cells.
    half = NORMAL_95 * total.std(axis=0, ddof=1) * np.sqrt(1.0 + 1.0 / N_DRAWS)
    totals = _intervals(total.mean(axis=0), half, known, known + fills.row.size)
    shares = pooled.intervals() if request.reported else None
    return Uncertainty(wrong, held_out, agree, totals, shares, pooled.missing_information, n_beyond)


class PooledShares(NamedTuple):
    """Shares of labels by Rubin's (1987) rules, (n_labels,) each."""

    estimate: Floats
    variance: Floats
    freedom: Floats  # degrees of freedom by Barnard & Rubin (1999, Biometrika 86)
    missing_information: Floats  # a fraction

    def intervals(self) -> tuple[IntervalEstimate, ...]:
        """Give 95 % intervals."""
        from scipy.special import stdtrit  # late: to import it takes as long as all draws of a small table

        half: Floats = np.sqrt(self.variance)
        half *= stdtrit(self.freedom, 0.5 + TOTAL_LEVEL / 2.0)
        return _intervals(self.estimate, half, np.zeros_like(half), np.ones_like(half))


def pool_shares(share: Floats, n_rows: int) -> PooledShares:
    """Pool the shares of labels among `n_rows` rows that were drawn, (n_draws, n_labels)."""
    n_draws = share.shape[0]
    estimate = share.mean(axis=0)
    within = np.maximum(estimate * (1.0 - estimate), 0.0) / n_rows
    between = (1.0 + 1.0 / n_draws) * share.var(axis=0, ddof=1)
    total = np.maximum(within + between, np.finfo(float).tiny)
    part = between / total
    of_draws = (n_draws - 1) / np.maximum(part, 1e-9) ** 2
    complete = max(n_rows - 1.0, 1.0)
    observed = (complete + 1.0) / (complete + 3.0) * complete * (1.0 - part)
    freedom = np.maximum(of_draws * observed / (of_draws + observed), 1.0)
    missing = np.clip(part + (1.0 - part) * 2.0 / (freedom + 3.0), 0.0, 1.0)
    missing[part < NOTHING] = 0.0
    return PooledShares(estimate, total, freedom, missing)


def _gathered(found: FittedColumn, fills: Fills, most: int, rng: np.random.Generator) -> Gathered:
    """Gather the missing cells by equal rows; of too many different ones a sample in which each stands for several."""
    row, code, n_codes = fills.row, fills.code, len(found.labels.labels) + 1
    if found.unlabelled.size > most < row.size:
        drawn = np.sort(rng.choice(row.size, most, replace=False))
        place, at = np.unique(found.place_of(row[drawn]), return_inverse=True)
        stands_for = np.diff(np.arange(most + 1) * row.size // most)
        filled = np.bincount(at * n_codes + code[drawn] + 1, stands_for, place.size * n_codes)
    else:
        place = np.arange(found.unlabelled.size)
        filled = np.bincount(found.place_of(row) * n_codes + code + 1, minlength=place.size * n_codes)
    filled = filled.astype(np.int64, copy=False).reshape(-1, n_codes)
    stated = found.distinct_probability[place]
    return Gathered(found.unlabelled[place], place, filled.sum(axis=1), filled[:, 1:], stated)


def _together(found: FittedColumn, held: HeldOut | None, missing: Gathered) -> tuple[float, float]:
    """Find by labels held out how much more numbers vary as clusters are wrong together: 1 + κ·(n − 1) (Kish 1965).

    Gives the factor, 1 at least, of the variance of a mean over labels held out and of a number of missing cells.
    """
    cluster = found.fitted.how.clusters
    if cluster is None or held is None or held.cluster is None:
        return 1.0, 1.0
    best, probability = most_probable(held.probability, 0.0)
    residual = (best != held.label) - (1.0 - probability)
    _, place, size = np.unique(held.cluster, return_inverse=True, return_counts=True)
    alone = float((residual**2).sum())
    pairs = float((np.bincount(place, residual) ** 2).sum()) - alone
    expected = alone / residual.size * float((size * (size - 1.0)).sum())  # of pairs, if κ were 1
    kappa = float(np.clip(pairs / expected, 0.0, 1.0)) if expected > 0.0 else 1.0
    cells = np.bincount(cluster.code[missing.rows], missing.cells)
    factors = [1.0 + kappa * (float(n @ n) / float(n.sum()) - 1.0) for n in (size.astype(float), cells)]
    if found.siblings is not None and found.said is not None:  # cells of a key without a label get one together
        said, n_cells = found.said.take(missing.place), missing.cells
        variance = said.together.max(axis=1) * (1.0 - said.together.max(axis=1))
        deviation = np.where(said.is_known, 0.0, n_cells * np.sqrt(variance))
        shared = np.bincount(found.siblings.code[missing.rows], deviation)
        together = float(shared @ shared + n_cells[said.is_known] @ variance[said.is_known])
        factors[1] = together / (n_cells @ variance) if n_cells @ variance > 0.0 else 1.0
    return max(1.0, factors[0]), max(1.0, factors[1])


def _spread(number: Floats, factor: float) -> Floats:
    """Let numbers drawn, (n_draws, ...), vary so many times as much."""
    if factor == 1.0:
        return number
    mean = number.mean(axis=0)
    spread: Floats = mean + (number - mean) * np.sqrt(factor)
    return spread


def _wrong(
    chance: Floats, missing: Gathered, shift: Floats, fills: Fills, together: float, rng: np.random.Generator
) -> IntervalEstimate:
    """Draw how many fills are wrong, log-odds shifted by `shift` (n_draws, n_rows)."""
    top = missing.stated.argmax(axis=1)
    rows, labels = np.nonzero(missing.filled)
    is_top = labels == top[rows]
    error = np.clip(1.0 - chance[:, np.arange(top.size), top], 1e-9, 1.0 - 1e-9)  # of the most probable label
    shifted = 1.0 / (1.0 + (1.0 - error) / error * np.exp(-shift))
    right = np.where(is_top, 1.0 - shifted[:, rows], chance[:, rows, labels] * (shifted / error)[:, rows])
    right = np.clip(right, 0.0, 1.0)
    count = missing.filled[rows, labels]
    number = np.array([rng.binomial(count, 1.0 - right).sum(axis=1) for _ in range(REPLICATES)])
    by_draws = float(count @ np.where(is_top, error.mean(axis=0)[rows], 1.0 - chance[:, rows, labels].mean(axis=0)))
    # Draws, one mixture each, are less sure in the mean than the average of mixtures is stated to be.
    number = number * (float((1.0 - fills.probability[fills.code >= 0]).sum()) / by_draws if by_draws > 0.0 else 1.0)
    number = np.clip(_spread(number.reshape(-1), together), 0.0, None)
    low, high = np.quantile(number, WRONG_TAILS, method="inverted_cdf")
    low, high = np.floor(low + ROUNDING), np.ceil(high - ROUNDING) + 0.0  # numbers of cells are whole, and 0 is not −0
    return IntervalEstimate(*(min(float(value), fills.n_filled) for value in (number.mean(), low, high)))


def _calibration(held: HeldOut, together: float, rng: np.random.Generator) -> Floats:
    """Draw by how much log-odds of being wrong are higher than stated, by labels held out (Laplace): (n_draws,)."""
    weight = as_effective(held.weight) / together
    deviation = np.hypot(CALIBRATION_SD, UNLIKE_SD * (1.0 - effective_rows(held.weight) / held.weight.size))
    best, probability = most_probable(held.probability, 0.0)
    wrong = (best != held.label).astype(float)
    error = np.clip(1.0 - probability, 1e-6, 1.0 - 1e-6)
    shift, variance = fit_shift(np.log(error / (1.0 - error)), wrong, weight, 1.0 / deviation**2)
    drawn: Floats = shift + rng.standard_normal(N_DRAWS) * np.sqrt(variance)
    return drawn


def _wrong_by_held_out(
    held: HeldOut, fills: Fills, min_probability: float, together: tuple[float, float], rng: np.random.Generator
) -> IntervalEstimate:
    """Predict the number of wrong fills from how many held-out labels would have been filled wrongly."""
    weight, (best, probability) = held.weight, most_probable(held.probability, 0.0)
    right = (best == held.label).astype(float)
    if fills.is_drawn:
        right = held.probability[np.arange(best.size), held.label]
    sure = probability >= min_probability
    if sure.any():
        weight, right = weight[sure], right[sure]
    n_rows = effective_rows(weight) / together[0]
    rate = 1.0 - float((weight * right).sum() / weight.sum())  # added up alike, so that it is never below 0
    chance = rng.beta(rate * n_rows + 0.5, (1.0 - rate) * n_rows + 0.5, 20 * N_DRAWS)
    n_alone = max(1, round(fills.n_filled / together[1]))  # cells that would vary as much, each for itself
    number = rng.binomial(n_alone, chance) * (fills.n_filled / n_alone)
    low, high = np.quantile(number, WRONG_TAILS)
    return IntervalEstimate(rate * fills.n_filled, float(low), float(high))


def _intervals(
    estimate: Floats, half: Floats, least: Floats | Integers, most: Floats | Integers
) -> tuple[IntervalEstimate, ...]:
    """Give each label's estimate and what is `half` a width around it, within bounds, (n_labels,) all."""
    ends = np.maximum(estimate - half, least), np.minimum(estimate + half, most)
    return tuple(IntervalEstimate(*map(float, one)) for one in zip(estimate, *ends, strict=True))


DELTAS = tuple(0.5 * step for step in range(-4, 5))
"""Shifts of the log-odds that are looked at: 2 makes odds of one to one seven to one."""

MAX_SWEPT = 12
"""Labels whose odds are shifted, the most common ones."""


def sweep(probability: Floats, weight: Floats, known: Floats, labels: Sequence[str]) -> Sensitivity:
    """Shift the log-odds of one label after the other, and add up what the completed column would hold.

    `probability` (n_distinct, n_labels) is that of missing rows at δ = 0, `weight` (n_distinct,) counts equal ones, and
    `known` (n_labels,) known rows.
    """
    at_zero = known + weight @ probability
    swept = sorted(np.argsort(-at_zero, kind="stable")[:MAX_SWEPT].tolist())
    if len(labels) <= 2:  # noqa: PLR2004  # one label cannot be shifted, and of two the other mirrors the first
        swept = swept[: len(labels) - 1]
    n_rows = float(known.sum() + weight.sum())
    sweeps = []
    for k in swept:
        chance = probability[:, k]
        shifted = (chance * odds / (1.0 + chance * (odds - 1.0)) for odds in np.exp(DELTAS))  # (n_distinct,) each
        sweeps.append(Sweep(labels[k], [float(known[k] + weight @ one) / n_rows for one in shifted]))
    return Sensitivity(DELTAS, sweeps, max(0, len(labels) - MAX_SWEPT))
