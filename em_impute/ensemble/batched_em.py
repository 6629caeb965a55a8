"""EM for many shrunken mixtures at once: every setting times every set of held-out rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers, rows_by_code, slices
from em_impute.em.clustering import k_means
from em_impute.ensemble.folds import Examples
from em_impute.ensemble.shrinkage import (
    Batch,
    Shrinkage,
    Strengths,
    empirical_bayes,
    log_chances,
    m_step,
    shares_of,
    strengths_of,
    unknown_variances,
)
from em_impute.ensemble.sufficient_statistics import (
    SufficientStatistics,
    TrainingRows,
    coefficients,
    complete,
    distances,
    sweep,
    training_rows,
)
from em_impute.ensemble.terms import has_products
from em_impute.ensemble.transforms import Predictors, View

SETTLING_STEPS = 6
"""Steps of EM over labelled rows in which the moments of their missing predictors settle."""

DIVIDED_STEPS = 5
"""Steps of EM within each label that is divided among several components."""

SETTLED = 1e-3
"""Change of every mean, in standard deviations, and of every logarithm of a share, at which EM has converged."""

SOFTNESS = 0.1
"""Part of each row that a start spreads over all components of its label, so that none is stuck where it began."""

MAX_PATTERNS = 16
"""Unlabelled rows whose pattern of missing predictors is rarer than so many others do not guide the fits."""

FEW_COLUMNS = 16
"""Up to here a dense inverse costs less than looking at what can be done without."""

MAX_NUMBERS = 1 << 17
"""Numbers in the largest temporary: mixtures are fitted side by side only as far as these stay in the cache."""


@dataclass(frozen=True)
class TrainingData:
    """Rows through one view, ready for the matrix products."""

    seen: Predictors  # as the view shows them
    label: Integers  # (n_rows,), −1 where unknown
    weight: Floats  # (n_rows,)
    n_labels: int
    labelled: tuple[TrainingRows, ...]
    unlabelled: tuple[TrainingRows, ...]
    base: Floats  # (n_indicators,), share of each text of each category among all rows

    @property
    def n_columns(self) -> int:
        """Gaussian columns."""
        return int(self.seen.x.shape[1])


def gather(view: View, examples: Examples, n_labels: int) -> TrainingData:
    """Prepare rows for fitting."""
    seen, label, weight = view.show(examples.predictors), examples.label, examples.weight
    labelled = training_rows(seen, np.flatnonzero(label >= 0), label)
    unlabelled = training_rows(seen, np.flatnonzero(label < 0), label, MAX_PATTERNS)
    shares = []
    for codes, n_levels in zip(seen.codes.T, seen.levels, strict=True):
        count = np.bincount(codes[codes >= 0], weight[codes >= 0], n_levels) + 1e-3
        shares.append(count / count.sum())
    base = np.concatenate(shares) if shares else np.empty(0)
    return TrainingData(seen, label, weight, n_labels, tuple(labelled), tuple(unlabelled), base)


def fit_labels(
    data: TrainingData,
    held: Flags,
    settings: Sequence[tuple[Shrinkage, bool]],
    steps: Sequence[int],
    *,
    to_convergence: bool = False,
) -> dict[int, Batch]:
    """Fit one component a label, for every setting and every set of held-out rows, setting by setting.

    `held` is (n_fits, n_rows): labelled rows that a fit must not see.  A setting is a shrinkage, and whether the means
    are drawn in too.  Returns the mixtures after so many `steps` of EM over the unlabelled rows, and after the last
    step that was taken; 0 is labels only.  The labels' shares stay as the labelled rows have them: re-estimated, they
    would absorb every misfit of the density.  Only `to_convergence`, where EM may end before, they are estimated too.
    """
    n_fits = held.shape[0]
    totals = label_totals(data, held)
    count = sum((total[..., 0].sum(axis=-1) for total in totals), np.zeros((n_fits, data.n_labels)))
    fit = np.tile(np.arange(n_fits), len(settings))
    strengths = strengths_of(
        [shrinkage for shrinkage, _ in settings for _ in range(n_fits)],
        mean_strengths(data, totals, [means for _, means in settings], n_fits),
        unknown_variances(data.seen.x, (data.label >= 0) & ~held)[fit],
    )
    totals = [total[fit] for total in totals]
    batch = fit_labelled(data, totals, strengths, np.log(shares_of(count))[fit])
    found = {0: batch} if 0 in steps else {}
    step = 0
    for step in range(1, max(steps) + 1 if data.unlabelled else 1):
        last = batch
        sums = of_labelled(data, totals, last.mean, last.covariance)
        sums = sums.plus(_shared_sums(data.unlabelled, last, data.weight))
        log_share = np.log(shares_of(sums.weight)) if to_convergence else last.log_share
        batch = maximize(sums, strengths, log_share, data)
        if step in steps:
            found[step] = batch
        moved = np.abs(batch.mean - last.mean).max(initial=np.abs(batch.log_share - last.log_share).max())
        if to_convergence and moved < SETTLED:
            break
    return {**found, step: batch}


def fit_labelled(data: TrainingData, totals: Sequence[Floats], strengths: Strengths, log_share: Floats) -> Batch:
    """Fit one component a label to labelled rows alone, whose terms add up to `totals`.

    Where predictors are missing it takes some steps of EM until their moments have settled.
    """
    mean, covariance = _standard(*log_share.shape, data.n_columns)
    settled = all(group.patterns.observed.all() for group in data.labelled)
    for _ in range(1 if settled else SETTLING_STEPS):
        sums = of_labelled(data, totals, mean, covariance)
        batch = maximize(sums, strengths, log_share, data)
        mean, covariance = batch.mean, batch.covariance
    return batch


def fit_divided_labels(
    data: TrainingData, held: Flags, settings: Sequence[Shrinkage], component_label: Integers, seed: int
) -> Batch:
    """Fit several components a label to the labelled rows alone, for every setting and every set of held-out rows.

    `held` is (n_fits, n_rows), `component_label` (n_components,).  Unlabelled rows tell which component of a label is
    which less well than they tell labels apart, and cost more, so they take no part.
    """
    n_fits, n_components, n_columns = held.shape[0], component_label.size, data.n_columns
    fit = np.tile(np.arange(n_fits), len(settings))
    floor = unknown_variances(data.seen.x, (data.label >= 0) & ~held)[fit]
    strengths = strengths_of([one for one in settings for _ in range(n_fits)], np.zeros_like(floor), floor)
    start = _divided(data, component_label, seed)  # (n_rows, n_components)
    mean, covariance = _standard(fit.size, n_components, n_columns)
    nothing = np.zeros((fit.size, n_components))
    batch = Batch(nothing, mean, covariance, nothing, nothing, np.zeros((*nothing.shape, data.base.size)))
    weight = (data.weight * ~held)[fit]  # (n_mixtures, n_rows)
    for step in range(DIVIDED_STEPS + 1):
        sums = _shared_sums(data.labelled, batch, weight, component_label, None if step else start)
        batch = maximize(sums, strengths, np.log(shares_of(sums.weight)), data)
    return batch


def _shared_sums(
    groups: Sequence[TrainingRows],
    batch: Batch,
    weight: Floats,
    component_label: Integers | None = None,
    share: Floats | None = None,
) -> SufficientStatistics:
    """Sum rows shared out by `share`, else by the mixtures, over all components or those of their label."""
    components = None if component_label is None else rows_by_code(component_label, int(component_label.max()) + 1)
    weight = np.broadcast_to(weight, (len(batch.weight), weight.shape[-1]))
    sums = SufficientStatistics(*map(np.zeros_like, (batch.weight, batch.mean, batch.covariance, batch.log_chance)))
    for group in groups:

        def of_some(some: Integers, group: TrainingRows = group) -> SufficientStatistics:
            mine = batch.take(some)
            if share is None or components is None:
                out, swept = shared_out(group, mine, components)
            else:
                out, swept = np.zeros((max(map(len, components)), 1, group.rows.size)), None
                for rows, _, label in group.segments:
                    out[: components[label].size, 0, rows] = share[np.ix_(group.rows[rows], components[label])].T
            return completed(out * weight[np.ix_(some, group.rows)], group, mine, swept, components)

        sums = sums.plus(_in_turn(of_some, group, batch.mean, batch.covariance))
    return sums


def maximize(sums: SufficientStatistics, strengths: Strengths, log_share: Floats, data: TrainingData) -> Batch:
    """Take the M step; the labels' shares are given, (n_mixtures, n_components)."""
    n_components = sums.weight.shape[1]
    parts = [  # some mixtures at a time, so that temporaries stay small
        m_step(SufficientStatistics(*(part[some] for part in sums)), strengths.take(some))
        for some in slices(len(sums.weight), max(1, MAX_NUMBERS // max(1, n_components * sums.second[0, 0].size)))
    ]
    mean, covariance, freedom = map(np.concatenate, zip(*parts, strict=True))
    log_chance = log_chances(sums.counts, data.seen.levels, data.base)
    return Batch(sums.weight, mean, covariance, freedom, log_share, log_chance)


def mean_strengths(data: TrainingData, totals: Sequence[Floats], draws_in: Sequence[bool], n_fits: int = 1) -> Floats:
    """Compute empirical Bayes' pseudo-rows for means, by setting and by fit: (n_settings · n_fits, n_columns).

    They are 0 for the settings that do not draw means in.
    """
    mean, covariance = _standard(n_fits, data.n_labels, data.n_columns)
    strength = empirical_bayes(of_labelled(data, totals, mean, covariance))
    return np.concatenate([strength if drawn_in else np.zeros_like(strength) for drawn_in in draws_in])


def of_labelled(data: TrainingData, totals: Sequence[Floats], mean: Floats, covariance: Floats) -> SufficientStatistics:
    """Sum the labelled rows, a component for each label; `totals` (n_mixtures, n_labels, n_patterns, n_terms)."""
    parts = []
    for total, group in zip(totals, data.labelled, strict=True):

        def of_some(some: Integers, total: Floats = total, group: TrainingRows = group) -> SufficientStatistics:
            return complete(total[some], group.patterns, mean[some], _of_all(covariance[some]))

        parts.append(_in_turn(of_some, group, mean, covariance))
    return reduce(SufficientStatistics.plus, parts)


def label_totals(data: TrainingData, held: Flags | None = None) -> list[Floats]:
    """Sum the terms of the rows that each fit may see, label by label: (n_fits, n_labels, n_patterns, n_terms) each."""
    seen = np.ones((1, data.label.size)) if held is None else ~held
    found = []
    for group in data.labelled:
        weight = seen[:, group.rows] * data.weight[group.rows]
        total = np.zeros((len(seen), data.n_labels, len(group.patterns.observed), group.terms.n_terms))
        for rows, pattern, label in group.segments:
            total[:, label, pattern] = group.terms.weighed(weight[:, rows], rows)
        found.append(total)
    return found


def shared_out(
    group: TrainingRows, batch: Batch, components: Sequence[Integers] | None = None
) -> tuple[Floats, Floats]:
    """Take the E step: how responsible each component is for each row, (n_components, n_mixtures, n_rows).

    Of labelled rows `components` lists those of each label; the first axis is then as long as the longest list.  With
    the rows last, maxima and sums over components run along the memory.  Also returns what `sweep` gave.
    """
    swept, log_determinant = sweep(group.patterns, _of_all(batch.covariance))
    distance = distances(np.where(group.patterns.both, -swept, 0.0), batch.mean[..., None, :])
    share, chance = batch.log_share[..., None], batch.log_chance[..., None, :]
    theta = coefficients(group.patterns.observed.sum(axis=1), share, distance, log_determinant, chance)
    n_mixtures, n_components, _, n_terms = theta.shape
    theta = np.ascontiguousarray(np.moveaxis(theta, 0, 1).swapaxes(1, 2).swapaxes(0, 1))
    most = n_components if components is None else max(map(len, components))
    joint = np.full((most * n_mixtures, group.rows.size), -np.inf)
    for rows, pattern, label in group.segments:
        mine = theta[pattern] if components is None else theta[pattern, components[label]]
        mine = mine.reshape(-1, n_terms)
        joint[: len(mine), rows] = group.terms.scored(mine, rows)
    joint = joint.reshape(most, n_mixtures, -1)
    joint -= joint.max(axis=0)
    np.exp(joint, out=joint)
    joint /= joint.sum(axis=0)
    return joint, swept


def completed(
    responsibility: Floats,
    group: TrainingRows,
    batch: Batch,
    swept: Floats | None = None,
    components: Sequence[Integers] | None = None,
) -> SufficientStatistics:
    """Sum rows by how responsible each component is for them: (n_mixtures, n_components, …)."""
    n_mixtures, n_components = batch.weight.shape
    total = np.zeros((len(group.patterns.observed), n_components, n_mixtures, group.terms.n_terms))
    for rows, pattern, label in group.segments:
        mine = np.arange(n_components) if components is None else components[label]
        part = responsibility[: mine.size, :, rows].reshape(mine.size * n_mixtures, -1)
        part = group.terms.weighed(part, rows)
        total[pattern, mine] = part.reshape(mine.size, n_mixtures, -1)
    return complete(total.transpose(2, 1, 0, 3), group.patterns, batch.mean, _of_all(batch.covariance), swept)


def _in_turn(
    work: Callable[[Integers], SufficientStatistics], group: TrainingRows, mean: Floats, covariance: Floats
) -> SufficientStatistics:
    """Put together what some mixtures at a time make of a group, so that temporaries stay small."""
    n_mixtures, n_components, n_columns = mean.shape
    n_numbers = len(group.patterns.observed) * covariance[0, 0].size
    size = max(1, MAX_NUMBERS // (n_components * max(n_numbers, group.rows.size)))
    alike = [np.arange(n_mixtures)]
    if has_products(n_columns) and (not group.patterns.observed.all() or n_columns > FEW_COLUMNS):
        # Every pattern costs an inverse: those of one covariance, and of independent columns, go together.
        tied = (covariance == covariance[:, :1]).all(axis=(1, 2, 3))
        independent = ((covariance == 0.0) | np.eye(n_columns, dtype=bool)).all(axis=(1, 2, 3))
        alike = rows_by_code(2 * independent + tied, 4)
    some = [one[part] for one in alike for part in slices(one.size, size)]
    sums = SufficientStatistics(*map(np.concatenate, zip(*map(work, some), strict=True)))
    back = np.argsort(np.concatenate(some))
    return SufficientStatistics(*(part[back] for part in sums))


def _of_all(covariance: Floats) -> Floats:
    """Give the covariance of all components once if they have the same: (n_mixtures, 1 or n_components, …)."""
    first = covariance[:, :1]
    return first if (covariance == first).all() else covariance


def _standard(*shape: int) -> tuple[Floats, Floats]:
    """Give the means (n_mixtures, n_components, n_columns) of standard normal components, and their covariances."""
    mean = np.zeros(shape)
    if not has_products(shape[-1]):
        return mean, np.ones(shape)
    return mean, np.broadcast_to(np.eye(shape[-1]), (*shape, shape[-1]))


def _divided(data: TrainingData, component_label: Integers, seed: int) -> Floats:
    """Divide each label's rows among its components by k-means, softly: (n_rows, n_components)."""
    rng = np.random.default_rng(seed)
    codes = zip(data.seen.codes.T, data.seen.levels, strict=True)
    indicators = [(code[:, None] == np.arange(n_levels)).astype(float) for code, n_levels in codes]
    points = np.hstack([np.nan_to_num(data.seen.x), *indicators])  # a space in which distance means something
    share = np.zeros((data.label.size, component_label.size))
    for label in range(data.n_labels):
        rows = np.flatnonzero(data.label == label)
        components = np.flatnonzero(component_label == label)
        nearest = k_means(points[rows], data.weight[rows], components.size, rng)
        share[np.ix_(rows, components)] = SOFTNESS / components.size
        share[rows, components[nearest]] += 1.0 - SOFTNESS
    return share
