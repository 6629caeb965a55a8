"""EM for many shrunken mixtures at once: every setting times every set of held-out rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from em_impute.em.blocks import Floats, Integers
from em_impute.ensemble.folds import Examples, Held
from em_impute.ensemble.k_means import k_means
from em_impute.ensemble.shrinkage import (
    Batch,
    Shrinkage,
    Strengths,
    empirical_bayes,
    log_chances,
    m_step,
    strengths_of,
)
from em_impute.ensemble.sufficient_statistics import (
    Group,
    Sums,
    coefficients,
    complete,
    group_rows,
    independent_sums,
    sums_of,
)
from em_impute.ensemble.transforms import Seen, View

__all__ = [
    "DIVIDED_STEPS",
    "Material",
    "completed",
    "divide_labels",
    "fit_divided_labels",
    "fit_labelled",
    "fit_labels",
    "fit_plain",
    "gather",
    "label_totals",
    "log_share_of",
    "maximize",
    "mean_strengths",
    "no_rows",
    "of_labelled",
    "shared_out",
    "with_unlabelled",
    "within_labels",
]

SETTLING_STEPS = 6
"""Steps of EM over labelled rows in which the moments of their missing predictors settle."""

DIVIDED_STEPS = 10
"""Steps of EM within each label that is divided among several components."""

SETTLED = 1e-3
"""Change of every mean, in standard deviations, and of every logarithm of a share, at which EM has converged."""

ROWS_PER_COMPONENT = 6
SOFTNESS = 0.1
"""Part of each row that a start spreads over all components of its label, so that none is stuck where it began."""

MAX_PATTERNS = 16
"""Unlabelled rows whose pattern of missing predictors is rarer than so many others do not guide the fits."""


@dataclass(frozen=True)
class Material:
    """Rows through one view, ready for the matrix products."""

    view: View
    seen: Seen
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


def gather(view: View, examples: Examples, n_labels: int) -> Material:
    """Prepare rows for fitting."""
    seen, label, weight = view.show(examples.predictors), examples.label, examples.weight
    labelled = group_rows(seen, view, np.flatnonzero(label >= 0))
    unlabelled = group_rows(seen, view, np.flatnonzero(label < 0))[:MAX_PATTERNS]
    shares = []
    for codes, n_levels in zip(seen.codes.T, view.levels, strict=True):
        count = np.bincount(codes[codes >= 0], weight[codes >= 0], n_levels) + 1e-3
        shares.append(count / count.sum())
    base = np.concatenate(shares) if shares else np.empty(0)
    return Material(view, seen, label, weight, n_labels, tuple(labelled), tuple(unlabelled), base)


def fit_labels(
    material: Material, held: Held, settings: Sequence[tuple[Shrinkage, bool]], steps: Sequence[int]
) -> dict[int, Batch]:
    """Fit one component a label, for every setting and every set of held-out rows, setting by setting.

    `held` is (n_fits, n_rows): labelled rows that a fit must not see.  A setting is a shrinkage, and whether the means
    are drawn in too.  Returns the mixtures after so many `steps` of EM over the unlabelled rows; 0 is labels only.
    The labels' shares stay as the labelled rows have them: re-estimated, they would absorb every misfit of the density.
    """
    n_fits, n_labels = held.shape[0], material.n_labels
    totals = [label_totals(group, material, held) for group in material.labelled]
    count = sum((total[..., 0] for total in totals), np.zeros((n_fits, n_labels)))
    fit = np.tile(np.arange(n_fits), len(settings))
    log_share = log_share_of(count)[fit]
    drawn_in = mean_strengths(material, totals, n_fits)
    strengths = strengths_of(
        [shrinkage for shrinkage, _ in settings for _ in range(n_fits)],
        np.concatenate([drawn_in if means else np.zeros_like(drawn_in) for _, means in settings]),
    )
    totals = [total[fit] for total in totals]
    batch = fit_labelled(material, totals, strengths, log_share)
    found = {0: batch}
    for step in range(1, max(steps) + 1 if material.unlabelled else 1):
        sums = with_unlabelled(of_labelled(material, totals, batch.mean, batch.covariance), material, batch)
        batch = maximize(sums, strengths, log_share, material)
        found[step] = batch
    return {step: found[step] for step in steps if step in found}


def fit_plain(
    material: Material,
    held: Held,
    settings: Sequence[tuple[Shrinkage, bool]],
    max_steps: int,
    *,
    keeps_path: bool = False,
) -> list[Batch]:
    """Fit one component a label by EM over all rows until it converges, the labels' shares estimated with the rest.

    Arguments are as in `fit_labels`; no means are drawn in.  Returns the mixtures after the last step, or with
    `keeps_path` after every step, the first ones of labelled rows alone.
    """
    n_fits = held.shape[0]
    totals = [label_totals(group, material, held) for group in material.labelled]
    fit = np.tile(np.arange(n_fits), len(settings))
    count = sum((total[..., 0] for total in totals), np.zeros((n_fits, material.n_labels)))
    strengths = strengths_of(
        [shrinkage for shrinkage, _ in settings for _ in range(n_fits)], np.zeros((fit.size, material.n_columns))
    )
    totals = [total[fit] for total in totals]
    path = [fit_labelled(material, totals, strengths, log_share_of(count)[fit])]
    for _ in range(max_steps if material.unlabelled else 0):
        last = path[-1]
        sums = with_unlabelled(of_labelled(material, totals, last.mean, last.covariance), material, last)
        batch = maximize(sums, strengths, log_share_of(sums.weight), material)
        path.append(batch)
        moved = np.abs(batch.mean - last.mean).max(initial=np.abs(batch.log_share - last.log_share).max())
        if moved < SETTLED:
            break
        if not keeps_path:
            del path[0]
    return path


def fit_labelled(material: Material, totals: Sequence[Floats], strengths: Strengths, log_share: Floats) -> Batch:
    """Fit one component a label to labelled rows alone, whose terms add up to `totals` (n_mixtures, n_labels, n_terms).

    Where predictors are missing it takes some steps of EM until their moments have settled.
    """
    shape = (*log_share.shape, material.n_columns)
    mean, covariance = np.zeros(shape), np.broadcast_to(np.eye(material.n_columns), (*shape, material.n_columns))
    alone = bool(strengths.independent.all())
    settled = all(group.observed.size == material.n_columns for group in material.labelled)
    for _ in range(1 if settled else SETTLING_STEPS):
        if alone:
            sums = independent_sums(totals, material.labelled, mean, covariance)
        else:
            sums = of_labelled(material, totals, mean, covariance)
        batch = maximize(sums, strengths, log_share, material)
        mean, covariance = batch.mean, batch.covariance
    return batch


def divide_labels(count: Integers, per_label: int) -> Integers:
    """Say which label each component belongs to, (n_components,): fewer components for labels with few rows."""
    return np.repeat(np.arange(count.size), np.clip(count // ROWS_PER_COMPONENT, 1, per_label))


def fit_divided_labels(
    material: Material, held: Held, settings: Sequence[Shrinkage], component_label: Integers, seed: int
) -> Batch:
    """Fit several components a label to the labelled rows alone, for every setting and every set of held-out rows.

    `held` is (n_fits, n_rows), `component_label` (n_components,).  Unlabelled rows tell which component of a label is
    which less well than they tell labels apart, and cost more, so they take no part.
    """
    n_fits, n_components, n_columns = held.shape[0], component_label.size, material.n_columns
    fit = np.tile(np.arange(n_fits), len(settings))
    strengths = strengths_of(
        [shrinkage for shrinkage in settings for _ in range(n_fits)], np.zeros((fit.size, n_columns))
    )
    start = _divided(material, component_label, seed)  # (n_rows, n_components)
    shape = (fit.size, n_components, n_columns)
    mean, covariance = np.zeros(shape), np.broadcast_to(np.eye(n_columns), (*shape, n_columns))
    nothing = np.zeros(shape[:2])
    batch = Batch(nothing, mean, covariance, nothing, nothing, np.zeros((*nothing.shape, material.base.size)))
    weight = (material.weight * ~held)[fit]  # (n_mixtures, n_rows)
    for step in range(DIVIDED_STEPS + 1):
        sums = within_labels(material, batch, component_label, weight, None if step else start)
        batch = maximize(sums, strengths, log_share_of(sums.weight), material)
    return batch


def within_labels(
    material: Material, batch: Batch, component_label: Integers, weight: Floats, share: Floats | None = None
) -> Sums:
    """Sum the labelled rows, each shared out over the components of its label: (n_mixtures, n_components, …).

    `weight` is (n_mixtures, n_rows).  `share` (n_rows, n_components), where it is given, says how rows are shared out,
    else the mixtures do.
    """
    of_labels = []
    for label in range(material.n_labels):
        components = np.flatnonzero(component_label == label)
        mine = Batch(*(part[:, components] for part in batch))
        sums = no_rows(mine)
        for group in _of_label(material, label):
            out = shared_out(group, mine) if share is None else share[group.rows][:, components].T[:, None]
            sums = sums.plus(completed(out * weight[:, group.rows], group, mine))
        of_labels.append(sums)
    return Sums(*(np.concatenate(pieces, axis=1) for pieces in zip(*of_labels, strict=True)))


def no_rows(batch: Batch) -> Sums:
    """Give the sums of no rows for the components of `batch`."""
    return Sums(*(np.zeros(part.shape) for part in (batch.weight, batch.mean, batch.covariance, batch.log_chance)))


def _of_label(material: Material, label: int) -> list[Group]:
    """Keep the rows of one label in each group of labelled rows."""
    groups = []
    for group in material.labelled:
        member = material.label[group.rows] == label
        if member.any():
            groups.append(group._replace(rows=group.rows[member], terms=group.terms[member]))
    return groups


def maximize(sums: Sums, strengths: Strengths, log_share: Floats, material: Material) -> Batch:
    """Take the M step; the labels' shares are given, (n_mixtures, n_components)."""
    mean, covariance, freedom = m_step(sums, strengths)
    log_chance = log_chances(sums.counts, material.view.levels, material.base)
    return Batch(sums.weight, mean, covariance, freedom, log_share, log_chance)


