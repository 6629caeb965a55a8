"""EM for many shrunken mixtures at once: every setting times every set of held-out rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from em_impute.em.blocks import Flags, Floats, Integers
from em_impute.em.k_means import k_means
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
)
from em_impute.ensemble.sufficient_statistics import (
    Group,
    SufficientStatistics,
    coefficients,
    complete,
    group_rows,
    independent_statistics,
    statistics_of,
)
from em_impute.ensemble.transforms import Predictors, View

SETTLING_STEPS = 6
"""Steps of EM over labelled rows in which the moments of their missing predictors settle."""

DIVIDED_STEPS = 10
"""Steps of EM within each label that is divided among several components."""

SETTLED = 1e-3
"""Change of every mean, in standard deviations, and of every logarithm of a share, at which EM has converged."""

SOFTNESS = 0.1
"""Part of each row that a start spreads over all components of its label, so that none is stuck where it began."""

MAX_PATTERNS = 16
"""Unlabelled rows whose pattern of missing predictors is rarer than so many others do not guide the fits."""


@dataclass(frozen=True)
class TrainingData:
    """Rows through one view, ready for the matrix products."""

    seen: Predictors
    """as the view shows them"""
    label: Integers
    """(n_rows,), −1 where unknown"""
    weight: Floats
    """(n_rows,)"""
    n_labels: int
    labelled: tuple[Group, ...]
    unlabelled: tuple[Group, ...]
    base: Floats
    """(n_indicators,), share of each text of each category among all rows"""

    @property
    def n_columns(self) -> int:
        """Gaussian columns."""
        return int(self.seen.x.shape[1])


def gather(view: View, examples: Examples, n_labels: int) -> TrainingData:
    """Prepare rows for fitting."""
    seen, label, weight = view.show(examples.predictors), examples.label, examples.weight
    labelled = group_rows(seen, np.flatnonzero(label >= 0))
    unlabelled = group_rows(seen, np.flatnonzero(label < 0))[:MAX_PATTERNS]
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
    count = sum((total[..., 0] for total in totals), np.zeros((n_fits, data.n_labels)))
    fit = np.tile(np.arange(n_fits), len(settings))
    strengths = strengths_of(
        [shrinkage for shrinkage, _ in settings for _ in range(n_fits)],
        mean_strengths(data, totals, [means for _, means in settings], n_fits),
    )
    totals = [total[fit] for total in totals]
    batch = fit_labelled(data, totals, strengths, np.log(shares_of(count))[fit])
    found = {0: batch} if 0 in steps else {}
    step = 0
    for step in range(1, max(steps) + 1 if data.unlabelled else 1):
        last = batch
        sums = with_unlabelled(of_labelled(data, totals, last.mean, last.covariance), data, last)
        log_share = np.log(shares_of(sums.weight)) if to_convergence else last.log_share
        batch = maximize(sums, strengths, log_share, data)
        if step in steps:
            found[step] = batch
        moved = np.abs(batch.mean - last.mean).max(initial=np.abs(batch.log_share - last.log_share).max())
        if to_convergence and moved < SETTLED:
            break
    return {**found, step: batch}


def fit_labelled(data: TrainingData, totals: Sequence[Floats], strengths: Strengths, log_share: Floats) -> Batch:
    """Fit one component a label to labelled rows alone, whose terms add up to `totals` (n_mixtures, n_labels, n_terms).

    Where predictors are missing it takes some steps of EM until their moments have settled.
    """
    mean, covariance = _standard(*log_share.shape, data.n_columns)
    alone = bool(strengths.independent.all())
    settled = all(group.observed.size == data.n_columns for group in data.labelled)
    for _ in range(1 if settled else SETTLING_STEPS):
        sums = of_labelled(data, totals, mean, covariance, independent=alone)
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
    strengths = strengths_of(
        [shrinkage for shrinkage in settings for _ in range(n_fits)], np.zeros((fit.size, n_columns))
    )
    start = _divided(data, component_label, seed)  # (n_rows, n_components)
    mean, covariance = _standard(fit.size, n_components, n_columns)
    nothing = np.zeros((fit.size, n_components))
    batch = Batch(nothing, mean, covariance, nothing, nothing, np.zeros((*nothing.shape, data.base.size)))
    weight = (data.weight * ~held)[fit]  # (n_mixtures, n_rows)
    for step in range(DIVIDED_STEPS + 1):
        sums = within_labels(data, batch, component_label, weight, None if step else start)
        batch = maximize(sums, strengths, np.log(shares_of(sums.weight)), data)
    return batch


def within_labels(
    data: TrainingData, batch: Batch, component_label: Integers, weight: Floats, share: Floats | None = None
) -> SufficientStatistics:
    """Sum the labelled rows, each shared out over the components of its label: (n_mixtures, n_components, …).

    `weight` is (n_mixtures, n_rows).  `share` (n_rows, n_components), where it is given, says how rows are shared out,
    else the mixtures do.
    """
    of_labels = []
    for label in range(data.n_labels):
        components = np.flatnonzero(component_label == label)
        mine = Batch(*(part[:, components] for part in batch))
        sums = no_rows(mine)
        for group in data.labelled:
            member = data.label[group.rows] == label
            if not member.any():
                continue
            group = group._replace(rows=group.rows[member], terms=group.terms[member])  # noqa: PLW2901  # its part
            out = shared_out(group, mine) if share is None else share[group.rows][:, components].T[:, None]
            sums = sums.plus(completed(out * weight[:, group.rows], group, mine))
        of_labels.append(sums)
    return SufficientStatistics(*(np.concatenate(pieces, axis=1) for pieces in zip(*of_labels, strict=True)))


def no_rows(batch: Batch) -> SufficientStatistics:
    """Give the sums of no rows for the components of `batch`."""
    return SufficientStatistics(
        *(np.zeros(part.shape) for part in (batch.weight, batch.mean, batch.covariance, batch.log_chance))
    )


def maximize(sums: SufficientStatistics, strengths: Strengths, log_share: Floats, data: TrainingData) -> Batch:
    """Take the M step; the labels' shares are given, (n_mixtures, n_components)."""
    mean, covariance, freedom = m_step(sums, strengths)
    log_chance = log_chances(sums.counts, data.seen.levels, data.base)
    return Batch(sums.weight, mean, covariance, freedom, log_share, log_chance)