def log_share_of(count: Floats) -> Floats:
    """Estimate shares with half a pseudo-row each (Jeffreys' prior), over the last axis."""
    share = count + 0.5
    logarithm: Floats = np.log(share / share.sum(axis=-1, keepdims=True))
    return logarithm


def mean_strengths(material: Material, totals: Sequence[Floats], n_fits: int) -> Floats:
    """Compute empirical Bayes' pseudo-rows for the means of each fit: (n_fits, n_columns)."""
    shape = (n_fits, material.n_labels, material.n_columns)
    mean, covariance = np.zeros(shape), np.broadcast_to(np.eye(material.n_columns), (*shape, material.n_columns))
    return empirical_bayes(independent_sums(totals, material.labelled, mean, covariance))


def of_labelled(material: Material, totals: Sequence[Floats], mean: Floats, covariance: Floats) -> Sums:
    """Sum the labelled rows, a component for each label; `totals`, of each group, (n_mixtures, n_labels, n_terms)."""
    return _add(
        complete(sums_of(total, group), group.observed, mean, covariance)
        for total, group in zip(totals, material.labelled, strict=True)
    )


def with_unlabelled(sums: Sums, material: Material, batch: Batch) -> Sums:
    """Add to `sums` the unlabelled rows, by how responsible each component is for them."""
    for group in material.unlabelled:
        sums = sums.plus(completed(shared_out(group, batch) * material.weight[group.rows], group, batch))
    return sums


def label_totals(group: Group, material: Material, held: Held) -> Floats:
    """Sum the terms of the rows that each fit may see, label by label: (n_fits, n_labels, n_terms)."""
    member = (material.label[group.rows] == np.arange(material.n_labels)[:, None]) * material.weight[group.rows]
    everything = member @ group.terms
    return np.stack(
        [everything - (member * out[group.rows]) @ group.terms if out.any() else everything for out in held]
    )


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


def completed(responsibility: Floats, group: Group, batch: Batch) -> Sums:
    """Sum rows by how responsible each component is for them: (n_mixtures, n_components, …)."""
    n_components, n_mixtures, n_rows = responsibility.shape
    total = (responsibility.reshape(-1, n_rows) @ group.terms).reshape(n_components, n_mixtures, -1)
    sums = sums_of(np.swapaxes(total, 0, 1), group)
    return complete(sums, group.observed, batch.mean, batch.covariance)


def _add(parts: Iterable[Sums]) -> Sums:
    return reduce(Sums.plus, parts)


def _divided(material: Material, component_label: Integers, seed: int) -> Floats:
    """Divide each label's rows among its components by k-means, softly: (n_rows, n_components)."""
    rng = np.random.default_rng(seed)
    points = _points(material)
    share = np.zeros((material.label.size, component_label.size))
    for label in range(material.n_labels):
        rows = np.flatnonzero(material.label == label)
        components = np.flatnonzero(component_label == label)
        nearest = k_means(points[rows], material.weight[rows], components.size, rng)
        share[np.ix_(rows, components)] = SOFTNESS / components.size
        share[rows, components[nearest]] += 1.0 - SOFTNESS
    return share


def _points(material: Material) -> Floats:
    """Place rows in a space in which distance means something: (n_rows, n_columns + n_indicators)."""
    indicators = [
        (codes[:, None] == np.arange(n_levels)).astype(float)
        for codes, n_levels in zip(material.seen.codes.T, material.view.levels, strict=True)
    ]
    return np.hstack([np.nan_to_num(material.seen.x), *indicators])