def mean_strengths(data: TrainingData, totals: Sequence[Floats], draws_in: Sequence[bool], n_fits: int = 1) -> Floats:
    """Compute empirical Bayes' pseudo-rows for means, by setting and by fit: (n_settings · n_fits, n_columns).

    They are 0 for the settings that do not draw means in.
    """
    mean, covariance = _standard(n_fits, data.n_labels, data.n_columns)
    strength = empirical_bayes(of_labelled(data, totals, mean, covariance, independent=True))
    return np.concatenate([strength if drawn_in else np.zeros_like(strength) for drawn_in in draws_in])


def of_labelled(
    data: TrainingData, totals: Sequence[Floats], mean: Floats, covariance: Floats, *, independent: bool = False
) -> SufficientStatistics:
    """Sum the labelled rows, a component for each label; `totals`, of each group, (n_mixtures, n_labels, n_terms).

    Where columns are `independent` within a component this is done faster.
    """
    if independent:
        return independent_statistics(totals, data.labelled, mean, covariance)
    parts = (
        complete(statistics_of(total, group), group.observed, mean, covariance)
        for total, group in zip(totals, data.labelled, strict=True)
    )
    return reduce(SufficientStatistics.plus, parts)


def with_unlabelled(sums: SufficientStatistics, data: TrainingData, batch: Batch) -> SufficientStatistics:
    """Add to `sums` the unlabelled rows, by how responsible each component is for them."""
    for group in data.unlabelled:
        sums = sums.plus(completed(shared_out(group, batch) * data.weight[group.rows], group, batch))
    return sums


def label_totals(data: TrainingData, held: Flags | None = None) -> list[Floats]:
    """Sum the terms of the rows that each fit may see, label by label: of each group (n_fits, n_labels, n_terms)."""
    found = []
    for group in data.labelled:
        member = (data.label[group.rows] == np.arange(data.n_labels)[:, None]) * data.weight[group.rows]
        everything = member @ group.terms
        of_fits = [
            everything - (member * out[group.rows]) @ group.terms if out.any() else everything
            for out in (np.zeros((1, data.label.size), dtype=bool) if held is None else held)
        ]
        found.append(np.stack(of_fits))
    return found


def shared_out(group: Group, batch: Batch) -> Floats:
    """Take the E step: how responsible each component is for each row, (n_components, n_mixtures, n_rows).

    With the rows last, maxima and sums over components run along the memory.
    """
    theta = coefficients(group.observed, batch.log_share, batch.mean, batch.covariance, batch.log_chance)
    n_mixtures, n_components, n_terms = theta.shape
    joint: Floats = np.swapaxes(theta, 0, 1).reshape(-1, n_terms) @ group.terms.T
    joint = joint.reshape(n_components, n_mixtures, -1)
    joint -= joint.max(axis=0)
    np.exp(joint, out=joint)
    joint /= joint.sum(axis=0)
    return joint


def completed(responsibility: Floats, group: Group, batch: Batch) -> SufficientStatistics:
    """Sum rows by how responsible each component is for them: (n_mixtures, n_components, …)."""
    n_components, n_mixtures, n_rows = responsibility.shape
    total = (responsibility.reshape(-1, n_rows) @ group.terms).reshape(n_components, n_mixtures, -1)
    sums = statistics_of(np.swapaxes(total, 0, 1), group)
    return complete(sums, group.observed, batch.mean, batch.covariance)


def _standard(*shape: int) -> tuple[Floats, Floats]:
    """Give the means (n_mixtures, n_components, n_columns) of standard normal components, and their covariances."""
    mean = np.zeros(shape)
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
